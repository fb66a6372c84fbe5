# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""`tempman delete`"""

import ctypes
import os
import shutil
import signal
import subprocess

import support


def drop_capabilities():
    """Drop all capabilities of the next program.

    Another user might not have access to the command.
    """
    libc = ctypes.CDLL(None)
    pr_capbset_drop = 24
    capability = 0
    while libc.prctl(pr_capbset_drop, capability, 0, 0, 0) == 0:
        capability += 1


class Delete(support.TestCase):
    def test_everything(self):
        tree = self.make_tree('tree', n_directories=20)
        file = self.path('file')
        link = self.path('link')
        victim = self.mkdir('victim', 'inside')
        with open(file, 'w'):
            pass
        os.symlink(victim, link)
        os.symlink(victim, os.path.join(tree, 'link'))
        odd = os.path.join(os.fsencode(self.folder), b'a\xff\n\x1b[31m')
        os.mkdir(odd)
        self.assertEqual(self.succeed('delete', tree, file, link, odd), b'')
        self.assert_gone(tree, file, link, odd)
        self.assert_there(victim)

    def test_relative(self):
        self.mkdir('a', 'b')
        self.succeed('delete', 'a')
        self.mkdir('c', 'd')
        self.succeed('delete', './c/d/', 'c//')
        self.assert_gone(self.path('a'), self.path('c'))

    def test_leading_dash(self):
        self.mkdir('--help')
        self.mkdir('-x')
        self.succeed('delete', '--', '--help', '-x')
        self.assert_gone(self.path('--help'), self.path('-x'))

    def test_missing(self):
        """As with rm -rf, a missing file is not an error."""
        self.mkdir('there')
        self.succeed('delete', 'missing', 'missing/deeper', '/dev/null/x', 'missing/', 'there')
        self.assert_gone(self.path('there'))

    def test_refused(self):
        inside = self.mkdir('home', 'inside')
        os.symlink(self.home, self.path('link-to-home'))
        above = os.path.dirname(self.folder)
        for path in ('/', '//', '///', self.home, self.home + '/', self.folder, above,
                     self.path('link-to-home', 'inside', '..'), 'home', './home', '.', '..', './',
                     '../', 'home/.', 'home/inside/..', '/.', '/..', '', '/../' + self.home[1:],
                     self.path('tmp', '..', 'home')):
            self.fail_with(1, 'delete', path)
        self.fail_with(1, 'delete', '.', cwd=inside)
        self.assertIn('the path is empty', self.fail_with(1, 'delete', '', cwd=inside))
        self.assert_there(inside)

    def test_working_directory(self):
        """Nor the working directory and those above it, by any path."""
        inside = self.mkdir('a', 'b', 'c')
        self.mkdir('a', 'b', 'other')
        os.symlink('b/other', self.path('a', 'link'))
        work = self.path('a', 'b')
        for path in (work, work + '/', work + '//', self.path('a'), '.', './', './.', '..', '../', '../b',
                     '../b/', 'c/../../b', './../b', '../../a', '../../a/', '/proc/self/cwd/.',
                     '/proc/self/cwd/', '/proc/self/cwd/../b', '/proc/self/cwd/c/../../b/',
                     self.path('a', 'link', '..'), self.path('a', 'link', '..', '..', 'b'),
                     f'/proc/self/root{work}'):
            self.fail_with(1, 'delete', path, cwd=work)
            self.assert_there(inside)
        # Neither is it one for another process.
        self.succeed('delete', '../b/c', cwd=work)
        self.assert_gone(inside)
        self.succeed('delete', work)
        self.assert_gone(work)

    def test_working_directory_mounted_elsewhere(self):
        """Compared by inode."""
        self.mkdir('work', 'inside')
        self.mkdir('elsewhere', 'mounted')
        script = '''
            mount --bind work elsewhere/mounted || exit 77
            cd work
            "$0" delete ../elsewhere/mounted; echo $?
            cd ../elsewhere/mounted
            "$0" delete "$1"; echo $?
            "$0" delete ..; echo $?
            ls
        '''
        command = ['unshare', '--mount', '--map-root-user', 'sh', '-c', script, support.TOOL,
                   self.path('work')]
        result = subprocess.run(command, cwd=self.folder, env=self.environment,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if result.returncode == 77 or b'unshare' in result.stderr:
            self.skipTest(result.stderr.decode().strip())
        self.assertEqual(result.stdout.split(), [b'1', b'1', b'1', b'inside'])
        self.assertEqual(result.stderr.count(b'working directory'), 2)

    def test_working_directory_gone(self):
        """A relative path is not resolved from the root of the file system."""
        name = os.path.basename(self.folder)
        script = 'mkdir gone && cd gone && rmdir ../gone && "$@"'
        for arguments, status in ((('delete', name), 1), (('delete', name + '/x'), 1),
                                  (('list', name), 1), (('cleanup', name, '-t', '0'), 1),
                                  (('create', '--in', name), 1), (('run', '--in', name, 'true'), 125),
                                  (('list', '.'), 1), (('list', '..'), 1)):
            result = subprocess.run(['sh', '-c', script, 'sh', support.TOOL, *arguments],
                                    cwd=self.folder, env=self.environment, stderr=subprocess.PIPE)
            self.assertEqual(result.returncode, status, arguments)
            self.assertIn(b'the working directory is gone', result.stderr)

    def test_home_with_links(self):
        """Neither the resolved home directory, nor a link to it."""
        self.mkdir('real', 'me')
        os.symlink('real', self.path('homes'))
        self.environment['HOME'] = self.path('homes', 'me')
        for path in (self.path('real', 'me'), self.path('real'), self.path('homes', 'me'),
                     self.path('homes')):
            self.fail_with(1, 'delete', path)
        self.assert_there(self.path('real', 'me'), self.path('homes', 'me'))

    def test_link_to_home(self):
        """The link is deleted without its target."""
        os.symlink(self.home, self.path('link'))
        self.succeed('delete', 'link')
        self.assert_gone(self.path('link'))
        self.assert_there(self.home)

    def test_home_missing(self):
        self.environment['HOME'] = '/missing/home'
        self.fail_with(1, 'delete', '/')
        self.mkdir('tree')
        self.succeed('delete', 'tree')

    def test_slash_at_the_end(self):
        """A slash at the end requires a directory."""
        self.mkdir('victim', 'inside')
        os.symlink('victim', self.path('link'))
        with open(self.path('file'), 'w'):
            pass
        self.fail_with(1, 'delete', 'link/')
        self.fail_with(1, 'delete', 'file/')
        self.assert_there(self.path('victim', 'inside'), self.path('link'), self.path('file'))

    def test_up_and_down(self):
        """“..” is refused after a link, and removed after a directory."""
        self.mkdir('elsewhere', 'below')
        far = self.mkdir('elsewhere', 'tree')
        near = self.mkdir('tree')
        os.symlink('elsewhere/below', self.path('link'))
        for path in ('link/../tree', 'tree/../link/../tree', self.path('link', '..', 'tree')):
            self.assertIn(f'after the link “{self.path("link")}” is refused',
                          self.fail_with(1, 'delete', path))
        self.assert_there(near, far)
        with open(self.path('file'), 'w'):
            pass
        self.succeed('delete', 'missing/../tree', 'file/../tree')
        self.assert_there(near)
        self.succeed('delete', 'elsewhere/../tree')
        self.assert_gone(near)
        self.assert_there(far)

    def test_goes_on(self):
        """It continues after a path that it refuses, and after one that it cannot delete."""
        self.mkdir('a')
        self.mkdir('b')
        self.mkdir('c')
        errors = self.fail_with(1, 'delete', 'a', '.', 'b', '/proc/self', '', 'c')
        self.assertEqual(len(errors.splitlines()), 3)
        self.assertIn('/proc/self', errors)
        self.assert_gone(self.path('a'), self.path('b'), self.path('c'))

    def test_not_permitted(self):
        """The other files are deleted."""
        if os.geteuid() != 0:
            self.skipTest('only root can make a directory of another user')
        tree = self.mkdir('tree', 'locked')
        with open(os.path.join(tree, 'file'), 'w'):
            pass
        os.chown(tree, 12345, 12345)
        self.mkdir('other')
        errors = self.fail_with(1, 'delete', 'tree', 'other', preexec_fn=drop_capabilities)
        self.assertIn('locked', errors)
        self.assert_there(tree)
        self.assert_gone(self.path('other'))

    def test_every_failure(self):
        """Each file that cannot be deleted has a line."""
        if os.geteuid() != 0:
            self.skipTest('only root can make a directory of another user')
        tree = self.mkdir('tree')
        names = ['one', 'two', 'three/four']
        for name in names:
            locked = self.mkdir('tree', name, 'locked')
            with open(os.path.join(locked, 'file'), 'w'):
                pass
            os.chown(locked, 12345, 12345)
        self.mkdir('tree', 'free')
        os.chown(tree, 0, 0)
        errors = self.fail_with(1, 'delete', 'tree', 'tree/one', preexec_fn=drop_capabilities)
        lines = sorted(line.split('“')[1].split('”')[0] for line in errors.splitlines())
        wanted = [self.path('tree', name, 'locked', 'file') for name in [*names, 'one']]
        self.assertEqual(lines, sorted(wanted))
        self.assert_gone(self.path('tree', 'free'))

    def set_immutable(self, path, letter):
        result = subprocess.run(['chattr', f'+{letter}', path], stderr=subprocess.PIPE, text=True)
        if result.returncode != 0:
            self.skipTest(result.stderr)
        self.addCleanup(subprocess.run, ['chattr', f'-{letter}', path], stderr=subprocess.DEVNULL)

    @support.of_linux('FS_IOC_SETFLAGS')
    def test_force(self):
        if os.geteuid() != 0 or shutil.which('chattr') is None:
            self.skipTest('needs root and chattr')
        inner = self.mkdir('tree', 'inner')
        files = [self.path('tree', 'file'), self.path('tree', 'inner', 'file')]
        for file in files:
            with open(file, 'w'):
                pass
            self.set_immutable(file, 'a')
        self.set_immutable(inner, 'i')
        errors = self.fail_with(1, 'delete', 'tree')
        for file in files:
            self.assertIn(f'“{file}”: Operation not permitted', errors)
        self.assert_there(*files)

        errors = self.fail_with(1, 'delete', '--force', 'tree', preexec_fn=drop_capabilities)
        self.assertEqual(errors.count('it is immutable or append-only, and this process may not'), 2)
        self.assert_there(*files)

        self.succeed('delete', '--force', 'tree')
        self.assert_gone(self.path('tree'))
        # A missing file is not an error here either.
        self.succeed('delete', '--force', 'tree')

    def test_mount(self):
        self.mkdir('tree', 'mounted')
        self.mkdir('tree', 'plain')
        script = ('mount -t tmpfs none tree/mounted && touch tree/mounted/file && '
                  '{ "$0" delete tree; echo $?; ls tree tree/mounted; }')
        command = ['unshare', '--mount', '--map-root-user', 'sh', '-c', script, support.TOOL]
        result = subprocess.run(command, cwd=self.folder, env=self.environment,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if b'unshare' in result.stderr or b'mount:' in result.stderr:
            self.skipTest(result.stderr.decode().strip())
        self.assertEqual(result.stdout.split(),
                         [b'1', b'tree:', b'mounted', b'tree/mounted:', b'file'])
        self.assertIn(b'tree/mounted', result.stderr)

    def interrupt(self, signal_number):
        self.make_tree('tree')
        self.mkdir('next')
        gate = self.hold_deletions()
        process = self.start('delete', 'tree', 'next')
        gate.signal(process, signal_number)
        result = self.finish(process)
        self.assertEqual((result.status, result.output, result.errors), (-signal_number, b'', ''))
        self.assert_there(self.path('tree'), self.path('next'))
        # A second call deletes the rest.
        self.environment.pop('LD_PRELOAD')
        self.succeed('delete', 'tree', 'next')
        self.assert_gone(self.path('tree'), self.path('next'))

    def test_ctrl_c(self):
        self.interrupt(signal.SIGINT)

    def test_terminated(self):
        self.interrupt(signal.SIGTERM)

    def test_hangup(self):
        self.interrupt(signal.SIGHUP)

    def test_many(self):
        paths = [self.mkdir(f'tree-{i}') for i in range(300)]
        self.succeed('delete', *paths)
        self.assert_gone(*paths)


if __name__ == '__main__':
    support.main()
