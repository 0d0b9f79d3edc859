#!/bin/sh
# NaNs, a full disk, damaged files, a second training on one folder, closed streams.
. "$2/tests/cli/lib.sh"
mounted='' job=''
trap '[ -n "$job" ] && kill -9 $job 2>/dev/null; [ -n "$mounted" ] && umount "$work/small"; rm -rf "$work"' EXIT

pictures pictures 24
steps() { "$limner" info "$1" 2>/dev/null | sed -n 's/^trained for *\([0-9]*\) step.*/\1/p'; }
same() {
    "$python" "$root/tests/support/compare_models.py" "$1/checkpoint.safetensors" "$2/checkpoint.safetensors" ||
        fail "$1 and $2 differ"
}
expect 0 "$limner" train pictures -o whole $tiny --steps 12 --save-every 2 --keep 3
[ "$(cd whole && ls checkpoint*)" = 'checkpoint-000008.safetensors
checkpoint-000010.safetensors
checkpoint.safetensors' ] || fail "not the last three checkpoints: $(ls whole)"
[ -e whole/lock ] && fail "a lock was left"

# A NaN loss: exit 7, with the tensor, its layer and what was kept.
expect 0 "$limner" train pictures -o nan $tiny --steps 4 --keep 1
"$python" "$root/tests/support/poke_model.py" nan/checkpoint.safetensors discriminator.3.gamma 3e38
cp nan/checkpoint.safetensors before
expect 7 "$limner" train --resume nan --device cpu --steps 8
says err 'diverged in step 5'
grep -q 'discriminator\.[0-9]*\.[a-z]* (a ' err || fail "no tensor and layer are named"
says err 'checkpoint.safetensors of step 4 is kept'
cmp -s before nan/checkpoint.safetensors || fail "the checkpoint did not stay"
expect 7 "$limner" train --resume nan --device cpu --steps 8 --on-nan rollback
says err 'for the 3. of 3 times'
cmp -s before nan/checkpoint.safetensors || fail "the checkpoint did not stay"

# A model with NaN weights is refused.
cp nan/generator.safetensors poisoned.safetensors
"$python" "$root/tests/support/poke_model.py" poisoned.safetensors generator.3.weight nan
expect 6 "$limner" sample poisoned.safetensors --device cpu -o no.png
says err "'generator.3.weight' holds numbers that are none"

# No room for a checkpoint: it is retried and reported, at the end exit 1; the previous one is kept and resumes. Blocks
# of 512 bytes.
expect 0 "$limner" train pictures -o full $tiny --steps 4
cp full/checkpoint.safetensors before
size=$(wc -c <before)
(ulimit -f $((size / 1024)); expect 1 "$limner" train --resume full --device cpu --steps 12 --save-every 2) || exit 1
says err 'writing failed'
says err 'step 6: NOTHING IS SAVED since step 4'
says err 'checkpoint.safetensors of step 4 is kept'
cmp -s before full/checkpoint.safetensors || fail "the checkpoint did not stay"
expect 0 "$limner" train --resume full --device cpu --steps 12
same full whole

# The same on a disk that is really full, where one may be made.
mkdir small
if mount -t tmpfs -o size=$((size * 8 + 1000000)) none small 2>/dev/null; then
    mounted=1
    expect 0 "$limner" train pictures -o small/run $tiny --steps 4 --no-cache
    cat /dev/zero >small/rest 2>/dev/null
    expect 1 "$limner" train --resume small/run --device cpu --steps 12
    says err 'No space left on device'
    [ "$(find small -name '*.tmp')" ] && fail "a temporary file was left on the full disk"
    [ "$(steps small/run)" = 4 ] || fail "no whole checkpoint on the full disk"
    rm small/rest
    expect 0 "$limner" train --resume small/run --device cpu --steps 12
    same small/run whole
    umount small
    mounted=
fi

# The newest checkpoint is damaged: the run goes back to the one before, says so, and ends the same.
for how in cut flip gone; do
    rm -rf damaged
    cp -r whole damaged
    case $how in
    cut) head -c 5000 whole/checkpoint.safetensors >damaged/checkpoint.safetensors ;;
    flip) "$python" -c 'd = bytearray(open("damaged/checkpoint.safetensors", "rb").read()); d[-999] ^= 4
open("damaged/checkpoint.safetensors", "wb").write(d)' ;;
    gone) rm damaged/checkpoint.safetensors ;;
    esac
    expect 0 "$limner" train --resume damaged --device cpu --steps 12
    says err 'going back to that of step 10'
    same damaged whole
done
# Of three that are kept (--keep) the third, where two are damaged.
rm -rf damaged
cp -r whole damaged
for step in '' -000010; do echo junk >"damaged/checkpoint$step.safetensors"; done
expect 0 "$limner" train --resume damaged --device cpu --steps 12
says err 'going back to that of step 8'
same damaged whole
for file in damaged/checkpoint*; do echo junk >"$file"; done
expect 6 "$limner" train --resume damaged --device cpu --steps 14

# config.json: any damage is refused or reported, and never crashes.
cp -r whole edited
"$python" - "$limner" <<'P' || fail "a damaged config.json"
import pathlib, random, subprocess, sys
path, rng = pathlib.Path("edited/config.json"), random.Random(1)
good = path.read_bytes()
bad = [good[:n] for n in range(0, len(good) - 2, len(good) // 12)]
for n in range(24):
    at = rng.choice([i for i in range(len(good)) if not good[i:i + 1].isspace()])
    bad.append(good[:at] + bytes([good[at] ^ 1 << rng.randrange(8)]) + good[at + 1:])
for name in b"epochs", b"steps", b"grid", b"save_every", b"keep":
    for value in b"-1", b"1e300", b"NaN", b'"x"', b"[]", b"null":
        at = good.index(b'"' + name + b'":')
        end = good.index(b",", at)
        bad.append(good[:at] + b'"' + name + b'":' + value + good[end:])
told = 0
for i, text in enumerate(bad):
    path.write_bytes(text)
    done = subprocess.run([sys.argv[1], "train", "--resume", "edited", "--device", "cpu", "--dry-run"],
                          capture_output=True, stdin=subprocess.DEVNULL)
    assert done.returncode in (0, 2, 6), (i, done.returncode, text, done.stderr)
    assert done.returncode or b"was changed since" in done.stderr, (i, text, done.stderr)
    told += done.returncode == 0
assert 0 < told < len(bad), told
path.write_bytes(good)
P
expect 0 "$limner" train --resume edited --device cpu --dry-run
grep -q 'was changed' err && fail "a sound config.json is called changed"

# Two trainings on one folder: the second is refused, with the process number of the first.
mkfifo lines
"$limner" train pictures -o shared $tiny --steps 100000000 --save-every 5 --json >lines 2>first &
job=$!
exec 3<lines
while read -r line <&3; do
    case $line in *'"saved":true'*) break ;; esac
done
expect 1 "$limner" train --resume shared --device cpu --steps 5
says err "process $job "
one_line err
expect 2 "$limner" train pictures -o shared $tiny --steps 5
kill -0 $job || fail "the first training did not survive the second"
kill -9 $job
exec 3<&-
wait $job 2>/dev/null
[ -e shared/lock ] || fail "no lock is left by kill -9: nothing is tested"
at=$(steps shared)
expect 0 "$limner" train --resume shared --device cpu --steps $((at + 2))
says err "process $job on"
says err "ended without closing the run"
[ -e shared/lock ] && fail "a lock was left"

# Closed streams, and a reader that goes away: the run is still whole.
"$limner" train pictures -o closed $tiny --steps 12 <&- >&- 2>&-
[ $? -eq 0 ] || fail "closed streams end the training"
same closed whole
for file in closed/config.json closed/log.jsonl closed/skipped.txt; do
    grep -qs 'limner:' "$file" && fail "messages in $file"
done
{ "$limner" train pictures -o piped $tiny --steps 200 --sample-every 100 --json 2>err; echo $? >code; } | head -n 1 >/dev/null
[ "$(cat code)" -eq 1 ] || fail "exit code $(cat code) after its reader has gone"
says err 'cannot write to the standard output'
[ "$(steps piped)" = 200 ] || fail "the training ended with its reader"
exit 0
