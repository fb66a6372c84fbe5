# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""What Python adds to the creation of a directory and to the end of its block: suffix, mode and
keep_on_error; keep_async(), and the flags of deletions."""

import asyncio
import logging
import os
import stat
import unittest

import support

from gi.repository import Gio, GLib
from gi.repository import Tempman as tempman


def mode_of(path):
    return stat.S_IMODE(os.stat(path).st_mode)


class SuffixAndMode(support.TestCase):
    def test_every_way_to_create(self):
        async def create():
            return await tempman.TemporaryDirectory.new_async(self.folder, 'p', suffix='.x',
                                                              mode=0o755)

        for directory in (
                tempman.create_temp_dir(self.folder, prefix='p', suffix='.x', mode=0o755),
                tempman.TemporaryDirectory(self.folder, 'p', suffix='.x', mode=0o755),
                tempman.TemporaryDirectory.new(self.folder, 'p', suffix='.x', mode=0o755),
                asyncio.run(create())):
            with directory:
                self.assertIsInstance(directory, tempman.TemporaryDirectory)
                self.assertRegex(os.path.basename(directory.path), r'^p-[a-z2-7]{20}\.x$')
                self.assertEqual(mode_of(directory.path), 0o1755)
                self.assertEqual((directory.props.suffix, directory.props.mode), ('.x', 0o755))
            self.assert_gone(directory.path)

    def test_with_callback(self):
        loop = GLib.MainLoop()
        created = []

        def done(_, result):
            created.append(tempman.TemporaryDirectory.new_finish(result))
            loop.quit()

        tempman.TemporaryDirectory.new_async(self.folder, callback=done, suffix='.x')
        loop.run()
        directory, = created
        self.assertTrue(directory.path.endswith('.x'))
        directory.close()

    def test_prefix_alone(self):
        with tempman.create_temp_dir(self.folder, prefix=b'by\xfftes') as directory:
            self.assertTrue(os.path.basename(os.fsencode(directory.path)).startswith(b'by\xfftes-'))
            self.assertEqual(mode_of(directory.path), 0o1700)

    def test_wrong(self):
        for suffix in ('x', '/', './x', '2'):
            with self.assertRaises(GLib.Error) as caught:
                tempman.create_temp_dir(self.folder, suffix=suffix)
            self.assertTrue(caught.exception.matches(Gio.io_error_quark(),
                                                     Gio.IOErrorEnum.INVALID_FILENAME))
        for mode in (755, -1, 0o1000):
            self.assertRaises(ValueError, tempman.create_temp_dir, self.folder, mode=mode)
        for wrong in ({'mode': '755'}, {'mode': 7.5}, {'mode': None}, {'suffix': 5}):
            self.assertRaises(TypeError, tempman.create_temp_dir, self.folder, **wrong)
        self.assertEqual(os.listdir(self.folder), [])

    def test_not_closed(self):
        # The same warning as for any other directory.
        self.run_program(['-W', 'default', '-c',
                          'import sys, tempman\n'
                          'tempman.create_temp_dir(sys.argv[1], suffix=".x")\n', self.folder])
        self.assertIn('ResourceWarning', self.stderr)
        self.assertEqual(os.listdir(self.folder), [])


class PrefixOfRoot(support.TestCase):
    def test_every_way_to_open(self):
        async def open_in_asyncio():
            return await tempman.Root.new_async(self.folder, prefix='p')

        def open_with_callback():
            loop = GLib.MainLoop()
            opened = []

            def done(_, result):
                opened.append(tempman.Root.new_finish(result))
                loop.quit()

            tempman.Root.new_async(self.folder, callback=done, prefix='p')
            loop.run()
            return opened[0]

        for root in (tempman.root(self.folder, prefix='p'),
                     tempman.Root(self.folder, prefix='p'),
                     tempman.Root.new(self.folder, prefix='p'),
                     asyncio.run(open_in_asyncio()), open_with_callback()):
            self.assertEqual(root.prefix, 'p')
            with root.create_temp_dir() as directory:
                self.assertRegex(os.path.basename(directory.path), '^p-[a-z2-7]{20}$')

    def test_bytes(self):
        with tempman.root(self.folder, prefix=b'by\xfftes').create_temp_dir() as directory:
            self.assertTrue(os.path.basename(os.fsencode(directory.path)).startswith(b'by\xfftes-'))

    def test_wrong_type(self):
        for function in (tempman.root, tempman.Root, tempman.Root.new, tempman.Root.new_async):
            self.assertRaises(TypeError, function, self.folder, prefix=5)
        self.assertRaises(TypeError, tempman.Root, self.folder, None, 0, 'p')


class KeepOnError(support.TestCase):
    def fail(self, directory, error=ZeroDivisionError):
        with self.assertRaises(error):
            with self.assertLogs('tempman', logging.WARNING) as logs:
                try:
                    with directory:
                        raise error
                finally:
                    logging.getLogger('tempman').warning('the end')
        return [record.getMessage() for record in logs.records[:-1]]

    def test_kept(self):
        for directory in (tempman.create_temp_dir(self.folder, keep_on_error=True),
                          tempman.TemporaryDirectory(self.folder, keep_on_error=True),
                          tempman.root(self.folder).create_temp_dir(keep_on_error=True)):
            message, = self.fail(directory)
            self.assertIn(directory.path, message)
            self.assertTrue(directory.closed)
            self.assertEqual(mode_of(directory.path), 0o700)

    def test_in_asyncio(self):
        async def work():
            root = tempman.root(self.folder)
            async with await root.create_temp_dir_async() as directory:
                directory.keep_on_error = True
                raise ZeroDivisionError

        with self.assertLogs('tempman', logging.WARNING) as logs:
            self.assertRaises(ZeroDivisionError, asyncio.run, work())
        name, = os.listdir(self.folder)
        self.assertIn(os.path.join(self.folder, name), logs.records[0].getMessage())

    def test_no_error(self):
        with self.assertNoLogs('tempman'):
            with tempman.create_temp_dir(self.folder, keep_on_error=True) as directory:
                pass
            self.assert_gone(directory.path)
            self.assertEqual(self.fail_silently(tempman.create_temp_dir(self.folder)), None)
        self.assertEqual(os.listdir(self.folder), [])

    def fail_silently(self, directory, error=ZeroDivisionError):
        with self.assertRaises(error):
            with directory:
                raise error

    def test_no_failure(self):
        # The user, or another task, ends the block: it has not failed.
        with self.assertNoLogs('tempman'):
            for error in (KeyboardInterrupt, SystemExit, asyncio.CancelledError):
                self.fail_silently(tempman.create_temp_dir(self.folder, keep_on_error=True), error)
        self.assertEqual(os.listdir(self.folder), [])

    def test_closed_in_the_block(self):
        with self.assertNoLogs('tempman'):
            with self.assertRaises(ZeroDivisionError):
                with tempman.create_temp_dir(self.folder, keep_on_error=True) as directory:
                    directory.close()
                    raise ZeroDivisionError
        self.assertEqual(os.listdir(self.folder), [])

    def test_in_a_forked_child(self):
        directory = tempman.create_temp_dir(self.folder, keep_on_error=True)
        child = os.fork()
        if child == 0:
            try:
                with directory:
                    raise ZeroDivisionError
            except ZeroDivisionError:
                os._exit(0)
            finally:
                os._exit(1)
        self.assertEqual(os.waitpid(child, 0)[1], 0)
        self.assertEqual(mode_of(directory.path), 0o1700)
        directory.close()

    def test_on_stderr(self):
        # A program that does not configure logging sees it.
        self.run_program(['-c',
                          'import sys, tempman\n'
                          'with tempman.create_temp_dir(sys.argv[1], keep_on_error=True):\n'
                          '    1 / 0\n', self.folder], status=1)
        name, = os.listdir(self.folder)
        self.assertIn(os.path.join(self.folder, name), self.stderr.partition('Traceback')[0])
        self.assertIn('ZeroDivisionError', self.stderr)


class Keep(support.TestCase):
    def test_await(self):
        async def work():
            directory = tempman.create_temp_dir(self.folder)
            self.assertTrue(await directory.keep_async())
            self.assertTrue(directory.closed)
            return directory.path

        self.assert_there(asyncio.run(work()))

    def test_callback(self):
        loop = GLib.MainLoop()
        results = []

        def done(directory, result):
            results.append(directory.keep_finish(result))
            loop.quit()

        directory = tempman.create_temp_dir(self.folder)
        directory.keep_async(callback=done)
        loop.run()
        self.assertEqual(results, [True])
        self.assert_there(directory.path)

    def test_cancelled(self):
        cancellable = Gio.Cancellable()
        cancellable.cancel()
        with tempman.create_temp_dir(self.folder) as directory:
            with self.assertRaises(GLib.Error) as caught:
                directory.keep(cancellable)
            self.assertTrue(caught.exception.matches(Gio.io_error_quark(),
                                                     Gio.IOErrorEnum.CANCELLED))
            self.assertFalse(directory.closed)


class DeleteFlags(support.TestCase):
    def test_keep_directory(self):
        path = os.path.join(self.folder, 'tree')
        os.makedirs(os.path.join(path, 'below'))
        tempman.delete_recursively(path, tempman.DeleteFlags.KEEP_DIRECTORY)
        self.assertEqual(os.listdir(path), [])
        os.mkdir(os.path.join(path, 'below'))
        asyncio.run(self.delete(path, flags=tempman.DeleteFlags.KEEP_DIRECTORY))
        self.assertEqual(os.listdir(path), [])
        os.symlink(path, path + '.link')
        self.assertRaises(NotADirectoryError, tempman.delete_recursively, path + '.link',
                          tempman.DeleteFlags.KEEP_DIRECTORY)

    async def delete(self, *args, **kwargs):
        return await tempman.delete_recursively_async(*args, **kwargs)

    def test_allow_missing(self):
        path = os.path.join(self.folder, 'missing')
        self.assertTrue(tempman.delete_recursively(path, tempman.DeleteFlags.ALLOW_MISSING))
        self.assertTrue(asyncio.run(self.delete(path, tempman.DeleteFlags.ALLOW_MISSING)))
        self.assertRaises(FileNotFoundError, tempman.delete_recursively, path)

    def test_wrong_flags(self):
        self.assertRaises(TypeError, tempman.delete_recursively, self.folder,
                          tempman.PersistFlags.REPLACE)
        self.assertRaises(ValueError, tempman.delete_recursively, self.folder, 1 << 10)
        self.assertRaises(TypeError, tempman.delete_recursively, self.folder, Gio.Cancellable())
        self.assert_there(self.folder)


if __name__ == '__main__':
    unittest.main()
