# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The code blocks of the pages, of the README and of the comments that become the API reference.

A comment before a block, which readers do not see, tells the test how to treat the block:

    <!-- not run: REASON -->      compile or parse the block, but do not run it
    <!-- alone -->                run the block without the names that the test defines for all blocks
    <!-- prints: TEXT -->         the output of the block must contain this text
    <!-- given                    run this code before the block
    CODE
    -->

The programs that a page includes from docs/examples/ have tests of their own, and are not found here.
"""

import dataclasses
import pathlib
import re

FENCE = re.compile(r'^(?P<indent> *)```(?P<language>[^\s`]*)\s*$')
ALONE = re.compile(r'<!--\s*alone\s*-->\s*\Z')
PRINTS = re.compile(r'<!--\s*prints:\s*(?P<text>(?:(?!-->).)*?)\s*-->\s*\Z', re.DOTALL)
NOT_RUN = re.compile(r'<!--\s*not run:\s*(?P<reason>(?:(?!-->).)*?)\s*-->\s*\Z', re.DOTALL)
GIVEN = re.compile(r'<!--\s*given\s*\n(?P<code>(?:(?!-->).)*?)\n\s*-->\s*\Z', re.DOTALL)
DOC_COMMENT = re.compile(r'^ */\*\*\n(.*?)\*/', re.DOTALL | re.MULTILINE)


@dataclasses.dataclass
class Block:
    path: pathlib.Path
    line: int
    language: str
    code: str
    given: str = ''
    not_run: str = ''
    prints: str = ''
    alone: bool = False


def _blocks_in(path, text, first_line=1):
    lines = text.split('\n')
    i = 0
    while i < len(lines):
        begin = FENCE.match(lines[i])
        i += 1
        if not begin:
            continue
        before = '\n'.join(lines[:i - 1])
        start = i
        while i < len(lines) and lines[i].strip() != '```':
            i += 1
        if i == len(lines):
            raise ValueError(f'{path}:{first_line + start - 1}: a block that does not end')
        code = [line.removeprefix(begin['indent']) for line in lines[start:i]]
        i += 1
        block = Block(path, first_line + start - 1, begin['language'], '\n'.join(code) + '\n')
        while True:
            if match := NOT_RUN.search(before):
                block.not_run = match['reason']
            elif match := ALONE.search(before):
                block.alone = True
            elif match := PRINTS.search(before):
                block.prints = match['text']
            elif match := GIVEN.search(before):
                block.given = match['code'] + '\n' + block.given
            else:
                break
            before = before[:match.start()]
        yield block


def blocks_of_page(path):
    yield from _blocks_in(path, path.read_text(encoding='utf-8'))


def blocks_of_source(path):
    source = path.read_text(encoding='utf-8')
    for comment in DOC_COMMENT.finditer(source):
        text = re.sub(r'^ *\* ?', '', comment[1], flags=re.MULTILINE)
        yield from _blocks_in(path, text, source.count('\n', 0, comment.start(1)) + 1)


def all_blocks(source_root):
    for page in [source_root / 'README.md', *sorted((source_root / 'docs').glob('*.md'))]:
        yield from blocks_of_page(page)
    for source in sorted((source_root / 'tempman').glob('*.[ch]')):
        yield from blocks_of_source(source)
