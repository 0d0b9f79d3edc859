#!/bin/sh
# limner-probe is found beside the library, in a build folder and where limner was installed, wherever that has been moved
# to; and what LIMNER_HELPER names instead. Without it, one line says so.
. "$2/tests/cli/lib.sh"
probe=$4 library=$5 libdir=$6 libexecdir=$7
case $library in *.so*) ;; *) exit 77 ;; esac
unset LIMNER_HELPER

# A helper that leaves a mark.
helper() {
    mkdir -p "${1%/*}"
    printf '#!/bin/sh\necho "$0" >>"%s/mark"\nexec "%s"\n' "$PWD" "$probe" >"$1"
    chmod +x "$1"
}

# found LIBRARY_FOLDER HELPER: the library, copied to the folder, begins this helper.
found() {
    rm -f mark
    mkdir -p "$1"
    for file in "${library%.so*}".so*; do
        [ -f "$file" ] && cp -P "$file" "$1"
    done
    helper "$2"
    LD_LIBRARY_PATH=$PWD/$1 "$limner" devices >out 2>err || fail "exit code $?"
    [ -s err ] && fail "complaints"
    [ "$(cat mark 2>/dev/null)" -ef "$2" ] || fail "another helper than $2"
}

found beside beside/limner-probe
found build/src build/limner-probe
found "moved/$libdir" "moved/$libexecdir/limner-probe"
# The nearest comes first.
helper moved/limner-probe
helper "moved/$libdir/limner-probe"
LD_LIBRARY_PATH=$PWD/moved/$libdir
export LD_LIBRARY_PATH
rm mark
expect 0 "$limner" devices
[ "$(cat mark)" -ef "moved/$libdir/limner-probe" ] || fail "not the nearest helper"
helper 'an other/helper'
rm mark
expect 0 env LIMNER_HELPER="$PWD/an other/helper" "$limner" devices
[ "$(cat mark)" -ef 'an other/helper' ] || fail "not the helper of LIMNER_HELPER"
[ -s err ] && fail "complaints"
expect 0 env LIMNER_HELPER=/nonexistent/helper "$limner" devices
one_line err
says err "/nonexistent/helper cannot be run (No such file or directory): OpenCL drivers are queried in this process"
exit 0
