#!/usr/bin/python3
"""Pictures prepared a second, by Pillow in two processes and by limner in two threads, in turns.

    /usr/bin/python3 tests/bench/compare_pillow.py BUILD/tests/bench-decode [--folder DIR] [--rounds 3]

Makes the pictures in DIR (kept there) or in a temporary folder. Both do the same to them: decode, to RGB,
center square, antialiased resize to 64x64. "Pillow, draft" lets libjpeg decode a large JPEG at a fraction
of its size, which Pillow does only where it is asked to. Needs Pillow and numpy (Debian: python3-pil,
python3-numpy)."""
import argparse
import multiprocessing
import pathlib
import subprocess
import tempfile
import time

import numpy
from PIL import Image

SIZE = 64
KINDS = {"64x64 PNG": (64, "png", 4000), "96x96 JPEG": (96, "jpg", 4000), "512x512 JPEG": (512, "jpg", 500)}


def make(folder, size, form, count):
    """Soft blobs under a little noise: files as large as photographs of that size are."""
    if folder.exists():
        return
    folder.mkdir(parents=True)
    numbers = numpy.random.default_rng(1)
    for i in range(count):
        small = Image.fromarray(numbers.integers(0, 256, (8, 8, 3), dtype=numpy.uint8))
        pixels = numpy.asarray(small.resize((size, size), Image.BICUBIC)).astype(float)
        pixels += numbers.normal(0, 6, (size, size, 1))
        Image.fromarray(pixels.clip(0, 255).astype(numpy.uint8)).save(folder / f"{i:05}.{form}", quality=90)


def prepare(path, draft=False):
    image = Image.open(path)
    if draft:
        image.draft("RGB", (2 * SIZE, 2 * SIZE))
    image = image.convert("RGB")
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    image = image.resize((SIZE, SIZE), Image.BILINEAR, (left, top, left + side, top + side))
    return len(image.tobytes())


def prepare_draft(path):
    return prepare(path, True)


def pillow(pool, folder, function):
    paths = sorted(folder.iterdir())
    start = time.perf_counter()
    total = sum(pool.imap(function, paths, 64))
    assert total == len(paths) * SIZE * SIZE * 3
    return len(paths) / (time.perf_counter() - start)


def limner(program, folder):
    line = subprocess.run([program, folder, "--threads", "2"], check=True, capture_output=True, text=True).stdout
    return float(line.split()[-2])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--folder")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary, multiprocessing.Pool(2) as pool:
        root = pathlib.Path(args.folder or temporary)
        for name, (size, form, count) in KINDS.items():
            folder = root / f"{size}{form}"
            make(folder, size, form, count)
            for function in prepare, prepare_draft:
                pillow(pool, folder, function)  # a first time, for the page cache and the processes
            for _ in range(args.rounds):
                a, b, c = pillow(pool, folder, prepare), pillow(pool, folder, prepare_draft), limner(args.program, folder)
                print(f"{name:13} Pillow {a:7.0f}  Pillow, draft {b:7.0f}  limner {c:7.0f} pictures/s  "
                      f"ratio {c / a:.2f}, {c / b:.2f}", flush=True)


main()
