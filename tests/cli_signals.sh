#!/bin/sh
# The first signal finishes the step and saves; the second leaves at once.
. "$2/tests/cli.sh"

pictures pictures 24
mkfifo lines
for signal in TERM INT; do
    "$limner" train pictures -o run-$signal $tiny --steps 100000000 --json >lines 2>err &
    job=$!
    exec 3<lines
    while read -r line <&3; do
        case $line in *'"event":"step"'*) break ;; esac
    done
    kill -$signal $job
    last=$(tail -n 1 <&3)
    exec 3<&-
    wait $job
    code=$?
    [ $code -eq 130 ] || fail "exit code $code after SIG$signal"
    says err "limner train --resume run-$signal"
    case $last in *'"exit":130'*) ;; *) fail "the last line is $last" ;; esac
    expect 0 "$limner" info run-$signal
    steps=$(sed -n 's/^trained for *\([0-9]*\) steps.*/\1/p' out)
    [ "$steps" -gt 0 ] || fail "nothing was saved"
    # The printed line works as it stands.
    PATH=$(dirname "$limner"):$PATH expect 0 sh -c "limner train --resume run-$signal --steps $((steps + 2)) --device cpu"
done
exit 0
