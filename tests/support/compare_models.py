#!/usr/bin/env python3
"""Two safetensors files hold the same: names, shapes, every byte of the tensors, and all metadata but the time
spent. usage: compare_models.py A B   (1: different)
--older same|close A B: an older limner wrote A: B may name another version and have more settings; close: numbers may
differ in their last digits, as another processor's do."""
import json
import pathlib
import struct
import sys

older = sys.argv[2] if sys.argv[1] == "--older" else None
paths = sys.argv[-2:]


def load(path):
    data = pathlib.Path(path).read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8:8 + length])
    metadata = header.pop("__metadata__", {})
    metadata.pop("checksum")  # over the time spent too
    progress = json.loads(metadata.pop("progress", "{}"))
    metadata |= {key: progress[key] for key in progress if key != "seconds"}
    if older:
        metadata |= json.loads(metadata.pop("settings"))
        metadata.pop("limner")
    return metadata, {k: (v["dtype"], v["shape"], data[8 + length:][slice(*v["data_offsets"])])
                      for k, v in header.items()}


def floats(tensor):
    return struct.unpack(f"<{len(tensor[2]) // 4}f", tensor[2])


def differs(x, y):
    if older != "close":
        return x != y
    return x[:2] != y[:2] or any(abs(p - q) > 1e-4 * max(1e-2, abs(q)) for p, q in zip(floats(x), floats(y)))


(meta_a, a), (meta_b, b) = load(paths[0]), load(paths[1])
if older:
    meta_b = {key: meta_b[key] for key in meta_a if key in meta_b}
if older == "close":
    meta_a.pop("model_hash")
    meta_b.pop("model_hash")
wrong = [f"only in one: {name}" for name in sorted(a.keys() ^ b.keys())]
wrong += [f"tensor differs: {name}" for name in sorted(a.keys() & b.keys()) if differs(a[name], b[name])]
wrong += [f"metadata differs: {key}: {meta_a.get(key)} {meta_b.get(key)}"
          for key in sorted(meta_a.keys() | meta_b.keys())
          if meta_a.get(key) != meta_b.get(key)]
if not a:
    wrong.append("no tensors")
print(*wrong, sep="\n", end="\n" if wrong else "")
sys.exit(1 if wrong else 0)
