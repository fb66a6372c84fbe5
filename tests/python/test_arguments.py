# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The arguments that the functions accept and refuse."""

import datetime
import decimal
import fractions
import os
import pathlib
import re
import unittest

import support

from gi.repository import Gio
from gi.repository import Tempman as tempman


class Paths(support.TestCase):
    def forms(self):
        yield self.folder
        yield os.fsencode(self.folder)
        yield pathlib.Path(self.folder)
        yield Gio.File.new_for_path(self.folder)

    def test_create_temp_dir(self):
        for form in self.forms():
            with self.subTest(form=form), tempman.create_temp_dir(form) as directory:
                self.assertEqual(os.path.dirname(directory.path), self.folder)

    def test_constructor(self):
        for form in self.forms():
            with self.subTest(form=form), tempman.TemporaryDirectory(form) as directory:
                self.assertEqual(os.path.dirname(directory.path), self.folder)

    def test_root(self):
        for form in self.forms():
            with self.subTest(form=form):
                self.assertEqual(tempman.root(form).get_directory().get_path(), self.folder)
                self.assertEqual(tempman.Root(form).get_directory().get_path(), self.folder)

    def test_a_temporary_directory_is_a_path(self):
        with tempman.create_temp_dir(self.folder) as outer:
            self.assertEqual(os.fspath(outer), outer.path)
            with tempman.create_temp_dir(outer) as inner:
                self.assertEqual(os.path.dirname(inner.path), outer.path)
            self.assertEqual(os.listdir(outer), [])

    def test_wrong_type(self):
        for wrong in (1, 1.5, object(), []):
            with self.subTest(wrong=wrong):
                self.assertRaises(TypeError, tempman.create_temp_dir, wrong)
                self.assertRaises(TypeError, tempman.root, wrong)

    def test_root_needs_a_directory(self):
        for function in (tempman.root, tempman.Root, tempman.Root.new_async,
                         tempman.delete_recursively, tempman.delete_recursively_async):
            with self.subTest(function=function):
                self.assertRaisesRegex(TypeError, 'must be a path, not None', function, None)

    def test_empty_path(self):
        for empty in ('', b''):
            with self.subTest(empty=empty):
                self.assertRaises(ValueError, tempman.create_temp_dir, empty)
                self.assertRaises(ValueError, tempman.root, empty)

    def test_nul_in_the_path(self):
        self.assertRaises(ValueError, tempman.root, self.folder + '\0x')

    def test_not_utf_8(self):
        parent = os.path.join(os.fsencode(self.folder), b'not-utf-8-\xff')
        os.mkdir(parent)
        for form in (parent, os.fsdecode(parent), pathlib.Path(os.fsdecode(parent))):
            with self.subTest(form=form):
                with tempman.create_temp_dir(form) as directory:
                    self.assertIs(type(directory.path), str)
                    self.assertEqual(os.path.dirname(os.fsencode(directory.path)), parent)
                    self.assertTrue(os.path.isdir(directory))
                    self.assertIn(repr(directory.path), repr(directory))
                self.assert_gone(directory.path)
                with tempman.root(form).create_temp_dir() as directory:
                    self.assertEqual(os.path.dirname(os.fsencode(directory.path)), parent)
        self.assertEqual(os.listdir(parent), [])

    def test_relative(self):
        before = os.getcwd()
        self.addCleanup(os.chdir, before)
        os.chdir(self.folder)
        directory = tempman.create_temp_dir('.')
        os.chdir(before)
        self.assertEqual(os.path.dirname(directory.path), self.folder)
        directory.close()
        self.assertEqual(os.listdir(self.folder), [])


class Upwards(support.TestCase):
    """“..” is refused after a link, and removed after a directory."""

    def setUp(self):
        super().setUp()
        self.real = self.make('real')
        self.deep = self.make('real/deep')
        self.link = os.path.join(self.folder, 'link')
        os.symlink(self.deep, self.link)

    def test_refused(self):
        for path in (self.link + '/..', os.fsencode(self.link) + b'/../', self.link + '/../deep/..',
                     pathlib.Path(self.link, '..'), self.real + '/../link/./../deep'):
            for function in (tempman.create_temp_dir, tempman.TemporaryDirectory, tempman.root,
                             tempman.Root, tempman.delete_recursively):
                with self.subTest(path=path, function=function):
                    self.assertRaisesRegex(ValueError, 'refused', function, path)
        with tempman.create_temp_dir(self.real) as directory:
            self.assertRaisesRegex(ValueError, re.escape(f'after the link {self.link!r}'),
                                   directory.persist, self.link + '/../published')
        self.assert_there(self.deep, self.link)
        self.assertEqual(os.listdir(self.real), ['deep'])

    def test_left_out(self):
        """Without its “..”, the path leads to the same directory, and may be a link."""
        os.symlink(self.real, os.path.join(self.folder, 'up'))
        for path in ('real/deep/..', 'real/deep/../', 'up/deep/..', 'up/./deep/../deep/..',
                     'real/../up', os.path.join('..', os.path.basename(self.folder), 'real')):
            for convert in (str, os.fsencode, pathlib.Path):
                with self.subTest(path=path, convert=convert):
                    path = os.path.join(self.folder, path)
                    self.assertEqual(tempman.Root(convert(path)).get_directory().get_path(), self.real)
                    with tempman.create_temp_dir(convert(path)) as directory:
                        self.assertEqual(os.path.dirname(directory.path), self.real)
                        directory.persist(os.path.join(path, 'deep', '..', 'published'))
                    os.rmdir(os.path.join(self.real, 'published'))
        self.assertEqual(tempman.Root(self.folder + '/' + '../' * 50 + self.folder)
                         .get_directory().get_path(), self.folder)
        # The last component is deleted.
        tempman.delete_recursively(self.real + '/../link')
        self.assert_gone(self.link)
        self.assert_there(self.deep)

    def test_from_a_link(self):
        """The working directory is not a link, whatever path has led there."""
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(self.link)
        self.assertEqual(tempman.Root('..').get_directory().get_path(), self.real)

    def test_file(self):
        path = os.path.join(self.folder, 'file')
        with open(path, 'w'):
            pass
        self.assertRaises(tempman.NotDirectoryError, tempman.Root, path + '/..')

    def test_missing(self):
        for path in ('missing/../real', 'missing/..', 'real/../missing/../real'):
            for function in (tempman.root, tempman.create_temp_dir, tempman.delete_recursively):
                with self.subTest(path=path, function=function), \
                        self.assertRaises((tempman.NotFoundError, ValueError)):
                    function(os.path.join(self.folder, path))
        self.assert_there(self.real, self.deep)

    def test_path_of_a_link(self):
        # The path is the resolved one, wherever the link leads to later, as for a root.
        with tempman.create_temp_dir(self.link) as directory:
            self.assertEqual(os.path.dirname(directory.path), self.deep)
            os.remove(self.link)
            self.assert_there(directory.path)
        self.assertEqual(os.listdir(self.deep), [])


class Program(support.TestCase):
    """By default a name starts with the name of the program."""

    SCRIPT = ('import os, sys, tempman\n'
              'for directory in (tempman.create_temp_dir(sys.argv[1]),\n'
              '                  tempman.root(sys.argv[1]).create_temp_dir()):\n'
              '    with directory:\n'
              '        print(os.path.basename(directory.path))\n')

    def check(self, prefix, *args):
        for name in self.run_program([*args, self.folder]):
            self.assertRegex(name, f'^{prefix}-[a-z2-7]+$')

    def test_script(self):
        script = os.path.join(self.folder, 'make-report')
        with open(script, 'w') as file:
            file.write(self.SCRIPT)
        self.check('make-report', script)

    def test_package(self):
        package = os.path.join(self.folder, 'reports')
        os.mkdir(package)
        with open(os.path.join(package, '__main__.py'), 'w') as file:
            file.write(self.SCRIPT)
        self.check('reports', package)

    def test_none(self):
        self.check('tempman', '-c', self.SCRIPT)

    def test_one_that_was_set(self):
        self.check('reporter', '-c', 'from gi.repository import GLib\n'
                   'GLib.set_prgname("reporter")\n' + self.SCRIPT)


class Prefix(support.TestCase):
    def test_prefix(self):
        with tempman.TemporaryDirectory(self.folder, 'report') as directory:
            self.assertTrue(os.path.basename(directory.path).startswith('report-'))

    def test_by_keyword(self):
        with tempman.TemporaryDirectory(prefix='report', parent=self.folder) as directory:
            self.assertTrue(os.path.basename(directory.path).startswith('report-'))

    def test_refused(self):
        for prefix in ('a/b', '.', '..', 'x' * 300):
            with self.subTest(prefix=prefix):
                self.assert_error(Gio.IOErrorEnum.INVALID_FILENAME, tempman.TemporaryDirectory,
                                  self.folder, prefix)

    def test_not_utf_8(self):
        root = tempman.root(self.folder)
        for form in (b'not-utf-8-\xff', os.fsdecode(b'not-utf-8-\xff')):
            with self.subTest(form=form):
                with tempman.TemporaryDirectory(self.folder, form) as directory:
                    self.assertTrue(os.path.basename(os.fsencode(directory))
                                    .startswith(b'not-utf-8-\xff-'))
                root.set_prefix(form)
                self.assertEqual(os.fsencode(root.get_prefix()), b'not-utf-8-\xff')
                with root.create_temp_dir() as directory:
                    self.assertTrue(os.path.basename(os.fsencode(directory))
                                    .startswith(b'not-utf-8-\xff-'))


class Timeouts(support.TestCase):
    def test_seconds(self):
        for timeout, seconds in ((0, 0.0), (60, 60.0), (0.25, 0.25), (-3, -3.0),
                                 (float('inf'), float('inf')),
                                 (datetime.timedelta(hours=1, milliseconds=500), 3600.5),
                                 (fractions.Fraction(1, 4), 0.25),
                                 (None, tempman.NO_TIMEOUT)):
            with self.subTest(timeout=timeout):
                self.assertEqual(tempman.root(self.folder, timeout).get_timeout(), seconds)
                self.assertEqual(tempman.Root(self.folder, timeout).get_timeout(), seconds)

    def test_none_by_default(self):
        self.assertEqual(tempman.root(self.folder).get_timeout(), -1.0)

    def test_not_a_number(self):
        self.assert_error(Gio.IOErrorEnum.INVALID_ARGUMENT, tempman.root, self.folder,
                          float('nan'))

    def test_wrong_type(self):
        for wrong in ('60', b'60', True, False, decimal.Decimal(60), object(), [60],
                      datetime.time(0, 1)):
            with self.subTest(wrong=wrong):
                self.assertRaises(TypeError, tempman.root, self.folder, wrong)
                self.assertRaises(TypeError, tempman.Root, self.folder, wrong)


class Leases(support.TestCase):
    def setUp(self):
        super().setUp()
        self.root = tempman.root(self.folder)

    def test_default(self):
        self.assertEqual(tempman.DEFAULT_LEASE, 600.0)
        self.assertEqual(self.root.get_lease(), tempman.DEFAULT_LEASE)

    def test_seconds(self):
        for lease, seconds in ((0, 0.0), (60, 60.0), (0.25, 0.25),
                               (float('inf'), float('inf')),
                               (datetime.timedelta(hours=1, milliseconds=500), 3600.5),
                               (fractions.Fraction(1, 4), 0.25)):
            with self.subTest(lease=lease):
                self.root.set_lease(lease)
                self.assertEqual(self.root.get_lease(), seconds)

    def test_negative(self):
        for lease in (-1, -0.25, float('-inf'), float('nan'), datetime.timedelta(seconds=-1)):
            with self.subTest(lease=lease):
                self.assertRaises(ValueError, self.root.set_lease, lease)
                self.assertEqual(self.root.get_lease(), tempman.DEFAULT_LEASE)

    def test_wrong_type(self):
        for wrong in (None, '60', b'60', True, False, decimal.Decimal(60), object(), [60],
                      datetime.time(0, 1)):
            with self.subTest(wrong=wrong):
                self.assertRaises(TypeError, self.root.set_lease, wrong)
                self.assertEqual(self.root.get_lease(), tempman.DEFAULT_LEASE)


class Limits(support.TestCase):
    """Of the function root() and of the setters."""

    NAMES = ('max_size', 'max_entries', 'min_free_space')

    def setUp(self):
        super().setUp()
        self.root = tempman.root(self.folder, 60)

    def get(self, root):
        return [getattr(root, f'get_{name}')() for name in self.NAMES]

    def test_default(self):
        self.assertEqual(self.get(self.root), [0, 0, 0])

    def test_root(self):
        root = tempman.root(self.folder, 60, max_size=2 * 10**9, max_entries=20,
                            min_free_space=10**10)
        self.assertEqual(self.get(root), [2 * 10**9, 20, 10**10])
        self.assertEqual(root.get_timeout(), 60)
        root = tempman.root(self.folder, max_entries=1)
        self.assertEqual(self.get(root), [0, 1, 0])
        self.assertEqual(root.get_timeout(), tempman.NO_TIMEOUT)

    def test_no_limit(self):
        for none in (None, 0):
            with self.subTest(none=none):
                root = tempman.root(self.folder, max_size=none, max_entries=none,
                                    min_free_space=none)
                self.assertEqual(self.get(root), [0, 0, 0])
                self.root.set_max_entries(1)
                self.root.set_max_entries(none)
                self.assertEqual(self.root.get_max_entries(), 0)

    def test_keyword_only(self):
        self.assertRaises(TypeError, tempman.root, self.folder, 60, 20)

    def test_wrong(self):
        for wrong, error in ((-1, ValueError), (2**64, OverflowError), (True, TypeError),
                             (1.0, TypeError), ('1', TypeError), (b'1', TypeError),
                             (decimal.Decimal(1), TypeError), (object(), TypeError)):
            for name in self.NAMES:
                with self.subTest(wrong=wrong, name=name):
                    self.assertRaises(error, tempman.root, self.folder, **{name: wrong})
                    self.assertRaises(error, getattr(self.root, f'set_{name}'), wrong)
                    self.assertEqual(self.get(self.root), [0, 0, 0])
        self.assertRaises(OverflowError, self.root.set_max_entries, 2**32)


class Flags(support.TestCase):
    def test_create_directory(self):
        path = os.path.join(self.folder, 'new', 'root')
        tempman.Root(path, flags=tempman.RootFlags.CREATE_DIRECTORY)
        self.assertTrue(os.path.isdir(path))

    def test_kept(self):
        flags = tempman.RootFlags.RECLAIM_ABANDONED | tempman.RootFlags.EXPIRE_LIVE
        self.assertEqual(tempman.Root(self.folder, 1, flags).get_flags(), flags)
        self.assertEqual(tempman.Root(self.folder, 1, int(flags)).get_flags(), flags)

    def test_wrong_type(self):
        # One of these has the number of another flag here: it would replace the destination.
        published = self.make('published')
        with tempman.create_temp_dir(self.folder) as directory:
            for wrong in (None, '1', 1.0, tempman.RootFlags.CREATE_DIRECTORY,
                          tempman.AgeBasis.MODIFIED, Gio.FileCopyFlags.OVERWRITE):
                with self.subTest(wrong=wrong):
                    self.assertRaises(TypeError, directory.persist, published, wrong)
                    self.assertRaises(TypeError, directory.persist_async, published, wrong)
        for wrong in (None, '1', 1.0, tempman.PersistFlags.REPLACE):
            with self.subTest(wrong=wrong):
                self.assertRaises(TypeError, tempman.Root, self.folder, 1, wrong)


class IntrospectedInterface(support.TestCase):
    """The functions of C exist under their own names as well."""

    def setUp(self):
        super().setUp()
        self.file = Gio.File.new_for_path(self.folder)

    def test_temporary_directory(self):
        directory = tempman.TemporaryDirectory.new(self.file, 'report', None)
        self.addCleanup(directory.close, None)
        self.assertIs(type(directory), tempman.TemporaryDirectory)
        self.assertEqual(directory.get_path(), directory.path)
        self.assertEqual(directory.get_file().get_path(), directory.path)
        self.assertEqual(directory.get_child('a').get_path(), os.path.join(directory.path, 'a'))
        self.assertEqual(os.fstat(directory.get_fd()).st_ino, os.stat(directory.path).st_ino)
        self.assertFalse(directory.is_closed())

    def test_get_child(self):
        with tempman.create_temp_dir(self.folder) as directory:
            for name in ('a', b'a', pathlib.Path('a'), './a', os.path.join('b', '..', 'a')):
                self.assertEqual(directory.get_child(name).get_path(),
                                 os.path.join(directory.path, 'a'))
            name = os.fsdecode(b'\xff')
            self.assertEqual(directory.get_child(name).get_path(),
                             os.path.join(directory.path, name))
            self.assertRaises(ValueError, directory.get_child, '/a')
            for wrong in (None, 1, object()):
                self.assertRaises(TypeError, directory.get_child, wrong)

    def test_keep(self):
        directory = tempman.create_temp_dir(self.folder)
        directory.keep()
        self.assertTrue(directory.is_closed())
        self.assert_there(directory.path)

    def test_root(self):
        root = tempman.Root.new(self.file, 60, tempman.RootFlags.NONE, None)
        self.assertIs(type(root), tempman.Root)
        root.set_prefix('report')
        directory = root.create_temp_dir(None)
        self.addCleanup(directory.close, None)
        self.assertTrue(os.path.basename(directory.path).startswith('report-'))
        self.assertEqual(root.cleanup(None), 0)

    def test_cancelled(self):
        cancellable = Gio.Cancellable()
        cancellable.cancel()
        directory = tempman.create_temp_dir(self.folder)
        self.addCleanup(directory.close)
        root = tempman.root(self.folder)
        for function, args in ((directory.close, ()),
                               (root.create_temp_dir, ()),
                               (tempman.TemporaryDirectory.new, (self.file, None))):
            with self.subTest(function=function):
                self.assert_error(Gio.IOErrorEnum.CANCELLED, function, *args, cancellable)
        self.assertFalse(directory.is_closed())


if __name__ == '__main__':
    unittest.main()
