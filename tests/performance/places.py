# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The file systems that are measured on. Nothing of them is left when the program has ended."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile

SHARED_MEMORY = '/dev/shm'
IMAGE_SIZE = 6 << 30
IMAGE_INODES = 1_100_000

# Set in the process that has a mount namespace of its own.
_MARKER = 'TEMPMAN_PERFORMANCE_NAMESPACE'


class Unavailable(Exception):
    """The machine does not have this file system; the text says why."""


class Place:
    """A directory to measure in. Its name is a key of the tables."""

    def __init__(self, name, path, description):
        self.name = name
        self.path = path
        self.description = description

    def settle(self):
        """Waits until what was built is on the medium: writing it is not what is measured."""
        if self.name not in ('tmpfs', 'anywhere'):
            subprocess.run(['sync', '-f', self.path], check=True)

    @contextlib.contextmanager
    def fresh_directory(self):
        """Within it, an empty directory is the current one; nothing of it is left afterwards."""
        path = tempfile.mkdtemp(dir=self.path)
        os.chdir(path)
        try:
            yield
        finally:
            os.chdir(self.path)
            # What somebody left who failed. shutil.rmtree() would fail on a deep tree, too.
            subprocess.run(['rm', '-rf', path], check=True)


def enter_mount_namespace():
    """Starts the program anew where its mounts are its own, and end with it, however it ends."""
    if os.geteuid() == 0 and shutil.which('unshare') and _MARKER not in os.environ:
        os.environ[_MARKER] = '1'
        os.execvp('unshare', ['unshare', '--mount', '--propagation', 'private', sys.executable,
                              *sys.argv])


def _type_of(path):
    result = subprocess.run(['stat', '--file-system', '--format=%T', path], capture_output=True,
                            text=True, check=False)
    return result.stdout.strip().replace('ext2/ext3', 'ext4')


@contextlib.contextmanager
def _directory(parent):
    path = tempfile.mkdtemp(prefix='tempman-performance-', dir=parent)
    try:
        yield path
    finally:
        # shutil.rmtree() would fail on the deep tree that an interrupted run leaves.
        subprocess.run(['rm', '-rf', path], check=False)


@contextlib.contextmanager
def _tmpfs():
    if _type_of(SHARED_MEMORY) != 'tmpfs':
        raise Unavailable(f'{SHARED_MEMORY} is no tmpfs')
    with _directory(SHARED_MEMORY) as path:
        yield Place('tmpfs', path, 'tmpfs')


@contextlib.contextmanager
def _ext4():
    if _MARKER not in os.environ:
        raise Unavailable('only root can mount an image')
    if shutil.which('mkfs.ext4') is None:
        raise Unavailable('there is no mkfs.ext4')
    with _directory(SHARED_MEMORY) as path:
        image = os.path.join(path, 'image')
        mount_point = os.path.join(path, 'mount')
        os.mkdir(mount_point)
        with open(image, 'wb') as file:
            file.truncate(IMAGE_SIZE)
        # Written at once, since the kernel would do so in the background while it is measured.
        subprocess.run(['mkfs.ext4', '-q', '-F', '-N', str(IMAGE_INODES),
                        '-E', 'lazy_itable_init=0,lazy_journal_init=0', image], check=True)
        result = subprocess.run(['mount', '-o', 'loop', image, mount_point], capture_output=True,
                                text=True, check=False)
        if result.returncode != 0:
            raise Unavailable(result.stderr.strip())
        # The loop device keeps it for as long as it is mounted.
        os.unlink(image)
        try:
            yield Place('ext4', mount_point, 'ext4 (loop-mounted from a file in tmpfs)')
        finally:
            os.chdir('/')
            subprocess.run(['umount', mount_point], check=True)


def _on_disk(directories):
    """The first of the directories in which files can be made that are not kept in memory."""
    for path in directories:
        if os.path.isdir(path) and os.access(path, os.W_OK) and \
                _type_of(path) not in ('tmpfs', 'ramfs'):
            return path
    raise Unavailable('no directory on a disk was found among ' + ', '.join(directories))


@contextlib.contextmanager
def _disk(programs):
    here = os.path.dirname(os.path.abspath(__file__))
    with _directory(_on_disk([tempfile.gettempdir(), '/var/tmp', programs, here])) as path:
        # Without a journal, ext4 takes no inode that was in use a minute ago, and looks at all of
        # these whenever it needs one. It asks less of it to put each tree in another place.
        subprocess.run(['chattr', '+T', path], stderr=subprocess.DEVNULL, check=False)
        yield Place('disk', path, f'disk ({_type_of(path)}, the machine\'s own)')


@contextlib.contextmanager
def _anywhere():
    """For a run whose figures mean nothing: in the directory for temporary files."""
    with _directory(None) as path:
        yield Place('anywhere', path, 'the directory for temporary files')


def open_place(name, programs):
    """A context manager of the place, which raises Unavailable."""
    return {
        'tmpfs': _tmpfs,
        'ext4': _ext4,
        'disk': lambda: _disk(programs),
        'anywhere': _anywhere,
    }[name]()
