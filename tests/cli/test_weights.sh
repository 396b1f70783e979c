#!/usr/bin/env bash
# run --weights: cells that take the weights of another run, with other settings of the evaluation, also on other
# demonstrations (eval.profile), in units of the training data.
. tests/cli/check.sh

packages=$PWD/third_party/python
export PYTHONDONTWRITEBYTECODE=1
python() { PYTHONPATH=$packages python3 "$@"; }
if ! python -c 'import numpy' 2>/dev/null; then
  skip weights "Python in third_party/python has no numpy (ci/fetch-python.py third_party/python)"
  finish
  exit
fi
cp -r docs/examples/pendulum "$scratch"
task=$scratch/pendulum
(cd "$task" && python3 make_data.py)
python - "$task" <<'P'
import sys, numpy as np
f = np.load(sys.argv[1] + '/pendulum.npz')
s, a = f['states'], f['actions']
np.savez(sys.argv[1] + '/other.npz', states=1.5 * s[:10, :60], actions=a[:10, :59])
np.savez(sys.argv[1] + '/shuffled.npz', states=s[::-1], actions=a[::-1])
# begins in the states of the training, and goes on in others
x = s[1:11, :60].copy()
x[:, 1:] *= 1.5
np.savez(sys.argv[1] + '/begin.npz', states=x, actions=a[1:11, :59])
np.savez(sys.argv[1] + '/told.npz', states=1.5 * s[:10, :60], actions=a[:10, :59], conditions=np.ones((10, 1)),
         condition_names=np.array(['side']))
P
cat >>"$task/task.yaml" <<'Y'
  other:
    data:
      file: other.npz
    train:
      steps: 7
  leak:
    data:
      file: shuffled.npz
  between:
    window:
      first: 1
    split:
      test_every: 2
  begin:
    data:
      file: begin.npz
    window:
      last: 1
  told:
    data:
      file: told.npz
      conditions: [conditions]
  shorter:
    window:
      horizon: 8
Y
runs=$scratch/runs
cells=(--method dynaflow,kinematic_fm_idm,random_action --seed 1,2 --profile smoke --set train.steps=30
  --set inverse.steps=20 --set eval.sae_windows=0 --set eval.sampler_steps=1 --threads 1 --quiet)
records() {
  python3 - "$@" <<'P'
import json, sys
def cells(folder):
    return {(r['method'], r['seed']): r for r in map(json.loads, open(folder + '/events.jsonl')) if r['type'] == 'cell'}
a, b = [cells(f) for f in sys.argv[2:4]]
assert len(a) == len(b) == 6 and all(r['status'] == 'done' for r in list(a.values()) + list(b.values()))
exec(sys.argv[1])
P
}
check cells_are_trained exits_with 0 run "$task" "${cells[@]}" --out "$runs/trained"
check cells_take_the_weights exits_with 0 run "$task" "${cells[@]}" --out "$runs/same" --weights "$runs/trained"
check their_records_have_the_same_numbers_and_costs records "
for k in a:
    for field in ('key', 'rows', 'samples', 'windows', 'replays', 'windows_sha256', 'train_cpu_s'):
        assert a[k].get(field) == b[k].get(field), (k, field)
    t, u = a[k].get('training', {}), b[k].get('training', {})
    assert t.get('curves') == u.get('curves') and t.get('steps') == u.get('steps'), k
    assert u.get('taken_from') == (None if k[0] == 'random_action' else {'run': sys.argv[2], 'key': a[k]['key']}), u" "$runs/trained" "$runs/same"
check the_weights_are_copied bash -c "for f in '$runs'/trained/checkpoints/*; do cmp \"\$f\" '$runs/same/checkpoints/'\"\${f##*/}\" || exit 1; done"
check the_run_is_verified exits_with 0 verify "$runs/same"
check nothing_was_trained bash -c "! test -e '$runs/same/tensorboard' && ! test -e '$runs/same/training'"

# other settings of the evaluation: other keys and longer chains, of the same weights
check longer_chains exits_with 0 run "$task" "${cells[@]}" --out "$runs/longer" --weights "$runs/trained" --set eval.windows=5
check windows_are_others_and_weights_the_same records "
for k in a:
    assert a[k]['key'] != b[k]['key'] and len(b[k]['windows']['start']) == 5 < len(a[k]['windows']['start']), k
    if k[0] != 'random_action': assert b[k]['training']['taken_from']['key'] == a[k]['key']" "$runs/trained" "$runs/longer"
check other_training_is_refused misses 'no weights of pendulum dynaflow seed 1 that were trained in the same way: train\.steps is 30 there, 31 here' \
  run "$task" "${cells[@]}" --out "$runs/no" --weights "$runs/trained" --set train.steps=31
check no_data_are_offered_for_weights bash -c "! grep -q 'data fetch' '$scratch/err'"
check another_seed_is_refused misses 'no weights of pendulum dynaflow seed 3: train' run "$task" "${cells[@]}" --seed 3 --out "$runs/no" --weights "$runs/trained"
check another_method_is_refused misses 'no weights of pendulum action_fm seed 1: train' run "$task" "${cells[@]}" --method action_fm --out "$runs/no" --weights "$runs/trained"
check a_missing_run_is_named misses 'nowhere' run "$task" "${cells[@]}" --out "$runs/no" --weights "$runs/nowhere"
cp -r "$runs/trained" "$runs/damaged"
check weights_are_damaged bash -c "for f in '$runs'/damaged/checkpoints/*; do printf x >>\"\$f\"; done"
check changed_weights_are_refused exits_with 2 run "$task" "${cells[@]}" --out "$runs/no" --weights "$runs/damaged"
check they_are_named grep -q 'damaged/checkpoints/.*SHA-256 is .* but its record has .*: the file was changed' "$scratch/err"
# the second network of a method, and the record, count as well
rm -r "$runs/damaged"; cp -r "$runs/trained" "$runs/damaged"
inverse=("$runs"/damaged/checkpoints/*.inverse*)
mv "${inverse[0]}" "$scratch/first" && mv "${inverse[1]}" "${inverse[0]}" && mv "$scratch/first" "${inverse[1]}"
check exchanged_second_networks_are_refused refuses 'inverse.*: SHA-256 is .*: the file was changed' run "$task" "${cells[@]}" --method kinematic_fm_idm --out "$runs/no" --weights "$runs/damaged"
rm -r "$runs/damaged"; cp -r "$runs/trained" "$runs/damaged"
sed -i 's/"train_cpu_s":[0-9.]*/"train_cpu_s":0.001/' "$runs/damaged/events.jsonl"
check changed_records_are_refused refuses 'the record of pendulum [a-z_]* seed 1 was changed after it was written' run "$task" "${cells[@]}" --out "$runs/no" --weights "$runs/damaged"
rm -r "$runs/damaged/checkpoints" "$runs/no"
cp "$runs/trained/events.jsonl" "$runs/damaged/"
check removed_weights exits_with 3 run "$task" "${cells[@]}" --out "$runs/no" --weights "$runs/damaged"
check they_are_named_too grep -q 'No such file: the run was kept without its weights' "$scratch/err"

# other demonstrations
check other_demonstrations exits_with 0 run "$task" "${cells[@]}" --out "$runs/other" --weights "$runs/trained" --set eval.profile=other --store-samples
check errors_are_in_units_of_the_training_data python - "$task" "$runs/other" <<'P'
import hashlib, json, sys, numpy as np
task, run = sys.argv[1:]
trained, other = [np.load(f'{task}/{n}.npz')['states'] for n in ('pendulum', 'other')]
std = np.concatenate([trained[e, s + 1:s + 17] for e in range(20) if e % 5 != 4 for s in range(85)]).std(0)
windows = {tuple(other[e, s]): other[e, s + 1:s + 17] for e in (4, 9) for s in range(44)}
sha = hashlib.sha256(open(task + '/other.npz', 'rb').read()).hexdigest()
cells = [r for r in map(json.loads, open(run + '/events.jsonl')) if r['type'] == 'cell']
for r in cells:
    made = np.load(run + '/' + r['stored_samples']['path'])
    x = made['call0000.x'] if 'call0000.x' in made else made[[n for n in made.files if n.endswith('x')][0]]
    demo = np.array([windows[tuple(w[0])] for w in x[:16]])
    tre = np.sqrt((((x[:16, 1:] - demo) / std)**2).mean((1, 2))).mean()
    row, = [q for q in r['rows'] if q['metric'] == 'tre']
    assert abs(row['value'] - tre) < 1e-9 * tre, (r['method'], row['value'], tre)
    assert r['eval_data_sha256'] == sha and r['config']['eval.profile'] == 'other' and r['config']['train.steps'] == '30'
assert len(cells) == 6
P
check it_is_verified exits_with 0 verify "$runs/other" --tasks "$scratch"
check its_windows_were_drawn_again bash -c "! grep -q 'not drawn again' '$scratch/out' '$scratch/err'"
check other_demonstrations_change_the_key records "for k in a: assert a[k]['key'] != b[k]['key'], k" "$runs/trained" "$runs/other"
check the_report_is_made exits_with 0 report "$runs/other"
check it_says_what_was_measured bash -c "for f in '$scratch/out' '$runs/other/report/tables.md' '$runs/other/report/index.html'; do grep -q 'Measured on the held-out windows of profile other (eval.profile), with the scales of the training. The weights are those of run .*/trained' \$f || exit 1; done"
check others_do_not exits_with 0 report "$runs/trained"
check they_say_nothing bash -c "! grep -q 'Measured on\|The weights are' '$scratch/out' '$runs/trained/report/tables.md'"
check runs_on_other_windows_do_not_compare exits_with 5 compare "$runs/trained" "$runs/other"
check training_windows_are_refused refuses '[0-9]* of the 340 windows that eval\.profile = leak holds out are also in the training data \(the first in episode' run "$task" "${cells[@]}" --out "$runs/leak" --weights "$runs/trained" --set eval.profile=leak
# windows between those that a training with a stride takes
check a_training_with_a_stride exits_with 0 run "$task" "${cells[@]}" --method dynaflow --seed 1 --out "$runs/stride" --set window.stride=2
check windows_between_are_refused refuses '[0-9]* of the [0-9]* windows that eval\.profile = between holds out are also in the training data' run "$task" "${cells[@]}" --method dynaflow --seed 1 --out "$runs/leak" --weights "$runs/stride" --set window.stride=2 --set eval.profile=between
check recordings_may_begin_in_one_state exits_with 0 run "$task" "${cells[@]}" --method dynaflow --seed 1 --out "$runs/begin" --weights "$runs/trained" --set eval.profile=begin
check other_conditions_are_refused refuses 'eval\.profile = told have the conditions \[conditions\], those of the training \[\]' run "$task" "${cells[@]}" --out "$runs/told" --weights "$runs/trained" --set eval.profile=told
# settings of the command hold for both, but those of the profile come last
bare=(run "$task" --method random_action --profile smoke --set eval.sae_windows=0 --set eval.chains=0 --threads 1 --quiet --set eval.profile=other)
check settings_of_the_command exits_with 0 "${bare[@]}" --out "$runs/set" --set window.first=3 --set "data.file=$task/pendulum.npz" --set "data.sha256=$(sha256sum "$task/pendulum.npz" | cut -c1-64)"
check the_profile_comes_last python3 -c "
import hashlib, json, sys
r, = [r for r in map(json.loads, open(sys.argv[1] + '/events.jsonl')) if r['type'] == 'cell']
sha = [hashlib.sha256(open(sys.argv[2] + '/' + n + '.npz', 'rb').read()).hexdigest() for n in ('pendulum', 'other')]
assert [r['data_sha256'], r['eval_data_sha256']] == sha and r['eval_settings']['window.first'] == '3'
assert min(r['windows']['start']) >= 3 and set(r['windows']['episode']) == {4, 9}, r['windows']" "$runs/set" "$task"
check it_is_verified_with_them exits_with 0 verify "$runs/set" --tasks "$scratch"
check no_windows_are_left_out bash -c "! grep -q 'not drawn again' '$scratch/out' '$scratch/err'"
check sample_takes_as_many_windows_as_it_is_told exits_with 0 sample "$task" --method random_action --profile smoke --set eval.profile=other --windows 5 --out "$scratch/five.npz"
check five_of_the_other_demonstrations python - "$scratch" "$task" <<'P'
import sys, numpy as np
made, other = np.load(sys.argv[1] + '/five.npz')['states'], np.load(sys.argv[2] + '/other.npz')['states']
assert len(made) == 5 and all((x[0] == other[4:10:5]).all(-1).any() for x in made)
P
# dynaflow-render is not built everywhere; where it is, it shows the same demonstrations
if [ -x "$BUILD/dynaflow-render" ]; then
  check motions_are_shown_with_their_demonstration exits_with 0 render "$runs/other" --tasks "$scratch" --method dynaflow --seed 1 --episode 0 --keyframes "$scratch/keys.xml"
  check it_is_of_the_other_demonstrations python - "$scratch" "$task" <<'P'
import re, sys, numpy as np
first = float(re.search(r'qpos="([^" ]*)', open(sys.argv[1] + '/keys.xml').read()).group(1))
other = np.load(sys.argv[2] + '/other.npz')['states'][4:10:5, :, 0]
assert np.abs(other - first).min() < 1e-6, first
P
fi
check another_problem_is_refused refuses 'eval\.profile = shorter sets window\.horizon to 8, which is not that of the training' run "$task" "${cells[@]}" --out "$runs/shorter" --weights "$runs/trained" --set eval.profile=shorter
check a_refused_run_records_no_plan bash -c "! grep -q '\"plan\"' '$runs/leak/events.jsonl'"
check an_unknown_profile_is_refused refuses "profile.*nothing" run "$task" "${cells[@]}" --out "$runs/none" --weights "$runs/trained" --set eval.profile=nothing
weights=$(ls "$runs"/trained/checkpoints/* | head -n 1)
check eval_takes_one_of_both refuses 'both say what is measured' eval "$task" --checkpoint "$weights" --data-file "$task/other.npz" --profile smoke --set eval.profile=other --set train.steps=30 --set inverse.steps=20
# the profile's windows are part of the result
sed 's/      file: other.npz/      file: other.npz\n    split:\n      test_every: 2/' "$task/task.yaml" >"$scratch/other.yaml"
cp "$task/task.yaml" "$scratch/task.yaml" && cp "$scratch/other.yaml" "$task/task.yaml"
check other_held_out_windows_run_again exits_with 0 run "$task" "${cells[@]}" --method dynaflow --seed 1 --out "$runs/other" --weights "$runs/trained" --set eval.profile=other
check they_are_another_result python3 -c "
import json, sys
one = [r for r in map(json.loads, open(sys.argv[1])) if r['type'] == 'cell' and (r['method'], r['seed']) == ('dynaflow', 1)]
assert [r['eval_settings']['split.test_every'] for r in one] == ['5', '2'] and one[0]['key'] != one[1]['key']
assert one[0]['eval_data_sha256'] == one[1]['eval_data_sha256'] and one[0]['windows_sha256'] != one[1]['windows_sha256']" "$runs/other/events.jsonl"
check a_run_of_them exits_with 0 "${bare[@]}" --out "$runs/again"
cp "$scratch/task.yaml" "$task/task.yaml"
check verify_knows_them_by_the_record exits_with 0 verify "$runs/again" --tasks "$scratch"
check it_leaves_none_out bash -c "! grep -q 'not drawn again' '$scratch/out' '$scratch/err'"
# changed demonstrations are another result
python - "$task" <<'P'
import sys, numpy as np
f = np.load(sys.argv[1] + '/other.npz')
np.savez(sys.argv[1] + '/other.npz', states=f['states'] * 1.01, actions=f['actions'])
P
check changed_demonstrations_run_again exits_with 0 run "$task" "${cells[@]}" --out "$runs/other" --weights "$runs/trained" --set eval.profile=other --json
check all_of_them_are_kept python3 -c "
import json, sys
cells = [json.loads(l) for l in open(sys.argv[1])]
assert sum(r['type'] == 'cell' for r in cells) == 15 and len({r['key'] for r in cells if r['type'] == 'cell'}) == 15" "$runs/other/events.jsonl"
finish
