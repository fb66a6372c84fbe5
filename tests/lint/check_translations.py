# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks the messages and their translations. Prints TAP.

- POTFILES.in lists each file with messages, and LINGUAS each catalogue.
- No message is composed of others: a text is no argument of a message.
- Each catalogue has a translation of each message in the sources, none of them fuzzy, and msgfmt
  finds no fault.
- Each language has its own quotes, and no line of a help text is too long.
"""

import glob
import os
import re
import subprocess
import tempfile
import unicodedata

import lint

FOLDER = 'tempman/po'
# Like tempman/po/meson.build, which has more of GLib's functions.
XGETTEXT = ['--from-code=UTF-8', '--add-comments=Translators:', '--keyword=_', '--keyword=N_',
          '--keyword=C_:1c,2', '--keyword=tool_ngettext:1,2', '--flag=tool_ngettext:1:pass-c-format',
          '--flag=tool_ngettext:2:pass-c-format', '--flag=N_:1:pass-c-format',
          '--flag=C_:2:pass-c-format']
MARK = re.compile(r'\b(?:_|N_|C_|ngettext|tool_ngettext) \("')
MARK_IN_UI = 'translatable="yes"'

# The functions that take a format, and which argument that is.
FORMATS = {'g_strdup_printf': 0, 'g_string_append_printf': 1, 'g_set_error': 3, 'g_error_new': 2,
           'tool_complain': 0, 'tool_print': 0, 'tool_operation_new': 1}
# Formats that are no text for a person, or in every language the same.
PLAIN = ['"tempman %s\\n"', '"total\\t%" G_GSSIZE_FORMAT "\\n"']

QUOTES = {'de': '»«', 'es': '«»', 'fr': '«\u00a0\u00a0»', 'ja': '“”', 'pt_BR': '“”', 'zh_CN': '“”'}
# A terminal has 80, and would wrap a line that fills the last one.
MAX_COLUMNS = 79


def read_list(name):
    return [line for line in lint.read(f'{FOLDER}/{name}').splitlines()
            if line and not line.startswith('#')]


def get_width(text):
    return sum(2 if unicodedata.east_asian_width(character) in 'WF' else 1 for character in text)


def find_marked():
    sources = lint.list_files('*.c', under='tempman') + lint.list_files('*.c', '*.ui', under='docs/examples/gtk')
    return [path for path in sources
            if MARK_IN_UI in lint.read(path) or path.endswith('.c') and MARK.search(lint.read(path))]


def check_lists():
    marked, listed = find_marked(), read_list('POTFILES.in')
    languages = read_list('LINGUAS')
    catalogues = sorted(path[len(FOLDER) + 1:-len('.po')] for path in lint.list_files('*.po', under=FOLDER))
    yield from (f'{FOLDER}/POTFILES.in: {path} has messages and is not listed'
                for path in sorted(set(marked) - set(listed)))
    yield from (f'{FOLDER}/POTFILES.in: {path} has no messages' for path in sorted(set(listed) - set(marked)))
    if listed != sorted(set(listed)):
        yield f'{FOLDER}/POTFILES.in: not in alphabetical order'
    if languages != catalogues:
        yield f'{FOLDER}/LINGUAS: {languages} are listed, and {catalogues} have catalogues'


def check_composition(path):
    """A message that is an argument of another one, or a text that is not marked."""
    for line, function, arguments in lint.find_calls(path, FORMATS):
        message = arguments[FORMATS[function]]
        values = arguments[FORMATS[function] + 1:]
        if MARK.search(message):
            yield from (f'{path}:{line}: {value} is put into {message}'
                        for value in values if re.search(r'"[^"]*[^\W\d_]', value))
        elif path.startswith('tempman/tool/') and function.startswith('tool_') and message not in PLAIN \
                and re.search(r'[^\W\d_]{2}', re.sub(r'%[^a-zA-Z]*[a-zA-Z]|\\.|\b[A-Z_]+\b', '', message)):
            yield f'{path}:{line}: {message} is not marked'


def parse(path):
    """Returns the line, the message and the translations of each entry but the header."""
    entries, texts, line = [], {}, 0
    for n, text in enumerate(lint.read(path).split('\n') + [''], 1):
        keyword = re.match(r'(msgctxt|msgid|msgid_plural|msgstr(?:\[\d\])?) ', text)
        if keyword:
            line = n if keyword[1] == 'msgid' else line
            current = keyword[1]
            texts[current] = ''
        string = re.search(r'^(?:msg\S* )?"(.*)"$', text)
        if string:
            texts[current] += re.sub(r'\\(.)', lambda escape: {'n': '\n'}.get(escape[1], escape[1]), string[1])
        if text == '' and texts:
            if texts.get('msgid'):
                entries.append((line, texts['msgid'], [value for key, value in texts.items()
                                                       if key.startswith('msgstr')]))
            texts = {}
    return entries


def check_catalogue(language, template):
    path = f'{FOLDER}/{language}.po'
    result = subprocess.run(['msgfmt', '--check', '--statistics', '--output-file=' + os.devnull, path],
                            cwd=lint.TOP, env={**os.environ, 'LC_ALL': 'C'}, text=True, capture_output=True)
    if not re.fullmatch(r'\d+ translated messages\.\n', result.stderr) or result.returncode != 0:
        yield from (f'{path}: {line}' for line in result.stderr.splitlines())
    result = subprocess.run(['msgcmp', path, template], cwd=lint.TOP, env={**os.environ, 'LC_ALL': 'C'},
                            text=True, capture_output=True)
    yield from result.stderr.splitlines()
    if re.search('^#~', lint.read(path), re.MULTILINE):
        yield f'{path}: has obsolete translations'

    for line, message, translations in parse(path):
        for translation in translations:
            checked.append(translation)
            if '“' in message and QUOTES[language] not in re.sub(
                    r'[^«»“”\u00a0]|(?<![«])\u00a0(?!»)', '', translation):
                yield f'{path}:{line}: other quotes than {QUOTES[language]}'
            if '"' in translation:
                yield f'{path}:{line}: typewriter quotes'
            if translation.strip() != translation:
                yield f'{path}:{line}: begins or ends with a space'
            if '\n' in message and max(map(get_width, translation.split('\n'))) > MAX_COLUMNS:
                yield f'{path}:{line}: a line has more than {MAX_COLUMNS} columns'


def check_messages(template):
    for line, message, _ in parse(template):
        if message.strip() != message:
            yield f'{message!r} begins or ends with a space: it is a piece of a sentence'
        if '\n' in message and max(map(get_width, message.split('\n'))) > MAX_COLUMNS:
            yield f'{message!r} has a line with more than {MAX_COLUMNS} columns'


for tool in 'xgettext', 'msgfmt', 'msgcmp':
    lint.find_tool(tool)
# How xgettext reads the files of the window.
if not glob.glob('/usr/share/gettext*/its/gtk4builder.its'):
    lint.skip('gtk4builder.its is missing: docs/install-dependencies.sh --tests installs it')

with tempfile.TemporaryDirectory() as folder:
    pot = os.path.join(folder, 'messages.pot')
    extraction = subprocess.run(
        ['xgettext', *XGETTEXT, f'--files-from={FOLDER}/POTFILES.in', f'--directory={lint.TOP}', f'--output={pot}'],
        cwd=lint.TOP, text=True, capture_output=True)
    checked = []
    sources = lint.list_files('*.c', under='tempman') + lint.list_files('*.c', under='docs/examples/gtk')
    faults = [fault for language in read_list('LINGUAS') for fault in check_catalogue(language, pot)]
    lint.report(
        ('lists', read_list('POTFILES.in'), list(check_lists())),
        ('messages', sources, [*extraction.stderr.splitlines(), *check_messages(pot)]
         + [fault for path in sources for fault in check_composition(path)]),
        ('translations', checked, faults))
