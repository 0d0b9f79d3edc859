#!/usr/bin/env python3
"""kill -9 at random moments of a training with a checkpoint every other step: it resumes from a whole checkpoint each
time and ends with the bits of an undisturbed run.
usage: kill.py LIMNER ROOT [--kills 10] [--seed S] [--folder FOLDER] [--fill]
FOLDER: on the disk to be tried; --fill: a small one of its own (mount -t tmpfs -o size=64M), of which each start finds
another part free, from nothing to three checkpoints"""
import argparse
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

p = argparse.ArgumentParser()
p.add_argument("limner", type=pathlib.Path)
p.add_argument("root", type=pathlib.Path)
p.add_argument("more", nargs="*")
p.add_argument("--kills", type=int, default=10)
p.add_argument("--seed", type=int, default=random.randrange(1 << 30))
p.add_argument("--folder")
p.add_argument("--fill", action="store_true")
args = p.parse_args()
limner, support = str(args.limner.resolve()), args.root.resolve() / "tests/support"
rng = random.Random(args.seed)
work = pathlib.Path(tempfile.mkdtemp(prefix="limner-kill-", dir=args.folder))
print(f"seed {args.seed}")


def run(*words, code=0):
    done = subprocess.run(words, cwd=work, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode != code:
        sys.exit(f"FAILED: exit code {done.returncode}: {' '.join(words)}\n{done.stdout}{done.stderr}")
    return done.stderr


def train(*words, **more):
    return run(limner, "train", *words, "--device", "cpu", "--threads", "1", **more)


def start(*words):
    return subprocess.Popen([limner, "train", *words, "--device", "cpu", "--threads", "1", "--quiet"], cwd=work,
                            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def kill(job, seconds):
    """The one place where time is meant: the moment is what is varied."""
    try:
        job.wait(seconds)
        return False
    except subprocess.TimeoutExpired:
        job.send_signal(signal.SIGKILL)
        job.wait()
        return True


def fill():
    """Leaves so little room that checkpoints fit now and then."""
    filler = work / "filler"
    filler.unlink(missing_ok=True)
    if (work / "run/checkpoint.safetensors").exists():
        room = int(rng.uniform(0, 3 * (work / "run/checkpoint.safetensors").stat().st_size))
        with open(filler, "wb", buffering=0) as f:
            os.posix_fallocate(f.fileno(), 0, max(shutil.disk_usage(work).free - room, 1))


def step_of(where):
    out = subprocess.run([limner, "info", str(where)], cwd=work, capture_output=True, text=True)
    if out.returncode:
        sys.exit(f"FAILED: after a kill: {out.stderr}")
    return int(next(line.split()[2] for line in out.stdout.splitlines() if line.startswith("trained for")))


def kill_between():
    """After the first checkpoint, before the first grid."""
    checkpoint, grid = work / "young/checkpoint.safetensors", work / "young/samples/000000.png"
    job = start("pictures", "-o", "young", *form, "--save-every", "1000000", "--steps", "1000000")
    while job.poll() is None and not grid.exists():
        time.sleep(0.01)
    job.kill()
    job.wait()
    if step_of(checkpoint) != 0:
        sys.exit("FAILED: no checkpoint of step 0")
    pixels = grid.read_bytes()
    grid.unlink()
    train("--resume", "young", "--steps", "1")
    if not grid.exists() or grid.read_bytes() != pixels:
        sys.exit("FAILED: resumed at step 0: another 000000.png")


try:
    run(sys.executable, str(support / "make_pictures.py"), "pictures", "24")
    form = "--size 16 --width 4 --batch 8 --save-every 2 --sample-every 3".split()
    begun = time.monotonic()
    train("pictures", "-o", "probe", *form, "--steps", "20")
    span = time.monotonic() - begun
    kill_between()
    killed = fresh = refused = 0
    step = 0
    while killed < args.kills:
        run_exists = (work / "run/checkpoint.safetensors").exists()
        if not run_exists:
            shutil.rmtree(work / "run", ignore_errors=True)
            fresh += 1
        words = ["--resume", "run"] if run_exists else ["pictures", "-o", "run", *form]
        if args.fill:
            fill()
        job = start(*words, "--steps", "1000000")
        if kill(job, rng.uniform(0, span)):
            killed += 1
        elif args.fill and job.returncode == 1:
            refused += 1  # no room even to begin
        else:
            sys.exit(f"FAILED: kill {killed}: it ended by itself: {train(*words, '--steps', '1000000')}")
        if (work / "run/checkpoint.safetensors").exists():
            now = step_of("run/checkpoint.safetensors")
            if now < step or now % 2:
                sys.exit(f"FAILED: kill {killed}: step {now} after {step}")
            step = now
    total = step + 3
    (work / "filler").unlink(missing_ok=True)
    if step:
        train("--resume", "run", "--steps", str(total))
    left = [str(f) for f in (work / "run").rglob("*.tmp")] if step else []
    if left:
        sys.exit(f"FAILED: {left} are left")
    if step:
        train("pictures", "-o", "straight", *form, "--steps", str(total))
        for file in "checkpoint.safetensors", "generator.safetensors":
            run(sys.executable, str(support / "compare_models.py"), f"straight/{file}", f"run/{file}")
        grids = [{f.name: f.read_bytes() for f in (work / run / "samples").iterdir()} for run in ("straight", "run")]
        for name in grids[1] if args.fill else grids[0].keys() | grids[1].keys():
            if grids[0].get(name) != grids[1].get(name):
                sys.exit(f"FAILED: two different {name}")
    print(f"{killed} kills survived ({fresh} of them at the start), {total} steps, the same bits as undisturbed" +
          (f"; {refused} starts without room" if args.fill else ""))
finally:
    shutil.rmtree(work, ignore_errors=True)
