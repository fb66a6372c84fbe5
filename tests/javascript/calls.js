// SPDX-FileCopyrightText: 2026 The tempman authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Which calls the typelib has, and which of them were made. Import this before what makes them.

import GIRepository from 'gi://GIRepository?version=2.0';
import Tempman from 'gi://Tempman?version=1';

function methods(namespace, className, info) {
    const {prototype} = Tempman[className];
    const list = [];
    for (let i = 0; i < GIRepository.object_info_get_n_methods(info); i++) {
        const method = GIRepository.object_info_get_method(info, i);
        const isMethod = GIRepository.function_info_get_flags(method) &
            GIRepository.FunctionInfoFlags.IS_METHOD;
        list.push({
            owner: isMethod ? prototype : Tempman[className],
            name: method.get_name(),
            title: `${className}.${method.get_name()}`,
        });
    }
    return list;
}

function properties(className, info) {
    const list = [];
    for (let i = 0; i < GIRepository.object_info_get_n_properties(info); i++)
        list.push({className, name: GIRepository.object_info_get_property(info, i).get_name()});
    return list;
}

function values(enumName, info) {
    const list = [];
    for (let i = 0; i < GIRepository.enum_info_get_n_values(info); i++)
        list.push(`${enumName}.${GIRepository.enum_info_get_value(info, i).get_name().toUpperCase()}`);
    return list;
}

function read() {
    const found = {calls: [], constants: [], properties: [], values: []};
    const repository = GIRepository.Repository.get_default();
    for (let i = 0; i < repository.get_n_infos('Tempman'); i++) {
        const info = repository.get_info('Tempman', i);
        const name = info.get_name();
        switch (info.get_type()) {
        case GIRepository.InfoType.FUNCTION:
            found.calls.push({owner: Tempman, name, title: name});
            break;
        case GIRepository.InfoType.OBJECT:
            found.calls.push(...methods(Tempman, name, info));
            found.properties.push(...properties(name, info));
            break;
        case GIRepository.InfoType.CONSTANT:
            found.constants.push(name);
            break;
        case GIRepository.InfoType.ENUM:
        case GIRepository.InfoType.FLAGS:
            found.values.push(...values(name, info));
            break;
        }
    }
    return found;
}

// The public API of the typelib: functions, static functions and methods, each where it is found, and
// the names of the rest.
export const api = read();

const made = new Set();

// A call counts when it returned: one that only ever failed was not exercised.
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
