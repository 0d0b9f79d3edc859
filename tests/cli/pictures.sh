#!/bin/sh
# How pictures are prepared for the network, and where they are cached. usage: pictures.sh LIMNER ROOT PYTHON
. "$2/tests/cli/lib.sh"

same() {
    "$python" "$root/tests/support/compare_models.py" "$1/checkpoint.safetensors" "$2/checkpoint.safetensors" ||
        fail "$1 and $2 differ"
}

pictures pictures 60

# With all of it, 12 steps are 6, a stop and 6 more; the stop's cache is found again.
seen="--gray --crop top --background 204060 --mirror --holdout 20% --limit 40"
expect 0 "$limner" train pictures -o whole $tiny $seen --steps 12
expect 0 "$limner" train pictures -o parts $tiny $seen --steps 6
says err "held out"
says err "leaves 20 files out"
[ -s parts/pictures.cache ] || fail "no pictures.cache in the run"
expect 0 "$limner" train --resume parts --device cpu --threads 1 --steps 12
says err "come prepared from parts/pictures.cache"
same whole parts
"$python" - <<'P' || fail "config.json, log.jsonl or the grids are not as they should be"
import json, struct
c = json.load(open("parts/config.json"))
assert c == dict(json.load(open("whole/config.json")), pictures=c["pictures"], checksum=c["checksum"]), c
assert c["channels"] == 1 and c["crop"] == "top" and c["background"] == "#204060", c
assert c["mirror"] is True and c["holdout"] == 0.2 and c["limit"] == 40 and c["cache"] == "run", c
assert 0 < c["held_out_count"] < 20 and c["held_out_count"] + c["picture_count"] == 40, c
log = [json.loads(line) for line in open("parts/log.jsonl")]
assert all(0 <= l["waited"] <= 1 for l in log), log
for name in "reals.png", "samples/000012.png":
    head = open("parts/" + name, "rb").read(32)
    assert head[25] == 0, (name, "is not gray")
assert open("parts/progress.gif", "rb").read(6) == b"GIF89a"
P
expect 0 "$limner" sample parts -n 4 -o gray.png --device cpu
expect 0 "$limner" info parts
says out "16x16, gray"

# Each of the settings matters, and is refused where the run had another.
for other in "--gray" "--crop none" "--background black" "--no-mirror" "--holdout 10%" "--limit 30"; do
    expect 0 "$limner" train pictures -o plain $tiny --steps 6 --quiet
    expect 2 "$limner" train --resume plain --device cpu $other
    one_line err
    says err "contradicts the run"
    expect 0 "$limner" train pictures -o other $tiny $other --steps 6 --quiet
    if [ "$other" != "--background black" ] && [ "$other" != "--crop none" ]; then # square, opaque
        "$python" "$root/tests/support/compare_models.py" plain/checkpoint.safetensors other/checkpoint.safetensors \
            >/dev/null && fail "$other changes nothing"
    fi
    rm -r plain other
done
expect 0 "$limner" train --resume parts --device cpu --gray --limit 40 --holdout 0.2 --background '#204060' --steps 12
says err "nothing is left to do"

# A cache shared by runs; one that is out of date; none.
expect 0 "$limner" train pictures -o one $tiny --steps 2 --cache-dir caches/deep
[ -e one/pictures.cache ] && fail "pictures.cache despite --cache-dir"
expect 0 "$limner" train pictures -o two $tiny --steps 1 --cache-dir caches/deep
says err "come prepared from caches/deep/pictures-"
[ "$(find caches/deep -type f | wc -l)" -eq 1 ] || fail "more than one file in the cache: $(find caches/deep)"
expect 0 "$limner" train --resume two --device cpu --steps 2
says err "come prepared from"
same one two
for file in caches/deep/*.cache; do echo damage >>"$file"; done
expect 0 "$limner" train pictures -o three $tiny --steps 2 --cache-dir caches/deep
[ "$(grep -c 'preparing the pictures again' err)" -eq 1 ] || fail "a damaged cache is not named in one line"
same one three
rm pictures/0059.png
expect 0 "$limner" train --resume one --device cpu --steps 3
says err "other pictures or settings; preparing the pictures again"
expect 0 "$limner" train pictures -o memory $tiny --steps 1 --no-cache
[ -e memory/pictures.cache ] && fail "pictures.cache despite --no-cache"
expect 0 "$limner" train --resume memory --device cpu --steps 2
[ -e memory/pictures.cache ] && fail "pictures.cache although the run has none"

# Reported once, and nothing is started.
expect 2 "$limner" train pictures -o bad $tiny --no-cache --cache-dir caches
expect 2 "$limner" train pictures -o bad $tiny --background reddish
says err "not a color"
expect 2 "$limner" train pictures -o bad $tiny --holdout 60%
expect 2 "$limner" train pictures -o bad $tiny --crop left
says err "center, top, none"
echo x >file
expect 1 "$limner" train pictures -o bad $tiny --cache-dir file
[ -e bad ] && fail "a run was begun"

# A cache that lost its run to an early end is no obstacle.
mkdir early && cp whole/pictures.cache early
expect 0 "$limner" train pictures -o early $tiny --steps 1
exit 0
