// SPDX-FileCopyrightText: 2026 The tempman authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Unpacks an archive, adds a list of its files, and publishes both in one step.
// Usage: gjs -m publish.js ROOT ARCHIVE DESTINATION

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import System from 'system';
import Tempman from 'gi://Tempman?version=1';

Gio._promisify(Gio.Subprocess.prototype, 'wait_check_async');
Gio._promisify(Gio.File.prototype, 'enumerate_children_async');

/**
 * The path and the size of each regular file in the folder.
 *
 * @param {Gio.File} top
 * @param {Gio.File} folder
 * @returns {Promise<{path: string | null, size: number}[]>}
 */
async function findFiles(top, folder = top) {
    const files = [];
    const children = await folder.enumerate_children_async(
        'standard::name,standard::type,standard::size', Gio.FileQueryInfoFlags.NOFOLLOW_SYMLINKS,
        GLib.PRIORITY_DEFAULT, null);
    for (const info of children) {
        const child = children.get_child(info);
        if (info.get_file_type() === Gio.FileType.DIRECTORY)
            files.push(...await findFiles(top, child));
        else if (info.get_file_type() === Gio.FileType.REGULAR)
            files.push({path: top.get_relative_path(child), size: info.get_size()});
    }
    return files;
}

/**
 * @param {Tempman.TemporaryDirectory} directory
 * @param {string} archive
 */
async function fill(directory, archive) {
    // It is null for remote directories alone.
    const path = /** @type {string} */ (directory.path);
    const tar = Gio.Subprocess.new(['tar', '-xf', archive, '-C', path], Gio.SubprocessFlags.NONE);
    await tar.wait_check_async(null);

    const files = await findFiles(directory.file);
    // Strings of JavaScript would sort by UTF-16.
    files.sort((a, b) => GLib.strcmp0(a.path, b.path));
    const lines = files.map(({path, size}) => `${size} ${path}\n`).join('');
    directory.get_child('INDEX').replace_contents(lines, null, false, Gio.FileCreateFlags.NONE, null);
    return files.length;
}

/**
 * @param {string} folder
 * @param {string} archive
 * @param {string} destination
 */
async function publish(folder, archive, destination) {
    const {CREATE_DIRECTORY, RECLAIM_ABANDONED} = Tempman.RootFlags;
    const root = await Tempman.Root.new_async(Gio.File.new_for_path(folder), 24 * 60 * 60,
        CREATE_DIRECTORY | RECLAIM_ABANDONED);

    const nFiles = await root.withTemporaryDirectory(async directory => {
        const n = await fill(directory, archive);
        await directory.persist_async(Gio.File.new_for_path(destination),
            Tempman.PersistFlags.REPLACE);
        return n;
    });
    print(`published ${destination}: ${nFiles} files`);
    print(`cleaned up ${await root.cleanup_async()} directories`);
}

const [folder, archive, destination] = ARGV;

try {
    if (ARGV.length !== 3)
        throw new Error('Usage: gjs -m publish.js ROOT ARCHIVE DESTINATION');
    await publish(folder, archive, destination);
} catch (/** @type {any} */ error) {
    printerr(error.message);
    System.exit(1);
}
