#!/bin/sh
# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Builds GLib with musl, and the libraries that GLib needs, from the source packages of Debian. Runs
# in the chroot of portability.sh: it adds the sources of these packages to apt.
# Usage: build-glib-musl.sh DIRECTORY: built once, then kept; the libraries are in
# DIRECTORY/installed.

set -eu

directory=$1
prefix=$directory/installed
mkdir -p "$prefix/include" "$prefix/lib"

# The build can be used as long as the compiler is the same.
compiler=$(musl-gcc --version | head -n 1)
[ "$(cat "$directory/built-with" 2>/dev/null)" != "$compiler" ] || exit 0

sed -n 's/^deb[[:space:]]/deb-src /p' /etc/apt/sources.list \
    >/etc/apt/sources.list.d/source-packages.list
apt-get update -qq

# The headers of the kernel, but not those of glibc, which are beside them.
for folder in linux asm-generic mtd; do
    ln -sfn "/usr/include/$folder" "$prefix/include/$folder"
done
ln -sfn "/usr/include/$(gcc -print-multiarch)/asm" "$prefix/include/asm"

export CC=musl-gcc
export CFLAGS="-O1 -I$prefix/include"
export LDFLAGS="-L$prefix/lib -Wl,-rpath,$prefix/lib"
export PKG_CONFIG_LIBDIR="$prefix/lib/pkgconfig"

# fetch PACKAGE: unpacks its source, and prints the folder.
fetch() {
    rm -rf "${directory:?}/$1"
    mkdir "$directory/$1"
    (cd "$directory/$1" && apt-get -qq source "$1" >&2)
    find "$directory/$1" -mindepth 1 -maxdepth 1 -type d
}

# build_with_configure PACKAGE OPTION...
build_with_configure() {
    package=$1
    shift
    cd "$(fetch "$package")"
    ./configure --prefix "$prefix" --libdir "$prefix/lib" "$@"
    make -j2
    make install
}

build_with_configure zlib
build_with_configure libffi --disable-static --disable-docs --disable-multi-os-directory
build_with_configure pcre2 --disable-static
cd "$(fetch glib2.0)"
meson setup "$directory/build" --prefix "$prefix" --libdir lib --default-library shared \
    --wrap-mode nodownload --buildtype plain \
    -Dtests=false -Dnls=disabled -Dselinux=disabled -Dlibmount=disabled -Dlibelf=disabled \
    -Dxattr=false -Dglib_debug=disabled
meson compile -C "$directory/build"
meson install -C "$directory/build" --no-rebuild --quiet

rm -rf "$directory/build" "$directory/zlib" "$directory/libffi" "$directory/pcre2" \
    "$directory/glib2.0"
echo "$compiler" >"$directory/built-with"
