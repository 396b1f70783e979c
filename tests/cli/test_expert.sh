#!/usr/bin/env bash
# dynaflow expert: trainings with the same bytes on any number of threads and after an interruption, scores, and
# demonstrations that the simulator reproduces. Small networks and a few updates; policies that never count as fallen.
. tests/cli/check.sh
# slow

go1=$PWD/tasks/go1_gaits
packages=$PWD/third_party/python
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
    assert len(line['costs']) == 13 and line['lost'] == 0 and line['critic_loss'] > 0
    assert abs(line['reward'] - (2 - sum(line['costs'].values()))) < 1e-9, line
assert set(tries[0]['gaits']) == {'trot', 'pace', 'bound', 'pronk'} and tries[0]['walks'] == 4
assert all(a['cpu_s'] <= b['cpu_s'] for a, b in zip(lines, lines[1:]))
PY
}
check the_log_is_consistent log_is_consistent
check without_a_critic_there_is_no_loss_of_it eval "train --set expert.method=apg --set expert.updates=1 --checkpoint d --log apg.jsonl &&
  grep -q '\"critic_loss\":null' apg.jsonl"

# ---- PPO ----
ppo() { train --set expert.method=ppo --set expert.slices=3 "$@"; }
check ppo_trains ppo --set expert.updates=6 --checkpoint p --threads 1 --log ppo.jsonl
check a_second_thread_changes_no_byte_of_it eval 'ppo --set expert.updates=6 --checkpoint q --threads 2 && cmp p q'
# the first update adapts its rate, by factors of 1.5 after the first of 16 steps; 12 samples are clipped or not 4 times
ppo_log_is_consistent() {
  python3 - <<'PY'
import json, math
lines = [json.loads(line) for line in open('ppo.jsonl')]
assert [line['update'] for line in lines] == list(range(1, 7))
for line in lines:
    assert line['kl'] > 0 and line['critic_loss'] > 0 and line['gradient'] >= 0 and .15 < line['std'] < .25, line
    assert 0 <= line['clipped'] <= 1 and abs(line['clipped'] * 48 - round(line['clipped'] * 48)) < 1e-9, line
    assert 1e-5 <= line['rate'] <= 1e-2, line
    assert line['steps'] == 12 * line['update'] and line['lost'] == 0
times = math.log(lines[0]['rate'] / .002) / math.log(1.5)
assert abs(times - round(times)) < 1e-9 or lines[0]['rate'] in (1e-5, 1e-2), lines[0]
assert lines[0]['rate'] != .002
without = [json.loads(line) for line in open('apg.jsonl')][0]
assert all(without[key] is None for key in ('kl', 'clipped', 'std')) and abs(without['rate'] - .002) < 1e-12, without
PY
}
check its_log_is_consistent ppo_log_is_consistent
# every setting of PPO changes its updates
settings_count() {
  local setting
  tail -1 ppo.jsonl >default.jsonl
  for setting in epochs=3 minibatches=3 clip=0.1 kl=0.02 noise=0.3 entropy=0.01; do
    rm -f s.jsonl
    ppo --set expert.updates=6 --set "expert.ppo_$setting" --checkpoint s --log s.jsonl || return 1
    tail -1 s.jsonl | python3 -c "
import json, sys
one, other = json.loads(sys.stdin.read()), json.loads(open('default.jsonl').read())
assert one['std'] != other['std'] and one['kl'] != other['kl'], ('$setting', one)" || return 1
  done
}
check every_setting_of_ppo_counts settings_count
ppo_continues() {
  local long=(--set expert.updates=2000 --threads 1)
  ppo "${long[@]}" --checkpoint ppo_whole || return 1
  timeout -s INT 1 "$program" expert train "$go1" "${small[@]}" --set expert.method=ppo --set expert.slices=3 "${long[@]}" \
    --checkpoint ppo_parts 2>err
  [ $? -eq 124 ] && [ -e ppo_parts.state ] && [ ! -e ppo_parts ] || { cat err; return 1; }
  refuses 'ppo_parts.state: not a state to continue from: .*remove it to start over' expert train "$go1" "${small[@]}" \
    "${long[@]}" --checkpoint ppo_parts || return 1
  ppo "${long[@]}" --checkpoint ppo_parts && cmp ppo_whole ppo_parts && [ ! -e ppo_parts.state ]
}
check an_interrupted_ppo_ends_with_the_same_bytes ppo_continues
# the policy itself is one as of SHAC
check its_policy_is_evaluated_by_the_same_command exits_with 0 expert eval "$go1" "${small[@]}" --checkpoint p --walks 4 --seconds 2
check its_walks_are_collected exits_with 0 expert collect "$go1" "${small[@]}" --checkpoint p --episodes 1 --seconds 1 --out ppo.npz
check too_many_minibatches_are_refused refuses 'expert: ppo_minibatches is 13, but robots x horizon are 12 samples per window' \
  expert train "$go1" "${small[@]}" --set expert.method=ppo --set expert.ppo_minibatches=13 --checkpoint d
check a_rate_outside_the_adapted_ones_is_refused refuses 'expert: rate is 0.02, must be in 1e-05..0.01, where it is adapted to ppo_kl' \
  expert train "$go1" "${small[@]}" --set expert.method=ppo --set expert.rate=0.02 --checkpoint d
check a_negative_clip_is_refused refuses 'expert.ppo_clip' expert train "$go1" "${small[@]}" --set expert.ppo_clip=-1 --checkpoint d
check an_unknown_method_is_refused refuses 'expert.method' expert train "$go1" "${small[@]}" --set expert.method=trpo --checkpoint d

# the table has the means of the last updates, at most ten, by the log
table_is_that_of_the_log() { # updates
  rm -f t.jsonl
  train --set expert.updates="$1" --set eval.fall_height=0.25 --checkpoint t --log t.jsonl --json && python3 - "$1" <<'PY'
import json, sys
lines = [json.loads(line) for line in open('t.jsonl')]
updates = int(sys.argv[1])
assert len(lines) == updates
last = lines[-10:]
row = {r['metric']: r for r in json.load(open('out'))['rows']}
def near(metric, value):
    assert abs(row[metric]['value'] - value) <= 1e-12 * (1 + abs(value)), (metric, row[metric], value)
near('updates', updates)
near('steps', 12 * updates)
near('lost', 0)
near('cpu', lines[-1]['cpu_s'])
near('reward', sum(line['reward'] for line in last) / len(last))
near('velocity_error', sum(line['velocity_error'] for line in last) / len(last))
near('falls', sum(line['falls'] for line in last))
assert all(row[m]['n'] == len(last) for m in ('reward', 'velocity_error', 'falls'))
assert updates < 15 or row['falls']['value'] > 0, row['falls']
PY
}
for updates in 5 10 15 23; do check "the_table_is_that_of_the_log_after_$updates" table_is_that_of_the_log "$updates"; done

# an interrupted training goes on to the same bytes
interrupted() {
  local long=(--set expert.updates=2000 --set expert.critic_steps=1 --threads 1)
  train "${long[@]}" --checkpoint whole || return 1
  timeout -s INT 1 "$program" expert train "$go1" "${small[@]}" "${long[@]}" --checkpoint parts --log parts.jsonl 2>err
  [ $? -eq 124 ] && [ -e parts.state ] && [ ! -e parts ] || { cat err; return 1; }
  refuses 'parts.state: not a state to continue from: the state of another training' expert train "$go1" "${small[@]}" \
    "${long[@]}" --checkpoint parts --seed 3 || return 1
  # lines of updates that a kill has taken from the state, and half a line
  cp parts.jsonl before.jsonl
  tail -1 before.jsonl | python3 -c "
import json, sys
line = json.loads(sys.stdin.read())
for more in 1, 2:
    print(json.dumps(dict(line, update=line['update'] + more, reward=99)))
print(json.dumps(dict(line, kind='eval', update=line['update'] + 2)))
print(json.dumps(dict(line, key='0' * 16, update=line['update'] + 2)))
print('{\"kind\":\"upd', end='')" >>parts.jsonl || return 1
  train "${long[@]}" --checkpoint parts --log parts.jsonl --json && cmp whole parts && [ ! -e parts.state ]
}
# every update once, CPU time and lost steps of both parts, and the line of another training
both_parts_are_counted() {
  python3 - <<'PY'
import json
lines = [json.loads(line) for line in open('parts.jsonl')]
own = [line for line in lines if line['key'] != '0' * 16]
assert len(lines) == len(own) + 1
assert [line['update'] for line in own] == list(range(1, 2001)) and all(line['kind'] == 'update' for line in own)
assert all(line['reward'] < 3 for line in own)
first = len(open('before.jsonl').read().splitlines())
assert 0 < first < 2000, first
cpu = [line['cpu_s'] for line in own]
assert cpu[0] > 0 and all(a < b for a, b in zip(cpu, cpu[1:])), cpu[first - 2:first + 2]
row = {r['metric']: r['value'] for r in json.load(open('out'))['rows']}
assert row['cpu'] == cpu[-1] and row['updates'] == 2000, row
PY
}
check an_interrupted_training_ends_with_the_same_bytes interrupted
check its_log_and_table_count_both_parts both_parts_are_counted

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
assert all(value[g, 'fall_rate']['n'] == 2 for g in ('trot', 'pace', 'bound', 'pronk'))
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
# rewards and falls are of a floor at height 0
model=$(sed -n 's/^ *model: *\([^ ]*\).*/\1/p' "$go1/task.yaml")
other_floor() { # NAME REGEX REPLACEMENT
  mkdir -p "$1" && cp "$go1"/*.yaml "$1" && sed -E "s|$2|$3|" "$go1/$model" >"$1/$model" && ! cmp -s "$go1/$model" "$1/$model"
}
on_another_floor() { # NAME REGEX REPLACEMENT MESSAGE
  other_floor "$1" "$2" "$3" && refuses "$4" expert eval "./$1" "${small[@]}" --checkpoint a --walks 4 &&
    refuses "$4" expert train "./$1" "${small[@]}" --checkpoint d
}
check a_floor_above_0_is_refused on_another_floor high '(geom name="floor")' '\1 pos="0 0 0.4"' \
  'system.model: the floor is at height 0.4 m: .expert. needs it at height 0'
check a_slope_is_refused on_another_floor slope '(geom name="floor")' '\1 euler="0 0.2 0"' \
  'system.model: what cannot move and may be touched is not a horizontal plane alone'
gaits_without_a_walk() {
  exits_with 0 expert eval "$go1" "${small[@]}" --checkpoint a --walks 2 --seconds 2 --json && python3 - <<'PY'
import json
value = {(r['gait'], r['metric']): r for r in json.load(open('out'))['rows']}
for gait in 'bound', 'pronk':
    for metric in 'fall_rate', 'velocity_error', 'yaw_rate_error', 'contact_agreement':
        assert value[gait, metric]['value'] is None and value[gait, metric]['n'] == 0, value[gait, metric]
assert value['trot', 'fall_rate']['value'] == 0 and value['all', 'fall_rate']['n'] == 2
PY
}
check a_gait_without_a_walk_has_no_number gaits_without_a_walk
# commands that change in the middle of cycles leave some walks without a number, and those only
walks_without_a_cycle() {
  exits_with 0 expert eval "$go1" "${small[@]}" --quiet --checkpoint a --walks 16 --seconds 1.9 --renew 0.5 --json && [ ! -s err ] || return 1
  cp out some.json
  "$program" expert eval "$go1" "${small[@]:0:12}" --checkpoint a --walks 16 --seconds 1.9 --renew 0.5 --json >out 2>err || return 1
  cmp out some.json && python3 - <<'PY'
import json, re
value = {(r['gait'], r['metric']): r for r in json.load(open('out'))['rows']}
gaits = ['trot', 'pace', 'bound', 'pronk']
note = open('err').read()
found = re.search(r'note: (\d+) of 16 walks that did not fall have no whole cycle .*: walks? (.*)$', note, re.M)
without = [int(n) for n in re.findall(r'(\d+) \(', found[2])]
assert len(without) == int(found[1]) and 0 < len(without) < 16, note
for n, gait in re.findall(r'(\d+) \((\w+)\)', found[2]):
    assert gait == gaits[int(n) % 4]
for metric in 'velocity_error', 'yaw_rate_error':
    rows = [value[g, metric] for g in gaits]
    assert [r['n'] for r in rows] == [4 - sum(w % 4 == i for w in without) for i in range(4)], (rows, without)
    mean = sum(r['value'] * r['n'] for r in rows if r['n']) / sum(r['n'] for r in rows)
    assert abs(value['all', metric]['value'] - mean) < 1e-12 and value['all', metric]['n'] == 16 - len(without)
assert value['all', 'contact_agreement']['n'] == 16
PY
}
check walks_without_a_cycle_are_named_and_not_counted walks_without_a_cycle
# 130 as soon as it is asked for; without the signal these walks take minutes
ends_at_once() { # ARGUMENT...
  local code=0 start=$SECONDS
  timeout -s INT 1 "$program" expert "$@" --threads 1 2>err || code=$?
  [ "$code" -eq 124 ] && grep -q '^dynaflow: interrupted$' err && [ $((SECONDS - start)) -lt 30 ] || { echo "$code"; cat err; return 1; }
}
check an_evaluation_is_interrupted ends_at_once eval "$go1" "${small[@]}" --checkpoint a --walks 5000 --seconds 20
check a_collection_is_interrupted ends_at_once collect "$go1" "${small[@]}" --checkpoint a --episodes 5000 --out no.npz
check it_leaves_no_file eval '[ ! -e no.npz ]'

# ---- collect ----
collected() {
  exits_with 0 expert collect "$go1" "${small[@]}" --checkpoint a --episodes 2 --seconds 1 --renew 0.3 \
    --noise 0.05 --seed 2147483647 --out data.npz --json || return 1
  grep -q '^Written by `dynaflow expert collect`' data.card.md && grep -q "$(sha256sum <a | cut -c1-64)" data.card.md &&
    grep -q '^| expert.width | 8 |' data.card.md || { cat data.card.md; return 1; }
  for row in '--episodes | 2 |' '--seconds | 1 |' '--renew | 0.3 |' '--noise | 0.05 |' '--seed | 2147483647 |'; do
    grep -qF -- "| $row" data.card.md || { echo "no row $row in:"; cat data.card.md; return 1; }
  done
}
check walks_are_collected_with_a_card collected
walks_have_conditions() {
  PYTHONPATH=$packages python3 - <<'PY'
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
if PYTHONPATH=$packages python3 -c 'import numpy' 2>/dev/null; then
  check they_have_their_conditions walks_have_conditions
else
  skip they_have_their_conditions "Python in third_party/python has no numpy (ci/fetch-python.py third_party/python)"
fi
check the_simulator_reproduces_them exits_with 0 replay "$go1" --set data.source=file --set data.file=data.npz --data . \
  --set window.first=0 --set window.last=0 --set split.test_every=2
check a_policy_that_falls_gives_no_demonstrations refuses 'trot: only 0 of 2[0-9]* walks ended without a fall; train the policy longer' \
  expert collect "$go1" "${small[@]}" --set eval.fall_height=0.5 --checkpoint a --episodes 1 --seconds 1 --out no.npz
check another_name_is_refused refuses '--out x: the name must end in .npz' expert collect "$go1" --checkpoint a --out x
check nothing_is_written_then eval '[ ! -e no.npz ]'
# a place that cannot be written is found before walks that would take minutes
early() { timeout 30 "$program" expert "$@" --threads 1 >out 2>err; [ $? -eq 2 ] || { cat err; return 1; }; }
check a_place_in_a_file_is_refused_before early collect "$go1" "${small[@]}" --checkpoint a --episodes 5000 --out a/no.npz
check it_is_named grep -q '^dynaflow: a: ' err
mkdir folder.npz
check a_folder_is_refused_before early collect "$go1" "${small[@]}" --checkpoint a --episodes 5000 --out folder.npz
check the_folder_is_named grep -q '^dynaflow: folder.npz: is a folder$' err

# ---- options that the action does not use ----
unused() { # PATTERN ACTION OPTION VALUE
  refuses "$3 is only for \`${1//|/\\|}\`" expert "$2" "$go1" --checkpoint a --out x.npz "${@:3}" ||
    refuses "$3 is only for \`${1//|/\\|}\`" expert "$2" "$go1" --checkpoint a "${@:3}"
}
for option in '--walks 7' '--kick 0' '--kick 1'; do
  # shellcheck disable=SC2086
  check "collect_refuses_${option// /_}" unused 'expert eval` and `expert train --eval-every|--out' collect $option
done
for option in '--log l' '--eval-every 3'; do
  for action in eval collect; do
    # shellcheck disable=SC2086
    check "${action}_refuses_${option%% *}" unused 'expert train' $action $option
  done
done
for action in train eval; do
  check "${action}_refuses_--episodes" unused 'expert collect' $action --episodes 3
done
for option in --seconds --renew --noise; do
  check "train_refuses_$option" refuses "$option is only for \`expert eval\`, \`collect\` and \`train --eval-every\|--out\`" \
    expert train "$go1" --checkpoint a $option 2
done

check train_refuses_two_places refuses '\-\-checkpoint and --out cannot be combined: a run has the policy in checkpoints/' \
  expert train "$go1" --checkpoint a --out x
check train_needs_one refuses '\-\-checkpoint is missing: the file of the policy, or --out, the folder of a run' expert train "$go1"
check eval_writes_an_npz_file_only refuses '\-\-out x: the name must end in .npz' expert eval "$go1" --checkpoint a --out x
check a_policy_file_is_of_one_seed refuses 'one seed' expert train "$go1" --checkpoint a --seed 1,2

# ---- errors ----
another_bit() { # one bit of a weight
  python3 -c "
import struct
data = bytearray(open('a', 'rb').read())
data[8 + struct.unpack('<Q', data[:8])[0] + 503] ^= 0x40
open('bit', 'wb').write(data)"
  refuses 'bit: damaged: its tensors do not have the checksum that was written with them' expert eval "$go1" "${small[@]}" --checkpoint bit
}
check another_bit_is_refused another_bit
check another_observation_is_refused refuses 'a: trained with expert_observe.up = 3, but it is 2; use the settings it was trained with' \
  expert eval "$go1" "${small[@]}" --set expert_observe.up=2 --checkpoint a
check another_duration_of_actions_is_refused refuses 'a: trained with system.substeps = 5, but it is 4' \
  expert eval "$go1" "${small[@]}" --set system.substeps=4 --checkpoint a
check another_model_is_refused refuses 'a: trained with another model, or other system' \
  expert eval "$go1" "${small[@]}" --set system.solver=CG --checkpoint a
check no_policy_is_missing misses 'nowhere' expert eval "$go1" "${small[@]}" --checkpoint nowhere
echo text >text
check another_file_is_refused refuses 'text' expert eval "$go1" "${small[@]}" --checkpoint text
check a_list_of_another_length_is_refused refuses 'expert.height: got 4 numbers, expected one, or one per gait in expert.gaits \(1\)' \
  expert train "$go1" "${small[@]}" --set expert.gaits=trot --checkpoint d
check an_unknown_gait_is_refused refuses "expert.gaits: unknown gait 'gallop'" \
  expert train "$go1" "${small[@]}" --set expert.gaits=gallop --checkpoint d
check an_unknown_foot_is_refused refuses "eval.feet: the model has no geom 'XX'" \
  expert train "$go1" "${small[@]}" --set eval.feet=FR,FL,RR,XX --checkpoint d
check an_unknown_action_is_refused refuses "unknown action 'tran', did you mean 'train'" expert tran "$go1" --checkpoint d
check a_file_that_cannot_be_written_is_named refuses 'dynaflow: a: ' expert train "$go1" "${small[@]}" --checkpoint a/d
finish
