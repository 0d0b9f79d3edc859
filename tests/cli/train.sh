#!/bin/sh
# A small training: what is in the run folder, messy pictures, odd paths.
. "$2/tests/cli/lib.sh"

pictures pictures 24
expect 0 "$limner" train pictures -o run $tiny --steps 12 --sample-every 4
[ "$(cat out)" = run ] || fail "stdout should be the run folder"
for file in config.json log.jsonl reals.png samples/000000.png samples/000004.png samples/000008.png \
    samples/000012.png progress.gif checkpoint.safetensors generator.safetensors README.txt; do
    [ -s "run/$file" ] || fail "$file is missing"
done
[ -e run/skipped.txt ] && fail "skipped.txt without a skipped picture"
"$python" - <<'P' || fail "config.json, log.jsonl or the PNG are not as they should be"
import json, struct
config = json.load(open("run/config.json"))
assert config["size"] == 16 and config["width"] == 4 and config["batch"] == 8 and config["lr"] == 0.0002, config
assert config["picture_count"] == 24 and len(config["fingerprint"]) == 16, config
log = [json.loads(line) for line in open("run/log.jsonl")]
assert [l["step"] for l in log][-1] == 12 and log[0]["step"] == 1, log
assert all(l["loss_g"] > 0 and 0 < l["d_real"] < 1 and l["seen"] == 8 * l["step"] for l in log), log
assert log[0]["loss_real"] != log[-1]["loss_real"], log
head = open("run/samples/000012.png", "rb").read()
assert struct.unpack(">II", head[16:24]) == (8 * 18 + 2, 8 * 18 + 2)
assert b"limner seed" in head
assert open("run/progress.gif", "rb").read(6) == b"GIF89a"
P

# Never a silent second run, never an overwritten one.
cp run/checkpoint.safetensors before
expect 2 "$limner" train pictures -o run $tiny --steps 1
says err " train --resume run"
cmp -s before run/checkpoint.safetensors || fail "an existing run was touched"
mkdir other && echo mine >other/file
expect 2 "$limner" train pictures -o other $tiny --steps 1
[ "$(ls other)" = file ] || fail "a folder with something in it was touched"
expect 2 "$limner" train pictures -o other/file $tiny --steps 1
one_line err
says err "'other/file' is a file"

# The default name; twice is refused.
expect 0 "$limner" train pictures/ $tiny --steps 1
[ "$(cat out)" = runs/pictures ] || fail "the default is not runs/pictures but $(cat out)"
expect 2 "$limner" train pictures/ $tiny --steps 1

# --json: one object a line, nothing else on stdout; --dry-run makes nothing.
expect 0 "$limner" train pictures -o json $tiny --steps 3 --json
"$python" -c 'import json
events = [json.loads(line) for line in open("out")]
assert [e["event"] for e in events][::len(events) - 1] == ["start", "end"], events
assert any(e["event"] == "step" and e["launches"] > 0 for e in events) and events[-1]["exit"] == 0' ||
    fail "--json"
expect 0 "$limner" train pictures -o dry $tiny --dry-run
says out "device    CPU path"
says out "memory"
[ -e dry ] && fail "--dry-run made the run folder"
expect 0 "$limner" train pictures -o dry $tiny --dry-run --json
one_line out
"$python" -c 'import json
plan = json.load(open("out"))
assert plan["event"] == "plan" and plan["steps_an_epoch"] == 3 and plan["memory"] > 0, plan' || fail "--dry-run --json"
expect 0 "$limner" train pictures --device cpu --preset tiny --smooth 0 --size 16 --dry-run
says out "width 16"
says out "lr 0.0005, beta1 0.5, beta2 0.999, smooth 0,"
expect 0 "$limner" train pictures --device cpu --batch 3 --lr 0.002 --preset tiny --beta2 0.9 --gray --size 16 --dry-run
says out "network   size 16, channels 1, width 16, kernel 4, latent 100"
says out "training  batch 3, lr 0.002, beta1 0.5, beta2 0.9, smooth 0.1, seed 1"
expect 0 "$limner" train pictures -o quiet $tiny --steps 1 --quiet
[ -s err ] && fail "--quiet was not"

# A name that is no UTF-8 stays one valid line; a backslash stays itself.
odd=$(printf 'b\377d \\x41')
if mkdir "$odd" 2>/dev/null && rmdir "$odd"; then
    expect 0 "$limner" train pictures -o "$odd" $tiny --steps 1 --json
    "$python" -c 'import json
events = [json.loads(line) for line in open("out", "rb").read().decode("utf-8").splitlines()]
assert events[0]["run"] == r"b\xffd \x41", events[0]' || fail "--json of a name that is no UTF-8"
fi

# Messy pictures are named with the reason and counted; the rest is trained on.
pictures messy/deep/er 9
echo 'just text' >messy/text.png
: >messy/empty.png
head -c 60 messy/deep/er/0001.png >messy/cut.png
expect 0 "$limner" train messy -o messy-run $tiny --steps 2
says err "9 pictures"
for file in text.png empty.png cut.png; do
    grep -q "skipped .*$file: ." err || fail "$file is not named"
    grep -q "$file: ." messy-run/skipped.txt || fail "$file is not in skipped.txt"
done

# A name with a newline and an escape sequence stays one harmless line, wherever it is named.
pictures nasty 9
"$python" -c 'open("nasty/a\nb\x1b[31m\u00fc.png", "wb").write(b"text")'
expect 0 "$limner" train nasty -o nasty-run $tiny --steps 1
says err 'a\nb\x1b[31mü.png: '
says nasty-run/skipped.txt 'a\nb\x1b[31mü.png: '
[ "$(wc -l <nasty-run/skipped.txt)" -eq 1 ] || fail "skipped.txt has not one line"
LC_ALL=C tr -d '\040-\176\200-\377\n' <err | grep -q . && fail "control characters on the terminal"

# Fewer pictures than the batch; none.
pictures few 3
expect 0 "$limner" train few -o few-run $tiny --steps 2
says err "the batch becomes 3"
pictures single 1
expect 0 "$limner" train single -o single-run $tiny --steps 2
mkdir none
for place in none nowhere; do
    expect 6 "$limner" train $place -o none-run $tiny
    [ -e none-run ] && fail "a run was begun without pictures"
done

# Spaces, umlauts, a quote; a relative path resumed from elsewhere.
mkdir 'a b'
mv few "a b/bilder übung's"
expect 0 "$limner" train "a b/bilder übung's" -o 'a b/läuft' $tiny --steps 2
mkdir elsewhere
cd elsewhere || exit 99
expect 0 "$limner" train --resume '../a b/läuft' --device cpu --steps 4
expect 0 "$limner" info '../a b/läuft'
says out "4 steps"

# README.txt speaks of the folder that it lies in, which may have moved.
mv '../a b/läuft' "../it's"
cd "../it's" || exit 99
mkdir ../bin
printf '#!/bin/sh\nexec "%s" "$@"\n' "$limner" >../bin/limner
chmod +x ../bin/limner
resume=$(sed -n 's/^to go on with it *//p' README.txt)
[ -n "$resume" ] || fail "README.txt does not say how to resume"
expect 0 env PATH="$work/bin:$PATH" LIMNER_DEVICE=cpu sh -c "$resume --steps 6"
expect 0 env PATH="$work/bin:$PATH" LIMNER_DEVICE=cpu sh -c "$(sed -n 's/^to paint 64 pictures *//p' README.txt)"
[ -s faces.png ] || fail "README.txt does not say how to paint"
cd "$work/elsewhere" || exit 99

# The line to resume calls limner as it was called: a build folder is in no PATH.
ln -s "$limner" "a limner's"
expect 2 "./a limner's" train "../a b/bilder übung's" -o "../it's" $tiny
says err "'./a limner'\\''s' train --resume '../it'\\''s'"

pictures profile-pictures 8
# A profile is a time line: whole JSON, in order, everything that began ended, and names of operations.
expect 0 "$limner" train profile-pictures -o profiled --device cpu --size 16 --width 4 --batch 8 --steps 2 --profile trace.json
"$python" - trace.json <<'END' || fail "trace.json is no time line"
import json, sys
events = [e for e in json.load(open(sys.argv[1])) if e["ph"] != "M"]
open_ones, before = [], 0
for e in events:
    assert e["ts"] >= before and e["pid"] == e["tid"] == 1, e
    before = e["ts"]
    if e["ph"] == "B":
        open_ones.append(e["name"])
    else:
        assert e["ph"] == "E" and open_ones.pop() == e["name"], e
names = [e["name"] for e in events if e["ph"] == "B"]
assert not open_ones and before > 0 and names.count("adam") >= 4, names
assert {"conv_forward", "conv_backward_data", "conv_backward_weights", "loss"} <= set(names), names
END
expect 1 "$limner" train profile-pictures -o unprofiled --device cpu --size 16 --width 4 --batch 8 --steps 1 --profile no/where
says err "cannot write the profile no/where"
[ -e unprofiled ] && fail "pictures were prepared before the profile was refused"
exit 0
