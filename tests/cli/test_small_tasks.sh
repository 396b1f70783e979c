#!/usr/bin/env bash
# The tasks pendulum and cartpole: recorded states against Gymnasium's closed forms in Python, what replay says of them,
# the gradient, and the floor and the ceiling of a run against the golden tables.
. tests/cli/check.sh

data=$(realpath -m "${DYNAFLOW_DATA:-../shared/data}")
packages=$PWD/third_party/python
export PYTHONDONTWRITEBYTECODE=1
python() { PYTHONPATH=$packages python3 "$@"; }
if ! python -c 'import numpy' 2>/dev/null; then
  skip small_tasks "no numpy in $packages (ci/fetch-python.py $packages)"
  finish
  exit
fi

# with_rows STATEMENTS: Python that sees the rows of the last output by their metrics
with_rows() { python -c "
import json, sys
rows = {r['metric']: r for r in json.load(open(sys.argv[1]))['rows']}
d = rows.get('verdict')
$1" "$scratch/out"; }
# replays CODE TASK ARGUMENT...
replays() { exits_with "$1" replay "$2" --data "$from" --set data.sha256= --json --quiet --threads 1 "${@:3}"; }
# agrees TASK LAW: the errors of one action that the last replay printed are those of the closed form
agrees() { python tests/cli/small_tasks.py "$from/hcai_imitation" "$1" "$2" "$scratch/out"; }

# replay_both WHOSE: the recordings of $from
replay_both() {
  check "the_$1_pendulum_follows" replays 0 pendulum
  check "the_$1_pendulum_is_that_of_the_closed_form" agrees pendulum euler
  check "the_$1_pendulum_is_rounded" with_rows "assert d['verdict'] == 'rounding' and d['precision']['positions'] == d['precision']['velocities'] == 'float32', d"
  check "the_$1_cart_does_not_follow" replays 1 cartpole
  check "the_$1_cart_is_a_runge_kutta_step" agrees cartpole rk4
  check "the_$1_cart_has_velocities_of_a_whole_action" with_rows "assert d['verdict'] == 'another convention' and 'differences of positions over a whole action' in d['reason'], d"
  check "the_$1_cart_with_euler_does_not_follow" replays 1 cartpole --set system.integrator=Euler
  check "the_$1_cart_with_euler_is_semi_implicit" agrees cartpole euler
}

# recordings that Python makes by the closed forms
from=$scratch/made
mkdir -p "$from/hcai_imitation"
check recordings_are_made python tests/cli/small_tasks.py make "$from/hcai_imitation"
replay_both made
gradient_holds() { exits_with 0 gradcheck "$1" --data "$from" --set data.sha256= --json --quiet --threads 1 --states 50 --rollouts 5 && with_rows "
assert rows['error_max']['value'] < 1e-7 and rows['error_max']['n'] == 50 and rows['kinks']['value'] == 0, rows
assert rows['rollout_error_max']['value'] < 1e-6 and rows['rollout_kinks']['value'] == 0, rows"; }
check the_gradient_of_the_pendulum_is_exact gradient_holds pendulum
check the_gradient_of_the_cartpole_is_exact gradient_holds cartpole

# the published recordings
from=$data
if [ ! -e "$data/hcai_imitation" ]; then
  skip published_small_tasks "no recordings in $data"
  finish
  exit
fi
check gymnasium_made_the_recordings python tests/cli/small_tasks.py "$data/hcai_imitation"
replay_both published
heavy=$scratch/heavy/pendulum
mkdir "$scratch/heavy"
cp -r tasks/pendulum "$scratch/heavy"
sed -i 's/gravity="0 0 -10"/gravity="0 0 -10.1"/' "$heavy/pendulum.xml"
check one_percent_of_gravity_is_another_model replays 1 "$heavy"
# 3 g / (2 l) sin(q) dt = 0.75 sin(q), whose sine reaches 1
check its_largest_error_is_that_of_gravity with_rows "assert abs(rows['cleared_velocity_worst']['value'] - 0.0075) < 1e-5, rows"

for task in pendulum cartpole; do
  check "the_run_of_${task}_exits_0" exits_with 0 run $task --profile smoke --method random_action,replay_demo --seed 1,2 --threads 1 \
    --quiet --data "$data" --blas-kernel Haswell --out "$scratch/$task"
  # the trained methods of the table are missing, and nothing else is wrong
  check "the_gate_of_${task}_exits_3" exits_with 3 gate "$scratch/$task" --verbose
  check "nothing_of_${task}_is_wrong" bash -c "! grep -E '^(regressed|unreadable|not comparable|inconclusive) ' '$scratch/out'"
  check "the_floor_of_${task}_is_held" grep -qE "^$task +random_action +smoke +tre_open_loop .* held " "$scratch/out"
  check "the_ceiling_of_${task}_is_held" grep -qE "^$task +replay_demo +smoke +tre_open_loop .* held " "$scratch/out"
  check "${task}_has_the_numbers_of_its_table" python tests/cli/small_tasks.py table "$scratch/$task" tasks/$task/golden/$task-smoke.csv
done

# another model is not compared with the table; without one it breaks the limit of the ceiling
check the_heavy_run_exits_0 exits_with 0 run "$heavy" --profile smoke --method replay_demo --seed 1 --threads 1 --quiet --data "$data" \
  --blas-kernel Haswell --out "$scratch/heavy-run"
check its_gate_exits_5 exits_with 5 gate "$scratch/heavy-run" --tasks "$scratch/heavy" --verbose
check its_gate_without_a_table_exits_1 exits_with 1 gate "$scratch/heavy-run" --tasks "$scratch/heavy" --against "$scratch/made" --verbose
check its_ceiling_is_regressed grep -qE '^pendulum +replay_demo +smoke +tre_open_loop .* regressed ' "$scratch/out"
finish
