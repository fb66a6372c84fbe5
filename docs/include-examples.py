# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Puts the examples into a page, so that no page has a copy of one.

A line of its own `{{ examples/NAME }}` becomes a code block with the content of that file beside the
page, without the lines of its licence. Usage: include-examples.py PAGE OUTPUT DEPFILE
"""

import pathlib
import re
import sys

# What a code block calls a language, where that is not what its files end in.
LANGUAGES = {'js': 'javascript', 'pl': 'perl', 'py': 'python', 'rb': 'ruby'}


def code_block(path):
    lines = path.read_text(encoding='utf-8').splitlines(keepends=True)
    code = ''.join(line for line in lines if 'SPDX-' not in line)
    # What the licence stood in: a comment of its own, the beginning of one, or lines.
    code = re.sub(r'\A/\*\n \*/\n', '', code)
    code = re.sub(r'\A/\*\n( \*\n)+', '/*\n', code).strip('\n')
    language = path.suffix[1:]
    return f'```{LANGUAGES.get(language, language)}\n{code}\n```\n'


def main(page, output, depfile):
    page = pathlib.Path(page)
    included = []
    result = []
    for number, line in enumerate(page.read_text(encoding='utf-8').splitlines(keepends=True), 1):
        if line.startswith('{{'):
            name = re.fullmatch(r'\{\{ (\S+) \}\}\n', line)
            if name is None:
                sys.exit(f'{page}:{number}: not of the form {{{{ examples/NAME }}}}')
            included.append(page.parent / name[1])
            try:
                line = code_block(included[-1])
            except OSError as error:
                sys.exit(f'{page}:{number}: {error.filename}: {error.strerror}')
        result.append(line)

    pathlib.Path(output).write_text(''.join(result), encoding='utf-8')
    pathlib.Path(depfile).write_text(f'{output}: {" ".join(map(str, included))}\n',
                                     encoding='utf-8')


main(*sys.argv[1:])
