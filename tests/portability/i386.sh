#!/bin/sh
# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Builds the library for 32-bit x86, with warnings as errors, and runs the tests in C, in a chroot of
# Debian 12 that runs natively on x86-64. The last line of its output is the count of tests, and how
# long it took. Usage: i386.sh [TEST...]: all of suite c, or only these.
#
# With TEMPMAN_CHROOTS, a folder, the chroot is made there as bookworm-i386 once, and used again the
# next time.

set -u

. "$(dirname "$0")/../chroot.sh"
started=$(date +%s)
use_chroot bookworm-i386
trap remove_chroot EXIT
trap 'exit 1' INT TERM

packages="gcc libc6-dev libglib2.0-dev libglib2.0-dev-bin meson ninja-build pkg-config python3
    bindfs btrfs-progs bubblewrap dbus e2fsprogs fuse3 gvfs gvfs-backends gvfs-daemons libcap2-bin
    mount ntfs-3g openssh-client openssh-server sshfs systemd util-linux xfsprogs"

elapsed() {
    seconds=$(($(date +%s) - started))
    printf '%d:%02d' $((seconds / 60)) $((seconds % 60))
}

# end PASSED FAILED SKIPPED
end() {
    echo "$1 passed, $2 failed, $3 skipped in $(elapsed)"
    [ "$2" -eq 0 ]
    exit
}

# step TITLE COMMAND...: without it, there is nothing to go on with.
step() {
    title=$1
    shift
    echo "== $(elapsed) $title"
    "$@" >"$work/log" 2>&1 </dev/null || {
        tail -n 60 "$work/log"
        echo "FAILED: $title"
        end 0 1 0
    }
}

install_packages() {
    # shellcheck disable=SC2086
    in_chroot dpkg-query -W $packages || {
        in_chroot apt-get update -qq &&
            in_chroot apt-get install -y -qq --no-install-recommends $packages
    }
}

configure() {
    in_chroot meson setup /root/build /root/tempman -Dwerror=true -Dauto_features=disabled
}

build() {
    in_chroot meson compile -C /root/build
}

# The tests for a machine of 64 bits would pass as well.
is_32_bit() {
    in_chroot getconf LONG_BIT | grep -qx 32 &&
        [ "$(in_chroot od -An -tx1 -j4 -N1 /root/build/tests/test-version | tr -d ' ')" = 01 ]
}

can_make_chroot || {
    echo 'SKIPPED: needs root, mmdebstrap and arch-test: docs/install-dependencies.sh --newer-stack'
    end 0 0 1
}

step chroot make_chroot bookworm i386
step mounts mount_file_systems
step source copy_source
step packages install_packages
step configure configure
step build build
step '32 bits' is_32_bit

echo "== $(elapsed) test"
status=0
in_chroot meson test -C /root/build --no-rebuild --print-errorlogs --suite c "$@" </dev/null \
    >"$work/log" 2>&1 || status=$?
[ "$status" -eq 0 ] || cat "$work/log"
counts=$(count_tests) || counts='0 1 0'
# shellcheck disable=SC2086
end $counts
