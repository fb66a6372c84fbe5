# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The output on a terminal, and the effect of the terminal on the command."""

import os
import re
import signal
import subprocess
import time

import support

CONTROL = re.compile(rb'[\x00-\x09\x0b\x0c\x0e-\x1f\x7f]')
COLORS = re.compile(rb'\x1b\[[0-9;]*m')

DANGEROUS_NAMES = [
    b'\x1b[2J', b'a\x1b]0;title\x07', b'line\nfeed', b'tab\there', b'\r', b'\x7f', b'\xc2\x9b31m',
    b'\x9b31m', b'\xff', 'a\u202eb'.encode(), 'a\u2028b'.encode(), b'$\'plain\'', b'q\'uote\x01\\',
    '\ue000'.encode(), b'\x01' + b'7',
]
HARMLESS_NAMES = [b'plain', b'with space', b'q\'uote', b'back\\slash', 'ümläut'.encode(),
                  '\U0001f600'.encode(), '日本'.encode()]


class OnTerminal(support.TestCase):
    def show(self, *arguments, columns=80, **environment):
        """Run the command in a terminal. Return its output and its status."""
        terminal = support.Terminal(self, [support.TOOL, *arguments], columns,
                                    {**self.environment, **environment})
        status = terminal.finish()
        return terminal.output, status


class Names(OnTerminal):
    def make(self):
        root = self.mkdir('root')
        for name in DANGEROUS_NAMES + HARMLESS_NAMES:
            path = os.path.join(os.fsencode(root), name)
            os.mkdir(path)
            self.set_age(path, support.DAY)
        return root

    def shown_names(self, output):
        lines = [COLORS.sub(b'', line) for line in output.split(b'\r\n')]
        return [match[1] for match in
                (re.match(rb'(?:removable|kept|removed|failed) +\w+ +\w+ +(?:\d+\w ?)+ +(.*)$', line, re.DOTALL)
                 for line in lines) if match]

    def assert_harmless(self, output):
        self.assertEqual(CONTROL.findall(COLORS.sub(b'', output)), [])
        for code in (0x9b, 0x202e, 0x2028, 0xe000):
            self.assertNotIn(chr(code).encode(), output)
        COLORS.sub(b'', output).decode()

    def test_list(self):
        root = self.make()
        output, status = self.show('list', root)
        self.assertEqual(status, 0)
        self.assert_harmless(output)
        shown = self.shown_names(output)
        self.assertEqual(len(shown), len(DANGEROUS_NAMES + HARMLESS_NAMES))
        for name in HARMLESS_NAMES:
            self.assertIn(name, shown)
        # The others are quoted as bash expects.
        quoted = [name for name in shown if name not in HARMLESS_NAMES]
        echo = subprocess.run(['bash', '-c', b"printf '%s\\0' " + b' '.join(quoted)],
                              stdout=subprocess.PIPE, env=self.environment, check=True)
        self.assertEqual(sorted(echo.stdout.split(b'\0')[:-1]), sorted(DANGEROUS_NAMES))

    def test_cleanup(self):
        root = self.make()
        for option in ('--dry-run', '--reclaim'):
            output, status = self.show('cleanup', root, '--timeout', '1h', option)
            self.assertEqual(status, 0)
            self.assert_harmless(output)
            self.assertEqual(len(self.shown_names(output)),
                             len(DANGEROUS_NAMES + HARMLESS_NAMES))
        self.assertEqual(os.listdir(root), [])

    def test_create(self):
        output, status = self.show('create', '--prefix', '\x1b[2J')
        self.assertEqual(status, 0)
        self.assert_harmless(output)
        name, = os.listdir(self.tmp)
        echo = subprocess.run(['bash', '-c', b"printf '%s' " + output.strip()],
                              stdout=subprocess.PIPE, env=self.environment, check=True)
        self.assertEqual(os.fsdecode(echo.stdout), os.path.join(self.tmp, name))

    def test_messages(self):
        for name in (b' '.join(DANGEROUS_NAMES), b'\x1b[2J', b'\xff\n'):
            for arguments in (('delete', name + b'/.'), ('list', name), (name,), ('run', name),
                              ('list', '-t', name, 'x'), ('create', name),
                              ('create', '--in', name), (b'--' + name,)):
                output, status = self.show(*arguments)
                self.assertIn(status, (1, 2, 127), arguments)
                self.assert_harmless(output)

    def test_plain_locale(self):
        """If no byte beyond ASCII is known to be harmless."""
        root = self.make()
        output, status = self.show('list', root, LC_ALL='C')
        self.assertEqual(status, 0)
        self.assertTrue(output.isascii())
        self.assert_harmless(output)

    def test_kept(self):
        parent = os.path.join(os.fsencode(self.folder), b'\x1b[2J')
        os.mkdir(parent)
        output, status = self.show('run', '--in', parent, '-k', 'false')
        self.assertEqual(status, 1)
        self.assert_harmless(output)


class Look(OnTerminal):
    def make(self):
        root = self.mkdir('root')
        self.mkdir('root', 'old', age=3 * support.DAY + 4 * 3600 + 1800)
        self.mkdir('root', 'young')
        os.chmod(self.mkdir('root', support.ABANDONED), 0o1700)
        return root

    def test_table(self):
        output, _ = self.show('list', self.make(), '--timeout', '1d', NO_COLOR='1')
        lines = output.decode().split('\r\n')
        self.assertRegex(lines[0], '^CLEANUP +STATE +REASON +UNUSED +NAME$')
        self.assertRegex(lines[1], r'^kept +abandoned +none +\w+ +' + support.ABANDONED + '$')
        self.assertRegex(lines[2], '^removable +unowned +expired +3d 4h +old$')
        self.assertEqual(lines[4], '3 directories, of which a cleanup would delete 1')
        # In columns.
        self.assertEqual(len({line.index(name) for line, name in
                              zip(lines, ('NAME', support.ABANDONED, 'old', 'young'))
                              if name != support.ABANDONED}), 1)

    def test_cleanup(self):
        root = self.make()
        output, _ = self.show('cleanup', root, '-t', '1d', '-n', NO_COLOR='1')
        self.assertRegex(output.decode(), '^removable +unowned +expired +3d 4h +old\r\n'
                                          '1 directory would be deleted\r\n$')
        output, _ = self.show('cleanup', root, '-t', '1d', '-r', NO_COLOR='1')
        self.assertRegex(output.decode(), '^removed +abandoned +abandoned +.*' + support.ABANDONED + '\r\n'
                                          'removed +unowned +expired +3d 4h +old\r\n'
                                          '2 directories deleted\r\n$')

    def test_colors(self):
        root = self.make()
        self.assertRegex(self.show('list', root)[0], COLORS)
        self.assertRegex(self.show('list', root, NO_COLOR='')[0], COLORS)
        for environment in ({'NO_COLOR': '1'}, {'NO_COLOR': '0'}, {'TERM': 'dumb'}):
            for arguments in (('list', root), ('cleanup', root, '-n', '-t', '1d')):
                self.assertNotIn(b'\x1b', self.show(*arguments, **environment)[0], environment)

    def test_no_colors_in_a_pipe(self):
        """Nor in a file, also if standard error is a terminal."""
        root = self.make()
        terminal = support.Terminal(
            self, ['/bin/sh', '-c', '"$0" list "$1" >output', support.TOOL, root])
        self.assertEqual(terminal.finish(), 0)
        with open(self.path('output'), 'rb') as file:
            self.assertNotIn(b'\x1b', file.read())


class Progress(OnTerminal):
    def start(self, *arguments, columns=80, script=None, **environment):
        gate = self.hold_deletions()
        command = [support.TOOL, *arguments]
        if script is not None:
            command = ['/bin/sh', '-c', script, *command]
        terminal = support.Terminal(self, command, columns, {**self.environment, **environment})
        return terminal, gate

    def test_delete(self):
        self.make_tree('tree')
        terminal, gate = self.start('delete', 'tree')
        terminal.wait_for(b'Deleting ')
        gate.open()
        end = terminal.wait_for(b' entries, ')
        terminal.wait_for(b'\r\x1b[K', end)
        self.assertEqual(terminal.finish(), 0)
        # Only a summary is left.
        last = terminal.output.split(b'\r\x1b[K')[-1].decode()
        self.assertRegex(last, '^Deleting “tree”: 601 of 601 entries, .*\r\n$')

    def test_several(self):
        """Counted together, and each error has a line of its own."""
        self.make_tree('a')
        self.make_tree('b')
        terminal, gate = self.start('delete', 'a', '.', 'b')
        terminal.wait_for(b'Deleting 3 paths')
        gate.open()
        self.assertEqual(terminal.finish(), 1)
        output = terminal.output.decode()
        self.assertIn('\r\x1b[Ktempman: Could not delete “.”', output)
        self.assertRegex(output.split('\r\x1b[K')[-1], '1,?202 of 1,?202 entries')

    def test_cleanup(self):
        root = self.mkdir('root')
        self.make_tree('root', 'old')
        self.set_age(self.path('root', 'old'), support.DAY)
        terminal, gate = self.start('cleanup', root, '-t', '1h', NO_COLOR='1')
        terminal.wait_for(b'Cleaning up ')
        gate.open()
        self.assertEqual(terminal.finish(), 0)
        last = terminal.output.split(b'\r\x1b[K')[-1]
        self.assertTrue(last.startswith(b'removed '), last)

    def test_run(self):
        terminal, gate = self.start('run', '--', 'env', '-u', 'LD_PRELOAD', 'sh', '-c',
                                    'mkdir "$TMPDIR/a"; mkdir "$TMPDIR/a/b"')
        terminal.wait_for(b'Deleting ')
        gate.open()
        self.assertEqual(terminal.finish(), 0)
        self.assertEqual(os.listdir(self.tmp), [])

    def test_narrow(self):
        """It fits into one line, whatever the path and the width."""
        for i, columns in enumerate((10, 30, 80)):
            tree = self.make_tree('deep-' * 40 + str(i), n_directories=5)
            terminal, gate = self.start('delete', tree, columns=columns)
            terminal.wait_for(b'\x1b[K')
            terminal.read()
            gate.open()
            self.assertEqual(terminal.finish(), 0)
            for line in terminal.output.split(b'\r\x1b[K'):
                self.assertLess(len(line.decode().strip()), columns)
            os.unlink(gate.opened)
            os.unlink(gate.reached)

    def test_dangerous_name(self):
        name = b'\x1b[2J\xc2\x9b31m'
        self.make_tree(os.fsdecode(name))
        terminal, gate = self.start('delete', name)
        terminal.wait_for(b'Deleting ')
        gate.open()
        self.assertEqual(terminal.finish(), 0)
        self.assertEqual(CONTROL.findall(terminal.output.replace(b'\r\x1b[K', b'')), [])
        self.assertNotIn(b'\xc2\x9b', terminal.output)

    def test_not_shown(self):
        """If it would not be visible, or would be garbage in a file."""
        for script, environment in (('exec "$0" "$@" 2>errors', {}),
                                    ('exec "$0" "$@"', {'TERM': 'dumb'})):
            self.make_tree('tree')
            terminal, gate = self.start('delete', 'tree', script=script, **environment)
            gate.wait()
            # For longer than it takes until a line appears.
            for _ in range(20):
                terminal.read()
            gate.open()
            self.assertEqual(terminal.finish(), 0)
            self.assertEqual(terminal.output, b'')
            if os.path.exists(self.path('errors')):
                self.assertEqual(os.path.getsize(self.path('errors')), 0)
            os.unlink(gate.opened)
            os.unlink(gate.reached)

    def test_delay(self):
        """A fast deletion shows no progress: the line appears after half a second."""
        self.mkdir('tree')
        started = time.monotonic()
        terminal, gate = self.start('delete', 'tree')
        terminal.wait_for(b'Deleting ')
        self.assertGreaterEqual(time.monotonic() - started, 0.5)
        gate.open()
        self.assertEqual(terminal.finish(), 0)

    def test_ctrl_c(self):
        self.make_tree('tree')
        terminal, gate = self.start('delete', 'tree')
        gate.wait()
        terminal.write(b'\x03')
        self.wait_until(lambda: not support.is_pending(terminal.pid, signal.SIGINT), 'waiting')
        terminal.wait_for(b'^C')
        gate.open()
        self.assertEqual(terminal.finish(), -signal.SIGINT)
        self.assert_there(self.path('tree'))


class Shell(OnTerminal):
    """In a real shell."""

    PROMPT = b'ready> '

    def start_shell(self, *options):
        environment = {**self.environment, 'PS1': self.PROMPT.decode(), 'TOOL': support.TOOL,
                       'HISTFILE': '', 'INPUTRC': '/dev/null'}
        self.terminal = support.Terminal(self, ['/bin/bash', '--noprofile', '--norc', *options, '-i'],
                                         environment=environment)
        self.seen = self.terminal.wait_for(self.PROMPT)

    def type(self, text, expected=PROMPT):
        self.terminal.write(text)
        self.seen = self.terminal.wait_for(expected, self.seen)

    def ask(self, text):
        """Type a command line. Return its output."""
        start = self.seen
        self.type(text + b'\n')
        return self.terminal.output[start:self.seen].decode()


class Completion(Shell):
    """With the keys, in a shell that edits lines."""

    SCRIPT = os.environ.get('TEMPMAN_TEST_COMPLETION')

    def test_keys(self):
        """The completed line works as it is."""
        if self.SCRIPT is None:
            self.skipTest('only where the sources are')
        old = self.mkdir('the root', 'old entry', age=support.DAY)
        young = self.mkdir('the root', 'young')
        self.environment['NO_COLOR'] = '1'
        self.start_shell()
        self.ask(b'tempman() { "$TOOL" "$@"; }; source ' + os.fsencode(self.SCRIPT))
        output = self.ask(b'tempman cle\t--tim\t1h --age-b\tacc\t--dr\tth\t')
        self.assertRegex(output, 'removable +unowned +expired .*old entry')
        self.assertNotIn('young', output)
        self.ask(b'tempman cleanup --timeout=1h --age-basis=mo\tthe\\ r\t')
        self.assert_gone(old)
        self.ask(b'tempman del\tthe\\ root/y\t')
        self.assert_gone(young)


class JobControl(Shell):
    """The shell has to see the same from the command as from the program."""

    def start_program(self, script, preparation=b':'):
        """Start a program that reports when it is ready. Return its process."""
        ready = self.path('ready')
        self.terminal.write(b'"$TOOL" run -- sh -c \'%s; echo $$ >%s.new; mv %s.new %s; %s\'\n'
                            % (preparation, *[ready.encode()] * 3, script))
        self.wait_for_file(ready)
        with open(ready) as file:
            pid = int(file.read())
        os.unlink(ready)
        return pid

    def test_ctrl_c(self):
        self.start_shell('--noediting')
        self.start_program(b'exec sleep 1000')
        self.type(b'\x03')
        self.assertIn('130', self.ask(b'echo $?'))
        self.assertEqual(os.listdir(self.tmp), [])

    def test_ctrl_c_once(self):
        """The program receives a signal of the terminal once, and can continue."""
        self.start_shell('--noediting')
        log = self.path('log')
        self.start_program(b'while ! test -e %s-end; do sleep 0.1; done; exit 5' % log.encode(),
                           b'trap "echo INT >>%s" INT' % log.encode())
        self.terminal.write(b'\x03')
        self.wait_for_file(log)
        # A signal that was passed on would arrive before a later one.
        with open(log + '-end', 'w'):
            pass
        self.seen = self.terminal.wait_for(self.PROMPT, self.seen)
        self.assertIn('5', self.ask(b'echo $?'))
        with open(log) as file:
            self.assertEqual(file.read(), 'INT\n')

    def test_ctrl_backslash(self):
        self.start_shell('--noediting')
        self.start_program(b'exec sleep 1000')
        self.type(b'\x1c')
        self.assertIn('131', self.ask(b'echo $?'))
        self.assertEqual(os.listdir(self.tmp), [])

    def test_ends_a_loop(self):
        """Ctrl+C ends a loop of the shell, which does not start the next command."""
        self.start_shell('--noediting')
        log = self.path('log')
        self.terminal.write(b'for i in 1 2 3; do "$TOOL" run -- sh -c "echo $i >>%s; '
                            b'exec sleep 1000"; done\n' % log.encode())
        self.wait_for_file(log)
        self.type(b'\x03')
        self.ask(b'echo done')
        with open(log) as file:
            self.assertEqual(file.read(), '1\n')

    def test_ctrl_z(self):
        """Both stop, and continue; the output in between belongs to the shell."""
        self.start_shell('--noediting')
        pid = self.start_program(b'exec sleep 1000')
        directory, = os.listdir(self.tmp)
        for _ in range(3):
            self.type(b'\x1a')
            self.assertIn('Stopped', self.ask(b'jobs'))
            self.assertTrue(support.get_process_status(pid)['State'].startswith('T'))
            self.assertEqual(os.listdir(self.tmp), [directory])
            self.terminal.write(b'fg\n')
            self.wait_until(lambda: support.get_process_status(pid)['State'].startswith('S'),
                            'waiting for it to go on')
        self.type(b'\x03')
        self.assertIn('130', self.ask(b'echo $?'))
        self.assertEqual(os.listdir(self.tmp), [])

    def test_kill_of_a_stopped_job(self):
        self.start_shell('--noediting')
        pid = self.start_program(b'exec sleep 1000')
        self.type(b'\x1a')
        self.ask(b'kill %1')
        self.wait_until(lambda: not os.path.exists(f'/proc/{pid}'), 'waiting for its end')
        self.wait_until(lambda: os.listdir(self.tmp) == [], 'waiting for the directory to go')

    def test_reads_from_the_background(self):
        """It stops as the program would, until it is in the foreground."""
        self.start_shell('--noediting')
        self.terminal.write(b'"$TOOL" run -- sh -c "read line; echo got-\\$line" &\n')
        self.seen = self.terminal.wait_for(self.PROMPT, self.seen)
        self.wait_until(lambda: 'Stopped' in self.ask(b'jobs'), 'waiting for it to stop')
        self.terminal.write(b'fg\n')
        self.seen = self.terminal.wait_for(b'\n', self.seen)
        self.type(b'something\n', b'got-something')

    def test_hangup(self):
        self.start_shell('--noediting')
        pid = self.start_program(b'exec sleep 1000')
        os.kill(self.terminal.pid, signal.SIGHUP)
        self.wait_until(lambda: not os.path.exists(f'/proc/{pid}'), 'waiting for its end')
        self.wait_until(lambda: os.listdir(self.tmp) == [], 'waiting for the directory to go')


if __name__ == '__main__':
    support.main()
