#!/bin/sh
# Training where the device's memory is small, or smaller than it claims: the same training in
# parts, or one line that says which batch would fit, and it does.
# usage: small_training.sh LAYER SCRATCH_FOLDER LIMNER PICTURES
set -u
layer=$1 scratch=$2 limner=$3 pictures=$4
status=0
rm -rf "$scratch"
mkdir -p "$scratch" || exit 1
. "${0%/*}/layer/lib.sh"

# train SETTINGS OPTIONS...
train() {
    limits=$1
    shift
    rm -rf "$scratch/run"
    # Programs are compiled once.
    on_layer "$limits" env LIMNER_CACHE_DIR="$scratch/cache" "$limner" train "$pictures" -o "$scratch/run" --limit 520 \
        --device opencl --steps 1 "$@"
}

# Batch 512 at width 16 where the largest allocation is 32 MiB, as width 64 with 128 MiB.
train 'max_alloc=33554432' --preset tiny --batch 512
code=$?
[ $code -eq 3 ] && grep -q 'no OpenCL platform' "$scratch/out" && exit 77
[ $code -eq 0 ] || complain "exit code $code"
check_log
# Where it is 8 MiB (tests/unit/core/small_memory.c looks at the numbers).
for preset in tiny small; do
    train 'max_alloc=8388608' --preset $preset || complain "exit code $? with $preset"
    check_log
done

# fitting OPTIONS...: what the message said would fit, does.
fitting() {
    advice=$(sed -n 's/.*: \(--[a-z].*\) would fit$/\1/p' "$scratch/out" | tail -n 1)
    [ -n "$advice" ] || complain "no batch or width is named"
    # shellcheck disable=SC2086
    train "$limits" "$@" $advice || complain "$advice was said to fit: exit code $?"
    check_log
}

# Width 64 there: 14.3 MB of weights lie in chunks, of which one is a tensor of 8 MiB to the byte. What is bounded is the
# batch; and where a tensor alone is too large, the width.
limits=max_alloc=8388608
train $limits --preset torch
[ $? -eq 1 ] || complain "not the exit code of too little memory"
fitting --preset torch
[ "$advice" = '--batch 32' ] || complain "not --batch 32 but $advice"
train $limits --preset paper
[ $? -eq 1 ] || complain "not the exit code of too little memory"
grep -q 'takes a buffer of 32 MiB, .*: --width 64 --batch 32 would fit' "$scratch/out" || complain "no advice for width 128"

tiny='--preset tiny --size 32 --batch 128'
# shellcheck disable=SC2086
for limits in max_alloc=1048576 max_alloc=262144 global_mem=16777216; do
    train $limits $tiny
    [ $? -eq 1 ] || complain "not the exit code of too little memory"
    [ -e "$scratch/run/config.json" ] && complain "a run was begun without the memory for it"
    fitting $tiny
done
# The driver claims more than it has, and says so when a buffer is made or, lazy, when it is used.
# shellcheck disable=SC2086
for lazy in '' ' lazy=1'; do
    train "has=12582912$lazy" $tiny
    [ $? -eq 1 ] || complain "not the exit code of too little memory"
    grep -q '^no room' "$scratch/log" || complain "there was room"
    [ "$(grep -c -e ' failed' -e ' would fit' "$scratch/out")" -eq 1 ] || complain "not one line for one fault"
    grep -q 'a buffer of .* on 0:0: .*(-[45]); .* would fit$' "$scratch/out" || complain "no code, or no advice"
    fitting $tiny
    train "has=12582912$lazy" $tiny --batch auto || complain "exit code $? with --batch auto"
    grep -q -e '--batch auto: 16, the largest power of two that there is memory for' \
        "$scratch/out" || complain "--batch auto says nothing, or something else"
    grep '^live .* -*[1-9]' "$scratch/log" && complain "objects are left"
done
# shellcheck disable=SC2086
train 'has=8388608' $tiny --batch auto
[ $? -eq 1 ] || complain "--batch auto found a batch where there is none"
exit $status
