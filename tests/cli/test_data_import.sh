#!/usr/bin/env bash
# dynaflow data import: what it finds in recordings of known layouts, and what it refuses.
. tests/cli/check.sh

made=$scratch/made models=$scratch/models tasks=$scratch/tasks
mkdir -p "$made" "$models"
python3 tests/cli/import_models.py "$models"
python3 tests/cli/import_data.py "$made"
# imports NAME MODEL SOURCE... [OPTION...]: into $tasks/NAME
imports() {
  local name=$1 model=$2
  shift 2
  exits_with 0 data import "$@" --model "$model" --out "$tasks/$name" --threads 1
}
# sets NAME KEY: VALUE...: lines of the task file, without their comments
sets() {
  local file=$tasks/$1/task.yaml line missing=0
  shift
  for line in "$@"; do
    sed 's/  # .*//; s/^ *//' "$file" | grep -qxF -- "$line" || { echo "no '$line'"; missing=1; }
  done
  [ "$missing" -eq 0 ] || { grep -v "^profiles:" "$file" | head -40; false; }
}
says() { grep -qE -- "$1" "$scratch/$2" || { echo "no /$1/ in:"; cat "$scratch/$2"; false; }; }
leaves_nothing() { [ -z "$(find "$tasks" -name '.import-*')" ] || { find "$tasks" -name '.import-*'; false; }; }

# a recording of this project's layout, with actions that the model follows
cp -r docs/examples/pendulum "$scratch/example"
(cd "$scratch/example" && python3 make_data.py)
check own_npz_is_imported imports swing "$scratch/example/pendulum.xml" "$scratch/example/pendulum.npz" --quiet
check own_npz_needs_no_columns sets swing "states_key: states" "actions_key: actions" "model: model/pendulum.xml" \
  "methods: [dynaflow, dynaflow_tracking, kinematic_fm, kinematic_fm_idm, action_fm, random_action, replay_demo]"
check its_next_commands_are_named says "dynaflow run $tasks/swing --profile smoke" out
check its_actions_follow exits_with 0 replay "$tasks/swing" --quiet
no_growth_is_warned_of() { exits_with 0 run "$tasks/swing" --profile full --method dynaflow --set train.steps=2 --set inverse.steps=2 --set eval.windows=2 --set eval.sae_windows=0 --set eval.chains=0 --out "$scratch/swing_run" && ! grep -rq "the gradient grows" "$scratch/swing_run" "$scratch/err"; }
check the_horizon_is_one_that_run_does_not_warn_about no_growth_is_warned_of
# the limits of physics, by which the task can be gated at once
limits() {
  python3 - "$tasks/$1/expect.yaml" "$("$program" doctor 2>/dev/null | sed -n 's/.*MuJoCo[^0-9]*\([0-9.]*\).*/\1/p' | head -1)" <<'P'
import re, sys
head, bands = open(sys.argv[1]).read().split('bands:\n')
# the version of the task and the minor version of MuJoCo for which they hold, in front
mujoco = re.fullmatch(r'(\d+\.\d+)\.\d+', sys.argv[2]).group(1)
assert [l for l in head.splitlines() if l and l[0] != '#'] == ['task_version: 1', 'mujoco: ' + mujoco], (head, mujoco)
entries = bands.split('  - ')[1:]
def limit(entry):
    fields = dict(re.findall(r'^ *(\w+): (.*)$', entry, re.M))
    assert fields['reason'], entry
    bound = 'at_least' if 'at_least' in fields else 'at_most'
    return ((fields['metric'], fields['method'], fields['profile'], int(fields.get('k', 0))), (bound, float(fields[bound])))
found = [limit(e) for e in entries]
wanted = {}
for profile, methods in (('smoke', {'dynaflow': (1, 5), 'random_action': (0,), 'replay_demo': (0,)}),
                         ('full', {'dynaflow': (1, 5), 'dynaflow_tracking': (1, 5), 'action_fm': (1, 5), 'random_action': (0,), 'replay_demo': (0,)})):
    for method, ks in methods.items():
        wanted.update({(metric, method, profile, k): ('at_most', 1e-9) for metric in ('sae_own', 'sae_own.worst_step') for k in ks})
    wanted['tre_open_loop', 'replay_demo', profile, 0] = ('at_most', 1)
wanted.update({('sae_own', 'kinematic_fm_idm', 'full', k): ('at_least', 1e-9) for k in (1, 5)})
assert len(found) == len(wanted) and dict(found) == wanted, (set(dict(found).items()) ^ set(wanted.items()))
P
}
check limits_of_physics_are_written limits swing
check a_run_is_made exits_with 0 run "$tasks/swing" --profile smoke --set train.steps=5 --quiet --threads 1 --out "$scratch/gated"
check its_gate_holds exits_with 0 gate "$scratch/gated" --tasks "$tasks"
check by_nine_limits says "^9 held" out
check it_has_a_page grep -q "^## Source and licence" "$tasks/swing/README.md"

# a file per episode with its index in the whole data set, from 2 on; and all of them in one file with a clock
python3 - "$made" "$scratch/example/make_data.py" <<'PYTHON'
import json, os, runpy, sys
os.chdir(sys.argv[1])
m = runpy.run_path(sys.argv[2])
frames, all_states = m['STEPS'] + 1, {'states': [], 'time': []}
for e in range(6):
    states = [m['states'][2 * i:2 * i + 2] for i in range(e * frames, (e + 1) * frames)]
    with open(f'indexed_{e}.json', 'w') as f: json.dump({'states': states, 'episode_index': [e + 2] * frames, 'dt': m['DT']}, f)
    all_states['states'] += states
    all_states['time'] += [t * m['DT'] for t in range(frames)]
with open('clocked.json', 'w') as f: json.dump(all_states, f)
PYTHON
check a_file_per_episode_with_its_index_is_imported imports indexed "$scratch/example/pendulum.xml" "$made/indexed_*.json"
check by_its_index sets indexed "ends_key: episode_index"
# positions alone show no rate; times in milliseconds give it
python3 - "$made" "$scratch/example/make_data.py" <<'PYTHON'
import json, os, runpy, sys
os.chdir(sys.argv[1])
m = runpy.run_path(sys.argv[2])
frames = m['STEPS'] + 1
qpos = [[[s[0]] for s in zip(m['states'][2 * e * frames:2 * (e + 1) * frames:2])] for e in range(3)]
with open('untimed.json', 'w') as f: json.dump({'qpos': qpos}, f)
with open('milliseconds.json', 'w') as f: json.dump({'qpos': qpos, 'timestamp': [[20 * t for t in range(frames)]] * 3}, f)
PYTHON
check positions_without_a_rate_are_refused exits_with 2 data import "$made/untimed.json" --model "$scratch/example/pendulum.xml" --out "$tasks/untimed"
check it_asks_for_the_rate says "untimed.json: the recording states no frame rate, and without velocities nothing shows it: give the rate by --set data.rate=HZ" err
check with_a_rate_they_are_imported imports untimed "$scratch/example/pendulum.xml" "$made/untimed.json" --set data.rate=50
check times_in_milliseconds_are_read imports milliseconds "$scratch/example/pendulum.xml" "$made/milliseconds.json"
check they_give_the_rate sets milliseconds "rate: 50"
check their_unit_is_said says "frame rate: 50 Hz, by the array timestamp, whose times are taken to be in ms" err
they_are_used() { ! grep -q "that nothing uses" "$scratch/err"; }
check they_are_not_listed_as_unused they_are_used
check it_has_six_episodes bash -c "'$program' data info '$tasks/indexed' | grep -Eq 'episodes +6( |$)'"
check a_flat_file_whose_clock_begins_again_is_imported imports clocked "$scratch/example/pendulum.xml" "$made/clocked.json"
check by_its_clock sets clocked "ends_key: time"
check the_terminal_says_so says "data.ends_key +time +its numbers begin again with each episode" out
check it_has_six_episodes_too bash -c "'$program' data info '$tasks/clocked' | grep -Eq 'episodes +6( |$)'"

# what is wrong is said, and does not change how the rest is read
python3 tests/cli/import_pendulum.py "$made" "$scratch/example/make_data.py"
check a_still_recording_is_no_success exits_with 1 data import "$made/still.json" --model "$scratch/example/pendulum.xml" \
  --out "$tasks/still" --threads 1
check it_says_that_the_folder_was_written says "$tasks/still was written, but data check finds 1 thing wrong" err
check the_folder_is_there [ -f "$tasks/still/task.yaml" ]
run data import "$made/spike.json" --model "$scratch/example/pendulum.xml" --out "$tasks/spike" --threads 1
check an_episode_with_a_wrong_velocity_is_left_out sets spike "select: [0-4, 6-19]"
check the_terminal_says_which_and_why says "episodes are left out, data.select = 0-4,6-19: velocity spike, velocity of swing: 1000 in episode 5, frame 30, column 1 of array 'states' is more than 100 times" err
check velocities_are_kept_for_one_wrong bash -c "! grep -q 'velocities:' '$tasks/spike/task.yaml'"
check actions_are_kept_for_one_wrong sets spike "actions_key: actions"
check actions_of_one_episode_are_imported imports opposite "$scratch/example/pendulum.xml" "$made/opposite.json"
check the_episode_is_that_of_the_recording says "replay of 200 of 2000 actions, from 4 of 20 episodes: another model: .*episode 5, frame" err
check actions_that_end_half_way_are_imported imports halves "$scratch/example/pendulum.xml" "$made/halves.json"
check they_do_not_follow says "replay of 200 of 2000 actions, from 4 of 20 episodes: another model" err
check actions_of_a_policy_are_imported imports policy "$scratch/example/pendulum.xml" "$made/policy.json"
check their_scale_and_offset_are_found sets policy "actions_key: actions" "action_scale: [1.5]" "action_offset: [0.2]"
check they_are_reported says "the recorded actions are not actuator controls: with a scale and an offset per actuator" err
check with_them_the_states_follow exits_with 0 replay "$tasks/policy" --quiet
check double_precision_is_not_mentioned bash -c "! grep -q action_precision '$tasks/policy/task.yaml'"
check a_policy_in_single_precision_is_imported imports policy32 "$scratch/example/pendulum.xml" "$made/policy32.json"
check its_precision_is_found sets policy32 "action_scale: [1.5]" "action_offset: [0.2]" "action_precision: float32"
check with_it_the_states_follow exits_with 0 replay "$tasks/policy32" --quiet
# two sliders by semi-implicit Euler, whose columns of actions are exchanged
cat >"$models/sliders.xml" <<'XML'
<mujoco><option timestep=".01" gravity="0 0 0" integrator="Euler"/><worldbody>
<body><joint name="a" type="slide"/><geom size=".1" mass="1"/></body>
<body pos="0 1 0"><joint name="b" type="slide"/><geom size=".1" mass="1"/></body></worldbody>
<actuator><motor name="left" joint="a" ctrlrange="-1 1"/><motor name="right" joint="b" ctrlrange="-1 1"/></actuator></mujoco>
XML
python3 - "$made/sliders.json" <<'PYTHON'
import json, math, sys
states, actions = [], []
for e in range(6):
    x, s, a = [0.0, 0.0, 0.0, 0.0], [], []
    for t in range(60):
        s.append(list(x))
        u = [math.cos(0.3 * t + e), 0.8 * math.cos(0.17 * t + 2 * e)]
        for k in range(2):
            x[2 + k] += 0.01 * u[k]
            x[k] += 0.01 * x[2 + k]
        a.append(u[::-1])
    states.append(s + [list(x)])
    actions.append(a)
json.dump({'states': states, 'actions': actions, 'dt': 0.01}, open(sys.argv[1], 'w'))
PYTHON
check actions_in_another_order_are_imported imports sliders "$models/sliders.xml" "$made/sliders.json"
check their_order_is_found sets sliders "actuators: [right, left]" "actions_key: actions"
check and_reported says "the columns of the actions are in another order than the actuators" err
check in_this_order_the_states_follow exits_with 0 replay "$tasks/sliders" --quiet
# Two servos that settle within a frame of 25 steps of 0.002 s, one of them more than the other: by the velocities a frame
# takes 0.061 and 0.054 s. The recording states no rate; its actions tell it.
cat >"$models/servos.xml" <<'XML'
<mujoco><option timestep=".002" gravity="0 0 0"/><worldbody>
<body><inertial pos="0 0 0" mass="1" diaginertia="1 1 1"/><joint name="turn" type="hinge" axis="0 0 1" damping="60"/></body>
<body pos="0 1 0"><inertial pos="0 0 0" mass="1" diaginertia="1 1 1"/><joint name="push" type="slide" axis="1 0 0" damping="40"/></body>
</worldbody><actuator><position name="a" joint="turn" kp="1000"/><position name="b" joint="push" kp="400"/></actuator></mujoco>
XML
python3 - "$made" <<'PYTHON'
import json, math, sys
states, actions = [], []
for e in range(6):
    x, s, a = [0.0, 0.0, 0.0, 0.0], [], []
    for t in range(60):
        s.append(list(x))
        u = [0.8 * math.sin(0.13 * t + e), 0.6 * math.sin(0.17 * t + 2 * e)]
        for step in range(25):
            for k, (kp, c) in enumerate(((1000, 60), (400, 40))):
                x[2 + k] += 0.002 * (kp * (u[k] - x[k]) - c * x[2 + k]) / (1 + 0.002 * c)
                x[k] += 0.002 * x[2 + k]
        a.append(u)
    states.append(s + [list(x)])
    actions.append(a)
for name, used in (('told', actions), ('untold', actions[1:] + actions[:1])):
    json.dump({'states': states, 'actions': used}, open('%s/%s.json' % (sys.argv[1], name), 'w'))
one = lambda rows: [[row[:1] + [0.0] + (row[2:3] + [0.0] if len(row) > 2 else []) for row in e] for e in rows]
json.dump({'states': one(states)}, open(sys.argv[1] + '/stiff.json', 'w'))
json.dump({'states': one(states), 'actions': one(actions)}, open(sys.argv[1] + '/known.json', 'w'))
PYTHON
check a_rate_that_velocities_do_not_agree_on_is_imported imports told "$models/servos.xml" "$made/told.json"
check actions_tell_it sets told "rate: 20" "timestep: 0.002" "substeps: 25" "actions_key: actions"
check with_it_the_states_follow exits_with 0 replay "$tasks/told" --quiet
check other_actions_do_not_tell_it exits_with 2 data import "$made/untold.json" --model "$models/servos.xml" --out "$tasks/untold"
check the_rate_is_asked_for says "untold.json: the recording states no frame rate, and its velocities do not agree on one: a frame takes 0.054 to 0.061 s by them.*--set data.rate=HZ" err
# one of the servos alone: its velocities agree on 0.061 s, which is wrong
check a_rate_that_servos_hide_is_asked_for refuses "stiff.json: the recording states no frame rate, and servos of the model that settle within a frame hide it from its velocities: it is between 15.[5-9] and 2[2-3][.0-9]* Hz, by the model's own motion about (20|20[.][01]|19[.]9) Hz: give the rate by --set data.rate=HZ" \
  data import "$made/stiff.json" --model "$models/servos.xml" --out "$tasks/stiff"
check actions_tell_a_rate_that_servos_hide imports known "$models/servos.xml" "$made/known.json"
check and_it_is_the_right_one sets known "rate: 20" "substeps: 25" "actions_key: actions"
order_is_named() { run data check "$made/sliders.json" --model "$models/sliders.xml" --json; python3 -c "
import json
row = [r for r in json.load(open('$scratch/out'))['rows'] if r['check'] == 'replay'][0]
assert row['would_fit'] == 'data.actuators = right,left' and 'another order' in row['reason'], row"; }
check data_check_names_the_order order_is_named
# of a servo, whose gain no factor of the actions is: what import finds of the policy's actions
scale_is_named() { run data check "$made/policy.json" --model "$scratch/example/pendulum.xml" --json; python3 -c "
import json
row = [r for r in json.load(open('$scratch/out'))['rows'] if r['check'] == 'replay'][0]
assert row['would_fit'] == 'data.action_scale = 1.5, data.action_offset = 0.2', row"; }
check data_check_names_the_scale_of_actions scale_is_named
check other_actions_are_left_out imports squares "$scratch/example/pendulum.xml" "$made/squares.json"
check no_scale_fits_them bash -c "grep -q 'actions_key: \"\"' '$tasks/squares/task.yaml' && ! grep -q 'action_scale' '$tasks/squares/task.yaml'"
check why_is_said says "fitted to the recorded states, do not make the actions controls: in half of them more than [0-9.]+ %" err
check without_velocities_no_scale_is_fitted imports squares_differences "$scratch/example/pendulum.xml" "$made/squares.json" --set data.velocities=differences
check what_is_missing_is_said says "no scale and offset per actuator is fitted to the actions: it needs the recorded velocities" err
sed 's|<motor.*/>|&&|' "$scratch/example/pendulum.xml" >"$models/two_motors.xml"
check commands_are_imported imports commands "$models/two_motors.xml" "$made/commands.json"
check what_was_asked_for_is_a_condition sets commands "conditions: [speed, vel_cmd]" "conditions_per: frame"
check its_reason_is_in_the_task_file grep -q "conditions: .* # named like what the motion was asked for" "$tasks/commands/task.yaml"
check other_shapes_are_named says "array goal is named like a condition, but is not used: $made/commands.json: array 'goal' has shape \[19,2\]" err
check what_was_measured_is_none says "arrays that nothing uses \(data.conditions may\): goal, achieved_goal, reward, target, cmd, desired$" err
check nor_is_what_a_joint_was_told says "arrays that nothing uses and that, by their names, may be actions or what actuators did, so that they must not be conditions \(data.actions_key names actions\): joint1_target$" err
not_used() { says "^(dynaflow: )?array $1 is named like a condition, but is not used: $2$" err; }
check what_actuators_were_told_is_none not_used joint1_target "by its name it may be what the actuators did: conditions must not contain it, since it reveals the motion to be generated; if it is not, --set data.conditions=\.\.\. takes it"
check nor_a_column_per_actuator not_used target "it has as many columns as the model has actuators, 2, so that it may be the actions; if it is not, --set data.conditions=\.\.\. takes it"
check nor_recorded_actions not_used cmd "its column 1 is one of the recorded actions, up to scale and offset: conditions must not contain it, since it reveals the motion to be generated"
check nor_recorded_states not_used desired "its column 0 is one of the recorded states, up to scale and offset: conditions must not contain it, since it reveals the motion to be generated"
run data info "$tasks/commands"
check conditions_have_their_names says "speed, vel_cmd.0, vel_cmd.1" out
check groups_are_imported imports groups "$scratch/example/pendulum.xml" "$made/groups.json" --quiet
check with_their_conditions sets groups 'episodes_key: "data/demo_*"' "conditions: [vel_cmd]"
check an_error_names_the_source refuses "^dynaflow: $scratch/example/pendulum.npz: data.select: '0-99'" \
  data import "$scratch/example/pendulum.npz" --model "$scratch/example/pendulum.xml" --out "$tasks/x" --set data.select=0-99
check too_slow_a_rate_is_explained refuses \
  "pendulum.npz: 0.1 Hz, given by --set data.rate: a frame takes 10 s, 1000 steps of the model of 0.01 s, and an action has at most 100: correct the rate by --set data.rate=HZ" \
  data import "$scratch/example/pendulum.npz" --model "$scratch/example/pendulum.xml" --out "$tasks/x" --set data.rate=0.1

# a recording of many arrays: what the import does is said while it takes long
python3 - "$made" "$scratch/example/make_data.py" <<'PYTHON'
import json, os, runpy, sys
os.chdir(sys.argv[1])
states = runpy.run_path(sys.argv[2])['states']
rows = [states[2 * i:2 * i + 2] for i in range(len(states) // 2)]
json.dump({f'demo_{e}': {'states': rows[e % 8:e % 8 + 6], 'dt': 0.01} for e in range(600)}, open('many.json', 'w'))
PYTHON
imports_many() { exits_with 0 data import "$made/many.json" --model "$scratch/example/pendulum.xml" --out "$tasks/many$1" --threads 1 "${@:2}"; }
stages() { sed -n 's/^dynaflow: \(.*\) ([0-9]* s so far)$/\1/p' "$scratch/err"; }
check a_recording_of_many_episodes_is_imported imports_many ""
check what_it_does_is_said [ "$(stages | head -4 | tr '\n' ';')" = "reading the recording;comparing the names of its columns with those of the model;looking for the frame rate, the base and conditions;checking the recording;" ]
check to_the_end [ "$(stages | tail -1)" = "writing the task" ]
check quietly_it_is_imported imports_many 2 --quiet
check without_saying_it [ -z "$(stages)" ]

# numbers that no double squares, and an archive whose actions are damaged
python3 - "$made" <<'PYTHON'
import json, sys, zipfile
angles = [[1e300 * (t % 3 - 1), 1e300] for t in range(20)]
json.dump({'states': [angles, angles], 'actions': [[[1e300]] * 19] * 2, 'dt': 0.01}, open(sys.argv[1] + '/huge.json', 'w'))
def npy(shape, count):
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + '\n'
    return b'\x93NUMPY\x01\x00' + len(header).to_bytes(2, 'little') + header.encode() + bytes(8 * count)
with zipfile.ZipFile(sys.argv[1] + '/damaged.npz', 'w') as z:
    z.writestr('states.npy', npy('(2, 20, 2)', 80))
    z.writestr('actions.npy', npy('(-2, 19, 1)', 38))
PYTHON
run data import "$made/huge.json" --model "$scratch/example/pendulum.xml" --out "$tasks/huge" --threads 1
check no_percentage_is_not_a_number bash -c "! grep -qE -- '(nan|inf) %' '$scratch/err'"
check why_no_scale_is_fitted_is_said says "no scale and offset per actuator can be fitted to the actions: with the recorded states the model diverges within an action" err
check damaged_actions_are_refused refuses "damaged.npz: array 'actions': malformed header: 'shape' contains an invalid size; correct the file, or say what to read instead in data.actions_key \(empty: states only\)" \
  data import "$made/damaged.npz" --model "$scratch/example/pendulum.xml" --out "$tasks/damaged"

# a table with a header that is read by the places of its columns
python3 - "$made" "$scratch/example/make_data.py" <<'PYTHON'
import os, runpy, sys
os.chdir(sys.argv[1])
m = runpy.run_path(sys.argv[2])
with open('skipped.csv', 'w') as f:
    f.write('angle,rate,elbow_torque,goal_angle\n')
    for i in range(m['STEPS'] + 1):
        angle, rate = m['states'][2 * i:2 * i + 2]
        f.write(f'{angle!r},{rate!r},{i % 7},0.5\n')
PYTHON
skipped=(--set data.states_key=table --set data.columns=qpos,qvel,skip:2 --set data.actions_key= --set data.rate=100)
check a_table_with_skipped_columns_is_imported imports skipped "$scratch/example/pendulum.xml" "$made/skipped.csv" "${skipped[@]}"
check a_skipped_command_is_a_condition sets skipped "conditions: [goal_angle]"
check what_is_skipped_is_named says "^dynaflow: columns that nothing uses and that, by .* must not be conditions .*: elbow_torque$" err
run data check "$tasks/skipped" --threads 1
check data_check_names_it says "^dynaflow: skipped: arrays or columns that nothing uses and that, by .* must not be conditions .*: elbow_torque$" err
run data check "$made/skipped.csv" --model "$scratch/example/pendulum.xml" --threads 1 "${skipped[@]}"
check data_check_of_a_file_names_both says "^dynaflow: skipped.csv: .* nothing uses .*: elbow_torque$" err
check one_may_be_a_condition says "^dynaflow: skipped.csv: .* nothing uses \(data.conditions may\): goal_angle$" err
run data info "$tasks/skipped"
check data_info_lists_it says "array that nothing uses +elbow_torque" out

# quadrupeds: orders, frames, units
check laikago_is_imported imports laikago "$models/quadruped.xml" "$made/laikago.txt" --set data.position_offset=0,0,0
check laikago_is_turned sets laikago "columns: [root_pos, root_quat, joints]" "quaternion: xyzw" "legs: [FR, FL, RR, RL]" \
  "base_rotation: [0.5, -0.5, -0.5, -0.5]" "timestep: 0.005" "substeps: 4" "by: time" \
  "methods: [dynaflow, dynaflow_tracking, kinematic_fm, random_action]" "actions_key: \"\""
check what_was_given_is_marked grep -qxE "  position_offset: \[0, 0, 0\]  # given by --set" "$tasks/laikago/task.yaml"

# DeepMimic: a base with its y axis up, for a model with the same axes and for one with its z axis up
# follows TASK TURN: the base as it is imported, turned by the quaternion, against the truth with z up
follows() {
  run data check "$tasks/$1" --columns --json
  python3 - "$scratch/out" "$made/sways.truth" "$2" <<'P'
import json, sys
columns = {r['column']: r for r in json.load(open(sys.argv[1]))['rows'] if 'histogram' in r}
w, x = (float(v) for v in sys.argv[3].split(','))
rows = [[float(v) for v in line.split()] for line in open(sys.argv[2])]
turned = [p[:3] + [p[3] * w - p[4] * x, p[4] * w + p[3] * x, p[5] * w + p[6] * x, p[6] * w - p[5] * x] for p in rows]
for i, name in enumerate(('root x', 'root y', 'root z', 'root quat w', 'root quat x', 'root quat y', 'root quat z')):
    values = [p[i] for p in turned]
    wanted = min(values), sum(values) / len(values), max(values)
    read = [columns[name][k] for k in ('min', 'mean', 'max')]
    assert all(abs(a - b) < 1e-6 for a, b in zip(wanted, read)), (name, wanted, read)
P
}
check deepmimic_is_imported imports upright "$models/biped_z.xml" "$made/sways.json"
check its_base_is_turned sets upright "up: y" "quaternion: wxyz" "base_rotation: [0.7071067811865476, -0.7071067811865476, 0, 0]"
check the_axis_is_named says "the z axis of the model's base is taken to point up: the base is 0.46 m above the lowest body then, 0.1 m otherwise" err
check ball_joints_are_spoken_of says "orientations of joints are turned with the base" err
check it_is_where_it_was follows upright 1,0
check nothing_moves_it bash -c "! grep -q position_offset '$tasks/upright/task.yaml'"
check deepmimic_for_its_own_axes_is_imported imports own_axes "$models/biped_y.xml" "$made/sways.json"
check its_base_keeps_its_axes sets own_axes "up: y" "quaternion: wxyz" "base_rotation: [1, 0, 0, 0]"
check it_is_where_it_was_too follows own_axes 0.7071067811865476,0.7071067811865476
check a_given_rotation_is_kept imports given_base "$models/biped_z.xml" "$made/sways.json" --set data.base_rotation=1,0,0,0
check with_its_reason sets given_base "base_rotation: [1, 0, 0, 0]"
# its humanoid, for a model that has three hinges where the file has an orientation, in another order and without ankles
has_the_angles() {
  run data check "$tasks/humanoid" --columns --json
  python3 - "$scratch/out" "$made/humanoid.truth" <<'P'
import json, sys
columns = {r['column']: r for r in json.load(open(sys.argv[1]))['rows'] if 'histogram' in r}
truth = json.load(open(sys.argv[2]))
assert len(truth) == 22, truth.keys()
for name, angles in truth.items():
    wanted = min(angles), sum(angles) / len(angles), max(angles)
    read = [columns[name][k] for k in ('min', 'mean', 'max')]
    assert all(abs(a - b) < 1e-6 for a, b in zip(wanted, read)), (name, wanted, read)
P
}
check humanoid_of_hinges_is_imported imports humanoid "$models/humanoid_z.xml" "$made/humanoid.json"
check missing_parts_are_named says "not used, because the model has no ball joint, no three hinges or no hinge of this name: right_ankle, left_ankle" err
check bodies_are_named_in_its_columns sets humanoid \
  'columns: [frame_duration, root_pos, root_quat, "body_quat:chest", "body_quat:neck", "body_quat:right_hip", ' \
  '"joints:right_knee", "skip:4", "body_quat:right_shoulder", "joints:right_elbow", "body_quat:left_hip", ' \
  '"joints:left_knee", "skip:4", "body_quat:left_shoulder", "joints:left_elbow"]'
check its_hinges_have_the_angles has_the_angles
# hips that turn about the axis to the right, which is z of the recording and -y of the model
check hips_are_turned_with_the_base imports rocks "$models/biped_z.xml" "$made/rocks.json"
hips_turn_forward() {
  run data check "$tasks/rocks" --columns --json
  python3 - "$scratch/out" "$made/rocks.json" <<'P'
import json, sys
columns = {r['column']: r for r in json.load(open(sys.argv[1]))['rows'] if 'histogram' in r}
frames = json.load(open(sys.argv[2]))['Frames']
for name, first in (('right_hip', 8), ('left_hip', 13)):
    w, z = [f[first] for f in frames], [f[first + 3] for f in frames]
    for part, values in (('w', w), ('x', [0]), ('y', [-v for v in z]), ('z', [0])):
        one = [c for c in columns if name in c and c.endswith('quat ' + part)]
        assert len(one) == 1, columns
        read = columns[one[0]]
        assert abs(read['min'] - min(values)) < 1e-6 and abs(read['max'] - max(values)) < 1e-6, (one, read)
P
}
check forward_and_back hips_turn_forward
check no_other_order_seems_to_fit bash -c "! grep -q 'convention' '$scratch/err'"
# hips that swing about another axis than the model's: another order of quaternions would seem to fit better
check misread_hips_are_found exits_with 1 data import "$made/swings.json" --model "$models/biped_z.xml" --out "$tasks/swings" --threads 1
check the_documented_order_is_kept sets swings "quaternion: wxyz" "base_rotation: [0.7071067811865476, -0.7071067811865476, 0, 0]"

check a_folder_is_imported imports amp "$models/quadruped.xml" "$made/amp"
check other_files_are_left_out says "left out: LICENSE.txt" err
check names_are_cleaned [ "$(find "$tasks/amp/data" -name 'trot_?-????????.txt' | wc -l)" -eq 2 ]
check amp_is_read_by_its_toes sets amp "file: data/*.txt" "legs: [FL, FR, RL, RR]" "quaternion: xyzw" "test_every: 2" \
  "columns: [root_pos, root_quat, joints, \"skip:12\", root_linvel, root_angvel, joint_vel, \"skip:12\"]"
check the_copy_is_found exits_with 0 data info "$tasks/amp"
check recordings_without_actions_have_no_limit_of_their_replay bash -c "grep -q 'method: dynaflow_tracking' '$tasks/amp/expect.yaml' && ! grep -q replay_demo '$tasks/amp/expect.yaml'"
check amp_has_its_own_velocities sets amp "velocities: differences"
check several_files_are_run exits_with 0 run "$tasks/amp" --profile smoke --method random_action --quiet --out "$scratch/run" \
  --set eval.windows=2 --set eval.sae_windows=0 --set eval.chains=0
# that of the lines of sha256sum
hash=$(cd "$tasks/amp/data" && sha256sum -- *.txt | sha256sum | cut -c1-64)
check their_hash_is_recorded grep -qF "\"$hash\"" "$scratch/run/events.jsonl"
check bullet_order_is_imported imports bullet "$models/quadruped.xml" "$made/bullet.txt" --quiet
check bullet_order_is_seen sets bullet "legs: [FR, FL, RR, RL]"
check a_table_is_imported imports table "$models/quadruped.xml" "$made/table.csv" --quiet --reference --set data.rate=50
check a_table_has_its_rate sets table "rate: 50" "quaternion: xyzw" "file: $made/table.csv"
check nothing_was_copied [ ! -e "$tasks/table/data" ]

# data check reads files and folders of no task as import does
# reads_as TASK MODEL FILE: the coordinates of the file are those of the imported task, but for its height
reads_as() {
  local task=$1 model=$2 file=$3 step steps
  step=$(sed -n 's/^  timestep: \([0-9.e-]*\).*/\1/p' "$tasks/$task/task.yaml") steps=$(sed -n 's/^  substeps: \([0-9]*\).*/\1/p' "$tasks/$task/task.yaml")
  run data check "$tasks/$task" --columns --json --quiet
  cp "$scratch/out" "$scratch/of_task"
  run data check "$file" --model "$model" --columns --json --quiet ${step:+--set system.timestep=$step} ${steps:+--set system.substeps=$steps}
  python3 - "$scratch/of_task" "$scratch/out" <<'P'
import json, sys
task, file = ({r['column']: (r['min'], r['mean'], r['max'], r['std']) for r in json.load(open(f))['rows'] if 'histogram' in r} for f in sys.argv[1:])
assert len(task) > 20 and task.keys() == file.keys(), (task.keys(), file.keys())
for name, values in task.items():
    if not name.endswith(' z'):
        assert all(abs(a - b) < 1e-9 * (1 + abs(a)) for a, b in zip(values, file[name])), (name, values, file[name])
P
}
check a_folder_is_checked_as_it_is_imported reads_as amp "$models/quadruped.xml" "$made/amp"
check its_other_files_are_named bash -c "'$program' data check '$made/amp/' --model '$models/quadruped.xml' 2>&1 >/dev/null | grep -q 'left out: LICENSE.txt'"
cp -r "$made/amp" "$scratch/a{m,p} [1]"
mv "$scratch/a{m,p} [1]/trot b.txt" "$scratch/a{m,p} [1]/trot [b], {x}.txt"
check signs_in_its_name_are_no_pattern reads_as amp "$models/quadruped.xml" "$scratch/a{m,p} [1]"
check motion_of_a_turned_base_is_checked reads_as laikago "$models/quadruped.xml" "$made/laikago.txt"
check deepmimic_is_checked reads_as rocks "$models/biped_z.xml" "$made/rocks.json"
check a_folder_without_recordings_is_named exits_with 3 data check "$models" --model "$models/quadruped.xml"
check with_the_reason says "no file of this folder is a recording" err

# states and observations
for kind in qpos flat observations; do
  check "${kind}_are_imported" imports "$kind" "$models/quadruped.xml" "$made/$kind.json" --quiet
done
check qpos_and_qvel_are_arrays sets qpos "columns: [qpos@qpos, qvel@qvel]" "substeps: 4"
check flattened_states_begin_with_time sets flat "columns: [time, state]" "states_key: states" "substeps: 4"
check observations_lack_x_and_y sets observations "columns: [root_z, root_quat, joints, root_linvel, root_angvel, joint_vel]" \
  "root_xy: integrated"
check a_pendulum_of_imitation_is_imported imports imitation "$models/pendulum.xml" "$made/imitation.json" --quiet
check its_ends_count_actions sets imitation "ends_key: indices" "ends_rows: actions" "columns: [joints_cos_sin, joint_vel]"

# the frame rate: twenty steps of the model, by velocities and by an array of times
sed 's/timestep="0.005"/timestep="0.001"/' "$models/quadruped.xml" >"$models/fast.xml"
check a_recording_without_rate_is_imported imports unrated "$models/fast.xml" "$made/unrated.json" --quiet
check its_rate_is_found sets unrated "rate: 50" "timestep: 0.001" "substeps: 20"
check it_is_put_on_the_floor_that_it_sinks_into grep -q "position_offset: \[0, 0, 0\.044" "$tasks/unrated/task.yaml"
check nothing_else_is_changed bash -c "! grep -qE 'position_scale|velocities:|angles:' '$tasks/unrated/task.yaml'"
check a_recording_with_times_is_imported imports timed "$models/fast.xml" "$made/timed.json" --quiet
check its_times_are_read sets timed "columns: [qpos@qpos, qvel@qvel, time@time]" "substeps: 20"
check columns_that_are_given_keep_the_rate imports given "$models/fast.xml" "$made/timed.json" --quiet \
  --set data.states_key=qpos --set data.columns=qpos@qpos
check its_rate_is_that_of_the_times sets given "rate: 50" "substeps: 20"
check a_check_of_a_file_knows_its_layout exits_with 0 data check "$made/timed.json" --model "$models/fast.xml"
check and_says_which says "timed.json: layout: qpos and qvel" err

# names of joints
check joint_arrays_are_imported imports arrays "$models/quadruped.xml" "$made/joints.npz" --set data.rate=50
check joints_are_matched says "recorded joint RL_calf_joint is RL_knee of the model" err
joints=$(grep -A3 "^  joints:" "$tasks/arrays/task.yaml" | tr -d '\n ')
check hips_are_abductions grep -qF "FL_abduction=FL_hip_joint,FL_hip=FL_thigh_joint,FL_knee=FL_calf_joint" <<<"$joints"
check the_root_is_one_of_euler_angles sets arrays "euler: ZXY"
check other_joints_are_refused refuses "recorded joint 'tail' is not a joint of the model.*recorded: tail, wing|recorded joint 'wing' is not.*--set data.joints=" \
  data import "$made/odd.npz" --model "$models/quadruped.xml" --out "$tasks/odd"

# texts per frame
check texts_are_imported imports texts "$models/quadruped.xml" "$made/texts.json"
check texts_are_conditions sets texts "conditions: [gait]"
check other_texts_are_named imports labels "$models/quadruped.xml" "$made/labels.json"
check as_arrays_that_nothing_uses says "^dynaflow: arrays that nothing uses \(data.conditions may\): surface" err

# refusals leave nothing behind
check an_unknown_layout_is_described refuses "unknown.npz: import does not recognise this layout .*its arrays: samples \[60\]; the model has nq = 19, nv = 18, na = 0, nu = 12 and 12 hinges and slides; .*--set data.columns=" \
  data import "$made/unknown.npz" --model "$models/quadruped.xml" --out "$tasks/unknown"
python3 - "$made" <<'PY'
import json, math, sys
states = [[[0.1 * t, 0.2] for t in range(20)] for _ in range(2)]
states[1][3][1] = None
json.dump({"states": states, "actions": [[[0.0]] * 19] * 2}, open(sys.argv[1] + "/null.json", "w"))
truth = [[[t % 2 == 0, t % 3 == 0] for t in range(20)]] * 2
turn = 6.283185307179586
q = lambda t: math.sin(1.9 * turn * t) + math.sin(0.5 * turn * t)
v = lambda t: turn * (1.9 * math.cos(1.9 * turn * t) + 0.5 * math.cos(0.5 * turn * t))
coarse = [[[q(0.1 * t + 7 * e), v(0.1 * t + 7 * e)] for t in range(60)] for e in range(4)]
json.dump({"states": coarse}, open(sys.argv[1] + "/coarse.json", "w"))
json.dump({"states": truth, "actions": [[[0.0]] * 19] * 2}, open(sys.argv[1] + "/truth.json", "w"))
PY
check a_null_is_named_with_its_place refuses "its arrays: actions \[2\]\[19\]\[1\]; [^ ]*/null.json: array 'states': entry \[1\]\[3\]\[1\] is null, .*the model has" \
  data import "$made/null.json" --model "$scratch/example/pendulum.xml" --out "$tasks/null"
check truth_values_are_no_states refuses "truth.json: data.states_key: array 'states' holds true and false"   data import "$made/truth.json" --model "$scratch/example/pendulum.xml" --out "$tasks/truth"
# frames of 0.1 s of a motion that turns every 0.26 s
check an_imprecise_rate_is_asked_for refuses "coarse.json: the recording states no frame rate, and its velocities change too much between two frames to show how long a frame takes, about 0.1[0-9] s: give the rate by --set data.rate=HZ" \
  data import "$made/coarse.json" --model "$scratch/example/pendulum.xml" --out "$tasks/coarse"
does_not_fit() { (trap '' XFSZ && ulimit -f 8 && run "$@" && [ "$code" -eq 2 ]); }
check a_full_disk_names_the_folder_that_is_written does_not_fit data import "$made/amp" --model "$models/quadruped.xml" --out "$tasks/full"
check the_file_that_does_not_fit_is_that_of_the_task says "$tasks/full/[^ ]*: File too large" err
check an_existing_folder_is_kept refuses "$tasks/amp: exists already; --force replaces it" \
  data import "$made/amp" --model "$models/quadruped.xml" --out "$tasks/amp"
mkdir "$tasks/mine"
check only_tasks_are_replaced refuses "$tasks/mine: exists and is no task folder" \
  data import "$made/amp" --model "$models/quadruped.xml" --out "$tasks/mine" --force
check a_model_is_needed refuses "import needs --model" data import "$made/amp" --out "$tasks/x"
check a_place_is_needed refuses "import needs --out FOLDER, or --name NAME" data import "$made/amp" --model "$models/quadruped.xml"
check a_name_of_a_task_is_needed refuses "the folder's name is that of the task" \
  data import "$made/amp" --model "$models/quadruped.xml" --out "$tasks/a b"
check a_missing_file_is_named misses "$made/none: no such file or folder" \
  data import "$made/none" --model "$models/quadruped.xml" --out "$tasks/x"
check a_wrong_setting_is_named refuses "data.rate.*-1" \
  data import "$made/bullet.txt" --model "$models/quadruped.xml" --out "$tasks/x" --set data.rate=-1
sed 's:<actuator>.*</actuator>::' "$models/pendulum.xml" >"$models/passive.xml"
check a_model_without_actuators_is_refused refuses "passive.xml: the model has no actuators" \
  data import "$scratch/example/pendulum.npz" --model "$models/passive.xml" --out "$tasks/x"
check no_draft_is_left leaves_nothing
# a process that is ended leaves its draft; the next import of the task uses it
killed() {
  "$program" data import "$scratch/example/pendulum.npz" --model "$scratch/example/pendulum.xml" --out "$tasks/killed" \
    --threads 1 >"$scratch/out" 2>&1 &
  local process=$! tries=0
  while [ ! -e "$tasks/.import-killed/data" ] && [ "$tries" -lt 1000 ]; do sleep 0.01; tries=$((tries + 1)); done
  kill -KILL "$process"
  wait "$process"
  [ -e "$tasks/.import-killed/data" ] && [ ! -e "$tasks/killed" ]
}
check a_killed_import_leaves_its_draft killed
touch "$tasks/.import-killed/data/left.npz"
mkdir -p "$tasks/.import-other/data"
(flock 9; touch "$scratch/locked"; while [ -e "$scratch/locked" ]; do sleep 0.05; done) 9>"$tasks/.import-other/.lock" &
while [ ! -e "$scratch/locked" ]; do sleep 0.01; done
check the_next_import_is_made imports killed "$scratch/example/pendulum.xml" "$scratch/example/pendulum.npz" --quiet
check it_has_nothing_of_the_draft [ "$(ls -A "$tasks/killed" "$tasks/killed/data" | tr '\n' ' ')" = \
  "$tasks/killed: README.md data expect.yaml import.sha256 model task.yaml  $tasks/killed/data: pendulum.npz " ]
check drafts_of_others_stay [ -e "$tasks/.import-other/data" ]
check two_imports_of_a_task_are_refused refuses "$tasks/other: another import is writing this task" \
  data import "$scratch/example/pendulum.npz" --model "$scratch/example/pendulum.xml" --out "$tasks/other"
rm "$scratch/locked"
wait
check a_draft_that_nobody_makes_is_used imports other "$scratch/example/pendulum.xml" "$scratch/example/pendulum.npz" --quiet
mv "$tasks/other" "$tasks/.import-other.old"
check a_task_that_was_being_replaced_is_put_back refuses "$tasks/other: exists already" \
  data import "$scratch/example/pendulum.npz" --model "$scratch/example/pendulum.xml" --out "$tasks/other"
check it_is_whole [ -f "$tasks/other/task.yaml" ]
check no_draft_is_left_at_all leaves_nothing
sed -i 's/^## Source and licence/&: mine/' "$tasks/swing/README.md"
echo "train.steps: 1" >"$tasks/swing/expect.yaml"
check force_replaces_a_task imports swing "$scratch/example/pendulum.xml" "$scratch/example/pendulum.npz" --force --json
check it_lists_what_it_keeps says "^dynaflow: the files of the last import are replaced; kept: expect.yaml$" err
check what_the_user_filled_in_is_kept grep -q "^## Source and licence: mine" "$tasks/swing/README.md.old"
sed -i 's/^## Source and licence/&: mine/' "$tasks/swing/README.md"
check force_replaces_it_again_in_silence imports swing "$scratch/example/pendulum.xml" "$scratch/example/pendulum.npz" --force --quiet
check but_names_what_it_renamed bash -c "grep -qx 'dynaflow: README.md was changed since the last import: it is now README.md.old2' '$scratch/err' && [ \$(wc -l <'$scratch/err') -eq 1 ]"
check both_versions_are_kept bash -c "grep -q 'licence: mine' '$tasks/swing/README.md.old' && grep -q 'licence: mine' '$tasks/swing/README.md.old2'"
check force_replaces_a_task_for_its_settings imports swing "$scratch/example/pendulum.xml" "$scratch/example/pendulum.npz" --force --json
check the_limits_are_kept grep -qx "train.steps: 1" "$tasks/swing/expect.yaml"
check the_list_is_one_of_sha256sum bash -c 'cd "$1" && sha256sum --quiet -c import.sha256' _ "$tasks/swing"
check json_has_every_setting python3 -c "
import json, sys
rows = {r['key']: r for r in json.load(open(sys.argv[1]))['rows']}
assert rows['task.name']['value'] == 'swing' and rows['net.width']['why'], rows" "$scratch/out"

# a range that the recording exceeds: import says so, and the check of what it wrote says the same
python3 - "$scratch" <<'PYTHON'
import json, math, sys
q = [0.3 * math.sin(0.06 * t) for t in range(301)]
json.dump({'dt': 0.01, 'qpos': [[a] for a in q], 'qvel': [[(a - b) / 0.01] for a, b in zip(q, q[:1] + q)]}, open(sys.argv[1] + '/tight.json', 'w'))
open(sys.argv[1] + '/tight.xml', 'w').write('<mujoco><compiler angle="radian"/><option timestep=".01"/><worldbody><body><joint name="arm" axis="0 1 0" range="-.2 .2" limited="true"/><geom size=".1" mass="1" contype="0" conaffinity="0"/></body></worldbody><actuator><position joint="arm" kp="10"/></actuator></mujoco>')
PYTHON
check a_narrow_range_is_imported imports tight "$scratch/tight.xml" "$scratch/tight.json"
check its_limit_is_named says "data check: warn: joint limit, arm: 5. % of the frames are beyond the range \[-0.2, 0.2\]" err
check the_check_agrees exits_with 0 data check "$tasks/tight" --quiet

# models of several folders stay together
mkdir -p "$scratch/robot/scenes" "$scratch/robot/parts"
sed 's:<actuator>:<include file="../parts/more.xml"/><actuator>:' "$models/pendulum.xml" >"$scratch/robot/scenes/scene.xml"
echo '<mujoco><worldbody><geom name="post" size="0.1" pos="0 3 0"/></worldbody></mujoco>' >"$scratch/robot/parts/more.xml"
check a_model_of_two_folders_is_imported imports parts "$scratch/robot/scenes/scene.xml" "$scratch/example/pendulum.npz" --quiet \
  --set data.actions_key=
check its_files_keep_their_places [ -f "$tasks/parts/model/parts/more.xml" -a -f "$tasks/parts/model/scenes/scene.xml" ]

# folders whose names a pattern would read otherwise
odd="$scratch/my [1] *"
mkdir -p "$odd/mocap"
cp "$made"/amp/*.txt "$odd/mocap/"
cp "$models/quadruped.xml" "$odd"
check a_pattern_in_an_odd_folder_is_imported exits_with 0 data import "$odd/mocap/t*.txt" --model "$odd/quadruped.xml" \
  --out "$odd/odd" --threads 1 --quiet
check all_its_files_are_taken [ "$(find "$odd/odd/data" -name '*.txt' | wc -l)" -eq 2 ]
check the_task_finds_them exits_with 0 data info "$odd/odd"
check their_number_is_known says "files +2" out
check a_pattern_is_referred_to exits_with 0 data import "$odd/mocap/t*.txt" --model "$odd/quadruped.xml" \
  --out "$odd/referred" --threads 1 --quiet --reference
check its_files_are_found exits_with 0 data info "$odd/referred"

# published recordings
packages=third_party/python
if [ -n "${DYNAFLOW_DATA:-}" ] && [ -e "$DYNAFLOW_DATA/ddat/Hopper_10trajs_300steps.npz" ]; then
  check hopper_is_imported imports hopper "$DYNAFLOW_DATA/mjcf/gymnasium/hopper.xml" "$DYNAFLOW_DATA/ddat/Hopper_10trajs_300steps.npz"
  # what tasks/hopper/task.yaml says, found by the check of the velocities and by replaying
  check hopper_has_its_options sets hopper "timestep: 0.008" "substeps: 1" "integrator: Euler" "margin_rule: max" "rate: 125" \
    "states_key: Trajs" "actions_key: Actions" "relative: [rootx]" "feet: [foot_geom]" "height_joint: rootz" "half_range: [1]"
  # DeepMimic's walk, on three hinges for each orientation: the feet stay on the floor
  check walk_of_deepmimic_is_imported imports walk "$models/humanoid_z.xml" "$DYNAFLOW_DATA/deepmimic/humanoid3d_walk.txt"
  check its_rate_is_that_of_the_frames says "one action is 1 frame, 33.33 ms" out
  # a clip of dm_control with a prop, which the model has, too: before the robot
  clips=$DYNAFLOW_DATA/dm_control_mocap/test_trajectories.h5
  "$program" data import "$clips" --model "$models/cmu_crate.xml" --out "$tasks/crate" --threads 1 >"$scratch/out" 2>"$scratch/err"
  check prop_is_the_object says "props/prop_0 is taken to be the body 'crate', by its place among the objects of the model" err
  check prop_has_columns grep -q '"body_pos:crate@props/prop_0/position"' "$tasks/crate/task.yaml"
  prop_is_where_it_was() {
    run data check "$tasks/crate" --columns --json
    PYTHONPATH=$packages python3 - "$scratch/out" "$clips" <<'P'
import json, sys
import h5py, numpy
rows = {r['column']: r for r in json.load(open(sys.argv[1]))['rows'] if 'histogram' in r}
file = h5py.File(sys.argv[2])
of = lambda name: numpy.concatenate([file[clip]['props/prop_0'][name][:] for clip in sorted(file)], axis=1)
for array, names in (('position', ('x', 'y', 'z')), ('velocity', ('vx', 'vy', 'vz'))):
    for values, axis in zip(of(array), names):
        read = [rows['crate ' + axis][k] for k in ('min', 'mean', 'max')]
        assert numpy.allclose(read, [values.min(), values.mean(), values.max()], atol=1e-5), (axis, read, values)
P
  }
  check prop_is_where_it_was_recorded prop_is_where_it_was
  # 136 coordinates, of 62 dofs of the robot and 6 of the crate
  check a_humanoid_with_a_crate_is_trained exits_with 0 run "$tasks/crate" --method dynaflow_tracking --set train.steps=1 \
    --set eval.windows=2 --set eval.chains=1 --threads 1 --out "$scratch/crate-run" --quiet
else
  skip hopper_has_its_options "no published recordings (DYNAFLOW_DATA)"
fi
finish
