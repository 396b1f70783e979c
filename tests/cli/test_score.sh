#!/usr/bin/env bash
# score judges a file of trajectories by the same record, gate, compare, report and verify as a method of the suite.
. tests/cli/check.sh

export PYTHONDONTWRITEBYTECODE=1
packages=$PWD/third_party/python
python() { PYTHONPATH=$packages python3 "$@"; }
if ! python -c 'import numpy' 2>/dev/null; then
  skip score "Python in third_party/python has no numpy (ci/fetch-python.py third_party/python)"
  finish
  exit
fi
tasks=$scratch/tasks task=$scratch/tasks/pendulum
mkdir "$tasks"
cp -r docs/examples/pendulum "$tasks"
(cd "$task" && python3 make_data.py)
small=(--profile smoke --quiet --threads 1 --set task.methods=replay_demo)
score() { exits_with 0 score "$task" "$@" "${small[@]}"; }

# ---- the program of the documentation, beside a method of the suite ----
check start_states_are_written exits_with 0 sample "$task" --method random_action --out "$scratch/starts.npz" "${small[@]}"
check the_example_runs python docs/examples/score_me.py "$scratch/starts.npz" "$scratch/mine.npz"
check methods_of_the_suite_run exits_with 0 run "$task" --method random_action,replay_demo --out "$scratch/run" "${small[@]}"
check the_file_is_scored score "$scratch/mine.npz" --name mine --out "$scratch/run" --json
cp "$scratch/out" "$scratch/rows.json"
# every number again, from the file, the demonstrations and the pendulum's equation
check its_numbers_are_those_of_an_independent_computation python - "$scratch" "$task/pendulum.npz" <<'P'
import hashlib, json, sys
import numpy as np
folder, demo = sys.argv[1], np.load(sys.argv[2])
record = [r for r in map(json.loads, open(folder + '/run/events.jsonl')) if r.get('method') == 'mine'][0]
rows = {r['metric']: r for r in json.load(open(folder + '/rows.json'))['rows']}
mine = np.load(folder + '/mine.npz')
x, u = mine['states'], mine['actions']
w = record['windows']
target = np.array([demo['states'][e, s:s + 17] for e, s in zip(w['episode'], w['start'])])
assert np.array_equal(x[:, 0], target[:, 0]) and len(x) == 16
train = [demo['states'][e, s + 1:s + 17] for e in range(20) if e % 5 != 4 for s in range(85)]
std = np.concatenate(train).std(0)
rms = np.sqrt((((x - target)[:, 1:] / std)**2).mean((1, 2)))
near = lambda a, b, tolerance=1e-9: abs(a - b) <= tolerance * max(abs(b), 1e-3) or sys.exit('%r is not %r' % (a, b))
near(rows['tre']['value'], rms.mean())
near(rows['tre_open_loop']['value'], rms.mean(), 1e-6)
v = x[:, :-1, 1] + 0.01 * (u[:, :, 0] - 4.905 * np.sin(x[:, :-1, 0])) / 0.254
error = np.hypot(x[:, 1:, 1] - v, x[:, 1:, 0] - x[:, :-1, 0] - 0.01 * v)
assert rows['sae_own']['value'] < 1e-12 and error.max() < 1e-12
sha = hashlib.sha256(open(folder + '/mine.npz', 'rb').read()).hexdigest()
t = record['trajectories']
assert (t['sha256'], t['n'], t['length'], t['actions'], t['compared']) == (sha, 16, 16, True, True), t
assert record['plugin_sha256'] == sha and t['provenance'] == {'licence': 'CC0', 'method': 'bang-bang'}, t
assert open(folder + '/run/' + t['path'], 'rb').read() == open(folder + '/mine.npz', 'rb').read()
P
check the_run_is_consistent exits_with 0 verify "$scratch/run" --quiet
# one file is one seed, of which compare names no winner
check it_is_compared_with_a_method exits_with 4 compare "$scratch/run" --method mine,random_action --quiet --json
check the_better_one_is_found python3 -c "
import json, sys
rows = json.load(open(sys.argv[1]))['rows']
assert any(r['metric'] == 'tre_open_loop' and r['value'] < 0 for r in rows), rows" "$scratch/out"
check it_is_reported exits_with 0 report "$scratch/run" --quiet
check it_stands_in_the_table grep -q '| mine ' "$scratch/run/report/tables.md"
cp -r "$scratch/run" "$scratch/again"
check a_file_that_was_judged_is_not_judged_again score "$scratch/mine.npz" --name mine --out "$scratch/run"
check the_record_is_the_same cmp "$scratch/run/events.jsonl" "$scratch/again/events.jsonl"

# ---- the gate: worse trajectories regress ----
cat >"$task/expect.yaml" <<'Y'
task_version: 1
mujoco: 3.17
bands:
  - {metric: tre_open_loop, method: mine, profile: smoke, relative: 0.1, seeds: 1, reason: the score of the first file}
  - {metric: sae_own, method: mine, profile: smoke, at_most: 1.0e-9, reason: its pendulum is the model's}
Y
gate() { exits_with "$1" gate "$2" --tasks "$tasks" --against "$scratch/golden" --json "${@:3}"; }
regressed() { python3 -c "
import json, sys
rows = json.load(open(sys.argv[1]))['rows']
bad = sorted((r['method'], r['metric']) for r in rows if r['status'] == 'regressed')
assert bad == [('mine', m) for m in sys.argv[2:]], bad" "$scratch/out" "$@"; }
change() { # change STATEMENTS: other.npz is mine.npz with its states x, actions u and the dictionary f of all changed
  python - "$scratch" "$1" <<'P'
import sys, numpy as np
f = dict(np.load(sys.argv[1] + '/mine.npz'))
x, u = f['states'], f['actions']
exec(sys.argv[2])
np.savez(sys.argv[1] + '/other.npz', **f)
P
}
scored() { change "$2" && score "$scratch/other.npz" --name mine --out "$scratch/$1" "${@:3}"; } # scored RUN STATEMENTS
with_references() { exits_with 0 run "$task" --method random_action,replay_demo --out "$scratch/$1" "${small[@]}"; }
check its_numbers_are_accepted gate 0 "$scratch/run" --accept --reason 'the first file'
check the_same_file_holds gate 0 "$scratch/run"
for run in worse impossible; do check "references_of_$run" with_references $run; done
check a_worse_file_is_scored scored worse 'u[:, 8:] *= -1; x[:, 9:] += 0.01'
check worse_trajectories_regress gate 1 "$scratch/worse"
check both_metrics_regress regressed sae_own tre_open_loop
check impossible_states_are_scored scored impossible 'x[:, 1:, 0] += 1e-4'
check impossible_states_regress gate 1 "$scratch/impossible"
check only_their_admissibility_regresses regressed sae_own

# ---- verify: a changed or missing file, and a record that names another one ----
copy=$(echo "$scratch"/again/trajectories/*.npz)
printf x >>"$copy"
check a_changed_file_is_noticed exits_with 2 verify "$scratch/again" --json
check it_is_named grep -q 'trajectories/.*\.npz has SHA-256 .*, but the record has' "$scratch/out"
rm "$copy"
check a_missing_file_is_noticed exits_with 3 verify "$scratch/again" --json
check the_missing_one_is_named grep -q 'missing: trajectories/' "$scratch/out"
python3 tests/cli/seal.py "$scratch/again/events.jsonl" "cells[-1]['trajectories']['sha256'] = '0' * 64"
check another_hash_is_noticed exits_with 2 verify "$scratch/again" --json
check it_is_compared_with_the_key grep -q 'trajectories.sha256 is not the plugin_sha256' "$scratch/out"

# ---- what applies: states only, start states in single precision, another order, motions from other start states ----
record() { python3 -c "
import json, sys
r = [r for r in map(json.loads, open(sys.argv[1] + '/events.jsonl')) if r['type'] == 'cell'][-1]
rows = {m['metric']: m for m in r['rows']}
assert ($2), (sorted(rows), r['notes'], r['trajectories'])" "$scratch/$1"; }
check states_only_are_scored scored states 'del f["actions"]'
check they_have_the_metrics_of_states record states "
{'tre', 'sae_min'} <= set(rows) and not {'tre_open_loop', 'sae_own'} & set(rows) and not r['trajectories']['actions']"
check single_precision_and_another_order_are_matched scored single 'f.update(states=x[::-1].astype("f4"), actions=u[::-1])'
check they_are_compared_with_their_windows python3 -c "
import json, sys
cells = [json.loads(list(open(p + '/events.jsonl'))[-1]) for p in sys.argv[1:]]
values = [[s['values'] for s in c['samples'] if s['metric'] == 'tre'][0] for c in cells]
assert len(values[0]) == 16 and all(abs(a - b) < 1e-5 * b for a, b in zip(*values)), values" "$scratch/single" "$scratch/run"
check more_trajectories_are_scored scored more 'f.update(states=np.concatenate([x, x + 0.1]), actions=np.concatenate([u, u]))'
check the_others_are_mentioned record more "
r['notes'][0] == '16 of the 32 trajectories start in no held-out window and are not measured' and rows['tre']['n'] == 16"
# 24 actions, of which a window has 16: the last 8 of each trajectory are impossible
longer='g = np.random.default_rng(1)
f.update(states=np.concatenate([x, x[:, -1:] + g.normal(0, 0.01, (16, 8, 2))], 1),
         actions=np.concatenate([u, g.uniform(-1, 1, (16, 8, 1))], 1))'
check the_states_of_longer_trajectories_are_scored scored longer_states "$longer; del f['actions']"
check longer_trajectories_are_scored scored longer "$longer"
check all_given_steps_count python - "$scratch" <<'P'
import json, sys, numpy as np
f = np.load(sys.argv[1] + '/other.npz')
x, u = f['states'], f['actions'][:, :, 0]
q, v, h, inertia = x[:, :-1, 0], x[:, :-1, 1], 0.01, 0.254
def error(u):
    next_v = v + h * (u - 4.905 * np.sin(q)) / inertia
    return np.hypot(x[:, 1:, 1] - next_v, x[:, 1:, 0] - q - h * next_v)
# the error is linear in the action: its least squares in the box
free = v - h * 4.905 * np.sin(q) / inertia
best = (x[:, 1:, 1] - free + h * (x[:, 1:, 0] - q - h * free)) * inertia / h / (1 + h * h)
own, least = error(u), error(np.clip(best, -1, 1))[:4]
near = lambda a, b: abs(a - b) <= 1e-7 * b or sys.exit('%r is not %r' % (a, b))
for run in 'longer', 'longer_states':
    record = json.loads(list(open('%s/%s/events.jsonl' % (sys.argv[1], run)))[-1])
    rows = {m['metric']: m for m in record['rows']}
    near(rows['sae_min']['value'], least.mean())
    assert rows['tre']['n'] == 16
    counted = 'sae_min of the first 4 trajectories'
    if run == 'longer':
        counted = 'sae_own and in ' + counted
        near(rows['sae_own']['value'], own.mean())
        near(rows['sae_own.worst_step']['value'], own.max())
    assert record['notes'][0] == (
        'the last 8 of the 24 actions of each trajectory lie after its window of 16 actions: their steps count in '
        + counted + ', and tre and the other measures of windows do not include them'), record['notes']
P
check other_start_states_are_scored scored other 'f.update(states=np.repeat(x[1:], 3, 1)[:, :50], actions=np.repeat(u[1:], 4, 1)[:, :49])'
check they_are_measured_without_demonstrations record other "
rows['sae_own']['n'] == 15 * 3 and 'tre' not in rows and 'windows_sha256' not in r and not r['trajectories']['compared']
and r['windows']['start'][::15] == [0, 16, 32] and r['windows']['episode'][:15] == list(range(15))
and r['notes'][0].startswith('trajectories start in 15 of the 16 held-out windows: there is no demonstration')
and r['notes'][1] == 'the last 1 actions of each trajectory are not measured'"
check such_a_run_is_consistent exits_with 0 verify "$scratch/other" --quiet
# twenty demonstrations that are the same: each of the 85 starts is that of four held-out windows
cp -r "$task" "$scratch/same"
rm -f "$scratch/same/expect.yaml"
python - "$scratch/same/pendulum.npz" <<'P'
import sys, numpy as np
f = np.load(sys.argv[1])
np.savez(sys.argv[1], states=np.repeat(f['states'][:1], 20, 0), actions=np.repeat(f['actions'][:1], 20, 0))
P
all=("${small[@]}" --set eval.windows=340 --set eval.sae_windows=0 --set eval.chains=0)
check starts_of_all_windows_are_written exits_with 0 sample "$scratch/same" --method random_action --windows 340 --out "$scratch/all.npz" "${all[@]}"
of_each() { # of_each N RUN: scores the first N trajectories of each start state
  python - "$scratch" "$1" <<'P'
import sys, numpy as np
folder, n = sys.argv[1], int(sys.argv[2])
f = dict(np.load(folder + '/all.npz'))
starts = [tuple(x[0]) for x in f['states']]
assert len(starts) == 340 and len(set(starts)) == 85
keep = [i for i, s in enumerate(starts) if starts[:i].count(s) < n]
f.update({k: f[k][keep] for k in ('states', 'actions')})
np.savez(folder + '/some.npz', **f)
P
  exits_with 0 score "$scratch/same" "$scratch/some.npz" --name mine --out "$scratch/$2" "${all[@]}"
}
check one_trajectory_of_each_start_is_scored of_each 1 once
check a_trajectory_is_that_of_one_window record once "
not r['trajectories']['compared'] and r['notes'][0].startswith('trajectories start in 85 of the 340 held-out windows')"
check as_many_trajectories_as_windows_are_scored of_each 4 each
check each_has_its_window record each "r['trajectories']['compared'] and rows['tre']['n'] == 340"

# a second file of the same method is another seed of it
check a_first_seed_is_scored scored seeds 'pass'
check a_second_seed_is_added scored seeds 'u[0] = 0' --seed 2
check both_are_cells exits_with 0 verify "$scratch/seeds" --quiet
check the_same_file_as_another_seed_is_scored scored seeds 'pass' --seed 3
check it_is_no_mistake exits_with 0 verify "$scratch/seeds" --quiet

# ---- the profile of the run, and files that are taken out again ----
quiet=(--quiet --threads 1 --set task.methods=replay_demo)
unnamed() { exits_with 0 score "$task" "$scratch/mine.npz" "$@" "${quiet[@]}"; } # without --profile
profiles() { python3 -c "
import json, sys
seen = sorted({r['profile'] for r in map(json.loads, open(sys.argv[1] + '/events.jsonl'))})
assert seen == sys.argv[2:], seen" "$scratch/$@"; }
cp -r "$scratch/run" "$scratch/profile"
check a_run_is_continued_with_its_profile unnamed --name second --out "$scratch/profile"
check no_other_profile_is_added profiles profile smoke
check no_cell_is_missing exits_with 0 verify "$scratch/profile" --quiet
check a_profile_that_is_given_is_used unnamed --name second --out "$scratch/profile" --profile full
check both_are_there profiles profile full smoke
check of_several_profiles_one_is_asked_for refuses "$scratch/profile: the run has the profiles smoke, full: say which one by --profile" \
  score "$task" "$scratch/mine.npz" --name third --out "$scratch/profile" "${quiet[@]}"
check a_new_run_has_the_profile_full unnamed --name second --out "$scratch/new"
check it_is_full profiles new full

rm -r "$scratch/profile"
cp -r "$scratch/run" "$scratch/profile"
check a_second_file_is_judged unnamed --name second --out "$scratch/profile"
check as_another_seed_too unnamed --name second --out "$scratch/profile" --seed 2
removes() { exits_with 0 score "$task" --remove "$@" --out "$scratch/profile" --threads 1 --json; }
check one_seed_is_removed removes second --seed 1
check it_is_the_row python3 -c "
import json, sys
assert [(r['method'], r['seed'], r['profile']) for r in json.load(open(sys.argv[1]))['rows']] == [('second', 1, 'smoke')]" "$scratch/out"
check the_other_seed_is_there grep -q '"method":"second","seed":2' "$scratch/profile/events.jsonl"
check the_rest_is_removed removes second
check nothing_else_is_lost diff -r "$scratch/run" "$scratch/profile"
check nobody_misses_it exits_with 0 verify "$scratch/profile" --quiet
# another task of the run keeps its file of the same name
cp -r "$task" "$scratch/swing"
rm "$scratch/swing/expect.yaml"
sed -i 's/^  name: pendulum /  name: swing /' "$scratch/swing/task.yaml"
check a_file_of_another_task_is_judged exits_with 0 score "$scratch/swing" "$scratch/mine.npz" --name mine --out "$scratch/profile" "${quiet[@]}"
check it_alone_is_removed exits_with 0 score "$scratch/swing" --remove mine --out "$scratch/profile" --threads 1 --quiet
check the_other_task_keeps_its_file diff -r "$scratch/run" "$scratch/profile"
# the record of another shard keeps the copy of its file
cp -r "$scratch/run" "$scratch/shards"
cp "$scratch/run/events.jsonl" "$scratch/shards/events-1of2.jsonl"
check a_file_of_two_shards_is_removed_from_one exits_with 0 score "$task" --remove mine --out "$scratch/shards" --threads 1 --quiet
check the_other_shard_keeps_its_copy diff -r "$scratch/run/trajectories" "$scratch/shards/trajectories"
check it_can_be_judged_again unnamed --name second --out "$scratch/profile"
check what_was_not_judged_is_named misses "$scratch/profile: no judged file 'third' of task pendulum; judged files: mine, second" \
  score "$task" --remove third --out "$scratch/profile"
check methods_are_not_removed refuses "'random_action' is a method that was run, not a judged file" \
  score "$task" --remove random_action --out "$scratch/profile"
check a_run_is_needed misses "$scratch/nowhere: no run with judged files" score "$task" --remove mine --out "$scratch/nowhere"
check it_is_not_made [ ! -e "$scratch/nowhere" ]
check a_file_is_too_much refuses "\-\-remove mine takes no FILE" score "$task" "$scratch/mine.npz" --remove mine

# ---- a file of another layout, and a name that is taken: nothing is recorded ----
bad() { # bad PATTERN STATEMENTS
  change "$2" && refuses "$1" score "$task" "$scratch/other.npz" --name mine --out "$scratch/bad" "${small[@]}" && [ ! -e "$scratch/bad" ]
}
check no_states bad "other.npz: .*states" 'f["X"] = f.pop("states")'
check another_rank bad 'states has shape \[17\]\[2\], expected \[trajectories\]\[frames, at least 2\]\[2\]: a state of task pendulum has 1 positions, 1 velocities and 0 activations$' 'f["states"] = x[0]'
check another_state bad 'states has shape \[16\]\[17\]\[3\], expected' 'f["states"] = np.zeros((16, 17, 3))'
check other_actions bad 'actions has shape \[16\]\[17\]\[1\], expected \[16\]\[16\]\[1\]: \[trajectories\]\[frames of states - 1\]\[actuators\]$' 'f["actions"] = np.zeros((16, 17, 1))'
check too_short bad 'states has 9 frames per trajectory, expected 17 or more: windows of task pendulum have 16 actions$' 'f.update(states=x[:, :9], actions=u[:, :8])'
check conditions_of_a_task_without bad 'conditions has shape \[16\]\[1\], but task pendulum has no conditions$' 'f["conditions"] = np.zeros((16, 1))'
check another_time_step bad 'dt is 0\.02 s, expected 0\.01 s, one action of task pendulum$' 'f["dt"] = 0.02'
check a_dt_of_each_trajectory bad 'dt has shape \[16\], expected one number$' 'f["dt"] = np.full(16, 0.01)'
check a_start_state_that_is_no_number bad 'states\[3\]\[0\]\[1\] is nan: a start state must be finite$' 'x[3, 0, 1] = np.nan'
check another_model bad 'made with another model: ' 'f.update(model_sha256="0" * 64, compiled_sha256="1" * 64, mujoco="3.17.0")'
# options are part of the compiled model, of equal files: a file of sample names them
check another_integrator_is_sampled exits_with 0 sample "$task" --method random_action --out "$scratch/rk4.npz" "${small[@]}" --set system.integrator=RK4
check another_integrator_is_refused refuses 'rk4.npz: made with another model: system.integrator is RK4 in its settings, but Euler of task pendulum$' \
  score "$task" "$scratch/rk4.npz" --out "$scratch/rk4" "${small[@]}"
python -c "
import numpy as np
f = dict(np.load('$scratch/starts.npz'))
f['compiled_sha256'] = np.array('0' * 64)
np.savez('$scratch/rounded.npz', **f)
del f['settings']
np.savez('$scratch/unnamed.npz', **f)"
doubted() { # doubted FILE WORDS: it is judged, and the record notes that the compiled model is another one
  score "$scratch/$1.npz" --out "$scratch/$1" && grep -q "compiled_sha256 000000000000, not [0-9a-f]*), of the same files, $2" "$scratch/$1/events.jsonl"
}
check the_last_bits_of_a_compiled_model_are_noted doubted rounded 'with the same options: by the last bits'
check options_that_the_file_does_not_name_are_noted doubted unnamed 'on another machine or with other options'
check nothing_is_noted_of_the_same_model bash -c "! grep -q 'of the same files' '$scratch/run/events.jsonl'"
cp "$scratch/mine.npz" "$scratch/my-motion.npz"
check a_file_whose_name_is_no_methods_is_named refuses "my-motion.npz: method 'my-motion': a name must consist of letters, digits and _, at most 47 of them; --name gives another name" \
  score "$task" "$scratch/my-motion.npz" "${small[@]}"
check a_registered_name_is_refused refuses "method 'dynaflow' is already registered" score "$task" "$scratch/mine.npz" --name dynaflow "${small[@]}"
check a_name_with_a_space_is_refused refuses "method 'my own': a name must consist of letters, digits and _" score "$task" "$scratch/mine.npz" --name 'my own' "${small[@]}"
check a_missing_file_is_named misses 'none.npz: No such file' score "$task" "$scratch/none.npz" "${small[@]}"
check two_files_are_refused refuses "unexpected argument 'b'" score "$task" a b
# ---- q and -q are one orientation ----
legged=(--profile smoke --quiet --threads 1 --set task.methods=replay_demo --set eval.windows=4 --set eval.sae_windows=2
  --set eval.chains=0 --set data.episodes=2 --set split.test_every=2)
exits_with 0 sample tasks/go1_gaits --method replay_demo --out "$scratch/q.npz" "${legged[@]}"
python -c "
import numpy as np
a = dict(np.load('$scratch/q.npz'))
a['states'][:, :, 3:7] *= -1
np.savez('$scratch/minus.npz', **a)"
tre_of() {
  exits_with 0 score tasks/go1_gaits "$scratch/$1.npz" --name "$1" --out "$scratch/run_$1" "${legged[@]}" --json &&
    python3 -c "
import json
print([r['value'] for r in json.load(open('$scratch/out'))['rows'] if r['metric'] == 'tre'])" >"$scratch/tre_$1"
}
check quaternions_are_scored tre_of q
check with_the_opposite_sign_too tre_of minus
check the_error_is_the_same bash -c "grep -q e- '$scratch/tre_q' && cmp '$scratch/tre_q' '$scratch/tre_minus'"

finish
