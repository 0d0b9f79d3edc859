#!/usr/bin/env python3
"""One spelling, the American one, in sources, messages and documents. usage: spelling.py SOURCE_ROOT"""
import pathlib
import re
import subprocess
import sys

root = pathlib.Path(sys.argv[1])
BRITISH = re.compile(
    r"(?i)colour|grey|neighbour|behaviour|favour|honour|labour|\bcentre|metres?\b|analys(e[ds]?|ing)\b|catalogue|cancell(ed|ing)|"
    r"travell|licence|artefact|judgement|modell(ed|ing)|labell|signall|totall(ed|ing)|levell|"
    r"\w+(optim|normal|initial|recogn|organ|summar|serial|synchron|vector|parallel|minim|maxim|real|special|general|util|final|"
    r"standard|quant|discret|memor|random|emphas|local|author|categor|visual|stabil|regular|penal|character|equal|capital|"
    r"material|central)is(e|es|ed|er|ers|ing|ation|ations)\b|"
    r"\b(optim|normal|initial|recogn|organ|summar|serial|synchron|vector|parallel|minim|maxim|real|special|general|util|final|"
    r"standard|quant|discret|memor|random|emphas|local|author|categor|visual|stabil|regular|penal|character|equal|capital|"
    r"material|central)is(e|es|ed|er|ers|ing|ation|ations)\b")
# What users may write: both spellings of a color's name.
ALLOWED = re.compile(r"\{\"grey\", LIM_RGB")
ENDINGS = {".c", ".h", ".cl", ".py", ".sh", ".md", ".build", ".txt", ".5", ".mjs", ".cpp"}

try:
    names = subprocess.run(["git", "-C", str(root), "ls-files", "-z"], check=True, capture_output=True).stdout.decode().split("\0")
except (OSError, subprocess.CalledProcessError):
    names = [str(p.relative_to(root)) for top in ("src", "include", "cl", "tests", "docs", "samples") for p in (root / top).rglob("*")]
bad = 0
for name in names:
    path = root / name
    if path.suffix not in ENDINGS or not path.is_file() or name in ("tests/lint/spelling.py", "tests/golden/golden.txt"):
        continue
    for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
        for found in BRITISH.finditer(ALLOWED.sub("", line)):
            print(f"{name}:{number}: {found.group()}")
            bad += 1
sys.exit(1 if bad else 0)
