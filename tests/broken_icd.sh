#!/bin/sh
# A driver that crashes, or hangs, beside a good one: it is named and left out, the good one is
# used, and nothing of limner ends with it. Two vendor files for one driver; platforms without devices.
# usage: broken_icd.sh ICD_LIBRARY SCRATCH_FOLDER LIMNER PICTURES
set -u
bad=$1 scratch=$2 limner=$3 pictures=$4
good=$(find "${OCL_ICD_VENDORS:-/etc/OpenCL/vendors}" -name '*pocl*.icd' 2>/dev/null | head -n 1)
if [ -z "$good" ]; then
    echo "PoCL is not installed"
    exit 77
fi
case $bad in /*) ;; *) bad=$PWD/$bad ;; esac
rm -rf "$scratch"
mkdir -p "$scratch/both ü" "$scratch/alone" "$scratch/twice" "$scratch/tmp" || exit 1
echo "$bad" >"$scratch/both ü/a bad.icd"
cp "$good" "$scratch/both ü/pocl.icd"
echo "$bad" >"$scratch/alone/bad.icd"
cp "$good" "$scratch/twice/one.icd"
cp "$good" "$scratch/twice/two.icd"
status=0

# run CODE FOLDER COMMAND...: with the drivers of this folder.
run() {
    wanted=$1
    OCL_ICD_VENDORS="$scratch/$2"
    shift 2
    OCL_ICD_VENDORS=$OCL_ICD_VENDORS TMPDIR=$scratch/tmp LIMNER_DRIVER_TIMEOUT=4 LIMNER_TEST_ICD=$how \
        "$@" >"$scratch/out" 2>"$scratch/err"
    code=$?
    [ $code -eq "$wanted" ] || complain "exit code $code instead of $wanted: $*"
    [ -z "$(ls "$scratch/tmp")" ] || complain "files are left in TMPDIR"
}

complain() {
    echo "FAILED with LIMNER_TEST_ICD=$how: $*"
    sed 's/^/  stdout: /' "$scratch/out"
    sed 's/^/  stderr: /' "$scratch/err"
    status=1
}

says() {
    grep -qF -e "$2" "$scratch/$1" || complain "not in $1: $2"
}

train() {
    code=$1 folder=$2
    shift 2
    run "$code" "$folder" "$limner" train "$pictures" -o "$scratch/run" --limit 40 --size 16 --no-cache \
        --dry-run "$@"
}

for how in platforms-abort platforms-crash platforms-exit platforms-hang devices-abort devices-hang; do
    case $how in
    *abort) what='crashed (signal 6, ' ;;
    *crash) what='crashed (signal 11, ' ;;
    *exit) what='ended the process (exit code 5)' ;;
    *hang) what='did not answer in 4 seconds' ;;
    esac
    blame="both ü/a bad.icd $what"
    run 0 'both ü' "$limner" devices
    says out ' cpu '
    says out 'built-in'
    says err "$blame"
    [ "$(grep -c . "$scratch/err")" -eq 1 ] || complain "not one line of warning"
    run 0 alone "$limner" devices
    says out 'built-in'
    says err "alone/bad.icd $what"
    train 3 alone --device opencl
    says err "alone/bad.icd $what"
    [ "$(grep -c . "$scratch/err")" -eq 1 ] || complain "more than one line on a broken driver"
    case $how in platforms-abort | devices-hang) ;; *) continue ;; esac
    # A start with a driver takes a while: not for each way to crash.
    train 0 'both ü' --device opencl
    says err "warning: the OpenCL driver of "
    says err "$blame"
    says out '(--device 0:0)'
    train 0 'both ü'
    says err "$blame"
    says err 'using the CPU path'
    train 3 'both ü' --device gpu
    says err "$blame"
    [ "$(grep -c . "$scratch/err")" -eq 1 ] || complain "more than one line on a broken driver"
    train 0 'both ü' --device cpu
    if grep -q driver "$scratch/err"; then complain "drivers were asked for the CPU path"; fi
done

# Platforms without devices are passed over; what their count says, with an error, means nothing.
for how in devices-none devices-unknown; do
    run 0 'both ü' "$limner" devices
    says out 'Faulty: no devices'
    says out ' cpu '
    train 0 'both ü' --device opencl
    train 3 'both ü' --platform Faulty
    says err 'platform 0 "Faulty" has no devices'
done

how=twice
run 0 twice "$limner" devices
says out '[same hardware as above]'
[ "$(grep -c 'same hardware' "$scratch/out")" -eq 1 ] || complain "not one of two is the same again"
name=$(sed -n 's/^0:0 *cpu *[0-9.]* [KMGT]*i*B *//p' "$scratch/out")
train 0 twice --device "name:$name"
says out '(--device 0:0)'
train 0 twice --device 1:0
says out '(--device 1:0)'
exit $status
