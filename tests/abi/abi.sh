#!/bin/sh
# Has the interface of the shared library kept what programs were compiled with? Compares it with the stored one by libabigail's
# abidiff: functions, structs and enumerations may grow as limner/api.h says; what goes, moves or changes its type is a fault.
# limner/bench.h is not part of it.
# usage: abi.sh SOURCE_ROOT SCRATCH_FOLDER [renew]
set -u
root=$(cd "$1" && pwd) || exit 1
scratch=$2 what=${3:-}
here=$root/tests/abi
for tool in abidw abidiff; do
    command -v $tool >/dev/null 2>&1 || { echo "$tool is not installed (package abigail-tools)"; exit 77; }
done
[ "$(uname -m)" = x86_64 ] || { echo "the stored interface is that of x86_64"; exit 77; }

# The interface is the same with every feature: the least of them, with the debug information that abidw reads.
mkdir -p "$scratch" || exit 1
if ! { [ -f "$scratch/build/build.ninja" ] ||
    meson setup "$scratch/build" "$root" --buildtype=debug -Dauto_features=disabled -Dtests=false; } >"$scratch/log" 2>&1 ||
    ! meson compile -C "$scratch/build" limner:shared_library >>"$scratch/log" 2>&1; then
    tail -n 30 "$scratch/log"
    exit 1
fi
abidw --headers-dir "$root/include" --suppressions "$here/allowed.suppr" --no-corpus-path --no-comp-dir-path --no-show-locs \
    --no-elf-needed --drop-private-types --exported-interfaces-only "$scratch/build/src/liblimner.so" >"$scratch/limner.abi" || exit 1
if [ "$what" = renew ]; then
    gzip -9nc "$scratch/limner.abi" >"$here/limner.abi.gz"
    exit
fi
gzip -dc "$here/limner.abi.gz" >"$scratch/stored.abi" || exit 1
abidiff --suppressions "$here/allowed.suppr" --no-added-syms "$scratch/stored.abi" "$scratch/limner.abi" && exit 0
echo "The interface has changed: where that is meant, renew it as tests/abi/README.md says."
exit 1
