#!/bin/sh
# --device auto without a GPU, once `limner tune` has measured both ways to use the processor.
. "$2/tests/cli/lib.sh"
export LIMNER_CACHE_DIR="$work/cache"
net='--size 16 --width 2 --batch 5'
pictures pictures 12

"$limner" devices --json >out 2>err
grep -q '"type":"gpu"' out && exit 77 # which is always preferred
expect 0 "$limner" train pictures $net -o auto --dry-run
says err 'using the CPU path'
expect 0 "$limner" tune --device cpu $net --tune fast
"$limner" tune --device opencl $net --tune fast >out 2>err </dev/null
case $? in
3) exit 77 ;; # there is no other way here
0) ;;
*) fail "tuning OpenCL on the processor" ;;
esac
expect 0 "$limner" train pictures $net -o auto --dry-run
says err "measured by 'limner tune'"
# A start without drivers changes nothing for the next.
grep 'measured by' err >before
expect 0 env OCL_ICD_VENDORS=/nonexistent OCL_ICD_FILENAMES= "$limner" train pictures $net -o auto --dry-run
says err 'using the CPU path'
expect 0 "$limner" train pictures $net -o auto --dry-run
grep 'measured by' err >after
cmp -s before after || fail "a start without drivers was remembered"
# A run stays where it began.
expect 0 "$limner" train pictures $net -o stays --steps 2 --device cpu
expect 0 "$limner" train --resume stays --steps 3
says err 'CPU path'
expect 0 "$limner" train pictures $net -o moves --steps 2 --device opencl
expect 0 "$limner" train --resume moves --steps 3
says err 'going on with'
exit 0
