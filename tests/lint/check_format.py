# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks that every C file is formatted as `.clang-format` says. Prints TAP.

Each version of clang-format formats a little differently: only one can be right.
"""

import lint

VERSION = '14'

tool = lint.find_tool(f'clang-format-{VERSION}', 'clang-format')
version = ' '.join(lint.run(tool, '--version'))
if f'version {VERSION}.' not in version:
    lint.skip(f'needs clang-format {VERSION}, and this is {version}')

files = lint.list_files('*.c', '*.cpp', '*.h')
lint.report(('formatting', files, lint.run(tool, '--dry-run', '-Werror', *files)))
