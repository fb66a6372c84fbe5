#!/bin/sh
# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Builds what is measured, with optimization, unless --programs says where it is, and measures.
# Usage: run.sh [options of measure.py: see --help]

set -eu

here=$(cd "$(dirname "$0")" && pwd)
source_dir=$here/../..
build=$source_dir/_build-performance

# The python3 first in PATH may be a script that looks for the right one, which takes time.
python=/usr/bin/python3
[ -x "$python" ] || python=python3

case " $* " in
*" --programs"* | *" --help "* | *" -h "*) ;;
*)
    [ -d "$build" ] ||
        meson setup "$build" "$source_dir" --buildtype=release -Dintrospection=disabled >&2
    meson compile -C "$build" >&2
    set -- --programs "$build/tests/performance" "$@"
    ;;
esac

exec "$python" "$here/measure.py" "$@"
