# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""When a directory is deleted: at close, with its last reference, at exit; and when it must not
be."""

import gc
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import unittest
import warnings
import weakref

import support

from gi.repository import Gio, GLib, GObject
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
        # The wrapper is freed with the object, however it was created.
        for create in self.ways():
            with warnings.catch_warnings():
                warnings.simplefilter('ignore')
                reference = weakref.ref(create())
                gc.collect()
            self.assertIsNone(reference())


class Exit(support.TestCase):
    # A source of the main context holds the list, so that no directory is deleted before the
    # interpreter unloads its modules.
    PREFIX = ('import os, sys\n'
              'from gi.repository import Gio, GLib, GObject\n'
              'import tempman\n'
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


class Interrupted(support.TestCase):
    """A KeyboardInterrupt, at any instruction of a creation, leaves no directory behind.

    The exception is kept to the end by what C holds, and with it every frame that it came through, as
    an interactive interpreter, a debugger and a runner of tests keep it.
    """

    SCRIPT = Exit.PREFIX + (
        'import traceback, warnings\n'
        'warnings.simplefilter("ignore")\n'
        'root = tempman.root(folder)\n'
        'waiting = GObject.new(tempman.TemporaryDirectory, parent=file)\n'
        'loop = GLib.MainLoop()\n'
        'results = []\n'
        'def finish(source, result):\n'
        '    results.append(result)\n'
        '    loop.quit()\n'
        'def trace(frame, event, arg):\n'
        '    global countdown\n'
        '    if os.path.basename(frame.f_code.co_filename) != "Tempman.py":\n'
        '        return None\n'
        '    frame.f_trace_opcodes = True\n'
        '    countdown -= 1\n'
        '    if countdown == 0:\n'
        '        sys.settrace(None)\n'
        '        raise KeyboardInterrupt\n'
        '    return trace\n'
        # One process for all the instructions: each exception keeps its own directory.
        'def interrupt(create, before=lambda: None, is_kept=lambda error: True):\n'
        '    global countdown\n'
        '    n = 0\n'
        '    while True:\n'
        '        n += 1\n'
        '        before()\n'
        '        countdown = n\n'
        '        sys.settrace(trace)\n'
        '        try:\n'
        '            create()\n'
        '        except KeyboardInterrupt as error:\n'
        '            if is_kept(error):\n'
        '                kept.append(error)\n'
        '        else:\n'
        '            break\n'
        '        finally:\n'
        '            sys.settrace(None)\n'
        '    print(n)\n'
        # Before, it is in the result, which is held by who was interrupted in taking it.
        'def is_taken(error):\n'
        '    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]\n'
        '    return any(frame.f_code.co_name == "_watch" for frame in frames)\n')

    def check(self, script):
        n, = self.run_script(self.SCRIPT + script)
        # Enough for some steps before the directory exists, and some afterwards.
        self.assertGreater(int(n), 50)
        self.assertEqual(os.listdir(self.folder), [])

    def test_create_temp_dir(self):
        self.check('interrupt(lambda: tempman.create_temp_dir(folder))\n')

    def test_root(self):
        self.check('interrupt(root.create_temp_dir)\n')

    def test_init(self):
        self.check('def create():\n'
                   '    directory = GObject.new(tempman.TemporaryDirectory, parent=file)\n'
                   '    directory.init(None)\n'
                   'interrupt(create)\n')

    def test_new_finish(self):
        self.check('def start():\n'
                   '    tempman.TemporaryDirectory.new_async(folder, None, 0, None, finish)\n'
                   '    loop.run()\n'
                   'interrupt(lambda: tempman.TemporaryDirectory.new_finish(results.pop()), start, '
                   'is_taken)\n')

    def test_root_finish(self):
        self.check('def start():\n'
                   '    root.create_temp_dir_async(0, None, finish)\n'
                   '    loop.run()\n'
                   'interrupt(lambda: root.create_temp_dir_finish(results.pop()), start, '
                   'is_taken)\n')


class HeldByC(support.TestCase):
    """A wrapper can be freed while C holds the object; PyGObject creates another one when it is
    needed."""

    def test_it_stays(self):
        store = Gio.ListStore.new(tempman.TemporaryDirectory)
        store.append(tempman.create_temp_dir(self.folder))
        gc.collect()
        path, = os.listdir(self.folder)
        self.assertFalse(store[0].closed)
        self.assertEqual(os.path.basename(store[0].path), path)
        store[0].close()
        self.assertEqual(os.listdir(self.folder), [])

    def test_calls_after_the_last_reference(self):
        destination = os.path.join(self.folder, 'published')

        source, result = self.call(lambda done: tempman.create_temp_dir(self.folder).persist_async(
            destination, tempman.PersistFlags.NONE, 0, None, done))
        self.assertTrue(source.persist_finish(result))
        self.assert_there(destination)
        source, result = self.call(lambda done: tempman.create_temp_dir(self.folder).close_async(
            0, None, done))
        self.assertTrue(source.close_finish(result))
        source, result = self.call(lambda done: GObject.new(
            tempman.TemporaryDirectory, parent=Gio.File.new_for_path(self.folder)
        ).init_async(0, None, done))
        self.assertTrue(source.init_finish(result))
        self.assert_there(source.path)
        source.close()
        self.assertEqual(os.listdir(self.folder), ['published'])

    def call(self, start):
        """Start a call on an object that only C holds then; return the arguments of the
        callback."""
        loop = GLib.MainLoop()
        given = []

        def done(source, result):
            given.extend((source, result))
            loop.quit()

        start(done)
        gc.collect()
        loop.run()
        return given


class End(support.TestCase):
    """An end that runs no hook: the next cleanup deletes the directory."""

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
        # The lock is released while the process still runs: it is another program now.
        script = self.SCRIPT + 'os.execl("/bin/sh", "sh", "-c", "echo; read line")'
        with subprocess.Popen([sys.executable, '-c', script, self.folder],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
            path = child.stdout.readline().rstrip('\n')
            self.assertEqual(child.stdout.readline(), '\n')
            self.assert_there(path)
            self.assertEqual(self.root.cleanup(), 1)
            self.assert_gone(path)
            child.communicate('\n')


class Fork(support.TestCase):
    """A child that shares the object with its parent keeps the directory."""

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


class SameNumber(support.TestCase):
    """A process and its child can both have the process ID 1, each in a namespace of its own."""

    SCRIPT = (Exit.PREFIX +
              'import ctypes, warnings\n'
              'warnings.simplefilter("error")\n'
              'directory = show(tempman.create_temp_dir(folder))\n'
              'CLONE_NEWPID = 0x20000000\n'
              'if os.getpid() != 1 or ctypes.CDLL(None).unshare(CLONE_NEWPID) != 0:\n'
              '    os._exit(77)\n'
              'pid = os.fork()\n'
              'if pid == 0:\n'
              '    assert os.getpid() == 1\n'
              '    {child}\n'
              '_, status = os.waitpid(pid, 0)\n'
              'assert status == 0, status\n'
              'assert os.path.isdir(directory)\n'
              'directory.close()\n')

    def check(self, child):
        command = ['unshare', '--pid', '--fork', sys.executable, '-c',
                   self.SCRIPT.format(child=child), self.folder]
        if shutil.which('unshare') is None or subprocess.run(
                ['unshare', '--pid', '--fork', 'true'], stderr=subprocess.DEVNULL).returncode != 0:
            self.skipTest('there are no namespaces of processes')
        result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                timeout=100)
        if result.returncode == 77:
            self.skipTest('there is no second namespace of processes')
        self.assertEqual((result.returncode, result.stderr), (0, ''))
        self.assertEqual(os.listdir(self.folder), [])

    def test_child_drops_its_reference(self):
        self.check('del directory; os._exit(0)')

    def test_child_exits(self):
        self.check('sys.exit(0)')

    def test_child_closes(self):
        self.check('directory.close(); os._exit(0)')


class Adoption(support.TestCase):
    """A child that has adopted the directory is its owner, and the parent exits without a
    warning."""

    def check(self, child):
        path, = self.run_script(Exit.PREFIX +
                                'directory = show(tempman.create_temp_dir(folder))\n'
                                'sys.stdout.flush()\n'
                                'reader, writer = os.pipe()\n'
                                'if os.fork():\n'
                                '    os.close(writer)\n'
                                # Until the child has exited.
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
