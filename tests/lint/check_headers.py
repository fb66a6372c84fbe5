# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks that every file names its copyright holder and its licence in its first lines, apart from
those for which `.reuse/dep5` does, and that each pattern there matches a file. Prints TAP.
"""

import fnmatch
import re

import lint

DEP5 = '.reuse/dep5'
# The tags in full would be those of this file.
HEADER = [f'SPDX-{tag}: {value}' for tag, value in [
    ('FileCopyrightText', '2026 The tempman authors'),
    ('License-Identifier', 'LGPL-2.1-or-later'),
]]
N_LINES = 6

patterns = ' '.join(re.findall(r'^Files: (.*)$', lint.read(DEP5), re.MULTILINE)).split()
texts_of_licences = [DEP5, 'COPYING', 'LICENSES/*']


def matches(path, patterns):
    return any(fnmatch.fnmatch(path, pattern) for pattern in patterns)


def find_missing(path):
    with open(lint.TOP / path, 'rb') as file:
        start = b''.join(file.readline() for _ in range(N_LINES))
    for line in HEADER:
        if line.encode() not in start:
            yield f'{path}:1: the first {N_LINES} lines do not say “{line}”'


files = lint.list_files('*')
stale = [f'{DEP5}: {pattern} matches no file' for pattern in patterns
         if not any(matches(path, [pattern]) for path in files)]
own_header = [path for path in files if not matches(path, patterns + texts_of_licences)]
lint.report(('files without a header', patterns, stale),
            ('headers', own_header, [line for path in own_header for line in find_missing(path)]))
