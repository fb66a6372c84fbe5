# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""A directory that is not closed is deleted, and Python warns its user, as for tempfile."""

import gc
import os
import sys
import tempfile
import unittest
import warnings

import support

from gi.repository import Gio, GLib, GObject
from gi.repository import Tempman as tempman

PREFIX = ('import os, sys\n'
          'import tempman\n'
          'folder = sys.argv[1]\n')


class Collected(support.TestCase):
    def leave(self, leave):
        """Call a function that leaves a directory to the collector; return the warnings."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter('always')
            leave()
            gc.collect()
        self.assertEqual(os.listdir(self.folder), [])
        # The loop of PyGObject has warnings of asyncio.
        return [warning for warning in caught if warning.category is not DeprecationWarning]

    def check(self, leave):
        caught, = self.leave(leave)
        self.assertIs(caught.category, ResourceWarning)
        self.assertRegex(str(caught.message),
                         f"^Implicitly cleaning up <Tempman.TemporaryDirectory '{self.folder}/.*"
                         " open>$")
        # The traceback of the allocation names the creation; a recorded warning keeps no directory
        # alive.
        self.assertIsNotNone(caught.source)
        self.assertNotIsInstance(caught.source, tempman.TemporaryDirectory)

    def test_ways_to_one(self):
        root = tempman.root(self.folder)

        def initialize():
            GObject.new(tempman.TemporaryDirectory,
                        parent=Gio.File.new_for_path(self.folder)).init(None)

        def initialize_async():
            directory = GObject.new(tempman.TemporaryDirectory,
                                    parent=Gio.File.new_for_path(self.folder))
            directory.init_finish(self.wait(directory.init_async))

        for leave in (lambda: tempman.create_temp_dir(self.folder),
                      lambda: tempman.TemporaryDirectory(self.folder),
                      lambda: tempman.TemporaryDirectory.new(self.folder),
                      lambda: tempman.TemporaryDirectory.new_finish(
                          self.wait(tempman.TemporaryDirectory.new_async, self.folder, None)),
                      root.create_temp_dir,
                      lambda: root.create_temp_dir_finish(self.wait(root.create_temp_dir_async)),
                      initialize, initialize_async):
            with self.subTest(leave=leave):
                self.check(leave)

    def test_wording_of_tempfile(self):
        def leave():
            tempfile.TemporaryDirectory(dir=self.folder)

        caught, = self.leave(leave)
        self.assertIs(caught.category, ResourceWarning)
        self.assertTrue(str(caught.message).startswith('Implicitly cleaning up <'))

    def test_cycle(self):
        def leave():
            directory = tempman.create_temp_dir(self.folder)
            directory.itself = directory

        self.check(leave)

    def test_held_by_c(self):
        # C keeps it when Python has no reference any more, and deletes it with its own last
        # reference.
        store = Gio.ListStore.new(tempman.TemporaryDirectory)

        def hold():
            store.append(tempman.create_temp_dir(self.folder))

        with warnings.catch_warnings():
            warnings.simplefilter('error')
            hold()
            gc.collect()
        path = store[0].path
        self.assert_there(path)
        self.check(store.remove_all)
        self.assert_gone(path)

    def test_dropped_by_an_exception(self):
        # While an exception propagates: no warning may be lost.
        def leave():
            with self.assertRaises(ZeroDivisionError):
                len(tempman.create_temp_dir(self.folder), 1 / 0)

        self.check(leave)

    def test_held_by_c_and_closed(self):
        store = Gio.ListStore.new(tempman.TemporaryDirectory)
        store.append(tempman.create_temp_dir(self.folder))
        gc.collect()
        store[0].close()
        self.assertEqual(self.leave(store.remove_all), [])

    def test_initialised_twice(self):
        def leave():
            directory = tempman.create_temp_dir(self.folder)
            directory.init(None)
            directory.init_finish(self.wait(directory.init_async))

        self.check(leave)

    def test_initialised_at_the_second_attempt(self):
        parent = os.path.join(self.folder, 'parent')

        def leave():
            directory = GObject.new(tempman.TemporaryDirectory, parent=Gio.File.new_for_path(parent))
            self.assertRaises(FileNotFoundError, directory.init, None)
            os.mkdir(parent)
            directory.init(None)

        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter('always')
            leave()
            gc.collect()
        self.assertEqual(len(caught), 1)
        self.assertEqual(os.listdir(parent), [])

    def test_closed_without_asking(self):
        # A call without a callback reports its end to no caller, but it ends the directory all the
        # same.
        def leave():
            directory = tempman.create_temp_dir(self.folder)
            directory.close_async(0, None, None)
            context = GLib.MainContext.default()
            while not directory.closed:
                context.iteration(True)
            while context.pending():
                context.iteration(False)

        self.assertEqual(self.leave(leave), [])

    def test_nothing_is_left_of_it(self):
        # Not even after a failure. Each process has a set of its own.
        override = sys.modules['gi.overrides.Tempman']
        gc.collect()
        before = len(override._notes)
        for _ in range(10):
            tempman.create_temp_dir(self.folder).close()
            with self.assertWarns(ResourceWarning):
                tempman.create_temp_dir(self.folder)
            self.assertRaises(FileNotFoundError, tempman.create_temp_dir,
                              os.path.join(self.folder, 'missing'))
            GObject.new(tempman.TemporaryDirectory)
        gc.collect()
        self.assertEqual(len(override._notes), before)

    def test_none_without_reason(self):
        root = tempman.root(self.folder)

        def close():
            tempman.create_temp_dir(self.folder).close()

        def enter():
            with root.create_temp_dir():
                pass

        def keep():
            directory = tempman.create_temp_dir(self.folder)
            directory.keep()
            os.rmdir(directory.path)

        def publish():
            directory = tempman.create_temp_dir(self.folder)
            directory.persist(directory.path + '-published')
            os.rmdir(directory.path)

        def fail():
            try:
                tempman.create_temp_dir(os.path.join(self.folder, 'missing'))
            except FileNotFoundError:
                pass

        def construct():
            GObject.new(tempman.TemporaryDirectory)
            GObject.Object.__new__(tempman.TemporaryDirectory)

        for leave in (close, enter, keep, publish, fail, construct):
            with self.subTest(leave=leave.__name__):
                self.assertEqual(self.leave(leave), [])

    def test_as_an_error(self):
        # An exception in a finalizer is printed; the directory is deleted all the same.
        self.run_script(PREFIX + 'tempman.create_temp_dir(folder)\nprint("on")',
                        options=['-W', 'error::ResourceWarning'])
        self.assertIn('ResourceWarning: Implicitly cleaning up', self.stderr)
        self.assertEqual(os.listdir(self.folder), [])

    def test_source(self):
        # The place of the creation: the line in the script.
        self.run_script(PREFIX + 'def create():\n    tempman.create_temp_dir(folder)\ncreate()\n',
                        options=['-X', 'tracemalloc=10', '-W', 'default'])
        self.assertIn('Implicitly cleaning up', self.stderr)
        self.assertIn('Object allocated at (most recent call last)', self.stderr)
        self.assertRegex(self.stderr, r'File "<string>", lineno 5\b')

    def test_failures_leave_no_word(self):
        self.run_script(PREFIX +
                        'from gi.repository import Gio, GObject\n'
                        'missing = os.path.join(folder, "missing")\n'
                        'for fail in (lambda: tempman.create_temp_dir(missing),\n'
                        '             lambda: GObject.new(\n'
                        '                 tempman.TemporaryDirectory,\n'
                        '                 parent=Gio.File.new_for_path(missing)).init(None)):\n'
                        '    try:\n'
                        '        fail()\n'
                        '    except FileNotFoundError:\n'
                        '        pass\n', options=['-W', 'error::ResourceWarning'])
        self.assertEqual(self.stderr, '')

    def test_hidden_by_default(self):
        self.run_script(PREFIX + 'tempman.create_temp_dir(folder)')
        self.assertEqual(self.stderr, '')
        self.assertEqual(os.listdir(self.folder), [])


class Exit(support.TestCase):
    def check(self, script, n_warnings, status=0):
        self.run_script(PREFIX + script, status, options=['-W', 'default'])
        self.assertEqual(self.stderr.count('ResourceWarning: Implicitly cleaning up'),
                         n_warnings, self.stderr)
        self.assertEqual(os.listdir(self.folder), [])

    def test_exit(self):
        self.check('kept = [tempman.create_temp_dir(folder) for _ in range(3)]', 3)

    def test_failure(self):
        # The error is printed, and the warning appears once all the same.
        self.run_script(PREFIX +
                        'kept = tempman.create_temp_dir(folder)\n'
                        'os.rmdir(kept)\n'
                        'os.mkdir(kept)\n', options=['-W', 'default'])
        self.assertEqual(self.stderr.count('ResourceWarning: Implicitly'), 1, self.stderr)
        self.assertIn('NotFoundError', self.stderr)

    def test_sys_exit(self):
        self.check('kept = tempman.create_temp_dir(folder)\nsys.exit(4)', 1, status=4)

    def test_closed(self):
        self.check('kept = tempman.create_temp_dir(folder)\nkept.close()', 0)

    def test_wrong_exit_hook_order(self):
        # A hook that the user registered earlier can still use the directory.
        self.check('import atexit\n'
                   'kept = tempman.create_temp_dir(folder)\n'
                   'atexit.register(kept.close)\n', 0)

    def test_as_an_error(self):
        lines = self.run_script(
            'import atexit\n'
            'atexit.register(lambda: print(kept.closed))\n' + PREFIX +
            'kept = tempman.create_temp_dir(folder)\n', options=['-W', 'error::ResourceWarning'])
        self.assertEqual(lines, ['True'])
        self.assertIn('ResourceWarning: Implicitly cleaning up', self.stderr)

    def test_created_too_late(self):
        # The directory is created after the hook has run, and deleted when Python unloads all
        # modules, which is too late for warnings.
        self.run_script('import atexit\n'
                        'def create():\n'
                        '    sys.kept = tempman.create_temp_dir(folder)\n'
                        'atexit.register(create)\n' + PREFIX +
                        'tempman.create_temp_dir(folder).close()\n')
        self.assertEqual(self.stderr, '')
        self.assertEqual(os.listdir(self.folder), [])

    def test_created_in_another_hook(self):
        self.check('import atexit\n'
                   'def create():\n'
                   '    sys.kept = tempman.create_temp_dir(folder)\n'
                   'atexit.register(create)\n', 1)

    def test_forked_child_is_silent(self):
        # The directory does not belong to the child.
        self.check('kept = tempman.create_temp_dir(folder)\n'
                   'pid = os.fork()\n'
                   'if pid == 0:\n'
                   '    sys.exit()\n'
                   'os.waitpid(pid, 0)\n'
                   'assert os.path.isdir(kept)\n'
                   'kept.close()\n', 0)

    def test_forked_child_drops_its_reference(self):
        self.check('kept = tempman.create_temp_dir(folder)\n'
                   'pid = os.fork()\n'
                   'if pid == 0:\n'
                   '    del kept\n'
                   '    sys.exit()\n'
                   'os.waitpid(pid, 0)\n'
                   'assert os.path.isdir(kept)\n'
                   'kept.close()\n', 0)

    def test_adopted(self):
        # Once, by its new owner, which may adopt it twice.
        for end in ('', 'del kept\n'):
            self.run_script(PREFIX + 'kept = tempman.create_temp_dir(folder)\n'
                            'kept.adopt()\n'
                            'if os.fork():\n'
                            '    os.wait()\n'
                            '    os._exit(0)\n'
                            'kept.adopt()\n'
                            'kept.adopt()\n' + end, options=['-W', 'always'])
            self.assertEqual(self.stderr.count('ResourceWarning: Implicitly'), 1, self.stderr)
            self.assertEqual(os.listdir(self.folder), [])

    def test_forked_child_with_its_own(self):
        self.check('pid = os.fork()\n'
                   'kept = tempman.create_temp_dir(folder)\n'
                   'if pid == 0:\n'
                   '    sys.exit()\n'
                   'os.waitpid(pid, 0)\n'
                   'assert os.listdir(folder) == [os.path.basename(kept)]\n', 2)


if __name__ == '__main__':
    unittest.main()
