#!/usr/bin/env bash
# score: the part and condition of windows of a file, short trajectories, and actions that are not finite.
. tests/cli/check.sh

export PYTHONDONTWRITEBYTECODE=1
packages=$PWD/third_party/python
python() { PYTHONPATH=$packages python3 "$@"; }
if ! python -c 'import numpy' 2>/dev/null; then
  skip score_windows "Python in third_party/python has no numpy (ci/fetch-python.py third_party/python)"
  finish
  exit
fi
task=$scratch/pendulum
cp -r docs/examples/pendulum "$task"
rm -f "$task/expect.yaml"
(cd "$task" && python3 make_data.py)
small=(--profile smoke --quiet --threads 1 --set task.methods=replay_demo --set eval.sae_windows=0)
score() { exits_with 0 score "$task" "$scratch/$1.npz" --name mine --out "$scratch/$1" "${small[@]}" "${@:2}"; }

# ---- shorter than a chain by one action, and just as long ----
python - "$task/pendulum.npz" "$scratch" <<'P'
import sys, numpy as np
f = np.load(sys.argv[1])
for name, actions in ('short', 49), ('long', 50):
    np.savez('%s/%s.npz' % (sys.argv[2], name), states=f['states'][:3, 1:actions + 2], actions=f['actions'][:3, 1:actions + 1])
# one action that is not finite
x, u = f['states'][:3, 1:34], f['actions'][:3, 1:33].copy()
for name, value in ('inf', np.inf), ('nan', np.nan):
    u[1, 5] = value
    np.savez('%s/%s.npz' % (sys.argv[2], name), states=x, actions=u)
P
# noted RUN: whether the record says that its trajectories are shorter than chains
noted() { grep -q "shorter than eval.chain_seconds" "$scratch/$1/events.jsonl"; }
check one_action_too_few_is_scored score short --set eval.chain_seconds=0.5
check it_is_noted noted short
check as_many_actions_as_a_chain_are_scored score long --set eval.chain_seconds=0.5
check nothing_is_noted_of_them eval '! noted long'

# ---- actions that are not finite: neither executed nor admissible, and verify finds the same ----
check_nonfinite() {
  score "$1" || return 1
  python3 - "$scratch/$1" <<'P' && exits_with 0 verify "$scratch/$1" --tasks "$scratch" --quiet
import json, sys
rows = {r['metric']: r for r in json.loads(list(open(sys.argv[1] + '/events.jsonl'))[-1])['rows']}
assert rows['sae_own']['value'] is None and rows['sae_own']['status'] == '1 of 6 not finite', rows['sae_own']
assert rows['effort.diverged']['value'] == 1, rows['effort.diverged']
P
}
check an_infinite_action_diverges check_nonfinite inf
check an_action_that_is_no_number_diverges check_nonfinite nan

# ---- own windows: the second ones are impossible, and each has the gait of its trajectory ----
python - "$task/pendulum.npz" "$scratch" <<'P'
import sys, numpy as np
f = dict(np.load(sys.argv[1]))
x, u = f['states'][:3, 1:34].copy(), f['actions'][:3, 1:33]
x[:, 17:, 1] += 0.25 * np.arange(1, 17)
np.savez(sys.argv[2] + '/own.npz', states=x, actions=u, conditions=np.array([[1., 0], [0, 1], [0, 1]]),
         condition_names='gait.a,gait.b')
c = np.eye(2)[np.arange(len(f['states'])) % 2]
np.savez(sys.argv[1], **f, conditions=c, condition_names='gait.a,gait.b')
P
check own_windows_are_scored score own
check each_has_its_part_and_its_gait python3 - "$scratch/own" <<'P'
import json, sys
record = json.loads(list(open(sys.argv[1] + '/events.jsonl'))[-1])
values = next(s['values'] for s in record['samples'] if s['metric'] == 'sae_own')
assert len(values) == 6 and max(values[:3]) < 1e-12 and min(values[3:]) > 0.2, values
assert record['windows']['group'] == [0, 1, 1, 0, 1, 1], record['windows']
assert record['windows']['start'] == [0, 0, 0, 16, 16, 16], record['windows']
P
finish
