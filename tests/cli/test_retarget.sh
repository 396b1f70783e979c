#!/usr/bin/env bash
# docs/examples/retarget_dog.py: random poses of the Go1, as key points of a dog by forward kinematics, come back.
. tests/cli/check.sh

packages=third_party/python
export PYTHONPATH=$packages
if ! python3 -c 'import numpy' 2>/dev/null; then
  skip retarget "Python in third_party/python has no numpy (ci/fetch-python.py third_party/python)"
  finish
  exit
fi
check poses_come_back python3 - "$scratch" <<'PY'
import sys
sys.path.insert(0, 'docs/examples')
import numpy as np
import retarget_dog as r

rng = np.random.default_rng(1)
folder, wanted, lines = sys.argv[1], [], []
up = r.SCALE * r.turn('z', 0.47 * np.pi) @ r.turn('x', 0.5 * np.pi)
for _ in range(20):
    yaw, pitch = rng.uniform(-3, 3), rng.uniform(-.2, .2)
    base = r.turn('z', yaw) @ np.array([[np.cos(pitch), 0, np.sin(pitch)], [0, 1, 0], [-np.sin(pitch), 0, np.cos(pitch)]])
    position = np.array([rng.uniform(-1, 1), rng.uniform(-1, 1), .3])
    points, joints = np.zeros((27, 3)), []
    points[r.PELVIS], points[r.NECK] = (position + (0, 0, r.BELOW) + base @ (s * .2, 0, 0) for s in (-1, 1))
    for name, hip, toe in r.LEGS:
        front, side = (1 if name[0] == 'F' else -1), (1 if name[1] == 'L' else -1)
        a, b, c = rng.uniform((-.3, .5, -2.2), (.3, 1.2, -1.2))
        joints += [a, b, c]
        # forward kinematics of the leg, in the frame of the base
        x, z = -r.THIGH * np.sin(b) - r.CALF * np.sin(b + c), -r.THIGH * np.cos(b) - r.CALF * np.cos(b + c)
        foot = np.array([x, np.cos(a) * side * r.SIDE - np.sin(a) * z, np.sin(a) * side * r.SIDE + np.cos(a) * z])
        place = position + base @ (front * r.HIP_X, side * r.HIP_Y, 0)
        points[hip] = place
        points[toe] = place + base @ foot - r.turn('z', yaw) @ (0, side * r.OUTWARD, 0) - (0, 0, .02)
    wanted.append(np.concatenate([position, r.quaternion(base), joints]))
    lines.append((points @ np.linalg.inv(up).T).ravel())
np.savetxt(folder + '/dog_x_joint_pos.txt', lines, delimiter=',', fmt='%.17g')
found, wanted = r.clip(folder, 'x', 0, 20, .02), np.array(wanted)
wanted[:, :2] -= wanted[0, :2]
for t in range(20): wanted[t, 3:7] *= np.sign(wanted[t, 3:7] @ found[t, 3:7])
assert np.abs(found - wanted).max() < 1e-9
PY
finish
