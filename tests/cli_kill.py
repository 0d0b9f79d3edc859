#!/usr/bin/env python3
"""kill -9 at random moments of a training with a checkpoint every other step: it resumes from a whole checkpoint each
time and ends with the bits of an undisturbed run.
usage: cli_kill.py LIMNER ROOT [--kills 10] [--seed S] [--folder FOLDER]   (FOLDER: on the disk to be tried)"""
import argparse
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
args = p.parse_args()
limner, tests = str(args.limner.resolve()), args.root.resolve() / "tests"
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


def step_of(where):
    out = subprocess.run([limner, "info", str(where)], cwd=work, capture_output=True, text=True)
    if out.returncode:
        sys.exit(f"FAILED: after a kill: {out.stderr}")
    return int(next(line.split()[2] for line in out.stdout.splitlines() if line.startswith("trained for")))


try:
    run(sys.executable, str(tests / "make_pictures.py"), "pictures", "24")
    form = "--size 16 --width 4 --batch 8 --save-every 2 --sample-every 3".split()
    begun = time.monotonic()
    train("pictures", "-o", "probe", *form, "--steps", "20")
    span = time.monotonic() - begun
    killed = fresh = 0
    step = 0
    while killed < args.kills:
        run_exists = (work / "run/checkpoint.safetensors").exists()
        if not run_exists:
            shutil.rmtree(work / "run", ignore_errors=True)
            fresh += 1
        words = ["--resume", "run"] if run_exists else ["pictures", "-o", "run", *form]
        if not kill(start(*words, "--steps", "1000000"), rng.uniform(0, span)):
            sys.exit(f"FAILED: kill {killed}: it ended by itself: {train(*words, '--steps', '1000000')}")
        killed += 1
        if (work / "run/checkpoint.safetensors").exists():
            now = step_of("run/checkpoint.safetensors")
            if now < step or now % 2:
                sys.exit(f"FAILED: kill {killed}: step {now} after {step}")
            step = now
    total = step + 3
    if step:
        train("--resume", "run", "--steps", str(total))
    left = [str(f) for f in (work / "run").rglob("*.tmp")] if step else []
    if left:
        sys.exit(f"FAILED: {left} are left")
    if step:
        train("pictures", "-o", "straight", *form, "--steps", str(total))
        for file in "checkpoint.safetensors", "generator.safetensors":
            run(sys.executable, str(tests / "compare_models.py"), f"straight/{file}", f"run/{file}")
        for a, b in zip(sorted((work / "straight/samples").iterdir()), sorted((work / "run/samples").iterdir())):
            if a.name != b.name or a.read_bytes() != b.read_bytes():
                sys.exit(f"FAILED: {a.name} and {b.name} differ")
    print(f"{killed} kills survived ({fresh} of them at the start), {total} steps, the same bits as undisturbed")
finally:
    shutil.rmtree(work, ignore_errors=True)
