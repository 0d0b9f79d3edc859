#!/bin/sh
# What `limner scan` and `limner train` report about a folder. usage: scan.sh LIMNER ROOT PYTHON
. "$2/tests/cli/lib.sh"

pictures messy 30
pictures messy/more 5 # 0000.png to 0004.png again
pictures messy/larger 1 32
echo '<html>' >messy/page.jpg
: >messy/empty.png
head -c 60 messy/0007.png >messy/cut.png
echo notes >messy/notes.txt

expect 0 "$limner" scan messy --size 16 --sheet sheet.png --skipped skipped.txt
says out "36 pictures in messy: PNG 36; 3 files skipped, 1 passed over"
says out "skipped messy/cut.png: truncated PNG"
says out "messy/0001.png = messy/more/0001.png"
says out "verdict: poor, far too few different pictures"
says out "--drop-duplicates"
[ "$(wc -l <skipped.txt)" -eq 3 ] || fail "skipped.txt has not three lines"
says skipped.txt "messy/page.jpg: not a picture (HTML text)"

expect 0 "$limner" scan messy --size 16 --json
one_line out
"$python" - <<'P' || fail "--json or the sheet is not as it should be"
import json, struct
o = json.load(open("out"))
assert o["usable"] == 36 and o["formats"] == {"PNG": 36} and o["passed_over"] == 1, o
assert [s["path"] for s in o["skipped"]] == ["messy/cut.png", "messy/empty.png", "messy/page.jpg"], o
assert sum(b["count"] for b in o["sizes"]) == 36 and o["enlarged"] == 0 and o["square"] == 36, o
exact = [(g["path"], c["path"]) for g in o["copies"] for c in g["copies"] if c["kind"] == "exact"]
assert ("messy/0003.png", "messy/more/0003.png") in exact and len(exact) == o["exact_copies"] >= 5, o
assert o["verdict"] == "poor" and o["advice"], o
head = open("sheet.png", "rb").read(24)
assert struct.unpack(">II", head[16:]) == (16 * 18 + 2, 3 * 18 + 2)
P

# The report on oblong pictures holds for every crop.
"$python" - <<'P' || exit 99
import pathlib, struct, zlib
def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
pathlib.Path("oblong").mkdir()
for i in range(4):
    rows = b"".join(b"\0" + bytes((x * (i + 3) + y * 11) % 256 for x in range(40)) for y in range(20))
    pathlib.Path(f"oblong/{i}.png").write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 40, 20, 8, 0, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
P
for crop in center top none; do
    expect 0 "$limner" scan oblong --size 16 --crop $crop
    says out "--crop center and top cut off a third of them and more"
done

# "off" is no folder's name.
expect 0 "$limner" scan messy --size 16 --cache-dir off
[ -e off ] && fail "--cache-dir off made a folder"
expect 0 "$limner" scan messy --size 16 --cache-dir kept
[ -s kept/messy-*.cache ] || fail "--cache-dir kept nothing"

# The same of a training, which leaves copies out where asked, and where it is resumed.
expect 0 "$limner" train messy -o all $tiny --steps 2
says err "36 pictures in messy: PNG 36; 3 files skipped"
says err "verdict: poor"
[ -s all/reals.png ] && [ "$(wc -l <all/skipped.txt)" -eq 3 ] || fail "reals.png or skipped.txt"
expect 0 "$limner" train messy -o exact $tiny --steps 2 --drop-duplicates exact
says err "dropped"
expect 0 "$limner" train --resume exact --device cpu --threads 1 --steps 4
says err "dropped"
expect 2 "$limner" train --resume exact --device cpu --steps 6 --drop-duplicates none
one_line err
says err "--drop-duplicates contradicts"
"$python" - <<'P' || fail "config.json"
import json
a, b = json.load(open("all/config.json")), json.load(open("exact/config.json"))
assert a["picture_count"] == 36 and a["drop_duplicates"] == "none", a
assert b["picture_count"] < 32 and b["drop_duplicates"] == "exact", b
P

# Refusals: one line that says what to do.
mkdir empty same
cp messy/0001.png same/a.png
cp messy/0001.png same/b.png
for command in scan "train --quiet -o never $tiny"; do
    expect 6 "$limner" $command empty
    one_line err
    says err "no pictures"
    expect 6 "$limner" $command messie/0001
    one_line err
    says err "the nearest that exists is"
    expect 6 "$limner" $command ./messie
    says err "messy"
    expect 6 "$limner" $command same
    says err "all 2 usable pictures are the same"
done
rm messy/*.png && rm -r messy/more messy/larger
expect 6 "$limner" scan messy
one_line err
says err "no usable pictures in 2 files: 1 x not a picture (HTML text) such as page.jpg, 1 hidden or text"
expect 2 "$limner" scan same --size 48
one_line err
says err "16, 32, 64, 128"
expect 2 "$limner" scan
expect 2 "$limner" scan same --background puce
