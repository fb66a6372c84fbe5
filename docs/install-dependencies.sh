#!/bin/sh
# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Installs what is missing of what the library is built, tested, and compared with.
# Usage: install-dependencies.sh [--tests] [--peers] [--packaging] [--chroots]

set -eu

packages="gcc pkg-config meson ninja-build libglib2.0-dev libglib2.0-dev-bin gobject-introspection
  libgirepository1.0-dev gir1.2-glib-2.0 gettext python3 python3-gi gjs"
for option in "$@"; do
    case $option in
    --tests)
        packages="$packages clang libclang-rt-dev valac gi-docgen valgrind libc6-dbg e2fsprogs
        libadwaita-1-dev libgtk-4-dev xvfb xauth xdotool imagemagick dbus-daemon at-spi2-core gir1.2-atspi-2.0
        btrfs-progs bubblewrap mount systemd xfsprogs dpkg-dev g++ gnome-desktop-testing
        abigail-tools git reuse dbus gvfs gvfs-backends gvfs-daemons openssh-client openssh-server
        groff-base lua5.3 lua-lgi mandoc mypy node-typescript perl
        libglib-object-introspection-perl ruby ruby-gio2 sshfs bindfs ntfs-3g fuse3 libcap2-bin
        faketime strace util-linux locales clang-format pyflakes3 shellcheck spin fish zsh"
        # It comes with every Node.js but that of Debian, and then Debian's cannot be installed.
        command -v npm >/dev/null || packages="$packages npm"
        ;;
    --peers)
        # Whose deletions tests/performance/ measures beside those of the library.
        packages="$packages bfs cargo coreutils e2fsprogs findutils golang-go librust-tempfile-dev mount
        nodejs rustc systemd util-linux"
        ;;
    --packaging)
        # What docs/packaging/ builds the packages with.
        packages="$packages fakeroot flatpak-builder libarchive-tools makepkg python3-mesonpy python3-pip
        python3-venv rpm rpmlint"
        ;;
    --chroots)
        # What tests/portability/ makes chroots with; arch-test tells whether another architecture runs.
        packages="$packages arch-test mmdebstrap"
        ;;
    *)
        echo "Usage: install-dependencies.sh [--tests] [--peers] [--packaging] [--chroots]" >&2
        exit 2
        ;;
    esac
done

if ! command -v dpkg-query >/dev/null; then
    echo "This is not Debian or a relative of it: nothing is installed by itself." >&2
    echo "What is needed, by the names of Debian's packages: $packages" >&2
    exit 0
fi

missing=
for package in $packages; do
    status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$status" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -ne 0 ]; then
    echo "These packages are missing, and only root can install them:" >&2
    echo "  sudo apt-get update && sudo apt-get install$missing" >&2
    exit 1
fi

echo "Installing:$missing"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# shellcheck disable=SC2086
apt-get install -y -qq --no-install-recommends $missing >/dev/null
