#!/usr/bin/env bash
# sample --seconds: motions from given start states under named conditions. Every number of the files is compared with an
# independent computation, and the README of a file is executed by Python's mujoco.
. tests/cli/check.sh

packages=$PWD/third_party/python
export PYTHONDONTWRITEBYTECODE=1
python() { PYTHONPATH=$packages python3 "$@"; }
missing=$(python -c 'import numpy, mujoco; print(mujoco.__version__)' 2>&1) || missing="no packages: ${missing##*$'\n'}"
used=$("$program" doctor 2>/dev/null | sed -n 's/.*MuJoCo[^0-9]*\([0-9.]*\).*/\1/p' | head -1)
if [ "$missing" != "$used" ]; then
  skip motion "the program uses MuJoCo $used, and Python in $packages has $missing (ci/fetch-python.py $packages)"
  finish
  exit
fi
tasks=$scratch/tasks task=$scratch/tasks/walker weights=$scratch/weights
check the_tasks_are_made python tests/independent/make_tasks.py "$tasks"
sed -i 's|</mujoco>|<keyframe><key name="low" qpos="0 0 .2  2 0 0 0  0 0 0 0  .01  1 0 0 0"/></keyframe></mujoco>|' "$task/walker.xml"
check the_weights_are_trained exits_with 0 train "$task" --method dynaflow --checkpoint "$weights" --quiet --threads 1
# motion NAME ARGUMENT...: samples $scratch/NAME.npz; the rows are in $scratch/out
motion() { exits_with 0 sample "$task" --checkpoint "$weights" --out "$scratch/$1.npz" --threads 1 "${@:2}"; }
# look NAME STATEMENTS: Python with the file as f, its rows and the demonstrations
look() { python - "$scratch" "$1" "$2" <<'P'
import json, sys, numpy as np
folder, name, statements = sys.argv[1:]
f = np.load('%s/%s.npz' % (folder, name))
x, demo = f['states'], np.load(folder + '/tasks/walker/walker.npz')
rows = json.load(open(folder + '/rows.json'))['rows']
near = lambda a, b, tolerance=1e-9: np.allclose(a, b, rtol=tolerance, atol=1e-12) or sys.exit('%s is not %s' % (a, b))
exec(statements)
P
}
keep() { cp "$scratch/out" "$scratch/rows.json"; }

# ---- open loop: two seeds, the typical start state of a gait ----
check a_motion_of_each_seed motion open --seconds 1 --condition 'gait=trot,vx=0.1' --seed 1..2 --csv "$scratch/open.csv" --json
keep
check the_files_have_shapes_names_and_provenance look open "
assert x.shape == (2, 51, 31) and f['actions'].shape == (2, 50, 5), x.shape
assert str(f['state_names']).split(',')[:8] == 'root_pos.x root_pos.y root_pos.z root_quat.w root_quat.x root_quat.y root_quat.z FR_hip'.split()
assert str(f['state_names']).split(',')[-5:] == 'mast_vel tail_angvel.x tail_angvel.y tail_angvel.z act.0'.split()
assert len(str(f['state_names']).split(',')) == 31
assert str(f['state_units']) == 'm,m,m,,,,,' + 'rad,' * 4 + 'm,,,,,' + 'm/s,' * 3 + 'rad/s,' * 7 + 'm/s,' + 'rad/s,' * 3
assert str(f['action_names']) == 'FR,FL,RR,RL,mast' and f['dt'] == 0.02
import hashlib
assert str(f['checkpoint_sha256']) == hashlib.sha256(open(folder + '/weights', 'rb').read()).hexdigest()
assert (str(f['method']), str(f['sampler_steps']), str(f['mujoco'])) == ('dynaflow', '3', '$used')
assert str(f['dynaflow']).startswith('dynaflow ') and 'window.horizon 6\n' in str(f['settings'])
assert list(f['seeds']) == [1, 2] and list(f['start']) == [0, 0]
assert not np.array_equal(x[0], x[1]) and np.array_equal(x[0, 0], x[1, 0])"
check what_is_not_given_is_0 look open "
assert str(f['condition_names']).split(',')[0] == 'gait.trot' and f['conditions'].tolist() == [[1, 0, .1, 0, 0]] * 2"
check it_starts_in_the_recorded_state_nearest_to_the_mean look open "
e, t = int(f['demonstration_episode'][0]), int(f['demonstration_frame'][0])
assert np.array_equal(x[0, 0], demo['states'][e, t]) and demo['conditions'][e, 0] == 1 and f['demonstration_distance'][0] == 0"
check its_measures_are_those_of_an_independent_computation look open "
q, v = x[:, 1:, 3:7], x[:, 1:, 16:18]
w, i, j, k = np.moveaxis(q, -1, 0)
yaw = np.arctan2(2 * (i * j + w * k), w**2 + i**2 - j**2 - k**2)  # of the horizontal projection of the body's x axis
ahead = np.stack([np.cos(yaw) * v[..., 0] + np.sin(yaw) * v[..., 1], -np.sin(yaw) * v[..., 0] + np.cos(yaw) * v[..., 1]], -1)
error = np.hypot(ahead[..., 0] - .1, ahead[..., 1]).mean(1)
assert not all(r['fell'] for r in rows)
for r, e in zip(rows, error):
    tilt = 2 * np.arccos(np.clip(np.hypot(x[r['trajectory'], :, 3], x[r['trajectory'], :, 6]), 0, 1))
    fallen = (x[r['trajectory'], :, 2] < 0.222) | (tilt > 9)
    assert r['fell'] == bool(fallen.any()) and (not r['fell'] or abs(r['fell_at'] - fallen.argmax() * .02) < 1e-12), r
    if not r['fell']: near(r['command_error'], e)
    assert r['sae_own'] < 1e-12 and r['finite'] and r['actions'] == 50"
check the_csv_has_the_same_numbers look open "
import csv
lines = list(csv.reader(open(folder + '/open.csv')))
assert lines[0][:9] == ['trajectory', 'seed', 'time [s]', 'gait.trot', 'gait.pace', 'command.vx', 'command.vy', 'command.wz', 'root_pos.x [m]'], lines[0]
assert lines[0][-1] == 'action mast' and len(lines) == 1 + 2 * 51 and all(len(l) == 3 + 5 + 31 + 5 for l in lines)
body = [[float(v or 'nan') for v in l] for l in lines[1:]]
assert np.array_equal(np.array(body)[:, 8:39].reshape(2, 51, 31), x)
assert np.array_equal(np.array(body)[:, 39:].reshape(2, 51, 5)[:, :-1], f['actions']) and lines[51][39:] == [''] * 5
assert [l[1] for l in lines[1:]] == ['1'] * 51 + ['2'] * 51 and lines[2][2] == '0.02'"

# ---- the README of a file is Python that replays it, bit for bit ----
replays() { # replays NAME [CHANGE]: executes the README; after a change of the arrays it must fail
  python - "$scratch" "$1" "${2:-}" "$task" <<'P'
import sys, numpy as np
folder, name, change, task = sys.argv[1:]
f = dict(np.load('%s/%s.npz' % (folder, name)))
exec(change)
np.savez(folder + '/motion.npz', **f)
assert "FILE, MODEL = '%s.npz', 'walker.xml'" % name in str(f['README'])
code = str(f['README']).replace("'%s.npz'" % name, repr(folder + '/motion.npz')).replace("'walker.xml'", repr(task + '/walker.xml'))
assert len([l for l in code.split('\n') if l and l[0] != '#']) <= 18
try: exec(code)
except AssertionError: sys.exit(not change)
# the options of the task and of every system here: tolerance, and no sensors, automatic resets and islands
bit = mujoco.mjtDisableBit
flags = int(bit.mjDSBL_SENSOR | bit.mjDSBL_AUTORESET | bit.mjDSBL_ISLAND)
sys.exit(bool(change) or (m.opt.tolerance, m.opt.disableflags & flags) != (1e-10, flags))
P
}
check the_readme_replays_the_file replays open
check it_finds_a_changed_bit replays open 'f["states"][1, 50, 30] = np.nextafter(f["states"][1, 50, 30], 9)'
check it_finds_a_changed_action replays open 'f["actions"][0, 7, 1] += 1e-9'

# ---- replanning, and a file of start states with conditions ----
check held_out_windows_are_sampled motion windows --windows 4 --quiet
check motions_from_a_file motion file --seconds 0.44 --x0 "$scratch/windows.npz" --replan 2 --json
keep
check each_has_its_start_state_and_condition look file "
w = np.load(folder + '/windows.npz')
assert np.array_equal(x[:, 0], w['states'][:, 0]) and np.array_equal(f['conditions'], w['conditions']) and list(f['start']) == [0, 1, 2, 3]"
check they_are_compared_with_the_demonstration look file "
for r in rows:
    e, t, i = r['demo_episode'], r['demo_frame'], r['trajectory']
    assert np.array_equal(demo['states'][e, t], x[i, 0]) and r['demo_distance'] == 0
    assert r['tre_actions'] == min(22, 40 - t) and r['tre'] > 0 and r['sae_own'] is None"
check the_readme_replays_a_replanned_file replays file
check one_start_state_of_a_file motion one --seconds 0.44 --x0 "$scratch/windows.npz:2" --replan 2 --quiet
check it_is_that_one look one "assert np.array_equal(x[0, 0], np.load(folder + '/windows.npz')['states'][2, 0])"
check replanning_after_a_window_is_open_loop motion whole --seconds 0.44 --x0 "$scratch/windows.npz" --replan 6 --quiet
check open_loop_of_the_same motion loop --seconds 0.44 --x0 "$scratch/windows.npz" --quiet
check they_are_equal look whole "assert np.array_equal(x, np.load(folder + '/loop.npz')['states'])"
check replanning_counts look file "assert not np.array_equal(x, np.load(folder + '/loop.npz')['states'])"
check the_number_of_steps_counts motion k --seconds 0.44 --x0 "$scratch/windows.npz" --k 1 --quiet
check it_differs look k "assert not np.array_equal(x, np.load(folder + '/loop.npz')['states']) and str(f['sampler_steps']) == '1'"

# ---- keyframes and coordinates ----
check a_keyframe motion key --seconds 0.1 --x0 low --condition gait=pace --json
keep
check it_is_that_of_the_model look key "
near(x[0, 0, :16], [0, 0, .2, 1, 0, 0, 0, 0, 0, 0, 0, .01, 1, 0, 0, 0]); near(x[0, 0, 16:], np.zeros(15))
assert rows[0]['fell'] and rows[0]['fell_at'] == 0 and rows[0]['command_error'] is None and rows[0]['tre'] is None"
check coordinates_by_name motion named --seconds 0.1 --x0 'root_pos=1 2 0.3, FL_hip=0.25,root_quat=0 0 0 2,tail_angvel.y=-1' --condition 'gait=trot,vx=0.1' --quiet
check they_are_set_in_the_typical_start_state look named "
typical = np.load(folder + '/open.npz')['states'][0, 0].copy()
typical[:3], typical[3:7], typical[8], typical[28] = (1, 2, .3), (0, 0, 0, 1), .25, -1
assert np.array_equal(x[0, 0], typical), x[0, 0] - typical"
check a_value_outside_the_data motion far --seconds 0.1 --condition gait=trot,vx=0.9
check it_is_reported grep -qE 'warning: command\.vx = 0\.9 is outside the training data, which have -0\.[0-9]+ \.\. 0\.[0-9]+ in these categories' "$scratch/err"
check the_condition_is_reported grep -q 'condition: gait=trot, command.vx=0.9, command.vy=0, command.wz=0$' "$scratch/err"

# ---- states only: the motion is what the method claims ----
check a_kinematic_method_is_trained exits_with 0 train "$task" --method kinematic_fm --checkpoint "$scratch/kinematic" --quiet
check a_motion_of_states exits_with 0 sample "$task" --checkpoint "$scratch/kinematic" --seconds 0.3 --condition gait=trot --out "$scratch/states.npz" --json
keep
check it_has_no_actions look states "
assert 'actions' not in f and 'claimed_states' not in f and x.shape == (1, 16, 31) and rows[0]['sae_min'] > 1e-3 and rows[0]['method'] == 'kinematic_fm'"
check claimed_states_that_differ_are_written exits_with 0 run "$task" --method kinematic_fm_idm --out "$scratch/idm" --quiet
check a_motion_of_states_and_actions exits_with 0 sample "$task" --method kinematic_fm_idm --checkpoint "$(ls "$scratch"/idm/checkpoints/*.safetensors)" --seconds 0.3 --condition gait=trot --out "$scratch/idm.npz" --quiet
check both_are_in_the_file look idm "
assert f['claimed_states'].shape == x.shape and not np.array_equal(f['claimed_states'], x) and np.array_equal(f['claimed_states'][:, 0], x[:, 0])"
check the_executed_states_replay replays idm

# ---- a motion is a file that score judges ----
check a_motion_is_scored exits_with 0 score "$task" "$scratch/loop.npz" --name loop --out "$scratch/run" --json --quiet
check it_is_measured_as_chains python3 -c "
import json, sys
rows = {r['metric']: r for r in json.load(open(sys.argv[1]))['rows']}
assert rows['fall_rate']['n'] == 4 and rows['fall_rate.replanned']['n'] == 4 and rows['sae_own']['n'] == 12 and 'tre' not in rows, rows" "$scratch/out"

# ---- what score says of the method's own windows and motions is what eval says of the method ----
check eval_of_the_weights exits_with 0 eval "$task" --checkpoint "$weights" --json --quiet
cp "$scratch/out" "$scratch/eval.json"
same_numbers() { python3 -c "
import json, sys
eval_, scored = [{r['metric']: r for r in json.load(open(p))['rows'] if r['k'] in (0, 3)} for p in sys.argv[1:3]]
for name in sys.argv[3:]:
    for key in ('value', 'lo', 'hi', 'n'): assert eval_[name][key] == scored[name][key], (name, eval_[name], scored[name])
" "$scratch/eval.json" "$scratch/out" "$@"; }
judged() { exits_with 0 score "$task" "$scratch/$1.npz" --name "$1" --out "$scratch/run" --json --quiet; }
check all_windows_are_sampled motion all --quiet
check they_are_scored judged all
check their_numbers_are_those_of_eval same_numbers tre tre.joint_pos tre_open_loop sae_own sae_min gait_agreement effort.physics_steps
check seven_start_states_are_sampled motion seven --windows 7 --quiet
check motions_of_the_length_of_chains motion chains --seconds 0.42 --x0 "$scratch/seven.npz" --quiet
check motions_are_scored judged chains
check falls_and_commands_are_those_of_eval same_numbers fall_rate fall_rate.replanned survival command_error command_error.yaw_rate gait_phase
check a_file_with_another_condition python - "$scratch" <<'P'
import sys, numpy as np
f = dict(np.load(sys.argv[1] + '/all.npz'))
f['conditions'][5, 2] += 0.01
np.savez(sys.argv[1] + '/condition.npz', **f)
P
check it_is_scored judged condition
check the_condition_is_named grep -qE 'trajectory 5 starts in the state of held-out window [0-9]+ under another condition: [a-z_.]+ is [-0-9.e]+, expected [-0-9.e]+' <(tail -1 "$scratch/run/events.jsonl")
check it_is_not_compared grep -q 'trajectories start in 10 of the 11 held-out windows' <(tail -1 "$scratch/run/events.jsonl")

check start_states_are_made python - "$scratch" <<'P'
import sys, numpy as np
seven = np.load(sys.argv[1] + '/seven.npz')
x, condition = seven['states'][:1, :1], seven['conditions'][:1]
save = lambda name, x: np.savez('%s/%s.npz' % (sys.argv[1], name), states=x, condition_names=seven['condition_names'],
                                conditions=np.repeat(condition, len(x), 0))
save('many', np.repeat(x, 50000, 0))
fast = x.copy()
fast[0, 0, 16] = 1e308
save('ends', np.concatenate([x, fast]))
P

# ---- a signal ends the planning of many motions at once ----
timeout -k 5 --preserve-status -s TERM 3 "$program" sample "$task" --method random_action --x0 "$scratch/many.npz" \
  --seconds 0.2 --threads 1 --quiet --out "$scratch/never.npz" 2>"$scratch/err"
code=$?
check planning_is_interrupted [ $code -eq 130 ]
check nothing_is_written_then [ ! -e "$scratch/never.npz" ]

# ---- a motion that diverges ----
diverging=(sample "$task" --method random_action --seconds 0.1 --threads 1 --x0)
check some_motions_diverge exits_with 0 "${diverging[@]}" "$scratch/ends.npz" --out "$scratch/ends_of.npz"
check their_number_is_reported grep -q 'warning: .*: 1 of 2 motions are not finite$' "$scratch/err"
check the_only_one_diverges exits_with 3 "${diverging[@]}" "$scratch/ends.npz:1" --out "$scratch/none.npz"
check nothing_is_written grep -q 'none of the 1 sampled motions is finite; nothing is written$' "$scratch/err"
check no_file_is_there [ ! -e "$scratch/none.npz" ]

# ---- errors ----
ask() { refuses "$1" sample "$task" --checkpoint "$weights" --out "$scratch/bad.npz" --seconds 0.1 "${@:2}"; }
check an_unknown_value ask "--condition gait=trt: unknown value in 'gait=trt'; task walker has gait=trot\|pace, command\.vx \(-0\.[0-9]+ \.\. 0\.[0-9]+\)" --condition gait=trt
check an_unknown_name ask "unknown or ambiguous name in 'speed=1'; task walker has gait" --condition gait=trot,speed=1
check a_category_is_missing ask "no value is given for 'gait\.trot'" --condition vx=0.1
check a_name_twice ask "given twice: 'command\.vx=0\.2'" --condition gait=trot,vx=0.1,command.vx=0.2
check no_number ask "a finite number is expected in 'vx=fast'" --condition gait=trot,vx=fast
check no_condition ask 'has conditions: give --condition NAME=VALUE,\.\.\. of gait=trot\|pace'
check no_such_start ask "--x0 high: neither a file, nor a keyframe of the model \(low\), nor NAME=VALUE" --x0 high --condition gait=trot
check a_column_twice ask "--x0 FL_hip=1,FL_hip=2: given twice: 'FL_hip=2'$" --x0 FL_hip=1,FL_hip=2 --condition gait=trot
check a_column_of_a_group_twice ask "given twice: 'root_pos\.y=2'$" --x0 'root_pos=0 0 1,root_pos.y=2' --condition gait=trot
check no_such_column ask "--x0 hip=1: no column in 'hip=1'; a state has root_pos\.x, root_pos\.y" --x0 hip=1 --condition gait=trot
check too_few_numbers ask "'root_pos=1 2' needs 3 finite numbers, separated by spaces" --x0 'root_pos=1 2' --condition gait=trot
check a_zero_quaternion ask "the quaternion of joint 'free' is 0" --x0 'root_quat=0 0 0 0' --condition gait=trot
check an_index_beyond_the_file ask ':4: the file has 4 start states, 0 to 3' --x0 "$scratch/windows.npz:4"
check replanning_beyond_the_window ask -- '--replan 7: a window of task walker has 6 actions' --condition gait=trot --replan 7
check too_short_a_motion refuses 'an action of task walker lasts 0\.02 s' sample "$task" -c "$weights" --seconds 0.001 --condition gait=trot
ln -s bad.npz "$scratch/link"
for csv in bad.npz ./bad.npz; do
  check "one_file_for_npz_and_csv_$csv" ask "--out $scratch/bad.npz and --csv $scratch/$csv are one file: name two$" --csv "$scratch/$csv" --condition gait=trot
done
touch "$scratch/bad.npz"
check a_link_to_the_other_file ask "are one file: name two$" --csv "$scratch/link" --condition gait=trot
rm "$scratch/bad.npz" "$scratch/link"
check options_of_motions_without_their_length refuses '--x0 is only for motions: give their length with --seconds S' sample "$task" -c "$weights" --x0 low
check windows_and_motions_exclude_each_other refuses '--windows and --seconds cannot be combined' sample "$task" -c "$weights" --windows 3 --seconds 1
check a_demonstration_is_no_motion refuses 'replay_demo returns demonstrated actions and cannot be asked for a motion' sample "$task" --method replay_demo --seconds 1 --condition gait=trot
check states_cannot_be_replanned refuses 'method kinematic_fm returns no actions to execute' sample "$task" -c "$scratch/kinematic" --seconds 1 --replan 1 --condition gait=trot
check a_task_without_conditions refuses '--condition a=1: task runaway has no conditions' sample "$tasks/runaway" --method random_action --seconds 1 --condition a=1
finish
