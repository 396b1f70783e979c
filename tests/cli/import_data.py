"""Writes recordings of the models of tests/cli/import_models.py: import_data.py FOLDER."""
import json
import math
import os
import struct
import sys
import zipfile

FRAMES, RATE = 60, 50.0
LEGS = ('FL', 'FR', 'RL', 'RR')
TOES = {'FL': (0.2, 0.13), 'FR': (0.2, -0.13), 'RL': (-0.2, 0.13), 'RR': (-0.2, -0.13)}


def pose(leg, t):
    """abduction, hip, knee: legs on a diagonal swing together"""
    s = math.sin(2 * math.pi * t / 25 + (0 if leg in ('FL', 'RR') else math.pi))
    return [0.02 * s, 0.3 + 0.2 * s, -0.9 + 0.1 * s]


def rows(order, turn=False):
    """root position, quaternion x y z w, joints; the root goes forward at 0.5 m/s"""
    quaternion = [0.5, 0.5, 0.5, 0.5] if turn else [0, 0, 0, 1]
    return [[0.5 * t / RATE, 0, 0.45] + quaternion + sum((pose(leg, t) for leg in order), []) for t in range(FRAMES)]


def amp(order, ahead=0):
    frames = [[row[0] + ahead] + row[1:] for row in rows(order)]
    toes = sum(([*TOES[leg], -0.3] for leg in order), [])
    out = []
    for t, frame in enumerate(frames):
        a, b = frames[t - 1] if t else frames[0], frame if t else frames[1]
        velocity = [(y - x) * RATE for x, y in zip(a[7:], b[7:])]
        out.append(frame + toes + [0.5, 0, 0, 0, 0, 0] + velocity + [0] * 12)
    return out


def states():
    """qpos and qvel of the same walk, in the order of the model's legs"""
    order = ('FR', 'FL', 'RR', 'RL')
    qpos = [r[:3] + [1, 0, 0, 0] + r[7:] for r in rows(order)]
    qvel = []
    for t in range(FRAMES):
        a, b = (qpos[t - 1], qpos[t]) if t else (qpos[0], qpos[1])
        qvel.append([0.5, 0, 0, 0, 0, 0] + [(y - x) * RATE for x, y in zip(a[7:], b[7:])])
    return qpos, qvel


def write_json(path, frames):
    with open(path, 'w') as file:
        json.dump({'LoopMode': 'Wrap', 'FrameDuration': 1 / RATE, 'Frames': frames}, file)


def write_npz(path, arrays):
    """arrays: name -> list of numbers, one per frame"""
    with zipfile.ZipFile(path, 'w') as file:
        for name, values in arrays.items():
            head = "{'descr': '<f8', 'fortran_order': False, 'shape': (%d,), }" % len(values)
            head = head.ljust(117) + '\n'
            file.writestr(name + '.npy', b'\x93NUMPY\x01\x00' + struct.pack('<H', len(head)) + head.encode() +
                          struct.pack('<%dd' % len(values), *values))


def pendulum(episodes=4, actions=60, dt=0.05):
    """Gymnasium's Pendulum as the imitation library stores it: `indices` split the actions, the last one is left out."""
    obs, acts = [], []
    for e in range(episodes):
        angle, speed = 1 + e, 0.0
        for t in range(actions + 1):
            obs.append([math.cos(angle), math.sin(angle), speed])
            if t < actions:
                acts.append([math.sin(0.3 * t + e)])
                speed += (15 * math.sin(angle) + 3 * acts[-1][0]) * dt
                angle += speed * dt
    return {'obs': obs, 'acts': acts, 'indices': [actions * e for e in range(1, episodes)]}


folder = sys.argv[1]
os.makedirs(folder + '/amp', exist_ok=True)
write_json(folder + '/laikago.txt', rows(('FR', 'FL', 'RR', 'RL'), turn=True))
write_json(folder + '/amp/trot a.txt', amp(LEGS))
write_json(folder + '/amp/trot b.txt', amp(LEGS, ahead=3))
write_json(folder + '/bullet.txt', amp(('FR', 'FL', 'RR', 'RL')))
qpos, qvel = states()
for name, arrays in (('unrated', {}), ('timed', {'time': [t / RATE for t in range(FRAMES)]})):
    with open(f'{folder}/{name}.json', 'w') as file:
        json.dump({**arrays, 'qpos': qpos, 'qvel': qvel}, file)
for name, arrays in (('qpos', {'qpos': qpos, 'qvel': qvel}), ('observations', {'observations': [q[2:] + v for q, v in zip(qpos, qvel)]}),
                     ('flat', {'states': [[t / RATE] + q + v for t, (q, v) in enumerate(zip(qpos, qvel))]})):
    with open(f'{folder}/{name}.json', 'w') as file:
        json.dump({**arrays, 'dt': 1 / RATE}, file)
with open(folder + '/texts.json', 'w') as file:
    json.dump({'qpos': qpos, 'qvel': qvel, 'dt': 1 / RATE, 'gait': ['trot'] * FRAMES, 'author': ['me']}, file)
with open(folder + '/labels.json', 'w') as file:
    json.dump({'qpos': qpos, 'qvel': qvel, 'dt': 1 / RATE, 'surface': ['sand', 'ice'] * (FRAMES // 2) + ['ice'] * (FRAMES % 2)}, file)
with open(folder + '/imitation.json', 'w') as file:
    json.dump(pendulum(), file)
# DeepMimic's frames of a biped that sways where it stands: y up, z right, quaternions w, x, y, z of which that of an
# upright base is 1, 0, 0, 0; `sways.truth` has x, y, z and the quaternion with z up
truth = [(0.05 * math.sin(3 * t / 50), 0.35, 0.898, math.cos(0.2 + 0.1 * math.sin(3 * t / 50)), 0.0, 0.0,
          math.sin(0.2 + 0.1 * math.sin(3 * t / 50))) for t in range(150)]
write_json(folder + '/sways.json', [[1 / 50, x, z, -y, w, a, c, -b] + [1, 0, 0, 0, 0] * 2 for x, y, z, w, a, b, c in truth])
swing = [(math.cos(0.25 * math.sin(6 * t / 50)), math.sin(0.25 * math.sin(6 * t / 50))) for t in range(150)]
# hips that swing about the vertical axis, and the base that rocks forth and back above feet that stand still
write_json(folder + '/swings.json', [[1 / 50, 0.02 * t, 0.85, -0.35, 1, 0, 0, 0, w, 0, z, 0, 0, w, 0, -z, 0, 0] for t, (w, z) in enumerate(swing)])
rock = [0.15 * math.sin(4 * t / 50) for t in range(150)]
write_json(folder + '/rocks.json', [[1 / 50, -0.84 * math.sin(a), 0.06 + 0.84 * math.cos(a), 0, 1, 0, 0, 0] +
                                    [math.cos(a / 2), 0, 0, math.sin(a / 2), 0] * 2 for a in rock])


# the humanoid of DeepMimic, from angles of hinges about the axes of a model with x forward, y left, z up;
# `humanoid.truth` has these angles by name
def product(a, b):
    return [a[0] * b[0] - a[1] * b[1] - a[2] * b[2] - a[3] * b[3], a[0] * b[1] + a[1] * b[0] + a[2] * b[3] - a[3] * b[2],
            a[0] * b[2] - a[1] * b[3] + a[2] * b[0] + a[3] * b[1], a[0] * b[3] + a[1] * b[2] - a[2] * b[1] + a[3] * b[0]]


def hinges(angles):
    """the turn by hinges, (axis, angle) from the parent to the child, in DeepMimic's axes: x, y left, z up is x, z up, -y right"""
    q = [1, 0, 0, 0]
    for axis, angle in angles:
        q = product(q, [math.cos(angle / 2)] + [math.sin(angle / 2) * (axis == a) for a in 'xyz'])
    return [q[0], q[1], q[3], -q[2]]


parts = (('chest', 'xyz'), ('neck', 'zyx'), ('right_hip', 'zxy'), ('right_knee', ''), ('right_ankle', None), ('right_shoulder', 'yxz'),
         ('right_elbow', ''), ('left_hip', 'zxy'), ('left_knee', ''), ('left_ankle', None), ('left_shoulder', 'yxz'), ('left_elbow', ''))
moves = {name + ('_' + axis if axis else ''): [0.1 + 0.3 * math.sin(0.05 * t + i + k) for t in range(150)]
         for i, (name, axes) in enumerate(parts) if axes is not None for k, axis in enumerate(axes or ('',))}
frames = []
for t in range(150):
    frame = [1 / 50, 0.01 * t, 0.9, 0, 1, 0, 0, 0]
    for name, axes in parts:
        frame += ([1, 0, 0, 0] if axes is None else hinges([(a, moves[name + '_' + a][t]) for a in axes]) if axes
                  else [moves[name][t]])
    frames.append(frame)
write_json(folder + '/humanoid.json', frames)
with open(folder + '/humanoid.truth', 'w') as file:
    json.dump(moves, file)
with open(folder + '/sways.truth', 'w') as file:
    file.writelines(' '.join('%r' % v for v in row) + '\n' for row in truth)
with open(folder + '/amp/LICENSE.txt', 'w') as file:
    file.write('All rights reserved.\n')
with open(folder + '/table.csv', 'w') as file:
    file.write('\n'.join(','.join('%.6f' % v for v in row) for row in rows(LEGS)) + '\n')
joints = {f'q_{leg}_{joint}_joint': [pose(leg, t)[k] for t in range(FRAMES)]
          for leg in LEGS for k, joint in enumerate(('hip', 'thigh', 'calf'))}
write_npz(folder + '/joints.npz', {**{'q_trunk_' + n: [0.0] * FRAMES for n in ('tx', 'ty', 'tz', 'rotation', 'list', 'tilt')},
                                   **joints})
write_npz(folder + '/odd.npz', {'q_wing': [0.0] * FRAMES, 'q_tail': [0.0] * FRAMES})
write_npz(folder + '/unknown.npz', {'samples': [0.0] * FRAMES})
