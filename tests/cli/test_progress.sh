#!/usr/bin/env bash
# What a run says before and while it works: number of cells, networks and time, and the cell it is at.
. tests/cli/check.sh

task=$scratch/pendulum
cp -r docs/examples/pendulum "$scratch"
(cd "$task" && python3 make_data.py)
sed -i -e 's/windows: 16$/windows: 6/' -e 's/chains: 4$/chains: 2/' -e 's/methods: \[.*\]/methods: []/' "$task/task.yaml"
plan=(run "$task" --profile smoke --threads 1 --set train.steps=20 --set inverse.steps=30)
says() { grep -qE -- "$1" "$scratch/err" || { echo "no /$1/ in:"; cat "$scratch/err"; false; }; }
says_not() { ! grep -E -- "$1" "$scratch/err"; }
first_is() { head -1 "$scratch/err" | grep -qE -- "$1" || { cat "$scratch/err"; false; }; }

check three_cells_run exits_with 0 "${plan[@]}" --method kinematic_fm,kinematic_fm_idm,random_action --out "$scratch/run"
check the_run_begins_with_what_it_will_do first_is \
  '^dynaflow: 3 cells to run, 2 networks to train: about [0-9:]+ on 1 thread of this machine, estimated from a few steps of each; evaluation is not included$'
check every_cell_has_its_number says '^cell 3 of 3: pendulum random_action seed 1: evaluating on 6 windows$'
check the_method_is_named_beside_its_network bash -c "! grep -E '^cell 2 of 3: pendulum kinematic_fm seed' '$scratch/err'"
check nothing_is_on_standard_output_but_the_result [ "$(grep -cvE '^(weights of pendulum kinematic_fm|dynaflow sample )' "$scratch/out")" -eq 1 ]
check a_finished_run_exits_0 exits_with 0 "${plan[@]}" --method kinematic_fm,random_action --out "$scratch/run"
check it_estimates_nothing says_not 'to run|to train'
check its_cells_have_their_numbers says '^cell 2 of 2: pendulum random_action seed 1: already done$'
check a_shard_numbers_its_own_cells exits_with 0 "${plan[@]}" --method kinematic_fm,random_action,replay_demo --seed 2 --shard 2/2 --out "$scratch/run"
check of_which_there_is_one says '^cell 1 of 1: pendulum random_action seed 2: evaluating'
check one_cell_without_a_network first_is '^dynaflow: 1 cell to run$'
check quiet_says_nothing exits_with 0 "${plan[@]}" --method kinematic_fm --seed 3 --quiet --out "$scratch/run"
check at_all [ ! -s "$scratch/err" ]

# The estimate follows the work: two estimates of trainings that are ended at once. Twenty thousand times the steps take
# twenty thousand times as long; a loaded machine may blur that by a factor of ten.
# estimated STEPS: the seconds that the first line names
estimated() {
  "$program" "${plan[@]}" --method dynaflow --set train.steps="$1" --out "$scratch/long-$1" >/dev/null 2>"$scratch/err" </dev/null &
  local pid=$!
  for _ in $(seq 300); do grep -q 'to train' "$scratch/err" && break; sleep 0.1; done
  kill -KILL $pid 2>/dev/null
  wait $pid 2>/dev/null
  sed -n '1s/.*: about \([0-9:]*\) on .*/\1/p' "$scratch/err" | awk -F: '{s = 0; for (i = 1; i <= NF; i++) s = 60 * s + $i; print s}'
}
few=$(estimated 5000)
many=$(estimated 5000000)
check more_steps_take_longer [ "$many" -gt $((100 * few)) ]
check in_proportion [ "$many" -lt $((10000 * (few + 1))) ]
check a_short_training_is_short [ "$few" -lt 600 ]
finish
