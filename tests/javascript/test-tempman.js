// SPDX-FileCopyrightText: 2026 The tempman authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The JavaScript binding. Prints TAP.

imports.gi.versions.Tempman = '1';
const {Gio, GLib, GObject, Tempman} = imports.gi;
const System = imports.system;

const tests = [];

function test(name, run) {
    tests.push({name, run});
}

function check(condition, message) {
    if (!condition)
        throw new Error(message);
}

function equal(actual, expected) {
    check(Object.is(actual, expected), `expected ${expected}, got ${actual}`);
}

function assertError(error, code, text = '') {
    check(error instanceof GLib.Error, `not a GLib.Error: ${error}`);
    check(error.matches(Gio.io_error_quark(), code), `not the error that was expected: ${error}`);
    check(error.message.includes(text), `${text} is not named: ${error.message}`);
}

function throws(code, call, text) {
    try {
        call();
    } catch (error) {
        assertError(error, code, text);
        return;
    }
    throw new Error('no error was thrown');
}

async function rejects(code, promise, text) {
    try {
        await promise;
    } catch (error) {
        assertError(error, code, text);
        return;
    }
    throw new Error('no error was thrown');
}

function exists(path) {
    return GLib.file_test(path, GLib.FileTest.EXISTS);
}

function children(folder) {
    return [...folder.enumerate_children('standard::name', 0, null)].map(info => info.get_name());
}

function makeOld(folder, name) {
    const file = folder.get_child(name);
    file.make_directory(null);
    const then = GLib.get_real_time() / 1000000 - 100;
    for (const attribute of ['time::modified', 'time::access'])
        file.set_attribute_uint64(attribute, then, 0, null);
    return file.get_path();
}

test('constructor', folder => {
    const directory = new Tempman.TemporaryDirectory({parent: folder, prefix: 'report'});
    check(directory instanceof Tempman.TemporaryDirectory, 'wrong type');
    check(directory.get_path().startsWith(`${folder.get_path()}/report-`), directory.get_path());
    check(exists(directory.get_path()), 'no directory');
    check(!directory.is_closed(), 'closed');
    check(directory.close(null), 'not closed');
    check(directory.is_closed(), 'not closed');
    check(!exists(directory.get_path()), 'the directory is still there');
});

test('constructor without arguments', () => {
    const directory = new Tempman.TemporaryDirectory();
    try {
        equal(GLib.path_get_dirname(directory.get_path()), GLib.get_tmp_dir());
    } finally {
        directory.close(null);
    }
});

test('constructor throws', folder => {
    const parent = folder.get_child('missing');
    throws(Gio.IOErrorEnum.NOT_FOUND, () => new Tempman.TemporaryDirectory({parent}),
        parent.get_path());
    throws(Gio.IOErrorEnum.NOT_FOUND, () => new Tempman.Root({directory: parent}),
        parent.get_path());
    throws(Gio.IOErrorEnum.INVALID_ARGUMENT,
        () => new Tempman.Root({directory: folder, timeout: NaN}));
});

test('static constructor', folder => {
    const directory = Tempman.TemporaryDirectory.new(folder, null, null);
    check(directory instanceof Tempman.TemporaryDirectory, 'wrong type');
    equal(children(folder).length, 1);
    directory.close(null);
    equal(children(folder).length, 0);
});

test('close deletes the contents', folder => {
    const directory = new Tempman.TemporaryDirectory({parent: folder});
    directory.get_child('one').make_directory(null);
    directory.get_child('one').get_child('two').make_directory(null);
    directory.get_child('file').replace_contents('text', null, false, 0, null);
    directory.close(null);
    directory.close(null);
    equal(children(folder).length, 0);
});

test('use after close', folder => {
    const directory = new Tempman.TemporaryDirectory({parent: folder});
    const path = directory.get_path();
    directory.close(null);
    equal(directory.get_path(), path);
    equal(directory.get_file().get_path(), path);
    equal(directory.get_child('name').get_path(), `${path}/name`);
    equal(directory.get_fd(), -1);
    throws(Gio.IOErrorEnum.CLOSED, () => directory.keep(), path);
    check(!exists(path), 'the directory is back');
});

test('error from close', folder => {
    const directory = new Tempman.TemporaryDirectory({parent: folder});
    const path = directory.get_path();
    Gio.File.new_for_path(path).delete(null);
    Gio.File.new_for_path(path).make_directory(null);
    throws(Gio.IOErrorEnum.NOT_FOUND, () => directory.close(null), path);
    check(exists(path), 'it deleted what it did not create');
});

test('new_async and close_async', async folder => {
    const directory = await Tempman.TemporaryDirectory.new_async(folder, 'report',
        GLib.PRIORITY_DEFAULT, null);
    check(directory instanceof Tempman.TemporaryDirectory, 'wrong type');
    check(exists(directory.get_path()), 'no directory');
    equal(await directory.close_async(GLib.PRIORITY_DEFAULT, null), true);
    check(!exists(directory.get_path()), 'the directory is still there');
});

test('asynchronous calls with a callback', folder => new Promise((resolve, reject) => {
    Tempman.TemporaryDirectory.new_async(folder, null, GLib.PRIORITY_DEFAULT, null, (_, result) => {
        try {
            const directory = Tempman.TemporaryDirectory.new_finish(result);
            directory.close_async(GLib.PRIORITY_DEFAULT, null, (source, closed) => {
                try {
                    equal(source, directory);
                    equal(source.close_finish(closed), true);
                    equal(children(folder).length, 0);
                    resolve();
                } catch (error) {
                    reject(error);
                }
            });
        } catch (error) {
            reject(error);
        }
    });
}));

test('promises are rejected', async folder => {
    const missing = folder.get_child('missing');
    await rejects(Gio.IOErrorEnum.NOT_FOUND,
        Tempman.TemporaryDirectory.new_async(missing, null, GLib.PRIORITY_DEFAULT, null),
        missing.get_path());
    await rejects(Gio.IOErrorEnum.NOT_FOUND,
        Tempman.Root.new_async(missing, -1, Tempman.RootFlags.NONE, GLib.PRIORITY_DEFAULT, null),
        missing.get_path());

    const cancellable = new Gio.Cancellable();
    cancellable.cancel();
    const directory = new Tempman.TemporaryDirectory({parent: folder});
    await rejects(Gio.IOErrorEnum.CANCELLED,
        directory.close_async(GLib.PRIORITY_DEFAULT, cancellable));
    check(!directory.is_closed(), 'closed');
    directory.close(null);
});

test('root', folder => {
    const root = new Tempman.Root({directory: folder, timeout: 60});
    equal(root.get_timeout(), 60);
    equal(root.get_directory().get_path(), folder.get_path());
    const first = makeOld(folder, 'first');
    equal(root.cleanup(null), 1);
    check(!exists(first), 'cleanup left an old directory');

    const second = makeOld(folder, 'second');
    const directory = root.create_temp_dir(null);
    check(directory instanceof Tempman.TemporaryDirectory, 'wrong type');
    check(!exists(second), 'create_temp_dir left an old directory');
    check(exists(directory.get_path()), 'no directory');
    directory.close(null);
    equal(children(folder).length, 0);
});

test('root without timeout', folder => {
    const root = new Tempman.Root({directory: folder});
    equal(root.get_timeout(), Tempman.NO_TIMEOUT);
    const old = makeOld(folder, 'old');
    equal(root.cleanup(null), 0);
    check(exists(old), 'deleted without a timeout');
});

test('entries of a root', async folder => {
    const root = new Tempman.Root({
        directory: folder, timeout: 60, age_basis: Tempman.AgeBasis.MODIFIED,
    });
    equal(root.ageBasis, Tempman.AgeBasis.MODIFIED);
    const directory = root.create_temp_dir(null);
    const old = makeOld(folder, 'old');
    for (const list of [
        root.list_entries(null),
        await root.list_entries_async(GLib.PRIORITY_DEFAULT, null),
    ]) {
        equal(list.get_n_items(), 2);
        const byPath = {};
        for (let i = 0; i < 2; i++)
            byPath[list.get_item(i).file.get_path()] = list.get_item(i);
        equal(byPath[old].expired, true);
        equal(byPath[old].state, Tempman.EntryState.UNOWNED);
        check(byPath[old].lastUsed.to_unix() < GLib.get_real_time() / 1000000 - 90, 'not old');
        equal(byPath[old].info.get_name(), 'old');
        equal(byPath[directory.get_path()].get_state(), Tempman.EntryState.LIVE);
    }
    directory.close(null);
});

test('persist', async folder => {
    const destination = folder.get_child('published');
    const first = new Tempman.TemporaryDirectory({parent: folder});
    check(first.persist(destination, Tempman.PersistFlags.NONE, null), 'not published');
    equal(first.path, destination.get_path());
    check(first.is_closed(), 'not closed');

    const second = new Tempman.TemporaryDirectory({parent: folder});
    throws(Gio.IOErrorEnum.EXISTS,
        () => second.persist(destination, Tempman.PersistFlags.NONE, null),
        destination.get_path());
    check(!second.is_closed(), 'closed');
    await second.persist_async(destination, Tempman.PersistFlags.REPLACE, GLib.PRIORITY_DEFAULT,
        null);
    equal(children(folder).join(), 'published');
});

test('root, asynchronously', async folder => {
    const root = await Tempman.Root.new_async(folder, 60, Tempman.RootFlags.NONE,
        GLib.PRIORITY_DEFAULT, null);
    check(root instanceof Tempman.Root, 'wrong type');
    const first = makeOld(folder, 'first');
    equal(await root.cleanup_async(GLib.PRIORITY_DEFAULT, null), 1);
    check(!exists(first), 'cleanup left an old directory');

    const second = makeOld(folder, 'second');
    const directory = await root.create_temp_dir_async(GLib.PRIORITY_DEFAULT, null);
    check(directory instanceof Tempman.TemporaryDirectory, 'wrong type');
    check(!exists(second), 'create_temp_dir left an old directory');
    await directory.close_async(GLib.PRIORITY_DEFAULT, null);
    equal(children(folder).length, 0);
});

test('directories in use stay', folder => {
    const root = new Tempman.Root({directory: folder, timeout: 0});
    const directory = root.create_temp_dir(null);
    equal(root.cleanup(null), 0);
    check(exists(directory.get_path()), 'cleanup took a directory in use');
    directory.close(null);
});

test('uninitialised objects', async () => {
    const directory = GObject.Object.newv(Tempman.TemporaryDirectory.$gtype, []);
    const code = Gio.IOErrorEnum.NOT_INITIALIZED;
    check(directory instanceof Tempman.TemporaryDirectory, 'wrong type');
    equal(directory.get_path(), null);
    equal(directory.get_file(), null);
    equal(directory.get_child('name'), null);
    equal(directory.get_fd(), -1);
    directory.is_closed();
    throws(code, () => directory.close(null));
    throws(code, () => directory.keep());
    await rejects(code, directory.close_async(GLib.PRIORITY_DEFAULT, null));

    const root = GObject.Object.newv(Tempman.Root.$gtype, []);
    root.get_directory();
    root.get_timeout();
    root.get_flags();
    root.get_prefix();
    throws(code, () => root.create_temp_dir(null));
    throws(code, () => root.cleanup(null));
    await rejects(code, root.create_temp_dir_async(GLib.PRIORITY_DEFAULT, null));
    await rejects(code, root.cleanup_async(GLib.PRIORITY_DEFAULT, null));
});

test('disposable', async folder => {
    const dispose = Symbol.dispose ?? Symbol.for('Symbol.dispose');
    const asyncDispose = Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose');
    new Tempman.TemporaryDirectory({parent: folder})[dispose]();
    equal(children(folder).length, 0);
    await new Tempman.TemporaryDirectory({parent: folder})[asyncDispose]();
    equal(children(folder).length, 0);
});

test('garbage collection deletes', async folder => {
    (() => void new Tempman.TemporaryDirectory({parent: folder}))();
    // The collector lets go of the object in an idle handler.
    for (let i = 0; i < 100 && children(folder).length > 0; i++) {
        System.gc();
        await new Promise(resolve => GLib.timeout_add(GLib.PRIORITY_DEFAULT, 10, () => {
            resolve();
            return GLib.SOURCE_REMOVE;
        }));
    }
    equal(children(folder).length, 0);
});

function makeTree(folder, nDirectories, nFiles) {
    const top = folder.get_child('tree');
    for (let i = 0; i < nDirectories; i++) {
        const directory = top.get_child(`${i}`);
        directory.make_directory_with_parents(null);
        for (let j = 0; j < nFiles; j++)
            directory.get_child(`${j}`).create(Gio.FileCreateFlags.NONE, null).close(null);
    }
    return top;
}

test('delete recursively', folder => {
    const reports = [];
    Tempman.delete_recursively(makeTree(folder, 20, 10), null, (nDeleted, nFound) => {
        reports.push([nDeleted, nFound]);
    });
    equal(String(reports.at(-1)), '221,221');
    equal(children(folder).length, 0);
    Tempman.delete_recursively(makeTree(folder, 2, 2), null, null);
    equal(children(folder).length, 0);
    throws(Gio.IOErrorEnum.NOT_FOUND,
        () => Tempman.delete_recursively(folder.get_child('tree'), null, null), 'tree');
});

test('delete recursively, asynchronously', async folder => {
    const reports = [];
    await Tempman.delete_recursively_async(makeTree(folder, 20, 10), GLib.PRIORITY_DEFAULT, null,
        (nDeleted, nFound) => reports.push([nDeleted, nFound]));
    equal(String(reports.at(-1)), '221,221');
    equal(children(folder).length, 0);
    await rejects(Gio.IOErrorEnum.NOT_FOUND, Tempman.delete_recursively_async(
        folder.get_child('tree'), GLib.PRIORITY_DEFAULT, null, null), 'tree');
});

function run(folder, end) {
    const script = 'imports.gi.versions.Tempman = "1";' +
        'const {Gio, GLib, Tempman} = imports.gi;' +
        'const parent = Gio.File.new_for_path(ARGV[0]);' +
        'globalThis.directory = new Tempman.TemporaryDirectory({parent});' +
        `print(directory.get_path()); ${end}`;
    const launcher = new Gio.SubprocessLauncher({
        flags: Gio.SubprocessFlags.STDOUT_PIPE | Gio.SubprocessFlags.STDERR_SILENCE,
    });
    // A script that throws is a critical warning.
    launcher.unsetenv('G_DEBUG');
    const child = launcher.spawnv(['gjs', '-c', script, folder.get_path()]);
    const [, output] = child.communicate_utf8(null, null);
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

test('what a killed program leaves is reclaimed', folder => {
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

async function main() {
    print(`1..${tests.length}`);
    for (const [i, {name, run}] of tests.entries()) {
        const folder = Gio.File.new_for_path(GLib.Dir.make_tmp('tempman-test-XXXXXX'));
        try {
            await run(folder);
            print(`ok ${i + 1} ${name}`);
        } catch (error) {
            print(`not ok ${i + 1} ${name}`);
            for (const line of `${error}\n${error.stack}`.trimEnd().split('\n'))
                print(`# ${line}`);
        }
        GLib.spawn_sync(null, ['rm', '-rf', '--', folder.get_path()], null,
            GLib.SpawnFlags.SEARCH_PATH, null);
    }
}

const loop = new GLib.MainLoop(null, false);
let failure = null;
main().catch(error => {
    failure = error;
}).finally(() => loop.quit());
loop.run();
if (failure)
    throw failure;
