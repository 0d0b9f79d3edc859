#!/bin/sh
# Two equal cards (PoCL's device twice): told apart by their numbers alone; a run stays on the one that it was trained
# on, and goes to the other where that is gone; what was compiled and tuned on one serves both.
# usage: twins.sh LIMNER SOURCE_ROOT PYTHON LAYER LIMNER_CONFORM
case $5 in /*) conform=$5 ;; *) conform=$PWD/$5 ;; esac
. "$2/tests/cli/lib.sh"
layer=$fourth
export POCL_DEVICES='pthread pthread'
net='--size 16 --width 4 --batch 8'

# twin CODE COMMAND...: expect with two equal devices, each by itself a $kind (PoCL numbers its vendor).
twin() {
    code=$1
    shift
    on "$code" "vendor=32902 type=$kind" "$@"
}

pictures pictures 16
kind=cpu
twin 0 "$limner" devices
[ "$(grep -c '^0:[01]  *cpu' out)" -eq 2 ] || exit 77 # no PoCL
name=$(sed -n 's/^0:0  *cpu  *[0-9.]* [KMGT]*i*B *//p' out)
[ "$(grep -c "  $name\$" out)" -eq 2 ] || exit 77 # one that makes names of its own
both="0:0 \"$name\", 0:1 \"$name\""

# A name, whole or in part, does not choose between them; the numbers do.
for word in "$name" "${name%%-*}" "name:$name"; do
    twin 3 "$limner" train pictures -o no $net --device "$word"
    one_line err
    says err "--device '$word' is ambiguous: matches $both; use P:D"
done
twin 3 "$limner" tune $net --platform 0 --device "$name"
says err "is ambiguous: matches $both"
twin 3 "$conform" --device "$name" --op fill --small
says err "is ambiguous: matches $both"
twin 0 "$conform" --device 0:1 --op fill --small
says out '(--device 0:1), seed'

# A run stays on its device, with and without --device.
twin 0 "$limner" train pictures -o run $net --steps 1 --device 0:1
twin 0 "$limner" train --resume run --steps 2
says err 'going on with'
says err '(--device 0:1)'
# Where that card is gone, on the other, with a line, to the bits that there would have been.
twin 0 env POCL_DEVICES=pthread "$limner" train --resume run --steps 4
says err "the run was trained with --device 0:1, which is no $name now; 0:0 is"
grep -q "rounds differently" err && fail "an equal card is called another"
twin 0 "$limner" train pictures -o other $net --steps 4 --device 0:0
"$python" "$root/tests/support/compare_models.py" run/checkpoint.safetensors other/checkpoint.safetensors ||
    fail "two equal cards differ"

# As GPUs: auto takes the first, a run goes on with its own.
kind=gpu
twin 0 "$limner" train pictures -o dry $net --dry-run
says err '(--device 0:0)'
twin 0 "$limner" train pictures -o second $net --steps 1 --device 0:1
twin 0 "$limner" train --resume second --dry-run
says err 'going on where the run was trained, with 0:1'
says out '(--device 0:1)'
twin 0 env POCL_DEVICES=pthread "$limner" train --resume second --steps 2
says err "the run was trained with --device 0:1, which is no $name now; 0:0 is"
says err '(--device 0:0)'
twin 0 "$limner" train --resume second --dry-run
grep -q 'the run was trained' err && fail "the run did not move"

# What was compiled, and tuned, for one is taken by the other, to the same bits.
kind=cpu
twin 0 "$limner" tune $net --tune fast --cache-dir cache --device 0:0
find cache/programs cache/tuning -type f | sort >before
twin 0 "$limner" tune $net --tune fast --cache-dir cache --device 0:1
[ "$(grep -c '(stored)' out)" -gt 5 ] || fail "what was tuned on one is measured on the other"
for device in 0 1; do
    twin 0 "$limner" train pictures -o shared$device $net --steps 3 --cache-dir cache --device 0:$device
    grep -q '^calls clCreateProgramWithBinary [1-9]' log || fail "no program came from the cache"
done
find cache/programs cache/tuning -type f | sort >after
cmp -s before after || fail "equal cards have caches of their own: $(diff before after)"
"$python" "$root/tests/support/compare_models.py" shared0/checkpoint.safetensors shared1/checkpoint.safetensors ||
    fail "two equal cards differ with what they share"
exit 0
