#!/usr/bin/env bash
# Fuzzes harnesses, one after the other, and keeps what ends one of them. Called by `make fuzz`.
#   ci/fuzz.sh SECONDS WHAT...
# New inputs go to build-fuzz/corpus/<what>, inputs that end a harness to build-fuzz/found/<what>; the committed corpus
# is only read. Exit code 1 if there was such an input.
set -u
TIMEFORMAT="%U + %S" # what the shell prints after `time`: seconds of the processor
seconds=$1
shift
found=0
for what in "$@"; do
  new=build-fuzz/corpus/$what bad=build-fuzz/found/$what log=build-fuzz/$what.log
  [ -x "build-fuzz/tests/fuzz/fuzz_$what" ] || { echo "$what: not built; run: make fuzz FUZZED=$what" >&2; exit 2; }
  mkdir -p "$new" "$bad"
  dictionary=()
  [ -e "tests/fuzz/$what.dict" ] && dictionary=("-dict=tests/fuzz/$what.dict")
  if { time "build-fuzz/tests/fuzz/fuzz_$what" -max_total_time="$seconds" -max_len=4096 -timeout=20 \
    -rss_limit_mb=2048 -print_final_stats=1 "${dictionary[@]}" -artifact_prefix="$bad/" "$new" \
    "tests/fuzz/corpus/$what" >"$log" 2>&1; } 2>"$log.time"; then
    printf '%-12s %9s inputs tried in %5.0f CPU seconds, %s\n' "$what" \
      "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")" "$(awk "{print \$1 + \$3}" "$log.time")" \
      "$(grep -oE 'DONE +cov: [0-9]+' "$log" | tail -1 | sed 's/DONE *cov:/edges reached:/')"
  else
    grep -E -m1 -A14 'ERROR: |runtime error: |does not hold: ' "$log"
    grep -E '^SUMMARY|Test unit written' "$log"
    echo "$what: ended by the input named above; run it again with build-fuzz/tests/fuzz/fuzz_$what FILE, and after the" \
      "repair put it into tests/fuzz/corpus/$what"
    found=1
  fi
done
exit $found
