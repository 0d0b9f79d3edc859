#!/bin/sh
# limner devices, and choosing a device on a machine without OpenCL.
. "$2/tests/cli/lib.sh"

expect 0 "$limner" devices
says out "CPU path: always there"
expect 0 "$limner" devices -v
says out "loader   "
mkdir "no vendors" && echo libmine.so >"no vendors/mine.icd"
expect 0 env OCL_ICD_VENDORS="$PWD/no vendors" "$limner" devices -v
says out "no vendors/mine.icd: libmine.so"
says out "set      OCL_ICD_VENDORS="
expect 0 "$limner" devices --json
"$python" -c 'import json,sys
rows = [json.loads(line) for line in open("out")]
assert rows[-1]["option"] == "--device cpu" and rows[-1]["usable"], rows
for row in rows[:-1]:
    assert row.get("option") == ("--device %d:%d" % (row["platform"], row["device"]) if row["usable"] else None), row' || fail "not one JSON object a line"

OCL_ICD_VENDORS=/nonexistent
OCL_ICD_FILENAMES=
export OCL_ICD_VENDORS OCL_ICD_FILENAMES
expect 0 "$limner" devices
says out "CPU path: always there"
one_line err
says err "OpenCL"

pictures pictures 8
steps='--size 16 --width 4 --batch 8 --steps 1'
expect 0 "$limner" train pictures -o auto $steps
says err "using the CPU path"
for word in opencl gpu 0:0; do
    expect 3 "$limner" train pictures -o "no-$word" $steps --device $word
    [ -e "no-$word" ] && fail "a run was begun without its device"
    [ "$(grep -c . err)" -eq 1 ] || fail "more than one line on a missing device"
done
expect 3 "$limner" train pictures -o no-platform $steps --platform pocl
says err "--platform 'pocl': "
expect 3 env LIMNER_DEVICE=opencl "$limner" train pictures -o no-env $steps
grep -q 'built without OpenCL' err || says err "; LIMNER_DEVICE=opencl is set"
expect 3 env LIMNER_DEVICE=cpu LIMNER_PLATFORM=pocl "$limner" train pictures -o no-env $steps --device opencl
grep -q 'LIMNER_DEVICE' err && fail "a variable that is not in force is blamed"
grep -q 'built without OpenCL' err || says err "; LIMNER_PLATFORM=pocl is set"
expect 0 env LIMNER_DEVICE=opencl "$limner" train pictures -o option-wins $steps --device cpu
# Without OpenCL in the build, its device syntax is not parsed at all.
junk=2
expect 3 "$limner" train pictures -o no-opencl $steps --device opencl
grep -q 'built without OpenCL' err && junk=3
expect $junk "$limner" train pictures -o junk $steps --device 0:0:0
exit 0
