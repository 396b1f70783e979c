#!/usr/bin/env bash
# Experts as cells of a run: what their records have, that nothing is lost, and what report, verify, compare and gate make of
# them. Small networks and a few updates; the golden numbers are those of trainings of a second or two.
. tests/cli/check.sh
# slow

root=$PWD
go1=$root/tasks/go1_gaits
packages=$root/third_party/python
cd "$scratch" || exit 1
small=(--set expert.robots=4 --set expert.horizon=3 --set expert.width=8 --set expert.slices=2 --set expert.updates=30
  --walks 16 --seconds 2.2 --quiet)
train() { exits_with 0 expert train "$go1" "${small[@]}" "$@"; }
records() { python3 -c "import json, sys; print(sum(json.loads(l)['type'] == 'cell' for l in open(sys.argv[1])))" "$1/events.jsonl"; }

# ---- a cell per seed ----
check policies_are_trained_as_cells_of_a_run train --seed 1,2 --out r --threads 1 --json
check a_record_is_one_of_the_run eval '[ "$(records r)" -eq 2 ] && [ -z "$(ls r/training 2>/dev/null)" ]'
fields() {
  python3 - <<'PY'
import json
lines = [json.loads(l) for l in open('r/events.jsonl')]
plan, cells = lines[0], lines[1:]
assert plan['type'] == 'plan' and [c['seed'] for c in plan['cells']] == [1, 2]
assert [c['key'] for c in plan['cells']] == [c['key'] for c in cells]
for c in cells:
    assert c['method'] == 'expert_shac' and c['status'] == 'done' and c['profile'] == 'full'
    assert c['trials'].startswith('walks 16 seconds 2.2') and c['provenance']['cpu'] and c['config']['expert.updates'] == '30'
    row = {r['metric']: r for r in c['rows']}
    assert row['effort.updates']['value'] == 30 and row['effort.actions']['value'] == 360 and row['effort.lost']['value'] == 0
    assert row['fall_rate']['n'] == 16 and row['fall_rate.trot']['n'] == 4
    assert sum(m.startswith('cost.') for m in row) == 13
    curve = c['learning']
    assert curve['update'] == list(range(1, 31)) and curve['steps'][-1] == 360 and c['train_cpu_s'] == curve['cpu_s'][-1] > 0
assert cells[0]['windows_sha256'] == cells[1]['windows_sha256'] and cells[0]['samples'] != cells[1]['samples']
shown = json.load(open('out'))['rows']
assert shown == [dict({k: c[k] for k in ('task', 'method', 'seed', 'profile')}, **r) for c in cells for r in c['rows']]
PY
}
check it_has_key_walks_and_learning_curve fields
check verify_finds_nothing_wrong exits_with 0 verify r --tasks "$root/tasks"

# ---- the numbers, by another program ----
same_policy() { # the weights are those of a training into a file, and its walks those of `eval` with the seed of the records
  local file
  file=$(python3 -c "import json; print([json.loads(l) for l in open('r/events.jsonl')][-1]['training']['checkpoint'])")
  exits_with 0 expert train "$go1" "${small[@]:0:10}" --seed 2 --checkpoint w --quiet && cmp w "r/$file" &&
    exits_with 0 expert eval "$go1" "${small[@]}" --checkpoint w --seed 0 --out walks.npz
}
check it_is_the_policy_of_a_training_into_a_file same_policy
if PYTHONPATH=$packages python3 -c 'import numpy, mujoco' 2>/dev/null; then
  # some robots fall and some do not: those of the untrained policy stand, kicked ones fall
  check kicked_walks_are_recorded train --seed 2 --kick 1.5 --renew 0.8 --out kicked
  check and_written exits_with 0 expert eval "$go1" "${small[@]}" --kick 1.5 --renew 0.8 --checkpoint w --seed 0 --out kicked.npz
  recomputed() { PYTHONPATH=$packages python3 "$root/tests/cli/expert_walks.py" kicked.npz kicked/events.jsonl "$go1/go1.xml"; }
  check python_finds_the_same_numbers recomputed
else
  skip python_finds_the_same_numbers "Python in third_party/python has no numpy or mujoco (ci/fetch-python.py third_party/python)"
fi

# ---- repeated, changed, interrupted ----
repeated() { cp -r r again && exits_with 0 expert train "$go1" "${small[@]:0:14}" --seed 1,2 --out again && grep -q 'seed 2: already done' err &&
  grep -q '^0 run, 2 already done, 0 failed' out && cmp r/events.jsonl again/events.jsonl; }
check a_cell_that_is_done_is_not_trained_again repeated
other_settings() { # each of these makes another cell
  rm -rf other && cp -r r other || return 1
  local n=2
  for change in '--set expert.rate=0.001' '--walks 12' '--kick 1' '--set eval.fall_height=0.2' '--set expert.method=apg' '--seed 3'; do
    # shellcheck disable=SC2086
    train --out other --seed 1 $change || return 1
    n=$((n + 1))
    [ "$(records other)" -eq $n ] || { echo "$change is not another cell"; return 1; }
  done
  # and these do not: places, threads, settings of other methods
  train --out other --seed 1 --threads 2 && train --out other --seed 1 --set train.steps=7 && [ "$(records other)" -eq $n ]
}
check what_changes_numbers_makes_another_cell other_settings
interrupted() {
  local long=(--set expert.updates=1500 --set expert.critic_steps=1 --threads 1 --walks 4 --seconds 1)
  train "${long[@]}" --out whole || return 1
  timeout -s INT 1 "$program" expert train "$go1" "${small[@]}" "${long[@]}" --out parts 2>err
  [ $? -eq 124 ] && grep -q 'interrupted; what is done is kept in parts' err || { cat err; return 1; }
  ls parts/training/*/policy.state parts/training/*/policy.jsonl || return 1
  train "${long[@]}" --out parts && python3 - <<'PY'
import json
whole, parts = ([json.loads(l) for l in open(f'{d}/events.jsonl')] for d in ('whole', 'parts'))
assert [r.get('status') for r in parts] == [None, 'interrupted', 'done'], [r.get('status') for r in parts]
a, b = whole[-1], parts[-1]
assert a['key'] == b['key'] and a['rows'] == b['rows'] and a['samples'] == b['samples']
assert a['training']['checkpoint_sha256'] == b['training']['checkpoint_sha256']
for name in ('update', 'steps', 'reward', 'falls', 'velocity_error'): assert a['learning'][name] == b['learning'][name], name
assert len(b['learning']['update']) == 200 and b['learning']['update'][-1] == 1500
PY
  [ -z "$(ls parts/training 2>/dev/null)" ] && exits_with 0 verify parts --tasks "$root/tasks"
}
check an_interrupted_cell_ends_with_the_same_numbers interrupted
# a log that a crash has cut: the training begins anew
lost_log() {
  timeout -s INT 1 "$program" expert train "$go1" "${small[@]}" --set expert.updates=1500 --set expert.critic_steps=1 --threads 1 --out cut 2>err
  sed -i '1,3d' cut/training/*/policy.jsonl
  refuses 'update 1 of 1500 is missing, as after a crash' expert train "$go1" "${small[@]}" --set expert.updates=1500 \
    --set expert.critic_steps=1 --out cut && [ ! -e cut/training ] && grep -q '"status":"error"' cut/events.jsonl
}
check a_curve_with_a_hole_is_no_record lost_log
# no room for the record: the policy is kept, and the next command records it without training
full_disk() {
  mkdir -p full && ln -s /dev/full full/events.jsonl
  refuses 'full/events.jsonl: a symbolic link' expert train "$go1" "${small[@]}" --out full || return 1
  rm full/events.jsonl
  (ulimit -f 8; "$program" expert train "$go1" "${small[@]}" --seed 1 --out full 2>err) && { echo "it was written"; return 1; }
  train --seed 1 --out full && [ "$(records full)" -ge 1 ] && exits_with 0 verify full --tasks "$root/tasks"
}
check a_full_disk_loses_nothing full_disk

# ---- report and compare ----
several() { for m in apg ppo; do train --set expert.method=$m --seed 1,2 --out r || return 1; done; }
check other_methods_join_the_run several
reported() {
  exits_with 0 report r || exits_with 3 report r || return 1 # without gnuplot
  grep -q '^go1_gaits, experts, profile full, 6 of 6 cells done$' out && grep -q '^| SHAC | pace | 2 | ' r/report/tables.md &&
    grep -q '^| PPO | pronk | 2 | ' r/report/tables.md && ! grep -q 'Statistics over seeds' r/report/tables.md &&
    [ -s r/report/plots/go1_gaits-full-experts-learning.gp ] && [ -s r/report/plots/go1_gaits-full-experts-cost-learning.dat ]
}
check they_have_tables_of_their_own reported
table_is_right() {
  python3 - <<'PY'
import json
cells = [json.loads(l) for l in open('r/events.jsonl')]
cells = [c for c in cells if c['type'] == 'cell']
line = [l for l in open('r/report/tables.md') if l.startswith('| PPO | bound |')][0].split('|')
values = [next(r['value'] for r in c['rows'] if r['metric'] == 'reward.bound') for c in cells if c['method'] == 'expert_ppo']
assert len(values) == 2
mean, rest = line[-2].split()[0], line[-2][line[-2].index('[') + 1:line[-2].index(']')].split(', ')
for shown, value in zip([mean] + rest, [sum(values) / 2, min(values), max(values)]):
    assert abs(float(shown) - value) <= 0.006 * max(1, abs(value)), (line, values)
PY
}
check the_table_has_mean_and_range_of_the_seeds table_is_right
curves_are_right() {
  python3 - <<'PY'
import json
cells = [c for c in map(json.loads, open('r/events.jsonl')) if c['type'] == 'cell']
for figure, x in ('learning', 'steps'), ('cost-learning', 'cpu_s'):
    blocks = [b for b in open(f'r/report/plots/go1_gaits-full-experts-{figure}.dat').read().split('\n\n\n') if b.strip()]
    assert len(blocks) == 6
    for block, method in zip(blocks[1::2], ('shac', 'apg', 'ppo')):
        head, *points = block.strip().splitlines()
        assert head.startswith(f'# falls per 1000 actions, expert_{method}: x, mean, smallest and largest of 2 seeds'), head
        curves = [c['learning'] for c in cells if c['method'] == f'expert_{method}']
        assert len(points) == 30
        for i, point in enumerate(points):
            at, mean, lo, hi = map(float, point.split())
            falls = [c['falls'][i] / 12 * 1000 for c in curves]
            wanted = [sum(c[x][i] for c in curves) / 2 / (1000 if x == 'steps' else 1), sum(falls) / 2, min(falls), max(falls)]
            assert all(abs(a - b) <= 1e-6 * (1 + abs(b)) for a, b in zip((at, mean, lo, hi), wanted)), (point, wanted)
PY
}
check the_curves_are_those_of_the_records curves_are_right
compared() {
  run compare r --tasks "$root/tasks" --method expert_shac,expert_ppo --json
  [ "$code" -eq 4 ] && python3 - <<'PY'
import json
rows = {r['metric']: r for r in json.load(open('out'))['rows']}
cells = [c for c in map(json.loads, open('r/events.jsonl')) if c['type'] == 'cell']
mean = {m: sum(sum(s['values']) / 16 for c in cells if c['method'] == f'expert_{m}' for s in c['samples'] if s['metric'] == 'reward') / 2
        for m in ('shac', 'ppo')}
assert abs(rows['reward']['value'] - (mean['shac'] - mean['ppo'])) < 1e-12, (rows['reward'], mean)
PY
}
check two_experts_are_compared_on_the_same_walks compared

# ---- verify: contradictions ----
contradicts() { # CHECK DETAIL CHANGE: of the cell c
  rm -rf wrong && cp -r kept wrong && python3 "$root/tests/cli/seal.py" wrong/events.jsonl "c = cells[0]
row = lambda m: next(r for r in c['rows'] if r['metric'] == m)
value = lambda m: next(s['values'] for s in c['samples'] if s['metric'] == m)
$3" || return 1
  exits_with 1 verify wrong --tasks "$root/tasks" && grep -E "^$1 .*failed" out | grep -qE "$2" || { cat out; return 1; }
}
check walks_with_falls_are_kept train --seed 1,2 --kick 1.5 --set expert.updates=4 --out kept
check half_a_fall_is_found contradicts walks 'value 0 .samples. is 0.5, expected 0 or 1' "value('fall_rate')[0] = .5"
check an_error_of_a_fallen_robot_is_found contradicts walks 'fell .fall_rate., but has the velocity_error 0.1' \
  "value('velocity_error')[value('fall_rate').index(1)] = .1"
check another_mean_of_a_gait_is_found contradicts walks 'reward.pace: the value is' "row('reward.pace')['value'] += 1e-6; row('reward.pace')['hi'] += 1"
check another_mean_of_all_is_found contradicts samples 'contact_agreement at K = 0: the value is' "row('contact_agreement')['value'] *= .999"
check another_interval_is_found contradicts samples 'fall_rate at K = 0: the interval is' "row('fall_rate')['lo'] -= .01"
check another_cost_is_found contradicts walks 'the reward is .*, but expert.alive, 2, minus the costs' "row('cost.height')['value'] += 1e-3; row('cost.height')['hi'] += 1"
check fewer_updates_are_found contradicts walks 'effort.updates is 3, but the settings .expert.\*. give 4' "row('effort.updates')['value'] = 3"
check a_gait_out_of_turn_is_found contradicts walks 'walk 1 is of gait 0, but the 4 gaits take turns' "c['windows']['group'][1] = 0"
check a_shorter_curve_is_found contradicts walks 'the learning curve ends at update 3 of 4' "for k in c['learning']: c['learning'][k].pop()"
check another_time_is_found contradicts walks 'the learning curve ends after' "c['train_cpu_s'] *= 2"
check time_that_runs_back_is_found contradicts walks 'point 3 of the learning curve: its CPU time decreases' "c['learning']['cpu_s'][3] = 0"
check lost_values_are_found contradicts samples 'reward at K = 0: its single values .samples. are missing' \
  "c['samples'] = [s for s in c['samples'] if s['metric'] != 'reward']"
check other_start_states_are_found contradicts windows 'measured on different start states' "c['windows_sha256'] = '0' * 64"
tampered() { sed 's/"effort.lost","k":0,"value":0/"effort.lost","k":0,"value":1/' kept/events.jsonl >changed && rm -rf wrong && cp -r kept wrong &&
  cp changed wrong/events.jsonl && ! cmp -s changed kept/events.jsonl && exits_with 2 verify wrong --tasks "$root/tasks"; }
check a_changed_record_is_found tampered

# ---- the gate ----
# a task of its own with a profile as small as these trainings, so that its golden numbers cost nothing
mkdir -p tasks/dog golden && cp "$go1/go1.xml" tasks/dog && sed -e 's/^  name: .*/  name: dog/' "$go1/task.yaml" >tasks/dog/task.yaml
python3 - <<'PY'
text = open('tasks/dog/task.yaml').read()
head, profiles = text.split('\nprofiles:\n', 1)
open('tasks/dog/task.yaml', 'w').write(head + '\nprofiles:\n  tiny:\n    expert: {robots: 4, horizon: 3, width: 8, slices: 2, updates: 20}\n' + profiles)
PY
band() { echo "  - {metric: $1, method: expert_$2, profile: tiny, $3, reason: because}"; }
bands() { printf 'task_version: 1\nmujoco: 3.17\nbands:\n%s\neffort:\n  - {profile: tiny, percent: 0, reason: because}\n' "$1" >tasks/dog/expect.yaml; }
honest="$(band reward shac 'relative: 0.1')
$(band fall_rate shac 'at_most: 1')
$(band contact_agreement ppo 'at_least: 0.1')"
bands "$honest"
tiny() { exits_with 0 expert train dog --tasks tasks --profile tiny --walks 8 --seconds 2.2 --quiet "$@"; }
both() { tiny --seed 1,2 --out "$1" && tiny --seed 1,2 --set expert.method=ppo --out "$1"; }
gate() { run gate "$1" --tasks tasks --against golden --verbose --json; }
gates() { # CODE STATUS METRIC FOLDER: the exit code, and a verdict
  gate "$4"
  [ "$code" -eq "$1" ] || { echo "exit code $code, not $1"; cat out err; return 1; }
  python3 -c "
import json, sys
rows = json.load(open('out'))['rows']
assert any(r['status'] == sys.argv[1] and r['metric'] == sys.argv[2] for r in rows), [(r['status'], r['metric'], r['detail']) for r in rows]" "$2" "$3"
}
check a_tiny_run both g
check without_a_golden_table_something_is_missing gates 3 missing reward g
check it_is_accepted exits_with 0 gate g --tasks tasks --against golden --accept --reason 'the first'
check its_table_is_one_of_experts eval '[ -s golden/dog-tiny-experts.csv ] && grep -q "^dog,expert_ppo,2,tiny,reward.bound," golden/dog-tiny-experts.csv'
check the_same_run_holds gates 0 held reward g
repeated_run() { both g2 && gates 0 held reward g2 && python3 -c "
import json
rows = [r for r in json.load(open('out'))['rows'] if r['metric'] == 'reward' and r['status'] == 'held']
assert rows and all(abs(r['value'] - r[end]) <= 1e-12 for r in rows for end in ('lo', 'hi')), rows"; }
check a_repeated_training_has_the_same_numbers repeated_run
fixture() { # CODE STATUS METRIC CHANGE: of a copy of the golden table
  cp golden/dog-tiny-experts.csv honest.csv && python3 - "$4" <<'PY' && gates "$1" "$2" "$3" g
import sys
lines = open('golden/dog-tiny-experts.csv').read().splitlines()
def put(start, value):
    for i, l in enumerate(lines):
        if l.startswith(start): lines[i] = ','.join(l.split(',')[:6] + [str(value)] + l.split(',')[7:])
exec(sys.argv[1])
open('golden/dog-tiny-experts.csv', 'w').write('\n'.join(lines) + '\n')
PY
  local result=$?
  cp honest.csv golden/dog-tiny-experts.csv
  return $result
}
check a_reward_that_falls_regresses fixture 1 regressed reward "put('dog,expert_shac,1,tiny,reward,', 9); put('dog,expert_shac,2,tiny,reward,', 9)"
check work_that_changes_regresses fixture 1 regressed effort.actions "put('dog,expert_ppo,1,tiny,effort.actions,', 1); put('dog,expert_ppo,2,tiny,effort.actions,', 1)"
check a_lost_method_is_missing fixture 3 missing golden "lines = [l for l in lines if ',expert_ppo,' not in l]"
check a_lost_seed_is_missing fixture 3 missing golden "lines = [l for l in lines if ',expert_ppo,2,' not in l]"
check a_number_that_the_run_lacks_is_missing fixture 3 missing cost.wings "lines.append('dog,expert_shac,1,tiny,cost.wings,0,1,1,8,,,ok')"
check other_walks_are_not_comparable fixture 5 'not comparable' golden "lines = [l if not l.startswith('# windows') else '# windows: ' + 'f' * 64 for l in lines]"
limits() { bands "$honest
$(band contact_agreement shac "$2")" && gates "$1" "$3" contact_agreement g; local result=$?; bands "$honest"; return $result; }
check a_limit_that_is_broken_regresses limits 1 'at_least: 1' regressed
check a_limit_of_a_method_without_cells_is_missing eval "bands \"\$honest
\$(band reward apg 'at_least: 0')\"; gates 3 missing reward g; code=\$?; bands \"\$honest\"; [ \$code -eq 0 ]"
longer() { rm -rf g3 && tiny --seed 1,2 --set expert.updates=21 --out g3 && tiny --seed 1,2 --set expert.method=ppo --out g3 && gates 5 'not comparable' settings g3; }
check a_longer_training_is_not_comparable longer
half() { rm -rf g4 && cp -r g g4 && sed -i '$d' g4/events.jsonl && gates 3 missing verify.plan g4; }
check a_missing_cell_is_missing half
beside() { # limits of other methods are not those of experts
  bands "$honest
  - {metric: tre, method: kinematic_fm, profile: tiny, at_most: 1, reason: because}" && gates 0 held reward g; local result=$?; bands "$honest"; return $result
}
check limits_of_other_methods_are_theirs beside

# ---- the golden numbers of the Go1 ----
brief() {
  for m in shac ppo; do
    exits_with 0 expert train go1_gaits --tasks "$root/tasks" --profile expert_brief --set expert.method=$m --walks 16 --seconds 4 --seed 1,2 \
      --out brief --quiet || return 1
  done
  exits_with 0 gate brief --tasks "$root/tasks"
}
check a_short_training_of_the_go1_holds brief
finish
