# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What each docs/examples/publish.* has to do, whatever it is written in. Prints TAP.

Usage: test-publish.py COMMAND..., which runs the example
"""

import fcntl
import io
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
import traceback

HOUR = 60 * 60

# Their bytes order them otherwise than this, a walk through the folders, a language, or UTF-16.
FILES = {
    'zebra': b'zz',
    'Zebra': b'',
    '-dash': b'not an option',
    'a/b': b'1' * 1000,
    'a-b': b'2',
    'a.b/c/d': b'34',
    ' space and "quotes\' ': b'5',
    'back\\slash': b'6',
    'caf\u00e9/\u732b': b'7\n',
    '\U0001f4c1': b'8',
    '\uff21': b'9',
}
INDEX = b''.join(b'%d %s\n' % (len(FILES[name]), name.encode())
                 for name in sorted(FILES, key=str.encode))

# The mark counts together with a name that the library could have given.
RANDOM_PART = 'abcdefghijklmnopqrst'


class Skip(Exception):
    pass


def write_archive(path):
    """Pack the files as `tar -C FOLDER -cf PATH .` does, with entries of other types, which are
    not listed."""
    with tarfile.open(path, 'w', format=tarfile.GNU_FORMAT, encoding='utf-8') as archive:
        def add(name, kind, content=b'', link=''):
            member = tarfile.TarInfo('./' + name)
            member.type = kind
            member.mode = 0o755 if kind == tarfile.DIRTYPE else 0o644
            # Long ago: neither a cleanup nor the end of the work may take that for its age.
            member.mtime = 1000000000
            member.uid, member.gid = os.getuid(), os.getgid()
            member.size = len(content)
            member.linkname = link
            archive.addfile(member, io.BytesIO(content))

        add('', tarfile.DIRTYPE)
        for folder in sorted({os.path.dirname(name) for name in FILES} - {''} | {'a.b', 'empty'}):
            add(folder, tarfile.DIRTYPE)
        for name, content in FILES.items():
            add(name, tarfile.REGTYPE, content)
        add('link to a file', tarfile.SYMTYPE, link='zebra')
        add('link to a folder', tarfile.SYMTYPE, link='.')
        add('dangling link', tarfile.SYMTYPE, link='nowhere')


class Case:
    """A folder with an archive, a root, and an earlier publication."""

    def __init__(self, command, folder):
        self.command = command
        self.folder = folder
        self.root = os.path.join(folder, 'root')
        self.archive = os.path.join(folder, 'archive.tar')
        self.destination = os.path.join(folder, 'published here')
        write_archive(self.archive)

    def publish_before(self):
        os.makedirs(os.path.join(self.destination, 'stale'))
        self.write(os.path.join(self.destination, 'stale', 'file'))
        self.write(os.path.join(self.destination, 'zebra'))

    def write(self, path):
        with open(path, 'w', encoding='utf-8') as file:
            file.write('before')

    def make(self, name, age=0, mode=0o700):
        """Make a directory in the root that was last used so many hours ago."""
        path = os.path.join(self.root, name)
        os.makedirs(path)
        self.write(os.path.join(path, 'file'))
        os.chmod(path, mode)
        self.set_age(path, age)
        return path

    def set_age(self, path, age):
        os.utime(path, (time.time() - age * HOUR,) * 2)

    def hold(self, path):
        """Use the directory: the descriptor has the lock that a temporary directory has."""
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(fd, fcntl.LOCK_SH)
        return fd

    def start(self):
        return subprocess.Popen([*self.command, self.root, self.archive, self.destination],
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, encoding='utf-8')

    def run(self):
        return self.end(self.start())

    def end(self, process):
        output, errors = process.communicate(timeout=60)
        print(''.join(f'# {line}\n' for line in (output + errors).splitlines()), end='')
        return process.returncode, output, errors

    def check_published(self):
        with open(os.path.join(self.destination, 'INDEX'), 'rb') as file:
            equal(file.read(), INDEX)
        found = {os.path.relpath(os.path.join(folder, name), self.destination)
                 for folder, _, names in os.walk(self.destination) for name in names}
        equal(found, {*FILES, 'INDEX', 'link to a file', 'dangling link'})
        for name, content in FILES.items():
            with open(os.path.join(self.destination, name), 'rb') as file:
                equal(file.read(), content)

    def check_failed(self, result, named):
        status, output, errors = result
        equal(status, 1)
        equal(output, '')
        check(named in errors, f'{named!r} is not named in {errors!r}')


def check(condition, message):
    if not condition:
        raise AssertionError(message)


def equal(actual, expected):
    check(actual == expected, f'expected {expected!r}, got {actual!r}')


def publishes_in_a_root_of_its_own(case):
    status, output, errors = case.run()
    equal(errors, '')
    equal(output, f'published {case.destination}: {len(FILES)} files\ncleaned up 0 directories\n')
    equal(status, 0)
    case.check_published()
    equal(os.listdir(case.root), [])


def replaces_what_was_published(case):
    case.publish_before()
    equal(case.run()[0], 0)
    case.check_published()
    check(not os.path.lexists(os.path.join(case.destination, 'stale')), 'the old one is there')
    equal(os.listdir(case.root), [])


def cleans_up_what_has_expired(case):
    case.make('old', age=25)
    case.make('young', age=23)
    case.make(f'abandoned-{RANDOM_PART}', mode=0o1700)
    case.hold(case.make('live', age=25, mode=0o1700))
    case.hold(case.make('live, without the mark', age=25))
    equal(case.run()[0], 0)
    equal(set(os.listdir(case.root)), {'young', 'live', 'live, without the mark'})
    for name in os.listdir(case.root):
        check(os.path.exists(os.path.join(case.root, name, 'file')), f'{name} was emptied')


def cleans_up_at_the_end(case):
    """The program waits at the archive, on which this process has a lease: the entries that it cleans
    up are not there yet when its directory is created."""
    abandoned = case.hold(case.make(f'abandoned-{RANDOM_PART}', mode=0o1700))
    case.hold(case.make('live', mode=0o1700))
    archive = os.open(case.archive, os.O_RDWR)
    signal.signal(signal.SIGIO, signal.SIG_IGN)
    try:
        fcntl.fcntl(archive, fcntl.F_SETLEASE, fcntl.F_WRLCK)
    except OSError as error:
        raise Skip(f'no lease on a file here: {error.strerror}') from None

    process = case.start()
    while fcntl.fcntl(archive, fcntl.F_GETLEASE) == fcntl.F_WRLCK and process.poll() is None:
        time.sleep(0.001)
    equal(len(os.listdir(case.root)), 3)
    os.close(abandoned)
    case.make('expired while it worked', age=25)
    os.close(archive)

    status, output, _ = case.end(process)
    equal(output, f'published {case.destination}: {len(FILES)} files\ncleaned up 2 directories\n')
    equal(status, 0)
    equal(os.listdir(case.root), ['live'])


def fails_without_an_archive(case):
    case.publish_before()
    os.unlink(case.archive)
    case.check_failed(case.run(), case.archive)
    equal(os.listdir(case.root), [])
    equal(sorted(os.listdir(case.destination)), ['stale', 'zebra'])


def fails_when_it_cannot_publish(case):
    """The last test, after all the work is done."""
    case.destination = os.path.join(case.folder, 'missing', 'name')
    case.check_failed(case.run(), case.destination)
    equal(os.listdir(case.root), [])


def fails_without_a_root(case):
    case.write(case.root)
    case.check_failed(case.run(), case.root)
    check(not os.path.lexists(case.destination), 'published')


def main(command):
    tests = [publishes_in_a_root_of_its_own, replaces_what_was_published, cleans_up_what_has_expired,
             cleans_up_at_the_end, fails_without_an_archive, fails_when_it_cannot_publish,
             fails_without_a_root]
    n_failed = 0
    for number, test in enumerate(tests, 1):
        name = test.__name__.replace('_', ' ')
        folder = tempfile.mkdtemp(prefix='tempman-test-')
        try:
            test(Case(command, folder))
            print(f'ok {number} - {name}')
        except Skip as reason:
            print(f'ok {number} - {name} # SKIP {reason}')
        except (AssertionError, OSError, subprocess.TimeoutExpired):
            n_failed += 1
            print(f'not ok {number} - {name}')
            print(''.join(f'# {line}\n' for line in traceback.format_exc().splitlines()), end='')
        shutil.rmtree(folder)
    print(f'1..{len(tests)}')
    return n_failed > 0


sys.exit(main(sys.argv[1:]))
