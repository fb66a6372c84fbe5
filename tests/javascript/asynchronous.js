// SPDX-FileCopyrightText: 2026 The tempman authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Every asynchronous call, with a promise and with a callback.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Tempman from 'gi://Tempman?version=1';
import {api} from './calls.js';
import {check, children, equal, makeTree, refuses, rejects, test} from './harness.js';

// The arguments and the result of each call. `args` are the required arguments, `rest` the optional
// ones before the priority and the cancellable, which all calls have, and `last` those after them.
// A test should not omit those in `kept`, of `rest`: it would leave files outside of its folder.
const calls = {
    'TemporaryDirectory.new_async': {
        make: folder => ({
            object: Tempman.TemporaryDirectory, rest: [folder, 'report'], kept: [folder],
        }),
        verify: (folder, directory) => check(directory.is_closed() === false, 'closed'),
    },
    'TemporaryDirectory.close_async': {
        make: folder => ({object: new Tempman.TemporaryDirectory({parent: folder})}),
        verify: folder => equal(children(folder).length, 0),
    },
    'TemporaryDirectory.keep_async': {
        make: folder => ({object: new Tempman.TemporaryDirectory({parent: folder})}),
        verify: folder => equal(children(folder).length, 1),
    },
    'TemporaryDirectory.persist_async': {
        make: folder => ({
            object: new Tempman.TemporaryDirectory({parent: folder}),
            args: [folder.get_child('published')],
            rest: [Tempman.PersistFlags.NONE],
        }),
        verify: folder => equal(children(folder).join(), 'published'),
    },
    'Root.new_async': {
        make: folder => ({
            object: Tempman.Root, args: [folder], rest: [60, Tempman.RootFlags.NONE],
        }),
        verify: (folder, root) => equal(root.get_directory().get_path(), folder.get_path()),
    },
    'Root.create_temp_dir_async': {
        make: folder => ({object: new Tempman.Root({directory: folder})}),
        verify: (folder, directory) => equal(directory.get_file().get_basename(), children(folder)[0]),
    },
    'Root.cleanup_async': {
        make: folder => ({object: new Tempman.Root({directory: folder})}),
        verify: (folder, nDeleted) => equal(nDeleted, 0),
    },
    'Root.list_entries_async': {
        make: folder => ({
            object: new Tempman.Root({directory: folder}),
            rest: [Tempman.ListFlags.NONE],
        }),
        verify: (folder, entries) => equal([...entries].length, 0),
    },
    'Deletion.run_async': {
        make: folder => ({object: new Tempman.Deletion({file: makeTree(folder, 2, 2)})}),
        verify: folder => equal(children(folder).length, 0),
    },
    'delete_recursively_async': {
        make(folder) {
            const file = folder.get_child('file');
            file.create(Gio.FileCreateFlags.NONE, null).close(null);
            return {
                object: Tempman, args: [file], rest: [Tempman.DeleteFlags.NONE], last: [null],
            };
        },
        verify: folder => equal(children(folder).length, 0),
    },
    // Inherited calls that the typelib of Tempman does not list.
    'TemporaryDirectory.init_async': {
        make: () => ({object: GObject.Object.newv(Tempman.TemporaryDirectory.$gtype, [])}),
        verify: (_, result) => equal(result, true),
    },
    'Root.init_async': {
        make: folder => ({object: new Tempman.Root({directory: folder})}),
        verify: (_, result) => equal(result, true),
    },
};
const tail = [GLib.PRIORITY_DEFAULT, null];

for (const [title, {make, verify}] of Object.entries(calls)) {
    const name = title.split('.').at(-1);

    test(`${title}: promise`, async folder => {
        const {object, args = [], rest = [], last = []} = make(folder);
        const promise = object[name](...args, ...rest, ...tail, ...last);
        check(promise instanceof Promise, `not a promise: ${promise}`);
        verify(folder, await promise);
    });

    test(`${title}: promise, without what may be left out`, async folder => {
        const {object, args = [], kept = []} = make(folder);
        verify(folder, await object[name](...args, ...kept));
    });

    test(`${title}: promise, with null for what may be left out`, async folder => {
        const {object, args = [], rest = [], kept = [], last = []} = make(folder);
        const nulls = [...rest, ...tail, ...last].slice(kept.length).map(() => null);
        verify(folder, await object[name](...args, ...kept, ...nulls));
    });

    // GJS ignores arguments after a callback.
    for (const more of [[], ['more']]) {
        test([title, 'callback', ...more].join(': '), folder => new Promise((resolve, reject) => {
            const {object, args = [], rest = [], last = []} = make(folder);
            const callback = (source, result) => {
                try {
                    check(!(object instanceof GObject.Object) || source === object, 'not the source');
                    verify(folder, object[name.replace('_async', '_finish')](result));
                    resolve();
                } catch (error) {
                    reject(error);
                }
            };
            equal(object[name](...args, ...rest, ...tail, ...last, callback, ...more), undefined);
        }));
    }
}

test('every asynchronous call of the typelib is here', () => {
    const missing = api.calls.map(({title}) => title)
        .filter(title => title.endsWith('_async') && !(title in calls));
    check(missing.length === 0, `not here: ${missing.join(', ')}`);
});

test('promises are rejected', async folder => {
    const missing = folder.get_child('missing');
    const code = Gio.IOErrorEnum.NOT_FOUND;
    await rejects(code, Tempman.TemporaryDirectory.new_async(missing), missing.get_path());
    await rejects(code, Tempman.Root.new_async(missing), missing.get_path());
    await rejects(code, Tempman.delete_recursively_async(missing), missing.get_path());

    const cancellable = new Gio.Cancellable();
    cancellable.cancel();
    const directory = new Tempman.TemporaryDirectory({parent: folder});
    const root = new Tempman.Root({directory: folder});
    // All promises at once: one that is rejected before the program waits for it causes a warning.
    await Promise.all([
        directory.close_async(GLib.PRIORITY_DEFAULT, cancellable),
        directory.keep_async(null, cancellable),
        directory.persist_async(folder.get_child('published'), null, null, cancellable),
        root.create_temp_dir_async(null, cancellable),
        root.cleanup_async(null, cancellable),
        root.list_entries_async(null, null, cancellable),
        Tempman.Root.new_async(folder, null, null, null, cancellable),
        Tempman.TemporaryDirectory.new_async(folder, null, null, cancellable),
        Tempman.delete_recursively_async(folder, null, null, cancellable),
    ].map(promise => rejects(Gio.IOErrorEnum.CANCELLED, promise)));
    check(!directory.is_closed(), 'closed');
    directory.close(null);
    equal(children(folder).length, 0);
});

test('a callback in the wrong place is refused', async folder => {
    const directory = new Tempman.TemporaryDirectory({parent: folder});
    const root = new Tempman.Root({directory: folder});
    const callback = () => {};
    await refuses(() => directory.close_async(callback));
    await refuses(() => directory.close_async(GLib.PRIORITY_DEFAULT, callback));
    await refuses(() => directory.persist_async(folder.get_child('published'), callback));
    await refuses(() => root.cleanup_async(callback));
    await refuses(() => Tempman.Root.new_async(folder, 60, callback));
    await refuses(() => Tempman.TemporaryDirectory.new_async(folder, callback));
    await refuses(() => Tempman.delete_recursively_async(folder, callback));
    check(!directory.is_closed(), 'closed');
    directory.close();
});
