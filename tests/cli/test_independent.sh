#!/usr/bin/env bash
# Every number of the records of a run, and of its report, is that of a second implementation in Python that uses no code
# of this project (tests/independent). Needs numpy and MuJoCo's Python package, which `make test` puts into third_party.
. tests/cli/check.sh
# slow

packages=third_party/python
export PYTHONDONTWRITEBYTECODE=1 # nothing is written into the tree
python() { PYTHONPATH=$PWD/$packages python3 "$@"; }
missing=$(python -c 'import numpy, mujoco; print(mujoco.__version__)' 2>&1) || missing="no packages: ${missing##*$'\n'}"
used=$("$program" doctor 2>/dev/null | sed -n 's/.*MuJoCo[^0-9]*\([0-9.]*\).*/\1/p' | head -1)
if [ "$missing" != "$used" ]; then
  skip independent_evaluation "the program uses MuJoCo $used, and Python in $packages has $missing (ci/fetch-python.py $packages)"
  finish
  exit
fi

# ---- two tasks: several conditions, chains, chunks and K; falls, and motions that diverge ----
tasks=$scratch/tasks run_folder=$scratch/run
check the_tasks_are_made python tests/independent/make_tasks.py "$tasks"
# some of the episodes are validated on
validated=(--set split.validation_every=3 --set train.validate_every=7)
# the motions of runaway explode, which the check of data takes for wrong velocities
check the_run_is_made exits_with 0 run "$tasks/walker" "$tasks/runaway" --profile full --seed 3 --store-samples --quiet --no-data-check \
  "${validated[@]}" --out "$run_folder"
evaluation() { PYTHONPATH=$PWD/$packages python3 tests/independent/evaluation.py "$1" "$tasks"; }
check every_number_is_that_of_an_independent_evaluation evaluation "$run_folder"
# episodes of different length with conditions per frame, split by time
check clips_are_run exits_with 0 run "$tasks/clips" --profile full --seed 3 --store-samples --quiet --no-data-check \
  --set split.validation_every=3 --out "$scratch/clips"
check every_number_of_clips_is_that_of_an_independent_evaluation evaluation "$scratch/clips"
# feet that are named by their bodies
check feet_without_names_are_run exits_with 0 run "$tasks/walker" --profile full --method random_action --seed 3 --store-samples \
  --quiet --no-data-check --out "$scratch/feet" --set eval.feet=RR_leg:0,FL,FR_leg:0
check every_number_of_feet_without_names_is_that_of_an_independent_evaluation evaluation "$scratch/feet"
# recordings that no generator's clock is known of have no gait phase
check gaits_of_others_are_run exits_with 0 run "$tasks/walker" --profile full --method replay_demo,random_action --seed 3 --store-samples \
  --quiet --no-data-check --out "$scratch/others" --set data.generator=
check every_number_of_gaits_of_others_is_that_of_an_independent_evaluation evaluation "$scratch/others"
check which_have_no_phase bash -c "! grep -q gait_phase '$scratch/others/events.jsonl'"
finish || exit

# ---- the report of three seeds, and of a part of them; figures are compared by their data and scripts ----
mkdir "$scratch/bin"
ln -s "$(command -v env)" "$(command -v bash)" "$scratch/bin"
# captions are of figures that were drawn
printf '#!/usr/bin/env bash\nscript=${!#}\necho "</svg>" >"${script%%.gp}.svg"\n' >"$scratch/bin/gnuplot"
chmod +x "$scratch/bin/gnuplot"
report() { # report RUN ARGUMENT...: with a gnuplot that only leaves a file, and what differs in it
  local run=$1
  shift
  PATH=$scratch/bin "$program" report "$run" --quiet "$@"
  PYTHONPATH=$PWD/$packages python3 tests/independent/report.py "$run"
}
check the_other_seeds_are_run exits_with 0 run "$tasks/walker" "$tasks/runaway" --profile full --seed 3,4,5 --quiet --no-data-check \
  "${validated[@]}" --out "$run_folder"
check every_cell_of_tables_and_figures_is_that_of_the_records report "$run_folder"
finish || exit
mkdir "$scratch/part"
python3 - "$run_folder/events.jsonl" >"$scratch/part/events.jsonl" <<'PY'
import json, sys
for r in map(json.loads, open(sys.argv[1])):
    at = r.get('method'), r.get('seed')
    if at == ('dynaflow', 4) or at == ('replay_demo', 5) and r['task'] == 'walker': continue
    if at == ('random_action', 3): r.update(status='error', reason='no | memory')
    if r['type'] == 'cell': r['provenance'].update(cores=5, threads=7 - (at == ('dynaflow', 3)), dirty=at == ('dynaflow', 5))
    r.pop('record_sha256')
    print(json.dumps(r))
PY
check every_cell_of_a_partial_report_is_that_of_the_records report "$scratch/part" --partial

# ---- the check itself: what is changed in a record, in the ninth digit of a number, is found ----
mkdir "$scratch/changed"
ln -s "$run_folder/samples" "$scratch/changed/samples"
python3 - "$run_folder" "$scratch/changed" <<'PY'
import json, sys
c = next(r for r in map(json.loads, open(sys.argv[1] + '/events.jsonl')) if r.get('method') == 'action_fm')
row = lambda metric: next(r for r in c['rows'] if (r['metric'], r['k']) == (metric, 3))
row('command_error')['value'] *= 1 + 1e-9
row('tre_open_loop')['lo'] *= 1 + 1e-9
c['rows'].remove(row('survival'))
c['strip']['frames'][0]['x'][4] += 1e-9
touch = c['motions'][1]['contacts']['demanded']
touch[2] = touch[2][:5] + '10'[int(touch[2][5])] + touch[2][6:]
c['motions'][0]['joint']['demonstrated']['velocity'][3] += 1e-9
open(sys.argv[2] + '/events.jsonl', 'w').write(json.dumps(c) + '\n')
PY
evaluation "$scratch/changed" >"$scratch/found"
check six_changes_are_six_differences [ "$(grep -c ' is .* not ' "$scratch/found")" = 6 ]
for change in 'command_error 3\.value' 'tre_open_loop 3\.lo' 'survival 3' 'strip\.frames\[0\]\.x\[4\]' 'motions\[1\]\.contacts\.demanded\[2\]' 'motions\[0\]\.joint\.demonstrated\.velocity\[3\]'; do
  check "a_change_is_found_${change//[^a-z_]/}" grep -q "action_fm: $change is" "$scratch/found"
done
# a digit in a table, in the page, in a CSV file and in two figures, and a swapped index
mkdir "$scratch/small"
python3 - "$run_folder/events.jsonl" >"$scratch/small/events.jsonl" <<'PY'
import json, sys
for r in map(json.loads, open(sys.argv[1])):
    if r['type'] == 'plan': r['cells'] = [c for c in r['cells'] if c['task'] == 'runaway']
    if r.get('task', 'runaway') == 'runaway': print(json.dumps({k: v for k, v in r.items() if k != 'record_sha256'}))
PY
check a_small_report_is_that_of_its_records report "$scratch/small"
cd "$scratch/small/report" || exit
sed -i '0,/| 0\.\([0-9]\)/s//| 0.1\1/' tables.md
sed -i '0,/<td>0\.\([0-9]\)/s//<td>0.1\1/' index.html
sed -i '0,/,0\.\([0-9]\)/s//,0.1\1/' results.csv
sed -i '2s/\.\([0-9]\)/.1\1/' plots/runaway-full-metrics-k2.dat plots/runaway-full-training.dat
sed -i '0,/index 1 /s//index 0 /' plots/runaway-full-trajectories.gp
cd "$OLDPWD" || exit
PYTHONPATH=$PWD/$packages python3 tests/independent/report.py "$scratch/small" >"$scratch/found"
for place in tables.md index.html results.csv metrics-k2, training, trajectories.gp; do
  check "a_change_is_found_in_${place//[^a-z0-9]/_}" grep -q "$place" "$scratch/found"
done
finish
