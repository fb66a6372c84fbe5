# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks every Python file, and the type stubs, with pyflakes. Prints TAP."""

import lint

tool = lint.find_tool('pyflakes3', 'pyflakes')
files = lint.list_files('*.py', '*.pyi')
lint.report(('Python', files, lint.run(tool, *files)))
