"""score_me.py STARTS.npz OUT.npz: trajectories of a program that knows nothing of this suite but the layout of a file.

    dynaflow sample docs/examples/pendulum --method random_action --out starts.npz
    python3 docs/examples/score_me.py starts.npz mine.npz
    dynaflow score docs/examples/pendulum mine.npz --name mine

The method of this example drives the pendulum to swings of 0.8 rad with full torque. Replace it with yours."""
import sys

import numpy as np

MASS, LENGTH, INERTIA, GRAVITY, DT = 1.0, 0.5, 0.254, 9.81, 0.01


def my_method(state, frames):
    """states [frames + 1][2] and actions [frames][1] from a start state (angle, velocity)"""
    q, v = state
    states, actions = [(q, v)], []
    for _ in range(frames):
        energy = 0.5 * INERTIA * v * v + MASS * GRAVITY * LENGTH * (1 - np.cos(q))
        u = 0.9 * np.sign(v) * np.sign(MASS * GRAVITY * LENGTH * (1 - np.cos(0.8)) - energy)
        v += DT * (u - MASS * GRAVITY * LENGTH * np.sin(q)) / INERTIA
        q += DT * v
        states.append((q, v))
        actions.append((u,))
    return states, actions


starts = np.load(sys.argv[1])
x0, frames = starts['states'][:, 0], starts['states'].shape[1] - 1  # the start states of the held-out windows
made = [my_method(state, frames) for state in x0]
np.savez(sys.argv[2], states=[m[0] for m in made], actions=[m[1] for m in made], dt=DT, method='bang-bang', licence='CC0')
