// SPDX-FileCopyrightText: 2026 The tempman authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Wrong arguments: an exception, never a crash.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Tempman from 'gi://Tempman?version=1';
import {check, children, equal, exists, makeOld, refuses, rejects, spawn, test, throws}
    from './harness.js';

const here = Gio.File.new_for_uri(import.meta.url).get_parent();

test('timeouts that are not numbers', async folder => {
    const old = makeOld(folder, 'old');
    // JavaScript converts these to numbers: 0, 1, 0, 60, 0.
    for (const timeout of ['', true, false, '60', [], {}, NaN]) {
        throws(Gio.IOErrorEnum.INVALID_ARGUMENT,
            () => new Tempman.Root({directory: folder, timeout}), 'timeout');
        throws(Gio.IOErrorEnum.INVALID_ARGUMENT,
            () => Tempman.Root.new(folder, timeout, 0, null), 'timeout');
        await rejects(Gio.IOErrorEnum.INVALID_ARGUMENT, Tempman.Root.new_async(folder, timeout),
            'timeout');
    }
    for (const root of [
        new Tempman.Root({directory: folder, timeout: null}),
        Tempman.Root.new(folder, null, Tempman.RootFlags.NONE, null),
        Tempman.Root.new(folder),
        await Tempman.Root.new_async(folder, undefined),
    ]) {
        equal(root.timeout, Tempman.NO_TIMEOUT);
        equal(root.cleanup(), 0);
    }
    check(exists(old), 'deleted without a timeout');
});

test('leases that are no lease', async folder => {
    const root = new Tempman.Root({directory: folder});
    // JavaScript converts these to numbers: 0, 0, 1, 0, 60, 0.
    for (const lease of [null, '', true, false, '60', [], {}, undefined, NaN, -1, -0.5, -Infinity]) {
        await refuses(() => root.set_lease(lease), 'lease');
        await refuses(() => {
            root.lease = lease;
        }, 'lease');
        if (lease !== undefined)
            await refuses(() => new Tempman.Root({directory: folder, lease}), 'lease');
        equal(root.lease, Tempman.DEFAULT_LEASE);
    }
    await refuses(() => root.set_lease());
    equal(new Tempman.Root({directory: folder, lease: undefined}).lease, Tempman.DEFAULT_LEASE);
});

test('limits that are no limits', async folder => {
    const spellings = [
        ['max_entries', 'maxEntries', 'max-entries'],
        ['max_size', 'maxSize', 'max-size'],
        ['min_free_space', 'minFreeSpace', 'min-free-space'],
    ];
    const root = new Tempman.Root({directory: folder});
    // JavaScript converts the first ones to numbers, and C the others to whole or huge ones.
    for (const limit of [null, '', true, '60', [], undefined, NaN, 0.5, -1, Infinity, 2 ** 70]) {
        for (const names of spellings) {
            const [name] = names;
            await refuses(() => root[`set_${name}`](limit), name);
            for (const spelling of names) {
                await refuses(() => {
                    root[spelling] = limit;
                }, name);
                if (limit !== undefined)
                    await refuses(() => new Tempman.Root({directory: folder, [spelling]: limit}), name);
                equal(root[spelling], 0);
            }
        }
    }
    await refuses(() => root.set_max_entries(2 ** 32), 'max_entries');
    await refuses(() => root.set_max_entries());
    equal(new Tempman.Root({directory: folder, maxEntries: undefined}).maxEntries, 0);
});

test('flags and priorities that are not numbers', async folder => {
    const destination = folder.get_child('destination');
    const directory = new Tempman.TemporaryDirectory({parent: folder});
    for (const wrong of ['replace', '1', 1.5, NaN, true, {}]) {
        await refuses(() => directory.persist(destination, wrong));
        await refuses(() => directory.persist_async(destination, wrong));
        await refuses(() => directory.close_async(wrong));
        await refuses(() => Tempman.Root.new(folder, 60, wrong));
        await refuses(() => Tempman.Root.new_async(folder, 60, wrong));
    }
    check(!directory.closed && !destination.query_exists(null), 'they were taken for numbers');
    directory.close();
});

test('a child with an absolute name', async folder => {
    const directory = new Tempman.TemporaryDirectory({parent: folder});
    await refuses(() => directory.get_child('/etc'));
    directory.close();
});

test('constructors', async folder => {
    const {Root, RootFlags, TemporaryDirectory} = Tempman;

    for (const properties of [null, 5, 'text', folder, {perent: folder}, {parent: 'text'},
        {parent: folder, prefix: 5}, {parent: folder, prefix: {}}, {parent: new Gio.Cancellable()}])
        await refuses(() => new TemporaryDirectory(properties));
    for (const properties of [null, 5, 'text', folder, {directory: 'text'}, {directory: 5},
        {directory: folder, timeuot: 5}, {directory: folder, flags: 1 << 20},
        {directory: folder, age_basis: 77}, {directory: folder, prefix: 5}])
        await refuses(() => new Root(properties));
    for (const properties of [undefined, {}, {directory: null}, {directory: undefined}, {timeout: 60}])
        throws(Gio.IOErrorEnum.INVALID_ARGUMENT, () => new Root(properties), 'no directory');

    await refuses(() => Root.new(null));
    await refuses(() => Root.new(undefined));
    await refuses(() => Root.new('text'));
    await refuses(() => Root.new(folder, 60, 1 << 20));
    await refuses(() => Root.new(folder, 60, RootFlags.NONE, 'text'));
    await refuses(() => Root.new_async(null));
    await refuses(() => TemporaryDirectory.new('text'));
    await refuses(() => TemporaryDirectory.new(folder, 5));
    await refuses(() => TemporaryDirectory.new_async(folder, 5));
    equal(children(folder).length, 0);
});

test('prefixes', async folder => {
    const code = Gio.IOErrorEnum.INVALID_FILENAME;
    const root = new Tempman.Root({directory: folder});
    for (const prefix of ['../x', '/x', '.', '..', 'x'.repeat(300)]) {
        throws(code, () => new Tempman.TemporaryDirectory({parent: folder, prefix}));
        throws(code, () => Tempman.TemporaryDirectory.new(folder, prefix));
        await rejects(code, Tempman.TemporaryDirectory.new_async(folder, prefix));
        root.set_prefix(prefix);
        throws(code, () => root.create_temp_dir());
        await rejects(code, root.create_temp_dir_async());
    }
    equal(children(folder).length, 0);
    for (const prefix of ['a b', '-f', 'ü', '\ud83d\ude00', 'new\nline']) {
        const directory = new Tempman.TemporaryDirectory({parent: folder, prefix});
        check(directory.get_path().startsWith(`${folder.get_path()}/${prefix}-`), directory.path);
        directory.close();
    }
});

test('null where a value is required', async folder => {
    const directory = new Tempman.TemporaryDirectory({parent: folder});
    const root = new Tempman.Root({directory: folder});

    for (const nothing of [null, undefined]) {
        await refuses(() => directory.get_child(nothing));
        await refuses(() => directory.persist(nothing));
        await refuses(() => directory.persist_async(nothing));
        await refuses(() => directory.close_finish(nothing));
        await refuses(() => root.cleanup_finish(nothing));
        await refuses(() => Tempman.delete_recursively(nothing));
        await refuses(() => Tempman.delete_recursively_async(nothing));
        await refuses(() => Tempman.delete_recursively_finish(nothing));
    }
    await refuses(() => directory.get_child());
    await refuses(() => directory.persist());
    await refuses(() => Tempman.delete_recursively());
    check(!directory.is_closed(), 'closed');
    directory.close();
});

test('names that are not UTF-8', async folder => {
    const odd = Gio.File.new_for_uri(`${folder.get_uri()}/%FF`);
    odd.make_directory(null);
    const root = new Tempman.Root({directory: odd, timeout: 0});
    const directory = root.create_temp_dir();

    // A file can have such a name, a string of JavaScript cannot.
    check(directory.get_file().has_parent(odd), 'not in its parent');
    await refuses(() => directory.get_path());
    await refuses(() => directory.path);
    directory.get_child('file').create(Gio.FileCreateFlags.NONE, null).close(null);
    const [entry] = root.list_entries();
    check(entry.get_file().equal(directory.get_file()), 'another file');

    throws(Gio.IOErrorEnum.NOT_FOUND,
        () => new Tempman.TemporaryDirectory({parent: odd.get_child('missing')}), 'missing');
    directory.close();
    check(!directory.get_file().query_exists(null), 'the directory is still there');

    const entries = new Tempman.Root({directory: folder, timeout: 0}).list_entries();
    await refuses(() => entries.get_item(0).get_file().get_path());
    await refuses(() => entries.get_item(0).get_info().get_name());
    equal(entries.get_item(0).get_file().get_uri(), odd.get_uri());

    const other = await Tempman.TemporaryDirectory.new_async(odd);
    equal(await other.persist_async(odd.get_child('published')), true);
    equal(other.get_file().get_uri(), `${odd.get_uri()}/published`);
    await Tempman.delete_recursively_async(odd);
    equal(children(folder).length, 0);
});

test('objects that were never initialised', async folder => {
    const directory = GObject.Object.newv(Tempman.TemporaryDirectory.$gtype, []);
    const destination = folder.get_child('published');
    const code = Gio.IOErrorEnum.NOT_INITIALIZED;
    check(directory instanceof Tempman.TemporaryDirectory, 'wrong type');
    equal(directory.get_path(), null);
    equal(directory.get_file(), null);
    equal(directory.get_child('name'), null);
    equal(directory.get_fd(), -1);
    directory.is_closed();
    throws(code, () => directory.close());
    throws(code, () => directory.adopt());
    throws(code, () => directory.keep());
    throws(code, () => directory.persist(destination));
    throws(code, () => directory[Symbol.dispose]());
    await rejects(code, directory.close_async());
    await rejects(code, directory.persist_async(destination));
    await rejects(code, directory[Symbol.asyncDispose]());

    const root = GObject.Object.newv(Tempman.Root.$gtype, []);
    equal(root.get_directory(), null);
    root.get_timeout();
    root.get_flags();
    root.get_prefix();
    root.set_prefix('report');
    root.set_age_basis(Tempman.AgeBasis.MODIFIED);
    root.set_lease(60);
    equal(root.get_lease(), 60);
    root.set_max_entries(1);
    root.set_max_size(1);
    root.set_min_free_space(1);
    equal(root.get_max_entries() + root.get_max_size() + root.get_min_free_space(), 3);
    equal(root.get_watch_time(), 0);
    throws(code, () => root.create_temp_dir());
    throws(code, () => root.cleanup());
    throws(code, () => root.list_entries());
    await rejects(code, root.create_temp_dir_async());
    await rejects(code, root.cleanup_async());
    await rejects(code, root.list_entries_async());
    await rejects(code, root.withTemporaryDirectory(() => {}));

    const entry = new Tempman.RootEntry();
    for (const getter of ['get_file', 'get_info', 'get_last_used'])
        equal(entry[getter](), null);
    equal(entry.get_removable(), false);
    equal(entry.get_heartbeat_age(), -1);
    equal(entry.get_size(), 0);
    entry.get_state();
});

test('other ways to construct', folder => {
    for (const directory of [
        GObject.Object.new(Tempman.TemporaryDirectory, {parent: folder}),
        GObject.Object.new_with_properties(Tempman.TemporaryDirectory, ['parent'], [folder]),
        Reflect.construct(Tempman.TemporaryDirectory, [{parent: folder}]),
    ]) {
        check(exists(directory.get_path()), 'not initialised');
        directory.close();
    }
    equal(children(folder).length, 0);
    throws(Gio.IOErrorEnum.INVALID_ARGUMENT,
        () => Gio.Initable.newv(Tempman.Root.$gtype, [], null), 'no directory');
});

test('values that are not objects', async () => {
    const callers = [Object.create(Tempman.TemporaryDirectory.prototype),
        Tempman.TemporaryDirectory.prototype, {}, new Gio.Cancellable()];
    for (const self of callers) {
        for (const name of ['close', 'close_async', 'keep', 'get_path', 'is_closed'])
            await refuses(() => Tempman.TemporaryDirectory.prototype[name].call(self));
    }
    for (const self of [Object.create(Tempman.Root.prototype), Tempman.Root.prototype, {}]) {
        for (const name of ['cleanup', 'cleanup_async', 'create_temp_dir', 'withTemporaryDirectory'])
            await refuses(() => Tempman.Root.prototype[name].call(self, () => {}));
    }
});

test('use after close', async folder => {
    const directory = new Tempman.TemporaryDirectory({parent: folder});
    const path = directory.get_path();
    directory.close();
    equal(directory.get_path(), path);
    equal(directory.get_file().get_path(), path);
    equal(directory.get_child('name').get_path(), `${path}/name`);
    equal(directory.get_fd(), -1);
    equal(directory.close(), true);
    equal(await directory.close_async(), true);
    const destination = folder.get_child('published');
    throws(Gio.IOErrorEnum.CLOSED, () => directory.keep(), path);
    throws(Gio.IOErrorEnum.CLOSED, () => directory.persist(destination), path);
    await rejects(Gio.IOErrorEnum.CLOSED, directory.persist_async(destination), path);
    check(!exists(path), 'the directory is back');
});

// GLib ends a process that registers a subclass of a final type: the binding refuses before that.
for (const name of ['TemporaryDirectory', 'Root', 'RootEntry']) {
    test(`derived from ${name}`, async () => {
        await refuses(() => GObject.registerClass(class extends Tempman[name] {}), 'is final');
        await refuses(() => GObject.registerClass({
            GTypeName: `Derived${name}`,
        }, class extends Tempman[name] {}), 'is final');
    });
}

// Other wrong calls, each kind in a process of its own, which a crash would end.
for (const [mode, environment] of [
    ['types', {G_DEBUG: 'fatal-warnings'}],
    // A result of another call causes a critical warning.
    ['results', {}],
]) {
    test(`every call with the wrong ${mode}`, folder => {
        const {child, output, errors} = spawn(
            ['gjs', '-m', here.get_child('wrong-arguments.js').get_path(), mode, folder.get_path()],
            {...environment, TMPDIR: folder.get_path()});
        check(child.get_if_exited() && child.get_exit_status() === 0,
            `ended with ${child.get_status()}: ${output}${errors}`);
        check(/^[1-9]\d* calls, [1-9]\d* refused\n$/.test(output), output);
        equal(GLib.file_test(folder.get_child('victim').get_path(), GLib.FileTest.EXISTS), true);
        print(`# ${output.trimEnd()}`);
    });
}
