# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The asynchronous calls as coroutines: the same code in every loop of asyncio."""

import asyncio
import datetime
import os
import threading
import unittest

import support

from gi.repository import Gio, GLib, GObject
from gi.repository import Tempman as tempman

try:
    from gi.events import GLibEventLoopPolicy
except ImportError:
    GLibEventLoopPolicy = None

# Enough files to cancel their deletion halfway.
N_FILES = 20000

# How many attempts a test makes: this thread has to run while another one deletes the files.
N_TRIES = 10


class Coroutines(support.TestCase):
    """In the loop of asyncio, which does not run GLib's main context."""

    def run_coroutine(self, coroutine):
        return asyncio.run(coroutine)

    def make_full(self, n_files=N_FILES):
        directory = tempman.create_temp_dir(self.folder)
        fd = directory.get_fd()
        for name in range(n_files):
            os.close(os.open(str(name), os.O_CREAT | os.O_WRONLY, dir_fd=fd))
        return directory

    async def cancel(self, task):
        """Cancel a task, and check that it is cancelled."""
        task.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await task

    def test_life_of_a_directory(self):
        async def test():
            directory = await tempman.TemporaryDirectory.new_async(self.folder, 'report')
            self.assertIs(type(directory), tempman.TemporaryDirectory)
            self.assertTrue(os.path.basename(directory).startswith('report-'))
            os.mkdir(directory / 'inside')
            self.assertTrue(await directory.close_async())
            self.assertTrue(directory.closed)
            self.assert_gone(directory.path)
            self.assertTrue(await directory.close_async())

        self.run_coroutine(test())

    def test_with_the_arguments_of_c(self):
        async def test():
            file = Gio.File.new_for_path(self.folder)
            directory = await tempman.TemporaryDirectory.new_async(file, None,
                                                                   GLib.PRIORITY_LOW, None)
            self.assertTrue(await directory.close_async(GLib.PRIORITY_DEFAULT, None))
            root = await tempman.Root.new_async(file, 60.0, tempman.RootFlags.NONE,
                                                io_priority=GLib.PRIORITY_HIGH, cancellable=None)
            self.assertEqual(root.get_timeout(), 60.0)

        self.run_coroutine(test())

    def test_root(self):
        async def test():
            old = self.make('old', age=100)
            root = await tempman.Root.new_async(self.folder, datetime.timedelta(minutes=1))
            self.assertEqual([entry.path for entry in await root.list_entries_async()], [old])
            self.assertEqual(await root.cleanup_async(), 1)
            older = self.make('older', age=200)
            async with await root.create_temp_dir_async() as directory:
                self.assert_gone(older)
                self.assert_there(directory.path)
            self.assert_gone(directory.path)

        self.run_coroutine(test())

    def test_initialisation(self):
        async def test():
            file = Gio.File.new_for_path(self.folder)
            directory = GObject.new(tempman.TemporaryDirectory, parent=file)
            self.assertTrue(await directory.init_async())
            self.assertTrue(await directory.close_async())
            root = GObject.new(tempman.Root, directory=file)
            self.assertTrue(await root.init_async())
            self.assertEqual(await root.cleanup_async(), 0)

        self.run_coroutine(test())

    def test_persist(self):
        async def test():
            directory = tempman.create_temp_dir(self.folder)
            path = os.path.join(self.folder, 'published')
            self.assertTrue(await directory.persist_async(path))
            self.assertEqual(directory.path, path)
            directory = tempman.create_temp_dir(self.folder)
            os.mkdir(directory / 'new')
            with self.assertRaises(FileExistsError):
                await directory.persist_async(path)
            self.assertTrue(await directory.persist_async(path, tempman.PersistFlags.REPLACE))
            self.assertEqual(os.listdir(path), ['new'])

        self.run_coroutine(test())

    def test_delete_recursively(self):
        async def test():
            directory = self.make_full(2000)
            directory.keep()
            reports = []

            def report(*counts):
                self.assertIs(threading.current_thread(), threading.main_thread())
                reports.append(counts)

            self.assertTrue(await tempman.delete_recursively_async(directory.path,
                                                                   progress=report))
            self.assertEqual(reports[-1], (2001, 2001))
            self.assertEqual(reports, sorted(reports))
            self.assert_gone(directory.path)
            with self.assertRaises(TypeError):
                await tempman.delete_recursively_async(self.folder, progress='no function')
            self.assert_there(self.folder)

        self.run_coroutine(test())

    def test_errors(self):
        async def test():
            missing = os.path.join(self.folder, 'missing')
            for call in (tempman.TemporaryDirectory.new_async, tempman.Root.new_async,
                         tempman.delete_recursively_async):
                with self.subTest(call=call):
                    with self.assertRaises(GLib.Error) as caught:
                        await call(missing)
                    self.assertTrue(caught.exception.matches(Gio.io_error_quark(),
                                                             Gio.IOErrorEnum.NOT_FOUND))
                    self.assertIsInstance(caught.exception, FileNotFoundError)
                    self.assertEqual(caught.exception.filename, missing)
            for call in (tempman.Root.new_async, tempman.delete_recursively_async):
                with self.assertRaises(TypeError):
                    await call(None)

        self.run_coroutine(test())

    def test_other_tasks_run_meanwhile(self):
        async def test():
            for _ in range(N_TRIES):
                closing = asyncio.create_task(self.make_full().close_async())
                n_turns = 0
                while not closing.done():
                    n_turns += 1
                    await asyncio.sleep(0)
                self.assertTrue(closing.result())
                if n_turns > 10:
                    return
            self.fail('the deletion let no other task run')

        self.run_coroutine(test())

    def test_many_at_once(self):
        async def test():
            root = tempman.root(self.folder)

            async def work(name):
                async with await root.create_temp_dir_async() as directory:
                    (directory / name).touch()
                    await root.cleanup_async()
                    return os.listdir(directory)

            names = [str(name) for name in range(50)]
            self.assertEqual(await asyncio.gather(*map(work, names)),
                             [[name] for name in names])
            self.assertEqual(os.listdir(self.folder), [])

        self.run_coroutine(test())

    def test_async_with(self):
        async def test():
            async with tempman.create_temp_dir(self.folder) as directory:
                self.assertIs(type(directory), tempman.TemporaryDirectory)
                os.mkdir(directory / 'inside')
            self.assertTrue(directory.closed)
            self.assert_gone(directory.path)
            with self.assertRaises(ZeroDivisionError):
                async with tempman.create_temp_dir(self.folder) as directory:
                    1 / 0
            self.assert_gone(directory.path)
            with self.assertRaises(FileNotFoundError):
                async with tempman.create_temp_dir(self.folder) as directory:
                    os.rename(directory.path, os.path.join(self.folder, 'moved'))
                    os.mkdir(directory.path)
            os.rmdir(directory.path)
            directory.close()

        self.run_coroutine(test())

    def test_cancelled_inside_async_with(self):
        async def test():
            directory = self.make_full(100)
            entered = asyncio.Event()

            async def work():
                async with directory:
                    entered.set()
                    await asyncio.sleep(3600)

            task = asyncio.create_task(work())
            await entered.wait()
            await self.cancel(task)
            self.assertTrue(directory.closed)
            self.assert_gone(directory.path)

        self.run_coroutine(test())

    def test_cancelled_at_the_end_of_async_with(self):
        # The block deletes the directory all the same, and the cancellation is not lost.
        async def test():
            directory = self.make_full()
            left = asyncio.Event()

            async def work():
                async with directory:
                    left.set()

            task = asyncio.create_task(work())
            await left.wait()
            await self.cancel(task)
            self.assertTrue(directory.closed)
            self.assert_gone(directory.path)

        self.run_coroutine(test())

    def test_cancelling_a_task_cancels_the_deletion(self):
        async def test():
            for _ in range(N_TRIES):
                directory = self.make_full()
                cancellable = Gio.Cancellable()
                task = asyncio.create_task(directory.close_async(cancellable=cancellable))
                # Until a file has been deleted.
                while count(directory) == N_FILES:
                    await asyncio.sleep(0)
                await self.cancel(task)
                self.assertTrue(cancellable.is_cancelled())
                if not directory.closed:
                    break
            else:
                self.fail('the deletion was never stopped on the way')
            # The deletion has stopped, and the directory is still open.
            n_left = count(directory)
            self.assertGreater(n_left, 0)
            await asyncio.sleep(0.05)
            self.assertEqual(count(directory), n_left)
            self.assertTrue(await directory.close_async())
            self.assert_gone(directory.path)

        def count(directory):
            try:
                return len(os.listdir(directory))
            except FileNotFoundError:
                return 0

        self.run_coroutine(test())

    def test_cancelled_more_than_once(self):
        async def test():
            directory = self.make_full()
            task = asyncio.create_task(directory.close_async())
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.sleep(0)
            await self.cancel(task)
            await directory.close_async()
            self.assert_gone(directory.path)

        self.run_coroutine(test())

    def test_nothing_is_lost_when_a_creation_is_cancelled(self):
        async def test():
            root = tempman.root(self.folder)
            for create in (root.create_temp_dir_async,
                           lambda: tempman.TemporaryDirectory.new_async(self.folder)):
                for n_turns in range(20):
                    task = asyncio.create_task(create())
                    for _ in range(n_turns):
                        await asyncio.sleep(0)
                    task.cancel()
                    try:
                        directory = await task
                    except asyncio.CancelledError:
                        pass
                    else:
                        await directory.close_async()
                    self.assertEqual(os.listdir(self.folder), [])

        self.run_coroutine(test())

    def test_cancelled_by_its_cancellable(self):
        async def test():
            cancellable = Gio.Cancellable()
            cancellable.cancel()
            root = tempman.root(self.folder)
            directory = root.create_temp_dir()
            for call in (directory.close_async, root.create_temp_dir_async, root.cleanup_async,
                         root.list_entries_async):
                with self.subTest(call=call):
                    with self.assertRaises(GLib.Error) as caught:
                        await call(cancellable=cancellable)
                    self.assertTrue(caught.exception.matches(Gio.io_error_quark(),
                                                             Gio.IOErrorEnum.CANCELLED))
            await directory.close_async()

        self.run_coroutine(test())

    def test_callback_in_a_coroutine(self):
        # A callback is called in a coroutine, too; with the loop of asyncio, by the code that
        # iterates the main context.
        async def test():
            directory = tempman.create_temp_dir(self.folder)
            results = []
            self.assertIsNone(directory.close_async(GLib.PRIORITY_DEFAULT, None,
                                                    lambda *args: results.append(args), 'data'))
            while not results:
                GLib.MainContext.default().iteration(False)
                await asyncio.sleep(0)
            (source, result, data), = results
            self.assertIs(source, directory)
            self.assertEqual(data, 'data')
            self.assertTrue(directory.close_finish(result))

        self.run_coroutine(test())

    def test_no_callback_in_a_coroutine(self):
        # As in C: a call whose result is ignored.
        async def test():
            directory = tempman.create_temp_dir(self.folder)
            self.assertIsNone(directory.close_async(GLib.PRIORITY_DEFAULT, None, None))
            while not directory.closed:
                await asyncio.sleep(0.001)

        self.run_coroutine(test())


@unittest.skipIf(GLibEventLoopPolicy is None,
                 'this PyGObject has no loop of its own for asyncio')
class CoroutinesInTheLoopOfGLib(Coroutines):
    """In the loop that PyGObject makes of GLib's main loop."""

    def run_coroutine(self, coroutine):
        loop = GLibEventLoopPolicy().get_event_loop()
        try:
            return loop.run_until_complete(coroutine)
        finally:
            loop.close()

    def test_the_thread_of_the_executor_is_not_needed(self):
        async def test():
            def refuse(*args):
                raise AssertionError('a thread was asked for')

            asyncio.get_running_loop().run_in_executor = refuse
            async with tempman.create_temp_dir(self.folder) as directory:
                pass
            self.assert_gone(directory.path)

        self.run_coroutine(test())


class CoroutinesInAnyOtherLoop(support.TestCase):
    def test_a_context_that_is_none_of_glib(self):
        # No loop would call back.
        loop = asyncio.new_event_loop()
        self.addCleanup(loop.close)
        loop._context = object()

        async def test():
            directory = await tempman.TemporaryDirectory.new_async(self.folder)
            return await directory.close_async()

        self.assertTrue(loop.run_until_complete(asyncio.wait_for(test(), 60)))


class WithoutLoop(support.TestCase):
    """Outside of a coroutine, a call without a callback works as in C."""

    def test_close(self):
        directory = tempman.create_temp_dir(self.folder)
        self.assertIsNone(directory.close_async(GLib.PRIORITY_DEFAULT, None))
        while not directory.closed:
            GLib.MainContext.default().iteration(False)
        self.assert_gone(directory.path)

    def test_callback_by_keyword(self):
        directory = tempman.create_temp_dir(self.folder)
        results = []
        directory.close_async(io_priority=GLib.PRIORITY_DEFAULT, cancellable=None,
                              callback=lambda *args: results.append(args))
        while not results:
            GLib.MainContext.default().iteration(True)
        self.assertTrue(directory.close_finish(results[0][1]))


if __name__ == '__main__':
    unittest.main()
