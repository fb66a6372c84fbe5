// SPDX-FileCopyrightText: 2026 The tempman authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Runs tests one after the other, each with a folder of its own. Prints TAP.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import System from 'system';

const tests = [];

export function test(name, run) {
    tests.push({name, run});
}

// A test that cannot run here.
export function skip(name, reason) {
    tests.push({name, reason});
}

export function check(condition, message) {
    if (!condition)
        throw new Error(message);
}

export function equal(actual, expected) {
    check(Object.is(actual, expected), `expected ${expected}, got ${actual}`);
}

function assertError(error, code, text = '') {
    check(error instanceof GLib.Error, `not a GLib.Error: ${error}`);
    check(error.matches(Gio.IOErrorEnum, code), `not the error that was expected: ${error}`);
    check(error.message.includes(text), `${text} is not named: ${error.message}`);
}

// An error of GIO.
export function throws(code, call, text) {
    try {
        call();
    } catch (error) {
        assertError(error, code, text);
        return;
    }
    throw new Error('no error was thrown');
}

export async function rejects(code, promise, text) {
    try {
        await promise;
    } catch (error) {
        assertError(error, code, text);
        return;
    }
    throw new Error('no error was thrown');
}

// An exception of JavaScript, for an error of the programmer.
export async function refuses(call, text = '') {
    try {
        await call();
    } catch (error) {
        check(!(error instanceof GLib.Error), `an error of the library: ${error}`);
        check(error.message.includes(text), `${text} is not named: ${error.message}`);
        return;
    }
    throw new Error(`accepted: ${call}`);
}

export function exists(path) {
    return GLib.file_test(path, GLib.FileTest.EXISTS);
}

export function children(folder) {
    return [...folder.enumerate_children('standard::name', 0, null)].map(info => info.get_name());
}

// A sub-directory that was last used 100 seconds ago.
export function makeOld(folder, name) {
    const file = folder.get_child(name);
    file.make_directory(null);
    const then = GLib.get_real_time() / 1000000 - 100;
    for (const attribute of ['time::modified', 'time::access'])
        file.set_attribute_uint64(attribute, then, 0, null);
    return file.get_path();
}

export function makeTree(folder, nDirectories, nFiles) {
    const top = folder.get_child('tree');
    for (let i = 0; i < nDirectories; i++) {
        const directory = top.get_child(`${i}`);
        directory.make_directory_with_parents(null);
        for (let j = 0; j < nFiles; j++)
            directory.get_child(`${j}`).create(Gio.FileCreateFlags.NONE, null).close(null);
    }
    return top;
}

// Puts another directory in place of a temporary one, which then cannot be closed without an error.
export function exchange(directory) {
    const file = directory.get_file();
    file.delete(null);
    file.make_directory(null);
}

export function sleep(milliseconds) {
    return new Promise(resolve => GLib.timeout_add(GLib.PRIORITY_DEFAULT, milliseconds, () => {
        resolve();
        return GLib.SOURCE_REMOVE;
    }));
}

// A program that may write warnings.
export function spawn(argv, environment = {}) {
    const launcher = new Gio.SubprocessLauncher({
        flags: Gio.SubprocessFlags.STDOUT_PIPE | Gio.SubprocessFlags.STDERR_PIPE,
    });
    // A script that throws is a critical warning.
    launcher.unsetenv('G_DEBUG');
    for (const [name, value] of Object.entries(environment))
        launcher.setenv(name, value, true);
    const child = launcher.spawnv(argv);
    const [, output, errors] = child.communicate_utf8(null, null);
    return {child, output, errors};
}

export async function main() {
    let status = 0;
    print(`1..${tests.length}`);
    for (const [i, {name, run, reason}] of tests.entries()) {
        if (reason) {
            print(`ok ${i + 1} ${name} # SKIP ${reason}`);
            continue;
        }
        const folder = Gio.File.new_for_path(GLib.Dir.make_tmp('tempman-test-XXXXXX'));
        try {
            await run(folder);
            print(`ok ${i + 1} ${name}`);
        } catch (error) {
            status = 1;
            print(`not ok ${i + 1} ${name}`);
            for (const line of `${error}\n${error.stack}`.trimEnd().split('\n'))
                print(`# ${line}`);
        }
        GLib.spawn_sync(null, ['rm', '-rf', '--', folder.get_path()], null,
            GLib.SpawnFlags.SEARCH_PATH, null);
    }
    // The exit status too: the runner of installed tests does not read TAP.
    System.exit(status);
}
