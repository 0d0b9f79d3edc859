#!/bin/sh
# 40 steps are 20 + resume + 20, to the byte. usage: resume.sh LIMNER ROOT PYTHON DEVICE
. "$2/tests/cli/lib.sh"
device=$fourth
pictures pictures 30
"$limner" train pictures -o probe --size 16 --width 4 --batch 8 --device "$device" --steps 1 >out 2>err
[ $? -eq 3 ] && exit 77 # no such device on this machine
tiny="--size 16 --width 4 --batch 8 --device $device"

same() {
    "$python" "$root/tests/support/compare_models.py" "$1/checkpoint.safetensors" "$2/checkpoint.safetensors" ||
        fail "$1 and $2 differ"
    "$python" "$root/tests/support/compare_models.py" "$1/generator.safetensors" "$2/generator.safetensors" ||
        fail "the generators of $1 and $2 differ"
}

expect 0 "$limner" train pictures -o whole $tiny --steps 40
expect 0 "$limner" train pictures -o parts $tiny --steps 20
"$python" "$root/tests/support/compare_models.py" whole/checkpoint.safetensors parts/checkpoint.safetensors >/dev/null &&
    fail "20 steps equal 40: the comparison sees nothing"
expect 0 "$limner" train --resume parts --device "$device" --steps 40
says err "at step 20"
same whole parts
cmp whole/samples/000040.png parts/samples/000040.png || fail "the grids differ"

# Killed without warning between checkpoints: goes on from the last one.
mkfifo lines
"$limner" train pictures -o killed $tiny --steps 1000000 --save-every 7 --json >lines 2>err &
job=$!
while read -r line; do
    case $line in *'"saved":true'*) break ;; esac
done <lines
kill -9 $job
wait $job 2>/dev/null
[ -s killed/checkpoint.safetensors ] || fail "no checkpoint is left"
"$limner" info killed >info || fail "the checkpoint cannot be read after kill -9"
done_steps=$(sed -n 's/^trained for *\([0-9]*\) step.*/\1/p' info)
[ $((done_steps % 7)) -eq 0 ] || fail "a checkpoint of step $done_steps"
total=$((done_steps + 13))
rm -f killed/samples/000000.png
expect 0 "$limner" train --resume killed --device "$device" --steps $total
expect 0 "$limner" train pictures -o straight $tiny --steps $total
same straight killed

# Options that contradict the run are refused; safe ones are taken over.
expect 2 "$limner" train --resume parts --device "$device" --width 8
says err "--width 8 contradicts the run 'parts', which has width 4"
expect 2 "$limner" train --resume parts --device "$device" --gray
says err "--gray contradicts the run 'parts', which has channels 3"
expect 2 "$limner" train --resume parts --device "$device" --preset tiny
expect 2 "$limner" train --resume parts -o new --device "$device"
expect 0 "$limner" train --resume parts --device "$device" --width 4 --steps 40
says err "nothing is left to do"
expect 0 "$limner" train --resume parts --device "$device" --batch 4 --steps 42
says err "the batch changes from 8 to 4"
expect 6 "$limner" train --resume pictures --device "$device"
expect 6 "$limner" train --resume nowhere --device "$device"
exit 0
