// SPDX-FileCopyrightText: 2026 The tempman authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A program without errors for tsc. It also runs: the types match the library.
// Usage: user.js FOLDER

import Gio from 'gi://Gio?version=2.0';
import GLib from 'gi://GLib?version=2.0';
import Tempman from 'gi://Tempman?version=1';
import Unversioned from 'gi://Tempman';

const folder = Gio.File.new_for_path(ARGV[0] ?? '');

/** @param {Tempman.TemporaryDirectory} directory */
function describe(directory) {
    /** @type {string | null} */
    const path = directory.path ?? directory.get_path();
    /** @type {Gio.File} */
    const child = directory.get_child('notes');
    /** @type {Gio.File[]} */
    const files = [child, directory.file, directory.get_file()];
    /** @type {boolean[]} */
    const closed = [directory.closed, directory.is_closed()];
    /** @type {number[]} */
    const descriptors = [directory.fd, directory.get_fd()];
    return `${path} ${files.length} ${closed.join()} ${descriptors.length}`;
}

async function directories() {
    const plain = new Tempman.TemporaryDirectory();
    plain.close();
    for (const directory of [
        new Tempman.TemporaryDirectory({parent: folder}),
        new Tempman.TemporaryDirectory({parent: null, prefix: 'report'}),
        Tempman.TemporaryDirectory.new(folder, 'report', null),
        await Tempman.TemporaryDirectory.new_async(folder, null, GLib.PRIORITY_DEFAULT, null),
        await Tempman.TemporaryDirectory.new_async(),
    ]) {
        describe(directory);
        /** @type {boolean} */
        const closed = await directory.close_async();
        await directory.close_async(GLib.PRIORITY_DEFAULT, new Gio.Cancellable());
        directory.close(null);
        if (!closed)
            throw new Error('not closed');
    }

    const kept = new Tempman.TemporaryDirectory({parent: folder});
    kept.adopt();
    kept.keep();
    const published = new Tempman.TemporaryDirectory({parent: folder});
    published.persist(folder.get_child('published'), Tempman.PersistFlags.NONE, null);
    const other = new Tempman.TemporaryDirectory({parent: folder});
    await other.persist_async(folder.get_child('published'), Tempman.PersistFlags.REPLACE);

    await new Promise(resolve => {
        const directory = new Tempman.TemporaryDirectory({parent: folder});
        directory.close_async(GLib.PRIORITY_DEFAULT, null, (_, result) => {
            resolve(directory.close_finish(result));
        });
    });
}

async function helpers() {
    /** @type {number} */
    const length = await Tempman.withTemporaryDirectory({parent: folder, prefix: 'report'},
        async directory => describe(directory).length);
    /** @type {string} */
    const text = await Tempman.withTemporaryDirectory({}, describe);
    const root = new Tempman.Root({directory: folder});
    /** @type {string} */
    const other = await root.withTemporaryDirectory(describe, new Gio.Cancellable());
    print(length, text, other);
}

async function roots() {
    const {CREATE_DIRECTORY, RECLAIM_ABANDONED} = Tempman.RootFlags;
    const root = new Tempman.Root({
        directory: folder,
        timeout: 60.5,
        flags: CREATE_DIRECTORY | RECLAIM_ABANDONED,
        prefix: 'report',
        age_basis: Tempman.AgeBasis.MODIFIED,
        lease: 3600,
        max_entries: 20,
        maxSize: 2e9,
        minFreeSpace: 1e9,
    });
    root.maxEntries = root.max_entries + root.get_max_entries();
    root.max_size = root.maxSize + root.get_max_size();
    root.minFreeSpace = root.min_free_space + root.get_min_free_space();
    root.set_max_entries(0);
    root.set_max_size(0);
    root.set_min_free_space(0);
    root.lease = root.get_lease() + root.get_watch_time() + Tempman.DEFAULT_LEASE;
    root.set_lease(Infinity);
    root.ageBasis = Tempman.AgeBasis.NEWEST_CONTENT;
    root.set_prefix(null);
    for (const other of [
        new Tempman.Root({directory: folder, timeout: null}),
        Tempman.Root.new(folder, Tempman.NO_TIMEOUT, Tempman.RootFlags.NONE, null),
        await Tempman.Root.new_async(folder, 60),
    ])
        print(other.get_directory().get_path(), other.timeout);

    const directory = root.create_temp_dir();
    root.connect('entry-removed', (self, entry) => print(self.timeout, entry.name));
    root.connect('entry-failed', (_self, entry, error) => print(entry.name, error.message));
    root.connect('notify::prefix', () => print('prefix'));
    for (const entry of root.list_entries(Tempman.ListFlags.MEASURE)) {
        /** @type {GLib.DateTime} */
        const used = entry.last_used ?? entry.lastUsed;
        const isLive = entry.state === Tempman.RootEntryState.LIVE;
        print(entry.heartbeat_age + entry.heartbeatAge, entry.get_heartbeat_age());
        print(entry.size + entry.get_size(), entry.reason === Tempman.RemovalReason.OVER_SIZE);
        print(entry.file.get_path(), entry.get_name(), entry.path, entry.reason, used.to_unix(), isLive, entry.removable);
    }
    const entries = await root.list_entries_async();
    for (let i = 0; i < entries.get_n_items(); i++)
        print(entries.get_item(i)?.get_file().get_path());
    await directory.close_async();

    const created = await root.create_temp_dir_async(GLib.PRIORITY_LOW);
    created.close();
    /** @type {number} */
    const nDeleted = root.cleanup() + await root.cleanup_async();
    print(nDeleted);
}

async function deletion() {
    const file = folder.get_child('file');
    file.make_directory(null);
    await Tempman.delete_recursively_async(file, Tempman.DeleteFlags.ALLOW_MISSING, GLib.PRIORITY_DEFAULT, null,
        (nDeleted, nFound) => print(nDeleted / nFound));
    file.make_directory(null);
    Tempman.delete_recursively(file, Tempman.DeleteFlags.NONE, null, null);
    file.make_directory(null);
    await Tempman.delete_recursively_async(file);

    file.make_directory(null);
    const shown = new Tempman.Deletion({file, flags: Tempman.DeleteFlags.ALLOW_MISSING});
    shown.connect('failed', (self, failed, error) => print(self.fraction, failed.get_path(), error.message));
    shown.connect('notify::fraction', () => print(shown.get_fraction()));
    /** @type {boolean} */
    const done = shown.run() && await shown.run_async(GLib.PRIORITY_LOW);
    print(done, shown.n_found + shown.nDeleted + shown.bytes_freed, Tempman.Deletion.new(file).get_flags());
}

await directories();
await helpers();
await roots();
await deletion();
print(Unversioned.VERSION_S, Tempman.get_major_version() === Tempman.MAJOR_VERSION);
print('done');
