#!/usr/bin/env bash
# Actions that are controls divided by a factor, as if the actuators were stronger: of motors import scales the actions;
# of servos, whose stiffness has the gain, too, it does not. The recordings are made by this file, in its own arithmetic.
. tests/cli/check.sh
models=$scratch/models made=$scratch/made tasks=$scratch/tasks
mkdir -p "$models" "$made" "$tasks"

# two sliders by semi-implicit Euler; the servos of a recorder have twice the model's gain
for kind in motor position velocity; do
  extra= ; [ $kind = position ] && extra='kp="8"' ; [ $kind = velocity ] && extra='kv="3"'
  cat >"$models/$kind.xml" <<XML
<mujoco><option timestep=".01" gravity="0 0 0" integrator="Euler"/><worldbody>
<body><joint name="a" type="slide"/><geom size=".1" mass="1"/></body>
<body pos="0 1 0"><joint name="b" type="slide"/><geom size=".1" mass="1"/></body></worldbody>
<actuator><$kind name="left" joint="a" ctrlrange="-3 3" $extra/><$kind name="right" joint="b" ctrlrange="-3 3" $extra/></actuator></mujoco>
XML
done
python3 - "$made" <<'PYTHON'
import json, math, sys
def force(kind, u, q, v):
    return {'motor': u, 'position': 2 * 8 * (u - q), 'velocity': 2 * 3 * (u - v)}[kind]
for name, kind, factor in (('half', 'motor', 0.5), ('ninetenths', 'motor', 0.9), ('position', 'position', 1), ('velocity', 'velocity', 1)):
    states, actions = [], []
    for e in range(6):
        x, s, a = [0.0, 0.0, 0.0, 0.0], [], []
        for t in range(60):
            s.append(list(x))
            u = [math.cos(0.3 * t + e), 0.8 * math.cos(0.17 * t + 2 * e)]
            f = [force(kind, u[k], x[k], x[2 + k]) for k in range(2)]
            for k in range(2):
                x[2 + k] += 0.01 * f[k]
                x[k] += 0.01 * x[2 + k]
            a.append([factor * w for w in u])
        states.append(s + [list(x)])
        actions.append(a)
    json.dump({'states': states, 'actions': actions, 'dt': 0.01}, open(f'{sys.argv[1]}/{name}.json', 'w'))
PYTHON
imports() { exits_with 0 data import "$made/$1.json" --model "$models/$2.xml" --out "$tasks/$1" --threads 1; }
sets() { grep -qE "^ *$2" "$tasks/$1/task.yaml"; }
check halved_actions_of_motors_are_imported imports half motor
check they_are_doubled sets half 'action_scale: \[2\]( |$)'
check it_is_reported grep -q "controls divided by a factor: with actuator .* x 2 the states follow (data.action_scale)" "$scratch/err"
check they_are_used sets half 'actions_key: actions'
check the_states_follow exits_with 0 replay "$tasks/half" --quiet
check actions_times_0.9_are_imported imports ninetenths motor
check their_factor_is_the_reciprocal sets ninetenths 'action_scale: \[1.1111111111111112\]( |$)'
check the_states_follow_from_them exits_with 0 replay "$tasks/ninetenths" --quiet
for kind in position velocity; do
  check actions_of_stronger_${kind}_servos_are_imported imports $kind $kind
  check they_are_not_used_for_$kind sets $kind 'actions_key: ""'
  check no_scale_is_set_for_$kind bash -c "! grep -q action_scale '$tasks/$kind/task.yaml'"
  check the_gain_is_named_for_$kind grep -q "replay: not all of this is a setting: actuator gains (kp) x 2" "$scratch/err"
done
finish
