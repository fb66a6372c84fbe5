// SPDX-FileCopyrightText: 2026 The tempman authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Directories that are never closed leave no files.

import System from 'system';
import Tempman from 'gi://Tempman?version=1';
import {check, children, equal, sleep, spawn, test} from './harness.js';

test('garbage collection deletes', async folder => {
    (() => void new Tempman.TemporaryDirectory({parent: folder}))();
    // The collector releases the object in an idle handler.
    for (let i = 0; i < 100 && children(folder).length > 0; i++) {
        System.gc();
        await sleep(10);
    }
    equal(children(folder).length, 0);
});

function run(folder, end) {
    const script = 'imports.gi.versions.Tempman = "1";' +
        'const {Gio, GLib, Tempman} = imports.gi;' +
        'const parent = Gio.File.new_for_path(ARGV[0]);' +
        'globalThis.directory = new Tempman.TemporaryDirectory({parent});' +
        `print(directory.get_path()); ${end}`;
    const {child, output} = spawn(['gjs', '-c', script, folder.get_path()]);
    check(output.startsWith(folder.get_path()), output);
    return child;
}

for (const [name, end, status] of [
    ['exit', '', 0],
    ['System.exit', 'imports.system.exit(3);', 3],
    ['uncaught exception', 'throw new Error("text");', 1],
]) {
    test(`${name} deletes`, folder => {
        equal(run(folder, end).get_exit_status(), status);
        equal(children(folder).length, 0);
    });
}

test('directories of a killed program are reclaimed', folder => {
    const child = run(folder, 'GLib.spawn_command_line_sync("sh -c \\"kill -9 $PPID\\"");');
    check(child.get_if_signaled(), 'the program was not killed');
    equal(children(folder).length, 1);
    const root = new Tempman.Root({
        directory: folder,
        flags: Tempman.RootFlags.RECLAIM_ABANDONED,
    });
    equal(root.cleanup(null), 1);
    equal(children(folder).length, 0);
});
