#!/usr/bin/env python3
"""Includes point downwards only. The rooms of src and their order are read from docs/design/architecture.md, from the line
`base, io, core, cpu | opencl, ...` (lowest first; rooms with | between them do not know each other). Inside a room no
files include each other in a circle. usage: includes.py SOURCE_ROOT"""
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])
PLAN = root / "docs/design/architecture.md"

# The public headers, by the room that defines what they declare. limner.h is all of them.
PUBLIC = {
    "api": "base", "host": "base", "log": "base", "status": "base", "version": "base", "image": "io", "backend": "core", "bench": "core", "memory": "core", "ops": "core", "own": "core",
    "random": "core", "tensor": "core", "adam": "nn", "net": "nn", "layer": "nn", "tune": "tune", "dataset": "data", "scan": "data",
    "dcgan": "gan", "train": "gan", "limner": "eval", "eval": "eval",
}
# What the command may have of the library's own headers: they are header-only and know nothing of the library.
OF_CLI = {"base/clock.h", "base/nearest.h", "base/plural.h"}
# The transforms that the CPU path and the kernels share.
OF_CPU = re.compile(r"cl/winograd_(lines|three)\.cl")


def read_order():
    """Room -> its storey, and the set of pairs that are neighbors."""
    found = re.search(r"^\s*(base, io, core, [\w, |]+)$", PLAN.read_text(), re.MULTILINE)
    if not found:
        sys.exit(f"{PLAN}: the line with the order of the rooms is gone")
    storeys = [[room.strip() for room in part.split("|")] for part in found.group(1).split(",")]
    return {room: i for i, rooms in enumerate(storeys) for room in rooms}


def includes(path):
    for number, line in enumerate(path.read_text().splitlines(), 1):
        found = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
        if found:
            yield number, found.group(1) == '"', found.group(2)


ORDER = read_order()
bad = []
graph = {}


def check_room(path, room, name):
    for number, quoted, what in includes(path):
        place = f"{name}:{number}"
        public = re.fullmatch(r"limner/(\w+)\.h", what)
        if what.startswith("CL/") or what == "clblast_c.h":
            if room != "opencl":
                bad.append(f"{place}: OpenCL headers belong in src/opencl: {what}")
            continue
        if public:
            to = PUBLIC.get(public.group(1))
            if to is None:
                bad.append(f"{place}: {what} has no room: name it in PUBLIC in tests/lint/includes.py")
                continue
            if public.group(1) == "limner" and room not in ("gan", "eval", "exchange", "dist", "cli"):
                bad.append(f"{place}: limner/limner.h is everything: include what is needed")
        elif not quoted or what == "config.h":
            continue
        elif OF_CPU.fullmatch(what) and room == "cpu":
            continue
        else:
            to = what.split("/")[0] if "/" in what else None
            if to not in ORDER:
                bad.append(f"{place}: {what} is in no room of {PLAN.relative_to(root)}: write room/file.h")
                continue
            if not (root / "src" / what).exists():
                bad.append(f"{place}: there is no src/{what}")
            if room == "cli" and to != "cli" and what not in OF_CLI:
                bad.append(f"{place}: the command sees the public headers only, not {what}")
            graph.setdefault(name.removeprefix("src/"), set()).add(what)
        if to != room and ORDER[to] >= ORDER[room]:
            where = "beside" if ORDER[to] == ORDER[room] else "above"
            bad.append(f"{place}: {room} includes {what}: {to} is {where} it")


def find_circles():
    """Files that include one another in a circle, a .c file counting as one with the header of its name."""
    thing = lambda file: file.rsplit(".", 1)[0]
    edges = {}
    for file, whats in graph.items():
        edges.setdefault(thing(file), set()).update(thing(w) for w in whats if thing(w) != thing(file))
    state, stack = {}, []

    def visit(node):
        state[node] = 1
        stack.append(node)
        for to in sorted(edges.get(node, ())):
            if state.get(to) == 1:
                bad.append("a circle of includes: " + " -> ".join(stack[stack.index(to):] + [to]))
            elif to not in state:
                visit(to)
        stack.pop()
        state[node] = 2

    for node in sorted(edges):
        if node not in state:
            visit(node)


for path in sorted((root / "src").rglob("*.[ch]")):
    name = path.relative_to(root).as_posix()
    parts = name.split("/")
    if len(parts) != 3 or parts[1] not in ORDER:
        bad.append(f"{name}: in no room of {PLAN.relative_to(root)}")
        continue
    check_room(path, parts[1], name)
find_circles()
for path in sorted((root / "include/limner").glob("*.h")):
    name = path.relative_to(root).as_posix()
    room = PUBLIC.get(path.stem)
    if room is None:
        bad.append(f"{name}: has no room: name it in PUBLIC in tests/lint/includes.py")
        continue
    for number, quoted, what in includes(path):
        public = re.fullmatch(r"limner/(\w+)\.h", what)
        to = PUBLIC.get(public.group(1)) if public else None
        if public and (to is None or ORDER[to] > ORDER[room]):
            bad.append(f"{name}:{number}: {room} includes {what}: {to} is above it")
        elif not public and (quoted or "/" in what):
            bad.append(f"{name}:{number}: a public header includes public headers only, not {what}")
for folder in ("samples", "tests/conform"):
    for path in sorted((root / folder).rglob("*.[ch]")):
        for number, quoted, what in includes(path):
            if quoted and "/" in what and what not in OF_CLI and not what.startswith("conform/"):
                bad.append(f"{path.relative_to(root)}:{number}: what users write sees the public headers only, not {what}")
print("\n".join(bad))
sys.exit(1 if bad else 0)
