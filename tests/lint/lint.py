# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Shared by the checks in this folder: lists the files of the project, and prints TAP."""

import fnmatch
import os
import pathlib
import re
import shutil
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]

# The hidden folders of the project. Editors and tools make others.
HIDDEN = ['.ci', '.reuse']


def is_generated(folder):
    name = folder.name
    return (name in ['__pycache__', 'node_modules'] or name.startswith('_build') or
            name.startswith('.') and name not in HIDDEN or (folder / 'meson-private').exists())


def list_files(*patterns, under=''):
    """Returns the files whose names match one of the patterns, as paths relative to TOP. Asks no
    version control, so that a new file is checked before it is committed, and so is a tarball."""
    found = []
    for folder, subfolders, names in os.walk(TOP / under):
        here = pathlib.Path(folder)
        subfolders[:] = sorted(name for name in subfolders if not is_generated(here / name))
        found += [str((here / name).relative_to(TOP)) for name in sorted(names)
                  # update-po writes the template of the catalogues beside them.
                  if name != '.git' and not name.endswith('.pot') and any(fnmatch.fnmatch(name, pattern) for pattern in patterns)]
    return found


def read(path):
    return (TOP / path).read_text(encoding='utf-8')


def find_calls(path, functions):
    """Returns the line, the name and the arguments of each call."""
    text = re.sub(r'/\*.*?\*/', lambda comment: re.sub(r'[^\n]', ' ', comment[0]), read(path),
                  flags=re.DOTALL)
    for call in re.finditer(r'(?<!\n)\b(%s) \(' % '|'.join(functions), text):
        arguments, depth, start, position = [], 0, call.end(), call.end()
        while depth >= 0:
            quoted = re.compile(r'"(\\.|[^"\\])*"|\'(\\.|[^\'\\])*\'').match(text, position)
            if quoted:
                position = quoted.end()
                continue
            if depth == 0 and text[position] in ',)':
                arguments.append(' '.join(text[start:position].split()))
                start = position + 1
            depth += {'(': 1, ')': -1}.get(text[position], 0)
            position += 1
        yield text.count('\n', 0, call.start()) + 1, call[1], arguments


def find_tool(*names):
    for name in names:
        if shutil.which(name):
            return name
    skip(f'{names[0]} is missing: docs/install-dependencies.sh --tests installs it')


def run(*command):
    """Returns the lines that a tool prints. It is expected to print some if it fails."""
    result = subprocess.run(command, cwd=TOP, text=True, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT)
    lines = result.stdout.splitlines()
    assert result.returncode == 0 or lines, f'{command[0]} ended with {result.returncode}'
    return lines


def report(*results):
    """Prints TAP, a test for each result: its title, the names of the checked files, and the findings,
    each with its file and line. Exits."""
    print(f'1..{len(results)}')
    for n, (title, checked, findings) in enumerate(results, 1):
        assert checked, f'{title}: nothing was checked'
        print('not ok' if findings else 'ok', n, '-', f'{title} ({len(checked)} checked)')
        for line in findings:
            print('#', line)
    sys.exit(any(findings for _, _, findings in results))


def skip(reason):
    print(f'1..1\nok 1 # SKIP {reason}')
    sys.exit()
