#!/usr/bin/env bash
# dynaflow data check: right recordings give no alarm, mistakes are named with the setting that would fit, and a training
# does not start with them. The matrix of planted mistakes is in tests/bench/check/test_data_check.c.
. tests/cli/check.sh

tasks=$scratch/tasks
mkdir "$tasks"
cp -r docs/examples/pendulum "$tasks"
(cd "$tasks/pendulum" && python3 make_data.py)
file=$tasks/pendulum/pendulum.npz model=$tasks/pendulum/pendulum.xml
pendulum=("$tasks/pendulum" --quiet)

# rows PYTHON: the condition holds for the rows of the last run with --json, by check and column
rows() {
  python3 -c "
import json, sys
rows = json.load(open('$scratch/out'))['rows']
at = {(r['check'], r['column']): r for r in rows}
assert $1, rows"
}
# finds CHECK COLUMN SETTING ARGUMENT...: exit code 1, and a row that is wrong with what would fit
finds() {
  local what="at['$1', '$2']['verdict'] == 'wrong' and at['$1', '$2']['would_fit'] == '$3'"
  shift 3
  exits_with 1 data check "$@" --json && rows "$what"
}

# a right recording
check a_right_recording_exits_0 exits_with 0 data check "${pendulum[@]}" --json
check all_rows_are_ok rows "rows and all(r['verdict'] == 'ok' for r in rows)"
check rows_have_the_keys_of_the_contract rows "all(set('task column check verdict value limit unit would_fit reason'.split()) <= set(r) for r in rows)"
check velocities_follow_exactly rows "at['velocity', 'hinge joints']['value'] < 1e-6"
check the_replay_is_a_row rows "at['replay', '']['verdict'] == 'ok' and at['replay', '']['value'] < 1"
check a_file_with_a_model_is_the_same exits_with 0 data check "$file" --model "$model" --set system.timestep=0.01 --quiet --json
check with_as_many_rows rows "len(rows) >= 8"
states_only() { exits_with 0 data check "$file" --model "$model" --set data.actions_key=torques --quiet --json && rows "at['actions', '']['verdict'] == 'warn' and at['actions', '']['would_fit'] == 'data.actions_key = \"\"' and at['actions', '']['task'] == 'pendulum.npz'"; }
check states_only_need_no_setting states_only
check several_files_with_a_model exits_with 0 data check "$tasks/pendulum/pend*.npz" --model "$model" --set system.timestep=0.01 --quiet
columns_are_those_of_numpy() {
  exits_with 0 data check "${pendulum[@]}" --columns --json && python3 - "$file" "$scratch/out" <<'PYTHON'
import json, math, struct, sys, zipfile
raw = zipfile.ZipFile(sys.argv[1]).read('states.npy')
values = struct.unpack('<%dd' % ((len(raw) - 128) // 8), raw[128:])
rows = {r['column']: r for r in json.load(open(sys.argv[2]))['rows'] if r['check'] == 'range'}
for name, unit, x in (('swing', 'rad', values[0::2]), ('swing velocity', 'rad/s', values[1::2])):
    r, mean = rows[name], sum(x) / len(x)
    assert r['unit'] == unit and r['min'] == min(x) and r['max'] == max(x), r
    assert abs(r['mean'] - mean) < 1e-12 and abs(r['std'] - math.sqrt(sum((v - mean) ** 2 for v in x) / len(x))) < 1e-12, r
    bins = [0] * 16
    for v in x: bins[min(15, int((v - min(x)) / (max(x) - min(x)) * 16))] += 1
    assert r['histogram'] == bins, (r, bins)
assert 'action 0' in rows
PYTHON
}
check columns_are_those_of_an_independent_program columns_are_those_of_numpy

# frames that are missing by the times of a table: one, and twenty
python3 - "$scratch" <<'PYTHON'
import math, sys
for name, cut in ('whole', 0), ('one', 1), ('twenty', 20), ('half', 0):
    with open(f'{sys.argv[1]}/{name}.csv', 'w') as f:
        f.write('time,q\n')
        frames = list(range(60)) + list(range(60 + cut, 120))
        if name == 'half': frames = list(range(61)) + list(range(62, 182, 2))  # as many long steps as short ones
        for t in frames: f.write(f'{t / 100},{math.sin(t / 30)}\n')
PYTHON
gap() {
  local code=$1 name=$2 condition=$3
  exits_with "$code" data check "$scratch/$name.csv" --model "$model" --set data.states_key=table --set data.columns=time,joints \
    --set data.actions_key= --set system.timestep=0.01 --json && rows "$condition"
}
check regular_times_have_no_gap gap 0 whole "at['time gap', '']['verdict'] == 'ok' and abs(at['time gap', '']['value'] - 1) < 1e-6"
check the_usual_time_is_the_lower_of_two gap 0 half "at['time gap', '']['verdict'] == 'warn' and abs(at['time gap', '']['value'] - 2) < 1e-6 and 'in 1 episode: in episode 0 0.02 s pass between frames 60 and 61' in at['time gap', '']['reason']"
check a_missing_frame_is_a_warning gap 0 one "at['time gap', '']['verdict'] == 'warn' and abs(at['time gap', '']['value'] - 2) < 1e-6"
check missing_frames_are_wrong gap 1 twenty "at['time gap', '']['verdict'] == 'wrong' and 'in episode 0 0.21 s pass between frames 59 and 60, 21 times' in at['time gap', '']['reason'] and at['time gap', '']['reason'].endswith('if the motion goes on there, data.rate: 100 replaces the times')"

# Joints of an arm that swings freely are exchanged, or one is reversed: limits, floor and forces say nothing, the actions
# do. The file is written by MuJoCo's own step.
mkdir "$scratch/arm"
cat >"$scratch/arm/arm.xml" <<'XML'
<mujoco><option timestep="0.01"/><worldbody><body><joint name="upper" axis="0 1 0" damping="0.1"/>
<geom type="capsule" fromto="0 0 0 .3 0 0" size=".03" mass="1"/><body pos=".3 0 0"><joint name="lower" axis="0 1 0"
damping="0.1"/><geom type="capsule" fromto="0 0 0 .4 0 0" size=".02" mass=".4"/></body></body></worldbody>
<actuator><motor name="m_upper" joint="upper" ctrlrange="-3 3"/><motor name="m_lower" joint="lower" ctrlrange="-3 3"/>
</actuator></mujoco>
XML
PYTHONPATH=third_party/python python3 - "$scratch/arm" <<'PYTHON'
import sys, numpy as np, mujoco
m = mujoco.MjModel.from_xml_path(sys.argv[1] + '/arm.xml')
m.opt.disableflags |= mujoco.mjtDisableBit.mjDSBL_ISLAND if hasattr(mujoco.mjtDisableBit, 'mjDSBL_ISLAND') else 0
d = mujoco.MjData(m)
x, u = [], []
for t in range(400):
    x.append(np.concatenate([d.qpos, d.qvel]))
    if t == 399: break
    d.ctrl[:] = 2 * np.sin(.05 * t), np.sin(.11 * t + 1)
    u.append(d.ctrl.copy())
    mujoco.mj_step(m, d)
x, u = np.array(x)[None], np.array(u)[None]
wrong = {'right': x, 'exchanged': x[..., [1, 0, 3, 2]], 'reversed': x * [1, -1, 1, -1]}
for name, states in wrong.items(): np.savez(f'{sys.argv[1]}/{name}.npz', states=states, actions=u)
PYTHON
arm() { # NAME CODE CONDITION
  exits_with "$2" data check "$scratch/arm/$1.npz" --model "$scratch/arm/arm.xml" --set system.timestep=0.01 --set system.substeps=1 \
    --json && rows "$3"
}
check right_joints_are_right arm right 0 "at['replay', '']['verdict'] == 'ok'"
check exchanged_joints_are_named_by_the_actions arm exchanged 1 "at['replay', '']['verdict'] == 'wrong' and at['replay', '']['would_fit'] == 'upper from the columns of lower, lower from the columns of upper'"
check a_reversed_joint_is_named_by_the_actions arm reversed 1 "at['replay', '']['verdict'] == 'wrong' and at['replay', '']['would_fit'] == 'the opposite sign of lower'"

# a file per episode, each with its index: columns must be named, and then the files are read
python3 - "$scratch" <<'PYTHON'
import json, math, sys
for e in range(3):
    q = [[math.sin(t / 30 + e)] for t in range(60)]
    for name, key in ('part', 'qpos'), ('odd', 'angles'):
        with open(f'{sys.argv[1]}/{name}_{e}.json', 'w') as f: json.dump({key: q, 'episode_index': [e] * 60, 'count': list(range(60))}, f)
PYTHON
check columns_of_several_files_are_asked_for exits_with 2 data check "$scratch/odd_?.json" --model "$model" \
  --set data.actions_key= --set data.ends_key=episode_index
check by_the_first_of_them grep -q "odd_0.json: import does not recognise this layout .*its arrays: angles \[60\]\[1\], episode_index \[60\], count \[60\]; .*--set data.states_key=ARRAY" "$scratch/err"
check columns_that_are_known_are_read exits_with 0 data check "$scratch/part_?.json" --model "$model" --set data.actions_key=
for key in episode_index count; do
  check "files_of_one_episode_each_end_it_by_$key" exits_with 0 data check "$scratch/part_?.json" --model "$model" \
    --set data.actions_key= --set data.states_key=qpos --set data.columns=joints --set data.rate=100 --set data.ends_key=$key
done
check a_wrong_key_of_ends_is_named exits_with 2 data check "$scratch/part_?.json" --model "$model" --set data.actions_key= \
  --set data.columns=joints@qpos --set data.ends_key=ends
check and_nothing_else_is_taught bash -c "grep -q \"no array 'ends'\" '$scratch/err' && ! grep -q 'Say what the columns are' '$scratch/err'"

# times that do not increase: a clock that begins again, and one that stands, which a training refuses, too
python3 - "$scratch" <<'PYTHON'
import math, sys
for name, time in ('restart', lambda t: t % 60 / 100), ('still', lambda t: 1.0):
    with open(f'{sys.argv[1]}/{name}.csv', 'w') as f:
        f.write('time,q\n')
        for t in range(120): f.write(f'{time(t)},{math.sin(t / 30)}\n')
PYTHON
check a_clock_that_begins_again_is_wrong gap 1 restart "at['time order', '']['verdict'] == 'wrong' and at['time order', '']['would_fit'] == 'data.rate = 100' and 'in episode 0 it falls from frame 59 (0.59 s) to frame 60 (0 s)' in at['time order', '']['reason']"
check a_clock_that_stands_is_wrong gap 1 still "at['time order', '']['verdict'] == 'wrong' and at['time order', '']['would_fit'] is None and 'in episode 0 it stays from frame 0 (0 s) to frame 1 (0 s)' in at['time order', '']['reason']"
check nothing_else_is bash -c "grep -c '\"verdict\": \"wrong\"' '$scratch/out' | grep -qx 1"

# velocities that are differences of positions are not compared by the replay
check positions_alone_replay exits_with 0 data check "${pendulum[@]}" --set data.columns=joints,skip:1 --json
check their_velocities_are_no_error rows "at['replay', '']['verdict'] == 'ok' and at['replay', '']['value'] < 1"

# a file that states its rate: five steps of 4 ms per action, of a mass without gravity
printf '%s' '<mujoco><option timestep="0.004" gravity="0 0 0"/><worldbody><body><joint name="x" type="slide"/>' \
  '<geom size="0.1" mass="2"/></body></worldbody><actuator><motor joint="x"/></actuator></mujoco>' >"$scratch/mass.xml"
python3 - "$scratch/mass.npz" <<'PYTHON'
import math, struct, sys, zipfile
def npy(shape, values):
    head = "{'descr': '<f8', 'fortran_order': False, 'shape': %s, }" % (shape,)
    return b'\x93NUMPY\x01\x00' + struct.pack('<H', 118) + head.ljust(117).encode() + b'\n' + struct.pack('<%dd' % len(values), *values)
states, actions = [], []
for episode in range(4):
    q, v = 0.1 * episode, 0.3 - 0.1 * episode
    states += [q, v]
    for t in range(60):
        actions.append(math.sin(0.3 * t + episode))
        for _ in range(5):
            v += 0.004 * actions[-1] / 2
            q += 0.004 * v
        states += [q, v]
with zipfile.ZipFile(sys.argv[1], 'w') as z:
    z.writestr('states.npy', npy((4, 61, 2), states))
    z.writestr('actions.npy', npy((4, 60, 1), actions))
    z.writestr('fps.npy', npy((), [50.0]))
PYTHON
mass=("$scratch/mass.npz" --model "$scratch/mass.xml" --quiet --json)
stated_steps() { exits_with 0 data check "${mass[@]}" && rows "at['replay', '']['verdict'] == 'ok' and at['replay', '']['value'] <= 1"; }
check the_rate_of_a_file_gives_the_steps_of_an_action stated_steps
given_steps() { run data check "${mass[@]}" --set data.rate=50 --set system.substeps=1 --set system.timestep=0.02; rows "at['replay', '']['verdict'] == 'warn' and at['replay', '']['would_fit'] == 'system.timestep = 0.004, system.substeps = 5'"; }
check steps_that_are_given_stay given_steps

# mistakes
check another_frame_rate finds 'frame rate' '' 'data.rate = 100' "${pendulum[@]}" --set system.timestep=0.02
check a_sentence_says_why bash -c "'$program' data check '$tasks/pendulum' --set system.timestep=0.02 2>&1 >/dev/null | grep -q 'wrong: frame rate: positions change 0.5 times as fast as the velocities say: a frame takes 0.01 s, not 0.02 s'"
# edits STATEMENTS: the recording with its states as the list x of [q, v] changed by Python
edits() {
  python3 - "$file" "$scratch/edited.npz" "$1" <<'PYTHON'
import math, struct, sys, zipfile
z = zipfile.ZipFile(sys.argv[1])
raw = z.read('states.npy')
flat = struct.unpack('<%dd' % ((len(raw) - 128) // 8), raw[128:])
x = [list(flat[i:i + 2]) for i in range(0, len(flat), 2)]
exec(sys.argv[3])
with zipfile.ZipFile(sys.argv[2], 'w') as out:
    out.writestr('states.npy', raw[:128] + struct.pack('<%dd' % len(flat), *[v for s in x for v in s]))
PYTHON
}
edited=("$scratch/edited.npz" --model "$model" --set system.timestep=0.01 --set data.actions_key= --quiet)
# states SECONDS: the duration of a frame in the file
states() {
  python3 - "$file" "$1" "$2" <<'PYTHON'
import struct, sys, zipfile
z = zipfile.ZipFile(sys.argv[1])
header = "{'descr': '<f8', 'fortran_order': False, 'shape': (), }"
with zipfile.ZipFile(sys.argv[2], 'w') as out:
    out.writestr('states.npy', z.read('states.npy'))
    out.writestr('dt.npy', b'\x93NUMPY\x01\x00' + struct.pack('<H', 118) + header.ljust(117).encode() + b'\n' + struct.pack('<d', float(sys.argv[3])))
PYTHON
}
states "$scratch/edited.npz" 1e10
check an_absurd_duration_of_a_frame finds 'frame interval' '' 'data.rate = 100' "${edited[@]}"
check is_named_with_its_rate bash -c "grep -q 'the file states that a frame of episode 0 lasts 1e+10 s, which is 1e-10 Hz: a recording has 1 Hz to 10 kHz' '$scratch/out'"
absurd_rate() { exits_with 1 data check "${edited[@]}" --set data.rate=20000 --json && rows "at['frame interval', '']['value'] == 5e-5 and at['frame interval', '']['limit'] is None and 'data.rate states' in at['frame interval', '']['reason']"; }
check an_absurd_data_rate absurd_rate
differences_have_no_rate() { exits_with 1 data check "${edited[@]}" --set data.velocities=differences --json && rows "at['frame interval', '']['verdict'] == 'wrong' and at['frame interval', '']['would_fit'] is None"; }
check positions_alone_tell_no_rate differences_have_no_rate
edits 'for s in x: s[1] = 0'
check velocities_of_zero finds 'velocity zero' 'hinge joints' 'data.velocities = differences' "${edited[@]}"
edits 'for s in x: s[1] *= 0.03'
check scaled_velocities finds 'velocity scale' 'hinge joints' 'data.velocities = differences' "${edited[@]}" --set data.rate=100
edits 'for i in range(len(x) - 1, 0, -1): x[i][1] = x[i - 1][1]'
check late_velocities finds 'velocity shift' '' 'data.velocities = differences' "${edited[@]}"
edits 'for s in x: s[:] = [1e300, 1e300]'
huge() { exits_with 1 data check "${edited[@]}" --json && rows "at['magnitude', '$1']['verdict'] == 'wrong' and at['magnitude', '$1']['value'] == 1e300 and at['magnitude', '$1']['limit'] == 1e6 and \"$2\" in at['magnitude', '$1']['reason']"; }
check numbers_that_are_all_absurd huge 'position of swing' "1e+300 in episode 0, frame 0, column 0 of array 'states' is beyond 1e+06, as are 4039 more numbers: correct the file"
edits 'x[3 * 101 + 7][1] = -1e300'
check an_absurd_number_is_located huge 'velocity of swing' "-1e+300 in episode 3, frame 7, column 1 of array 'states' is beyond 1e+06: correct the file, or leave episode 3 out"
edits 'x[3 * 101 + 7][1] = -1e300; x[3 * 101 + 9][1] = 1e300'
check two_absurd_numbers_are_counted huge 'velocity of swing' "-1e+300 in episode 3, frame 7, column 1 of array 'states' is beyond 1e+06, as is 1 more number: correct"
edits 'x[3 * 101 + 7][1] = 1e6; x[9 * 101 + 30][1] = -900'
check an_absurd_velocity_is_no_frame_rate finds 'velocity spike' 'velocity of swing' 'data.select = 0-2,4-8,10-19' "${edited[@]}"
check it_is_the_only_thing_wrong rows "[r['check'] for r in rows if r['verdict'] != 'ok'] == ['velocity spike']"
check and_is_located bash -c "grep -q \"1e+06 in episode 3, frame 7, column 1 of array 'states' is more than 100 times .*, as is 1 more velocity: correct the file, or leave episodes 3, 9 out\" '$scratch/out'"
edits 'for s in x[50:101]: s[0] += 3'
jumps() { exits_with 1 data check "${edited[@]}" --json && rows "at['jump', '']['verdict'] == 'wrong' and at['jump', '']['would_fit'] is None and 'data.ends_key' in at['jump', '']['reason']"; }
check a_jump jumps
check is_located bash -c "grep -q 'by 2.98 in episode 0 between frames 49 and 50' '$scratch/out'"
edits 'for s in x[50:101]: s[0] += 2 * math.pi'
check a_wrapped_angle bash -c "'$program' data check '${edited[0]}' --model '$model' --set system.timestep=0.01 --set data.actions_key= 2>&1 | grep -q 'the angle is wrapped to one turn'"
edits 'x[1:] = [list(x[i - i % 101 + i % 101 // 2]) for i in range(1, len(x))]'
check duplicated_frames bash -c "! '$program' data check '${edited[0]}' --model '$model' --set system.timestep=0.01 --set data.actions_key= >'$scratch/out' 2>&1 && grep -qE 'duplicated frames +wrong' '$scratch/out'"
edits 'for e in (4, 9): x[e * 101 + 90:e * 101 + 101] = [list(x[e * 101 + 89]) for _ in range(11)]'
padding() { run data check "${edited[@]}" --json; rows "at['padding', '']['verdict'] == 'warn' and at['padding', '']['value'] == 22 and '2 episodes end with copies of a state that moves' in at['padding', '']['reason'] and 'in episode 4 the last 11 frames' in at['padding', '']['reason']"; }
check copies_of_the_last_state padding
edits 'for e in (4, 9): x[e * 101 + 90:e * 101 + 101] = [[x[e * 101 + 89][0], 0.0] for _ in range(11)]'
rests() { run data check "${edited[@]}" --json; rows "('padding', '') not in at"; }
check a_state_at_rest_is_no_padding rests
edits 'x[205][1] = math.nan'
not_finite() { exits_with 1 data check "${edited[@]}" --json && rows "at['finite', '']['verdict'] == 'wrong'" && grep -q 'episode 2, frame 3, index 1' "$scratch/out"; }
check a_number_that_is_not_finite not_finite
not_finite_as_found() {
  exits_with 1 data check "$scratch/edited.npz" --model "$model" --quiet --json &&
    rows "[r['check'] for r in rows if r['verdict'] == 'wrong'] == ['finite'] and at['finite', '']['value'] is None and \"array 'states' is nan at episode 2, frame 3, index 1: correct the file\" in at['finite', '']['reason']"
}
check without_settings_too not_finite_as_found

# actions that cannot be read are no states only
unreadable_actions() {
  python3 - "$file" "$scratch/edited.npz" <<'PYTHON'
import sys, zipfile
z = zipfile.ZipFile(sys.argv[1])
with zipfile.ZipFile(sys.argv[2], 'w') as out:
    for name in z.namelist():
        raw = z.read(name)
        out.writestr(name, raw.replace(b"'<f8'", b"'<c8'", 1) if name == 'actions.npy' else raw)
PYTHON
  refuses "array 'actions': dtype '<c8' is complex" data check "$scratch/edited.npz" --model "$model" --set system.timestep=0.01
}
check actions_that_cannot_be_read_are_an_error unreadable_actions

# bad input
check a_missing_file_exits_3 misses 'nowhere.npz: file not found' data check nowhere.npz --model "$model"
check a_missing_model_exits_3 misses 'model file nowhere.xml not found' data check "$file" --model nowhere.xml
check an_unknown_task_exits_2 refuses "unknown task" data check no_such_task
check options_of_check_are_refused_elsewhere refuses "options of 'data check'" data info pendulum --columns
check a_text_file_exits_2 refuses . data check tests/cli/check.sh --model "$model"

# before a training
plan=("$tasks/pendulum" --quiet --profile smoke --set train.steps=2 --set eval.windows=2 --set eval.sae_windows=0 --set eval.chains=0)
check training_refuses_a_wrong_rate refuses 'the demonstrations are wrong: frame rate: .*data.rate = 100.*run: dynaflow data check [^ ]*tasks/pendulum; --no-data-check' \
  train "${plan[@]}" --method kinematic_fm --checkpoint "$scratch/w.safetensors" --set system.timestep=0.02
check nothing_was_trained test ! -e "$scratch/w.safetensors"
check training_goes_on_if_told exits_with 0 train "${plan[@]}" --method kinematic_fm --checkpoint "$scratch/w.safetensors" --set system.timestep=0.02 --no-data-check
check a_run_refuses_it refuses 'the demonstrations are wrong: frame rate' run "${plan[@]}" --method random_action,kinematic_fm --out "$scratch/run" --set system.timestep=0.02
cp -r "$tasks/pendulum" "$tasks/slow"
states "$tasks/slow/pendulum.npz" 5
slow=("$tasks/slow" "${plan[@]:1}" --method kinematic_fm --set data.actions_key= --set data.velocities=differences)
check a_training_refuses_an_absurd_duration_of_a_frame refuses 'the demonstrations are wrong: frame interval: .*lasts 5 s' train "${slow[@]}" --checkpoint "$scratch/w2.safetensors"
states "$tasks/slow/pendulum.npz" 1e10
check a_duration_without_end_is_named_with_its_file refuses "slow/pendulum.npz: episode 0: 'dt' states 1e.10 s per frame: .* the episode has 1e.14 frames" train "${slow[@]}" --checkpoint "$scratch/w2.safetensors"
check methods_that_do_not_train_run exits_with 0 run "${plan[@]}" --method random_action --out "$scratch/run" --set system.timestep=0.02
check right_data_are_trained_on exits_with 0 run "${plan[@]}" --method kinematic_fm --out "$scratch/right"
check in_silence test ! -s "$scratch/err"

# a held-out episode that repeats one of the training
cp -r "$tasks/pendulum" "$tasks/copied"
python3 - "$file" "$tasks/copied/pendulum.npz" <<'PYTHON'
import re, sys, zipfile
z = zipfile.ZipFile(sys.argv[1])
with zipfile.ZipFile(sys.argv[2], 'w') as out:
    for name in z.namelist():
        raw = z.read(name)
        if name in ('states.npy', 'actions.npy'):
            episodes = int(re.search(rb"'shape': \((\d+),", raw).group(1))
            size = (len(raw) - 128) // episodes
            parts = [raw[128 + i * size:128 + (i + 1) * size] for i in range(episodes)]
            parts[4] = parts[2]
            raw = raw[:128] + b''.join(parts)
        out.writestr(name, raw)
PYTHON
copied=("$tasks/copied" "${plan[@]:1}" --method kinematic_fm)
both='episode 4, held out for the test, repeats episode 2 of the training: frame 0 is its frame 0, and 100 % of the frames that move are equal'
check the_held_out_copy_is_a_row exits_with 1 data check "$tasks/copied" --quiet --json
check with_both_episodes rows "at['held-out copy', '']['verdict'] == 'wrong' and at['held-out copy', '']['value'] == 1 and '$both' in at['held-out copy', '']['reason']"
check a_training_refuses_the_copy refuses "the demonstrations are wrong: held-out copy: $both" train "${copied[@]}" --checkpoint "$scratch/w3.safetensors"
check without_one_of_them_it_is_right exits_with 0 data check "$tasks/copied" --quiet --set data.select=0,1,3-19
check a_file_of_no_task_has_a_warning exits_with 0 data check "$tasks/copied/pendulum.npz" --model "$model" --set system.timestep=0.01 --json
check that_names_both rows "at['held-out copy', '']['verdict'] == 'warn' and 'episode 4 repeats episode 2' in at['held-out copy', '']['reason']"

# files of no task whose arrays only import knows: a rate under another name, and a column of actions per actuator
python3 - "$file" "$scratch" <<'PYTHON'
import math, struct, sys, zipfile
z, folder = zipfile.ZipFile(sys.argv[1]), sys.argv[2]
read = lambda name: struct.unpack('<%dd' % ((len(z.read(name)) - 128) // 8), z.read(name)[128:])
states, actions = read('states.npy'), read('actions.npy')

def npy(shape, values):
    head = ("{'descr': '<f8', 'fortran_order': False, 'shape': %s, }" % (shape,)).ljust(117) + '\n'
    return b'\x93NUMPY\x01\x00' + struct.pack('<H', len(head)) + head.encode() + struct.pack('<%dd' % len(values), *values)

def write(name, arrays):
    with zipfile.ZipFile('%s/%s.npz' % (folder, name), 'w') as out:
        for key, (shape, values) in arrays.items(): out.writestr(key + '.npy', npy(shape, values))

half = [v for e in range(20) for t in range(0, 101, 2) for v in states[(e * 101 + t) * 2:][:2]]
for name in ('rate', 'frame_rate', 'hz'): write(name, {'states': ((20, 51, 2), half), name: ((1,), [50.0])})
# frames of 0.3 s, which nothing states, of a model without a motor
slow = [v for t in range(200) for v in (2 * math.sin(.09 * t), .6 * math.cos(.09 * t))]
write('slow', {'states': ((1, 200, 2), slow)})
for e in range(2):
    for name, factor in (('table', 1), ('twice', 2)):
        with open('%s/%s_%d.csv' % (folder, name, e), 'w') as out:
            out.write('time,swing_pos,swing_vel,swing_cmd\n')
            for t in range(100): out.write('%.9g,%.17g,%.17g,%.17g\n' % (t * .01, *states[(e * 101 + t) * 2:][:2], factor * actions[e * 100 + t]))
PYTHON
for array in rate frame_rate hz; do
  of_an_array() {
    exits_with 0 data check "$scratch/$array.npz" --model "$model" "$@" --json &&
      rows "at['frame interval', '']['value'] == 0.02 and all(r['verdict'] != 'wrong' for r in rows)" &&
      ! grep -q 'nothing uses' "$scratch/err"
  }
  check "the_rate_is_the_array_${array}" of_an_array
  check "also_if_the_columns_of_${array}_are_given" of_an_array --set data.states_key=states
done
sed '/<actuator>/d' "$model" >"$scratch/passive.xml"
check a_frame_that_nothing_states_has_another_rate finds 'frame rate' '' 'data.rate = 3.33333' "$scratch/slow.npz" --model "$scratch/passive.xml"
check which_the_row_says rows "'a frame takes 0.3 s, not 0.01 s, which nothing states (or all velocities are scaled' in at['frame rate', '']['reason'] and ('velocity scale', 'hinge joints') not in at"
check columns_of_actions_are_replayed exits_with 0 data check "$scratch/table_?.csv" --model "$model" --json
check and_lead_to_the_states rows "at['replay', '']['verdict'] == 'ok' and at['replay', '']['value'] < 1 and ('actions', '') not in at"
for key in "" "--set data.actions_key=*_cmd" "--set data.actions_key=swing_cmd"; do
  check "doubled_actions_are_found${key:+_by_their_key}" exits_with 0 data check "$scratch/twice_?.csv" --model "$model" $key --json
  check with_their_scale rows "at['replay', '']['verdict'] == 'warn' and at['replay', '']['would_fit'] == 'data.action_scale = 0.5'"
done

# a filter of HDF5 that rounds
packages=third_party/python
if PYTHONPATH=$packages python3 -c 'import h5py' 2>/dev/null; then
  PYTHONPATH=$packages python3 - "$file" "$scratch/steps.h5" <<'PYTHON'
import sys, h5py, numpy
data = numpy.load(sys.argv[1])
with h5py.File(sys.argv[2], "w") as out:
    out.create_dataset("states", data=data["states"], chunks=(1,) + data["states"].shape[1:], scaleoffset=4)
    out["actions"], out["dt"] = data["actions"], 0.01
PYTHON
  check a_filter_that_rounds_is_named exits_with 0 data check "$scratch/steps.h5" --model "$model" --set system.timestep=0.01 --quiet --json
  check and_judged_as_rounding rows "at['replay', '']['verdict'] == 'ok' and at['replay', '']['value'] <= 1 == at['replay', '']['limit'] and at['replay', '']['reason'].startswith('rounding: ') and 'positions: steps of 1e-04 (scaleoffset), velocities: steps of 1e-04 (scaleoffset)' in at['replay', '']['reason']"
else
  skip a_filter_that_rounds_is_named "no h5py in $packages"
fi

# published recordings
data=${DYNAFLOW_DATA:-../shared/data}
# clean CHECKED...: no alarm
clean() { exits_with 0 data check "$@" --quiet; }
if [ -e "$data/ddat" ]; then
  check the_published_hopper clean hopper --data "$data"
  check the_published_walker clean walker2d --data "$data"
  check the_published_cheetah clean half_cheetah --data "$data"
  check the_published_go1 clean "$data/ddat/GO1_4trajs_500steps.npz" --model "$data/mjcf/derived/go1_ddat_meshfree.xml" --set data.states_key=Trajs --set data.actions_key= --set system.timestep=0.02
  a1=("$data/amp_for_hardware_a1/mocap_motions_a1/left_turn0.txt" --model "$data/mjcf/menagerie/unitree_a1/scene.xml" --quiet --set data.states_key=Frames --set data.actions_key=
    --set "data.columns=root_pos,root_quat,joints,skip:12,root_linvel,root_angvel,joint_vel,skip:12")
  conventions_of_the_a1() { exits_with 1 data check "${a1[@]}" --json && rows "[at['convention', 'data.' + k]['would_fit'] for k in ('quaternion', 'linear_velocity')] == ['data.quaternion = xyzw', 'data.linear_velocity = base'] and at['convention', 'data.joints']['verdict'] == 'warn' and 'data.legs = FL,FR,RL,RR' in at['convention', 'data.joints']['reason']"; }
  check the_conventions_of_published_mocap conventions_of_the_a1
  positions=("${a1[@]}" --set data.quaternion=xyzw --set data.legs=FL,FR,RL,RR --set "data.columns=root_pos,root_quat,joints,skip:42")
  check differences_at_another_rate_are_no_alarm clean "${positions[@]}" --set system.timestep=0.02
  check with_them_there_is_no_alarm clean "${a1[@]}" --set data.quaternion=xyzw --set data.linear_velocity=base --set data.legs=FL,FR,RL,RR
else
  skip published_recordings "no recordings in $data"
fi
finish
