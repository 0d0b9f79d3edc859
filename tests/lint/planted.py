#!/usr/bin/env python3
"""The lint of includes notices what it is for: each fault is planted into a copy of the sources. usage: planted.py SOURCE_ROOT"""
import pathlib
import shutil
import subprocess
import sys
import tempfile

root = pathlib.Path(sys.argv[1])
LINT = root / "tests/lint/includes.py"

# The file that gets an include more, what it includes, and a part of the complaint.
PLANTED = [
    ("src/base/plural.h", '"gan/run.h"', "gan is above it"),
    ("src/cpu/cpu.h", '"opencl/cl.h"', "opencl is beside it"),
    ("src/nn/adam.c", "<limner/dcgan.h>", "gan is above it"),
    ("src/opencl/error.h", '"opencl/backend.h"', "a circle of includes: opencl/backend -> opencl/error -> opencl/backend"),
    ("src/gan/run.h", '"gan/train_run.h"', "a circle of includes: gan/run -> gan/train_run -> gan/run"),
    ("src/gan/step.c", "<CL/cl.h>", "OpenCL headers belong in src/opencl"),
    ("src/cli/main.c", '"io/file.h"', "the command sees the public headers only"),
    ("include/limner/tensor.h", "<limner/net.h>", "nn is above it"),
    ("src/io/file.c", '"attic/file.h"', "is in no room"),
]


def complaints(folder):
    done = subprocess.run([sys.executable, LINT, folder], stdout=subprocess.PIPE, text=True)
    return done.returncode, done.stdout


bad = []
with tempfile.TemporaryDirectory() as name:
    copy = pathlib.Path(name)
    for part in ("src", "include", "docs/design"):
        shutil.copytree(root / part, copy / part)
    code, text = complaints(copy)
    if code:
        sys.exit(f"without a fault:\n{text}")
    for file, what, complaint in PLANTED:
        whole = (copy / file).read_text()
        (copy / file).write_text(f"#include {what}\n{whole}")
        code, text = complaints(copy)
        if code == 0 or complaint not in text:
            bad.append(f"#include {what} in {file}: expected '{complaint}', got:\n{text}")
        (copy / file).write_text(whole)
print("\n".join(bad))
sys.exit(1 if bad else 0)
