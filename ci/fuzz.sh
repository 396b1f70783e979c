#!/usr/bin/env bash
# Fuzzes harnesses, one after the other, and keeps what ends one of them. Called by `make fuzz`.
#   ci/fuzz.sh SECONDS WHAT...
# SECONDS are seconds of the processor, so a busy machine fuzzes longer, not less. New inputs go to
# build-fuzz/corpus/<what>, inputs that end a harness to build-fuzz/found/<what>; the committed corpus is only read.
# Exit code 1 if there was such an input.
set -u
TIMEFORMAT="%U %S" # what the shell prints after `time`: seconds of the processor
seconds=$1
shift

# fuzz WHAT FOR: runs the harness FOR seconds, its log in $log, the seconds of the processor in $log.time
fuzz() {
  local new=build-fuzz/corpus/$1 dictionary=()
  [ -e "tests/fuzz/$1.dict" ] && dictionary=("-dict=tests/fuzz/$1.dict")
  { time "build-fuzz/tests/fuzz/fuzz_$1" -max_total_time="$2" -max_len=4096 -timeout=20 -rss_limit_mb=2048 \
    -print_final_stats=1 "${dictionary[@]}" -artifact_prefix="$bad/" "$new" "tests/fuzz/corpus/$1" >"$log" 2>&1; } \
    2>"$log.time"
}

found=0
for what in "$@"; do
  bad=build-fuzz/found/$what log=build-fuzz/$what.log
  [ -x "build-fuzz/tests/fuzz/fuzz_$what" ] || { echo "$what: not built; run: make fuzz FUZZED=$what" >&2; exit 2; }
  mkdir -p "build-fuzz/corpus/$what" "$bad"
  spent=0 inputs=0 ended=
  # libFuzzer counts seconds of the clock: it runs again until the processor has spent the seconds asked for
  for_s=$seconds
  while [ "$for_s" -gt 0 ] && [ -z "$ended" ]; do
    fuzz "$what" "$for_s" || ended=1
    spent=$(awk "{print $spent + \$1 + \$2}" "$log.time")
    inputs=$((inputs + $(sed -n 's/^stat::number_of_executed_units: *//p' "$log" | grep . || echo 0)))
    for_s=$(awk "BEGIN {print int($seconds - $spent + 1 - 1e-9)}")
  done
  if [ -z "$ended" ]; then
    printf '%-12s %9s inputs tried in %5.0f CPU seconds, %s\n' "$what" "$inputs" "$spent" \
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
