#!/bin/sh
# A run that limner 0.1.0 (f8a51d1) left after three steps goes on to what 0.1.0 made of it after six. golden/README.md
. "$2/tests/cli/lib.sh"
pictures pictures 6
cp -R "$root/tests/golden/run-0.1.0" run || exit 99
mv run/after.safetensors after.safetensors

expect 0 "$limner" info run
says out "trained for    3 steps"
says out "batch 4, lr 0.001, beta1 0.6, beta2 0.999, smooth 0.1, seed 18446744073709551"
kept=$(sed -n 's/.*"device_identity":[^"]*"\([^"]*\)".*/\1/p' run/config.json)
expect 0 "$limner" train pictures --resume run --steps 6 --device cpu --threads 1
says err "resuming 'run' at step 3"
grep -q 'warning: .*pictures' err && fail "the pictures are not the ones of before"
now=$(sed -n 's/.*"device_identity":[^"]*"\([^"]*\)".*/\1/p' run/config.json)

# The same bits where the arithmetic is the same: the library and the instructions, whatever the processor's name.
arithmetic() {
    printf '%s\n' "$1" | cut -d, -f 1-3
}
how=close
[ "$(arithmetic "$kept")" = "$(arithmetic "$now")" ] && how=same
"$python" "$root/tests/support/compare_models.py" --older $how after.safetensors run/checkpoint.safetensors ||
    fail "0.1.0 made other weights of it ($how: $kept; $now)"
expect 0 "$limner" sample run --device cpu --threads 1 -n 2 -o grid.png

# Settings of a newer limner are reported once, in one line, and ignored.
cp run/generator.safetensors newer.safetensors
"$python" "$root/tests/support/poke_model.py" newer.safetensors settings flavor '"sweet"' || exit 99
expect 0 "$limner" info newer.safetensors
says out "not known      'flavor'"
expect 0 "$limner" sample newer.safetensors --device cpu --threads 1 -n 2 -o newer.png
[ "$(grep -c "settings that this one does not know: 'flavor'" err)" -eq 1 ] || fail "not told once"
cp run/checkpoint.safetensors checkpoint.safetensors
"$python" "$root/tests/support/poke_model.py" run/checkpoint.safetensors settings flavor '"sweet"' || exit 99
expect 0 "$limner" train pictures --resume run --steps 7 --device cpu --threads 1
[ "$(grep -c "settings that this one does not know: 'flavor'" err)" -eq 1 ] || fail "not told once where a run is resumed"
# A setting of a wrong type or with an impossible value is refused.
for setting in 'smooth "0.1"' 'smooth 0.5' 'lr null' 'batch 4.5'; do
    cp checkpoint.safetensors bad.safetensors
    "$python" "$root/tests/support/poke_model.py" bad.safetensors settings $setting || exit 99
    expect 6 "$limner" info bad.safetensors
    one_line err
    says err "${setting%% *}"
done
exit 0
