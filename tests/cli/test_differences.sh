#!/usr/bin/env bash
# Finite differences instead of an adjoint: refused unless requested, reported on standard error, counted in every result.
. tests/cli/check.sh

tasks=$scratch/tasks
mkdir "$tasks"
cp -r docs/examples/pendulum "$tasks"
(cd "$tasks/pendulum" && python3 make_data.py)
cp -r "$tasks/pendulum" "$tasks/exact"
sed -i 's/^\( *name: \)pendulum/\1exact/' "$tasks/exact/task.yaml"
sed -i 's/<option /<option noslip_iterations="2" /' "$tasks/pendulum/pendulum.xml"
grep -q noslip "$tasks/pendulum/pendulum.xml" || echo "not ok the_model_has_a_feature_without_an_adjoint"
differences=(--set system.gradient=differences)
small=(--profile smoke --set train.steps=4 --set eval.chains=0 --method dynaflow)

# tells PATTERN: standard error of the last run matches
tells() { grep -qE -- "$1" "$scratch/err" || { echo "no /$1/ in:"; cat "$scratch/err"; return 1; }; }
tells_nothing() { ! grep -q 'not exact' "$scratch/err"; }

# ---- refused by default; the error names the setting that allows it ----

why='noslip has no exact adjoint: option noslip_iterations="2".*system.gradient = differences'
check gradcheck_refuses refuses "$why" gradcheck "$tasks/pendulum" --states 5 --rollouts 0
check train_refuses refuses "$why" train "$tasks/pendulum" --method dynaflow --checkpoint "$scratch/c"
check run_refuses refuses "$why" run "$tasks/pendulum" "${small[@]}" --out "$scratch/refused"
check a_refused_run_leaves_no_cell bash -c "! grep -q '\"cell\"' '$scratch/refused/events.jsonl'"
check an_unknown_gradient_is_refused refuses "system.gradient = 'some'" gradcheck "$tasks/pendulum" --set system.gradient=some

# ---- gradcheck ----

check a_check_of_differences_is_inconclusive exits_with 4 gradcheck "$tasks/pendulum" "${differences[@]}" --states 12 \
  --rollouts 2 --json
check gradcheck_warns tells 'the gradient is not exact: differenced: noslip \(option noslip_iterations="2"\)'
check gradcheck_counts python3 -c "
import json, sys
rows = {r['metric']: r for r in json.load(open(sys.argv[1]))['rows']}
assert rows['differenced_steps']['value'] == rows['differenced_steps']['n'] == 12
assert rows['error_median']['value'] is None and rows['error_median']['status'] != 'ok'" "$scratch/out"
check an_exact_model_is_checked_as_without_the_setting exits_with 0 gradcheck "$tasks/exact" "${differences[@]}" --states 12 --rollouts 2
check gradcheck_of_an_exact_model_prints_no_warning tells_nothing
check gradcheck_of_an_exact_model_counts_no_differenced_steps bash -c "! grep -q differenced '$scratch/out'"

# ---- training and runs ----

check train_exits_0 exits_with 0 train "$tasks/pendulum" "${small[@]}" "${differences[@]}" --checkpoint "$scratch/c"
check train_warns tells 'differenced: noslip'
check train_counts grep -qE 'adjoints of ([0-9]+) simulated actions: 0 approximate, \1 by finite differences' "$scratch/out"
check quiet_training_prints_no_warning bash -c "'$program' train '$tasks/pendulum' ${small[*]} ${differences[*]} --quiet \
  --checkpoint '$scratch/c' 2>&1 | { ! grep -q 'not exact'; }"

check run_exits_0 exits_with 0 run "$tasks/pendulum" "${small[@]}" "${differences[@]}" --out "$scratch/run"
check run_warns tells 'differenced: noslip'
check exact_run_exits_0 exits_with 0 run "$tasks/exact" "${small[@]}" --out "$scratch/exact"
check exact_run_prints_no_warning tells_nothing
check records_count_what_was_differenced python3 -c "
import json, sys
def cell(path):
    return next(r for r in map(json.loads, open(path + '/events.jsonl')) if r['type'] == 'cell')
def effort(r, name):
    return next(row['value'] for row in r['rows'] if row['metric'] == 'effort.' + name)
by_differences, exact = cell(sys.argv[1]), cell(sys.argv[2])
n = by_differences['training']['curves'][0]['adjoints']
assert n['steps'] == n['differenced'] > 0 and n['approximate'] == 0, n
assert effort(by_differences, 'differenced_steps') == n['differenced']
assert effort(by_differences, 'adjoint_steps') == n['steps']
assert by_differences['config']['system.gradient'] == 'differences'
m = exact['training']['curves'][0]['adjoints']
assert m['steps'] == n['steps'] and m['differenced'] == 0, m
assert effort(exact, 'differenced_steps') == 0" "$scratch/run" "$scratch/exact"
check the_records_are_valid exits_with 0 verify "$scratch/run" --tasks "$tasks"
# without contacts both simulate the same: their losses agree up to the error of the finite differences
check differences_train_as_the_adjoint_does python3 -c "
import json, sys
loss = [next(r for r in map(json.loads, open(p + '/events.jsonl')) if r['type'] == 'cell')['training']['curves'][0]['loss']
        for p in sys.argv[1:]]
assert len(loss[0]) == len(loss[1]) and all(abs(a - b) < 1e-5 * abs(a) for a, b in zip(*loss)), loss" "$scratch/run" "$scratch/exact"
# the setting is part of the key, the bound of the tape is not
check the_setting_is_in_the_key exits_with 0 run "$tasks/exact" "${small[@]}" "${differences[@]}" --out "$scratch/exact"
check a_cell_with_another_gradient_runs_again bash -c "! grep -q 'already done' '$scratch/err'"
check a_bounded_tape_is_the_same_cell exits_with 0 run "$tasks/exact" "${small[@]}" --set train.tape_mib=1 --out "$scratch/exact"
check a_cell_with_a_bounded_tape_is_already_done tells 'already done'
check a_tape_too_small_is_named refuses 'train.tape_mib = 1e-05: tape_bytes' train "$tasks/exact" "${small[@]}" \
  --set train.tape_mib=1e-5 --checkpoint "$scratch/c"
finish
