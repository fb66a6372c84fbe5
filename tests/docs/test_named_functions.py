# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks that every function that a page names exists in the library: `tm_publish()`.

System calls and functions of GLib have their own documentation, and are skipped by name.

Usage: test_named_functions.py PAGE SOURCE-FOLDER. Prints TAP.
"""

import pathlib
import re
import sys

page, folder = map(pathlib.Path, sys.argv[1:])
OTHERS = {'chown', 'close', 'fchmod', 'flock', 'fsync', 'getentropy', 'keep', 'mkdir', 'mkdirat',
          'openat2',
          'persist', 'rename', 'renameat2', 'statx'}

named = sorted(set(re.findall(r'\b([a-z]\w+)\(\)', page.read_text(encoding='utf-8'))) - OTHERS)
defined = set()
for source in folder.rglob('*.c'):
    defined.update(re.findall(r'^(\w+) \(', source.read_text(encoding='utf-8'), re.MULTILINE))

assert named, f'{page} names no function'
print(f'1..{len(named)}')
for n, name in enumerate(named, 1):
    print('ok' if name in defined else 'not ok', n, '-', name)
sys.exit(not defined.issuperset(named))
