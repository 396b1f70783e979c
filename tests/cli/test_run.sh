#!/usr/bin/env bash
# Runs: the same bytes on any number of threads and after kills; done cells are skipped; wrong checkpoints are refused.
. tests/cli/check.sh
# slow

data=$scratch/data
task=go1_gaits
methods=dynaflow,dynaflow_tracking,kinematic_fm_idm,action_fm
small=(--set data.episodes=10 --set data.seconds=3 --set window.last=100 --set train.steps=6 --set net.width=16
  --set net.depth=1 --set net.heads=2 --set net.skip_hidden=16 --set inverse.steps=6 --set inverse.width=16
  --set eval.windows=8 --set eval.chains=4 --set eval.chain_seconds=0.64 --set eval.sae_windows=2)

# small_run FOLDER ARGUMENT...: `run` with the small settings; the arguments come later and take precedence
small_run() { run run "$task" "${small[@]}" --out "$@" --data "$data"; }
small_run_exits() {
  local wanted=$1
  shift
  small_run "$@"
  [ "$code" -eq "$wanted" ] || { echo "exit code $code, not $wanted"; cat "$scratch/out" "$scratch/err"; return 1; }
}
says() { grep -qE -- "$1" "$scratch/out" "$scratch/err" || { echo "no /$1/ in:"; cat "$scratch/out" "$scratch/err"; false; }; }

# everything of a run's finished cells that must not depend on threads, time or interruptions, one line a cell; with a
# second argument, also without what names the cell itself
cat >"$scratch/facts.py" <<'PY'
import json, sys
drop = {'provenance', 'record_sha256', 'started', 'wall_s', 'cpu_s', 'train_cpu_s'}
if len(sys.argv) > 2: drop |= {'key', 'seed', 'config'}
cells = []
for line in open(sys.argv[1] + '/events.jsonl'):
    r = json.loads(line)
    if r['type'] != 'cell' or r['status'] != 'done': continue
    assert r['rows'] and r['training']['curves'][0]['loss'] and r['strip']['frames'] and r['examples'], r['key']
    for curve in r['training']['curves']: del curve['cpu_s']
    if len(sys.argv) > 2: del r['training']['checkpoint'], r['training']['checkpoint_sha256'], r['training']['files']
    cells.append(json.dumps({k: v for k, v in r.items() if k not in drop}, sort_keys=True))
assert cells, 'no finished cell'
print('\n'.join(sorted(cells)))
PY
facts() { python3 "$scratch/facts.py" "$@"; }
same_facts() { facts "$1" >"$scratch/facts.1" && facts "$2" >"$scratch/facts.2" && cmp "$scratch/facts.1" "$scratch/facts.2"; }
same_run() { same_facts "$1" "$2" && diff -r "$1/checkpoints" "$2/checkpoints"; }
differ() { ! "$@"; }
count_records() { # count_records FOLDER TYPE STATUS
  python3 -c "
import json, sys
records = [json.loads(l) for l in open(sys.argv[1] + '/events.jsonl')]
print(sum(r['type'] == sys.argv[2] and r.get('status', '') == sys.argv[3] for r in records))" "$@"
}
# checkpoint_of FOLDER METHOD
checkpoint_of() {
  python3 -c "
import json, sys
for l in open(sys.argv[1] + '/events.jsonl'):
    r = json.loads(l)
    if r.get('method') == sys.argv[2] and r.get('status') == 'done': print(sys.argv[1] + '/' + r['training']['checkpoint'])" "$@" |
    tail -1
}

# ---- threads ----

one=$scratch/run1
for threads in 1 2 4; do
  check "run_with_${threads}_threads_exits_0" small_run_exits 0 "$scratch/run$threads" --method $methods \
    --data "$scratch/data$threads" --threads $threads --quiet
done
data=$scratch/data1
check run_has_4_cells [ "$(count_records "$one" cell done)" = 4 ]
check run_has_a_checkpoint_a_network [ "$(ls "$one/checkpoints" | wc -l)" = 5 ]
for threads in 2 4; do
  check "threads_do_not_change_demonstrations_1_$threads" diff -r "$scratch/data1" "$scratch/data$threads"
  check "threads_do_not_change_checkpoint_samples_or_metrics_1_$threads" same_run "$one" "$scratch/run$threads"
done

dynaflow=$(checkpoint_of "$one" dynaflow)
for method in dynaflow dynaflow_tracking kinematic_fm_idm action_fm; do
  for threads in 1 2 4; do
    check "sample_of_${method}_with_${threads}_threads_exits_0" exits_with 0 sample $task --method $method --quiet \
      --checkpoint "$(checkpoint_of "$one" $method)" --out "$scratch/$method-$threads.npz" --threads $threads \
      --windows 19 --steps 3 --data "$data" "${small[@]}"
  done
  for threads in 2 4; do
    check "threads_do_not_change_samples_of_${method}_1_$threads" cmp "$scratch/$method-1.npz" "$scratch/$method-$threads.npz"
  done
done
check methods_give_different_samples differ cmp -s "$scratch/dynaflow-1.npz" "$scratch/action_fm-1.npz"

# eval of a run's checkpoint repeats the run's numbers; the work counters of training are in the run only
check eval_exits_0 exits_with 0 eval $task --method dynaflow --checkpoint "$dynaflow" --data "$data" --json "${small[@]}"
check eval_repeats_the_rows_of_the_run python3 -c "
import json, sys
rows = json.load(open(sys.argv[1]))['rows']
cell = [r for r in map(json.loads, open(sys.argv[2])) if r.get('method') == 'dynaflow'][0]
again = [{k: v for k, v in r.items() if k not in ('task', 'method', 'seed', 'profile')} for r in rows]
assert again == [r for r in cell['rows'] if r in again]
assert all(r['metric'].startswith('effort.') for r in cell['rows'] if r not in again)
" "$scratch/out" "$one/events.jsonl"

# ---- returned actions reproduce the returned states: `dynaflow replay` with the samples as recorded data ----

replay_task() { # replay_task METHOD: a task whose data are the method's samples
  local folder=$scratch/replayed/$1
  mkdir -p "$folder"
  cp tasks/$task/go1.xml "$folder"
  sed -e '/^  source:/c\  source: npz\n  file: samples.npz' -e '/^  gaits:/d' tasks/$task/task.yaml >"$folder/task.yaml"
  python3 -c "
import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as a, zipfile.ZipFile(sys.argv[2], 'w') as b:
    for name in a.namelist():
        if name != 'conditions.npy': b.writestr(name, a.read(name))" "$scratch/$1-1.npz" "$folder/samples.npz"
}
replays_bit_for_bit() {
  # the solver starts cleared at each step in one of replay's three questions; samples were made with it carried on
  run replay "$scratch/replayed/$1" --set window.first=0 --set window.last=0 --json --quiet --limit-cleared 1e9
  [ "$code" -eq 0 ] && python3 -c "
import json, sys
rows = {r['metric']: r for r in json.load(open(sys.argv[1]))['rows']}
equal = rows['carried_bitwise_equal']
assert equal['value'] == 1 and equal['n'] == 19 * 16, equal" "$scratch/out"
}
for method in dynaflow dynaflow_tracking action_fm kinematic_fm_idm; do replay_task $method; done
check actions_of_dynaflow_replay_its_states_bit_for_bit replays_bit_for_bit dynaflow
check actions_of_dynaflow_tracking_replay_its_states_bit_for_bit replays_bit_for_bit dynaflow_tracking
check actions_of_action_fm_replay_its_states_bit_for_bit replays_bit_for_bit action_fm
check claimed_states_of_kinematic_fm_idm_do_not_replay differ replays_bit_for_bit kinematic_fm_idm

# ---- the comparisons above can fail ----

cp -r "$one" "$scratch/spoiled"
python3 - "$scratch/spoiled/events.jsonl" <<'PY'
import json, math, sys
lines = [json.loads(l) for l in open(sys.argv[1])]
row = next(r for r in lines[1]['rows'] if r['value'])
row['value'] = math.nextafter(row['value'], math.inf) if hasattr(math, 'nextafter') else row['value'] * (1 + 2**-52)
open(sys.argv[1], 'w').write(''.join(json.dumps(l) + '\n' for l in lines))
PY
check one_bit_in_one_metric_is_noticed differ same_facts "$one" "$scratch/spoiled"

# ---- finished cells are skipped; what changes a number runs again ----

cp "$one/events.jsonl" "$scratch/before"
check rerun_exits_0 small_run_exits 0 "$one" --method $methods --threads 2
check weights_are_named says "^weights of $task dynaflow seed 1: $one/checkpoints/.*safetensors$"
check a_command_samples_from_them says "^dynaflow sample $task --profile full --checkpoint $one/checkpoints/[0-9a-f]+.safetensors --set data.episodes=10 "
check rerun_runs_nothing says '^4 cells: 0 run, 4 already done, 0 failed'
check rerun_leaves_the_record_as_it_was cmp "$scratch/before" "$one/events.jsonl"
check another_title_runs_nothing small_run_exits 0 "$one" --method $methods --set task.title=Other
check another_title_is_no_other_cell says '^4 cells: 0 run, 4 already done'
check another_title_leaves_the_record cmp "$scratch/before" "$one/events.jsonl"

check another_seed_exits_0 small_run_exits 0 "$one" --method $methods --seed 1,2
check another_seed_adds_cells says '^8 cells: 4 run, 4 already done'
check another_seed_only_appends cmp -n "$(stat -c %s "$scratch/before")" "$scratch/before" "$one/events.jsonl"
mkdir "$scratch/seed1" "$scratch/seed2"
grep -v '"seed":2' "$one/events.jsonl" >"$scratch/seed1/events.jsonl"
grep '"type":"cell"' "$one/events.jsonl" | grep '"seed":2' >"$scratch/seed2/events.jsonl"
seeds_differ() {
  facts "$scratch/seed1" alike >"$scratch/facts.1" && facts "$scratch/seed2" alike >"$scratch/facts.2" || return 1
  [ "$(wc -l <"$scratch/facts.1")" = 4 ] && [ "$(wc -l <"$scratch/facts.2")" = 4 ] || return 1
  [ -z "$(comm -12 <(sort "$scratch/facts.1") <(sort "$scratch/facts.2"))" ]
}
check another_seed_gives_other_numbers seeds_differ
second=$(checkpoint_of "$one" dynaflow)
check another_seed_has_its_own_checkpoint [ "$second" != "$dynaflow" ]
# the tensors, without the header that names the seed
tensors() { python3 -c "
import struct, sys
b = open(sys.argv[1], 'rb').read()
sys.stdout.buffer.write(b[8 + struct.unpack('<Q', b[:8])[0]:])" "$1"; }
check another_seed_gives_other_weights differ cmp -s <(tensors "$dynaflow") <(tensors "$second")

check another_rate_exits_0 small_run_exits 0 "$one" --method action_fm --set train.rate=0.002
check another_rate_runs_again says '^1 cells: 1 run, 0 already done'
check another_number_of_windows_exits_0 small_run_exits 0 "$one" --method action_fm --set eval.windows=9
check another_number_of_windows_runs_again says '^1 cells: 1 run, 0 already done'

# ---- torn lines ----

torn=$scratch/torn
cp -r "$scratch/run2" "$torn"
truncate -s -100 "$torn/events.jsonl"
check torn_run_exits_0 small_run_exits 0 "$torn" --method $methods
check torn_line_is_told says 'events.jsonl: removed an incomplete last line \([0-9]+ bytes\); 4 records kept'
check only_the_torn_cell_runs_again says '^4 cells: 1 run, 3 already done'
check torn_run_ends_as_if_nothing_had_happened same_run "$scratch/run2" "$torn"
check torn_line_is_gone [ "$(count_records "$torn" cell done)" = 4 ]

# ---- interruptions ----

# slow enough to be stopped in the second cell's training: one thread, some seconds
slow=(--method action_fm,dynaflow --threads 1 --quiet --set train.steps=300 --set train.batch=8)
in_background() { "$program" run $task "${small[@]}" "${slow[@]}" --out "$1" --data "$data" \
  >"$scratch/out" 2>"$scratch/err" </dev/null & pid=$!; }
slow_run() { code=0; in_background "$1"; wait $pid || code=$?; }
first_cell_done() { for _ in $(seq 600); do grep -q '"type":"cell"' "$1/events.jsonl" 2>/dev/null && return 0; sleep 0.05; done; return 1; }
# its folder of training states is there, and the first cell's is gone
second_cell_trains() { sleep 0.2; for _ in $(seq 600); do
  find "$1/training" -mindepth 1 -type d ! -name shared 2>/dev/null | grep -q . && return 0; sleep 0.05; done; return 1; }
leftovers() { find "$1" -name '*.part.*' | grep -q .; }

slow_run "$scratch/whole"
check uninterrupted_run_exits_0 [ $code -eq 0 ]

interrupted=$scratch/interrupted
in_background "$interrupted"
check first_cell_comes_before_the_second first_cell_done "$interrupted"
check second_cell_is_training second_cell_trains "$interrupted"
kill -INT $pid
code=0; wait $pid || code=$?
check sigint_exits_130 [ $code -eq 130 ]
check sigint_says_what_is_kept says 'dynaflow: interrupted; 1 of 2 cells are done and kept in'
check sigint_is_no_failure [ "$(grep -c '^dynaflow:' "$scratch/err")" = 1 ]
check sigint_keeps_the_first_cell [ "$(count_records "$interrupted" cell done)" = 1 ]
check sigint_records_the_second_as_interrupted [ "$(count_records "$interrupted" cell interrupted)" = 1 ]
check sigint_leaves_no_other_checkpoint [ "$(ls "$interrupted/checkpoints" | wc -l)" = 1 ]
slow_run "$interrupted"
check second_run_exits_0 [ $code -eq 0 ]
check interrupted_run_ends_as_an_uninterrupted_one same_run "$scratch/whole" "$interrupted"
check second_run_skips_the_first_cell [ "$(count_records "$interrupted" cell done)" = 2 ]

killed=$scratch/killed
in_background "$killed"
first_cell_done "$killed"
check second_writer_is_refused refuses 'another dynaflow is writing this run' run $task --out "$killed" \
  --method action_fm --data "$data" "${small[@]}"
kill -KILL $pid
wait $pid 2>/dev/null
slow_run "$killed"
check run_after_sigkill_exits_0 [ $code -eq 0 ]
check killed_run_ends_as_an_uninterrupted_one same_run "$scratch/whole" "$killed"
check kills_leave_no_half_files differ leftovers "$scratch"

# a signal during a run of cells without training
"$program" run $task "${small[@]}" --set eval.chains=40 --out "$scratch/measured" --method random_action --threads 1 --data "$data" \
  --seed "$(seq -s, 60)" >"$scratch/out" 2>"$scratch/err" </dev/null & pid=$!
check a_measurement_ends_before_the_signal first_cell_done "$scratch/measured"
kill -INT $pid
code=0; wait $pid || code=$?
check sigint_between_measurements_exits_130 [ $code -eq 130 ]
check sigint_between_measurements_says_what_is_kept says "interrupted; $(count_records "$scratch/measured" cell done) of 60 cells"
check sigint_between_measurements_stops [ "$(count_records "$scratch/measured" cell done)" -lt 60 ]

# train: signalled repeatedly until it ends
mkdir "$scratch/kept"
echo precious >"$scratch/kept/old.safetensors"
"$program" train $task --method dynaflow --checkpoint "$scratch/kept/old.safetensors" --quiet --threads 1 --data "$data" \
  "${small[@]}" --set train.steps=100000 >"$scratch/out" 2>"$scratch/err" </dev/null & pid=$!
sleep 0.5
while kill -INT $pid 2>/dev/null; do sleep 0.2; done
code=0; wait $pid || code=$?
check interrupted_train_exits_130 [ $code -eq 130 ]
check interrupted_train_leaves_the_old_file [ "$(cat "$scratch/kept/old.safetensors")" = precious ]
check interrupted_train_leaves_no_other_file [ "$(ls -A "$scratch/kept")" = old.safetensors ]

# ---- checkpoints that do not belong ----

# refuses_checkpoint FILE PATTERN METHOD ARGUMENT...
refuses_checkpoint() {
  local file=$1 pattern=$2 method=$3
  shift 3
  ${how:-refuses} "$pattern" eval "${small[@]}" "$@" --method $method --checkpoint "$file" --data "$data" --quiet &&
    grep -qF "$file" "$scratch/err" && [ "$(grep -c '^dynaflow' "$scratch/err")" = 1 ] && [ ! -s "$scratch/out" ] ||
    { cat "$scratch/err" "$scratch/out"; false; }
}
mkdir -p "$scratch/tasks/other" "$scratch/tasks/heavy"
cp tasks/$task/go1.xml "$scratch/tasks/other"
sed 's/name: go1_gaits/name: other/' tasks/$task/task.yaml >"$scratch/tasks/other/task.yaml"
sed 's/<mujoco model="/&heavier /' tasks/$task/go1.xml >"$scratch/tasks/heavy/go1.xml"
cp tasks/$task/task.yaml "$scratch/tasks/heavy"
check the_other_model_differs differ cmp -s tasks/$task/go1.xml "$scratch/tasks/heavy/go1.xml"

check checkpoint_of_another_method_is_refused refuses_checkpoint "$dynaflow" 'kind is dynaflow, expected action_fm' action_fm $task
check checkpoint_of_another_task_is_refused refuses_checkpoint "$dynaflow" 'task.name is go1_gaits, expected other' dynaflow "$scratch/tasks/other"
check checkpoint_of_another_model_is_refused refuses_checkpoint "$dynaflow" \
  'trained with another model: go1\.xml changed' dynaflow "$scratch/tasks/heavy"
check checkpoint_of_another_horizon_is_refused refuses_checkpoint "$dynaflow" 'window.horizon is 16, expected 8' dynaflow $task --set window.horizon=8
check checkpoint_of_another_width_is_refused refuses_checkpoint "$dynaflow" 'net.width is 16, expected 32 in the profile full: give the --profile and --set' dynaflow $task --set net.width=32
check checkpoint_of_another_noise_is_refused refuses_checkpoint "$dynaflow" 'flow.sigma is 1, expected 2' dynaflow $task --set flow.sigma=2
size=$(stat -c %s "$dynaflow")
for bytes in 0 7 100 $((size / 2)) $((size - 1)); do
  head -c "$bytes" "$dynaflow" >"$scratch/cut.safetensors"
  check "checkpoint_cut_to_${bytes/$((size - 1))/all_but_1}_bytes_is_refused" refuses_checkpoint "$scratch/cut.safetensors" . dynaflow $task
done
head -c 5000 /dev/zero >"$scratch/zero.safetensors"
check checkpoint_of_zeros_is_refused refuses_checkpoint "$scratch/zero.safetensors" . dynaflow $task
two_networks=$(checkpoint_of "$one" kinematic_fm_idm)
cp "$two_networks" "$scratch/half.safetensors"
how=misses check a_missing_checkpoint_is_refused refuses_checkpoint "$scratch/nowhere.safetensors" 'No such file' dynaflow $task
check a_missing_second_network_is_named misses 'half\.safetensors\.inverse' eval $task --method kinematic_fm_idm \
  --checkpoint "$scratch/half.safetensors" --data "$data" "${small[@]}"
check sample_refuses_it_too refuses 'kind is dynaflow, expected action_fm' sample $task --method action_fm \
  --checkpoint "$dynaflow" --out "$scratch/none.npz" --data "$data" "${small[@]}"
check a_refused_sample_writes_nothing [ ! -e "$scratch/none.npz" ]
finish
