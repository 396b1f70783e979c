#!/usr/bin/env bash
# Shards: several processes share a plan and a folder, and leave the same results as one process.
. tests/cli/check.sh
# slow

cp -r docs/examples/pendulum "$scratch"
(cd "$scratch/pendulum" && python3 make_data.py)
sed -i -e 's/steps: 100$/steps: 20/' -e 's/windows: 16$/windows: 6/' -e 's/chains: 4$/chains: 2/' "$scratch/pendulum/task.yaml"
# a plan of 8 cells: 2 seeds, 4 methods
plan=(run "$scratch/pendulum" --profile smoke --seed 1,2 --threads 1)
# run_exits CODE FOLDER ARGUMENT...
run_exits() {
  local wanted=$1 folder=$2
  shift 2
  exits_with "$wanted" "${plan[@]}" --out "$folder" "$@"
}
in_background() { # in_background FOLDER ARGUMENT...: $pid
  local folder=$1
  shift
  "$program" "${plan[@]}" --out "$folder" --quiet "$@" >"$scratch/background" 2>&1 </dev/null & pid=$!
}
# both_shards FOLDER: two processes at the same time
both_shards() {
  local one two code_one=0 code_two=0
  in_background "$1" --shard 1/2
  one=$pid
  in_background "$1" --shard 2/2
  two=$pid
  wait "$one" || code_one=$?
  wait "$two" || code_two=$?
  [ "$code_one$code_two" = 00 ]
}
says() { grep -qE -- "$1" "$scratch/out" "$scratch/err" || { echo "no /$1/ in:"; cat "$scratch/out" "$scratch/err"; false; }; }
differ() { ! "$@"; }
# records FOLDER PYTHON: a condition on `files`, the records of each file by its name, and `cells`, those of all files
records() {
  python3 - "$@" <<'PY'
import glob, json, os, sys
def read(path):
    lines = open(path).read().split('\n')
    return [json.loads(line) for line in lines[:-1]]  # behind the last line end stands nothing, or a torn line
files = {os.path.basename(f): read(f) for f in sorted(glob.glob(sys.argv[1] + '/events*.jsonl'))}
cells = [r for f in files.values() for r in f if r['type'] == 'cell']
name = lambda r: (r['method'], r['seed'])
assert eval(sys.argv[2]), [(f, r['type'], r.get('method'), r.get('seed'), r.get('status')) for f in files for r in files[f]]
PY
}

# ---- two processes leave the same results as one ----

one=$scratch/one/run two=$scratch/two/run
check one_process_exits_0 run_exits 0 "$one"
check two_processes_exit_0 both_shards "$two"
check each_shard_has_its_file records "$two" "list(files) == ['events-1of2.jsonl', 'events-2of2.jsonl']"
check every_second_cell_is_a_shards records "$two" \
  "[name(r) for r in files['events-2of2.jsonl'][1:]] == [name(p) for p in files['events-1of2.jsonl'][0]['cells']][1::2]"
check every_file_names_the_whole_plan records "$two" \
  "all(f[0]['type'] == 'plan' and len(f[0]['cells']) == 8 and len(f) == 5 for f in files.values())"
check no_shard_leaves_a_training [ ! -e "$two/training" ]
check checkpoints_are_the_same diff -r "$one/checkpoints" "$two/checkpoints"
check report_of_one_process_exits_0 exits_with 0 report "$one"
check report_of_two_exits_0 exits_with 0 report "$two"
# tables, CSV, SVG and page; times are apart
same_report() { [ -s "$2/report/index.html" ] && diff -r --exclude=times.csv --exclude='*-cost*' "$1/report" "$2/report"; }
check two_shards_give_the_report_of_one_process same_report "$one" "$two"
check the_report_has_tables_page_and_figures bash -c "cd '$two/report' && ls tables.md results.csv index.html plots/*.svg"
check verify_reads_all_files exits_with 0 verify "$two"
# two seeds are too few for a winner
check compare_reads_all_files exits_with 4 compare "$one" "$two" --json
check compare_finds_the_runs_equal python3 -c "
import json, sys
rows = json.load(open(sys.argv[1]))['rows']
assert len(rows) > 10 and all(r['value'] == 0 and r['seeds'] == 2 for r in rows), rows" "$scratch/out"
# without times and the name of the folder
gate_of() { run gate "$1" --tasks "$scratch" --verbose; grep -q held "$scratch/out" && { echo "$code"; grep -vE 'train_cpu_s|exit code' "$scratch/out"; }; }
same_gate() { gate_of "$one" >"$scratch/gate.one" && gate_of "$two" >"$scratch/gate.two" && cmp "$scratch/gate.one" "$scratch/gate.two"; }
check gate_reads_all_files same_gate

# the order is the plan's, whatever the files are called
swapped=$scratch/swapped/run
mkdir "$scratch/swapped"
cp -r "$two" "$swapped"
rm -r "$swapped/report"
mv "$swapped/events-1of2.jsonl" "$swapped/events-7of9.jsonl"
mv "$swapped/events-2of2.jsonl" "$swapped/events-1of2.jsonl"
run report "$swapped"
check other_files_give_the_same_report same_report "$one" "$swapped"
for name in events-copy events-07of9 events-9of7 events-0of2 events-1of2.old; do
  cp "$swapped/events-7of9.jsonl" "$swapped/$name.jsonl"
done
# the same cells done twice would be found
check a_copy_of_another_name_is_no_part_of_the_run exits_with 0 verify "$swapped"
cp "$swapped/events-7of9.jsonl" "$swapped/events-8of9.jsonl"
check a_copy_with_the_name_of_a_shard_is_found exits_with 1 verify "$swapped"
check both_places_of_a_duplicate_are_named grep -qE 'events-7of9.jsonl line 2 and events-8of9.jsonl line 2: the same key is recorded as done twice' "$scratch/out"
rm "$swapped/events-8of9.jsonl"
sed -i '2s/"value":0\.\([0-9]\)/"value":1.\1/' "$swapped/events-7of9.jsonl"
run report "$swapped"
check a_changed_number_would_be_noticed differ same_report "$one" "$swapped"
check a_changed_record_is_found exits_with 2 verify "$swapped"
check a_changed_record_is_named_with_file_and_line grep -q 'events-7of9.jsonl line 2: the record was changed after it was written' "$scratch/out"
check run_refuses_a_changed_record refuses 'events-7of9.jsonl:2: the record was changed after it was written' "${plan[@]}" --out "$swapped"

# ---- a cell finished by one shard is done for all ----

check the_whole_plan_after_its_shards_exits_0 run_exits 0 "$two"
check the_whole_plan_counts_8_cells_as_done says '^8 cells: 0 run, 8 already done, 0 failed. Records: .*/events.jsonl$'
check shards_of_another_number_find_all_done run_exits 0 "$two" --shard 3/3
check shard_3_of_3_counts_2_cells_as_done says '^2 cells of 8, shard 3 of 3: 0 run, 2 already done, 0 failed. Records: .*/events-3of3.jsonl$'
check no_cell_ran_again records "$two" "len(cells) == 8"

half=$scratch/half/run
check one_shard_alone_exits_0 run_exits 0 "$half" --shard 1/2
check half_a_run_is_incomplete_for_verify exits_with 3 verify "$half"
check half_a_run_is_incomplete_for_gate exits_with 3 gate "$half" --tasks "$scratch"
check half_a_run_is_incomplete_for_compare exits_with 3 compare "$half" "$one"
check half_a_run_is_incomplete_for_report exits_with 3 report "$half"
check the_report_counts_the_whole_plan says '4 of 8 cells done'
check the_report_names_the_missing_cells says \
  'missing: pendulum smoke kinematic_fm seed 1 \(not run\), pendulum smoke replay_demo seed 1 \(not run\), '
# cells 2, 5 and 8 of the plan, of which 5 is done
check shard_2_of_3_exits_0 run_exits 0 "$half" --shard 2/3
check shard_2_of_3_counts_1_cell_as_done says '^3 cells of 8, shard 2 of 3: 2 run, 1 already done, 0 failed'
check the_whole_plan_runs_the_rest run_exits 0 "$half"
check the_rest_of_the_plan_is_two_cells says '^8 cells: 2 run, 6 already done, 0 failed'
check each_cell_is_there_once records "$half" "len(cells) == 8 and len(set(map(name, cells))) == 8 and len(files) == 3"
run report "$half"
check pieces_of_all_sizes_give_the_same_report same_report "$one" "$half"

# ---- torn lines and garbage in another shard's file ----

torn=$scratch/torn/run
mkdir "$scratch/torn"
cp -r "$two" "$torn"
rm -rf "$torn/report" "$torn/events-3of3.jsonl" "$torn/events.jsonl"
truncate -s -50 "$torn/events-1of2.jsonl"
cp "$torn/events-1of2.jsonl" "$scratch/before"
check a_line_torn_in_another_file_runs_again run_exits 0 "$torn" --shard 1/1
check only_the_torn_cell_runs_again says ': 1 run, 7 already done'
check another_shards_file_is_left_alone cmp "$scratch/before" "$torn/events-1of2.jsonl"
run report "$torn"
check the_report_is_whole_again same_report "$one" "$torn"
check its_own_shard_repairs_the_torn_file run_exits 0 "$torn" --shard 1/2
check the_cut_off_line_is_reported says 'events-1of2.jsonl: removed an incomplete last line \([0-9]+ bytes\); 4 records kept'

sed -i '3s/.*/garbage/' "$torn/events-2of2.jsonl"
cp "$torn/events-2of2.jsonl" "$scratch/before"
check garbage_in_another_file_is_named_by_run refuses 'events-2of2.jsonl:3: not JSON' "${plan[@]}" --out "$torn" --shard 1/2
check garbage_in_another_file_is_named_by_report refuses 'events-2of2.jsonl:3: not JSON' report "$torn"
check garbage_is_left_as_it_is cmp "$scratch/before" "$torn/events-2of2.jsonl"

# ---- several processes at the same time ----

busy=$scratch/busy/run
waits_for() { for _ in $(seq 600); do [ -e $1 ] && return 0; sleep 0.05; done; return 1; }
slow=(--method dynaflow --seed 1 --set train.steps=1000000)
in_background "$busy" "${slow[@]}" --shard 1/1
check a_cell_is_in_training waits_for "$busy/training/*/lock"
check the_same_shard_is_refused refuses 'events-1of1.jsonl: another dynaflow is writing this run' \
  "${plan[@]}" --out "$busy" "${slow[@]}" --shard 1/1
# the time limit ends the test if the cell is not left to the other process
check a_cell_that_another_process_has_is_left_to_it run_exits 3 "$busy" "${slow[@]}" --cell-seconds 5
check that_is_said says '^1 cells: 0 run, 0 already done, 0 failed, 1 locked by another process'
check cells_that_nobody_has_are_run run_exits 3 "$busy" --method dynaflow,random_action --seed 1 --set train.steps=1000000 --cell-seconds 5
check one_cell_ran_and_one_was_locked says '^2 cells: 1 run, 0 already done, 0 failed, 1 locked by another process'
kill -KILL $pid
wait $pid 2>/dev/null
check a_killed_process_holds_nothing run_exits 0 "$busy" --method dynaflow --seed 1
check the_shard_of_a_killed_process_resumes run_exits 3 "$busy" "${slow[@]}" --shard 1/1 --cell-seconds 0.3

# ---- invalid values of --shard ----

for shard in 3/2 0/0 0/2 x 1 1/ /2 1/2/3 -1/2 1/-2 +1/2 ' 1/2' '1/2 ' 1.0/2 1of2 1/99999 ''; do
  check "shard_'$shard'_is_refused" refuses "^dynaflow run: --shard ${shard/+/\\+}: not of the form I/N" \
    "${plan[@]}" --out "$scratch/none" --shard "$shard"
done
check a_bad_shard_is_told_in_one_line [ "$(grep -c 'dynaflow run: --shard' "$scratch/err")" = 1 ]
check a_bad_shard_creates_no_folder [ ! -e "$scratch/none" ]
finish
