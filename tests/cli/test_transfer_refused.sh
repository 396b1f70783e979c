#!/usr/bin/env bash
# dynaflow transfer: other models whose ground or actuators mean something else, files of another task, files named
# twice, and outputs that cannot be written to their end.
. tests/cli/check.sh

packages=third_party/python
export PYTHONDONTWRITEBYTECODE=1
python() { PYTHONPATH=$PWD/$packages:$PWD/tests/independent python3 "$@"; }
if ! python -c 'import numpy, mujoco' 2>/dev/null; then
  skip transfer_refused "numpy and MuJoCo of Python are missing (ci/fetch-python.py $packages)"
  finish
  exit
fi
tasks=$scratch/tasks
check the_tasks_are_made python tests/independent/make_tasks.py "$tasks"
# a robot without a free base above a floor, whose spring does not push, and which falls by a rule
sed -i "s,<worldbody>,<worldbody><geom name='floor' type='plane' size='5 5 .1' pos='0 0 -4'/>,; s,stiffness='-65000',stiffness='5'," "$tasks/runaway/runaway.xml"
printf 'import sys, numpy as np\nx = np.zeros((2, 11, 4))\nu = np.full((2, 10, 2), .1)\nnp.savez(sys.argv[1], states=x, actions=u)\nnp.savez(sys.argv[2], states=x, actions=u, task=np.array("walker"))\n' |
  python - "$scratch/own.npz" "$scratch/other.npz"
refused() { # refused WORDS ARGUMENT...
  local words=$1
  shift
  exits_with 2 transfer "$tasks/runaway" --quiet "$@" && grep -qF -- "$words" "$scratch/err" || { cat "$scratch/err"; false; }
}
run transfer "$tasks/runaway" "$scratch/own.npz" --mass 1.5 --quiet
check a_motion_is_executed test "$code" -eq 0
cat "$scratch/err"

model() { sed "$2" "$tasks/runaway/runaway.xml" >"$scratch/$1.xml"; }
model same ''
model raised "s,pos='0 0 -4',pos='0 0 -3',"
model reversed "s,joint='way' ctrl,joint='way' gear='-200' ctrl,"
model still "s,joint='arm' ctrl,joint='arm' gear='0' ctrl,"
model strong "s,joint='way' ctrl,joint='way' gear='3' ctrl,"
check the_same_model exits_with 0 transfer "$tasks/runaway" "$scratch/own.npz" --quiet --model "$scratch/same.xml,$scratch/strong.xml"
mkdir -p "$scratch/a/x" "$scratch/b/x"
cp "$scratch/same.xml" "$scratch/a/x/m.xml"
cp "$scratch/same.xml" "$scratch/b/x/m.xml"
check models_of_one_file_name exits_with 0 transfer "$tasks/runaway" "$scratch/own.npz" --quiet --json --model "$scratch/a/x/m.xml,$scratch/b/x/m.xml,$scratch/same.xml"
check have_labels_that_differ python3 -c "
import json
levels = dict.fromkeys(r['level'] for r in json.load(open('$scratch/out'))['rows'] if r['perturbation'] == 'model')
assert list(levels) == ['a/x/m.xml', 'b/x/m.xml', '/'.join('$scratch/same.xml'.split('/')[-2:])], levels"
check a_ground_of_another_height refused "raised.xml: its ground is at -3 m, that of the task at -4 m, and the robot has no free base" \
  "$scratch/own.npz" --model "$scratch/raised.xml"
check a_motor_of_another_sign refused "reversed.xml: actuator 'way' has gain times gear -200 at the joint, in the task 1" \
  "$scratch/own.npz" --model "$scratch/reversed.xml"
check a_motor_without_effect refused "still.xml: actuator 'arm' has gain times gear 0 at the joint, in the task 1" \
  "$scratch/own.npz" --model "$scratch/still.xml"

# ---- files ----
other_task() {
  exits_with 0 transfer "$tasks/runaway" "$scratch/$1.npz" --quiet --mass 1.5
  grep -qF "other.npz: the file says that it is of task 'walker', not of runaway" "$scratch/err"
}
check a_file_of_another_task_is_told other_task other
ln -s own.npz "$scratch/link.npz"
cp "$scratch/own.npz" "$scratch/copy.npz"
check a_file_named_twice refused "link.npz is the same file as $scratch/own.npz, whose trajectories would count twice" \
  "$scratch/own.npz" "$scratch/link.npz" --mass 1.5 --by-training
check two_files exits_with 0 transfer "$tasks/runaway" "$scratch/own.npz" "$scratch/copy.npz" --mass 1.5 --by-training --quiet

# ---- outputs ----
touch "$scratch/file"
check a_folder_that_is_a_file refused "--export $scratch/file: this is a file, and no folder" "$scratch/own.npz" --mass 1.5 --export "$scratch/file"
check and_nothing_is_executed test ! -s "$scratch/out"
# the second CSV file cannot be written
mkdir -p "$scratch/robot/1-own-1.csv/in-use"
half_written() {
  exits_with 2 transfer "$tasks/runaway" "$scratch/own.npz" --mass 1.5 --quiet --export "$scratch/robot" &&
    [ "$(ls "$scratch/robot")" = 1-own-1.csv ] || { ls "$scratch/robot"; false; }
}
check no_half_of_an_export_is_left half_written
finish
