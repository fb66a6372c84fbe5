# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""When a directory goes: at close, with its last reference, at exit; and when it must not."""

import gc
import os
import pathlib
import signal
import subprocess
import sys
import unittest
import warnings
import weakref

import support

from gi.repository import Gio
from gi.repository import Tempman as tempman


class Close(support.TestCase):
    def test_twice(self):
        directory = tempman.create_temp_dir(self.folder)
        directory.close()
        directory.close()
        self.assertTrue(directory.is_closed())
        self.assert_gone(directory.path)

    def test_inside_with(self):
        with tempman.create_temp_dir(self.folder) as directory:
            directory.close()
        self.assert_gone(directory.path)

    def test_exception_inside_with(self):
        with self.assertRaises(ZeroDivisionError):
            with tempman.create_temp_dir(self.folder) as directory:
                1 / 0
        self.assertTrue(directory.is_closed())
        self.assert_gone(directory.path)

    def test_already_deleted(self):
        directory = tempman.create_temp_dir(self.folder)
        os.rmdir(directory.path)
        directory.close()
        self.assertTrue(directory.is_closed())

    def test_replaced(self):
        directory = tempman.create_temp_dir(self.folder)
        os.rename(directory.path, os.path.join(self.folder, 'moved'))
        os.mkdir(directory.path)
        self.assert_error(Gio.IOErrorEnum.NOT_FOUND, directory.close, names=directory.path)
        self.assert_there(directory.path)

    def test_persist(self):
        path = os.path.join(self.folder, 'published')
        with tempman.create_temp_dir(self.folder) as directory:
            before = directory.path
            self.assertTrue(directory.persist(path))
            self.assertTrue(directory.is_closed())
            self.assertEqual(directory.path, path)
        self.assert_gone(before)
        self.assert_there(path)

        with tempman.create_temp_dir(self.folder) as directory:
            self.assert_error(Gio.IOErrorEnum.EXISTS, directory.persist, pathlib.Path(path))
            self.assertFalse(directory.is_closed())
            os.mkdir(os.path.join(directory.path, 'new'))
            directory.persist(pathlib.Path(path), tempman.PersistFlags.REPLACE)
        self.assertEqual(os.listdir(path), ['new'])
        self.assertEqual(os.listdir(self.folder), ['published'])

    def test_renamed_away(self):
        directory = tempman.create_temp_dir(self.folder)
        moved = os.path.join(self.folder, 'moved')
        os.rename(directory.path, moved)
        directory.close()
        self.assertTrue(directory.is_closed())
        self.assert_there(moved)


class LastReference(support.TestCase):
    def ways(self):
        file = Gio.File.new_for_path(self.folder)
        root = tempman.root(self.folder)
        yield lambda: tempman.create_temp_dir(self.folder)
        yield lambda: tempman.TemporaryDirectory(self.folder)
        yield lambda: tempman.TemporaryDirectory.new(file, None)
        yield root.create_temp_dir

    def test_deletes(self):
        for create in self.ways():
            directory = create()
            path = directory.path
            self.assert_there(path)
            with self.assertWarns(ResourceWarning):
                del directory
                gc.collect()
            self.assert_gone(path)

    def test_the_exit_hook_holds_none(self):
        # The wrapper goes with the object, however it was made.
        for create in self.ways():
            with warnings.catch_warnings():
                warnings.simplefilter('ignore')
                reference = weakref.ref(create())
                gc.collect()
            self.assertIsNone(reference())


class Exit(support.TestCase):
    # A source of the main context holds the list, so that no directory goes by itself when the
    # interpreter takes its modules apart.
    PREFIX = ('import os, sys\n'
              'from gi.repository import Gio, GLib, GObject\n'
              'from gi.repository import Tempman as tempman\n'
              'folder = sys.argv[1]\n'
              'file = Gio.File.new_for_path(folder)\n'
              'def show(directory):\n'
              '    assert os.path.isdir(directory.path)\n'
              '    print(directory.path, flush=True)\n'
              '    return directory\n'
              'kept = []\n'
              'GLib.timeout_add_seconds(3600, lambda kept=kept: True)\n')

    def check(self, script, status=0):
        path, = self.run_script(self.PREFIX + script, status)
        self.assert_gone(path)
        self.assertEqual(os.listdir(self.folder), [])

    def test_create_temp_dir(self):
        self.check('kept.append(show(tempman.create_temp_dir(folder)))')

    def test_new(self):
        self.check('kept.append(show(tempman.TemporaryDirectory.new(file, None)))')

    def test_new_finish(self):
        self.check('loop = GLib.MainLoop()\n'
                   'def created(source, result):\n'
                   '    kept.append(show(tempman.TemporaryDirectory.new_finish(result)))\n'
                   '    loop.quit()\n'
                   'tempman.TemporaryDirectory.new_async(file, None, 0, None, created)\n'
                   'loop.run()\n')

    def test_init(self):
        self.check('directory = GObject.new(tempman.TemporaryDirectory, parent=file)\n'
                   'directory.init(None)\n'
                   'kept.append(show(directory))\n')

    def test_init_finish(self):
        self.check('loop = GLib.MainLoop()\n'
                   'def initialized(source, result):\n'
                   '    source.init_finish(result)\n'
                   '    kept.append(show(source))\n'
                   '    loop.quit()\n'
                   'directory = GObject.new(tempman.TemporaryDirectory, parent=file)\n'
                   'directory.init_async(0, None, initialized)\n'
                   'loop.run()\n')

    def test_root(self):
        self.check('kept.append(show(tempman.root(folder).create_temp_dir()))')

    def test_root_finish(self):
        self.check('loop = GLib.MainLoop()\n'
                   'def created(source, result):\n'
                   '    kept.append(show(source.create_temp_dir_finish(result)))\n'
                   '    loop.quit()\n'
                   'tempman.root(folder).create_temp_dir_async(0, None, created)\n'
                   'loop.run()\n')

    def test_held_by_c_alone(self):
        self.check('store = Gio.ListStore.new(tempman.TemporaryDirectory)\n'
                   'store.append(show(tempman.create_temp_dir(folder)))\n'
                   'kept.append(store)\n')

    def test_exit(self):
        self.check('kept.append(show(tempman.create_temp_dir(folder)))\n'
                   'sys.exit(3)\n', status=3)

    def test_exception(self):
        self.check('kept.append(show(tempman.create_temp_dir(folder)))\n'
                   '1 / 0\n', status=1)

    def test_error_does_not_stop_the_rest(self):
        lines = self.run_script(self.PREFIX +
                                'for _ in range(3):\n'
                                '    kept.append(show(tempman.create_temp_dir(folder)))\n'
                                'stranger = kept[0].path\n'
                                'os.rmdir(stranger)\n'
                                'os.mkdir(stranger)\n')
        self.assertEqual(len(lines), 3)
        self.assertEqual(os.listdir(self.folder), [os.path.basename(lines[0])])


class End(support.TestCase):
    """An end at which no hook runs: the next cleanup finds what is left."""

    SCRIPT = Exit.PREFIX + 'import signal\nkept.append(show(tempman.create_temp_dir(folder)))\n'

    def setUp(self):
        super().setUp()
        self.root = tempman.Root(self.folder, flags=tempman.RootFlags.RECLAIM_ABANDONED)

    def check(self, script, status):
        path, = self.run_script(self.SCRIPT + script, status)
        self.assert_there(path)
        self.assertEqual(self.root.cleanup(), 1)
        self.assert_gone(path)

    def test_exit_without_hooks(self):
        self.check('os._exit(3)', 3)

    def test_signals(self):
        for name in ('SIGTERM', 'SIGKILL', 'SIGHUP'):
            with self.subTest(name):
                self.check(f'os.kill(os.getpid(), signal.{name})', -getattr(signal, name))

    def test_exec(self):
        # The lock is gone while the process still runs: it is another program now.
        script = self.SCRIPT + 'os.execl("/bin/sh", "sh", "-c", "echo; read line")'
        with subprocess.Popen([sys.executable, '-c', 'import gi\n'
                               'gi.require_version("Tempman", "1")\n' + script, self.folder],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
            path = child.stdout.readline().rstrip('\n')
            self.assertEqual(child.stdout.readline(), '\n')
            self.assert_there(path)
            self.assertEqual(self.root.cleanup(), 1)
            self.assert_gone(path)
            child.communicate('\n')


class Fork(support.TestCase):
    """A child that shares the object with its parent leaves the directory alone."""

    def check(self, child):
        path, = self.run_script(Exit.PREFIX +
                                'directory = show(tempman.create_temp_dir(folder))\n'
                                'file = os.path.join(directory.path, "file")\n'
                                'open(file, "w").close()\n'
                                'pid = os.fork()\n'
                                'if pid == 0:\n'
                                f'    {child}\n'
                                'else:\n'
                                '    _, status = os.waitpid(pid, 0)\n'
                                '    assert status == 0, status\n'
                                '    assert os.path.isfile(file)\n'
                                # Still locked, too.
                                '    os.utime(directory, (1, 1))\n'
                                '    assert tempman.root(folder, 1).cleanup() == 0\n'
                                '    directory.close()\n')
        self.assert_gone(path)

    def test_child_ends_at_once(self):
        self.check('os._exit(0)')

    def test_child_exits(self):
        self.check('sys.exit(0)')

    def test_child_drops_its_reference(self):
        self.check('del directory; os._exit(0)')

    def test_child_closes(self):
        self.check('directory.close(); os._exit(0)')

    def test_child_can_create_its_own(self):
        self.check('with tempman.create_temp_dir(folder) as own: assert os.path.isdir(own); '
                   'os._exit(0)')


class Adoption(support.TestCase):
    """A child that has adopted the directory is its owner, and the parent goes without a word."""

    def check(self, child):
        path, = self.run_script(Exit.PREFIX +
                                'directory = show(tempman.create_temp_dir(folder))\n'
                                'sys.stdout.flush()\n'
                                'reader, writer = os.pipe()\n'
                                'if os.fork():\n'
                                '    os.close(writer)\n'
                                # Until the child has ended.
                                '    os.read(reader, 1)\n'
                                '    os._exit(os.path.exists(directory))\n'
                                'os.close(reader)\n'
                                'assert directory.adopt()\n'
                                'assert os.path.isdir(directory)\n'
                                f'{child}\n')
        self.assert_gone(path)

    def test_child_closes(self):
        self.check('directory.close(); os._exit(0)')

    def test_child_leaves_the_block(self):
        self.check('with directory: pass\nos._exit(0)')

    def test_child_exits(self):
        self.check('kept.append(directory); sys.exit(0)')

    def test_child_drops_its_reference(self):
        self.check('del directory; os._exit(0)')


if __name__ == '__main__':
    unittest.main()
