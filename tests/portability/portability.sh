#!/bin/sh
# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Builds the library for another platform, with warnings as errors, and tests it there.
# Usage: portability.sh PLATFORM [ARGUMENT-OF-MESON-TEST...]
#
#   i386            32-bit x86, in a chroot of that architecture
#   arm64, s390x, armhf
#                   built by a cross compiler, and run by qemu-user; s390x is big endian
#   musl            with musl as the C library, and a GLib that is built for it
#   no-linux-calls  with -Dlinux_calls=disabled: without the system calls that only Linux has
#   trixie, sid     newer releases of Debian, with all bindings
#
# The last line of the output is the count of tests: each line of TAP counts. Before it are the
# reasons of all skips, and the time that the run took. With arguments for `meson test`, only the
# tests that these select are run.
#
# All platforms but no-linux-calls are built in chroots, which need root. On this machine itself, only
# the packages of docs/install-dependencies.sh are installed, --chroots or --tests. With
# TEMPMAN_CHROOTS, a folder, the chroots are kept there for the next time.

set -u

here=$(cd "$(dirname "$0")" && pwd)
source_dir=$(cd "$here/../.." && pwd)
. "$here/chroot.sh"

started=$(date +%s)
work=$(mktemp -d /var/tmp/tempman-portability-XXXXXX)
trap remove_chroot EXIT
trap 'exit 1' INT TERM

build_packages="gcc libc6-dev libglib2.0-dev libglib2.0-dev-bin meson ninja-build pkg-config python3"
# The programs that tests start.
test_packages="bindfs btrfs-progs bubblewrap dbus e2fsprogs faketime fuse3 gvfs gvfs-backends
    gvfs-daemons libcap2-bin mount ntfs-3g openssh-client openssh-server sshfs strace systemd
    util-linux xfsprogs"

elapsed() {
    seconds=$(($(date +%s) - started))
    printf '%d:%02d' $((seconds / 60)) $((seconds % 60))
}

# end PASSED FAILED SKIPPED
end() {
    echo "== $(elapsed) end"
    echo "$1 passed, $2 failed, $3 skipped"
    [ "$2" -eq 0 ]
    exit
}

# step TITLE COMMAND...: the rest needs it.
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

# cannot REASON
cannot() {
    echo "SKIPPED: $1"
    end 0 0 1
}

need_chroot() {
    [ "$(id -u)" -eq 0 ] || cannot 'only root can make chroots'
    sh "$source_dir/docs/install-dependencies.sh" --chroots
    command -v mmdebstrap >/dev/null || cannot 'there is no mmdebstrap to make chroots with'
}

# start_chroot NAME RELEASE ARCHITECTURE
start_chroot() {
    use_chroot "$1"
    step chroot make_chroot "$2" "$3"
    step mounts mount_file_systems
    source=/srv/tempman/$platform/source
    build=/srv/tempman/$platform/build
    rm -rf --one-file-system "$root$build"
    step source copy_source "$source"
}

# The command that runs a program on the platform.
there() {
    in_chroot "$@"
}

# install PACKAGE...: into the chroot.
install() {
    in_chroot dpkg-query -W "$@" || {
        in_chroot apt-get update -qq &&
            in_chroot apt-get install -y -qq --no-install-recommends \
                -o DPkg::Lock::Timeout=600 "$@"
    }
}

# configure OPTION...
configure() {
    there meson setup "$build" "$source" -Dwerror=true "$@"
}

compile() {
    there meson compile -C "$build"
}

count() {
    there /usr/bin/python3 "$source/tests/count.py" "$@" "$build/meson-logs/testlog.json"
}

# run_tests ARGUMENT...: ends the script.
run_tests() {
    echo "== $(elapsed) test"
    status=0
    there meson test -C "$build" --no-rebuild --print-errorlogs "$@" </dev/null >"$work/log" 2>&1 ||
        status=$?
    [ "$status" -eq 0 ] || cat "$work/log"
    count --reasons
    counts=$(count) || counts='0 1 0'
    # shellcheck disable=SC2086
    set -- $counts
    [ "$status" -eq 0 ] || [ "$2" -gt 0 ] || {
        echo "FAILED: meson test exited with $status"
        set -- "$1" 1 "$3"
    }
    end "$@"
}

# Whether the tests are programs of this kind, and not of the machine's own. $1: the bytes 5 and 6
# of an ELF file, for 32 or 64 bits, and little or big endian; $2: its interpreter.
is_built_for() {
    test_program=$root$build/tests/test-version
    [ "$(od -An -tx1 -j4 -N2 "$test_program" | tr -d ' ')" = "$1" ] &&
        grep -q "$2" "$test_program"
}

run_i386() {
    need_chroot
    arch-test i386 >/dev/null || cannot 'this machine runs no programs of i386'
    start_chroot bookworm-i386 bookworm i386
    # shellcheck disable=SC2086
    step packages install $build_packages $test_packages
    step configure configure -Dauto_features=disabled
    step build compile
    step '32 bits' is_built_for 0101 /lib/ld-linux.so.2
    [ $# -gt 0 ] || set -- --suite c --suite tool
    run_tests "$@"
}

# install_architecture ARCHITECTURE PACKAGE...
install_architecture() {
    in_chroot dpkg --add-architecture "$1" || return
    shift
    install "$@"
}

# write_emulator COMMAND: the kernel of the machine cannot execute the programs. For tests that start
# themselves again, each program gets a script of its own as the name that it was started with.
write_emulator() {
    cat >"$root/srv/tempman/$platform/emulate" <<END && chmod +x "$root/srv/tempman/$platform/emulate"
#!/bin/sh
program=\$(realpath "\$1")
shift
[ -e "\$program.emulated" ] || {
    printf '#!/bin/sh\nexec %s %s "\$@"\n' "\$0" "\$program" >"\$program.\$\$"
    chmod +x "\$program.\$\$"
    mv "\$program.\$\$" "\$program.emulated"
}
exec $1 -0 "\$program.emulated" "\$program" "\$@"
END
}

# write_cross_file TRIPLET CPU ENDIAN
write_cross_file() {
    cat >"$root/srv/tempman/$platform/cross.ini" <<END
[binaries]
c = '$1-gcc'
ar = '$1-ar'
strip = '$1-strip'
pkgconfig = 'pkg-config'
exe_wrapper = '/srv/tempman/$platform/emulate'

[properties]
pkg_config_libdir = ['/usr/lib/$1/pkgconfig', '/usr/share/pkgconfig']

[host_machine]
system = 'linux'
cpu_family = '$2'
cpu = '$2'
endian = '$3'
END
}

# run_emulated TRIPLET CPU ENDIAN EMULATOR ELF-BYTES INTERPRETER ARGUMENT...
run_emulated() {
    triplet=$1
    cpu=$2
    endian=$3
    emulator=$4
    elf_bytes=$5
    interpreter=$6
    shift 6
    need_chroot
    native=$(dpkg --print-architecture)
    [ "$native" != "$platform" ] || cannot 'this is the architecture of the machine itself'
    start_chroot bookworm bookworm "$native"
    # shellcheck disable=SC2086
    step packages install_architecture "$platform" "gcc-$triplet" "libglib2.0-dev:$platform" \
        "gvfs:$platform" "libfaketime:$platform" qemu-user-static $build_packages $test_packages
    step 'emulator' write_emulator "$emulator"
    step 'cross file' write_cross_file "$triplet" "$cpu" "$endian"
    step configure configure --cross-file "/srv/tempman/$platform/cross.ini" -Dauto_features=disabled
    step build compile
    step 'other architecture' is_built_for "$elf_bytes" "$interpreter"
    # Only the tests in C are programs that Meson starts with the emulator.
    [ $# -gt 0 ] || set -- --suite c
    run_tests --timeout-multiplier 10 "$@"
}

run_musl() {
    need_chroot
    start_chroot bookworm bookworm "$(dpkg --print-architecture)"
    # shellcheck disable=SC2086
    step packages install dpkg-dev gettext linux-libc-dev make musl-tools $build_packages \
        $test_packages
    step 'GLib for musl' in_chroot sh "$source/tests/portability/build-glib-musl.sh" /opt/musl
    prefix=/opt/musl/installed
    there() {
        in_chroot env CC=musl-gcc CFLAGS="-isystem $prefix/include" \
            LDFLAGS="-L$prefix/lib -Wl,-rpath,$prefix/lib" \
            PKG_CONFIG_LIBDIR=$prefix/lib/pkgconfig "$@"
    }
    step configure configure -Dauto_features=disabled
    step build compile
    step 'musl' is_built_for 0201 /ld-musl-
    # The tests of the command preload libraries that its programs, built with glibc, inherit.
    [ $# -gt 0 ] || set -- --suite c
    run_tests "$@"
}

run_without_linux_calls() {
    step packages sh "$source_dir/docs/install-dependencies.sh" --tests
    source=$source_dir
    build=$work/build
    there() {
        "$@"
    }
    step configure configure -Dauto_features=disabled -Dlinux_calls=disabled
    step build compile
    [ $# -gt 0 ] || set -- --suite c --suite tool
    run_tests "$@"
}

# As a user installs it: the prefix is that of Meson, and typelibs are looked for in that of Debian. The
# tests expect that nothing is installed.
install_and_import() {
    # shellcheck disable=SC2016
    there meson install -C "$build" --no-rebuild --quiet && there ldconfig &&
        there sh -c 'GI_TYPELIB_PATH=$(pkg-config --variable=typelibdir tempman-1) \
            python3 -B -c "import tempman
tempman.create_temp_dir().close()"'
    imported=$?
    there ninja -C "$build" uninstall && return "$imported"
}

run_release() {
    need_chroot
    start_chroot "$platform" "$platform" "$(dpkg --print-architecture)"
    step packages in_chroot sh "$source/docs/install-dependencies.sh" --tests
    step configure configure -Dauto_features=enabled
    step build compile
    # shellcheck disable=SC2016
    in_chroot dpkg-query -W -f '${Package} ${Version}\n' \
        gcc gi-docgen gjs libglib2.0-bin meson python3 python3-gi
    step install install_and_import
    # The checks of the sources depend on the versions of their tools.
    [ $# -gt 0 ] || set -- --no-suite lint
    run_tests "$@"
}

platform=${1:-}
[ $# -eq 0 ] || shift
case $platform in
i386) run_i386 "$@" ;;
arm64)
    run_emulated aarch64-linux-gnu aarch64 little qemu-aarch64-static \
        0201 /ld-linux-aarch64.so.1 "$@"
    ;;
armhf)
    run_emulated arm-linux-gnueabihf arm little qemu-arm-static 0101 /ld-linux-armhf.so.3 "$@"
    ;;
s390x) run_emulated s390x-linux-gnu s390x big qemu-s390x-static 0202 /ld64.so.1 "$@" ;;
musl) run_musl "$@" ;;
no-linux-calls) run_without_linux_calls "$@" ;;
trixie | sid) run_release "$@" ;;
*)
    sed -n 's/^# \{0,1\}//; /^Usage:/,/^$/p; /^  i386/,/^$/p' "$0" >&2
    exit 2
    ;;
esac
