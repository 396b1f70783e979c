#!/usr/bin/env bash
# The example of docs/add-a-task.md: a task outside the tree passes the checks that the page names.
. tests/cli/check.sh
# slow

tasks=$scratch/tasks
mkdir "$tasks"
cp -r docs/examples/pendulum "$tasks"
check data_are_made bash -c "cd '$tasks/pendulum' && python3 make_data.py"
check list_names_the_task bash -c "'$program' list tasks --tasks '$tasks' | grep -qE '^task +pendulum +A pendulum'"
check info_exits_0 exits_with 0 data info pendulum --tasks "$tasks"
check replay_exits_0 exits_with 0 replay "$tasks/pendulum" --quiet
check replay_with_another_step_exits_1 exits_with 1 replay "$tasks/pendulum" --quiet --set system.timestep=0.011
check gradcheck_exits_0 exits_with 0 gradcheck "$tasks/pendulum" --quiet --states 50 --rollouts 5
check smoke_run_exits_0 exits_with 0 run "$tasks/pendulum" --profile smoke --quiet --out "$scratch/run"
check report_exits_0 exits_with 0 report "$scratch/run" --tasks "$tasks"
check the_smoke_run_learns python3 -c "
import csv, sys
rows = csv.DictReader(open(sys.argv[1]))
tre = {r['method']: float(r['value']) for r in rows if r['metric'] == 'tre' and r['k'] in '05'}
assert tre['dynaflow'] < min(0.3 * tre['random_action'], 0.75 * tre['kinematic_fm']), tre" "$scratch/run/report/results.csv"
check verify_exits_0 exits_with 0 verify "$scratch/run"
check gate_holds exits_with 0 gate "$scratch/run" --tasks "$tasks" --junit "$scratch/gate.xml"
check gate_writes_junit python3 -c "
import sys, xml.etree.ElementTree as tree
assert len(list(tree.parse(sys.argv[1]).iter('testcase'))) >= 2" "$scratch/gate.xml"
sed -i 's/mass="1"/mass="1.2"/' "$tasks/pendulum/pendulum.xml"
check smoke_run_of_a_heavier_pendulum_exits_0 exits_with 0 run "$tasks/pendulum" --profile smoke --quiet --out "$scratch/changed"
check gate_rejects_a_heavier_pendulum exits_with 1 gate "$scratch/changed" --tasks "$tasks"
cp docs/examples/pendulum/pendulum.xml "$tasks/pendulum"
check replay_with_another_substep_exits_1 exits_with 1 replay "$tasks/pendulum" --quiet --set system.substeps=2
finish
