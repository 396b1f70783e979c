#!/usr/bin/env bash
# verify: an honest record passes, and each check has a record that must fail.
. tests/cli/check.sh
# slow

# verdict CODE CHECKS BEFORE [AFTER]: a run with these changes gives this exit code, by findings of these checks alone
verdict() {
  local wanted=$1 name=$2
  rm -rf "$scratch/run"
  python3 -S tests/cli/synthetic_run.py "$scratch/run" "$3" "${4:-}" || return 1
  exits_with "$wanted" verify "$scratch/run" --json || return 1
  python3 -S -c "
import json, sys
document = json.load(open(sys.argv[1]))
said = {r['check'] for r in document['rows'] if r['status'] not in ('ok', 'not checked', 'warning')}
assert said == set(sys.argv[2].split()), said" "$scratch/out" "$name"
}
# warns CHECK BEFORE [AFTER]
warns() {
  verdict 0 '' "$2" "${3:-}" && python3 -c "
import json, sys
rows = json.load(open(sys.argv[1]))['rows']
assert [r for r in rows if r['check'] == sys.argv[2] and r['status'] == 'warning'], rows" "$scratch/out" "$1"
}

check an_honest_run_passes verdict 0 '' ''
# a synthetic run has neither checkpoints nor curves nor replays
check every_check_that_can_looked_at_something python3 -c "
import json, sys
rows = json.load(open(sys.argv[1]))['rows']
assert len(rows) == 28 and {r['check'] for r in rows if r['status'] != 'ok'} == {'checkpoints', 'training', 'counters', 'curves', 'limits', 'counts', 'related', 'chains', 'replay', 'drawn', 'weights', 'unshown', 'walks'}, rows" "$scratch/out"
before=$(sha256sum "$scratch/run/events.jsonl")
run verify "$scratch/run"
check verify_changes_nothing [ "$before" = "$(sha256sum "$scratch/run/events.jsonl")" ]
check verify_leaves_no_file [ "$(ls -A "$scratch/run")" = events.jsonl ]

check a_record_of_the_future_is_a_warning warns record '' "c = at('dynaflow', 1); c['started'] = '2999-01-01T00:00:00Z'; seal(c)"

# ---- altered records ----

check an_edited_number_is_tampering verdict 2 'record samples' '' "row('dynaflow', 2, 'tre')['value'] = 0.2"
check the_last_bit_of_a_number_is_tampering verdict 2 record '' "r = row('dynaflow', 2, 'tre'); r['value'] *= 1 + 2**-52"
check a_removed_seal_is_tampering verdict 2 record '' "del at('dynaflow', 2)['record_sha256']"
check an_edited_number_without_a_seal_is_tampering verdict 2 'record samples' '' \
  "row('dynaflow', 2, 'tre')['value'] = 0.2; del at('dynaflow', 2)['record_sha256']"
check a_plan_without_a_seal_is_tampering verdict 2 record '' "del plan['record_sha256']"
check an_edited_setting_is_tampering verdict 2 'record key' '' "at('dynaflow', 1)['config']['train.steps'] = '200'"
check an_edited_setting_is_seen_by_its_key_alone verdict 2 key '' \
  "at('dynaflow', 1)['config']['train.steps'] = '200'; seal(at('dynaflow', 1))"
for field in model:compiled_sha256 data_set:data_sha256; do
  check "another_${field%%:*}_is_seen_by_the_key" verdict 2 'key identity' '' \
    "c = at('dynaflow', 1); c['${field##*:}'] = sha256('other'); seal(c)"
done
check another_mujoco_is_seen_by_the_key verdict 2 'key identity' '' \
  "c = at('dynaflow', 1); c['provenance']['mujoco'] = '3.16.0'; seal(c)"
check another_blas_is_seen_by_the_key verdict 2 key '' \
  "c = at('dynaflow', 1); c['provenance']['blas']['kernel'] = 'Haswell'; seal(c)"
check words_do_not_change_a_key verdict 0 '' '' "c = at('dynaflow', 1); c['config']['task.title'] = 'other'; seal(c)"
check one_key_for_two_cells_is_tampering verdict 2 'record key plan planned unique' '' "at('dynaflow', 2)['key'] = at('dynaflow', 1)['key']"
check keys_that_cannot_be_computed_again_are_a_warning warns key '' \
  "for c in cells: del c['compiled_sha256']; seal(c)"

# a record against results/schema.json; where there is a validator, it must refuse the same records
agree() { # agree WANTED: the validator refuses the record, or does not
  python3 -c 'import jsonschema' 2>/dev/null || return 0
  python3 -c "
import json, jsonschema, sys
schema = json.load(open('results/schema.json'))
validator = jsonschema.Draft202012Validator(schema)
fine = all(validator.is_valid(json.loads(line)) for line in open(sys.argv[1]))
assert fine == (sys.argv[2] == 'fine'), 'results/schema.json says otherwise'" "$scratch/run/events.jsonl" "$1"
}
against_schema() { verdict 2 "$@" && agree refused; }
check a_record_without_status_is_refused against_schema 'schema plan' "del at('dynaflow', 1)['status']"
check a_record_with_an_unknown_status_is_refused against_schema 'schema plan' "at('dynaflow', 1)['status'] = 'fine'"
check a_done_record_without_rows_is_refused against_schema 'schema numbers' "del at('dynaflow', 1)['rows']"
check a_done_record_without_training_is_refused against_schema schema "del at('dynaflow', 1)['training']"
check a_row_without_unit_is_refused against_schema 'schema units' "del row('dynaflow', 1, 'tre')['unit']"
check a_value_that_is_text_is_refused against_schema 'schema numbers' "row('dynaflow', 1, 'tre')['value'] = '0.2'"
check a_negative_seed_is_refused against_schema 'schema key' "at('dynaflow', 1)['seed'] = -1"
check a_hash_of_other_letters_is_refused against_schema schema "at('dynaflow', 1)['model_sha256'] = 'abc'"
check provenance_without_a_compiler_is_refused against_schema schema "del at('dynaflow', 1)['provenance']['compiler']"
check a_setting_that_is_a_number_is_refused against_schema 'schema key' '' "c = at('dynaflow', 1); c['config']['train.steps'] = 100; seal(c)"
check a_plan_without_cells_is_refused against_schema 'schema planned' '' "del plan['cells']; seal(plan)"
check the_line_and_field_are_named bash -c "grep -q 'line 1: cells is missing' '$scratch/out'"
against_schema_honest() { verdict 0 '' "checkpoint(at('dynaflow', 1))" && agree fine; }
check the_schema_file_takes_the_honest_run against_schema_honest

# ---- completeness ----

check a_cell_that_was_never_run_is_incomplete verdict 3 plan "cells.remove(at('dynaflow', 3))"
check a_cell_that_failed_is_incomplete verdict 3 plan "at('dynaflow', 3).update(status='error', reason='no memory')"
check the_reason_of_a_failed_cell_is_reported grep -q 'error: no memory' "$scratch/out"
check an_interrupted_cell_is_incomplete verdict 3 plan "at('dynaflow', 3).update(status='interrupted', reason='')"
check a_diverged_cell_is_a_failure verdict 1 plan "at('dynaflow', 3).update(status='diverged', reason='loss is not finite')"
check a_record_without_a_plan_is_incomplete verdict 3 plan '' 'records.remove(plan)'
check an_empty_plan_is_incomplete verdict 3 'plan' 'cells.clear(); planned.clear()'
check a_cell_of_other_settings_does_not_stand_in verdict 3 'plan planned' '' "plan['cells'][0]['key'] = sha256('others'); seal(plan)"
check a_cell_that_failed_and_then_was_done_is_whole verdict 0 '' "cells.insert(0, dict(at('dynaflow', 1), status='error', reason='x'))"
check a_cell_that_was_done_twice_is_a_failure verdict 1 unique "cells.append(dict(at('dynaflow', 1)))"

# ---- checkpoints ----

check a_checkpoint_as_recorded_passes verdict 0 '' "checkpoint(at('dynaflow', 1))"
check a_missing_checkpoint_is_incomplete verdict 3 checkpoints "checkpoint(at('dynaflow', 1)); os.remove(folder + '/dynaflow-1.safetensors')"
check another_checkpoint_is_tampering verdict 2 checkpoints "checkpoint(at('dynaflow', 1)); open(folder + '/dynaflow-1.safetensors', 'w').write('other')"

# ---- numbers ----

check no_number_without_a_reason_is_a_failure verdict 1 numbers "row('dynaflow', 1, 'tre')['value'] = None"
check no_number_with_a_reason_is_a_result verdict 0 '' "row('dynaflow', 1, 'tre').update(value=None, lo=None, hi=None, status='3 of 16 not finite')"
check a_number_of_nothing_is_a_failure verdict 1 numbers "row('dynaflow', 1, 'tre')['n'] = 0"
check an_interval_upside_down_is_a_failure verdict 1 numbers "row('dynaflow', 1, 'tre').update(lo=2.0, hi=1.0)"
check done_without_numbers_is_a_failure verdict 1 numbers "at('dynaflow', 1)['rows'] = []"
check another_unit_is_a_failure verdict 1 units "row('dynaflow', 1, 'tre')['unit'] = 'rad'"
check other_start_states_are_a_failure verdict 1 windows "at('dynaflow', 2)['windows_sha256'] = sha256('other')"
check the_same_numbers_for_two_seeds_are_a_failure verdict 1 seeds "at('dynaflow', 2)['rows'] = at('dynaflow', 1)['rows']"
check the_ceiling_may_be_the_same_for_all_seeds verdict 0 '' "at('replay_demo', 2)['rows'] = at('replay_demo', 1)['rows']"
check better_than_the_demonstration_is_a_leak verdict 1 ceiling "
for s in SEEDS: row('replay_demo', s, 'tre_open_loop')['value'], row('dynaflow', s, 'tre_open_loop')['value'] = 1.0e-7, 1.0e-8"
check better_than_noisy_actions_is_no_leak verdict 0 '' "for s in SEEDS: row('replay_demo', s, 'tre_open_loop')['value'] = 0.3"
check as_good_as_the_demonstration_is_no_leak verdict 0 '' "
for r in every('tre_open_loop'): r['value'] = 3.0 if r['value'] > 1 else 0.3"
check worse_than_random_is_a_warning warns floor "row('dynaflow', 1, 'tre_open_loop')['value'] = 5.0"

# kinds of findings are counted in the last line: one altered record, two wrong numbers, three cells that are not done
verdict 2 'record numbers plan' "
cells.remove(at('dynaflow', 3)); row('dynaflow', 1, 'tre')['n'] = 0; row('dynaflow', 2, 'tre').update(lo=2.0, hi=1.0)
for s in 1, 2: at('random_action', s).update(status='error', reason='x')" "at('replay_demo', 1)['wall_s'] = 7.5" >/dev/null
run verify "$scratch/run"
check kinds_of_findings_are_counted_in_the_last_line grep -qx "dynaflow: $scratch/run/events.jsonl: 1 tampered, 2 failed, 3 incomplete" "$scratch/err"

# ---- parts of a record that do not say the same, sealed again ----

check a_doubled_value_is_a_failure verdict 1 samples '' "row('dynaflow', 1, 'tre')['value'] *= 2; seal(at('dynaflow', 1))"
check a_number_that_is_there_twice_is_a_failure verdict 1 samples "at('dynaflow', 1)['rows'].append(dict(row('dynaflow', 1, 'tre')))"
check a_value_unlike_its_samples_is_a_failure verdict 1 samples "
for c in cells: c['samples'] = [dict(metric='tre', k=r['k'], values=[r['value']] * 16) for r in c['rows'] if r['metric'] == 'tre']
at('dynaflow', 1)['samples'][0]['values'][3] *= 1.01"
check a_training_unlike_its_curve_is_a_failure verdict 1 training "
at('dynaflow', 1)['training']['curves'] = [dict(name='flow', step=[200, 400], loss=[1.0, 0.5], steps=400)]"
check emptied_replays_are_a_failure verdict 1 training "at('dynaflow', 1)['replays'] = []"
check a_plan_that_was_emptied_is_incomplete verdict 3 planned '' "plan['cells'] = []; seal(plan)"
check another_profile_than_the_plans_is_incomplete verdict 3 planned '' "c = at('dynaflow', 1); c['profile'] = 'other'; seal(c)"
check another_data_set_is_not_comparable verdict 1 identity "for s in SEEDS: at('dynaflow', s)['data_sha256'] = sha256('other')"
check another_version_of_numbers_is_seen verdict 2 'key identity' '' "c = at('dynaflow', 1); c['numbers'] = 3; seal(c)"

# ---- files ----

check a_missing_run_is_refused misses "no run '$scratch/none': the folder does not exist" verify "$scratch/none"
mkdir "$scratch/garbage"
echo '{"schema":1,"type":"plan","profile":"","cells":[]}
garbage
{}' >"$scratch/garbage/events.jsonl"
check garbage_is_refused_by_line refuses 'events.jsonl:2:' verify "$scratch/garbage"

# ---- what the program itself wrote ----

tiny=(--method action_fm,random_action,replay_demo --seed 1,2 --threads 1 --quiet --data "$scratch/data" --set data.episodes=10
  --set data.seconds=3 --set window.last=100 --set train.steps=3 --set net.width=16 --set net.depth=1 --set net.heads=2
  --set net.skip_hidden=16 --set eval.windows=8 --set eval.chains=2 --set eval.chain_seconds=0.64 --set eval.sae_windows=2)
check a_real_run_exits_0 exits_with 0 run go1_gaits "${tiny[@]}" --out "$scratch/real"
check a_real_run_passes exits_with 0 verify "$scratch/real" --json
proven() { python3 -c "
import json, sys
rows = {r['check']: r for r in json.load(open(sys.argv[1]))['rows']}
for name in ('key', 'checkpoints', 'seeds', 'ceiling', 'windows', 'replay'): assert rows[name]['status'] == 'ok', rows[name]" "$scratch/out"; }
check keys_checkpoints_seeds_ceiling_and_actions_of_a_real_run_were_looked_at proven
two_replays_a_record() { python3 -c "
import json, sys
rows = {r['check']: r for r in json.load(open(sys.argv[1]))['rows']}
assert rows['replay']['n'] == 2 * 6, rows" "$scratch/out"; }
check two_windows_of_every_record_were_simulated_again two_replays_a_record

# ---- a method of two networks: both files are in the record ----

check a_run_of_two_networks_exits_0 exits_with 0 run go1_gaits "${tiny[@]}" --method kinematic_fm_idm --seed 1 \
  --set inverse.steps=3 --set inverse.width=16 --out "$scratch/two"
second=$(ls "$scratch"/two/checkpoints/*.inverse)
check both_files_are_in_the_record python3 -c "
import hashlib, json, sys
cell, = [r for r in map(json.loads, open(sys.argv[1] + '/events.jsonl')) if r['type'] == 'cell' and r['method'] == 'kinematic_fm_idm']
training, files = cell['training'], cell['training']['files']
assert [f['path'] for f in files] == [training['checkpoint'], training['checkpoint'] + '.inverse'], files
assert files[0]['sha256'] == training['checkpoint_sha256']
for f in files: assert f['sha256'] == hashlib.sha256(open(sys.argv[1] + '/' + f['path'], 'rb').read()).hexdigest(), f
" "$scratch/two"
check both_files_are_verified exits_with 0 verify "$scratch/two"
cp "$second" "$scratch/second"
python3 -c "
import sys
data = bytearray(open(sys.argv[1], 'rb').read())
data[-1] ^= 1
open(sys.argv[1], 'wb').write(data)" "$second"
check one_bit_of_the_second_network_is_tampering exits_with 2 verify "$scratch/two"
check the_second_file_is_named grep -qE '^checkpoints +tampered .*\.safetensors\.inverse has SHA-256' "$scratch/out"
rm "$second"
check a_second_network_that_is_gone_is_incomplete exits_with 3 verify "$scratch/two"
check the_missing_file_is_named grep -qE '^checkpoints +incomplete .*missing: checkpoints/[0-9a-f]*\.safetensors\.inverse' "$scratch/out"

# ---- recorded actions, simulated again; records are changed and sealed again, so that only this check can find it ----

# replays CODE CHECK CHANGE: verify of the real run with its records so changed
replays() {
  local wanted=$1 name=$2
  rm -rf "$scratch/changed"
  cp -r "$scratch/real" "$scratch/changed" && python3 tests/cli/seal.py "$scratch/changed/events.jsonl" "$3" || return 1
  exits_with "$wanted" verify "$scratch/changed" --data "$scratch/data" --json || return 1
  python3 -c "
import json, sys
said = {r['check'] for r in json.load(open(sys.argv[1]))['rows'] if r['status'] == 'failed' or r['status'] == 'tampered'}
assert said == set(sys.argv[2].split()), said" "$scratch/out" "$name"
}
check sealed_anew_unchanged_is_whole replays 0 '' ''
# what task, demonstrations and checkpoints say
check windows_and_parameters_were_looked_at python3 -c "
import json, sys
rows = {r['check']: r for r in json.load(open(sys.argv[1]))['rows']}
assert (rows['drawn']['status'], rows['drawn']['n']) == ('ok', 6) and (rows['weights']['status'], rows['weights']['n']) == ('ok', 2), rows
assert rows['unshown']['status'] == 'not checked' and 'tre.*' in rows['unshown']['detail'], rows" "$scratch/out"
check shifted_windows_are_a_failure replays 1 drawn "for c in cells: c['windows']['start'] = [s + 1 for s in c['windows']['start']]"
check their_first_window_is_named grep -qE 'window 0 is recorded as episode [0-9]+, frame [0-9]+, but is episode' "$scratch/out"
check windows_of_another_episode_are_a_failure replays 1 drawn "c = cells[1]; e = c['windows']['episode']; e[0], c['windows']['episode'] = e[0], [x + 1 for x in e]"
check another_hash_in_all_records_is_a_failure replays 1 drawn "for c in cells: c['windows_sha256'] = '0' * 64"
check another_number_of_parameters_is_a_failure replays 1 'training weights' "for c in cells:
    if c['training']['parameters']: c['training']['parameters'] += 1"
check also_in_the_curve replays 1 weights "for c in cells:
    if c['training']['parameters']:
        c['training']['parameters'] += 1
        c['training']['curves'][0]['parameters'] += 1"
check more_iterations_than_the_solver_may_take_are_a_failure replays 1 drawn "for c in cells:
    rows = {r['metric']: r for r in c['rows'] if r['k'] == c['rows'][0]['k']}
    limit = int(c['config']['system.iterations']) * rows['effort.physics_steps']['value']
    rows['effort.solver_iterations']['value'] = limit + (c is cells[0])"
check the_most_iterations_are_named grep -qE 'physics steps of at most 100 iterations take' "$scratch/out"
check demonstrations_that_are_gone_are_a_warning exits_with 0 verify "$scratch/real" --data "$scratch/nowhere"
check windows_are_then_not_drawn grep -qE '^drawn +warning .*its held-out windows were not drawn again' "$scratch/out"
# an error of the size that a missing clamp causes
check another_action_is_a_failure replays 1 replay "cells[0]['replays'][1]['u'][5] += 0.01"
check window_entry_and_frame_are_named grep -q 'window 4: the recorded actions do not reproduce the recorded states: entry [0-9]* of frame 1 is' "$scratch/out"
check another_start_is_a_failure replays 1 replay "cells[0]['replays'][0]['x0'][2] += 1e-3"
check the_last_bit_of_a_state_is_a_failure_here replays 1 replay "x = cells[0]['replays'][0]['x']; x[-1] *= 1 + 2**-52"
check the_message_says_that_states_must_be_bitwise_equal grep -q 'must be bitwise equal' "$scratch/out"
check a_lost_number_is_a_failure replays 1 replay "cells[0]['replays'][0]['u'].pop()"
check a_state_that_is_none_is_a_failure replays 1 replay "cells[0]['replays'][0]['x'][40] = None"
elsewhere="for c in cells: c['provenance']['cpu'] = 'another processor'
x = cells[0]['replays'][0]['x']"
check another_machine_may_round_otherwise replays 0 '' "$elsewhere; x[-1] *= 1 + 2**-52"
check but_not_simulate_otherwise replays 1 replay "$elsewhere; x[-1] += 1e-5 * max(1, abs(x[-1]))"
check an_error_just_above_the_tolerance_is_a_failure replays 1 replay "$elsewhere; x[-1] += 2e-6 * max(1, abs(x[-1]))"
check an_error_just_below_it_is_none replays 0 '' "$elsewhere; x[-1] += 5e-7 * max(1, abs(x[-1]))"
other_libraries="for c in cells: c['provenance']['libraries']['libc'] = 'another'
x = cells[0]['replays'][0]['x']"
check other_libraries_may_round_otherwise replays 0 '' "$other_libraries; x[-1] *= 1 + 2**-52"
check other_libraries_may_not_simulate_otherwise replays 1 replay "$other_libraries; x[-1] += 1e-5 * max(1, abs(x[-1]))"
# on another machine, the first 32 frames are compared
mv "$scratch/real" "$scratch/short"
check a_run_of_long_windows_exits_0 exits_with 0 run go1_gaits "${tiny[@]}" --method random_action --seed 1 --set window.horizon=40 \
  --set window.last=90 --set eval.chains=0 --set eval.windows=2 --set eval.sae_windows=0 --out "$scratch/real"
nth='n = len(x) // 40; x[FRAME * n - 1] += 1'
check another_machine_is_compared_up_to_frame_32 replays 1 replay "$elsewhere; ${nth/FRAME/32}"
check and_not_beyond replays 0 '' "$elsewhere; ${nth/FRAME/33}"
check here_every_frame_is_compared replays 1 replay "x = cells[0]['replays'][0]['x']; ${nth/FRAME/40}"
rm -r "$scratch/real" && mv "$scratch/short" "$scratch/real"
# a model other than the record's: nothing can be checked, which is a warning
mkdir "$scratch/tasks"
cp -r tasks/go1_gaits "$scratch/tasks" && sed -i '0,/friction="[0-9.]*/s//&1/' "$scratch/tasks/go1_gaits/go1.xml"
check the_model_was_changed bash -c "! cmp -s tasks/go1_gaits/go1.xml '$scratch/tasks/go1_gaits/go1.xml'"
check another_model_exits_0 exits_with 0 verify "$scratch/real" --tasks "$scratch/tasks"
check another_model_is_a_warning grep -qE '^replay +warning .*not simulated again: task go1_gaits has another model than the record: go1.xml changed' "$scratch/out"
mkdir "$scratch/no_tasks"
check a_missing_task_exits_0 exits_with 0 verify "$scratch/real" --tasks "$scratch/no_tasks"
check a_missing_task_is_a_warning grep -qE "^replay +warning .*not simulated again: unknown task 'go1_gaits'" "$scratch/out"
sed -i 's/"train.steps":"3"/"train.steps":"4"/' "$scratch/real/events.jsonl"
check a_real_run_with_an_edited_setting_does_not exits_with 2 verify "$scratch/real"
finish
