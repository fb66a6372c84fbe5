#!/bin/sh
# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Tests the installed files in their prefix: headers, pkg-config file, bindings, installed tests.
# Usage: installed.sh BUILD PREFIX: BUILD is installed in PREFIX, with the libraries in lib, the
# Python override below python, and the installed tests. Prints TAP.

set -u

here=$(cd "$(dirname "$0")" && pwd)
build=$1
prefix=$2

. "$here/tap.sh"
work=$(mktemp -d)
trap 'rm -rf "$tap_log" "$work"' EXIT

export PKG_CONFIG_PATH="$prefix/lib/pkgconfig"
export LD_LIBRARY_PATH="$prefix/lib"
export GI_TYPELIB_PATH="$prefix/lib/girepository-1.0"
export PYTHONPATH="$prefix/python"
export XDG_DATA_DIRS="$prefix/share:/usr/local/share:/usr/share"
python=/usr/bin/python3

list_files() {
    (cd "$1" && find . ! -type d | sort)
}

# The files of the prefix, neither more nor less, and nothing beside it.
installs_into_destdir() {
    DESTDIR=$work/destdir meson install -C "$build" --no-rebuild --quiet &&
        list_files "$prefix" | grep -v __pycache__ >"$work/expected" &&
        list_files "$work/destdir$prefix" >"$work/found" &&
        diff "$work/expected" "$work/found" &&
        [ "$(list_files "$work/destdir" | wc -l)" -eq "$(wc -l <"$work/found")" ]
}

# compiles COMPILER FLAGS...: warnings in GLib's headers do not count.
compiles() {
    compiler=$1
    shift
    # shellcheck disable=SC2046
    "$compiler" "$@" -Wall -Wextra -Werror -pedantic \
        -I"$prefix/include/tempman-1" $(pkg-config --cflags gio-2.0 | sed 's/-I/-isystem /g') \
        "$here/subproject/user.c" -o "$work/user" $(pkg-config --libs tempman-1) &&
        "$work/user"
}

# Each header but the umbrella refuses to be included by itself.
refuses() {
    # shellcheck disable=SC2046
    echo "#include \"$1\"" | gcc -fsyntax-only -xc - $(pkg-config --cflags tempman-1) 2>&1 |
        grep 'error.*Only <tempman.h> can be included'
}

# run_installed PREFIX-OF-NAMES: the runner succeeds if no test has the prefix.
run_installed() {
    gnome-desktop-testing-runner --dir "$prefix/share" --list "tempman-1/$1" | grep . &&
        gnome-desktop-testing-runner --dir "$prefix/share" "tempman-1/$1"
}

check 'DESTDIR' installs_into_destdir

check 'pkg-config: version' \
    pkg-config --exact-version "$(meson introspect --projectinfo "$build" |
        "$python" -c 'import json, sys; print(json.load(sys.stdin)["version"])')" tempman-1
check 'pkg-config: folder of the GIR' \
    test -f "$(pkg-config --variable girdir tempman-1)/Tempman-1.gir"
check 'pkg-config: folder of the typelib' \
    test -f "$(pkg-config --variable typelibdir tempman-1)/Tempman-1.typelib"
check 'command' "$prefix/bin/tempman" --version
check 'manual page' test -f "$prefix/share/man/man1/tempman.1"
check 'completion: bash' test -f "$prefix/share/bash-completion/completions/tempman"
check 'completion: zsh' test -f "$prefix/share/zsh/site-functions/_tempman"
check 'completion: fish' test -f "$prefix/share/fish/vendor_completions.d/tempman.fish"
check 'systemd units' grep "^ExecStart=$prefix/bin/tempman " \
    "$prefix/share/doc/tempman/examples/tempman-cleanup@.service"
check 'vapi' test -f "$prefix/share/vala/vapi/tempman-1.vapi"
check 'documentation' test -f "$prefix/share/doc/Tempman-1/index.html"
check 'documentation: for Devhelp' test -f "$prefix/share/doc/Tempman-1/Tempman-1.devhelp2"

for compiler in gcc clang; do
    check "headers: $compiler, C99" compiles $compiler -std=c99
    check "headers: $compiler, C17" compiles $compiler -std=c17
done
for compiler in g++ clang++; do
    check "headers: $compiler, C++17" compiles $compiler -std=c++17 -x c++
done
for header in "$prefix"/include/tempman-1/tm-*.h; do
    check "headers: only through tempman.h: $(basename "$header")" refuses "$header"
done

check 'Python package' "$python" -c '
import tempman
import gi.overrides.Tempman as override
for module in tempman, override:
    assert module.__file__.startswith("'"$prefix"'"), module.__file__
with tempman.create_temp_dir() as directory:
    print(directory.path)
'
cat >"$work/override.js" <<'JS'
import GLib from 'gi://GLib';
import Tempman from 'gi://Tempman?version=1';

// Promises come from the override alone.
const directory = await Tempman.TemporaryDirectory.new_async(null, null, GLib.PRIORITY_DEFAULT, null);
if (!await directory.close_async(GLib.PRIORITY_DEFAULT, null))
    throw new Error('not closed');
JS
check 'JavaScript override' gjs -m "$work/override.js"

# In a locale of its own: newer C libraries do not translate in C.UTF-8.
speaks_german() {
    localedef -c -i de_DE -f UTF-8 "$work/de_DE.UTF-8" >/dev/null
    LOCPATH=$work LC_ALL=de_DE.UTF-8 "$prefix/bin/tempman" --help | grep 'erklärt einen Befehl'
}
check 'translations' speaks_german

# All of the tests in C are long, and do not change with the place they are run from.
for tests in c-root.test c-temporary-directory c-translations c-version python- javascript- vala- lua- perl- ruby- \
    tool-create tool-run; do
    check "installed tests: $tests" run_installed $tests
done

finish
