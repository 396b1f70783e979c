#!/usr/bin/env bash
# What decides whether a task trains: coordinates that vary less than their floor are named and scaled by it; the growth of the
# gradient is measured on the task's own data, and a horizon that is too long is said before training.
. tests/cli/check.sh

cp -r docs/examples/pendulum "$scratch/two" && cp -r docs/examples/pendulum "$scratch/head"
says() { grep -qE -- "$1" "$scratch/err" || { echo "no /$1/ in:"; cat "$scratch/err"; false; }; }
silent() { ! grep -E -- "$1" "$scratch/err"; }
small=(--profile smoke --quiet --threads 1 --set train.steps=3 --set net.width=16 --set net.depth=1 --set net.heads=2
  --set net.skip_hidden=16 --set eval.windows=8 --set eval.chains=0 --set eval.sae_windows=0)
loud=("${small[@]/--quiet/--threads=1}")

# two pendulums, of which `hold` is held to about 4e-6 rad, and one that stands on its head: a rod of 2 cm and actions of
# 50 ms, so that the gradient grows by exp(sqrt(9.81 / 0.02) 0.05) = 3.0 per action
python3 - "$scratch" <<'P'
import math, struct, sys, zipfile
def npy(shape, values):
    head = "{'descr': '<f8', 'fortran_order': False, 'shape': %s, }" % (shape,)
    head += ' ' * (63 - (10 + len(head)) % 64) + '\n'
    return b'\x93NUMPY\x01\x00' + struct.pack('<H', len(head)) + head.encode() + struct.pack('<%dd' % len(values), *values)
def write(name, width, episodes, steps, state, action):
    x = [v for e in range(episodes) for t in range(steps + 1) for v in state(e, t)]
    u = [v for e in range(episodes) for t in range(steps) for v in action(e, t)]
    with zipfile.ZipFile(name, 'w') as z:
        z.writestr('states.npy', npy((episodes, steps + 1, len(state(0, 0))), x))
        z.writestr('actions.npy', npy((episodes, steps, len(action(0, 0))), u))
write(sys.argv[1] + '/two/pendulum.npz', 4, 20, 100,
      lambda e, t: [(.3 + .01 * e) * math.sin(.1 * t + e), 6e-6 * math.sin(.3 * t + e), (3 + .1 * e) * math.cos(.1 * t + e), 18e-6 * math.cos(.3 * t + e)],
      lambda e, t: [.5 * math.sin(.1 * t), 0])
write(sys.argv[1] + '/head/pendulum.npz', 2, 20, 100,
      lambda e, t: [1e-3 * math.sin(t + .7 * e), 2e-2 * (math.sin(t + .7 * e) - math.sin(t - 1 + .7 * e))], lambda e, t: [0])
P
cat >"$scratch/two/pendulum.xml" <<'X'
<mujoco><option timestep="0.01"/><worldbody>
  <body><joint name="swing" axis="0 1 0"/><geom type="sphere" pos="0 0 -.5" size=".1" mass="1" contype="0" conaffinity="0"/></body>
  <body><joint name="hold" axis="0 1 0"/><geom type="sphere" pos="0 0 -.5" size=".1" mass="1" contype="0" conaffinity="0"/></body>
</worldbody><actuator><motor joint="swing" ctrllimited="true" ctrlrange="-1 1"/>
  <motor joint="hold" ctrllimited="true" ctrlrange="-1 1"/></actuator></mujoco>
X
cat >"$scratch/head/pendulum.xml" <<'X'
<mujoco><option timestep="0.01"/><worldbody><body><joint name="swing" axis="0 1 0"/>
  <inertial pos="0 0 .02" mass="1" diaginertia="1e-9 1e-9 1e-9"/></body></worldbody>
  <actuator><motor joint="swing" ctrllimited="true" ctrlrange="-1 1"/></actuator></mujoco>
X
sed -i 's/substeps: .*/substeps: 50/; s/timestep: .*/timestep: 0.001/' "$scratch/head/task.yaml"

# ---- scales ----

check info_exits_0 exits_with 0 data info "$scratch/two" --json
check info_names_what_varies_less_than_its_floor python3 -c "
import json, sys
rows = [r for r in json.load(open(sys.argv[1]))['rows'] if 'floor' in r['what']]
assert [(r['what'], r['value']) for r in rows] == [
  ('state scaled by its floor', 'hold joint_pos'), ('state scaled by its floor', 'hold joint_vel'),
  ('start state scaled by its floor', 'hold joint_pos'), ('start state scaled by its floor', 'hold joint_vel'),
  ('action scaled by its floor', 'action 1')], rows
assert rows[0]['unit'] == 'std 4.24e-06 rad, floor 0.01 by scale_floor.joint_pos', rows[0]
assert rows[4]['unit'] == 'std 0, floor 0.01 by scale_floor.action', rows[4]" "$scratch/out"
check training_says_it exits_with 0 train "$scratch/two" --method dynaflow --checkpoint "$scratch/w" "${loud[@]}" --json
check training_names_the_joint says 'pendulum dynaflow seed 1: states vary less than their floor .*hold joint_pos \(std 4.24e-06 rad, floor 0.01 by scale_floor.joint_pos\)'
check its_json_has_the_notes python3 -c "
import json, sys
notes = json.load(open(sys.argv[1]))['rows'][0]['notes']
assert sum('less than their floor' in n for n in notes) == 2, notes" "$scratch/out"
check no_window_diverges python3 -c "
import json, sys
assert json.load(open(sys.argv[1]))['rows'][0]['diverged'] == 0" "$scratch/out"
check a_run_with_them exits_with 0 run "$scratch/two" --method dynaflow,random_action --out "$scratch/run" "${loud[@]}"
check a_run_says_it_once bash -c "[ \$(grep -c 'states vary less than their floor and.*hold joint_vel' '$scratch/err') -eq 1 ]"
check the_record_has_notes_and_floors python3 -c "
import json, sys
cells = {r['method']: r for r in map(json.loads, open(sys.argv[1])) if r['type'] == 'cell'}
assert [n.split(' vary')[0] for n in cells['dynaflow']['notes'] if 'their floor' in n] == ['states', 'actions']
assert cells['random_action']['notes'] == []
assert cells['dynaflow']['config']['scale_floor.joint_pos'] == '0.01'
tre = [r['value'] for r in cells['random_action']['rows'] if r['metric'] == 'tre'][0]
assert 0.1 < tre < 10, tre" "$scratch/run/events.jsonl"
check another_floor_refuses_the_checkpoint refuses "chart.std of 'hold joint_pos' is 0.01, but 0.02" eval "$scratch/two" \
  --method dynaflow --checkpoint "$scratch/w" "${small[@]}" --set scale_floor.joint_pos=0.02
check a_floor_of_0_is_refused refuses 'scale_floor.joint_pos' data info "$scratch/two" --set scale_floor.joint_pos=0

# ---- growth of the gradient ----

value() { python3 -c "
import json, sys
rows = {r['what']: r for r in json.load(open(sys.argv[1]))['rows']}
value = lambda what: rows[what]['value']
status = rows['growth over the horizon']['status']
assert all(set(r) == {'what', 'value', 'p90', 'unit', 'status', 'note'} and type(r['value']) in (float, type(None)) for r in rows.values())
assert all(r['status'] == 'ok' for r in rows.values() if r['what'] != 'growth over the horizon')
assert $1, rows" "$scratch/out"; }
check doctor_of_a_task_exits_0 exits_with 0 doctor "$scratch/two" --json --profile smoke
check a_swinging_pendulum_is_fine value "status == 'ok' and value('recommended window.horizon') == 16"
check doctor_names_what_varies_less_than_its_floor value "abs(value('std of state hold joint_pos') / 4.2426e-6 - 1) < 1e-2"
check doctor_finds_the_unstable_one exits_with 0 doctor "$scratch/head" --json --profile smoke
check its_factor_is_that_of_the_formula value "abs(value('growth per action') / 2.7182818 ** (.05 * (9.81 / .02) ** .5) - 1) < 0.01"
check its_e_folding_time value "abs(value('e-folding time') / 45.15 - 1) < 0.01"
check it_is_too_large value "status == 'too large' and value('exploding windows') == 1"
check a_shorter_horizon_is_recommended value "value('recommended window.horizon') == 2 and value('recommended train.cotangent_decay') is None"
check a_rate_is_recommended value "0 < value('recommended train.rate') < 1e-5"
check with_the_recommended_horizon_it_is_fine exits_with 0 doctor "$scratch/head" --json --set window.horizon=2
check that_is_said value "status == 'ok' and value('recommended window.horizon') == 2"
# a spring that is far too stiff for the time step: no gradient is finite
cp -r "$scratch/head" "$scratch/stiff"
sed -i 's/name="swing" /name="swing" stiffness="1e12" /' "$scratch/stiff/pendulum.xml"
check doctor_finds_a_gradient_that_is_not_finite exits_with 0 doctor "$scratch/stiff" --json --profile smoke
check that_is_its_verdict value "status == 'not finite' and value('exploding windows') == 1 and value('e-folding time') is None"
check it_recommends_nothing value "all(value(f'recommended {k}') is None and rows[f'recommended {k}']['note'].startswith('none helps: the gradient')
  for k in ('window.horizon', 'train.cotangent_decay', 'train.rate'))"
check doctor_prints_a_table exits_with 0 doctor "$scratch/head"
check the_table_says_it grep -q 'growth over the horizon .* too large ' "$scratch/out"
check a_training_says_it exits_with 0 train "$scratch/head" --method dynaflow --checkpoint "$scratch/w" "${loud[@]}"
check it_is_one_line bash -c "[ \$(grep -c 'gradient grows by a factor of .* over the horizon of 16 actions' '$scratch/err') -eq 1 ]"
check another_method_does_not exits_with 0 train "$scratch/head" --method kinematic_fm --checkpoint "$scratch/w" "${loud[@]}"
check because_it_has_no_simulator_inside silent 'gradient grows'
check nor_does_a_short_horizon exits_with 0 train "$scratch/head" --method dynaflow --checkpoint "$scratch/w" "${loud[@]}" --set window.horizon=2
check as_it_is_fine silent 'gradient grows'
check quiet_says_nothing exits_with 0 train "$scratch/head" --method dynaflow --checkpoint "$scratch/w" "${small[@]}"
check quiet_is_silent silent 'gradient grows'
check the_record_says_it exits_with 0 run "$scratch/head" --method dynaflow --out "$scratch/grown" "${small[@]}"
check its_notes_do grep -q '"the gradient grows by a factor of' "$scratch/grown/events.jsonl"
check a_method_without_a_task_is_refused refuses '\-\-method needs a TASK' doctor --method dynaflow
check an_unknown_method_is_refused refuses "unknown method 'x'" doctor "$scratch/head" --method x
check an_unknown_task_is_refused refuses "unknown task 'nowhere'" doctor nowhere
rm "$scratch/head/pendulum.npz"
check missing_data_are_3 misses 'pendulum.npz' doctor "$scratch/head"

finish
