# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Directories in the processes of multiprocessing, however those are started."""

import concurrent.futures
import multiprocessing
import multiprocessing.util
import os
import sys
import unittest

import support

from gi.repository import Tempman as tempman

# References that a child keeps, so that its directory is never closed.
_kept = []


def create(folder):
    """Create a directory that is never closed, and return its path."""
    directory = tempman.create_temp_dir(folder)
    _kept.append(directory)
    assert os.path.isdir(directory)
    return directory.path


def create_and_send(folder, connection):
    connection.send(create(folder))
    # Until the parent has looked at the directory.
    connection.recv()


def work(folder):
    with tempman.root(folder, timeout=0).create_temp_dir() as directory:
        (directory / 'file').touch()
        # Deletes no directory of another process.
        tempman.root(folder, timeout=0).cleanup()
        return os.listdir(directory)


def use(path, connection):
    with open(os.path.join(path, 'from-the-child'), 'w'):
        pass
    connection.send(tempman.root(os.path.dirname(path), timeout=0).cleanup())


def look_at_the_end(folder, connection):
    path = create(folder)
    multiprocessing.util.Finalize(None, lambda: connection.send(os.path.isdir(path)),
                                  exitpriority=0)


def create_with_a_child(folder, connection):
    """Create a directory, and another one in a child of this process."""
    create(folder)
    process = multiprocessing.get_context('fork').Process(target=create, args=(folder,))
    process.start()
    process.join()
    connection.send(os.listdir(folder))


def fail(folder):
    create(folder)
    # Hides the traceback.
    sys.stderr = open(os.devnull, 'w')
    raise FileNotFoundError('as any other')


def fail_in_tempman(folder):
    tempman.root(os.path.join(folder, 'missing'))


class Processes:
    def setUp(self):
        super().setUp()
        self.context = multiprocessing.get_context(self.method)

    def start(self, target, *args):
        """Start a process, and return it and the other end of its connection."""
        ours, theirs = self.context.Pipe()
        process = self.context.Process(target=target, args=(*args, theirs))
        process.start()
        theirs.close()
        self.addCleanup(ours.close)
        self.addCleanup(process.join)
        return process, ours

    def test_never_closed(self):
        process, connection = self.start(create_and_send, self.folder)
        path = connection.recv()
        self.assertEqual(os.path.dirname(path), self.folder)
        self.assert_there(path)
        self.assertEqual(tempman.root(self.folder, timeout=0).cleanup(), 0)
        connection.send('end')
        process.join()
        self.assertEqual(process.exitcode, 0)
        self.assert_gone(path)

    def test_still_there_for_other_hooks(self):
        process, connection = self.start(look_at_the_end, self.folder)
        self.assertTrue(connection.recv())
        process.join()
        self.assertEqual(process.exitcode, 0)
        self.assertEqual(os.listdir(self.folder), [])

    def test_child_of_a_child(self):
        process, connection = self.start(create_with_a_child, self.folder)
        # Of two directories one is left: that of this process.
        self.assertEqual(len(connection.recv()), 1)
        process.join()
        self.assertEqual(os.listdir(self.folder), [])

    def test_beside_one_of_the_parent(self):
        with tempman.create_temp_dir(self.folder) as directory:
            process, connection = self.start(create_and_send, self.folder)
            path = connection.recv()
            self.assertNotEqual(path, directory.path)
            connection.send('end')
            process.join()
            self.assert_gone(path)
            self.assert_there(directory.path)

    def test_the_parents_is_used_by_its_path(self):
        with tempman.create_temp_dir(self.folder) as directory:
            process, connection = self.start(use, directory.path)
            # The lock counts for the child as well.
            self.assertEqual(connection.recv(), 0)
            process.join()
            self.assertEqual(process.exitcode, 0)
            self.assertEqual(os.listdir(directory), ['from-the-child'])
        self.assertEqual(os.listdir(self.folder), [])

    def test_killed(self):
        process, connection = self.start(create_and_send, self.folder)
        path = connection.recv()
        process.kill()
        process.join()
        self.assert_there(path)
        root = tempman.Root(self.folder, flags=tempman.RootFlags.RECLAIM_ABANDONED)
        self.assertEqual(root.cleanup(), 1)
        self.assert_gone(path)

    def test_exception(self):
        process = self.context.Process(target=fail, args=(self.folder,))
        process.start()
        process.join()
        self.assertEqual(process.exitcode, 1)
        self.assertEqual(os.listdir(self.folder), [])

    def test_pool(self):
        with concurrent.futures.ProcessPoolExecutor(2, mp_context=self.context) as executor:
            self.assertEqual(list(executor.map(work, [self.folder] * 20)), [['file']] * 20)
            # The exception has the same type in the parent.
            with self.assertRaises(FileNotFoundError) as caught:
                executor.submit(fail_in_tempman, self.folder).result()
            self.assertIsInstance(caught.exception, tempman.NotFoundError)
            executor.submit(create, self.folder).result()
            self.assertEqual(len(os.listdir(self.folder)), 1)
        self.assertEqual(os.listdir(self.folder), [])


class Fork(Processes, support.TestCase):
    method = 'fork'


class Spawn(Processes, support.TestCase):
    method = 'spawn'

    def test_objects_are_not_sent(self):
        # It would have two owners.
        with tempman.create_temp_dir(self.folder) as directory:
            process = self.context.Process(target=os.listdir, args=(directory,))
            self.assertRaises(TypeError, process.start)


class ForkServer(Processes, support.TestCase):
    method = 'forkserver'


if __name__ == '__main__':
    unittest.main()
