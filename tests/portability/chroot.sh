# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# For the scripts that build and test in chroots: read in, not run. Uses their source_dir, and work, a
# folder for their own files.
# shellcheck shell=sh disable=SC2154

# The mounts of the chroot exist in this namespace alone, and end with it.
if [ "$(id -u)" -eq 0 ] && [ -z "${TEMPMAN_IN_NAMESPACE:-}" ]; then
    TEMPMAN_IN_NAMESPACE=1 exec unshare --mount --propagation private sh "$0" "$@"
fi

mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}

# use_chroot NAME: where it is, or will be. The scripts end with remove_chroot.
use_chroot() {
    root=${TEMPMAN_CHROOTS:-$work}/$1
}

remove_chroot() {
    # A mounted file system there does not belong to the chroot, and must not be deleted.
    while [ -n "${root:-}" ] && mountpoint -q "$root"; do
        umount --recursive --lazy "$root" || return
    done
    rm -rf --one-file-system "$work"
}

# make_chroot RELEASE ARCHITECTURE: it reaches the archive as this machine does, by the same proxies
# and with the same certificates. One that was not finished gets no name to be found by.
make_chroot() {
    [ ! -e "$root/etc/debian_version" ] || return 0
    apt-config dump | grep '^Acquire::' >"$work/apt.conf"
    mkdir -p "$(dirname "$root")"
    mmdebstrap --quiet --variant=minbase --architectures="$2" --include=ca-certificates,mount \
        --aptopt="$work/apt.conf" "$1" "$root.$$" "$mirror" && mv -T "$root.$$" "$root" && return
    rm -rf --one-file-system "$root.$$"
    return 1
}

# use_overlay: from here on, changes are made in the work folder, and the chroot stays as it is, for other scripts.
use_overlay() {
    mkdir "$work/upper" "$work/overlay" "$work/root" &&
        mount -t overlay -o "lowerdir=$root,upperdir=$work/upper,workdir=$work/overlay" overlay "$work/root" &&
        root=$work/root
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

# copy_source FOLDER: an absolute path in the chroot.
copy_source() {
    rm -rf --one-file-system "$root$1" && mkdir -p "$root$1" &&
        tar -C "$source_dir" --exclude='./_*' --exclude=./.git -cf - . | tar -C "$root$1" -xf -
}

# The root of a mount namespace of its own: in a chroot, the kernel makes no user namespaces.
in_chroot() {
    # shellcheck disable=SC2016
    unshare --mount --propagation private sh -c 'cd "$0" && pivot_root . mnt && umount -l mnt &&
        exec env -i HOME=/root LANG=C.UTF-8 TMPDIR=/dev/shm DEBIAN_FRONTEND=noninteractive \
            PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"' "$root" "$@"
}
