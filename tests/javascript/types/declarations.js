// SPDX-FileCopyrightText: 2026 The tempman authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Prints a program for tsc that names every symbol of the typelib: one that the types lack is an
// error.

import Tempman from 'gi://Tempman?version=1';
import {api} from '../calls.js';

// The object of each class is named after it, in lower case.
function object(className) {
    return className.toLowerCase();
}

const names = [
    ...api.constants.map(name => `Tempman.${name}`),
    ...api.values.map(name => `Tempman.${name}`),
    ...api.calls.map(({owner, name, title}) => {
        const [className, method] = title.split('.');
        if (!method || owner === Tempman[className])
            return `Tempman.${title}`;
        return `${object(className)}.${name}`;
    }),
    ...api.properties.flatMap(({className, name}) => [
        `${object(className)}.${name.replaceAll('-', '_')}`,
        `${object(className)}.${name.replace(/-(.)/g, (_, letter) => letter.toUpperCase())}`,
    ]),
];

print("import Tempman from 'gi://Tempman?version=1';");
for (const className of new Set(api.properties.map(property => property.className)))
    print(`declare const ${object(className)}: Tempman.${className};`);
print(`export const names: unknown[] = [\n    ${names.join(',\n    ')},\n];`);
