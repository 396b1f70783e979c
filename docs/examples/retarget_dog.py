"""retarget_dog.py FOLDER OUT.npz [HEIGHT]: motion capture of a dog as joint angles of the Go1 (tasks/go1_gaits/go1.xml).

FOLDER holds the key points dog_*_joint_pos.txt of the dog motion capture of AI4Animation (Zhang et al., Mode-Adaptive
Neural Networks for Quadruped Motion Control, SIGGRAPH 2018; licence CC BY-NC 4.0): 27 points x (x, y, z) per line, y up,
60 Hz. The base follows pelvis and neck; each foot keeps the offset of the dog's toe from its hip, moved 6 cm outward, with
the toe's height plus HEIGHT [m] (default 0.02: smaller values sink the feet into the floor). Joints follow by closed-form
inverse kinematics. No robot can execute the result: its feet slip, and forces do not balance. Needs numpy."""
import sys

import numpy as np

CLIPS = [('pace', 'walk00', 162, 201), ('trot', 'walk03', 448, 481), ('trot2', 'run04', 630, 663), ('canter', 'run00', 430, 459),
         ('turn_right', 'walk09', 1085, 1124), ('turn_left', 'walk09', 2404, 2450), ('walk', 'walk01', 377, 1050), ('run', 'run04', 493, 716)]
PELVIS, NECK = 0, 3
LEGS = [('FR', 11, 15), ('FL', 6, 10), ('RR', 20, 23), ('RL', 16, 19)]  # the order of the model, with hip and toe of the dog
SCALE, BELOW, OUTWARD = 0.825, 0.04, 0.06  # of the dog; base below the spine [m]; feet outward [m]
HIP_X, HIP_Y, SIDE, THIGH, CALF = 0.1881, 0.04675, 0.08, 0.213, 0.213  # of the Go1 [m]
KNEE = -2.818, -0.888  # its range [rad]


def turn(axis, angle):
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[1, 0, 0], [0, c, -s], [0, s, c]] if axis == 'x' else [[c, -s, 0], [s, c, 0], [0, 0, 1]])


def unit(v):
    return v / np.linalg.norm(v)


def base_of(points):
    """position and rotation of the base: x from pelvis to neck, y the mean of shoulders and hips, level"""
    x = unit(points[NECK] - points[PELVIS])
    y = unit(points[6] - points[11]) + unit(points[16] - points[20])
    y = np.cross(np.cross(x, y), x) * (1, 1, 0)
    left, _, right = np.linalg.svd(np.stack([x, unit(y), unit(np.cross(x, y))], 1))
    return (points[PELVIS] + points[NECK]) / 2 - (0, 0, BELOW), left @ right


def quaternion(r):
    w = np.sqrt(max(0, 1 + np.trace(r))) / 2
    return np.array([w, (r[2, 1] - r[1, 2]) / (4 * w), (r[0, 2] - r[2, 0]) / (4 * w), (r[1, 0] - r[0, 1]) / (4 * w)])


def leg_joints(foot, side):
    """abduction, hip and knee that bring the foot to a place relative to its hip, in the frame of the base"""
    x, y, z = foot
    length = np.sqrt(max(y * y + z * z - SIDE**2, 1e-4))  # in the plane of the leg
    abduction = np.arctan2(y, -z) - np.arctan2(side * SIDE, length)
    cosine = (x * x + length**2 - THIGH**2 - CALF**2) / (2 * THIGH * CALF)
    knee = -np.arccos(np.clip(cosine, np.cos(KNEE[0]), np.cos(KNEE[1])))
    return abduction, np.arctan2(-x, length) - np.arctan2(CALF * np.sin(knee), THIGH + CALF * np.cos(knee)), knee


def pose(points, height):
    position, rotation = base_of(points)
    heading = turn('z', np.arctan2(rotation[1, 0], rotation[0, 0]))
    joints = []
    for name, hip, toe in LEGS:
        front, side = (1 if name[0] == 'F' else -1), (1 if name[1] == 'L' else -1)
        place = position + rotation @ (front * HIP_X, side * HIP_Y, 0)
        foot = place + points[toe] - points[hip]
        foot[2] = points[toe][2] + height
        joints += leg_joints(rotation.T @ (foot + heading @ (0, side * OUTWARD, 0) - place), side)
    return np.concatenate([position, quaternion(rotation), joints])


def clip(folder, file, first, last, height):
    points = np.loadtxt('%s/dog_%s_joint_pos.txt' % (folder, file), delimiter=',')[first:last].reshape(-1, 27, 3)
    up = SCALE * turn('z', 0.47 * np.pi) @ turn('x', 0.5 * np.pi)
    poses = np.array([pose(p @ up.T, height) for p in points])
    poses[:, :2] -= poses[0, :2]
    for t in range(1, len(poses)):  # the sign that is nearer
        if poses[t, 3:7] @ poses[t - 1, 3:7] < 0: poses[t, 3:7] *= -1
    return poses


if __name__ == '__main__':
    folder, out = sys.argv[1:3]
    clips = [clip(folder, file, first, last, float(sys.argv[3]) if len(sys.argv) > 3 else 0.02) for _, file, first, last in CLIPS]
    np.savez(out, qpos=np.concatenate(clips), episode_ends=np.cumsum([len(c) for c in clips]), dt=1 / 60)
    for (name, *_), c in zip(CLIPS, clips):
        print('%-10s %3d frames, %.2f m/s' % (name, len(c), np.linalg.norm(c[-1, :2] - c[0, :2]) * 60 / (len(c) - 1)))
