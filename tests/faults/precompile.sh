#!/bin/sh
# The child that compiles ahead where PoCL's cache lacks programs (src/opencl/precompile.h): it takes part, and
# whatever becomes of it, the start goes on and nothing is left of it.
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
export POCL_CACHE_DIR="$scratch/pocl"

start() {
    settings=$1
    find "$scratch/pocl" -type d -name gemm_packed | while read -r kernel; do rm -r "${kernel%/*}"; done
    timeout 240 cat "$scratch/alive" >/dev/null & # ends with the last process that has it open
    alive=$!
    (on_layer "$1" "$conform" --platform 'Portable Computing Language' --op fill --small \
        9>"$scratch/alive" 0>&9 9>&- 8>/dev/null) &
    run=$!
    # While the child hangs: of what its parent has open, it has the three standard files.
    while kill -0 $run 2>/dev/null; do
        for process in /proc/[0-9]*; do
            grep -q '^hanging in ' "$scratch/log" 2>/dev/null || continue
            [ "$process/fd/0" -ef "$scratch/alive" ] && [ -e "$process/fd/8" ] || continue
            [ "$process/fd/1" -ef /dev/null ] && complain "the child has its parent's files"
        done
        sleep 0.1
    done
    wait $run
    code=$?
    wait $alive || complain "a process is left"
    [ $code -eq 3 ] && grep -q 'no OpenCL platform\|no platform matches' "$scratch/out" && exit 77
    [ $code -eq 0 ] || complain "exit code $code"
}

# The rules are for the child.
for fault in 'hang=clBuildProgram:1' 'fail=clCreateContext:1:-6' 'fail=clEnqueueNDRangeKernel:3:-5'; do
    for try in 1 2 3; do # on a busy machine it may be needed no more before it has begun
        start "probe=1 units=2 $fault"
        grep -q '^hanging in \|^injected ' "$scratch/log" && continue 2
    done
    complain "the child has not begun in $try starts"
done
start 'probe=1 units=1 fail=clCreateContext:1:-6'
if grep -q '^injected ' "$scratch/log"; then complain "two processes for one core"; fi
exit $status
