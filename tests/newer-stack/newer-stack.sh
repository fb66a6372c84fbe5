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

release=${1:-trixie}

. "$(dirname "$0")/../chroot.sh"
. "$source_dir/tests/tap.sh"
use_chroot "$release"

clean_up() {
    remove_chroot
    rm -f "$tap_log"
}
trap clean_up EXIT
trap 'exit 1' INT TERM

if ! can_make_chroot; then
    skip "$release" 'needs root, and mmdebstrap: docs/install-dependencies.sh --newer-stack'
    finish
fi

install_packages() {
    in_chroot sh /root/tempman/docs/install-dependencies.sh --tests
}

build() {
    in_chroot meson compile -C /root/build
}

run_suites() {
    in_chroot meson test -C /root/build --no-rebuild --print-errorlogs --no-suite newer-stack \
        --no-suite lint
}

# As a user installs it: the prefix is that of Meson, and typelibs are looked for in that of Debian.
install_and_import() {
    # shellcheck disable=SC2016
    in_chroot meson install -C /root/build --no-rebuild --quiet && in_chroot ldconfig &&
        in_chroot sh -c 'GI_TYPELIB_PATH=$(pkg-config --variable=typelibdir tempman-1) \
            python3 -c "import gi; gi.require_version(\"Tempman\", \"1\")
from gi.repository import Tempman
Tempman.create_temp_dir().close()"'
}

check "$release: chroot" make_chroot "$release" "$(dpkg --print-architecture)" &&
    check "$release: mounts" mount_file_systems &&
    check "$release: source" copy_source && check "$release: packages" install_packages &&
    check "$release: configured" in_chroot meson setup /root/build /root/tempman -Dwerror=true \
        -Dauto_features=enabled &&
    check "$release: built" build && {
    # shellcheck disable=SC2016
    in_chroot dpkg-query -W -f '# ${Package} ${Version}\n' \
        gcc gi-docgen gjs libglib2.0-bin meson python3 python3-gi
    check "$release: installed" install_and_import
    check "$release: tested" run_suites
    echo "# passed, failed, skipped: $(count_tests)"
}

finish
