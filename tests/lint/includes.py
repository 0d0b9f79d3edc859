#!/usr/bin/env python3
"""Includes point downwards only (the table of the README of src). usage: includes.py SOURCE_ROOT"""
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])
PUBLIC = r"limner/\w+\.h"
# Folder -> what its files may include besides the C library; the first folder that matches counts.
RULES = [
    ("include/limner", [PUBLIC]),
    ("samples", [PUBLIC]),
    # the two that need nothing of the library
    ("src/cli", [PUBLIC, r"[\w-]+\.h", r"src/(clock|plural)\.h"]),
    ("src/layers", [PUBLIC, r"(layers/)?\w+\.h"]),
    ("src/gan", [PUBLIC, r"(gan/|io/run\.|layers/)?\w*(\.h|h)", r"log\.h", r"plural\.h", r"config\.h"]),
    # the transforms that the CPU path and the kernels share
    ("src/cpu", [PUBLIC, r"(cpu/)?\w+\.h", r"cl/winograd_(lines|three)\.cl"]),
    ("src/opencl", [PUBLIC, r"(opencl/)?\w+\.h", r"CL/\w+\.h", r"clblast_c\.h"]),
    ("src/data", [PUBLIC, r"(data/)?\w+\.h", r"io/(file|hash)\.h"]),
    ("src/io", [PUBLIC, r"(io/)?\w+\.h", r"gan/dcgan\.h", r"cjson/cJSON\.h"]),
    ("src/tune", [PUBLIC, r"\w+\.h", r"io/(file|hash|json|run)\.h"]),
    ("src", [PUBLIC, r"(layers/layer\.h|\w+\.h)"]),
    ("tests/conform", [PUBLIC, r"\w+\.h", r"src/clock\.h"]),
]
# Inside src, a bare "name.h" must be the folder's own, or one of these from src itself.
SHARED = {"log.h", "plural.h", "config.h", "util.h", "cache_folder.h", "clock.h", "condition.h", "tune.h"}
BACKEND_ONLY = {"backend.h"}
LIBRARIES = re.compile(r"(png|zip|cgif|jpeglib|jerror|cblas|omp|zlib|gif_lib|webp/\w+|setjmp)\.h$|cjson/cJSON\.h$|sys/\w+\.h$")

bad = []
for path in sorted(root.glob("*/**/*.[ch]")):
    name = path.relative_to(root).as_posix()
    if name.startswith(("tests/", "subprojects/", "build")) and not name.startswith("tests/conform"):
        continue
    rule = next((r for r in RULES if name.startswith(r[0])), None)
    if rule is None:
        continue
    for number, line in enumerate(path.read_text().splitlines(), 1):
        found = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
        if not found:
            continue
        quoted, what = found.group(1) == '"', found.group(2)
        if "/" not in what and not quoted or LIBRARIES.search(what):
            if what.startswith("CL") and not name.startswith("src/opencl"):
                bad.append(f"{name}:{number}: OpenCL headers belong in src/opencl: {what}")
            continue
        if not any(re.fullmatch(pattern, what) for pattern in rule[1]):
            bad.append(f"{name}:{number}: {rule[0]} may not include {what}")
        if quoted and what in BACKEND_ONLY and not re.match(r"src/(cpu|opencl)/|src/[\w.]+$", name):
            bad.append(f"{name}:{number}: only backends and the front door include {what}")
        if quoted and "/" not in what and name.startswith("src/"):
            own = path.parent / what
            if not own.exists() and what not in SHARED | BACKEND_ONLY:
                bad.append(f"{name}:{number}: {what} is not of this folder: write folder/{what}")
print("\n".join(bad))
sys.exit(1 if bad else 0)
