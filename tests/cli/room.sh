#!/bin/sh
# Too little memory on the CPU path (RLIMIT_AS): the message names a batch, which trains; and so
# does --batch auto.
. "$2/tests/cli/lib.sh"

pictures pictures 80
job='pictures --no-cache --device cpu --threads 1 --preset torch --width 32 --steps 2'
expect 0 "$limner" train $job -o whole --dry-run
says out "of this machine's are to be had"
says out "activations"
expect 0 "$limner" train $job -o whole --dry-run --json --batch auto
says err "--batch auto: 64; "

# Address space that a process needs before any training differs from build to build: what is left
# under 4 GiB tells.
left=$(ulimit -v 4194304 && "$limner" train $job -o probe --dry-run --json 2>err |
    sed -n 's/.*"host_free":\([0-9]*\).*/\1/p')
room=$((4194304 - (left - 150000000) / 1024))
[ -n "$left" ] || fail "no plan under a limit"
short() {
    (ulimit -v "$room" && exec "$@")
}
expect 1 short "$limner" train $job -o short
says err "takes"
[ -e short ] && fail "a run was begun without the memory for it"
batch=$(sed -n 's/.*: --batch \([0-9]*\) would fit$/\1/p' err)
[ -n "$batch" ] || fail "no batch is named"
expect 0 short "$limner" train $job -o named --batch "$batch"
expect 0 short "$limner" train $job -o auto --batch auto
says err "the largest power of two that there is memory for, instead of 64"
# A run that is resumed may have met another machine.
expect 0 "$limner" train --resume auto --batch auto --device cpu --steps 3
# With any amount of memory nothing waits forever: libraries that get no memory for threads do, and for these at the end.
for limit in 60000 80000 100000 120000 140000 160000; do
    rm -rf scarce
    (ulimit -v $limit; exec "$limner" train pictures -o scarce $tiny --steps 1) >out 2>err </dev/null
    code=$?
    [ $code -ne 0 ] && [ ! -s err ] && fail "exit code $code with $limit KiB, and not a word"
    # OpenBLAS ends the process while it is loaded.
    [ $code -lt 128 ] || grep -q 'OpenBLAS.*pthread_create failed' err || fail "exit code $code with $limit KiB"
done
# The environment may ask for more threads than there is room for.
expect 0 "$limner" train pictures -o scarce2 $tiny --steps 1
expect 0 env OMP_NUM_THREADS=100000 "$limner" sample scarce2 --device cpu -n 1 -o crowd.png
exit 0
