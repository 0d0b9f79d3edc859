#!/usr/bin/env python3
"""Changes one number of a model and makes its model_hash and its checksum (that of limner 0.1.0) fit again.
usage: poke_model.py FILE TENSOR VALUE"""
import json
import pathlib
import struct
import sys

path, tensor, value = pathlib.Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])
file = path.read_bytes()
start = 8 + int.from_bytes(file[:8], "little")
header, data = json.loads(file[8:start]), bytearray(file[start:])
struct.pack_into("<f", data, header[tensor]["data_offsets"][0], value)


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
