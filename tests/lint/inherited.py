#!/usr/bin/env python3
"""No program that the host starts gets a file of the library's: each is opened to be closed on exec. The command, which starts
none, may do as it likes. usage: inherited.py SOURCE_ROOT"""
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])
# What opens a file -> what has to stand in its call or, after a semicolon, in the two statements behind it.
CALLS = {
    r"open|openat": r"O_CLOEXEC|\bflags\b",
    r"fopen": r'"[rwa]b?e"',
    r"mkstemp": r";[^;]*;?[^;]*\bFD_CLOEXEC\b",
    r"socketpair": r"SOCK_CLOEXEC|\bkind\b",
    r"fdopendir|opendir": r"",  # always
    r"pipe|dup|dup2|socket|accept|epoll_create|inotify_init|memfd_create|creat|popen": r"(?!)",  # never
}
bad, seen = [], 0
for path in sorted((root / "src").rglob("*.c")):
    name = path.relative_to(root).as_posix()
    if name.startswith("src/cli/"):
        continue
    text = re.sub(r"/\*.*?\*/", lambda c: "\n" * c.group().count("\n"), path.read_text(), flags=re.DOTALL)
    for calls, wanted in CALLS.items():
        for found in re.finditer(rf"(?<![\w>.*])({calls})\(", text):
            after = text[found.end():]
            statements = after.split(";")
            shown = ";".join(statements[:3]) if wanted.startswith(";") else statements[0]
            seen += 1
            if not re.search(wanted, shown):
                bad.append(f"{name}:{text.count(chr(10), 0, found.start()) + 1}: {found.group(1)} lets the file be inherited")
print("\n".join(bad))
sys.exit(1 if bad or seen < 20 else 0)
