#!/usr/bin/env python3
"""Two safetensors files hold the same: names, shapes, every byte of the tensors, and all metadata but the time
spent. usage: compare_models.py A B   (1: different)"""
import json
import pathlib
import sys


def load(path):
    data = pathlib.Path(path).read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8:8 + length])
    metadata = header.pop("__metadata__", {})
    metadata.pop("checksum")  # over the time spent too
    progress = json.loads(metadata.pop("progress", "{}"))
    metadata |= {key: progress[key] for key in progress if key != "seconds"}
    return metadata, {k: (v["dtype"], v["shape"], data[8 + length:][slice(*v["data_offsets"])])
                      for k, v in header.items()}


(meta_a, a), (meta_b, b) = load(sys.argv[1]), load(sys.argv[2])
wrong = [f"only in one: {name}" for name in sorted(a.keys() ^ b.keys())]
wrong += [f"tensor differs: {name}" for name in sorted(a.keys() & b.keys()) if a[name] != b[name]]
wrong += [f"metadata differs: {key}: {meta_a.get(key)} {meta_b.get(key)}"
          for key in sorted(meta_a.keys() | meta_b.keys())
          if meta_a.get(key) != meta_b.get(key)]
if not a:
    wrong.append("no tensors")
print(*wrong, sep="\n", end="\n" if wrong else "")
sys.exit(1 if wrong else 0)
