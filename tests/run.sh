#!/usr/bin/env bash
# Runs test programs and prints, per program, its counts and seconds, then the wall time, then the totals on the last line.
#   tests/run.sh PROGRAM...
# JOBS programs run at once (1 to 9999, default: the number of cores); the output keeps the order of the arguments.
# A program that has not ended after TEST_TIMEOUT seconds (1 to 999999, default 1200) is ended and counts as failed.
#
# Skipped tests are listed with their reasons and counts at the end. A CMocka test gives its reason by skip_because()
# (tests/support/unit.h), a script by skip (tests/cli/check.sh).
#
# A CMocka program counts by its "[       OK ]", "[  FAILED  ]" and "[  SKIPPED ]" lines, a script *.sh by its lines
# "ok ...", "not ok ..." and "skip NAME: REASON". A program that fails, crashes or runs no test counts as a failed test;
# the last 60 lines of its output are then shown. Exit code 0 if at least one test passed and none failed, 1 if not, 2 if the programs cannot be
# run (a wrong setting, a temporary folder that is missing or full), 130 if interrupted.
#
# A program that needs the machine to itself carries a line starting "# serial" or "/* serial" among the first 40 lines
# of its source; the word is followed by a space, a colon or the end of the line. It runs after the others, alone. Of the
# others, those that carry "slow" so run first: then all jobs end at about the same time.
set -um
refuse() { echo "tests/run.sh: $1" >&2; exit 2; }
# setting NAME VALUE DIGITS: refuses what is no whole number from 1 up to one of DIGITS digits
setting() {
  local pattern="^[1-9][0-9]{0,$(($3 - 1))}\$"
  [[ $2 =~ $pattern ]] || refuse "$1 is '$2': it must be a whole number of 1 to $3 digits, at least 1"
}
jobs=${JOBS:-$(nproc)}
limit=${TEST_TIMEOUT:-1200}
build=${BUILD:-build}
setting JOBS "$jobs" 4
setting TEST_TIMEOUT "$limit" 6
results=$(mktemp -d 2>/dev/null) || refuse "cannot make a folder in ${TMPDIR:-/tmp}: set TMPDIR to an existing folder that can be written"
# busy waiting would take the cores from programs that run concurrently
[ "$jobs" -gt 1 ] && export OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-passive}

# Whatever a program starts ends with it: it runs in a process group of its own, and the variable TEST_MARK in its
# environment, which its children inherit, names it even in another group or session. A process that leaves the group and
# also clears its environment is not found.
mark=${TEST_MARK:-}$results/
declare -A running=()
# signal_marked SIGNAL INDEX: sends a signal to the processes that carry the mark of a program; were there any?
signal_marked() {
  local environ sent=1
  while read -r environ; do
    environ=${environ#/proc/}
    kill "-$1" "${environ%/environ}" 2>/dev/null && sent=0
  done < <(grep -lsF -- "TEST_MARK=$mark$2;" /proc/[0-9]*/environ)
  return $sent
}
# kill_marked INDEX: again while there are any, for one may start another meanwhile
kill_marked() {
  for _ in {1..20}; do signal_marked KILL "$1" || return 0; done
}
# end_all CODE MESSAGE: ends what runs, and this script
end_all() {
  trap '' INT TERM HUP
  exec 2>/dev/null # no job-control messages
  local pid
  for pid in "${!running[@]}"; do
    kill -TERM -- "-$pid"
    signal_marked TERM "${running[$pid]}"
  done
  [ ${#running[@]} -gt 0 ] && sleep 0.5
  for pid in "${!running[@]}"; do
    kill -KILL -- "-$pid"
    kill_marked "${running[$pid]}"
  done
  rm -rf "$results"
  echo "$2"
  exit "$1"
}
trap 'end_all 130 interrupted' INT TERM HUP
trap 'rm -rf "$results"' EXIT
# without room for the output of a program, its tests cannot be counted
need_room() {
  (head -c 65536 /dev/zero >"$results/room") 2>/dev/null && return
  end_all 2 "tests/run.sh: cannot write to the temporary folder $results (full or removed?): make room or set TMPDIR"
}

# A python3 that is a script, such as a shim of pyenv, takes longer to find the interpreter than most tests use it: the
# programs find one that starts the interpreter.
short_way_to_python() {
  local found real folder=$results/path
  found=$(command -v python3) && head -c 2 "$found" 2>/dev/null | grep -aq '^#!' || return 0
  real=$(python3 -c 'import sys; print(sys.executable)' 2>/dev/null) && [ -x "$real" ] || return 0
  mkdir "$folder" && printf '#!/bin/sh\nexec "%s" "$@"\n' "$real" >"$folder/python3" && chmod +x "$folder/python3" || return 0
  export PATH=$folder:$PATH
}

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
# marks_of PROGRAM: "serial", "slow"
marks_of() { head -40 "$(source_of "$1")" 2>/dev/null | sed -nE 's,^(# |/\* )(serial|slow)([ :].*)?$,\2,p'; }

# run_one INDEX PROGRAM: leaves output, exit code ("late" if the limit ended it) and microseconds in the results folder
run_one() {
  local begin code=0 program=$2
  set +m # the program stays in this group
  begin=$(microseconds)
  {
    sleep "$limit"
    touch "$results/$1.late"
    signal_marked TERM "$1"
    sleep 0.5
    kill_marked "$1"
    kill -KILL 0
  } >/dev/null 2>&1 </dev/null &
  case $program in
    *.sh) set -- "$1" bash "$program" ;;
    /*)   set -- "$1" "$program" ;;
    *)    set -- "$1" "./${program#./}" ;;
  esac
  TEST_MARK="$mark$1;" "${@:2}" >"$results/$1.out" 2>&1 </dev/null || code=$?
  [ -e "$results/$1.late" ] && code=late
  echo "$code $(($(microseconds) - begin))" >"$results/$1.new" && mv "$results/$1.new" "$results/$1.end"
}

passed=0 failed=0 skipped=0
# report INDEX PROGRAM: prints the line of a finished program and adds its counts
report() {
  local program=$2 output=$results/$1.out code=1 took=0 ok bad skip signal note=
  [ -e "$results/$1.end" ] && read -r code took <"$results/$1.end"
  touch "$output"
  case $program in
    *.sh) ok=$(grep -ac '^ok ' "$output"); bad=$(grep -ac '^not ok ' "$output"); skip=$(grep -ac '^skip ' "$output") ;;
    # the summary at the end names each failed and skipped test again
    *)    ok=$(grep -ac '\[       OK \]' "$output")
          bad=$(($(grep -a '\[  FAILED  \]' "$output" | grep -avc 'test(s)') / 2))
          skip=$(($(grep -a '\[  SKIPPED \]' "$output" | grep -avc 'test(s)') / 2)) ;;
  esac
  [ "$code" != 0 ] && [ "$bad" -eq 0 ] && bad=1
  if [ "$code" = late ]; then
    note="no end after $limit s"
  elif [ "$code" -gt 128 ]; then
    signal=$(kill -l $((code - 128)) 2>/dev/null)
    note="exit code $code"
    [[ $signal == [A-Z]* ]] && note="killed by signal $((code - 128)) ($signal)"
  elif [ "$ok" -eq 0 ] && [ "$bad" -eq 0 ] && [ "$skip" -eq 0 ]; then bad=1 note="no test ran"; fi
  # a line per skipped test
  if [ "$skip" -gt 0 ]; then
    grep -aE '^(skipped|skip [^ ]+): ' "$output" | sed -E 's/^(skipped|skip [^ ]+): //' | head -n "$skip" >"$results/reasons"
    while [ "$(wc -l <"$results/reasons")" -lt "$skip" ]; do echo "no reason given" >>"$results/reasons"; done
    cat "$results/reasons" >>"$results/skipped"
  fi
  passed=$((passed + ok)) failed=$((failed + bad)) skipped=$((skipped + skip))
  printf '%-52s %3d passed, %d failed%s %*s s\n' "${program#"$build"/}" "$ok" "$bad" \
    "$([ "$skip" -gt 0 ] && echo ", $skip skipped")" $((skip > 0 ? 7 : 18)) "$(seconds "$took")"
  grep -a "^skip " "$output"
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
  local pid i code
  while [ ${#running[@]} -ge "$1" ] && [ ${#running[@]} -gt 0 ]; do
    wait -n "${!running[@]}" 2>/dev/null
    for pid in "${!running[@]}"; do
      kill -0 "$pid" 2>/dev/null && continue
      kill -KILL -- "-$pid" 2>/dev/null # what the program left behind
      kill_marked "${running[$pid]}"
      need_room
      i=${running[$pid]} code=1
      [ -e "$results/$i.late" ] && code=late
      [ -e "$results/$i.end" ] || echo "$code 0" >"$results/$i.end"
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
  local begin i slow=() others=() serial=()
  need_room
  short_way_to_python
  begin=$(microseconds)
  for i in "${!programs[@]}"; do
    case $(marks_of "${programs[i]}") in
      *serial*) serial+=("$i") ;;
      slow*)    slow+=("$i") ;;
      *)        others+=("$i") ;;
    esac
  done
  for i in "${slow[@]}" "${others[@]}"; do
    wait_below "$jobs"
    start "$i"
  done
  wait_below 1
  for i in "${serial[@]}"; do
    start "$i"
    wait_below 1
  done
  print_finished
  if [ -e "$results/skipped" ]; then
    echo 'skipped:'
    sort "$results/skipped" | uniq -c | sort -k1,1nr -k2
  fi
  echo "$(seconds $(($(microseconds) - begin))) s, $jobs at once"
  echo "$passed passed, $failed failed, $skipped skipped"
  [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}
main; exit
