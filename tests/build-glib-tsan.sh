#!/bin/sh
# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Builds a GLib that ThreadSanitizer can see into, from the source package of the distribution, and
# prints the folder of its pkg-config files. What GLib's own locks and atomics order would look
# like a race to the sanitizer if GLib were not instrumented.
# Usage: build-glib-tsan.sh [DIRECTORY], by default _build-glib-tsan; built once, then kept.
# Exits with 77 when the machine has no source packages.

set -eu

source_dir=$(cd "$(dirname "$0")/.." && pwd)
directory=${1:-$source_dir/_build-glib-tsan}
mkdir -p "$directory"
directory=$(cd "$directory" && pwd)
prefix=$directory/installed
log=$directory/build.log

# The build can be used as long as the compiler is the same.
compiler=$(gcc --version | head -n 1)
if [ "$(cat "$directory/built-with" 2>/dev/null)" = "$compiler" ]; then
    echo "$prefix/lib/pkgconfig"
    exit 0
fi

cannot() {
    echo "No instrumented GLib: $1" >&2
    exit 77
}

# apt uses the machine's own sources, as source packages, and keeps all its files here: it changes
# nothing on the machine and does not need root.
private_apt_get() {
    apt-get -q \
        -o Dir::Etc::SourceList=/dev/null \
        -o Dir::Etc::SourceParts="$directory/apt/sources" \
        -o Dir::State::Lists="$directory/apt/lists" \
        -o Dir::Cache="$directory/apt/cache" \
        -o APT::Sandbox::User="$(id -un)" \
        "$@"
}

fetch_source() {
    rm -rf "$directory/apt" "$directory"/glib2.0*
    mkdir -p "$directory/apt/sources" "$directory/apt/lists/partial" \
        "$directory/apt/cache/archives/partial"
    for list in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
        [ ! -f "$list" ] || sed -n 's/^deb[[:space:]]/deb-src /p' "$list" \
            >"$directory/apt/sources/$(basename "$list" .list).list"
    done
    for list in /etc/apt/sources.list.d/*.sources; do
        [ ! -f "$list" ] || sed 's/^Types:.*/Types: deb-src/' "$list" \
            >"$directory/apt/sources/$(basename "$list")"
    done

    # Continue without a source that does not answer or has no source packages.
    private_apt_get update || true
    (cd "$directory" && private_apt_get source glib2.0)
}

command -v apt-get >/dev/null || cannot "apt-get, which fetches its source, is not there"
fetch_source >"$log" 2>&1 || {
    tail -n 5 "$log" >&2
    cannot "its source package could not be fetched"
}

# With the POSIX mutexes in place of its own, the sanitizer also knows which lock a thread holds,
# and finds locks that are taken in the wrong order.
# The tools that are built on the way run under the sanitizer as well, which on some kernels starts
# only when addresses are not randomized.
without_randomization=
! setarch -R true 2>/dev/null || without_randomization='setarch -R'
(
    set -e
    rm -rf "$directory/build"
    cd "$directory"/glib2.0-*/
    CC=gcc meson setup "$directory/build" --prefix "$prefix" --libdir lib \
        --default-library shared --wrap-mode nodownload \
        -Ddebug=false -Doptimization=1 -Dc_args=-g1 -Db_sanitize=thread -Db_lundef=false \
        -Dforce_posix_threads=true -Dglib_debug=disabled \
        -Dtests=false -Dnls=disabled -Dselinux=disabled -Dlibmount=disabled -Dlibelf=disabled
    $without_randomization meson compile -C "$directory/build"
    $without_randomization meson install -C "$directory/build" --no-rebuild --quiet
) >>"$log" 2>&1 </dev/null || {
    tail -n 40 "$log" >&2
    echo "GLib does not build; all of the output is in $log" >&2
    exit 1
}

rm -rf "$directory/build" "$directory/apt"
echo "$compiler" >"$directory/built-with"
echo "$prefix/lib/pkgconfig"
