# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The completions for bash, zsh and fish offer the options of the help, and values that the command accepts."""

import os
import shlex
import shutil
import subprocess

import support

COMMANDS = ('run', 'create', 'cleanup', 'list', 'delete')
BASES = ['accessed-or-modified', 'modified', 'changed', 'newest-content']

# The folder of the completions. An installed test does not have it.
COMPLETIONS = os.environ.get('TEMPMAN_TEST_COMPLETIONS')


class Completion(support.TestCase):
    def setUp(self):
        super().setUp()
        if COMPLETIONS is None:
            self.skipTest('only where the sources are')
        self.mkdir('a folder')
        self.mkdir('another')
        with open(self.path('a file'), 'w'):
            pass


class Bash(Completion):
    def complete(self, *words):
        """Return the completions of the last word."""
        script = '''
            source "$1"
            shift
            COMP_WORDS=("$@")
            COMP_CWORD=$(($# - 1))
            _tempman
            ((${#COMPREPLY[@]} == 0)) || printf '%s\\0' "${COMPREPLY[@]}"
        '''
        output = subprocess.run(['bash', '-c', script, 'bash', os.path.join(COMPLETIONS, 'tempman.bash'), 'tempman',
                                 *words],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self.folder,
                                env=self.environment)
        self.assertEqual((output.returncode, output.stderr), (0, b''))
        return [os.fsdecode(word) for word in output.stdout.split(b'\0')[:-1]]

    def test_commands(self):
        long, _ = self.options_in_help()
        self.assertEqual(set(self.complete('')), set(COMMANDS) | long)
        self.assertEqual(self.complete('cl'), ['cleanup'])

    def test_options(self):
        for command in COMMANDS:
            long, _ = self.options_in_help(command)
            self.assertEqual(set(self.complete(command, '--')), long, command)
            self.assertEqual(self.complete(command, 'x', '--he'),
                             [] if command == 'run' else ['--help'])

    def test_values(self):
        bases = ['accessed-or-modified', 'modified', 'changed', 'newest-content']
        self.assertEqual(self.complete('cleanup', '--age-basis', ''), bases)
        self.assertEqual(self.complete('list', '--age-basis', '=', ''), bases)
        self.assertEqual(self.complete('list', '--age-basis', '='), bases)
        self.assertEqual(self.complete('list', '--age-basis', '=', 'n'), bases[3:])
        root = self.mkdir('root')
        for basis in bases:
            self.succeed('list', root, '--age-basis', basis)
        for mode in self.complete('create', '--mode', ''):
            self.succeed('create', '--mode', mode)
        for age in self.complete('cleanup', '--timeout', ''):
            self.succeed('list', root, '--timeout', age)
        for lease in self.complete('cleanup', '--lease', ''):
            self.succeed('list', root, '--lease', lease)
        for option in ('--max-entries', '--max-size', '--min-free'):
            values = self.complete('cleanup', option, '')
            self.assertGreater(len(values), 2)
            for value in values:
                self.succeed('list', root, option, value)
        self.assertEqual(self.complete('create', '--min-free', '=', '1'), ['10%', '1G', '10G'])
        self.assertIn('10m', self.complete('list', '--lease', '=', ''))

    def test_files(self):
        self.assertEqual(sorted(self.complete('delete', 'a')), ['a file', 'a folder', 'another'])
        self.assertEqual(sorted(self.complete('cleanup', '--reclaim', 'a')), ['a folder', 'another'])
        self.assertEqual(sorted(self.complete('run', '--in', 'a')), ['a folder', 'another'])
        self.assertEqual(self.complete('create', '--prefix', 'a'), [])
        self.assertEqual(self.complete('create', '--suffix', 'a'), [])
        self.assertEqual(self.complete('create', 'a'), [])

    def test_program(self):
        self.assertIn('mkdir', self.complete('run', 'mkd'))
        self.assertIn('mkdir', self.complete('run', '--in', 'x', '--keep-on-failure', '--', 'mkd'))
        self.assertEqual(sorted(self.complete('run', 'ls', 'a')), ['a file', 'a folder', 'another'])
        self.assertEqual(self.complete('run', 'ls', '--'), [])
        self.assertEqual(self.complete('run', '--timeout', '=', '1d', '--root', 'x', '--suffix', '.x',
                                       '--max-entries', '3', '--min-free', '=', '5%', '-m', '755', '--pre'),
                         ['--prefix'])

    def test_unknown(self):
        self.assertEqual(self.complete('bogus', ''), [])


class OtherShell:
    """The tests for shells that complete a line."""

    def setUp(self):
        super().setUp()
        if shutil.which(self.shell[0]) is None:
            self.skipTest(f'there is no {self.shell[0]}')

    def complete(self, *words):
        """Return the completions of the last word, without an option before it."""
        line = ' '.join(['tempman', *map(shlex.quote, words[:-1]), words[-1]])
        output = subprocess.run([*self.shell, line], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, cwd=self.folder, timeout=60,
                                env={**self.environment, 'HOME': self.folder, 'TERM': 'dumb', 'LC_ALL': 'C.UTF-8',
                                     'TEMPMAN_TEST_COMPLETIONS': COMPLETIONS})
        self.assertEqual((output.returncode, output.stderr), (0, b''))
        option, equals, _ = words[-1].partition('=')
        found = []
        for text in os.fsdecode(output.stdout).splitlines():
            # A description follows, or the name of the function of a shell.
            word = text.split('\t')[0].split(':')[0].replace('\\ ', ' ').rstrip('/')
            if equals:
                word = word.removeprefix(option + equals)
            if word and word not in found:
                found.append(word)
        return found

    def test_commands(self):
        long, short = self.options_in_help()
        self.assertEqual(set(self.complete('')), set(COMMANDS))
        self.assertEqual(self.complete('cl'), ['cleanup'])
        self.assertEqual(set(self.complete('--')), long)

    def test_options(self):
        for command in COMMANDS:
            long, short = self.options_in_help(command)
            self.assertEqual(set(self.complete(command, '--')), long, command)
            self.assertLessEqual({word for word in self.complete(command, '-') if not word.startswith('--')} - {'-'}, short)
        self.assertEqual(self.complete('cleanup', 'x', '--dr'), ['--dry-run'])

    def test_values(self):
        for command in ('cleanup', 'list', 'run'):
            self.assertEqual(sorted(self.complete(command, '--age-basis', '')), sorted(BASES))
        self.assertEqual(self.complete('list', '--age-basis=n'), BASES[3:])
        root = self.mkdir('root')
        for command, option, *words in (('list', '--timeout', root), ('list', '--lease', root),
                                        ('list', '--max-entries', root), ('list', '--max-size', root),
                                        ('list', '--min-free', root), ('create', '--mode')):
            values = self.complete(command, option, '')
            self.assertGreater(len(values), 2)
            for value in values:
                self.succeed(command, option, value, *words)

    def test_files(self):
        self.assertEqual(sorted(self.complete('delete', 'a')), ['a file', 'a folder', 'another'])
        for words in (('cleanup', '--reclaim', 'a'), ('list', 'a'), ('run', '--in', 'a'), ('create', '--root=a')):
            self.assertEqual(sorted(self.complete(*words)), ['a folder', 'another'], words)
        for words in (('create', '--prefix', 'a'), ('create', '--suffix', 'a'), ('create', 'a')):
            self.assertEqual(self.complete(*words), [], words)

    def test_program(self):
        self.assertIn('mkdir', self.complete('run', 'mkd'))
        self.assertIn('mkdir', self.complete('run', '--in', 'x', '--keep-on-failure', '--', 'mkd'))
        for words in (('run', 'cat', 'a'), ('run', '--', 'cat', 'a'), ('run', '-k', '-m', '755', 'cat', 'a')):
            self.assertLessEqual({'a file', 'a folder', 'another'}, set(self.complete(*words)), words)
        # The options are those of the program.
        self.assertNotIn('--suffix', self.complete('run', 'true', '--su'))
        self.assertEqual(self.complete('run', 'tempman', 'cleanup', '--dr'), ['--dry-run'])
        self.assertEqual(self.complete('run', '--prefix', 'true', '--su'), ['--suffix'])


class Zsh(OtherShell, Completion):
    shell = ['zsh', '-f', os.path.join(os.path.dirname(__file__), 'complete.zsh')]


class Fish(OtherShell, Completion):
    shell = ['fish', '--no-config', '-c', 'source $TEMPMAN_TEST_COMPLETIONS/tempman.fish; complete -C $argv[1]']


if __name__ == '__main__':
    support.main()
