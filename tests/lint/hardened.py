#!/usr/bin/env python3
"""What was built has the usual hardening: each of these ELF files is position independent, binds all names at the start and
makes them read-only then, has no executable stack, and checks its stack and its buffers. usage: hardened.py FILE..."""
import re
import subprocess
import sys

bad = []
for path in sys.argv[1:]:
    with open(path, "rb") as file:
        if file.read(4) != b"\x7fELF":
            sys.exit(77)
    try:
        text = subprocess.run(["readelf", "--file-header", "--segments", "--dynamic", "--dyn-syms", "--wide", path],
                              check=True, capture_output=True, text=True, env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"}).stdout
    except FileNotFoundError:
        print("readelf is not installed")
        sys.exit(77)
    library = ".so" in path.rsplit("/", 1)[-1]
    wanted = {
        "position independent code": r"Type: +DYN" if library else r"\(FLAGS_1\).*\bPIE\b",
        "a read-only table of names (RELRO)": r"^ *GNU_RELRO ",
        "all names bound at the start": r"\(FLAGS_1\).*\bNOW\b",
        "a stack that cannot be executed": r"^ *GNU_STACK +\S+ +\S+ +\S+ +\S+ +\S+ +RW +\S+$",
        "a stack protector": r"UND __stack_chk_fail",
        "checked buffers (_FORTIFY_SOURCE)": r"UND __v?snprintf_chk",
    }
    bad += [f"{path}: lacks {what}" for what, pattern in wanted.items() if not re.search(pattern, text, re.MULTILINE)]
print("\n".join(bad))
sys.exit(1 if bad or len(sys.argv) < 2 else 0)
