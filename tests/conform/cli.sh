#!/bin/sh
# The command line of limner-conform: exit codes, suggestions, and a case run alone.
# usage: cli.sh LIMNER_CONFORM
set -u
conform=$1
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
status=0

# expect CODE TEXT ARGS...: the exit code, and a text that the output contains.
expect() {
    code=$1 text=$2
    shift 2
    "$conform" "$@" >"$scratch/out" 2>&1
    got=$?
    if [ $got -ne "$code" ] || ! grep -qF -- "$text" "$scratch/out"; then
        echo "FAILED: limner-conform $*: exit code $got, wanted $code and '$text'; it printed:"
        cat "$scratch/out"
        status=1
    fi
}

unset LIMNER_DEVICE LIMNER_PLATFORM
expect 0 'Exit codes' --help
expect 0 'limner-conform ' --version
expect 2 "did you mean --device?" --devise cpu
expect 2 "did you mean --bench?" --benhc
expect 2 "named like 'gemm'" --op gem_m
expect 2 'no such case' --op gemm --case 100000
expect 2 "named like 'copy'" --device cpu --op fill,cop_y
expect 2 'no such case' --device cpu --op fill,
expect 0 '2 of 2 cases conform' --device cpu --op copy,fill --case 3
expect 2 '--case needs a value' --case
expect 2 'not a whole number' --seed 1x
expect 2 'takes no value' --small=yes
expect 2 'this device has' --device cpu --gemm nosuch --op copy
expect 2 'this device has lowering, direct, winograd' --device cpu --conv nosuch --op copy
expect 0 'conv_forward winograd' --device cpu --op conv_forward --conv winograd
expect 0 'conv_adjoint' --list
expect 0 '1 of 1 cases conform' --device cpu --op bias_backward --case 3
expect 0 '1 of 1 cases conform' --device=cpu --op=copy --case=3 --threads=1
expect 0 'GFLOP/s' --device cpu --bench --op gemm --case 3
expect 0 'bias_forward' --device cpu --bench --op bias --small
expect 0 'launches' --device cpu --bench --op adam --case 1
expect 0 'over 1 fails' --device cpu --op fill --case 1
expect 0 'v: worst rounding' --device cpu --op adam --small

# --json: every line is an object, and the last one counts.
json() {
    if ! "$conform" "$@" --json >"$scratch/json" || ! python3 - "$scratch/json" "$@" <<'END'; then
import json
import sys

lines = [json.loads(line) for line in open(sys.argv[1])]
types = {line["type"] for line in lines}
assert lines[0]["type"] in ("device", "listed"), lines[0]
if "case" in types:
    assert all(line["ok"] and line["error_over_bound"] for line in lines if line["type"] == "case")
    assert any(line["type"] == "operation" and line["op"] == "copy" for line in lines)
    assert lines[-1] == {"type": "end", "cases": 8, "failed": 0}, lines[-1]
    passes = {line["pass"] for line in lines if line["type"] == "case"}
    assert passes == ({"floats"} if "--once" in sys.argv else {"integers", "floats"}), passes
elif "device" in types:
    assert all(line["median_ms"] >= line["fastest_ms"] > 0 for line in lines[1:]), lines
assert len(lines) > 7
END
        echo "FAILED: limner-conform $* --json printed:"
        cat "$scratch/json"
        status=1
    fi
}
json --device cpu --op copy --small
json --device cpu --op copy --small --once
json --device cpu --op copy --small --bench
json --list --op adam

LIMNER_DEVICE=cpu
export LIMNER_DEVICE
expect 0 '1 of 1 cases conform' --op copy --case 1
unset LIMNER_DEVICE

# Without an OpenCL device nothing is checked, which is not a success; if it was requested by name,
# it is an error.
OCL_ICD_VENDORS=$scratch/nothing
export OCL_ICD_VENDORS
expect 77 '--device cpu checks the CPU path' --op copy --case 1
expect 77 '{"type":"skipped"' --op copy --case 1 --json
expect 77 '--device cpu checks the CPU path' --op copy --case 1 --device auto
expect 3 'limner-conform: error' --op copy --case 1 --device opencl
exit $status
