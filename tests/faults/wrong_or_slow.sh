#!/bin/sh
# A device that gives one wrong bit ends in the self-test's error, which names the operation; one
# that takes its time is only slow.
# usage: wrong_or_slow.sh LAYER SCRATCH_FOLDER LIMNER LIMNER_CONFORM PYTHON PICTURES
set -u
layer=$1 scratch=$2 limner=$3 conform=$4 python=$5 pictures=$6
here=${0%/*}
status=0
rm -rf "$scratch"
mkdir -p "$scratch" || exit 1
. "$here/layer/lib.sh"

train() {
    on_layer "type=cpu $1" "$limner" train "$pictures" -o "$scratch/$2" --device opencl --size 16 \
        --width 16 --latent 8 --batch 4 --steps 2 $3
}

train '' quick ''
code=$?
[ $code -eq 3 ] && grep -q 'no OpenCL platform' "$scratch/out" && exit 77
[ $code -eq 0 ] || complain "exit code $code"
train sleep=5 slow '' || complain "exit code $?"
check_log
[ "$(calls clFinish)" -gt 0 ] || complain "clFinish was never called: nothing was slow"
"$python" "$here/../support/compare_models.py" "$scratch/quick/checkpoint.safetensors" \
    "$scratch/slow/checkpoint.safetensors" || complain "a slow device learned something else"

# Every read of the self-test, one after the other; the first that lies behind it ends the walk.
read=0
: >"$scratch/named"
while read=$((read + 1)) && [ $read -lt 100 ]; do
    on_layer "type=cpu flip=$read" "$conform" --device opencl --op fill --small
    code=$?
    grep -q "^flipped a bit of read $read\$" "$scratch/log" || complain "nothing was flipped"
    grep -q 'computes wrong numbers in' "$scratch/out" || break
    [ $code -eq 3 ] || complain "exit code $code"
    [ "$(grep -c '^limner-conform: error: ' "$scratch/out")" = 1 ] || complain "not one line of error"
    grep -q 'update the driver or use --device cpu' "$scratch/out" || complain "nothing is advised"
    check_log
    sed -n 's/.*computes wrong numbers in \(.*\) (a fault of.*/\1/p' "$scratch/out" >>"$scratch/named"
done
[ $code -eq 5 ] || complain "exit code $code: the first read behind the self-test was flipped"
for name in gemm 'gemm (its sum of planes)' im2col col2im "winograd's forward pass" \
    "winograd's data gradient" "winograd's weight gradient" batchnorm_train batchnorm_backward \
    bias_backward bias_forward activation_forward activation_backward loss adam axpby \
    multiply_add; do
    grep -qxF "$name" "$scratch/named" || complain "the self-test never blames $name"
done

# What is tested when it is first asked for: its first read is the next one.
on_layer "type=cpu flip=$read" "$conform" --device opencl --gemm tiled --op gemm --case 0
[ $? -eq 4 ] || complain "not exit code 4 from the tiled multiplication"
grep -qF 'computes wrong numbers in gemm (a fault' "$scratch/out" || complain "gemm is not blamed"
train flip=$read five '--kernel 5'
[ $? -eq 4 ] || complain "not exit code 4 from kernel 5"
grep -qF "computes wrong numbers in winograd's forward pass (a fault" "$scratch/out" || complain "winograd is not blamed"
# A tuning goes on with other algorithms after many things, but not after that.
for i in 1 2 3 4 5 6 7 8; do
    on_layer "type=cpu flip=$((read + 4 * i))" "$limner" tune --size 16 --width 4 --batch 4 --device opencl --cache-dir off
    code=$?
    if grep -q 'computes wrong numbers in' "$scratch/out"; then break; fi
done
[ $code -eq 4 ] || complain "exit code $code: a tuning goes on on a device that computes wrong numbers"

# Every command that uses a device refuses one that computes wrong numbers, and names what was wrong.
refused() {
    on_layer "type=cpu flip=$read" "$limner" "$@" --device opencl
    [ $? -eq 3 ] || complain "not exit code 3: limner $1"
    grep -qF "computes wrong numbers in $wrong (a fault" "$scratch/out" || complain "$wrong is not blamed by $1"
    [ "$(grep -c 'computes wrong' "$scratch/out")" -eq 1 ] || complain "not one line of error"
}
for read in 6 $((read - 2)); do
    wrong=$(sed -n "${read}p" "$scratch/named")
    refused train "$pictures" -o "$scratch/wrong" --size 16 --width 4 --batch 4
    refused sample "$scratch/quick" -n 1 -o "$scratch/wrong.png"
    refused bench --size 16 --width 4 --batch 4 --only step
    refused tune --size 16 --width 4 --batch 4
done
if [ -e "$scratch/wrong" ] || [ -e "$scratch/wrong.png" ]; then complain "something was made of wrong numbers"; fi
exit $status
