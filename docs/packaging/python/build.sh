#!/bin/sh
# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Builds the wheel tempman-gi from the last commit. Usage: build.sh [FOLDER]: where the wheel is put; by default _build-wheel
# at the top of the sources. Prints the path of the wheel.
#
# It needs what the library is built with, and pip and meson-python: docs/install-dependencies.sh --packaging

set -eu

here=$(cd "$(dirname "$0")" && pwd)
source_dir=$(cd "$here/../../.." && pwd)
folder=${1:-$source_dir/_build-wheel}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/source" "$work/wheel"

# The last commit, or the content of a release.
if [ -e "$source_dir/.git" ]; then
    git -C "$source_dir" archive HEAD | tar -xf - -C "$work/source"
    SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$source_dir" log -1 --format=%ct)}
else
    tar -C "$source_dir" --exclude='./_*' -cf - . | tar -xf - -C "$work/source"
    SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(stat -c %Y "$source_dir/meson.build")}
fi
export SOURCE_DATE_EPOCH
cp "$here/pyproject.toml" "$work/source"

# The python3 first in PATH may be one without PyGObject.
python=python3
"$python" -c 'import gi, mesonpy' 2>/dev/null || python=/usr/bin/python3
"$python" -c 'import gi, mesonpy' || {
    echo 'PyGObject and meson-python are needed: docs/install-dependencies.sh --packaging' >&2
    exit 1
}

# Nothing is fetched, and paths of this machine are no part of the library.
CFLAGS="${CFLAGS:-} -ffile-prefix-map=$work=." \
    "$python" -m pip wheel --quiet --disable-pip-version-check --no-index --no-build-isolation --no-deps \
    --wheel-dir "$work/wheel" "$work/source" >&2
"$python" "$here/retag.py" "$work"/wheel/*.whl "$folder"
