// SPDX-FileCopyrightText: 2026 The tempman authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Explicit resource management, which tsc translates for engines without it.
// Usage: using.js FOLDER

import Gio from 'gi://Gio?version=2.0';
import Tempman from 'gi://Tempman?version=1';

async function work(parent: Gio.File): Promise<(string | null)[]> {
    using first = new Tempman.TemporaryDirectory({parent});
    await using second = await Tempman.TemporaryDirectory.new_async(parent);
    const disposable: Disposable & AsyncDisposable = first;
    disposable[Symbol.dispose]();
    return [first.path, second.path];
}

const paths = await work(Gio.File.new_for_path(ARGV[0] ?? ''));
for (const path of paths) {
    if (path === null || Gio.File.new_for_path(path).query_exists(null))
        throw new Error(`${path} is still there`);
}
print('done');
