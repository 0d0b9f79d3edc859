"""The text of every row of tests/conform/mutations.py stands in its file just once: the mutation test itself takes
minutes to say so. usage: mutations.py SOURCE_ROOT"""
import pathlib
import sys

sys.dont_write_bytecode = True

root = pathlib.Path(sys.argv[1])
sys.path.insert(0, str(root / "tests/conform"))
import mutations  # noqa: E402

bad = 0
for row in mutations.BEFORE + mutations.ALL:
    times = (root / row.file).read_text().count(row.old)
    if times != 1:
        print(f"'{row.name}': '{row.old}' stands {times} times in {row.file}")
        bad += 1
sys.exit(1 if bad else 0)
