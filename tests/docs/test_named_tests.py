# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks that every test that a page names is there: `/close/twice` is one that test-close lists.

Usage: test_named_tests.py PAGE TEST-PROGRAM…. Prints TAP.
"""

import pathlib
import re
import subprocess
import sys

page = pathlib.Path(sys.argv[1])
named = sorted(set(re.findall(r'`(/[a-z0-9-]+(?:/[a-z0-9-]+)+)`', page.read_text(encoding='utf-8'))))
listed = set()
for program in sys.argv[2:]:
    output = subprocess.run([program, '-l'], check=True, capture_output=True, text=True).stdout
    # Newer versions of GLib make comments of TAP of them.
    listed.update(line.removeprefix('# ').strip() for line in output.split('\n'))

assert named, f'{page} names no test'
print(f'1..{len(named)}')
for n, name in enumerate(named, 1):
    print('ok' if name in listed else 'not ok', n, '-', name)
sys.exit(not listed.issuperset(named))
