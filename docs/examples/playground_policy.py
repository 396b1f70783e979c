"""playground_policy.py POLICY.onnx MODEL.xml OUT.npz [EPISODES [SECONDS [SEED]]]: walks of MuJoCo Playground's policy for the Go1.

POLICY.onnx is mujoco_playground/experimental/sim2sim/onnx/go1_policy.onnx of github.com/google-deepmind/mujoco_playground
(Zakka et al., MuJoCo Playground, 2025; Apache-2.0), MODEL.xml tasks/go1_gaits/go1.xml, whose gains and contacts are those
that it was trained with. Commands are uniform in the ranges of Playground's joystick demonstration for forward and sideways
velocity, 1.2 rad/s for the yaw rate, and constant over an episode. OUT.npz has states, actions, commands, and conditions in
the layout of go1_gaits, as the policy trots. Walks that fall are left out and counted. Needs mujoco, numpy and onnxruntime."""
import sys

import mujoco
import numpy as np
import onnxruntime

STEPS = 5  # physics steps of 4 ms per action
SCALE = 0.5  # of an action, about the joints of the keyframe home [rad]
COMMAND = 1.5, 0.8, 1.2  # largest vx, vy [m/s] and yaw rate [rad/s]
IMU = -0.01592, -0.06659, -0.00617  # in the trunk [m], as in Playground's go1_mjx_feetonly.xml
SETTLE = 50  # frames of standing under command 0 before a walk is kept


def observation(data, default, last, command):
    turn = data.xmat[1].reshape(3, 3)
    rates = data.qvel[3:6]
    velocity = turn.T @ data.qvel[:3] + np.cross(rates, IMU)  # of the sensor, in its frame
    return np.hstack([velocity, rates, turn.T @ (0, 0, -1), data.qpos[7:] - default, data.qvel[6:], last, command])


def walk(policy, model, frames, command, heading):
    """states and actions of one walk, or None if it falls"""
    data = mujoco.MjData(model)
    mujoco.mj_resetDataKeyframe(model, data, 0)
    default = data.qpos[7:].copy()
    data.qpos[3:7] = np.cos(heading / 2), 0, 0, np.sin(heading / 2)
    mujoco.mj_forward(model, data)
    last = np.zeros(model.nu)
    states, actions = [], []
    for frame in range(-SETTLE, frames):
        seen = observation(data, default, last, command if frame >= 0 else np.zeros(3))
        last = policy.run(None, {'obs': seen.astype(np.float32)[None]})[0][0]
        data.ctrl[:] = default + SCALE * last
        if frame >= 0:
            states.append(np.hstack([data.qpos, data.qvel]))
            actions.append(data.ctrl.copy())
        mujoco.mj_step(model, data, STEPS)
        mujoco.mj_kinematics(model, data)
        if data.qpos[2] < 0.15 or data.xmat[1, 8] < 0.5:
            return None
    return np.array(states), np.array(actions)


def main(policy_file, model_file, out, episodes=100, seconds=5, seed=1):
    policy = onnxruntime.InferenceSession(policy_file, providers=['CPUExecutionProvider'])
    model = mujoco.MjModel.from_xml_path(model_file)
    random = np.random.default_rng(seed)
    walks, commands, tried = [], [], 0
    while len(walks) < episodes:
        if tried > 20 and 2 * len(walks) < tried:
            sys.exit(f'{tried - len(walks)} of {tried} walks fell: is {model_file} the model of the policy?')
        tried += 1
        command = random.uniform(-1, 1, 3) * COMMAND
        one = walk(policy, model, round(seconds / (STEPS * model.opt.timestep)), command, random.uniform(-np.pi, np.pi))
        if one:
            walks.append(one)
            commands.append(command)
    print(f'{len(walks)} walks, {tried - len(walks)} of {tried} fell')
    states, actions = (np.stack(part) for part in zip(*walks))
    trot = np.tile((1.0, 0, 0, 0), (episodes, 1))
    np.savez(out, states=states, actions=actions, conditions=np.hstack([trot, commands]), dt=STEPS * model.opt.timestep,
             condition_names=['gait.trot', 'gait.pace', 'gait.bound', 'gait.pronk', 'command.vx', 'command.vy', 'command.wz'])


if __name__ == '__main__':
    if not 4 <= len(sys.argv) <= 7:
        sys.exit(__doc__)
    main(*sys.argv[1:4], *(int(x) for x in sys.argv[4:]))
