#!/usr/bin/env python3
"""The convolutions of the DCGAN by DLPrimitives' kernels and in `limner bench`, on one OpenCL device, in turns.

    python3 tests/bench/compare_dlprim.py --dlprim FOLDER BUILD/limner [--device PoCL] [--width 64]
        [--batch 64] [--steps 7] [--rounds 3]

FOLDER is a checkout of https://github.com/artyom-beilis/dlprimitives. Only its src/kernels is read; the name that
git gives each of these files is printed. Needs pyopencl and numpy. Rows: layers with 64 channels or more on both
sides. A result of DLPrimitives is compared with a convolution in double precision before it is timed.

How closely the host side here follows DLPrimitives' own (src/core/conv.cpp, src/gemm.cpp, src/program_cache.cpp):

- Algorithm: its Winograd takes 3x3 with stride 1 only, its depthwise kernels odd sizes with stride 1 only. So every
  pass here is its GEMM that gathers the picture while it loads tiles (macro CONVGEMM: 1 forward, 2 weights, 3 data).
  A build with oneDNN would give it the forward pass, on a GPU of Intel's; PoCL has none.
- A transposed convolution is the data pass of the plain one, and its data pass the forward one: what is
  timed for a row of D stands in G's of that shape too. The projection G.0 is one as well, not an inner product.
- Tiles: its table for devices that are not of AMD, Apple or Imagination and have no cl_intel_subgroups; others
  are refused. It goes by the vendor's number, which in PoCL is Intel's on any x86 processor.
- Sums split over work-groups: by its rule, for devices of 256 cores or more as it counts them.
- Launches: data clears its result by a kernel that scales, then adds with atomics; the others write theirs.
  Gradients are not added to older ones; no bias, no activation.
- Options of the compiler: its macros, and -cl-std=CL2.0 where the platform's version is 2 or more.
- Not followed: its tensors, its cache of binaries. The wall clock runs from before the first launch to the
  end of the last; compiling and copies are left out.
"""
import argparse
import hashlib
import itertools
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import time

os.environ.setdefault("PYOPENCL_NO_CACHE", "1")

try:
    import numpy
    import pyopencl as cl
except ImportError as error:
    sys.exit(f"compare_dlprim.py: {error}; install pyopencl and numpy")

WARM_UPS = 2
KERNEL = 4
MIN_CHANNELS = 64
TOLERANCE = 1e-4  # of the largest element
INTEL, AMD, NVIDIA = 0x8086, 0x1002, 0x10DE
OTHER_TILES = {AMD: "AMD", 0x1027F00: "Apple", 0x1010: "Imagination"}
MODE = {"forward": 1, "weights": 2, "data": 3}
ROW = re.compile(r"(\w)\.\d+ (\d+)x(\d+) (\d+)-(\d+) (\w+)$")


def read_kernel(folder, name):
    """The source with what it includes, and git's name for each of the files."""
    path = folder / "src" / "kernels" / name
    try:
        data = path.read_bytes()
    except OSError as error:
        sys.exit(f"compare_dlprim.py: {path}: {error.strerror}; --dlprim wants a checkout of DLPrimitives")
    files = {name: hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()}
    lines = []
    for line in data.decode().splitlines():
        include = re.match(r'\s*#\s*include\s*"([^"]+)"', line)
        if include:
            line, more = read_kernel(folder, include.group(1))
            files |= more
        lines.append(line)
    return "\n".join(lines) + "\n", files


def commit_of(folder):
    if not (folder / ".git").exists():
        return "commit unknown"
    command = ["git", "-C", str(folder), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def find_device(wanted):
    for platform in cl.get_platforms():
        for device in platform.get_devices():
            if wanted.lower() in (platform.name + " " + platform.version + " " + device.name).lower():
                return device
    sys.exit(f"compare_dlprim.py: no OpenCL device has '{wanted}' in its name or its platform's")


class Layer:
    """A pass of a strided convolution of x (n c h w) with w (k c r s) to y (n k p q), from limner's name for it."""

    def __init__(self, what, batch):
        net, h, w, c, k, self.step = ROW.match(what).groups()
        self.n, self.h, self.w, self.c, self.k = batch, int(h), int(w), int(c), int(k)
        self.stride, self.pad = (1, 0) if self.h == KERNEL else (2, 1)
        self.p, self.q = ((x + 2 * self.pad - KERNEL) // self.stride + 1 for x in (self.h, self.w))
        if net == "G":
            self.step = {"forward": "data", "data": "forward", "weights": "weights"}[self.step]
        self.key = (self.h, self.w, self.c, self.k, self.step)
        self.flop = 2.0 * batch * self.k * self.c * KERNEL * KERNEL * self.p * self.q

    def shapes(self):
        return {"x": (self.n, self.c, self.h, self.w), "w": (self.k, self.c, KERNEL, KERNEL),
                "y": (self.n, self.k, self.p, self.q)}

    def reference(self, given):
        """What is missing of x, w and y, in double precision: one product for each tap of the kernel."""
        padded = numpy.zeros((self.n, self.c, self.h + 2 * self.pad, self.w + 2 * self.pad))
        x = padded[:, :, self.pad:self.pad + self.h, self.pad:self.pad + self.w]
        x[:] = given.get("x", 0)
        w = numpy.zeros((KERNEL, KERNEL, self.k, self.c))
        w[:] = given["w"].transpose(2, 3, 0, 1) if "w" in given else 0
        y = numpy.zeros((self.n, self.k, self.p * self.q))
        y[:] = given["y"].reshape(y.shape) if "y" in given else 0
        for r, s in itertools.product(range(KERNEL), repeat=2):
            seen = padded[:, :, r:r + self.stride * self.p:self.stride, s:s + self.stride * self.q:self.stride]
            columns = seen.reshape(self.n, self.c, self.p * self.q)
            if "y" not in given:
                y += w[r, s] @ columns
            elif "w" not in given:
                w[r, s] = (y @ columns.transpose(0, 2, 1)).sum(0)
            else:
                seen += (w[r, s].T @ y).reshape(seen.shape)
        return {"x": x, "w": w.transpose(2, 3, 0, 1), "y": y.reshape(self.shapes()["y"])}


def tiles(m, n):
    """Tile, block in registers, depth and padding of local rows, by the size of the result."""
    if m >= 256 and n >= 256:
        return 128, 8, 16, 1
    if m >= 128 and n >= 128:
        return 64, 8, 16, 1
    if m >= 32 and n >= 32:
        return 32, 4, 32, 0
    return (16, 1, 128, 0) if m * n <= 256 else (16, 2, 64, 0)


class DLPrimitives:
    def __init__(self, folder, device):
        if device.vendor_id in OTHER_TILES or "cl_intel_subgroups" in device.extensions:
            kind = OTHER_TILES.get(device.vendor_id, "Intel's with subgroups")
            sys.exit(f"compare_dlprim.py: {device.name}: DLPrimitives has other tiles for {kind}, not followed here")
        self.context = cl.Context([device])
        self.queue = cl.CommandQueue(self.context)
        self.cores = device.max_compute_units * {INTEL: 8, NVIDIA: 128}.get(device.vendor_id, 1)
        self.options = ["-cl-std=CL2.0"] if device.platform.version[7] >= "2" else []
        self.gemm, files = read_kernel(folder, "sgemm.cl")
        scale, more = read_kernel(folder, "scal.cl")
        self.scale = cl.Program(self.context, scale).build(self.options).sscal
        print(f"DLPrimitives, {commit_of(folder)}:", ", ".join(f"{n} {h}" for n, h in (files | more).items()))

    def buffer(self, array):
        flags = cl.mem_flags.READ_WRITE | cl.mem_flags.COPY_HOST_PTR
        return cl.Buffer(self.context, flags, hostbuf=array)

    def prepare(self, layer):
        """A function that runs the pass to its end, after its result was found right."""
        rows, taps, pixels = layer.n * layer.p * layer.q, layer.c * KERNEL * KERNEL, layer.p * layer.q
        (a, b, c), (m, n, k), (lda, ldb, ldc), (ta, tb) = {
            "forward": ("wxy", (layer.k, rows, taps), (taps, taps, pixels), (0, 1)),
            "weights": ("yxw", (layer.k, taps, rows), (rows, taps, taps), (0, 0)),
            "data": ("ywx", (rows, taps, layer.k), (rows, taps, taps), (1, 0))}[layer.step]
        tile, block, depth, offset = tiles(m, n)
        split = 8 if self.cores >= 256 and m * n // block**2 < 4 * self.cores and k > 16 * max(m, n) else 1
        macros = {"TILE_SIZE_M": tile, "TILE_SIZE_N": tile, "BLOCK_SIZE_M": block, "BLOCK_SIZE_N": block,
                  "TILE_SIZE_K": depth, "TILE_OFFSET": offset, "BIAS": 0, "ATRANS": ta, "BTRANS": tb,
                  "IM2COL_OCHAN": pixels, "CONVGEMM": MODE[layer.step], "KERN_H": KERNEL, "KERN_W": KERNEL,
                  "DILATE_H": 1, "DILATE_W": 1, "PAD_H": layer.pad, "PAD_W": layer.pad, "STRIDE_H": layer.stride,
                  "STRIDE_W": layer.stride, "GROUPS": 1, "CHANNELS_IN": layer.c, "SRC_COLS": layer.w,
                  "SRC_ROWS": layer.h, "IMG_COLS": layer.q, "IMG_ROWS": layer.p, "REDUCE_K": split, "ACTIVATION": 0}
        options = self.options + [f"-D{name}={value}" for name, value in macros.items()]
        sgemm = cl.Program(self.context, self.gemm).build(options).sgemm
        numbers = numpy.random.default_rng(1)
        shapes = layer.shapes()
        host = [numbers.standard_normal(shapes[name], dtype=numpy.float32) for name in (a, b)]
        result = numpy.full(shapes[c], numpy.nan, numpy.float32)
        buffers = [self.buffer(array) for array in (*host, result)]
        per_tile = tile // block
        groups = [-(-m // tile) * per_tile, -(-n // tile) * per_tile]
        sizes = ((split, *groups), (1, per_tile, per_tile)) if split > 1 else ((*groups, 1), (per_tile, per_tile, 1))
        scaled = split > 1 or layer.step == "data"
        i32, u64, f32 = numpy.int32, numpy.uint64, numpy.float32
        sgemm.set_args(i32(m), i32(n), i32(k), buffers[0], u64(0), i32(lda), buffers[1], u64(0), i32(ldb),
                       buffers[2], u64(0), i32(ldc), f32(1 if scaled else 0))
        group = 256 if result.size >= 1024 else 64

        def run():
            if scaled:
                self.scale(self.queue, (-(-result.size // group) * group,), (group,), u64(result.size), f32(0),
                           buffers[2], u64(0))
            cl.enqueue_nd_range_kernel(self.queue, sgemm, *sizes)
            self.queue.finish()

        run()
        cl.enqueue_copy(self.queue, result, buffers[2])
        want = layer.reference({a: host[0], b: host[1]})[c]
        error = abs(result - want).max() / abs(want).max()
        if not error <= TOLERANCE:  # NaN as well
            sys.exit(f"compare_dlprim.py: DLPrimitives, {layer.key}: wrong by {error:.2g} of the largest element")
        run.about = f"tile {tile}, block {block}x{block}" + (f", split {split}" if split > 1 else "")
        run.error = error
        return run


def time_run(run, steps):
    milliseconds = []
    for _ in range(WARM_UPS + steps):
        start = time.perf_counter()
        run()
        milliseconds.append(1e3 * (time.perf_counter() - start))
    return statistics.median(milliseconds[WARM_UPS:])


def narrowest(what):
    return min(int(channels) for channels in ROW.match(what).group(4, 5))


def time_limner(args, device):
    command = [args.limner, "bench", "--only", "layers", "--json", "--device", device.name, "--kernel", str(KERNEL)]
    for name in ("width", "batch", "steps"):
        command += [f"--{name}", str(getattr(args, name))]
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    except OSError as error:
        sys.exit(f"compare_dlprim.py: {args.limner}: {error.strerror}")
    if done.returncode:
        sys.exit(f"compare_dlprim.py: {' '.join(command)}: exit code {done.returncode}")
    head, *rows = (json.loads(line) for line in done.stdout.splitlines())
    if not head["device"].startswith(device.name):
        sys.exit(f"compare_dlprim.py: limner took {head['device']}, not {device.name}")
    return {row["what"]: row for row in rows if row["chosen"] and narrowest(row["what"]) >= MIN_CHANNELS}


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("limner")
    parser.add_argument("--dlprim", required=True, type=pathlib.Path)
    parser.add_argument("--device", default="PoCL")
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--steps", type=int, default=7)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    device = find_device(args.device)
    peer = DLPrimitives(args.dlprim, device)
    print(f"{device.name}, {device.platform.version}; width {args.width}, batch {args.batch}, "
          f"ms, medians of {args.steps}", flush=True)
    runs, table = {}, {}
    for _ in range(args.rounds):
        ours = time_limner(args, device)
        layers = {what: Layer(what, args.batch) for what in ours}
        runs |= {layer.key: peer.prepare(layer) for layer in layers.values() if layer.key not in runs}
        theirs = {key: time_run(run, args.steps) for key, run in runs.items()}
        for what, row in ours.items():
            table.setdefault(what, []).append((theirs[layers[what].key], row["ms"]))
    for key, run in runs.items():
        print("{}x{} {}-{} {}: ".format(*key) + f"{run.about}, error {run.error:.1e} of the largest element")
    print("layer and pass | DLPrimitives, each round | limner | ratio | its median | GFLOP/s of the median times")
    for what, rounds in table.items():
        peer_ms, our_ms = zip(*rounds)
        ratios = [theirs / mine for theirs, mine in rounds]
        rates = [layers[what].flop / statistics.median(column) / 1e6 for column in (peer_ms, our_ms)]
        cells = [", ".join(f"{x:.1f}" for x in column) for column in (peer_ms, our_ms, ratios)]
        print(f"{what} ({ours[what]['algorithm']})", *cells, f"{statistics.median(ratios):.1f}",
              f"{rates[0]:.0f}, {rates[1]:.0f}", sep=" | ")


if __name__ == "__main__":
    main()
