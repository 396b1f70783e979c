#!/usr/bin/env bash
# train and sample do what run does with the same settings, and write what was asked for: compared number by number.
. tests/cli/check.sh

cp -r docs/examples/pendulum "$scratch"
(cd "$scratch/pendulum" && python3 make_data.py)
task=$scratch/pendulum
small=(--profile smoke --set train.steps=7 --set train.push=0.5 --set net.width=12 --set net.heads=3 --set net.skip_hidden=9
  --set eval.windows=6 --set eval.chains=0 --set eval.sae_windows=0 --set eval.sampler_steps=1,4,2 --quiet --threads 1)

check run_exits_0 exits_with 0 run "$task" --method dynaflow --seed 3 --out "$scratch/run" "${small[@]}"
check train_exits_0 exits_with 0 train "$task" --method dynaflow --seed 3 --checkpoint "$scratch/weights" --json "${small[@]}"
check train_prints_the_numbers_of_the_run python3 -c "
import json, sys
row, = json.load(open(sys.argv[1]))['rows']
cell, = [r for r in map(json.loads, open(sys.argv[2] + '/events.jsonl')) if r['type'] == 'cell']
curve, = cell['training']['curves']
wanted = {k: curve[k] for k in ('steps', 'parameters', 'diverged', 'skipped', 'adjoints')}
wanted.update(task=sys.argv[3], method='dynaflow', seed=3, profile='smoke', network='dynaflow', checkpoint=sys.argv[4],
              loss=curve['loss'][-1], cpu_s=row['cpu_s'], notes=row['notes'])
assert row == wanted, (row, wanted)
assert curve['adjoints']['steps'] == 7 * 64 * 16, curve
" "$scratch/out" "$scratch/run" "$task" "$scratch/weights"
check train_writes_the_checkpoint_of_the_run cmp "$scratch/weights" "$(echo "$scratch"/run/checkpoints/*)"
check another_seed_gives_other_weights exits_with 0 train "$task" --method dynaflow --seed 4 --checkpoint "$scratch/other" "${small[@]}"
check it_differs bash -c "! cmp -s '$scratch/weights' '$scratch/other'"

# samples of the demonstrated actions: the held-out windows themselves, which Python simulates
check sample_exits_0 exits_with 0 sample "$task" --method replay_demo --out "$scratch/demo.npz" --windows 1000 --json "${small[@]}"
check sample_describes_its_file python3 -c "
import json, sys
row, = json.load(open(sys.argv[1]))['rows']
assert row == dict(task='pendulum', method='replay_demo', seed=1, profile='smoke', file=sys.argv[2], windows=4 * 85,
                   actions=16, k=2, finite=4 * 85), row
" "$scratch/out" "$scratch/demo.npz"
check samples_are_all_held_out_windows python3 -c "
import struct, sys, zipfile
def load(path):
    arrays = {}
    with zipfile.ZipFile(path) as z:
        for name in z.namelist():
            data = z.read(name)
            head = eval(data[10:10 + struct.unpack('<H', data[8:10])[0]])
            if head['descr'] == '<f8':
                values = data[10 + struct.unpack('<H', data[8:10])[0]:]
                arrays[name[:-4]] = (head['shape'], struct.unpack('<%dd' % (len(values) // 8), values))
    return arrays
made, sample = load(sys.argv[1]), load(sys.argv[2])
assert sample['states'][0] == (340, 17, 2) and sample['actions'][0] == (340, 16, 1), sample
assert sample['dt'][1] == (0.01,)
x, u, demo, act = sample['states'][1], sample['actions'][1], made['states'][1], made['actions'][1]
# episodes 4, 9, 14 and 19 are held out, with 85 windows each
windows = {tuple(act[100 * e + t:100 * e + t + 16]): (e, t) for e in (4, 9, 14, 19) for t in range(85)}
seen = []
for b in range(340):
    e, t = windows[u[16 * b:16 * b + 16]]
    seen.append((e, t))
    wanted = demo[2 * (101 * e + t):2 * (101 * e + t + 17)]
    # the pendulum of make_data.py against MuJoCo's: rounding over 16 steps
    assert all(abs(a - w) < 1e-12 for a, w in zip(x[34 * b:34 * b + 34], wanted)), (e, t)
assert len(set(seen)) == 340
" "$task/pendulum.npz" "$scratch/demo.npz"

# K and seed of learned samples: the last of eval.sampler_steps and 1 unless given
sample() { exits_with 0 sample "$task" --method dynaflow --checkpoint "$scratch/weights" --out "$scratch/$1.npz" "${small[@]}" "${@:2}"; }
check sample_of_the_weights sample default --seed 3
check sample_with_the_last_number_of_steps sample two --seed 3 --steps 2
check sample_with_the_first sample one --seed 3 --steps 1
check the_last_number_of_steps_is_the_default cmp "$scratch/default.npz" "$scratch/two.npz"
check the_number_of_steps_counts bash -c "! cmp -s '$scratch/two.npz' '$scratch/one.npz'"
check sample_with_another_seed sample seed --seed 5
check the_seed_counts bash -c "! cmp -s '$scratch/default.npz' '$scratch/seed.npz'"

# copies of the weights while training: those of a training of as many steps, at a rate that does not depend on the end
cat >"$scratch/tensors.py" <<'PY'
import json, struct, sys
def tensors(path):
    data = open(path, 'rb').read()
    n, = struct.unpack('<Q', data[:8])
    header = json.loads(data[8:8 + n])
    del header['__metadata__']
    return header, data[8 + n:]
assert tensors(sys.argv[1]) == tensors(sys.argv[2])
PY
copies=(train "$task" --method dynaflow --seed 3 "${small[@]}" --set train.schedule=constant --set train.checkpoint_every=3)
check a_training_with_copies exits_with 0 "${copies[@]}" --set train.steps=10 --checkpoint "$scratch/copied/w.safetensors"
check copies_are_named_after_network_and_step [ "$(cd "$scratch/copied" && echo *)" = \
  "w-dynaflow-step03.safetensors w-dynaflow-step06.safetensors w-dynaflow-step09.safetensors w.safetensors" ]
check a_training_of_six_steps exits_with 0 "${copies[@]}" --set train.steps=6 --checkpoint "$scratch/six"
check the_copy_has_the_weights_of_its_step python3 "$scratch/tensors.py" "$scratch/six" "$scratch/copied/w-dynaflow-step06.safetensors"
check and_not_those_of_another bash -c "! python3 '$scratch/tensors.py' '$scratch/six' '$scratch/copied/w-dynaflow-step09.safetensors' 2>/dev/null"
check the_last_copy_of_a_name_without_ending [ -e "$scratch/six-dynaflow-step6" ]
rm "$scratch/six-dynaflow-step3" && mkdir "$scratch/six-dynaflow-step3"
check a_copy_that_cannot_be_written_ends_nothing exits_with 0 "${copies[@]}" --set train.steps=6 --checkpoint "$scratch/six"
check it_is_a_warning grep -qE 'warning: pendulum dynaflow seed 3: no copy of the weights after step 3: .*six-dynaflow-step3: Is a directory' "$scratch/err"
check copies_are_no_part_of_the_key exits_with 0 run "$task" --method dynaflow --seed 3 --out "$scratch/run" "${small[@]}" --set train.checkpoint_every=3
check so_the_cell_was_done [ "$(ls "$scratch/run/checkpoints" | wc -l)" -eq 1 ]
check a_run_with_copies exits_with 0 run "$task" --method dynaflow --seed 5 --out "$scratch/run" "${small[@]}" --set train.checkpoint_every=3
check they_are_beside_its_weights [ "$(ls "$scratch/run/checkpoints" | grep -cE '^[0-9a-f]{16}-dynaflow-step[36]\.safetensors$')" -eq 2 ]
check verify_accepts_them exits_with 0 verify "$scratch/run"

# copies of methods with two networks: while the last one trains
two=(--seed 3 "${small[@]}" --set train.checkpoint_every=3 --set inverse.steps=4 --set recover.rounds=1 --set recover.steps=6
  --set recover.pool=60 --set recover.residual_limit=1000)
check inverse_dynamics_are_last exits_with 0 train "$task" --method kinematic_fm_idm "${two[@]}" --checkpoint "$scratch/idm/w"
check so_copies_have_their_steps [ "$(cd "$scratch/idm" && echo *)" = "w w-inverse_dynamics-step3 w-inverse_dynamics-step3.inverse w.inverse" ]
check a_recovery_is_first exits_with 0 train "$task" --method action_fm_recovered "${two[@]}" --checkpoint "$scratch/recovered/w"
check so_copies_are_of_the_flow [ "$(cd "$scratch/recovered" && echo *)" = "w w-action_fm_recovered-step3 w-action_fm_recovered-step6" ]
check a_copy_is_evaluated exits_with 0 eval "$task" --method action_fm_recovered "${two[@]}" --checkpoint "$scratch/recovered/w-action_fm_recovered-step6"
check a_run_takes_the_flow_of_another_cell exits_with 0 run "$task" --method kinematic_fm,kinematic_fm_idm --out "$scratch/taken" "${two[@]}"
check and_copies_the_method_too [ "$(find "$scratch/taken/checkpoints" -name '*-inverse_dynamics-step3.safetensors' | wc -l)" -eq 1 ]

# --resume: killed and repeated, the same bytes
long=(train "$task" --method dynaflow --seed 3 "${small[@]/--quiet/--json}" --set train.steps=400)
check an_uninterrupted_training exits_with 0 "${long[@]}" --checkpoint "$scratch/whole"
"$program" "${long[@]}" --checkpoint "$scratch/part/w" --resume --save-every 0 >/dev/null 2>&1 </dev/null & pid=$!
for _ in $(seq 2000); do ls "$scratch"/part/training/*/dynaflow.state.previous >/dev/null 2>&1 && break; sleep 0.05; done
kill -KILL $pid && wait $pid 2>/dev/null
check a_killed_training_wrote_no_weights [ ! -e "$scratch/part/w" ]
lock=$(echo "$scratch"/part/training/*/lock)
check a_locked_state_is_refused python3 -c "
import fcntl, subprocess, sys
with open(sys.argv[1], 'a') as lock:
    fcntl.flock(lock, fcntl.LOCK_EX)
    done = subprocess.run(sys.argv[2:], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
assert done.returncode == 2 and 'locked by another process, which trains with it' in done.stderr, done
" "$lock" "$program" "${long[@]}" --checkpoint "$scratch/part/w" --resume
check resumed_it_ends exits_with 0 "${long[@]}" --checkpoint "$scratch/part/w" --resume
check it_says_where_it_continues grep -qE '^pendulum dynaflow seed 3: continues after step [1-9][0-9]* of 400$' "$scratch/err"
check resumed_weights_are_those_of_the_whole cmp "$scratch/whole" "$scratch/part/w"
check no_state_is_left [ "$(ls "$scratch/part")" = w ]
check save_every_needs_resume refuses 'save-every is only for --resume' "${long[@]}" --checkpoint "$scratch/part/w" --save-every 5

# a training whose loss rises is ended with the reason
rising=("$task" --method kinematic_fm --seed 3 "${small[@]}" --set train.steps=60 --set train.rate=1 --set train.clip=0 --set train.abort_points=3)
check a_rising_loss_alone_ends_nothing exits_with 0 train "${rising[@]}" --checkpoint "$scratch/rising"
check a_rising_loss_ends_a_training exits_with 3 train "${rising[@]}" --set train.abort_rise=1.2 --checkpoint "$scratch/risen"
check the_reason_is_given grep -qE 'kinematic_fm: aborted at step [0-9]+: the last 3 points of the loss curve are not finite or above 1.2 times the lowest one' "$scratch/err"
check and_no_weights [ ! -e "$scratch/risen" ]
check a_run_records_it exits_with 3 run "${rising[@]}" --set train.abort_rise=1.2 --out "$scratch/risen.run"
check as_diverged python3 -c "
import json, sys
cell, = [r for r in map(json.loads, open(sys.argv[1] + '/events.jsonl')) if r['type'] == 'cell']
assert cell['status'] == 'diverged' and 'kinematic_fm: aborted at step ' in cell['reason'], cell
" "$scratch/risen.run"

# with a rate that rises until the loss does: the validation loss of the weights that are kept, in the row of the training and in the record of the run
validated=("$task" --method kinematic_fm --seed 3 --set train.rate=1 --set train.clip=0 --set train.ema=0 --set train.warmup=59 --set split.validation_every=3
  --set train.validate_every=8 --set train.keep=best_validation "${small[@]}" --set train.steps=60)
check a_validated_training exits_with 0 train "${validated[@]}" --checkpoint "$scratch/validated" --json
cp "$scratch/out" "$scratch/row"
check a_validated_run exits_with 0 run "${validated[@]}" --out "$scratch/validated.run"
check they_have_the_lowest_validation_loss python3 -c "
import json, sys
row, = json.load(open(sys.argv[1]))['rows']
cell, = [r for r in map(json.loads, open(sys.argv[2] + '/events.jsonl')) if r['type'] == 'cell']
v = cell['training']['curves'][0]['validation']
assert v['step'] == [8, 16, 24, 32, 40, 48, 56, 60] and v['windows'] == 64, v
lowest = min(x for x in v['loss'] if x is not None)
assert row['validation_loss'] == lowest and row['kept'] == v['kept'] == v['step'][v['loss'].index(lowest)] < 60, (row, v)
" "$scratch/row" "$scratch/validated.run"
check and_the_same_weights cmp "$scratch/validated" "$(echo "$scratch"/validated.run/checkpoints/*)"
check which_are_not_the_last bash -c "'$program' train ${validated[*]@Q} --set train.keep=last --checkpoint '$scratch/last' &&
  ! python3 '$scratch/tensors.py' '$scratch/validated' '$scratch/last' 2>/dev/null"
check a_validation_without_windows_is_refused refuses 'train.validate_every = 8: no windows are held out for validation; set split.validation_every' \
  train "${validated[@]}" --set split.validation_every=0 --checkpoint "$scratch/none"
finish
