# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks the library and the command with the static analyzer of clang, which follows each way
through a function to find null pointers, values that were never set, memory used after it is freed, and
the like. Prints TAP.

The analyzer of gcc 12 does not know that g_malloc() allocates memory and that g_free() frees it.

Usage: check_analysis.py BUILD
"""

import concurrent.futures
import os
import re
import sys

import compiled
import lint

# Another version has other findings.
VERSION = '14'

# Neither is about a fault, and the check of one function cannot be turned off in the code.
VFORK = 'posix_spawn() uses vfork() as well, and cannot start a program that ignores a signal'
EXCEPTIONS = {
    ('tempman/tool/tool-child.c', 'security.insecureAPI.vfork'): VFORK,
    ('tempman/tool/tool-child.c', 'unix.Vfork'): VFORK,
}


def analyze(source):
    options = [f'-I{source.directory / option[2:]}' if option.startswith('-I') else option
               for option in source.options]
    return lint.run(tool, '--analyze', '-Xclang', '-analyzer-output=text', '-Qunused-arguments',
                    *options, source.path)


class Finding:
    """A warning, and the lines that follow it: the way that leads there."""

    def __init__(self, line):
        self.lines = [line]
        self.path, self.line, self.text, self.checker = re.fullmatch(
            r'(\S+?):(\d+):\d+: (?:fatal )?(?:error|warning): (.*?)(?: \[([\w.]+)\])?', line).groups()

    def is_freed_by_scope(self):
        """Whether it is a leak from a variable that the compiler frees at the end of the scope. The
        analyzer does not know the attribute `cleanup`, which g_autofree and g_autoptr stand for."""
        leak = re.match(r"Potential leak of memory pointed to by '(\w+)'", self.text)
        if not leak:
            return False
        # The last declaration above, in the same function.
        for line in reversed(lint.read(self.path).splitlines()[:int(self.line)]):
            if re.search(rf'\bg_auto(free|ptr)\b.*\b{leak[1]}\b', line):
                return True
            if line == '{':
                return False
        return False


def find(source):
    found = []
    for line in analyze(source):
        if re.search(r':\d+:\d+: (fatal )?(error|warning): ', line):
            found.append(Finding(line))
        elif found and not line.endswith('generated.'):
            found[-1].lines.append(line)
    return [finding for finding in found if not finding.is_freed_by_scope()]


tool = lint.find_tool(f'clang-{VERSION}', 'clang')
version = lint.run(tool, '--version')[0]
if f'version {VERSION}.' not in version:
    lint.skip(f'needs clang {VERSION}, and this is {version}')

sources = compiled.list_compiled(sys.argv[1])
with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as threads:
    found = [finding for findings in threads.map(find, sources) for finding in findings]
excepted = {(finding.path, finding.checker) for finding in found}.intersection(EXCEPTIONS)
lint.report(
    ('analysis', sources, [line for finding in found for line in finding.lines
                           if (finding.path, finding.checker) not in excepted]),
    ('exceptions', EXCEPTIONS, [f'{path}: {checker} finds nothing: remove the exception'
                                for path, checker in sorted(set(EXCEPTIONS) - excepted)]),
)
