# Sourced by the cli_*.sh tests: sh cli_X.sh LIMNER SOURCE_ROOT PYTHON [more].
# A folder of its own, deleted at the end; the working directory is inside it.
set -u

# meson gives paths relative to the build folder; the tests leave it.
whole_path() {
    case $1 in
    /*) printf '%s\n' "$1" ;;
    */*) printf '%s/%s\n' "$PWD" "$1" ;;
    *) printf '%s\n' "$1" ;;
    esac
}

limner=$(whole_path "$1") root=$(whole_path "$2") python=$3
fourth=$(whole_path "${4:-}")
work=$(mktemp -d "${TMPDIR:-/tmp}/limner-test.XXXXXX") || exit 99
trap 'rm -rf "$work"' EXIT
trap 'exit 99' INT TERM
cd "$work" || exit 99
unset LIMNER_PLATFORM LIMNER_DEVICE
tiny='--size 16 --width 4 --batch 8 --device cpu --threads 1'

fail() {
    printf 'FAILED: %s\n' "$*"
    [ -s out ] && sed 's/^/  stdout: /' out
    [ -s err ] && sed 's/^/  stderr: /' err
    exit 1
}

# expect CODE COMMAND...: runs it with its output in the files out and err.
expect() {
    wanted=$1
    shift
    "$@" >out 2>err </dev/null
    code=$?
    [ $code -eq "$wanted" ] || fail "exit code $code instead of $wanted: $*"
}

# on CODE SETTINGS COMMAND...: the same on the device that $layer (tests/faults/layer) fakes; its log is the file log.
on() {
    code=$1 settings=$2
    shift 2
    rm -f log
    expect "$code" env OPENCL_LAYERS="$layer" LIMNER_LAYER="log=$work/log
$(echo "$settings" | tr ' ' '\n')" "$@"
    grep -qx ready log || fail "the layer was not in use"
}

# calls NAME: how often that OpenCL function was called.
calls() {
    sed -n "s/^calls $1 //p" log | tail -n 1
}

# says FILE TEXT: the text stands in out or err.
says() {
    grep -qF -e "$2" "$1" || fail "not in $1: $2"
}

one_line() {
    [ "$(wc -l <"$1")" -eq 1 ] || fail "not exactly one line in $1"
}

pictures() {
    "$python" "$root/tests/support/make_pictures.py" "$@" || exit 99
}
