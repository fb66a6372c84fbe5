#!/bin/sh
# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The types for editors are right, complete, and of use. Prints TAP.
# Usage: test.sh TYPES [PROJECT]: TYPES is the folder of the types. PROJECT is one in which npm has
# installed them, those of GJS, and tsc; without one, it is the tsc of the system, and stubs.

set -u

here=$(cd "$(dirname "$0")" && pwd)
types=$1
project=${2:-}

. "$here/../../tap.sh"
work=$(mktemp -d)
trap 'rm -rf "$tap_log" "$work"' EXIT

cp "$here/user.js" "$here/errors.js" "$work"
if [ -n "$project" ]; then
    tsc=$project/node_modules/.bin/tsc
    ln -s "$project/node_modules" "$work/node_modules"
    set -- --moduleResolution bundler --types @girs/gjs,@girs/gio-2.0,@girs/tempman-1
else
    tsc=$(command -v tsc) || {
        skip 'types' 'there is no tsc: the package node-typescript is missing'
        finish
    }
    cp "$here/stubs.d.ts" "$types/tempman-1-ambient.d.ts" "$work"
    # TypeScript 6 has no other for a program without packages, and 4 does not know it.
    resolution=node
    case $("$tsc" --version) in *' '[6-9].*) resolution=bundler ;; esac
    set -- --moduleResolution "$resolution" stubs.d.ts tempman-1-ambient.d.ts
fi
set -- --pretty false --allowJs --checkJs --target es2022 --module es2022 "$@"

compiles() {
    (cd "$work" && "$tsc" "$@")
}

# All types of all libraries are checked: that takes most of the time, and once is enough.
accepts_all() {
    compiles --noEmit --strict "$@"
}

accepts() {
    compiles --noEmit --skipLibCheck --lib es2022 "$@"
}

# Line by line, the number of a line and whether it has an error that it says it has.
finds_errors() {
    accepts --strict "$@" errors.js >"$work/output" && return 1
    cat "$work/output"
    # Lines that begin with a blank go on with what came before.
    sed -n 's/^errors\.js(\([0-9]*\),.*: error \(TS[0-9]*\): .*/\1 \2/p' "$work/output" >"$work/found"
    grep -c '^[^ ]' "$work/output" | grep -qx "$(wc -l <"$work/found")" || return 1
    awk 'NR == FNR { found[$1] = $2; next }
         / \/\/ TS/ != (FNR in found) || (FNR in found && index($0, found[FNR]) == 0) {
             print FNR ": found " found[FNR] ": " $0; wrong = 1
         }
         / \/\/ TS/ { n++ }
         END { exit wrong || n < 30 }' "$work/found" "$work/errors.js"
}

# Above all, this checks the imports of the program.
runs() {
    mkdir "$work/folder" && gjs -m "$work/user.js" "$work/folder" | grep -x 'done'
}

# A program that tsc translates for an engine without `using` works there.
translates_using() {
    compiles --skipLibCheck --lib es2022,esnext.disposable --outDir translated "$@" using.ts &&
        mkdir "$work/used" && gjs -m "$work/translated/using.js" "$work/used" | grep -x 'done' &&
        rmdir "$work/used"
}

lists_all() {
    gjs -m "$here/declarations.js" >"$work/all.ts" && accepts --strict "$@" all.ts
}

check 'a user without errors' accepts_all --lib es2022 "$@" user.js
check 'who does what the types promise' runs
check 'errors of a user' finds_errors "$@"
check 'all that the typelib has' lists_all "$@"
if [ -n "$project" ]; then
    cp "$here/using.ts" "$here"/../../../docs/examples/*.js "$work"
    check 'using' translates_using --strict "$@"
    check 'the examples' accepts --strict "$@" delete.js publish.js quickstart.js
fi
finish
