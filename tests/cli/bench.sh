#!/bin/sh
# limner bench: every part has its rows, as a table and as JSON; speeds are not checked.
. "$2/tests/cli/lib.sh"
tiny='--device cpu --size 16 --width 4 --batch 4 --steps 2'

expect 0 "$limner" bench $tiny
for row in 'multiply-adds in registers' 'matrix product 1024x1024x1024' 'copy 64 MiB' 'launch ' 'G.0 ' 'D.0 ' 'training step' \
    'paint '; do
    says out "$row"
done
expect 0 "$limner" bench $tiny --json
"$python" - out <<'END' || fail "the JSON is not what the table says"
import json, sys
head, *rows = [json.loads(line) for line in open(sys.argv[1])]
assert head["width"] == 4 and head["option"] == "--device cpu", head
layers = [r for r in rows if r["what"][:2] in ("G.", "D.")]
names = {r["what"] for r in layers}
# 16x16: two layers in G, three passes each, and as many in D; each with one chosen algorithm, and
# lowering always there.
assert len({n.split()[0] for n in names}) * 3 == len(names) >= 12, names
for name in names:
    ways = [r for r in layers if r["what"] == name]
    assert sum(r["chosen"] for r in ways) == 1, ways
    assert "lowering" in [r["algorithm"] for r in ways], ways
for r in rows:
    assert 0 < r["best_ms"] <= r["ms"] and r["launches"] >= 1, r
    if "gflops" in r:
        assert r["percent_of_peak"] > 0, r
for what in ("training step", "paint"):
    assert [r["mbytes"] > 0 for r in rows if r["what"] == what] == [True], rows
END
for part in device layers step paint; do
    expect 0 "$limner" bench $tiny --only $part --json
done
[ "$(wc -l <out)" -eq 2 ] || fail "--only paint prints $(cat out)"

# A preset sets what no option sets, whichever comes first; without one, bench uses PyTorch's sizes.
head_of() {
    expect 0 "$limner" bench --device cpu --only paint --steps 1 --size 16 "$@"
    head -n 1 out
}
case $(head_of --batch 3 --preset tiny) in *'width 16, kernel 4, batch 3'*) ;; *) fail "the preset and --batch" ;; esac
case $(head_of --preset tiny --batch 3) in *'width 16, kernel 4, batch 3'*) ;; *) fail "--batch after the preset" ;; esac
case $(head_of --batch 3) in *'width 64, kernel 4, batch 3'*) ;; *) fail "no preset" ;; esac

expect 2 "$limner" bench --only all
expect 2 "$limner" bench --batch 0
expect 3 env OCL_ICD_VENDORS=/nonexistent OCL_ICD_FILENAMES= "$limner" bench --device opencl
exit 0
