#!/usr/bin/env python3
"""Breaks the kernels on purpose, one fault at a time, and asks limner-conform to notice.

usage: mutate.py SOURCE_ROOT SCRATCH_FOLDER {cpu|opencl} [MESON_OPTIONS...]
LIMNER_TEST_LAYER in the environment: tests/faults/layer, built; without it rows for GPUs are left out.

A copy of the tree is built in the scratch folder; each row of mutations.py is applied to it, and the
cases that it names are run by what was built, beside the next build. Unbroken, the same cases must
pass. A fault that is not caught fails, as does a row whose text no longer stands in the file just
once: repair the row.
"""
import concurrent.futures
import os
import pathlib
import shutil
import subprocess
import sys

import mutations

NONCONFORMING, DEVICE_FAILED, NO_DEVICE, SKIPPED = 5, 4, 3, 77
NEEDED = ["meson.build", "meson_options.txt", "cl", "docs", "include", "samples", "src", "tests"]
# Cases are small, and there are many builds.
QUICK = ["-Dwerror=false", "-Dtests=false", "-Doptimization=1"]


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
        made = run(["meson", "setup", str(folder), str(copy), *QUICK, *options])
        if made.returncode:
            sys.exit(made.stdout + "mutate: the copy cannot be configured")
    made = run(["ninja", "-C", str(folder), "limner-conform"])
    return made.returncode == 0, made.stdout


def words_of(mutation):
    """What must notice the fault, as limner-conform's options."""
    return (*mutation.device, "--op", mutation.op, *mutation.cases)


def check(folder, words, is_gpu):
    """limner-conform's exit code, and what was printed."""
    env = dict(os.environ)
    if is_gpu:
        env.update(OPENCL_LAYERS=env["LIMNER_TEST_LAYER"], LIMNER_LAYER="type=gpu")
    # The limit is for faults that hang; a check takes seconds.
    done = run(["timeout", "300", str(folder / "limner-conform"), *words], env=env)
    return done.returncode, done.stdout


def broken(text, mutation):
    """The file's text with the fault in it; None where it does not stand there just once."""
    if text.count(mutation.old) != 1:
        return None
    return text.replace(mutation.old, mutation.new)


def keep(folder, kept):
    """What limner-conform needs to run, for the next build overwrites it."""
    shutil.rmtree(kept, ignore_errors=True)
    (kept / "src").mkdir(parents=True)
    shutil.copy2(folder / "limner-conform", kept)
    for library in (folder / "src").glob("liblimner.*"):
        if not library.is_dir():
            shutil.copy2(library, kept / "src", follow_symlinks=False)
    return kept


def make(copy, folder, mutation, kept):
    """Builds the fault into a folder of its own: a line of complaint, or None."""
    file = copy / mutation.file
    text = file.read_text()
    changed = broken(text, mutation)
    if changed is None:
        return f"'{mutation.old}' stands {text.count(mutation.old)} times in {mutation.file}"
    file.write_text(changed)
    try:
        built, log = build(copy, folder, [])
    finally:
        file.write_text(text)
    if not built:
        return f"does not compile:\n{log}"
    keep(folder, kept)
    return None


def complaint(mutation, kept):
    """A line, or None where the fault was caught."""
    code, log = check(kept, words_of(mutation), mutation.device == mutations.GPU)
    shutil.rmtree(kept)
    # A fault may also end the process: it wrote beyond every guard band, most often in a call of the driver.
    crashed = code == DEVICE_FAILED and "crashed in" in log
    if code == NONCONFORMING or crashed or code < 0 or code >= 128:
        return None
    return f"not caught, exit code {code}:\n{log}"


def unbroken(wanted, folder, pool):
    """Ends the program unless everything that is to notice a fault passes without one."""
    runs = sorted({(words_of(m), m.device == mutations.GPU) for m in wanted})
    for (words, _), (code, log) in zip(runs, pool.map(lambda r: check(folder, *r), runs)):
        if code in (NO_DEVICE, SKIPPED):
            print(log)
            sys.exit(SKIPPED)
        if code:
            sys.exit(f"{log}mutate: unbroken, {' '.join(words)} does not conform (exit code {code})")


def main():
    source, scratch = (pathlib.Path(a).resolve() for a in sys.argv[1:3])
    which, options = sys.argv[3], sys.argv[4:]
    wanted = [m for m in mutations.ALL if (m.device == mutations.CPU) == (which == "cpu") and
              (m.device != mutations.GPU or "LIMNER_TEST_LAYER" in os.environ)]
    copy, folder = scratch / "tree", scratch / "build"
    # Two at once, on two cores.
    os.environ.update(POCL_MAX_PTHREAD_COUNT="1", OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
    scratch.mkdir(parents=True, exist_ok=True)
    update(source, copy)
    for mutation in mutations.BEFORE:
        changed = broken((copy / mutation.file).read_text(), mutation)
        if changed is None:
            sys.exit(f"mutate: '{mutation.old}' does not stand once in {mutation.file}")
        (copy / mutation.file).write_text(changed)
    built, log = build(copy, folder, options)
    if not built:
        sys.exit(log + "mutate: the copy cannot be built")

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        unbroken(wanted, folder, pool)
        results = []
        for i, mutation in enumerate(wanted):
            kept = scratch / f"fault-{i}"
            wrong = make(copy, folder, mutation, kept)
            results.append((mutation, wrong, None if wrong else pool.submit(complaint, mutation, kept)))
        escaped = []
        for mutation, wrong, checked in results:
            wrong = wrong or checked.result()
            print(f"{'ESCAPED' if wrong else 'caught '} {mutation.name}: {mutation.file}, "
                  f"{' '.join(words_of(mutation)[len(mutation.device):])}", flush=True)
            if wrong:
                print("         " + wrong)
                escaped.append(mutation.name)
    # The last line is what remains of a long log.
    print(f"{len(wanted) - len(escaped)} of {len(wanted)} faults were caught" +
          (", but not: " + "; ".join(escaped) if escaped else ""))
    return 1 if escaped else 0


if __name__ == "__main__":
    sys.exit(main())
