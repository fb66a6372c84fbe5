# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The messages of the command in other languages, and the output that is the same in all of them."""

import atexit
import functools
import glob
import json
import os
import re
import shutil
import subprocess
import tempfile
import unicodedata
import unittest

import support

LANGUAGES = ['de', 'es', 'fr', 'ja', 'pt_BR', 'zh_CN']
# Whose locales are built: each takes seconds. The other languages are tested in the first one.
GERMAN = ('de_DE', 'UTF-8')
JAPANESE = ('ja_JP', 'UTF-8')
LATIN = ('de_DE', 'ISO-8859-1')
COMMANDS = ['run', 'create', 'cleanup', 'list', 'delete']
COLORS = re.compile(r'\x1b\[[0-9;]*m')


@functools.cache
def get_locales_folder():
    folder = tempfile.mkdtemp(prefix='tempman-locales-')
    atexit.register(shutil.rmtree, folder)
    return folder


@functools.cache
def build_locale(name, charset):
    """Build a locale of the C library outside of the system. Return its name."""
    locale = f'{name}.{charset}'
    tool = shutil.which('localedef', path=os.environ.get('PATH', '') + ':/usr/sbin:/sbin')
    if tool is None:
        raise unittest.SkipTest('localedef is missing')
    # Warnings make it fail, although it has written the locale. Without its sources, it creates an empty directory.
    result = subprocess.run([tool, '-c', '-i', name, '-f', charset, os.path.join(get_locales_folder(), locale)],
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if not glob.glob(os.path.join(get_locales_folder(), locale, '*')):
        raise unittest.SkipTest(f'localedef cannot build {locale}: {result.stdout.strip()}')
    return locale


def get_width(text):
    """The columns of the text on the terminal where it is widest."""
    return sum(0 if unicodedata.combining(character)
               else 2 if unicodedata.east_asian_width(character) in 'WFA' else 1 for character in text)


def get_column(line, part):
    """The column in which the last occurrence of the part begins."""
    return sum(2 if unicodedata.east_asian_width(character) in 'WF' else 1
               for character in line[:line.rindex(part)])


class Translated(support.TestCase):
    def setUp(self):
        super().setUp()
        if os.environ.get('TEMPMAN_TEST_NO_TRANSLATIONS'):
            self.skipTest('built without translations')
        preloaded = os.environ.get('TEMPMAN_TEST_CATALOGUES_LIBRARY')
        if preloaded is not None:
            self.environment.update(support.get_preload_environment(preloaded))
            self.environment['TEMPMAN_TEST_CATALOGUES'] = os.environ['TEMPMAN_TEST_CATALOGUES']

    def use(self, locale, language=None):
        self.environment.update(LOCPATH=get_locales_folder(), LC_ALL=build_locale(*locale))
        self.environment.pop('LANGUAGE', None)
        if language is not None:
            self.environment['LANGUAGE'] = language

    def show(self, *arguments, columns=80, **environment):
        """Run the command in a terminal. Return what it shows, without colors."""
        terminal = support.Terminal(self, [support.TOOL, *arguments], columns,
                                    {**self.environment, **environment})
        self.assertEqual(terminal.finish(), 0, terminal.output)
        return COLORS.sub('', terminal.output.decode()).split('\r\n')

    def make_root(self, n=3, name='root'):
        root = self.mkdir(name)
        for i in range(n):
            self.mkdir(name, f'entry-{i}', age=support.DAY)
        return root


class Messages(Translated):
    def test_errors(self):
        for locale, message, hint in (
                (GERMAN, '»fehlt/..« konnte nicht gelöscht werden: die Namen ».« und »..« sind nicht erlaubt',
                 '»x« ist kein Befehl\ntempman: Siehe »tempman --help«'),
                (JAPANESE, '“fehlt/..”を削除できませんでした: 名前“.”と“..”は使えません',
                 '“x”というコマンドはありません\ntempman: “tempman --help”を参照してください')):
            self.use(locale)
            self.assertEqual(self.fail_with(1, 'delete', 'fehlt/..'), f'tempman: {message}\n')
            self.assertEqual(self.fail_with(2, 'x'), f'tempman: {hint}\n')

    def test_library(self):
        """An error of the library, with a reason of the C library."""
        self.use(GERMAN)
        errors = self.fail_with(1, 'list', '-t', '1h', self.path('missing'))
        self.assertTrue(errors.startswith(f'tempman: Der Wurzelordner »{self.path("missing")}« konnte nicht '
                                          'geöffnet werden: '), errors)
        self.assertTrue(errors.endswith(f': {self.get_reason()}\n'), errors)

    def get_reason(self):
        """ENOENT in the language of the C library, which may have no catalogue."""
        script = 'import locale, os; locale.setlocale(locale.LC_ALL, ""); print(os.strerror(2), end="")'
        return subprocess.run([shutil.which('python3'), '-c', script], check=True, stdout=subprocess.PIPE,
                              env={**self.environment, 'LD_PRELOAD': ''}).stdout.decode()

    def test_plurals(self):
        for locale, one, several in (
                (GERMAN, '1 Ordner würde gelöscht', '3 Ordner würden gelöscht'),
                # It has no plural.
                (JAPANESE, '1 個のディレクトリが削除されます', '3 個のディレクトリが削除されます')):
            self.use(locale)
            for n, expected in (1, one), (3, several):
                root = self.make_root(n, f'{locale[0]}-{n}')
                self.assertEqual(self.show('cleanup', root, '-n', '-t', '1h')[-2], expected)

    def test_plural_of_none(self):
        """It is the singular in French, and the plural in German and in English."""
        root = self.mkdir('root')
        for language, expected in (('fr', '0 répertoire supprimé'), ('de', '0 Ordner wurden gelöscht'),
                                   ('en', '0 directories deleted')):
            self.use(GERMAN, language)
            self.assertEqual(self.show('cleanup', root, '-t', '1h'), [expected, ''])

    def test_numbers(self):
        """Sizes and counts are in the form of the locale."""
        self.use(GERMAN)
        root = self.make_root(1)
        with open(os.path.join(root, 'entry-0', 'file'), 'wb') as file:
            file.write(bytes(3000000))
        lines = self.show('list', root, '--size')
        self.assertRegex(lines[1], r'^behalten +ohne Besitzer +keiner +\S.* 3,\d MB +entry-0$')
        self.assertRegex(lines[2], r'^1 Ordner mit 3,\d MB, davon würde ein Aufräumen 0 mit 0')

    def test_help(self):
        """Each help is translated, and in one language with the words of GLib."""
        english = {command: self.succeed(*command, '--help').decode().split('\n')
                   for command in [(), *((name,) for name in COMMANDS)]}
        for language in LANGUAGES:
            self.use(GERMAN, language)
            for command, lines in english.items():
                shown = self.succeed(*command, '--help').decode().split('\n')
                for line in lines:
                    # A line with words. Each has some that are not the same.
                    if re.search(r'[a-z]{3,} [a-z]{2,}', line) and not line.startswith('  tempman '):
                        self.assertNotIn(line, shown, language)

    def test_no_translation(self):
        """GLib speaks more languages than the command: the help is not a mixture."""
        self.use(GERMAN, 'fi')
        self.assertEqual(self.succeed('list', '--help'), self.succeed('list', '--help', env={
            **self.environment, 'LC_ALL': 'C.UTF-8', 'LANGUAGE': ''}))

    def test_c_locale(self):
        """LANGUAGE has no effect in the C locale."""
        self.environment.update(LC_ALL='C', LANGUAGE='de')
        self.assertEqual(self.fail_with(2, 'x'), 'tempman: "x" is not a command\ntempman: See "tempman --help"\n')

    def test_charset(self):
        """A message is in the encoding of the locale."""
        self.use(LATIN)
        result = self.finish(self.start('delete', 'fehlt/..', stderr=subprocess.STDOUT))
        self.assertIn('»fehlt/..« konnte nicht gelöscht werden'.encode('iso-8859-1'), result.output)
        # A dangerous character of a name, and one that the encoding does not have.
        result = self.finish(self.start('delete', '\x1b日/..', stderr=subprocess.STDOUT))
        self.assertIn('»\\033?/..« konnte'.encode('iso-8859-1'), result.output)


class Terminal(Translated):
    def test_columns(self):
        """The names are below each other, whatever the width of the characters before them."""
        root = self.make_root()
        os.chmod(self.mkdir('root', support.ABANDONED), 0o1700)
        for language in LANGUAGES:
            for arguments in ('list',), ('list', '--size'), ('cleanup', '--dry-run', '-r'):
                self.use(JAPANESE, language)
                lines = self.show(arguments[0], root, '-t', '1h', *arguments[1:])[:-2]
                names = [line.split(' ')[-1] for line in lines]
                self.assertEqual(len({get_column(line, name) for line, name in zip(lines, names)}), 1, lines)

    def test_narrow_list(self):
        """A line is not cut: a terminal of 40 columns shows the same."""
        root = self.make_root(1, '長い名前' * 10)
        self.use(GERMAN)
        self.assertEqual(self.show('list', root, columns=40), self.show('list', root, columns=200))

    def test_narrow_progress(self):
        """It fits into one line, and no character of two columns is cut in half."""
        for locale, language in (JAPANESE, 'ja'), (GERMAN, 'de'), (GERMAN, 'fr'):
            for columns in 7, 40, 41, 42, 43:
                self.use(locale, language)
                gate = self.hold_deletions_too()
                tree = self.make_tree('とても長いディレクトリ' * 4 + language + str(columns), n_directories=5)
                terminal = support.Terminal(self, [support.TOOL, 'delete', tree], columns)
                terminal.wait_for(b'\x1b[K')
                terminal.read()
                gate.open()
                self.assertEqual(terminal.finish(), 0)
                for line in terminal.output.decode().split('\r\x1b[K'):
                    self.assertLess(get_width(line.strip('\r\n')), columns, line)
                if columns >= 40:
                    self.assertRegex(terminal.output.decode(), r'\.\.\.')
                os.unlink(gate.opened)
                os.unlink(gate.reached)

    def hold_deletions_too(self):
        """Preload the gate beside the library that is preloaded already."""
        before = self.environment.get('LD_PRELOAD')
        gate = self.hold_deletions()
        if before is not None:
            self.environment['LD_PRELOAD'] = ':'.join(
                dict.fromkeys([*before.split(':'), self.environment['LD_PRELOAD']]))
        return gate


class Machines(Translated):
    """What programs read is the same in every locale."""

    LOCALES = [(GERMAN, None), (JAPANESE, None), (GERMAN, 'fr')]

    def make(self):
        root = self.make_root(1200)
        os.chmod(self.mkdir('root', support.ABANDONED), 0o1700)
        return root

    def get_outputs(self, root):
        outputs = {}
        for arguments in (('list', root, '-t', '1h'), ('list', root, '--json', '--size'), ('list', root, '--size'),
                          ('cleanup', root, '-n', '-t', '1h'), ('--version',)):
            # The ages go on.
            outputs[arguments] = re.sub(rb'(?<=\t)864\d\ds|(?<="age": )\d+|(?<=\t)[0-9]{1,2}s', b'0',
                                        self.succeed(*arguments))
        self.assertEqual(len(json.loads(outputs['list', root, '--json', '--size'])), 1201)
        return outputs

    @support.of_linux('O_NOATIME')
    def test_outputs(self):
        root = self.make()
        english = self.get_outputs(root)
        for locale, language in self.LOCALES:
            self.use(locale, language)
            self.assertEqual(self.get_outputs(root), english)

    def test_cleanup(self):
        """And the result of a cleanup."""
        outputs = set()
        for number, (locale, language) in enumerate(self.LOCALES):
            self.use(locale, language)
            root = self.make_root(2, f'root-{number}')
            outputs.add(re.sub(rb'864\d\ds', b'AGE', self.succeed('cleanup', root, '-t', '1h')))
        self.assertEqual(outputs, {b'removed\tunowned\texpired\tAGE\tentry-0\n'
                                   b'removed\tunowned\texpired\tAGE\tentry-1\ntotal\t2\n'})

    def test_log(self):
        """And the debug messages, but for the message of an error."""
        logs = {}
        for locale, language in (None, None), *self.LOCALES:
            if locale is not None:
                self.use(locale, language)
            root = self.make_root(2)
            self.mkdir('root', 'young')
            result = self.run_tool('cleanup', root, '-t', '1h', env={**self.environment,
                                                                     'G_MESSAGES_DEBUG': 'Tempman'})
            self.assertEqual(result.status, 0, result.errors)
            log = [line.split(': ', 1)[1] for line in result.errors.splitlines() if 'DEBUG' in line]
            # Times differ, not the way in which they are written.
            logs[locale, language] = sorted(re.sub(r'\d+', '0', line) for line in log)
            shutil.rmtree(root)
        english = logs[None, None]
        self.assertTrue(any('Removed “' in line and '0.0 ms' in line for line in english), english)
        for log in logs.values():
            self.assertEqual(log, english)


if __name__ == '__main__':
    support.main()
