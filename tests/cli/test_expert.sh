#!/usr/bin/env bash
# dynaflow expert: trainings with the same bytes on any number of threads and after an interruption, scores, and
# demonstrations that the simulator reproduces. Small networks and a few updates; policies that never count as fallen.
. tests/cli/check.sh
# slow

go1=$PWD/tasks/go1_gaits
small=(--set expert.robots=4 --set expert.horizon=3 --set expert.width=8 --set expert.slices=2 --set eval.fall_height=0
  --set eval.fall_tilt=0 --quiet)
cd "$scratch" || exit 1

train() { exits_with 0 expert train "$go1" "${small[@]}" "$@"; }

# ---- train ----
check a_training_ends train --set expert.updates=12 --checkpoint a --threads 1 --log log.jsonl --eval-every 6 --seconds 2 --walks 4
check a_second_thread_changes_no_byte eval 'train --set expert.updates=12 --checkpoint b --threads 2 && cmp a b'
check another_seed_does eval 'train --set expert.updates=12 --checkpoint c --seed 2 && ! cmp -s a c'
check the_state_is_removed eval '[ ! -e a.state ]'

# rewards are what is left of expert.alive by the costs; lines have steps, updates and evaluations in their order
log_is_consistent() {
  python3 - <<'PY'
import json
lines = [json.loads(line) for line in open('log.jsonl')]
updates = [line for line in lines if line['kind'] == 'update']
tries = [line for line in lines if line['kind'] == 'eval']
assert [line['update'] for line in updates] == list(range(1, 13)) and [line['update'] for line in tries] == [6, 12]
assert all(line['steps'] == 12 * line['update'] for line in lines)
for line in updates:
    assert len(line['costs']) == 13 and line['lost'] == 0
    assert abs(line['reward'] - (2 - sum(line['costs'].values()))) < 1e-9, line
assert set(tries[0]['gaits']) == {'trot', 'pace', 'bound', 'pronk'} and tries[0]['walks'] == 4
assert all(a['cpu_s'] <= b['cpu_s'] for a, b in zip(lines, lines[1:]))
PY
}
check the_log_is_consistent log_is_consistent

# an interrupted training goes on to the same bytes
interrupted() {
  local long=(--set expert.updates=2000 --set expert.critic_steps=1 --threads 1)
  train "${long[@]}" --checkpoint whole || return 1
  timeout -s INT 1 "$program" expert train "$go1" "${small[@]}" "${long[@]}" --checkpoint parts 2>err
  [ $? -eq 124 ] && [ -e parts.state ] && [ ! -e parts ] || { cat err; return 1; }
  refuses 'parts.state: not a state to continue from: the state of another training' expert train "$go1" "${small[@]}" \
    "${long[@]}" --checkpoint parts --seed 3 || return 1
  train "${long[@]}" --checkpoint parts && cmp whole parts && [ ! -e parts.state ]
}
check an_interrupted_training_ends_with_the_same_bytes interrupted

# ---- eval ----
scores_are_rows() {
  exits_with 0 expert eval "$go1" "${small[@]}" --checkpoint a --walks 8 --seconds 3 --json --threads 2 || return 1
  cp out two.json
  exits_with 0 expert eval "$go1" "${small[@]}" --checkpoint a --walks 8 --seconds 3 --json --threads 1 || return 1
  cmp out two.json && python3 - <<'PY'
import json
rows = json.load(open('two.json'))['rows']
assert [r['gait'] for r in rows[::4]] == ['trot', 'pace', 'bound', 'pronk', 'all']
assert [r['metric'] for r in rows[:4]] == ['fall_rate', 'velocity_error', 'yaw_rate_error', 'contact_agreement']
value = {(r['gait'], r['metric']): r for r in rows}
for metric in ('velocity_error', 'yaw_rate_error', 'contact_agreement'):
    gaits = [value[g, metric]['value'] for g in ('trot', 'pace', 'bound', 'pronk')]
    assert abs(value['all', metric]['value'] - sum(gaits) / 4) < 1e-12 and value['all', metric]['n'] == 8
assert value['all', 'fall_rate']['value'] == 0 and 0 <= value['all', 'contact_agreement']['value'] <= 1
PY
}
check scores_are_rows_per_gait scores_are_rows
falls_are_counted() {
  exits_with 0 expert eval "$go1" "${small[@]}" --set eval.fall_height=0.5 --checkpoint a --walks 4 --seconds 2 --json &&
    python3 -c "
import json
rows = json.load(open('out'))['rows']
assert rows[-4]['metric'] == 'fall_rate' and rows[-4]['value'] == 1 and rows[-3]['value'] is None, rows[-4:]"
}
check falls_are_counted falls_are_counted

# ---- collect ----
collected() {
  exits_with 0 expert collect "$go1" "${small[@]}" --checkpoint a --episodes 2 --seconds 1 --renew 0.3 --out data.npz --json || return 1
  grep -q '^Written by `dynaflow expert collect`' data.card.md && grep -q "$(sha256sum <a | cut -c1-64)" data.card.md &&
    grep -q '^| expert.width | 8 |' data.card.md || { cat data.card.md; return 1; }
  PYTHONPATH=$OLDPWD/third_party/python python3 - <<'PY'
import numpy
d = numpy.load('data.npz')
assert d['states'].shape == (8, 51, 37) and d['actions'].shape == (8, 50, 12) and d['conditions'].shape == (8, 51, 7)
names = str(d['condition_names']).split(',')
assert names == ['gait.trot', 'gait.pace', 'gait.bound', 'gait.pronk', 'command.vx', 'command.vy', 'command.wz'], names
c = d['conditions']
for e in range(8):
    assert (c[e, :, :4] == numpy.eye(4)[e // 2]).all()
changes = (numpy.diff(c[:, :, 4], axis=1) != 0).sum()
assert 8 <= changes <= 50, changes  # every 0.3 s in the mean, in 8 s: 27 +- 5
assert (abs(c[:, :, 4:]) <= [1, .4, .8]).all() and (c[:, 50] == c[:, 49]).all()
PY
}
check walks_are_collected_with_their_conditions collected
check the_simulator_reproduces_them exits_with 0 replay "$go1" --set data.source=file --set data.file=data.npz --data . \
  --set window.first=0 --set window.last=0 --set split.test_every=2
check a_policy_that_falls_gives_no_demonstrations refuses 'trot: 0 of 2[0-9]* walks did not fall; train the policy for longer' \
  expert collect "$go1" "${small[@]}" --set eval.fall_height=0.5 --checkpoint a --episodes 1 --seconds 1 --out no.npz
check another_name_is_refused refuses '--out x: the name must end in .npz' expert collect "$go1" --checkpoint a --out x
check nothing_is_written_then eval '[ ! -e no.npz ]'

# ---- errors ----
check another_observation_is_refused refuses 'a: trained with expert_observe.up = 3, but it is 2; use the settings of the training' \
  expert eval "$go1" "${small[@]}" --set expert_observe.up=2 --checkpoint a
check another_duration_of_actions_is_refused refuses 'a: trained with system.substeps = 5, but it is 4' \
  expert eval "$go1" "${small[@]}" --set system.substeps=4 --checkpoint a
check another_model_is_refused refuses 'a: trained with another model, or other system' \
  expert eval "$go1" "${small[@]}" --set system.solver=CG --checkpoint a
check no_policy_is_missing misses 'nowhere' expert eval "$go1" "${small[@]}" --checkpoint nowhere
echo text >text
check another_file_is_refused refuses 'text' expert eval "$go1" "${small[@]}" --checkpoint text
check a_list_of_another_length_is_refused refuses 'expert.height: 4 numbers, must be one, or one per gait of expert.gaits \(1\)' \
  expert train "$go1" "${small[@]}" --set expert.gaits=trot --checkpoint d
check an_unknown_gait_is_refused refuses "expert.gaits: unknown gait 'gallop'" \
  expert train "$go1" "${small[@]}" --set expert.gaits=gallop --checkpoint d
check an_unknown_foot_is_refused refuses "eval.feet: the model has no geom 'XX'" \
  expert train "$go1" "${small[@]}" --set eval.feet=FR,FL,RR,XX --checkpoint d
check an_unknown_action_is_refused refuses "unknown action 'tran', did you mean 'train'" expert tran "$go1" --checkpoint d
check a_file_that_cannot_be_written_is_named refuses 'dynaflow: a: ' expert train "$go1" "${small[@]}" --checkpoint a/d
finish
