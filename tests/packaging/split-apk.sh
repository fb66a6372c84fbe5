#!/bin/sh
# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Divides installed files into packages by the functions of an APKBUILD, as abuild does where it exists.
# Usage: split-apk.sh APKBUILD FOLDER RESULT: the files of each subpackage are moved from FOLDER to RESULT/NAME.

set -eu

pkgdir=$2
result=$3

# As in abuild: moves files to the subpackage, and fails if one does not exist.
amove() {
    for file; do
        [ -e "$pkgdir/$file" ] || [ -L "$pkgdir/$file" ] || {
            echo "$subpkgname: there is no $file" >&2
            return 1
        }
        mkdir -p "$subpkgdir/$(dirname "$file")"
        mv "$pkgdir/$file" "$subpkgdir/$file"
    done
}

# The functions that abuild has for the usual subpackages, for the files that this project has.
default_dev() {
    for file in usr/include usr/lib/pkgconfig usr/share/gir-1.0 usr/share/vala/vapi usr/lib/*.so; do
        amove "$file"
    done
}

dev() {
    default_dev
}

doc() {
    amove usr/share/doc usr/share/man
}

lang() {
    amove usr/share/locale
}

bashcomp() {
    amove usr/share/bash-completion/completions
}

zshcomp() {
    amove usr/share/zsh/site-functions
}

fishcomp() {
    amove usr/share/fish/vendor_completions.d
}

# shellcheck source=/dev/null
. "$1"

# shellcheck disable=SC2154
for subpackage in $subpackages; do
    subpkgname=${subpackage%%:*}
    subpkgdir=$result/$subpkgname
    case $subpackage in
    *:*)
        split=${subpackage#*:}
        split=${split%%:*}
        ;;
    *-bash-completion) split=bashcomp ;;
    *-fish-completion) split=fishcomp ;;
    *-zsh-completion) split=zshcomp ;;
    *) split=${subpkgname##*-} ;;
    esac
    mkdir -p "$subpkgdir"
    (cd "$pkgdir" && "$split")
done
