#!/bin/sh
# Every source file of the library, of the programs and of the samples compiles for systems that no machine here runs: macOS, musl,
# 64-bit Arm, and a processor that is big-endian. The ziglang package (PyPI) has the headers of their C libraries, clang the rest;
# the headers of other libraries are this machine's.
# usage: portable.sh SOURCE_ROOT BUILD_ROOT SCRATCH_FOLDER
# Exit code 77 where ziglang or clang is not installed (tests/install.sh puts ziglang into build/python).
set -u
root=$1 build=$2 scratch=$3
clang=
for name in clang-14 clang; do
    command -v "$name" >/dev/null 2>&1 && clang=$name && break
done
libc=$root/build/python/ziglang/lib/libc/include
if [ -z "$clang" ] || [ ! -d "$libc" ]; then
    echo 'clang, or ziglang in build/python, is not installed'
    exit 77
fi
rm -rf "$scratch"
mkdir -p "$scratch/include/OpenCL" || exit 1
multiarch=/usr/include/$(gcc -print-multiarch 2>/dev/null)
for name in cjson CL webp png.h pngconf.h pnglibconf.h zlib.h zconf.h zip.h zipconf.h gif_lib.h cgif.h jpeglib.h jmorecfg.h jerror.h \
    jconfig.h clblast_c.h clblast_half.h xxhash.h; do
    for folder in /usr/include "$multiarch"; do
        [ -e "$folder/$name" ] && cp -RL "$folder/$name" "$scratch/include/"
    done
done
echo '#include <CL/cl.h>' >"$scratch/include/OpenCL/opencl.h" # macOS's name for it
# Of config.h what depends on the system is left out: the header of OpenBLAS is made for one.
grep -vE 'LIM_HAVE_(OPENMP|MALLINFO2|CLOSEFROM|BLAS|OPENBLAS)' "$build/config.h" >"$scratch/include/config.h"

failed=0
# check TARGET FOLDER...: the folders of the target's C library, the nearest first.
check() {
    target=$1
    shift
    headers=''
    for folder; do headers="$headers -isystem build/python/ziglang/lib/libc/include/$folder"; done
    case $target in
    *macos*) headers="$headers -D_DARWIN_C_SOURCE" ;;
    esac
    echo "== $target"
    # No name below the root has a space in it; the root's own may.
    # shellcheck disable=SC2046,SC2086
    (cd "$root" && "$clang" -target "$target" -fsyntax-only -nostdlibinc -std=c11 -w -D_XOPEN_SOURCE=700 -DLIM_BUILDING \
        -I"$scratch/include" -I"$scratch/include/cjson" -Iinclude -I. -Isrc -Isamples $headers \
        $(find src tests/conform samples -name '*.c' ! -name opencl_absent.c | sort)) || failed=1
}

check aarch64-apple-macos13 any-darwin-any
check x86_64-linux-musl x86_64-linux-musl generic-musl x86-linux-any any-linux-any
check aarch64-linux-musl aarch64-linux-musl generic-musl aarch64-linux-any any-linux-any
check s390x-linux-gnu s390x-linux-gnu generic-glibc s390x-linux-any any-linux-any
exit $failed
