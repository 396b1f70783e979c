#!/usr/bin/env bash
# Disks that are full, folders that cannot be written, a second writer, garbage in a record: one error that names the
# file, the records are kept, and the run resumes once the cause is removed.
. tests/cli/check.sh
# slow

cp -r docs/examples/pendulum "$scratch"
(cd "$scratch/pendulum" && python3 make_data.py)
task=$scratch/pendulum
plan=(run "$task" --profile smoke --threads 1 --quiet)
says() { grep -qE -- "$1" "$scratch/out" "$scratch/err" || { echo "no /$1/ in:"; cat "$scratch/out" "$scratch/err"; false; }; }
one_error() { says "^dynaflow: .*$1" && [ "$(grep -c '^dynaflow' "$scratch/err")" = 1 ] || { cat "$scratch/err"; false; }; }
differ() { ! "$@"; }
# records FOLDER PYTHON: a condition on the whole `records`
records() {
  python3 - "$@" <<'PY'
import json, sys
records = [json.loads(l) for l in open(sys.argv[1] + '/events.jsonl')]
cells = [(r['method'], r['seed'], r['status']) for r in records if r['type'] == 'cell']
assert eval('(' + sys.argv[2] + ')'), cells
PY
}
# goes_on RUN DONE FOLDER ARGUMENT...: the same command succeeds, with RUN cells run and DONE cells already done
goes_on() {
  local wanted="$1 run, $2 already done, 0 failed"
  shift 2
  exits_with 0 "${plan[@]/--quiet/--threads=1}" --out "$@" && says "$wanted"
}

# ---- a full disk: no file may grow beyond a limit ----

full=$scratch/full
check a_first_cell_is_done exits_with 0 "${plan[@]}" --method random_action --out "$full"
cp "$full/events.jsonl" "$scratch/before"
# run_limited KIB ARGUMENT...
run_limited() {
  local kib=$1
  shift
  code=0
  (ulimit -f "$kib" && exec "$program" "$@") >"$scratch/out" 2>"$scratch/err" </dev/null || code=$?
}
size=$(stat -c %s "$full/events.jsonl")
# room for a plan, not for a cell
run_limited $((size / 1024 + 2)) "${plan[@]}" --method random_action --seed 1,2,3 --out "$full"
check a_record_that_does_not_fit_is_an_error [ "$code" -eq 2 ]
check the_full_record_file_is_named one_error 'seed 2: .*full/events.jsonl: File too large$'
check earlier_records_are_kept cmp -n "$size" "$scratch/before" "$full/events.jsonl"
check every_record_is_whole records "$full" "cells == [('random_action', 1, 'done')] and len(records) == 3"
check the_run_goes_on_with_room goes_on 2 1 "$full" --method random_action --seed 1,2,3
check the_run_is_complete_after_room_is_made records "$full" "cells == [('random_action', s, 'done') for s in (1, 2, 3)]"

# room for records, not for the weights
small=$scratch/small
check a_small_cell_is_done exits_with 0 "${plan[@]}" --method random_action --out "$small"
run_limited $(($(stat -c %s "$small/events.jsonl") / 1024 + 24)) "${plan[@]}" --method kinematic_fm,random_action --out "$small"
check weights_that_do_not_fit_are_an_error [ "$code" -eq 2 ]
check the_weights_file_that_does_not_fit_is_named one_error 'kinematic_fm seed 1: .*/(training|checkpoints)/.*: File too large$'
check weights_that_do_not_fit_are_recorded_as_error records "$small" "cells == [('random_action', 1, 'done'), ('kinematic_fm', 1, 'error')]"
check no_half_file_is_left [ -z "$(find "$small" -name '*.part.*')" ]
check the_failed_cell_runs_with_room goes_on 1 1 "$small" --method kinematic_fm,random_action
run_limited 1 report "$small" --quiet
check a_report_that_does_not_fit_is_an_error [ "$code" -eq 2 ]
check the_report_file_that_does_not_fit_is_named one_error 'small/report/[a-z]+\.[a-z]+: File too large$'

# the same with a full disk, if this user may mount one
mount_there() { unshare -rm true 2>/dev/null; }
if mount_there; then
  disk=$scratch/disk
  mkdir "$disk"
  on_disk() { # on_disk KIB: a run on a disk of that size; its record, and what it said, are copied out
    unshare -rm bash -c '
      mount -t tmpfs -o size='"$1"'k tmpfs "$0" || exit 99
      "$@" --method random_action --seed 1,2,3,4,5,6,7,8 --out "$0/run"
      code=$?
      cp "$0/run/events.jsonl" "$0.jsonl"
      exit $code' "$disk" "$program" "${plan[@]}" >"$scratch/out" 2>"$scratch/err"
  }
  code=0
  on_disk $((size * 3 / 1024)) || code=$?
  check a_full_disk_is_an_error [ "$code" -eq 2 ]
  check a_full_disk_is_named one_error 'disk/run/[a-z/0-9.]+: No space left on device$'
  check a_full_disk_keeps_whole_records python3 -c "
import json, sys
done = [r for r in map(json.loads, open(sys.argv[1])) if r.get('status') == 'done']
assert 1 <= len(done) < 8, len(done)" "$disk.jsonl"
else
  echo "# no disk can be mounted here: only the limit on a file's size was tried"
fi

# ---- places that cannot be written ----

check a_new_run_beneath_a_file_is_refused exits_with 2 "${plan[@]}" --out "$task/task.yaml/run"
check the_path_beneath_a_file_is_named one_error 'pendulum/task.yaml(/run)?: Not a directory$'
check even_root_cannot_make_folders_in_proc differ mkdir /proc/dynaflow-test 2>/dev/null
check a_new_run_where_no_folder_can_be_made_is_refused exits_with 2 "${plan[@]}" --out /proc/dynaflow-test
check the_folder_that_cannot_be_made_is_named one_error '/proc/dynaflow-test: '
mkdir -p "$scratch/odd/events.jsonl"
check a_folder_in_place_of_the_record_is_refused exits_with 2 "${plan[@]}" --out "$scratch/odd"
check the_folder_in_place_of_the_record_is_named one_error 'odd/events.jsonl: Is a directory$'

# a run whose files are read-only; root ignores file modes, so it drops this capability for the check
closed=$scratch/closed
check a_run_to_be_closed_is_done exits_with 0 "${plan[@]}" --method random_action --out "$closed"
read_only() {
  local result=0 bound=()
  [ "$(id -u)" != 0 ] || bound=(setpriv --bounding-set=-dac_override,-dac_read_search)
  chmod -R a-w "$closed"
  "${bound[@]}" "$@" || result=$?
  chmod -R u+w "$closed"
  return $result
}
# exits_read_only CODE ARGUMENT...
exits_read_only() {
  local wanted=$1
  shift
  code=0
  read_only "$program" "$@" >"$scratch/out" 2>"$scratch/err" </dev/null || code=$?
  [ "$code" -eq "$wanted" ] || { echo "exit code $code, not $wanted"; cat "$scratch/err"; return 1; }
}
cp "$closed/events.jsonl" "$scratch/before"
check a_closed_folder_can_be_read read_only ls "$closed/events.jsonl"
check a_closed_folder_cannot_be_written differ read_only touch "$closed/new"
check a_closed_run_is_not_gone_on_with exits_read_only 2 "${plan[@]}" --method random_action --seed 1,2 --out "$closed"
check the_file_that_cannot_be_opened_is_named one_error 'closed/lock: Permission denied$'
check a_closed_run_can_be_verified exits_read_only 0 verify "$closed"
check a_closed_run_has_no_place_for_a_report exits_read_only 2 report "$closed"
check the_place_is_named one_error 'closed/report: Permission denied$'
check the_closed_record_is_as_it_was cmp "$scratch/before" "$closed/events.jsonl"
check the_run_resumes_once_it_is_writable goes_on 1 1 "$closed" --method random_action --seed 1,2

# ---- a second writer ----

cp "$closed/events.jsonl" "$scratch/before"
exec 9>>"$closed/lock"
flock 9
check a_second_writer_is_refused exits_with 2 "${plan[@]}" --method random_action --seed 3 --out "$closed"
check the_record_in_use_is_named one_error 'closed/events.jsonl: another dynaflow is writing this run; wait for it or choose another --out$'
check a_reader_is_not_refused exits_with 0 verify "$closed"
check the_record_in_use_is_as_it_was cmp "$scratch/before" "$closed/events.jsonl"
exec 9>&-
check the_second_writer_goes_on_when_the_first_is_gone goes_on 1 2 "$closed" --method random_action --seed 1,2,3

# ---- a record that is removed or replaced while it is written, or that is no file ----

# after CHANGE: a run whose record is changed by that command as soon as it holds the plan
after() {
  rm -rf "$scratch/gone"
  "$program" "${plan[@]}" --method kinematic_fm --seed 1,2 --out "$scratch/gone" >"$scratch/out" 2>"$scratch/err" </dev/null &
  local pid=$!
  until [ -s "$scratch/gone/events.jsonl" ]; do sleep 0.01; done
  (cd "$scratch/gone" && eval "$1")
  code=0
  wait $pid || code=$?
}
after 'rm events.jsonl'
check a_removed_record_is_an_error [ "$code" -eq 2 ]
check the_removed_record_is_named one_error 'gone/events.jsonl: the file was removed or replaced while this run was writing it'
after 'cp events.jsonl copy; mv copy events.jsonl'
check a_replaced_record_is_an_error [ "$code" -eq 2 ]
check the_replaced_record_is_named one_error 'gone/events.jsonl: the file was removed or replaced while this run was writing it'
mkdir "$scratch/pipe"
mkfifo "$scratch/pipe/events.jsonl"
for command in report verify gate "compare --method a,b"; do
  read -ra words <<<"$command"
  check "a_pipe_as_record_is_refused:${words[0]}" timeout 20 bash -c '! "$@" 2>"$0" && grep -q "pipe/events.jsonl: not a regular file" "$0"' \
    "$scratch/err" "$program" "${words[0]}" "$scratch/pipe" "${words[@]:1}"
done
check a_run_into_a_pipe_is_refused timeout 20 bash -c '! "$@" 2>"$0" && grep -q "pipe/events.jsonl: not a regular file" "$0"' \
  "$scratch/err" "$program" "${plan[@]}" --method random_action --out "$scratch/pipe"

# ---- garbage in the middle of a record ----

# spoil PYTHON: a run of three cells with the second one's line changed; `line` are its bytes
whole=$scratch/whole/run
check three_cells_are_done exits_with 0 "${plan[@]}" --method random_action --seed 1,2,3 --out "$whole"
run report "$whole"
spoil() {
  rm -rf "$scratch/spoiled"
  mkdir "$scratch/spoiled"
  cp -r "$whole" "$scratch/spoiled"
  rm -r "$scratch/spoiled/run/report"
  python3 - "$scratch/spoiled/run/events.jsonl" "$1" <<'PY'
import sys
lines = open(sys.argv[1], 'rb').read().split(b'\n')
line = lines[2]
middle = len(line) // 2
lines[2] = eval(sys.argv[2])
assert lines[2] != line
open(sys.argv[1], 'wb').write(b'\n'.join(lines))
PY
  cp "$scratch/spoiled/run/events.jsonl" "$scratch/before"
}
# survives PYTHON PATTERN: the error names the line and the remedy; after it the cell runs again and the report is unchanged
survives() {
  local record=$scratch/spoiled/run/events.jsonl
  spoil "$1" || return 1
  exits_with 2 "${plan[@]}" --method random_action --seed 1,2,3 --out "$scratch/spoiled/run" || return 1
  one_error "spoiled/run/events.jsonl:3: $2.*the file was not modified" && cmp "$scratch/before" "$record" || return 1
  exits_with 2 verify "$scratch/spoiled/run" || return 1
  run "${plan[@]}" --method random_action --seed 1,2,3 --out "$scratch/spoiled/run"
  advice=$(sed -n 's/.*delete the line: \(sed -i 3d [^)]*\)).*/\1/p' "$scratch/err")
  [ -n "$advice" ] && $advice && goes_on 1 2 "$scratch/spoiled/run" --method random_action --seed 1,2,3 || return 1
  run report "$scratch/spoiled/run"
  diff -r --exclude=times.csv --exclude='*-cost*' "$whole/report" "$scratch/spoiled/run/report"
}
check bytes_of_something_else_are_survived survives "line[:middle] + b'\\xff\\xfe garbage' + line[middle + 9:]" 'not JSON'
check a_block_of_zeros_is_survived survives "line[:middle] + bytes(4096) + line[middle + 4096:]" 'not JSON'
check a_lost_piece_is_survived survives "line[:middle] + line[middle + 50:]" '(not JSON|the record was changed)'
check a_lost_line_end_is_survived survives "line + line" 'not JSON'
check another_digit_is_survived survives "line.replace(b'\"value\":0.', b'\"value\":1.', 1)" 'the record was changed after it was written'
check an_empty_line_is_survived survives "b''" 'not JSON'
finish
