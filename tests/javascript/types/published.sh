#!/bin/sh
# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The types for editors, together with those of GJS that are published, as their users have them: from
# npm. Prints TAP.
# Usage: published.sh PREFIX: where the library is installed, with its libraries in lib

set -u

here=$(cd "$(dirname "$0")" && pwd)
prefix=$1
types=$prefix/share/tempman-1/types

. "$here/../../tap.sh"
project=$(mktemp -d)
trap 'rm -rf "$tap_log" "$project"' EXIT

command -v npm >/dev/null || {
    skip 'types beside those of npm' 'there is no npm'
    finish
}
# What the registry does not give is no fault of the types.
(cd "$project" && echo '{}' >package.json && npm install --no-audit --no-fund --ignore-scripts \
    typescript@5.9.3 @girs/gjs@4.7.0 @girs/gio-2.0@4.7.0) >"$project/log" 2>&1 || {
    sed 's/^/# /' "$project/log"
    skip 'types beside those of npm' 'npm could not install tsc and the types of GJS'
    finish
}
# That they can be installed is seen by tsc, which has to find them.
(cd "$project" && npm install --offline --no-audit --no-fund "$types") 2>&1 | sed 's/^/# /'

export LD_LIBRARY_PATH="$prefix/lib"
export GI_TYPELIB_PATH="$prefix/lib/girepository-1.0"
export XDG_DATA_DIRS="$prefix/share:/usr/local/share:/usr/share"
sh "$here/test.sh" "$types" "$project"
