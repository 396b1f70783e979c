#!/usr/bin/env bash
# The task humanoid: files that a task lists in braces are fetched; the clips of DeepMimic are read as an independent
# program reads them; methods without training reproduce the golden table.
. tests/cli/check.sh

# ---- fetching the files of a list ----

remote=$scratch/remote
listed=$scratch/tasks/listed
mkdir -p "$remote" "$listed"
cat >"$listed/cart.xml" <<'XML'
<mujoco>
  <worldbody><body><joint name="x" type="slide" axis="1 0 0"/><geom size="0.1" mass="1"/></body></worldbody>
  <actuator><motor joint="x" ctrlrange="-1 1" ctrllimited="true"/></actuator>
</mujoco>
XML
for clip in slow fast; do
  python3 - "$clip" >"$remote/$clip.csv" <<'P'
import sys
for t in range(30): print(t * (0.01 if sys.argv[1] == 'slow' else 0.02))
P
done
sum=$(cd "$remote" && sha256sum slow.csv fast.csv | sha256sum | cut -d' ' -f1)
# describe SUM URL: the task, with the hash of both files and the URL of the list
describe() {
  cat >"$listed/task.yaml" <<YAML
task: {name: listed, title: A cart}
system: {model: cart.xml, timestep: 0.01}
action: {center: [0], half_range: [1]}
data:
  file: "clips/{slow,fast}.csv"
  url: "$2"
  sha256: "$1"
  states_key: table
  actions_key: ""
  columns: [joints]
  rate: 100
split: {test_every: 2}
profiles: {full: {}}
YAML
}
both=file://$remote/{slow,fast}.csv
nothing_is_left() { [ -z "$(find "$listed/data" -type f 2>/dev/null)" ]; }
describe "$sum" "$both"
check a_file_of_this_machine_is_refused refuses "data 'clips/slow.csv': file://.*/slow.csv is a file of this machine" data fetch "$listed"
check nothing_was_written nothing_is_left
describe "$(printf '0%.0s' {1..64})" "$both"
check files_with_another_hash_are_refused refuses "SHA-256 of its files is $sum, the task expects 0000.*they were not kept" data fetch "$listed" --allow-file
check they_are_removed nothing_is_left
describe "$sum" "file://$remote/{slow,missing}.csv"
check a_missing_file_is_an_error refuses 'missing.csv' data fetch "$listed" --allow-file
check what_came_before_it_is_removed nothing_is_left
describe "$sum" "file://$remote/slow.csv"
check a_list_needs_as_many_urls misses "is a pattern for several files, which .data fetch. cannot download" data fetch "$listed" --allow-file
describe "$sum" "$both"
check a_list_is_fetched exits_with 0 data fetch "$listed" --allow-file
check its_first_file_arrived cmp "$remote/slow.csv" "$listed/data/clips/slow.csv"
check its_second_file_arrived cmp "$remote/fast.csv" "$listed/data/clips/fast.csv"
check the_common_hash_is_as_expected grep -qE "sha256 +$sum +as expected" "$scratch/out"
check it_is_read exits_with 0 data info "$listed"
check files_that_are_there_are_only_checked exits_with 0 data fetch "$listed"
check this_is_said grep -q 'already present' "$scratch/out"
echo 1 >>"$listed/data/clips/fast.csv"
check a_changed_file_is_refused refuses 'replace the files' data fetch "$listed"
check it_is_kept [ -e "$listed/data/clips/fast.csv" ]

# ---- the clips ----

data=${DYNAFLOW_DATA:-../shared/data}
# reads NAME EPISODE: the states of an episode are those that Python reads from the clip
reads() {
  exits_with 0 render humanoid --data "$data" --episode "$2" --from 0 --seconds 5 --keyframes "$scratch/$1.xml" --quiet &&
    python3 tests/cli/humanoid_clips.py "$data/deepmimic/humanoid3d_$1.txt" tasks/humanoid/humanoid.xml "$scratch/$1.xml"
}
# holds METHOD METRIC: it was compared with its golden number, and held
holds() { grep -qE "^humanoid +$1 +smoke +$2 .* held +\+- .* % of " "$scratch/out"; }
if [ ! -e "$data/deepmimic/humanoid3d_walk.txt" ]; then
  skip clips_are_read_as_by_an_independent_program "no clips of DeepMimic (dynaflow data fetch humanoid)"
  skip methods_without_training_reproduce_the_golden_table "no clips of DeepMimic (dynaflow data fetch humanoid)"
else
  check the_jog_is_read_as_by_an_independent_program reads jog 0
  check the_run_is_read_as_by_an_independent_program reads run 1
  check the_walk_is_read_as_by_an_independent_program reads walk 2
  check clips_that_are_there_are_checked exits_with 0 data fetch humanoid --data "$data"

  check methods_without_training_run exits_with 0 run humanoid --data "$data" --profile smoke --threads 1 --quiet \
    --method random_action,demo_states --seed 1,2 --out "$scratch/run"
  run gate "$scratch/run" --verbose
  check random_actions_reproduce_the_golden_table holds random_action tre_open_loop
  check forces_of_the_clips_reproduce_the_golden_table holds demo_states root_residual
  check errors_of_the_clips_reproduce_the_golden_table holds demo_states sae_min
fi
finish
