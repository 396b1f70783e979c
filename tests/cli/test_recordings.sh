#!/usr/bin/env bash
# Recordings of other programs, described in the task file: several files, what nothing uses, and what does not fit.
. tests/cli/check.sh

task=$scratch/tasks/cart
mkdir -p "$task/mocap"
cat >"$task/cart.xml" <<'XML'
<mujoco>
  <option timestep="0.01"/>
  <worldbody>
    <body><joint name="x" type="slide" axis="1 0 0"/><geom type="sphere" size="0.1" mass="1"/></body>
  </worldbody>
  <actuator><motor joint="x" ctrllimited="true" ctrlrange="-1 1"/></actuator>
</mujoco>
XML
cat >"$task/task.yaml" <<'YAML'
task:
  name: cart
system:
  model: cart.xml
action:
  center: [0]
  half_range: [1]
data:
  file: mocap/*.txt
  states_key: Frames
  actions_key: ""
  columns: [joints, skip:1]
window:
  horizon: 4
split:
  test_every: 2
YAML
python3 - "$task/mocap" <<'PY'
import json, sys
for name, frames in (('walk', 12), ('trot', 20)):
    rows = [[0.01 * t * t, 7] for t in range(frames)]
    json.dump({'LoopMode': 'Wrap', 'FrameDuration': 0.02, 'Frames': rows, 'Weights': [1, 2, 3]}, open(f'{sys.argv[1]}/{name}.txt', 'w'))
PY

# says WHAT VALUE: data info has printed this row
says() { grep -qE -- "^cart +$1 +$2( |\$)" "$scratch/out" || { cat "$scratch/out"; false; }; }

check recordings_of_several_files_are_described exits_with 0 data info "$task"
check all_files_are_read says files 2
check every_file_is_an_episode says episodes 2
check frames_of_another_rate_are_resampled says 'longest episode' 38
check their_rate_is_told says 'frame rate' '50 Hz, resampled to 100 Hz +2 of 2 episodes'
check an_array_that_nothing_uses_is_mentioned says 'array that nothing uses' 'Weights \[3\]'
sum=$(cd "$task/mocap" && sha256sum trot.txt walk.txt | sha256sum | cut -d' ' -f1)
check the_hash_is_that_of_sha256sum says 'data sha256' "$sum"
check that_hash_is_accepted exits_with 0 data info "$task" --set data.sha256="$sum"
check the_rate_may_be_set exits_with 0 data info "$task" --set data.rate=100
check the_rate_of_the_actions_is_not_told bash -c '! grep "frame rate" "$0"' "$scratch/out"
check another_hash_is_refused refuses "mocap/\*\.txt: SHA-256 of its 2 files is $sum, but data\.sha256 is 00" \
  data info "$task" --set data.sha256="$(printf '0%.0s' {1..64})"
check the_settings_are_listed exits_with 0 list settings 'data.*'
check a_setting_has_its_meaning grep -qE 'data\.quaternion .*wxyz\|xyzw' "$scratch/out"

# velocities that are differences are not compared with the rate that the file states
check resampled_positions_are_no_other_rate bash -c '"$0" data check "$1" >"$2"; ! grep "frame rate.*wrong" "$2"' \
  "$program" "$task" "$scratch/check.out"

# a whole run; its record has the hash of the files
check a_task_of_several_files_runs exits_with 0 run "$task" --method random_action --out "$scratch/run" \
  --set eval.windows=2 --set eval.sae_windows=0 --set eval.chains=0 --set eval.sampler_steps=1
check its_record_has_their_hash grep -q "\"data_sha256\": *\"$sum\"" "$scratch/run/events.jsonl"

check columns_that_are_left_are_refused refuses \
  "data\.columns describe 1 columns, array 'Frames' has 2: 1 columns from index 1 on are not described; add skip:1" \
  data info "$task" --set data.columns=joints
check an_unknown_block_is_refused refuses "data\.columns: 'joint': unknown block 'joint' \(did you mean joints\?\)" \
  data info "$task" --set data.columns=joint,skip:1

check files_that_are_there_need_no_fetch exits_with 0 data fetch "$task"
check fetch_names_them grep -q 'mocap/\*\.txt.*already present' "$scratch/out"
rm "$task/mocap"/*.txt
check files_of_a_pattern_cannot_be_fetched misses \
  "data\.file 'mocap/\*\.txt' is a pattern for several files, which .data fetch. cannot download; put them into a folder" \
  data fetch "$task"
check missing_files_are_reported misses 'mocap/\*\.txt: not found in' data info "$task"

finish
