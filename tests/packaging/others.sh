#!/bin/sh
# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Builds the packages for Fedora and Arch with the tools that Debian has, and checks the files for Alpine and Flatpak
# against installed files. Nothing is downloaded. Usage: others.sh. Prints TAP.

set -u

here=$(cd "$(dirname "$0")" && pwd)
source_dir=$(cd "$here/../.." && pwd)
packaging=$source_dir/docs/packaging

. "$here/../tap.sh"
work=$(mktemp -d)
trap 'rm -rf "$tap_log" "$work"' EXIT
# For makepkg, which another user runs.
chmod 755 "$work"

version=$(sed -n "s/^  version: '\(.*\)',/\1/p" "$source_dir/meson.build" | head -n 1)
tarball=$work/tempman-$version.tar.xz

create_tarball() {
    if [ -e "$source_dir/.git" ]; then
        git -C "$source_dir" archive --prefix="tempman-$version/" HEAD
    else
        tar -C "$source_dir" --exclude='./_*' --transform "s,^\.,tempman-$version," -cf - .
    fi | xz -1 >"$tarball"
}

# list_tree FOLDER
list_tree() {
    (cd "$1" && find . ! -type d | sed 's,^\./,,' | LC_ALL=C sort)
}

# has_files LIST PATTERN...: each matches a line.
has_files() {
    list=$1
    shift
    for pattern; do
        grep -qx "$pattern" "$list" || {
            echo "Nothing matches $pattern:"
            cat "$list"
            return 1
        }
    done
}

build_rpm() {
    mkdir -p "$work/rpm/SOURCES" && cp "$tarball" "$work/rpm/SOURCES" &&
        rpmbuild --define "_topdir $work/rpm" --define 'debug_package %{nil}' --load "$here/rpm-macros" \
            --nodeps --nocheck -bb "$packaging/rpm/tempman.spec"
}

# Files for each package, and none in two of them.
rpm_content() {
    : >"$work/rpm.all"
    for name in tempman libtempman-1 libtempman-1-devel libtempman-1-doc libtempman-1-tests python3-tempman; do
        rpm -qpl --nosignature "$work"/rpm/RPMS/*/"$name-$version"-*.rpm >"$work/rpm.$name" || return
        # Directories of rpmbuild itself, and of licences, are in each package.
        grep -v '^/usr/lib/\.build-id\|^/usr/share/licenses/' "$work/rpm.$name" >>"$work/rpm.all"
    done
    sort "$work/rpm.all" | uniq -d >"$work/rpm.twice" && cat "$work/rpm.twice" && [ ! -s "$work/rpm.twice" ] &&
        has_files "$work/rpm.tempman" /usr/bin/tempman '/usr/share/man/man1/tempman\.1.*' &&
        has_files "$work/rpm.libtempman-1" '/usr/lib.*/libtempman-1\.so\.0' '/usr/lib.*/Tempman-1\.typelib' \
            /usr/share/locale/de/LC_MESSAGES/tempman-1.mo &&
        has_files "$work/rpm.libtempman-1-devel" '/usr/lib.*/libtempman-1\.so' /usr/include/tempman-1/tempman.h &&
        has_files "$work/rpm.libtempman-1-doc" /usr/share/doc/Tempman-1/index.html &&
        has_files "$work/rpm.libtempman-1-tests" '.*/installed-tests/tempman-1/test-root' &&
        has_files "$work/rpm.python3-tempman" '.*/site-packages/tempman/__init__\.py'
}

lint_rpm() {
    rpmlint --config "$here/rpmlint.toml" "$packaging/rpm/tempman.spec"
}

as_user() {
    if [ "$(id -u)" -eq 0 ]; then
        setpriv --reuid 65534 --regid 65534 --clear-groups env HOME="$work/arch" TMPDIR="$work/arch/tmp" "$@"
    else
        "$@"
    fi
}

build_arch() {
    mkdir -p "$work/arch/tmp" && cp "$packaging/arch/PKGBUILD" "$tarball" "$work/arch" &&
        { [ "$(id -u)" -ne 0 ] || chown -R 65534:65534 "$work/arch"; } &&
        (cd "$work/arch" && as_user env PKGEXT=.pkg.tar PACMAN=true makepkg --nodeps --nocheck --noconfirm)
}

arch_content() {
    tar -tf "$work"/arch/tempman-"$version"-*.pkg.tar | grep -v '/$' >"$work/arch.main" &&
        tar -tf "$work"/arch/tempman-docs-"$version"-*.pkg.tar | grep -v '/$' >"$work/arch.docs" &&
        has_files "$work/arch.main" usr/bin/tempman 'usr/lib/libtempman-1\.so\.0' usr/include/tempman-1/tempman.h \
            'usr/lib/python.*/tempman/__init__\.py' 'usr/lib/girepository-1\.0/Tempman-1\.typelib' &&
        has_files "$work/arch.docs" usr/share/doc/Tempman-1/index.html &&
        ! grep /Tempman-1/ "$work/arch.main"
}

# install_tree NAME OPTION...: an installation in a folder, from the tarball.
install_tree() {
    name=$1
    shift
    [ -d "$work/source" ] || { mkdir "$work/source" && tar -xf "$tarball" -C "$work/source" --strip-components 1; } || return
    meson setup "$work/$name-build" "$work/source" --libdir lib --buildtype plain -Dtests=false "$@" &&
        meson compile -C "$work/$name-build" &&
        DESTDIR=$work/$name meson install -C "$work/$name-build" --no-rebuild --quiet
}

install_for_alpine() {
    install_tree alpine --prefix /usr -Dauto_features=enabled -Dwindow=disabled \
        -Dpython_overrides_dir=/usr/lib/python3.11/site-packages/gi/overrides
}

# Runs the functions of the APKBUILD as abuild does. Each file ends in one package.
split_for_alpine() {
    list_tree "$work/alpine" >"$work/alpine.before" &&
        sh -e "$here/split-apk.sh" "$packaging/alpine/APKBUILD" "$work/alpine" "$work/subpackages" &&
        { list_tree "$work/alpine" && for folder in "$work"/subpackages/*; do list_tree "$folder"; done; } |
        LC_ALL=C sort | diff "$work/alpine.before" - &&
        [ "$(list_tree "$work/alpine")" = usr/bin/tempman ]
}

# apk_has SUBPACKAGE PATTERN...
apk_has() {
    list_tree "$work/subpackages/$1" >"$work/apk.list" && shift && has_files "$work/apk.list" "$@"
}

# in_manifest KEY: the values of a list in the module for Flatpak, as flatpak-builder reads it.
in_manifest() {
    /usr/bin/python3 - "$work/manifest.json" "$1" <<'PYTHON'
import json, sys
for value in json.load(open(sys.argv[1]))['modules'][0][sys.argv[2]]:
    print(value)
PYTHON
}

# An application with the module.
read_flatpak() {
    mkdir -p "$work/flatpak" && cp "$packaging/flatpak/tempman.yml" "$tarball" "$work/flatpak" &&
        cat >"$work/flatpak/org.example.App.yml" <<'YAML' &&
app-id: org.example.App
runtime: org.gnome.Platform
runtime-version: '48'
sdk: org.gnome.Sdk
command: app
modules:
  - tempman.yml
YAML
        (cd "$work/flatpak" && flatpak-builder --show-manifest org.example.App.yml) >"$work/manifest.json" &&
        /usr/bin/python3 - "$work/manifest.json" "tempman-$version.tar.xz" <<'PYTHON'
import json, sys
module, = json.load(open(sys.argv[1]))['modules']
assert module['name'] == 'tempman' and module['buildsystem'] == 'meson', module
assert module['sources'][0]['path'] == sys.argv[2], module['sources']
PYTHON
}

install_for_flatpak() {
    # shellcheck disable=SC2046
    install_tree app --prefix /app $(in_manifest config-opts)
}

# What is cleaned up exists, and what an application needs remains.
clean_up_flatpak() {
    for path in $(in_manifest cleanup); do
        [ -e "$work/app/app$path" ] || {
            echo "$path is not installed"
            return 1
        }
        rm -r "$work/app/app$path"
    done
    list_tree "$work/app" >"$work/app.list" &&
        has_files "$work/app.list" 'app/lib/libtempman-1\.so\.0' 'app/lib/girepository-1\.0/Tempman-1\.typelib' \
            'app/share/gjs-1\.0/overrides/Tempman\.js' app/share/locale/de/LC_MESSAGES/tempman-1.mo
}

check 'tarball' create_tarball || finish

if command -v rpmbuild >/dev/null; then
    check 'Fedora: built' build_rpm && check 'Fedora: content' rpm_content
else
    skip 'Fedora' 'needs rpmbuild: docs/install-dependencies.sh --packaging'
fi
if command -v rpmlint >/dev/null; then
    check 'Fedora: rpmlint' lint_rpm
else
    skip 'Fedora: rpmlint' 'needs rpmlint: docs/install-dependencies.sh --packaging'
fi

check 'Arch: syntax' bash -n "$packaging/arch/PKGBUILD"
if command -v makepkg >/dev/null; then
    check 'Arch: built' build_arch && check 'Arch: content' arch_content
else
    skip 'Arch' 'needs makepkg: docs/install-dependencies.sh --packaging'
fi

check 'Alpine: syntax' sh -n "$packaging/alpine/APKBUILD"
check 'Alpine: installed files' install_for_alpine &&
    check 'Alpine: each file is in one package' split_for_alpine && {
    check 'Alpine: libtempman-1' apk_has libtempman-1 'usr/lib/libtempman-1\.so\.0' \
        'usr/lib/girepository-1\.0/Tempman-1\.typelib'
    check 'Alpine: tempman-dev' apk_has tempman-dev 'usr/lib/libtempman-1\.so' usr/include/tempman-1/tempman.h \
        usr/share/tempman-1/types/package.json
    check 'Alpine: tempman-doc' apk_has tempman-doc usr/share/man/man1/tempman.1
    check 'Alpine: tempman-lang' apk_has tempman-lang usr/share/locale/de/LC_MESSAGES/tempman-1.mo
    check 'Alpine: py3-tempman' apk_has py3-tempman '.*/site-packages/tempman/__init__\.py'
}

if command -v flatpak-builder >/dev/null; then
    check 'Flatpak: module' read_flatpak && check 'Flatpak: installed files' install_for_flatpak &&
        check 'Flatpak: cleaned up' clean_up_flatpak
else
    skip 'Flatpak' 'needs flatpak-builder: docs/install-dependencies.sh --packaging'
fi
finish
