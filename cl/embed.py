"""Writes the kernel files as C arrays: embed.py OUT.c COMMON.cl GEMM.cl ...

What a file includes with #include "NAME" is put in its place.

Arrays, because a string literal may be no longer than 4095 characters in portable C."""
import os
import re
import sys


def read(path):
    with open(path, "rb") as source:
        return re.sub(rb'(?m)^#include "(.*)"$',
                      lambda name: read(os.path.join(os.path.dirname(os.fsencode(path)), name[1])),
                      source.read())


with open(sys.argv[1], "w", encoding="ascii") as out:
    out.write("/* Made by cl/embed.py. */\n")
    for path in sys.argv[2:]:
        name = os.path.splitext(os.path.basename(path))[0]
        data = read(path)
        out.write(f"extern const char ocl_source_{name}[];\n")
        out.write(f"const char ocl_source_{name}[] = {{\n")
        for at in range(0, len(data), 16):
            out.write("    " + "".join(f"{byte}, " for byte in data[at:at + 16]) + "\n")
        out.write("    0};\n")
