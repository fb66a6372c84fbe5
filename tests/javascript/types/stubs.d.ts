// SPDX-FileCopyrightText: 2026 The tempman authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// As much of the types of GJS, Gio, GLib and GObject as the programs here need, for a machine without
// the packages that have all of them.

declare const ARGV: string[];
declare function print(...values: unknown[]): void;

declare module 'gi://GObject?version=2.0' {
    namespace GObject {
        interface GType<T> {
            name: string;
            instance?: T;
        }
        class Object {
            static $gtype: GType<Object>;
            constructor(properties?: object);
            connect(signal: string, callback: (...args: any[]) => any): number;
        }
    }
    export default GObject;
}

declare module 'gi://GLib?version=2.0' {
    namespace GLib {
        const PRIORITY_DEFAULT: number;
        const PRIORITY_LOW: number;
        class DateTime {
            to_unix(): number;
        }
        class Error {
            message: string;
        }
    }
    export default GLib;
}

declare module 'gi://Gio?version=2.0' {
    import GObject from 'gi://GObject?version=2.0';

    namespace Gio {
        type AsyncReadyCallback = (source: GObject.Object | null, result: AsyncResult) => void;
        interface AsyncResult extends GObject.Object {
            get_source_object(): GObject.Object | null;
        }
        class Cancellable extends GObject.Object {
            cancel(): void;
        }
        interface ListModel extends GObject.Object {
            get_item(position: number): GObject.Object | null;
            get_n_items(): number;
        }
        class File extends GObject.Object {
            static new_for_path(path: string): File;
            get_child(name: string): File;
            get_path(): string | null;
            make_directory(cancellable: Cancellable | null): boolean;
        }
        class FileInfo extends GObject.Object {
            get_name(): string;
        }
    }
    export default Gio;
}
