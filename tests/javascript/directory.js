// SPDX-FileCopyrightText: 2026 The tempman authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Temporary directories: created, closed, published.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import Tempman from 'gi://Tempman?version=1';
import {check, children, equal, exchange, exists, rejects, test, throws} from './harness.js';

test('constructor', folder => {
    const directory = new Tempman.TemporaryDirectory({parent: folder, prefix: 'report'});
    check(directory instanceof Tempman.TemporaryDirectory, 'wrong type');
    check(directory.get_path().startsWith(`${folder.get_path()}/report-`), directory.get_path());
    check(exists(directory.get_path()), 'no directory');
    check(!directory.is_closed(), 'closed');
    check(directory.close(null), 'not closed');
    check(directory.is_closed(), 'not closed');
    check(!exists(directory.get_path()), 'the directory is still there');
});

test('constructor without arguments', () => {
    const directory = new Tempman.TemporaryDirectory();
    try {
        equal(GLib.path_get_dirname(directory.get_path()), GLib.get_tmp_dir());
    } finally {
        directory.close(null);
    }
});

test('constructor with arguments left out', folder => {
    const directory = new Tempman.TemporaryDirectory({parent: folder, prefix: undefined});
    const other = new Tempman.TemporaryDirectory({parent: folder, prefix: null});
    equal(directory.prefix, null);
    directory.close();
    other.close();

    const root = new Tempman.Root({
        directory: folder, timeout: undefined, flags: undefined, prefix: undefined,
    });
    equal(root.timeout, Tempman.NO_TIMEOUT);
    equal(root.flags, Tempman.RootFlags.NONE);
    equal(root.prefix, null);
});

test('constructor throws', folder => {
    const parent = folder.get_child('missing');
    throws(Gio.IOErrorEnum.NOT_FOUND, () => new Tempman.TemporaryDirectory({parent}),
        parent.get_path());
    throws(Gio.IOErrorEnum.NOT_FOUND, () => new Tempman.Root({directory: parent}),
        parent.get_path());
    throws(Gio.IOErrorEnum.INVALID_ARGUMENT,
        () => new Tempman.Root({directory: folder, timeout: NaN}));
});

test('static constructor', folder => {
    const directory = Tempman.TemporaryDirectory.new(folder, null, null);
    check(directory instanceof Tempman.TemporaryDirectory, 'wrong type');
    equal(children(folder).length, 1);
    directory.close(null);
    equal(children(folder).length, 0);
});

test('close deletes the contents', folder => {
    const directory = new Tempman.TemporaryDirectory({parent: folder});
    directory.get_child('one').make_directory(null);
    directory.get_child('one').get_child('two').make_directory(null);
    directory.get_child('file').replace_contents('text', null, false, 0, null);
    directory.close(null);
    directory.close(null);
    equal(children(folder).length, 0);
});

test('error from close', folder => {
    const directory = new Tempman.TemporaryDirectory({parent: folder});
    const path = directory.get_path();
    exchange(directory);
    throws(Gio.IOErrorEnum.NOT_FOUND, () => directory.close(null), path);
    check(exists(path), 'it deleted a directory of another process');
});

test('new_async and close_async', async folder => {
    const directory = await Tempman.TemporaryDirectory.new_async(folder, 'report',
        GLib.PRIORITY_DEFAULT, null);
    check(directory instanceof Tempman.TemporaryDirectory, 'wrong type');
    check(exists(directory.get_path()), 'no directory');
    equal(await directory.close_async(GLib.PRIORITY_DEFAULT, null), true);
    check(!exists(directory.get_path()), 'the directory is still there');
});

test('persist', async folder => {
    const destination = folder.get_child('published');
    const first = new Tempman.TemporaryDirectory({parent: folder});
    check(first.persist(destination, Tempman.PersistFlags.NONE, null), 'not published');
    equal(first.path, destination.get_path());
    check(first.is_closed(), 'not closed');

    const second = new Tempman.TemporaryDirectory({parent: folder});
    throws(Gio.IOErrorEnum.EXISTS,
        () => second.persist(destination, Tempman.PersistFlags.NONE, null),
        destination.get_path());
    check(!second.is_closed(), 'closed');
    await second.persist_async(destination, Tempman.PersistFlags.REPLACE, GLib.PRIORITY_DEFAULT,
        null);
    equal(children(folder).join(), 'published');
});

test('keep', folder => {
    const directory = new Tempman.TemporaryDirectory({parent: folder});
    equal(directory.keep(), true);
    check(directory.is_closed(), 'not closed');
    directory.close();
    check(exists(directory.get_path()), 'the directory is gone');
});

test('adopt', folder => {
    const directory = new Tempman.TemporaryDirectory({parent: folder});
    equal(directory.adopt(), true);
    check(!directory.is_closed(), 'closed');
    directory.close();
    throws(Gio.IOErrorEnum.CLOSED, () => directory.adopt(), directory.get_path());
});

test('disposable', async folder => {
    const {dispose, asyncDispose} = Symbol;
    const directory = new Tempman.TemporaryDirectory({parent: folder});
    equal(directory[dispose](), undefined);
    equal(children(folder).length, 0);
    directory[dispose]();

    const other = new Tempman.TemporaryDirectory({parent: folder});
    equal(await other[asyncDispose](), undefined);
    equal(children(folder).length, 0);
    await other[asyncDispose]();

    for (const [symbol, reported] of [[dispose, throws], [asyncDispose, rejects]]) {
        const exchanged = new Tempman.TemporaryDirectory({parent: folder});
        exchange(exchanged);
        await reported(Gio.IOErrorEnum.NOT_FOUND,
            reported === throws ? () => exchanged[symbol]() : exchanged[symbol]());
    }
});
