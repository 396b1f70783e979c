#!/usr/bin/env bash
# Help, version, list and doctor; wrong usage is refused.
. tests/cli/check.sh

check help_exits_0 exits_with 0 --help
check help_names_every_command grep -qE '^  report  ' "$scratch/out"
cp "$scratch/out" "$scratch/main"
for words in -h '-?' help 'help --help' 'help -h' 'help help'; do
  read -ra arguments <<<"$words"
  check "the_program_describes_itself:$words" exits_with 0 "${arguments[@]}"
  check "always_in_the_same_way:$words" cmp "$scratch/main" "$scratch/out"
done
check help_of_two_commands_is_refused refuses "unexpected argument 'train': one command or 'options' is expected" help run train
check help_of_options_and_more_is_refused refuses "unexpected argument 'x'" help options x
check help_of_an_unknown_command_is_refused refuses "unknown command 'rum', did you mean 'run'" help rum
check version_exits_0 exits_with 0 --version
check version_names_the_program grep -qE '^dynaflow [0-9]+\.[0-9]+\.[0-9]+ ' "$scratch/out"
check no_command_is_refused exits_with 2
check unknown_command_is_refused refuses "unknown command 'raport', did you mean 'report'" raport
check far_off_command_gets_no_suggestion refuses "unknown command 'xyzzy'$" xyzzy

commands=$("$program" --help | sed -n '/^Commands:$/,/^$/s/^  \([a-z0-9]*\)  .*/\1/p')
same_help() { run "$1" --help && cp "$scratch/out" "$scratch/help" && for words in "$1 -h" "$1 -?" "help $1"; do run $words && cmp "$scratch/help" "$scratch/out" || return 1; done; }
for command in $commands; do
  check "short_help_of_${command}_is_its_help" same_help $command
  check "help_of_$command" exits_with 0 $command --help
  check "help_of_${command}_ends_with_an_example" bash -c "tail -2 '$scratch/out' | head -1 | grep -qx 'Example:' && tail -1 '$scratch/out' | grep -qE '^  dynaflow $command( |$)'"
  check "help_of_${command}_names_the_common_options_in_one_place" [ "$(grep -c -- '--blas-kernel' "$scratch/out")" -eq 1 ]
  check "usage_of_${command}_exits_0" exits_with 0 $command --usage
  run $command --help
  for option in --threads --quiet --json --help; do
    check "help_of_${command}_names_$option" grep -qE -- "$option" "$scratch/out"
  done
  check "unknown_option_of_${command}" refuses "unrecognized option '--no-such-option'" $command --no-such-option
done
for command in data replay gradcheck bench run train sample eval report verify gate compare render completion; do
  check "${command}_without_arguments_is_refused" exits_with 2 $command
done

check threads_0_is_refused refuses 'threads 0' list --threads 0
check threads_word_is_refused refuses 'threads two' list --threads two
check set_without_value_is_refused refuses 'set train.steps' list --set train.steps
check seed_twice_is_refused refuses 'seed 1,1' list --seed 1,1
check an_empty_seed_is_refused refuses '\-\-seed 1,,2: an item of the list is empty' list --seed 1,,2
check no_seed_is_refused refuses '\-\-seed: the value is empty' list --seed ''
for option in --profile --tasks --data --plugin --blas-kernel; do
  check "an_empty_value_of_${option}_is_refused" refuses "$option: the value is empty" list "$option" ''
done
# empty COMMAND OPTION...: each option refuses an empty value
empty() {
  local command=$1 option
  shift
  for option; do check "an_empty_value_of_${command}_${option}_is_refused" refuses "$option: the value is empty" "$command" "$option" ''; done
}
empty run --method --out
empty train --method --checkpoint
empty sample --method --checkpoint --out
empty gate --against --junit --markdown
empty compare --method
empty render --out --film --keyframes --task --method --episode --beside --view
empty gradcheck --suite --out --plot
empty bench --suite --out
for value in , dynaflow, ,dynaflow dynaflow,,action_fm; do
  check "methods_${value}_are_refused_by_run" refuses "\-\-method $value: an item of the list is empty" run --method "$value"
  check "methods_${value}_are_refused_by_compare" refuses "\-\-method $value: an item of the list is empty" compare --method "$value"
done
check tasks_that_are_no_folder_are_refused refuses "\-\-tasks $scratch/none: no such folder" list tasks --tasks "$scratch/none"
check so_they_are_by_data refuses "\-\-tasks $scratch/none: no such folder" data info cart --tasks "$scratch/none"
check an_empty_task_name_is_refused refuses "\-\-set: task.name = '': the name is empty" data info go1_gaits --set task.name=
check missing_demonstrations_are_missing misses 'not generated yet$' data info ./tasks/go1_gaits --data "$scratch" --set data.seed=77
check the_hint_names_the_task_as_given grep -qxF 'dynaflow: to generate the demonstrations, run: dynaflow data make ./tasks/go1_gaits' "$scratch/err"
check no_other_hint_is_given bash -c '! grep -q fetch "$0"' "$scratch/err"
check unknown_list_is_refused refuses "cannot list 'method', did you mean 'methods'" list method

check list_exits_0 exits_with 0 list
check list_names_methods grep -qE '^method +dynaflow ' "$scratch/out"
check list_of_settings_exits_0 exits_with 0 list settings
check settings_have_default_range_unit_and_meaning grep -qE '^setting +train.tape_mib +number +0 +0 .. 1000000 +MiB +tape memory' "$scratch/out"
check every_setting_is_listed [ "$(grep -c '^setting ' "$scratch/out")" -eq "$(grep -cE '^  X\((INT|REAL|TEXT|LIST|NAMES|ITEMS), ' lib/include/dynaflow/config/config.h)" ]
check a_part_of_a_name_selects exits_with 0 list settings push
check those_that_contain_it [ "$(awk 'NR > 1 {print $2}' "$scratch/out" | paste -sd' ')" = 'train.push train.push_error' ]
check a_pattern_selects exits_with 0 list settings 'inverse.?[ie]*'
check those_that_match_it [ "$(awk 'NR > 1 {print $2}' "$scratch/out" | paste -sd' ')" = 'inverse.width inverse.depth' ]
check a_bracket_makes_a_pattern exits_with 0 list settings 'inverse.[wd]*'
check of_which_the_same_match [ "$(awk 'NR > 1 {print $2}' "$scratch/out" | paste -sd' ')" = 'inverse.width inverse.depth' ]
check a_pattern_without_matches_is_refused refuses "no name among the settings matches 'nonesuch'" list settings nonesuch
mkdir -p "$scratch/tasks/two" "$scratch/tasks/none"
printf 'task.name: two\nprofiles:\n  quick:\n    train: {steps: 5}\n    methods:\n      dynaflow: {train.rate: 0.5}\n  long:\n    train.steps: 7\n' >"$scratch/tasks/two/task.yaml"
printf 'task.name: none\n' >"$scratch/tasks/none/task.yaml"
check list_of_profiles_exits_0 exits_with 0 list profiles --tasks "$scratch/tasks" --json
check profiles_have_task_and_changes python3 -c "
import json, sys
rows = [(r['task'], r['name'], r['summary']) for r in json.load(open(sys.argv[1]))['rows']]
assert rows == [('none', 'full', \"the task's own settings\"), ('two', 'quick', 'train.steps=5 methods.dynaflow.train.rate=0.5'),
                ('two', 'long', 'train.steps=7')], rows" "$scratch/out"
for kind in tasks methods metrics; do
  check "list_${kind}_json_exits_0" exits_with 0 list $kind --json
  check "list_${kind}_json_is_a_document" python3 -c "
import json, sys
d = json.load(open(sys.argv[1]))
assert d['schema'] == 1 and len(d['rows']) >= 2
for r in d['rows']: assert r['kind'] + 's' == '$kind' and r['name'] and r['summary'], r" "$scratch/out"
done
check list_json_is_one_document exits_with 0 list --json
check list_json_parses python3 -m json.tool "$scratch/out"
check json_writes_nothing_else [ ! -s "$scratch/err" ]

check doctor_says_what_is_here bash -c "'$program' doctor --json >'$scratch/doctor' 2>/dev/null; c=\$?; [ \$c -eq 0 ] || [ \$c -eq 3 ]"
check doctor_json_names_muJoCo grep -q '"MuJoCo"' "$scratch/doctor"

# ---- standard output that takes nothing, for every command and every way to end ----

cp -r docs/examples/pendulum "$scratch"
(cd "$scratch/pendulum" && python3 make_data.py)
check a_run_to_look_at exits_with 0 run "$scratch/pendulum" --profile smoke --method random_action --seed 1,2 --quiet --out "$scratch/run"
ln -s weights.safetensors "$scratch/link" && ln -s sample.npz "$scratch/link.npz"
check a_checkpoint_goes_through_a_link_to_no_file exits_with 0 train "$scratch/pendulum" --profile smoke --method dynaflow --checkpoint "$scratch/link" --quiet
check the_link_to_the_checkpoint_stays [ "$(readlink "$scratch/link")" = weights.safetensors ]
check the_checkpoint_is_beside_it [ -s "$scratch/weights.safetensors" ]
check a_sample_goes_through_a_link exits_with 0 sample "$scratch/pendulum" --profile smoke --method random_action --out "$scratch/link.npz" --quiet
check the_link_to_the_sample_stays [ "$(readlink "$scratch/link.npz")" = sample.npz ]
check the_sample_is_beside_it [ -s "$scratch/sample.npz" ]
check a_sample_into_a_folder_is_refused refuses "$scratch/pendulum: Is a directory" sample "$scratch/pendulum" --profile smoke --method random_action --out "$scratch/pendulum" --quiet
# loses WHERE ARGUMENT...: with that redirection of standard output, exit code 2 and one error that names it
loses() {
  local where=$1 code=0
  shift
  eval '"$program" "$@" '"$where"' 2>"$scratch/err" </dev/null' || code=$?
  [ "$code" -eq 2 ] && grep -q '^dynaflow: standard output: ' "$scratch/err" || { echo "exit code $code"; cat "$scratch/err"; return 1; }
}
for words in --help --version 'list tasks' 'list --json' 'run --help' doctor "data info $scratch/pendulum" "replay $scratch/pendulum" \
  "gradcheck $scratch/pendulum --states 2 --rollouts 1" "verify $scratch/run" "report $scratch/run" "gate $scratch/run --json" \
  "run $scratch/pendulum --profile smoke --method random_action --seed 1,2 --out $scratch/run"; do
  read -ra arguments <<<"$words"
  check "a_full_standard_output_is_an_error:${words//$scratch\//}" loses '>/dev/full' "${arguments[@]}"
done
check the_reason_is_given loses '>/dev/full' list
check the_reason_is_the_systems grep -q 'standard output: No space left on device$' "$scratch/err"
check a_closed_standard_output_is_an_error loses '>&-' list
check a_command_that_prints_nothing_needs_none bash -c '"$0" data make no_such_task >&- 2>"$1"; [ $? -eq 2 ] && ! grep -q "standard output" "$1"' \
  "$program" "$scratch/err"
# the first file that is opened must not get the number of a closed stream: what is printed would go into it
cp "$scratch/run/events.jsonl" "$scratch/before"
"$program" run "$scratch/pendulum" --profile smoke --method random_action --seed 1,2 --out "$scratch/run" >&- 2>&- <&-
check nothing_is_printed_into_a_record cmp "$scratch/before" "$scratch/run/events.jsonl"

check a_limit_that_is_no_number_is_refused env DYNAFLOW_ARRAYS_MIB=some bash -c '"$0" list 2>"$1"; [ $? -eq 2 ] && grep -q "DYNAFLOW_ARRAYS_MIB = .some.: expected" "$1"' \
  "$program" "$scratch/err"
# an archive of 0.3 MB with 300 MiB of zeros
python3 - "$scratch/pendulum/pendulum.npz" <<'PY'
import struct, sys, zipfile
n = 300 << 17
head = "{'descr': '<f8', 'fortran_order': False, 'shape': (1, %d, 2), }" % (n // 2)
head += ' ' * (63 - (10 + len(head)) % 64) + '\n'
with zipfile.ZipFile(sys.argv[1], 'w', zipfile.ZIP_DEFLATED) as z, z.open('states.npy', 'w') as f:
    f.write(b'\x93NUMPY\x01\x00' + struct.pack('<H', len(head)) + head.encode())
    for _ in range(300): f.write(bytes(1 << 20))
PY
check a_small_archive_does_not_take_all_memory refuses "pendulum.npz: array 'states': the arrays take 300.0 MiB of memory.*at most 256.0 MiB.*DYNAFLOW_ARRAYS_MIB=301" \
  data info "$scratch/pendulum"
allowed() { DYNAFLOW_ARRAYS_MIB=301 "$program" data info "$scratch/pendulum" --set data.actions_key= 2>&1 | tee "$scratch/err" | grep -q . && ! grep -q 'of memory' "$scratch/err"; }
check the_limit_can_be_raised allowed
# the records of a run have their profile, seeds and settings
for command in gate verify report compare; do
  for option in '--profile full' '--seed 2' '--set train.steps=1'; do
    check "${command}_refuses_${option%% *}" refuses "^dynaflow $command: ${option%% *}: profile, seeds and settings are those of the records of RUN; remove this option$" $command some_run $option
  done
done

finish
