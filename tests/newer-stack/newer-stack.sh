#!/bin/sh
# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Builds the library with everything that belongs to it, and runs every suite, with the versions of
# another release of Debian, in a chroot. Usage: newer-stack.sh [RELEASE]: trixie (the default), sid.
# Prints TAP.
#
# A chroot takes minutes to make. With TEMPMAN_CHROOTS, a folder, it is made there as RELEASE once, and
# used again the next time.

set -u

source_dir=$(cd "$(dirname "$0")/../.." && pwd)
release=${1:-trixie}
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}

# The mounts of the chroot exist in this namespace alone, and end with it.
if [ "$(id -u)" -eq 0 ] && [ -z "${TEMPMAN_IN_NAMESPACE:-}" ]; then
    TEMPMAN_IN_NAMESPACE=1 exec unshare --mount --propagation private sh "$0" "$@"
fi

. "$source_dir/tests/tap.sh"
work=$(mktemp -d /var/tmp/tempman-newer-stack-XXXXXX)
root=${TEMPMAN_CHROOTS:-$work}/$release

clean_up() {
    # Whatever is mounted there is not the chroot's to delete.
    ! mountpoint -q "$root" || umount --recursive --lazy "$root"
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
    [ ! -e "$root/etc/debian_version" ] || return 0
    apt-config dump | grep '^Acquire::' >"$work/apt.conf"
    mmdebstrap --quiet --variant=minbase --include=ca-certificates --aptopt="$work/apt.conf" \
        "$release" "$root" "$mirror"
}

# The root is a mount point, or no test could change the propagation of its mounts. The devices are
# made, not bound: no test can reach those of the machine.
mount_file_systems() {
    mount --bind "$root" "$root" &&
        mount -t proc proc "$root/proc" &&
        mount --rbind --make-rslave /sys "$root/sys" &&
        mount -t tmpfs -o mode=755 tmpfs "$root/dev" &&
        mkdir "$root/dev/shm" "$root/dev/pts" &&
        mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm" &&
        mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts" &&
        ln -s pts/ptmx "$root/dev/ptmx" &&
        ln -s /proc/self/fd "$root/dev/fd" &&
        make_device null 1 3 && make_device zero 1 5 && make_device full 1 7 &&
        make_device random 1 8 && make_device urandom 1 9 && make_device tty 5 0 &&
        make_device fuse 10 229 && make_device loop-control 10 237 && make_loop_devices
}

make_device() {
    mknod -m 666 "$root/dev/$1" c "$2" "$3"
}

make_loop_devices() {
    for number in $(seq 0 63); do
        mknod -m 660 "$root/dev/loop$number" b 7 "$number" || return
    done
}

copy_source() {
    rm -rf --one-file-system "$root/root/tempman" "$root/root/build" &&
        mkdir "$root/root/tempman" &&
        tar -C "$source_dir" --exclude='./_*' --exclude=./.git -cf - . |
        tar -C "$root/root/tempman" -xf -
}

in_chroot() {
    chroot "$root" env -i HOME=/root LANG=C.UTF-8 TMPDIR=/dev/shm DEBIAN_FRONTEND=noninteractive \
        PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"
}

install_packages() {
    in_chroot sh /root/tempman/docs/install-dependencies.sh --tests
}

build() {
    in_chroot meson compile -C /root/build
}

# run_suites: each line of TAP counts, and each test without any.
run_suites() {
    in_chroot meson test -C /root/build --no-rebuild --print-errorlogs --no-suite newer-stack
}

# As a user installs it: the prefix is that of Meson, and typelibs are looked for in that of Debian.
install_and_import() {
    in_chroot meson install -C /root/build --no-rebuild --quiet && in_chroot ldconfig &&
        in_chroot sh -c 'GI_TYPELIB_PATH=$(pkg-config --variable=typelibdir tempman-1) \
            python3 -c "import gi; gi.require_version(\"Tempman\", \"1\")
from gi.repository import Tempman
Tempman.create_temp_dir().close()"'
}

check "$release: chroot" make_chroot && check "$release: mounts" mount_file_systems &&
    check "$release: source" copy_source && check "$release: packages" install_packages &&
    check "$release: configured" in_chroot meson setup /root/build /root/tempman -Dwerror=true \
        -Dauto_features=enabled &&
    check "$release: built" build && {
    in_chroot dpkg-query -W -f '# ${Package} ${Version}\n' \
        gcc gi-docgen gjs libglib2.0-bin meson python3 python3-gi
    check "$release: installed" install_and_import
    check "$release: tested" run_suites
    # passed, failed, skipped
    counts=$(in_chroot python3 /root/tempman/tests/count.py /root/build/meson-logs/testlog.json)
    echo "# passed, failed, skipped: $counts"
}

finish
