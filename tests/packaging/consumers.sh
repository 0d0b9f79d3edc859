#!/bin/sh
# Other people's programs on limner, in each way that they may have it: installed and found by pkg-config, shared and static; as a
# meson subproject; from C and from C++. And what packagers ask: no RUNPATH under /usr, no -Ofast, nothing of ours in a parent's
# installation but the library and its helper.
# usage: consumers.sh SOURCE_ROOT SCRATCH_FOLDER
set -u
LC_ALL=C
export LC_ALL
root=$1 scratch=$2
here=$root/tests/packaging/parent

fail() {
    printf 'FAILED: %s\n' "$*"
    [ -f "$scratch/log" ] && tail -n 30 "$scratch/log"
    exit 1
}

run() { "$@" >"$scratch/log" 2>&1 || fail "$*"; }

# meson 1.0 fails on what pkg-config prints of a path that is not ASCII.
case $scratch in
*[!\ -~]*)
    scratch=$(mktemp -d "${TMPDIR:-/tmp}/limner-consumers.XXXXXX") || exit 1
    trap 'rm -rf "$scratch"' EXIT
    ;;
esac
rm -rf "$scratch"
mkdir -p "$scratch" || exit 1
cd "$scratch" || exit 1
# The parent's flags are its own.
unset CFLAGS CXXFLAGS LDFLAGS DESTDIR PKG_CONFIG_PATH

# use NAME PKG_CONFIG_OPTIONS...: compiles and runs both programs with what pkg-config says.
use() {
    name=$1
    shift
    flags=$(pkg-config "$@" --cflags --libs limner) || fail "pkg-config $* limner"
    # What pkg-config says is quoted for a shell.
    eval "run ${CC:-cc} -std=c11 \"\$here/multiply.c\" -o multiply-$name $flags"
    eval "run ${CXX:-c++} -std=c++11 \"\$here/multiply.cpp\" -o multiply-cpp-$name $flags"
    LD_LIBRARY_PATH="$scratch/$name/lib" run "./multiply-$name"
    LD_LIBRARY_PATH="$scratch/$name/lib" run "./multiply-cpp-$name"
}

for kind in shared static; do
    run meson setup "build-$kind" "$root" -Dtests=false --prefix="$scratch/$kind" --libdir=lib "-Ddefault_library=$kind"
    run ninja -C "build-$kind" install
    export PKG_CONFIG_PATH="$scratch/$kind/lib/pkgconfig"
    if [ $kind = shared ]; then
        use shared
        use shared --static # asks for more than is needed, and must find it
    else
        use static --static
        readelf -d multiply-static | grep -q 'NEEDED.*liblimner' && fail 'the static program needs liblimner.so'
    fi
    run meson setup "parent-$kind" "$here"
    run ninja -C "parent-$kind"
    LD_LIBRARY_PATH="$scratch/$kind/lib" run "parent-$kind/multiply"
done

# As a subproject: its folder is found under subprojects.
mkdir -p parent/subprojects
cp "$here"/* parent/
ln -s "$root" parent/subprojects/limner
unset PKG_CONFIG_PATH
run meson setup build-parent parent --force-fallback-for=limner --prefix="$scratch/of-parent"
run ninja -C build-parent install
run build-parent/multiply
run build-parent/multiply-cpp
find of-parent -type f | grep -E 'man|bin/limner$|conform|paint|bash' && fail "of limner this is in the parent's installation"
[ -x of-parent/bin/multiply ] || fail 'the parent is not installed'

# Where every loader looks a program has no RUNPATH.
run meson setup build-usr "$root" -Dtests=false --prefix=/usr
run ninja -C build-usr
DESTDIR="$scratch/destdir" run ninja -C build-usr install
for file in "$scratch"/destdir/usr/bin/* "$scratch"/destdir/usr/lib/*/liblimner.so "$scratch"/destdir/usr/libexec/*; do
    [ -f "$file" ] || continue
    readelf -d "$file" | grep -E 'R(UN)?PATH' && fail "$file has a RUNPATH"
done

# A NaN must stay a NaN.
for flag in -Ofast -ffast-math -ffinite-math-only; do
    if CFLAGS=$flag meson setup "build$flag" "$root" -Dtests=false >log 2>&1; then
        fail "CFLAGS=$flag is taken"
    fi
    grep -q 'use -O3' log || fail "CFLAGS=$flag: no line that says what to do"
done
echo 'all consumers run'
