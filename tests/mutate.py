#!/usr/bin/env python3
"""Breaks the kernels on purpose, one fault at a time, and asks limner-conform to notice.

usage: mutate.py SOURCE_ROOT SCRATCH_FOLDER {cpu|opencl} [MESON_OPTIONS...]
LIMNER_TEST_LAYER in the environment: tests/layer, built; without it rows for GPUs are left out.

A copy of the tree is built in the scratch folder; each row of mutations.py is applied to it, the
operation it breaks is checked, and the copy is restored. A fault that is not caught fails, as does
a row whose text no longer stands in the file just once: repair the row.
"""
import os
import pathlib
import shutil
import subprocess
import sys

import mutations

NONCONFORMING, NO_DEVICE, SKIPPED = 5, 3, 77
NEEDED = ["meson.build", "meson_options.txt", "cl", "include", "samples", "src", "tests"]


def run(words, **more):
    return subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)


def update(source, copy):
    """Lays the copy's files as the source has them, touching only those that differ."""
    seen = set()
    for top in NEEDED:
        path = source / top
        files = [path] if path.is_file() else [f for f in path.rglob("*") if f.is_file()]
        for file in files:
            there = copy / file.relative_to(source)
            seen.add(there)
            if not there.exists() or there.read_bytes() != file.read_bytes():
                there.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, there)
                shutil.copymode(file, there)
    for file in copy.rglob("*"):
        if file.is_file() and file not in seen:
            file.unlink()


def build(copy, folder, options):
    if not (folder / "build.ninja").exists():
        made = run(["meson", "setup", str(folder), str(copy), "-Dwerror=false", *options])
        if made.returncode:
            sys.exit(made.stdout + "mutate: the copy cannot be configured")
    made = run(["ninja", "-C", str(folder), "limner-conform"])
    return made.returncode == 0, made.stdout


def check(folder, device, ops):
    """The exit code of the worst operation, and what was printed."""
    worst, text = 0, ""
    env = dict(os.environ)
    if device == mutations.GPU:
        env.update(OPENCL_LAYERS=env["LIMNER_TEST_LAYER"], LIMNER_LAYER="type=gpu")
    for op in ops:
        # The limit is for faults that hang; a check takes seconds.
        done = run(["timeout", "300", str(folder / "limner-conform"), *device, "--op", op], env=env)
        text += done.stdout
        if done.returncode != 0:
            worst = done.returncode
    return worst, text


def broken(text, mutation):
    """The file's text with the fault in it; None where it does not stand there just once."""
    if text.count(mutation.old) != 1:
        return None
    return text.replace(mutation.old, mutation.new)


def mutate(copy, folder, mutation):
    """A line of complaint, or None where the fault was caught."""
    file = copy / mutation.file
    text = file.read_text()
    changed = broken(text, mutation)
    if changed is None:
        return f"'{mutation.old}' stands {text.count(mutation.old)} times in {mutation.file}"
    file.write_text(changed)
    try:
        built, log = build(copy, folder, [])
        if not built:
            return f"does not compile:\n{log}"
        code, log = check(folder, mutation.device, [mutation.op])
    finally:
        file.write_text(text)
    # A fault may also end the process: it wrote beyond every guard band.
    if code == NONCONFORMING or code < 0 or code >= 128:
        return None
    return f"not caught, exit code {code}:\n{log}"


def main():
    source, scratch = (pathlib.Path(a).resolve() for a in sys.argv[1:3])
    which, options = sys.argv[3], sys.argv[4:]
    wanted = [m for m in mutations.ALL if (m.device == mutations.CPU) == (which == "cpu") and
              (m.device != mutations.GPU or "LIMNER_TEST_LAYER" in os.environ)]
    copy, folder = scratch / "tree", scratch / "build"
    os.environ["POCL_CACHE_DIR"] = str(scratch / "pocl-cache")
    (scratch / "pocl-cache").mkdir(parents=True, exist_ok=True)
    update(source, copy)
    for mutation in mutations.BEFORE:
        changed = broken((copy / mutation.file).read_text(), mutation)
        if changed is None:
            sys.exit(f"mutate: '{mutation.old}' does not stand once in {mutation.file}")
        (copy / mutation.file).write_text(changed)
    built, log = build(copy, folder, options)
    if not built:
        sys.exit(log + "mutate: the copy cannot be built")

    for device in sorted({m.device for m in wanted}):
        ops = sorted({m.op for m in wanted if m.device == device})
        code, log = check(folder, device, ops)
        if code in (NO_DEVICE, SKIPPED):
            print(log)
            sys.exit(SKIPPED)
        if code:
            sys.exit(f"{log}mutate: unbroken, {' '.join(device)} does not conform (exit code {code})")
    bad = 0
    for mutation in wanted:
        complaint = mutate(copy, folder, mutation)
        print(f"{'ESCAPED' if complaint else 'caught '} {mutation.name}: {mutation.file}, "
              f"--op {mutation.op}", flush=True)
        if complaint:
            print("         " + complaint)
            bad += 1
    print(f"{len(wanted) - bad} of {len(wanted)} faults were caught")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
