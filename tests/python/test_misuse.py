# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Wrong arguments, to every call, in every state of an object: an exception, and never a crash."""

import itertools
import json
import os
import unittest

import support

from gi._gi import Repository
from gi.repository import Gio, GLib, GObject
from gi.repository import Tempman as tempman

# No call accepts all of these; a call that accepts one must not end the program.
JUNK = {
    'None': None,
    'object': object(),
    'list': [],
    'dict': {},
    'class': tempman.Root,
    'int': 1,
    'negative': -1,
    'huge': 2 ** 70,
    'float': 1.5,
    'nan': float('nan'),
    'empty': '',
    'text': 'text',
    'absolute': '/proc/tempman-test',
    'nul': 'a\0b',
    'not UTF-8': '\udcff',
    'bytes': b'\xff',
    'cancellable': Gio.Cancellable(),
    'enumerator': tempman.RootEntryState.LIVE,
    'file': Gio.File.new_for_path('missing/file'),
    'remote': Gio.File.new_for_uri('tempman-test://host/path'),
    'function': lambda *args: None,
    'root entry': GObject.new(tempman.RootEntry),
    'not initialized': GObject.new(tempman.TemporaryDirectory),
}

# Wrong for every call.
NEVER = ('object', 'list', 'dict', 'class')

ERRORS = (GLib.Error, OverflowError, RuntimeError, TypeError, UnicodeError, ValueError)


def list_methods(name):
    info, = (info for info in Repository.get_default().get_infos('Tempman')
             if info.get_name() == name)
    return [method.get_name() for method in info.get_methods()]


def call(function, *args):
    """Call a function; return the name of the type of its exception."""
    try:
        function(*args)
    except ERRORS as error:
        return type(error).__name__
    return None


def misuse_all():
    """Call every function with all of these; return the calls that never failed. Runs in its own
    process."""
    folder = os.getcwd()
    functions = {}

    for name in ('create_temp_dir', 'root', 'delete_recursively', 'delete_recursively_async',
                 'delete_recursively_finish'):
        functions[name] = getattr(tempman, name)
    for cls in (tempman.TemporaryDirectory, tempman.Root):
        functions[cls.__name__] = cls
        for name in ('new', 'new_async', 'new_finish'):
            functions[f'{cls.__name__}.{name}'] = getattr(cls, name)

    closed = tempman.create_temp_dir(folder)
    closed.close()
    instances = {
        'open': tempman.create_temp_dir(folder),
        'closed': closed,
        'constructed': GObject.new(tempman.TemporaryDirectory),
        'empty': GObject.Object.__new__(tempman.TemporaryDirectory),
        'root': tempman.root(folder),
        'constructed root': GObject.new(tempman.Root),
        'empty root': GObject.Object.__new__(tempman.Root),
        'entry': tempman.root(folder).list_entries()[0],
        'constructed entry': GObject.new(tempman.RootEntry),
        'empty entry': GObject.Object.__new__(tempman.RootEntry),
    }
    for state, instance in instances.items():
        names = list_methods(type(instance).__name__)
        # Two objects with one directory: the other one needs it.
        for name in set(names) - {'new', 'new_async', 'new_finish'}:
            functions[f'{state}.{name}'] = getattr(instance, name)
        for name in ('init', 'init_async', 'init_finish', 'joinpath', '__fspath__',
                     '__truediv__', '__repr__', '__enter__'):
            if hasattr(instance, name):
                functions[f'{state}.{name}'] = getattr(instance, name)

    never_refused = []
    for name, function in functions.items():
        for junk, value in JUNK.items():
            results = [call(function, *args) for args in
                       itertools.chain(((value,) * n for n in range(1, 7)),
                                       ((None, value), (None, None, value), (value, None),
                                        (0, value), (0, None, value), (folder, value),
                                        (folder, None, value), (folder, 0, value),
                                        (folder, 0, None, value), (None, None, 0, value),
                                        (None, None, 0, None, value)))]
            if junk in NEVER and not any(results):
                never_refused.append(f'{name}({junk})')
    return never_refused


class Misuse(support.TestCase):
    def test_everything_with_everything(self):
        # In a process of its own, which may end, in a folder of its own, which may vanish.
        os.mkdir(os.path.join(self.folder, 'tmp'))
        lines = self.run_program(
            ['-W', 'ignore', '-c',
             'import json, os, sys\n'
             f'sys.path.insert(0, {os.path.dirname(os.path.abspath(__file__))!r})\n'
             'os.chdir(sys.argv[1])\n'
             'import test_misuse\n'
             'print(json.dumps(test_misuse.misuse_all()))\n', self.folder],
            env={'G_DEBUG': 'fatal-warnings', 'TMPDIR': os.path.join(self.folder, 'tmp')})
        never_refused = set(json.loads(lines[-1]))
        # A function without parameters refuses one argument more.
        self.assertEqual(never_refused, set())

    def test_none(self):
        root = tempman.root(self.folder)
        with root.create_temp_dir() as directory:
            for function, *args in ((tempman.root,), (tempman.Root,), (tempman.Root.new,),
                                    (tempman.Root.new_async,), (tempman.delete_recursively,),
                                    (tempman.delete_recursively_async,),
                                    (tempman.delete_recursively_finish,),
                                    (tempman.TemporaryDirectory.new_finish,),
                                    (tempman.Root.new_finish,), (directory.persist,),
                                    (directory.persist_async,), (directory.get_child,),
                                    (directory.close_finish,), (directory.persist_finish,),
                                    (root.set_age_basis,), (root.set_lease,),
                                    (root.cleanup_finish,),
                                    (root.create_temp_dir_finish,),
                                    (root.list_entries_finish,)):
                with self.subTest(function=function):
                    self.assertRaises(TypeError, function, None, *args)

    def test_too_many(self):
        root = tempman.root(self.folder)
        entry = GObject.new(tempman.RootEntry)
        with root.create_temp_dir() as directory:
            for instance in (root, directory, entry):
                for name in list_methods(type(instance).__name__):
                    if not name.endswith('_async'):
                        with self.subTest(name=name):
                            self.assertRaises(TypeError, getattr(instance, name), *[None] * 7)

    def test_without_a_loop(self):
        # A call that fails at once does so without a callback.
        with tempman.create_temp_dir(self.folder) as directory:
            for args in ((0, 'no cancellable'), (0, None, 'no callback'), ('no priority',)):
                with self.subTest(args=args):
                    self.assertRaises(TypeError, directory.close_async, *args)
            self.assertFalse(directory.closed)


class NotInitialized(support.TestCase):
    """Objects without a directory: constructed as C constructs them, and never initialised."""

    def check(self, function, *args):
        self.assert_error(Gio.IOErrorEnum.NOT_INITIALIZED, function, *args)

    def check_async(self, start, finish, *args):
        self.check(finish, self.wait(start, *args))

    def test_temporary_directory(self):
        directory = GObject.new(tempman.TemporaryDirectory)
        self.assertIs(type(directory), tempman.TemporaryDirectory)
        self.assertIsNone(directory.path)
        self.assertIsNone(directory.get_path())
        self.assertIsNone(directory.get_file())
        self.assertIsNone(directory.get_child('name'))
        self.assertEqual(directory.get_fd(), -1)
        self.assertIs(directory.closed, False)
        for function, *args in ((os.fspath,), (lambda it: it / 'a',), (lambda it: it.joinpath(),)):
            self.assertRaisesRegex(TypeError, 'not initialized', function, directory)
        destination = os.path.join(self.folder, 'destination')
        self.check(directory.close)
        self.check(directory.adopt)
        self.check(directory.keep)
        self.check(directory.persist, destination)
        self.check_async(directory.close_async, directory.close_finish)
        self.check_async(directory.persist_async, directory.persist_finish, destination,
                         tempman.PersistFlags.NONE)
        self.check(directory.__exit__, None, None, None)

    def test_root(self):
        root = GObject.new(tempman.Root)
        self.assertIsNone(root.get_directory())
        self.assertEqual(root.get_timeout(), tempman.NO_TIMEOUT)
        self.assertEqual(root.get_flags(), tempman.RootFlags.NONE)
        self.assertIsNone(root.get_prefix())
        root.set_prefix('name')
        root.set_age_basis(tempman.AgeBasis.MODIFIED)
        root.set_lease(60)
        self.assertEqual(root.get_lease(), 60)
        root.set_max_entries(1)
        root.set_max_size(1)
        root.set_min_free_space(1)
        self.assertEqual(root.get_max_entries(), 1)
        self.assertEqual(root.get_watch_time(), 0)
        self.check(root.create_temp_dir)
        self.check(root.cleanup)
        self.check(root.list_entries)
        self.check_async(root.create_temp_dir_async, root.create_temp_dir_finish)
        self.check_async(root.cleanup_async, root.cleanup_finish)
        self.check_async(root.list_entries_async, root.list_entries_finish, tempman.ListFlags.NONE)

    def test_root_without_directory(self):
        root = GObject.new(tempman.Root)
        self.assert_error(Gio.IOErrorEnum.INVALID_ARGUMENT, root.init)

    def test_entry(self):
        for entry in (GObject.new(tempman.RootEntry), tempman.RootEntry()):
            self.assertIsNone(entry.path)
            self.assertIsNone(entry.last_used)
            self.assertIsNone(entry.get_file())
            self.assertIsNone(entry.get_info())
            self.assertIs(entry.removable, False)
            self.assertIsNone(entry.heartbeat_age)
            self.assertEqual(entry.size, 0)
            self.assertRaisesRegex(TypeError, 'not initialized', os.fspath, entry)

    def test_properties(self):
        for cls in (tempman.TemporaryDirectory, tempman.Root, tempman.RootEntry,
                    tempman.Deletion):
            instance = GObject.new(cls)
            for prop in instance.list_properties():
                instance.get_property(prop.name)

    def test_failed_initialisation(self):
        missing = Gio.File.new_for_path(os.path.join(self.folder, 'missing'))
        directory = GObject.new(tempman.TemporaryDirectory, parent=missing)
        self.assertRaises(FileNotFoundError, directory.init)
        self.check(directory.close)
        self.assertIsNone(directory.path)
        root = GObject.new(tempman.Root, directory=missing)
        self.assertRaises(FileNotFoundError, root.init)
        self.assertRaises(FileNotFoundError, root.init_finish, self.wait(root.init_async))
        self.check(root.cleanup)

    def test_wrappers_without_an_object(self):
        for cls in (tempman.TemporaryDirectory, tempman.Root, tempman.RootEntry,
                    tempman.Deletion):
            instance = GObject.Object.__new__(cls)
            for name in list_methods(cls.__name__):
                with self.subTest(cls=cls, name=name):
                    if not name.startswith('new'):
                        self.assertRaises((TypeError, RuntimeError), getattr(instance, name),
                                          *['a'] * name.startswith(('get_child', 'persist', 'set')))


class Closed(support.TestCase):
    """After close."""

    def setUp(self):
        super().setUp()
        self.directory = tempman.create_temp_dir(self.folder)
        self.path = self.directory.path
        self.directory.close()

    def test_getters(self):
        self.assertEqual(self.directory.path, self.path)
        self.assertEqual(os.fspath(self.directory), self.path)
        self.assertEqual(self.directory.get_file().get_path(), self.path)
        self.assertEqual(self.directory.get_child('x').get_path(), os.path.join(self.path, 'x'))
        self.assertEqual(self.directory.get_fd(), -1)
        self.assertTrue(self.directory.closed)

    def test_errors(self):
        destination = os.path.join(self.folder, 'destination')
        self.assert_error(Gio.IOErrorEnum.CLOSED, self.directory.adopt, names=self.path)
        self.assert_error(Gio.IOErrorEnum.CLOSED, self.directory.keep, names=self.path)
        self.assert_error(Gio.IOErrorEnum.CLOSED, self.directory.persist, destination,
                          names=self.path)
        self.assert_error(Gio.IOErrorEnum.CLOSED, self.directory.persist_finish,
                          self.wait(self.directory.persist_async, destination,
                                    tempman.PersistFlags.NONE))
        self.assertEqual(os.listdir(self.folder), [])

    def test_closing_again(self):
        self.assertTrue(self.directory.close())
        self.assertTrue(self.directory.close_finish(self.wait(self.directory.close_async)))
        with self.directory:
            pass


if __name__ == '__main__':
    unittest.main()
