#!/bin/sh
# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Builds the wheel, installs it in an environment of its own where nothing else of the library is found, and runs the
# tests of Python there. Usage: wheel.sh [WHEEL]: one that is built already. Prints TAP.

set -u

here=$(cd "$(dirname "$0")" && pwd)
source_dir=$(cd "$here/../.." && pwd)

. "$here/../tap.sh"
work=$(mktemp -d)
trap 'rm -rf "$tap_log" "$work"' EXIT

# The environment of a user who has set nothing.
unset GI_TYPELIB_PATH LD_LIBRARY_PATH PYTHONPATH PYGI_OVERRIDES_PATH
export PYTHONDONTWRITEBYTECODE=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
python=/usr/bin/python3
user=$work/user/bin/python

if [ $# -gt 0 ]; then
    wheel=$1
else
    "$python" -c 'import gi, mesonpy, pip, venv' 2>/dev/null || {
        skip wheel 'needs pip, venv and meson-python: docs/install-dependencies.sh --packaging'
        finish
    }
fi
if "$python" -c 'import gi; gi.require_version("Tempman", "1")' 2>/dev/null; then
    skip wheel 'the library is installed in the system'
    finish
fi

build() {
    sh "$source_dir/docs/packaging/python/build.sh" "$work/$1" && wheel=$(echo "$work/$1"/*.whl)
}

# The same bytes, whatever the folder, the time and the mask are.
build_again() {
    (umask 077 && TZ=Asia/Tokyo TMPDIR=$work/another sh "$source_dir/docs/packaging/python/build.sh" "$work/second") &&
        cmp "$wheel" "$work/second/$(basename "$wheel")"
}

list_wheel() {
    "$python" -m zipfile -l "$wheel" | awk 'NR > 1 { print $1 }' | sort
}

has_content() {
    list_wheel >"$work/found" && cat "$work/found" &&
        sed "s/INFO/$(basename "$wheel" | cut -d- -f1,2).dist-info/" >"$work/expected" <<'END' &&
INFO/METADATA
INFO/RECORD
INFO/WHEEL
gi-stubs/py.typed
gi-stubs/repository/Tempman.pyi
tempman/__init__.py
tempman/__init__.pyi
tempman/_bundle/Tempman-1.typelib
tempman/_bundle/Tempman.py
tempman/_bundle/libtempman-1.so.0
tempman/_bundle/locale/de/LC_MESSAGES/tempman-1.mo
tempman/_bundle/locale/es/LC_MESSAGES/tempman-1.mo
tempman/_bundle/locale/fr/LC_MESSAGES/tempman-1.mo
tempman/_bundle/locale/ja/LC_MESSAGES/tempman-1.mo
tempman/_bundle/locale/pt_BR/LC_MESSAGES/tempman-1.mo
tempman/_bundle/locale/zh_CN/LC_MESSAGES/tempman-1.mo
tempman/py.typed
END
        LC_ALL=C sort "$work/expected" >"$work/sorted" && LC_ALL=C sort "$work/found" | diff "$work/sorted" -
}

is_for_every_python() {
    echo "$wheel" | grep 'py3-none-linux_[0-9a-z_]*\.whl$'
}

install() {
    "$1" -m pip install --quiet --no-index "$wheel"
}

make_environment() {
    "$python" -m venv --system-site-packages "$work/user" && list_files >"$work/before"
}

list_files() {
    (cd "$work/user" && find . | grep -v __pycache__ | sort)
}

# The library that the process has loaded is the one of the wheel.
imports() {
    "$user" -I -c '
import pathlib, sys, tempman
from gi.repository import Tempman
with tempman.create_temp_dir() as directory:
    print(directory.path)
assert tempman.Root is Tempman.Root
libraries = {line.split()[-1] for line in open("/proc/self/maps") if "libtempman" in line}
assert libraries == {str(pathlib.Path(tempman.__file__).parent / "_bundle/libtempman-1.so.0")}, libraries
'
}

make_german_locale() {
    mkdir "$work/locales" && localedef -i de_DE -f UTF-8 "$work/locales/de_DE.UTF-8"
}

# The catalogues of the wheel. Newer versions of glibc translate nothing in C.UTF-8.
speaks_german() {
    LOCPATH=$work/locales LC_ALL=de_DE.UTF-8 LANGUAGE='' "$user" -I -c '
import locale, tempman
from gi.repository import GLib
locale.setlocale(locale.LC_ALL, "")
try:
    tempman.create_temp_dir(prefix="a/b")
except GLib.Error as error:
    message = error.message
assert "»a/b« erstellt werden: ein Präfix ist" in message, message
'
}

# Files of another version, which PyGObject would find first.
imports_beside_others() {
    mkdir -p "$work/other/gi/overrides" && echo 'raise SystemExit("the other override")' \
        >"$work/other/gi/overrides/Tempman.py" && echo broken >"$work/other/Tempman-1.typelib" &&
        echo broken >"$work/other/libtempman-1.so.0" &&
        GI_TYPELIB_PATH=$work/other LD_LIBRARY_PATH=$work/other PYTHONPATH=$work/other "$user" -c '
import tempman
tempman.create_temp_dir().close()'
}

# run_test NAME: of the tests of Python, with an interpreter that finds the wheel alone.
run_test() {
    G_DEBUG=fatal-warnings "$user" "$source_dir/tests/python/test_$1.py"
}

import_names_pygobject() {
    "$python" -m venv "$work/alone" && install "$work/alone/bin/python" &&
        ! "$work/alone/bin/python" -c 'import tempman' 2>"$work/output" && cat "$work/output" &&
        grep '^ImportError: tempman needs PyGObject' "$work/output"
}

leaves_nothing() {
    "$user" -m pip uninstall --quiet --yes tempman-gi && list_files | diff "$work/before" -
}

mkdir "$work/another"
if [ $# -eq 0 ]; then
    check 'wheel: built' build first || finish
    check 'wheel: built again, byte for byte the same' build_again
fi
check 'wheel: content' has_content
check 'wheel: for every Python 3' is_for_every_python
check 'environment' make_environment
check 'installed' install "$user" || finish
check 'import, with the library of the wheel' imports
if make_german_locale 2>/dev/null; then
    check 'translations of the wheel' speaks_german
else
    skip 'translations of the wheel' 'there are no sources of locales: the package locales is missing'
fi
check 'import, beside another version' imports_beside_others
for test in arguments async await cleanup creation delete errors interface language links misuse original package \
    properties warnings; do
    check "tests of Python: $test" run_test "$test"
done
check 'without PyGObject: the import names it' import_names_pygobject
check 'uninstalled: nothing is left' leaves_nothing
finish
