#!/bin/sh
# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Runs docs/quickstart.sh as users do: in a folder whose path has a space, with a build folder of
# their own, and from sources that they cannot write to. Prints TAP.

set -u

here=$(cd "$(dirname "$0")" && pwd)

. "$here/tap.sh"
work=$(mktemp -d)
trap 'rm -rf "$tap_log" "$work"' EXIT

copy="$work/a folder/tempman"
build="$work/another folder/build"

# Build folders in the sources, and the history, are not copied.
copy_sources() {
    mkdir -p "$copy" &&
        (cd "$here/.." && tar -cf - --exclude='./_*' --exclude=./.git .) | tar -xf - -C "$copy"
}

# read_only COMMAND...: runs it where nothing can be written to the sources, not even by root.
read_only() {
    # shellcheck disable=SC2016
    unshare -m sh -c 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"' \
        "$copy" "$@"
}

says_where() {
    read_only sh "$copy/docs/quickstart.sh" "$copy/build" >"$work/output" 2>&1 && return 1
    grep -F "$copy/build" "$work/output"
}

check 'a copy in a folder with a space' copy_sources || finish
check 'in that folder' sh "$copy/docs/quickstart.sh"
check 'nothing but the build folder is left there' \
    test "$(cd "$copy" && ls -d _*)" = _build-quickstart
rm -rf "$copy/_build-quickstart"

if read_only true 2>/dev/null; then
    check 'from read-only sources, in a build folder of its own' \
        read_only sh "$copy/docs/quickstart.sh" "$build"
    check 'in that build folder again' sh "$copy/docs/quickstart.sh" "$build"
    check 'a build folder that cannot be written is named' says_where
else
    skip 'from read-only sources' 'nothing can be mounted here'
fi

finish
