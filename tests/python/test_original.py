# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""What the tests of the original package tempman check, in nine cases."""

import datetime
import os
import unittest

import support

import tempman


class Original(support.TestCase):
    def test_new_directory_is_empty(self):
        with tempman.create_temp_dir() as directory:
            self.assertEqual(os.listdir(directory.path), [])

    def test_end_of_block_deletes(self):
        with tempman.create_temp_dir() as directory:
            self.assert_there(directory.path)
        self.assert_gone(directory.path)

    def test_close_deletes(self):
        directory = tempman.create_temp_dir()
        directory.close()
        self.assert_gone(directory.path)

    def test_close_deletes_contents(self):
        directory = tempman.create_temp_dir()
        os.makedirs(os.path.join(directory.path, 'one', 'two'))
        with open(os.path.join(directory.path, 'one', 'file'), 'w') as stream:
            stream.write('text')
        directory.close()
        self.assert_gone(directory.path)

    def test_dir_is_the_parent(self):
        with tempman.create_temp_dir() as parent:
            with tempman.create_temp_dir(dir=parent.path) as directory:
                self.assertEqual(os.listdir(parent.path), [os.path.basename(directory.path)])

    def test_root_is_the_parent(self):
        with tempman.create_temp_dir() as parent:
            with tempman.root(parent.path).create_temp_dir() as directory:
                self.assertEqual(os.listdir(parent.path), [os.path.basename(directory.path)])

    def test_root_without_timeout_deletes_nothing(self):
        old = self.make('old', age=1000 * support.DAY)
        tempman.root(self.folder).cleanup()
        self.assert_there(old)

    def test_cleanup_deletes_what_is_older_than_the_timeout(self):
        for timeout in (60, 60.5, datetime.timedelta(minutes=1)):
            with self.subTest(timeout=timeout):
                old = self.make('old', age=100)
                young = self.make(f'young-{timeout}', age=10)
                tempman.root(self.folder, timeout=timeout).cleanup()
                self.assert_gone(old)
                self.assert_there(young)

    def test_creation_in_a_root_cleans_up(self):
        old = self.make('old', age=100)
        root = tempman.root(self.folder, timeout=60)
        self.assert_there(old)
        with root.create_temp_dir():
            self.assert_gone(old)


if __name__ == '__main__':
    unittest.main()
