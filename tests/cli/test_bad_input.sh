#!/usr/bin/env bash
# Bad models, data and settings: exit code 2, one line that names file, key and value, and nothing half written.
. tests/cli/check.sh
# slow

tasks=$scratch/tasks
mkdir -p "$tasks"

# make_task NAME: a cart on a rail with a small demonstration; an optional second argument names what to spoil
cat >"$scratch/make.py" <<'PY'
import os, struct, sys, zipfile
folder, name, spoil = sys.argv[1], os.path.basename(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else ''
os.makedirs(folder)

MODEL = '''<mujoco>
  <option timestep="0.01"OPTIONS/>
  <worldbody>
    <geom name="rail" type="plane" size="1 1 0.1" contype="0" conaffinity="0"/>
    <body><joint name="x" type="slide" axis="1 0 0"/><geom name="cart" type="sphere" size="0.1" mass="1"MASK/></body>
    <body pos="0 0 1"><joint name="y" type="slide" axis="1 0 0"/><geom name="weight" type="sphere" size="0.1" mass="1"MASK/></body>
  </worldbody>
  EXTRA
  <actuator>ACTUATOR</actuator>
</mujoco>
'''
motor = '<motor name="push" joint="x" ctrllimited="true" ctrlrange="-1 1"/>'
options = {'implicit': ' integrator="implicit"', 'pgs': ' solver="PGS"', 'wind': ' density="1.2"'}.get(spoil, '')
extra = {'tendon': '<tendon><spatial name="rope" stiffness="1"><site site="post"/><site site="hook"/></spatial></tendon>',
         'coupled': '<tendon><fixed name="band" stiffness="1"><joint joint="x" coef="1"/></fixed></tendon>'
                    '<equality><joint name="tie" joint1="x" joint2="y"/></equality>'}.get(spoil, '')
actuator = {'no_actuators': '', 'activation': '<muscle name="muscle" joint="x" lengthrange="0 1"/>'}.get(spoil, motor)
model = MODEL.replace('OPTIONS', options).replace('EXTRA', extra).replace('ACTUATOR', actuator).replace('MASK', ' contype="0" conaffinity="0"')
if spoil == 'tendon': model = model.replace('<body><joint', '<site name="post" pos="0 0 2"/><body><site name="hook"/><joint')
if spoil == 'not_xml': model = model.replace('</worldbody>', '')
if spoil == 'cylinder': model = model.replace('type="sphere" size="0.1" mass="1" contype="0" conaffinity="0"', 'type="cylinder" size="0.1 0.1" mass="1"', 1).replace('type="plane" size="1 1 0.1" contype="0" conaffinity="0"', 'type="box" size="1 1 0.1"')
open(folder + '/cart.xml', 'w').write(model)

EPISODES, T, NX = 12, 30, 4
if spoil == 'few_episodes': EPISODES = 3
if spoil == 'short': T = 5
states, actions = [], []
for episode in range(EPISODES):
    x = v = 0.0
    states += [x, 0.0, v, 0.0]
    for t in range(T):
        u = ((7 * t + 3 * episode) % 11 - 5) / 5 * (1 - episode / 64)
        v += 0.01 * u
        x += 0.01 * v
        states += [x, 0.0, v, 0.0]
        actions.append(u)

def npy(shape, values, descr='<f8', code='d'):
    head = "{'descr': '%s', 'fortran_order': False, 'shape': %s, }" % (descr, shape)
    head += ' ' * (63 - (10 + len(head)) % 64) + '\n'
    body = values if isinstance(values, bytes) else struct.pack('<%d%s' % (len(values), code), *values)
    return b'\x93NUMPY\x01\x00' + struct.pack('<H', len(head)) + head.encode() + body

if spoil == 'kick':
    for t in range(20, T + 1): states[(5 * (T + 1) + t) * NX + 2] += 1e-6
if spoil == 'nan': states[(3 * (T + 1) + 7) * NX + 2] = float('nan')
if spoil == 'infinite_action': actions[2 * T + 4] = float('inf')
arrays = {'states': npy((EPISODES, T + 1, NX), states), 'actions': npy((EPISODES, T, 1), actions)}
if spoil == 'complex': arrays['states'] = npy((EPISODES, T + 1, NX // 2), states, '<c16')
if spoil == 'objects': arrays['states'] = npy((EPISODES, T + 1, NX), b'\x80', '|O')
if spoil == 'text': arrays['actions'] = npy((1,), 'x'.encode('utf-32-le'), '<U1')
if spoil == 'nx': arrays['states'] = npy((EPISODES, (T + 1) * 2, 2), states)
if spoil == 'rank': arrays['states'] = npy((EPISODES * (T + 1), NX), states)
if spoil == 'actions': arrays['actions'] = npy((EPISODES - 1, T, 1), actions[T:])
if spoil == 'short_array': arrays['states'] = npy((EPISODES, T + 1, NX), states[:-1])
if spoil == 'no_states': arrays['positions'] = arrays.pop('states')
if spoil == 'dt': arrays['dt'] = npy((), [0.02])
if spoil == 'other_model': arrays['model_sha256'] = npy((), ('0' * 64).encode('utf-32-le'), '<U64')
if spoil == 'states_only': del arrays['actions']
data = folder + '/cart.npz'
with zipfile.ZipFile(data, 'w') as z:
    for key in arrays: z.writestr(key + '.npy', arrays[key])
raw = open(data, 'rb').read()
if spoil == 'truncated': raw = raw[:len(raw) // 2]
if spoil == 'empty': raw = b''
if spoil == 'not_zip': raw = b'time,x,v\n' * 100
if spoil == 'flipped':
    raw = bytearray(raw)
    raw[len(raw) // 2] ^= 1
if spoil == 'missing': os.remove(data)
elif spoil == 'folder':
    os.remove(data)
    os.mkdir(data)
else: open(data, 'wb').write(raw)

open(folder + '/task.yaml', 'w').write('''task:
  name: %s
  methods: [dynaflow]
system:
  model: cart.xml
action:
  center: [0]
  half_range: [1]
data:
  source: npz
  file: cart.npz
window:
  horizon: 8
net:
  kind: mlp
  width: 8
  depth: 1
train:
  steps: 3
  batch: 8
eval:
  windows: 4
  sae_windows: 1
  chains: 2
  chain_seconds: 0.2
profiles:
  full: {}
''' % name)
PY
make_task() { python3 "$scratch/make.py" "$tasks/$@"; }

# one_error PATTERN: the last run printed exactly one error, which matches, besides the hint how to get a file
one_error() {
  local lines
  lines=$(grep '^dynaflow' "$scratch/err" | grep -v '^dynaflow: to fetch its files, run: ')
  [ "$(grep -c . <<<"$lines")" = 1 ] && grep -qE -- "$1" <<<"$lines" ||
    { echo "not one line with /$1/:"; cat "$scratch/err"; false; }
}

# refused PATTERN TASK ARGUMENT...: train and run both fail with one error that matches, and leave nothing but the record
refused() {
  local pattern=$1 task=$2 left
  shift 2
  rm -rf "$scratch/left"
  mkdir "$scratch/left"
  exits_with ${wanted:-2} train "$tasks/$task" --method dynaflow --checkpoint "$scratch/left/weights" "$@" && one_error "$pattern" || return 1
  [ ! -s "$scratch/out" ] || { echo "train wrote on standard output"; cat "$scratch/out"; return 1; }
  [ -z "$(ls -A "$scratch/left")" ] || { echo "train left files"; ls -A "$scratch/left"; return 1; }
  exits_with ${wanted:-2} run "$tasks/$task" --quiet --out "$scratch/left/run" "$@" && one_error "$pattern" || return 1
  [ ! -s "$scratch/out" ] || { echo "run --quiet wrote on standard output"; cat "$scratch/out"; return 1; }
  left=$(cd "$scratch/left" && find . -type f ! -path ./run/lock ! -path ./run/events.jsonl)
  [ -z "$left" ] || { echo "run left $left"; return 1; }
  # the record is readable and says that the cell failed
  [ ! -e "$scratch/left/run/events.jsonl" ] || python3 -c "
import json, sys
for r in map(json.loads, open(sys.argv[1])):
    assert r['type'] == 'plan' or (r['status'] == 'error' and r['reason'] and not r.get('rows')), r" "$scratch/left/run/events.jsonl"
}
# spoilt NAME PATTERN: a task spoilt in this way is refused
spoilt() { make_task "$1" "$1" && refused "$2" "$1"; }

make_task good
check the_good_task_trains exits_with 0 train "$tasks/good" --method dynaflow --checkpoint "$scratch/good.safetensors"
check the_good_task_runs exits_with 0 run "$tasks/good" --out "$scratch/good"
check the_good_task_is_not_refused bash -c '! "$@" >/dev/null' - refused . good

# ---- data ----

wanted=3 check missing_data_is_refused spoilt missing 'cart\.npz: not found in: .*missing'
check missing_data_are_reported_with_the_command_that_fetches_them grep -qE '^dynaflow: to fetch its files, run: dynaflow data fetch .*/missing$' "$scratch/err"
check the_hint_names_the_task_that_lacks_data misses 'to fetch its files, run: dynaflow data fetch .*/missing$' run "$tasks/good" "$tasks/missing" --out "$scratch/both"
check nothing_runs_before_the_plan_is_whole [ ! -s "$scratch/both/events.jsonl" ]
check a_folder_for_data_is_refused spoilt folder 'folder/cart\.npz: Is a directory'
check empty_data_are_refused spoilt empty 'empty/cart\.npz: empty file'
check truncated_data_are_refused spoilt truncated 'truncated/cart\.npz: not a readable zip archive'
check a_table_of_words_is_refused spoilt not_zip "not_zip/cart\.npz: line 2, column 1: 'time' is not a number"
check a_flipped_bit_is_refused spoilt flipped "flipped/cart\.npz: array '[a-z]+': .*CRC"
check data_without_states_are_refused spoilt no_states "no_states/cart\.npz: no array 'states'; the file has: .*positions"
check data_without_actions_are_refused spoilt states_only "states_only/cart\.npz: no array 'actions'; the file has: .*; if they are data of states only, set data\.actions_key: \"\"$"
check complex_numbers_are_refused spoilt complex "complex/cart\.npz: array 'states': dtype '<c16'"
check python_objects_are_refused spoilt objects "objects/cart\.npz: array 'states': dtype '\|O'"
check text_for_numbers_is_refused spoilt text "text/cart\.npz: array 'actions'"
check states_of_another_size_are_refused spoilt nx "nx/cart\.npz: array 'states' has shape \[12,62,2\], expected .*nx = 4"
check states_of_another_rank_are_refused spoilt rank "rank/cart\.npz: array 'actions' has shape \[12,30,1\], expected \[371 or 372\].*'states' has \[372,4\]"
check actions_of_another_number_are_refused spoilt actions "actions/cart\.npz: array 'actions' has shape \[11,30,1\], expected \[12\]"
check an_array_that_is_too_short_is_refused spoilt short_array "short_array/cart\.npz: array 'states'"
check nan_is_refused_with_its_place spoilt nan "nan/cart\.npz: array 'states' is -?nan at episode 3, frame 7, index 2"
check infinity_is_refused_with_its_place spoilt infinite_action "cart\.npz: array 'actions' is inf at episode 2, frame 4, index 0"
check another_time_step_is_refused spoilt dt 'dt/cart\.npz: dt is 0\.02 s, .*0\.01 s'
check data_of_another_model_are_refused spoilt other_model "cart\.npz: recorded with another model: the model has SHA-256 $(sha256sum "$tasks/good/cart.xml" | cut -c1-64), recorded is 0{64}"
check episodes_that_are_too_short_are_refused spoilt short "short/cart\.npz: array 'states': episodes of 6 frames, .* is 9"
check too_few_episodes_are_refused spoilt few_episodes 'split\.test_every = 10 holds out none of the 3 episodes'
check another_data_hash_is_refused refused "cart\.npz: SHA-256 is $(sha256sum "$tasks/good/cart.npz" | cut -c1-64), but data\.sha256 is abc" good --set data.sha256=abc
check replay_of_honest_data_exits_0 exits_with 0 replay "$tasks/good" --quiet
make_task kick kick
check replay_of_data_with_a_velocity_kick_exits_1 exits_with 1 replay "$tasks/kick" --quiet
check json_of_that_replay_exits_1 exits_with 1 replay "$tasks/kick" --quiet --json
check the_best_hypothesis_is_one_of_the_list python3 -c "
import json, sys
d = [r for r in json.load(open(sys.argv[1]))['rows'] if r['metric'] == 'verdict'][0]
names = [h['name'] for h in d['hypotheses']]
assert names[0] == 'as training simulates it' and d['best_hypothesis'] in names, names" "$scratch/out"
check an_unknown_array_name_is_refused refused "cart\.npz: no array 'Trajs'; the file has: states, actions" good --set data.states_key=Trajs
check states_alone_suffice_for_dynaflow exits_with 0 train "$tasks/states_only" --method dynaflow --set data.actions_key= --checkpoint "$scratch/only"
check states_alone_do_not_suffice_for_action_fm refuses 'states_only: method action_fm needs actions' train "$tasks/states_only" \
  --method action_fm --set data.actions_key= --checkpoint "$scratch/none"
check states_alone_leave_nothing_behind [ ! -e "$scratch/none" ]
check an_unknown_generator_is_refused refused "good: data\.generator: unknown generator 'gaits' \(known: quadruped_gaits, detours, box_pushes\)" good \
  --set data.source=generator --set data.generator=gaits
check a_missing_generator_is_refused refused "data\.source is 'generator' but data\.generator is empty \(known: quadruped_gaits, detours, box_pushes\)" good \
  --set data.source=generator --set data.generator=
check a_file_beside_a_generator_is_refused refused "good: data\.source is 'generator', which reads no file, but data\.file is 'cart\.npz'; to read the file, set data\.source to file" good \
  --set data.source=generator --set data.generator=detours
check list_names_the_generators bash -c "'$program' list generators | grep -qE '^generator +quadruped_gaits '"

# ---- models ----

check a_model_without_actuators_is_refused spoilt no_actuators 'no_actuators/cart\.xml: the model has no actuators'
check a_tendon_is_refused spoilt tendon "tendon/cart\.xml: .*tendon 'rope'"
make_task coupled coupled
check fixed_tendons_and_equality_constraints_are_fine exits_with 0 train "$tasks/coupled" --method dynaflow --checkpoint "$scratch/coupled"
check the_implicit_integrator_is_refused spoilt implicit 'implicit/cart\.xml: .*integrator="implicit"'
check pgs_is_refused spoilt pgs 'pgs/cart\.xml: .*solver="PGS"'
check air_is_refused spoilt wind 'wind/cart\.xml: .*density="1\.2"'
check activation_dynamics_are_refused spoilt activation "activation/cart\.xml: .*'muscle'"
check a_contact_without_exact_gradient_is_refused spoilt cylinder "cylinder/cart\.xml: .*contact cylinder-box.*'cart'.*'rail'"
check a_broken_model_is_refused spoilt not_xml 'not_xml/cart\.xml: .*XML'
check a_refused_integrator_is_fine_when_overridden exits_with 0 train "$tasks/implicit" --method dynaflow --set system.integrator=RK4 --checkpoint "$scratch/implicit"
check gradcheck_refuses_a_tendon refuses "tendon/cart\.xml: .*tendon 'rope'" gradcheck "$tasks/tendon/cart.xml"
check info_needs_no_gradient_of_a_tendon exits_with 0 data info "$tasks/tendon"
check info_says_that_training_does grep -q "^dynaflow: warning: not ready for training: .*tendon 'rope'" "$scratch/err"
# replay simulates forward only: what has no adjoint is replayed, and the tendon pulls on the cart
check replay_needs_no_gradient_of_a_tendon exits_with 1 replay "$tasks/tendon"
check replay_names_another_model grep -qE '^dynaflow: .*/tendon: another model: none of [0-9]+ alternatives' "$scratch/err"

# ---- settings ----

# setting KEY=VALUE PATTERN
setting() { refused "$2" good --set "$1"; }
check an_unknown_key_is_refused setting train.step=3 'train\.step'
check an_empty_value_is_refused setting train.steps= 'train\.steps'
check steps_out_of_range_are_refused setting train.steps=0 "train\.steps.*0"
check a_number_with_a_tail_is_refused setting train.rate=0.1x 'train\.rate.*0\.1x'
check not_a_number_is_refused setting train.rate=nan 'train\.rate.*nan'
check too_few_solver_iterations_are_refused setting system.iterations=10 'system\.iterations.*10'
check an_unknown_integrator_is_refused setting system.integrator=RK5 'system\.integrator.*RK5'
check an_unknown_network_is_refused setting net.kind=gru 'net\.kind.*gru'
check heads_that_do_not_divide_are_refused refused 'net\.heads.*3|heads.* 3' good --set net.kind=dit --set net.width=16 --set net.heads=3
check fewer_windows_than_slices_are_refused setting train.batch=3 'train\.(batch|slices)'
check a_horizon_longer_than_an_episode_is_refused setting window.horizon=99 'window\.horizon'
check a_window_beyond_the_episode_is_refused setting window.last=99 'window\.last = 99'
check an_unknown_relative_joint_is_refused setting chart.relative=z 'chart\.relative.*z'

# settings of the evaluation are found before the training, not after it
found_before_training() {
  rm -rf "$scratch/left"
  exits_with 2 run "$tasks/good" --quiet --out "$scratch/left" --set "$1" && one_error "$2" || return 1
  [ ! -e "$scratch/left/checkpoints" ] || { echo "found only after training"; return 1; }
}
check an_unknown_foot_is_refused found_before_training eval.feet=heel 'eval\.feet.*heel'
check an_unknown_height_joint_is_refused found_before_training eval.height_joint=z 'eval\.height_joint.*z'
check an_unknown_tilt_joint_is_refused found_before_training eval.tilt_joint=z 'eval\.tilt_joint.*z'

# yaml LINES PATTERN: the task file with these lines added is refused, and the error names the line
yaml() {
  rm -rf "$tasks/yaml"
  make_task yaml
  printf "$1" >>"$tasks/yaml/task.yaml"
  refused "yaml/task\.yaml:[0-9]+.*($2)" yaml
}
check an_unknown_section_is_refused_by_line yaml 'training:\n  steps: 3\n' 'training'
check a_value_out_of_range_is_refused_by_line yaml 'inverse:\n  depth: 99\n' 'inverse\.depth.*99'
check a_value_of_the_wrong_kind_is_refused_by_line yaml 'inverse:\n  depth: deep\n' 'inverse\.depth.*deep'
check a_duplicate_section_is_refused_by_line yaml 'train:\n  steps: 9\n' 'train'
check a_tab_is_refused_by_line yaml 'inverse:\n\tdepth: 2\n' '.'
check an_unclosed_list_is_refused_by_line yaml 'inverse: [1\n' '.'
check an_unknown_method_of_the_task_is_refused_by_line yaml 'methods:\n  dynaflo:\n    train.steps: 2\n' 'dynaflo'


# ---- files that would take all time ----

# ends PATTERN ARGUMENT...: refused within seconds
ends() {
  local pattern=$1 code=0
  shift
  timeout 20 "$program" "$@" >"$scratch/out" 2>"$scratch/err" </dev/null || code=$?
  [ "$code" -eq 2 ] && grep -qE -- "$pattern" "$scratch/err" || { echo "exit code $code"; cat "$scratch/err"; false; }
}
deep() { python3 -c "import sys; sys.stdout.write(sys.argv[1] * int(sys.argv[2]))" "$@"; }
rm -rf "$tasks/yaml" && make_task yaml
for open in '[' '{' '- ' '? '; do
  deep "$open" 100000 >"$tasks/yaml/task.yaml"
  check "deep_nesting_of_${open}_is_refused" ends 'yaml/task\.yaml:1: .*nested more than 64 deep' data info "$tasks/yaml"
done
rm "$tasks/yaml/task.yaml" && mkfifo "$tasks/yaml/task.yaml"
check a_pipe_as_task_is_refused ends 'yaml/task\.yaml: not a regular file' data info "$tasks/yaml"
check a_device_as_data_is_refused ends '/dev/zero: not a regular file' data info "$tasks/good" --set data.file=/dev/zero --set data.source=npz
check a_device_as_model_is_refused ends '/dev/zero: not a regular file' data info "$tasks/good" --set system.model=/dev/zero

# ---- usage ----

check unknown_method_of_train_is_refused refuses "unknown method 'dynaflo'" train "$tasks/good" --method dynaflo --checkpoint "$scratch/none"
check unknown_method_of_run_is_suggested refuses "unknown method 'dynaflo', did you mean 'dynaflow'" run "$tasks/good" --method dynaflo --out "$scratch/none"
check unknown_method_in_the_file_is_refused refuses 'task\.methods.*"dynaflo"' run "$tasks/good" --set task.methods=dynaflo --out "$scratch/none"
check unknown_task_of_train_is_refused refuses "unknown task 'godo', did you mean 'good'" train godo --tasks "$tasks" --method dynaflow --checkpoint "$scratch/none"
check unknown_profile_of_train_is_refused refuses "no profile.*fast" train "$tasks/good" --profile fast --method dynaflow --checkpoint "$scratch/none"
check train_needs_a_checkpoint_name refuses 'checkpoint' train "$tasks/good" --method dynaflow
check train_refuses_what_has_nothing_to_train refuses 'random_action has nothing to train' train "$tasks/good" --method random_action --checkpoint "$scratch/none"
check an_unknown_blas_kernel_exits_3 exits_with 3 train "$tasks/good" --method dynaflow --checkpoint "$scratch/none" --blas-kernel NoSuchChip
check an_unknown_blas_kernel_is_named grep -q 'NoSuchChip' "$scratch/err"
check a_negative_seed_is_refused refuses 'seed' train "$tasks/good" --method dynaflow --checkpoint "$scratch/none" --seed -1
check a_huge_seed_is_refused refuses 'seed' train "$tasks/good" --method dynaflow --checkpoint "$scratch/none" --seed 99999999999999999999
check refused_usage_writes_nothing [ ! -e "$scratch/none" ]
echo occupied >"$scratch/occupied"
check a_run_into_a_file_is_refused refuses 'occupied' run "$tasks/good" --out "$scratch/occupied"
check the_file_is_left_as_it_was [ "$(cat "$scratch/occupied")" = occupied ]
check a_checkpoint_below_a_file_is_refused refuses 'occupied' train "$tasks/good" --method dynaflow --checkpoint "$scratch/occupied/weights"

# ---- docs/known-mistakes.md names tests that exist ----
check known_mistakes_are_held_by_tests_that_exist python3 -c "
import re
rows = [r for r in open('docs/known-mistakes.md') if re.match(r'\| *[0-9]+ ', r)]
assert len(rows) == 11, len(rows)
for row in rows:
    path, named = None, 0
    for word in re.findall(r'\\x60([^\\x60]+)\\x60', row.split('|')[-2]):
        if word.startswith('tests/'):
            path, text = word, open(word).read()
        else:
            assert path and re.search(r'\b' + re.escape(word) + r'\b', text), (path, word)
            named += 1
    assert named, row"
finish
