# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The errors of the library in another language, for a program that sets its locale."""

import gettext
import os
import subprocess
import sys
import unittest

PROGRAM = '''
import locale
import os
import sys

import gi
gi.require_version('Tempman', '1')
from gi.repository import Gio, GLib, Tempman

if 'set' in sys.argv:
    locale.setlocale(locale.LC_ALL, '')
if 'TEMPMAN_TEST_CATALOGUES' in os.environ:
    locale.bindtextdomain('tempman-1', os.environ['TEMPMAN_TEST_CATALOGUES'])
if 'set' in sys.argv and locale.dgettext('tempman-1', 'it is closed') == 'it is closed':
    sys.exit(77)
for arguments, code in (({'prefix': 'a/b'}, Gio.IOErrorEnum.INVALID_FILENAME),
                        ({'dir': '/fehlt/../x'}, Gio.IOErrorEnum.NOT_FOUND)):
    try:
        Tempman.create_temp_dir(**arguments)
    except GLib.Error as error:
        assert error.matches(Gio.io_error_quark(), code)
        sys.stdout.buffer.write(error.message.encode() + b'\\n')
'''

ENGLISH = ('Could not create a temporary directory with the prefix “a/b”: '
           'a prefix is the beginning of a name, not a path')


class Translations(unittest.TestCase):
    def setUp(self):
        if os.environ.get('TEMPMAN_TEST_NO_TRANSLATIONS'):
            self.skipTest('built without translations')

    def get_messages(self, language, *arguments):
        environment = {**os.environ, 'LC_ALL': 'C.UTF-8', 'LANGUAGE': language}
        if 'TEMPMAN_TEST_LOCALES' in os.environ:
            environment.update(LC_ALL='de_DE.UTF-8', LOCPATH=os.environ['TEMPMAN_TEST_LOCALES'])
        result = subprocess.run([sys.executable, '-c', PROGRAM, *arguments], env=environment,
                                stdout=subprocess.PIPE)
        if result.returncode == 77:
            self.skipTest('there is no locale but C.UTF-8, in which the C library does not translate')
        result.check_returncode()
        return result.stdout.decode().splitlines()

    def test_languages(self):
        for language, message in (
                ('de', 'Es konnte kein temporärer Ordner mit dem Präfix »a/b« erstellt werden: '
                       'ein Präfix ist der Anfang eines Namens, kein Pfad'),
                ('ja', '接頭辞“a/b”の一時ディレクトリを作成できませんでした: '
                       '接頭辞は名前の先頭部分で、パスではありません')):
            self.assertEqual(self.get_messages(language, 'set')[0], message)

    def test_override(self):
        """A message of the module."""
        message = self.get_messages('de', 'set')[1]
        self.assertTrue(message.startswith('»/fehlt/../x« konnte nicht geöffnet werden: '), message)

    def test_no_locale(self):
        """Python sets no locale for messages by itself, and neither does the library."""
        messages = self.get_messages('de')
        self.assertEqual(messages[0], ENGLISH)
        self.assertTrue(messages[1].startswith('Could not open “/fehlt/../x”: '), messages[1])

    def test_own_gettext(self):
        """The catalogues can also be read by Python."""
        folder = os.environ.get('TEMPMAN_TEST_CATALOGUES')
        if folder is None:
            self.skipTest('only before the installation')
        translations = gettext.translation('tempman-1', folder, ['fr'])
        self.assertEqual([translations.ngettext('%lu directory deleted', '%lu directories deleted', n) % n
                          for n in (0, 1, 2)],
                         ['0 répertoire supprimé', '1 répertoire supprimé', '2 répertoires supprimés'])


if __name__ == '__main__':
    unittest.main()
