#!/bin/sh
# Painting: from a run and from a model, by seed, as a grid and as files.
. "$2/tests/cli/lib.sh"

pictures pictures 24
expect 0 "$limner" train pictures -o run $tiny --steps 12
cpu='--device cpu --threads 1'

expect 0 "$limner" sample run $cpu -o of-run.png
[ "$(cat out)" = of-run.png ] || fail "stdout should be the file"
expect 0 "$limner" sample run/generator.safetensors $cpu -o of-model.png
expect 0 "$limner" sample run/checkpoint.safetensors $cpu -o of-checkpoint.png
cmp of-run.png of-model.png || fail "the run and its model paint differently"

# The averaged weights paint; the last ones are in the checkpoint.
expect 0 "$limner" train pictures -o averaged $tiny --steps 12 --ema 1000
expect 0 "$limner" sample averaged $cpu -o average.png
expect 0 "$limner" sample averaged --raw $cpu -o raw.png
expect 0 "$limner" sample run --raw $cpu -o plain.png
cmp -s average.png raw.png && fail "--raw paints the average"
cmp raw.png of-run.png && cmp plain.png of-run.png || fail "averaging has changed the training"
expect 6 "$limner" sample averaged/generator.safetensors --raw $cpu -o raw.png
grep -q "holds the average alone" err || fail "no word of the average"

# The same pixels as the last grid of the training; a seed's picture does not depend on the rest of its batch.
cat >pixels.py <<'P'
import struct, sys, zlib
def pixels(path):
    data, at, idat = open(path, "rb").read(), 8, b""
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + length]
        if kind == b"IHDR":
            w, h, depth, color, _, _, interlace = struct.unpack(">IIBBBBB", body)
            assert depth == 8 and color == 2 and not interlace
        idat += body if kind == b"IDAT" else b""
        at += length + 12
    raw, n, rows, above = zlib.decompress(idat), 3 * w, [], bytearray(3 * w)
    for y in range(h):
        f, row = raw[y * (n + 1)], bytearray(raw[y * (n + 1) + 1:(y + 1) * (n + 1)])
        for x in range(n):
            a, b, c = (row[x - 3] if x > 2 else 0), above[x], (above[x - 3] if x > 2 else 0)
            p = a + b - c
            paeth = a if abs(p - a) <= abs(p - b) and abs(p - a) <= abs(p - c) else b if abs(p - b) <= abs(p - c) else c
            row[x] = (row[x] + (0, a, b, (a + b) // 2, paeth)[f]) % 256
        rows.append(bytes(row))
        above = row
    return rows
def texts(path):
    data, at, found = open(path, "rb").read(), 8, {}
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        if kind == b"tEXt":
            key, value = data[at + 8:at + 8 + length].split(b"\0")
            found[key] = value
        at += length + 12
    return found
def cell(path, column, row, size=16):
    x, y = 2 + column * (size + 2), 2 + row * (size + 2)
    return [r[3 * x:3 * (x + size)] for r in pixels(path)[y:y + size]]
P
expect 0 "$limner" sample run $cpu --seeds 99,5,1-3 --grid 5x1 -o some.png
expect 0 "$limner" sample run $cpu --seed 5 -n 1 -o one/
expect 0 "$limner" sample run $cpu -n 70 -o many/
[ "$(ls many | wc -l)" -eq 70 ] || fail "not 70 files"
"$python" -B - <<'P' || fail "pixels differ"
from pixels import pixels, cell, texts
assert pixels("of-run.png") == pixels("run/samples/000012.png")
five = pixels("one/000005.png")
assert five == cell("some.png", 1, 0) == cell("of-run.png", 4, 0) == pixels("many/000005.png")
assert pixels("many/000070.png") != five
assert len({tuple(pixels(f"many/{i:06}.png")) for i in range(1, 71)}) == 70
assert texts("one/000005.png")[b"limner seed"] == b"5"
assert texts("of-run.png") == texts("run/samples/000012.png"), texts("run/samples/000012.png")
assert {b"Software", b"limner seed", b"limner model", b"limner step"} == texts("of-run.png").keys()
assert texts("of-run.png")[b"limner step"] == b"12" and texts("of-run.png")[b"limner seed"] == b"1-64"
P
expect 0 "$limner" sample run $cpu --batch-stats -o batch-stats.png
cmp -s batch-stats.png of-run.png && fail "--batch-stats changes nothing"

# The C sample on the public interface paints the same picture.
expect 0 "$fourth" run/generator.safetensors 5 painted.png cpu
"$python" -B -c 'from pixels import pixels; assert pixels("painted.png") == pixels("one/000005.png")' ||
    fail "samples/paint.c paints another picture"
expect 2 "$fourth"

expect 0 "$limner" info run
hash=$(sed -n 's/^hash *//p' out)
grep -qF "$hash" of-run.png || fail "the PNG does not carry the model's hash"

: >empty.safetensors
for model in empty.safetensors nowhere pictures "$root/LICENSE"; do
    expect 6 "$limner" sample "$model" $cpu -o no.png
    one_line err
    expect 6 "$limner" info "$model"
done
[ -e no.png ] && fail "a picture without a model"
expect 1 "$limner" sample run $cpu -o run/config.json/faces.png
exit 0
