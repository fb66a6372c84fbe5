// SPDX-FileCopyrightText: 2026 The tempman authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Deletion of any file or tree.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import Tempman from 'gi://Tempman?version=1';
import {children, equal, makeTree, rejects, test, throws} from './harness.js';

test('delete recursively', folder => {
    const reports = [];
    Tempman.delete_recursively(makeTree(folder, 20, 10), null, null, (nDeleted, nFound) => {
        reports.push([nDeleted, nFound]);
    });
    equal(String(reports.at(-1)), '221,221');
    equal(children(folder).length, 0);
    Tempman.delete_recursively(makeTree(folder, 2, 2), null, null, null);
    equal(children(folder).length, 0);
    throws(Gio.IOErrorEnum.NOT_FOUND,
        () => Tempman.delete_recursively(folder.get_child('tree'), null, null, null), 'tree');
});

test('delete recursively, asynchronously', async folder => {
    const reports = [];
    await Tempman.delete_recursively_async(makeTree(folder, 20, 10), null, GLib.PRIORITY_DEFAULT, null,
        (nDeleted, nFound) => reports.push([nDeleted, nFound]));
    equal(String(reports.at(-1)), '221,221');
    equal(children(folder).length, 0);
    await rejects(Gio.IOErrorEnum.NOT_FOUND, Tempman.delete_recursively_async(
        folder.get_child('tree'), null, GLib.PRIORITY_DEFAULT, null, null), 'tree');
});

test('delete everything in a directory, or what may be missing', async folder => {
    const {ALLOW_MISSING, KEEP_DIRECTORY} = Tempman.DeleteFlags;
    const tree = makeTree(folder, 3, 2);
    let last;
    Tempman.delete_recursively(tree, KEEP_DIRECTORY, null, (...report) => (last = report));
    equal(String(last), '9,9');
    equal(children(tree).length, 0);
    await Tempman.delete_recursively_async(tree, KEEP_DIRECTORY);
    equal(children(folder).length, 1);
    Tempman.delete_recursively(tree);
    Tempman.delete_recursively(tree, ALLOW_MISSING);
    await Tempman.delete_recursively_async(tree, KEEP_DIRECTORY | ALLOW_MISSING);
    await rejects(Gio.IOErrorEnum.NOT_FOUND,
        Tempman.delete_recursively_async(tree, KEEP_DIRECTORY), 'tree');
});

function watch(deletion) {
    const seen = {fractions: [], failed: []};
    deletion.connect('notify::fraction', ({fraction}) => seen.fractions.push(fraction));
    deletion.connect('failed', (_, file, error) => {
        seen.failed.push([file.get_basename(), error.matches(Gio.IOErrorEnum, Gio.IOErrorEnum.NOT_FOUND)]);
    });
    return seen;
}

test('a deletion as an object', async folder => {
    const deletion = new Tempman.Deletion({file: makeTree(folder, 20, 10)});
    const seen = watch(deletion);
    equal(deletion.fraction, 0);
    equal(deletion.flags, Tempman.DeleteFlags.NONE);
    deletion.run();
    equal(seen.fractions.at(-1), 1);
    equal(seen.failed.length, 0);
    equal(deletion.n_found, 221);
    equal(deletion.nDeleted, 221);
    equal(deletion.bytes_freed, 0);
    equal(children(folder).length, 0);

    // Again, for the next tree of this name.
    makeTree(folder, 2, 2);
    await deletion.run_async();
    equal(deletion.n_deleted, 7);
    equal(deletion.get_fraction(), 1);
    equal(children(folder).length, 0);

    throws(Gio.IOErrorEnum.NOT_FOUND, () => deletion.run(), 'tree');
    equal(String(seen.failed), 'tree,true');
    await rejects(Gio.IOErrorEnum.NOT_FOUND, deletion.run_async(GLib.PRIORITY_LOW), 'tree');
    equal(seen.failed.length, 2);
    await Tempman.Deletion.new(deletion.get_file(), Tempman.DeleteFlags.ALLOW_MISSING).run_async();
    equal(Tempman.Deletion.new(folder).file, folder);
});
