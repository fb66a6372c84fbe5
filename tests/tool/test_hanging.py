# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""A file system is mounted in the root, and its server answers, is stopped or is dead: no command
waits for it, and none calls it a failure."""

import ctypes
import os
import shutil
import signal
import subprocess

import support

CLONE_NEWNS = 0x20000
MS_REC = 0x4000
MS_PRIVATE = 0x40000
MNT_DETACH = 2

AGE_BASES = ('accessed-or-modified', 'changed', 'newest-content')


def enter_mount_namespace():
    """Hide later mounts from other processes. Return whether that is possible."""
    libc = ctypes.CDLL(None)
    return (libc.unshare(CLONE_NEWNS) == 0
            and libc.mount(None, b'/', None, MS_REC | MS_PRIVATE, None) == 0)


def is_mounted(path):
    """Read the table of mounts, since the file system may not answer."""
    with open('/proc/self/mountinfo') as mounts:
        return any(line.split()[4] == path for line in mounts)


@support.of_linux('openat2()')
class Hanging(support.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.can_mount = shutil.which('bindfs') is not None and enter_mount_namespace()

    def setUp(self):
        super().setUp()
        if not self.can_mount:
            self.skipTest('no bindfs or no mount namespaces here')
        self.root = self.mkdir('root')
        self.mounted = self.mkdir('root', 'mounted')
        self.server = subprocess.Popen(['bindfs', '-f', self.mkdir('source'), self.mounted],
                                       stderr=subprocess.DEVNULL)
        self.addCleanup(self.end_server)
        self.wait_until(lambda: is_mounted(self.mounted) or self.server.poll() is not None,
                        'waiting for the file system')
        if self.server.poll() is not None:
            self.skipTest('bindfs cannot mount here')

    def end_server(self):
        """Ends a stopped server too."""
        self.server.kill()
        self.server.wait()
        ctypes.CDLL(None).umount2(os.fsencode(self.mounted), MNT_DETACH)

    def assert_every_command_works(self):
        for basis in AGE_BASES:
            options = ('--age-basis', basis)
            entries = self.succeed('list', self.root, *options, '-t', '0').decode().splitlines()
            mounted, = [entry for entry in entries if entry.endswith('mounted')]
            self.assertTrue(mounted.startswith('kept\t'), mounted)

            old = self.mkdir('root', 'old', age=support.DAY)
            self.assertTrue(
                self.succeed('cleanup', self.root, *options, '-t', '0').endswith(b'total\t1\n'))
            self.assert_gone(old)

            path = os.fsdecode(self.succeed('create', '--root', self.root, *options, '-t', '0'))
            os.rmdir(path[:-1])
            self.succeed('run', '--root', self.root, *options, '-t', '0', 'true')
            self.assertEqual(os.listdir(self.root), ['mounted'])

    def test_server_answers(self):
        self.assert_every_command_works()

    def test_server_is_stopped(self):
        self.server.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.server.pid, os.WSTOPPED | os.WNOWAIT)
        self.assert_every_command_works()

    def test_server_is_dead(self):
        self.server.kill()
        os.waitid(os.P_PID, self.server.pid, os.WEXITED | os.WNOWAIT)
        self.assert_every_command_works()

    def assert_deletion_works(self):
        """With each path of the home directory that the server has."""
        os.symlink(self.mounted, self.path('link'))
        os.symlink('mounted/user', self.path('root', 'link-inside'))
        for home in (self.mounted, os.path.join(self.mounted, 'user'),
                     os.path.join(self.mounted, 'deep', 'user'), self.path('link'),
                     self.path('link', 'user'), self.path('root', 'link-inside', 'user')):
            self.environment['HOME'] = home
            tree = self.mkdir('tree', 'inside')
            os.symlink('tree', self.path('victim'))
            with open(self.path('file'), 'w'):
                pass
            self.succeed('delete', 'victim', 'file', 'tree', 'missing')
            self.assert_gone(tree, self.path('tree'), self.path('victim'), self.path('file'))
            # The directories above it are still recognised.
            for refused in ('/', self.folder, self.root):
                self.fail_with(1, 'delete', refused)
            if home.startswith(self.path('link')):
                self.assertIn('home directory', self.fail_with(1, 'delete', 'link'))
            # It cannot be deleted, and the command does not ask its server.
            self.fail_with(1, 'delete', self.mounted)
        self.assert_there(self.path('link'))
        self.assertTrue(is_mounted(self.mounted))

    def test_home_of_server_that_answers(self):
        os.makedirs(self.path('source', 'deep', 'user'))
        os.mkdir(self.path('source', 'user'))
        self.assert_deletion_works()
        self.environment['HOME'] = os.path.join(self.mounted, 'deep', 'user')
        for name in ('deep/user', 'deep'):
            self.assertIn('home directory',
                          self.fail_with(1, 'delete', os.path.join(self.mounted, name)))
        self.succeed('delete', os.path.join(self.mounted, 'user'))
        self.assertEqual(os.listdir(self.path('source')), ['deep'])

    def test_home_of_stopped_server(self):
        self.server.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.server.pid, os.WSTOPPED | os.WNOWAIT)
        self.assert_deletion_works()

    def test_home_of_dead_server(self):
        self.server.kill()
        os.waitid(os.P_PID, self.server.pid, os.WEXITED | os.WNOWAIT)
        self.assert_deletion_works()


if __name__ == '__main__':
    support.main()
