# Running a program on a device that tests/faults/layer fakes. Sourced; wants $layer and $scratch.

# on_layer SETTINGS PROGRAM ARGS...: its output in $scratch/out, its exit code returned.
on_layer() {
    rm -f "$scratch/log"
    settings=$1
    shift
    OPENCL_LAYERS=$layer LIMNER_LAYER="log=$scratch/log
$(echo "$settings" | tr ' ' '\n')" "$@" >"$scratch/out" 2>&1
}

complain() {
    echo "FAILED with LIMNER_LAYER='$settings': $*; it printed:"
    tail -n 20 "$scratch/out"
    status=1
}

# The loader has loaded the layer; the layer refused nothing; every OpenCL object is gone.
check_log() {
    grep -qx ready "$scratch/log" 2>/dev/null || complain "the layer was not in use"
    if grep refused "$scratch/log"; then complain "the device's limits were not kept"; fi
    if grep '^live .* -*[1-9]' "$scratch/log"; then complain "objects are left, or released twice"; fi
}

# calls NAME: how often it was called.
calls() {
    sed -n "s/^calls $1 //p" "$scratch/log"
}
