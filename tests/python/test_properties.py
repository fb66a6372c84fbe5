# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The GObject properties, and the version."""

import datetime
import os
import unittest

import support

from gi.repository import GObject
from gi.repository import Tempman as tempman


class Properties(support.TestCase):
    def test_temporary_directory(self):
        with tempman.TemporaryDirectory(self.folder, 'report') as directory:
            self.assertEqual(directory.props.parent.get_path(), self.folder)
            self.assertEqual(directory.props.prefix, 'report')
            self.assertEqual(directory.props.file.get_path(), directory.path)
            self.assertEqual(directory.props.path, directory.path)
            self.assertEqual(directory.props.fd, directory.get_fd())
            self.assertIs(directory.props.closed, False)
        self.assertIs(directory.props.closed, True)
        self.assertEqual(directory.props.fd, -1)

    def test_root(self):
        flags = tempman.RootFlags.CREATE_DIRECTORY | tempman.RootFlags.EXPIRE_LIVE
        root = tempman.Root(self.folder, 60, flags)
        self.assertEqual(root.props.directory.get_path(), self.folder)
        self.assertEqual(root.props.timeout, 60.0)
        self.assertEqual(root.props.flags, flags)
        self.assertIsNone(root.props.prefix)
        root.props.prefix = 'report'
        self.assertEqual(root.props.prefix, root.get_prefix())
        self.assertIs(root.props.age_basis, tempman.AgeBasis.ACCESSED_OR_MODIFIED)
        for basis in (tempman.AgeBasis.MODIFIED, tempman.AgeBasis.CHANGED,
                      tempman.AgeBasis.NEWEST_CONTENT):
            root.props.age_basis = basis
            self.assertEqual(root.get_age_basis(), basis)
            self.assertEqual(root.get_property('age-basis'), basis)
        root.props.exclude = ['keep-*', '*.lock']
        self.assertEqual(root.get_exclude(), ['keep-*', '*.lock'])
        root.set_exclude(('*.tmp',))
        # Not the patterns “s”, “t” and so on.
        with self.assertRaises(TypeError):
            root.set_exclude('state')
        with self.assertRaises(TypeError):
            root.props.exclude = 'state'
        self.assertEqual(root.get_exclude(), ['*.tmp'])
        root.set_exclude(None)
        self.assertEqual(root.get_exclude(), [])
        self.assertEqual(root.props.lease, tempman.DEFAULT_LEASE)
        root.props.lease = 60.5
        self.assertEqual(root.get_lease(), 60.5)
        root.set_lease(float('inf'))
        self.assertEqual(root.props.lease, float('inf'))

    def test_limits(self):
        root = tempman.root(self.folder)
        for name, largest in (('max_entries', 2**32 - 1), ('max_size', 2**64 - 1),
                              ('min_free_space', 2**64 - 1)):
            with self.subTest(name=name):
                get = getattr(root, f'get_{name}')
                self.assertEqual(getattr(root.props, name), 0)
                setattr(root.props, name, largest)
                self.assertEqual(get(), largest)
                getattr(root, f'set_{name}')(20)
                self.assertEqual(getattr(root.props, name), 20)
                self.assertRaises((OverflowError, ValueError), setattr, root.props, name, -1)
                self.assertRaises((OverflowError, ValueError), setattr, root.props, name, largest + 1)
                self.assertEqual(get(), 20)

    def test_attributes(self):
        """An assignment changes the root, and not only the object of Python."""
        root = tempman.Root(self.folder, 60, tempman.RootFlags.EXPIRE_LIVE)
        for name, value in (('prefix', 'report'), ('age_basis', tempman.AgeBasis.MODIFIED),
                            ('exclude', ['keep-*']), ('lease', 60.5), ('max_entries', 3),
                            ('max_size', 4), ('min_free_space', 5)):
            with self.subTest(name=name):
                setattr(root, name, value)
                self.assertEqual(getattr(root, name), value)
                self.assertEqual(getattr(root.props, name), value)
        root.lease = datetime.timedelta(minutes=1)
        self.assertEqual(root.get_lease(), 60)
        self.assertRaises(ValueError, setattr, root, 'lease', -1)
        self.assertRaises(TypeError, setattr, root, 'exclude', 'keep-*')
        self.assertEqual(root.lease, 60)
        for prop in tempman.Root.list_properties():
            name = prop.name.replace('-', '_')
            with self.subTest(name=name):
                self.assertEqual(getattr(root, name), root.get_property(name))
                if not prop.flags & GObject.ParamFlags.CONSTRUCT_ONLY:
                    continue
                with self.assertRaises(AttributeError):
                    setattr(root, name, getattr(root, name))

    def test_notification(self):
        root = tempman.root(self.folder)
        seen = []
        root.connect('notify', lambda _, prop: seen.append(prop.name))
        root.set_prefix('report')
        root.set_age_basis(tempman.AgeBasis.MODIFIED)
        root.set_lease(60)
        root.set_lease(60.0)
        root.set_max_entries(1)
        root.set_max_entries(1)
        root.props.max_size = 2**40
        root.set_max_size(2**40)
        root.set_min_free_space(1)
        self.assertEqual(seen, ['prefix', 'age-basis', 'lease', 'max-entries', 'max-size',
                                'min-free-space'])

    def test_binding(self):
        one = tempman.root(self.folder)
        other = tempman.root(self.folder)
        one.bind_property('prefix', other, 'prefix', GObject.BindingFlags.SYNC_CREATE)
        one.set_prefix('report')
        self.assertEqual(other.get_prefix(), 'report')

    def test_entry(self):
        # Abandoned, and in a state that no other entry here has.
        path, = self.run_script('import os, sys\n'
                                'import tempman\n'
                                'directory = tempman.create_temp_dir(sys.argv[1])\n'
                                'print(directory.path, flush=True)\n'
                                'os._exit(0)\n')
        entry, = tempman.Root(self.folder,
                              flags=tempman.RootFlags.RECLAIM_ABANDONED).list_entries()
        self.assertEqual(entry.props.state, tempman.RootEntryState.ABANDONED)
        self.assertIs(entry.props.removable, True)
        self.assertEqual(entry.props.reason, tempman.RemovalReason.ABANDONED)
        self.assertEqual(entry.props.file.get_path(), path)
        self.assertEqual(entry.props.last_used.to_unix(), int(entry.last_used.timestamp()))
        self.assertEqual(entry.props.info.get_name(), os.path.basename(path))
        self.assertEqual(entry.props.heartbeat_age, -1.0)
        self.assertEqual(entry.get_heartbeat_age(), -1.0)
        self.assertIsNone(entry.heartbeat_age)
        self.assertEqual((entry.props.size, entry.get_size(), entry.size), (0, 0, 0))

    def test_what_cannot_be_written(self):
        with tempman.create_temp_dir(self.folder) as directory:
            for name, value in (('path', '/'), ('fd', 3), ('closed', True),
                                ('file', directory.get_file())):
                with self.subTest(name=name):
                    self.assertRaises(TypeError, setattr, directory.props, name, value)

    def test_what_is_set_for_good(self):
        # GObject warns and changes no value.
        lines = self.run_script('import sys\n'
                                'from gi.repository import Gio\n'
                                'import tempman\n'
                                'root = tempman.root(sys.argv[1], 60)\n'
                                'file = Gio.File.new_for_path("/")\n'
                                'with tempman.TemporaryDirectory(sys.argv[1], "a") as directory:\n'
                                '    for instance, name, value in (\n'
                                '            (root, "timeout", 1.0), (root, "flags", 1),\n'
                                '            (root, "directory", file), (root, "age_basis", 99),\n'
                                '            (root, "lease", -1.0), (root, "lease", float("nan")),\n'
                                '            (directory, "prefix", "b"),\n'
                                '            (directory, "parent", file)):\n'
                                '        before = getattr(instance.props, name)\n'
                                '        try:\n'
                                '            setattr(instance.props, name, value)\n'
                                '        except (TypeError, ValueError):\n'
                                '            pass\n'
                                '        print(getattr(instance.props, name) == before)\n',
                                env={'G_DEBUG': ''})
        self.assertEqual(lines, ['True'] * 8)

    def test_wrong_values(self):
        root = tempman.root(self.folder)
        for name, wrong in (('prefix', 1), ('prefix', object()), ('age_basis', 'no such'),
                            ('age_basis', None), ('lease', None), ('lease', '60')):
            with self.subTest(name=name, wrong=wrong):
                self.assertRaises((TypeError, ValueError), setattr, root.props, name, wrong)
        self.assertIsNone(root.get_prefix())
        self.assertEqual(root.get_age_basis(), tempman.AgeBasis.ACCESSED_OR_MODIFIED)
        self.assertEqual(root.get_lease(), tempman.DEFAULT_LEASE)
        self.assertRaises(ValueError, root.set_age_basis, 99)
        self.assertRaises((TypeError, ValueError), root.set_age_basis, 'modified')

    def test_not_utf_8(self):
        # A property is text in GObject: PyGObject refuses other bytes, which the getter accepts.
        parent = os.path.join(os.fsencode(self.folder), b'\xff')
        os.mkdir(parent)
        with tempman.create_temp_dir(parent) as directory:
            self.assertRaises(UnicodeDecodeError, getattr, directory.props, 'path')
            self.assertEqual(directory.props.file.get_path(), directory.path)


class Version(unittest.TestCase):
    def test_version(self):
        version = (tempman.MAJOR_VERSION, tempman.MINOR_VERSION, tempman.MICRO_VERSION)
        self.assertEqual((tempman.get_major_version(), tempman.get_minor_version(),
                          tempman.get_micro_version()), version)
        self.assertEqual(tempman.VERSION_S, '.'.join(map(str, version)))


if __name__ == '__main__':
    unittest.main()
