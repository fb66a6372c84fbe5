# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The asynchronous calls, through a main loop."""

import concurrent.futures
import os
import unittest

import support

from gi.repository import Gio, GLib
from gi.repository import Tempman as tempman


class Async(support.TestCase):
    def setUp(self):
        super().setUp()
        self.file = Gio.File.new_for_path(self.folder)

    def test_temporary_directory(self):
        result = self.wait(tempman.TemporaryDirectory.new_async, self.file, 'report')
        directory = tempman.TemporaryDirectory.new_finish(result)
        self.assertIs(type(directory), tempman.TemporaryDirectory)
        self.assertEqual(os.path.dirname(directory.path), self.folder)
        os.mkdir(os.path.join(directory.path, 'inside'))
        self.assertTrue(directory.close_finish(self.wait(directory.close_async)))
        self.assertTrue(directory.is_closed())
        self.assert_gone(directory.path)

    def test_persist_and_list(self):
        root = tempman.root(self.folder)
        path = os.path.join(self.folder, 'published')
        directory = root.create_temp_dir()
        result = self.wait(directory.persist_async, path, tempman.PersistFlags.NONE)
        self.assertTrue(directory.persist_finish(result))
        self.assert_there(path)
        entries = root.list_entries_finish(self.wait(root.list_entries_async, tempman.ListFlags.NONE))
        self.assertEqual([entry.get_file().get_path() for entry in entries], [path])

    def test_close_twice(self):
        directory = tempman.create_temp_dir(self.folder)
        for _ in range(2):
            self.assertTrue(directory.close_finish(self.wait(directory.close_async)))
        self.assert_gone(directory.path)

    def test_close_cancelled(self):
        cancellable = Gio.Cancellable()
        cancellable.cancel()
        directory = tempman.create_temp_dir(self.folder)
        result = self.wait(directory.close_async, cancellable=cancellable)
        with self.assertRaises(GLib.Error) as caught:
            directory.close_finish(result)
        self.assertTrue(caught.exception.matches(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED))
        self.assertFalse(directory.is_closed())
        directory.close()
        self.assert_gone(directory.path)

    def test_root(self):
        old = self.make('old', age=100)
        result = self.wait(tempman.Root.new_async, self.file, 60, tempman.RootFlags.NONE)
        root = tempman.Root.new_finish(result)
        self.assertIs(type(root), tempman.Root)
        self.assertEqual(root.cleanup_finish(self.wait(root.cleanup_async)), 1)
        self.assert_gone(old)

        older = self.make('older', age=200)
        directory = root.create_temp_dir_finish(self.wait(root.create_temp_dir_async))
        self.assertIs(type(directory), tempman.TemporaryDirectory)
        self.assert_gone(older)
        with directory:
            self.assert_there(directory.path)
        self.assert_gone(directory.path)

    def test_errors(self):
        missing = self.file.get_child('missing')
        for start, finish, args in (
                (tempman.TemporaryDirectory.new_async, tempman.TemporaryDirectory.new_finish,
                 (missing, None)),
                (tempman.Root.new_async, tempman.Root.new_finish,
                 (missing, -1, tempman.RootFlags.NONE))):
            with self.subTest(start=start):
                result = self.wait(start, *args)
                with self.assertRaises(GLib.Error) as caught:
                    finish(result)
                self.assertTrue(caught.exception.matches(Gio.io_error_quark(),
                                                         Gio.IOErrorEnum.NOT_FOUND))
                self.assertIn(missing.get_path(), caught.exception.message)


class Threads(support.TestCase):
    def test_many_threads(self):
        root = tempman.root(self.folder, 60)

        def work(_):
            with root.create_temp_dir() as directory:
                open(os.path.join(directory.path, 'file'), 'w').close()
                root.cleanup()
                return os.path.isfile(os.path.join(directory.path, 'file'))

        with concurrent.futures.ThreadPoolExecutor(8) as executor:
            self.assertTrue(all(executor.map(work, range(200))))
        self.assertEqual(os.listdir(self.folder), [])

    def test_one_directory_closed_by_all(self):
        for _ in range(20):
            directory = tempman.create_temp_dir(self.folder)
            for name in range(20):
                os.mkdir(os.path.join(directory.path, str(name)))
            with concurrent.futures.ThreadPoolExecutor(4) as executor:
                list(executor.map(lambda _: directory.close(), range(4)))
            self.assertTrue(directory.is_closed())
            self.assert_gone(directory.path)


if __name__ == '__main__':
    unittest.main()
