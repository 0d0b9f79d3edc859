#!/bin/sh
# A driver that was updated: the old one's programs and measurements are made again; a run stays on its card and says
# that rounding may differ. With the old driver again, all of its results are still there.
# usage: new_driver.sh LIMNER SOURCE_ROOT PYTHON LAYER
. "$2/tests/cli/lib.sh"
layer=$fourth
export LIMNER_CACHE_DIR="$work/cache" POCL_DEVICES=pthread
net='--size 16 --width 2 --batch 5'

# with VERSION COMMAND...: on a card whose driver has this version.
with() {
    version=$1
    shift
    on 0 "driver=$version" "$@"
}

# stored yes|no: was every pass of the network's layers in the tuning file?
stored() {
    case $1 in
    yes) grep -q '"stored":false' out ;;
    no) grep -q '"stored":true' out ;;
    esac && fail "driver $version, stored: not $1"
    grep -q '"stored":' out || fail "nothing was tuned"
}

expect 0 "$limner" devices
grep -q '^0:0  *cpu' out || exit 77
pictures pictures 8
step=0
# The driver; is anything compiled; is the run told of another driver; is what was tuned there?
while read -r version anew told kept; do
    step=$((step + 1))
    if [ $step -eq 1 ]; then
        with $version "$limner" train pictures -o run $net --steps 1 --device opencl
    else
        with $version "$limner" train --resume run --steps $step
    fi
    says err "(driver $version)"
    [ "$(calls clCreateProgramWithSource)" -gt 0 ] && was=yes || was=no
    [ $was = $anew ] || fail "start $step, driver $version: compiled: $was"
    grep -q 'on another device or driver' err && was=yes || was=no
    [ $was = $told ] || fail "start $step, driver $version: told of another driver: $was"
    "$python" - run/config.json "$version" <<'END' || fail "config.json does not name the driver"
import json, sys
assert json.load(open(sys.argv[1]))["device"].endswith(f"(driver {sys.argv[2]})")
END
    with $version "$limner" tune $net --json --tune fast --device opencl
    stored $kept
done <<'END'
1.0 yes no no
1.0 no no yes
2.0 yes yes no
2.0 no no yes
1.0 no yes yes
END
exit 0
