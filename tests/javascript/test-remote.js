// SPDX-FileCopyrightText: 2026 The tempman authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The same for remote files: with-servers runs these tests, and serves the files. They check the
// files through their local path. Prints TAP.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import System from 'system';
import Tempman from 'gi://Tempman?version=1';
import {
    check, children, equal, exists, main, makeOld, makeTree, rejects, skip, test, throws,
} from './harness.js';

const servers = (GLib.getenv('TEMPMAN_TEST_SERVERS') ?? '').split(' ').filter(uri => uri !== '');

// On each server. The test gets a folder as a remote file and as a local one.
function testRemotely(name, run) {
    for (const scheme of ['localtest', 'sftp']) {
        const server = servers.find(uri => uri.startsWith(`${scheme}:`));
        if (server)
            test(`${name}, ${scheme}`, folder => run(serve(server, folder), folder));
        else
            skip(`${name}, ${scheme}`, 'needs GVfs, and for SFTP an SSH server: run it by with-servers');
    }
}

function serve(server, folder) {
    return Gio.File.new_for_uri(server).resolve_relative_path(folder.get_path().slice(1));
}

function fill(directory) {
    directory.get_child('one').make_directory(null);
    directory.get_child('one').get_child('two').make_directory(null);
    directory.get_child('file').replace_contents('text', null, false, 0, null);
}

testRemotely('close', (served, folder) => {
    const directory = new Tempman.TemporaryDirectory({parent: served, prefix: 'report'});
    const [name] = children(folder);
    check(name.startsWith('report-'), name);
    equal(directory.get_file().get_uri(), served.get_child(name).get_uri());
    equal(directory.get_path(), null);
    equal(directory.get_fd(), -1);
    const mode = folder.get_child(name).query_info('unix::mode', 0, null)
        .get_attribute_uint32('unix::mode');
    // Whether there is a mark depends on the backend of GVfs.
    equal(mode & 0o777, 0o700);
    fill(directory);
    directory.close();
    equal(children(folder).length, 0);
    directory.close();
});

testRemotely('with a directory', async (served, folder) => {
    const result = await Tempman.withTemporaryDirectory({parent: served}, directory => {
        fill(directory);
        equal(children(folder).length, 1);
        return 'done';
    });
    equal(result, 'done');
    equal(children(folder).length, 0);
});

testRemotely('last reference', (served, folder) => {
    (() => fill(new Tempman.TemporaryDirectory({parent: served})))();
    for (let i = 0; i < 10 && children(folder).length > 0; i++) {
        System.gc();
        GLib.MainContext.default().iteration(false);
    }
    equal(children(folder).length, 0);
});

testRemotely('persist', async (served, folder) => {
    const published = served.get_child('published');
    const first = new Tempman.TemporaryDirectory({parent: served});
    fill(first);
    first.persist(published);
    check(first.get_file().equal(published), first.get_file().get_uri());
    check(exists(folder.get_child('published').get_child('one').get_path()), 'not all of it');

    const second = await Tempman.TemporaryDirectory.new_async(served);
    throws(Gio.IOErrorEnum.EXISTS, () => second.persist(published), published.get_uri());
    await rejects(Gio.IOErrorEnum.EXISTS, second.persist_async(published), published.get_uri());
    await second.close_async();
    equal(children(folder).join(), 'published');
});

testRemotely('root', async (served, folder) => {
    const root = await Tempman.Root.new_async(served, 60);
    const old = makeOld(folder, 'old');
    folder.get_child('young').make_directory(null);
    const entries = {};
    for (const entry of await root.list_entries_async())
        entries[entry.file.get_basename()] = entry;
    equal(Object.keys(entries).sort().join(), 'old,young');
    equal(entries.old.removable, true);
    equal(entries.young.removable, false);
    equal(entries.young.state, Tempman.RootEntryState.UNOWNED);
    equal(root.cleanup(), 1);
    check(!exists(old), 'cleanup left an old directory');

    makeOld(folder, 'old');
    const directory = await root.create_temp_dir_async();
    equal(children(folder).sort().join(), `${directory.get_file().get_basename()},young`);
    await directory.close_async();
    equal(await root.cleanup_async(), 0);
});

testRemotely('delete recursively', async (served, folder) => {
    makeTree(folder, 3, 2);
    const reports = [];
    await Tempman.delete_recursively_async(served.get_child('tree'), null, null, null,
        (nDeleted, nFound) => reports.push([nDeleted, nFound]));
    equal(String(reports.at(-1)), '10,10');
    equal(children(folder).length, 0);
});

testRemotely('nothing there', async served => {
    const missing = served.get_child('missing');
    const uri = missing.get_uri();
    throws(Gio.IOErrorEnum.NOT_FOUND, () => new Tempman.TemporaryDirectory({parent: missing}), uri);
    throws(Gio.IOErrorEnum.NOT_FOUND, () => new Tempman.Root({directory: missing}), uri);
    throws(Gio.IOErrorEnum.NOT_FOUND, () => Tempman.delete_recursively(missing), uri);
    await rejects(Gio.IOErrorEnum.NOT_FOUND, Tempman.TemporaryDirectory.new_async(missing), uri);
    await rejects(Gio.IOErrorEnum.NOT_FOUND, Tempman.Root.new_async(missing), uri);
    await rejects(Gio.IOErrorEnum.NOT_FOUND, Tempman.delete_recursively_async(missing), uri);
});

testRemotely('cancelled', async (served, folder) => {
    const cancellable = new Gio.Cancellable();
    const directory = new Tempman.TemporaryDirectory({parent: served});
    fill(directory);
    cancellable.cancel();
    throws(Gio.IOErrorEnum.CANCELLED, () => directory.close(cancellable));
    await rejects(Gio.IOErrorEnum.CANCELLED, directory.close_async(null, cancellable));
    check(!directory.is_closed(), 'closed');
    await directory.close_async();
    equal(children(folder).length, 0);
});

await main();
