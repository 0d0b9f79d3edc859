#!/bin/sh
# Runs one harness on its seeds (kept as they are; new inputs go to a folder of their own).
# usage: sh run.sh HARNESS SEEDS        LIMNER_FUZZ_SECONDS=6: how long
# What makes it fail lies in $LIMNER_FUZZ_FOUND (default: the working folder) and belongs into SEEDS
# once it is mended.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/corpus"
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-halt_on_error=1:print_stacktrace=1}
found=${LIMNER_FUZZ_FOUND:-.}
if ! "$1" -max_total_time="${LIMNER_FUZZ_SECONDS:-6}" -timeout=60 -report_slow_units=60 -rss_limit_mb=2560 -max_len=16384 \
    -print_final_stats=1 -artifact_prefix="$found/" "$work/corpus" "$2" >"$work/log" 2>&1; then
    tail -n 60 "$work/log"
    exit 1
fi
grep -E '^(Done|stat::number_of_executed_units)|INFO: Seed' "$work/log"
