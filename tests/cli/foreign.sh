#!/bin/sh
# Another's files in a run folder under the names of kept checkpoints are never removed, never take the place of a kept
# one, and are never resumed from.
. "$2/tests/cli/lib.sh"

same() {
    "$python" "$root/tests/support/compare_models.py" "$1/checkpoint.safetensors" "$2/checkpoint.safetensors" ||
        fail "$1 and $2 differ"
}
kept() { (cd run && find . -maxdepth 1 -type f -name 'checkpoint-0000[01][02468].safetensors' | sort | tr -d '\n'); }
# Whatever is not the run's, with its content.
others() {
    (cd run && find . \( -name '*[13579].safetensors*' -o -path './checkpoint-000003*/*' -o -name '*.tmp' \) ! -type d |
        sort | while read -r file; do printf '%s %s\n' "$file" "$(cksum <"$file")"; done)
}

pictures pictures 16
cp -r pictures more
pictures more/sub 3
expect 0 "$limner" train pictures -o whole $tiny --steps 20 --save-every 2 --keep 3
expect 0 "$limner" train pictures -o run $tiny --steps 8 --save-every 2 --keep 3
expect 0 "$limner" train more -o stranger $tiny --steps 9 --save-every 7 --keep 2
[ -e stranger/checkpoint-000007.safetensors ] || fail "there is no checkpoint of another run"

cd run || exit 99
echo mine >checkpoint-5.safetensors
echo mine >checkpoint-000005.safetensors
mkdir checkpoint-000003.safetensors
echo mine >checkpoint-000003.safetensors/notes
cp ../stranger/checkpoint-000007.safetensors .
cp checkpoint.safetensors checkpoint-000009.safetensors # of step 8
cp generator.safetensors checkpoint-000001.safetensors
ln -s ../whole/checkpoint.safetensors checkpoint-000011.safetensors
echo mine >notes.tmp
cd ..
others >before
[ "$(wc -l <before)" -eq 8 ] || fail "not all is there: $(cat before)"
unchanged() {
    others >after
    cmp -s before after || fail "what is not the run's has changed: $(diff before after)"
}
touch run/checkpoint.safetensors.123456-0.tmp # of a killed limner
expect 0 "$limner" train --resume run --device cpu --steps 14
unchanged
[ -e run/checkpoint.safetensors.123456-0.tmp ] && fail "what a killed process was writing is left"
[ "$(kept)" = './checkpoint-000010.safetensors./checkpoint-000012.safetensors' ] || fail "not the last three: $(kept)"
grep -q 'none of this run' err && fail "what is in nobody's way is complained of"

# A name that is needed: the file that has it is moved aside.
mkdir run/checkpoint-000014.safetensors
echo mine >run/checkpoint-000014.safetensors/notes
expect 0 "$limner" train --resume run --device cpu --steps 16
says err 'checkpoint-000014.safetensors: is no checkpoint of this run'
[ "$(cat run/checkpoint-000014.safetensors.aside/notes)" = mine ] || fail "it did not go aside"
[ "$(kept)" = './checkpoint-000012.safetensors./checkpoint-000014.safetensors' ] || fail "not the last three: $(kept)"
mkdir run/checkpoint-000016.safetensors run/checkpoint-000016.safetensors.aside
expect 0 "$limner" train --resume run --device cpu --steps 18
says err 'that of step 16 is not kept'
rmdir run/checkpoint-000016.safetensors run/checkpoint-000016.safetensors.aside
unchanged

# Goes back to the run's own newest checkpoint, skips all others, and gives the bits of an undisturbed run.
cp stranger/checkpoint.safetensors run/checkpoint-000019.safetensors
cp stranger/checkpoint-000007.safetensors run/checkpoint-000017.safetensors
mkfifo run/checkpoint-000022.safetensors
others >before
echo junk >run/checkpoint.safetensors
expect 0 "$limner" train --resume run --device cpu --steps 20
says err 'checkpoint-000022.safetensors: passed over: it is not a regular file'
says err 'checkpoint-000019.safetensors: passed over: it is the checkpoint of another step'
says err 'checkpoint-000017.safetensors: passed over: it is the checkpoint of another step'
says err 'going back to that of step 14'
unchanged
same run whole
rm -rf run/checkpoint.safetensors run/checkpoint-0000??.safetensors
cp stranger/checkpoint-000007.safetensors run
expect 6 "$limner" train --resume run --device cpu --steps 20
says err 'checkpoint-000007.safetensors: passed over: it is the checkpoint of another run'
cmp -s stranger/checkpoint-000007.safetensors run/checkpoint-000007.safetensors || fail "another run's checkpoint changed"

# It stays the run's own when pictures are added, twice.
expect 0 "$limner" train more --resume whole --device cpu --steps 22
expect 0 "$limner" train pictures --resume whole --device cpu --steps 23
expect 0 "$limner" train more --resume whole --device cpu --steps 24 --keep 4
[ "$(cd whole && echo checkpoint-*)" = 'checkpoint-000020.safetensors checkpoint-000022.safetensors checkpoint-000023.safetensors' ] ||
    fail "not the last four: $(ls whole)"
for step in '' -000022 -000023; do echo junk >"whole/checkpoint$step.safetensors"; done
expect 0 "$limner" train --resume whole --device cpu --steps 24
says err 'going back to that of step 20'
exit 0
