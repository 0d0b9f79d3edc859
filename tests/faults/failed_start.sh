#!/bin/sh
# After a failed start the next one uses the device again: with the same caches, tuning and run, after the context, a
# build, or the self-test's numbers went wrong, or the drivers were gone.
# usage: failed_start.sh LIMNER SOURCE_ROOT PYTHON LAYER
. "$2/tests/cli/lib.sh"
layer=$fourth
export LIMNER_CACHE_DIR="$work/cache" POCL_DEVICES=pthread
net='--size 16 --width 4 --batch 8 --save-every 1'

failing() {
    fault=$1
    shift
    on "$@"
    grep -q '^injected\|^flipped' log || fail "nothing failed with $fault"
    says err "$text"
}

pictures pictures 8
on 0 type=gpu "$limner" devices
grep -q '^0:0  *gpu' out || exit 77
name=$(sed -n 's/^0:0  *gpu  *[0-9.]* [KMGT]*i*B *//p' out)

# As a GPU, which auto prefers; as an OpenCL device on the processor, which a run stays on.
for type in gpu cpu; do
    rm -rf run
    on 0 type=$type "$limner" train pictures -o run $net --steps 1 --device opencl
    steps=1
    for fault in fail=clCreateContext:1:-6 fail=clBuildProgram:1+:-11 flip=3; do
        case $fault in
        *Context*) text='clCreateContext failed' ;;
        *Build*) text='failed' ;;
        flip*) text='computes wrong numbers' ;;
        esac
        # Asked for by name: exit 3, and nothing happens to the run. By auto: the CPU path, this time.
        failing $fault 3 "type=$type $fault" "$limner" train --resume run --steps 9 --device opencl
        failing $fault 0 "type=$type $fault" "$limner" train --resume run --steps $((steps += 1))
        says err 'using the CPU path'
        on 0 type=$type "$limner" train --resume run --steps $((steps += 1))
        says err "using $name"
        grep -q 'using the CPU path' err && fail "the device is not tried again after $fault as $type"
        grep -q 'device_wanted' run/config.json && fail "a failure is remembered after a good start"
        [ $type = cpu ] && continue
        # A new run, by auto: what failed was not kept either.
        rm -rf fresh
        failing $fault 0 "type=$type $fault" "$limner" train pictures -o fresh $net --steps 1
        says err 'OpenCL unavailable'
        on 0 type=$type "$limner" train --resume fresh --steps 2
        says err "using $name"
    done
done
# Without drivers, once; and by the user's wish the run goes elsewhere, and stays there.
expect 0 env OCL_ICD_VENDORS=/nonexistent OCL_ICD_FILENAMES= "$limner" train --resume run --steps $((steps += 1))
says err 'using the CPU path'
on 0 type=cpu "$limner" train --resume run --steps $((steps += 1))
says err "going on with $name"
expect 0 "$limner" train --resume run --device cpu --steps $((steps += 1))
on 0 type=cpu "$limner" train --resume run --dry-run
says err 'using the CPU path'
exit 0
