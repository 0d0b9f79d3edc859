#!/bin/sh
# A driver that crashes in one of its calls, in every command that opens a device: exit code 4, one line with the call,
# and a run that goes on to the same bits.
# usage: crash.sh LAYER SCRATCH_FOLDER LIMNER LIMNER_CONFORM PYTHON PICTURES
set -u
layer=$1 scratch=$2 limner=$3 conform=$4 python=$5 pictures=$6
here=${0%/*}
status=0
rm -rf "$scratch"
mkdir -p "$scratch" || exit 1
. "$here/layer/lib.sh"
export LIMNER_CACHE_DIR="$scratch/cache"
net='--device opencl --size 16 --width 4'

# train SETTINGS RUN OPTIONS...
train() {
    limits=$1 run=$2
    shift 2
    # shellcheck disable=SC2086
    on_layer "$limits" "$limner" train "$pictures" -o "$scratch/$run" $net --limit 40 --latent 8 --batch 8 --steps 6 \
        --save-every 2 "$@"
}

# crashed WHO CALL
crashed() {
    code=$?
    [ $code -eq 4 ] || complain "exit code $code"
    grep -q "^injected ${2%% *} " "$scratch/log" || complain "nothing has crashed"
    [ "$(grep -c "^$1: crashed in $2.* for 0:0, most likely the driver: update it" "$scratch/out")" = 1 ] || complain "the call is not named once"
}

train '' straight
code=$?
[ $code -eq 3 ] && grep -q 'no OpenCL platform' "$scratch/out" && exit 77
[ $code -eq 0 ] || complain "exit code $code"
check_log
launches=$(calls clEnqueueNDRangeKernel)

for signal in 6 11; do
    train "crash=clEnqueueNDRangeKernel:$((launches * 3 / 4)):$signal" half
    crashed limner clEnqueueNDRangeKernel
    "$limner" train --resume "$scratch/half" --device opencl >"$scratch/out" 2>&1 || complain "exit code $? of --resume"
    "$python" "$here/../support/compare_models.py" "$scratch/straight/checkpoint.safetensors" "$scratch/half/checkpoint.safetensors" ||
        complain "resumed, the training came to other bits"
    rm -rf "$scratch/half"
done
# In its compiler, without a run yet; and where nobody waits for the end of patience.
LIMNER_CACHE_DIR=off train crash=clBuildProgram:2:11 none
crashed limner "clBuildProgram of '"
[ -e "$scratch/none/config.json" ] && complain "a run was begun"
# Before LLVM has brought a stack for signals.
train crash=clCreateContext:1:0 none
crashed limner clCreateContext
train crash=clFinish:1:11 none --wait-timeout 0s
crashed limner clFinish
on_layer crash=clFinish:2:6 "$limner" sample "$scratch/straight" -n 4 -o "$scratch/no.png" --device opencl
crashed limner clFinish
# shellcheck disable=SC2086
on_layer crash=clFinish:2:6 "$limner" bench $net --batch 4 --only step
crashed limner clFinish
# shellcheck disable=SC2086
on_layer crash=clFinish:2:6 "$limner" tune $net --batch 4
crashed limner clFinish
on_layer crash=clFinish:2:6 "$conform" --device opencl --op fill --small
crashed limner-conform clFinish
exit $status
