#!/usr/bin/env python3
"""Changes one number of a model and makes its model_hash and its checksum fit again.
usage: poke_model.py FILE TENSOR VALUE"""
import json
import pathlib
import re
import struct
import sys

path, tensor, value = pathlib.Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])
data = bytearray(path.read_bytes())
start = 8 + int.from_bytes(data[:8], "little")
header = json.loads(data[8:start])
struct.pack_into("<f", data, start + header[tensor]["data_offsets"][0], value)


def fnv_1a(some):
    sum_ = 0xcbf29ce484222325
    for byte in some:
        sum_ = (sum_ ^ byte) * 0x100000001b3 & 0xffffffffffffffff
    return b"%016x" % sum_


def put(key, digits):
    at = re.search(b'"%s":"([0-9a-f]{16})"' % key, data[:start]).start(1)
    data[at:at + 16] = digits


parts = [name for name in header if name.startswith("generator.") and ".adam_" not in name]
put(b"model_hash", fnv_1a(data[start:start + max(header[name]["data_offsets"][1] for name in parts)]))
put(b"checksum", b"0" * 16)
put(b"checksum", fnv_1a(data[8:]))
path.write_bytes(data)
