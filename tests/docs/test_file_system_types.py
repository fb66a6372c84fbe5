# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks that the page about shared file systems lists the local types that the library knows, and no
others.

Usage: test_file_system_types.py PAGE TM-FILE-SYSTEM.C TM-DIRFD-FILE-SYSTEM.C. Prints TAP.
"""

import pathlib
import re
import sys

page, trusted_source, known_source = (pathlib.Path(path).read_text(encoding='utf-8') for path in sys.argv[1:])


def cut_table(source, name):
    table = source[source.index(f'{name}[] = {{'):]
    return table[:table.index('};')]


trusted = re.findall(r'TM_FILE_SYSTEM_\w+', cut_table(trusted_source, 'trusted_types'))
known = {name for of_type, names in re.findall(r'(TM_FILE_SYSTEM_\w+), \w+, "([^"]+)"',
                                               cut_table(known_source, 'known_types'))
         if of_type in trusted for name in names.split()}

section = page[page.index('## Local file systems\n'):page.index('## Other file systems\n')]
listed = {name for row in re.findall(r'^\| ([^|]+) \|', section, re.MULTILINE)
          for name in row.split(', ')} - {'type'}

assert known and listed, 'there is no table'
names = sorted(known | listed)
print(f'1..{len(names)}')
for n, name in enumerate(names, 1):
    print('ok' if name in known & listed else 'not ok', n, '-', name)
sys.exit(known != listed)
