// SPDX-FileCopyrightText: 2026 The tempman authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Records which calls of the typelib were made. Import this before the modules that make them.

import Tempman from 'gi://Tempman?version=1';

// GJS has GIRepository 2.0, whose infos have a type and functions, or 3.0 alone, whose infos have
// classes and methods.
let GIRepository;
try {
    ({default: GIRepository} = await import('gi://GIRepository?version=2.0'));
} catch {
    ({default: GIRepository} = await import('gi://GIRepository?version=3.0'));
}
const isOld = 'InfoType' in GIRepository;

function isA(info, kind) {
    return isOld
        ? info.get_type() === GIRepository.InfoType[kind.toUpperCase()]
        : info instanceof GIRepository[`${kind}Info`];
}

// Lists the members of an info: list(info, 'object', 'methods', 'method').
function list(info, kind, several, one) {
    const call = (name, ...args) => isOld
        ? GIRepository[`${kind}_info_${name}`](info, ...args)
        : info[name](...args);
    return Array.from({length: call(`get_n_${several}`)}, (_, i) => call(`get_${one}`, i));
}

function methods(className, info) {
    return list(info, 'object', 'methods', 'method').map(method => {
        const flags = isOld ? GIRepository.function_info_get_flags(method) : method.get_flags();
        return {
            owner: flags & GIRepository.FunctionInfoFlags.IS_METHOD
                ? Tempman[className].prototype
                : Tempman[className],
            name: method.get_name(),
            title: `${className}.${method.get_name()}`,
        };
    });
}

function read() {
    const found = {calls: [], constants: [], properties: [], values: []};
    const repository = isOld
        ? GIRepository.Repository.get_default()
        : GIRepository.Repository.dup_default();
    for (let i = 0; i < repository.get_n_infos('Tempman'); i++) {
        const info = repository.get_info('Tempman', i);
        const name = info.get_name();
        if (isA(info, 'Function')) {
            found.calls.push({owner: Tempman, name, title: name});
        } else if (isA(info, 'Object')) {
            found.calls.push(...methods(name, info));
            found.properties.push(...list(info, 'object', 'properties', 'property')
                .map(property => ({className: name, name: property.get_name()})));
        } else if (isA(info, 'Constant')) {
            found.constants.push(name);
        } else if (isA(info, 'Enum') || isA(info, 'Flags')) {
            found.values.push(...list(info, 'enum', 'values', 'value')
                .map(value => `${name}.${value.get_name().toUpperCase()}`));
        }
    }
    return found;
}

// The public API of the typelib: functions, static functions and methods, each with the object that
// has it, and the names of the other symbols.
export const api = read();

const made = new Set();

// A call counts when it has returned: one that always failed was not tested.
for (const {owner, name, title} of api.calls) {
    const call = owner[name];
    owner[name] = function (...args) {
        const result = call.apply(this, args);
        made.add(title);
        return result;
    };
}

export function missingCalls() {
    return api.calls.map(({title}) => title).filter(title => !made.has(title));
}
