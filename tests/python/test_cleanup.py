# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The entries that a root deletes, and those that it keeps."""

import asyncio
import os
import threading
import unittest

import support

from gi.repository import Gio, GLib, Tempman as tempman


class Limits(support.TestCase):
    def make_with_file(self, name, age, size=10**5):
        """Create an entry with a file. Return the bytes that both take."""
        path = self.make(name)
        file = os.path.join(path, 'file')
        with open(file, 'wb') as stream:
            stream.write(b'x' * size)
        allocated = 512 * (os.stat(path).st_blocks + os.stat(file).st_blocks)
        self.set_age(path, age)
        return allocated

    def check(self, root, reasons):
        """Compare a list and a cleanup with the reasons of the entries that go."""
        removed = {}
        root.connect('entry-removed',
                     lambda _, entry: removed.setdefault(entry.name, (entry.reason, entry.size)))
        listed = {entry.name: entry.reason for entry in root.list_entries() if entry.removable}
        self.assertEqual(listed, reasons)
        self.assertEqual(root.cleanup(), len(reasons))
        self.assertEqual({name: reason for name, (reason, _) in removed.items()}, reasons)
        return {name: size for name, (_, size) in removed.items()}

    def test_max_entries(self):
        for i in range(4):
            self.make(f'entry-{i}', age=i * 100)
        root = tempman.root(self.folder, max_entries=2)
        self.check(root, {'entry-2': tempman.RemovalReason.OVER_COUNT,
                          'entry-3': tempman.RemovalReason.OVER_COUNT})
        with root.create_temp_dir() as directory:
            self.assertEqual(sorted(os.listdir(self.folder)),
                             sorted(['entry-0', directory.get_file().get_basename()]))

    def test_max_size(self):
        sizes = {f'entry-{i}': self.make_with_file(f'entry-{i}', i * 100) for i in range(3)}
        root = tempman.root(self.folder, max_size=sizes['entry-0'] + sizes['entry-1'])
        # A creation does not measure.
        root.create_temp_dir().close()
        self.assertEqual(len(os.listdir(self.folder)), 3)
        removed = self.check(root, {'entry-2': tempman.RemovalReason.OVER_SIZE})
        self.assertEqual(removed, {'entry-2': sizes['entry-2']})

    def test_min_free_space(self):
        self.make_with_file('entry', 100)
        root = tempman.root(self.folder, min_free_space=1)
        self.check(root, {})
        root.set_min_free_space(2**64 - 1)
        with tempman.create_temp_dir(self.folder) as live:
            self.check(root, {'entry': tempman.RemovalReason.LOW_SPACE})
            self.assert_there(live.path)

    def test_sizes(self):
        size = self.make_with_file('entry', 100)
        root = tempman.root(self.folder)
        self.assertEqual([entry.size for entry in root.list_entries()], [0])
        flags = tempman.ListFlags.MEASURE
        self.assertEqual([entry.size for entry in root.list_entries(flags)], [size])
        self.assertEqual([entry.size for entry in asyncio.run(self.list_async(root, flags))], [size])

    async def list_async(self, root, flags):
        return await root.list_entries_async(flags)

    def test_files(self):
        path = os.path.join(self.folder, 'file')
        with open(path, 'w'):
            pass
        self.set_age(path, 100)
        root = tempman.Root(self.folder, 60, tempman.RootFlags.INCLUDE_FILES)
        entry, = root.list_entries()
        self.assertEqual(entry.props.info.get_file_type(), Gio.FileType.REGULAR)
        self.check(root, {'file': tempman.RemovalReason.EXPIRED})
        self.assert_gone(path)


class Cleanup(support.TestCase):
    def setUp(self):
        super().setUp()
        self.root = tempman.root(self.folder, timeout=60)

    def test_old_sub_directories_go_with_their_contents(self):
        old = self.make('old')
        os.makedirs(os.path.join(old, 'one', 'two'))
        with open(os.path.join(old, 'one', 'file'), 'w'):
            pass
        self.set_age(old, 100)
        young = self.make('young')
        self.assertEqual(self.root.cleanup(), 1)
        self.assert_gone(old)
        self.assert_there(young)

    def test_timeout_zero(self):
        path = self.make('just-made', age=1)
        self.assertEqual(tempman.root(self.folder, 0).cleanup(), 1)
        self.assert_gone(path)

    def test_negative_timeout_is_never(self):
        path = self.make('old', age=1000 * support.DAY)
        self.assertEqual(tempman.root(self.folder, -5).cleanup(), 0)
        self.assert_there(path)

    def test_future_is_young(self):
        path = self.make('future', age=-100)
        self.assertEqual(self.root.cleanup(), 0)
        self.assert_there(path)

    def test_plain_files_stay(self):
        path = os.path.join(self.folder, 'file')
        with open(path, 'w'):
            pass
        self.set_age(path, 100)
        self.assertEqual(self.root.cleanup(), 0)
        self.assert_there(path)

    def test_links_and_their_targets_stay(self):
        with tempman.create_temp_dir() as elsewhere:
            target = os.path.join(elsewhere.path, 'target')
            os.mkdir(target)
            self.set_age(target, 100)
            link = os.path.join(self.folder, 'link')
            os.symlink(target, link)
            self.set_age(link, 100, follow_symlinks=False)
            self.assertEqual(self.root.cleanup(), 0)
            self.assert_there(link, target)

    def test_links_inside_are_not_followed(self):
        with tempman.create_temp_dir() as elsewhere:
            file = os.path.join(elsewhere.path, 'file')
            with open(file, 'w'):
                pass
            old = self.make('old')
            os.symlink(elsewhere.path, os.path.join(old, 'link'))
            self.set_age(old, 100)
            self.assertEqual(self.root.cleanup(), 1)
            self.assert_gone(old)
            self.assert_there(file)

    def test_directories_in_use_stay(self):
        with self.root.create_temp_dir() as directory:
            self.set_age(directory.path, 100)
            self.assertEqual(self.root.cleanup(), 0)
            self.assert_there(directory.path)
            with self.root.create_temp_dir():
                self.assert_there(directory.path)

    def test_directories_in_use_by_another_process_stay(self):
        with self.root.create_temp_dir() as directory:
            self.set_age(directory.path, 100)
            self.run_script('import sys\n'
                            'import tempman\n'
                            'tempman.root(sys.argv[1], 1).cleanup()\n')
            self.assert_there(directory.path)

    def test_expire_live(self):
        root = tempman.Root(self.folder, 60, tempman.RootFlags.EXPIRE_LIVE)
        directory = root.create_temp_dir()
        self.set_age(directory.path, 100)
        self.assertEqual(root.cleanup(), 1)
        self.assert_gone(directory.path)
        directory.close()

    def test_reclaim_abandoned(self):
        path, = self.run_script('import os, sys\n'
                                'import tempman\n'
                                'directory = tempman.create_temp_dir(sys.argv[1])\n'
                                'print(directory.path, flush=True)\n'
                                'os._exit(0)\n')
        self.assert_there(path)
        self.assertEqual(self.root.cleanup(), 0)
        self.assert_there(path)
        root = tempman.Root(self.folder, flags=tempman.RootFlags.RECLAIM_ABANDONED)
        self.assertEqual(root.cleanup(), 1)
        self.assert_gone(path)


class Entries(support.TestCase):
    def test_list_foretells_cleanup(self):
        root = tempman.root(self.folder, timeout=60)
        young = self.make('young')
        with root.create_temp_dir() as directory:
            old = self.make('old', age=100)
            entries = {entry.get_file().get_path(): entry for entry in root.list_entries()}
        self.assertEqual(set(entries), {old, young, directory.path})
        self.assertTrue(entries[old].props.removable)
        self.assertFalse(entries[young].get_removable())
        self.assertEqual(entries[old].get_state(), tempman.RootEntryState.UNOWNED)
        self.assertEqual(entries[directory.path].get_state(), tempman.RootEntryState.LIVE)
        self.assertEqual(entries[old].get_info().get_name(), 'old')
        self.assertAlmostEqual(entries[old].get_last_used().to_unix(), os.stat(old).st_mtime,
                               delta=1)
        self.assertEqual(root.cleanup(), 1)
        self.assert_gone(old)

    def test_age_basis(self):
        root = tempman.root(self.folder, timeout=60)
        old = self.make('old')
        os.mkdir(os.path.join(old, 'young'))
        self.set_age(old, 100)
        root.props.age_basis = tempman.AgeBasis.NEWEST_CONTENT
        self.assertEqual(root.cleanup(), 0)
        root.set_age_basis(tempman.AgeBasis.MODIFIED)
        self.assertEqual(root.cleanup(), 1)

    def test_changed(self):
        """The kernel sets the change time itself when the other timestamps are set back."""
        root = tempman.root(self.folder, timeout=60)
        old = self.make('old', age=100)
        root.props.age_basis = tempman.AgeBasis.CHANGED
        self.assertFalse(root.list_entries()[0].props.removable)
        self.assertEqual(root.cleanup(), 0)
        self.assert_there(old)
        root.props.age_basis = tempman.AgeBasis.ACCESSED_OR_MODIFIED
        self.assertEqual(root.cleanup(), 1)
        self.assert_gone(old)

    def test_exclude(self):
        root = tempman.root(self.folder, timeout=60)
        self.assertEqual(root.get_exclude(), [])
        kept = self.make('keep-this', age=100)
        other = self.make('other', age=100)
        root.props.exclude = ['keep-*']
        expired = {os.path.basename(entry.get_file().get_path()): entry.props.removable
                   for entry in root.list_entries()}
        self.assertEqual(expired, {'keep-this': False, 'other': True})
        self.assertEqual(root.cleanup(), 1)
        self.assert_there(kept)
        self.assert_gone(other)
        root.set_exclude(None)
        self.assertEqual(root.get_exclude(), [])
        self.assertEqual(root.cleanup(), 1)
        self.assert_gone(kept)


class Signals(support.TestCase):
    """The reports of a cleanup, in the thread that called."""

    def setUp(self):
        super().setUp()
        self.root = tempman.root(self.folder, timeout=60)
        self.removed = []
        self.failed = []
        self.threads = set()
        self.root.connect('entry-removed', self.on_removed)
        self.root.connect('entry-failed', self.on_failed)

    def on_removed(self, root, entry):
        self.assertIs(type(entry), tempman.RootEntry)
        self.threads.add(threading.get_ident())
        self.removed.append((entry.name, entry.reason, os.path.lexists(entry.path)))

    def on_failed(self, root, entry, error):
        self.threads.add(threading.get_ident())
        self.failed.append((entry.name, entry.reason, error))

    def check_removed(self, *names):
        self.assertEqual(sorted(self.removed),
                         [(name, tempman.RemovalReason.EXPIRED, False) for name in names])
        self.assertEqual(self.failed, [])
        self.assertEqual(self.threads, {threading.get_ident()})

    def test_cleanup(self):
        self.make('a', age=100)
        self.make('b', age=100)
        self.make('young')
        self.assertEqual(self.root.cleanup(), 2)
        self.check_removed('a', 'b')

    def test_creation(self):
        self.make('a', age=100)
        self.root.create_temp_dir().close()
        self.check_removed('a')

    def test_with_callback(self):
        names = [f'{i:03}' for i in range(200)]
        for name in names:
            self.make(name, age=100)
        result = self.wait(self.root.cleanup_async)
        self.check_removed(*names)
        self.assertEqual(self.root.cleanup_finish(result), 200)

    def test_awaited(self):
        """A loop of asyncio without GLib emits the signals in a thread of its executor."""
        async def clean_up():
            return await self.root.cleanup_async()

        self.make('a', age=100)
        self.assertEqual(asyncio.run(clean_up()), 1)
        self.assertEqual([name for name, *_ in self.removed], ['a'])

    def test_handler_that_ends_it(self):
        """A handler cancels the cleanup, and disconnects itself."""
        cancellable = Gio.Cancellable()
        handler = 0

        def on_removed(root, entry):
            cancellable.cancel()
            root.disconnect(handler)

        handler = self.root.connect('entry-removed', on_removed)
        for i in range(10):
            self.make(str(i), age=100)
        with self.assertRaises(GLib.Error) as caught:
            self.root.cleanup(cancellable)
        self.assertTrue(caught.exception.matches(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED))
        self.assertEqual(len(self.removed), 1)
        self.assertEqual(len(os.listdir(self.folder)), 9)

    def test_failed(self):
        if os.getuid() != 0:
            self.skipTest('only root can make a directory that another user cannot delete')
        os.chmod(self.folder, 0o777)
        stuck = self.make('stuck', age=100)
        foreign = os.path.join(stuck, 'foreign')
        os.mkdir(foreign)
        os.mkdir(os.path.join(foreign, 'inside'))
        os.chown(stuck, 65534, 65534)
        self.set_age(stuck, 100)
        lines = self.run_script(
            'import os, sys\n'
            'import tempman\n'
            'from gi.repository import GLib\n'
            'os.setgroups([])\n'
            'os.setgid(65534)\n'
            'os.setuid(65534)\n'
            'def on_failed(root, entry, error):\n'
            '    print(entry.name, entry.reason.value_nick, error.domain, entry.path in error.message)\n'
            'root = tempman.root(sys.argv[1], timeout=60)\n'
            'root.connect("entry-failed", on_failed)\n'
            'try:\n'
            '    root.cleanup()\n'
            'except PermissionError as error:\n'
            '    print("failed")\n')
        self.assertEqual(lines, ['stuck expired g-io-error-quark True', 'failed'])


if __name__ == '__main__':
    unittest.main()
