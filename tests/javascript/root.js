// SPDX-FileCopyrightText: 2026 The tempman authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Roots and their entries.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import Tempman from 'gi://Tempman?version=1';
import {check, children, equal, exists, makeOld, test} from './harness.js';

test('root', folder => {
    const root = new Tempman.Root({directory: folder, timeout: 60});
    equal(root.get_timeout(), 60);
    equal(root.get_directory().get_path(), folder.get_path());
    const first = makeOld(folder, 'first');
    equal(root.cleanup(null), 1);
    check(!exists(first), 'cleanup left an old directory');

    const second = makeOld(folder, 'second');
    const directory = root.create_temp_dir(null);
    check(directory instanceof Tempman.TemporaryDirectory, 'wrong type');
    check(!exists(second), 'create_temp_dir left an old directory');
    check(exists(directory.get_path()), 'no directory');
    directory.close(null);
    equal(children(folder).length, 0);
});

test('root without timeout', folder => {
    const root = new Tempman.Root({directory: folder});
    equal(root.get_timeout(), Tempman.NO_TIMEOUT);
    const old = makeOld(folder, 'old');
    equal(root.cleanup(null), 0);
    check(exists(old), 'deleted without a timeout');
});

test('entries of a root', async folder => {
    const root = new Tempman.Root({
        directory: folder, timeout: 60, age_basis: Tempman.AgeBasis.MODIFIED,
    });
    equal(root.ageBasis, Tempman.AgeBasis.MODIFIED);
    const directory = root.create_temp_dir(null);
    const old = makeOld(folder, 'old');
    for (const list of [
        root.list_entries(Tempman.ListFlags.NONE, null),
        await root.list_entries_async(Tempman.ListFlags.NONE, GLib.PRIORITY_DEFAULT, null),
    ]) {
        equal(list.get_n_items(), 2);
        const byPath = {};
        for (const entry of list)
            byPath[entry.file.get_path()] = entry;
        equal(byPath[old].removable, true);
        equal(byPath[old].state, Tempman.RootEntryState.UNOWNED);
        check(byPath[old].lastUsed.to_unix() < GLib.get_real_time() / 1000000 - 90, 'not old');
        equal(byPath[old].info.get_name(), 'old');
        equal(byPath[directory.get_path()].get_state(), Tempman.RootEntryState.LIVE);
    }
    directory.close(null);
});

test('root, asynchronously', async folder => {
    const root = await Tempman.Root.new_async(folder, 60, Tempman.RootFlags.NONE,
        GLib.PRIORITY_DEFAULT, null);
    check(root instanceof Tempman.Root, 'wrong type');
    const first = makeOld(folder, 'first');
    equal(await root.cleanup_async(GLib.PRIORITY_DEFAULT, null), 1);
    check(!exists(first), 'cleanup left an old directory');

    const second = makeOld(folder, 'second');
    const directory = await root.create_temp_dir_async(GLib.PRIORITY_DEFAULT, null);
    check(directory instanceof Tempman.TemporaryDirectory, 'wrong type');
    check(!exists(second), 'create_temp_dir left an old directory');
    await directory.close_async(GLib.PRIORITY_DEFAULT, null);
    equal(children(folder).length, 0);
});

test('directories in use are kept', folder => {
    const root = new Tempman.Root({directory: folder, timeout: 0});
    const directory = root.create_temp_dir(null);
    equal(root.cleanup(null), 0);
    check(exists(directory.get_path()), 'cleanup took a directory in use');
    directory.close(null);
});

test('prefix and age basis', folder => {
    const root = new Tempman.Root({directory: folder, flags: Tempman.RootFlags.EXPIRE_LIVE});
    equal(root.get_flags(), Tempman.RootFlags.EXPIRE_LIVE);
    root.set_prefix('report');
    equal(root.get_prefix(), 'report');
    const directory = root.create_temp_dir();
    check(directory.get_file().get_basename().startsWith('report-'), directory.get_path());
    directory.close();
    root.set_age_basis(Tempman.AgeBasis.NEWEST_CONTENT);
    equal(root.get_age_basis(), Tempman.AgeBasis.NEWEST_CONTENT);
});

// The kernel sets the change time itself when the other timestamps are set back.
test('the change time as the age basis', folder => {
    const root = new Tempman.Root({
        directory: folder, timeout: 60, age_basis: Tempman.AgeBasis.CHANGED,
    });
    const old = makeOld(folder, 'old');
    equal(root.cleanup(null), 0);
    check(exists(old), 'deleted though it has just been changed');
    root.ageBasis = Tempman.AgeBasis.MODIFIED;
    equal(root.cleanup(null), 1);
    check(!exists(old), 'not deleted');
});

test('the properties of the limits', folder => {
    const root = new Tempman.Root({
        directory: folder,
        maxEntries: 20,
        max_size: Number.MAX_SAFE_INTEGER,
        'min-free-space': 4096,
    });
    const seen = [];
    root.connect('notify', (_, {name}) => seen.push(name));
    equal([root.max_entries, root.maxEntries, root.get_max_entries()].join(), '20,20,20');
    equal(root.maxSize, 2 ** 53 - 1);
    equal(root.minFreeSpace, 4096);
    root.maxEntries = 2 ** 32 - 1;
    root.max_entries = 2 ** 32 - 1;
    root.maxSize = 0;
    root.set_min_free_space(0);
    equal(root.max_entries, 2 ** 32 - 1);
    equal(root.get_max_size() + root.get_min_free_space(), 0);
    equal(seen.join(), 'max-entries,max-size,min-free-space');
});

test('limits', async folder => {
    const root = new Tempman.Root({directory: folder, maxEntries: 2});
    const removed = [];
    root.connect('entry-removed', (_, {name, reason, size}) => removed.push([name, reason, size > 0]));
    makeOld(folder, 'old');
    for (const name of ['young', 'younger']) {
        const directory = folder.get_child(name);
        directory.make_directory(null);
        directory.get_child('file').replace_contents('x'.repeat(9999), null, false, 0, null);
    }
    const sizes = [...await root.list_entries_async(Tempman.ListFlags.MEASURE)].map(({size}) => size);
    equal(sizes.filter(size => size >= 9999).length, 2);
    equal([...root.list_entries()].filter(({size}) => size > 0).length, 0);
    equal(root.cleanup(), 1);

    root.maxEntries = 0;
    root.maxSize = 1;
    root.create_temp_dir().close();
    equal(children(folder).length, 2);
    equal(await root.cleanup_async(), 2);
    const {OVER_COUNT, OVER_SIZE} = Tempman.RemovalReason;
    equal(removed.join(' '),
        `old,${OVER_COUNT},false young,${OVER_SIZE},true younger,${OVER_SIZE},true`);

    const file = folder.get_child('file');
    file.replace_contents('draft', null, false, 0, null);
    const all = new Tempman.Root({directory: folder, flags: Tempman.RootFlags.INCLUDE_FILES});
    equal(all.list_entries().get_item(0).info.get_file_type(), Gio.FileType.REGULAR);
    equal(root.list_entries().get_n_items(), 0);
});

test('the lease', folder => {
    const root = new Tempman.Root({directory: folder, lease: 30.5});
    const seen = [];
    root.connect('notify::lease', () => seen.push(root.lease));
    equal(root.get_lease(), 30.5);
    root.lease = 60;
    root.lease = 60;
    root.set_lease(Infinity);
    equal(seen.join(), '60,Infinity');

    const directory = root.create_temp_dir();
    // Locks do.
    equal(root.list_entries().get_item(0).heartbeatAge, -1);
    equal(root.cleanup(), 0);
    equal(root.get_watch_time(), 0);
    directory.close();
});

test('excluded names', folder => {
    const root = new Tempman.Root({directory: folder, timeout: 60, exclude: ['keep-*']});
    equal(root.get_exclude().join(), 'keep-*');
    const kept = makeOld(folder, 'keep-this');
    const other = makeOld(folder, 'other');
    equal(root.cleanup(null), 1);
    check(exists(kept), 'deleted though its name is excluded');
    check(!exists(other), 'not deleted');
    root.set_exclude(null);
    equal(root.cleanup(null), 1);
    check(!exists(kept), 'not deleted once nothing is excluded');
    root.exclude = ['*.lock', 'keep-*'];
    equal(root.get_exclude().join(), '*.lock,keep-*');
});

test('signals of a cleanup', async folder => {
    const root = new Tempman.Root({directory: folder, timeout: 60});
    let removed = [];
    root.connect('entry-removed', (source, entry) => {
        check(source === root, 'not the root');
        check(entry instanceof Tempman.RootEntry, 'not an entry');
        check(!exists(entry.path), 'still there');
        equal(entry.reason, Tempman.RemovalReason.EXPIRED);
        removed.push(entry.name);
    });
    root.connect('entry-failed', (_root, entry, error) => removed.push(error.message));

    makeOld(folder, 'a');
    makeOld(folder, 'b');
    equal(root.cleanup(), 2);
    equal(removed.sort().join(), 'a,b');

    removed = [];
    for (let i = 0; i < 100; i++)
        makeOld(folder, `${i}`);
    const promise = root.cleanup_async();
    equal(removed.length, 0);
    equal(await promise, 100);
    equal(removed.length, 100);
    equal(new Set(removed).size, 100);

    removed = [];
    makeOld(folder, 'a');
    (await root.create_temp_dir_async()).close();
    equal(removed.join(), 'a');
});

test('errors in signals', folder => {
    const root = new Tempman.Root({directory: folder});
    const directory = root.create_temp_dir();
    const [entry] = root.list_entries();
    const failed = [];
    root.connect('entry-failed', (_root, {name}, error) => {
        check(error instanceof GLib.Error, 'no error');
        check(error.matches(Gio.IOErrorEnum, Gio.IOErrorEnum.BUSY), 'another error');
        failed.push(`${name}: ${error.message}`);
    });
    root.emit('entry-failed', entry,
        new GLib.Error(Gio.IOErrorEnum, Gio.IOErrorEnum.BUSY, 'busy'));
    equal(failed.join(), `${directory.file.get_basename()}: busy`);
    directory.close();
});
