#!/bin/sh
# limner-conform with one OpenCL driver alone, whatever else is installed.
# usage: on.sh DRIVER SCRATCH_FOLDER LIMNER_CONFORM [OPTIONS...]
# DRIVER is part of a file name in /etc/OpenCL/vendors; exit code 77 where there is none.
set -u
driver=$1
scratch=$2
shift 2

vendors=${OCL_ICD_VENDORS:-/etc/OpenCL/vendors}
icd=$(find "$vendors" -name "*$driver*.icd" 2>/dev/null | head -n 1)
if [ -z "$icd" ]; then
    echo "no driver called '$driver' in $vendors"
    exit 77
fi
rm -rf "$scratch"
mkdir -p "$scratch" || exit 1
cp "$icd" "$scratch/" || exit 1
OCL_ICD_VENDORS=$scratch exec "$@"
