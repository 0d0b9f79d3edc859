#!/bin/sh
# Every public header compiles alone, as C11 and as C++, and has a line on threads.
# usage: headers.sh SOURCE_ROOT
set -u
cd "$1" || exit 1
failed=0
for header in include/limner/*.h; do
    name=limner/${header##*/}
    grep -q 'Thread-safety: ' "$header" || { echo "$header: no line 'Thread-safety:'"; failed=1; }
    printf '#include <%s>\nint only_header;\n' "$name" |
        ${CC:-cc} -std=c11 -Wall -Wextra -Wpedantic -Werror -Iinclude -fsyntax-only -x c - || failed=1
    printf '#include <%s>\nint only_header;\n' "$name" |
        ${CXX:-c++} -std=c++11 -Wall -Wextra -Wpedantic -Werror -Iinclude -fsyntax-only -x c++ - || failed=1
done
exit $failed
