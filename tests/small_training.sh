#!/bin/sh
# Batch 512 at width 64 trains where the largest allocation is 128 MiB (test_small_memory.c looks at
# the numbers).
# usage: small_training.sh LAYER SCRATCH_FOLDER LIMNER PICTURES
set -u
layer=$1 scratch=$2 limner=$3 pictures=$4
status=0
rm -rf "$scratch"
mkdir -p "$scratch" || exit 1
. "${0%/*}/layer/lib.sh"

on_layer 'max_alloc=134217728' "$limner" train "$pictures" -o "$scratch/run" --device opencl \
    --preset torch --batch 512 --steps 1
code=$?
[ $code -eq 3 ] && grep -q 'no OpenCL platform' "$scratch/out" && exit 77
[ $code -eq 0 ] || complain "exit code $code"
check_log
exit $status
