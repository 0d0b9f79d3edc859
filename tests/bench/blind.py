#!/usr/bin/env python3
"""A page on which a person compares models without knowing which is which: two times two pictures beside two times two others,
again and again; two minutes. It tells the result at the end, and needs no server and no network.

    limner sample runs/a -n 200 -o a/ && limner sample runs/b -n 200 -o b/
    python3 tests/bench/blind.py old=a new=b -o blind.html        # real pictures may be a third: real=pictures

usage: blind.py NAME=FOLDER NAME=FOLDER ... [-o blind.html] [--pairs 24] [--seed 1]"""
import argparse
import base64
import itertools
import json
import pathlib
import random
import sys

PAGE = """<!doctype html>
<meta charset="utf-8"><title>Which pictures are better?</title>
<style>
body { font: 16px sans-serif; text-align: center; margin: 2em; background: #eee }
.grid { display: inline-grid; grid-template-columns: 200px 200px; gap: 6px; padding: 10px; margin: 0 2em; background: #fff; border: 3px solid #fff; cursor: pointer }
.grid:hover { border-color: #48f }
.grid img { width: 200px; height: 200px }
table { margin: 1em auto; border-collapse: collapse } td, th { padding: .3em 1em; border-bottom: 1px solid #aaa }
</style>
<h1 id="head">Which four are better?</h1>
<p id="help">Click on them, or press the left or right arrow key. Space: no difference.</p>
<div id="place"></div><p id="count"></p>
<script>
const trials = TRIALS, wins = {}, seen = {};
let at = 0;
const place = document.getElementById("place"), began = Date.now();
function show() {
    place.innerHTML = "";
    if (at === trials.length) return end();
    trials[at].sides.forEach((side, i) => {
        const grid = document.createElement("div");
        grid.className = "grid";
        side.pictures.forEach(data => { const img = new Image(); img.src = "data:image/png;base64," + data; grid.append(img); });
        grid.onclick = () => choose(i);
        place.append(grid);
    });
    document.getElementById("count").textContent = (at + 1) + " of " + trials.length;
}
function choose(i) {
    if (at >= trials.length) return;
    trials[at].sides.forEach((side, k) => {
        seen[side.name] = (seen[side.name] || 0) + 1;
        wins[side.name] = (wins[side.name] || 0) + (i < 0 ? 0.5 : i === k ? 1 : 0);
    });
    at++;
    show();
}
function end() {
    document.getElementById("head").textContent = "Result";
    document.getElementById("help").textContent = "Share of comparisons won, with its standard error; 0.50: no difference. "
        + Math.round((Date.now() - began) / 1000) + " seconds.";
    document.getElementById("count").textContent = "";
    const rows = Object.keys(seen).map(name => [name, wins[name] / seen[name], seen[name]]).sort((a, b) => b[1] - a[1]);
    const table = document.createElement("table");
    [["set", "won", "error", "comparisons"], ...rows.map(([name, share, n]) =>
        [name, share.toFixed(2), Math.sqrt(Math.max(share * (1 - share), 1 / n / 4) / n).toFixed(2), n])].forEach((cells, i) => {
        const row = table.insertRow();
        cells.forEach(text => { const cell = document.createElement(i ? "td" : "th"); cell.textContent = text; row.append(cell); });
    });
    place.append(table);
}
document.onkeydown = event => {
    const key = { ArrowLeft: 0, ArrowRight: 1, " ": -1 }[event.key];
    if (key !== undefined) { event.preventDefault(); choose(key); }
};
show();
</script>
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("sets", nargs="+", metavar="NAME=FOLDER")
    parser.add_argument("-o", default="blind.html", dest="out")
    parser.add_argument("--pairs", type=int, default=24)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    draw, sets = random.Random(args.seed), {}
    for given in args.sets:
        name, equals, folder = given.partition("=")
        sets[name] = sorted(pathlib.Path(folder).glob("*.png"))
        if not equals or len(sets[name]) < 4:
            sys.exit(f"{given}: NAME=FOLDER with four .png files or more")
    if len(sets) < 2:
        sys.exit("there must be two sets at least")
    pairs = list(itertools.combinations(sets, 2))
    trials = []
    for i in range(args.pairs):
        sides = [{"name": name, "pictures": [base64.b64encode(p.read_bytes()).decode() for p in draw.sample(sets[name], 4)]}
                 for name in pairs[i % len(pairs)]]
        draw.shuffle(sides)
        trials.append({"sides": sides})
    draw.shuffle(trials)
    pathlib.Path(args.out).write_text(PAGE.replace("TRIALS", json.dumps(trials).replace("<", "\\u003c")))
    print(args.out)


main()
