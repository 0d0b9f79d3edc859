#!/bin/sh
# `limner eval`: numbers of a run, and of other programs' pictures; same bytes each time. usage: eval.sh LIMNER ROOT PYTHON
. "$2/tests/cli/lib.sh"

pictures pictures 120
expect 0 "$limner" train pictures -o run $tiny --steps 12
cpu='--device cpu --threads 1'

# For people: every number, beside other reals and spoiled ones.
expect 0 "$limner" eval run --pictures pictures $cpu --sheet sheet.png
says out "run: "
for word in painted reals blurred shuffled coverage density precision recall "1-NN of reals" spread "KID x 1000" "Frechet x 1000" \
    nearest memorized distinct "SWD 16x16" "detail 16x16" "averaged pixels"; do
    says out "$word"
done
[ "$(wc -l <err)" -eq 1 ] || fail "more than the line of the device on stderr"
"$python" - <<'P' || fail "sheet.png is no sheet of pairs"
import struct
head = open("sheet.png", "rb").read(24)
assert struct.unpack(">II", head[16:]) == (12 * 18 + 2, 8 * 18 + 2)  # 48 pairs at most
P

# As JSON: one object, the same bytes for any number of threads, and nothing of device or clock in it.
expect 0 "$limner" eval run --pictures pictures $cpu --json
one_line out
cp out first
expect 0 "$limner" eval run --pictures pictures --device cpu --threads 3 --json
cmp out first || fail "the number of threads changes a number"
expect 0 "$limner" eval run/checkpoint.safetensors --pictures pictures $cpu --json --seed 2
"$python" - <<'P' || fail "--json is not as it should be"
import json
a, b = json.load(open("first")), json.load(open("out"))
rows = ["painted", "reals", "blurred", "shuffled"]
names = ["coverage", "density", "precision", "recall", "nn_real", "nn_painted", "spread", "kid", "kid_error", "frechet"]
assert a["count"] >= 32 and a["searched"] >= a["count"] and a["nets"] == 3 and a["seed"] == 1 and a["step"] == 12, a
assert a["model"] == "run" and a["pictures"] == "pictures" and len(a["hash"]) == 16, a
for row in rows:
    for name in names:
        assert isinstance(a[row][name], (int, float)) and a[row]["gist"][name] is not None, (row, name)
        assert a[row]["deviation"][name] >= 0
    assert len(a[row]["swd"]) == len(a[row]["detail"]) == 1 and a[row]["distinct"] > 0, row
assert b["seed"] == 2 and b["painted"] != a["painted"] and b["hash"] == a["hash"]
P

# Painted on another device: the same numbers, but for the last bit of a few pixels.
"$limner" eval run --pictures pictures --device opencl --json >out 2>err
code=$?
[ $code -eq 0 ] || [ $code -eq 3 ] || fail "exit code $code on an OpenCL device"
[ $code -eq 3 ] || "$python" - <<'P' || fail "another device gives other numbers"
import json
a, b = json.load(open("first")), json.load(open("out"))
def compare(x, y, where):
    if isinstance(x, dict):
        for name in x:
            compare(x[name], y[name], where + [name])
    elif isinstance(x, list):
        for i, (u, v) in enumerate(zip(x, y)):
            compare(u, v, where + [i])
    else:
        assert abs(x - y) <= max(1e-3 * abs(x), 1.01 / a["count"]), (where, x, y)
for row in ("painted", "reals", "blurred", "shuffled"):
    compare(a[row], b[row], [row])
P

# Other programs' pictures: too few are reported; copies of the reals are detected.
expect 0 "$limner" eval --painted pictures --pictures pictures --size 16 --nets 1 $cpu --json -n 40
"$python" - <<'P' || fail "copies of reals are not seen"
import json
o = json.load(open("out"))
assert o["count"] == 40 and o["painted_pictures"] == "pictures" and "model" not in o, o
assert o["painted"]["memorized"] > 0.2 and o["painted"]["coverage"] > 0.8 and o["painted"]["deviation"]["coverage"] == 0, o
P
expect 0 "$limner" eval --painted pictures --pictures pictures --size 32 --gray $cpu -n 32
says out "32 painted"

mkdir few
cp pictures/000[0-9].png few

# In a training: the numbers go into the log, and not a bit of the training changes.
expect 0 "$limner" train pictures -o without $tiny --steps 30 --eval-every 0s
expect 0 "$limner" train pictures -o with $tiny --steps 30 --eval-every 0.001s
says err "coverage "
expect 0 "$limner" info without
grep hash out >hash
expect 0 "$limner" info with
grep hash out | cmp - hash || fail "the evaluation changes the training"
expect 0 "$limner" train pictures -o told $tiny --steps 30 --eval-every 0.001s --json
"$python" - <<'P' || fail "the numbers of a training are not in its log, or not on stdout"
import json
lines = [json.loads(line) for line in open("with/log.jsonl")]
found = [line for line in lines if "coverage" in line]
assert found and all("step" in line and "swd_0" in line and 0 <= line["eval_share"] for line in found), lines
assert not any("coverage" in line for line in map(json.loads, open("without/log.jsonl")))
assert any("coverage" in o.get("scores", {}) for o in map(json.loads, open("out")))
assert json.load(open("with/config.json"))["eval_every"] == 0.001
P
expect 0 "$limner" train --resume with --device cpu --threads 1 --steps 40
says err "coverage "
expect 0 "$limner" train few -o small --size 16 --width 4 --batch 4 --device cpu --steps 10 --eval-every 0.001s
grep -q "coverage" err && fail "ten pictures cannot be evaluated"

# The page on which a person compares: each trial has two times four pictures.
expect 0 "$limner" sample with $cpu -n 6 -o six/
expect 0 "$python" "$root/tests/bench/blind.py" painted=six real=pictures -o blind.html --pairs 5
[ "$(grep -o '"name": "painted"' blind.html | wc -l)" -eq 5 ] || fail "not five trials on the page"
[ "$(grep -o iVBORw0KGgo blind.html | wc -l)" -eq 40 ] || fail "not forty pictures on the page"
expect 1 "$python" "$root/tests/bench/blind.py" painted=six real=nowhere -o blind.html

# The averaged weights are measured, and with --raw those of the last step.
expect 0 "$limner" train pictures -o averaged $tiny --steps 20 --ema 64
expect 0 "$limner" eval averaged --pictures pictures $cpu --json
cp out average
expect 0 "$limner" eval averaged --raw --pictures pictures $cpu --json
"$python" - <<'P' || fail "--raw measures the average, or the other way round"
import json
a, b = json.load(open("average")), json.load(open("out"))
assert a["hash"] != b["hash"] and a["painted"] != b["painted"] and a["reals"] == b["reals"]
P
expect 6 "$limner" eval averaged/generator.safetensors --raw --pictures pictures $cpu
one_line err

# Refusals: one line that says what to do.
expect 2 "$limner" eval run
one_line err
says err "--pictures P is missing"
expect 2 "$limner" eval --pictures pictures
one_line err
says err "MODEL|RUN is missing"
expect 2 "$limner" eval run --painted pictures --pictures pictures
expect 2 "$limner" eval run --pictures pictures --size 32
expect 2 "$limner" eval run --pictures pictures -n 31
expect 2 "$limner" eval run --pictures pictures --background puce
expect 2 "$limner" eval run --pictures pictures --nets 9
expect 3 "$limner" eval run --pictures pictures --device none-such
expect 6 "$limner" eval nowhere --pictures pictures $cpu
one_line err
expect 6 "$limner" eval run --pictures nowhere $cpu
expect 6 "$limner" eval run --pictures few $cpu
says err "evaluation needs 32 pictures"
echo text >run/generator.safetensors
expect 6 "$limner" eval run --pictures pictures $cpu
expect 1 "$limner" eval run/checkpoint.safetensors --pictures pictures $cpu --sheet nowhere/sheet.png
says err "nowhere/sheet.png"
