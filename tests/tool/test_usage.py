# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The command line of the command, and its own messages."""

import os
import socket
import subprocess

import support

COMMANDS = ('run', 'create', 'cleanup', 'list', 'delete')


class Usage(support.TestCase):
    def test_help(self):
        for option in ('--help', '-h'):
            text = self.succeed(option).decode()
            for command in COMMANDS:
                self.assertIn(f'\n  {command} ', text)
                own = self.succeed(command, option).decode()
                self.assertIn(f'tempman {command} [OPTION', own)

    def test_version(self):
        self.assertRegex(self.succeed('--version').decode(), r'^tempman \d+\.\d+\.\d+\n$')

    def test_wrong(self):
        root = self.mkdir('root')
        old = self.mkdir('root', 'old', age=support.DAY)
        for arguments in (
                (), ('--bogus',), ('bogus',), ('',), ('Cleanup', root),
                ('cleanup',), ('cleanup', root), ('cleanup', '--timeout', '1h'),
                ('cleanup', root, '--timeout'), ('cleanup', root, root, '--timeout', '1h'),
                ('cleanup', root, '--timeout', '1h', '--bogus'),
                ('cleanup', root, '--timeout', '1h', '--age-basis', 'created'),
                ('cleanup', root, '--timeout', '1h', '--age-basis', ''),
                ('cleanup', root, '--timeout', '1h', '--lease', ''),
                ('cleanup', root, '--timeout', '1h', '--lease', '-1'),
                ('cleanup', root, '--timeout', '1h', '--lease', '600'),
                ('cleanup', root, '--timeout', '1h', '--lease', 'inf'),
                ('list', root, '--lease', 'nan'), ('list', root, '--no-wait'),
                ('create', '--root', root, '--lease', '1h'),
                ('cleanup', root, '--timeout', '1h', '--dry-run', '--=x'),
                ('cleanup', root, '--timeout', '1h', '--json'),
                ('cleanup', '--reclaim', root), ('cleanup', '--files', root),
                ('cleanup', '--timeout', '1h', '--size', root),
                ('delete', '--max-size', '0', old), ('list', root, '--max-entries'),
                ('list',), ('list', root, root), ('list', '--dry-run', root),
                ('list', b'\xff', b'\xff\x1b'),
                ('create', root), ('create', '--in', root, '--root', root),
                ('create', '--timeout', '1h'), ('create', '--in', root, '--timeout', '1h'),
                ('create', '--keep-on-failure'),
                ('delete',), ('delete', '--'), ('delete', '--recursive', old),
                ('--timeout', '1h', 'cleanup', root)):
            self.fail_with(2, *arguments)
        self.assert_there(old)

    def test_wrong_run(self):
        root = self.mkdir('root')
        for arguments in (
                (), ('--',), ('--bogus', 'true'), ('--in', root, '--root', root, 'true'),
                ('--timeout', '1h', 'true'), ('--in', root, '--timeout', '1h', 'true'),
                ('--root', root, '--timeout', '1', 'true'), ('--root', root, '--timeout', '1h')):
            self.fail_with(125, 'run', *arguments)
        self.assertEqual(os.listdir(self.tmp), [])

    def test_options_after_arguments(self):
        root = self.mkdir('root')
        self.assertEqual(self.succeed('cleanup', root, '--timeout=1h', '-rn'), b'total\t0\n')
        self.assertEqual(self.succeed('cleanup', '-t', '1h', '--', root), b'total\t0\n')

    def test_full_disk(self):
        root = self.mkdir('root')
        self.mkdir('root', 'entry')
        for arguments in (('--help',), ('--version',), ('list', root), ('list', '--json', root),
                          ('cleanup', root, '--timeout', '1h'), ('create',),
                          ('cleanup', root, '--timeout', '1h', '--dry-run'), ('list', '--help')):
            with open('/dev/full', 'w') as full:
                errors = self.fail_with(1, *arguments, stdout=full)
            self.assertIn('No space left on device', errors)
        # A directory whose path was not printed is deleted.
        self.assertEqual(os.listdir(self.tmp), [])

    def test_full_disk_of_many(self):
        root = self.mkdir('root')
        for i in range(500):
            self.mkdir('root', f'a-longer-name-than-usual-{i}')
        with open('/dev/full', 'w') as full:
            errors = self.fail_with(1, 'list', root, stdout=full)
        self.assertIn('No space left on device', errors)

    def test_closed_output(self):
        root = self.mkdir('root')
        self.mkdir('root', 'entry')
        script = '"$0" "$@" >&-'
        for arguments in (('list', root), ('create',), ('--version',)):
            result = subprocess.run(['sh', '-c', script, support.TOOL, *arguments],
                                    env=self.environment, stderr=subprocess.PIPE)
            self.assertEqual(result.returncode, 1)
            self.assertIn(b'Bad file descriptor', result.stderr)
        self.assertEqual(os.listdir(self.tmp), [])
        self.assertEqual(os.listdir(root), ['entry'])

    def test_closed_descriptors(self):
        """Descriptors that it opens do not replace closed ones, to which it would write."""
        root = self.mkdir('root')
        for i in range(20):
            old = self.mkdir('root', f'old-{i}', age=support.DAY)
            result = subprocess.run(
                ['sh', '-c', f'"$0" "$@" {"<&-" * (i % 2)} >&- 2>&-', support.TOOL, 'cleanup', root,
                 '--timeout', '1h', '--age-basis', 'modified'], env=self.environment)
            self.assertEqual(result.returncode, 1)
            self.assert_gone(old)

    def test_nothing_to_delete_without_output(self):
        result = subprocess.run(['sh', '-c', '"$0" delete x >&-', support.TOOL],
                                env=self.environment, cwd=self.folder, stderr=subprocess.PIPE)
        self.assertEqual((result.returncode, result.stderr), (0, b''))

    def test_plain_locale(self):
        self.environment['LC_ALL'] = 'C'
        result = self.run_tool('list', '/missing-\xe4')
        self.assertEqual(result.status, 1)
        self.assertTrue(result.errors.isascii(), result.errors)
        self.assertIn('"/missing-', result.errors)
        self.assertTrue(self.succeed('--help').isascii())

    def test_no_daemon(self):
        """For local files, it neither asks nor starts a bus, and leaves no file in the home
        directory."""
        with socket.socket(socket.AF_UNIX) as bus:
            bus.bind(self.path('bus'))
            bus.listen()
            bus.settimeout(0)
            self.environment['DBUS_SESSION_BUS_ADDRESS'] = 'unix:path=' + self.path('bus')
            self.environment['XDG_RUNTIME_DIR'] = self.mkdir('runtime')
            self.succeed('list', self.mkdir('root'))
            self.succeed('run', '--', 'true')
            self.succeed('delete', 'missing')
            with self.assertRaises(BlockingIOError):
                bus.accept()
        # As in a service, where a module of GIO may look for the bus.
        self.environment.pop('XDG_RUNTIME_DIR')
        self.environment.pop('DBUS_SESSION_BUS_ADDRESS')
        self.succeed('list', self.path('root'))
        self.assertEqual(os.listdir(self.home), [])


if __name__ == '__main__':
    support.main()
