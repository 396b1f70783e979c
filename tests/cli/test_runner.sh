#!/usr/bin/env bash
# The test runner: programs that fail, crash, run no test, are skipped or absent give the right totals and exit code.
. tests/cli/check.sh
# slow

folder=$scratch/programs
mkdir "$folder"
# program NAME: an executable from standard input that prints what a CMocka program would
program() { { echo '#!/usr/bin/env bash'; cat; } >"$folder/$1" && chmod +x "$folder/$1"; }
script() { cat >"$folder/$1.sh"; }
# runs PROGRAM...: the runner's output in $scratch/out, its exit code in $code
runs() {
  code=0
  (cd "$folder" && BUILD=$folder "$OLDPWD/tests/run.sh" "$@") >"$scratch/out" 2>&1 || code=$?
}
# totals CODE "LINE" PROGRAM...: exit code and last line
totals() {
  local wanted=$1 line=$2
  shift 2
  runs "$@"
  [ "$code" -eq "$wanted" ] && [ "$(tail -1 "$scratch/out")" = "$line" ] && return 0
  echo "exit code $code, wanted $wanted; last line wanted: $line"
  cat "$scratch/out"
  return 1
}
says() { grep -qE -- "$1" "$scratch/out" || { echo "no /$1/ in:"; cat "$scratch/out"; false; }; }

program good <<'P'
echo '[ RUN      ] one'; echo '[       OK ] one'; echo '[       OK ] two'
echo '[==========] 2 test(s) run.'; echo '[  PASSED  ] 2 test(s).'
P
program bad <<'P'
echo '[       OK ] one'; echo '[  FAILED  ] two'; echo '[  FAILED  ] three'
echo '[  FAILED  ] tests: 2 test(s), listed below:'; echo '[  FAILED  ] two'; echo '[  FAILED  ] three'
exit 2
P
program skips <<'P'
echo '[       OK ] one'; echo '[  SKIPPED ] two'; echo '[  SKIPPED ] tests: 1 test(s), listed below:'; echo '[  SKIPPED ] two'
P
program only_skips <<'P'
echo '[  SKIPPED ] two'; echo '[  SKIPPED ] tests: 1 test(s), listed below:'; echo '[  SKIPPED ] two'
P
program explains <<'P'
echo '[       OK ] one'; for i in two three; do echo "skipped: no data in ../shared"; echo "[  SKIPPED ] $i"; done
echo 'skipped: no root'; echo '[  SKIPPED ] four'
echo '[  SKIPPED ] tests: 3 test(s), listed below:'; echo '[  SKIPPED ] two'; echo '[  SKIPPED ] three'; echo '[  SKIPPED ] four'
P
script explains <<'P'
echo ok one; echo 'skip two: no data in ../shared'
P
program empty <<'P'
P
program crashes <<'P'
echo '[       OK ] one'
kill -SEGV $$
P
program late_code <<'P'
echo '[       OK ] one'
exit 3
P
program unprintable <<'P'
printf '\0\377\376\n[       OK ] one\n\0[       OK ] two\n'
P
script good <<'P'
echo ok one; echo ok two; echo ok three; echo '    ok indented'; echo okay
P
script bad <<'P'
echo ok one; echo not ok two; exit 1
P
script silent_end <<'P'
echo ok one; exit 1
P
script empty <<'P'
echo nothing
P
script skipping <<'P'
echo ok one; echo 'skip two: there is no two'
P

check what_passes_counts totals 0 '5 passed, 0 failed, 0 skipped' good good.sh
check each_program_has_its_seconds says '^good +2 passed, 0 failed +[0-9]+\.[0-9] s$'
check the_wall_time_stands_above_the_totals bash -c "tail -2 '$scratch/out' | head -1 | grep -qE '^[0-9]+\.[0-9] s, [0-9]+ at once$'"
check a_failing_program_counts_its_tests totals 1 '3 passed, 2 failed, 0 skipped' good bad
check a_failing_scripts_checks_count totals 1 '4 passed, 1 failed, 0 skipped' good.sh bad.sh
check its_output_is_shown says '^not ok two$'
check a_skipped_test_is_no_failure totals 0 '1 passed, 0 failed, 1 skipped' skips
check a_skipped_check_of_a_script_counts totals 0 '1 passed, 0 failed, 1 skipped' skipping.sh
check its_reason_is_shown says '^skip two: there is no two$'
check skips_alone_pass_nothing totals 1 '0 passed, 0 failed, 1 skipped' only_skips
check scripts_skip_too totals 0 '3 passed, 0 failed, 5 skipped' skips explains explains.sh
reasons() { sed -n '/^skipped:/,$p' "$scratch/out" | sed -n '2,4s/^ *//p' | diff - <(printf '3 no data in ../shared\n1 no reason given\n1 no root\n'); }
check reasons_are_listed_with_their_counts reasons
check a_program_without_a_test_fails totals 1 '2 passed, 1 failed, 0 skipped' good empty
check that_is_named says '^no test ran$'
check a_script_without_a_test_fails totals 1 '2 passed, 1 failed, 0 skipped' good empty.sh
check a_crash_fails totals 1 '3 passed, 1 failed, 0 skipped' crashes good
check the_signal_is_named says '^killed by signal 11 \(SEGV\)$'
check an_exit_code_alone_fails totals 1 '1 passed, 1 failed, 0 skipped' late_code
check a_scripts_exit_code_alone_fails totals 1 '1 passed, 1 failed, 0 skipped' silent_end.sh
check an_absent_program_fails totals 1 '2 passed, 1 failed, 0 skipped' good absent
check an_absent_script_fails totals 1 '2 passed, 1 failed, 0 skipped' good absent.sh
check unprintable_output_is_counted totals 0 '2 passed, 0 failed, 0 skipped' unprintable
check no_program_at_all_fails totals 1 '0 passed, 0 failed, 0 skipped'

# ---- python3 that is a script ----
mkdir "$scratch/shim"
printf '#!/bin/sh\necho called >>"%s"\nexec "%s" "$@"\n' "$scratch/calls" "$(python3 -c 'import sys; print(sys.executable)')" \
  >"$scratch/shim/python3"
chmod +x "$scratch/shim/python3"
script asks_python <<'P'
for i in 1 2 3; do python3 -c 'import sys; print("ok", sys.argv[1])' "$i"; done
P
starts_the_interpreter() {
  (export PATH=$scratch/shim:$PATH; totals 0 '3 passed, 0 failed, 0 skipped' asks_python.sh) && [ "$(wc -l <"$scratch/calls")" -eq 1 ]
}
check programs_start_the_interpreter_itself starts_the_interpreter

# ---- exit codes above 128 ----
for number in 200 255; do
  program "ends_with_$number" <<P
echo '[       OK ] one'
exit $number
P
  check "exit_code_${number}_fails" totals 1 '1 passed, 1 failed, 0 skipped' "ends_with_$number"
  check "exit_code_${number}_is_no_signal" says "^exit code $number\$"
done

# ---- settings and folders that do not serve: one error, and nothing runs ----
script leaves_a_trace <<P
touch '$scratch/trace'; echo ok trace
P
# refused_with "SETTING=VALUE" PATTERN
refused_with() {
  rm -f "$scratch/trace"
  export "${1?}"
  runs leaves_a_trace.sh
  [ "$code" -eq 2 ] && [ ! -e "$scratch/trace" ] && [ "$(wc -l <"$scratch/out")" -eq 1 ] && says "$2"
}
refused_in_subshell() { (refused_with "$@"); }
for value in abc 1.5 1+1 0 -1 00 99999999999999999999 'a[$(touch x)]'; do
  check "JOBS=${value}_is_refused" refused_in_subshell "JOBS=$value" "^tests/run.sh: JOBS is '.*': it must be a whole number"
done
check no_limit_of_zero_seconds refused_in_subshell TEST_TIMEOUT=0 "^tests/run.sh: TEST_TIMEOUT is '0': it must be a whole number"
check a_temporary_folder_that_is_missing_is_refused refused_in_subshell "TMPDIR=$scratch/absent" \
  "^tests/run.sh: cannot make a folder in $scratch/absent: set TMPDIR"
check nothing_is_written_into_the_root bash -c '! ls /*.out /*.end 2>/dev/null'
limited_to_32_kb() { (trap "" XFSZ; ulimit -f 32 && refused_with OTHER=1 "$1"); }
check a_temporary_folder_without_room_is_refused limited_to_32_kb '^tests/run.sh: cannot write to the temporary folder .*make room or set TMPDIR$'
# a folder that becomes useless meanwhile makes no program fail
mkdir "$scratch/temporary"
script removes_folder <<P
rm -rf '$scratch'/temporary/*; echo ok removes
P
removed() {
  (export JOBS=1 TMPDIR=$scratch/temporary; runs removes_folder.sh leaves_a_trace.sh
    [ "$code" -eq 2 ] && says 'cannot write to the temporary folder' && ! grep -E 'passed|failed' "$scratch/out")
}
check a_folder_that_is_lost_ends_the_run removed

# ---- a program that hangs ----
script hangs <<P
echo ok one; setsid sleep 1000 & echo \$! >'$scratch/hanging'; trap '' TERM; while :; do sleep 1; done
P
late() {
  local begin=$SECONDS
  (export TEST_TIMEOUT=1; totals 1 '4 passed, 1 failed, 0 skipped' hangs.sh good.sh) && says '^no end after 1 s$' && [ $((SECONDS - begin)) -lt 10 ]
}
check a_program_that_hangs_is_ended_and_fails late
gone() { for _ in $(seq 100); do kill -0 "$1" 2>/dev/null || return 0; sleep 0.05; done; return 1; }
check its_child_in_another_session_is_ended gone "$(cat "$scratch/hanging")"

# ---- several at once ----

# each waits for the other, so they end only if they run at the same time
for i in 1 2; do
  script "pair$i" <<P
touch '$scratch/pair$i'
for _ in \$(seq 200); do [ -e '$scratch/pair$((3 - i))' ] && break; sleep 0.05; done
[ -e '$scratch/pair$((3 - i))' ] && echo ok met
P
done
export JOBS=2
check two_run_at_once totals 0 '2 passed, 0 failed, 0 skipped' pair1.sh pair2.sh
rm "$scratch"/pair*
script slow <<'P'
echo ok slow; sleep 0.5
P
export JOBS=3
# in_order NAME...: the programs' lines in the output
in_order() { [ "$(sed -nE 's/^([a-z]+(\.sh)?) .* passed, .*/\1/p' "$scratch/out" | xargs)" = "$*" ] || { cat "$scratch/out"; false; }; }
check a_slow_program_delays_no_count totals 1 '8 passed, 3 failed, 0 skipped' slow.sh bad good.sh bad.sh good
check nor_changes_the_order in_order slow.sh bad good.sh bad.sh good

# slow programs start first, and the output keeps the order of the arguments
for name in first second third; do
  script "$name" <<P
# $([ $name = second ] && echo slow: takes half a minute || echo quick)
echo $name >>'$scratch/started'; echo ok $name
P
done
slow_first() {
  rm -f "$scratch/started"
  (export JOBS=1; totals 0 '3 passed, 0 failed, 0 skipped' first.sh second.sh third.sh) &&
    [ "$(xargs <"$scratch/started")" = 'second first third' ] && in_order first.sh second.sh third.sh
}
check a_slow_program_starts_first slow_first

# a serial program runs when no other does, though it is named first
script alone <<P
# serial: measures
[ "\$(ls '$scratch' | grep -c '^at_work')" = 0 ] && echo ok alone
P
for i in 1 2 3; do
  script "worker$i" <<P
touch '$scratch/at_work$i'; sleep 0.3; rm '$scratch/at_work$i'; echo ok worker
P
done
check a_serial_program_runs_alone totals 0 '4 passed, 0 failed, 0 skipped' worker1.sh alone.sh worker2.sh worker3.sh

# only the whole word is the mark
serial_last() { # serial_last LINE CODE TOTALS: the script with LINE passes if another program runs beside it
  cat >"$folder/order.sh" <<P
$1
sleep 0.15; ls '$scratch' | grep -q '^at_work' && echo ok together
P
  totals "$2" "$3" worker1.sh order.sh
}
check a_serial_number_is_no_mark serial_last '# serial-number' 0 '2 passed, 0 failed, 0 skipped'
check the_word_alone_is_a_mark serial_last '# serial' 1 '1 passed, 1 failed, 0 skipped'

# ---- what a program leaves behind ends with it, also in a session of its own ----
script leaves_a_child <<P
setsid sleep 1000 >/dev/null 2>&1 & echo \$! >'$scratch/left'; echo ok left
P
check a_program_may_leave_a_child totals 0 '1 passed, 0 failed, 0 skipped' leaves_a_child.sh
check the_child_in_another_session_is_ended gone "$(cat "$scratch/left")"

# ---- an interruption ends everything ----

script endless <<P
setsid sleep 1000 & echo \$! >'$scratch/apart'
sleep 1000 & echo \$! >'$scratch/child'; echo \$\$ >'$scratch/parent'; wait
P
(cd "$folder" && exec setsid "$OLDPWD/tests/run.sh" endless.sh good) >"$scratch/out" 2>&1 &
pid=$!
for _ in $(seq 200); do [ -s "$scratch/parent" ] && break; sleep 0.05; done
kill -TERM $pid
code=0
wait $pid || code=$?
check an_interruption_exits_130 [ "$code" -eq 130 ]
check the_program_is_ended gone "$(cat "$scratch/parent")"
check what_it_started_is_ended_too gone "$(cat "$scratch/child")"
check what_it_started_in_another_session_too gone "$(cat "$scratch/apart")"
finish
