// SPDX-FileCopyrightText: 2026 The tempman authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Makes every call of the typelib with wrong arguments, on objects in every state. The exit status tells
// whether the process survives.
// Usage: wrong-arguments.js types|results FOLDER, with TMPDIR set to the folder

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Tempman from 'gi://Tempman?version=1';
import {api} from './calls.js';

const [mode, path] = ARGV;
const folder = Gio.File.new_for_path(path);
// No call here gets this file.
folder.get_child('victim').create(Gio.FileCreateFlags.NONE, null).close(null);
folder.get_child('root').make_directory(null);

const root = new Tempman.Root({directory: folder.get_child('root')});
const live = root.create_temp_dir();

function closed() {
    const directory = new Tempman.TemporaryDirectory({parent: folder});
    directory.close();
    return directory;
}

const states = {
    TemporaryDirectory: [
        () => new Tempman.TemporaryDirectory({parent: folder}),
        closed,
        () => GObject.Object.newv(Tempman.TemporaryDirectory.$gtype, []),
    ],
    Root: [
        () => root,
        () => GObject.Object.newv(Tempman.Root.$gtype, []),
    ],
    RootEntry: [
        () => root.list_entries().get_item(0),
        () => new Tempman.RootEntry(),
    ],
    Deletion: [
        () => new Tempman.Deletion({file: folder.get_child('missing')}),
        () => new Tempman.Deletion(),
    ],
};
const none = [
    () => undefined,
    () => null,
    () => ({}),
    () => new Gio.Cancellable(),
    ({prototype}) => prototype,
    ({prototype}) => Object.create(prototype),
];

const junk = [undefined, null, true, -1, 0, 1e300, NaN, '', 'text', '\0', '\ud800', 12345678901234567890n,
    Symbol('text'), [], {}, () => {}, new Gio.Cancellable(), GObject.Object, new Date(),
    new Uint8Array([255]), live];

let nCalls = 0;
let nRefused = 0;
const promises = [];

function attempt(self, call, args) {
    nCalls++;
    try {
        const result = call.apply(self, args);
        if (result instanceof Promise)
            promises.push(result.then(discard));
        else
            discard(result);
    } catch {
        nRefused++;
    }
    discard(self);
}

// Open directories make the next call slower: each call examines all of them.
function discard(object) {
    if (!(object instanceof Tempman.TemporaryDirectory) || object === live)
        return;
    try {
        object.close();
    } catch {
        // It was never open, or is not an object.
    }
}

// The values of `this` for a call: a class for a static function, and all values that are not
// objects.
function selves({owner, title}) {
    const [className, method] = title.split('.');
    if (!method)
        return [() => Tempman];
    const constructor = Tempman[className];
    if (owner === constructor)
        return [() => constructor, () => undefined];
    return [...states[className], ...none.map(make => () => make(constructor))];
}

function callWithWrongTypes() {
    for (const call of api.calls) {
        for (const make of selves(call)) {
            attempt(make(), call.owner[call.name], []);
            for (const wrong of junk) {
                for (let n = 1; n <= 6; n++)
                    attempt(make(), call.owner[call.name], Array(n).fill(wrong));
            }
        }
    }
}

// Keeps a result of one call as an argument for the others.
async function callWithWrongResults() {
    const results = [];
    for (const start of [
        callback => live.init_async(0, null, callback),
        callback => root.cleanup_async(0, null, callback),
        callback => root.list_entries_async(0, 0, null, callback),
        callback => Tempman.TemporaryDirectory.new_async(folder, null, 0, null, callback),
        callback => folder.query_info_async('standard::name', 0, 0, null, callback),
    ])
        results.push(await new Promise(resolve => start((_, result) => resolve(result))));

    for (const call of api.calls.filter(({name}) => name.endsWith('_finish'))) {
        for (const make of selves(call)) {
            for (const result of results)
                attempt(make(), call.owner[call.name], [result]);
        }
    }
}

if (mode === 'types')
    callWithWrongTypes();
else
    await callWithWrongResults();

for (const {status} of await Promise.allSettled(promises)) {
    if (status === 'rejected')
        nRefused++;
}
live.close();
print(`${nCalls} calls, ${nRefused} refused`);
