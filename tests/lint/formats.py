#!/usr/bin/env python3
"""Every function that takes a format has LIM_PRINTF, so that compilers compare its arguments. usage: formats.py SOURCE_ROOT"""
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])
seen, checked = {}, set()
for path in sorted(p for folder in ("include", "src", "tests", "samples") for p in (root / folder).rglob("*.[ch]")):
    text = re.sub(r"/\*.*?\*/|//[^\n]*", lambda c: "\n" * c.group().count("\n"), path.read_text(), flags=re.DOTALL)
    scope = path.relative_to(root)
    for found in re.finditer(r"(LIM_PRINTF\([^)]*\)\s+)?\b(\w+)\(((?:[^(){};]|\([^()]*\))*,\s*\.\.\.)\)\s*(LIM_PRINTF\(|[;{])", text):
        before, name, arguments, after = found.groups()
        if "char" not in arguments:
            continue
        if before or after.startswith("LIM_PRINTF"):
            checked.add(name)
        else:
            seen.setdefault(name, f"{scope}:{text.count(chr(10), 0, found.start()) + 1}")
bad = [f"{where}: {name} takes a format, and has no LIM_PRINTF" for name, where in seen.items() if name not in checked]
print("\n".join(bad))
sys.exit(1 if bad or len(checked) < 5 else 0)
