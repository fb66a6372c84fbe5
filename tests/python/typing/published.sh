#!/bin/sh
# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The types of Python, as installed, with the checker that many editors have in them, which Debian has
# not: pyright, from npm. Prints TAP.
# Usage: published.sh PREFIX: where the library is installed, with its libraries in lib, and the Python
# override below python

set -u

here=$(cd "$(dirname "$0")" && pwd)
prefix=$1

. "$here/../../tap.sh"
project=$(mktemp -d)
trap 'rm -rf "$tap_log" "$project"' EXIT

command -v npm >/dev/null || {
    skip 'pyright' 'there is no npm'
    finish
}
# What the registry does not give is no fault of the types.
(cd "$project" && echo '{}' >package.json &&
    npm install --no-audit --no-fund --ignore-scripts pyright@1.1.414) >"$project/log" 2>&1 || {
    sed 's/^/# /' "$project/log"
    skip 'pyright' 'npm could not install it'
    finish
}

export PATH="$project/node_modules/.bin:$PATH"
export LD_LIBRARY_PATH="$prefix/lib"
export GI_TYPELIB_PATH="$prefix/lib/girepository-1.0"
export PYTHONPATH="$prefix/python"

# unittest calls a test that was skipped a success.
finds_errors() {
    /usr/bin/python3 "$here/../test_typing.py" "Pyright.$1" 2>&1 | tee "$project/output"
    grep -x OK "$project/output"
}

check 'pyright' finds_errors test_alone
check 'pyright, the namespace' finds_errors test_namespace
check 'pyright, beside the stubs of PyGObject' finds_errors test_beside_the_stubs_of_pygobject
finish
