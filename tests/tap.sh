# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# For the shell scripts that are tests: read in, not run. Prints TAP.
# shellcheck shell=sh

n_checks=0
n_failed=0
tap_log=$(mktemp)
trap 'rm -f "$tap_log"' EXIT

# check NAME COMMAND...: a test that passes when the command succeeds. Says whether it did.
check() {
    check_name=$1
    shift
    n_checks=$((n_checks + 1))
    if "$@" >"$tap_log" 2>&1 </dev/null; then
        echo "ok $n_checks - $check_name"
    else
        echo "not ok $n_checks - $check_name"
        { echo "$*" && tail -n 60 "$tap_log"; } | sed 's/^/# /'
        n_failed=$((n_failed + 1))
        return 1
    fi
}

# check_fails NAME COMMAND...: one that passes when the command does not succeed.
check_fails() {
    check_name=$1
    shift
    check "$check_name" fails "$@"
}

fails() {
    ! "$@"
}

# skip NAME REASON
skip() {
    n_checks=$((n_checks + 1))
    echo "ok $n_checks - $1 # SKIP $2"
}

finish() {
    echo "1..$n_checks"
    [ "$n_failed" -eq 0 ]
    exit
}
