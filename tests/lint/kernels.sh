#!/bin/sh
# Every kernel file compiles as OpenCL C 1.2 without a warning, with common.cl before it, and holds no
# double arithmetic: no literal without an f, no fp64.
# usage: kernels.sh SOURCE_ROOT
set -u
cd "$1/cl" || exit 1
clang=
for name in clang clang-14; do
    command -v "$name" >/dev/null 2>&1 && clang=$name && break
done
[ -n "$clang" ] || exit 77
[ -f common.cl ] || exit 1
failed=0
for file in *.cl; do
    [ "$file" = common.cl ] && continue
    cat common.cl "$file" |
        "$clang" -x cl -cl-std=CL1.2 -Xclang -finclude-default-header -Wall -Wextra -Werror \
            -Wno-unused-function -Wdouble-promotion -fsyntax-only - || failed=1
done
if grep -nE '(^|[^A-Za-z0-9_.])([0-9]+\.[0-9]*|\.[0-9]+|[0-9]+[eE][-+]?[0-9]+)([eE][-+]?[0-9]+)?([^0-9fFeExX.]|$)' \
    *.cl | grep -vE '^[^:]+:[0-9]+: *(\*|/\*|//)' | grep -vE '//.*[0-9]\.[0-9]|/\*.*[0-9]\.[0-9].*\*/'; then
    echo 'floating literals need an f' >&2
    failed=1
fi
if grep -nE 'cl_khr_fp64|\bdouble[0-9]*\b|fast-relaxed|\bmad\(|atomic' *.cl | grep -vE '^[^:]+:[0-9]+: *(\*|/\*|//)|/\*.*\*/'; then
    echo 'not in limner kernels: double, atomics, mad()' >&2
    failed=1
fi
exit $failed
