#!/usr/bin/env python3
"""Changes a number of a model, or one of its settings (to a JSON value), and makes its model_hash and its checksum (that
of limner 0.1.0) fit again.
usage: poke_model.py FILE TENSOR VALUE
       poke_model.py FILE settings NAME JSON"""
import json
import pathlib
import struct
import sys

path, what = pathlib.Path(sys.argv[1]), sys.argv[2]
file = path.read_bytes()
start = 8 + int.from_bytes(file[:8], "little")
header, data = json.loads(file[8:start]), bytearray(file[start:])
if what == "settings":
    metadata = header["__metadata__"]
    settings = json.loads(metadata["settings"]) | {sys.argv[3]: json.loads(sys.argv[4])}
    metadata["settings"] = json.dumps(settings, separators=(",", ":"))
else:
    struct.pack_into("<f", data, header[what]["data_offsets"][0], float(sys.argv[3]))


def fnv_1a(some):
    sum_ = 0xcbf29ce484222325
    for byte in some:
        sum_ = (sum_ ^ byte) * 0x100000001b3 & 0xffffffffffffffff
    return "%016x" % sum_


def text():
    return json.dumps(header, separators=(",", ":")).encode()


parts = [name for name in header if name.startswith("generator.") and ".adam_" not in name]
header["__metadata__"]["model_hash"] = fnv_1a(data[:max(header[name]["data_offsets"][1] for name in parts)])
header["__metadata__"]["checksum"] = "0" * 16
header["__metadata__"]["checksum"] = fnv_1a(text() + data)
path.write_bytes(len(text()).to_bytes(8, "little") + text() + data)
