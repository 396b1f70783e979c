"""Writes push_box.npz: 40 episodes in which the arm pushes the box away from its base. Needs mujoco 3.17.0 and numpy.

The demonstrator sees the state alone: it moves the tip towards the centre of the box until the box is at REACH.
"""
import mujoco
import numpy as np

EPISODES, STEPS, SUBSTEPS, REACH = 40, 50, 4, 0.5
SPEED, LEAD = 0.25, 0.12  # speed of the tip, m/s; how far the servos' targets are ahead, s

model = mujoco.MjModel.from_xml_path('push_box.xml')
data = mujoco.MjData(model)
tip, box = model.geom('tip').id, model.body('box').id
rng = np.random.default_rng(1)


def place():
    """a start state: the box at a random place and heading, the tip between it and the base"""
    angle, distance, heading = rng.uniform(-0.8, 0.8), rng.uniform(0.38, 0.42), rng.uniform(-0.4, 0.4)
    bend = rng.uniform(2.15, 2.25)  # of the elbow: the tip is 0.6 cos(bend / 2) from the base
    mujoco.mj_resetData(model, data)
    data.qpos[:2] = angle + rng.uniform(-0.05, 0.05) - bend / 2, bend
    data.qpos[2:] = (distance * np.cos(angle), distance * np.sin(angle), 0.05,
                     np.cos((angle + heading) / 2), 0, 0, np.sin((angle + heading) / 2))
    data.ctrl = data.qpos[:2]
    for _ in range(20): mujoco.mj_step(model, data)  # the box settles on the table while the servos hold
    mujoco.mj_forward(model, data)


def act():
    """targets of the joints: where they will be in LEAD seconds, if the tip moves to the box at SPEED"""
    way = data.xpos[box][:2] - data.geom_xpos[tip][:2]
    far = np.linalg.norm(data.xpos[box][:2])
    velocity = SPEED * np.clip((REACH - far) / 0.05, 0, 1) * way / np.linalg.norm(way)
    jacobian = np.zeros((3, model.nv))
    mujoco.mj_jacGeom(model, data, jacobian, None, tip)
    return data.qpos[:2] + LEAD * np.linalg.solve(jacobian[:2, :2], velocity)


states, actions = [], []
for episode in range(EPISODES):
    place()
    xs, us = [np.concatenate([data.qpos, data.qvel])], []
    for _ in range(STEPS):
        us.append(act())
        data.ctrl = us[-1]
        for _ in range(SUBSTEPS): mujoco.mj_step(model, data)
        xs.append(np.concatenate([data.qpos, data.qvel]))
        mujoco.mj_forward(model, data)
    states.append(xs)
    actions.append(us)

np.savez('push_box.npz', states=states, actions=actions)
