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
cat "$scratch/out"
exit $status
