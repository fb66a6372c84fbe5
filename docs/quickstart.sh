#!/bin/sh
# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Builds the library and demonstrates it from C, Python and JavaScript.
# Usage: quickstart.sh [BUILD-FOLDER]
#
# It builds in _build-quickstart beside the sources, or in a temporary folder where those cannot be
# written to.

set -eu

source_dir=$(cd "$(dirname "$0")/.." && pwd)
examples=$source_dir/docs/examples
build_dir=${1:-$source_dir/_build-quickstart}
root=
holder=
temporary=

stop() {
    [ -z "$holder" ] || kill -KILL "$holder" 2>/dev/null || true
    [ -z "$root" ] || rm -rf "$root"
    [ -z "$temporary" ] || rm -rf "$temporary"
}
trap stop EXIT

fail() {
    echo "FAILED: $1" >&2
    exit 1
}

if [ $# -eq 0 ] && ! { mkdir -p "$build_dir" && [ -w "$build_dir" ]; } 2>/dev/null; then
    temporary=$(mktemp -d)
    build_dir=$temporary/build
fi
if ! mkdir -p "$build_dir" || [ ! -w "$build_dir" ]; then
    fail "nothing can be written in $build_dir: name another folder"
fi
build_dir=$(cd "$build_dir" && pwd)
prefix=$build_dir/installed

sh "$source_dir/docs/install-dependencies.sh"

echo "== Building in $build_dir"
[ -f "$build_dir/build.ninja" ] ||
    meson setup "$build_dir" "$source_dir" --prefix "$prefix" --libdir lib \
        -Dintrospection=enabled -Ddocumentation=disabled -Dvapi=disabled -Dtests=false \
        -Dpython_overrides_dir="$prefix/python/gi/overrides" >/dev/null
meson compile -C "$build_dir" >/dev/null
meson install -C "$build_dir" --quiet --no-rebuild

export PKG_CONFIG_PATH="$prefix/lib/pkgconfig"
export LD_LIBRARY_PATH="$prefix/lib"
export GI_TYPELIB_PATH="$prefix/lib/girepository-1.0"
export PYTHONPATH="$prefix/python"
export XDG_DATA_DIRS="$prefix/share:${XDG_DATA_DIRS:-/usr/local/share:/usr/share}"

# The python3 first in PATH may be one without PyGObject.
python=python3
"$python" -c 'from gi.repository import Gio' 2>/dev/null || python=/usr/bin/python3

# What pkg-config prints is quoted for a shell, where there is something to quote.
eval "set -- $(pkg-config --cflags --libs tempman-1)"
cc -Wall -o "$build_dir/quickstart" "$examples/quickstart.c" "$@"

root=$(mktemp -d)

# Waits for the file in the directory of the holder.
wait_for_holder() {
    for _ in $(seq 100); do
        set -- "$root"/*/notes.txt
        [ ! -e "$1" ] || return 0
        sleep 0.1
    done
    fail "the process that holds a directory did not start"
}

echo "== A root: $root"
"$build_dir/quickstart" "$root"
"$python" "$examples/quickstart.py" "$root"
gjs -m "$examples/quickstart.js" "$root"
[ -z "$(ls -A "$root")" ] || fail "something was left behind: $(ls -A "$root")"

echo "== A process that holds a directory"
"$build_dir/quickstart" "$root" hold >/dev/null &
holder=$!
wait_for_holder
held=$(ls "$root")
"$build_dir/quickstart" "$root" >/dev/null
[ "$(ls "$root")" = "$held" ] || fail "the directory in use was deleted"
echo "in use, so a cleanup skips it: $held"

kill -KILL "$holder"
wait "$holder" 2>/dev/null || true
holder=
[ "$(ls "$root")" = "$held" ] || fail "the directory was deleted with its owner"
echo "left behind by the killed process: $held"
"$build_dir/quickstart" "$root" >/dev/null
[ -z "$(ls -A "$root")" ] || fail "the directory was not reclaimed"
echo "reclaimed by the next cleanup"

echo "== Success"
