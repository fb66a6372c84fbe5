# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compares the version and the date of the release in all files that state them. Prints TAP."""

import datetime
import pathlib
import re
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent.parent

# A pattern with the version, and perhaps the date, for each file.
VERSIONS = [
    ('docs/news.md', r'^## (?P<version>\S+) \((?P<date>[-\d]+)\)$'),
    ('tempman.doap', r'<revision>(?P<version>[^<]*)</revision>\s*<created>(?P<date>[^<]*)</created>'),
    ('docs/packaging/debian/changelog',
     r'\Atempman \((?P<version>[^-]*)-\S+\) (?:.*\n)*? -- .*  (?P<date>\w{3}, \d+ \w{3} \d{4}) '),
    ('docs/packaging/rpm/tempman.spec', r'^Version:\s*(?P<version>\S+)$'),
    ('docs/packaging/rpm/tempman.spec', r'^%changelog\n\* (?P<date>\w{3} \w{3} \d+ \d{4}) .* - (?P<version>[^-]*)-\d+$'),
    ('docs/packaging/arch/PKGBUILD', r'^pkgver=(?P<version>\S+)$'),
    ('docs/packaging/alpine/APKBUILD', r'^pkgver=(?P<version>\S+)$'),
    ('docs/packaging/flatpak/tempman.yml', r'path: tempman-(?P<version>\S+)\.tar\.xz$'),
    ('docs/packaging/wrap/tempman.wrap', r'^directory = tempman-(?P<version>\S+)$'),
    ('docs/packaging/wrap/tempman.wrap', r'^source_filename = tempman-(?P<version>\S+)\.tar\.xz$'),
    ('docs/c.md', r'^directory = tempman-(?P<version>\S+)$'),
    ('docs/c.md', r'^source_filename = tempman-(?P<version>\S+)\.tar\.xz$'),
]

DATE_FORMATS = ['%Y-%m-%d', '%a, %d %b %Y', '%a %b %d %Y']


def read(path):
    return (TOP / path).read_text(encoding='utf-8')


def parse_date(text):
    for date_format in DATE_FORMATS:
        try:
            date = datetime.datetime.strptime(text, date_format)
        except ValueError:
            continue
        # The day of the week is right as well.
        return date.date() if date.strftime(date_format) == text else None
    return None


version = re.search(r"^  version: '(.*)',$", read('meson.build'), re.MULTILINE)[1]
release_date = None
n_failed = 0
for number, (path, pattern) in enumerate(VERSIONS, 1):
    match = re.search(pattern, read(path), re.MULTILINE)
    problem = None
    if match is None:
        problem = f'nothing matches {pattern}'
    elif match['version'] != version:
        problem = f"{match['version']}, but meson.build has {version}"
    elif 'date' in match.groupdict():
        date = parse_date(match['date'])
        release_date = release_date or date
        if date is None or date != release_date:
            problem = f"{match['date']}, but {VERSIONS[0][0]} has {release_date}"
    print(f"{'not ok' if problem else 'ok'} {number} - {path}: {match and match[0].splitlines()[-1].strip()}")
    if problem:
        print(f'# {path}: {problem}')
        n_failed += 1
print(f'1..{len(VERSIONS)}')
sys.exit(n_failed > 0)
