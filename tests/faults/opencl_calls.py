#!/usr/bin/env python3
"""Fails the 1st, 2nd, 3rd ... call of every OpenCL function while limner trains a little, until the
training succeeds. Each time: the right exit code, one line of error that names the code, no crash, no
OpenCL object left alive, and a checkpoint from which it can go on, or none.

usage: faults.py LAYER SCRATCH_FOLDER LIMNER {cpu|gpu}

The layer (tests/faults/layer) injects the faults; with gpu it also makes limner take its ways for GPUs.
Functions that are called often are failed at fewer places the later in the run. Exit code 77 where
there is no OpenCL device.
"""
import concurrent.futures
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import zlib

DONE, OTHER, NO_DEVICE, DEVICE_FAILED, SKIPPED = 0, 1, 3, 4, 77
OUT_OF_RESOURCES, ALLOCATION_FAILURE, BUILD_FAILURE = -5, -4, -11
UNKNOWN = -12345  # as drivers make up; the number must be told

# What a failing call may lead to besides an end of the run. If a device's description is
# unavailable, limner may omit the detail; CLBlast may leave a multiplication to limner's kernel.
MAY_GO_ON = {"clGetPlatformIDs", "clGetDeviceIDs", "clGetDeviceInfo", "clGetProgramBuildInfo",
             "clGetPlatformInfo", "clGetProgramInfo"}
CLBLAST = {"clCreateBuffer", "clCreateProgramWithSource", "clCreateProgramWithBinary",
           "clBuildProgram", "clCreateKernel", "clGetKernelWorkGroupInfo", "clSetKernelArg",
           "clEnqueueNDRangeKernel", "clGetDeviceInfo"}
CODES = {"clCreateBuffer": [ALLOCATION_FAILURE, OUT_OF_RESOURCES], "clBuildProgram": [BUILD_FAILURE]}
TRAIN = ["--size", "16", "--width", "4", "--latent", "8", "--batch", "4", "--steps", "2",
         "--device", "opencl", "--quiet"]


def picture(path, shade):
    """A PNG of 16x16 pixels of one color."""
    rows = b"".join(b"\0" + bytes([shade, 255 - shade, 128] * 16) for _ in range(16))
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", 16, 16, 8, 2, 0, 0, 0)),
              (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks))


class Walk:
    def __init__(self, layer, scratch, limner, kind):
        self.layer, self.scratch, self.limner, self.kind = layer, scratch, limner, kind

    def train(self, name, fault):
        """The exit code, what was printed, and the layer's log, of a run in a folder of its own."""
        folder = self.scratch / name
        folder.mkdir()
        settings = f"log={folder}/log\ntype={self.kind}\n{fault}"
        env = dict(os.environ, OPENCL_LAYERS=self.layer, LIMNER_LAYER=settings, TMPDIR=str(folder))
        # The limit is for faults that hang.
        done = subprocess.run(["timeout", "120", self.limner, "train", str(self.scratch / "pictures"),
                               "-o", str(folder / "run"), *TRAIN], env=env, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        log = folder / "log"
        return done.returncode, done.stdout, log.read_text().splitlines() if log.exists() else []

    def complaint(self, call, n, code, total):
        """None, or what is wrong after the n-th call of this function failed so."""
        name = f"{call}-{n}{code}"
        rc, text, log = self.train(name, f"fail={call}:{n}:{code}")
        lines = [line for line in text.splitlines() if line.startswith("limner: ")]
        # Where the run can go on from is a line of its own.
        errors = [line for line in lines if "checkpoint.safetensors of step" not in line]
        left = [line for line in log if line.startswith("live") and not line.endswith(" 0")]
        injected = any(line.startswith(f"injected {call} {n} ") for line in log)
        tolerated = call in MAY_GO_ON or (self.kind == "gpu" and call in CLBLAST)
        # A group that is refused is tried smaller.
        tolerated = tolerated or (call == "clEnqueueNDRangeKernel" and code == OUT_OF_RESOURCES)
        # The wait before all is released: everything is saved by then.
        tolerated = tolerated or (call == "clFinish" and n == total)
        # Memory that the networks do not get is no failure of the device.
        ends = (OTHER, NO_DEVICE, DEVICE_FAILED) if call in ("clCreateBuffer", "clFinish") else (
            NO_DEVICE, DEVICE_FAILED)
        wrong = None
        if "ready" not in log:
            wrong = "the layer was not in use"
        elif injected != (n <= total):
            wrong = "the fault was not injected" if n <= total else "more calls than without faults"
        elif n > total or (tolerated and rc == DONE):
            wrong = None if rc == DONE else "it should have succeeded"
        elif rc not in ends:
            wrong = f"the exit code should be one of {ends}"
        elif len(errors) != 1:
            wrong = f"{len(errors)} lines of error"
        elif str(code) not in errors[0] and call not in MAY_GO_ON:
            wrong = "the error does not tell the code"
        if not wrong and left:
            wrong = f"left alive: {', '.join(left)}"
        if not wrong:
            shutil.rmtree(self.scratch / name)
            return None
        return (f"FAILED {call}, call {n} of {total}, code {code}: {wrong}; exit code {rc}, printed:\n"
                f"{text}again: OPENCL_LAYERS={self.layer} LIMNER_LAYER='type={self.kind} "
                f"fail={call}:{n}:{code}' {self.limner} train {self.scratch}/pictures -o RUN "
                f"{' '.join(TRAIN)}\n")


def places(total):
    """The calls to fail: the first few, ever fewer, and the last."""
    chosen, n = set(), 1
    while n < total:
        chosen.add(n)
        n = n + 1 if n < 4 else n * 2
    return sorted(chosen | {total})


def main():
    layer, scratch, limner, kind = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3], sys.argv[4]
    shutil.rmtree(scratch, ignore_errors=True)
    (scratch / "pictures").mkdir(parents=True)
    for i in range(8):
        picture(scratch / "pictures" / f"{i}.png", 30 * i)
    walk = Walk(layer, scratch, limner, kind)
    # The first run compiles, which takes calls that later ones do not need.
    walk.train("first", "")
    rc, text, log = walk.train("whole", "")
    if rc == NO_DEVICE:
        print(text)
        return SKIPPED
    totals = {line.split()[1]: int(line.split()[2]) for line in log if line.startswith("calls ")}
    if rc != DONE or not totals:
        sys.exit(f"{text}faults: the training without faults has failed, or the layer is not in use")
    # A call that is no longer made: nothing must happen.
    finishes = totals["clFinish"]
    jobs = [("clFinish", finishes + 1, OUT_OF_RESOURCES, finishes)]
    for call, total in totals.items():
        if call.startswith("clRelease"):
            continue  # no driver refuses these, and what it refused would be alive
        for i, n in enumerate(places(total) if total else []):
            codes = CODES.get(call, [OUT_OF_RESOURCES, UNKNOWN])
            jobs.append((call, n, codes[i % len(codes)], total))
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        complaints = [c for c in pool.map(lambda job: walk.complaint(*job), jobs) if c]
    print("".join(complaints), end="")
    print(f"{len(jobs) - len(complaints)} of {len(jobs)} faults are survived")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
