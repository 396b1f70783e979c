"""Writes hopper.hdf5: a recording of the Gymnasium Hopper in the layout of Minari. Needs h5py and numpy.

The states are those of Hopper_10trajs_300steps.npz (DDAT). As in Gymnasium, an observation leaves out how far the robot
went: it is qpos[1:] and qvel.
"""
import h5py
import numpy as np

recorded = np.load('Hopper_10trajs_300steps.npz')
with h5py.File('hopper.hdf5', 'w') as file:
    for e, (states, actions) in enumerate(zip(recorded['Trajs'], recorded['Actions'])):
        episode = file.create_group('episode_%d' % e)
        episode['observations'] = states[:, 1:]
        episode['actions'] = actions
        episode['terminations'] = np.zeros(len(actions), bool)
        episode['truncations'] = np.arange(len(actions)) == len(actions) - 1
