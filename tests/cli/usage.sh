#!/bin/sh
# Options: what is refused, with which messages, and the documents made from the tables.
. "$2/tests/cli/lib.sh"

refused() {
    expected=$1
    shift
    expect 2 "$limner" "$@"
    one_line err
    says err "$expected"
    [ -s out ] && fail "a refusal printed results"
    return 0
}

refused "--batch '64x': not a whole number" train pictures --batch 64x
refused "--batch: needs a value" train pictures --batch=
refused "--size: needs a value that is not empty" train pictures --size ''
refused "--batch '64x': not a whole number" bench --batch 64x
refused "--batch 'auto': not a whole number" bench --batch auto
refused "--preset 'huge': not one of tiny, small, torch, paper" bench --preset huge
refused "unknown option '--smooth'" tune --smooth 0.1
refused "--batch '1e3': not a whole number" train pictures --batch 1e3
refused "--batch '0': must lie between 1 and" train pictures --batch 0
refused "--batch '4097': must lie between 1 and 4096" train pictures --batch 4097
refused "(usage: limner devices [options])" devices all
refused "--batch '99999999999999999999': not a whole number" train pictures --batch 99999999999999999999
refused "--size '48': not one of 16, 32, 64, 128, 256" train pictures --size 48
refused "--kernel '3': not one of 4, 5" train pictures --kernel 3
refused "--lr 'nan': not a number" train pictures --lr nan
refused "--lr '0x1p-3': not a number" train pictures --lr 0x1p-3
refused "--lr '0,0002': not a number" train pictures --lr 0,0002
refused "--lr '-1': must be at least 1e-09 and below 1" train pictures --lr -1
refused "--smooth '0.5': must be at least 0 and below 0.5" train pictures --smooth 0.5
refused "--beta1 '0.99999999999': must be at least 0 and below 1" train pictures --beta1 0.99999999999
refused "--time '90': not a time such as 90s" train pictures --time 90
refused "--time '5m1h': not a time" train pictures --time 5m1h
refused "--images '2X': not a whole number such as" train pictures --images 2X
refused "--seed '-1': not a whole number" train pictures --seed -1
refused "--preset 'huge': not one of tiny, small, torch, paper" train pictures --preset huge
refused "the nearest is '--epochs'" train pictures --epoch 5
refused "the nearest is '--batch'" train pictures --bacth 5
refused "unknown option '--qqqqqqqqqq'" train pictures --qqqqqqqqqq
refused "unknown option '-z'" train pictures -z
refused "--json takes no value" train pictures --json=yes
refused "needs a value" train pictures --batch
refused "PICTURES is missing" train
refused "one argument too many" train a b
refused "MODEL|RUN is missing" sample
refused "unknown command 'trian'; the nearest is 'train'" trian pictures
refused "--grid '8': not columns x rows" sample model -n 4 --grid 8
refused "has room for 4 pictures, but 5 were requested" sample model -n 5 --grid 2x2
refused "--seeds '3-1': not a list of seeds" sample model --seeds 3-1
refused "--seeds '1,': not a list of seeds" sample model --seeds 1,
refused "--seeds '18446744073709551615': not a list of seeds" sample model --seeds 18446744073709551615
refused "--seeds '5-18446744073709551615': not a list of seeds" sample model --seeds 5-18446744073709551615
refused "leave out -n and --seed" sample model --seeds 1 -n 4
refused "ends neither in .png" sample model -o faces.jpg
refused "not one of device, layers, step, paint" bench --only painting

refused "(usage: limner devices [options])" devices extra

expect 2 "$limner"
says err "Usage:"
awk 'length > 80 { exit 1 }' err || fail "the overview is wider than 80 columns"

for word in --help help -h; do
    expect 0 "$limner" $word
    says out "limner train PICTURES"
done
expect 0 "$limner" --version
grep -Eqx 'limner [0-9]+\.[0-9]+\.[0-9]+' out || fail "--version printed $(cat out)"

# Every option of the help is in the man page and in the completion, and the help fits 80 columns.
expect 0 "$limner" --man-page
says out 'limner\-train'
expect 2 "$limner" --man-page nothing
says err "unknown command 'nothing'"
"$limner" --bash-completion >completion || fail "no completion"
for command in train scan sample eval bench tune devices info; do
    expect 0 "$limner" $command --help
    says out "Usage: limner $command"
    "$limner" --man-page $command >man || fail "no man page of $command"
    awk 'length > 80 { exit 1 }' out || fail "the help of $command is wider than 80 columns"
    for option in $(grep -o -e '^  .*--[a-z0-9-]*' out | grep -o -e '--[a-z0-9-]*'); do
        [ "$option" = --help ] && continue
        sed 's/\\//g' man | grep -qF -e "$option" || fail "$option of $command is not in the man page"
        grep -qF -e "$option" completion || fail "$option of $command is not in the completion"
    done
done
grep -q -e '--epochs N *passes.*' man && fail "the man page is no roff"
if command -v bash >/dev/null 2>&1; then
    bash -c '. ./completion; COMP_WORDS=(limner tr); COMP_CWORD=1; _limner; [ "${COMPREPLY[*]}" = train ]' ||
        fail "the completion does not complete train"
    bash -c '. ./completion; COMP_WORDS=(limner train --ep); COMP_CWORD=2; _limner; [ "${COMPREPLY[*]}" = --epochs ]' ||
        fail "the completion does not complete --epochs"
fi

# GCC's OpenMP: a thread that waits spins shortly, or as the user says.
spin() {
    expect 0 env "$@" OMP_DISPLAY_ENV=verbose "$limner" --version
    sed -n "s/.*GOMP_SPINCOUNT = '\([0-9]*\)'.*/\1/p" err | tail -n 1
}
if [ -n "$(spin)" ]; then
    [ "$(spin -u OMP_WAIT_POLICY -u GOMP_SPINCOUNT)" = 1000 ] || fail "waiting threads do not spin shortly"
    [ "$(spin -u OMP_WAIT_POLICY GOMP_SPINCOUNT=77)" = 77 ] || fail "the user's GOMP_SPINCOUNT is not kept"
    [ "$(spin -u GOMP_SPINCOUNT OMP_WAIT_POLICY=passive)" = 0 ] || fail "the user's OMP_WAIT_POLICY is not kept"
fi

# A pipe in the place of a file: limner does not wait for its writer, and names it as a pipe.
mkfifo pipe
for words in 'info pipe' 'sample pipe -o grid.png' 'train pipe' 'scan pipe' 'train --resume pipe'; do
    expect 6 "$limner" $words
    [ -s err ] || fail "limner $words says nothing"
done
mkdir run
mkfifo run/checkpoint.safetensors run/config.json
expect 6 "$limner" train --resume run --device cpu
says err 'not a regular file'
mkdir folder
mkfifo folder/pipe
expect 6 "$limner" scan folder --skipped names
says names 'folder/pipe: not a regular file (a pipe)'

# A number is the same number in every locale: a comma locale where there is one.
comma=$(locale -a 2>/dev/null | grep -i -m1 -E '^(de|fr|es|it|nl|pl)_.*utf-?8$')
expect 6 env LC_ALL="${comma:-C}" "$limner" train nowhere --lr 0.0003 --device cpu
exit 0
