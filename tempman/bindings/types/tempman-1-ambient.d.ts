// SPDX-FileCopyrightText: 2026 The tempman authors
// SPDX-License-Identifier: LGPL-2.1-or-later

/**
 * The types of Tempman in GJS, for editors and for tsc. They build on those of Gio, GLib and GObject,
 * as the packages `@girs/gjs` and `@girs/gio-2.0` have them.
 */
declare module 'gi://Tempman?version=1' {
    import Gio from 'gi://Gio?version=2.0';
    import GLib from 'gi://GLib?version=2.0';
    import GObject from 'gi://GObject?version=2.0';

    namespace Tempman {
        /** The timeout of a root whose directories never expire. */
        const NO_TIMEOUT: number;
        /** The lease of a root, in seconds, unless the program sets another one. */
        const DEFAULT_LEASE: number;

        const MAJOR_VERSION: number;
        const MINOR_VERSION: number;
        const MICRO_VERSION: number;
        const VERSION_S: string;

        /** How a root treats its directory and what a cleanup may delete. */
        enum RootFlags {
            /** The directory has to be there, and only what is older than the timeout is deleted. */
            NONE = 0,
            /** Make the directory, and its parents, with mode 0700 when it is missing. */
            CREATE_DIRECTORY = 1,
            /** Delete the directories whose owner is gone, whatever their age. */
            RECLAIM_ABANDONED = 2,
            /** The timeout holds for directories in use as well. */
            EXPIRE_LIVE = 4,
            /** Files, links and other entries that are not directories count and expire as well. */
            INCLUDE_FILES = 8,
        }

        /** The timestamps that determine the age of an entry of a root. */
        enum AgeBasis {
            /** Its access time or its modification time, whichever is later. */
            ACCESSED_OR_MODIFIED = 0,
            /** Its modification time alone. */
            MODIFIED = 1,
            /** The latest of its access, modification, change and birth time. */
            CHANGED = 2,
            /** The latest time of it or of anything in it. */
            NEWEST_CONTENT = 3,
        }

        /** Options of `list_entries()`. */
        enum ListFlags {
            /** No flags. */
            NONE = 0,
            /** Measure the size of each entry. */
            MEASURE = 1,
        }

        /** The state of an entry of a root. */
        enum RootEntryState {
            /** A process holds its lock, or it is not known whether one does. */
            LIVE = 0,
            /** It has the mark and a free lock: its owner has exited without closing it. */
            ABANDONED = 1,
            /** It has no mark and a free lock: it was kept, or created by another program. */
            UNOWNED = 2,
        }

        /** What `delete_recursively()` deletes, and what counts as a failure. */
        enum DeleteFlags {
            /** Delete the file or directory, which has to exist. */
            NONE = 0,
            /** Delete everything in the directory, but not the directory, which may be a mount point. */
            KEEP_DIRECTORY = 1,
            /** Succeed if the file or directory does not exist. */
            ALLOW_MISSING = 2,
            /** Clear attributes such as “immutable” that keep local files from being deleted. */
            FORCE = 4,
        }

        /** Why a cleanup removes an entry of a root. */
        enum RemovalReason {
            /** A cleanup keeps it. */
            NONE = 0,
            /** It has not been used for longer than the timeout of the root. */
            EXPIRED = 1,
            /** It is abandoned, and the root has `RootFlags.RECLAIM_ABANDONED`. */
            ABANDONED = 2,
            /** The root has more entries than `max_entries`. */
            OVER_COUNT = 3,
            /** The entries take more space than `max_size`. */
            OVER_SIZE = 4,
            /** The file system of the root has less free space than `min_free_space`. */
            LOW_SPACE = 5,
        }

        /** How `persist()` treats its destination. */
        enum PersistFlags {
            /** Fail when there is something under the new name. */
            NONE = 0,
            /** Take the place of what is there, which is deleted. */
            REPLACE = 1,
        }

        /**
         * Told how far a deletion is.
         * @param n_deleted how many entries have been deleted
         * @param n_found how many have been found so far, those among them
         */
        type DeleteProgressCallback = (n_deleted: number, n_found: number) => void;

        interface TemporaryDirectoryProperties {
            /** Where to create it; null is the system's directory for temporary files. */
            parent?: Gio.File | null;
            /** How its name begins; null is the name of the program. */
            prefix?: string | null;
            /** The end of its name; it begins with neither a letter nor a digit. */
            suffix?: string | null;
            /** Its permissions; the default is 0o700. */
            mode?: number;
        }

        interface WithTemporaryDirectoryOptions {
            /** Where to create it; none is the system's directory for temporary files. */
            parent?: Gio.File | null | undefined;
            /** How its name begins; none is the name of the program. */
            prefix?: string | null | undefined;
            /** The end of its name; it begins with neither a letter nor a digit. */
            suffix?: string | null | undefined;
            /** Its permissions; the default is 0o700. */
            mode?: number | null | undefined;
            /** Keep the directory, and warn with its path, if the function fails. */
            keepOnError?: boolean | null | undefined;
            /** Cancels the creation. */
            cancellable?: Gio.Cancellable | null | undefined;
        }

        /** A directory that is deleted, with everything in it, when it is closed. */
        class TemporaryDirectory extends GObject.Object {
            static $gtype: GObject.GType<TemporaryDirectory>;

            /** Creates a directory. Throws when it cannot. */
            constructor(properties?: TemporaryDirectoryProperties);

            static new(
                parent?: Gio.File | null,
                prefix?: string | null,
                cancellable?: Gio.Cancellable | null,
            ): TemporaryDirectory;
            static new_async(
                parent?: Gio.File | null,
                prefix?: string | null,
                io_priority?: number,
                cancellable?: Gio.Cancellable | null,
            ): Promise<TemporaryDirectory>;
            static new_async(
                parent: Gio.File | null,
                prefix: string | null,
                io_priority: number,
                cancellable: Gio.Cancellable | null,
                callback: Gio.AsyncReadyCallback | null,
            ): void;
            static new_finish(result: Gio.AsyncResult): TemporaryDirectory;

            get parent(): Gio.File | null;
            get prefix(): string | null;
            get suffix(): string | null;
            get mode(): number;
            get file(): Gio.File;
            get path(): string | null;
            get fd(): number;
            get closed(): boolean;

            /** The directory, or after `persist()` its destination. */
            get_file(): Gio.File;
            /** Its path; null if it has none. Throws when the path is not UTF-8. */
            get_path(): string | null;
            /** A descriptor of the directory, which it stays the owner of; -1 if it is closed. */
            get_fd(): number;
            /** A file in the directory. */
            get_child(name: string): Gio.File;
            is_closed(): boolean;

            /** Creates the directory of an object that was constructed without one. */
            init(cancellable?: Gio.Cancellable | null): boolean;
            init_async(io_priority?: number, cancellable?: Gio.Cancellable | null): Promise<boolean>;
            init_async(
                io_priority: number,
                cancellable: Gio.Cancellable | null,
                callback: Gio.AsyncReadyCallback | null,
            ): void;
            init_finish(result: Gio.AsyncResult): boolean;

            /** Deletes the directory and everything in it. A second time does nothing. */
            close(cancellable?: Gio.Cancellable | null): boolean;
            close_async(io_priority?: number, cancellable?: Gio.Cancellable | null): Promise<boolean>;
            close_async(
                io_priority: number,
                cancellable: Gio.Cancellable | null,
                callback: Gio.AsyncReadyCallback | null,
            ): void;
            close_finish(result: Gio.AsyncResult): boolean;

            /** Makes this process the owner of a directory inherited from its parent. */
            adopt(): boolean;

            /** Closes the object, but does not delete the directory. */
            keep(cancellable?: Gio.Cancellable | null): boolean;
            keep_async(io_priority?: number, cancellable?: Gio.Cancellable | null): Promise<boolean>;
            keep_async(
                io_priority: number,
                cancellable: Gio.Cancellable | null,
                callback: Gio.AsyncReadyCallback | null,
            ): void;
            keep_finish(result: Gio.AsyncResult): boolean;

            /** Publishes the directory under another name on the same file system, in one step. */
            persist(
                destination: Gio.File,
                flags?: PersistFlags,
                cancellable?: Gio.Cancellable | null,
            ): boolean;
            persist_async(
                destination: Gio.File,
                flags?: PersistFlags,
                io_priority?: number,
                cancellable?: Gio.Cancellable | null,
            ): Promise<boolean>;
            persist_async(
                destination: Gio.File,
                flags: PersistFlags,
                io_priority: number,
                cancellable: Gio.Cancellable | null,
                callback: Gio.AsyncReadyCallback | null,
            ): void;
            persist_finish(result: Gio.AsyncResult): boolean;

            [Symbol.dispose](): void;
            [Symbol.asyncDispose](): Promise<void>;
        }

        interface RootProperties {
            directory: Gio.File;
            /** The age at which a cleanup deletes a sub-directory, in seconds; null is never. */
            timeout?: number | null;
            flags?: RootFlags;
            /** How the names of new directories begin; null is the name of the program. */
            prefix?: string | null;
            age_basis?: AgeBasis;
            ageBasis?: AgeBasis;
            /** Patterns of the names that a cleanup never touches. */
            exclude?: string[] | null;
            /** The time without a heartbeat after which the owner of an entry counts as dead, in seconds. */
            lease?: number;
            /** The number of entries that the root keeps at most; 0 is no limit. */
            max_entries?: number;
            maxEntries?: number;
            /** The size that the entries have at most together, in bytes; 0 is no limit. */
            max_size?: number;
            maxSize?: number;
            /** The free space that the file system has at least, in bytes; 0 is no limit. */
            min_free_space?: number;
            minFreeSpace?: number;
        }

        /** What `list_entries()` returns: a list model that `for … of` goes through. */
        type RootEntryList = {
            get_item(position: number): RootEntry | null;
            [Symbol.iterator](): IterableIterator<RootEntry>;
        } & Gio.ListModel;

        /** A directory under which temporary directories are created and cleaned up. */
        class Root extends GObject.Object {
            static $gtype: GObject.GType<Root>;

            /** Opens a root. Throws when it cannot. */
            constructor(properties: RootProperties);

            static new(
                directory: Gio.File,
                timeout?: number | null,
                flags?: RootFlags,
                cancellable?: Gio.Cancellable | null,
            ): Root;
            static new_async(
                directory: Gio.File,
                timeout?: number | null,
                flags?: RootFlags,
                io_priority?: number,
                cancellable?: Gio.Cancellable | null,
            ): Promise<Root>;
            static new_async(
                directory: Gio.File,
                timeout: number | null,
                flags: RootFlags,
                io_priority: number,
                cancellable: Gio.Cancellable | null,
                callback: Gio.AsyncReadyCallback | null,
            ): void;
            static new_finish(result: Gio.AsyncResult): Root;

            get directory(): Gio.File;
            get timeout(): number;
            get flags(): RootFlags;
            get prefix(): string | null;
            set prefix(prefix: string | null);
            get age_basis(): AgeBasis;
            set age_basis(basis: AgeBasis);
            get ageBasis(): AgeBasis;
            set ageBasis(basis: AgeBasis);
            get exclude(): string[] | null;
            set exclude(exclude: string[] | null);
            get lease(): number;
            set lease(lease: number);
            get max_entries(): number;
            set max_entries(limit: number);
            get maxEntries(): number;
            set maxEntries(limit: number);
            get max_size(): number;
            set max_size(limit: number);
            get maxSize(): number;
            set maxSize(limit: number);
            get min_free_space(): number;
            set min_free_space(limit: number);
            get minFreeSpace(): number;
            set minFreeSpace(limit: number);

            get_directory(): Gio.File;
            /** In seconds; `NO_TIMEOUT` is never. */
            get_timeout(): number;
            get_flags(): RootFlags;
            get_prefix(): string | null;
            set_prefix(prefix: string | null): void;
            get_age_basis(): AgeBasis;
            set_age_basis(basis: AgeBasis): void;
            get_exclude(): string[] | null;
            set_exclude(exclude: string[] | null): void;
            get_lease(): number;
            /** Throws when the lease is negative or not a number. */
            set_lease(lease: number): void;
            /** 0 is no limit, as for the other limits. */
            get_max_entries(): number;
            /** Throws when the limit is negative or not a whole number, as the other limits do. */
            set_max_entries(max_entries: number): void;
            get_max_size(): number;
            set_max_size(max_size: number): void;
            get_min_free_space(): number;
            set_min_free_space(min_free_space: number): void;

            /** Opens the root of an object that was constructed without one. */
            init(cancellable?: Gio.Cancellable | null): boolean;
            init_async(io_priority?: number, cancellable?: Gio.Cancellable | null): Promise<boolean>;
            init_async(
                io_priority: number,
                cancellable: Gio.Cancellable | null,
                callback: Gio.AsyncReadyCallback | null,
            ): void;
            init_finish(result: Gio.AsyncResult): boolean;

            /** Runs a cleanup, then creates a directory in the root. */
            create_temp_dir(cancellable?: Gio.Cancellable | null): TemporaryDirectory;
            create_temp_dir_async(
                io_priority?: number,
                cancellable?: Gio.Cancellable | null,
            ): Promise<TemporaryDirectory>;
            create_temp_dir_async(
                io_priority: number,
                cancellable: Gio.Cancellable | null,
                callback: Gio.AsyncReadyCallback | null,
            ): void;
            create_temp_dir_finish(result: Gio.AsyncResult): TemporaryDirectory;

            /** Reports each entry that a cleanup has deleted, in the main context of the caller. */
            connect(signal: 'entry-removed', callback: (self: Root, entry: RootEntry) => void): number;
            /** Reports each entry that a cleanup could not delete. */
            connect(
                signal: 'entry-failed',
                callback: (self: Root, entry: RootEntry, error: GLib.Error) => void,
            ): number;
            connect(signal: string, callback: (...args: any[]) => any): number;

            /** Deletes what has expired, and returns how many sub-directories that were. */
            cleanup(cancellable?: Gio.Cancellable | null): number;
            cleanup_async(io_priority?: number, cancellable?: Gio.Cancellable | null): Promise<number>;
            cleanup_async(
                io_priority: number,
                cancellable: Gio.Cancellable | null,
                callback: Gio.AsyncReadyCallback | null,
            ): void;
            cleanup_finish(result: Gio.AsyncResult): number;

            /** Seconds until another cleanup can decide about overdue heartbeats; 0 if there are none. */
            get_watch_time(): number;

            /** Lists the sub-directories, with the decision of a cleanup about each. */
            list_entries(
                flags?: ListFlags,
                cancellable?: Gio.Cancellable | null,
            ): RootEntryList;
            list_entries_async(
                flags?: ListFlags,
                io_priority?: number,
                cancellable?: Gio.Cancellable | null,
            ): Promise<RootEntryList>;
            list_entries_async(
                flags: ListFlags,
                io_priority: number,
                cancellable: Gio.Cancellable | null,
                callback: Gio.AsyncReadyCallback | null,
            ): void;
            list_entries_finish(result: Gio.AsyncResult): RootEntryList;

            /**
             * Runs a function with a new directory of the root, and closes that whatever happens.
             * @param work is given the directory
             * @param cancellable cancels the cleanup and the creation
             * @param options whether to keep the directory, and warn with its path, if the function fails
             * @returns what the function returns
             */
            withTemporaryDirectory<T>(
                work: (directory: TemporaryDirectory) => T | PromiseLike<T>,
                cancellable?: Gio.Cancellable | null,
                options?: {keepOnError?: boolean | null | undefined},
            ): Promise<T>;
        }

        /** A sub-directory of a root, with the decision of a cleanup about it. */
        class RootEntry extends GObject.Object {
            static $gtype: GObject.GType<RootEntry>;

            private constructor();

            get file(): Gio.File;
            get name(): string;
            get path(): string | null;
            get info(): Gio.FileInfo;
            get last_used(): GLib.DateTime;
            get lastUsed(): GLib.DateTime;
            get state(): RootEntryState;
            get removable(): boolean;
            get reason(): RemovalReason;
            get heartbeat_age(): number;
            get heartbeatAge(): number;
            get size(): number;

            get_file(): Gio.File;
            /** Throws when the name is not UTF-8. */
            get_name(): string;
            /** Null if the root is not local. Throws when the path is not UTF-8. */
            get_path(): string | null;
            /** Name, type and times. */
            get_info(): Gio.FileInfo;
            get_last_used(): GLib.DateTime;
            get_state(): RootEntryState;
            /** Whether a cleanup would delete it. */
            get_removable(): boolean;
            /** Why a cleanup would delete it. */
            get_reason(): RemovalReason;
            /** The time since the last heartbeat of its owner, in seconds; -1 without a heartbeat. */
            get_heartbeat_age(): number;
            /** The disk space of it and everything in it, in bytes; 0 if it was not measured. */
            get_size(): number;
        }

        interface DeletionProperties {
            file: Gio.File;
            flags?: DeleteFlags;
        }

        /** The deletion of a file or directory, for a window that shows it. */
        class Deletion extends GObject.Object {
            static $gtype: GObject.GType<Deletion>;

            /** Deletes nothing before it runs. */
            constructor(properties: DeletionProperties);

            static new(file: Gio.File, flags?: DeleteFlags): Deletion;

            get file(): Gio.File;
            get flags(): DeleteFlags;
            get n_found(): number;
            get nFound(): number;
            get n_deleted(): number;
            get nDeleted(): number;
            get bytes_freed(): number;
            get bytesFreed(): number;
            get fraction(): number;

            get_file(): Gio.File;
            get_flags(): DeleteFlags;
            /** The number of entries that it has found so far, the deleted ones among them. */
            get_n_found(): number;
            get_n_deleted(): number;
            /** In bytes, for remote files; 0 for local files. */
            get_bytes_freed(): number;
            /** The estimated share of the work that is done, from 0 to 1. */
            get_fraction(): number;

            /** Deletes the file, link, or directory with everything in it. */
            run(cancellable?: Gio.Cancellable | null): boolean;
            run_async(io_priority?: number, cancellable?: Gio.Cancellable | null): Promise<boolean>;
            run_async(
                io_priority: number,
                cancellable: Gio.Cancellable | null,
                callback: Gio.AsyncReadyCallback | null,
            ): void;
            run_finish(result: Gio.AsyncResult): boolean;

            /** Reports each file that could not be deleted, in the main context of the caller. */
            connect(
                signal: 'failed',
                callback: (self: Deletion, file: Gio.File, error: GLib.Error) => void,
            ): number;
            connect(signal: string, callback: (...args: any[]) => any): number;
        }

        /**
         * Deletes a file, a link, or a directory with everything in it.
         * @param progress is called from time to time, and at the end
         */
        function delete_recursively(
            file: Gio.File,
            flags?: DeleteFlags,
            cancellable?: Gio.Cancellable | null,
            progress?: DeleteProgressCallback | null,
        ): boolean;
        function delete_recursively_async(
            file: Gio.File,
            flags?: DeleteFlags,
            io_priority?: number,
            cancellable?: Gio.Cancellable | null,
            progress?: DeleteProgressCallback | null,
        ): Promise<boolean>;
        function delete_recursively_async(
            file: Gio.File,
            flags: DeleteFlags,
            io_priority: number,
            cancellable: Gio.Cancellable | null,
            progress: DeleteProgressCallback | null,
            callback: Gio.AsyncReadyCallback | null,
        ): void;
        function delete_recursively_finish(result: Gio.AsyncResult): boolean;

        function get_major_version(): number;
        function get_minor_version(): number;
        function get_micro_version(): number;

        /**
         * Runs a function with a new directory, and closes that whatever happens.
         * @param options where to create it
         * @param work is given the directory
         * @returns what the function returns
         */
        function withTemporaryDirectory<T>(
            options: WithTemporaryDirectoryOptions,
            work: (directory: TemporaryDirectory) => T | PromiseLike<T>,
        ): Promise<T>;
    }

    export default Tempman;

    global {
        interface GjsGiImports {
            Tempman: typeof Tempman;
        }

        // As lib.esnext.disposable has them, for those who compile without it.
        interface SymbolConstructor {
            readonly dispose: unique symbol;
            readonly asyncDispose: unique symbol;
        }
    }
}

declare module 'gi://Tempman' {
    import Tempman from 'gi://Tempman?version=1';
    export default Tempman;
}
