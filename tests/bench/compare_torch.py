#!/usr/bin/python3
"""A DCGAN training step in PyTorch on the CPU and in limner, one after the other, twice; prints the ratio of the rates, and
of the most memory that each process had in RAM.

    /usr/bin/python3 tests/bench/compare_torch.py BUILD/limner [--device D ...] [--width 64]
        [--kernel 4] [--batch 64] [--steps 7]

Needs torch (Debian: python3-torch). PyTorch runs with OPENBLAS_NUM_THREADS=1, its faster setting where
its own threads call OpenBLAS. Its step is that of limner: G's step computes no gradients of D's weights.
"""
import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import torch
import torch.nn as nn
import torch.nn.functional as F

WARM_UPS = 2
# A process counts what its parent had in RAM when it was started: so a small one starts limner.
MEASURED = """import resource, subprocess, sys
code = subprocess.run(sys.argv[1:]).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)"""


class Up(nn.ConvTranspose2d):
    """Kernel 5 as Keras 'same': padding 1, then the last row and column go."""

    def forward(self, x):
        y = super().forward(x)
        return y[:, :, :-1, :-1] if self.kernel_size[0] == 5 else y


class Down(nn.Conv2d):
    def forward(self, x):
        return super().forward(F.pad(x, (0, 1, 0, 1)) if self.kernel_size[0] == 5 else x)


def generator(w, k):
    layers = [nn.ConvTranspose2d(100, 8 * w, 4, 1, 0, bias=False), nn.BatchNorm2d(8 * w), nn.ReLU(True)]
    for c in (8 * w, 4 * w, 2 * w):
        layers += [Up(c, c // 2, k, 2, 1, bias=False), nn.BatchNorm2d(c // 2), nn.ReLU(True)]
    return nn.Sequential(*layers, Up(w, 3, k, 2, 1, bias=False), nn.Tanh())


def discriminator(w, k):
    layers = [Down(3, w, k, 2, 1, bias=False), nn.LeakyReLU(0.2, True)]
    for c in (w, 2 * w, 4 * w):
        layers += [Down(c, 2 * c, k, 2, 1, bias=False), nn.BatchNorm2d(2 * c), nn.LeakyReLU(0.2, True)]
    return nn.Sequential(*layers, nn.Conv2d(8 * w, 1, 4, 1, 0, bias=False))


def time_torch(args):
    torch.set_num_threads(len(os.sched_getaffinity(0)))  # some builds start with one
    torch.manual_seed(1)
    g, d = generator(args.width, args.kernel), discriminator(args.width, args.kernel)
    opt_g, opt_d = (torch.optim.Adam(n.parameters(), 2e-4, (0.5, 0.999)) for n in (g, d))
    real = torch.rand(args.batch, 3, 64, 64) * 2 - 1
    ones, zeros = torch.ones(args.batch), torch.zeros(args.batch)
    loss = nn.BCEWithLogitsLoss()
    seconds = []
    for _ in range(WARM_UPS + args.steps):
        start = time.perf_counter()
        opt_d.zero_grad()
        loss(d(real).view(-1), ones).backward()
        fake = g(torch.randn(args.batch, 100, 1, 1))
        loss(d(fake.detach()).view(-1), zeros).backward()
        opt_d.step()
        opt_g.zero_grad()
        d.requires_grad_(False)
        loss(d(fake).view(-1), ones).backward()
        d.requires_grad_(True)
        opt_g.step()
        seconds.append(time.perf_counter() - start)
    rate = args.batch / statistics.median(seconds[WARM_UPS:])
    print(f"PyTorch {torch.__version__} ({torch.get_num_threads()} threads): {rate:.1f} pictures/s", flush=True)
    return rate


def time_limner(args, rest):
    command = [args.limner, "bench", "--only", "step", "--json", *rest]
    for name in ("width", "kernel", "batch", "steps"):
        command += [f"--{name}", str(getattr(args, name))]
    out = subprocess.run([sys.executable, "-c", MEASURED, *command], stdout=subprocess.PIPE, text=True,
                         check=True).stdout.splitlines()
    head, step, kilobytes = (json.loads(line) for line in out)
    print(f"{head['device']}: {step['pictures_per_s']:.1f} pictures/s, {step['gflops']:.1f} GFLOP/s effective, "
          f"{step['launches']} launches, {step['ms']:.1f} ms a step (best {step['best_ms']:.1f})", flush=True)
    return step["pictures_per_s"], kilobytes / 1024


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("limner")
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--kernel", type=int, default=4, choices=(4, 5))
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--steps", type=int, default=7)
    args, rest = parser.parse_known_args()
    pairs = [(time_torch(args), *time_limner(args, rest)) for _ in range(2)]
    for peer, ours, _ in pairs:
        print(f"limner / PyTorch: {ours / peer:.2f}")
    peer, ours = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, max(mib for _, _, mib in pairs)
    print(f"at most in RAM: PyTorch {peer:.0f} MiB, limner {ours:.0f} MiB, ratio {ours / peer:.2f}")


sys.exit(main())
