// SPDX-FileCopyrightText: 2026 The tempman authors
// SPDX-License-Identifier: LGPL-2.1-or-later
// Usage: gjs -m quickstart.js ROOT

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import System from 'system';
import Tempman from 'gi://Tempman?version=1';

const loop = new GLib.MainLoop(null, false);
let status = 1;

/** @param {Gio.File} folder */
async function work(folder) {
    const root = Tempman.Root.new(folder, 60 * 60, Tempman.RootFlags.NONE, null);
    const directory = await root.create_temp_dir_async(GLib.PRIORITY_DEFAULT, null);

    print(`JavaScript created ${directory.get_path()}`);
    directory.get_child('notes.txt').replace_contents('work', null, false,
        Gio.FileCreateFlags.NONE, null);
    await directory.close_async(GLib.PRIORITY_DEFAULT, null);
    print('JavaScript closed it');

    return directory.get_file().query_exists(null) ? 1 : 0;
}

work(Gio.File.new_for_commandline_arg(ARGV[0]))
    .then(result => (status = result))
    .catch(logError)
    .finally(() => loop.quit());
loop.run();
System.exit(status);
