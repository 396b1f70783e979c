#!/usr/bin/env bash
# A task whose actuator has an activation: the state is [qpos, qvel, act] from the data to the report.
. tests/cli/check.sh

# the example of docs/add-a-task.md, with a motor that follows its control with a time constant of 0.05 s
task=$scratch/tasks/lagging
mkdir -p "$scratch/tasks"
cp -r docs/examples/pendulum "$task"
mv "$task/pendulum.xml" "$task/lagging.xml"
sed -i 's/name: pendulum .*/name: lagging/; s/pendulum\.\(xml\|npz\)/lagging.\1/' "$task/task.yaml"
sed -i 's|<motor \(.*\)/>|<general dyntype="filter" dynprm="0.05" \1/>|' "$task/lagging.xml"
sed -i "s/pendulum.npz/lagging.npz/; s/q, v = \(.*\), 0.0/q, v, act = \1, 0.0, 0.0/; s/\[q, v\]/[q, v, act]/
  s/DT \* (u - /DT * (act - /; s/^\( *\)q += DT \* v/&\n\1act += DT * (u - act) \/ 0.05/; s/STEPS + 1, 2)/STEPS + 1, 3)/" "$task/make_data.py"

check data_are_made bash -c "cd '$task' && python3 make_data.py"
check info_exits_0 exits_with 0 data info "$task"
check replay_exits_0 exits_with 0 replay "$task" --quiet
check replay_reports_the_activation bash -c "'$program' replay '$task' --quiet | grep -q 'carried_activation_worst .* ok'"
check gradcheck_exits_0 exits_with 0 gradcheck "$task" --quiet --states 50 --rollouts 5
check smoke_run_exits_0 exits_with 0 run "$task" --profile smoke --quiet --out "$scratch/run"
check verify_exits_0 exits_with 0 verify "$scratch/run"
check gate_holds exits_with 0 gate "$scratch/run" --tasks "$scratch/tasks"
check report_has_the_activation bash -c "'$program' report '$scratch/run' --quiet && grep -rq 'tre_open_loop.activation' '$scratch/run'"
# data with a faster actuator than the model's
sed -i 's|/ 0.05|/ 0.04|' "$task/make_data.py"
check other_data_are_made bash -c "cd '$task' && python3 make_data.py"
check replay_of_another_lag_exits_1 exits_with 1 replay "$task" --quiet
finish
