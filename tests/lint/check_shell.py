# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks every shell script with shellcheck. Prints TAP."""

import re

import lint


def is_script(path):
    if path.endswith(('.sh', '.bash')):
        return True
    with open(lint.TOP / path, 'rb') as file:
        return re.match(rb'#!.*\b(ba|da)?sh\b', file.readline(100))


tool = lint.find_tool('shellcheck')
files = [path for path in lint.list_files('*') if is_script(path)]
lint.report(('shell scripts', files, lint.run(tool, '--format=gcc', *files)))
