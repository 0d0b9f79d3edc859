#!/bin/sh
# Installs what is missing, builds limner into build/, and trains the sample avatars for about three minutes
# on whatever device there is. Ends by naming the grid and the animation it made. May be run again.
# LIMNER_QUICK_STEPS=N trains N steps instead, and LIMNER_QUICK_BUILD names another build folder: for the test.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
build=${LIMNER_QUICK_BUILD:-$root/build}

say() { printf 'quickstart: %s\n' "$*" >&2; }

sh "$root/tests/install.sh" build

log=$build/quickstart.log
mkdir -p "$build"
say "building (log: $log)"
if [ ! -f "$build/build.ninja" ]; then
    meson setup "$build" "$root" --buildtype release -Dtests=false >"$log" 2>&1 || { tail -n 30 "$log" >&2; exit 1; }
fi
ninja -C "$build" limner limner-conform >>"$log" 2>&1 || { tail -n 30 "$log" >&2; exit 1; }
limner=$build/limner

# A run of its own each time: limner never overwrites one.
runs=$root/runs
[ -z "${LIMNER_QUICK_STEPS:-}" ] || runs=$build
number=1
while [ -e "$runs/quickstart-$number" ]; do number=$((number + 1)); done
run=$runs/quickstart-$number
if [ -n "${LIMNER_QUICK_STEPS:-}" ]; then
    set -- --steps "$LIMNER_QUICK_STEPS"
else
    set -- --time 3m
    say 'training for three minutes; Ctrl-C saves and stops'
fi
# The avatars all look the same way: three minutes are too short to learn both.
status=0
"$limner" train "$root/samples/avatars.zip" -o "$run" --preset tiny --no-mirror "$@" >/dev/null || status=$?
[ $status -eq 0 ] || [ $status -eq 130 ] || exit $status

last=$(find "$run/samples" -name '*.png' | sort | tail -n 1)
cat <<END

Painted by the network, the same 64 latents in both:
  the grid       $last
  the animation  $run/progress.gif
Beside them: $run/reals.png, what it was shown.

More of them:       '$limner' sample '$run' --seed 1000 -o faces.png
A better training:  '$limner' train '$root/samples/avatars.zip' --preset small --no-mirror
END
exit $status
