# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Helpers for the tests of the command: they run it, and print TAP."""

import errno
import fcntl
import os
import re
import pty
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
import unittest

TOOL = os.environ.get('TEMPMAN_TOOL') or shutil.which('tempman')
HERE = os.path.dirname(os.path.abspath(__file__))

DAY = 24 * 60 * 60
# Names as the library creates them: only with such a name is the sticky bit the mark.
ABANDONED = 'abandoned-' + 'a' * 20
ABANDONED_OLD = 'abandoned-old-' + 'a' * 20

# How long to wait for an event that occurs sooner or later on a busy machine.
PATIENCE = 120

# A script that starts a job in the background, such as the tests, makes it ignore these two
# signals, and its children inherit that.
for ignored in signal.SIGINT, signal.SIGQUIT:
    signal.signal(ignored, signal.SIG_DFL)


def of_linux(call):
    """For a test of what is weaker without a call of Linux: see docs/platforms.md."""
    return unittest.skipIf('TEMPMAN_TEST_LINUX_CALLS' in os.environ, f'the library was built without {call}')


def remove(folder):
    """Remove a folder with everything in it, also directories that deny access to their owner."""
    if os.geteuid() != 0:
        for path, names, _ in os.walk(folder):
            for name in names:
                child = os.path.join(path, name)
                if not os.path.islink(child):
                    os.chmod(child, 0o700)
    shutil.rmtree(folder)


class Result:
    """The status and the output of a run of the command."""

    def __init__(self, status, output, errors):
        self.status = status
        self.output = output
        self.errors = errors

    @property
    def lines(self):
        return self.output.decode().splitlines()


class TestCase(unittest.TestCase):
    """A test with a folder of its own, which contains the home directory and the temporary
    directory."""

    believes_utime = True

    def setUp(self):
        # As bytes, so that files of every name can be removed.
        self.folder = os.path.realpath(tempfile.mkdtemp(prefix='tempman-test-'))
        self.addCleanup(remove, os.fsencode(self.folder))
        self.home = self.mkdir('home')
        self.tmp = self.mkdir('tmp')
        self.environment = {
            **{name: value for name, value in os.environ.items()
               if name in ('PATH', 'LD_LIBRARY_PATH', 'ASAN_OPTIONS', 'UBSAN_OPTIONS')},
            'HOME': self.home,
            'TMPDIR': self.tmp,
            'LC_ALL': 'C.UTF-8',
            'TERM': 'xterm',
            'G_DEBUG': 'fatal-warnings',
        }

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def mkdir(self, *names, age=0):
        """Create a directory that was last used @age seconds ago."""
        path = self.path(*names)
        os.makedirs(path)
        self.set_age(path, age)
        return path

    def set_age(self, path, age):
        then = time.time() - age
        os.utime(path, (then, then))

    def make_tree(self, *names, n_directories=300):
        """Create a tree that is deleted in many steps. Return its path."""
        path = self.mkdir(*names)
        for i in range(n_directories):
            os.mkdir(os.path.join(path, str(i)))
            os.mkdir(os.path.join(path, str(i), 'empty'))
        return path

    def add_age_basis(self, arguments):
        """Add an age basis if none is given: tests set ages with utime(), which the default
        basis does not accept."""
        command = arguments[0] if arguments else None
        if (self.believes_utime
                and (command in ('cleanup', 'list')
                     or command in ('create', 'run') and '--root' in arguments)
                and not any(str(argument).startswith('--age-basis') for argument in arguments)):
            return [command, '--age-basis', 'accessed-or-modified', *arguments[1:]]
        return arguments

    def start(self, *arguments, **options):
        arguments = self.add_age_basis(arguments)
        options.setdefault('stdin', subprocess.DEVNULL)
        options.setdefault('stdout', subprocess.PIPE)
        options.setdefault('stderr', subprocess.PIPE)
        options.setdefault('cwd', self.folder)
        options.setdefault('env', self.environment)
        process = subprocess.Popen([TOOL, *arguments], **options)
        self.addCleanup(self.stop, process)
        return process

    def stop(self, process):
        if process.poll() is None:
            process.kill()
        process.wait()
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()

    def finish(self, process):
        output, errors = process.communicate(timeout=PATIENCE)
        return Result(process.returncode, output, (errors or b'').decode(errors='replace'))

    def run_tool(self, *arguments, **options):
        return self.finish(self.start(*arguments, **options))

    def options_in_help(self, *command):
        """Return the long and the short options in the help of a command."""
        text = self.succeed(*command, '--help').decode()
        found = re.findall(r'^  (?:(-\w), )?(--[\w-]+)', text, re.MULTILINE)
        return ({long for _, long in found}, {short for short, _ in found if short})

    def succeed(self, *arguments, **options):
        """Run the command, which must print no error. Return its output."""
        result = self.run_tool(*arguments, **options)
        self.assertEqual((result.status, result.errors), (0, ''))
        return result.output

    def fail_with(self, status, *arguments, **options):
        """Run the command, which must fail with the status and print a message. Return the
        message."""
        result = self.run_tool(*arguments, **options)
        self.assertEqual(result.status, status, result.errors)
        self.assertTrue(result.errors.startswith('tempman: '), result.errors)
        return result.errors

    def wait_until(self, condition, what):
        deadline = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > deadline:
                self.fail(f'in vain: {what}')
            time.sleep(0.005)

    def wait_for_file(self, path):
        self.wait_until(lambda: os.path.lexists(path), f'waiting for {path}')

    def assert_there(self, *paths):
        for path in paths:
            self.assertTrue(os.path.lexists(path), f'{path!r} is gone')

    def assert_gone(self, *paths):
        for path in paths:
            self.assertFalse(os.path.lexists(path), f'{path!r} is still there')

    def hold_deletions(self):
        """Hold the next command before its first deletion. Return the gate that lets it
        continue."""
        gate = Gate(self)
        self.environment.update(gate.environment)
        return gate


def get_preload_environment(library=None):
    return {
        'LD_PRELOAD': library or os.environ['TEMPMAN_TEST_GATE_LIBRARY'],
        # AddressSanitizer insists on being the first library, unless this option is set.
        'ASAN_OPTIONS': os.environ.get('ASAN_OPTIONS', '') + ':verify_asan_link_order=0',
    }


class Gate:
    """Holds a command before its first deletion. The following ones are slow."""

    def __init__(self, test):
        self.test = test
        self.reached = test.path('gate-reached')
        self.opened = test.path('gate-opened')
        self.environment = {
            **get_preload_environment(),
            'TEMPMAN_TEST_GATE_REACHED': self.reached,
            'TEMPMAN_TEST_GATE_OPENED': self.opened,
        }

    def wait(self):
        self.test.wait_for_file(self.reached)

    def open(self):
        with open(self.opened, 'w'):
            pass

    def signal(self, process, signal_number):
        """Send a signal while the command is held, and let it continue once it has received the
        signal."""
        self.wait()
        process.send_signal(signal_number)
        self.test.wait_until(lambda: not is_pending(process.pid, signal_number),
                             'waiting for the signal to be taken')
        self.open()


def get_process_status(pid):
    with open(f'/proc/{pid}/status') as status:
        return dict(line.rstrip('\n').split(':\t', 1) for line in status if ':\t' in line)


def is_pending(pid, signal_number):
    try:
        status = get_process_status(pid)
    except FileNotFoundError:
        return False
    pending = int(status.get('ShdPnd', '0'), 16) | int(status.get('SigPnd', '0'), 16)
    return bool(pending & 1 << (signal_number - 1))


def is_blocked(pid, signal_number):
    """Whether the signal is blocked, or the process has ended."""
    try:
        mask = get_process_status(pid).get('SigBlk', 'f' * 16)
    except FileNotFoundError:
        return True
    return bool(int(mask, 16) & 1 << (signal_number - 1))


def get_children(pid):
    try:
        with open(f'/proc/{pid}/task/{pid}/children') as children:
            return [int(child) for child in children.read().split()]
    except FileNotFoundError:
        return []


class Terminal:
    """A terminal of its own, in which a program runs."""

    def __init__(self, test, arguments, columns=80, environment=None, cwd=None):
        self.test = test
        self.output = b''
        if arguments[0] == TOOL:
            arguments = [TOOL, *test.add_age_basis(arguments[1:])]
        environment = test.environment if environment is None else environment
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            try:
                fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack('HHHH', 24, columns, 0, 0))
                os.chdir(cwd or test.folder)
                os.execve(arguments[0], arguments, environment)
            finally:
                os._exit(255)
        self.status = None
        test.addCleanup(self.close)

    def close(self):
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        self.hang_up()

    def hang_up(self):
        """Close the terminal, as when a connection is lost."""
        if self.master is not None:
            os.close(self.master)
        self.master = None

    def read(self):
        """Read the available output, for a moment. Return whether there can be more."""
        if not select.select([self.master], [], [], 0.05)[0]:
            return True
        try:
            data = os.read(self.master, 65536)
        except OSError as error:
            if error.errno == errno.EIO:
                return False
            raise
        self.output += data
        return bool(data)

    def wait_for(self, text, start=0):
        """Read until the terminal has shown the text, not counting the output before the start."""
        deadline = time.monotonic() + PATIENCE
        while text not in self.output[start:]:
            if not self.read() or time.monotonic() > deadline:
                self.test.fail(f'{text!r} is not in {self.output[start:]!r}')
        return len(self.output)

    def write(self, data):
        os.write(self.master, data)

    def finish(self):
        """Read until the program has ended. Return its status, negative for a signal."""
        while self.master is not None and self.read():
            pass
        self.test.wait_until(self.has_ended, 'waiting for the program to end')
        return self.status

    def has_ended(self):
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        if pid == self.pid:
            self.status = os.waitstatus_to_exitcode(status)
        return self.status is not None


class TapResult(unittest.TestResult):
    """Prints a line for each test, after the reason if it failed."""

    def __init__(self):
        super().__init__()
        self.n_lines = 0

    def print_line(self, outcome, test, note=''):
        self.n_lines += 1
        print(f'{outcome} {self.n_lines} - {test.id().split(".", 1)[1]}{note}', flush=True)

    def print_failure(self, test, error):
        for line in self._exc_info_to_string(error, test).splitlines():
            print(f'# {line}')
        self.print_line('not ok', test)

    def addSuccess(self, test):
        super().addSuccess(test)
        self.print_line('ok', test)

    def addFailure(self, test, error):
        super().addFailure(test, error)
        self.print_failure(test, error)

    def addError(self, test, error):
        super().addError(test, error)
        self.print_failure(test, error)

    def addSubTest(self, test, subtest, error):
        super().addSubTest(test, subtest, error)
        if error is not None:
            self.print_failure(subtest, error)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.print_line('ok', test, f' # SKIP {reason}')


def main():
    if TOOL is None:
        sys.exit('there is no tempman in PATH, and TEMPMAN_TOOL does not say where it is')
    loader = unittest.TestLoader()
    module = sys.modules['__main__']
    suite = (loader.loadTestsFromNames(sys.argv[1:], module) if len(sys.argv) > 1
             else loader.loadTestsFromModule(module))
    result = TapResult()
    suite.run(result)
    print(f'1..{result.n_lines}')
    sys.exit(not result.wasSuccessful())
