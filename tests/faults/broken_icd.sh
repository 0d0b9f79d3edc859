#!/bin/sh
# A driver that crashes, or hangs, beside a good one: it is named and left out, the good one is used, and no process of
# limner ends with it. Two vendor files for one driver; platforms without devices.
# usage: broken_icd.sh ICD_LIBRARY SCRATCH_FOLDER LIMNER PICTURES TEST_HOST
set -u
bad=$1 scratch=$2 limner=$3 pictures=$4 host=$5
good=$(find "${OCL_ICD_VENDORS:-/etc/OpenCL/vendors}" -name '*pocl*.icd' 2>/dev/null | head -n 1)
if [ -z "$good" ]; then
    echo "PoCL is not installed"
    exit 77
fi
case $bad in /*) ;; *) bad=$PWD/$bad ;; esac
rm -rf "$scratch"
mkdir -p "$scratch/both ü" "$scratch/alone" "$scratch/twice" || exit 1
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
    OCL_ICD_VENDORS=$OCL_ICD_VENDORS TMPDIR=$mine/tmp LIMNER_DRIVER_TIMEOUT=$patience LIMNER_TEST_ICD=$how \
        "$@" >"$mine/out" 2>"$mine/err"
    code=$?
    [ $code -eq "$wanted" ] || complain "exit code $code instead of $wanted: $*"
    [ -z "$(ls "$mine/tmp")" ] || complain "files are left in TMPDIR"
}

complain() {
    echo "FAILED with LIMNER_TEST_ICD=$how: $*"
    sed 's/^/  stdout: /' "$mine/out"
    sed 's/^/  stderr: /' "$mine/err"
    status=1
}

says() {
    grep -qF -e "$2" "$mine/$1" || complain "not in $1: $2"
}

train() {
    code=$1 folder=$2
    shift 2
    run "$code" "$folder" "$limner" train "$pictures" -o "$mine/run" --limit 40 --size 16 --no-cache \
        --dry-run "$@"
}

# begin WAY: what the driver does, and a folder for what comes of it. Only what hangs is waited for.
begin() {
    how=$1 mine=$scratch/$1 patience=60
    mkdir -p "$mine/tmp" || exit 1
}

goes_wrong() {
    case $how in
    *abort) what='crashed (signal 6, ' ;;
    *crash) what='crashed (signal 11, ' ;;
    *exit) what='ended the process (exit code 5)' ;;
    *hang) what='did not answer in 6 seconds' patience=6 ;;
    esac
    blame="both ü/a bad.icd $what"
    run 0 'both ü' "$limner" devices
    says out ' cpu '
    says out 'built-in'
    says err "$blame"
    [ "$(grep -c . "$mine/err")" -eq 1 ] || complain "not one line of warning"
    run 0 alone "$limner" devices
    says out 'built-in'
    says err "alone/bad.icd $what"
    train 3 alone --device opencl
    says err "alone/bad.icd $what"
    [ "$(grep -c . "$mine/err")" -eq 1 ] || complain "more than one line on a broken driver"
    case $how in platforms-abort | devices-hang) ;; *) return ;; esac
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
    [ "$(grep -c . "$mine/err")" -eq 1 ] || complain "more than one line on a broken driver"
    train 0 'both ü' --device cpu
    if grep -q driver "$mine/err"; then complain "drivers were asked for the CPU path"; fi
}

# They mostly wait: all at once.
started=''
for way in platforms-abort platforms-crash platforms-exit platforms-hang devices-abort devices-hang; do
    (
        begin $way
        goes_wrong
        exit $status
    ) &
    started="$started $!"
done
for process in $started; do
    wait "$process" || status=1
done

# In another program, which does not let its environment be changed, and ignores SIGCHLD.
begin platforms-abort
run 0 'both ü' "$host" broken_driver

# Platforms without devices are skipped; a device count returned with an error is ignored.
for way in devices-none devices-unknown; do
    begin $way
    run 0 'both ü' "$limner" devices
    says out 'Faulty: no devices'
    says out ' cpu '
    train 0 'both ü' --device opencl
    train 3 'both ü' --platform Faulty
    says err 'platform 0 "Faulty" has no devices'
done

# Two cards that differ only in their numbers count as two.
begin twins
run 0 alone "$limner" devices
if grep 'same hardware' "$mine/out"; then complain "two cards are called one"; fi
for part in card 'name:Faulty Card' Faulty; do
    train 3 alone --device "$part"
    says err "is ambiguous: matches 0:0 \"Faulty Card\", 1:0 \"Faulty Card\""
    train 3 alone --device "$part" --platform faulty
    says err "is ambiguous: matches 0:0 \"Faulty Card\", 1:0 \"Faulty Card\""
done
train 2 alone --platform faulty --device 0
says err "--platform 'faulty' is ambiguous with --device '0': it names 2 platforms: 0:0"

# A name is one line, whatever the driver says, and there is one.
export LIMNER_TEST_NAME="$(printf 'Card\n9:9 gpu \033[31mred')"
run 0 alone "$limner" devices
says out '0:0      gpu                1 B  Card 9:9 gpu  [31mred'
[ "$(grep -c . "$mine/out")" -eq 4 ] || complain "not a line for each device"
LIMNER_TEST_NAME=
run 0 alone "$limner" devices
says out '  (unnamed)'
unset LIMNER_TEST_NAME

begin twice-listed
run 0 twice "$limner" devices
says out '[same hardware as above]'
[ "$(grep -c 'same hardware' "$mine/out")" -eq 1 ] || complain "not one of two is the same again"
name=$(sed -n 's/^0:0 *cpu *[0-9.]* [KMGT]*i*B *//p' "$mine/out")
train 0 twice --device "name:$name"
says out '(--device 0:0)'
for word in 1:0 cpu "name:$name"; do
    train 0 twice --platform 1 --device "$word"
    says out '(--device 1:0)'
done
exit $status
