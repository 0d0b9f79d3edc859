#!/bin/sh
# The helper that compiles ahead where PoCL's cache lacks programs (src/opencl/precompile.h): it takes part; if it fails
# in any way, the start goes on and nothing of it is left.
# usage: ahead.sh LAYER SCRATCH_FOLDER LIMNER_CONFORM
set -u
layer=$1 scratch=$2 conform=$3
here=${0%/*}
status=0
rm -rf "$scratch"
mkdir -p "$scratch" || exit 1
. "$here/layer/lib.sh"
# One program is missing, or all of them the first time.
mkdir "$scratch/pocl"
cp -R "${POCL_CACHE_DIR-/nonexistent}/." "$scratch/pocl" 2>/dev/null
mkfifo "$scratch/alive" || exit 1
: >"$scratch/held"
export POCL_CACHE_DIR="$scratch/pocl"

# The folders in /proc of this test's helpers.
helpers() {
    for process in /proc/[0-9]*; do
        case $(readlink "$process/exe") in
        */limner-probe) grep -qF "log=$scratch/log" "$process/environ" 2>/dev/null && echo "$process" ;;
        esac
    done
}

# While the helper hangs: it has nothing of what its parent has open.
look_at_files() {
    grep -q '^hanging in ' "$scratch/log" 2>/dev/null || return
    for process in $(helpers); do
        seen=yes
        for file in "$process"/fd/*; do
            for held in "$scratch/held" "$scratch/alive" "$scratch/out"; do
                [ "$file" -ef "$held" ] && complain "the helper has its parent's file $held"
            done
        done
    done
}

# start SETTINGS: with a program less in PoCL's cache.
start() {
    settings=$1 seen=no
    find "$scratch/pocl" -type d -name gemm_packed | while read -r kernel; do rm -r "${kernel%/*}"; done
    timeout 240 cat "$scratch/alive" >/dev/null & # ends with the last process that has it open
    alive=$!
    (on_layer "$1" "$conform" --platform 'Portable Computing Language' --op fill --small \
        9>"$scratch/alive" 0>&9 8>"$scratch/held") &
    run=$!
}

finish() {
    while kill -0 $run 2>/dev/null; do
        look_at_files
        sleep 0.1
    done
    wait $run
    code=$?
    wait $alive || complain "a process is left"
    [ -z "$(helpers)" ] || complain "the helper is left"
    [ $code -eq 3 ] && grep -q 'no OpenCL platform\|no platform matches' "$scratch/out" && exit 77
    [ $code -eq 0 ] || complain "exit code $code"
}

# The rules are for the helper.
for fault in 'hang=clBuildProgram:1' 'fail=clCreateContext:1:-6' 'fail=clEnqueueNDRangeKernel:3:-5'; do
    for try in 1 2 3; do # on a busy machine it may be needed no more before it has begun
        start "probe=1 units=2 $fault"
        finish
        grep -q '^hanging in \|^injected ' "$scratch/log" && continue 2
    done
    complain "the helper has not begun in $try starts"
done
start 'probe=1 units=1 fail=clCreateContext:1:-6'
finish
if grep -q '^injected ' "$scratch/log"; then complain "two processes for one core"; fi

# Whoever starts it may be killed while it hangs.
start 'probe=1 hang=clGetDeviceInfo:1'
for wait in $(seq 600); do
    grep -q '^hanging in ' "$scratch/log" 2>/dev/null && break
    sleep 0.1
done
look_at_files
[ $seen = yes ] || complain "the helper's files were not looked at"
for process in $(helpers); do
    parent=$(sed -n 's/^PPid:[[:space:]]*//p' "$process/status")
done
kill -9 "$parent"
wait $run 2>/dev/null
wait $alive || complain "a process is left"
for wait in $(seq 600); do
    [ -z "$(helpers)" ] && break
    sleep 0.1
done
[ -z "$(helpers)" ] || complain "the helper outlives the process that started it"
exit $status
