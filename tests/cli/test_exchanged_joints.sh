#!/usr/bin/env bash
# dynaflow data check and data import of a recording of the Go1, states only, in which the same joint of two legs is
# exchanged: the order of these columns is named, with exit code 1, and with it nothing is wrong.
. tests/cli/check.sh

model=$PWD/tasks/go1_gaits/go1.xml
check demonstrations exits_with 0 data make go1_gaits --profile smoke --data "$scratch/data" --set data.episodes=4 --threads 1

# exchanges A B: hinges A and B of positions and velocities
exchanges() {
  python3 - "$scratch"/data/*.npz "$scratch/edited.npz" "$1" "$2" <<'PYTHON'
import ast, struct, sys, zipfile
path, out, a, b = *sys.argv[1:3], int(sys.argv[3]), int(sys.argv[4])
z = zipfile.ZipFile(path)
raw = z.read('states.npy')
head = 10 + struct.unpack('<H', raw[8:10])[0]
width = ast.literal_eval(raw[10:head].decode())['shape'][-1]
x = list(struct.unpack('<%dd' % ((len(raw) - head) // 8), raw[head:]))
for row in range(0, len(x), width):
    for at in row + 7, row + 25:
        x[at + a], x[at + b] = x[at + b], x[at + a]
with zipfile.ZipFile(out, 'w') as edited:
    edited.writestr('states.npy', raw[:head] + struct.pack('<%dd' % len(x), *x))
    edited.writestr('dt.npy', z.read('dt.npy'))
PYTHON
}
recording=("$scratch/edited.npz" --model "$model" --threads 1 --quiet)
columns=root_pos,root_quat,joints,root_linvel,root_angvel,joint_vel

# names A B: the one row that is wrong says that columns A and B are exchanged, and with its settings none is
names() {
  local order
  order=$(python3 -c "
joints = [l + '_' + p + '_joint' for l in ('FR', 'FL', 'RR', 'RL') for p in ('hip', 'thigh', 'calf')]
joints[$1], joints[$2] = joints[$2], joints[$1]
print(','.join(joints))")
  exits_with 1 data check "${recording[@]}" --json && python3 - "$scratch/out" "data.columns = $columns, data.joints = $order" <<'PYTHON' &&
import json, sys
wrong = [r for r in json.load(open(sys.argv[1]))['rows'] if r['verdict'] == 'wrong']
assert [r['check'] for r in wrong] == ['convention'], wrong
assert wrong[0]['would_fit'] == sys.argv[2], wrong
PYTHON
    exits_with 0 data check "${recording[@]}" --set data.columns=$columns --set "data.joints=$order"
}
exchanges 2 5
check calves_of_the_front_legs names 2 5
check import_reads_them_in_their_order exits_with 0 data import "$scratch/edited.npz" --model "$model" --out "$scratch/task" --threads 1
check with_the_order_in_the_task grep -q 'joints:.*FR_hip_joint, *FR_thigh_joint, *FL_calf_joint, *FL_hip_joint, *FL_thigh_joint, *FR_calf_joint' "$scratch/task/task.yaml"
exchanges 2 11
check calves_of_the_diagonal_legs names 2 11
finish
