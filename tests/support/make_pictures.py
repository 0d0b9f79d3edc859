#!/usr/bin/env python3
"""Makes a folder of small PNGs to train on, the same each time.
usage: make_pictures.py FOLDER COUNT [SIZE]"""
import pathlib
import struct
import sys
import zlib

folder, count = pathlib.Path(sys.argv[1]), int(sys.argv[2])
size = int(sys.argv[3]) if len(sys.argv) > 3 else 16


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def picture(i):
    """A disc on a ground: place, size and colors depend on i."""
    x0, y0, r = 4 + i * 5 % 8, 4 + i * 3 % 8, 3 + i % 4
    disc, ground = bytes((i * 37 % 256, i * 91 % 256, i * 53 % 256)), bytes((255 - i * 7 % 200, 230, 180))
    rows = b""
    for y in range(size):
        rows += b"\0" + b"".join(
            disc if (x * 16 / size - x0) ** 2 + (y * 16 / size - y0) ** 2 < r * r else ground for x in range(size))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


folder.mkdir(parents=True, exist_ok=True)
for i in range(count):
    (folder / f"{i:04}.png").write_bytes(picture(i))
