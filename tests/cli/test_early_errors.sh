#!/usr/bin/env bash
# Errors that can be known before the work begins are reported before it, once, and name the settings.
. tests/cli/check.sh

task=$scratch/pendulum
cp -r docs/examples/pendulum "$scratch"
(cd "$task" && python3 make_data.py)
sed -i -e 's/ steps: 100$/ steps: 20/' -e 's/windows: 16$/windows: 6/' -e 's/chains: 4$/chains: 2/' "$task/task.yaml"
says() { grep -qE -- "$1" "$scratch/err" || { echo "no /$1/ in:"; cat "$scratch/err"; false; }; }
one_error() { [ "$(wc -l <"$scratch/err")" -eq 1 ] && says "$1"; }

# ---- a missing checkpoint: before demonstrations are made ----
for command in sample eval; do
  check "a_missing_checkpoint_ends_$command" misses '^dynaflow: none.safetensors: No such file; name a checkpoint that `dynaflow train` wrote$' \
    $command go1_gaits --data "$scratch/data" --method dynaflow --checkpoint none.safetensors
  check "that_is_all_that_${command}_says" [ "$(wc -l <"$scratch/err")" -eq 1 ]
done
check no_demonstrations_were_made_for_it [ ! -e "$scratch/data" ]
check a_wrong_profile_is_named refuses "no profile 'smok'; known profiles: smoke, full" eval "$task" --profile smok --method random_action
check a_wrong_profile_of_a_run_is_named refuses "no profile 'smok'; known profiles: smoke, full" run "$task" --profile smok --out "$scratch/run"

# ---- a setting with which no cell can run: once, before the first cell ----
plan=(run "$task" --profile smoke --threads 1 --seed 1,2 --out "$scratch/run")
check a_horizon_that_is_too_long_is_refused refuses 'window.first \+ window.horizon \+ 1 is 401' "${plan[@]}" --set window.horizon=400
check it_is_said_once one_error 'episodes of 101 frames'
check no_cell_was_recorded bash -c "! grep -q '\"type\":\"cell\"' '$scratch/run/events.jsonl'"
check heads_that_do_not_divide_are_refused refuses 'task pendulum: net.heads = 4 must divide net.width = 30$' "${plan[@]}" \
  --method dynaflow --set net.width=30
check so_they_are_once one_error 'net.heads'
check so_they_are_by_train refuses 'net.heads = 4 must divide net.width = 30$' train "$task" --method dynaflow --checkpoint "$scratch/x" --set net.width=30
check an_mlp_has_no_heads exits_with 0 train "$task" --profile smoke --method kinematic_fm --checkpoint "$scratch/x" --set net.kind=mlp --set net.width=30
# one method of several that cannot run is a failed cell, and the others run
check a_method_that_cannot_run_is_one_cell exits_with 2 "${plan[@]}" --method random_action,dynaflow --seed 3 --set net.width=30 --json
check the_others_run python3 -c "
import json, sys
assert {r['method'] for r in json.load(open(sys.argv[1]))['rows']} == {'random_action'}" "$scratch/out"
check its_error_names_the_cell says '^dynaflow: .*pendulum dynaflow seed 3: task pendulum: net.heads = 4 must divide net.width = 30$'

# ---- actions that the network can ask for and the model does not admit ----
train=(train "$task" --profile smoke --method dynaflow --checkpoint "$scratch/x" --threads 1)
check actions_beyond_every_limit_are_refused refuses \
  'task pendulum: action.center and action.half_range give actuator 0 actions in 4..6, but its ctrlrange is -1..1$' "${train[@]}" --set action.center=5
check actions_that_only_touch_the_limits_are_refused refuses \
  'give actuator 0 actions in 1..3, but its ctrlrange is -1..1$' "${train[@]}" --set action.center=2
check so_they_are_below refuses 'give actuator 0 actions in -3..-1, but its ctrlrange is -1..1$' "${train[@]}" --set action.center=-2
check a_centre_near_the_limit_trains exits_with 0 "${train[@]}" --set action.center=1.6
warning='action.center = 1.6 and action.half_range = 1 give actuator 0 actions of which more than three quarters are clamped to its ctrlrange -1..1,'
check with_a_warning_that_names_the_centre says "^dynaflow: warning: task pendulum: $warning"
check a_range_ten_times_too_large_trains exits_with 0 "${train[@]}" --set action.half_range=10
check with_a_warning says '^dynaflow: warning: task pendulum: action.center = 0 and action.half_range = 10 give actuator 0 actions of which more than three quarters are clamped'
check a_range_twice_as_large_trains exits_with 0 "${train[@]}" --set action.half_range=2
check without_one bash -c "! grep -q warning '$scratch/err'"
check a_method_without_actions_does_not_warn exits_with 0 train "$task" --profile smoke --method kinematic_fm --checkpoint "$scratch/x" --set action.half_range=10
check at_all bash -c "! grep -q warning '$scratch/err'"

# ---- samples of cells that are done without them ----
samples=(run "$task" --profile smoke --threads 1 --method random_action --seed 1 --quiet)
check a_cell_is_done_without_samples exits_with 0 "${samples[@]}" --out "$scratch/samples"
check samples_of_a_done_cell_are_not_written exits_with 0 "${samples[@]}" --out "$scratch/samples" --store-samples
check this_is_said one_error '^dynaflow: warning: pendulum random_action seed 1: already done, so --store-samples has no effect: .* with another folder \(--out\)$'
check in_another_folder_they_are_written exits_with 0 "${samples[@]}" --out "$scratch/samples2" --store-samples
check the_samples_are_there [ "$(ls "$scratch/samples2/samples" | wc -l)" = 1 ]
check a_done_cell_with_samples_is_fine exits_with 0 "${samples[@]}" --out "$scratch/samples2" --store-samples
check nothing_is_said_then [ ! -s "$scratch/err" ]
check the_record_names_their_file exits_with 0 verify "$scratch/samples2" --json
check verify_looked_at_it python3 -c "
import json, sys
n = [r['n'] for r in json.load(open(sys.argv[1]))['rows'] if r['check'] == 'checkpoints']
assert n == [1], n" "$scratch/out"
for file in "$scratch"/samples2/samples/*.npz; do printf x >>"$file"; done
check samples_that_changed_are_tampering exits_with 2 verify "$scratch/samples2"
rm "$scratch"/samples2/samples/*.npz
check samples_that_are_gone_are_missing exits_with 3 verify "$scratch/samples2"

# ---- plans in which two results would have one name ----
cp -r "$task" "$scratch/again"
check two_tasks_of_one_name_are_refused refuses "the tasks '$task' and '$scratch/again' have one name, 'pendulum', by which a run tells its results apart: .* different folders \\(--out\\)" \
  run "$task" "$scratch/again" --profile smoke --threads 1 --method random_action --seed 1 --quiet --out "$scratch/two"
check one_task_twice_is_one exits_with 0 run "$task" "$task" --profile smoke --threads 1 --method random_action --seed 1 --out "$scratch/twice"
check with_one_cell says '^dynaflow: 1 cell to run$'
check sampler_steps_twice_are_refused refuses "eval.sampler_steps = '2,1,2': a number is listed twice" "${plan[@]}" --set eval.sampler_steps=2,1,2

# ---- a method that needs actions, on data of states only: before the training of the others ----
states=(run "$task" --profile smoke --threads 1 --seed 1,2 --set data.actions_key= --out "$scratch/states" --quiet)
reason='task pendulum: method replay_demo needs actions, but the demonstrations have states only; leave it out of task.methods or --method'
check a_method_without_its_actions_fails exits_with 2 "${states[@]}" --method kinematic_fm,replay_demo
check this_is_said_before_the_training bash -c "head -1 '$scratch/err' | grep -q '^dynaflow: warning: pendulum replay_demo will fail: $reason$'"
check it_is_said_once_for_all_seeds [ "$(grep -c 'will fail' "$scratch/err")" = 1 ]
check the_other_methods_run exits_with 0 "${states[@]}" --method kinematic_fm
check without_a_warning bash -c "! grep -q 'will fail' '$scratch/err'"
# ---- limits of the process: a message instead of a crash or a wait without end ----
limited() { # limited LIMIT VALUE ARGUMENT...
  local limit=$1 value=$2
  shift 2
  (ulimit "$limit" "$value" && OMP_NUM_THREADS=1 timeout 60 "$program" "$@") >"$scratch/out" 2>"$scratch/err" </dev/null
}
small_stack() { limited -s 256 list tasks; [ $? -eq 2 ] && says '^dynaflow: the stack is limited to 256 KiB, and 1024 KiB are needed: raise the limit \(ulimit -s 8192\)$'; }
check a_small_stack_is_named small_stack
raised_stack() { limited -Ss 256 list tasks; }
check a_soft_limit_of_the_stack_is_raised raised_stack
# under sanitizers nothing runs in so little address space
if limited -v 1200000 list tasks && command -v timeout >/dev/null; then
  little_space() { limited -v 200000 run "$task" --profile smoke --seed 1 --method dynaflow --threads 1 --quiet --out "$scratch/space"; grep -q 'the address space is too small for OpenBLAS: 384 MiB are needed for 1 thread; raise the limit' "$scratch/err"; }
  check too_little_address_space_is_named little_space
fi

finish
