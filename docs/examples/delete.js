// SPDX-FileCopyrightText: 2026 The tempman authors
// SPDX-License-Identifier: LGPL-2.1-or-later
// Deletes a file or a directory and shows the progress, while the main loop continues.
// Usage: gjs -m delete.js PATH

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import System from 'system';
import Tempman from 'gi://Tempman?version=1';

const loop = new GLib.MainLoop(null, false);
let status = 1;

/**
 * @param {number} nDeleted
 * @param {number} nFound
 */
function show(nDeleted, nFound) {
    print(`${nDeleted} of ${nFound} deleted`);
}

Tempman.delete_recursively_async(Gio.File.new_for_commandline_arg(ARGV[0]),
    Tempman.DeleteFlags.NONE, GLib.PRIORITY_DEFAULT, null, show)
    .then(() => (status = 0))
    .catch(logError)
    .finally(() => loop.quit());
loop.run();
System.exit(status);
