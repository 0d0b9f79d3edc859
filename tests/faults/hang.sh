#!/bin/sh
# A device that does not answer any more, in each of the calls that wait for it: --wait-timeout ends
# the training with one line that says where, and the run goes on to the same bits.
# usage: hang.sh LAYER SCRATCH_FOLDER LIMNER PYTHON PICTURES
set -u
layer=$1 scratch=$2 limner=$3 python=$4 pictures=$5
here=${0%/*}
status=0
rm -rf "$scratch"
mkdir -p "$scratch" || exit 1
. "$here/layer/lib.sh"

# train SETTINGS RUN OPTIONS...; timeout is for a training that is not ended.
train() {
    limits=$1 run=$2
    shift 2
    on_layer "$limits" timeout 120 env LIMNER_CACHE_DIR="$scratch/cache" "$limner" train "$pictures" \
        -o "$scratch/$run" --device opencl --limit 40 --size 16 --width 8 --latent 8 --batch 8 \
        --steps 6 --save-every 2 --sample-every 6 "$@"
}

train '' straight
code=$?
[ $code -eq 3 ] && grep -q 'no OpenCL platform' "$scratch/out" && exit 77
[ $code -eq 0 ] || complain "exit code $code"
check_log
reads=$(calls clEnqueueReadBuffer)
launches=$(calls clEnqueueNDRangeKernel)

# hangs CALL N RUN: whatever the device was doing, this is how it ends. On a busy machine a sound call may take longer
# than that: then with more patience.
hangs() {
    for patience in 3 15 60; do
        train "hang=$1:$2" "$3" --wait-timeout ${patience}s
        code=$?
        grep -q '^hanging in ' "$scratch/log" && break
        rm -rf "${scratch:?}/$3"
    done
    [ $code -eq 4 ] || complain "exit code $code"
    grep -qx "hanging in $1 $2" "$scratch/log" || complain "nothing has hung"
    grep -q "^limner: 0:0 has not answered $1 for $patience seconds" "$scratch/out" || complain "the call is not named"
}

# In the start: there is no run yet.
hangs clFinish 1 start
[ -e "$scratch/start/config.json" ] && complain "a run was begun"
# In the training; the last launches are named.
hangs clEnqueueNDRangeKernel $((launches * 3 / 4)) launching
hangs clWaitForEvents 2 waiting
hangs clEnqueueReadBuffer $((reads - 20)) reading
grep -q 'while waiting for: [a-z_]*, ' "$scratch/out" || complain "no kernels are named"
grep -q 'checkpoint.safetensors is whole; to go on, .* train --resume ' "$scratch/out" ||
    complain "nothing is said of the checkpoint"
on_layer '' env LIMNER_CACHE_DIR="$scratch/cache" "$limner" train --resume "$scratch/reading" --device opencl ||
    complain "exit code $? of --resume"
"$python" "$here/../support/compare_models.py" "$scratch/straight/checkpoint.safetensors" \
    "$scratch/reading/checkpoint.safetensors" || complain "resumed, the training came to other bits"
# A slow device is not taken for a hang.
train sleep=20 slow --wait-timeout 60s || complain "exit code $?"
"$python" "$here/../support/compare_models.py" "$scratch/straight/checkpoint.safetensors" \
    "$scratch/slow/checkpoint.safetensors" || complain "a watched training came to other bits"
check_log
# While painting.
on_layer "hang=clEnqueueReadBuffer:$((reads / 3))" timeout 120 env LIMNER_CACHE_DIR="$scratch/cache" \
    "$limner" sample "$scratch/slow" -n 3000 --seed 1 -o "$scratch/faces.png" --device opencl --wait-timeout 6s
[ $? -eq 4 ] || complain "not the exit code of a device that failed"
exit $status
