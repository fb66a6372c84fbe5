#!/bin/sh
# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Makes the tarball of a release from the last commit, and builds and tests its content.
# Usage: dist.sh BUILD. Prints TAP.

set -u

here=$(cd "$(dirname "$0")" && pwd)
build=$1

. "$here/tap.sh"
work=$(mktemp -d)
trap 'rm -rf "$tap_log" "$work"' EXIT

if [ ! -e "$here/../.git" ] || ! command -v git >/dev/null; then
    skip dist 'a tarball is made from a clone, with git'
    finish
fi

make_tarball() {
    rm -rf "$build/meson-dist"
    meson dist -C "$build" --no-tests --allow-dirty
}

unpack() {
    tar -xf "$build"/meson-dist/tempman-*.tar.xz -C "$work" && mv "$work"/tempman-* "$work/source"
}

check 'tarball' make_tarball &&
    check 'unpacked' unpack &&
    check 'configured' meson setup "$work/build" "$work/source" -Dwerror=true \
        -Dauto_features=enabled &&
    check 'built' meson compile -C "$work/build" && {
    # The tarball has what a clone has, where all of the tests are run. Here are those that are
    # short, of each kind.
    check 'tested: C' meson test -C "$work/build" --no-rebuild root temporary-directory version
    check 'tested: the rest' meson test -C "$work/build" --no-rebuild --no-suite c \
        --no-suite performance --no-suite window --no-suite tool --no-suite python --no-suite docs \
        --no-suite lint --no-suite model --no-suite waiting --print-errorlogs
}

finish
