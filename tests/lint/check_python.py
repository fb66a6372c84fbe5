# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks every Python file, and the type stubs, with pyflakes. Prints TAP."""

import lint

tool = lint.find_tool('pyflakes3', 'pyflakes')
# All of its names come from the other stub.
not_checked = 'tempman/bindings/tempman/gi-stub.pyi'
files = [path for path in lint.list_files('*.py', '*.pyi') if path != not_checked]
lint.report(('Python', files, lint.run(tool, *files)))
