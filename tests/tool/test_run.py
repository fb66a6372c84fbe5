# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""`tempman run`"""

import os
import resource
import signal
import stat
import subprocess
import sys
import time

import support

# A program that logs the signals that it receives, until one of them ends it.
LISTENER = '''
import os, signal, sys, time

log = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND)

# Not with print(), which the next signal may interrupt.
def tell(*words):
    os.write(log, (' '.join(map(str, words)) + '\\n').encode())

def handle(number, frame):
    tell(number)
    if number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        sys.exit(42)

for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN,
                                        signal.SIGTTOU, signal.SIGCHLD}:
    signal.signal(number, handle)
tell('ready', os.getpid(), os.environ['TMPDIR'])
while True:
    time.sleep(1)
'''


class RunCase(support.TestCase):
    def run_shell(self, script, *options, status=0):
        """Run a shell script. Return its output."""
        result = self.run_tool('run', *options, '--', 'sh', '-c', script)
        self.assertEqual(result.status, status, result.errors)
        return result.output.decode()

    def assert_nothing_left(self):
        self.assertEqual(os.listdir(self.tmp), [])

    def start_listener(self, *options, **popen_options):
        """Start a program that logs its signals. Return the command, and the ID and directory of
        the program."""
        self.log = self.path('log')
        process = self.start('run', *options, '--', sys.executable, '-c', LISTENER, self.log,
                             **popen_options)
        self.wait_until(lambda: os.path.exists(self.log) and self.read_log(), 'waiting for it')
        _, pid, directory = self.read_log()[0].split()
        return process, int(pid), directory

    def read_log(self):
        with open(self.log) as log:
            return [line for line in log.read().split('\n')[:-1]]


class Run(RunCase):
    def test_directory(self):
        script = '''
            test "$TMPDIR" = "$TEMPMAN_DIRECTORY" && test -d "$TMPDIR" && test -O "$TMPDIR" &&
            mktemp -d >&2 && echo "$TMPDIR" && stat -c %a "$TMPDIR"
        '''
        path, mode = self.run_shell(script).split()
        self.assertEqual(os.path.dirname(path), self.tmp)
        self.assertRegex(os.path.basename(path), '^tempman-[a-z2-7]{20}$')
        self.assertEqual(int(mode, 8) & 0o777, 0o700)
        self.assert_nothing_left()

    def test_places(self):
        parent = self.mkdir('parent')
        for option, where in (('--in', parent), ('-i', 'parent'), ('--root', parent)):
            path = self.run_shell('echo $TMPDIR', option, where).strip()
            self.assertEqual(os.path.dirname(path), parent)
        path = self.run_shell('echo $TMPDIR', '--root', self.path('new', 'root')).strip()
        self.assertEqual(os.path.dirname(path), self.path('new', 'root'))
        self.assertEqual(os.listdir(self.path('new', 'root')), [])
        path = self.run_shell('basename $TMPDIR', '--prefix', 'build')
        self.assertRegex(path, '^build-[a-z2-7]{20}$')
        path = self.run_shell('basename $TMPDIR; stat -c %a $TMPDIR', '--suffix', '.x', '-m', '755')
        self.assertRegex(path, r'^tempman-[a-z2-7]{20}\.x\n1755$')
        self.assertEqual(os.listdir(parent), [])

    def test_cannot_create(self):
        for options in (('--in', self.path('missing')), ('--in', ''), ('--root', '/'),
                        ('--root', self.home), ('--prefix', 'a/b'), ('--suffix', 'x'),
                        ('--mode', '888'), ('--in', '/dev/null')):
            self.fail_with(125, 'run', *options, 'touch', self.path('ran'))
        self.assert_gone(self.path('ran'))

    def test_root_is_cleaned_up(self):
        root = self.mkdir('root')
        old = self.mkdir('root', 'old', age=support.DAY)
        abandoned = self.mkdir('root', support.ABANDONED)
        os.chmod(abandoned, 0o1700)
        self.run_shell('true', '--root', root)
        self.assert_there(old)
        self.assert_gone(abandoned)
        self.run_shell('true', '--root', root, '--timeout', '1h')
        self.assert_gone(old)

    def test_is_live(self):
        """No cleaner deletes it while the program runs."""
        root = self.mkdir('root')
        script = f'''
            touch -d yesterday "$TMPDIR"
            "{support.TOOL}" cleanup "{root}" --timeout 1h --reclaim
            "{support.TOOL}" list "{root}"
            test -d "$TMPDIR"
        '''
        output = self.run_shell(script, '--root', root)
        self.assertIn('total\t0\n', output)
        self.assertIn('kept\tlive\t', output)

    def test_status(self):
        for status in (0, 1, 2, 7, 124, 125, 126, 127, 128, 143, 255):
            self.run_shell(f'exit {status}', status=status)
        self.assert_nothing_left()

    def test_ended_by_signal(self):
        for number in (signal.SIGTERM, signal.SIGKILL, signal.SIGINT, signal.SIGSEGV, signal.SIGHUP,
                       signal.SIGUSR1, signal.SIGABRT, signal.SIGPIPE, signal.SIGRTMIN + 3):
            self.run_shell(f'kill -{int(number)} $$', status=128 + number)
        self.assert_nothing_left()

    def test_ended_by_signal_with_it(self):
        """A signal to the group ends both of them."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT,
                       signal.SIGUSR1, signal.SIGPWR, signal.SIGRTMIN + 3):
            result = self.run_tool('run', '--', 'sh', '-c', f'kill -{int(number)} 0',
                                   start_new_session=True)
            self.assertEqual(result.status, -number)
        self.assert_nothing_left()

    def test_ended_by_signal_as_a_shell_sees_it(self):
        for number in (signal.SIGTERM, signal.SIGKILL, signal.SIGINT, signal.SIGQUIT):
            for shell in ('sh', 'bash'):
                output = subprocess.run(
                    [shell, '-c', '"$0" run -- sh -c "kill -$1 \\$\\$"; echo $?', support.TOOL,
                     str(int(number))],
                    env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
                self.assertEqual(int(output), 128 + number)

    def test_no_core_of_its_own(self):
        """The command would overwrite the core of the program."""
        def allow_cores():
            resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)

        process = self.start('run', '--', 'sh', '-c', 'ulimit -c 0; kill -QUIT 0',
                             preexec_fn=allow_cores, start_new_session=True)
        process.stdout.close()
        process.stderr.close()
        _, status = os.waitpid(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(process.returncode, -signal.SIGQUIT)
        self.assertFalse(os.WCOREDUMP(status))

    def test_cannot_run(self):
        plain = self.path('plain')
        with open(plain, 'w') as file:
            file.write('exit 3\n')
        bad = self.path('bad')
        with open(bad, 'w') as file:
            file.write('#!/missing/interpreter\n')
        os.chmod(bad, 0o755)
        for program, status in ((plain, 126), (self.folder, 126), ('missing-program', 127),
                                ('./missing', 127), ('', 127), (bad, 127)):
            errors = self.fail_with(status, 'run', '--keep-on-failure', program)
            self.assertIn('Could not run', errors)
            reference = subprocess.run(['env', program], stderr=subprocess.DEVNULL,
                                       cwd=self.folder, env=self.environment)
            self.assertEqual(reference.returncode, status, f'env disagrees: {program!r}')
        self.assert_nothing_left()

    def test_script_without_interpreter(self):
        script = self.path('own-script')
        with open(script, 'w') as file:
            file.write('echo "$# $1"; exit 5\n')
        os.chmod(script, 0o755)
        self.environment['PATH'] += ':' + self.folder
        for program in (script, './own-script', 'own-script'):
            result = self.run_tool('run', program, 'a b', 'c')
            self.assertEqual((result.status, result.output), (5, b'2 a b\n'))

    def test_arguments(self):
        script = 'import sys, os; print([os.fsencode(argument) for argument in sys.argv[1:]])'
        arguments = ['--', '-x', '--help', '', 'a b', b'\xff\n', '--in=x']
        for separator in ([], ['--']):
            output = self.succeed('run', *separator, sys.executable, '-c', script, *arguments)
            self.assertEqual(eval(output), [os.fsencode(argument) for argument in arguments])
        self.assertEqual(self.succeed('run', 'printf', '%s', '--help'), b'--help')

    def test_standard_streams(self):
        process = self.start('run', '--', 'sh', '-c', 'cat; echo error >&2', stdin=subprocess.PIPE)
        output, errors = process.communicate(b'input', timeout=support.PATIENCE)
        self.assertEqual((process.returncode, output, errors), (0, b'input', b'error\n'))

    def test_environment(self):
        """The environment is that of the command, with the two variables."""
        script = 'import os; print(dict(os.environb))'
        self.environment['NAME'] = 'value'
        self.environment['GIO_USE_VFS'] = 'mine'
        found = eval(self.succeed('run', sys.executable, '-c', script))
        path = found.pop(b'TEMPMAN_DIRECTORY')
        self.assertEqual(found.pop(b'TMPDIR'), path)
        self.assertTrue(path.startswith(os.fsencode(self.tmp)))
        expected = {os.fsencode(name): os.fsencode(value)
                    for name, value in self.environment.items() if name != 'TMPDIR'}
        found.pop(b'LC_CTYPE', None)
        self.assertEqual(found, expected)

    def test_state(self):
        """No descriptor, no signal mask, no ignored signal and no limit is left in the program."""
        script = '''
import os, resource, signal
print(sorted(os.listdir('/proc/self/fd'), key=int)[:-1])
# Two signals of the C library's own are ignored after posix_spawn().
print([hex(int(line.split()[1], 16) & ~(3 << 31)) for line in open('/proc/self/status')
       if line.startswith(('SigBlk', 'SigIgn'))])
print(resource.getrlimit(resource.RLIMIT_CORE), os.getpgrp(), os.getsid(0), os.getcwd(), os.umask(0))
'''
        def prepare(ignored, blocked):
            for number in ignored:
                signal.signal(number, signal.SIG_IGN)
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
            os.umask(0o027)
            os.setpgid(0, 0)

        for ignored, blocked in (
                ([signal.SIGHUP], [signal.SIGUSR2]),
                ([], []),
                ([signal.SIGCHLD, signal.SIGPIPE, signal.SIGXFSZ, signal.SIGWINCH], []),
                ([], [signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGPIPE])):
            outputs = []
            for prefix in ([support.TOOL, 'run', '--'], []):
                process = subprocess.Popen(
                    [*prefix, sys.executable, '-c', script], env=self.environment, cwd=self.folder,
                    preexec_fn=lambda: prepare(ignored, blocked), stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE, restore_signals=False)
                self.addCleanup(self.stop, process)
                output = process.communicate(timeout=support.PATIENCE)[0].decode()
                self.assertEqual(process.returncode, 0)
                outputs.append(output.replace(str(process.pid), 'GROUP'))
            self.assertEqual(outputs[0], outputs[1])

    def test_closed_streams(self):
        """A closed descriptor is closed in the program, too."""
        result = subprocess.run(
            ['sh', '-c', '"$0" run -- sh -c "ls /proc/self/fd >list" <&-', support.TOOL],
            env=self.environment, cwd=self.folder)
        self.assertEqual(result.returncode, 0)
        with open(self.path('list')) as file:
            # Standard output, standard error, and the descriptor with which ls reads the list, in
            # place of the input.
            self.assertEqual(file.read().split(), ['0', '1', '2'])

    def test_left_in_the_background(self):
        """Processes that the program leaves running keep neither the directory nor its lock."""
        ready = self.path('ready')
        script = f'''
            (trap "" HUP; touch "$TMPDIR/mine"; exec 1>&- 2>&-; touch {ready}; exec sleep 1000) &
            echo $!; while ! test -e {ready}; do :; done
        '''
        pid = int(self.run_shell(script))
        try:
            self.assert_nothing_left()
        finally:
            os.kill(pid, signal.SIGKILL)

    def test_killed(self):
        """The directory has lost its owner, whatever the program does."""
        process, pid, directory = self.start_listener()
        process.kill()
        process.wait()
        self.assert_there(directory)
        try:
            self.succeed('cleanup', self.tmp, '--timeout', '1h', '--reclaim')
            self.assert_gone(directory)
        finally:
            os.kill(pid, signal.SIGKILL)

    def test_program_deletes_it(self):
        self.run_shell('rmdir "$TMPDIR"')
        self.run_shell('rmdir "$TMPDIR"; exit 3', '-k', status=3)

    def test_mode(self):
        """The directory is deleted, whatever mode the program sets."""
        self.run_shell('mkdir "$TMPDIR/d"; chmod 0 "$TMPDIR/d" "$TMPDIR"')
        self.assert_nothing_left()

    def test_cannot_be_deleted(self):
        script = 'mkdir "$TMPDIR/mounted" && mount -t tmpfs none "$TMPDIR/mounted" && exit "$0"'
        for status, expected in ((0, 125), (3, 3)):
            result = subprocess.run(
                ['unshare', '--mount', '--map-root-user', support.TOOL, 'run', 'sh', '-c', script,
                 str(status)], env=self.environment, stderr=subprocess.PIPE)
            if b'unshare' in result.stderr or b'mount:' in result.stderr:
                self.skipTest(result.stderr.decode().strip())
            self.assertEqual(result.returncode, expected)
            self.assertIn(b'mounted', result.stderr)

    def test_interrupted_while_creating(self):
        root = self.mkdir('root')
        for i in range(3):
            os.chmod(self.make_tree('root', f'{i}-{support.ABANDONED}', n_directories=100), 0o1700)
        gate = self.hold_deletions()
        process = self.start('run', '--root', root, 'touch', self.path('ran'))
        gate.signal(process, signal.SIGINT)
        result = self.finish(process)
        self.assertEqual((result.status, result.errors), (-signal.SIGINT, ''))
        self.assert_gone(self.path('ran'))
        self.assertTrue(all(name.endswith(support.ABANDONED) for name in os.listdir(root)))


class KeepOnFailure(RunCase):
    def test_success(self):
        for option in ('--keep-on-failure', '-k'):
            self.run_shell('touch "$TMPDIR/file"', option)
        self.assert_nothing_left()

    def keep(self, script, status):
        result = self.run_tool('run', '-k', '--', 'sh', '-c', script)
        self.assertEqual(result.status, status)
        name, = os.listdir(self.tmp)
        path = os.path.join(self.tmp, name)
        self.assertIn(path, result.errors)
        self.assert_there(os.path.join(path, 'file'))
        # It has no owner: it expires by its age only.
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o700)
        self.succeed('cleanup', self.tmp, '--timeout', '1h', '--reclaim')
        self.assert_there(path)
        self.succeed('delete', path)

    def test_failure(self):
        self.keep('touch "$TMPDIR/file"; exit 3', 3)

    def test_signal(self):
        self.keep('touch "$TMPDIR/file"; kill -TERM $$', 128 + signal.SIGTERM)

    def test_not_asked_for(self):
        self.run_shell('touch "$TMPDIR/file"; exit 3', status=3)
        self.assert_nothing_left()


class Signals(RunCase):
    def test_passed_on(self):
        """Each of them reaches the program, which handles it."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
            process, _, directory = self.start_listener()
            process.send_signal(number)
            result = self.finish(process)
            self.assertEqual(result.status, 42, number)
            self.assertEqual(self.read_log()[1:], [str(int(number))])
            self.assert_gone(directory)
            os.unlink(self.log)

    def test_passed_on_and_go_on(self):
        process, _, _ = self.start_listener()
        numbers = [int(number) for number in (
            signal.SIGUSR1, signal.SIGUSR2, signal.SIGCONT, signal.SIGALRM, signal.SIGVTALRM,
            signal.SIGPROF, signal.SIGIO, signal.SIGPWR, signal.SIGWINCH, signal.SIGURG,
            signal.SIGRTMIN, signal.SIGRTMIN + 3, signal.SIGRTMAX)]
        for number in numbers:
            process.send_signal(number)
            self.wait_until(lambda: str(number) in self.read_log(), f'waiting for {number}')
        process.terminate()
        self.assertEqual(self.finish(process).status, 42)
        self.assertEqual(self.read_log()[1:], [str(number) for number in (*numbers, 15)])
        self.assert_nothing_left()

    def test_default(self):
        """A program without a handler is ended, and the directory deleted."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1,
                       signal.SIGUSR2, signal.SIGALRM, signal.SIGRTMIN):
            ready = self.path(f'ready-{number}')
            process = self.start('run', '--', 'sh', '-c', f'touch {ready}; exec sleep 1000')
            self.wait_for_file(ready)
            process.send_signal(number)
            self.assertEqual(self.finish(process).status, -number)
            self.assert_nothing_left()

    def test_before_the_program_runs(self):
        """At any moment from the start on, no signal is lost, and no directory is left."""
        for i in range(40):
            process = self.start('run', '--', 'sleep', '1000')
            # From then on the signal is passed on. The mask does not contain the signals that the
            # command waits for.
            self.wait_until(lambda: support.is_blocked(process.pid, signal.SIGTERM) or
                            support.get_children(process.pid), 'waiting for the mask')
            time.sleep(i * 0.0003)
            process.terminate()
            self.assertEqual(self.finish(process).status, -signal.SIGTERM)
            self.assert_nothing_left()

    def test_ignored(self):
        """The program ignores the signals that the command was started to ignore."""
        ready = self.path('ready')
        process = self.start('run', '--', 'sh', '-c', f'touch {ready}; exec sleep 1000',
                             preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
        self.wait_for_file(ready)
        process.send_signal(signal.SIGHUP)
        process.terminate()
        self.assertEqual(self.finish(process).status, -signal.SIGTERM)

    def test_children_ignored(self):
        """The parent may ignore SIGCHLD."""
        for status in (0, 3):
            result = self.run_tool('run', '--', 'sh', '-c', f'exit {status}',
                                   preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN))
            self.assertEqual(result.status, status)

    def test_blocked(self):
        """The inherited mask has no effect: the command waits for the program, and passes
        signals on. The program has that mask."""
        def block():
            signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())

        for status in (0, 3):
            self.assertEqual(self.run_tool('run', 'sh', '-c', f'exit {status}', preexec_fn=block).status,
                             status)
        process, pid, _ = self.start_listener(preexec_fn=block)
        process.terminate()
        self.wait_until(lambda: support.is_pending(pid, signal.SIGTERM), 'waiting for the signal')
        os.kill(pid, signal.SIGKILL)
        self.assertEqual(self.finish(process).status, 128 + signal.SIGKILL)
        self.assert_nothing_left()

    def test_sent_faults(self):
        """Signals of a fault are passed on if another process sends them, such as a watchdog."""
        for number in (signal.SIGABRT, signal.SIGSEGV, signal.SIGTRAP, signal.SIGXCPU, signal.SIGPIPE,
                       signal.SIGSYS):
            ready = self.path(f'ready-{number}')
            process = self.start('run', '--', 'sh', '-c', f'ulimit -c 0; touch {ready}; exec sleep 1000')
            self.wait_for_file(ready)
            process.send_signal(number)
            self.assertEqual(self.finish(process).status, -number)
            self.assert_nothing_left()

    def test_alarm(self):
        """An alarm that was set before the command was executed, as by `perl -e 'alarm 1; exec
        @ARGV'`."""
        process = self.start('run', '--', 'sleep', '1000', preexec_fn=lambda: signal.alarm(1))
        self.assertEqual(self.finish(process).status, -signal.SIGALRM)
        self.assert_nothing_left()

    def test_hang_up(self):
        """The terminal hangs up, and the kernel signals the leader of the session alone."""
        self.log = self.path('log')
        terminal = support.Terminal(self, [support.TOOL, 'run', '--', sys.executable, '-c', LISTENER,
                                           self.log])
        self.wait_until(lambda: os.path.exists(self.log) and self.read_log(), 'waiting for it')
        terminal.hang_up()
        self.assertEqual(terminal.finish(), 42)
        self.assertIn(str(int(signal.SIGHUP)), self.read_log())
        self.assertEqual(self.read_log().count(str(int(signal.SIGHUP))), 1)
        self.assert_nothing_left()

    def test_first_process(self):
        """As the first process of a container it waits for the orphans of all others."""
        script = '''
            sh -c 'sh -c "exit 0" & exec true' &
            for i in 1 2 3 4 5 6 7 8 9 10; do (sh -c 'exit 0' & exit 0); done
            wait
            i=0
            while grep -l '^State:.Z' /proc/[0-9]*/status >/dev/null 2>&1; do
                i=$((i + 1))
                test $i -lt 1000 || exit 9
                sleep 0.01
            done
            exit 3
        '''
        result = subprocess.run(
            ['unshare', '--user', '--map-root-user', '--pid', '--fork', '--mount-proc', support.TOOL,
             'run', '--', 'sh', '-c', script], env=self.environment, stderr=subprocess.PIPE)
        if b'unshare' in result.stderr:
            self.skipTest(result.stderr.decode().strip())
        self.assertEqual((result.returncode, result.stderr), (3, b''))
        self.assert_nothing_left()

    def test_stopped_and_continued(self):
        """The signal is sent to the command alone: the program stops first, and then the
        command."""
        # In an orphaned process group, programs would not stop.
        process, pid, _ = self.start_listener(preexec_fn=lambda: os.setpgid(0, 0))
        for number in (signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU):
            process.send_signal(number)
            for each in (pid, process.pid):
                self.wait_until(lambda: support.get_process_status(each)['State'].startswith('T'),
                                f'waiting for {each} to stop')
            process.send_signal(signal.SIGCONT)
            for each in (pid, process.pid):
                self.wait_until(
                    lambda: not support.get_process_status(each)['State'].startswith('T'),
                    f'waiting for {each} to go on')
        process.terminate()
        self.assertEqual(self.finish(process).status, 42)

    def test_stopped_by_another_process(self):
        """If another process stops the program alone, the command does not stop."""
        process, pid, _ = self.start_listener()
        os.kill(pid, signal.SIGSTOP)
        self.wait_until(lambda: support.get_process_status(pid)['State'].startswith('T'),
                        'waiting for it to stop')
        process.send_signal(signal.SIGUSR1)
        self.wait_until(lambda: support.is_pending(pid, signal.SIGUSR1), 'waiting for the signal')
        self.assertFalse(support.get_process_status(process.pid)['State'].startswith('T'))
        os.kill(pid, signal.SIGCONT)
        self.wait_until(lambda: str(int(signal.SIGUSR1)) in self.read_log(), 'waiting for it to go on')
        process.terminate()
        self.assertEqual(self.finish(process).status, 42)

    def test_own_signals(self):
        """A signal from the program to its group has reached the program already."""
        log = self.path('log')
        script = f'''
import os, signal, time
n = 0
def handle(number, frame):
    global n
    n += 1
    with open({log!r}, 'w') as file:
        file.write(str(n))
signal.signal(signal.SIGUSR1, handle)
os.killpg(0, signal.SIGUSR1)
# Signals are passed on in their order.
signal.signal(signal.SIGTERM, lambda number, frame: exit(0))
with open({log!r} + '-sent', 'w'):
    pass
while True:
    time.sleep(1)
'''
        process = self.start('run', '--', sys.executable, '-c', script, start_new_session=True)
        self.wait_for_file(log + '-sent')
        self.wait_until(lambda: not support.is_pending(process.pid, signal.SIGUSR1), 'waiting for it')
        process.terminate()
        self.assertEqual(self.finish(process).status, 0)
        with open(log) as file:
            self.assertEqual(file.read(), '1')

    def test_while_it_is_deleted(self):
        """Only Ctrl+C ends the deletion at the end, and the rest of the directory is abandoned."""
        for number, is_deleted in ((signal.SIGTERM, True), (signal.SIGHUP, True), (signal.SIGQUIT, True),
                             (signal.SIGUSR1, True), (signal.SIGINT, False)):
            gate = self.hold_deletions()
            process = self.start('run', '--', 'env', '-u', 'LD_PRELOAD', 'bash', '-c',
                                 'mkdir -p "$TMPDIR"/{1..100}/x')
            gate.wait()
            process.send_signal(number)
            if is_deleted:
                gate.open()
                self.assertEqual(self.finish(process).status, 0)
            else:
                gate.signal(process, number)
                result = self.finish(process)
                self.assertEqual(result.status, -number)
                name, = os.listdir(self.tmp)
                self.assertIn(name, result.errors)
                self.environment.pop('LD_PRELOAD')
                self.succeed('cleanup', self.tmp, '--timeout', '1h', '--reclaim')
            self.assert_nothing_left()
            for path in (gate.reached, gate.opened):
                os.unlink(path)


if __name__ == '__main__':
    support.main()
