# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks that no file contains the conflict markers of a merge. Prints TAP.

In a comment they survive every compiler.
"""

import re

import lint

MARKER = re.compile(r'(<{7}|>{7}|\|{7}) |={7}$')

files = lint.list_files('*.c', '*.cpp', '*.h', '*.in', '*.js', '*.md', '*.pml', '*.py', '*.pyi', '*.sh',
                        '*.ts', '*.vala', 'meson.build', 'meson_options.txt')
found = [f'{path}:{n}: {line}' for path in files
         for n, line in enumerate(lint.read(path).splitlines(), 1) if MARKER.match(line)]
lint.report(('conflict markers', files, found))
