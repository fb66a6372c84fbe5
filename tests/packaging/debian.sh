#!/bin/sh
# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Builds the packages for Debian twice, compares them, checks them with lintian, runs their tests with autopkgtest, and
# removes them again. Usage: debian.sh [FOLDER]: with packages that are built already. Prints TAP.
#
# With TEMPMAN_CHROOTS, a folder, the chroot is the one of docs/packaging/debian/build.sh. It is not changed.

set -u

here=$(cd "$(dirname "$0")" && pwd)
source_dir=$(cd "$here/../.." && pwd)
. "$here/../portability/chroot.sh"
. "$here/../tap.sh"
work=$(mktemp -d /var/tmp/tempman-packaging-XXXXXX)
TEMPMAN_CHROOTS=${TEMPMAN_CHROOTS:-$work/chroots}
export TEMPMAN_CHROOTS
use_chroot bookworm-clean

clean_up() {
    remove_chroot
    rm -f "$tap_log"
}
trap clean_up EXIT
trap 'exit 1' INT TERM

if [ "$(id -u)" -ne 0 ] || ! command -v mmdebstrap >/dev/null; then
    skip debian 'needs root, and mmdebstrap: docs/install-dependencies.sh --chroots'
    finish
fi

folder=${1:-$work/first}

build() {
    sh "$source_dir/docs/packaging/debian/build.sh" "$folder"
}

# At another time, with other settings and without the tests.
build_again() {
    (umask 077 && TZ=Asia/Tokyo LC_ALL=de_DE.UTF-8 DEB_BUILD_OPTIONS='nocheck parallel=1' \
        sh "$source_dir/docs/packaging/debian/build.sh" "$work/second")
}

list_sums() {
    (cd "$1" && sha256sum ./*.deb ./*.dsc ./*.tar.*)
}

are_same() {
    list_sums "$folder" >"$work/first-sums" && list_sums "$work/second" >"$work/second-sums" &&
        diff "$work/first-sums" "$work/second-sums"
}

# Writes to its disk need not survive a crash.
install_packages() {
    echo force-unsafe-io >"$root/etc/dpkg/dpkg.cfg.d/unsafe-io" && in_chroot apt-get update -qq &&
        in_chroot apt-get install -y -qq --no-install-recommends "$@"
}

copy_packages() {
    mkdir "$root/packages" && cp "$folder"/*.deb "$folder"/*.dsc "$folder"/*.tar.* "$folder"/*.changes \
        "$folder"/*.buildinfo "$root/packages"
}

packages='libtempman-1-0 libtempman-1-dev gir1.2-tempman-1 python3-tempman tempman libtempman-1-doc libtempman-1-tests'

# Their dependencies stay.
install_dependencies() {
    # shellcheck disable=SC2046,SC2086
    install_packages $(cd "$root" && find packages -name '*.deb' ! -name '*-dbgsym_*' | sed 's,^,/,') &&
        in_chroot dpkg --purge $packages
}

install_built() {
    # shellcheck disable=SC2016
    in_chroot sh -c 'dpkg --install $(find /packages -name "*.deb" ! -name "*-dbgsym_*")'
}

# A module of Python is compiled, and a program is run, before the packages are removed.
use_and_purge() {
    # shellcheck disable=SC2086
    in_chroot tempman run -- python3 -c 'import tempman; tempman.create_temp_dir().close()' &&
        in_chroot dpkg --purge $packages
}

list_files() {
    (cd "$root" && find . -xdev \( -path ./proc -o -path ./sys -o -path ./dev -o -path ./packages -o -path ./var/cache \
        -o -path ./var/log -o -path ./var/lib/dpkg -o -path ./etc/ld.so.cache \) -prune -o -print | sort)
}

leaves_nothing() {
    list_files >"$work/after" && diff "$work/before" "$work/after" &&
        ! grep -i tempman "$work/after" && ! ls "$root"/var/lib/dpkg/info/*tempman*
}

# No error and no warning.
check_with_lintian() {
    in_chroot sh -c 'lintian --no-cfg --allow-root --tag-display-limit 0 --fail-on error,warning /packages/*.changes' \
        >"$work/lintian"
    status=$?
    cat "$work/lintian"
    [ "$status" -eq 0 ]
}

run_autopkgtest() {
    in_chroot sh -c 'autopkgtest /packages/*.deb /packages/*.dsc -- null' >"$work/log" 2>&1
    status=$?
    cat "$work/log"
    [ "$status" -eq 0 ]
}

if [ $# -eq 0 ]; then
    check 'packages: built' build || finish
    check 'packages: built again' build_again
    check 'packages: byte for byte the same' are_same
    sed 's/^/# /' "$work/first-sums"
fi
check 'chroot' make_chroot bookworm "$(dpkg --print-architecture)" &&
    check 'overlay' use_overlay &&
    check 'mounts' mount_file_systems &&
    check 'packages: copied' copy_packages &&
    check 'dependencies' install_dependencies && {
    list_files >"$work/before"
    check 'packages: installed' install_built
    check 'packages: used and removed' use_and_purge
    check 'packages: nothing is left' leaves_nothing
    check 'lintian: installed' install_packages lintian &&
        check 'lintian: no error and no warning' check_with_lintian
    sed 's/^/# /' "$work/lintian"
    check 'autopkgtest: installed' install_packages autopkgtest && check 'autopkgtest' run_autopkgtest
    sed -n '/@@@@ summary/,$s/^/# /p' "$work/log"
}
finish
