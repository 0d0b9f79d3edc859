#!/bin/sh
# The time is set back by an hour: a device that hangs is noticed when it should be, and a training ends when it should.
# usage: clock.sh LIMNER SOURCE_ROOT PYTHON LAYER LATE_CLOCK
case $5 in /*) late=$5 ;; *) late=$PWD/$5 ;; esac
. "$2/tests/cli/lib.sh"
layer=$fourth
net='--size 16 --width 4 --batch 8'

pictures pictures 8
# LD_PRELOAD splits a path at spaces.
cp "$late" late.so && late=./late.so
[ "$(LD_PRELOAD=$late date +%s)" -ge $(($(date +%s) + 3000)) ] || exit 77
expect 0 env LD_PRELOAD="$late" "$limner" train pictures -o timed $tiny --time 1s
"$limner" train pictures -o run $net --steps 1 --device opencl >out 2>err </dev/null
case $? in
3) exit 77 ;;
0) ;;
*) fail "training on OpenCL" ;;
esac
expect 4 timeout -s KILL 100 env LD_PRELOAD="$late" OPENCL_LAYERS="$layer" LIMNER_LAYER="log=$work/log type=cpu hang=clFinish:1" \
    "$limner" train --resume run --steps 9 --device opencl --wait-timeout 5s
grep -qx 'hanging in clFinish 1' log || fail "nothing has hung"
says err 'has not answered clFinish for 5 seconds'
exit 0
