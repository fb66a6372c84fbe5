// SPDX-FileCopyrightText: 2026 The tempman authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The functions that call another function with a directory.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import Tempman from 'gi://Tempman?version=1';
import {check, children, equal, exchange, exists, refuses, rejects, sleep, spawn, test}
    from './harness.js';

// Each calls a function with a directory in the folder.
const helpers = {
    'Tempman.withTemporaryDirectory': (parent, work, cancellable) =>
        Tempman.withTemporaryDirectory({parent, prefix: 'report', cancellable}, work),
    'Root.withTemporaryDirectory': (directory, work, cancellable) =>
        new Tempman.Root({directory, prefix: 'report'}).withTemporaryDirectory(work, cancellable),
};

for (const [name, run] of Object.entries(helpers)) {
    test(`${name}: value`, async folder => {
        const value = {};
        let path = null;
        equal(await run(folder, async directory => {
            path = directory.get_path();
            check(path.startsWith(`${folder.get_path()}/report-`), path);
            directory.get_child('file').create(Gio.FileCreateFlags.NONE, null).close(null);
            await sleep(1);
            check(exists(`${path}/file`), 'deleted too early');
            return value;
        }), value);
        check(!exists(path), 'the directory is still there');
        equal(await run(folder, () => 5), 5);
        equal(children(folder).length, 0);
    });

    for (const [kind, fail] of Object.entries({
        'rejected': async error => {
            await sleep(1);
            throw error;
        },
        'thrown': error => {
            throw error;
        },
        'not even an object': () => Promise.reject('text'),
    })) {
        test(`${name}: ${kind}`, async folder => {
            const expected = kind === 'not even an object' ? 'text' : new Error('text');
            let found = null;
            try {
                await run(folder, () => fail(expected));
            } catch (error) {
                found = error;
            }
            equal(found, expected);
            equal(children(folder).length, 0);
        });
    }

    test(`${name}: closed, kept, published`, async folder => {
        await run(folder, directory => directory.close());
        await run(folder, directory => directory.persist(folder.get_child('published')));
        await run(folder, directory => directory.keep());
        equal(children(folder).length, 2);
    });

    test(`${name}: error from close`, folder =>
        rejects(Gio.IOErrorEnum.NOT_FOUND, run(folder, exchange), folder.get_path()));

    test(`${name}: cancelled`, async folder => {
        const cancellable = new Gio.Cancellable();
        await run(folder, () => cancellable.cancel(), cancellable);
        equal(children(folder).length, 0);
        await rejects(Gio.IOErrorEnum.CANCELLED, run(folder, () => {
            throw new Error('was called');
        }, cancellable));
    });

    test(`${name}: without a function`, async folder => {
        for (const work of [undefined, null, 5, 'text', {}])
            await refuses(() => run(folder, work), 'a function is needed');
        equal(children(folder).length, 0);
    });
}

test('keepOnError', async folder => {
    const script = `
        import Gio from 'gi://Gio';
        import Tempman from 'gi://Tempman?version=1';
        const parent = Gio.File.new_for_path(ARGV[0]);
        const root = new Tempman.Root({directory: parent});
        const fail = () => Promise.reject(new Error('the first'));
        const report = ({message}) => print(message);
        await Tempman.withTemporaryDirectory(
            {parent, prefix: 'first', suffix: '.x', mode: 0o755, keepOnError: true}, fail).catch(report);
        await root.withTemporaryDirectory(fail, null, {keepOnError: true}).catch(report);
        await Tempman.withTemporaryDirectory({parent, keepOnError: true}, directory => {
            directory.close();
            return fail();
        }).catch(report);
        await Tempman.withTemporaryDirectory({parent, keepOnError: false}, fail).catch(report);
        await Tempman.withTemporaryDirectory({parent, keepOnError: true}, () => {});`;
    const file = folder.get_child('script.js');
    file.replace_contents(script, null, false, Gio.FileCreateFlags.NONE, null);
    const kept = folder.get_child('kept');
    kept.make_directory(null);
    const {child, output, errors} = spawn(['gjs', '-m', file.get_path(), kept.get_path()]);
    equal(child.get_exit_status(), 0);
    equal(output, 'the first\n'.repeat(4));
    const names = children(kept).sort();
    equal(names.length, 2);
    check(/^first-[a-z2-7]{20}\.x$/.test(names[0]), names[0]);
    for (const name of names)
        check(errors.includes(`“${kept.get_path()}/${name}”`), errors);
    const info = kept.get_child(names[0]).query_info('unix::mode', Gio.FileQueryInfoFlags.NONE, null);
    equal(info.get_attribute_uint32('unix::mode') & 0o7777, 0o755);
});

test('the first error is not hidden by that of close', folder => {
    const script = `
        import Gio from 'gi://Gio';
        import Tempman from 'gi://Tempman?version=1';
        const parent = Gio.File.new_for_path(ARGV[0]);
        try {
            await Tempman.withTemporaryDirectory({parent}, async directory => {
                directory.get_file().delete(null);
                directory.get_file().make_directory(null);
                throw new Error('the first');
            });
        } catch (error) {
            print(error.message);
        }`;
    const file = folder.get_child('script.js');
    file.replace_contents(script, null, false, Gio.FileCreateFlags.NONE, null);
    const {child, output, errors} = spawn(['gjs', '-m', file.get_path(), folder.get_path()]);
    equal(child.get_exit_status(), 0);
    equal(output, 'the first\n');
    check(errors.includes(`${folder.get_path()}/`), `the second is not reported: ${errors}`);
});

test('wrong options', async folder => {
    const work = () => {
        throw new Error('was called');
    };
    for (const options of [undefined, null, 5, folder.get_path(), folder])
        await refuses(() => Tempman.withTemporaryDirectory(options, work), 'have names');
    for (const options of [{perent: folder}, [folder]])
        await refuses(() => Tempman.withTemporaryDirectory(options, work), 'the options are');
    await refuses(() => Tempman.withTemporaryDirectory({parent: folder.get_path()}, work), 'GFile');
    await refuses(() => Tempman.withTemporaryDirectory({parent: folder, prefix: 5}, work), 'string');
    await rejects(Gio.IOErrorEnum.NOT_FOUND,
        Tempman.withTemporaryDirectory({parent: folder.get_child('missing')}, work), 'missing');
    equal(children(folder).length, 0);
});

test('without options', async () => {
    const path = await Tempman.withTemporaryDirectory({}, directory => directory.get_path());
    equal(GLib.path_get_dirname(path), GLib.get_tmp_dir());
    check(!exists(path), 'the directory is still there');
});
