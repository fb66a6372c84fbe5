#!/bin/sh
# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Builds the library with less than everything, and in other ways than the usual. Prints TAP.

set -u

here=$(cd "$(dirname "$0")" && pwd)
source_dir=$(cd "$here/.." && pwd)

. "$here/tap.sh"
work=$(mktemp -d)
trap 'rm -rf "$tap_log" "$work"' EXIT

configure() {
    rm -rf "$work/build"
    meson setup "$work/build" "$source_dir" -Dwerror=true --prefix "$work/prefix" --libdir lib "$@"
}

# builds OPTIONS...: also installs, into a prefix that is empty before.
builds() {
    rm -rf "$work/prefix"
    configure "$@" && meson compile -C "$work/build" &&
        meson install -C "$work/build" --no-rebuild --quiet
}

installed() {
    test -e "$work/prefix/$1"
}

# Rather than silently leaving out a requested part.
refuses() {
    configure "$@" | grep 'enable introspection too'
}

plain='-Dauto_features=disabled -Dtests=false'

# shellcheck disable=SC2086
check 'nothing but the library' builds $plain
check 'nothing but the library: is there' installed lib/libtempman-1.so.0
check_fails 'nothing but the library: no introspection' installed share/gir-1.0
check_fails 'nothing but the library: no override for JavaScript' installed share/gjs-1.0
check_fails 'nothing but the library: no Vala binding' installed share/vala
check_fails 'nothing but the library: no documentation' installed share/doc
check_fails 'nothing but the library: no command' installed bin
check_fails 'nothing but the library: no manual page' installed share/man
check_fails 'nothing but the library: no translations' installed share/locale
check_fails 'nothing but the library: no tests' test -e "$work/build/tests"

# shellcheck disable=SC2086
check 'introspection alone' builds $plain -Dintrospection=enabled \
    -Dpython_overrides_dir="$work/prefix/python"
check 'introspection alone: typelib' installed lib/girepository-1.0/Tempman-1.typelib
check_fails 'introspection alone: no Vala binding' installed share/vala
check_fails 'introspection alone: no documentation' installed share/doc/Tempman-1

installs_package_alone() {
    (cd "$work/prefix" && find . ! -type d) >"$work/files"
    cat "$work/files"
    grep '/tempman/_bundle/libtempman-1.so.0$' "$work/files" &&
        ! grep -v '/tempman/\|/gi-stubs/' "$work/files"
}

# shellcheck disable=SC2086
check 'for a wheel' builds $plain -Dintrospection=enabled -Dpython_bundle=true
check 'for a wheel: the Python package alone' installs_package_alone

# finds_override PREFIX: as PyGObject finds the installed override in the prefix.
finds_override() {
    rm -rf "$work/build" "$work/root"
    # shellcheck disable=SC2086
    meson setup "$work/build" "$source_dir" $plain --prefix "$1" -Dintrospection=enabled &&
        meson compile -C "$work/build" &&
        DESTDIR=$work/root meson install -C "$work/build" --no-rebuild --quiet &&
        override=$(find "$work/root" -path '*/gi/overrides/Tempman.py') &&
        folder=${override#"$work/root"} &&
        "$python" -I -c 'import site, sys; sys.exit(sys.argv[1] not in site.getsitepackages())' \
            "${folder%/gi/overrides/Tempman.py}"
}

warns_of_override() {
    # shellcheck disable=SC2086
    configure $plain -Dintrospection=enabled | grep "WARNING: .*does not look for packages in $work"
}

for python in python3 /usr/bin/python3; do
    ! "$python" -c 'import gi' 2>/dev/null || break
done
for prefix in /usr /usr/local; do
    check "override for Python in $prefix" finds_override "$prefix"
done
check 'override for Python: a prefix in which it does not look' warns_of_override

for option in vapi documentation; do
    check "$option needs introspection" refuses -Dintrospection=disabled -D$option=enabled
done
for option in vapi documentation; do
    # shellcheck disable=SC2086
    check "$option alone" configure $plain -Dintrospection=enabled -D$option=enabled
done

# As on a system whose libadwaita is too old for the example.
mkdir "$work/old"
printf 'Name: libadwaita\nDescription: an old one\nVersion: 1.0.0\n' >"$work/old/libadwaita-1.pc"
# shellcheck disable=SC2086
check 'without libadwaita' configure $plain -Dwindow=auto -Dpkg_config_path="$work/old"
check_fails 'without libadwaita: no example with a window' grep -q gtk/scratch "$work/build/build.ninja"
# shellcheck disable=SC2086
check_fails 'without libadwaita: an example that is asked for' \
    configure $plain -Dwindow=enabled -Dpkg_config_path="$work/old"

check 'static, with the tests' builds -Ddefault_library=static -Dauto_features=auto
check 'static: is there' installed lib/libtempman-1.a
check_fails 'static: no shared library' installed lib/libtempman-1.so
check_fails 'static: no introspection' installed lib/girepository-1.0
check 'static: its tests' meson test -C "$work/build" --no-rebuild root version
# shellcheck disable=SC2046
check 'static: links' \
    env PKG_CONFIG_PATH="$work/prefix/lib/pkgconfig" sh -c \
    "cc '$here/subproject/user.c' -o '$work/user' \$(pkg-config --cflags --libs --static tempman-1)"
check 'static: runs' "$work/user"
# shellcheck disable=SC2086
check 'shared and static' builds $plain -Ddefault_library=both -Dintrospection=enabled \
    -Dpython_overrides_dir="$work/prefix/python"

# Optimized, and without the assertions that GLib's macros can leave out.
# shellcheck disable=SC2086
check 'for release' builds $plain -Dbuildtype=release -Db_lto=true -Db_ndebug=true \
    -Dc_args='-DG_DISABLE_ASSERT -DG_DISABLE_CAST_CHECKS'

# Without assertions in the library, but with those of the tests.
builds_tests_for_distribution() {
    configure -Dauto_features=disabled --buildtype plain && meson compile -C "$work/build" test-version &&
        meson test -C "$work/build" --no-rebuild version
}
check 'for a distribution: tests' builds_tests_for_distribution

# As an older release of the library is built with tools that were made after it: they warn of more.
# wrap PROGRAM OPTION: one that warns, and fails when OPTION says that warnings are fatal.
wrap() {
    cat >"$work/$1" <<EOF
#!/bin/sh
# In the build alone: Meson asks for the version, and looks for arguments.
for argument in "\$@"; do
    [ "\$argument" != $2 ] || { echo '$1: a warning that is fatal' >&2 && exit 1; }
done
exec '$(command -v "$1")' "\$@"
EOF
    chmod +x "$work/$1"
}

if command -v gi-docgen >/dev/null; then
    wrap g-ir-scanner --warn-error
    wrap gi-docgen --fatal-warnings
    printf "[binaries]\ng-ir-scanner = '%s'\ngi-docgen = '%s'\n" \
        "$work/g-ir-scanner" "$work/gi-docgen" >"$work/newer.ini"
    # shellcheck disable=SC2086
    check 'tools that warn of more' builds $plain -Dwerror=false --native-file "$work/newer.ini" \
        -Dintrospection=enabled -Ddocumentation=enabled -Dpython_overrides_dir="$work/prefix/python"
    check 'tools that warn of more: documentation' installed share/doc/Tempman-1/index.html
    # shellcheck disable=SC2086
    check_fails 'tools that warn of more: warnings as errors' builds $plain \
        --native-file "$work/newer.ini" -Dintrospection=enabled \
        -Dpython_overrides_dir="$work/prefix/python"
else
    skip 'tools that warn of more' 'there is no gi-docgen'
fi

finish
