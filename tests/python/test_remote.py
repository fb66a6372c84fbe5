# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The same for remote files: with-servers runs these tests, and serves the files."""

import gc
import os
import unittest
import urllib.parse

import support

from gi.repository import Gio, GLib
from gi.repository import Tempman as tempman

SERVERS = {uri.partition(':')[0]: uri for uri in
           os.environ.get('TEMPMAN_TEST_SERVERS', '').split()}


class Remote:
    """The tests, on the files of one server. They check the files through their local path."""

    scheme = None

    def setUp(self):
        if self.scheme not in SERVERS:
            self.skipTest('needs GVfs, and for SFTP an SSH server: run it by with-servers')
        super().setUp()
        self.file = self.get_file(self.folder)

    def get_file(self, path):
        return Gio.File.new_for_uri(SERVERS[self.scheme] + urllib.parse.quote(path.lstrip('/')))

    def get_path(self, directory):
        return os.path.join(self.folder, directory.get_file().get_basename())

    def fill(self, directory):
        path = self.get_path(directory)
        os.makedirs(os.path.join(path, 'one', 'two'))
        with open(os.path.join(path, 'one', 'file'), 'w'):
            pass
        return path

    def assert_error(self, caught, code, *texts):
        self.assertTrue(caught.exception.matches(Gio.io_error_quark(), code),
                        repr(caught.exception))
        for text in texts:
            self.assertIn(text, caught.exception.message)

    def test_with(self):
        with tempman.create_temp_dir(self.file) as directory:
            path = self.fill(directory)
            self.assertIsNone(directory.path)
            self.assertEqual(directory.get_fd(), -1)
            # Whether there is a mark depends on the backend of GVfs.
            self.assertEqual(os.stat(path).st_mode & 0o777, 0o700)
            self.assertTrue(directory.get_file().get_uri().startswith(self.file.get_uri()))
            self.assertIn(directory.get_file().get_uri(), repr(directory))
            self.assertEqual(str(directory), directory.get_file().get_uri())
            self.assertRaises(TypeError, os.fspath, directory)
            stream = directory.get_child('file').create(Gio.FileCreateFlags.NONE, None)
            stream.write(b'text', None)
            stream.close(None)
            with open(os.path.join(path, 'file')) as file:
                self.assertEqual(file.read(), 'text')
        self.assertTrue(directory.is_closed())
        self.assert_gone(path)
        directory.close()

    def test_last_reference(self):
        directory = tempman.TemporaryDirectory(self.file, 'report')
        path = self.fill(directory)
        self.assertTrue(os.path.basename(path).startswith('report-'))
        del directory
        gc.collect()
        self.assert_gone(path)

    def test_exit(self):
        name, = self.run_script('import sys\n'
                                'from gi.repository import Gio, Tempman as tempman\n'
                                f'file = Gio.File.new_for_uri({self.file.get_uri()!r})\n'
                                'directory = tempman.create_temp_dir(file)\n'
                                'print(directory.get_file().get_basename())\n'
                                'sys.exit(3)\n', status=3)
        self.assertTrue(name)
        self.assertEqual(os.listdir(self.folder), [])

    def test_root(self):
        old = self.make('old', age=100)
        young = self.make('young')
        root = tempman.root(self.file, timeout=60)
        entries = {entry.get_file().get_basename(): entry for entry in root.list_entries()}
        self.assertEqual(set(entries), {'old', 'young'})
        self.assertTrue(entries['old'].get_removable())
        self.assertFalse(entries['young'].get_removable())
        self.assertEqual(entries['young'].get_state(), tempman.RootEntryState.UNOWNED)
        self.assertEqual(root.cleanup(), 1)
        self.assert_gone(old)
        self.assert_there(young)

        self.set_age(young, 100)
        with root.create_temp_dir() as directory:
            self.assert_gone(young)
            self.assert_there(self.get_path(directory))

    def test_persist(self):
        destination = self.file.get_child('published')
        with tempman.create_temp_dir(self.file) as directory:
            self.fill(directory)
            directory.persist(destination)
            self.assertTrue(directory.get_file().equal(destination))
        self.assert_there(os.path.join(self.folder, 'published', 'one', 'two'))
        with tempman.create_temp_dir(self.file) as directory:
            with self.assertRaises(GLib.Error) as caught:
                directory.persist(destination)
            self.assert_error(caught, Gio.IOErrorEnum.EXISTS, destination.get_uri())

    def test_delete_recursively(self):
        tree = self.make('tree')
        for name in 'abc':
            os.makedirs(os.path.join(tree, name, 'below'))
        reports = []
        tempman.delete_recursively(self.file.get_child('tree'),
                                   progress=lambda *report: reports.append(report))
        self.assert_gone(tree)
        self.assertEqual(reports[-1], (7, 7))

    def test_async(self):
        loop = GLib.MainLoop()
        paths = []

        def created(_, result):
            directory = tempman.TemporaryDirectory.new_finish(result)
            paths.append(self.fill(directory))
            directory.close_async(GLib.PRIORITY_DEFAULT, None, closed)

        def closed(directory, result):
            paths.append(directory.close_finish(result))
            loop.quit()

        tempman.TemporaryDirectory.new_async(self.file, None, GLib.PRIORITY_DEFAULT, None, created)
        loop.run()
        self.assertEqual(paths[1:], [True])
        self.assert_gone(paths[0])

    def test_missing(self):
        missing = self.file.get_child('missing')
        for attempt in (tempman.create_temp_dir, tempman.root, tempman.delete_recursively):
            with self.subTest(attempt=attempt), self.assertRaises(GLib.Error) as caught:
                attempt(missing)
            self.assert_error(caught, Gio.IOErrorEnum.NOT_FOUND, missing.get_uri())

    def test_cancelled(self):
        cancellable = Gio.Cancellable()
        cancellable.cancel()
        directory = tempman.create_temp_dir(self.file)
        path = self.fill(directory)
        with self.assertRaises(GLib.Error) as caught:
            directory.close(cancellable)
        self.assert_error(caught, Gio.IOErrorEnum.CANCELLED)
        self.assertFalse(directory.is_closed())
        directory.close()
        self.assert_gone(path)


class Gvfs(Remote, support.TestCase):
    scheme = 'localtest'


class Sftp(Remote, support.TestCase):
    scheme = 'sftp'


if __name__ == '__main__':
    unittest.main()
