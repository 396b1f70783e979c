#!/usr/bin/env bash
# The gate: runs that must fail do so, each with its own exit code, and honest runs hold.
. tests/cli/check.sh
# slow

task=$scratch/tasks/cart
golden=$scratch/golden
mkdir -p "$task"
cat >"$task/task.yaml" <<'Y'
task: {name: cart, methods: [dynaflow, random_action, replay_demo]}
system: {model: cart.xml}
action: {center: [0], half_range: [1]}
eval: {windows: 16}
profiles:
  smoke: {}
Y
# bands LINES: writes the task's tolerances file, expect.yaml, with these tolerances
bands() { printf 'task_version: 1\nmujoco: 3.17\nbands:\n%s\n' "$1" >"$task/expect.yaml"; }
# efforts LINES: the same with the honest tolerances, and with these tolerances of work counters
efforts() { printf 'task_version: 1\nmujoco: 3.17\nbands:\n%s\neffort:\n%s\n' "$honest_bands" "$1" >"$task/expect.yaml"; }
band() { echo "  - {metric: $1, method: $2, profile: smoke, $3, reason: because}"; }
honest_bands="$(band sae_own dynaflow 'k: 5, at_most: 1.0e-9')
$(band tre_open_loop dynaflow 'k: 5, relative: 0.1, seeds: 3')
$(band gait_agreement dynaflow 'k: 5, relative: 0.05')
$(band tre_open_loop random_action 'at_least: 1')
$(band tre_open_loop replay_demo 'at_most: 1.0e-6')"
efforts '  - {profile: smoke, percent: 10, reason: because}'

# -S: what follows uses no packages, the search for which takes longer than the rest
make_run() { rm -rf "$scratch/run"; python3 -S tests/cli/synthetic_run.py "$scratch/run" "$@"; }
gate() { run gate "$scratch/run" --tasks "$scratch/tasks" --against "$golden" --verbose "$@"; }
gate_exits() {
  local wanted=$1
  shift
  gate "$@"
  [ "$code" -eq "$wanted" ] || { echo "exit code $code, not $wanted"; cat "$scratch/out" "$scratch/err"; return 1; }
}
# verdict CODE VERDICT METRICS BEFORE [AFTER]: a run with these changes exits with CODE, and the rows of these metrics, and
# no others, have this verdict; VERDICT:METRIC names a metric with another verdict
verdict() {
  local wanted=$1 word=$2 metric=$3
  shift 3
  make_run "$@" || return 1
  gate_exits "$wanted" --json || return 1
  python3 -S -c "
import json, sys
rows = json.load(open(sys.argv[1]))['rows']
bad = {(r['status'], r['metric']) for r in rows if r['status'] not in ('held', 'improved', 'advisory')}
wanted = {tuple(m.split(':')) if ':' in m else (sys.argv[2], m) for m in sys.argv[3].split()} if sys.argv[2] not in ('held', 'improved') else set()
assert bad == wanted, bad
assert sys.argv[2] not in ('held', 'improved') or sys.argv[2] in {r['status'] for r in rows}, rows" \
    "$scratch/out" "$word" "$metric"
}

# ---- the golden table ----

make_run
check without_a_golden_table_something_is_missing gate_exits 3
check accept_without_a_reason_is_refused refuses 'needs --reason' gate "$scratch/run" --tasks "$scratch/tasks" --accept
check accept_with_a_blank_reason_is_refused refuses 'needs --reason' gate "$scratch/run" --accept --reason ' '
check accept_exits_0 gate_exits 0 --accept --reason 'first table, by hand'
check the_reason_stands_in_the_table grep -q '^# reason: first table, by hand$' "$golden/cart-smoke.csv"
# 3 methods, 3 seeds, 7 metrics, and the work counters of the training of one method
check the_table_has_a_row_a_metric_and_seed [ "$(grep -c '^cart,' "$golden/cart-smoke.csv")" = 66 ]
check the_table_holds_every_seed grep -qE '^cart,dynaflow,2,smoke,tre,5,0\.25[45]9*[0-9]*,std,16,' "$golden/cart-smoke.csv"
cp "$golden/cart-smoke.csv" "$scratch/table.csv"
refuses_to_accept() { # refuses_to_accept CODE BEFORE [AFTER]
  local wanted=$1
  shift
  make_run "$@"
  gate_exits "$wanted" --accept --reason x && cmp "$golden/cart-smoke.csv" "$scratch/table.csv"
}
check an_incomplete_run_is_not_accepted refuses_to_accept 3 "cells.remove(at('dynaflow', 3))"
check a_tampered_run_is_not_accepted refuses_to_accept 2 '' "row('dynaflow', 1, 'tre')['value'] = 9.0"
check a_run_of_another_mujoco_is_not_accepted refuses_to_accept 5 "for c in cells: c['provenance']['mujoco'] = '3.16.0'"

make_run "row('dynaflow', 1, 'tre_open_loop')['value'] = 0.2"
check a_band_narrower_than_the_spread_of_seeds_is_accepted \
  exits_with 0 gate "$scratch/run" --tasks "$scratch/tasks" --against "$scratch/other" --accept --reason x --verbose
check the_spread_of_seeds_is_reported grep -q 'tre_open_loop .*seeds deviate up to 16 % from their mean' "$scratch/out"

# ---- verdicts ----

check the_same_run_held verdict 0 held '' ''
check ten_times_slower_held verdict 0 held '' "for s in SEEDS: at('dynaflow', s)['train_cpu_s'] = 10.0"
check slower_training_is_reported grep -q '"detail": "+900 %"' "$scratch/out"
check a_little_worse_held verdict 0 held '' "for s in SEEDS: row('dynaflow', s, 'tre_open_loop')['value'] *= 1.09"
check better_improved verdict 0 improved '' "for s in SEEDS: row('dynaflow', s, 'tre_open_loop')['value'] *= 0.8"
check a_planted_regression_regressed verdict 1 regressed tre_open_loop "for s in SEEDS: row('dynaflow', s, 'tre_open_loop')['value'] *= 1.2"
check where_higher_is_better_less_regressed verdict 1 regressed gait_agreement "for s in SEEDS: row('dynaflow', s, 'gait_agreement')['value'] = 0.8"
check where_higher_is_better_more_improved verdict 0 improved '' "for s in SEEDS: row('dynaflow', s, 'gait_agreement')['value'] += 0.05"
# the mean of three seeds would still be below the limit
check one_inadmissible_seed_regressed verdict 1 regressed sae_own "put(row('dynaflow', 2, 'sae_own'), 2.0e-9)"
check random_actions_that_follow_regressed verdict 1 regressed tre_open_loop "put(row('random_action', 2, 'tre_open_loop'), 0.5)"
check a_demonstration_that_does_not_replay_regressed verdict 1 regressed 'tre_open_loop' "put(row('replay_demo', 2, 'tre_open_loop'), 1.0e-3)"
check not_a_number_regressed verdict 1 regressed sae_own "row('dynaflow', 2, 'sae_own').update(value=None, lo=None, hi=None, status='3 of 16 not finite')"
check a_diverged_training_regressed verdict 1 'regressed' 'verify.plan missing:tre_open_loop' "at('random_action', 3).update(status='diverged', reason='loss')"
check a_duplicated_seed_regressed verdict 1 regressed verify.seeds "at('random_action', 2)['rows'] = at('random_action', 1)['rows']"
check other_start_states_do_not_compare verdict 5 'not comparable' 'settings golden regressed:verify.windows' "at('dynaflow', 2)['windows_sha256'] = sha256('other')"
check a_leak_regressed verdict 1 regressed verify.ceiling "
for s in SEEDS: row('dynaflow', s, 'tre_open_loop')['value'] = 1.0e-8 + 1.0e-10 * s
for s in SEEDS: put(row('replay_demo', s, 'tre_open_loop'), 1.0e-7)"

# 100 profiles, methods, seeds, numbers of sampler steps or metrics; the last one's sae_own is VALUE
many() { # many CODE WHAT VALUE
  local folder=$scratch/many/cart
  mkdir -p "$folder"
  python3 - "$2" "$folder" <<'P' || return 1
import sys
what, folder = sys.argv[1:]
names = lambda kind: ['%s%d' % (kind, i if what == kind else 0) for i in range(100)]
entry = '  - {metric: %s, method: %s, profile: %s, k: %d, at_most: 1.0e-9, reason: because}\n'
bands = [entry % (x, m, p, i + 1 if what == 'k' else 5) for i, (x, m, p) in enumerate(zip(names('sae_own.'), names('m'), names('p')))]
open(folder + '/expect.yaml', 'w').write('task_version: 1\nmujoco: 3.17\nbands:\n' + ''.join(dict.fromkeys(bands)))
profiles = ''.join('  %s: {train: {steps: %d}}\n' % (p, i + 1) for i, p in enumerate(dict.fromkeys(names('p'))))
open(folder + '/task.yaml', 'w').write('task: {name: cart}\nsystem: {model: cart.xml}\naction: {center: [0], half_range: [1]}\n'
                                       'eval: {windows: 16}\nprofiles:\n' + profiles)
P
  make_run "
cells = []
for i in range(100):
    n = lambda kind: i if kind == '$2' else 0
    one = cell('dynaflow', 1 + n('seed'))
    one.update(method='m%d' % n('m'), profile='p%d' % n('p'))
    one['config']['train.steps'] = str(1 + n('p'))
    r = [r for r in one['rows'] if r['metric'] == 'sae_own'][0]
    r.update(metric='sae_own.%d' % n('sae_own.'), k=1 + i if '$2' == 'k' else 5)
    put(r, $3 if i == 99 else 1e-15 + 1e-17 * i)
    one['rows'] = [r]
    if cells and '$2' in ('k', 'sae_own.'): cells[0]['rows'].append(r)
    else: cells.append(one)
planned = []" "
records = [dict(plan, profile=c['profile'], cells=[{k: c[k] for k in ('task', 'method', 'seed', 'key')}]) for c in cells]
for r in records: seal(r)
records += cells"
  exits_with "$1" gate "$scratch/run" --tasks "$scratch/many" --json
}
for what in p m seed k sae_own.; do
  check "the_last_of_100_regressed_$what" many 1 $what 5.0
  check "one_verdict_regressed_$what" [ "$(grep -c '"status": "regressed"' "$scratch/out")" = 1 ]
  check "all_of_100_held_$what" many 0 $what 2.0e-15
done

# an empty run: no file, an empty one, a plan without cells, only a plan
empty_run() { rm -rf "$scratch/run"; mkdir "$scratch/run"; eval "$1"; gate_exits 3; }
check a_folder_without_records_is_missing empty_run ''
check an_empty_record_is_missing empty_run ': >"$scratch/run/events.jsonl"'
check an_empty_plan_is_missing verdict 3 missing verify.plan 'cells.clear(); planned.clear()'
check a_plan_alone_is_missing verdict 3 missing 'verify.plan sae_own tre_open_loop gait_agreement' 'cells.clear()'
check a_missing_folder_is_refused misses "no run '$scratch/none': the folder does not exist" gate "$scratch/none"
check a_missing_seed_is_missing verdict 3 missing 'verify.plan tre_open_loop' "cells.remove(at('random_action', 3))"
check the_mean_of_the_remaining_cells_is_not_judged grep -q '"detail": "2 of 3 cells done; ' "$scratch/out"
check a_seed_beyond_a_limit_regressed_whatever_is_missing verdict 1 missing 'verify.plan regressed:sae_own tre_open_loop gait_agreement' "
put(row('dynaflow', 2, 'sae_own'), 2.0e-9); cells.remove(at('dynaflow', 3))"
check a_missing_metric_is_missing verdict 3 missing sae_own "
for s in SEEDS: at('dynaflow', s)['rows'].remove(row('dynaflow', s, 'sae_own'))"
check a_missing_method_is_missing verdict 3 missing 'tre_open_loop golden' "
cells = [c for c in cells if c['method'] != 'random_action']; planned = list(cells)"
check other_sampler_steps_are_missing verdict 3 missing \
  'sae_own tre tre_open_loop gait_agreement effort.physics_steps effort.solver_iterations effort.diverged' "
for c in cells:
  for r in c['rows']: r['k'] = 3 if r['k'] else 0"
make_run "cells.remove(at('random_action', 3))
for s in SEEDS: row('dynaflow', s, 'tre_open_loop')['value'] *= 2"
check a_missing_seed_hides_no_regression gate_exits 1
check too_few_seeds_are_inconclusive verdict 4 inconclusive tre_open_loop "
cells = [c for c in cells if c['seed'] < 3]; planned = list(cells)"
check seeds_that_the_table_has_not_do_not_count verdict 4 inconclusive tre_open_loop "
for c in cells: c['seed'] += 1
planned = list(cells)"
check the_number_of_common_seeds_is_reported grep -q '2 seeds in common with the golden table, at least 3 are required' "$scratch/out"

# an interval with the limit inside: neither held nor regressed
check an_interval_about_an_upper_limit_is_inconclusive verdict 4 inconclusive sae_own "
row('dynaflow', 2, 'sae_own').update(value=0.9e-9, lo=0.5e-9, hi=1.5e-9)"
check the_straddled_limit_and_its_reason_are_reported grep -q 'the interval straddles the limit: because' "$scratch/out"
check an_interval_about_an_upper_limit_with_a_value_above_it_is_inconclusive verdict 4 inconclusive sae_own "
row('dynaflow', 2, 'sae_own').update(value=1.1e-9, lo=0.5e-9, hi=1.5e-9)"
check an_interval_that_ends_at_the_limit_held verdict 0 held '' "
row('dynaflow', 2, 'sae_own').update(value=0.9e-9, lo=0.5e-9, hi=1.0e-9)"
check an_interval_about_a_lower_limit_is_inconclusive verdict 4 inconclusive tre_open_loop "
row('random_action', 2, 'tre_open_loop').update(value=1.2, lo=0.9, hi=1.5)"
check one_regressed_seed_outweighs_a_straddling_one verdict 1 regressed sae_own "
row('dynaflow', 1, 'sae_own').update(value=0.9e-9, lo=0.5e-9, hi=1.5e-9); put(row('dynaflow', 2, 'sae_own'), 2.0e-9)"
check a_value_without_an_interval_is_its_own verdict 0 held '' "
row('dynaflow', 2, 'sae_own').update(value=0.9e-9, lo=None, hi=None)"
check seeds_on_both_sides_of_a_band_are_inconclusive verdict 4 inconclusive tre_open_loop "
for s in SEEDS: row('dynaflow', s, 'tre_open_loop')['value'] *= 1.05 + 0.03 * s"
check seeds_on_both_sides_of_the_better_edge_held verdict 0 held '' "
for s in SEEDS: row('dynaflow', s, 'tre_open_loop')['value'] *= 0.95 - 0.03 * s"
check where_higher_is_better_the_lower_edge_counts verdict 4 inconclusive gait_agreement "
for s in SEEDS: row('dynaflow', s, 'gait_agreement')['value'] -= 0.015 * s"
# planted fault: tolerances narrower than the differences between seeds. The golden run itself, with seeds 20 % apart, holds
check seeds_are_compared_with_their_namesakes bash -c "
  cp -r '$golden' '$scratch/wide' && sed -i '/dynaflow,1,smoke,tre_open_loop/s/5,0\.[0-9]*,std/5,0.2,std/; /dynaflow,3,smoke,tre_open_loop/s/5,0\.[0-9]*,std/5,0.3,std/' '$scratch/wide/cart-smoke.csv'
  python3 tests/cli/synthetic_run.py '$scratch/spread' \"row('dynaflow', 1, 'tre_open_loop')['value'] = 0.2; row('dynaflow', 3, 'tre_open_loop')['value'] = 0.3\"
  '$program' gate '$scratch/spread' --tasks '$scratch/tasks' --against '$scratch/wide'"

# work counters, with a percentage of their own
check a_little_more_effort_held verdict 0 held '' "for s in SEEDS: x = row('dynaflow', s, 'effort.solver_iterations'); x['value'] = round(1.09 * x['value'])"
check effort_beyond_its_percentage_regressed verdict 1 regressed effort.solver_iterations "
for s in SEEDS: x = row('dynaflow', s, 'effort.solver_iterations'); x['value'] = round(1.12 * x['value'])"
check less_effort_is_a_change_too verdict 1 regressed effort.solver_iterations "
for s in SEEDS: x = row('dynaflow', s, 'effort.solver_iterations'); x['value'] = round(0.88 * x['value'])"
check one_physics_step_in_ten_too_few_regressed verdict 1 regressed effort.physics_steps "
for s in SEEDS: row('random_action', s, 'effort.physics_steps')['value'] = 210.0"
check a_divergence_where_there_was_none_regressed verdict 1 regressed effort.diverged "
for s in SEEDS: row('random_action', s, 'effort.diverged')['value'] = 1.0"
efforts '  - {profile: smoke, percent: 10, absolute: 1, reason: because}'
check one_divergence_may_be_allowed verdict 0 held '' "
for s in SEEDS: row('random_action', s, 'effort.diverged')['value'] = 1.0"
check the_limit_names_the_allowed_divergence grep -q '"limit": "+- 10 % of 0 + 1"' "$scratch/out"
check a_second_divergence_regressed verdict 1 regressed effort.diverged "
for s in SEEDS: row('random_action', s, 'effort.diverged')['value'] = 2.0"
efforts '  - {profile: smoke, percent: 10, reason: because}'
check effort_on_both_sides_is_inconclusive verdict 4 inconclusive effort.solver_iterations "
for s in SEEDS: x = row('dynaflow', s, 'effort.solver_iterations'); x['value'] = round((1.02 + 0.04 * s) * x['value'])"
check a_lost_counter_is_missing verdict 3 missing effort.diverged "
for s in SEEDS: at('dynaflow', s)['rows'].remove(row('dynaflow', s, 'effort.diverged'))"

other() { verdict 5 'not comparable' "$1" "$2"; }
check another_minor_mujoco_does_not_compare other 'mujoco golden' "for c in cells: c['provenance']['mujoco'] = '3.18.0'"
check another_major_mujoco_does_not_compare other 'mujoco golden' "for c in cells: c['provenance']['mujoco'] = '4.17.0'"
check one_cell_of_another_mujoco_does_not_compare other 'settings mujoco golden' "at('dynaflow', 2)['provenance']['mujoco'] = '3.16.0'"
check another_mujoco_patch_compares verdict 0 held '' "for c in cells: c['provenance']['mujoco'] = '3.17.9'"
check another_task_version_does_not_compare other 'task_version golden' "for c in cells: c['config']['task.version'] = '2'"
check other_windows_do_not_compare other 'settings golden' "for c in cells: c['config']['eval.windows'] = '8'"
check another_substep_does_not_compare other 'settings golden' "for c in cells: c['config']['system.substeps'] = '2'"
check cells_of_other_settings_do_not_compare other 'settings golden' "at('dynaflow', 2)['config']['eval.windows'] = '8'"
check other_demonstrations_do_not_compare other golden "for c in cells: c['data_sha256'] = sha256('other')"
check the_demonstrations_of_the_table_are_named grep -q 'other demonstrations than those of .* (data_sha256 [0-9a-f]*, not [0-9a-f]*)' "$scratch/out"
check demonstrations_of_another_profile_do_not_compare other golden "for c in cells: c['eval_data_sha256'] = sha256('other')"
check they_are_named grep -q 'other demonstrations of eval.profile than those of .* (eval_data_sha256 [0-9a-f]*, not none)' "$scratch/out"
check other_start_states_than_those_of_the_table_do_not_compare other golden "for c in cells: c['windows_sha256'] = sha256('other')"
check cells_of_other_demonstrations_do_not_compare other 'settings golden' "at('dynaflow', 2)['data_sha256'] = sha256('other')"
old_table() {
  sed -i '/^# data: /d; /^# windows: /d' "$golden/cart-smoke.csv"
  make_run
  gate_exits 0 && grep -q 'of which demonstrations and start states' "$scratch/out"
}
check a_table_that_does_not_name_its_data_is_held_to_with_a_notice old_table
cp "$scratch/table.csv" "$golden/cart-smoke.csv"
check another_training_compares verdict 0 held '' "for c in cells: c['config']['train.steps'] = '200'"

check an_edited_number_is_tampering verdict 2 unreadable 'verify.record regressed:verify.samples' '' "row('dynaflow', 2, 'tre')['value'] = 0.2"
check an_edited_setting_is_tampering verdict 2 unreadable verify.key '' "c = at('dynaflow', 2); c['config']['train.steps'] = '9'; seal(c)"
check a_record_against_the_schema_is_unreadable verdict 2 unreadable verify.schema "del at('dynaflow', 2)['provenance']['cpu']"
make_run '' "records.insert(2, [1])"
check garbage_is_unreadable gate_exits 2
check garbage_is_named_by_line grep -q 'events.jsonl:3:' "$scratch/err"

# ---- nothing to compare with ----

make_run
mv "$task/expect.yaml" "$scratch/expect.yaml"
check a_task_without_expectations_is_missing gate_exits 3
mv "$scratch/expect.yaml" "$task"
sed -i 's/profile: smoke/profile: smok/' "$task/expect.yaml"
check a_misspelt_profile_is_refused refuses "expect.yaml:4: profile = 'smok': .*task.yaml has no such profile" gate "$scratch/run" --tasks "$scratch/tasks" --against "$golden"
sed -i 's/profile: smok,/profile: full,/' "$task/expect.yaml"
check a_profile_without_bands_is_missing gate_exits 3
check the_profile_is_named grep -q 'expect.yaml has no tolerance for profile smoke' "$scratch/out"
bands "$honest_bands"
rm -r "$golden"
check a_lost_golden_table_is_missing gate_exits 3
mkdir "$golden"
sed '/gait_agreement/d' "$scratch/table.csv" >"$golden/cart-smoke.csv"
check a_row_lost_from_the_table_is_missing gate_exits 3
sed '/dynaflow,.*effort/d' "$scratch/table.csv" >"$golden/cart-smoke.csv"
efforts '  - {profile: smoke, percent: 10, reason: because}'
make_run "for s in SEEDS: row('dynaflow', s, 'effort.solver_iterations')['value'] *= 3"
check counters_lost_from_the_table_are_missing gate_exits 3
make_run
bands "$honest_bands"
efforts '  - {profile: smoke, percent: 10, reason: because}'
sed '/effort/d' "$scratch/table.csv" >"$golden/cart-smoke.csv"
check a_table_without_counters_is_missing gate_exits 3
check missing_counters_are_reported grep -q 'cart-smoke.csv has no work counters' "$scratch/out"
sed '/smoke,tre_open_loop/s/\(,tre_open_loop,5\),[^,]*/\1,/' "$scratch/table.csv" >"$golden/cart-smoke.csv"
check a_number_that_was_none_is_missing gate_exits 3
bands "$honest_bands"
refuses_table() { # refuses_table PATTERN SED: a table so changed is refused
  sed "$2" "$scratch/table.csv" >"$golden/cart-smoke.csv"
  refuses "$1" gate "$scratch/run" --tasks "$scratch/tasks" --against "$golden"
}
check a_cut_row_is_refused_by_line refuses_table 'cart-smoke.csv:[0-9]+: the row has 11 columns, not the 12' '$s/,ok$//'
check a_value_that_is_no_number_is_refused refuses_table "cart-smoke.csv:[0-9]+: value = 'nan': expected a finite number" '$s/smoke,\([a-z_.]*\),0,[^,]*/smoke,\1,0,nan/'
check a_table_without_its_mujoco_is_refused refuses_table "not a golden table, it lacks the line '# mujoco: ...'" '/^# mujoco/d'
check other_columns_are_refused refuses_table "column 1 is 'method', not 'task'" 's/^task,method/method,task/'
check a_missing_column_is_named refuses_table "the column 'hi' is missing" 's/,hi,status$/,status/'
check a_row_that_stands_twice_is_refused refuses_table 'cart-smoke.csv:[0-9]+: the row of cart, dynaflow, seed 1, .* appears twice, first in line [0-9]+' '/dynaflow,1,smoke,tre,5/p'
check a_row_of_an_unknown_metric_is_refused refuses_table "metric = 'three': unknown metric" 's/smoke,tre,/smoke,three,/'
check line_ends_of_another_system_are_refused refuses_table 'a carriage return within a line' '1s/ /\r/'
spreadsheet_table_is_read() {
  { printf '\xef\xbb\xbf'; sed 's/$/\r/' "$scratch/table.csv"; } >"$golden/cart-smoke.csv"
  gate_exits 0
}
check a_table_that_a_spreadsheet_saved_is_read spreadsheet_table_is_read
check a_folder_of_tables_that_is_not_there_is_refused misses "\-\-against $scratch/none: no such folder; name a golden table" gate "$scratch/run" --tasks "$scratch/tasks" --against "$scratch/none"
check a_named_table_that_is_not_there_is_refused misses 'none.csv' gate "$scratch/run" --tasks "$scratch/tasks" --against "$scratch/none.csv"
cp "$scratch/table.csv" "$golden/cart-smoke.csv"
check a_table_is_taken_by_its_name exits_with 0 gate "$scratch/run" --tasks "$scratch/tasks" --against "$golden/cart-smoke.csv"

# ---- tolerances files that cannot be read ----

refuses_bands() { # refuses_bands PATTERN LINES
  bands "$2"
  refuses "$1" gate "$scratch/run" --tasks "$scratch/tasks" --against "$golden"
}
refuses_efforts() {
  efforts "$2"
  refuses "$1" gate "$scratch/run" --tasks "$scratch/tasks" --against "$golden"
}
check a_band_without_a_reason_is_refused refuses_bands "expect.yaml:4: bands: the entry has no 'reason'" '  - {metric: tre, method: dynaflow, profile: smoke, at_most: 1}'
check an_empty_reason_is_refused refuses_bands "expect.yaml:4: reason = ''" '  - {metric: tre, method: dynaflow, profile: smoke, at_most: 1, reason: ""}'
check a_band_without_a_limit_is_refused refuses_bands 'expect.yaml:4: .*this one has 0' "$(band tre dynaflow 'k: 5')"
check a_band_with_two_limits_is_refused refuses_bands 'expect.yaml:4: .*this one has 2' "$(band tre dynaflow 'at_most: 1, relative: 0.1')"
check an_unknown_key_of_a_band_is_refused refuses_bands "expect.yaml:4: atmost = '1': unknown key" "$(band tre dynaflow 'atmost: 1')"
check a_band_on_time_is_refused refuses_bands "expect.yaml:4: metric = 'train_cpu_s': unknown metric" "$(band train_cpu_s dynaflow 'at_most: 1')"
check an_unknown_metric_is_refused refuses_bands "expect.yaml:4: metric = 'tree': unknown metric" "$(band tree dynaflow 'at_most: 1')"
check a_limit_that_is_no_number_is_refused refuses_bands "expect.yaml:4: at_most = 'nan': expected a finite number" "$(band tre dynaflow 'at_most: nan')"
check a_negative_tolerance_is_refused refuses_bands "expect.yaml:4: relative = '-0.1'" "$(band tre dynaflow 'relative: -0.1')"
check a_minimum_of_0_seeds_is_refused refuses_bands "expect.yaml:4: seeds = '0'" "$(band tre dynaflow 'at_most: 1, seeds: 0')"
check a_key_that_stands_twice_is_refused refuses_bands "expect.yaml:4: k = '5': the key appears twice" "$(band tre dynaflow 'at_most: 1, k: 1, k: 5')"
check a_band_that_stands_twice_is_refused refuses_bands 'expect.yaml:5: bands: the entry repeats that of line 4' "$(band tre dynaflow 'at_most: 1')
$(band tre dynaflow 'at_most: 2')"
check an_empty_tolerances_file_is_refused refuses_bands 'expect.yaml:' ''
check effort_without_a_percentage_is_refused refuses_efforts "expect.yaml:10: effort: the entry has no 'percent'" '  - {profile: smoke, reason: because}'
check effort_without_a_reason_is_refused refuses_efforts "expect.yaml:10: effort: the entry has no 'reason'" '  - {profile: smoke, percent: 1}'
check effort_below_zero_is_refused refuses_efforts "percent = '-1': a tolerance must not be negative" '  - {profile: smoke, percent: -1, reason: because}'
check effort_with_less_than_nothing_is_refused refuses_efforts "absolute = '-1': a tolerance must not be negative" '  - {profile: smoke, percent: 1, absolute: -1}'
check effort_of_a_profile_twice_is_refused refuses_efforts 'expect.yaml:11: effort: the entry repeats the profile of line 10' '  - {profile: smoke, percent: 1, reason: a}
  - {profile: smoke, percent: 2, reason: b}'
check effort_with_another_key_is_refused refuses_efforts "counter = 'x': unknown key" '  - {counter: x}'
check broken_yaml_is_refused_by_line refuses_bands 'expect.yaml:[45]: ' '  - {metric: tre'
printf 'bands:\n%s\n' "$(band tre dynaflow 'at_most: 1')" >"$task/expect.yaml"
check bands_of_no_version_are_refused refuses "expect.yaml: 'task_version' is missing" gate "$scratch/run" --tasks "$scratch/tasks"
bands "$honest_bands"

# ---- JUnit XML and --quiet ----

make_run "put(row('dynaflow', 2, 'sae_own'), 1.0e-8)
for s in SEEDS: row('dynaflow', s, 'gait_agreement')['value'] = 0.9"
check one_file_for_both_forms_is_refused refuses '^dynaflow: --junit same\.xml and --markdown \./same\.xml are one file: name two$' gate "$scratch/run" --junit same.xml --markdown ./same.xml
for form in junit markdown; do
  check "a_dash_is_no_file:$form" refuses "^dynaflow[a-z ]*: --$form takes a file; standard output is /dev/stdout" gate "$scratch/run" "--$form" -
done
check junit_does_not_change_the_exit_code gate_exits 1 --junit "$scratch/junit.xml"
check junit_has_a_case_a_row_and_names_the_failure python3 -c "
import sys, xml.etree.ElementTree as e
suite = e.parse(sys.argv[1]).getroot()
cases = suite.findall('testcase')
failed = [c.find('failure') for c in cases if c.find('failure') is not None]
case = [c for c in cases if c.find('failure') is not None][0]
value = lambda c, name: [p.get('value') for p in c.findall('properties/property') if p.get('name') == name]
assert (suite.get('tests'), suite.get('failures'), suite.get('errors')) == ('6', '1', '0') and len(cases) == 6, suite.attrib
assert case.get('name') == 'cart smoke dynaflow sae_own K=5 at most' and case.get('classname') == 'cart.smoke', case.attrib
assert 'sae_own' in open(case.get('file')).read().splitlines()[int(case.get('line')) - 1]
assert float(case.get('time')) >= 0 and float(suite.get('time')) > 0, case.attrib
assert value(case, 'limit') == ['<= 1e-09'] and value(case, 'status') == ['regressed'] and value(case, 'n') == ['3'], value(case, 'limit')
assert abs(float(value(case, 'value')[0]) - 1e-8 / 3) < 1e-12, value(case, 'value')
assert '1e-09' in failed[0].get('message') and 'because' in failed[0].get('message'), failed[0].attrib" "$scratch/junit.xml"
make_run '' "records.insert(2, [1])"
# limits of both sides and a relative one on the same number, and several seeds with the same finding, are tests of
# different names; inconclusive is not a failure; a reason is not markup
limit_of_each_kind() {
  python3 - "$1" "$2" <<'PY'
import sys, xml.etree.ElementTree as e
suite = e.parse(sys.argv[1]).getroot()
cases = suite.findall('testcase')
names = [c.get('name') for c in cases]
assert len(set(names)) == len(names) == int(suite.get('tests')), names
found = lambda tag: sum(c.find(tag) is not None for c in cases)
assert [str(found(t)) for t in ('failure', 'error', 'skipped')] == [suite.get(t) for t in ('failures', 'errors', 'skipped')]
assert suite.get('skipped') == sys.argv[2], suite.attrib
assert all(c.find('skipped') is None or 'type' not in c.find('skipped').attrib for c in cases)
PY
}
bands "$(band tre dynaflow 'k: 5, at_most: 9')
$(band tre dynaflow 'k: 5, at_least: 0')
$(band tre dynaflow 'k: 5, relative: 0.5')
$(band tre_open_loop dynaflow 'k: 5, at_most: 0.26')"
make_run "for s in (2, 3): at('dynaflow', s).update(status='error', reason='x')"
run gate "$scratch/run" --tasks "$scratch/tasks" --against "$golden" --junit "$scratch/junit.xml"
check names_of_junit_cases_differ limit_of_each_kind "$scratch/junit.xml" 1
printf 'task_version: 1\nmujoco: 3.17\nbands:\n  - {metric: sae_own, method: dynaflow, profile: smoke, k: 5, at_most: -1, reason: "x\\x1b[31my <b> \\n ]]> &"}\n' >"$task/expect.yaml"
make_run
run gate "$scratch/run" --tasks "$scratch/tasks" --against "$golden" --junit "$scratch/junit.xml"
check a_control_character_in_a_reason_leaves_the_file_well_formed python3 -c "
import sys, xml.etree.ElementTree as e
messages = [f.get('message') for f in e.parse(sys.argv[1]).getroot().iter('failure')]
assert len(messages) == 1 and r'x\x1b[31my <b> \n ]]> &' in messages[0], messages" "$scratch/junit.xml"
check a_control_character_does_not_reach_the_terminal bash -c "! grep -q \$'\033' '$scratch/out' && grep -qF 'x\x1b[31my' '$scratch/out'"
bands "$honest_bands"
make_run '' "records.insert(2, [1])"
check junit_is_written_of_what_cannot_be_read gate_exits 2 --junit "$scratch/junit.xml"
check junit_says_that_it_cannot_be_read grep -q 'errors="1"' "$scratch/junit.xml"
check a_junit_file_that_cannot_be_written_is_told refuses 'junit' gate "$scratch/run" --junit "$scratch/no/../../dev/null/junit.xml"
ln -s junit.xml "$scratch/link.xml" && rm "$scratch/junit.xml"
check junit_follows_a_link gate_exits 2 --junit "$scratch/link.xml"
check the_link_stays [ -L "$scratch/link.xml" ]
check the_file_that_it_leads_to_is_written grep -q 'errors="1"' "$scratch/junit.xml"
ln -s /proc/self/fd/1 "$scratch/stdout"
check junit_goes_to_standard_output gate_exits 2 --junit "$scratch/stdout"
check standard_output_holds_junit grep -q 'errors="1"' "$scratch/out"
check the_link_to_standard_output_stays [ -L "$scratch/stdout" ]
# a node of the kind of /dev/null; making one needs root
if mknod "$scratch/null" c 1 3 2>/dev/null && (: >"$scratch/null") 2>/dev/null; then
  check junit_goes_to_a_null_device gate_exits 2 --junit "$scratch/null"
  check the_device_stays [ -c "$scratch/null" ]
else
  skip junit_goes_to_a_null_device 'making a device needs root'
fi
make_run
check quiet_says_nothing_on_standard_error gate_exits 0 --quiet
check quiet_leaves_standard_error_empty [ ! -s "$scratch/err" ]

# ---- the tolerances files of the suite's tasks are readable and hold for real runs ----

for own in go1_gaits hopper walker2d half_cheetah pendulum quadcopter detour push_to_goal; do
  python3 tests/cli/synthetic_run.py "$scratch/$own" "for c in cells: c.update(task='$own')
for c in cells: c['config'] = {'task.name': '$own', 'task.version': '1'}
for s in SEEDS: row('replay_demo', s, 'gait_agreement').update(value=1.0, lo=1.0, hi=1.0)"
  check "the_bands_of_${own}_are_read" exits_with 3 gate "$scratch/$own" --against "$golden" --verbose
  check "the_ceiling_of_${own}_is_held" grep -qE 'replay_demo .*tre_open_loop .*held' "$scratch/out"
done
check a_real_run_exits_0 exits_with 0 run go1_gaits --profile smoke --method random_action,replay_demo --threads 1 --quiet \
  --set eval.chains=32 --data "$scratch/data" --out "$scratch/real"
exits_with 3 gate "$scratch/real" --against "$golden" --verbose
check a_real_floor_and_ceiling_are_held [ "$(grep -cE '(random_action|replay_demo) .*tre_open_loop .* held' "$scratch/out")" = 2 ]

# ---- the whole procedure on a small task: run, accept, hold, and regress when less is learned ----

cp -r docs/examples/pendulum "$scratch/tasks"
small=$scratch/tasks/pendulum
(cd "$small" && python3 make_data.py >/dev/null)
cat >>"$small/expect.yaml" <<'Y'
  - {metric: tre_open_loop, method: dynaflow, profile: smoke, k: 1, relative: 0.1, reason: because}
effort:
  - {profile: smoke, percent: 10, reason: because}
Y
small_run() { exits_with 0 run "$small" --profile smoke --method dynaflow,replay_demo --seed 0,1 --threads 1 --quiet "${@:2}" --out "$scratch/$1"; }
small_gate() { exits_with "$1" gate "$scratch/$2" --tasks "$scratch/tasks" --against "$scratch/small" --verbose "${@:3}"; }
check a_small_run_exits_0 small_run first
check without_its_golden_table_it_is_missing small_gate 3 first
check the_first_run_is_accepted small_gate 0 first --accept --reason 'first numbers'
check the_table_says_under_what [ "$(grep -cE '^# (reason|mujoco|task_version|settings|commit|blas|cpu): .' "$scratch/small/pendulum-smoke.csv")" = 7 ]
check the_accepted_run_held small_gate 0 first
check a_counter_of_effort_was_held grep -qE '^pendulum +dynaflow +smoke +effort\.solver_iterations .* held' "$scratch/out"
check a_rerun_exits_0 small_run second
check a_rerun_differs_by_nothing bash -c "'$program' gate '$scratch/second' --tasks '$scratch/tasks' --against '$scratch/small' --json | python3 -c '
import json, sys
rows = [r for r in json.load(sys.stdin)[\"rows\"] if \" of \" in r[\"limit\"]]
assert len(rows) > 5 and all(r[\"lo\"] == r[\"hi\"] for r in rows), rows'"
check a_training_that_goes_astray_exits_0 small_run astray --set train.rate=0.1
check a_training_that_goes_astray_regressed small_gate 1 astray
check a_training_that_goes_astray_regressed_by_physics_alone [ "$(grep -cE '^pendulum .* regressed ' "$scratch/out")$(grep -cE ' tre_open_loop .* regressed ' "$scratch/out")" = 11 ]
check a_training_of_a_tenth_exits_0 small_run less --set train.steps=10
check a_training_of_a_tenth_regressed small_gate 1 less
check a_training_of_a_tenth_regressed_by_its_work_counters grep -qE ' effort.gradient_steps .* regressed ' "$scratch/out"
finish
