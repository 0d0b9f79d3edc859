#!/bin/sh
# Every kernel under Oclgrind, which simulates a device and reports what hardware forgives: memory
# outside of buffers, data races, barriers that not all reach, wrong API calls. Its report on values
# never written is of no use here: version 21.10 ends kernels at an instruction of LLVM's (freeze)
# that it does not know. limner-conform's guard bands and NaN-filled outputs stand in for it.
# usage: oclgrind.sh LIMNER_CONFORM SCRATCH_FOLDER [OPTIONS...]
# Exit code 77 where Oclgrind is not installed.
set -u
conform=$1
scratch=$2
shift 2

library=''
for candidate in /usr/lib/oclgrind/liboclgrind-rt-icd.so /usr/local/lib/oclgrind/liboclgrind-rt-icd.so \
    /usr/lib/*/oclgrind/liboclgrind-rt-icd.so; do
    [ -f "$candidate" ] && library=$candidate && break
done
if [ -z "$library" ]; then
    echo "Oclgrind is not installed (Debian: apt-get install oclgrind)"
    exit 77
fi

rm -rf "$scratch"
mkdir -p "$scratch/vendors" || exit 1
echo "$library" >"$scratch/vendors/oclgrind.icd"
# Oclgrind's exit code is the program's own whatever it found: its log tells.
OCL_ICD_VENDORS=$scratch/vendors OCLGRIND_LOG=$scratch/log OCLGRIND_DATA_RACES=1 \
    OCLGRIND_CHECK_API=1 "$conform" --device opencl --small "$@"
code=$?
if [ $code -ne 0 ]; then
    exit $code
fi
if [ ! -f "$scratch/log" ]; then
    echo "FAILED: Oclgrind has kept no log in $scratch/log: was it in use at all?"
    exit 1
fi
if [ -s "$scratch/log" ]; then
    echo "FAILED: Oclgrind complains ($(grep -c '^[A-Z]' "$scratch/log") lines that begin so, all in $scratch/log):"
    head -n 40 "$scratch/log"
    exit 1
fi
