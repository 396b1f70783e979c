"""Writes pendulum.npz: 20 episodes of 100 steps. A placeholder for your own recording; needs only Python.

states  [episodes][steps + 1][nx]: qpos, then qvel (then act), as MuJoCo orders them, in SI units
actions [episodes][steps][nu]: the values that the actuators received between two states; optional
"""
import math, struct, zipfile

EPISODES, STEPS, DT = 20, 100, 0.01
MASS, LENGTH, RADIUS, GRAVITY = 1.0, 0.5, 0.1, 9.81
INERTIA = MASS * LENGTH**2 + 0.4 * MASS * RADIUS**2
GOAL = MASS * GRAVITY * LENGTH * (1 - math.cos(0.8))  # the energy of swings up to 0.8 rad

states, actions = [], []
for episode in range(EPISODES):
    q, v = 0.3 + 0.05 * episode, 0.0
    states += [q, v]
    for t in range(STEPS):
        energy = 0.5 * INERTIA * v * v + MASS * GRAVITY * LENGTH * (1 - math.cos(q))
        # the torque follows from the state alone, so that states are enough to learn from: it drives every swing to GOAL
        u = 0.9 * math.tanh(2 * v * (GOAL - energy))
        v += DT * (u - MASS * GRAVITY * LENGTH * math.sin(q)) / INERTIA
        q += DT * v
        states += [q, v]
        actions.append(u)


def npy(shape, values):
    """The bytes of a .npy file. With NumPy, numpy.savez('pendulum.npz', states=..., actions=...) does all of this."""
    head = "{'descr': '<f8', 'fortran_order': False, 'shape': %s, }" % (shape,)
    head += ' ' * (63 - (10 + len(head)) % 64) + '\n'
    return b'\x93NUMPY\x01\x00' + struct.pack('<H', len(head)) + head.encode() + struct.pack('<%dd' % len(values), *values)


with zipfile.ZipFile('pendulum.npz', 'w') as z:
    z.writestr('states.npy', npy((EPISODES, STEPS + 1, 2), states))
    z.writestr('actions.npy', npy((EPISODES, STEPS, 1), actions))
