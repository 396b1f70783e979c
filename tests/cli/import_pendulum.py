"""Writes recordings of docs/examples/pendulum with mistakes: import_pendulum.py FOLDER MAKE_DATA."""
import json
import math
import os
import runpy
import struct
import sys

os.chdir(sys.argv[1])
made = runpy.run_path(sys.argv[2])
EPISODES, STEPS = made['EPISODES'], made['STEPS']


def write(name, spike=None, opposite=None, still=False, action=None, half=False, motors=1, **arrays):
    """spike: episode with a wrong velocity; opposite: episode whose actions have the wrong sign; still: nothing moves;
    action: the recorded action of a control; half: the second half of the actions of every episode is 0; motors: that share
    a control; arrays: others of the file"""
    states = [[made['states'][2 * i:2 * i + 2] for i in range(e * (STEPS + 1), (e + 1) * (STEPS + 1))] for e in range(EPISODES)]
    actions = [[[u] for u in made['actions'][e * STEPS:(e + 1) * STEPS]] for e in range(EPISODES)]
    if spike is not None:
        states[spike][30][1] = 1000.0
    if opposite is not None:
        actions[opposite] = [[-u] for [u] in actions[opposite]]
    if action:
        actions = [[[action(u)] for [u] in episode] for episode in actions]
    if half:
        actions = [episode[:STEPS // 2] + [[0.0]] * (STEPS - STEPS // 2) for episode in actions]
    actions = [[[u / motors] * motors for [u] in episode] for episode in actions]
    if still:
        states = [[[0.3, 0.0] for _ in episode] for episode in states]
    with open(name, 'w') as file:
        json.dump({'states': states, 'actions': actions, **arrays}, file)


def per_frame(value):
    return [[value(e, t) for t in range(STEPS + 1)] for e in range(EPISODES)]


def single(x):
    """x rounded to single precision"""
    return struct.unpack('f', struct.pack('f', x))[0]


def write_policy32(name):
    """a policy in single precision with scale 1.5 and offset 0.2 drives the pendulum by the law of MAKE_DATA"""
    states, actions = [], []
    m = made
    for e in range(EPISODES):
        q, v, x, a = 0.3 + 0.05 * e, 0.0, [], []
        for t in range(STEPS):
            x.append([q, v])
            energy = 0.5 * m['INERTIA'] * v * v + m['MASS'] * m['GRAVITY'] * m['LENGTH'] * (1 - math.cos(q))
            a.append([single((0.9 * math.tanh(2 * v * (m['GOAL'] - energy)) - 0.2) / 1.5)])
            u = single(single(1.5 * a[-1][0]) + single(0.2))
            v += m['DT'] * (u - m['MASS'] * m['GRAVITY'] * m['LENGTH'] * math.sin(q)) / m['INERTIA']
            q += m['DT'] * v
        states.append(x + [[q, v]])
        actions.append(a)
    with open(name, 'w') as file:
        json.dump({'states': states, 'actions': actions}, file)


def write_groups(name):
    """a group per episode, the last one first, with a condition"""
    groups = {}
    for e in reversed(range(EPISODES)):
        first, states = e * (STEPS + 1), made['states']
        groups['demo_%d' % e] = {'states': [states[2 * i:2 * i + 2] for i in range(first, first + STEPS + 1)],
                                 'actions': [[u] for u in made['actions'][e * STEPS:(e + 1) * STEPS]],
                                 'vel_cmd': [[0.1 * t, e] for t in range(STEPS + 1)]}
    with open(name, 'w') as file:
        json.dump({'data': groups}, file)


write_groups('groups.json')
write_policy32('policy32.json')
write('spike.json', spike=5)
write('opposite.json', opposite=5)
write('still.json', still=True)
write('commands.json', motors=2, speed=per_frame(lambda e, t: 0.01 * t),
      vel_cmd=[[0.5, 0.1 * e] for e in range(EPISODES)], goal=[[0, 1]] * (EPISODES - 1),
      achieved_goal=[[0, 1]] * EPISODES, reward=[1] * EPISODES,
      # what would tell the motion: by its name, its width, a recorded action, and the next recorded position
      joint1_target=[[0.1 * e] for e in range(EPISODES)],
      target=per_frame(lambda e, t: [math.sin(0.3 * t), math.cos(0.2 * t)]),
      cmd=per_frame(lambda e, t: [0.1 * t, 3 - 2 * made['actions'][e * STEPS + min(t, STEPS - 1)], 0]),
      desired=per_frame(lambda e, t: 1 + 0.5 * made['states'][2 * (e * (STEPS + 1) + min(t + 1, STEPS))]))
write('policy.json', action=lambda u: (u - 0.2) / 1.5)
write('halves.json', half=True)
write('squares.json', action=lambda u: u * u)
