#!/usr/bin/env bash
# Every number of the records of a run, and of its report, is that of a second implementation in Python that uses no code
# of this project (tests/independent). Needs numpy and MuJoCo's Python package, which `make test` puts into third_party.
. tests/cli/check.sh
# slow

packages=third_party/python
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
check the_run_is_made exits_with 0 run "$tasks/walker" "$tasks/runaway" --profile full --seed 3 --store-samples --quiet \
  --out "$run_folder"
evaluation() { PYTHONPATH=$PWD/$packages python3 tests/independent/evaluation.py "$1" "$tasks"; }
check every_number_is_that_of_an_independent_evaluation evaluation "$run_folder"
finish || exit

# ---- the check itself: what is changed in a record, in the ninth digit of a number, is found ----
mkdir "$scratch/changed"
ln -s "$run_folder/samples" "$scratch/changed/samples"
python3 - "$run_folder" "$scratch/changed" <<'PY'
import json, sys
c = next(r for r in map(json.loads, open(sys.argv[1] + '/events.jsonl')) if r.get('method') == 'kinematic_fm_idm')
row = lambda metric: next(r for r in c['rows'] if (r['metric'], r['k']) == (metric, 3))
row('command_error')['value'] *= 1 + 1e-9
row('tre_open_loop')['lo'] *= 1 + 1e-9
c['rows'].remove(row('survival'))
c['strip']['frames'][0]['x'][4] += 1e-9
open(sys.argv[2] + '/events.jsonl', 'w').write(json.dumps(c) + '\n')
PY
evaluation "$scratch/changed" >"$scratch/found"
check four_changes_are_four_differences [ "$(grep -c ' is .* not ' "$scratch/found")" = 4 ]
for change in 'command_error 3\.value' 'tre_open_loop 3\.lo' 'survival 3' 'strip\.frames\[0\]\.x\[4\]'; do
  check "a_change_is_found_${change//[^a-z_]/}" grep -q "kinematic_fm_idm: $change is" "$scratch/found"
done
finish
