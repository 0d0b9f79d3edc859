#!/bin/sh
# Installs what is missing, builds limner and runs its tests, in one of two tiers.
# usage: sh tests/run.sh [short|full] [BUILD_FOLDER [VARIANT...]]     (default: short, in build/tests, all variants)
#   short  what daily work can break: gcc, clang, and the sanitizers with leaks; conformance on PoCL and on the CPU path
#   full   everything: each feature left out, rusticl, Oclgrind, mutations, faults in every call, threads, fuzzing
# Ends with "N passed, N failed", after the commands that rerun what failed; the exit code is 0 only where nothing did.
set -u
root=$(cd "$(dirname "$0")/.." && pwd) || exit 1
tier=short
case ${1:-} in
short | full)
    tier=$1
    shift
    ;;
esac
build=${1:-$root/build/tests}
[ $# -eq 0 ] || shift
wanted=$*
began=$(date +%s)
# What the user has set for limner or for the drivers is not for the tests.
for name in $(env | sed -nE 's/^((LIMNER|OCL|OPENCL|POCL|RUSTICL|OMP|XDG)_[A-Z0-9_]*)=.*/\1/p'); do unset "$name"; done
sh "$root/tests/install.sh" "$([ "$tier" = full ] && echo full || echo tests)" || exit 1
mkdir -p "$build" || exit 1
build=$(cd "$build" && pwd) || exit 1

# Most of a variant is compiled for another one already. The cache is the gate's own.
ccache=''
if command -v ccache >/dev/null 2>&1; then
    ccache='ccache '
    export CCACHE_DIR="$build/ccache" CCACHE_NOHASHDIR=1
fi
# Some tests wait more than they compute.
jobs=$(($(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2) + 1))

passed=0
failed=0
notes=''

# fail HOW_TO_RERUN_IT [ITS_LAST_LINES]
fail() {
    failed=$((failed + 1))
    notes="$notes
FAILED $1"
    [ -z "${2:-}" ] || notes="$notes
$2"
}

# last_lines DIR SUITE N: of what the Nth test that failed printed.
last_lines() {
    python3 - "$1/meson-logs/$2.json" "$3" <<'PY'
import json, sys
rows = [json.loads(line) for line in open(sys.argv[1])]
bad = [row for row in rows if row["result"] not in ("OK", "EXPECTEDFAIL", "SKIP")]
row = bad[int(sys.argv[2])]
print(f"    {row['result']}, exit code {row['returncode']}, {row['duration']:.0f} s")
lines = ((row.get("stdout") or "") + (row.get("stderr") or "")).splitlines()
for line in [line for line in lines if line.strip()][-6:]:
    print("    " + line[:300])
PY
}

# The counts of a meson test run, from its own record: passed, failed, and the names that failed.
count() {
    python3 - "$1/meson-logs/$2.json" <<'PY'
import json, sys
passed, failed, names = 0, 0, []
for line in open(sys.argv[1]):
    row = json.loads(line)
    if row["result"] in ("OK", "EXPECTEDFAIL"):
        passed += 1
    elif row["result"] != "SKIP":
        failed += 1
        names.append(row["name"].split(" / ")[-1])  # of "limner:suite / name"
print(passed, failed, ";".join(names))
PY
}

# variant NAME COMPILER "MESON OPTIONS" "SUITES" ["SUITES LEFT OUT" [TARGETS]]: builds with warnings as errors, all or the
# targets and what the suites need, and runs the suites, but not what is in one left out too.
variant() {
    name=$1
    case " ${wanted:-$name} " in
    *" $name "*) ;;
    *) return ;;
    esac
    dir=$build/$name
    started=$(date +%s)
    compiler=$ccache$2
    but=''
    for suite in ${5:-}; do but="$but --no-suite $suite"; done
    rebuild=--no-rebuild
    [ -z "${6:-}" ] || rebuild='' # what the tests need is built before they run
    printf '\n== %s: CC="%s" meson setup %s\n' "$name" "$compiler" "$3"
    # PoCL's kernels are the same in all of them.
    mkdir -p "$dir/tests" "$build/pocl-cache" && rm -rf "$dir/tests/pocl-cache" &&
        ln -s "$build/pocl-cache" "$dir/tests/pocl-cache"
    # shellcheck disable=SC2086
    if [ -f "$dir/build.ninja" ]; then
        meson setup --reconfigure "$dir" "$root" -Dwerror=true $3 >"$build/$name.log" 2>&1
    else
        CC=$compiler meson setup "$dir" "$root" -Dwerror=true $3 >"$build/$name.log" 2>&1
    fi && ninja -C "$dir" ${6:-all} >>"$build/$name.log" 2>&1
    if [ $? -ne 0 ]; then
        tail -n 40 "$build/$name.log"
        fail "build of $name: rm -rf '$dir' && CC='$compiler' meson setup '$dir' '$root' -Dwerror=true $3 && ninja -C '$dir'"
        return
    fi
    passed=$((passed + 1))
    for suite in $4; do
        rm -f "$dir/meson-logs/$suite.json"
        # A busy machine is no failure: four times the time. Tests of a group share two cores; those that load the machine say so with is_parallel: false.
        # shellcheck disable=SC2086
        meson test -C "$dir" $rebuild -t 4 --num-processes $jobs --suite "$suite" $but --print-errorlogs --logbase "$suite" </dev/null
        if [ ! -f "$dir/meson-logs/$suite.json" ]; then
            fail "(no record of a run) ${options}meson test -C '$dir' --no-rebuild --suite $suite $but"
            continue
        fi
        result=$(count "$dir" "$suite")
        ok=${result%% *}
        rest=${result#* }
        bad=${rest%% *}
        names=${rest#* }
        passed=$((passed + ok))
        nth=0
        while [ "$nth" -lt "$bad" ]; do
            fail "${options}meson test -C '$dir' --no-rebuild '${names%%;*}'" "$(last_lines "$dir" "$suite" "$nth")"
            names=${names#*;}
            nth=$((nth + 1))
        done
    done
    echo "== $name: $(($(date +%s) - started)) s; again: sh '$root/tests/run.sh' $tier '$build' $name"
}

# sanitizers ASAN_OPTIONS: for the variants that follow, and for the commands that rerun a test of theirs.
sanitizers() {
    export ASAN_OPTIONS="$1" UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
    export LSAN_OPTIONS="suppressions='$root/tests/support/lsan.supp':print_suppressions=0"
    options="ASAN_OPTIONS=$ASAN_OPTIONS UBSAN_OPTIONS=$UBSAN_OPTIONS LSAN_OPTIONS=\"$LSAN_OPTIONS\" "
}

sanitize="-Db_sanitize=address,undefined -Db_lundef=false -Dbuildtype=debugoptimized"
options=''

if [ "$tier" = short ]; then
    variant gcc gcc "" "lint unit cli conform" full
    variant clang clang "" "unit compiler" "full conform"
    sanitizers detect_leaks=1
    variant leaks clang "$sanitize -Dopencl=disabled" "unit cli" full
else
    variant gcc gcc "" "lint unit cli conform oclgrind mutation"
    variant clang clang "" "unit compiler"
    variant bare gcc "-Dopencl=disabled -Dblas=disabled -Dopenmp=disabled -Djpeg=disabled -Dzip=disabled -Dwebp=disabled -Dgif=disabled" \
        "unit cli conform"
    for feature in opencl blas openmp; do
        variant "no-$feature" gcc "-D$feature=disabled" "unit"
    done
    # Both programs, and what the tests of pictures need.
    for feature in jpeg zip webp gif; do
        variant "no-$feature" gcc "-D$feature=disabled" "pictures" "" "limner limner-conform"
    done
    # limner's own threads: those of OpenMP and OpenBLAS would only be noise.
    export TSAN_OPTIONS="halt_on_error=1:suppressions='$root/tests/support/tsan.supp'"
    options="TSAN_OPTIONS=\"$TSAN_OPTIONS\" "
    variant threads gcc "-Db_sanitize=thread -Db_lundef=false -Dbuildtype=debugoptimized -Dblas=disabled -Dopenmp=disabled" \
        "threads" "" "limner limner-conform"
    # Drivers leak what they hold to the end of the process: leaks are looked for where none is loaded.
    sanitizers detect_leaks=0
    variant asan clang "$sanitize" "unit cli" host
    sanitizers detect_leaks=1
    variant leaks clang "$sanitize -Dopencl=disabled" "unit cli"
    variant fuzz clang "$sanitize -Dopencl=disabled -Dfuzz=true" "fuzz" "" harnesses
fi

if [ $((passed + failed)) -eq 0 ]; then
    echo "run.sh: the $tier tier has no variant called '$wanted'" >&2
    exit 2
fi

[ -n "$notes" ] && printf '%s\n' "$notes"
printf '\n%s tier, %d s\n' "$tier" $(($(date +%s) - began))
printf '\n%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
