#!/bin/sh
# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Tests the wheel in another release of Debian: the one that is built here, and the one that is built there.
# Usage: wheel-in-chroot.sh [RELEASE]: trixie (the default), sid. Prints TAP.
#
# With TEMPMAN_CHROOTS, a folder, the chroot is the one of tests/portability. It is not changed.

set -u

release=${1:-trixie}

here=$(cd "$(dirname "$0")" && pwd)
source_dir=$(cd "$here/../.." && pwd)
. "$here/../portability/chroot.sh"
. "$here/../tap.sh"
work=$(mktemp -d /var/tmp/tempman-packaging-XXXXXX)
use_chroot "$release"

clean_up() {
    remove_chroot
    rm -f "$tap_log"
}
trap clean_up EXIT
trap 'exit 1' INT TERM

if [ "$(id -u)" -ne 0 ] || ! command -v mmdebstrap >/dev/null; then
    skip "$release" 'needs root, and mmdebstrap: docs/install-dependencies.sh --chroots'
    finish
fi

# Nothing that tests/portability has installed there is found.
export_source() {
    rm -rf --one-file-system "${root:?}/usr/local" "$root/root/tempman" "$root/root/build" &&
        mkdir -p "$root/usr/local" "$root/root/tempman" &&
        if [ -e "$source_dir/.git" ]; then
            git -C "$source_dir" archive HEAD
        else
            tar -C "$source_dir" --exclude='./_*' -cf - .
        fi | tar -xf - -C "$root/root/tempman"
}

build_here() {
    sh "$source_dir/docs/packaging/python/build.sh" "$root/root/wheel"
}

install_packages() {
    in_chroot sh /root/tempman/docs/install-dependencies.sh "$@"
}

# What a user needs: neither a compiler nor the headers of GLib.
install_for_user() {
    in_chroot sh -c 'apt-get update -qq &&
        apt-get install -y -qq --no-install-recommends locales python3-gi python3-pip python3-venv'
}

# test_wheel [WHEEL]
test_wheel() {
    in_chroot sh /root/tempman/tests/packaging/wheel.sh "$@" >"$work/log" 2>&1
    status=$?
    cat "$work/log"
    [ "$status" -eq 0 ] && ! grep '# SKIP' "$work/log"
}

# say_versions PACKAGES...
say_versions() {
    # shellcheck disable=SC2016
    in_chroot dpkg-query -W -f '# ${Package} ${Version}\n' "$@"
}

check "$release: chroot" make_chroot "$release" "$(dpkg --print-architecture)" &&
    check "$release: overlay" use_overlay &&
    check "$release: mounts" mount_file_systems &&
    check "$release: source" export_source &&
    check "$release: packages of a user" install_for_user && {
    say_versions libc6 python3 python3-gi python3-pip
    check 'the wheel that is built here: built' build_here &&
        check "the wheel that is built here: works in $release" \
            test_wheel "/root/wheel/$(basename "$root"/root/wheel/*.whl)"
    sed 's/^/# /' "$work/log"
    check "$release: packages to build with" install_packages --packaging && {
        say_versions gcc meson python3-mesonpy
        check "the wheel that is built in $release" test_wheel
        sed 's/^/# /' "$work/log"
    }
}
finish
