#!/bin/sh
# run.sh: the golden values with every compiler, flag and thread count at hand, and on a big-endian machine under qemu.
# A target whose tools are missing is told as skipped. Ends with "N passed, N failed". Run from the project's folder.
set -u
build=${1:-build}/portable
mkdir -p "$build"
sources="realnet.c cli/golden.c cli/golden_values.c tests/portable/main.c"
passed=0 failed=0 skipped=0 first=

# target NAME COMMAND-TO-RUN COMPILER FLAGS...: %s in the run command is the program
target() {
    name=$1 runner=$2 compiler=$3
    shift 3
    if ! command -v "$compiler" >/dev/null 2>&1 || { [ -n "$runner" ] && ! command -v "$runner" >/dev/null 2>&1; }; then
        printf '%-34s skipped: %s is not installed\n' "$name" "$compiler${runner:+ or $runner}"
        skipped=$((skipped + 1))
        return
    fi
    program=$build/golden
    if ! "$compiler" -std=c99 "$@" $sources -o "$program" -lm >"$build/log" 2>&1; then
        printf '%-34s FAILED to build: %s\n' "$name" "$(head -n 1 "$build/log")"
        failed=$((failed + 1))
        return
    fi
    for threads in ${thread_counts:-1}; do
        said=$($runner "$program" "$threads") && [ "${first:=$said}" = "$said" ]
        if [ $? -eq 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); said="FAILED: $said"; fi
        printf '%-34s %s thread(s)  %s\n' "$name" "$threads" "$said"
    done
}

off=-ffp-contract=off
target 'gcc -O0' '' gcc -O0 $off
target 'gcc -O2' '' gcc -O2 $off
target 'gcc -O3 -march=native' '' gcc -O3 -march=native $off
target 'gcc -O3 -march=native, plain C' '' gcc -O3 -march=native -DRN_PLAIN_C $off
target 'gcc -O3 -mavx2 -mfma' '' gcc -O3 -mavx2 -mfma $off
thread_counts='1 2 3 8'
target 'gcc -O3 -march=native -fopenmp' '' gcc -O3 -march=native -fopenmp $off
target 'clang -O3 -march=native -fopenmp' '' clang -O3 -march=native -fopenmp $off
thread_counts=1
target 'clang -O0' '' clang -O0 $off
target 'clang -O3 -march=native' '' clang -O3 -march=native $off
target 'clang -O3 -march=native, plain C' '' clang -O3 -march=native -DRN_PLAIN_C $off
target 'tcc' '' tcc
target 'aarch64 (NEON), gcc -O3' qemu-aarch64 aarch64-linux-gnu-gcc -O3 $off -static
target 's390x (big-endian), gcc -O2' qemu-s390x s390x-linux-gnu-gcc -O2 $off -fexcess-precision=fast -static
target 's390x (big-endian), plain -std=c99' qemu-s390x s390x-linux-gnu-gcc -O2 -static
printf '%d passed, %d failed, %d skipped\n' $passed $failed $skipped
[ $failed -eq 0 ]
