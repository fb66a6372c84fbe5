#!/bin/sh
# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Builds with warnings as errors and runs every test, also under the sanitizers and valgrind.
# The last line of its output is the count of tests.

set -u

source_dir=$(cd "$(dirname "$0")/.." && pwd)
results=$source_dir/_build-results
passed=0
failed=0
skipped=0

sh "$source_dir/docs/install-dependencies.sh" --tests || exit 1
rm -rf "$results"
mkdir -p "$results"
started=$(date +%s)

# The tests create and delete very many files, for which a disk can take forty times as long as
# memory. Those that are about file systems mount their own.
if [ -z "${TMPDIR:-}" ] && [ "$(stat -f -c %T /dev/shm 2>/dev/null)" = tmpfs ] && [ -w /dev/shm ]; then
    TMPDIR=$(mktemp -d /dev/shm/tempman-tests-XXXXXX)
    export TMPDIR
    chmod 755 "$TMPDIR"
    trap 'rm -rf --one-file-system "$TMPDIR"' EXIT
fi

# begin TITLE: says what follows, and how long after the start.
begin() {
    elapsed=$(($(date +%s) - started))
    printf '== %d:%02d %s\n' $((elapsed / 60)) $((elapsed % 60)) "$1"
}

# count PASSED FAILED SKIPPED
count() {
    echo "$1 passed, $2 failed, $3 skipped"
    passed=$((passed + $1))
    failed=$((failed + $2))
    skipped=$((skipped + $3))
}

# fail NAME: counts a failure of a step that is not a test.
fail() {
    echo "FAILED: $1"
    failed=$((failed + 1))
}

# skip NAME REASON
skip() {
    echo "SKIPPED: $1: $2"
    skipped=$((skipped + 1))
}

# build NAME COMPILER MESON-OPTIONS...
build() {
    name=$1
    compiler=$2
    cxx=g++
    [ "$compiler" != clang ] || cxx=clang++
    shift 2
    begin "$name: build"
    rm -rf "$source_dir/_build-$name"
    if CC=$compiler CXX=$cxx meson setup "$source_dir/_build-$name" "$source_dir" -Dwerror=true "$@" \
        >"$results/$name-setup.log" 2>&1 &&
        meson compile -C "$source_dir/_build-$name" >"$results/$name-build.log" 2>&1; then
        return 0
    fi
    cat "$results/$name-setup.log" "$results/$name-build.log" 2>/dev/null | tail -n 60
    fail "build of $name"
    return 1
}

# run NAME LABEL MESON-TEST-OPTIONS...: each line of TAP counts, and each test without any.
run() {
    name=$1
    label=$2
    shift 2
    begin "$label: test"
    status=0
    meson test -C "$source_dir/_build-$name" --no-rebuild --print-errorlogs --logbase "$label" \
        "$@" </dev/null >"$results/$label.log" 2>&1 || status=$?
    # Under a wrapper, Meson adds its name to that of the log.
    counts=$(/usr/bin/python3 "$source_dir/tests/count.py" \
        "$source_dir/_build-$name/meson-logs/$label"*.json) || {
        fail "$label: no results"
        tail -n 60 "$results/$label.log"
        return
    }
    # shellcheck disable=SC2086
    set -- $counts
    count "$@"
    [ "$status" -eq 0 ] || {
        cat "$results/$label.log"
        [ "$2" -gt 0 ] || fail "$label: meson test exited with $status"
    }
}

# run_script LABEL SCRIPT ARGUMENTS...: one that prints TAP, of which each line counts.
run_script() {
    label=$1
    shift
    begin "$label"
    status=0
    sh "$@" </dev/null >"$results/$label.log" 2>&1 || status=$?
    n_skipped=$(grep -c '^ok .*# SKIP' "$results/$label.log")
    n_failed=$(grep -c '^not ok ' "$results/$label.log")
    count $(($(grep -c '^ok ' "$results/$label.log") - n_skipped)) "$n_failed" "$n_skipped"
    [ "$status" -eq 0 ] || {
        cat "$results/$label.log"
        [ "$n_failed" -gt 0 ] || fail "$label: ended with $status"
    }
}

prefix=$source_dir/_build-gcc/installed
build gcc gcc --prefix "$prefix" --libdir lib -Dauto_features=enabled -Dinstalled_tests=true \
    -Dpython_overrides_dir="$prefix/python/gi/overrides" && {
    run gcc gcc
    meson install -C "$source_dir/_build-gcc" --no-rebuild --quiet || fail 'meson install'
    run_script installed "$source_dir/tests/installed.sh" "$source_dir/_build-gcc" "$prefix"
    run_script python-types "$source_dir/tests/python/typing/published.sh" "$prefix"
    run_script javascript-types "$source_dir/tests/javascript/types/published.sh" "$prefix"
    run_script subproject "$source_dir/tests/subproject/test.sh" "$prefix"
    run_script dist "$source_dir/tests/dist.sh" "$source_dir/_build-gcc"
    # Valgrind runs one thread at a time: there are no races under it. It has no openat2(): what runs
    # without it would be run twice. It keeps the limit of descriptors for itself, has memory of its own,
    # and takes the arguments that mount() ignores for errors. Leaks are the sanitizer's: it does not
    # count what a forked child has of the other threads of its parent. Of the faults, those of a
    # directory are enough: the others take as long as all that is left. Heartbeats mostly wait: the
    # sanitizers watch them.
    run gcc valgrind --suite c --no-suite without-openat2 --no-suite heartbeats --timeout-multiplier 10 \
        --test-args '-x /attack-races -x /attacks/moved-out \
                     -x /delete/descriptors -x /delete-threads/descriptors -x /contents/depth -x /contents/memory \
                     -x /age/content/depth -x /age/content/mounts -x /measure/large \
                     -x /persist/mounts -x /persist-races -x /root-entry/mounts-and-times \
                     -x /close/out-of-descriptors -x /stress -x /threads \
                     -x /crashes -x /faults/deep -x /faults-root -x /faults-persist' \
        --wrap 'valgrind -q --error-exitcode=99'
}
build clang clang -Dintrospection=disabled && run clang clang --suite c --no-suite heartbeats
# Tests of descriptors are skipped there, and without openat2() it makes the same calls.
build gio gcc -Dintrospection=disabled -Dgio_only=true &&
    run gio gio --suite c --no-suite without-openat2 --no-suite heartbeats
build sanitizers gcc -Dintrospection=disabled -Db_sanitize=address,undefined -Db_lundef=false &&
    run sanitizers sanitizers --suite c --suite tool --timeout-multiplier 3

begin 'tsan: GLib'
glib_status=0
glib=$(sh "$source_dir/tests/build-glib-tsan.sh" 2>"$results/glib-tsan.log") || glib_status=$?
case $glib_status in
0)
    # On some kernels the sanitizer starts only when addresses are not randomized.
    without_randomization=
    ! setarch -R true 2>/dev/null || without_randomization='setarch -R'
    build tsan gcc -Dintrospection=disabled -Db_sanitize=thread -Db_lundef=false \
        -Dpkg_config_path="$glib" &&
        run tsan tsan --suite c --timeout-multiplier 3 --wrap "$without_randomization"
    ;;
77)
    skip tsan "$(tail -n 1 "$results/glib-tsan.log")"
    ;;
*)
    cat "$results/glib-tsan.log"
    fail 'tsan: GLib'
    ;;
esac

run_script options "$source_dir/tests/options.sh"

run_script quickstart "$source_dir/tests/quickstart.sh"

begin end
if [ "$skipped" -gt 0 ]; then
    echo "$passed passed, $failed failed, $skipped skipped"
else
    echo "$passed passed, $failed failed"
fi
[ "$failed" -eq 0 ]
