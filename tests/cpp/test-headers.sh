#!/bin/sh
# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Each public header is C++17 by itself: it includes what it needs, and gives no warning.
# Usage: test-headers.sh BUILD COMPILER HEADER..., where BUILD has the header that is made.
# Prints TAP.

set -u

here=$(cd "$(dirname "$0")" && pwd)
. "$here/../tap.sh"

build=$1
compiler=$2
shift 2

# compiles HEADER FLAGS...: warnings in GLib's headers do not count.
compiles() {
    header=$1
    shift
    # shellcheck disable=SC2046,SC2086
    $compiler -std=c++17 -Wall -Wextra -Wpedantic -Werror -fsyntax-only "$@" \
        -I"$here/../../tempman" -I"$build" \
        $(pkg-config --cflags gio-2.0 | sed 's/-I/-isystem /g') \
        -include "$header" -x c++ /dev/null
}

for header in "$@"; do
    name=$(basename "$header")
    case $name in
    tempman.h) check "$name" compiles "$header" ;;
    # A part of tm-version.h.
    tm-version-macros.h) ;;
    # The others let themselves be included by tempman.h alone.
    *) check "$name" compiles "$header" -D_TEMPMAN_INSIDE ;;
    esac
done
finish
