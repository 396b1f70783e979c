#!/usr/bin/env bash
# A method from a shared object: takes part like any other, is part of a result's key, and is refused when it is broken.
. tests/cli/check.sh

build=$(dirname "$program")
task=go1_gaits
small=(--set data.episodes=10 --set data.seconds=3 --set window.last=100 --set eval.windows=8 --set eval.chains=4
  --set eval.chain_seconds=0.64 --set eval.sae_windows=2 --data "$scratch/data")

# build_plugin FILE SO: with the public headers and the library, as docs/examples/hold_pose.c says
build_plugin() {
  ${CC:-cc} -std=c17 -O2 -fvisibility=hidden -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror -shared -fPIC -I lib/include "$1" \
    -L "$build" -ldynaflow -Wl,-rpath,"$build" -o "$2"
}
plugin=$scratch/hold_pose.so
source=docs/examples/hold_pose.c
says() { grep -qE -- "$1" "$scratch/out" "$scratch/err" || { echo "no /$1/ in:"; cat "$scratch/out" "$scratch/err"; false; }; }
field() { # field RUN NAME: of the run's last cell of the plugin's method
  python3 -c "
import json, sys
cells = [r for r in map(json.loads, open(sys.argv[1] + '/events.jsonl')) if r.get('method') == 'hold_pose']
print(json.dumps(cells[-1].get(sys.argv[2], ''), sort_keys=True).strip('\"'))" "$@"
}
same() { [ "$(field "$1" "$3")" = "$(field "$2" "$3")" ]; }
differ() { ! "$@"; }

check example_compiles_without_a_warning build_plugin $source "$plugin"

# ---- the method is used like any other ----

check list_with_plugin_exits_0 exits_with 0 list methods --plugin "$plugin"
check list_names_the_method_of_a_plugin grep -qE '^method +hold_pose +holds the pose' "$scratch/out"
check list_without_it_does_not differ grep -q hold_pose <("$program" list methods)
check without_plugin_it_is_unknown refuses "unknown method 'hold_pose'" run $task --method hold_pose --out "$scratch/none"

one=$scratch/one two=$scratch/two
check run_exits_0 exits_with 0 run $task --method hold_pose,random_action --plugin "$plugin" --out "$one" --threads 1 "${small[@]}"
check run_again_exits_0 exits_with 0 run $task --plugin "$plugin" --method hold_pose --out "$two" --threads 2 "${small[@]}"
check rows_are_finite python3 -c "
import json, math, sys
cells = {r['method']: r for r in map(json.loads, open(sys.argv[1])) if r['type'] == 'cell'}
rows = cells['hold_pose']['rows']
assert cells['hold_pose']['status'] == 'done' and len(rows) > 5, rows
values = {r['metric']: r['value'] for r in rows if r['status'] == 'ok'}
assert all(v is not None and math.isfinite(v) for v in values.values()), rows
assert {'tre_open_loop', 'sae_own', 'fall_rate'} <= set(values), values
assert values['sae_own'] < 1e-9, values
assert values['tre_open_loop'] < {r['metric']: r['value'] for r in cells['random_action']['rows']}['tre_open_loop']" "$one/events.jsonl"
for name in rows samples; do check "${name}_are_the_same_again_on_2_threads" same "$one" "$two" $name; done
check the_plan_is_done_before exits_with 0 run $task --method hold_pose --plugin "$plugin" --out "$two" "${small[@]}"
check rerun_skips_the_done_cell says '^1 cells: 0 run, 1 already done'
check eval_exits_0 exits_with 0 eval $task --method hold_pose --plugin "$plugin" "${small[@]}"
check sample_exits_0 exits_with 0 sample $task --method hold_pose --plugin "$plugin" --windows 3 --out "$scratch/x.npz" "${small[@]}"
check train_says_there_is_nothing_to_train refuses 'nothing to train' train $task --method hold_pose --plugin "$plugin" \
  --checkpoint "$scratch/c" "${small[@]}"
if [ -x "$build/tests/baselines/test_methods" ]; then
  check the_example_passes_the_conformance_test env DYNAFLOW_PLUGIN="$plugin" "$build/tests/baselines/test_methods"
fi

# ---- its file is part of the key ----

check record_names_the_file [ "$(field "$two" plugin_sha256)" = "$(sha256sum "$plugin" | cut -d' ' -f1)" ]
check the_programs_own_methods_have_none differ grep -q plugin_sha256 <(grep '"method":"random_action"' "$one/events.jsonl")
check verify_of_its_run_exits_0 exits_with 0 verify "$two"
mkdir "$scratch/forged"
python3 - "$two/events.jsonl" "$scratch/forged/events.jsonl" <<'PY'
import hashlib, json, sys
out = open(sys.argv[2], 'w')
for line in open(sys.argv[1]):
    r = json.loads(line)
    if 'plugin_sha256' in r: r['plugin_sha256'] = '0' * 64
    r.pop('record_sha256', None)
    r['record_sha256'] = hashlib.sha256(json.dumps(r, sort_keys=True, separators=(',', ':')).encode()).hexdigest()
    out.write(json.dumps(r, sort_keys=True, separators=(',', ':')) + '\n')
PY
check verify_finds_another_plugin_in_the_record exits_with 2 verify "$scratch/forged"
check verify_names_the_key says 'differs from the key of its settings'

mkdir "$scratch/other"
sed 's/holds the pose/keeps the pose/' $source >"$scratch/other/hold_pose.c"
check other_plugin_compiles build_plugin "$scratch/other/hold_pose.c" "$scratch/other/hold_pose.so"
check other_file_exits_0 exits_with 0 run $task --method hold_pose --plugin "$scratch/other/hold_pose.so" --out "$scratch/three" "${small[@]}"
check another_file_is_another_key differ same "$two" "$scratch/three" key
check and_the_same_numbers same "$two" "$scratch/three" rows

# a method without randomness gives the same numbers for every seed, which is only allowed if it declares this
check two_seeds_exit_0 exits_with 0 run $task --method hold_pose --plugin "$plugin" --out "$two" --seed 1,2 "${small[@]}"
check verify_with_plugin_exits_0 exits_with 0 verify "$two" --plugin "$plugin"
check verify_with_plugin_has_no_warning differ says 'load the method with --plugin'
check verify_without_it_exits_0 exits_with 0 verify "$two"
check verify_without_it_warns says 'load the method with --plugin'

# ---- refused ----

# spoiled NAME SED: the example with one mistake
spoiled() { sed "$2" $source >"$scratch/$1.c" && build_plugin "$scratch/$1.c" "$scratch/$1.so"; }
# refuses_plugin FILE PATTERN
refuses_plugin() { refuses "$2" list methods --plugin "$1" && grep -qF "$1" "$scratch/err" && [ ! -s "$scratch/out" ]; }
check a_missing_file_is_refused refuses_plugin "$scratch/nowhere.so" 'No such file'
check a_folder_is_refused refuses_plugin "$scratch" -
echo 'not a library' >"$scratch/text.so"
check a_text_file_is_refused refuses_plugin "$scratch/text.so" 'cannot be loaded'
head -c 2000 "$plugin" >"$scratch/cut.so"
check a_cut_file_is_refused refuses_plugin "$scratch/cut.so" 'cannot be loaded'
check another_library_is_refused refuses_plugin "$build/libdynaflow.so" 'no symbol df_plugin_version'
for case in 'no_method|s/df_plugin_method/other_method/|no symbol df_plugin_method' \
  'old|s/= DF_METHOD_VERSION/= DF_METHOD_VERSION - 1/|built against another dynaflow: rebuild the plugin .its df_plugin_version is 4[0-9]{7}, ' \
  'taken|s/"hold_pose"/"dynaflow"/|df_plugin_method: method .dynaflow. is already registered' \
  'bad_name|s/"hold_pose"/"hold pose"/|df_plugin_method: method .hold pose.: a name must consist of' \
  'long_name|s/"hold_pose"/"hold_pose_hold_pose_hold_pose_hold_pose_hold_pose"/|at most 47' \
  'no_sample|/\.sample =/d;s/^static df_status sample/df_status sample/|has no sample' \
  'no_train|s/DF_METHOD_IGNORES_SEED/DF_METHOD_TRAINS/|has no train'; do
  IFS='|' read -r name change pattern <<<"$case"
  check "${name}_compiles" spoiled $name "$change"
  check "${name}_is_refused" refuses_plugin "$scratch/$name.so" "$pattern"
done
# headers with one more setting: the structs of the plugin are not those of the program
cp -r lib/include "$scratch/include"
sed -i 's/^  df_config config;/  df_config config;\n  double added_setting;/' "$scratch/include/dynaflow/data/task.h"
other_headers() {
  ${CC:-cc} -std=c17 -O2 -fvisibility=hidden -shared -fPIC -I "$scratch/include" $source -L "$build" -ldynaflow -o "$scratch/grown.so"
}
check a_plugin_of_other_headers_compiles other_headers
check a_plugin_of_other_headers_is_refused refuses_plugin "$scratch/grown.so" 'built against another dynaflow: rebuild the plugin'
check twice_is_refused refuses 'already' list --plugin "$plugin" --plugin "$plugin"
check every_help_names_it exits_with 0 verify --help
check help_names_the_option says ' --plugin '
check help_of_options_exits_0 exits_with 0 help options
check it_describes_the_option says '--plugin=FILE.so'
check a_bare_name_is_a_file_here bash -c "cd '$scratch' && '$program' list methods --plugin hold_pose.so | grep -q hold_pose"
finish
