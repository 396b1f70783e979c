"""humanoid_clips.py CLIP.txt MODEL.xml KEYS.xml: compares the states of KEYS.xml, which `dynaflow render --keyframes`
wrote, with a clip of DeepMimic, by rotation matrices alone: positions of all frames, and velocities as differences."""
import json
import math
import sys
import xml.etree.ElementTree as tree

PARTS = ['chest', 'neck', 'right_hip', 'right_knee', 'right_ankle', 'right_shoulder', 'right_elbow',
         'left_hip', 'left_knee', 'left_ankle', 'left_shoulder', 'left_elbow']
UP = [[1, 0, 0], [0, 0, -1], [0, 1, 0]]  # y up to z up
RATE = 30


def times(a, b):
    return [[sum(a[i][k] * b[k][j] for k in range(3)) for j in range(3)] for i in range(3)]


def transposed(a):
    return [list(row) for row in zip(*a)]


def matrix(q):
    n = math.sqrt(sum(v * v for v in q))
    w, x, y, z = (v / n for v in q)
    return [[1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)]]


def turned(q):
    return times(times(UP, matrix(q)), transposed(UP))


def read(frame):
    """The place of the base, its rotation matrix, and the angles by joint."""
    angles, at = {}, 8
    for part in PARTS:
        if part.endswith(('knee', 'elbow')):
            angles[part], at = frame[at], at + 1
        else:
            # a turn by -y about the y axis, then by x, then by z, since the model's axis is 0 -1 0
            m, at = turned(frame[at:at + 4]), at + 4
            angles[part + '_y'] = -math.atan2(m[0][2], m[2][2])
            angles[part + '_x'] = -math.asin(m[1][2])
            angles[part + '_z'] = math.atan2(m[1][0], m[1][1])
    assert at == len(frame)
    return [sum(UP[i][k] * frame[1 + k] for k in range(3)) for i in range(3)], turned(frame[4:8]), angles


def rotation_vector(m):
    """Of a turn by less than half a turn."""
    axis = [m[2][1] - m[1][2], m[0][2] - m[2][0], m[1][0] - m[0][1]]
    sine = math.sqrt(sum(v * v for v in axis)) / 2
    angle = math.atan2(sine, (m[0][0] + m[1][1] + m[2][2] - 1) / 2)
    return [v / 2 * (angle / sine if sine > 1e-9 else 1) for v in axis]


def numbers(key, name):
    return [float(v) for v in key.get(name).split()]


with open(sys.argv[1]) as file:
    frames = [read(f) for f in json.load(file)['Frames']]
joints = [j.get('name') for j in tree.parse(sys.argv[2]).getroot().iter('joint') if j.get('name')]
keys = list(tree.parse(sys.argv[3]).getroot().iter('key'))
assert len(joints) == 28 and len(keys) == len(frames), (len(joints), len(keys), len(frames))
worst = {'place': 0, 'turn': 0, 'angle': 0, 'velocity': 0, 'rate': 0, 'joint rate': 0}
for t, key in enumerate(keys):
    (place, base, angles), qpos, qvel = frames[t], numbers(key, 'qpos'), numbers(key, 'qvel')
    after = frames[max(t, 1)]
    before = frames[max(t, 1) - 1]
    worst['place'] = max([worst['place']] + [abs(a - b) for a, b in zip(qpos, place)])
    read_base = matrix(qpos[3:7])
    worst['turn'] = max([worst['turn']] + [abs(read_base[i][j] - base[i][j]) for i in range(3) for j in range(3)])
    worst['angle'] = max([worst['angle']] + [abs(qpos[7 + j] - angles[n]) for j, n in enumerate(joints)])
    worst['velocity'] = max([worst['velocity']] + [abs(qvel[i] - RATE * (after[0][i] - before[0][i])) for i in range(3)])
    rate = rotation_vector(times(transposed(before[1]), after[1]))
    worst['rate'] = max([worst['rate']] + [abs(qvel[3 + i] - RATE * rate[i]) for i in range(3)])
    worst['joint rate'] = max([worst['joint rate']] + [abs(qvel[6 + j] - RATE * (after[2][n] - before[2][n]))
                                                      for j, n in enumerate(joints)])
print(worst)
assert worst['place'] < 1e-12 and worst['turn'] < 1e-12 and worst['angle'] < 1e-10, worst
assert worst['velocity'] < 1e-9 and worst['rate'] < 1e-9 and worst['joint rate'] < 1e-8, worst
