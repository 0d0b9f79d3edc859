#!/usr/bin/env python3
"""README.md and docs/ say what is so. usage: docs.py SOURCE_ROOT LIMNER LIMNER_CONFORM

* Links and anchors lead somewhere; README.md has at most 90 lines.
* Every command line of limner and limner-conform parses, its values too; every option that is named exists, and
  every option that exists is named in docs/; so is every variable of the environment.
* Every message and reason with a "what to do" stands in the sources, word for word; "..." stands for what differs.
* Every field of the files and of --json that a small training leaves is in docs/, and every field there is in the sources.
* The program in docs/library.md is samples/tour.c, and the page names every public header.
* groff and mandoc, where they are installed, find nothing wrong in any man page; limner-run(5) has every field.

Then each check is shown a page with a fault, and must find it."""
import json
import pathlib
import re
import shlex
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib

root, limner, conform = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
MOST_LINES = 90
RUN_PAGE = "docs/limner-run.5"
KEYWORDS = ("limner seed", "limner model", "limner step")  # of PNGs: no commands


def run(*words):
    done = subprocess.run([str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout


COMMANDS = re.findall(r"^  limner ([a-z]+) ", run(limner, "--help")[1], flags=re.MULTILINE)


# The pages

def read_pages():
    found = [root / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")]
    for folder in ("docs", "src", "cl", "tests", "samples", "subprojects"):
        found += (root / folder).rglob("*.md")
    outside = re.compile(r"subprojects/[^/]+/")  # what a wrap has unpacked
    names = (path.relative_to(root).as_posix() for path in sorted(found))
    pages = {name: (root / name).read_text() for name in names if not outside.match(name)}
    pages[RUN_PAGE] = (root / RUN_PAGE).read_text()
    pages["limner.1"] = run(limner, "--man-page")[1]
    for command in COMMANDS:
        pages[f"limner-{command}.1"] = run(limner, "--man-page", command)[1]
    pages["limner-conform.1"] = run(conform, "--man-page")[1]
    return pages


def is_guide(name):
    """For users: what the checks of commands, messages and fields read."""
    return name in ("README.md", "CONTRIBUTING.md") or re.fullmatch(r"docs/[^/]+\.md", name) is not None


def blocks(text):
    """The lines of code blocks, fenced or indented."""
    fenced, before, inside = False, "", False
    for line in text.splitlines():
        if line.startswith("```"):
            fenced = not fenced
            continue
        inside = line.startswith("    ") and (inside or not before.strip())
        if fenced or inside:
            yield line.strip()
        before = line


def spans(text):
    return re.findall(r"`([^`\n]+)`", text)


def rows(text, heads):
    """Rows of the tables whose first head is one of `heads`, as lists of cells."""
    head = None
    for line in text.splitlines():
        if not line.startswith("|"):
            head = None
            continue
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if head is None:
            head = cells[0]
        elif head in heads and not set(line) <= set("|-: "):
            yield cells


def section(text, title):
    start = re.search(rf"^#+ {re.escape(title)}\n", text, flags=re.MULTILINE)
    if not start:
        return ""
    rest = text[start.end():]
    end = re.search(r"^## ", rest, flags=re.MULTILINE)
    return rest[:end.start()] if end else rest


# Links

def anchors(text):
    """As GitHub makes them of headings."""
    heads = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.replace("`", "").lower()).replace(" ", "-") for head in heads}


def check_links(pages):
    bad = []
    for name, text in pages.items():
        plain = re.sub(r"`[^`\n]*`", "", text)
        for target in re.findall(r"\]\(([^)\s]+)\)", plain):
            if re.match(r"[a-z]+:", target):
                continue
            path, _, anchor = target.partition("#")
            place = (root / name).parent / path if path else root / name
            page = pathlib.Path(place).resolve()
            if not page.exists():
                bad.append(f"{name}: the link to {target} leads nowhere")
                continue
            key = page.relative_to(root.resolve()).as_posix()
            if anchor and anchor not in anchors(pages.get(key, "")):
                bad.append(f"{name}: {key} has no heading for #{anchor}")
    return bad


def check_length(pages):
    lines = pages["README.md"].count("\n")
    return [f"README.md has {lines} lines, and may have {MOST_LINES}"] if lines > MOST_LINES else []


# Commands and options

def find_options(text):
    return set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*", text))


def options_of_programs():
    return {option for command in COMMANDS for option in find_options(run(limner, command, "--help")[1])} | \
        find_options(run(conform, "--help")[1]) | {"--help", "--version"}


known_options = options_of_programs()
called = {}


def parses(words):
    """What a program says to a command line that cannot be understood; "" where it can. --help as the last word: all
    before it is read, and nothing is done."""
    key = tuple(words)
    if key not in called:
        program = {"limner": limner, "limner-conform": conform}[pathlib.Path(words[0]).name]
        last = ["--help"] if program == conform or not words[1].startswith("--") else []
        code, told = run(program, *words[1:], *last)
        called[key] = "" if code == 0 else told.strip()
    return called[key]


def check_commands(pages):
    bad = []
    for name, text in pages.items():
        if not is_guide(name):
            continue
        for line in list(blocks(text)) + spans(text):
            if not re.match(r"(build/)?limner(-conform)? ", line) or "COMMAND" in line or line in KEYWORDS:
                continue
            words = shlex.split(line.split(" #")[0])
            told = parses(words)
            if told:
                bad.append(f"{name}: {line}: {told}")
        for span in spans(text):
            if span.startswith("--") and "..." not in span:
                bad += [f"{name}: no program has {option}" for option in find_options(span) - known_options]
    return bad


def check_options(pages):
    told = find_options("\n".join(text for name, text in pages.items() if name.startswith("docs/")))
    return [f"docs/ does not name {option}" for option in sorted(known_options - told)]


def check_build(pages):
    """Of meson: every option is in docs/building.md, and none is there that does not exist."""
    there = set(re.findall(r"^option\('(\w+)'", (root / "meson_options.txt").read_text(), flags=re.MULTILINE))
    told = {span[2:] for cells in rows(pages["docs/building.md"], ("option",)) for span in spans(cells[0])}
    return [f"docs/building.md: -D{option} is there or in meson_options.txt, not in both" for option in sorted(there ^ told)]


def check_variables(pages):
    """Of the environment: limner's own are in docs/devices.md and limner(1), and none is there that is not read."""
    read = {text for text in source_strings if re.fullmatch(r"LIMNER_[A-Z_]+", text)}
    bad = []
    for page in ("docs/devices.md", "limner.1"):
        told = set(re.findall(r"\bLIMNER_[A-Z_]+", pages[page]))
        bad += [f"{page}: nothing is said of {name}" for name in sorted(read - told)]
        bad += [f"{page}: nothing reads {name}" for name in sorted(told - read)]
    return bad


# Messages

def strings_of_sources():
    """Every string literal of the sources: neighbors joined, macros in their places, conversions as \\0."""
    files = [path for folder in ("src", "include", "tests/conform") for path in (root / folder).rglob("*.[ch]")]
    files += (root / "tests").glob("conform*.c")
    texts = {path: re.sub(r"/\*.*?\*/|//[^\n]*", "", path.read_text(), flags=re.DOTALL) for path in files}
    literal = r'"(?:\\.|[^"\\\n])*"'
    define = re.compile(rf"^#define (\w+)((?:[ \t\\\n]+{literal})+)[ \t]*$", flags=re.MULTILINE)
    everywhere = {name: value for text in texts.values() for name, value in define.findall(text)}
    found = set()
    for text in texts.values():
        macros = {**everywhere, **dict(define.findall(text))}
        text = re.sub(r"\bPRI[a-zA-Z]+\d*\b", '"d"', text)
        text = re.sub(rf'({literal})|\b([A-Z][A-Z0-9_]+)\b', lambda m: m[1] or macros.get(m[2], m[2]), text)
        text = re.sub(r"\bNAME\((\w+)\)", r'"\1"', text)
        for joined in re.findall(rf"{literal}(?:[\s\\]*{literal})*", text):
            value = "".join(part[1:-1] for part in re.findall(literal, joined))
            value = value.replace('\\"', '"').replace("\\n", "\n").replace("%%", "\1")
            value = re.sub(r"(?<=[a-z])%s", "s", value)  # a plural
            found.add(re.sub(r"%[-+ #0-9.*]*(?:hh?|ll?|z)?[a-zA-Z]?", "\0", value).replace("\1", "%"))
    return found


source_strings = strings_of_sources()


def in_sources(message):
    parts = [part.strip() for part in message.split("...") if part.strip(" .,:;()'\"")]
    order = re.compile(".*?".join(re.escape(part) for part in parts), flags=re.DOTALL)
    return bool(parts) and any(order.search(text) for text in source_strings)


def check_messages(pages):
    bad, seen = [], 0
    for name in ("docs/troubleshooting.md", "docs/pictures.md"):
        for cells in rows(pages[name], ("message", "reason")):
            for message in spans(cells[0]):
                seen += 1
                if not in_sources(message):
                    bad.append(f"{name}: the sources do not say: {message}")
    return bad + (["docs/: no table of messages was found"] if seen < 100 else [])


# Fields

def write_picture(path, seed):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    lines = b"".join(b"\0" + bytes((seed * 7 + x * y) % 256 for x in range(60)) for y in range(20))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 20, 20, 8, 2, 0, 0, 0)) +
                     chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b""))


def keys(value):
    if isinstance(value, dict):
        return set(value).union(*(keys(item) for item in value.values()))
    return set().union(*(keys(item) for item in value)) if isinstance(value, list) else set()


def events(text):
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def metadata(path):
    data = path.read_bytes()
    meta = json.loads(data[8:8 + struct.unpack("<Q", data[:8])[0]])["__metadata__"]
    return keys(meta) | keys(json.loads(meta["settings"])) | keys(json.loads(meta["progress"]))


def fields_left(folder):
    """{(page, heading): the fields that there are}, from runs in `folder`."""
    pictures, trained = folder / "pictures", folder / "run"
    pictures.mkdir()
    for i in range(4):
        write_picture(pictures / f"{i}.png", i)
    (pictures / "copy.png").write_bytes((pictures / "0.png").read_bytes())
    (pictures / "bad.png").write_bytes(b"BM")
    small = ["--size", "16", "--width", "1"]
    cpu = ["--device", "cpu", "--cache-dir", folder / "cache"]
    train = [limner, "train", pictures, "-o", trained, "--json", "--batch", "2", "--steps", "2"] + small + cpu
    found = {}

    def told(page, heading, *words):
        code, text = run(*words)
        if code != 0:
            raise SystemExit(f"{shlex.join(map(str, words))}: exit code {code}\n{text}")
        found[page, heading] = found.get((page, heading), set()) | keys(events(text))

    told("docs/training.md", "limner train --json", *train, "--dry-run")
    told("docs/training.md", "limner train --json", *train)
    told("docs/pictures.md", "limner scan --json", limner, "scan", pictures, "--json", "--size", "16")
    told("docs/devices.md", "limner devices --json", limner, "devices", "--json")
    told("docs/tuning.md", "limner bench --json", limner, "bench", "--json", "--only", "step", "--batch", "2", "--steps", "1",
         *small, *cpu)
    told("docs/tuning.md", "limner bench --json", limner, "bench", "--json", "--only", "layers", "--batch", "2", "--steps", "1",
         *small, *cpu)
    told("docs/tuning.md", "limner tune --json", limner, "tune", "--json", "--tune", "fast", "--batch", "2", *small, *cpu)
    many = folder / "many"
    many.mkdir()
    for i in range(100):
        write_picture(many / f"{i}.png", i)
    told("docs/evaluation.md", "limner eval --json", limner, "eval", trained, "--pictures", many, "--json", "--nets", "1", *cpu)
    told("docs/evaluation.md", "limner eval --json", limner, "eval", "--painted", many, "--pictures", many, "--json", "--size",
         "16", "--nets", "1", *cpu)
    for more in (["--list"], ["--once"], ["--bench", "--case", "0"]):
        told("docs/conformance.md", "limner-conform --json", conform, "--device", "cpu", "--op", "copy,gemm", "--small",
             "--json", *more)
    found["docs/files.md", "config.json"] = keys(json.loads((trained / "config.json").read_text()))
    found["docs/files.md", "log.jsonl"] = keys(events((trained / "log.jsonl").read_text()))
    found["docs/files.md", "Models: .safetensors"] = metadata(trained / "checkpoint.safetensors")
    for path in (folder / "cache" / "tuning").glob("*.json"):
        found["docs/files.md", "The cache"] = keys(json.loads(path.read_text())) - keys({"h": 0, "w": 0, "c": 0, "k": 0,
            "r": 0, "s": 0, "stride": 0, "pads": 0, "forward": 0, "data": 0, "weights": 0})  # "as algorithms above"
    return found


with tempfile.TemporaryDirectory() as temporary:
    fields = fields_left(pathlib.Path(temporary))


def check_fields(pages):
    bad = []
    for (page, heading), there in fields.items():
        text = section(pages[page], heading)
        named = set(spans(text))
        bad += [f"{page}, {heading}: nothing is said of '{field}'" for field in sorted(there - named)]
        if not there:
            bad.append(f"{page}, {heading}: no field was found to compare with")
    for page in sorted({page for page, _ in fields}):
        for cells in rows(pages[page], ("field", "keyword", "`type`")):
            bad += [f"{page}: the sources have no field '{field}'" for field in spans(cells[0]) if field not in source_strings]
    return bad


# The library

def check_library(pages):
    page = pages["docs/library.md"]
    program = (root / "samples/tour.c").read_text().rstrip("\n")
    bad = [] if f"```c\n{program}\n```" in page else ["docs/library.md: its program is not samples/tour.c"]
    there = {path.name for path in (root / "include/limner").glob("*.h")}
    told = {found for span in spans(page) for found in re.findall(r"\w+\.h\b", span)}
    bad += [f"docs/library.md: nothing is said of {name}" for name in sorted(there - told)]
    return bad + [f"docs/library.md: there is no header {name}" for name in sorted(told - there)]


# Man pages

def check_man(pages):
    bad = []
    tools = [command for command in (["groff", "-man", "-ww", "-z"], ["mandoc", "-T", "lint"]) if shutil.which(command[0])]
    for name, text in pages.items():
        if not re.search(r"\.[15]$", name):
            continue
        for tool in tools:
            told = subprocess.run(tool, input=text, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout
            bad += [f"{name}: {line}" for line in told.splitlines() if "missing date" not in line]
    built = re.search(r"foreach name : \[([^\]]*)\]\n *custom_target\('man page of '", (root / "meson.build").read_text())
    listed = re.findall(r"'([a-z]+)'", built.group(1) if built else "")
    bad += [f"meson.build: no man page of {command} is built" for command in COMMANDS if command not in listed]
    words = set(re.findall(r"[a-z_]+[a-z0-9_]*", pages[RUN_PAGE].replace("\\-", "-")))
    for heading in ("config.json", "log.jsonl", "Models: .safetensors"):
        bad += [f"{RUN_PAGE}: nothing is said of '{field}'" for field in sorted(fields["docs/files.md", heading] - words)
                if not field.startswith("generator.")]
    return bad


CHECKS = (check_man, check_links, check_length, check_commands, check_options, check_variables, check_build,
          check_messages, check_fields, check_library)

# What each check must find: page, text, what stands in its place, part of the complaint.
FAULTS = (
    (check_links, "README.md", "(docs/training.md)", "(docs/trainning.md)", "leads nowhere"),
    (check_links, "docs/troubleshooting.md", "#what-is-skipped", "#what-was-skipped", "no heading"),
    (check_length, "README.md", "# limner\n", "# limner\n" + "\n" * MOST_LINES, "lines"),
    (check_commands, "README.md", "--preset small", "--preset smal", "not one of"),
    (check_commands, "docs/training.md", "limner train --resume", "limner train --resme", "unknown option"),
    (check_commands, "docs/conformance.md", "limner-conform --device cpu", "limner-conform --devise cpu", "unknown option"),
    (check_commands, "docs/training.md", "`--quiet`", "`--silent`", "no program has"),
    (check_options, "docs/training.md", "`--quiet`", "`-q`", "does not name --quiet"),
    (check_build, "docs/building.md", "`-Dgif`", "`-Dgiff`", "-Dgif is"),
    (check_variables, "docs/devices.md", "`LIMNER_HELPER`", "`LIMNER_HELPERS`", "nothing reads LIMNER_HELPERS"),
    (check_messages, "docs/troubleshooting.md", "it hangs, or is slower", "it hangs or is slower", "do not say"),
    (check_fields, "docs/files.md", "`held_out_count`", "", "nothing is said of 'held_out_count'"),
    (check_fields, "docs/files.md", "`d_real`", "`d_reel`", "have no field 'd_reel'"),
    (check_fields, "docs/training.md", "`largest_buffer`", "", "nothing is said of 'largest_buffer'"),
    (check_man, RUN_PAGE, ".B model_hash", ".B hash", "nothing is said of 'model_hash'"),
    (check_library, "docs/library.md", "lim_backend_create", "lim_backend_make", "not samples/tour.c"),
    (check_library, "docs/library.md", "`adam.h`", "`adams.h`", "no header adams.h"),
)


if shutil.which("groff"):
    FAULTS += ((check_man, RUN_PAGE, ".TP\n", ".TQQ\n", "TQQ"),)


def unnoticed(pages):
    bad = []
    for check, page, old, new, complaint in FAULTS:
        if old not in pages[page]:
            bad.append(f"{check.__name__}: {page} has no '{old}' to plant a fault in")
        elif not any(complaint in line for line in check({**pages, page: pages[page].replace(old, new)})):
            bad.append(f"{check.__name__} does not notice '{new.strip()}' for '{old.strip()}' in {page}")
    return bad


pages = read_pages()
complaints = [line for check in CHECKS for line in check(pages)] or unnoticed(pages)
print("\n".join(complaints))
sys.exit(1 if complaints else 0)
