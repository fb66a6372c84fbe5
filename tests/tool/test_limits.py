# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Where there are too few threads, processes or descriptors, and where nothing answers: the command
does its work or says why not, ends, and leaves nothing behind."""

import os
import resource
import signal
import time

import support

# A user without other processes.
LONELY_USER = 1928374


class LimitCase(support.TestCase):
    def setUp(self):
        super().setUp()
        self.root = self.mkdir('root')

    def assert_nothing_left(self):
        self.assertEqual(os.listdir(self.tmp), [])

    def signal_until_it_ends(self, process, signal_number):
        """Repeat the signal: one that follows the first too soon is merged with it."""
        deadline = time.monotonic() + support.PATIENCE
        while process.poll() is None and time.monotonic() < deadline:
            process.send_signal(signal_number)
            time.sleep(0.05)
        return process.poll()


class Threads(LimitCase):
    """No thread can be started."""

    def setUp(self):
        super().setUp()
        self.environment.update(support.get_preload_environment())
        self.environment['TEMPMAN_TEST_GATE_NO_THREADS'] = self.folder

    def test_create(self):
        path = os.fsdecode(self.succeed('create')[:-1])
        self.assertEqual(os.listdir(self.tmp), [os.path.basename(path)])
        old = self.make_tree('root', 'old')
        path = os.fsdecode(self.succeed('create', '--root', self.root, '-t', '0')[:-1])
        self.assertEqual(os.listdir(self.root), [os.path.basename(path)])
        self.assert_gone(old)

    def test_list(self):
        self.make_tree('root', 'old')
        self.assertTrue(self.succeed('list', self.root, '-t', '0').startswith(b'removable\t'))
        self.assertTrue(self.succeed('list', self.root, '-t', '1h', '--age-basis', 'newest-content')
                        .startswith(b'kept\t'))

    def test_cleanup(self):
        self.make_tree('root', 'old')
        self.assertTrue(self.succeed('cleanup', self.root, '-t', '0').endswith(b'total\t1\n'))
        self.assertEqual(os.listdir(self.root), [])

    def test_delete(self):
        tree = self.make_tree('tree', n_directories=2000)
        self.succeed('delete', tree)
        self.assert_gone(tree)

    def test_run(self):
        script = 'i=0; while [ $i -lt 300 ]; do mkdir "$TMPDIR/$i"; i=$((i + 1)); done; exit 3'
        self.assertEqual(self.run_tool('run', 'sh', '-c', script).status, 3)
        self.assert_nothing_left()

    def test_run_when_the_program_has_ended(self):
        """The limit is reached while the program runs."""
        limit = self.path('limit')
        self.environment['TEMPMAN_TEST_GATE_NO_THREADS'] = limit
        for status in (0, 3):
            self.assertEqual(
                self.run_tool('run', 'sh', '-c', f'touch {limit}; exit {status}').status, status)
            os.unlink(limit)
        self.assert_nothing_left()

    def test_a_signal_ends_it(self):
        """The first signal, since no thread could wait for another one."""
        self.make_tree('tree')
        gate = self.hold_deletions()
        process = self.start('delete', 'tree')
        gate.wait()
        process.terminate()
        self.assertEqual(self.finish(process).status, -signal.SIGTERM)

    def test_a_second_signal_ends_run(self):
        """A signal to the program does not stop the deletion of the directory."""
        gate = self.hold_deletions()
        process = self.start('run', 'env', '-u', 'LD_PRELOAD', 'mkdir', '-p', 'x')
        gate.wait()
        gate.signal(process, signal.SIGTERM)
        self.assertEqual(self.finish(process).status, 0)
        self.assert_nothing_left()

        os.unlink(gate.opened)
        os.unlink(gate.reached)
        process = self.start('run', 'true')
        gate.wait()
        status = self.signal_until_it_ends(process, signal.SIGTERM)
        self.assertEqual(status, -signal.SIGTERM)


class Processes(LimitCase):
    """An ordinary user is at the limit of processes, which threads count as."""

    def setUp(self):
        super().setUp()
        if os.geteuid() != 0:
            self.skipTest('only root can become another user')
        # The search for leaks needs a thread.
        self.environment['ASAN_OPTIONS'] = (os.environ.get('ASAN_OPTIONS', '') + ':detect_leaks=0')
        for path in (self.folder, self.home, self.tmp, self.root):
            os.chown(path, LONELY_USER, LONELY_USER)
        # The user has to be able to execute the command.
        reference = self.attempt(None, '--version')
        if reference is None or reference.status != 0:
            self.skipTest('another user cannot execute the command')

    def attempt(self, limit, *arguments):
        def become_user():
            if limit is not None:
                resource.setrlimit(resource.RLIMIT_NPROC, (limit, limit))
            os.setgroups([])
            os.setgid(LONELY_USER)
            os.setuid(LONELY_USER)

        try:
            return self.run_tool(*arguments, preexec_fn=become_user)
        except PermissionError:
            return None

    def test_every_command(self):
        for limit in (1, 2, 3):
            old = self.make_tree('root', 'old', n_directories=20)
            tree = self.make_tree('tmp', 'tree', n_directories=20)
            for directory, names, _ in os.walk(self.folder):
                for name in names:
                    os.chown(os.path.join(directory, name), LONELY_USER, LONELY_USER)
            result = self.attempt(limit, 'list', self.root, '-t', '0')
            self.assertEqual((result.status, result.errors), (0, ''))
            result = self.attempt(limit, 'cleanup', self.root, '-t', '0')
            self.assertEqual((result.status, result.errors), (0, ''))
            self.assert_gone(old)
            result = self.attempt(limit, 'delete', tree)
            self.assertEqual((result.status, result.errors), (0, ''))
            self.assert_gone(tree)
            result = self.attempt(limit, 'create')
            self.assertEqual((result.status, result.errors), (0, ''))
            os.rmdir(result.lines[0])

    def test_run(self):
        """Only the program needs another process."""
        result = self.attempt(1, 'run', 'true')
        self.assertEqual(result.status, 125)
        self.assertIn('Could not run “true”: ', result.errors)
        result = self.attempt(2, 'run', 'sh', '-c', 'exit 3')
        self.assertEqual((result.status, result.errors), (3, ''))
        self.assert_nothing_left()


class Descriptors(LimitCase):
    def test_few(self):
        """Fails with an error, and never by a signal, at any limit."""
        n_failed = 0
        for limit in range(4, 16):
            self.make_tree('root', 'old', n_directories=2)
            self.make_tree('tree', n_directories=2)
            for arguments in (('list', self.root), ('create',), ('run', 'true'), ('delete', 'tree'),
                              ('cleanup', self.root, '-t', '0'), ('create', '--root', self.root)):
                result = self.run_tool(
                    *arguments,
                    preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit)))
                # The loader reads the libraries one at a time, and exits with 127 if it cannot.
                self.assertIn(result.status, (0, 1, 125), (limit, arguments, result.errors))
                self.assertEqual(result.status == 0, result.errors == '')
                if result.status != 0:
                    self.assertIn('Too many open files', result.errors)
                    n_failed += 1
                elif arguments == ('create',):
                    os.rmdir(result.lines[0])
            for name in ('tree', 'root/old'):
                support.shutil.rmtree(self.path(name), ignore_errors=True)
            self.assert_nothing_left()
        self.assertGreater(n_failed, 0)


class NoAnswer(LimitCase):
    """The first signal cancels, which has no effect while a file system does not answer. The
    second one ends the command."""

    def end(self, signal_number, *arguments):
        gate = self.hold_deletions()
        process = self.start(*arguments)
        gate.wait()
        self.assertEqual(self.signal_until_it_ends(process, signal_number), -signal_number)
        os.unlink(gate.reached)

    def test_every_command(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            self.make_tree('root', 'old', n_directories=3)
            self.make_tree('tree', n_directories=3)
            self.end(number, 'delete', 'tree')
            self.end(number, 'cleanup', self.root, '-t', '0')
            self.end(number, 'create', '--root', self.root, '-t', '0')
            self.end(number, 'run', '--root', self.root, '-t', '0', 'true')
            self.assert_there(self.path('tree'), self.path('root', 'old'))
            support.shutil.rmtree(self.path('tree'))
            support.shutil.rmtree(self.path('root', 'old'))

    def test_run_when_the_program_has_ended(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            self.end(number, 'run', 'true')
            name, = os.listdir(self.tmp)
            self.environment.pop('LD_PRELOAD')
            self.succeed('cleanup', self.tmp, '--timeout', '1h', '--reclaim')
            self.assert_gone(self.path('tmp', name))

    def test_full_pipe(self):
        """A signal ends the command even while it waits to write its output or its messages."""
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        self.addCleanup(os.close, writer)
        os.set_blocking(writer, False)
        try:
            while True:
                os.write(writer, b'x' * 4096)
        except BlockingIOError:
            os.set_blocking(writer, True)
        for name in range(3):
            self.mkdir('root', str(name))
        for arguments, stream in ((('list', self.root), 'stdout'), (('create',), 'stdout'),
                                  (('cleanup', self.root, '-t', '0'), 'stdout'),
                                  (('run', 'missing-program'), 'stderr'),
                                  (('run', '-k', 'false'), 'stderr'),
                                  (('delete', '.', '..'), 'stderr'),
                                  (('list', 'missing'), 'stderr')):
            process = self.start(*arguments, **{stream: writer})
            # While it is writing it waits for the reader.
            self.wait_until(lambda: self.is_writing_to_a_pipe(process.pid), 'waiting for it to write')
            self.assertEqual(self.signal_until_it_ends(process, signal.SIGTERM), -signal.SIGTERM)

    def is_writing_to_a_pipe(self, pid):
        with open(f'/proc/{pid}/wchan') as channel:
            return 'pipe' in channel.read()

    def test_blocked(self):
        """A signal mask can be inherited by accident."""
        self.make_tree('tree', n_directories=3)
        gate = self.hold_deletions()
        process = self.start('delete', 'tree', preexec_fn=lambda: signal.pthread_sigmask(
            signal.SIG_BLOCK, signal.valid_signals()))
        gate.signal(process, signal.SIGTERM)
        self.assertEqual(self.finish(process).status, -signal.SIGTERM)


if __name__ == '__main__':
    support.main()
