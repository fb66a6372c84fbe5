# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Objects behave as a Python programmer expects: paths, sequences, times, repr."""

import copy
import datetime
import operator
import os
import pathlib
import pickle
import shutil
import unittest
import weakref

import support

from gi.repository import Gio, GObject
from gi.repository import Tempman as tempman


class Paths(support.TestCase):
    def setUp(self):
        super().setUp()
        self.directory = tempman.create_temp_dir(self.folder)
        self.addCleanup(self.directory.close)

    def test_children(self):
        path = pathlib.Path(self.directory.path)
        for child, expected in ((self.directory / 'a', path / 'a'),
                                (self.directory / 'a' / 'b', path / 'a' / 'b'),
                                (self.directory / pathlib.Path('a', 'b'), path / 'a' / 'b'),
                                (self.directory.joinpath('a'), path / 'a'),
                                (self.directory.joinpath('a', 'b'), path / 'a' / 'b'),
                                (self.directory.joinpath(), path),
                                (pathlib.Path(self.directory), path)):
            with self.subTest(expected=expected):
                self.assertIsInstance(child, pathlib.Path)
                self.assertEqual(child, expected)

    def test_use(self):
        (self.directory / 'notes.txt').write_text('work')
        self.directory.joinpath('one', 'two').mkdir(parents=True)
        with open(os.path.join(self.directory, 'notes.txt')) as stream:
            self.assertEqual(stream.read(), 'work')
        self.assertEqual(sorted(os.listdir(self.directory)), ['notes.txt', 'one'])
        self.assertTrue(os.path.samefile(self.directory, self.directory.path))
        shutil.copytree(self.directory, os.path.join(self.folder, 'copy'))
        self.assert_there(os.path.join(self.folder, 'copy', 'one', 'two'))

    def test_wrong_children(self):
        for wrong in (None, 1, b'bytes', object()):
            with self.subTest(wrong=wrong):
                self.assertRaises(TypeError, operator.truediv, self.directory, wrong)
                self.assertRaises(TypeError, self.directory.joinpath, wrong)

    def test_not_utf_8(self):
        parent = os.path.join(os.fsencode(self.folder), b'not-utf-8-\xff')
        os.mkdir(parent)
        with tempman.create_temp_dir(parent) as directory:
            (directory / os.fsdecode(b'\xfe')).touch()
            self.assertEqual(os.listdir(os.fsencode(directory)), [b'\xfe'])

    def test_afterwards(self):
        path = self.directory.path
        self.directory.close()
        self.assertEqual(os.fspath(self.directory), path)
        self.assertEqual(str(self.directory / 'a'), os.path.join(path, 'a'))

    def test_text(self):
        """As that of a pathlib.Path: in a command, a message or a file."""
        path = pathlib.Path(self.directory.path)
        self.assertEqual(str(self.directory), str(path))
        self.assertEqual(f'{self.directory}/file', f'{path}/file')
        self.assertEqual('%s {}'.format(self.directory) % self.directory, f'{path} {path}')
        self.assertRaises(TypeError, format, self.directory, '>40')
        self.assertNotEqual(repr(self.directory), str(path))
        self.directory.close()
        self.assertEqual(str(self.directory), str(path))
        for cls in (tempman.TemporaryDirectory, tempman.RootEntry):
            for instance in (GObject.new(cls), GObject.Object.__new__(cls)):
                self.assertEqual(str(instance), f'<Tempman.{cls.__name__} not initialized>')

    def test_descriptor(self):
        os.close(os.open('file', os.O_CREAT | os.O_WRONLY, dir_fd=self.directory.get_fd()))
        self.assertEqual(os.listdir(self.directory), ['file'])


class Entries(support.TestCase):
    def setUp(self):
        super().setUp()
        self.root = tempman.root(self.folder, timeout=60)
        self.old = self.make('a-old', age=100)
        self.young = self.make('b-young')
        self.used = self.root.create_temp_dir()
        self.addCleanup(self.used.close)
        # The creation has deleted the first one.
        self.old = self.make('a-old', age=100)

    def test_sequence(self):
        entries = self.root.list_entries()
        self.assertIsInstance(entries, Gio.ListModel)
        self.assertEqual(len(entries), 3)
        self.assertTrue(entries)
        self.assertIn(entries[0], entries)
        self.assertRaises(IndexError, lambda: entries[3])
        self.assertTrue(all(type(entry) is tempman.RootEntry for entry in entries))
        # Sorted by name.
        self.assertEqual([entry.path for entry in entries],
                         [self.old, self.young, self.used.path])
        self.assertEqual(entries[-1].path, self.used.path)
        self.assertEqual([entry.path for entry in entries[:2]], [self.old, self.young])
        self.assertEqual([entry.path for entry in reversed(entries)],
                         [self.used.path, self.young, self.old])

    def test_asynchronous_sequence(self):
        entries = self.root.list_entries_finish(self.wait(self.root.list_entries_async,
                                                          tempman.ListFlags.NONE))
        self.assertIsInstance(entries, Gio.ListModel)
        self.assertEqual([entry.path for entry in entries],
                         [self.old, self.young, self.used.path])

    def test_empty(self):
        folder = self.make('empty')
        entries = tempman.root(folder).list_entries()
        self.assertEqual(list(entries), [])
        self.assertFalse(entries)

    def test_list_model(self):
        """A list of GTK can be bound to it."""
        entries = self.root.list_entries(tempman.ListFlags.NONE)
        self.assertEqual(entries.get_item_type(), tempman.RootEntry.__gtype__)
        self.assertEqual(entries.get_n_items(), 3)
        self.assertEqual(entries.get_item(0).path, self.old)
        self.assertIs(type(entries.get_item(2)), tempman.RootEntry)
        self.assertIsNone(entries.get_item(3))

    def test_flags(self):
        self.assertEqual(len(self.root.list_entries(0)), 3)
        self.assertRaises(ValueError, self.root.list_entries, 1 << 30)
        self.assertRaises(TypeError, self.root.list_entries, tempman.RootFlags.NONE)
        self.assertRaises(TypeError, self.root.list_entries, Gio.Cancellable())
        self.assertRaises(TypeError, self.root.list_entries_async, lambda *args: None)

    def test_paths(self):
        entry = self.root.list_entries()[0]
        self.assertEqual(os.fspath(entry), self.old)
        self.assertEqual(entry.get_file().get_path(), self.old)
        self.assertEqual(entry.get_path(), self.old)
        self.assertEqual(f'{entry}', self.old)
        self.assertEqual(entry.name, os.path.basename(self.old))
        self.assertEqual(entry.get_name(), entry.name)
        self.assertTrue(tempman.delete_recursively(entry))
        self.assert_gone(self.old)

    def test_what_and_why(self):
        old, young, used = self.root.list_entries()
        self.assertEqual([entry.removable for entry in (old, young, used)], [True, False, False])
        self.assertEqual([entry.state for entry in (old, young, used)],
                         [tempman.RootEntryState.UNOWNED, tempman.RootEntryState.UNOWNED,
                          tempman.RootEntryState.LIVE])
        self.assertEqual([entry.reason for entry in (old, young, used)],
                         [tempman.RemovalReason.EXPIRED, tempman.RemovalReason.NONE,
                          tempman.RemovalReason.NONE])

    def test_name_that_is_not_utf8(self):
        name = os.fsdecode(b'c-\xff')
        path = self.make(name)
        entry = self.root.list_entries()[2]
        self.assertEqual((entry.name, entry.path), (name, path))

    def test_times(self):
        # Times that a double cannot hold to the microsecond, and one before 1970.
        for seconds, nanoseconds, expected in (
                (1700000000, 123456789, datetime.datetime(2023, 11, 14, 22, 13, 20, 123456)),
                (1600000000, 999999999, datetime.datetime(2020, 9, 13, 12, 26, 40, 999999)),
                (-1, 500000000, datetime.datetime(1969, 12, 31, 23, 59, 59, 500000))):
            with self.subTest(expected=expected):
                time = seconds * 10**9 + nanoseconds
                os.utime(self.young, ns=(time, time))
                if os.stat(self.young).st_mtime_ns != time:
                    self.skipTest('the file system does not store such times')
                entry = self.root.list_entries()[1]
                self.assertEqual(entry.path, self.young)
                self.assertEqual(entry.last_used, expected.replace(tzinfo=datetime.timezone.utc))
                self.assertEqual(entry.last_used.utcoffset(), datetime.timedelta(0))
                self.assertEqual(entry.get_last_used().to_unix(), seconds)

    def test_arithmetic_with_times(self):
        entry = self.root.list_entries()[0]
        age = datetime.datetime.now(datetime.timezone.utc) - entry.last_used
        self.assertGreater(age, datetime.timedelta(seconds=99))
        self.assertLess(age, datetime.timedelta(hours=1))


class Representation(support.TestCase):
    def test_temporary_directory(self):
        directory = tempman.create_temp_dir(self.folder)
        self.assertEqual(repr(directory), f'<Tempman.TemporaryDirectory {directory.path!r} open>')
        directory.close()
        self.assertEqual(repr(directory),
                         f'<Tempman.TemporaryDirectory {directory.path!r} closed>')
        self.assertTrue(directory.closed)

    def test_root(self):
        self.assertEqual(repr(tempman.root(self.folder, 90)),
                         f'<Tempman.Root {self.folder!r} timeout=90.0>')
        self.assertEqual(repr(tempman.root(self.folder)),
                         f'<Tempman.Root {self.folder!r} timeout=None>')

    def test_entry(self):
        old = self.make('old', age=100)
        entry, = tempman.root(self.folder, 60).list_entries()
        self.assertEqual(repr(entry), f'<Tempman.RootEntry {old!r} unowned removable: expired>')
        entry, = tempman.root(self.folder).list_entries()
        self.assertEqual(repr(entry), f'<Tempman.RootEntry {old!r} unowned>')

    def test_not_initialized(self):
        for cls in (tempman.TemporaryDirectory, tempman.Root, tempman.RootEntry,
                    tempman.Deletion):
            for instance in (GObject.new(cls), GObject.Object.__new__(cls)):
                self.assertEqual(repr(instance), f'<Tempman.{cls.__name__} not initialized>')


class Objects(support.TestCase):
    def test_identity(self):
        with tempman.create_temp_dir(self.folder) as one, \
                tempman.create_temp_dir(self.folder) as other:
            self.assertEqual(one, one)
            self.assertNotEqual(one, other)
            self.assertEqual({one: 1, other: 2}[one], 1)
            self.assertIs(weakref.ref(one)(), one)

    def test_attributes(self):
        with tempman.create_temp_dir(self.folder) as directory:
            directory.mine = 'attribute'
            self.assertEqual(directory.mine, 'attribute')

    def test_signals(self):
        with tempman.create_temp_dir(self.folder) as directory:
            seen = []
            directory.connect('notify::closed', lambda *args: seen.append(directory.props.closed))
        self.assertEqual(seen, [True])

    def test_no_copies(self):
        # Two objects for one directory.
        with tempman.create_temp_dir(self.folder) as directory:
            for function in (copy.copy, copy.deepcopy, pickle.dumps):
                with self.subTest(function=function):
                    self.assertRaises(TypeError, function, directory)
            self.assertFalse(directory.closed)

    def test_final(self):
        # GLib's type system would end the program instead of raising an error.
        for cls in (tempman.TemporaryDirectory, tempman.Root, tempman.RootEntry,
                    tempman.Deletion):
            with self.assertRaisesRegex(TypeError, 'is final'):
                type('Derived', (cls,), {})


if __name__ == '__main__':
    unittest.main()
