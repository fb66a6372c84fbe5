# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Errors: those of GLib, which are also exceptions of Python where it has a class for them."""

import errno
import os
import pathlib
import pickle
import traceback
import unittest

import support

from gi.repository import Gio, GLib
from gi.repository import Tempman as tempman


class Errors(support.TestCase):
    def setUp(self):
        super().setUp()
        self.missing = os.path.join(self.folder, 'missing')
        self.file = os.path.join(self.folder, 'file')
        with open(self.file, 'w'):
            pass

    def check(self, error, python_type, number, filename):
        self.assertIsInstance(error, GLib.Error)
        self.assertIsInstance(error, python_type)
        self.assertEqual(error.errno, number)
        self.assertEqual(error.strerror, os.strerror(number))
        self.assertEqual(error.filename, filename)
        self.assertEqual(error.domain, 'g-io-error-quark')
        self.assertIn(error.message, str(error))

    def test_missing(self):
        for form in (self.missing, os.fsencode(self.missing), pathlib.Path(self.missing)):
            for function in (tempman.create_temp_dir, tempman.TemporaryDirectory,
                             tempman.TemporaryDirectory.new, tempman.root, tempman.Root,
                             tempman.Root.new, tempman.delete_recursively):
                with self.subTest(function=function, form=form):
                    error = self.assert_error(Gio.IOErrorEnum.NOT_FOUND, function, form,
                                              names=self.missing)
                    self.check(error, FileNotFoundError, errno.ENOENT, form)
                    self.assertIsInstance(error, tempman.NotFoundError)

    def test_missing_as_a_file(self):
        error = self.assert_error(Gio.IOErrorEnum.NOT_FOUND, tempman.root,
                                  Gio.File.new_for_path(self.missing))
        self.check(error, FileNotFoundError, errno.ENOENT, self.missing)

    def test_relative(self):
        before = os.getcwd()
        self.addCleanup(os.chdir, before)
        os.chdir(self.folder)
        error = self.assert_error(Gio.IOErrorEnum.NOT_FOUND, tempman.root, 'missing')
        self.check(error, FileNotFoundError, errno.ENOENT, 'missing')

    def test_missing_asynchronously(self):
        file = Gio.File.new_for_path(self.missing)
        for start, finish, args in (
                (tempman.TemporaryDirectory.new_async, tempman.TemporaryDirectory.new_finish,
                 (file, None)),
                (tempman.Root.new_async, tempman.Root.new_finish,
                 (file, -1, tempman.RootFlags.NONE))):
            with self.subTest(start=start):
                error = self.assert_error(Gio.IOErrorEnum.NOT_FOUND, finish,
                                          self.wait(start, *args), names=self.missing)
                self.check(error, FileNotFoundError, errno.ENOENT, self.missing)

    def test_plain_file(self):
        for function in (tempman.create_temp_dir, tempman.root):
            with self.subTest(function=function):
                error = self.assert_error(Gio.IOErrorEnum.NOT_DIRECTORY, function, self.file,
                                          names=self.file)
                self.check(error, NotADirectoryError, errno.ENOTDIR, self.file)

    def test_exists(self):
        destination = os.path.join(self.folder, 'destination')
        os.mkdir(destination)
        with tempman.create_temp_dir(self.folder) as directory:
            error = self.assert_error(Gio.IOErrorEnum.EXISTS, directory.persist, destination,
                                      names=destination)
            self.check(error, FileExistsError, errno.EEXIST, error.filename)
            self.assertIn(error.filename, (directory.path, destination))

    def test_not_utf_8(self):
        missing = os.path.join(os.fsencode(self.folder), b'not-utf-8-\xff')
        for function in (tempman.create_temp_dir, tempman.root):
            with self.subTest(function=function):
                error = self.assert_error(Gio.IOErrorEnum.NOT_FOUND, function, missing,
                                          names=os.path.join(self.folder, 'not-utf-8-'))
                self.check(error, FileNotFoundError, errno.ENOENT, missing)

    @unittest.skipIf(os.getuid() != 0, 'only root can give a file to another user')
    def test_something_inside_is_no_filename(self):
        # The message has another path than the argument: a filename is always an argument of the
        # call.
        outer = os.path.join(self.folder, 'outer')
        inner = os.path.join(outer, 'inner')
        os.makedirs(os.path.join(inner, 'kept'))
        os.chmod(self.folder, 0o777)
        os.chown(outer, 65534, 65534)
        lines = self.run_script('import os, sys\n'
                                'import tempman\n'
                                'os.setgid(65534)\n'
                                'os.setuid(65534)\n'
                                'try:\n'
                                '    tempman.delete_recursively(sys.argv[1] + "/outer")\n'
                                'except PermissionError as error:\n'
                                '    print(error.filename)\n'
                                '    print(error.message)\n')
        self.assertEqual(lines[0], 'None')
        self.assertIn(f'“{inner}', lines[1])

    def test_permission_denied(self):
        # Root is never denied: a child becomes another user.
        denied = os.path.join(self.folder, 'denied')
        os.mkdir(denied)
        os.chmod(self.folder, 0o755)
        os.chmod(denied, 0o555)
        lines = self.run_script('import os, sys\n'
                                'import tempman\n'
                                'if os.getuid() == 0:\n'
                                '    os.setgid(65534)\n'
                                '    os.setuid(65534)\n'
                                'try:\n'
                                '    tempman.create_temp_dir(sys.argv[1] + "/denied")\n'
                                'except PermissionError as error:\n'
                                '    print(type(error).__name__, error.errno, error.filename)\n')
        self.assertEqual(lines, [f'PermissionDeniedError {errno.EACCES} {denied}'])

    def test_others_are_errors_of_glib_alone(self):
        error = self.assert_error(Gio.IOErrorEnum.INVALID_ARGUMENT, tempman.root, '/')
        self.assertNotIsInstance(error, OSError)

    def test_dangerous_roots(self):
        for path in ('/', os.path.expanduser('~')):
            # The home directory of a build machine may be missing.
            if not os.path.isdir(path):
                continue
            with self.subTest(path=path):
                self.assert_error(Gio.IOErrorEnum.INVALID_ARGUMENT, tempman.root, path,
                                  names=path)

    def test_replaced_is_not_found(self):
        directory = tempman.create_temp_dir(self.folder)
        os.rename(directory.path, os.path.join(self.folder, 'moved'))
        os.mkdir(directory.path)
        error = self.assert_error(Gio.IOErrorEnum.NOT_FOUND, directory.close)
        self.check(error, FileNotFoundError, errno.ENOENT, directory.path)
        os.rmdir(directory.path)
        directory.close()

    def test_caught_either_way(self):
        with self.assertRaises(FileNotFoundError):
            tempman.root(self.missing)
        with self.assertRaises(GLib.Error):
            tempman.root(self.missing)
        with self.assertRaises(OSError):
            tempman.root(self.missing)

    def test_pickle(self):
        # As a pool of processes sends an exception.
        error = self.assert_error(Gio.IOErrorEnum.NOT_FOUND, tempman.root, self.missing)
        copy = pickle.loads(pickle.dumps(error))
        self.assertIs(type(copy), type(error))
        self.assertEqual(type(error).__module__, 'gi.repository.Tempman')
        self.check(copy, FileNotFoundError, errno.ENOENT, self.missing)
        self.assertEqual(str(copy), str(error))
        self.assertTrue(copy.matches(Gio.io_error_quark(), Gio.IOErrorEnum.NOT_FOUND))

    def test_no_cause_is_shown_twice(self):
        error = self.assert_error(Gio.IOErrorEnum.NOT_FOUND, tempman.root, self.missing)
        self.assertTrue(error.__suppress_context__)
        self.assertIsNone(error.__context__)
        self.assertIsNone(error.__cause__)

    def test_what_ended_the_block_is_shown(self):
        directory = tempman.create_temp_dir(self.folder)
        with self.assertRaises(FileNotFoundError) as caught:
            with directory:
                os.rename(directory.path, os.path.join(self.folder, 'moved'))
                os.mkdir(directory.path)
                1 / 0
        text = ''.join(traceback.format_exception(caught.exception.__class__, caught.exception,
                                                  caught.exception.__traceback__))
        self.assertIn('ZeroDivisionError', text)
        self.assertNotIn('GLib.GError', text)
        os.rmdir(directory.path)
        directory.close()


class WrongResults(support.TestCase):
    """The result of another call: C refuses it with a critical warning, and sets no error."""

    SCRIPT = ('from gi.repository import Gio, GLib\n'
              'import tempman\n'
              'import sys\n'
              'directory = tempman.create_temp_dir(sys.argv[1])\n'
              'root = tempman.root(sys.argv[1])\n'
              'results = {}\n'
              'loop = GLib.MainLoop()\n'
              'def done(source, result, name):\n'
              '    results[name] = result\n'
              '    if len(results) == 2:\n'
              '        loop.quit()\n'
              'directory.close_async(0, None, done, "close")\n'
              'root.cleanup_async(0, None, done, "cleanup")\n'
              'loop.run()\n'
              'for finish, name in ((directory.close_finish, "cleanup"),\n'
              '                     (directory.persist_finish, "close"),\n'
              '                     (root.create_temp_dir_finish, "cleanup"),\n'
              '                     (root.cleanup_finish, "close"),\n'
              '                     (root.list_entries_finish, "cleanup"),\n'
              '                     (tempman.TemporaryDirectory.new_finish, "cleanup"),\n'
              '                     (tempman.Root.new_finish, "close"),\n'
              '                     (tempman.delete_recursively_finish, "close")):\n'
              '    try:\n'
              '        finish(results[name])\n'
              '    except TypeError as error:\n'
              '        print(error)\n')

    def test_wrong_results(self):
        lines = self.run_script(self.SCRIPT, env={'G_DEBUG': ''})
        self.assertEqual(len(lines), 8, lines)


if __name__ == '__main__':
    unittest.main()
