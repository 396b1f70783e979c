#!/usr/bin/env bash
# Runs test programs and prints, per program, its counts and seconds, then the wall time, then the totals on the last line.
#   tests/run.sh PROGRAM...
# JOBS programs run at once (default: the number of cores); the output keeps the order of the arguments.
#
# A CMocka program counts by its "[       OK ]", "[  FAILED  ]" and "[  SKIPPED ]" lines, a script *.sh by its lines
# "ok ..." and "not ok ...". A program that fails, crashes or runs no test counts as a failed test; the last 60 lines of
# its output are then shown. Exit code 0 if at least one test passed and none failed, 130 if interrupted.
#
# A program that needs the machine to itself carries a line starting "# serial" or "/* serial" among the first 40 lines
# of its source. It runs after the others, alone.
set -um
jobs=${JOBS:-$(nproc)}
build=${BUILD:-build}
results=$(mktemp -d)
# busy waiting would take the cores from programs that run concurrently
[ "$jobs" -gt 1 ] && export OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-passive}

# every program runs in a process group of its own, so that whatever it started ends with it
declare -A running=()
end_all() {
  trap '' INT TERM HUP
  exec 2>/dev/null # no job-control messages
  for pid in "${!running[@]}"; do kill -TERM -- "-$pid" 2>/dev/null; done
  [ ${#running[@]} -gt 0 ] && sleep 0.5
  for pid in "${!running[@]}"; do kill -KILL -- "-$pid" 2>/dev/null; done
  rm -rf "$results"
  echo "interrupted"
  exit 130
}
trap end_all INT TERM HUP
trap 'rm -rf "$results"' EXIT

microseconds() { echo "${EPOCHREALTIME/[.,]/}"; }
# seconds MICROSECONDS: with one decimal, whatever the locale
seconds() { local tenths=$((($1 + 50000) / 100000)); echo "$((tenths / 10)).$((tenths % 10))"; }

# source_of PROGRAM: the file that holds its marker
source_of() {
  case $1 in
    *.sh) echo "$1" ;;
    */tests/*) echo "tests/${1##*/tests/}.c" ;;
    *) echo "$1.c" ;;
  esac
}
is_serial() { head -40 "$(source_of "$1")" 2>/dev/null | grep -qE '^(# |/\* )serial\b'; }

# run_one INDEX PROGRAM: leaves output, exit code and microseconds in the results folder
run_one() {
  local begin code=0 program=$2
  set +m # the program stays in this group
  begin=$(microseconds)
  case $program in
    *.sh) bash "$program" ;;
    /*)   "$program" ;;
    *)    "./${program#./}" ;;
  esac >"$results/$1.out" 2>&1 </dev/null || code=$?
  echo "$code $(($(microseconds) - begin))" >"$results/$1.new"
  mv "$results/$1.new" "$results/$1.end"
}

passed=0 failed=0 skipped=0
# report INDEX PROGRAM: prints the line of a finished program and adds its counts
report() {
  local program=$2 output=$results/$1.out code=1 took=0 ok bad skip note=
  [ -e "$results/$1.end" ] && read -r code took <"$results/$1.end"
  touch "$output"
  case $program in
    *.sh) ok=$(grep -ac '^ok ' "$output"); bad=$(grep -ac '^not ok ' "$output"); skip=0 ;;
    # the summary at the end names each failed and skipped test again
    *)    ok=$(grep -ac '\[       OK \]' "$output")
          bad=$(($(grep -a '\[  FAILED  \]' "$output" | grep -avc 'test(s)') / 2))
          skip=$(($(grep -a '\[  SKIPPED \]' "$output" | grep -avc 'test(s)') / 2)) ;;
  esac
  [ "$code" -ne 0 ] && [ "$bad" -eq 0 ] && bad=1
  [ "$code" -gt 128 ] && note="killed by signal $((code - 128)) ($(kill -l $((code - 128)) 2>/dev/null))"
  if [ "$ok" -eq 0 ] && [ "$bad" -eq 0 ] && [ "$skip" -eq 0 ]; then bad=1 note="no test ran"; fi
  passed=$((passed + ok)) failed=$((failed + bad)) skipped=$((skipped + skip))
  printf '%-52s %3d passed, %d failed%s %*s s\n' "${program#"$build"/}" "$ok" "$bad" \
    "$([ "$skip" -gt 0 ] && echo ", $skip skipped")" $((skip > 0 ? 7 : 18)) "$(seconds "$took")"
  if [ "$bad" -gt 0 ]; then
    tail -60 "$output"
    [ -n "$note" ] && echo "$note"
  fi
}

programs=("$@") printed=0
# prints what is finished, as far as nothing before it is missing
print_finished() {
  while [ "$printed" -lt ${#programs[@]} ] && [ -e "$results/$printed.end" ]; do
    report "$printed" "${programs[printed]}"
    printed=$((printed + 1))
  done
}
# wait_below N: until fewer than N programs run
wait_below() {
  local pid
  while [ ${#running[@]} -ge "$1" ] && [ ${#running[@]} -gt 0 ]; do
    wait -n "${!running[@]}" 2>/dev/null
    for pid in "${!running[@]}"; do
      kill -0 "$pid" 2>/dev/null && continue
      kill -KILL -- "-$pid" 2>/dev/null # what the program left behind
      [ -e "$results/${running[$pid]}.end" ] || echo "1 0" >"$results/${running[$pid]}.end"
      unset "running[$pid]"
    done
    print_finished
  done
}
start() {
  run_one "$1" "${programs[$1]}" 2>/dev/null &
  running[$!]=$1
}

# bash has read all of this file before the first program runs, so it may be edited meanwhile
main() {
  local begin i serial=()
  begin=$(microseconds)
  for i in "${!programs[@]}"; do
    if is_serial "${programs[i]}"; then serial+=("$i"); continue; fi
    wait_below "$jobs"
    start "$i"
  done
  wait_below 1
  for i in "${serial[@]}"; do
    start "$i"
    wait_below 1
  done
  print_finished
  echo "$(seconds $(($(microseconds) - begin))) s, $jobs at once"
  echo "$passed passed, $failed failed, $skipped skipped"
  [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}
main; exit
