#!/usr/bin/env bash
# tasks/sweeps.sh, shortened, on the task of the tests: one run per value, the same test windows, tables that hold the
# numbers of the records.
. tests/cli/check.sh

export DYNAFLOW=$program METHODS=kinematic_fm_idm,action_fm
small=(--set data.episodes=10 --set train.steps=4 --set inverse.steps=4 --set eval.windows=4 --set eval.chains=4
  --set eval.sae_windows=0 --set eval.sampler_steps=1 --set eval.chain_seconds=0.4 --data "$scratch/data" --threads 1)
mkdir "$scratch/data"
sweep() { OUT=$scratch/${folder:-$1} VALUES=$2 tasks/sweeps.sh go1_gaits "$1" demo "$3" "${small[@]}" --quiet "${@:4}" >"$scratch/out" 2>"$scratch/err"; }
exits() { # exits CODE COMMAND...
  local wanted=$1 code=0
  shift
  "$@" || code=$?
  [ "$code" -eq "$wanted" ]
}
# numbers SWEEP KEY VALUE=SETTING...: the table is that of the records, and all runs have the same test windows
numbers() { python3 - "$scratch" "$@" <<'P'
import csv, json, sys
folder, sweep, key, *values = sys.argv[1:]
table = {}
for r in csv.DictReader(open(f'{folder}/{sweep}/sweep.csv')):
    table[r['value'], r['method'], r['metric'], r['k']] = r
count, windows, tre = 0, set(), set()
for pair in values:
    value, setting = pair.split('=')
    cells = [r for r in map(json.loads, open(f'{folder}/{sweep}/{value}/events.jsonl')) if r['type'] == 'cell']
    seeds = {r['seed'] for r in cells}
    windows |= {r['windows_sha256'] for r in cells}
    assert all(r['config'][key] == setting for r in cells), [r['config'][key] for r in cells]
    for method in ('kinematic_fm_idm', 'action_fm'):
        mine = [r for r in cells if r['method'] == method]
        for row in mine[0]['rows']:
            if row['value'] is None: continue
            of = [x['value'] for r in mine for x in r['rows'] if (x['metric'], x['k']) == (row['metric'], row['k'])]
            got = table[value, method, row['metric'], str(row['k'])]
            for name, right in (('mean', sum(of) / len(of)), ('min', min(of)), ('max', max(of))):
                assert abs(float(got[name]) - right) <= 1e-8 * max(abs(right), 1e-3), (value, method, row['metric'], name, got, of)
            assert int(got['seeds']) == len(of) == len(seeds) and got['failed'] == '0', got
            count += 1
            if row['metric'] == 'tre_open_loop': tre.add((method, got['mean']))
assert count > 20 and len(tre) == 2 * len(values), (count, tre)
assert len(windows) == 1, windows
P
}
check low_data_runs sweep low_data '1 4 99 all' 1,2
check a_value_that_the_task_has_not_is_left_out grep -q 'train.episodes = 99: more than the task has' "$scratch/err"
check its_table_is_that_of_the_records numbers low_data train.episodes 1=1 4=4 all=0
check its_figure_has_a_line_per_method bash -c "grep -q 'kinematic_fm_idm' '$scratch/low_data/sweep.svg' && grep -q 'action_fm' '$scratch/low_data/sweep.svg'"
check its_page_has_a_row_per_method bash -c "grep -c '^| .kinematic_fm_idm. |' '$scratch/low_data/sweep.md' | grep -qx 3"
check windows_are_counted bash -c "'$program' data info go1_gaits --profile demo --set data.episodes=10 --set train.episodes=2 --data '$scratch/data' | grep -q 'trained on .* 1[0-9]* *windows (train.episodes)'"
check noise_runs sweep noise '0 0.5' 1
check its_numbers_are_those_of_the_records numbers noise train.noise 0=0 0.5=0.5
METHODS=kinematic_fm_idm,action_fm,random_action check horizon_runs sweep horizon '4 8 400' 1
check a_horizon_beyond_the_episodes_is_left_out grep -q 'window.horizon = 400: too long' "$scratch/err"
check of_it_there_is_no_run test ! -e "$scratch/horizon/400"
check its_numbers_are_those_of_the_records_too numbers horizon window.horizon 4=4 8=8
# random_action has K 0, the others 1
check its_figure_has_a_point_per_method_and_value bash -c "grep -c '^[12] ' '$scratch/horizon/sweep.dat' | grep -qx 18 && ! grep -q nan '$scratch/horizon/sweep.dat'"
check its_page_has_them_in_one_table python3 - "$scratch/horizon" <<'P'
import csv, sys
rows = {(r['method'], r['metric'], r['value']): r for r in csv.DictReader(open(sys.argv[1] + '/sweep.csv'))}
text = open(sys.argv[1] + '/sweep.md').read()
assert 'K = 0' not in text and text.count('K = 1,') == 3, text
for part in text.split('\n`')[1:]:
    metric = part.split('`')[0]
    lines = {l.split('`')[1]: [c.strip() for c in l.split('|')[2:4]] for l in part.split('\n') if l.startswith('| `')}
    assert lines == {m: ['%.3g' % float(rows[m, metric, v]['mean']) for v in ('4', '8')] for m in ('kinematic_fm_idm', 'action_fm', 'random_action')}, (lines, metric)
P
# metrics that there are not, before anything is trained, and one that no method has
METRICS=tre_openloop check an_unknown_metric_ends_it exits 2 sweep horizon 4 7
check it_is_named grep -qF "unknown metric 'tre_openloop', see \`dynaflow list metrics\`" "$scratch/err"
METHODS=random_action METRICS=goal_reached,tre_open_loop.base_pos check a_metric_without_rows exits 1 sweep horizon 4 1
check is_named grep -q '^goal_reached: no method of this sweep has it' "$scratch/err"
check the_part_of_a_metric_is_shown grep -q '^`tre_open_loop.base_pos' "$scratch/horizon/sweep.md"
METHODS=random_action METRICS=goal_reached check no_metric_with_rows exits 1 sweep horizon 4 1
check the_old_figure_is_gone test ! -e "$scratch/horizon/sweep.svg"
check and_not_announced bash -c "! grep -q 'sweep.svg, and a run' '$scratch/out' && grep -q 'gnuplot did not draw' '$scratch/err'"
# a method that refuses is counted, and the others have their numbers
METHODS=action_fm,nonesuch check an_unknown_method_ends_it exits 2 sweep horizon 4 1
folder=refused METHODS=action_fm,bc check a_method_that_refuses_is_a_result sweep horizon 4 1 --set flow.prediction=noise
check it_is_counted python3 - "$scratch/refused/sweep.csv" <<'P'
import csv, sys
rows = list(csv.DictReader(open(sys.argv[1])))
failed = {r['method']: r for r in rows}
assert failed['action_fm']['failed'] == '1' and failed['action_fm']['mean'] == '', failed['action_fm']
assert failed['bc']['failed'] == '0' and failed['bc']['mean'] != '', failed['bc']
P
check a_refused_run_ends_it exits 2 sweep horizon 4 1,1
check it_shows_no_table bash -c "! grep -q 'written to' '$scratch/out'"
check other_options_are_refused exits 2 sweep horizon 4 1 --set eval.seed=3
check they_are_named grep -q 'another task, profile or options' "$scratch/err"
check an_unknown_sweep_is_refused exits 2 tasks/sweeps.sh go1_gaits nothing
check options_of_run_alone_are_refused exits 2 tasks/sweeps.sh go1_gaits noise demo 1 --cell-seconds 600
check noise_hides_a_leak refuses 'train.noise = 0.5 hides which demonstrations eval.profile = transitions' run go1_gaits --profile demo --method random_action --set train.noise=0.5 --set eval.profile=transitions "${small[@]}"
finish
