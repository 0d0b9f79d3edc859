#!/usr/bin/env python3
"""A driver that never comes back from a call, whichever it is and whatever limner is doing, is named after
--wait-timeout: exit code 4, one line with the call. One that takes long to compile is only told of.

usage: hang_calls.py LAYER SCRATCH_FOLDER LIMNER LIMNER_CONFORM PICTURES

Every run waits more than it works, so that several go at once. Exit code 77 where there is no OpenCL device.
"""
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys

NO_DEVICE, DEVICE_FAILED, SKIPPED = 3, 4, 77
PATIENCE = 3, 15, 60  # seconds; the next where a sound call took longer, on a busy machine
layer, scratch, limner, conform, pictures = sys.argv[1], pathlib.Path(sys.argv[2]), *sys.argv[3:6]
NET = "--device opencl --size 16 --width 4".split()


def train(run, *more):
    return [limner, "train", pictures, "-o", str(scratch / run), *NET, "--limit", "40", "--latent", "8", "--batch",
            "8", "--steps", "2", *more]


def run(name, settings, words, cold=False, env=()):
    """The exit code, what was printed, the layer's log. `cold`: without the programs that another run compiled."""
    log, cache = scratch / f"{name}.log", scratch / f"cache {name}"
    if (scratch / "cache whole").exists() and not cold:  # a start that is ended drops what it was loading
        shutil.copytree(scratch / "cache whole", cache)
    env = {**os.environ, "OPENCL_LAYERS": layer, "LIMNER_LAYER": f"log={log}\n{settings}", "TMPDIR": str(scratch),
           "LIMNER_CACHE_DIR": str(cache), "LIMNER_DRIVER_TIMEOUT": "120", **dict(env)}
    # The limit is for a hang that nobody notices.
    done = subprocess.run(["timeout", "240", *words], env=env, text=True, errors="replace", stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout, log.read_text().splitlines() if log.exists() else []


def complaint(name, settings, words, call, named=None, **more):
    """None, or what is wrong after this call hung. `named`: what the message calls it, where that differs."""
    for patience in PATIENCE:
        if "-o" in words:
            shutil.rmtree(words[words.index("-o") + 1], ignore_errors=True)
        wait = str(patience) if words[0] == conform else f"{patience}s"
        code, text, log = run(f"{name} {patience}", settings, [*words, "--wait-timeout", wait], **more)
        if f"for {patience} seconds" not in text or any(line.startswith("hanging in ") for line in log):
            break
    wrong = None
    told = [line for line in text.splitlines() if "has not answered" in line and "it hangs" in line]
    if not any(line.startswith(f"hanging in {call} ") for line in log):
        wrong = "nothing has hung"
    elif code != DEVICE_FAILED:
        wrong = f"the exit code should be {DEVICE_FAILED}"
    elif len(told) != 1 or f" 0:0 has not answered {named or call}" not in told[0]:
        wrong = "no line, or more than one, with the call"
    elif call == "clBuildProgram" and not re.search(r" of '[A-Za-z]+' for [0-9]", told[0]):
        wrong = "the program is not named"
    return wrong and f"FAILED, {name}, {settings}: {wrong}; exit code {code}, printed:\n{text}"


def takes_long(call, program):
    """Slower than half of the patience is a line."""
    want = f"still compiling '{program}' for 0:0 after " if program else f"0:0 has not answered {call} for "
    for delay, patience in (3, 4), (25, 40):
        name = f"slow {call} {patience}"
        code, text, log = run(name, f"delay={call}:1:{delay}000", train(name, "--wait-timeout", f"{patience}s"),
                              cold=True)
        told = [line for line in text.splitlines() if want in line and "(--wait-timeout)" in line]
        if code == 0 and f"delaying {call} 1" in log and len(told) == 1:
            return None
    return f"FAILED, a {call} that takes long: exit code {code}, printed:\n{text}"


def devices():
    """What asks the drivers for their devices does it in a child process, with a patience of its own."""
    code, text, log = run("devices", "probe=1\nhang=clGetDeviceInfo:3", [limner, "devices"],
                          env={"LIMNER_DRIVER_TIMEOUT": "4"})
    if code or "hanging in clGetDeviceInfo 3" not in log or "did not answer in 4 seconds" not in text:
        return f"FAILED, limner devices: exit code {code}, printed:\n{text}"
    return None


def main():
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    code, text, log = run("whole", "", train("whole"))
    if code == NO_DEVICE and "no OpenCL platform" in text:
        print(text)
        return SKIPPED
    calls = {line.split()[1]: int(line.split()[2]) for line in log if line.startswith("calls ")}
    if code or not calls:
        sys.exit(f"{text}the training without faults has failed, or the layer is not in use")
    jobs = []
    for call, total in calls.items():
        # Programs come from source, and are read back for the cache, where none are in the cache.
        new = call in ("clCreateProgramWithSource", "clGetProgramInfo")
        if total:
            jobs.append(("first", f"hang={call}:1", train(f"first-{call}"), call, None, new))
    jobs.append(("from the cache", "hang=clCreateProgramWithBinary:1", train("cached"),
                 "clCreateProgramWithBinary", None, False))
    # In the networks' memory, where other errors are held back until there is more to say.
    jobs.append(("networks", f"hang=clCreateBuffer:{calls['clCreateBuffer']}", train("networks"),
                 "clCreateBuffer", None, False))
    # At the end, when all is saved.
    jobs.append(("last", f"hang=clReleaseContext:{calls['clReleaseContext']}", train("last"),
                 "clReleaseContext", None, False))
    # CLBlast's calls are limner's to watch.
    jobs.append(("CLBlast", f"hang=clBuildProgram:{calls['clBuildProgram'] + 1}",
                 [conform, "--device", "opencl", "--op", "gemm", "--gemm", "clblast", "--case", "0"],
                 "clBuildProgram", "CLBlastSgemm of 'CLBlast'", False))
    for call in "clBuildProgram", "clFinish":
        for name, words in (
                ("sample", [limner, "sample", str(scratch / "whole"), "-n", "4", "-o", str(scratch / "no.png"),
                            "--device", "opencl"]),
                ("bench", [limner, "bench", *NET, "--batch", "4", "--only", "step"]),
                ("tune", [limner, "tune", *NET, "--batch", "4"]),
                ("conform", [conform, "--device", "opencl", "--op", "fill", "--small"])):
            jobs.append((f"{name}", f"hang={call}:2", words, call, None, False))
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        found = [pool.submit(complaint, f"{job[0]} {job[3]}", *job[1:5], cold=job[5]) for job in jobs]
        found += [pool.submit(takes_long, "clBuildProgram", "gemm"),
                  pool.submit(takes_long, "clCreateContext", None), pool.submit(devices)]
        complaints = [c.result() for c in found if c.result()]
    print("".join(complaints), end="")
    print(f"{len(found) - len(complaints)} of {len(found)} hangs are noticed")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
