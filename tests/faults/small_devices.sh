#!/bin/sh
# limner-conform on a device with small limits, which the layer fakes and enforces.
# usage: small_devices.sh LAYER SCRATCH_FOLDER SETTINGS LIMNER_CONFORM [OPTIONS...]
set -u
layer=$1 scratch=$2 limits=$3
shift 3
status=0
mkdir -p "$scratch" || exit 1
. "${0%/*}/layer/lib.sh"

on_layer "$limits" "$@"
code=$?
[ $code -eq 77 ] && exit 77
[ $code -eq 0 ] || complain "exit code $code"
check_log
# So slow a card that a few images are a launch, for its watchdog, and each of them is begun at once.
case $limits in *clock=1*)
    [ "$(calls clFlush)" -gt 100 ] && [ "$(calls clWaitForEvents)" -gt 0 ] || complain "large launches: $(calls clFlush) flushes"
    ;;
esac
case $limits in *registers=*)
    [ "$(grep -c '^no registers' "$scratch/log")" -gt 1 ] || complain "no group was refused"
    [ "$(grep -c 'limner continues with smaller ones' "$scratch/out")" -eq 1 ] || complain "not one warning"
    ;;
esac
cat "$scratch/out"
exit $status
