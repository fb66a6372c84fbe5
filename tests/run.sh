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

# test_in NAME LABEL MESON-TEST-OPTIONS...: runs tests without a word.
test_in() {
    build_dir=$source_dir/_build-$1
    output=$results/$2
    shift
    meson test -C "$build_dir" --no-rebuild --print-errorlogs --logbase "$@" \
        </dev/null >"$output.log" 2>&1
    echo $? >"$output.status"
}

# report NAME LABEL: each line of TAP counts, and each test without any.
report() {
    status=$(cat "$results/$2.status")
    # Under a wrapper, Meson adds its name to that of the log.
    counts=$(/usr/bin/python3 "$source_dir/tests/count.py" \
        "$source_dir/_build-$1/meson-logs/$2"*.json) || {
        fail "$2: no results"
        tail -n 60 "$results/$2.log"
        return
    }
    label=$2
    # shellcheck disable=SC2086
    set -- $counts
    count "$@"
    [ "$status" -eq 0 ] || {
        cat "$results/$label.log"
        [ "$2" -gt 0 ] || fail "$label: meson test exited with $status"
    }
}

# run NAME LABEL MESON-TEST-OPTIONS...
run() {
    begin "$2: test"
    test_in "$@"
    report "$1" "$2"
}

# wait_beside NAME LABEL TESTS...: begins with the tests that mostly wait, or with some of them, while
# the others run. They use hardly any processor, so that all can wait at once.
wait_beside() {
    name=$1
    label=$2
    shift 2
    test_in "$name" "$label" --suite waiting --num-processes 16 --timeout-multiplier 3 "$@" &
    waiting=$!
}

# report_waiting NAME LABEL
report_waiting() {
    begin "$2: waiting"
    wait "$waiting"
    report "$1" "$2"
}

# script_in LABEL SCRIPT ARGUMENTS...: runs one that prints TAP, without a word.
script_in() {
    output=$results/$1
    shift
    sh "$@" </dev/null >"$output.log" 2>&1
    echo $? >"$output.status"
}

# report_script LABEL: each line of TAP counts.
report_script() {
    status=$(cat "$results/$1.status")
    n_skipped=$(grep -c '^ok .*# SKIP' "$results/$1.log")
    n_failed=$(grep -c '^not ok ' "$results/$1.log")
    count $(($(grep -c '^ok ' "$results/$1.log") - n_skipped)) "$n_failed" "$n_skipped"
    [ "$status" -eq 0 ] || {
        cat "$results/$1.log"
        [ "$n_failed" -gt 0 ] || fail "$1: ended with $status"
    }
}

# run_script LABEL SCRIPT ARGUMENTS...
run_script() {
    begin "$1"
    script_in "$@"
    report_script "$1"
}

# Builds of other kinds. Half of the time they use one processor only, and so run beside other tests.
scripts='python-types javascript-types subproject dist options quickstart'
run_scripts() {
    script_in python-types "$source_dir/tests/python/typing/published.sh" "$prefix"
    script_in javascript-types "$source_dir/tests/javascript/types/published.sh" "$prefix"
    script_in subproject "$source_dir/tests/subproject/test.sh" "$prefix"
    script_in dist "$source_dir/tests/dist.sh" "$source_dir/_build-gcc"
    script_in quickstart "$source_dir/tests/quickstart.sh"
    # With 32-bit words: what depends on times, sizes and structures of the kernel.
    script_in i386 "$source_dir/tests/portability/portability.sh" i386 age close contents creation \
        delete expiry file-systems identities keep limits locking log measure messages persist root \
        sizes version
}

# report_portability PLATFORM: the last line has the count. A machine may not be able to make chroots.
report_portability() {
    begin "$1"
    grep -q '^== [0-9:]* configure$' "$results/$1.log" || {
        skip "$1" "$(tail -n 2 "$results/$1.log" | head -n 1)"
        return
    }
    counts=$(tail -n 1 "$results/$1.log" |
        sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed, \([0-9]*\) skipped$/\1 \2 \3/p')
    # shellcheck disable=SC2086
    count ${counts:-0 0 0}
    [ "$(cat "$results/$1.status")" -eq 0 ] || {
        cat "$results/$1.log"
        fail "$1"
    }
}

prefix=$source_dir/_build-gcc/installed
build gcc gcc --prefix "$prefix" --libdir lib -Dauto_features=enabled -Dinstalled_tests=true \
    -Dpython_overrides_dir="$prefix/python/gi/overrides" && {
    wait_beside gcc waits-gcc
    run gcc gcc --no-suite waiting
    report_waiting gcc waits-gcc
    meson install -C "$source_dir/_build-gcc" --no-rebuild --quiet || fail 'meson install'
    run_script installed "$source_dir/tests/installed.sh" "$source_dir/_build-gcc" "$prefix"
    run_scripts &
    scripts_pid=$!
    script_in options "$source_dir/tests/options.sh" &
    options_pid=$!
    # Valgrind runs one thread at a time: there are no races under it. It has no openat2(): what runs
    # without it would be run twice. It keeps the limit of descriptors for itself, has memory of its own,
    # and takes the arguments that mount() ignores for errors. Leaks are the sanitizer's: it does not
    # count what a forked child has of the other threads of its parent. Of the faults, those of a
    # directory are enough: the others take as long as all that is left. What waits is for the
    # sanitizers.
    run gcc valgrind --suite c --no-suite without-openat2 --no-suite waiting --timeout-multiplier 10 \
        --test-args '-x /attack-races -x /attacks/moved-out \
                     -x /delete/descriptors -x /delete-threads/descriptors -x /contents/depth -x /contents/memory \
                     -x /age/content/depth -x /age/content/mounts -x /measure/large \
                     -x /persist/mounts -x /persist-races -x /root-entry/mounts-and-times \
                     -x /close/out-of-descriptors -x /stress -x /threads -x /campaign \
                     -x /crashes -x /kills -x /faults/deep -x /faults-root -x /faults-persist \
                     -x /remote-faults -x /root-signals/many -x /root-signals/cancel-many \
                     -x /hanging-mounts -x /log' \
        --wrap 'valgrind -q --error-exitcode=99'
    wait "$scripts_pid" "$options_pid"
    for script in $scripts; do
        begin "$script"
        report_script "$script"
    done
    report_portability i386
}
# clang has warnings of its own. What it compiles is tested without the calls that only Linux has.
build clang clang -Dintrospection=disabled
build no-linux-calls clang -Dintrospection=disabled -Dlinux_calls=disabled &&
    run no-linux-calls no-linux-calls --suite c --suite tool --no-suite waiting
# Tests of descriptors are skipped there, and without openat2() it makes the same calls.
build gio gcc -Dintrospection=disabled -Dgio_only=true &&
    run gio gio --suite c --no-suite without-openat2 --no-suite waiting
build sanitizers gcc -Dintrospection=disabled -Db_sanitize=address,undefined -Db_lundef=false &&
    {
        wait_beside sanitizers waits-sanitizers heartbeat remote-heartbeat tool-heartbeats
        run sanitizers sanitizers --suite c --suite tool --no-suite waiting --timeout-multiplier 3
        report_waiting sanitizers waits-sanitizers
    }

begin 'tsan: GLib'
glib_status=0
glib=$(sh "$source_dir/tests/build-glib-tsan.sh" 2>"$results/glib-tsan.log") || glib_status=$?
case $glib_status in
0)
    # On some kernels the sanitizer starts only when addresses are not randomized.
    without_randomization=
    ! setarch -R true 2>/dev/null || without_randomization='setarch -R'
    build tsan gcc -Dintrospection=disabled -Db_sanitize=thread -Db_lundef=false \
        -Dpkg_config_path="$glib" && {
        wait_beside tsan waits-tsan heartbeat remote-heartbeat --wrap "$without_randomization"
        run tsan tsan --suite c --no-suite without-openat2 --no-suite waiting --timeout-multiplier 3 \
            --wrap "$without_randomization"
        report_waiting tsan waits-tsan
    }
    ;;
77)
    skip tsan "$(tail -n 1 "$results/glib-tsan.log")"
    ;;
*)
    cat "$results/glib-tsan.log"
    fail 'tsan: GLib'
    ;;
esac

begin end
if [ "$skipped" -gt 0 ]; then
    echo "$passed passed, $failed failed, $skipped skipped"
else
    echo "$passed passed, $failed failed"
fi
[ "$failed" -eq 0 ]
