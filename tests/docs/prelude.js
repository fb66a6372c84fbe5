// SPDX-FileCopyrightText: 2026 The tempman authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The names that a block of JavaScript in the documentation may use without a definition. All of them are
// global, so that a block can import or define the same.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import Tempman from 'gi://Tempman?version=1';

const folder = Gio.File.new_for_path('work');
const root = Tempman.Root.new(folder, 60, Tempman.RootFlags.NONE, null);

function work(path) {
    if (!GLib.file_test(path, GLib.FileTest.IS_DIR))
        throw new Error(`${path} is no directory`);
}

Object.assign(globalThis, {
    Gio,
    GLib,
    Tempman,
    cancellable: new Gio.Cancellable(),
    destination: folder.get_child('published'),
    directory: root.create_temp_dir(null),
    folder,
    measure: work,
    root,
    work,
    workIn: async path => work(path),
    writeReport: async file => file.replace_contents('report', null, false, 0, null),
});
