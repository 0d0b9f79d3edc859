#!/usr/bin/env python3
"""Changes one number of a safetensors file and makes its checksum fit again.
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
digits = re.search(rb'"checksum":"([0-9a-f]{16})"', data[:start]).start(1)
data[digits:digits + 16] = b"0" * 16
hash_ = 0xcbf29ce484222325  # FNV-1a
for byte in data[8:]:
    hash_ = (hash_ ^ byte) * 0x100000001b3 & 0xffffffffffffffff
data[digits:digits + 16] = b"%016x" % hash_
path.write_bytes(data)
