# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The interface of the Python package tempman, row by row."""

import datetime
import os
import tempfile
import unittest

import support

import tempman


class CreateTempDir(support.TestCase):
    def test_without_arguments(self):
        directory = tempman.create_temp_dir()
        self.addCleanup(directory.close)
        self.assertIsInstance(directory, tempman.TemporaryDirectory)
        self.assertTrue(os.path.isdir(directory.path))
        self.assertEqual(os.path.dirname(directory.path), tempfile.gettempdir())

    def test_under_a_directory(self):
        with tempman.create_temp_dir(self.folder) as directory:
            self.assertEqual(os.path.dirname(directory.path), self.folder)

    def test_dir_by_keyword(self):
        with tempman.create_temp_dir(dir=self.folder) as directory:
            self.assertEqual(os.path.dirname(directory.path), self.folder)

    def test_none(self):
        with tempman.create_temp_dir(dir=None) as directory:
            self.assertTrue(os.path.isdir(directory.path))

    def test_two_are_different(self):
        with tempman.create_temp_dir(self.folder) as one:
            with tempman.create_temp_dir(self.folder) as other:
                self.assertNotEqual(one.path, other.path)


class TemporaryDirectory(support.TestCase):
    def test_path(self):
        with tempman.create_temp_dir(self.folder) as directory:
            self.assertIs(type(directory.path), str)
            self.assertTrue(os.path.isdir(directory.path))

    def test_close(self):
        directory = tempman.create_temp_dir(self.folder)
        self.assert_there(directory.path)
        directory.close()
        self.assert_gone(directory.path)

    def test_close_deletes_the_contents(self):
        directory = tempman.create_temp_dir(self.folder)
        os.makedirs(os.path.join(directory.path, 'one', 'two'))
        with open(os.path.join(directory.path, 'one', 'file'), 'w') as stream:
            stream.write('text')
        directory.close()
        self.assertEqual(os.listdir(self.folder), [])

    def test_context_manager(self):
        with tempman.create_temp_dir(self.folder) as directory:
            self.assertIsInstance(directory, tempman.TemporaryDirectory)
            self.assert_there(directory.path)
        self.assert_gone(directory.path)

    def test_with_hides_no_exception(self):
        with self.assertRaises(ZeroDivisionError):
            with tempman.create_temp_dir(self.folder) as directory:
                1 / 0
        self.assert_gone(directory.path)


class Root(support.TestCase):
    def test_without_timeout(self):
        old = self.make('old', age=1000 * support.DAY)
        root = tempman.root(self.folder)
        root.cleanup()
        self.assert_there(old)

    def test_timeout_by_keyword(self):
        old = self.make('old', age=100)
        root = tempman.root(dir=self.folder, timeout=60)
        root.cleanup()
        self.assert_gone(old)

    def test_timeout_int(self):
        self.check_timeout(60)

    def test_timeout_float(self):
        self.check_timeout(60.5)

    def test_timeout_timedelta(self):
        self.check_timeout(datetime.timedelta(minutes=1))

    def check_timeout(self, timeout):
        old = self.make('old', age=70)
        young = self.make('young', age=50)
        tempman.root(self.folder, timeout).cleanup()
        self.assert_gone(old)
        self.assert_there(young)

    def test_create_temp_dir(self):
        root = tempman.root(self.folder)
        directory = root.create_temp_dir()
        self.addCleanup(directory.close)
        self.assertIsInstance(directory, tempman.TemporaryDirectory)
        self.assertEqual(os.path.dirname(directory.path), self.folder)

    def test_create_temp_dir_is_a_context_manager(self):
        with tempman.root(self.folder).create_temp_dir() as directory:
            self.assert_there(directory.path)
        self.assert_gone(directory.path)

    def test_create_temp_dir_cleans_up(self):
        root = tempman.root(self.folder, timeout=60)
        old = self.make('old', age=100)
        with root.create_temp_dir() as directory:
            self.assert_gone(old)
            self.assert_there(directory.path)

    def test_age_is_the_later_of_both_times(self):
        now = datetime.datetime.now().timestamp()
        accessed = self.make('accessed')
        os.utime(accessed, (now, now - 100))
        modified = self.make('modified')
        os.utime(modified, (now - 100, now))
        neither = self.make('neither')
        os.utime(neither, (now - 100, now - 100))
        tempman.root(self.folder, timeout=60).cleanup()
        self.assert_there(accessed, modified)
        self.assert_gone(neither)


if __name__ == '__main__':
    unittest.main()
