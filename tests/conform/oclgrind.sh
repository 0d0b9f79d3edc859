#!/bin/sh
# Every kernel under Oclgrind, which simulates a device and reports errors that hardware tolerates:
# memory outside of buffers, data races, barriers that not all reach, wrong API calls; or, with
# LAYER, the use of values that were never written.
# usage: oclgrind.sh LIMNER_CONFORM SCRATCH_FOLDER OPERATIONS [LAYER]     (OPERATIONS: for --op)
# Exit code 77 where Oclgrind is not installed.
#
# What Oclgrind 21.10 gets wrong about unwritten values, and what is done about it here. There is no
# list of exceptions: then its report must be empty.
# - It stores what it knows of a buffer under the buffer's number, never deletes it, and reuses
#   numbers: the part of a new buffer beyond the old one's size counts as never written
#   (Uninitialized.cpp: kernelBegin, ShadowMemory::store). So the layer (tests/faults/layer) keeps all
#   buffers alive. The reports in batchnorm_backward_apply, loss_means and bias_sum were these.
# - It ends kernels at LLVM's freeze, or crashes in gemm_packed, if they were optimized: so they are
#   not, except gemm_tiled, which would take minutes: -O1 has no freeze yet.
# CLBlast's kernels are not limner's, and are left out.
set -u
conform=$1 scratch=$2 ops=$3 layer=${4:-}

library=''
for candidate in /usr/lib/oclgrind/liboclgrind-rt-icd.so /usr/local/lib/oclgrind/liboclgrind-rt-icd.so \
    /usr/lib/*/oclgrind/liboclgrind-rt-icd.so; do
    [ -f "$candidate" ] && library=$candidate && break
done
if [ -z "$library" ]; then
    echo "Oclgrind is not installed (Debian: apt-get install oclgrind)"
    exit 77
fi

rm -rf "$scratch"
mkdir -p "$scratch/vendors" || exit 1
echo "$library" >"$scratch/vendors/oclgrind.icd"
# Oclgrind returns the program's exit code, whatever it found: only its log shows errors.
export OCL_ICD_VENDORS="$scratch/vendors" OCLGRIND_LOG="$scratch/part" OCLGRIND_CHECK_API=1

# check OPTIONS...: runs limner-conform and appends its log: each process begins a new one.
check() {
    rm -f "$OCLGRIND_LOG"
    "$conform" --device opencl --once "$@" || exit $?
    if [ ! -f "$OCLGRIND_LOG" ]; then
        echo "FAILED: Oclgrind has kept no log in $OCLGRIND_LOG: was it in use at all?"
        exit 1
    fi
    cat "$OCLGRIND_LOG" >>"$scratch/log"
}

# Only a few operations per process: the stored data makes it slower and slower.
unwritten_cpu() {
    export OCLGRIND_LOG="$scratch/part-cpu" OCLGRIND_BUILD_OPTIONS=-cl-opt-disable
    export LIMNER_LAYER="keep=1
log=$scratch/layer-cpu.log"
    some=''
    for op in $(echo "$ops" | tr , ' ') ''; do
        case $op in
        fill | copy | axpby | multiply_add | im2col | col2im) some=$some${some:+,}$op ;;
        '') check --small --gemm packed --op "$some" ;;
        *) check --small --gemm packed --op "$op" ;;
        esac
    done
}

unwritten_gpu() {
    export OCLGRIND_LOG="$scratch/part-gpu" OCLGRIND_BUILD_OPTIONS=-O1
    # One product, a tile with ragged edges, and both ways to transpose. Winograd's kernels have a
    # freeze at -O1: a device with small buffers excludes them, and their part of the self-test.
    export LIMNER_LAYER="keep=1
max_alloc=3145728
log=$scratch/layer-gpu.log"
    for case in 0 13 18 23; do
        check --op gemm --gemm tiled --case $case
    done
    # The convolutions for GPUs: only the layer makes this device a GPU, with groups that take
    # seconds instead of minutes.
    export OCLGRIND_DATA_RACES=1
    export LIMNER_LAYER="keep=1
type=gpu
group=8
log=$scratch/layer-gpu.log"
    for op in conv_forward conv_backward; do
        check --small --conv implicit --op "$op"
    done
}

if [ -z "$layer" ]; then
    export OCLGRIND_DATA_RACES=1
    check --small --gemm packed --op "$ops"
    check --small --gemm tiled --op gemm
else
    export OPENCL_LAYERS="$layer" OCLGRIND_UNINITIALIZED=1
    (unwritten_gpu >"$scratch/gpu.out" 2>&1) &
    gpu=$!
    (unwritten_cpu)
    code=$?
    wait $gpu || code=$?
    cat "$scratch/gpu.out"
    [ $code -eq 0 ] || exit $code
    for part in cpu gpu; do
        if ! grep -qx ready "$scratch/layer-$part.log"; then
            echo "FAILED: the layer was not in use ($part)"
            exit 1
        fi
    done
    for kernel in $(sed -n 's/.*__kernel .*void \([a-z0-9_]*\)(.*/\1/p' "${0%/*}"/../../cl/*.cl); do
        if ! grep -qx "launched $kernel" "$scratch"/layer-*.log; then
            echo "FAILED: $kernel was never launched: it needs a case"
            exit 1
        fi
    done
fi
if [ -s "$scratch/log" ]; then
    echo "FAILED: Oclgrind complains ($(grep -c '^[A-Z]' "$scratch/log") lines that begin so, all in $scratch/log):"
    head -n 40 "$scratch/log"
    exit 1
fi
