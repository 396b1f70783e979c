#!/usr/bin/env bash
# The test runner: programs that fail, crash, run no test, are skipped or absent give the right totals and exit code.
. tests/cli/check.sh

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

check what_passes_counts totals 0 '5 passed, 0 failed, 0 skipped' good good.sh
check each_program_has_its_seconds says '^good +2 passed, 0 failed +[0-9]+\.[0-9] s$'
check the_wall_time_stands_above_the_totals bash -c "tail -2 '$scratch/out' | head -1 | grep -qE '^[0-9]+\.[0-9] s, [0-9]+ at once$'"
check a_failing_program_counts_its_tests totals 1 '3 passed, 2 failed, 0 skipped' good bad
check a_failing_scripts_checks_count totals 1 '4 passed, 1 failed, 0 skipped' good.sh bad.sh
check its_output_is_shown says '^not ok two$'
check a_skipped_test_is_no_failure totals 0 '1 passed, 0 failed, 1 skipped' skips
check skips_alone_pass_nothing totals 1 '0 passed, 0 failed, 1 skipped' only_skips
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

# ---- an interruption ends everything ----

script endless <<P
sleep 1000 & echo \$! >'$scratch/child'; echo \$\$ >'$scratch/parent'; wait
P
(cd "$folder" && exec setsid "$OLDPWD/tests/run.sh" endless.sh good) >"$scratch/out" 2>&1 &
pid=$!
for _ in $(seq 200); do [ -s "$scratch/parent" ] && break; sleep 0.05; done
kill -TERM $pid
code=0
wait $pid || code=$?
check an_interruption_exits_130 [ "$code" -eq 130 ]
gone() { for _ in $(seq 100); do kill -0 "$1" 2>/dev/null || return 0; sleep 0.05; done; return 1; }
check the_program_is_ended gone "$(cat "$scratch/parent")"
check what_it_started_is_ended_too gone "$(cat "$scratch/child")"
finish
