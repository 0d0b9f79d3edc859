#!/bin/sh
# limner tune: its table, its file, the commands that use it; which algorithm is fastest is not checked.
. "$2/tests/cli/lib.sh"
export LIMNER_CACHE_DIR="$work/cache"
net='--size 16 --width 2 --batch 5'

# passes FILE STORED MEASURED: so many passes were taken from the file, and so many measured.
passes() {
    "$python" - "$@" <<'END' || fail "the JSON is not what it should be"
import json, sys
rows = [json.loads(line) for line in open(sys.argv[1])]
assert rows[0]["event"] == "start" and rows[0]["work"] == "16x16x3, width 2, kernel 4", rows[0]
layers = [r for r in rows if r["event"] == "pass"]
assert sum(r["stored"] for r in layers) == int(sys.argv[2]), layers
assert sum(not r["stored"] for r in layers) == int(sys.argv[3]), layers
for r in layers:
    ways = {(c["algorithm"] + " " + c["gemm"]).strip(): c for c in r["candidates"]}
    assert ways[r["winner"]]["verified"] and r["builtin"] in ways, r
    assert r["stored"] or all(c["verified"] and c["ms"] > 0 for c in ways.values()), r
assert [r for r in rows if r["event"] == "step"][0]["pictures_per_s"] > 0
END
}

expect 0 "$limner" tune --device cpu --threads 1 $net --json
passes out 0 12
expect 0 "$limner" tune --device cpu --threads 1 $net --json --tune fast
passes out 12 0
expect 0 "$limner" tune --device cpu --threads 1 $net
says out 'forward'
says out '*'
says out 'training step'
expect 0 "$limner" bench --device cpu --threads 1 $net --only layers --steps 1
says out '*'

# A damaged file is named once, and made anew.
for file in "$LIMNER_CACHE_DIR"/tuning/*.json; do
    printf 'x' >"$file"
done
expect 0 "$limner" tune --device cpu --threads 1 $net --json
[ "$(grep -c 'what was tuned is ignored' err)" -eq 1 ] || fail "not one line about the damaged file"
passes out 0 12
expect 0 "$limner" tune --device cpu --threads 1 $net --json --tune fast
passes out 12 0

# No place to store it.
expect 0 "$limner" tune --device cpu --threads 1 $net --json --cache-dir off
passes out 0 12
: >file
expect 0 "$limner" tune --device cpu --threads 1 $net --json --cache-dir file/below
says err "no folder to keep"
# Several processes at once keep each other's results, of the same network or of another.
jobs=''
for width in 2 3 2 3; do
    "$limner" tune --device cpu --threads 1 --size 16 --width $width --batch 5 --cache-dir both >/dev/null 2>&1 </dev/null &
    jobs="$jobs $!"
done
for job in $jobs; do
    wait "$job" || fail "one of several that tune at once fails"
done
expect 0 "$limner" tune --device cpu --threads 1 $net --cache-dir both --json --tune fast
passes out 12 0
expect 0 "$limner" tune --device cpu --threads 1 --size 16 --width 3 --batch 5 --cache-dir both --json --tune fast
[ "$(grep -c '"stored":true' out)" -eq 12 ] || fail "the choices for another network were lost"
[ "$(find both/tuning -type f | wc -l)" -eq 1 ] || fail "more than the one file is left: $(ls both/tuning)"

# Interrupted: what was measured is kept.
mkfifo lines
"$limner" tune --device cpu --threads 1 --width 64 --cache-dir half --json >lines 2>err &
job=$!
while read -r line; do
    case $line in *'"event":"pass"'*) break ;; esac
done <lines
kill -INT $job
wait $job
[ $? -eq 130 ] || fail "exit code after Ctrl-C"
says err 'is kept'
grep -q '"forward":' half/tuning/*.json || fail "nothing was kept"

# A training goes on with the algorithms that it began with, even if others were tuned since.
pictures pictures 12
run='pictures --size 16 --width 2 --batch 5 --device cpu --threads 1'
expect 0 "$limner" train $run -o whole --steps 20 --cache-dir off
expect 0 "$limner" train $run -o parts --steps 10 --cache-dir off
expect 0 "$limner" train --resume parts --device cpu --threads 1 --steps 20
"$python" "$root/tests/support/compare_models.py" whole/checkpoint.safetensors parts/checkpoint.safetensors ||
    fail "tuning between a stop and a resume changes the numbers"
expect 0 "$limner" train $run -o tuned --steps 3 --tune fast
says err 'tuned '
expect 0 "$limner" sample tuned -n 4 -o faces.png --device cpu
expect 2 "$limner" train $run -o never --tune slow
expect 2 "$limner" tune --tune off
expect 3 env OCL_ICD_VENDORS=/nonexistent OCL_ICD_FILENAMES= "$limner" tune --device opencl
exit 0
