#!/bin/sh
# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Builds the packages for Debian from the last commit, in a new chroot.
# Usage: build.sh [--source] [FOLDER]: where the packages are put; by default _build-debian at the top of the sources.
#
#   --source  does not build them: only creates the original tarball, and the source tree with the folder debian beside
#             it, for dpkg-buildpackage, debuild or sbuild. This needs neither root nor a chroot.
#
# With TEMPMAN_CHROOTS, a folder, the chroot is kept there for the next time. Packages are built for DEBIAN_RELEASE,
# bookworm by default. DEB_BUILD_OPTIONS has its usual meaning; with nocheck, no tests are run. DEBFULLNAME and DEBEMAIL
# are the maintainer. The same commit becomes the same packages, byte for byte.

set -eu

# The root of the chroot is a new directory, which an ordinary user has to enter.
umask 022

here=$(cd "$(dirname "$0")" && pwd)
source_dir=$(cd "$here/../../.." && pwd)
release=${DEBIAN_RELEASE:-bookworm}

only_source=
[ "${1:-}" != --source ] || {
    only_source=yes
    shift
}
folder=${1:-$source_dir/_build-debian}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)

[ -n "$only_source" ] || . "$source_dir/tests/portability/chroot.sh"

version=$(sed -n "s/^  version: '\(.*\)',/\1/p" "$source_dir/meson.build" | head -n 1)

# The last commit, or the content of a release.
create_tarball() {
    if [ -e "$source_dir/.git" ]; then
        git -C "$source_dir" archive --prefix="tempman-$version/" HEAD
    else
        tar -C "$source_dir" --exclude='./_*' --transform "s,^\.,tempman-$version," --sort=name --owner=0 --group=0 \
            --numeric-owner --mtime="@$(stat -c %Y "$source_dir/meson.build")" -cf - .
    fi | xz -T1 >"$1/tempman_$version.orig.tar.xz"
}

# create_source FOLDER
create_source() {
    rm -rf "$1/tempman-$version"
    create_tarball "$1"
    tar -C "$1" -xf "$1/tempman_$version.orig.tar.xz"
    debian=$1/tempman-$version/debian
    cp -r "$1/tempman-$version/docs/packaging/debian" "$debian"
    rm "$debian/build.sh"
    [ -z "${DEBEMAIL:-}" ] ||
        sed -i "/^Maintainer: /s/: .*/: ${DEBFULLNAME:-The tempman authors} <$DEBEMAIL>/
            1,/^ -- /s/^ -- .*>/ -- ${DEBFULLNAME:-The tempman authors} <$DEBEMAIL>/" "$debian/control" "$debian/changelog"
    chmod -R u=rwX,go=rX "$1/tempman-$version"
}

if [ -n "$only_source" ]; then
    create_source "$folder"
    echo "$folder/tempman-$version"
    exit
fi

if [ "$(id -u)" -ne 0 ] || ! command -v mmdebstrap >/dev/null; then
    echo 'This needs root, and mmdebstrap: docs/install-dependencies.sh --chroots' >&2
    echo 'build.sh --source creates the source tree without them.' >&2
    exit 1
fi

work=$(mktemp -d /var/tmp/tempman-debian-XXXXXX)
trap remove_chroot EXIT
trap 'exit 1' INT TERM

# Nothing is ever installed in the chroot itself.
use_chroot "$release-clean"
make_chroot "$release" "$(dpkg --print-architecture)"
use_overlay
mount_file_systems

mkdir "$root/build"
create_source "$root/build"
in_chroot apt-get update -qq
in_chroot apt-get install -y -qq --no-install-recommends build-essential >&2
in_chroot apt-get build-dep -y -qq --no-install-recommends "/build/tempman-$version" >&2

# An ordinary user builds, without a home, and tests on a disk, as the machines of Debian do.
chown -R 65534:65534 "$root/build"
in_chroot setpriv --reuid 65534 --regid 65534 --clear-groups env HOME=/nonexistent TMPDIR=/tmp \
    DEB_BUILD_OPTIONS="${DEB_BUILD_OPTIONS:-}" \
    sh -c "cd /build/tempman-$version && exec dpkg-buildpackage -us -uc" >"$folder/build.log" 2>&1 || {
    tail -n 60 "$folder/build.log" >&2
    exit 1
}
find "$root/build" -maxdepth 1 -type f -exec cp -t "$folder" {} +
find "$folder" -maxdepth 1 -name '*.deb' | sort
