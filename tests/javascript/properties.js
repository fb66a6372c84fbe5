// SPDX-FileCopyrightText: 2026 The tempman authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Properties, constants and enumerations.

import Tempman from 'gi://Tempman?version=1';
import {api} from './calls.js';
import {check, equal, test} from './harness.js';

function camelCase(name) {
    return name.replace(/-(.)/g, (_, letter) => letter.toUpperCase());
}

test('properties', folder => {
    const root = new Tempman.Root({directory: folder, timeout: 60});
    const directory = root.create_temp_dir();
    const entry = root.list_entries().get_item(0);
    const deletion = new Tempman.Deletion({file: folder});
    const objects = {
        Deletion: deletion, Root: root, RootEntry: entry, TemporaryDirectory: directory,
    };

    check(api.properties.length >= 16, `the typelib has only ${api.properties.length} properties`);
    for (const {className, name} of api.properties) {
        const object = objects[className];
        const value = object[camelCase(name)];
        check(value !== undefined, `no ${className}:${name}`);
        for (const getter of ['get', 'is'].map(verb => `${verb}_${name.replace('-', '_')}`)) {
            if (getter in object)
                check(same(object[getter](), value), `${className}:${name} is not ${getter}()`);
        }
        check(same(object[name.replace('-', '_')], value), `${className}:${name} has two values`);
    }
    directory.close();
});

function same(a, b) {
    // A property without strings is an empty array, where a getter returns null.
    if (Array.isArray(b))
        return (a ?? []).join() === b.join();
    return a === b || a.equal?.(b) === true;
}

test('constants and enumerations', () => {
    for (const name of api.constants)
        check(Tempman[name] !== undefined, `no ${name}`);
    for (const name of api.values) {
        const [type, value] = name.split('.');
        check(Number.isInteger(Tempman[type][value]), `no ${name}`);
    }
    equal(Tempman.NO_TIMEOUT, -1);
    equal(Tempman.DEFAULT_LEASE, 600);
    const version = [Tempman.MAJOR_VERSION, Tempman.MINOR_VERSION, Tempman.MICRO_VERSION];
    equal(version.join('.'), Tempman.VERSION_S);
    equal([Tempman.get_major_version(), Tempman.get_minor_version(), Tempman.get_micro_version()]
        .join('.'), Tempman.VERSION_S);
});
