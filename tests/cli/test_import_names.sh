#!/usr/bin/env bash
# dynaflow data import and data check: what the file calls its columns decides which joints they are; texts and numbers of
# each group are conditions; rates of comments.
. tests/cli/check.sh

made=$scratch/made tasks=$scratch/tasks
mkdir -p "$made"
python3 tests/cli/import_names.py "$made"
model=$made/arm.xml
sets() {
  sed 's/  # .*//; s/^ *//' "$tasks/$1/task.yaml" | grep -qxF -- "$2" || { grep -A25 "^data:" "$tasks/$1/task.yaml"; false; }
}
says() { grep -qE -- "$1" "$scratch/$2" || { echo "no /$1/ in:"; cat "$scratch/$2"; false; }; }
imports() {
  local name=$1
  shift
  exits_with 0 data import "$@" --model "$model" --out "$tasks/$name" --threads 1
}

# tables with a header
columns="--set data.states_key=table --set data.columns=joints --set data.actions_key="
check tables_are_imported imports tables "$made/arm_*.csv" $columns
check their_header_decides sets tables "joints: [elbow, slider, shoulder]"
check it_states_the_unit sets tables "angles: deg"
check what_is_followed_is_said says "names of columns are followed, data.joints: the file calls the column 'elbow \(deg\)' that is read as joint slider: 3 of 3 columns" err
check the_rate_is_that_of_the_comment sets tables "substeps: 10"
check where_it_comes_from_is_said says "frame rate: 50 Hz, by a comment of the file" err
check no_other_rate_is_set bash -c "! grep -q 'LAFAN1\|by its velocities' '$tasks/tables/task.yaml'"
check the_check_says_it_too run data check "$tasks/tables" --threads 1
check with_the_rate says "ok: frame interval: a comment of the file states 50 Hz" err
check the_check_is_content exits_with 0 data check "$tasks/tables" --threads 1
check no_row_is_of_names bash -c "! grep -q ' names ' '$scratch/out'"
check another_order_is_doubted run data check "$tasks/tables" --threads 1 --set data.joints=slider,shoulder,elbow
check by_its_names says "data.joints +names +warn" out
check a_file_in_the_order_of_the_model_is_wrong exits_with 1 data check "$made/arm_0.csv" --model "$model" --threads 1 $columns
check its_order_is_named says "names +wrong.*data.joints = elbow,slider,shoulder" out

# columns of a base and joints in no order, in mm and degrees, against the numbers that they were made of
rover_is_read() {
  run data check "$@" --columns --json --quiet
  python3 - "$scratch/out" "$made/rover.truth" <<'P'
import json, sys
columns = {r['column']: r for r in json.load(open(sys.argv[1]))['rows'] if 'histogram' in r}
truth = json.load(open(sys.argv[2]))
for name in truth[0]:
    if 'linvel' in name:
        continue
    values = [row[name] for row in truth]
    wanted = min(values), max(values), sum(values) / len(values)
    read = [columns[name][k] for k in ('min', 'max', 'mean')]
    assert all(abs(a - b) < 1e-9 for a, b in zip(wanted, read)), (name, wanted, read)
P
}
check a_named_table_is_imported exits_with 0 data import "$made/rover.csv" --model "$made/rover.xml" --out "$tasks/rover" --threads 1
check its_layout_is_named says "layout: named columns" err
check its_other_columns_are_named says "columns that nothing uses .*: lamp" err
check it_is_read_by_its_names rover_is_read "$tasks/rover"
check the_check_of_the_file_reads_it_so rover_is_read "$made/rover.csv" --model "$made/rover.xml" --set system.timestep=0.004 --set system.substeps=5
check two_spellings_are_refused exits_with 2 data import "$made/rover_twice.csv" --model "$made/rover.xml" --out "$tasks/twice"
check both_are_named says "rover_twice.csv: the columns 'base_pos_x_mm' and 'x_mm' are named alike, and differ first in row 0" err
check the_check_refuses_them exits_with 2 data check "$made/rover_twice.csv" --model "$made/rover.xml"
check and_names_both says "the columns 'base_pos_x_mm' and 'x_mm' are named alike" err
check two_rates_are_refused exits_with 2 data import "$made/rates.csv" --model "$made/arm.xml" --out "$tasks/rates"
check both_rates_are_named says "rates.csv: comments state different frame rates, 50 Hz in line 1, but 0.01 s per frame in line 3" err
check the_check_refuses_two_rates exits_with 2 data check "$made/rates.csv" --model "$made/arm.xml"
check and_names_both_rates says "50 Hz in line 1, but 0.01 s per frame in line 3" err
check a_given_rate_settles_it exits_with 0 data import "$made/rates.csv" --model "$made/arm.xml" --out "$tasks/rates" --set data.rate=50 --threads 1
check equal_rates_are_one exits_with 0 data check "$made/rate.csv" --model "$made/arm.xml"

# groups with lists of names
columns="--set data.columns=joints@joint_pos --set data.states_key=joint_pos --set data.actions_key="
check groups_are_imported imports groups "$made/groups.json" $columns
check their_list_decides sets groups "joints: [elbow, slider, shoulder]"
check the_list_is_named says "the file calls the column 'elbow' in 'joint_names' that is read as joint slider" err
check texts_and_numbers_of_groups_are_conditions sets groups "conditions: [instruction, target_speed]"
check one_text_of_all_is_none says "array task is named like a condition, but is not used: it is the same in all episodes" err
check other_texts_of_groups_are_named says "arrays that nothing uses \(data.conditions may\): ep_0/operator, ep_0/task$" err
check a_clock_of_groups_is_named_apart says "arrays that nothing uses, times by their names \(data.rate .*\): ep_0/timestamp$" err
check numbers_that_are_not_exact_stop_nothing says "array timestamp gives no rate, and is left out: .*beyond 2\^53" err
check names_of_no_joint_are_imported imports foreign "$made/foreign.json" $columns
check names_of_no_joint_are_a_warning says "data check: warn: names, data.joints: the columns are called a1, b2, c3 in 'joint_names', and none of these is a joint of the model \(slider, shoulder, elbow\)" err

# names that recorded actions contradict
model=$made/motors.xml
without() { ! grep -qE "^ +($2):" "$tasks/$1/task.yaml" || { grep -A25 "^data:" "$tasks/$1/task.yaml"; false; }; }
check misnamed_joints_are_imported imports joints_misnamed "$made/joints_misnamed.json"
check their_actions_are_kept sets joints_misnamed "actions_key: actions"
check in_the_order_of_the_model without joints_misnamed "joints|actuators"
check their_names_are_a_warning says "warn: names, data.joints: .*and not as they are named, so the names are ignored" err
check misnamed_actuators_are_imported imports actuators_misnamed "$made/actuators_misnamed.json"
check actions_of_misnamed_ones_are_kept sets actuators_misnamed "actions_key: actions"
check actuators_are_in_the_order_of_the_model without actuators_misnamed "actuators"
check named_actuators_are_imported imports actuators_named "$made/actuators_named.json"
check their_names_are_followed sets actuators_named "actuators: [mb, ma, mc]"
check wrongly_named_ones_are_imported imports actuators_unordered "$made/actuators_unordered.json"
check their_order_is_that_of_the_states sets actuators_unordered "actuators: [mc, ma, mb]"
check by_another_order_than_the_names says "in another order than the file names them" err

# HDF5: a text and an attribute of each group
packages=third_party/python
if PYTHONPATH=$packages python3 -c 'import h5py' 2>/dev/null; then
  PYTHONPATH=$packages python3 - "$made" <<'PY'
import json, sys
import h5py
groups = json.load(open(sys.argv[1] + "/groups.json"))
with h5py.File(sys.argv[1] + "/groups.h5", "w") as file:
    for name, g in groups.items():
        file[name + "/joint_pos"] = g["joint_pos"]
        file[name + "/instruction"] = g["instruction"]
        file[name].attrs["target_speed"] = g["target_speed"]
        file[name].attrs["operator"] = "nobody"
    file.attrs["joint_names"] = groups["ep_0"]["joint_names"]
with h5py.File(sys.argv[1] + "/robomimic.h5", "w") as file:
    for name, g in groups.items():
        file["data/" + name.replace("ep", "demo") + "/joint_pos"] = g["joint_pos"]
    file["data"].attrs["env_args"] = json.dumps({"env_name": "Lift", "env_kwargs": {"control_freq": 25, "horizon": 400}})
PY
  model=$made/arm.xml
  check robomimic_is_imported imports robomimic "$made/robomimic.h5" $columns --set data.joints=elbow,slider,shoulder
  check its_rate_is_that_of_the_controller sets robomimic "substeps: 20"
  check the_controller_is_named says "frame rate: 25 Hz, by control_freq of data@env_args" err
  check groups_of_hdf5_are_imported imports hdf5 "$made/groups.h5" $columns --set data.rate=50
  check attributes_name_joints sets hdf5 "joints: [elbow, slider, shoulder]"
  check texts_and_attributes_of_groups_are_conditions sets hdf5 'conditions: [target_speed@@target_speed, instruction]'
  check other_attributes_are_named says "arrays that nothing uses .*: ep_0@operator" err
else
  skip hdf5 "no h5py in $packages"
fi

finish
