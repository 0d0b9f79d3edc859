#!/bin/sh
# No place for a cache: no HOME, or it is a file, is missing, or cannot be written. Every command still works, with one
# line more at most.
. "$2/tests/cli/lib.sh"
trap 'umount "$work/fixed" "$work/small" 2>/dev/null; rm -rf "$work"' EXIT
unset LIMNER_CACHE_DIR POCL_CACHE_DIR XDG_CACHE_HOME
net='--size 16 --width 4 --batch 4'

pictures pictures 8
: >file
mkdir home fixed
# Root may write anywhere but here.
if mount --bind fixed fixed 2>/dev/null; then
    mount -o remount,bind,ro fixed 2>/dev/null
fi
if (: >fixed/file) 2>/dev/null; then fixed=/proc; else fixed=$work/fixed; fi

# all ENVIRONMENT...: the lines of stderr of every command.
all() {
    rm -rf run made.png
    expect 0 env "$@" "$limner" train pictures -o run $tiny --steps 1
    cat err
    expect 0 env "$@" "$limner" sample run --device cpu --threads 1 -n 1 -o made.png
    cat err
    expect 0 env "$@" "$limner" bench $net --device cpu --threads 1 --only paint --steps 1
    cat err
    expect 0 env "$@" "$limner" train pictures -o run2 $tiny --steps 1 --dry-run --device auto
    cat err
}
all HOME="$work/home" >normal || { cat normal; exit 1; }
[ -d home/.cache/limner/tuning ] && fail "a folder was made to read from"
for place in -uHOME HOME= HOME="$work/file" HOME="$work/no/home" HOME=/proc HOME="$fixed" XDG_CACHE_HOME="$fixed" \
    XDG_CACHE_HOME="$work/file" XDG_CACHE_HOME=relative LIMNER_CACHE_DIR="$fixed"; do
    all "$place" >odd || { cat odd; fail "with $place"; }
    [ "$(wc -l <odd)" -le $(($(wc -l <normal) + 4)) ] || { cat odd; fail "with $place: more than a line each"; }
done
# Measurements that cannot be stored are reported once.
expect 0 env HOME="$work/file" "$limner" tune --device cpu --threads 1 $net --tune fast
[ "$(grep -c 'holds for this time only' err)" -eq 1 ] || fail "not one line about what is not kept"
[ -e relative/limner ] && fail "a folder was made for a path that is not absolute"
# PoCL compiles on a disk; a full one is named.
mkdir small
if mount -t tmpfs -o size=64k none small 2>/dev/null; then
    head -c 60k /dev/zero >small/fill
    LIMNER_CACHE_DIR=off POCL_CACHE_DIR="$work/small/pocl" "$limner" devices >out 2>err
    if grep -q '^[0-9].* pthread' out; then
        expect 3 env LIMNER_CACHE_DIR=off POCL_CACHE_DIR="$work/small/pocl" "$limner" train pictures -o full --size 16 --batch 4 \
            --device opencl
        one_line err
        says err "PoCL compiles in $work/small"
        says err 'where no room is left'
    fi
fi
exit 0
