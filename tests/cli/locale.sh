#!/bin/sh
# In a locale with decimal commas, files and JSON do not change.
. "$2/tests/cli/lib.sh"
command -v localedef >/dev/null && mkdir locales && localedef -i de_DE -f UTF-8 locales/de_DE.UTF-8 2>/dev/null ||
    exit 77 # no sources of locales on this machine
pictures pictures 24
german() { env LOCPATH="$work/locales" LC_ALL=de_DE.UTF-8 LANG=de_DE.UTF-8 "$@"; }
expect 0 german sh -c 'printf "%.1f\n" 1,5 || printf "%.1f\n" 1.5' # the locale is there, whatever this shell does
expect 0 "$limner" train pictures -o plain $tiny --steps 8 --lr 0.0003 --json
cp out plain.json
expect 0 german "$limner" train pictures -o german $tiny --steps 8 --lr 0.0003 --json
cp out german.json
expect 0 german "$limner" sample german --device cpu --threads 1 -o german.png
expect 0 "$limner" sample plain --device cpu --threads 1 -o plain.png
cmp german.png plain.png || fail "other pictures"
"$python" "$root/tests/support/compare_models.py" german/checkpoint.safetensors plain/checkpoint.safetensors || fail "other weights"
"$python" - <<'P' || fail "other numbers"
import json
def lines(path, drop):
    return [{k: v for k, v in json.loads(line).items() if k not in drop} for line in open(path)]
timing = {"per_second", "seconds", "seconds_left", "waited", "run", "resume"}
assert lines("german/log.jsonl", timing) == lines("plain/log.jsonl", timing)
assert lines("german.json", timing)[0] == lines("plain.json", timing)[0]
assert all(isinstance(v, (int, float, str, bool)) for line in lines("german.json", ()) for v in line.values())
assert json.load(open("german/config.json")) == json.load(open("plain/config.json"))
P
exit 0
