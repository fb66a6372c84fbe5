#!/bin/sh
# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The project beside this script, built with the library as a subproject and as it is installed.
# Usage: test.sh PREFIX, where it is installed with the libraries in lib. Prints TAP.

set -u

here=$(cd "$(dirname "$0")" && pwd)
source_dir=$(cd "$here/../.." && pwd)
prefix=$1

. "$here/../tap.sh"
work=$(mktemp -d)
trap 'rm -rf "$tap_log" "$work"' EXIT

# The sources come from a tarball with the name of a release, as the wrap file expects.
prepare() {
    mkdir -p "$work/user/subprojects/packagefiles" &&
        cp "$here/meson.build" "$here/user.c" "$work/user" &&
        cp "$source_dir/docs/packaging/wrap/tempman.wrap" "$work/user/subprojects" &&
        directory=$(sed -n 's/^directory = //p' "$work/user/subprojects/tempman.wrap") &&
        tar -C "$source_dir" --exclude='./_*' --exclude=./.git --transform "s,^\\.,$directory," -cJf \
            "$work/user/subprojects/packagefiles/$directory.tar.xz" .
}
check 'subproject: wrap file and tarball' prepare

# The fallback is forced: the library may be installed on this machine as well.
check 'subproject: configures' meson setup "$work/sub" "$work/user" --wrap-mode forcefallback
check 'subproject: builds' meson compile -C "$work/sub"
check 'subproject: runs' meson test -C "$work/sub" --no-rebuild tempman-user:
check 'subproject: its own tests are there' \
    meson test -C "$work/sub" --no-rebuild tempman:version

# The other project has a manual and commands of its own.
check_fails 'subproject: builds no documentation' test -e "$work/sub/subprojects/$directory/docs/Tempman-1"
check_fails 'subproject: installs neither documentation nor command' \
    sh -c "meson introspect --installed '$work/sub' | grep -E '/bin/|/man/|/doc/|completions'"

check 'static subproject: configures' \
    meson setup "$work/static" "$work/user" --wrap-mode forcefallback \
    -Dtempman:default_library=static -Dtempman:tests=false
check 'static subproject: builds' meson compile -C "$work/static"
check 'static subproject: runs' meson test -C "$work/static" --no-rebuild
check_fails 'static subproject: needs no library at run time' \
    sh -c "ldd '$work/static/user' | grep libtempman"

check 'installed: configures' \
    meson setup "$work/installed" "$work/user" --wrap-mode nofallback \
    -Dpkg_config_path="$prefix/lib/pkgconfig"
check 'installed: builds' meson compile -C "$work/installed"
check 'installed: runs' meson test -C "$work/installed" --no-rebuild
check 'installed: with the library of the prefix' \
    sh -c "ldd '$work/installed/user' | grep '$prefix/lib/libtempman-1.so.0 '"

finish
