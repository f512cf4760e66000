#!/bin/sh
# race_openblas.sh [ROUNDS]: rn_gemm 960 x 2048 x 2304 on one thread beside OpenBLAS's sgemm, for gcc and clang and each
# instruction set. A line is one process in which realnet, OpenBLAS and the limit take turns (race_openblas.c). Each build
# meets OpenBLAS twice: with the core type that is its best on this machine, and with its best of the same instruction set.
# OpenBLAS is looked for in $OPENBLAS (a path), build/openblas, then the system. What is not installed is skipped, and told.
set -u
cd "$(dirname "$0")/../.." || exit 1
rounds=${1:-9}
work=build/bench
mkdir -p "$work"

find_openblas() {
    if [ -n "${OPENBLAS:-}" ]; then echo "$OPENBLAS"; return; fi
    found=$(find build/openblas -name 'libopenblas.so.0' 2>/dev/null | head -n 1)
    [ -n "$found" ] || found=$(ldconfig -p 2>/dev/null | sed -n 's/.*libopenblas.so.0 .*=> //p' | head -n 1)
    [ -z "$found" ] || realpath "$found"
}

has() { grep -q -w -m 1 "$1" /proc/cpuinfo 2>/dev/null; }

# build COMPILER MARCH PROGRAM: the Makefile's flags but for -march
build() {
    openmp=$(echo 'int main(void){return 0;}' | "$1" -fopenmp -x c - -o /dev/null 2>/dev/null && echo -fopenmp)
    "$1" -std=c99 -O3 -ffp-contract=off -fno-math-errno "-march=$2" $openmp -Wno-unknown-pragmas -D_POSIX_C_SOURCE=200809L \
        tests/bench/race_openblas.c realnet.c -lm -ldl -o "$3"
}

# run PROGRAM CORE ROUNDS: CORE may be "detected"; a core type that this processor cannot run prints nothing
run() {
    if [ "$2" = detected ]; then set -- "$1" '' "$3"; fi
    OPENBLAS_CORETYPE=$2 OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 "$1" "$library" "$3"
}

# best PROGRAM CORE...: the core type with the highest rate of OpenBLAS; each is told
best() {
    program=$1
    shift
    for core in "$@"; do
        line=$(run "$program" "$core" 3 2>/dev/null) && echo "$core $line"
    done | sort -k 4,4 -n -r | tee "$work/cores" | awk '{ printf "  %-16s runs %-16s %8.1f GFLOP/s\n", $1, $2, $4 }' >&2
    head -n 1 "$work/cores" | cut -d ' ' -f 1
}

# rows COMPILER SET MARCH CORE: CORE is OpenBLAS's best of the same instruction set
rows() {
    program=$work/openblas_$1_$2
    if ! command -v "$1" >/dev/null 2>&1; then
        printf '%-6s %-8s skipped: %s is not installed\n' "$1" "$2" "$1"
        return
    fi
    if ! build "$1" "$3" "$program"; then
        printf '%-6s %-8s FAILED to build\n' "$1" "$2"
        status=1
        return
    fi
    for core in $(printf '%s\n' "$best_core" "$4" | awk '!seen[$0]++'); do
        if line=$(run "$program" "$core" "$rounds"); then
            printf '%-6s %-8s %8s %8s %-14s %6s %8s %6s\n' "$1" "$2" $(echo "$line" | awk '{ print $2, $3, $1, $4, $5, $6 }')
        else
            printf '%-6s %-8s FAILED beside core type %s\n' "$1" "$2" "$core"
            status=1
        fi
    done
}

sh tests/bench/machine.sh
library=$(find_openblas)
if [ -z "$library" ]; then
    echo 'skipped: OpenBLAS is not installed. To fetch it without changing which BLAS the system uses:'
    echo '  mkdir -p build/openblas && cd build/openblas && apt-get download libopenblas0-pthread && dpkg -x libopenblas0-pthread_*.deb .'
    exit 0
fi
compiler=
for candidate in gcc clang; do
    command -v $candidate >/dev/null 2>&1 && { compiler=$candidate; break; }
done
if [ -z "$compiler" ]; then
    echo 'skipped: neither gcc nor clang is installed'
    exit 0
fi
if ! build "$compiler" native "$work/openblas_probe"; then
    echo 'race_openblas.sh: the program does not build' >&2
    exit 1
fi

echo "OpenBLAS: $library"
echo 'its core types here:' >&2
status=0 sets='NATIVE' wide='' middle='' narrow=''
if [ "$(uname -m)" = x86_64 ]; then
    sets='SSE2'
    narrow=$(best "$work/openblas_probe" Nehalem Prescott)
    if has avx2 && has fma; then sets="AVX2 $sets" middle=$(best "$work/openblas_probe" Haswell Zen); fi
    if has avx512f; then
        others=SkylakeX
        has avx512_bf16 && others="$others Cooperlake SapphireRapids"
        sets="AVX-512 $sets" wide=$(best "$work/openblas_probe" $others)
    fi
fi
best_core=$(best "$work/openblas_probe" detected $wide $middle $narrow)
echo "960 x 2048 x 2304, one thread, GFLOP/s, medians of $rounds rounds; limit: multiply + add apart in registers"
printf '%-6s %-8s %8s %8s %-14s %6s %8s %6s\n' '' set realnet OpenBLAS '(core type)' ratio limit share
for compiler in gcc clang; do
    for set in $sets; do
        case $set in
        AVX-512) rows $compiler $set native "$wide" ;;
        AVX2) rows $compiler $set haswell "$middle" ;;
        SSE2) rows $compiler $set x86-64 "$narrow" ;;
        NATIVE) rows $compiler $set native "$best_core" ;;
        esac
    done
done
exit $status
