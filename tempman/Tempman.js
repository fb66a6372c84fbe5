// SPDX-FileCopyrightText: 2026 The tempman authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What JavaScript adds to the introspected API of Tempman: a plain constructor that creates its
// directory, a promise from every asynchronous call that gets no callback, and, where the engine
// has explicit resource management, directories that are closed at the end of their block.

const {Gio, GLib} = imports.gi;

function initializeWhenConstructed({prototype}) {
    const constructed = prototype._init;

    // Only `new` comes by here: not the static constructors, nor an object that C returns.
    prototype._init = function (...args) {
        const self = constructed.apply(this, args) ?? this;
        self.init(null);
        return self;
    };
}

function _init() {
    const {Root, TemporaryDirectory} = this;

    initializeWhenConstructed(TemporaryDirectory);
    initializeWhenConstructed(Root);

    Gio._promisify(this, 'delete_recursively_async', 'delete_recursively_finish');
    Gio._promisify(TemporaryDirectory, 'new_async', 'new_finish');
    Gio._promisify(TemporaryDirectory.prototype, 'close_async', 'close_finish');
    Gio._promisify(TemporaryDirectory.prototype, 'persist_async', 'persist_finish');
    Gio._promisify(Root, 'new_async', 'new_finish');
    Gio._promisify(Root.prototype, 'create_temp_dir_async', 'create_temp_dir_finish');
    Gio._promisify(Root.prototype, 'cleanup_async', 'cleanup_finish');
    Gio._promisify(Root.prototype, 'list_entries_async', 'list_entries_finish');

    // An engine that has no such symbols ignores what stands under these.
    TemporaryDirectory.prototype[Symbol.dispose ?? Symbol.for('Symbol.dispose')] = function () {
        this.close(null);
    };
    TemporaryDirectory.prototype[Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')] =
        async function () {
            await this.close_async(GLib.PRIORITY_DEFAULT, null);
        };
}
