#!/bin/sh
# run.sh BUILD: every test a plain machine can run; the last line adds them up. Run from the project's folder.
build=${1:-build}
log=$build/tests.log
status=0
: > "$log"
"$build/tests/run" 2>&1 | tee -a "$log"
sh tests/test_program.sh ./realnet 2>&1 | tee -a "$log"
awk '/^[0-9]+ passed, [0-9]+ failed/ { suites++; p += $1; f += $3; if ($6 == "skipped") s += $5 }
     END { if (suites < 2) f += 2 - suites             # a suite that died counts as a failure
           printf "\n"; if (s) printf "%d passed, %d failed, %d skipped\n", p, f, s; else printf "%d passed, %d failed\n", p, f; exit f != 0 }' "$log" || status=1
exit $status
