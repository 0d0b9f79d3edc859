#!/usr/bin/env python3
"""What docs/design and the READMEs of src, cl and tests name in `backticks` is there: files (by path, or by name anywhere in the
repository), and identifiers of limner and its tests (in the sources, as whole words); each file of a room is named in its README; and tests, where a list of them is given:
meson-info/intro-tests.json of a build that has all of them. usage: design.py SOURCE_ROOT [TESTS]

docs/design/measurements.md is left out: it is a record of what was. Then wrong names are planted, and must be noticed."""
import fnmatch
import json
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])
SOURCES = ("src", "include", "cl", "tests", "samples")
CODE = {".c", ".h", ".cl", ".py", ".sh", ".build", ".mjs"}
# Names of other programs.
FOREIGN = re.compile(r"(CL|POCL|OCL_ICD|OPENCL|RUSTICL|OPENBLAS|GOMP|OMP|XDG|CUDA|FP)_|cl_|gl_|native_|main_|num_batches_|running_|"
                     r"output_padding|state_dict|loss_(real|fake|g)$|d_(real|fake)|torch_")


def files():
    tops = [root / name for name in SOURCES + ("docs", "samples", "subprojects")]
    found = [path for top in tops for path in top.rglob("*") if path.is_file()] + [path for path in root.glob("*") if path.is_file()]
    return {path.relative_to(root).as_posix() for path in found}


def words(names):
    found = set()
    for name in names:
        path = root / name
        if path.suffix in CODE or path.name == "meson.options":
            found |= set(re.findall(r"\w+", path.read_text(errors="replace")))
    return found


def check(pages, names, known, tests):
    last = {name.rsplit("/", 1)[-1] for name in names}
    bad = []
    placeholder = re.compile(r"\bX\.|NAME")
    for page, text in pages.items():
        text = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
        for span in re.findall(r"`([^`\n]+)`", text):
            if placeholder.search(span):
                continue
            if re.fullmatch(r"[\w./-]+\.(c|h|cl|py|sh|md|build|json|mjs)", span) and "*" not in span:
                beside = (pathlib.PurePosixPath(page).parent / span).as_posix()
                if span not in names and beside not in names and not ("/" not in span and span in last) and \
                        "src/" + span not in names and "include/" + span not in names and "tests/" + span not in names:
                    bad.append(f"{page}: there is no file {span}")
            elif re.fullmatch(r"[A-Za-z]\w*_\w+", span) and not FOREIGN.match(span) and span not in known:
                bad.append(f"{page}: no source has the name {span}")
        for group in re.findall(r"\btests? ((?:`[^`\n]+`(?:, | and )?)+)", text) if tests else []:
            for name in re.findall(r"`([^`]+)`", group):
                start = name.removesuffix(" ...")
                if not any(test == name or start != name and test.startswith(start) for test in tests) and "/" not in name:
                    bad.append(f"{page}: there is no test '{name}'")
    return bad


pages = {path.relative_to(root).as_posix(): path.read_text()
         for path in sorted((root / "docs/design").glob("*.md")) + sorted((root / "src").rglob("README.md")) +
         sorted((root / "tests").rglob("README.md")) + [root / "cl/README.md"]
         if path.name != "measurements.md"}
names = files()
known = words(names - {"tests/lint/design.py"})
def unnamed():
    """Files of rooms that the README of the room does not name, by stem or by a pattern such as kernel_*."""
    bad = []
    for page in sorted((root / "src").glob("*/README.md")):
        told = set(re.findall(r"[\w*]+", page.read_text()))
        stems = {path.stem for path in page.parent.glob("*.[ch]")}
        bad += [f"{page.relative_to(root)} does not name {stem}: say in a line what it is for" for stem in sorted(stems)
                if not any(fnmatch.fnmatchcase(stem, word) for word in told if word != "*")]
    return bad


tests = {test["name"] for test in json.loads(pathlib.Path(sys.argv[2]).read_text())} if len(sys.argv) > 2 else set()
bad = check(pages, names, known, tests) + unnamed()
for planted in ["`src/core/no_such_file.c`", "`lim_no_such_function`"] + (["tests `no such`"] if tests else []):
    if not check({"docs/design/planted.md": planted}, names, known, tests):
        bad.append(f"this test does not notice {planted}")
print("\n".join(bad))
sys.exit(1 if bad else 0)
