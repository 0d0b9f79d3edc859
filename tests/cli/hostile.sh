#!/bin/sh
# A run folder that someone else changes: its files replaced, before a start and during one; its lock; its cache
# truncated; the folder gone, or another's; a run among the pictures. And outputs that accept nothing.
. "$2/tests/cli/lib.sh"

same() {
    "$python" "$root/tests/support/compare_models.py" "$1/checkpoint.safetensors" "$2/checkpoint.safetensors" ||
        fail "$1 and $2 differ"
}

# begin RUN STEPS: a training in the background, up to its first grid and checkpoint after the start's. It goes on as its
# lines are read.
begin() {
    rm -f lines
    mkfifo lines
    "$limner" train pictures -o "$1" $tiny --steps "$2" --save-every 50 --sample-every 50 --json >lines 2>err &
    job=$!
    exec 3<lines
    while read -r line <&3; do
        case $line in *'"saved":true'*) break ;; esac
    done
    kill -STOP $job # until ends
}

# ends CODE
ends() {
    kill -CONT $job
    cat <&3 >out
    exec 3<&-
    wait $job
    code=$?
    [ $code -eq "$1" ] || fail "exit code $code instead of $1"
}

pictures pictures 16
expect 0 "$limner" train pictures -o whole $tiny --steps 4 --save-every 2
expect 0 "$limner" train pictures -o long $tiny --steps 2000 --save-every 50 --sample-every 50

# In the place of config.json, and of the checkpoint, where there is no older one.
for name in config.json checkpoint.safetensors; do
    for what in 'mkdir F' 'mkfifo F' 'ln -s /dev/zero F' 'ln -s F F' ':'; do
        rm -rf odd
        cp -r whole odd
        rm -f odd/$name odd/checkpoint-*
        (cd odd && $(echo "$what" | sed "s/F/$name/g")) || exit 99
        expect 6 "$limner" train --resume odd --device cpu --steps 6
        one_line err
        says err 'odd'
    done
done

# The lock is a file with any content; a link is not followed.
cp pictures/0000.png mine
for what in 'mkdir F' 'mkfifo F' 'ln -s ../mine F' 'ln -s /dev/zero F' 'ln -s /nowhere/x F'; do
    rm -rf odd
    cp -r whole odd
    (cd odd && $(echo "$what" | sed 's/F/lock/')) || exit 99
    expect 1 "$limner" train --resume odd --device cpu --steps 6
    one_line err
    says err 'odd/lock: is not a regular file: remove it'
done
cmp -s mine pictures/0000.png || fail "a lock that is a link was followed"
rm -rf odd
cp -r whole odd
cp mine odd/lock
expect 0 "$limner" train --resume odd --device cpu --steps 6
grep -q 'ended without closing' err && fail "what was in the lock is taken for a process"
# A read-only lock file can still be locked. Root may write to any.
user=''
[ "$(id -u)" -eq 0 ] && user='setpriv --reuid=65534 --regid=65534 --clear-groups'
chmod 755 "$work"
if $user "$limner" --version >/dev/null 2>&1; then
    rm -rf odd
    cp -r whole odd
    echo '1 on nowhere' >odd/lock
    chmod 444 odd/lock
    [ -z "$user" ] || chown -R 65534 odd
    expect 0 $user "$limner" train --resume odd --device cpu --steps 6
    says err 'process 1 on nowhere, ended without closing the run'
    [ -e odd/lock ] && fail "the lock was left"
fi

# The cache of pictures is truncated during a training: one line, no crash.
begin short 100000000
: >short/pictures.cache
ends 1
says err 'a file in use was cut short'
expect 0 "$limner" train --resume short --device cpu --steps 1
says err 'nothing is left to do'

# The folder goes away, or its grids: made again, and nothing of the training is lost.
begin gone 2000
mv gone elsewhere
ends 0
says err "the run folder 'gone' had gone: it is made again"
same gone long
for file in config.json README.txt reals.png log.jsonl progress.gif generator.safetensors samples/002000.png; do
    [ -s "gone/$file" ] || fail "no $file"
done
[ -e gone/lock ] && fail "a lock was left"
expect 0 "$limner" train --resume gone --device cpu --steps 2001
begin grids 2000
mv grids/samples elsewhere/samples2
ends 0
grep -q 'had gone' err && fail "the folder is called gone"
[ -s grids/samples/002000.png ] || fail "no grids"
same grids long
# Another has made a folder of this name: it is left alone.
begin first 100000000
mv first away
mkdir first
exec 8>first/lock
"$python" -c 'import fcntl; fcntl.flock(8, fcntl.LOCK_EX)'
kill -CONT $job
while ! grep -q 'first: another training is under way' err; do read -r line <&3 || break; done
kill -TERM $job
ends 1
[ "$(find first -type f)" = first/lock ] || fail "another's folder was written to: $(ls first)"
exec 8>&-

# A run folder among the pictures is not trained on.
expect 0 "$limner" train pictures -o pictures/run $tiny --steps 2
expect 0 "$limner" train --resume pictures/run --device cpu --steps 3
says err '16 pictures in'
says err 'pictures/run: the folder of a run of limner'
grep -q 'does not hold the pictures' err && fail "the run is taken for new pictures"
rm -rf pictures/run

# Outputs that accept nothing.
for words in 'info whole' devices --help 'scan pictures' 'scan pictures --json'; do
    "$limner" $words >/dev/full 2>err </dev/null
    [ $? -eq 1 ] || fail "limner $words into a full disk is no failure"
    says err 'cannot write to the standard output'
done
for place in null full; do
    ln -sf /dev/$place odd.png
    expect 1 "$limner" sample whole --device cpu -n 1 -o odd.png
    says err 'odd.png: cannot be written: it is not a regular file'
done
exit 0
