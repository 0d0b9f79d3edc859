#!/bin/sh
# Optional parts: a program that others can replace, a kernel that a cached program lacks, an algorithm whose launches
# fail while it is tuned. limner goes on, and reports or rebuilds each.
# usage: fallback.sh LIMNER SOURCE_ROOT PYTHON LAYER
. "$2/tests/cli/lib.sh"
layer=$fourth
export POCL_DEVICES=pthread
net='--size 16 --width 16 --batch 8'

expect 0 "$limner" devices
grep -q '^0:0  *cpu' out || exit 77
pictures pictures 8

# The last program is kernel 5's: convolutions go other ways.
train="train pictures $net --seed 1 --kernel 5 --steps 2 --device opencl"
on 0 '' "$limner" $train -o whole
builds=$(calls clBuildProgram)
on 0 "fail=clBuildProgram:$builds:-11" "$limner" $train -o without
grep -q '^injected clBuildProgram' log || fail "nothing failed"
says err "convolutions of kernel 5 do without Winograd's method"
on 0 '' "$limner" train --resume without --steps 3
grep -q 'do without' err && fail "a failed build is remembered"

# A cached program without one of its kernels.
export LIMNER_CACHE_DIR="$work/cache"
on 0 '' "$limner" $train -o first
on 0 '' "$limner" $train -o second
[ "$(calls clCreateProgramWithSource)" -eq 0 ] || fail "programs are not kept"
on 0 fail=clCreateKernel:3:-46 "$limner" $train -o third
[ "$(calls clCreateProgramWithSource)" -eq 1 ] || fail "not one program was compiled anew"
"$python" "$root/tests/support/compare_models.py" second/checkpoint.safetensors third/checkpoint.safetensors ||
    fail "it computes otherwise"

# A tuning: failing algorithms are refused, and the others are timed.
tune="tune $net --device opencl --json --cache-dir off"
on 0 '' "$limner" train pictures $net --device opencl --steps 1 -o start
start=$(calls clEnqueueNDRangeKernel)
on 0 '' "$limner" $tune # which ends with a few training steps
cp out whole.json
races=$(($(calls clEnqueueNDRangeKernel) - start))
for share in 50 20 8; do # another time there may be fewer
    nth=$((start + races / share))
    on 0 "fail=clEnqueueNDRangeKernel:$nth:-6" "$limner" $tune
    grep -q '^injected clEnqueueNDRangeKernel' log || fail "nothing failed"
    "$python" - out whole.json err <<'END' || fail "the $nth-th launch has failed"
import json, sys
rows, whole = ([json.loads(line) for line in open(name)] for name in sys.argv[1:3])
passes = [r for r in rows if r["event"] == "pass"]
assert [(r["layers"], r["pass"]) for r in passes] == [(r["layers"], r["pass"]) for r in whole if r["event"] == "pass"]
refused = [c["why"] for r in passes for c in r["candidates"] if not c["verified"]]
if "CLBlast refuses" in open(sys.argv[3]).read():  # it was a launch of CLBlast's, and another kernel did it
    assert not refused, refused
else:
    [why] = refused
    assert "launching kernel" in why and "CL_OUT_OF_HOST_MEMORY (-6)" in why, why
for r in passes:
    ways = {(c["algorithm"] + " " + c["gemm"]).strip(): c for c in r["candidates"]}
    assert ways[r["winner"]]["verified"], r
assert any(r["event"] == "step" for r in rows)
END
done
# A device whose launches all fail from then on.
on 4 "fail=clEnqueueNDRangeKernel:$((start + races / 8))+:-6" "$limner" $tune
exit 0
