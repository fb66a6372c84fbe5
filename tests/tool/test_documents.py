# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The help, the manual page and the page of the documentation agree."""

import os
import re
import shutil
import subprocess

import support

COMMANDS = ('run', 'create', 'cleanup', 'list', 'delete')

# The files to compare: an installed test does not have them.
MANUAL = os.environ.get('TEMPMAN_TEST_MANUAL')
UNITS = os.environ.get('TEMPMAN_TEST_UNITS')
PAGE = os.environ.get('TEMPMAN_TEST_PAGE')


def read(path):
    with open(path, encoding='utf-8') as file:
        return file.read()


class Documents(support.TestCase):
    def require(self, *paths):
        if None in paths:
            self.skipTest('only where the sources are')


class Manual(Documents):
    def sections(self):
        """Return the section of the manual page about each command, without the macros."""
        text = read(MANUAL).replace('\\-', '-')
        text = re.sub(r'^\.[A-Z]{1,2} ?', '', text.replace('.SS ', '\0').replace('.SH ', '\0'),
                      flags=re.MULTILINE)
        return dict(section.split('\n', 1) for section in text.split('\0')[1:])

    def test_options(self):
        self.require(MANUAL)
        sections = self.sections()
        common = {'--help', '-h'}
        for command in COMMANDS:
            long, short = self.options_in_help(command)
            said = set(re.findall(r'(?<![\w-])--?[a-z][\w-]*', sections[f'tempman {command}']))
            # Options of rm.
            said -= {'-rf'}
            # Options of another command that the text names.
            self.assertEqual(said | common, long | short | common, command)
        long, short = self.options_in_help()
        said = set(re.findall(r'(?<![\w-])--?[a-z][\w-]*', sections['All of them']))
        self.assertEqual(said, long | short)

    def test_synopsis(self):
        self.require(MANUAL)
        synopsis = self.sections()['SYNOPSIS']
        for command, text in zip(COMMANDS, synopsis.split('\ntempman ')):
            long, _ = self.options_in_help(command)
            self.assertEqual(set(re.findall(r'--[a-z][\w-]*', text)), long - {'--help'}, command)

    def check(self, *command):
        if shutil.which(command[0]) is None:
            self.skipTest(f'there is no {command[0]}')
        result = subprocess.run([*command, MANUAL], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                env={**self.environment, 'MANROFFSEQ': ''})
        self.assertEqual((result.returncode, result.stderr), (0, b''))
        return result.stdout

    def test_mandoc(self):
        self.require(MANUAL)
        self.assertEqual(self.check('mandoc', '-Tlint'), b'')

    def test_groff(self):
        self.require(MANUAL)
        self.assertIn(b'tempman', self.check('groff', '-man', '-Tutf8', '-ww'))

    def test_all_statuses(self):
        self.require(MANUAL)
        section = self.sections()['EXIT STATUS']
        for status in ('0', '1', '2', '128 + n', '125', '126', '127'):
            self.assertIn(f'\n{status}\n', section)


class Page(Documents):
    def test_options(self):
        """The command lines on the page use existing options."""
        self.require(PAGE)
        n_found = 0
        for command in COMMANDS:
            long, _ = self.options_in_help(command)
            for line in re.findall(rf'tempman {command}\b[^`\n]*', read(PAGE)):
                options = set(re.findall(r'(?<!\w)--[a-z][\w-]*', line.split(' -- ')[0]))
                self.assertLessEqual(options, long, line)
                n_found += len(options)
        self.assertGreater(n_found, 5)


class Units(Documents):
    def setUp(self):
        super().setUp()
        self.require(UNITS)
        if shutil.which('systemd-analyze') is None:
            self.skipTest('there is no systemd-analyze')
        self.units = self.mkdir('units')
        self.environment['XDG_RUNTIME_DIR'] = self.mkdir('runtime')
        self.service = read(os.path.join(UNITS, 'tempman-cleanup@.service'))
        self.timer = read(os.path.join(UNITS, 'tempman-cleanup@.timer'))
        # The command may not be installed.
        self.service = re.sub(r'^ExecStart=\S+', f'ExecStart={support.TOOL}', self.service,
                              flags=re.MULTILINE)

    def verify(self):
        for name, text in (('service', self.service), ('timer', self.timer)):
            with open(os.path.join(self.units, f'tempman-cleanup@.{name}'), 'w') as file:
                file.write(text)
        result = subprocess.run(
            ['systemd-analyze', 'verify', '--user', '--man=no', './tempman-cleanup@tmp-x.service',
             './tempman-cleanup@tmp-x.timer'],
            cwd=self.units, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return result.returncode, result.stdout.decode()

    def test_valid(self):
        self.assertEqual(self.verify(), (0, ''))

    def test_mistakes_are_seen(self):
        self.timer = self.timer.replace('OnCalendar=daily', 'OnCalendar=dayly')
        self.assertNotEqual(self.verify(), (0, ''))
        self.timer = self.timer.replace('OnCalendar=dayly', 'OnCalendar=daily')
        self.service = self.service.replace(support.TOOL, '/missing/tempman')
        self.assertNotEqual(self.verify(), (0, ''))

    def test_command_line(self):
        """The command line of the service works, and deletes the right entries."""
        command = re.search('^ExecStart=(.*)$', self.service, re.MULTILINE)[1].split()
        root = self.mkdir('a root')
        old = self.mkdir('a root', 'old', age=8 * support.DAY)
        young = self.mkdir('a root', 'young', age=6 * support.DAY)
        abandoned = self.mkdir('a root', support.ABANDONED)
        os.chmod(abandoned, 0o1700)
        self.assertEqual(command[-1], '%f')
        self.succeed(*command[1:-1], root)
        self.assert_gone(old, abandoned)
        self.assert_there(young)


if __name__ == '__main__':
    support.main()
