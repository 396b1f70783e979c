#!/usr/bin/env bash
# eval and sample --data-file: a checkpoint on demonstrations that it was not trained on, in units of its training data.
. tests/cli/check.sh

packages=$PWD/third_party/python
export PYTHONDONTWRITEBYTECODE=1
python() { PYTHONPATH=$packages python3 "$@"; }
if ! python -c 'import numpy' 2>/dev/null; then
  skip other_data "Python in third_party/python has no numpy (ci/fetch-python.py third_party/python)"
  finish
  exit
fi
cp -r docs/examples/pendulum "$scratch"
task=$scratch/pendulum
(cd "$task" && python3 make_data.py)
small=(--profile smoke --set eval.chains=0 --set eval.sae_windows=0 --set eval.sampler_steps=1 --threads 1)
check the_weights_are_trained exits_with 0 train "$task" --method dynaflow --checkpoint "$scratch/weights" --quiet "${small[@]}"
check other_demonstrations_are_made python - "$scratch" <<'P'
import sys, numpy as np
f = np.load(sys.argv[1] + '/pendulum/pendulum.npz')
np.savez(sys.argv[1] + '/other.npz', states=1.5 * f['states'][:10, :60], actions=f['actions'][:10, :59])
np.savez(sys.argv[1] + '/wide.npz', states=np.zeros((10, 60, 3)), actions=f['actions'][:10, :59])
P
check eval_on_the_same_file exits_with 0 eval "$task" --checkpoint "$scratch/weights" --json "${small[@]}"
cp "$scratch/out" "$scratch/plain"
check eval_on_it_by_name exits_with 0 eval "$task" -c "$scratch/weights" --data-file "$task/pendulum.npz" --json "${small[@]}"
check it_has_the_same_numbers_and_says_so python3 -c "
import hashlib, json, sys
plain, named = [json.load(open(p))['rows'] for p in sys.argv[1:3]]
sha = hashlib.sha256(open(sys.argv[3], 'rb').read()).hexdigest()
assert named == [dict(r, data_file=sys.argv[3], data_sha256=sha) for r in plain], named[0]" "$scratch/plain" "$scratch/out" "$task/pendulum.npz"
check eval_on_other_demonstrations exits_with 0 eval "$task" -c "$scratch/weights" --data-file "$scratch/other.npz" --json "${small[@]}"
check it_is_reported grep -q "warning: .*: measured on 16 windows of $scratch/other.npz instead of the task's demonstrations" "$scratch/err"
cp "$scratch/out" "$scratch/rows.json"
check sample_on_other_demonstrations exits_with 0 sample "$task" -c "$scratch/weights" --data-file "$scratch/other.npz" --out "$scratch/sample.npz" --quiet "${small[@]}"
check errors_are_in_units_of_the_training_data python - "$scratch" <<'P'
import json, sys, numpy as np
folder = sys.argv[1]
trained, other, made = [np.load(folder + p)['states'] for p in ('/pendulum/pendulum.npz', '/other.npz', '/sample.npz')]
std = np.concatenate([trained[e, s + 1:s + 17] for e in range(20) if e % 5 != 4 for s in range(85)]).std(0)
windows = {tuple(other[e, s]): other[e, s + 1:s + 17] for e in (4, 9) for s in range(44)}
demo = np.array([windows[tuple(x[0])] for x in made])
tre = np.sqrt((((made[:, 1:] - demo) / std)**2).mean((1, 2))).mean()
row, = [r for r in json.load(open(folder + '/rows.json'))['rows'] if r['metric'] == 'tre']
assert len(made) == 16 and abs(row['value'] - tre) < 1e-9 * tre, (row, tre)
assert str(np.load(folder + '/sample.npz')['data_file']) == folder + '/other.npz'
P
check another_layout_is_refused refuses 'wide\.npz' eval "$task" -c "$scratch/weights" --data-file "$scratch/wide.npz" "${small[@]}"
check a_missing_file_is_named misses 'none\.npz' eval "$task" -c "$scratch/weights" --data-file "$scratch/none.npz" "${small[@]}"
check without_the_option_other_data_are_refused refuses 'dynaflow\.data_sha256 is ' eval "$task" -c "$scratch/weights" --set "data.file=$scratch/other.npz" "${small[@]}"
finish
