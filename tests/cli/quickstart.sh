#!/bin/sh
# The quickstart, with a few steps in place of three minutes, from another working directory, twice.
. "$2/tests/cli/lib.sh"
LIMNER_QUICK_STEPS=3 LIMNER_QUICK_BUILD="$work/a build" LIMNER_DEVICE=cpu
export LIMNER_QUICK_STEPS LIMNER_QUICK_BUILD LIMNER_DEVICE
for time in 1 2; do
    expect 0 sh "$root/samples/quickstart.sh"
    grid=$(sed -n 's/^  the grid *//p' out)
    animation=$(sed -n 's/^  the animation *//p' out)
    [ -s "$grid" ] && [ -s "$animation" ] || fail "no grid or animation"
    says out "quickstart-$time/samples/000003.png"
done
exit 0
