#!/bin/sh
# Every C and OpenCL file stands as clang-format 14 with .clang-format would write it.
# usage: format.sh SOURCE_ROOT
set -u
cd "$1" || exit 1
tool=
for name in clang-format-14 clang-format; do
    if "$name" --version 2>/dev/null | grep -q 'version 14\.'; then
        tool=$name
        break
    fi
done
if [ -z "$tool" ]; then
    echo "clang-format 14 is not installed" >&2
    exit 77
fi
find include src cl tests samples \( -name '*.c' -o -name '*.h' -o -name '*.cl' \) -print0 |
    xargs -0 "$tool" --dry-run --Werror
