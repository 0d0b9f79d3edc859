#!/bin/sh
# Installs what building limner (and, with "tests", testing it) needs and this machine lacks.
# usage: sh tests/install.sh [build|tests|full]
# full: what the full tier wants too, Python packages in build/python among them; it goes on without those.
# Says what it installs; asks for nothing; needs no root where nothing is missing.
set -eu
what=${1:-build}

say() { printf 'limner: %s\n' "$*" >&2; }

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null 2>&1; then
        sudo "$@"
    else
        say "these packages are missing and neither root nor sudo is at hand; as root, run: $*"
        exit 1
    fi
}

apt_missing() {
    for package; do
        dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null | grep -q '^install ok installed' ||
            printf '%s ' "$package"
    done
}

# The packages of one system: first those to build with, then those only the tests need.
if command -v apt-get >/dev/null 2>&1; then
    build='gcc meson ninja-build pkg-config python3-minimal libpng-dev libcjson-dev libcgif-dev libxxhash-dev libjpeg-dev libzip-dev libwebp-dev
        libgif-dev libopenblas-dev ocl-icd-opencl-dev opencl-headers libclblast-dev'
    tests='g++ clang libomp-dev clang-format-14 libclang-rt-14-dev libcmocka-dev valgrind pocl-opencl-icd
        mesa-opencl-icd oclgrind python3 locales zip unzip git mandoc python3-pip libmpich-dev abigail-tools'
    [ "$what" != build ] && build="$build $tests"
    # shellcheck disable=SC2086
    missing=$(apt_missing $build)
    # It saves the gate minutes, which does without where it is not to be had.
    if [ "$what" != build ] && [ "$(id -u)" = 0 ] && ! command -v ccache >/dev/null 2>&1; then
        { apt-get update -qq && apt-get install -y -qq --no-install-recommends ccache; } >&2 ||
            say "going on without ccache"
    fi
    if [ -n "$missing" ]; then
        say "installing: $missing"
        as_root apt-get update -qq
        # shellcheck disable=SC2086
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >&2
    fi
elif command -v dnf >/dev/null 2>&1; then
    build='gcc meson ninja-build pkgconf-pkg-config python3 libpng-devel cjson-devel libcgif-devel xxhash-devel
        libjpeg-turbo-devel libzip-devel libwebp-devel giflib-devel openblas-devel ocl-icd-devel opencl-headers clblast-devel'
    [ "$what" != build ] && build="$build gcc-c++ clang ccache clang-tools-extra libomp-devel libcmocka-devel pocl
        mesa-libOpenCL zip unzip git"
    # shellcheck disable=SC2086
    rpm -q $build >/dev/null 2>&1 || as_root dnf install -y --skip-unavailable $build
elif command -v pacman >/dev/null 2>&1; then
    build='gcc meson ninja pkgconf python libpng cjson xxhash libjpeg-turbo libzip libwebp giflib openblas ocl-icd opencl-headers clblast'
    [ "$what" != build ] && build="$build clang ccache openmp cmocka pocl opencl-mesa zip unzip git"
    # shellcheck disable=SC2086
    pacman -Q $build >/dev/null 2>&1 || as_root pacman -S --needed --noconfirm $build
elif command -v zypper >/dev/null 2>&1; then
    build='gcc meson ninja pkgconf python3 libpng16-devel libcjson-devel xxhash-devel libjpeg8-devel libzip-devel libwebp-devel giflib-devel openblas-devel
        ocl-icd-devel opencl-headers'
    [ "$what" != build ] && build="$build gcc-c++ clang ccache libcmocka-devel pocl Mesa-libOpenCL zip unzip git"
    # shellcheck disable=SC2086
    rpm -q $build >/dev/null 2>&1 || as_root zypper --non-interactive install $build
elif command -v brew >/dev/null 2>&1; then
    build='meson ninja pkg-config libpng cjson cgif xxhash jpeg-turbo libzip webp giflib openblas'
    [ "$what" != build ] && build="$build ccache cmocka clang-format"
    # shellcheck disable=SC2086
    brew list $build >/dev/null 2>&1 || brew install $build
else
    say "no package manager that this script knows; docs/building.md lists what limner needs"
fi

# What Python packages bring to tests, in a folder of this project's own: ziglang, the headers of other systems' C libraries.
packages=$(dirname "$0")/../build/python
if [ "$what" = full ] && [ ! -d "$packages/ziglang" ]; then
    say "installing ziglang into build/python"
    python3 -m pip install --quiet --disable-pip-version-check --no-deps --target "$packages" ziglang >&2 ||
        say "going on without ziglang"
fi
