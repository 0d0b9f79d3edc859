#!/bin/sh
# Two devices whose names are nearly the same (PoCL's "pthread" and "basic"): which one is meant by a number, a name and
# a part of it; a run that is resumed finds its own again, or says that it is on another.
. "$2/tests/cli/lib.sh"
export POCL_DEVICES='pthread basic'
net='--size 16 --width 4 --latent 8 --batch 8 --sample-every 100'

pictures pictures 8
expect 0 "$limner" devices
names=$(sed -n 's/^0:[01]  *cpu  *[0-9.]* [KMGT]*i*B *//p' out)
case $names in *pthread*basic* | *basic*pthread* | *"
"*) ;; *) exit 77 ;; esac # no PoCL, or an old one
basic=$(echo "$names" | grep -n '^basic' | cut -d: -f1)
[ -n "$basic" ] || exit 77
word=0:$((basic - 1)) name=$(echo "$names" | grep '^basic') both=${names##*-}

# A name that matches both chooses neither.
for part in "$both" "name:$both"; do
    expect 3 "$limner" train pictures -o no $net --device "$part"
    one_line err
    says err 'is ambiguous: matches 0:0 "'
    says err ', 0:1 "'
done
# By number; by its whole name; by a part that fits one.
expect 0 "$limner" train pictures -o run $net --steps 1 --device "$word"
says err "using $name "
for part in "$name" basic; do
    expect 0 "$limner" train pictures -o dry $net --dry-run --device "$part"
    says err "using $name "
    says err "(--device $word)"
done
# Without --device, on the run's device; on another device, one line says so.
expect 0 "$limner" train --resume run --steps 2
grep -q 'using .*--device' err && says err "going on with $name "
grep -q "on another device or driver" err && fail "the same device is called another"
expect 0 "$limner" train --resume run --steps 3 --device cpu
says err "the run was trained on $name "
exit 0
