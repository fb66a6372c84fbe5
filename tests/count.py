# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Counts the tests in the JSON log of `meson test`: passed, failed, skipped.

Each line of TAP counts as one test, and so does each test of unittest. With --reasons: prints the
reasons of the skips, and the number of tests that were skipped for each.
Usage: count.py [--reasons] LOG
"""

import collections
import json
import re
import sys

FAILURES = {'FAIL', 'ERROR', 'TIMEOUT', 'INTERRUPT', 'UNEXPECTEDPASS'}


def count(test):
    output = test.get('stdout', '')
    skipped = len(re.findall(r'^ok .*# SKIP', output, re.MULTILINE | re.IGNORECASE))
    passed = len(re.findall(r'^ok ', output, re.MULTILINE)) - skipped
    failed = len(re.findall(r'^not ok ', output, re.MULTILINE))

    ran = re.search(r'^Ran (\d+) tests?', test.get('stderr', ''), re.MULTILINE)
    if ran:
        outcome = dict(re.findall(r'(\w+)=(\d+)', test['stderr'].rsplit('\n', 2)[-2]))
        skipped = int(outcome.get('skipped', 0))
        failed = int(outcome.get('failures', 0)) + int(outcome.get('errors', 0))
        passed = int(ran[1]) - skipped - failed

    if passed + failed + skipped == 0 and test['result'] not in FAILURES:
        passed = 1
    # A crash, a leak or a report of a sanitizer is none of the lines.
    if test['result'] in FAILURES and failed == 0:
        failed = 1
    return passed, failed, skipped


def find_reasons(test):
    reasons = re.findall(r'^ok .*# SKIP ?(.*)', test.get('stdout', ''), re.MULTILINE | re.IGNORECASE)
    return reasons + re.findall(r'''\.\.\. skipped ['"](.*)['"]$''', test.get('stderr', ''), re.MULTILINE)


with open(sys.argv[-1], encoding='utf-8', errors='replace') as log:
    tests = [json.loads(line) for line in log]

if not tests:
    sys.exit('no test was run')
if sys.argv[1] == '--reasons':
    for reason, number in collections.Counter(sum(map(find_reasons, tests), [])).most_common():
        print(f'skipped: {number}: {reason}')
else:
    print(*(sum(column) for column in zip(*map(count, tests))))
