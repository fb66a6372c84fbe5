// SPDX-FileCopyrightText: 2026 The tempman authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What JavaScript adds to the introspected API of Tempman: plain constructors that create and open,
// a promise from every asynchronous call that gets no callback, trailing arguments that may be left
// out, directories that are closed at the end of their block where the engine has explicit resource
// management, and functions that close them where it has not. The types of all of this are in
// types/tempman-1-ambient.d.ts.

const {Gio, GLib, GObject} = imports.gi;

// An engine has these symbols from when it has `using`. Before, they are made known as such an engine
// has them, for programs that call them by name and for `using` that a compiler has translated.
for (const name of ['dispose', 'asyncDispose']) {
    if (!(name in Symbol))
        Object.defineProperty(Symbol, name, {value: Symbol(`Symbol.${name}`)});
}

// For priorities and flags.
function orElse(value) {
    return argument => {
        // A callback in the place of an argument that was left out would be taken for a number, and
        // never be called.
        if (typeof argument === 'function')
            throw new TypeError('a callback comes after all the other arguments');
        // Of a string and of a fraction, GJS would make a number without a word.
        if (!Number.isInteger(argument ?? value))
            throw new TypeError(`a whole number is needed, not ${String(argument)}`);
        return argument ?? value;
    };
}

function orNull(argument) {
    return argument ?? null;
}

// Lets the arguments after the first `nRequired` be left out. Each has a function that makes of what
// was passed, or of undefined, what is passed on.
function makeOptional(owner, name, nRequired, converters) {
    const call = owner[name];

    owner[name] = function (...args) {
        // GJS says what is missing.
        if (args.length < nRequired)
            return call.apply(this, args);
        return call.call(this,
            ...args.slice(0, nRequired),
            ...converters.map((convert, i) => convert(args[nRequired + i])),
            // The callback, if there is one. With more, it would not be where _promisify() looks for
            // it, and the promise instead of it would never be settled.
            ...args.slice(nRequired + converters.length, nRequired + converters.length + 1));
    };
}

function makeAsynchronous(owner, name, nRequired, {before = [], after = []} = {}) {
    Gio._promisify(owner, `${name}_async`, `${name}_finish`);
    makeOptional(owner, `${name}_async`, nRequired,
        [...before, orElse(GLib.PRIORITY_DEFAULT), orNull, ...after]);
}

// What C has twice: as a call that waits, and as one that does not.
function makeOperation(owner, name, nRequired, {before = [], after = []} = {}) {
    makeOptional(owner, name, nRequired, [...before, orNull, ...after]);
    makeAsynchronous(owner, name, nRequired, {before, after});
}

// Returns those that were not left out. A file in the place of the properties has none of its own, and
// would be ignored without a word, with it where the directory is to be.
function readProperties(properties) {
    if (typeof properties !== 'object' || properties === null || properties instanceof GObject.Object)
        throw new TypeError(`properties have names: {parent: file}, not ${properties}`);
    return Object.fromEntries(
        Object.entries(properties).filter(([, value]) => value !== undefined));
}

let isToBeInitialized = true;

// For a caller that initializes the object itself, without blocking.
function constructUninitialized(constructor, properties) {
    isToBeInitialized = false;
    try {
        return new constructor(readProperties(properties));
    } finally {
        isToBeInitialized = true;
    }
}

function initializeWhenConstructed({prototype}, convert = properties => properties) {
    const construct = prototype._init;

    // Only `new` comes by here: not the static constructors, nor an object that C returns.
    prototype._init = function (properties = {}, ...rest) {
        const given = convert(readProperties(properties));
        const self = construct.call(this, given, ...rest) ?? this;
        if (isToBeInitialized)
            self.init(null);
        return self;
    };
}

// Without this, GLib's refusal to derive a type from a final one ends the process.
function makeFinal(constructor, name) {
    constructor._classInit = () => {
        throw new TypeError(`Tempman.${name} is final: no class can be derived from it`);
    };
}

function checkFunction(work) {
    if (typeof work !== 'function')
        throw new TypeError('a function is needed that works with the directory');
}

// Of a failed function, whose error is the one that the caller gets.
async function keepOrClose(directory, keepOnError) {
    try {
        if (keepOnError && !directory.is_closed()) {
            await directory.keep_async();
            console.warn(`Kept “${directory.get_file().get_parse_name()}”: ` +
                'the function that used it failed');
        } else {
            await directory.close_async();
        }
    } catch ({message}) {
        console.warn(message);
    }
}

async function closeAfter(directory, work, keepOnError) {
    let result;
    try {
        result = await work(directory);
    } catch (error) {
        await keepOrClose(directory, keepOnError);
        throw error;
    }
    await directory.close_async();
    return result;
}

function _init() {
    const {
        DeleteFlags, Deletion, ListFlags, NO_TIMEOUT, PersistFlags, Root, RootEntry, RootFlags,
        TemporaryDirectory,
    } = this;

    // GJS makes 0 of null and of an empty string, and of true 1: timeouts at which nearly everything
    // goes. C refuses what is not a number.
    function toTimeout(timeout) {
        const seconds = timeout ?? NO_TIMEOUT;
        return typeof seconds === 'number' ? seconds : NaN;
    }

    // GJS makes 0 of null and of an empty string here as well. C logs what is less, and goes on.
    function checkLease(lease) {
        if (typeof lease !== 'number' || !(lease >= 0))
            throw new TypeError(`a lease is a number of seconds, 0 or more, not ${String(lease)}`);
    }

    // The largest value of each: GJS has no larger whole numbers that are exact.
    const limits = {
        max_entries: 2 ** 32 - 1,
        max_size: Number.MAX_SAFE_INTEGER,
        min_free_space: Number.MAX_SAFE_INTEGER,
    };

    // GJS makes 0 of nonsense, and a huge number of a negative one.
    function checkLimit(name, limit) {
        if (!Number.isInteger(limit) || limit < 0 || limit > limits[name])
            throw new TypeError(`${name} is a whole number, 0 or more, not ${String(limit)}`);
    }

    // The ways in which GJS spells the name of a property.
    function getSpellings(name) {
        return [...new Set([
            name,
            name.replaceAll('_', '-'),
            name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase()),
        ])];
    }

    makeFinal(TemporaryDirectory, 'TemporaryDirectory');
    makeFinal(Root, 'Root');
    makeFinal(RootEntry, 'RootEntry');
    makeFinal(Deletion, 'Deletion');

    initializeWhenConstructed(TemporaryDirectory, properties => {
        // Of a string and of a fraction, GJS would make a mode without a word.
        orElse(0)(properties.mode);
        return properties;
    });
    initializeWhenConstructed(Root, properties => {
        if ('lease' in properties)
            checkLease(properties.lease);
        for (const name in limits) {
            for (const spelling of getSpellings(name)) {
                if (spelling in properties)
                    checkLimit(name, properties[spelling]);
            }
        }
        return 'timeout' in properties
            ? {...properties, timeout: toTimeout(properties.timeout)}
            : properties;
    });

    makeOperation(this, 'delete_recursively', 1, {before: [orElse(DeleteFlags.NONE)], after: [orNull]});
    makeOptional(Deletion, 'new', 1, [orElse(DeleteFlags.NONE)]);
    makeOperation(Deletion.prototype, 'run', 0);
    makeOperation(TemporaryDirectory, 'new', 0, {before: [orNull, orNull]});
    makeOperation(TemporaryDirectory.prototype, 'init', 0);
    makeOperation(TemporaryDirectory.prototype, 'close', 0);
    makeOperation(TemporaryDirectory.prototype, 'keep', 0);
    makeOperation(TemporaryDirectory.prototype, 'persist', 1, {before: [orElse(PersistFlags.NONE)]});
    makeOperation(Root, 'new', 1, {before: [toTimeout, orElse(RootFlags.NONE)]});
    makeOperation(Root.prototype, 'init', 0);
    makeOperation(Root.prototype, 'create_temp_dir', 0);
    makeOperation(Root.prototype, 'cleanup', 0);
    makeOperation(Root.prototype, 'list_entries', 0, {before: [orElse(ListFlags.NONE)]});

    // Checks the values of a property of Root that a program sets.
    function guardProperty(name, check) {
        const set = Root.prototype[`set_${name}`];

        Root.prototype[`set_${name}`] = function (...args) {
            // GJS says what is missing.
            if (args.length > 0)
                check(args[0]);
            return set.apply(this, args);
        };
        for (const spelling of getSpellings(name)) {
            Object.defineProperty(Root.prototype, spelling, {
                get() {
                    return this[`get_${name}`]();
                },
                set(value) {
                    this[`set_${name}`](value);
                },
                configurable: true,
                enumerable: true,
            });
        }
    }

    guardProperty('lease', checkLease);
    for (const name in limits)
        guardProperty(name, limit => checkLimit(name, limit));

    const getChild = TemporaryDirectory.prototype.get_child;
    TemporaryDirectory.prototype.get_child = function (name, ...rest) {
        // C takes it for an error of the program, logs it, and returns nothing.
        if (typeof name === 'string' && GLib.path_is_absolute(name))
            throw new TypeError(`the name ${name} is an absolute path`);
        return getChild.call(this, name, ...rest);
    };
    TemporaryDirectory.prototype[Symbol.dispose] = function () {
        this.close();
    };
    TemporaryDirectory.prototype[Symbol.asyncDispose] = async function () {
        await this.close_async();
    };

    // Each runs an asynchronous function with a new directory and closes it whatever happens.
    this.withTemporaryDirectory = async function (options, work) {
        const {parent, prefix, suffix, mode, keepOnError, cancellable, ...unknown} =
            readProperties(options);
        if (Object.keys(unknown).length > 0) {
            throw new TypeError(
                'the options are parent, prefix, suffix, mode, keepOnError and cancellable');
        }
        checkFunction(work);
        const directory = constructUninitialized(
            TemporaryDirectory, {parent, prefix, suffix, mode: mode ?? undefined});
        await directory.init_async(null, cancellable);
        return closeAfter(directory, work, keepOnError);
    };
    Root.prototype.withTemporaryDirectory = async function (work, cancellable, options = {}) {
        const {keepOnError, ...unknown} = readProperties(options);
        if (Object.keys(unknown).length > 0)
            throw new TypeError('the option is keepOnError');
        checkFunction(work);
        return closeAfter(await this.create_temp_dir_async(null, cancellable), work, keepOnError);
    };
}
