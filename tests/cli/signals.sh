#!/bin/sh
# The first signal finishes the step and saves; the second leaves at once.
# Under nohup SIGHUP is ignored from the start, which a shell cannot change.
if "$3" -c 'import signal, sys; sys.exit(signal.getsignal(signal.SIGHUP) != signal.SIG_IGN)'; then
    exec "$3" -c 'import os, signal, sys
signal.signal(signal.SIGHUP, signal.SIG_DFL)
os.execvp("sh", sys.argv[1:])' sh "$0" "$@"
fi
. "$2/tests/cli/lib.sh"

pictures pictures 24
mkfifo lines
for signal in TERM INT HUP; do
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
    says err " train --resume run-$signal"
    case $last in *'"exit":130'*) ;; *) fail "the last line is $last" ;; esac
    expect 0 "$limner" info run-$signal
    steps=$(sed -n 's/^trained for *\([0-9]*\) step.*/\1/p' out)
    [ "$steps" -gt 0 ] || fail "nothing was saved"
    # The printed line works as it stands.
    PATH=$(dirname "$limner"):$PATH expect 0 sh -c "limner train --resume run-$signal --steps $((steps + 2)) --device cpu"
done

# Both signals are there before limner can act on the first: it leaves at once, and what it saved last is whole.
"$limner" train pictures -o twice $tiny --steps 100000000 --save-every 5 --json >lines 2>err &
job=$!
exec 3<lines
while read -r line <&3; do
    case $line in *'"saved":true'*) break ;; esac
done
kill -STOP $job
kill -INT $job
kill -TERM $job
kill -CONT $job
rest=$(cat <&3)
exec 3<&-
wait $job
code=$?
[ $code -eq 130 ] || fail "exit code $code after two signals"
case $rest in *'"event":"end"'*) fail "it did not leave at once" ;; esac
expect 0 "$limner" info twice
steps=$(sed -n 's/^trained for *\([0-9]*\) step.*/\1/p' out)
[ $((steps % 5)) -eq 0 ] || fail "a checkpoint of step $steps: saved once more"
expect 0 "$limner" train --resume twice --device cpu --steps $((steps + 2))

# nohup's wish is respected.
(trap '' HUP; exec "$limner" train pictures -o nohup $tiny --steps 400 --sample-every 400 --json >lines 2>err) &
job=$!
exec 3<lines
read -r line <&3
kill -HUP $job
cat <&3 >/dev/null
exec 3<&-
wait $job
[ $? -eq 0 ] || fail "SIGHUP ended a training under nohup"
exit 0
