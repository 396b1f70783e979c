#!/usr/bin/env bash
# Help, version, list and doctor; wrong usage is refused.
. tests/cli/check.sh

check help_exits_0 exits_with 0 --help
check help_names_every_command grep -qE '^  report ' "$scratch/out"
check version_exits_0 exits_with 0 --version
check version_names_the_program grep -qE '^dynaflow [0-9]+\.[0-9]+\.[0-9]+ ' "$scratch/out"
check no_command_is_refused exits_with 2
check unknown_command_is_refused refuses "unknown command 'raport', did you mean 'report'" raport
check far_off_command_gets_no_suggestion refuses "unknown command 'xyzzy'$" xyzzy

for command in list doctor data replay gradcheck bench run train sample eval report verify gate; do
  check "help_of_$command" exits_with 0 $command --help
  for option in --threads --quiet --json --help; do
    check "help_of_${command}_names_$option" grep -qE -- "$option" "$scratch/out"
  done
  check "unknown_option_of_${command}" refuses "unrecognized option '--no-such-option'" $command --no-such-option
done
for command in data replay gradcheck bench run train sample eval report verify gate; do
  check "${command}_without_arguments_is_refused" exits_with 2 $command
done

check threads_0_is_refused refuses 'threads 0' list --threads 0
check threads_word_is_refused refuses 'threads two' list --threads two
check set_without_value_is_refused refuses 'set train.steps' list --set train.steps
check seed_twice_is_refused refuses 'seed 1,1' list --seed 1,1
check unknown_list_is_refused refuses "cannot list 'method', did you mean 'methods'" list method

check list_exits_0 exits_with 0 list
check list_names_methods grep -qE '^method +dynaflow ' "$scratch/out"
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
finish
