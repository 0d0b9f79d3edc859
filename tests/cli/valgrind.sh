#!/bin/sh
# A short training, its resumption and a sample under valgrind: no invalid access, no use of what was never written,
# nothing lost. Skipped without valgrind.
. "$2/tests/cli/lib.sh"
command -v valgrind >/dev/null 2>&1 || exit 77
# Set, limner does not start itself again, where valgrind would lose sight of it.
GOMP_SPINCOUNT=1000 OPENBLAS_NUM_THREADS=1
export GOMP_SPINCOUNT OPENBLAS_NUM_THREADS
under() {
    expect 0 valgrind --quiet --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite,possible \
        "$limner" "$@"
}
"$python" "$root/tests/support/make_pictures.py" pictures 10
under train pictures -o run $tiny --steps 2
under train --resume run --device cpu --threads 1 --steps 3
under sample run -n 4 --device cpu --threads 1 -o faces.png
exit 0
