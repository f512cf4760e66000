#!/bin/sh
# test_program.sh [PROGRAM]: tests of the program as a user meets it: its results, its errors and its files.
# Run from the project's folder. The last line is `N passed, N failed[, N skipped]`; exit status 1 if a test failed.
# With QUICK set the demo is left out: under a sanitizer it takes ten minutes.
set -u
LC_ALL=C
OMP_WAIT_POLICY=passive                                 # threads that wait for others leave the processor to them
export LC_ALL OMP_WAIT_POLICY
root=$(pwd)
program=${1:-./realnet}
case $program in /*) ;; *) program=$root/$program ;; esac
data=$root/data
shared=$root/../shared/data/kriegeskorte92
[ -x "$program" ] || { echo "FAILED: $program is not there (build it with make)"; echo "0 passed, 1 failed"; exit 1; }
[ -f "$data/train.txt" ] || { echo "FAILED: run this from the project's folder"; echo "0 passed, 1 failed"; exit 1; }

T=$(mktemp -d "${TMPDIR:-/tmp}/realnet_program_XXXXXX") || exit 1
mounted= demo_number= started=                          # process numbers, empty once they have ended
clean_up()
{
    for number in $demo_number $started; do
        kill -9 $number 2>/dev/null
    done
    [ -z "$mounted" ] || umount "$T/disk"
    rm -rf "$T"
}
trap clean_up EXIT
trap 'exit 1' INT TERM HUP

# ---- counting ----

passed=0 failed=0 skipped=0 heading=
section() { heading=$1; }
pass() { passed=$((passed + 1)); }
fault() { failed=$((failed + 1)); echo "FAILED: $heading: $*"; }
skip() { skipped=$((skipped + 1)); echo "skipped: $heading: $*"; }

# check NAME COMMAND...: the command is to succeed.
check()
{
    what=$1
    shift
    if "$@" >/dev/null 2>&1; then pass; else fault "$what"; fi
}
# same NAME FILE FILE
same() { check "$1" cmp "$2" "$3"; }
differ() { if cmp -s "$2" "$3"; then fault "$1"; else pass; fi; }
# equal NAME GOT WANTED
equal() { if [ "$2" = "$3" ]; then pass; else fault "$1: got '$2', wanted '$3'"; fi; }
# holds NAME FILE PATTERN (an extended regular expression)
holds() { if grep -Eq -e "$3" "$2"; then pass; else fault "$1: no '$3' in: $(head -c 300 "$2")"; fi; }
is_absent() { [ ! -e "$1" ]; }

# ---- running ----

# run ARGUMENTS...: the program; output to $T/out, errors to $T/err, its exit status in $status.
run()
{
    "$program" "$@" >"$T/out" 2>"$T/err"
    status=$?
}

# done_well NAME ARGUMENTS...: status 0, and nothing to complain of.
done_well()
{
    what=$1
    shift
    run "$@"
    if [ $status -eq 0 ] && ! grep -q '^realnet:' "$T/err"; then
        pass
    else
        fault "$what: status $status: $(head -c 300 "$T/err")"
    fi
}

# Every output of a test that is to fail goes under $T/o; this tells whether anything there changed.
snapshot() { (cd "$T/o" && ls -AR . && find . -type f -exec cksum {} + | sort) }

# the_line NAME STATUS WHERE PATTERN: one line `realnet: WHERE: WHAT (HOW TO MEND)`, besides lines of progress.
the_line()
{
    [ $status -eq "$2" ] || { fault "$1: status $status, wanted $2: $(head -c 300 "$T/err")"; return; }
    grep -Ev '\] [0-9]+/[0-9]+, .* left' "$T/err" >"$T/line"
    [ "$(wc -l <"$T/line")" -eq 1 ] || { fault "$1: not one line: $(head -c 500 "$T/err")"; return; }
    case $(cat "$T/line") in
    "realnet: $3: "*\(*\)) ;;
    *) fault "$1: not 'realnet: $3: WHAT (HOW TO MEND)': $(cat "$T/line")"; return ;;
    esac
    holds "$1" "$T/line" "$4"
}

# refused NAME WHERE PATTERN ARGUMENTS...: status 2, one line, and under $T/o nothing new, nothing changed.
refused()
{
    what=$1 where=$2 pattern=$3
    shift 3
    snapshot >"$T/before"
    run "$@"
    snapshot >"$T/after"
    the_line "$what" 2 "$where" "$pattern"
    if cmp -s "$T/before" "$T/after"; then
        pass
    else
        fault "$what: files changed: $(diff "$T/before" "$T/after" | head -n 5)"
    fi
    if [ -s "$T/out" ]; then fault "$what: it printed results: $(head -c 100 "$T/out")"; else pass; fi
}

no_temporaries() { [ -z "$(find "$1" -name '*.tmp.*')" ]; }
loss_of() { awk -F, 'END { print $2 }' "$1"; }          # the last epoch's training loss

# ---- making inputs ----

# npy_header TYPE SHAPE: 128 bytes, as numpy writes them.
npy_header() { printf '\223NUMPY\001\000\166\000%-117s\n' "{'descr': '$1', 'fortran_order': False, 'shape': $2, }"; }
# first_rows FILE TYPE SHAPE BYTES: the first BYTES of its data under a new header.
first_rows()
{
    npy_header "$2" "$3"
    tail -c +129 "$1" | head -c "$4"
}
# int32 N...: little-endian.
int32()
{
    for n; do
        printf "$(printf '\\%03o' $((n & 255)) $((n >> 8 & 255)) $((n >> 16 & 255)) $((n >> 24 & 255)))"
    done
}
# put FILE PLACE: standard input over the bytes from PLACE on.
put() { dd of="$1" bs=1 seek="$2" conv=notrunc 2>/dev/null; }
# npy_shape FILE: as its header has it.
npy_shape() { head -c 128 "$1" | sed -n "s/.*'shape': \(([^)]*)\).*/\1/p" 2>/dev/null; }

# ---- JSON, strictly (RFC 8259): one value, and nothing behind it ----

cat >"$T/json.awk" <<'AWK'
function blank() { while (substr(text, at, 1) ~ /^[ \t\r\n]$/) at++ }
function next_is(c) { blank(); if (substr(text, at, 1) != c) return 0; at++; return 1 }
function wrong() { bad = 1; at = length(text) + 1; return 0 }
function take(pattern) { if (!match(substr(text, at), pattern)) return 0; at += RLENGTH; return 1 }
function string(    c) {
    if (!next_is("\"")) return wrong()
    while ((c = substr(text, at, 1)) != "\"") {
        if (c == "" || c < " ") return wrong()
        if (c != "\\") at++
        else if (!take("^\\\\([\"\\\\/bfnrt]|u[0-9a-fA-F][0-9a-fA-F][0-9a-fA-F][0-9a-fA-F])")) return wrong()
    }
    at++
    return 1
}
function list(close_, named) {
    if (next_is(close_)) return 1
    do {
        if (named && (!string() || !next_is(":"))) return wrong()
        value()
    } while (!bad && next_is(","))
    return bad ? 0 : next_is(close_) ? 1 : wrong()
}
function value() {
    if (next_is("{")) return list("}", 1)
    if (next_is("[")) return list("]", 0)
    if (substr(text, at, 1) == "\"") return string()
    return take("^(true|false|null)") || take("^-?(0|[1-9][0-9]*)([.][0-9]+)?([eE][-+]?[0-9]+)?") ? 1 : wrong()
}
{ text = text $0 "\n" }
END { at = 1; value(); blank(); exit bad || at <= length(text) }
AWK
is_json() { awk -f "$T/json.awk" "$1"; }
# json_well NAME ARGUMENTS...: the command prints JSON with --json.
json_well()
{
    done_well "$@" --json
    check "$what: strict JSON" is_json "$T/out"
}

section "this script"
for good in '{"a": [1, -0.5e+3, "x\n\u00e9", true, null, {}], "b": []}' '3' '"x"'; do
    printf '%s\n' "$good" >"$T/t.json"
    check "JSON is understood: $good" is_json "$T/t.json"
done
for wrong in '{"a": 1,}' '[1 2]' '{"a": nan}' '[01]' '{a: 1}' '[1]]' '"\x"' '' '[' '{"a" 1}' '[-]'; do
    printf '%s\n' "$wrong" >"$T/t.json"
    if is_json "$T/t.json"; then fault "wrong JSON is taken: $wrong"; else pass; fi
done

# ---- inputs: 48 training and 20 test pictures, 64 responses each, and a starting model ----

mkdir "$T/o" "$T/in"
echo "an older file" >"$T/o/kept"
for set in train test; do
    sed "s|^|$data/|" "$data/$set.txt" >"$T/in/all_$set.txt"
done
head -n 48 "$T/in/all_train.txt" >"$T/in/train.txt"
head -n 20 "$T/in/all_test.txt" >"$T/in/test.txt"
head -n 2 "$T/in/all_test.txt" >"$T/in/two.txt"
responses=$data/person1/responses_train.npy
first_rows "$responses" '<f4' '(48, 64)' 12288 >"$T/in/train.npy"
first_rows "$responses" '<f4' '(20, 64)' 5120 >"$T/in/test.npy"
first_rows "$responses" '<f4' '(2, 64)' 512 >"$T/in/two.npy"
first_rows "$data/pretrain_images.npy" '|u1' '(40, 32, 32, 3)' 122880 >"$T/in/pictures.npy"
first_rows "$data/pretrain_labels.npy" '<i4' '(40,)' 160 >"$T/in/labels.npy"
{ printf 'P6\n# made here\n5 4\n255\n'; head -c 60 "$program"; } >"$T/in/small.ppm"
W=$T/in/w.safetensors
picture=$data/images/test/001.ppm

# The demo takes longest: once with one thread, meanwhile, and once with two at the end.
if [ -z "${QUICK:-}" ]; then
    "$program" demo -o "$T/demo1" --data "$data" --threads 1 --quiet >"$T/demo1.out" 2>"$T/demo1.err" &
    demo_number=$!
fi

# ---- help, version, the command line ----

section "help and version"
commands="demo init info classify features pretrain train rdm decode rsa selftest bench"
for word in --help -h help; do
    done_well "$word" $word
    for command in $commands; do
        holds "$word names $command" "$T/out" "^  $command "
    done
done
done_well "--version" --version
holds "--version" "$T/out" '^realnet [0-9]+\.[0-9]+\.[0-9]+$'
version=$(cat "$T/out")
for command in $commands; do
    done_well "$command --help" $command --help
    holds "$command --help" "$T/out" "^usage: realnet $command"
    for option in threads quiet json help version; do
        holds "$command --help" "$T/out" "--$option "
    done
    done_well "$command -h" $command -h
    done_well "$command --version" $command --version
    equal "$command --version" "$(cat "$T/out")" "realnet $command ${version#realnet }"
done

section "command line"
run
equal "without a command: status" $status 2
holds "without a command: usage on standard error" "$T/err" '^usage: realnet COMMAND'
refused "unknown command, near one" trian 'no such command \(did you mean train\?\)' trian
refused "unknown command, near none" xyzzyxyzzy "'realnet --help' lists them" xyzzyxyzzy
for command in $commands; do
    refused "$command: unknown option, near one" $command 'no option --thread \(did you mean --threads\?\)' $command \
        --thread 1
    refused "$command: unknown option, near none" $command "no option --xyzzyxyzzy \('realnet $command --help'" \
        $command --xyzzyxyzzy
done
refused "nearest of train" train 'did you mean --epochs\?' train --epoch 3
refused "nearest of train, with =" train 'did you mean --test-images\?' train --test-image=x
refused "unknown letter" train 'no option -z' train -z
for command in demo init features pretrain train rsa selftest bench; do
    refused "$command: an operand" $command "a word too many \(usage: realnet $command" $command word
done
for command in info rdm decode; do
    refused "$command: two operands" $command "a word too many \(usage: realnet $command" $command a b
    refused "$command: no operand" $command "something is missing \(usage: realnet $command" $command
done
refused "a value is missing" train '--epochs needs a value \(--epochs E\)' train --epochs
refused "a letter's value is missing" init '--output needs a value' init -o
refused "no number" train "--epochs takes a whole number, not 'ten'" train --epochs ten
refused "an empty number" train "--epochs takes a whole number, not ''" train --epochs=
refused "a number with a tail" init "--outputs takes a whole number, not '3x'" init --outputs 3x
refused "no whole number" train "--batch takes a whole number, not '1.5'" train --batch 1.5
refused "no real number" train "--lr takes a number, not 'fast'" train --lr fast
refused "not a number" train "--beta takes a number, not 'nan'" train --beta nan
refused "a negative seed" init "--seed takes a whole number, not '-1'" init --seed -1
refused "a seed above 64 bits" init "--seed takes a whole number" init --seed 18446744073709551616 -m cornet-tiny -o \
    "$T/o/w"
refused "a value for a flag" init '--json takes no value' init --json=1
refused "threads below zero" --threads '-1 is out of range \(give a value from 0' info --threads -1 "$picture"
refused "threads, no number" info "--threads takes a whole number" info --threads many "$picture"

# ---- init ----

section init
done_well "first" init --model cornet-tiny --seed 3 --outputs 64 -o "$T/o/a.safetensors"
cp "$T/out" "$T/first"
done_well "second" init -m cornet-tiny -s 3 --outputs=64 -o "$T/o/b.safetensors"
sed 's|/b\.saf|/a.saf|' "$T/out" >"$T/second"
same "same line" "$T/first" "$T/second"
same "same bytes" "$T/o/a.safetensors" "$T/o/b.safetensors"
holds "fingerprint" "$T/first" 'fingerprint [0-9a-f]{16}$'
json_well "--json" init -m cornet-tiny -s 3 --outputs 64 -o "$T/o/b.safetensors"
holds "--json: the same fingerprint" "$T/out" "\"fingerprint\": \"$(sed 's/.*fingerprint //' "$T/first")\""
done_well "another seed" init -m cornet-tiny -s 4 --outputs 64 -o "$T/o/b.safetensors"
differ "seeds 3 and 4 give the same weights" "$T/o/a.safetensors" "$T/o/b.safetensors"
done_well "without a head" init -m cornet-tiny -s 1 -o "$W"
done_well "with a head" init -m cornet-tiny -s 1 --outputs 10 -o "$T/in/head10.safetensors"
rm "$T/o/b.safetensors"
refused "no output" init '--output is missing' init -m cornet-tiny
refused "unknown model" --model "no model 'tiny' \(cornet-s or cornet-tiny\)" init -m tiny -o "$T/o/w"
refused "outputs out of range" --outputs '-3 is out of range' init -m cornet-tiny --outputs -3 -o "$T/o/w"
refused "a folder as output" "$T/o" 'this is a folder \(name a file with -o\)' init -m cornet-tiny -o "$T/o"
refused "its folder is not there" "$T/o/no/w" 'its folder is not there' init -m cornet-tiny -o "$T/o/no/w"
refused "an empty name" "''" 'cannot write' init -m cornet-tiny -o ""

# ---- info ----

section info
done_well ".npy" info "$T/in/train.npy"
holds ".npy" "$T/out" '^- +f4 +\(48, 64\) .* 0  [0-9a-f]{16}$'
json_well ".npy" info "$T/in/train.npy"
holds ".npy as JSON" "$T/out" '"type": "f4", "shape": \[48, 64\], .*"nan": 0'
done_well "safetensors" info "$T/in/head10.safetensors"
holds "safetensors: a weight" "$T/out" '^V1.conv1.weight +F32 +\(8, 3, 7, 7\)'
holds "safetensors: a count" "$T/out" '^V1.norm1.num_batches_tracked +I64'
holds "safetensors: the head" "$T/out" '^fc.bias +F32 +\(10,?\)'
holds "safetensors: a note" "$T/out" '^note realnet.input_size: 32'
json_well "safetensors" info "$W"
done_well "image" info "$T/in/small.ppm"
holds "image" "$T/out" '^image +u1 +\(4, 5, 3\)'
json_well "image" info "$T/in/small.ppm"
int32 2 3 -1 7 | { npy_header '<i4' '(2, 2)'; cat; } >"$T/in/ints.npy"
done_well "integers" info "$T/in/ints.npy"
holds "integers: range" "$T/out" '^- +i4 +\(2, 2\) +-1 +7 +0 '

section "files that are wrong"
: >"$T/in/empty"
: >"$T/in/empty.npy"
: >"$T/in/empty.safetensors"
: >"$T/in/empty.ppm"
: >"$T/in/empty.txt"
for kind in npy safetensors ppm; do
    refused "empty .$kind" "$T/in/empty.$kind" '[Cc]opy|convert|check the name' info "$T/in/empty.$kind"
    refused "no .$kind" "$T/in/none.$kind" 'No such file' info "$T/in/none.$kind"
    mkdir "$T/in/folder.$kind"
    refused "a folder named .$kind" "$T/in/folder.$kind" 'this is a folder where a file is needed' info \
        "$T/in/folder.$kind"
done
refused "an empty name" "''" 'cannot read' info ""
refused "text as an image" "$T/in/train.txt" 'no image of a kind' info "$T/in/train.txt"
head -c 5000 "$T/in/train.npy" >"$T/in/cut.npy"
refused "truncated .npy" "$T/in/cut.npy" \
    'is cut short: its header promises 12288 bytes .*\(48, 64\), the file holds 4872 \(copy it again\)' \
    info "$T/in/cut.npy"
head -c 60 "$T/in/train.npy" >"$T/in/cut2.npy"
refused "truncated .npy header" "$T/in/cut2.npy" 'cut short in its header: .* only 60 bytes' info "$T/in/cut2.npy"
head -c 100000 "$W" >"$T/in/cut.safetensors"
refused "truncated safetensors" "$T/in/cut.safetensors" 'is cut short: .*\(copy it again\)' info "$T/in/cut.safetensors"
head -c 1000 "$W" >"$T/in/cut2.safetensors"
refused "truncated safetensors header" "$T/in/cut2.safetensors" 'is cut short: its header is' info \
    "$T/in/cut2.safetensors"
head -c 50 "$T/in/small.ppm" >"$T/in/cut.ppm"
refused "truncated PPM" "$T/in/cut.ppm" 'is cut short: 5x4 pixels need 60 bytes, the file holds 27 \(copy it again\)' \
    info "$T/in/cut.ppm"
printf 'P6\n5 4\n' >"$T/in/cut2.ppm"
refused "truncated PPM header" "$T/in/cut2.ppm" 'is cut short: it ends where its .* is due' info "$T/in/cut2.ppm"
printf 'P6\n5 x\n255\n' >"$T/in/wrong.ppm"
refused "a PPM's height is no number" "$T/in/wrong.ppm" 'height is no number at byte [0-9]+' info "$T/in/wrong.ppm"
# One pixel: a whole PNG, then without its end, then with a damaged byte.
{
    printf '\211PNG\r\n\032\n\000\000\000\015IHDR\000\000\000\001\000\000\000\001\010\006\000\000\000\037\025\304\211'
    printf '\000\000\000\012IDAT\170\234\143\000\001\000\000\005\000\001\015\012\055\264'
    printf '\000\000\000\000IEND\256\102\140\202'
} >"$T/in/one.png"
head -c 50 "$T/in/one.png" >"$T/in/cut.png"
cp "$T/in/one.png" "$T/in/damaged.png"
printf '\200' | put "$T/in/damaged.png" 45
run --help
if grep -q 'build reads.*PNG' "$T/out"; then
    done_well "PNG" info "$T/in/one.png"
    holds "PNG" "$T/out" '^image +u1 +\(1, 1, 3\)'
    refused "truncated PNG" "$T/in/cut.png" 'is cut short: .*\(copy it again\)' info "$T/in/cut.png"
    refused "damaged PNG" "$T/in/damaged.png" 'chunk IDAT at byte 33 is damaged' info "$T/in/damaged.png"
else
    refused "PNG without stb_image" "$T/in/one.png" 'this build reads .*libstb-dev.*convert the image to PPM' info \
        "$T/in/one.png"
    skip "PNG is not read by this build"
fi

# ---- classify ----

section classify
cp "$data/classes.txt" "$T/in/classes.txt"
done_well "default" classify -w "$W" "$picture"
equal "header and five rows" "$(wc -l <"$T/out")" 6
done_well "all classes" classify -w "$W" --labels "$T/in/classes.txt" --top 10 "$picture" "$T/in/small.ppm"
equal "two images of ten classes" "$(wc -l <"$T/out")" 21
check "probabilities fall and sum to one" awk '
    NR > 1 { if ($2 > 1 && $4 > last) exit 1; last = $4; sum += $4; seen[$1 $5]++ }
    END { for (s in seen) if (seen[s] != 1) exit 1; if (sum < 1.99999 || sum > 2.00001) exit 1 }' "$T/out"
check "every row names a class" awk -v names="$T/in/classes.txt" '
    BEGIN { while ((getline line < names) > 0) name[n++] = line }
    NR > 1 && $5 != name[$3] { exit 1 }' "$T/out"
done_well "--top 2 of a list" classify -w "$W" -k 2 "$T/in/two.txt"
equal "--top 2 of a list" "$(wc -l <"$T/out")" 5
json_well "--json" classify -w "$W" -l "$T/in/classes.txt" -k 3 "$T/in/two.txt" "$picture"
equal "--json: rows" "$(grep -c '"probability"' "$T/out")" 9
refused "no weights" classify '--weights is missing' classify "$picture"
refused "no image" classify 'something is missing' classify -w "$W"
refused "no class wanted" --top '0 is out of range' classify -w "$W" -k 0 "$picture"
refused "names of another model" "$T/in/two.txt" '2 names, but .* has 10 classes \(give one line a class\)' classify \
    -w "$W" -l "$T/in/two.txt" "$picture"
refused "the weights are a picture" "$picture" 'is no safetensors file' classify -w "$picture" "$picture"
refused "the second image is not there" "$T/in/none.ppm" 'No such file' classify -w "$W" "$picture" "$T/in/none.ppm"
run classify -w "$W" "$T/in/cut.ppm"
the_line "truncated PPM" 2 "$T/in/cut.ppm" 'is cut short'
refused "empty list" "$T/in/empty.txt" 'the list names no image \(' classify -w "$W" \
    "$T/in/empty.txt"
{ cat "$T/in/two.txt"; echo nowhere.ppm; } >"$T/in/missing.txt"
refused "a listed image is not there" "$T/in/missing.txt:3" 'nowhere.ppm is not there \(mend the name' classify -w \
    "$W" "$T/in/missing.txt"
refused "a folder without images" "$T/in/folder.ppm" 'no file in this folder ends as an image' classify -w "$W" \
    "$T/in/folder.ppm"

# ---- features ----

section features
layers=V1,V2,V4,IT,V4.2,avgpool,logits,encoding,input
H=$T/in/head10.safetensors
for batch in 1 7 16; do
    done_well "batch $batch" features -w "$H" --images "$T/in/test.txt" --layers $layers --batch $batch -o "$T/f$batch"
done
equal "files named" "$(wc -l <"$T/out")" 9
for layer in V1:512 V2:256 V4:128 IT:64 V4.2:128 avgpool:64 logits:10 encoding:512 input:3072; do
    name=${layer%:*}
    equal "shape of $name" "$(npy_shape "$T/f16/$name.npy")" "(20, ${layer#*:})"
    same "$name: batch 1 and 16" "$T/f1/$name.npy" "$T/f16/$name.npy"
    same "$name: batch 7 and 16" "$T/f7/$name.npy" "$T/f16/$name.npy"
done
differ "V4.2 is V4" "$T/f16/V4.npy" "$T/f16/V4.2.npy"
done_well "the last step is the area" features -w "$H" -i "$T/in/test.txt" -l V4.3 -o "$T/f16"
same "V4.3 is V4" "$T/f16/V4.npy" "$T/f16/V4.3.npy"
done_well "the head's prediction" features -w "$H" -i "$T/in/test.txt" -l prediction -o "$T/f16"
equal "shape of prediction" "$(npy_shape "$T/f16/prediction.npy")" "(20, 10)"
json_well "--json" features -w "$W" -i "$T/in/two.txt" -l IT -o "$T/f16"
done_well "threads 2" features -w "$H" -i "$T/in/test.txt" -l V1,logits --threads 2 -o "$T/f2"
same "V1: threads" "$T/f1/V1.npy" "$T/f2/V1.npy"
same "logits: threads" "$T/f1/logits.npy" "$T/f2/logits.npy"
done_well "a folder of images" features -w "$H" -i "$data/images/test" -l logits -o "$T/f2"
equal "a folder of images" "$(npy_shape "$T/f2/logits.npy")" "(40, 10)"
done_well "images in a .npy" features -w "$H" -i "$T/in/pictures.npy" -l logits -o "$T/f2"
equal "images in a .npy" "$(npy_shape "$T/f2/logits.npy")" "(40, 10)"
F="features -w $W -o $T/o/f"
refused "unknown layer, near one" --layers "no layer 'logit' \(did you mean logits" $F -i "$T/in/two.txt" -l logit
refused "unknown layer, near none" --layers "no layer 'retina_of_the_eye' \(choose among; V1 V2 V4 IT" $F -i \
    "$T/in/two.txt" -l retina_of_the_eye
refused "no head" --layers "no layer 'encoding' .*where the weights have a head" $F -i "$T/in/two.txt" -l encoding
refused "a step too far" --layers "no layer 'V4.4'" $F -i "$T/in/two.txt" -l V4.4
refused "no layer" --layers 'it is empty' $F -i "$T/in/two.txt" -l ""
refused "batch 0" --batch '0 is out of range' $F -i "$T/in/two.txt" -b 0
refused "no images" features '--images is missing' $F
refused "truncated .npy of images" "$T/in/cut.npy" 'is cut short' $F -i "$T/in/cut.npy"
refused "a .npy that is not of images" "$T/in/train.npy" \
    'uint8 of shape \(images, height, width, 3\); these are f4 of shape \(48, 64\)' \
    $F -i "$T/in/train.npy"
refused "truncated weights" "$T/in/cut.safetensors" 'is cut short' features -w "$T/in/cut.safetensors" -i \
    "$T/in/two.txt" -o "$T/o/f"
{ cat "$T/in/two.txt"; echo "$T/in/cut.ppm"; } >"$T/in/third_cut.txt"
mkdir "$T/o/g"
done_well "before" features -w "$W" -i "$T/in/two.txt" -l V1 -o "$T/o/g"
refused "an image is cut short in the second batch" "$T/in/cut.ppm" 'is cut short' features -w "$W" -i \
    "$T/in/third_cut.txt" -l V1,IT -b 2 -o "$T/o/g"

# ---- weights of another shape: the header of a file is edited, its length kept ----

section "weights of another shape"
length=$(od -An -tu1 -N4 "$W" | awk '{ print $1 + 256 * $2 + 65536 * $3 }')
edit_weights()
{
    head -c 8 "$W"
    head -c $((8 + length)) "$W" | tail -c $length | sed "$1"
    tail -c +$((9 + length)) "$W"
}
edit_weights 's/\("V2.conv3.weight":{"dtype":"F32","shape":\)\[16,64,1,1\]/\1[64,16,1,1]/' >"$T/in/shape.safetensors"
differ "the header was not edited" "$W" "$T/in/shape.safetensors"
refused "another shape" "$T/in/shape.safetensors" \
    'V2.conv3.weight has another shape: wanted \(16, 64, 1, 1\), found \(64, 16, 1, 1\) \(' \
    features -w "$T/in/shape.safetensors" -i "$T/in/two.txt" -o "$T/o/f"
edit_weights 's/"V2.skip.weight"/"V2.sxip.weight"/' >"$T/in/name.safetensors"
refused "a name is missing" "$T/in/name.safetensors" 'V2.skip.weight is not in it \(' features -w \
    "$T/in/name.safetensors" -i "$T/in/two.txt" -o "$T/o/f"
refused "a head for other responses" "$H" 'fc.weight has another shape: wanted \(64, 512\), found \(10, 512\) \(' \
    train -w "$H" -i "$T/in/train.txt" -t "$T/in/train.npy" -o "$T/o/run"
cp "$W" "$T/in/nan.safetensors"
printf '\000\000\300\177' | put "$T/in/nan.safetensors" $((8 + length + 4 * 5))
refused "a NaN in the weights" "$T/in/nan.safetensors" '[A-Za-z0-9._]+\[5\] is -?nan \(weights must be finite' \
    classify -w "$T/in/nan.safetensors" "$picture"

# ---- pretrain ----

section pretrain
P="-m cornet-tiny -i $T/in/pictures.npy --threads 1"
done_well "labels in a .npy" pretrain $P -l "$T/in/labels.npy" -e 2 -b 16 -s 5 -o "$T/pre"
for file in realnet.safetensors loss.csv config.json checkpoint; do
    check "$file" test -s "$T/pre/$file"
done
check "config.json" is_json "$T/pre/config.json"
equal "the header of loss.csv" "$(head -n 1 "$T/pre/loss.csv")" \
    epoch,train_loss,train_classification,train_generation,train_mse,train_contrast
tail -c 160 "$T/in/labels.npy" | od -An -v -tu1 | awk '{ for (i = 1; i <= NF; i += 4) print $i }' >"$T/in/labels.txt"
done_well "labels in a text, given weights" init -m cornet-tiny -s 5 -o "$T/in/w5.safetensors"
json_well "labels in a text, given weights" pretrain -w "$T/in/w5.safetensors" -i "$T/in/pictures.npy" -l \
    "$T/in/labels.txt" -e 2 -b 16 -s 5 -o "$T/pre2"
same "the same weights" "$T/pre/realnet.safetensors" "$T/pre2/realnet.safetensors"
same "the same losses" "$T/pre/loss.csv" "$T/pre2/loss.csv"
labels_wrong()          # NAME PATTERN LINE10
{
    sed "10s/.*/$3/" "$T/in/labels.txt" >"$T/in/wrong.txt"
    refused "$1" "$T/in/wrong.txt" "$2" pretrain $P -l "$T/in/wrong.txt" -o "$T/o/pre"
}
labels_wrong "a label too large" 'label 9 is 10, but the model has classes 0 to 9 \(' 10
labels_wrong "a negative label" 'line 10 is -1' -1
labels_wrong "a label above 32 bits" 'line 10 is 4294967296' 4294967296
labels_wrong "no number" 'line 10 is no whole number' cat
labels_wrong "a fraction" 'line 10 is no whole number' 1.5
labels_wrong "one label too few" '39 labels, but .* has 40 images \(' ''
cp "$T/in/labels.npy" "$T/in/wrong.npy"
int32 -7 | put "$T/in/wrong.npy" 140
refused "a label out of range in a .npy" "$T/in/wrong.npy" 'entry 3 is -7' pretrain $P -l "$T/in/wrong.npy" -o \
    "$T/o/pre"
refused "no start" pretrain 'needs one start \(--model cornet-s' pretrain -i "$T/in/pictures.npy" -l \
    "$T/in/labels.npy" -o "$T/o/pre"
refused "two starts" pretrain 'needs one start' pretrain $P -w "$W" -l "$T/in/labels.npy" -o "$T/o/pre"
refused "no such model" --model "no model 'huge'" pretrain -m huge -i "$T/in/pictures.npy" -l "$T/in/labels.npy" -o \
    "$T/o/pre"
refused "no such images" "$T/in/none" 'No such file' pretrain -m cornet-tiny -i "$T/in/none" -l "$T/in/labels.npy" -o \
    "$T/o/pre"
cp -r "$T/pre" "$T/o/done"
refused "an older run" "$T/o/done" "already holds a run \(go on with 'realnet pretrain --resume" pretrain $P -l \
    "$T/in/labels.npy" -s 9 -o "$T/o/done"
done_well "resume when finished" pretrain --resume "$T/pre"
same "resume when finished: the same weights" "$T/pre/realnet.safetensors" "$T/pre2/realnet.safetensors"

# ---- train ----

section train
inputs="-w $W -i $T/in/train.txt -t $T/in/train.npy"
tests="--test-images $T/in/test.txt --test-targets $T/in/test.npy"
header=epoch,train_loss,train_classification,train_generation,train_mse,train_contrast
test_header=$header,test_loss,test_classification,test_generation,test_mse,test_contrast
done_well "first" train $inputs --epochs 2 --lr 0.001 --threads 1 -o "$T/r1"
for file in realnet.safetensors encoder.safetensors loss.csv config.json checkpoint; do
    check "$file" test -s "$T/r1/$file"
done
check "no other file" test "$(ls -A "$T/r1" | wc -l)" -eq 5
holds "the fingerprint is told" "$T/out" 'encoder.safetensors: fingerprint of the weights [0-9a-f]{16}$'
check "config.json" is_json "$T/r1/config.json"
for setting in '"beta": 40' '"epochs": 2' '"batch": 16' '"lr": 0.001' '"seed": 0' '"contrast": "pearson"' \
    '"fidelity": "paper"' '"version": "' \
    'weights=[0-9a-f]{16}' 'images=[0-9a-f]{16}' 'targets=[0-9a-f]{16}'; do
    holds "config.json" "$T/r1/config.json" "$setting"
done
equal "the header of loss.csv" "$(head -n 1 "$T/r1/loss.csv")" $header
equal "a row an epoch" "$(wc -l <"$T/r1/loss.csv")" 3
cat >"$T/figures.awk" <<'AWK'
# Rows 1, 2, ...; at most 9 significant digits, and 9 somewhere; generation = mse + contrast,
# loss = classification + beta x generation.
BEGIN { FS = "," }
function near(a, b) { return a - b <= 1e-7 * (a < 0 ? -a : a) + 1e-7 && b - a <= 1e-7 * (a < 0 ? -a : a) + 1e-7 }
NR > 1 {
    if ($1 != NR - 1 || NF != columns) exit 1
    for (i = 2; i <= NF; i++) {
        if ($i !~ /^-?[0-9]+([.][0-9]+)?(e[-+][0-9]+)?$/) exit 1
        digits = $i
        sub(/e.*/, "", digits); gsub(/[-.]/, "", digits); sub(/^0+/, "", digits)
        if (length(digits) > 9) exit 1
        if (length(digits) == 9) nine = 1
    }
    for (i = 2; i <= NF; i += 5)
        if (!near($(i + 2), $(i + 3) + $(i + 4)) || !near($i, $(i + 1) + beta * $(i + 2))) exit 1
}
END { if (!nine) exit 1 }
AWK
check "the figures of loss.csv" awk -v columns=6 -v beta=40 -f "$T/figures.awk" "$T/r1/loss.csv"
done_well "two threads" train $inputs --epochs 2 --lr 0.001 --threads 2 -o "$T/r2"
same "threads 1 and 2: encoder.safetensors" "$T/r1/encoder.safetensors" "$T/r2/encoder.safetensors"
same "threads 1 and 2: loss.csv" "$T/r1/loss.csv" "$T/r2/loss.csv"
json_well "test set" train $inputs $tests -e 2 --lr 0.001 --threads 1 -o "$T/r3"
equal "test set: the header of loss.csv" "$(head -n 1 "$T/r3/loss.csv")" $test_header
check "test set: the figures" awk -v columns=11 -v beta=40 -f "$T/figures.awk" "$T/r3/loss.csv"
cut -d, -f1,2-6 "$T/r3/loss.csv" | sed -n 2p >"$T/first"
sed -n 2p "$T/r1/loss.csv" >"$T/second"
same "test set: the first epoch is as without" "$T/first" "$T/second"
done_well "--beta 0" train $inputs --beta 0 -e 1 --threads 1 -o "$T/beta0"
check "--beta 0: the figures" awk -v columns=6 -v beta=0 -f "$T/figures.awk" "$T/beta0/loss.csv"
for contrast in pearson spearman released none; do
    done_well "--contrast $contrast" train $inputs --contrast $contrast -e 1 --lr 0.001 --threads 1 -o "$T/c_$contrast"
    check "--contrast $contrast: the figures" awk -v columns=6 -v beta=40 -f "$T/figures.awk" "$T/c_$contrast/loss.csv"
    holds "--contrast $contrast" "$T/c_$contrast/config.json" "\"contrast\": \"$contrast\""
done
equal "--contrast none has no contrast" "$(awk -F, 'END { print $6 }' "$T/c_none/loss.csv")" 0
same "the gradient of released is that of none" "$T/c_none/encoder.safetensors" "$T/c_released/encoder.safetensors"
for contrast in spearman none; do
    differ "pearson and $contrast train alike" "$T/c_pearson/encoder.safetensors" "$T/c_$contrast/encoder.safetensors"
done
run train $inputs $tests --fidelity released -e 3 --lr 0.001 --threads 1 -o "$T/released"
equal "--fidelity released: status" $status 0
check "--fidelity released: weights" test -s "$T/released/encoder.safetensors"
holds "--fidelity released: its contrast" "$T/released/config.json" '"contrast": "released"'
holds "--fidelity released" "$T/released/config.json" '"fidelity": "released"'
done_well "a head that is there already" init -m cornet-tiny -s 1 --outputs 64 -o "$T/in/head64.safetensors"
done_well "a head that is there already" train -w "$T/in/head64.safetensors" -i "$T/in/train.txt" -t \
    "$T/in/train.npy" -e 1 -o "$T/head64"
done_well "a run's weights as a start" train -w "$T/r1/realnet.safetensors" -i "$T/in/train.txt" -t "$T/in/train.npy" \
    -e 1 -o "$T/again"

section "train, wrong input"
R="-o $T/o/run -e 1"
refused "truncated .npy" "$T/in/cut.npy" 'is cut short: its header promises' train -w "$W" -i "$T/in/train.txt" -t \
    "$T/in/cut.npy" $R
cp "$T/in/train.npy" "$T/in/nan.npy"
printf '\000\000\300\177' | put "$T/in/nan.npy" $((128 + 4 * (7 * 64 + 3)))
refused "a NaN in the responses" "$T/in/nan.npy" 'NaN at row 7, column 3 \(counted from 0; responses must be finite' \
    train -w "$W" -i "$T/in/train.txt" -t "$T/in/nan.npy" $R
refused "a NaN in the test responses" "$T/in/nan.npy" 'NaN at row 7, column 3' \
    train $inputs --test-images "$T/in/train.txt" --test-targets "$T/in/nan.npy" $R
cp "$T/in/train.npy" "$T/in/inf.npy"
printf '\000\000\200\377' | put "$T/in/inf.npy" $((128 + 4 * (47 * 64 + 63)))
refused "an infinity in the responses" "$T/in/inf.npy" 'infinity at row 47, column 63' train -w "$W" -i \
    "$T/in/train.txt" -t "$T/in/inf.npy" $R
refused "images and targets differ" "$T/in/test.npy" \
    "20 rows of responses, but $T/in/train.txt has 48 images \(give one row an image" \
    train -w "$W" -i "$T/in/train.txt" -t "$T/in/test.npy" $R
refused "test images and targets differ" "$T/in/train.npy" "48 rows of responses, but $T/in/test.txt has 20 images" \
    train $inputs --test-images "$T/in/test.txt" --test-targets "$T/in/train.npy" $R
first_rows "$responses" '<f4' '(20, 32)' 2560 >"$T/in/narrow.npy"
refused "test targets of another width" "$T/in/narrow.npy" '32 responses an image, but .*train.npy has 64' \
    train $inputs --test-images "$T/in/test.txt" --test-targets "$T/in/narrow.npy" $R
refused "targets of one dimension" "$T/in/labels.npy" 'its shape is \(40,\) \(wanted: \[images, responses\]\)' \
    train -w "$W" -i "$T/in/pictures.npy" -t "$T/in/labels.npy" $R
refused "test images alone" train '--test-images and --test-targets belong together' train $inputs --test-images \
    "$T/in/test.txt" $R
for option in weights images targets output; do
    set -- --weights "$W" --images "$T/in/train.txt" --targets "$T/in/train.npy" --output "$T/o/run"
    for word; do
        shift
        case $word in --*) gone=0 ;; esac
        [ "$word" != --$option ] || gone=1
        [ $gone = 1 ] || set -- "$@" "$word"
    done
    refused "without --$option" train "--$option is missing" train "$@"
done
refused "unknown contrast" --contrast "no contrast 'person' \(did you mean pearson\)" train $inputs $R --contrast person
refused "unknown fidelity" --fidelity "'new' is neither paper nor released" train $inputs $R --fidelity new
refused "no epoch" --epochs '0 is out of range' train $inputs -o "$T/o/run" -e 0
refused "a negative rate" --lr '-1 is out of range' train $inputs $R --lr -1
refused "a negative beta" --beta '-1 is out of range' train $inputs $R --beta -1
refused "no batch" --batch '0 is out of range' train $inputs $R -b 0
refused "the weights are not there" "$T/in/none" 'No such file' train -w "$T/in/none" -i "$T/in/train.txt" -t \
    "$T/in/train.npy" $R
refused "the images are not there" "$T/in/none" 'No such file' train -w "$W" -i "$T/in/none" -t "$T/in/train.npy" $R
refused "a file where the run's folder should be" "$T/o/kept" 'cannot make this folder' train $inputs -o "$T/o/kept"
{ head -n 47 "$T/in/train.txt"; echo "$T/in/cut.ppm"; } >"$T/in/last_cut.txt"
refused "an image is cut short" "$T/in/cut.ppm" 'is cut short' train -w "$W" -i "$T/in/last_cut.txt" -t \
    "$T/in/train.npy" $R
cp -r "$T/r1" "$T/o/older"
refused "an older run" "$T/o/older" "already holds a run \(go on with 'realnet train --resume" train $inputs -e 1 -s \
    9 -o "$T/o/older"
rm "$T/o/older/checkpoint"
refused "an older run without its checkpoint" "$T/o/older" 'already holds the weights of a finished run' train \
    $inputs -e 1 -s 9 -o "$T/o/older"
rm -r "$T/o/older"
run train $inputs --lr 1e6 --beta 1e12 -e 30 -o "$T/diverged"
the_line "a loss that is not finite" 1 "$T/diverged" 'no longer a finite number .*\(use a smaller --lr\)'
check "a loss that is not finite: no weights" is_absent "$T/diverged/realnet.safetensors"
check "a loss that is not finite: no encoder" is_absent "$T/diverged/encoder.safetensors"
check "a loss that is not finite: no temporary" no_temporaries "$T/diverged"

# ---- resume ----

section resume
# Every step is saved; 100 images are 7 steps an epoch, the last one of 4 images.
head -n 100 "$T/in/all_train.txt" >"$T/in/hundred.txt"
first_rows "$responses" '<f4' '(100, 64)' 25600 >"$T/in/hundred.npy"
all="-w $W -i $T/in/hundred.txt -t $T/in/hundred.npy $tests --lr 0.001 -e 4 --threads 1"
done_well "undisturbed" train $all -o "$T/undisturbed"
batch_done()
{
    head -c 4000 "$1/checkpoint" 2>/dev/null | tr ',{}' '\n\n\n' | sed -n 's/.*"batch_done":"\([0-9]*\)".*/\1/p'
}
# pause_in_epoch RUN: begins it, and stops it with SIGSTOP in the middle of its second epoch or later; its process
# number in $started.
pause_in_epoch()
{
    "$program" train $all --checkpoint-minutes 0 -o "$1" >"$T/out" 2>"$T/err" &
    started=$!
    tries=0
    while kill -0 $started 2>/dev/null && [ $tries -lt 600 ]; do
        tries=$((tries + 1))
        if [ -f "$1/loss.csv" ] && [ "$(wc -l <"$1/loss.csv")" -ge 2 ]; then
            kill -STOP $started
            case $(batch_done "$1") in ''|0|7) kill -CONT $started ;; *) return 0 ;; esac
        fi
        sleep 0.05
    done
    kill -9 $started 2>/dev/null
    wait $started
    started=
    return 1
}
# goes_on NAME RUN: resumed, it ends in the same bytes as the undisturbed run.
goes_on()
{
    if [ -e "$2/encoder.safetensors" ]; then fault "$1: there were final weights before the end"; else pass; fi
    done_well "$1: --resume" train --resume "$2" --threads 1
    for file in encoder.safetensors realnet.safetensors loss.csv; do
        same "$1: $file" "$T/undisturbed/$file" "$2/$file"
    done
    check "$1: no temporary" no_temporaries "$2"
}
if pause_in_epoch "$T/killed"; then
    kill -9 $started
    wait $started 2>/dev/null
    equal "killed: status" $? 137
    started=
    echo half >"$T/killed/checkpoint.tmp.1"             # as if it had been killed while it wrote
    cp -r "$T/killed" "$T/o/killed"
    goes_on "killed" "$T/killed"
else
    fault "killed: the run was over before it could be killed"
fi
if pause_in_epoch "$T/ended"; then
    kill -TERM $started
    kill -CONT $started
    wait $started
    status=$?
    started=
    the_line "SIGTERM" 1 "$T/ended" \
        "stopped in epoch [0-9]+ after [0-9]+ steps, all kept \(go on with 'realnet train --resume $T/ended'\)"
    goes_on "SIGTERM" "$T/ended"
    done_well "a finished run, resumed" train --resume "$T/ended"
    same "a finished run, resumed" "$T/undisturbed/encoder.safetensors" "$T/ended/encoder.safetensors"
else
    fault "SIGTERM: the run was over before it could be ended"
fi
if [ -d "$T/o/killed" ]; then
    refused "other options beside --resume" train "--resume goes on with the run's own settings" train --resume \
        "$T/o/killed" --epochs 9
    cp "$W" "$T/in/w_kept"
    cp "$T/in/w5.safetensors" "$W"
    refused "other weights" "$T/o/killed/checkpoint" 'the input files are not those the run began with' train \
        --resume "$T/o/killed"
    cp "$T/in/w_kept" "$W"
    mv "$T/in/test.npy" "$T/in/test_kept"
    refused "an input is gone" "$T/in/test.npy" 'No such file' train --resume "$T/o/killed"
    first_rows "$data/person2/responses_train.npy" '<f4' '(20, 64)' 5120 >"$T/in/test.npy"
    refused "other test responses" "$T/o/killed/checkpoint" 'the input files are not those' train --resume "$T/o/killed"
    mv "$T/in/test_kept" "$T/in/test.npy"
    cp "$T/in/hundred.txt" "$T/in/order_kept"
    sort -r "$T/in/order_kept" >"$T/in/hundred.txt"
    refused "the images in another order" "$T/o/killed/checkpoint" 'the input files are not those' train --resume \
        "$T/o/killed"
    cp "$T/in/order_kept" "$T/in/hundred.txt"
    mv "$T/o/killed/checkpoint" "$T/checkpoint"
    for bytes in 0 5 2000 1000000; do
        head -c $bytes "$T/checkpoint" >"$T/o/killed/checkpoint"
        refused "a checkpoint cut to $bytes bytes" "$T/o/killed/checkpoint" 'cut short|no safetensors file' train \
            --resume "$T/o/killed"
    done
    cp "$W" "$T/o/killed/checkpoint"
    refused "weights as a checkpoint" "$T/o/killed/checkpoint" "no note 'weights'" train --resume "$T/o/killed"
    rm -r "$T/o/killed"
fi
refused "no run" "$T/o/none/checkpoint" 'there is no checkpoint \(' train --resume "$T/o/none"
refused "an empty folder" "$T/in/folder.npy/checkpoint" 'there is no checkpoint \(' train --resume "$T/in/folder.npy"

# ---- full disk ----

section "full disk"
# limited BLOCKS ARGUMENTS...: files may not grow beyond so many blocks of 512 bytes.
limited()
{
    limit=$1
    shift
    (ulimit -f $limit && exec "$program" "$@") >"$T/out" 2>"$T/err"
    status=$?
}
# full NAME WHERE BLOCKS ARGUMENTS...: no file but what was there, and whole small ones of a run.
full()
{
    what=$1 where=$2 blocks=$3
    shift 3
    limited $blocks "$@"
    the_line "$what" 2 "$where" 'cannot write: .*\(free some space'
    check "$what: no temporary" no_temporaries "$T/o"
}
echo older >"$T/o/w.safetensors"
full "init" "$T/o/w.safetensors" 100 init -m cornet-tiny -o "$T/o/w.safetensors"
equal "init: the older file" "$(cat "$T/o/w.safetensors")" older
full "init, a new file" "$T/o/new.safetensors" 100 init -m cornet-tiny -o "$T/o/new.safetensors"
check "init, a new file" is_absent "$T/o/new.safetensors"
cp "$T/o/g/V1.npy" "$T/older.npy"
full "features" "$T/o/g/V1.npy" 8 features -w "$W" -i "$T/in/test.txt" -l V1,IT -o "$T/o/g"
same "features: the older file" "$T/older.npy" "$T/o/g/V1.npy"
check "features: no other file" is_absent "$T/o/g/IT.npy"
full "rdm" "$T/o/r.npy" 4 rdm "$T/in/train.npy" -o "$T/o/r.npy"
check "rdm" is_absent "$T/o/r.npy"
full "train" "$T/o/run/checkpoint" 100 train $inputs -e 1 --threads 1 -o "$T/o/run"
check "train: no checkpoint" is_absent "$T/o/run/checkpoint"
check "train: no weights" is_absent "$T/o/run/encoder.safetensors"
check "train: config.json is whole" is_json "$T/o/run/config.json"
rm -rf "$T/o/run"
limited 1 info --json "$W"
the_line "standard output is a file on a full disk" 2 "standard output" 'cannot write the results'
if [ -c /dev/full ]; then
    for words in --help --version 'train --help' "info $W" "classify -w $W $picture" 'selftest --print' \
        "init -m cornet-tiny -o $T/in/unused"; do
        "$program" $words >/dev/full 2>"$T/err"
        status=$?
        the_line "standard output, $words" 2 "standard output" 'cannot write the results \(is the disk full\?\)'
    done
    snapshot >"$T/before"
    run init -m cornet-tiny -o /dev/full
    the_line "a full device" 2 /dev/full 'No space left on device \(free some space'
else
    skip "/dev/full is not here"
fi
# A small disk of its own: room for one checkpoint, not for two.
mkdir "$T/disk"
if [ "$(id -u)" = 0 ] && mount -t tmpfs -o size=18m tmpfs "$T/disk" 2>/dev/null; then
    mounted=1
    run train $all -o "$T/disk/run"
    the_line "train" 2 "$T/disk/run/checkpoint" 'No space left on device \(free some space .*nothing was left behind\)'
    check "train: no temporary" no_temporaries "$T/disk"
    check "train: the first checkpoint is kept" test -s "$T/disk/run/checkpoint"
    mount -o remount,size=80m "$T/disk"
    goes_on "train" "$T/disk/run"
    umount "$T/disk" && mounted=
else
    skip "a small disk needs root and mount"
fi

# ---- rdm and rsa ----

section rdm
done_well "pearson" rdm "$T/in/train.npy" -o "$T/p.npy"
equal "shape" "$(npy_shape "$T/p.npy")" "(48, 48)"
for metric in pearson cosine euclidean; do
    json_well "$metric" rdm "$T/in/train.npy" -o "$T/$metric.npy" --metric $metric
    # Each value as its eight bytes, so that od's byte order does not matter.
    tail -c +129 "$T/$metric.npy" | od -An -v -tx1 | tr -d ' \n' | fold -w 16 >"$T/values"
    check "$metric: symmetric, zero diagonal, not negative" awk '{ d[int((NR - 1) / 48), (NR - 1) % 48] = $0 "" }
        END { for (i = 0; i < 48; i++) for (j = 0; j <= i; j++) {
                sign = substr(d[i, j], 15, 1)
                if (d[i, j] != d[j, i] || (d[i, j] == "0000000000000000") != (i == j) || sign !~ /[0-7]/) exit 1 }
            exit NR != 48 * 48 }' "$T/values"
done
same "pearson is the default" "$T/p.npy" "$T/pearson.npy"
first_rows "$responses" '<f4' '(3, 16, 64)' 12288 >"$T/in/sets.npy"
done_well "sets" rdm "$T/in/sets.npy" -o "$T/sets.npy"
equal "sets: shape" "$(npy_shape "$T/sets.npy")" "(3, 16, 16)"
D="-o $T/o/r.npy"
refused "no output" rdm '--output is missing' rdm "$T/in/train.npy"
refused "unknown metric" --metric "no metric 'cosinus' \(did you mean cosine\)" rdm "$T/in/train.npy" $D -m cosinus
refused "a NaN" "$T/in/nan.npy" 'NaN at row 7, column 3 \(counted from 0; features' rdm "$T/in/nan.npy" $D
refused "truncated" "$T/in/cut.npy" 'is cut short' rdm "$T/in/cut.npy" $D
refused "empty" "$T/in/empty.npy" 'only 0 bytes long' rdm "$T/in/empty.npy" $D
refused "one dimension" "$T/in/labels.npy" 'its shape is \(40,\) \(wanted: \[items, features\]' rdm \
    "$T/in/labels.npy" $D
{ npy_header '<i4' '(3, 2)'; int32 1 2 5 5 3 1; } >"$T/in/flat.npy"
refused "a row without variance" "$T/in/flat.npy" 'row 1 has the same value everywhere' rdm "$T/in/flat.npy" $D
done_well "a row without variance, euclidean" rdm "$T/in/flat.npy" -o "$T/flat.npy" -m euclidean

section decode
first_rows "$responses" '<f4' '(20, 12, 8, 8)' 61440 >"$T/in/single.npy"
small="--average 2 --folds 3 --window 3 --step 2"
done_well "decode" decode "$T/in/single.npy" -o "$T/d.npy" $small --threads 1
equal "shape" "$(npy_shape "$T/d.npy")" "(3, 20, 20)"
tail -c +129 "$T/d.npy" | od -An -v -tx1 | tr -d ' \n' | fold -w 16 >"$T/values"
check "symmetric, zero diagonal, else from 0 to 1" awk '{ d[int((NR - 1) / 400), int((NR - 1) / 20) % 20, (NR - 1) % 20] = $0 "" }
    END { for (t = 0; t < 3; t++) for (i = 0; i < 20; i++) for (j = 0; j <= i; j++) {
            high = substr(d[t, i, j], 15, 2)
            if (d[t, i, j] != d[t, j, i] || (i == j && d[t, i, j] !~ /^0+$/) || (high != "3f" && high != "00")) exit 1 }
        exit NR != 1200 }' "$T/values"
done_well "threads" decode "$T/in/single.npy" -o "$T/d2.npy" $small --threads 3
same "threads 1 and 3: the same bytes" "$T/d.npy" "$T/d2.npy"
json_well "another seed" decode "$T/in/single.npy" -o "$T/d2.npy" $small --seed 1
differ "another seed, other folds" "$T/d.npy" "$T/d2.npy"
done_well "lda" decode "$T/in/single.npy" -o "$T/d2.npy" $small --classifier lda --csv "$T/d.csv"
differ "lda is another classifier" "$T/d.npy" "$T/d2.npy"
equal "--csv: the header" "$(head -n 1 "$T/d.csv")" point,from,to,accuracy
equal "--csv: the windows" "$(cut -d, -f1-3 "$T/d.csv" | tail -n +2 | tr '\n' ' ')" "0,0,2 1,2,4 2,4,6 "
check "--csv: standard output is empty" test ! -s "$T/out"
done_well "no smoothing" decode "$T/in/single.npy" -o "$T/d2.npy" $small --smooth 1
differ "smoothing" "$T/d.npy" "$T/d2.npy"
done_well "a device" decode "$T/in/single.npy" -o /dev/null $small
check "a device has no neighbour" is_absent /dev/null.partial
# About three seconds of work, killed when a few pairs are done.
long="$T/in/single.npy --average 2 --folds 2 --repeats 1500 --window 8 --threads 1"
done_well "undisturbed" decode $long -o "$T/d.npy"
"$program" decode $long -o "$T/killed.npy" >"$T/out" 2>"$T/err" &
started=$! tries=0
while kill -0 $started 2>/dev/null && [ $tries -lt 600 ] && [ "$(wc -c 2>/dev/null <"$T/killed.npy.partial" || echo 0)" -lt 150 ]; do
    tries=$((tries + 1))
    sleep 0.02
done
kill -9 $started 2>/dev/null
wait $started 2>/dev/null
equal "killed: status" $? 137
started=
check "killed: no result yet" is_absent "$T/killed.npy"
cp "$T/killed.npy.partial" "$T/kept"
for state in "as it was" "cut in a row" "a byte changed" "of other settings"; do
    cp "$T/kept" "$T/killed.npy.partial"
    case $state in
    "cut in a row") head -c $(($(wc -c <"$T/kept") - 5)) "$T/kept" >"$T/killed.npy.partial" ;;
    "a byte changed") printf x | put "$T/killed.npy.partial" $(($(head -n 1 "$T/kept" | wc -c) + 2)) ;;
    "of other settings") printf x | put "$T/killed.npy.partial" $(($(head -n 1 "$T/kept" | wc -c) - 3)) ;;
    esac
    run decode $long -o "$T/killed.npy"
    equal "killed, $state: status" $status 0
    case $state in
    "of other settings") holds "killed, $state" "$T/err" 'warning: it is of another input or other settings' ;;
    "a byte changed") holds "killed, $state" "$T/err" '^decode: goes on after 0 of 190 pairs' ;;
    *) holds "killed, $state" "$T/err" '^decode: goes on after [1-9][0-9]* of 190 pairs' ;;
    esac
    same "killed, $state: the same bytes" "$T/d.npy" "$T/killed.npy"
    check "killed, $state: nothing left" is_absent "$T/killed.npy.partial"
    rm "$T/killed.npy"
done
D="$T/in/single.npy -o $T/o/d.npy $small"
refused "no output" decode '--output is missing' decode "$T/in/single.npy"
refused "three dimensions" "$T/in/sets.npy" 'its shape is \(3, 16, 64\) \(wanted: \[items, trials, channels, times\]' decode "$T/in/sets.npy" \
    -o "$T/o/d.npy"
refused "too few trials" "$T/in/single.npy" 'its 12 trials, averaged by 5, are 2 pseudo-trials an item, too few for 5 folds' decode \
    "$T/in/single.npy" -o "$T/o/d.npy"
refused "a long window" "$T/in/single.npy" 'it has 8 samples in time, but the window is 9 long' decode $D --window 9
refused "one fold" --folds '1 is out of range' decode $D --folds 1
refused "no step" --step '0 is out of range' decode $D --step 0
refused "no cost" --cost '0 is out of range' decode $D --cost 0
refused "unknown classifier" --classifier "no classifier 'knn' \(svm or lda\)" decode $D --classifier knn
refused "a folder" "$T/o" 'this is a folder' decode "$T/in/single.npy" -o "$T/o" $small
refused "no folder" "$T/none/d.npy" 'cannot keep the pairs that are done in .*No such file' decode "$T/in/single.npy" -o "$T/none/d.npy" $small
cp "$T/in/single.npy" "$T/in/hole.npy"
printf '\000\000\300\177' | put "$T/in/hole.npy" $((128 + 4 * (2 * 768 + 3 * 64 + 1 * 8 + 5)))
refused "a NaN" "$T/in/hole.npy" 'NaN at \(2, 3, 1, 5\) \(counted from 0; responses' decode "$T/in/hole.npy" -o "$T/o/d.npy" $small
{ npy_header '<f4' '(3, 12, 2, 8)'; head -c 2304 /dev/zero; } >"$T/in/flat.npy"
refused "no variance" "$T/in/flat.npy" 'items 0 and 1 \(counted from 0\) cannot be told apart by lda' decode "$T/in/flat.npy" -o "$T/o/d.npy" \
    $small --classifier lda --quiet
done_well "no variance, svm" decode "$T/in/flat.npy" -o "$T/d2.npy" $small

section rsa
done_well "with itself" rsa --model "$T/pearson.npy,$T/cosine.npy" --brain "$T/pearson.npy"
holds "with itself" "$T/out" '/pearson.npy +[^ ]*/pearson.npy +1\.000000$'
json_well "a stack" rsa -m "$T/sets.npy" -b "$T/sets.npy"
equal "a stack: pairs" "$(grep -c '"spearman".*\|"pairs"' "$T/out")" 12
refused "no model" rsa '--model is missing' rsa -b "$T/p.npy"
refused "no brain" rsa '--brain is missing' rsa -m "$T/p.npy"
refused "an empty name" --model 'it is empty' rsa -m "" -b "$T/p.npy"
refused "an empty name" --brain 'it is empty' rsa -m "$T/p.npy" -b ,
refused "sizes differ" "$T/p.npy" 'has 48 items, but .*sets.npy\[0\] has 16 \(' rsa -m "$T/p.npy" -b "$T/sets.npy"
refused "no square" "$T/in/train.npy" 'its shape is \(48, 64\) \(wanted: \[items, items\]' rsa -m "$T/in/train.npy" \
    -b "$T/p.npy"
first_rows "$responses" '<f4' '(8, 8)' 256 >"$T/in/square.npy"
refused "not symmetric" "$T/in/square.npy" 'it is not symmetric: row [0-9]+, column [0-9]+' rsa -m "$T/in/square.npy" \
    -b "$T/in/square.npy"
{ npy_header '<i4' '(3,)'; int32 0 5 48; } >"$T/in/subset.npy"
refused "a subset out of range" "$T/in/subset.npy" 'entry 2 is 48, but .* has conditions 0 to 47' rsa -m "$T/p.npy" \
    -b "$T/p.npy" --subset "$T/in/subset.npy"
refused "a subset of fractions" "$T/in/train.npy" 'entry 0 is .* whole numbers' rsa -m "$T/p.npy" -b "$T/p.npy" \
    --subset "$T/in/train.npy"

section "real data"
# Known answers of the data's README: subject, monkey IT, EVA, HMAX; all 92 images, then the 32 test images.
if [ -f "$shared/patterns_sub-1.npy" ]; then
    brains=$shared/monkey_it_rdm.npy,$shared/early_visual_rdm.npy,$shared/hmax_rdm.npy
    {
        npy_header '<i8' '(32,)'
        for n in $(sed -n 's/^test//p' "$shared/split.txt" | tr -c '0-9\n' ' '); do int32 $n 0; done
    } >"$T/test_only.npy"
    while read -r images subject answers; do
        done_well "$subject: rdm" rdm "$shared/patterns_$subject.npy" -o "$T/$subject.npy"
        set -- --model "$T/$subject.npy" --brain "$brains"
        [ "$images" = all ] || set -- "$@" --subset "$T/test_only.npy"
        json_well "$subject, $images images" rsa "$@"
        got=$(sed -n '1,/"best"/s/.*"spearman": \([^}]*\)}.*/\1/p' "$T/out" | head -n 3 | tr '\n' ' ')
        if echo "$got $answers" |
            awk '{ for (i = 1; i <= 3; i++) if (($i - $(i + 3)) ^ 2 > 1e-12) exit 1; exit NF != 6 }'; then
            pass
        else
            fault "$subject, $images images: got $got, wanted $answers"
        fi
    done <<'ANSWERS'
all sub-1 0.344511 0.216201 0.245540
all sub-2 0.219805 0.368689 0.094763
all sub-3 0.409012 0.092070 0.098483
all sub-4 0.211970 0.304596 0.200688
test sub-1 0.382415 0.171711 0.345555
test sub-2 0.305768 0.353292 0.134777
test sub-3 0.392852 0.086595 0.144371
test sub-4 0.273795 0.211005 0.283515
ANSWERS
    done_well "scan 1 with scan 2" rsa --model "$shared/human_it_rdms.npy" --brain "$shared/human_it_rdms.npy"
    for pair in 0:1:0.277002 2:3:0.095366 4:5:0.382460 6:7:0.119591; do
        first=${pair%%:*} rest=${pair#*:}
        got=$(awk -v a="[$first]" -v b="[${rest%:*}]" 'index($1, a) && index($2, b) { print $3 }' "$T/out")
        equal "scan 1 with scan 2" "$got" "${rest#*:}"
    done
else
    skip "$shared is not here"
fi

# ---- selftest, demo ----

section selftest
run selftest --json
check "strict JSON" is_json "$T/out"
equal "status: the golden values are as stored" $status 0
cp "$T/out" "$T/first"
run selftest --json --threads 2
same "threads" "$T/first" "$T/out"

section demo
if [ -n "$demo_number" ]; then
    done_well "two threads" demo -o "$T/demo2" --data "$data" --threads 2 --quiet
    cp "$T/out" "$T/demo2.out"
    wait $demo_number
    equal "one thread: status" $? 0
    demo_number=
    for run in demo1 demo2; do
        check "report.html" test -s "$T/$run/report.html"
        holds "report.html is a page" "$T/$run/report.html" '</html>'
        holds "report.html has figures" "$T/$run/report.html" '<svg'
        grep -E '(src|href)="?https?:' "$T/$run/report.html" >"$T/links"
        equal "report.html needs no network" "$(cat "$T/links")" ''
        check "a figure beside it" test -n "$(find "$T/$run" -name '*.svg')"
        tail -n 1 "$T/$run.out" >"$T/$run.last"
        holds "the last line is the fingerprint" "$T/$run.last" '^fingerprint of the final weights: [0-9a-f]{16}$'
        check "no temporary" no_temporaries "$T/$run"
    done
    same "threads 1 and 2: the same fingerprint" "$T/demo1.last" "$T/demo2.last"
    weights=person3-realnet/encoder.safetensors
    same "threads 1 and 2: the same weights" "$T/demo1/$weights" "$T/demo2/$weights"
    same "threads 1 and 2: the same report" "$T/demo1/report.html" "$T/demo2/report.html"
else
    skip "QUICK is set"
fi
refused "the study is not there" "$T/o" 'the bundled study is not here' demo --data "$T/o" -o "$T/o/demo"
mkdir "$T/o/part"
cp "$data/test.txt" "$T/o/part"
ln -s "$data/images" "$T/o/part/images"
refused "a part of the study is not there" "$T/o/part/person1/test_V1.npy" 'No such file' demo --data "$T/o/part" -o \
    "$T/o/demo"

if [ $skipped -gt 0 ]; then
    echo "$passed passed, $failed failed, $skipped skipped"
else
    echo "$passed passed, $failed failed"
fi
[ $failed -eq 0 ]
