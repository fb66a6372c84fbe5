# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks that what is portable includes no header of one system, and that the tests that a build without
the calls of Linux skips are those of the table in docs/platforms.md. Prints TAP.
"""

import fnmatch
import re

import lint

PAGE = 'docs/platforms.md'
SKIPS = 'tests/support/platform.c'

# The headers that not every Unix has. Only the files that are chosen for a system include them.
SYSTEM_HEADERS = re.compile(
    r'(linux|asm|asm-generic)/.*|sys/(capability|epoll|eventfd|fsuid|inotify|mount|param|prctl|sendfile'
    r'|signalfd|statfs|syscall|sysinfo|sysmacros|timerfd|vfs|xattr)\.h|features\.h|bits/.*')
SYSTEM_FILES = ['tempman/local/tm-dirfd-linux*.c', 'tempman/local/tm-dirfd-file-system.c',
                'tempman/tool/tool-signals.c']

# Names of Linux and of one C library, which no other file uses.
SYSTEM_NAMES = re.compile(
    r'\b(O_PATH|O_NOATIME|O_TMPFILE|AT_EMPTY_PATH|AT_NO_AUTOMOUNT|STATX?_\w+|RENAME_(NOREPLACE|EXCHANGE)'
    r'|RESOLVE_\w+|SYS_\w+|syscall|statx|renameat2|getdents\w*|dirent64|setfsuid|prctl|struct statfs'
    r'|TEMP_FAILURE_RETRY|__SIGRTMIN|program_invocation_\w+|__linux__|__GLIBC__)\b')
# These ask what Meson has found.
NAME_FILES = [*SYSTEM_FILES, 'tempman/local/tm-dirfd-posix.c', 'tempman/tool/tool-paths.c']


def is_one_of(path, patterns):
    return any(fnmatch.fnmatch(path, pattern) for pattern in patterns)


def strip_comments(text):
    return re.sub(r'/\*.*?\*/', lambda comment: re.sub(r'[^\n]', ' ', comment[0]), text, flags=re.DOTALL)


def find_headers(path):
    for n, line in enumerate(lint.read(path).splitlines(), 1):
        include = re.match(r'\s*#\s*include\s+[<"](.*)[>"]', line)
        if include and SYSTEM_HEADERS.fullmatch(include[1]):
            yield f'{path}:{n}: not every Unix has {include[1]}'


def find_names(path):
    for n, line in enumerate(strip_comments(lint.read(path)).splitlines(), 1):
        for name in SYSTEM_NAMES.finditer(re.sub(r'"(\\.|[^"\\])*"', '""', line)):
            yield f'{path}:{n}: not every Unix has {name[0]}'


def find_unknown_tests(pattern):
    """The path of a test is in its source as a whole, or as a name that a function completes."""
    name = pattern.strip('*').rstrip('/')
    if f'"{name}' not in sources and f'"{name.split("/")[2]}"' not in sources and \
            f'"{name.split("/", 2)[2].rsplit("/", 1)[0]}' not in sources:
        yield f'{SKIPS}: no test is called {pattern}'


files = lint.list_files('*.c', '*.h', '*.h.in', under='tempman')
portable = [path for path in files if not is_one_of(path, SYSTEM_FILES)]
skips = re.findall(r'\{ "([^"]+)", "(/[^"]+)" \}', lint.read(SKIPS))
rows = re.findall(r'^\| `([^`]+)` \|', lint.read(PAGE), re.MULTILINE)
sources = ''.join(lint.read(path) for path in lint.list_files('test-*.c', under='tests'))
lint.report(
    ('headers of one system', portable, [line for path in portable for line in find_headers(path)]),
    ('names of one system', files, [line for path in files if not is_one_of(path, NAME_FILES)
                                    for line in find_names(path)]),
    ('the table of platforms', skips, [f'{SKIPS}: {PAGE} has no row {missing}' for missing in
                                       sorted({missing for missing, _ in skips} - set(rows))]),
    ('skipped tests', skips, [line for _, pattern in skips for line in find_unknown_tests(pattern)]),
)
