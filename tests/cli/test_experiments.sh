#!/usr/bin/env bash
# tasks/go1_gaits/experiments.sh: the paper's experiments, shortened; each ends with its reports, and they share a training.
. tests/cli/check.sh

packages=$PWD/third_party/python
export DYNAFLOW=$program METHODS=dynaflow,kinematic_fm_idm OUT=$scratch/runs
small=(--set data.episodes=10 --set train.steps=4 --set inverse.steps=4 --set eval.windows=4 --set eval.chains=4
  --set eval.sae_windows=0 --set eval.sampler_steps=1 --data "$scratch/data" --threads 1)
mkdir "$scratch/data"
exits() { # exits CODE COMMAND...
  local wanted=$1 code=0
  shift
  "$@" || code=$?
  [ "$code" -eq "$wanted" ]
}
experiment() { tasks/go1_gaits/experiments.sh "$@" "${small[@]}" --quiet >"$scratch/out" 2>"$scratch/err"; }
statuses() { # statuses RUN METHODS: every cell is done, and was trained in the first run only
  python3 - "$OUT/$1" "$2" <<'P'
import json, sys
cells = [r for r in map(json.loads, open(sys.argv[1] + '/events.jsonl')) if r['type'] == 'cell']
assert sorted(r['method'] for r in cells) == sorted(sys.argv[2].split(',')), [r['method'] for r in cells]
assert all(r['status'] == 'done' for r in cells)
for r in cells:
    if r['method'] not in ('dynaflow', 'kinematic_fm_idm'): continue
    assert ('taken_from' in r['training']) == (not sys.argv[1].endswith('trained')), r['method']
P
}
check diversity_runs experiment diversity demo 1
check its_models_are_trained_once statuses trained dynaflow,kinematic_fm_idm,random_action,replay_demo
check they_meet_commands_beyond_their_training statuses beyond dynaflow,kinematic_fm_idm,random_action
check they_meet_changes_of_gait statuses transitions dynaflow,kinematic_fm_idm,random_action
check reports_are_written bash -c "for r in trained beyond transitions; do test -s '$OUT'/\$r/report/tables.md || exit 1; done"
check chains_are_measured_along_their_commands bash -c "grep -q '\"eval.chain_commands\": *\"follow\"' '$OUT/transitions/events.jsonl' && ! grep -q '\"command_error.position\"' '$OUT/transitions/events.jsonl'"
if PYTHONPATH=$packages python3 -c 'import numpy' 2>/dev/null; then
  check the_demonstrations_are_those_that_are_announced env PYTHONPATH="$packages" python3 - "$scratch/data" <<'P'
import glob, sys, numpy as np
most = np.array([1.5, 0.6, 1.2])
seen = set()
for path in glob.glob(sys.argv[1] + '/**/*.npz', recursive=True):
    f = np.load(path)
    names, c = str(f['condition_names']).split(','), f['conditions']
    command = c[..., [names.index('command.' + a) for a in ('vx', 'vy', 'wz')]]
    gaits = c[..., [i for i, n in enumerate(names) if n.startswith('gait.')]]
    if c.ndim == 3:
        seen.add('transitions')
        changes = (np.abs(np.diff(command, axis=1)).sum(-1) > 0).sum(1)
        assert changes.min() >= 4 and changes.max() <= 10, changes
        assert ((np.abs(np.diff(gaits, axis=1)).sum(-1) > 0).sum(1) == changes).all()
    elif np.abs(command).max() > 1.2:
        seen.add('beyond')
        assert (np.abs(command) >= most * 0.667 - 1e-12).all() and (np.abs(command) <= most).all()
    else:
        seen.add('trained')
        assert (np.abs(command) <= np.array([1, .4, .8])).all() and np.abs(command).min() < 0.1
assert seen == {'transitions', 'beyond', 'trained'}, seen
P
else
  skip the_demonstrations_are_those_that_are_announced "Python in third_party/python has no numpy"
fi
check transfer_runs experiment transfer demo 1
check it_has_a_table_per_method_and_gait bash -c "for m in dynaflow kinematic_fm_idm; do for g in trot pace bound pronk; do grep -q 'fall_rate' '$OUT'/transfer/\$m-\$g.txt || exit 1; done; done"
check transfer_trained_nothing statuses trained dynaflow,kinematic_fm_idm,random_action,replay_demo
check an_unknown_experiment_is_refused exits 2 tasks/go1_gaits/experiments.sh nothing
check none_is_refused exits 2 tasks/go1_gaits/experiments.sh
finish
