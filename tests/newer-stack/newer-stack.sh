#!/bin/sh
# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Builds and tests the library with the versions of another release of Debian, in a chroot.
# Usage: newer-stack.sh [RELEASE]. Prints TAP.

set -u

source_dir=$(cd "$(dirname "$0")/../.." && pwd)
release=${1:-trixie}
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}

# What is mounted in the chroot is seen in this namespace alone, and gone with it.
if [ "$(id -u)" -eq 0 ] && [ -z "${TEMPMAN_IN_NAMESPACE:-}" ]; then
    TEMPMAN_IN_NAMESPACE=1 exec unshare --mount sh "$0" "$@"
fi

. "$source_dir/tests/tap.sh"
work=$(mktemp -d /var/tmp/tempman-newer-stack-XXXXXX)
root=$work/root

clean_up() {
    for directory in proc sys dev; do
        ! mountpoint -q "$root/$directory" || umount --recursive --lazy "$root/$directory"
    done
    rm -rf --one-file-system "$tap_log" "$work"
}
trap clean_up EXIT
trap 'exit 1' INT TERM

if [ "$(id -u)" -ne 0 ] || ! command -v mmdebstrap >/dev/null; then
    skip "$release" 'needs root, and mmdebstrap: docs/install-dependencies.sh --newer-stack'
    finish
fi

# It reaches the archive as this machine does: by the same proxies, with the same certificates.
make_chroot() {
    apt-config dump | grep '^Acquire::' >"$work/apt.conf"
    mmdebstrap --quiet --variant=minbase --include=ca-certificates --aptopt="$work/apt.conf" \
        "$release" "$root" "$mirror"
}

copy_source() {
    mkdir "$root/root/tempman" &&
        tar -C "$source_dir" --exclude='./_*' --exclude=./.git -cf - . |
        tar -C "$root/root/tempman" -xf -
}

mount_kernel_file_systems() {
    mount -t proc proc "$root/proc" &&
        mount --rbind --make-rslave /sys "$root/sys" &&
        mount --rbind --make-rslave /dev "$root/dev" &&
        mount -t tmpfs tmpfs "$root/dev/shm"
}

in_chroot() {
    chroot "$root" env -i HOME=/root LANG=C.UTF-8 TMPDIR=/dev/shm DEBIAN_FRONTEND=noninteractive \
        PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"
}

# Those of the tests are named one by one: the compilers have other names in each release.
install_packages() {
    in_chroot sh /root/tempman/docs/install-dependencies.sh &&
        in_chroot apt-get install -y -qq --no-install-recommends \
            btrfs-progs e2fsprogs g++ libglib-object-introspection-perl lua-lgi lua5.3 mount mypy \
            node-typescript perl ruby ruby-gio2 systemd valac xfsprogs
}

check "$release: chroot" make_chroot && check "$release: source" copy_source &&
    check "$release: mounts" mount_kernel_file_systems &&
    check "$release: packages" install_packages &&
    check "$release: configured" in_chroot meson setup /root/build /root/tempman -Dwerror=true &&
    check "$release: built" in_chroot meson compile -C /root/build && {
    in_chroot dpkg-query -W -f '# ${Package} ${Version}\n' gcc gjs libglib2.0-bin python3-gi
    for suite in c cpp python javascript lua perl ruby vala examples; do
        check "$release: tested: $suite" in_chroot meson test -C /root/build --no-rebuild \
            --print-errorlogs --suite "$suite"
    done
}

finish
