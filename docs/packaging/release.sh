#!/bin/sh
# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Checks that the last commit can be released, and prints the commands that tag it. It tags nothing itself.
# Usage: release.sh [--quick] [FOLDER]: where the tarball is put; by default _build-release at the top of the sources.
#
#   --quick  without the packages and without tests/run.sh, which take long
#
# Needs what the tests need: docs/install-dependencies.sh --tests --packaging --chroots

set -u

here=$(cd "$(dirname "$0")" && pwd)
source_dir=$(cd "$here/../.." && pwd)
quick=
[ "${1:-}" != --quick ] || {
    quick=yes
    shift
}
folder=${1:-$source_dir/_build-release}
build=$folder/build

. "$source_dir/tests/tap.sh"
cd "$source_dir" || exit 1
version=$(sed -n "s/^  version: '\(.*\)',/\1/p" meson.build | head -n 1)

is_committed() {
    git status --short && [ -z "$(git status --porcelain)" ]
}

has_no_tag() {
    ! git rev-parse --quiet --verify "refs/tags/$version"
}

configure() {
    rm -rf "$build" && meson setup "$build" -Dwerror=true -Dauto_features=enabled
}

run_tests() {
    meson test -C "$build" --no-rebuild --print-errorlogs "$@"
}

# A skipped test proves nothing.
run_each() {
    run_tests --verbose "$@" >"$folder/log" 2>&1
    status=$?
    cat "$folder/log"
    [ "$status" -eq 0 ] && ! grep -E '# SKIP|^[0-9/]+ .* SKIP' "$folder/log"
}

# The same commit becomes the same tarball, and that of the package for Debian. `meson dist` also packs the time.
create_tarball() {
    git archive --prefix="tempman-$version/" HEAD | xz -T1 >"$folder/tempman-$version.tar.xz" &&
        (cd "$folder" && sha256sum "tempman-$version.tar.xz" >"tempman-$version.tar.xz.sha256sum")
}

# The tarball has the files of the one that tests/dist.sh has built and tested.
is_tested_tarball() {
    rm -rf "$folder/content" && mkdir -p "$folder/content/ours" "$folder/content/tested" &&
        tar -xf "$folder/tempman-$version.tar.xz" -C "$folder/content/ours" &&
        tar -xf "$build/meson-dist/tempman-$version.tar.xz" -C "$folder/content/tested" &&
        diff -r "$folder/content/ours" "$folder/content/tested" && rm -r "$folder/content"
}

if [ ! -e .git ]; then
    echo 'A release is made from a clone, with git' >&2
    exit 1
fi
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
build=$folder/build

check 'everything is committed' is_committed
check "there is no tag $version" has_no_tag
check 'version and date are the same in all files' python3 tests/packaging/versions.py
check 'configured' configure && check 'built' meson compile -C "$build" && {
    check 'ABI' run_each --suite abi
    check 'translations are complete' run_each lint-translations
    check 'licences' run_each --suite licences
    check 'documentation' run_tests --suite docs
    check 'content of the tarball: built and tested' sh tests/dist.sh "$build"
    check 'tarball' create_tarball
    check 'tarball: has what was tested' is_tested_tarball
    if [ -n "$quick" ]; then
        skip 'packages' '--quick'
    else
        check 'packages' run_each --suite packaging
    fi
}
if [ -n "$quick" ]; then
    skip 'tests/run.sh' '--quick'
else
    check 'tests/run.sh' sh tests/run.sh
fi

if [ "$n_failed" -eq 0 ]; then
    echo "# $(cat "$folder/tempman-$version.tar.xz.sha256sum")"
    [ -z "$quick" ] || echo '# Not everything was checked: run this script without --quick before a release.'
    echo "# The commit can be released as $version, of $(sed -n 's/^## .*(\(.*\))$/\1/p' docs/news.md | head -n 1):"
    echo "git tag -s -m 'tempman $version' $version $(git rev-parse HEAD)"
    echo "git push origin $version"
fi
finish
