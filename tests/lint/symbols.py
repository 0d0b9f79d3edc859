#!/usr/bin/env python3
"""No global symbol of ours is in another library's name space: `lim_`, or inside the static library also the prefix of the room
that defines it (data_, gan_ ...; cpu_ and ocl_ in the backends). The shared library exports `lim_` alone.
usage: symbols.py STATIC_LIBRARY SHARED_LIBRARY"""
import re
import subprocess
import sys

static, shared = sys.argv[1:3]
PREFIXES = {"opencl": "ocl", "meson-generated": "ocl"}  # the others have their room's name; what is generated are the kernels


def symbols(*args):
    """(object file or library, symbol) of each definition."""
    try:
        lines = subprocess.run(["nm", "-A", "-P", "--defined-only", *args], check=True, capture_output=True, text=True).stdout
    except FileNotFoundError:
        print("nm is not installed")
        sys.exit(77)
    return [(line.split(": ", 1)[0], line.split(": ", 1)[1].split()[0]) for line in lines.splitlines()]


bad, rooms = [], set()
for where, symbol in symbols("--extern-only", static):
    room = re.search(r"([^/\[\]:]+)\.o\]?$", where).group(1).split("_")[0]
    rooms.add(room)
    if not symbol.startswith(("lim_", PREFIXES.get(room, room) + "_")):
        bad.append(f"{where}: {symbol}: its name begins neither with lim_ nor with {PREFIXES.get(room, room)}_")
if not {"base", "io", "core", "cpu", "data", "gan"} <= rooms:
    sys.exit(f"{static}: not our rooms: {sorted(rooms)}")
exported = [symbol for _, symbol in symbols("--dynamic", shared)]
if "lim_train" not in exported:
    sys.exit(f"{shared}: not a list of names: {exported[:5]}")
bad += [f"{shared} exports {symbol}: its name does not begin with lim_" for symbol in exported if not symbol.startswith("lim_")]
print("\n".join(bad))
sys.exit(1 if bad else 0)
