#!/bin/sh
# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Compares the symbols of the library, and its ABI as the public headers tell it, with the files
# beside this script, or makes those files anew.
# Usage: abi.sh check|update LIBRARY HEADER... Checking prints TAP.

set -eu

here=$(cd "$(dirname "$0")" && pwd)
mode=$1
library=$2
shift 2

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/headers"
cp "$@" "$work/headers"

# Without what differs from one machine to the next: paths, lines and what is linked.
# The public headers have a folder of their own, in which they are found by their names alone: they
# are named as the compiler was told of them, which differs too.
dump_abi() {
    abidw --headers-dir "$work/headers" --drop-private-types --exported-interfaces-only --no-corpus-path \
        --no-comp-dir-path --no-show-locs --no-elf-needed --type-id-style hash \
        --out-file "$1" "$library"
}

list_symbols() {
    nm --dynamic --defined-only --format=posix "$library" | cut -d ' ' -f 1 | sort
}

symbols_are_the_same() {
    list_symbols >"$work/symbols" &&
        sed '/^#/d' "$here/tempman-1.symbols" | diff - "$work/symbols"
}

abi_is_the_same() {
    dump_abi "$work/abi" && abidiff "$here/tempman-1.abi" "$work/abi"
}

abi_can_be_compared() {
    dump_abi "$work/abi" && ! abidiff "$here/tempman-1.abi" "$work/abi" 2>&1 |
        grep -q 'incompatible format version'
}

case $mode in
update)
    {
        sed -n '/^#/p' "$here/tempman-1.symbols"
        list_symbols
    } >"$work/symbols"
    mv "$work/symbols" "$here/tempman-1.symbols"
    dump_abi "$here/tempman-1.abi"
    echo "Look at the difference before it is committed: git diff tests/abi"
    ;;
check)
    . "$here/../tap.sh"
    trap 'rm -rf "$tap_log" "$work"' EXIT
    check symbols symbols_are_the_same || echo "# On purpose? meson compile -C BUILD update-abi"
    if command -v abidw >/dev/null; then
        # The files of another version of libabigail cannot be compared.
        if ! abi_can_be_compared; then
            skip abi 'this abidw writes another format: it is compared where the file was made'
        else
            check abi abi_is_the_same || echo "# On purpose? meson compile -C BUILD update-abi"
        fi
    else
        skip abi 'abidw is not there: install libabigail (abigail-tools)'
    fi
    finish
    ;;
esac
