"""make_tasks.py FOLDER: writes two small tasks for evaluation.py.

walker    a free base on four feet with a ball joint, a slide and an activation, so that every group of channels is there;
          two gaits, velocity commands, and falls
runaway   a slide with a negative spring, on which some motions diverge; without conditions and feet
"""
import os, sys

import mujoco
import numpy as np

WALKER = """<mujoco model='walker'><option timestep='0.005' integrator='Euler'/>
<default><geom density='400'/></default>
<worldbody><geom name='floor' type='plane' size='9 9 .1' margin='0.002'/>
 <body name='base' pos='0 0 .245'><freejoint name='free'/><geom type='box' size='.2 .1 .05' contype='0' conaffinity='0'/>
  %s
  <body name='mast' pos='0 0 .06'><joint name='mast' type='slide' axis='0 0 1' stiffness='300' damping='4'
    range='-.11 .07' limited='true'/>
   <geom type='sphere' size='.03' contype='0' conaffinity='0'/>
   <geom type='sphere' size='.02' pos='.09 -.11 -.15' mass='0'/></body>
  <body name='tail' pos='-.22 0 0'><joint name='tail' type='ball' damping='.02' stiffness='.6'/>
   <geom type='capsule' fromto='0 0 0 -.1 0 0' size='.015' contype='0' conaffinity='0'/></body>
 </body></worldbody>
<actuator>%s<general name='mast' joint='mast' gaintype='fixed' gainprm='30' biastype='none' dyntype='filter' dynprm='.03'
 ctrlrange='-1 1' ctrllimited='true'/></actuator></mujoco>"""
LEG = """<body name='%s_leg' pos='%g %g 0'><joint name='%s_hip' type='hinge' axis='0 1 0' damping='.2'/>
   <geom type='capsule' fromto='0 0 0 0 0 -.2' size='.015' contype='0' conaffinity='0'/>
   <geom name='%s' type='sphere' pos='0 0 -.2' size='.03' margin='.001'/></body>"""
SERVO = """<position name='%s' joint='%s_hip' kp='12' ctrlrange='-.9 .9' ctrllimited='true' forcerange='-25 20'
 forcelimited='true'/>"""
FEET = {'FR': (.17, -.11), 'FL': (.17, .11), 'RR': (-.17, -.11), 'RL': (-.17, .11)}

WALKER_TASK = """task:
  name: walker
  title: Four feet
  methods: [dynaflow, dynaflow_tracking, kinematic_fm, kinematic_fm_idm, action_fm, random_action, replay_demo]
system: {model: walker.xml, substeps: 4, tolerance: 1.0e-10}
action: {center: [0, 0.1, 0, -0.1, 0.2], half_range: [0.8, 0.7, 0.8, 0.7, 0.9]}
data: {source: npz, file: walker.npz, generator: quadruped_gaits}
window: {horizon: 6, stride: 3, first: 2, last: 32}
split: {test_every: 2}
chart: {relative: [mast]}
net: {kind: mlp, width: 24, depth: 1}
train: {steps: 12, batch: 6, slices: 3}
inverse: {width: 16, depth: 1, steps: 10, batch: 12}
eval:
  windows: 11
  sae_windows: 3
  sampler_steps: [1, 3]
  chains: 7
  chain_seconds: 0.42  # random_action falls in the last frame of a chain
  seed: 11
  feet: [RR, FL, FR, RL]
  fall_height: 0.222
  fall_tilt: 9
  goal_joints: [free]  # somewhere, not where the commands lead
  goal_conditions: [command.vy, command.wz]
  goal_tolerance: 1.5
  velocity_limit: [2, 0.8]
  style_band: 0.045    # 9 of the parts of 5 ms
profiles: {full: {}}
"""

RUNAWAY = """<mujoco model='runaway'><option timestep='0.01' integrator='implicitfast' gravity='0 0 0'/>
<worldbody><body name='ball'><joint name='way' type='slide' axis='0 0 1' stiffness='-65000' damping='1'/>
<geom type='sphere' size='.1' mass='1'/></body>
<body name='arm' pos='1 0 0'><joint name='arm' type='hinge' axis='0 1 0' damping='.1'/>
<geom type='capsule' fromto='0 0 0 0 0 .3' size='.02' mass='.2'/></body></worldbody>
<actuator><motor joint='way' ctrlrange='-1 1' ctrllimited='true'/>
<motor joint='arm' ctrlrange='-.1 .3' ctrllimited='true'/></actuator></mujoco>"""
RUNAWAY_TASK = """task: {name: runaway, title: A spring that pushes, methods: [random_action, kinematic_fm, replay_demo]}
system: {model: runaway.xml, substeps: 2}
data: {source: npz, file: runaway.npz}
window: {horizon: 5}
split: {test_every: 2}
net: {kind: mlp, width: 16, depth: 1}
train: {steps: 5, batch: 4, slices: 2}
eval:
  windows: 20
  sae_windows: 20
  sampler_steps: [2]
  chains: 9
  chain_seconds: 0.12
  fall_height: -0.5
  height_joint: way
  style_band: 0.5
profiles: {full: {}}
"""

CLIPS = """<mujoco model='clips'><option timestep='0.01'/><worldbody><body gravcomp='.4'>
<joint name='hinge' axis='0 1 0' damping='.05' actuatorgravcomp='true'/>
<geom type='capsule' fromto='0 0 0 0 0 -.3' size='.02' mass='.2'/></body></worldbody>
<actuator><motor joint='hinge' ctrlrange='-1 1' ctrllimited='true'/></actuator></mujoco>"""
CLIPS_TASK = """task: {name: clips, title: A pendulum, methods: [dynaflow, kinematic_fm, random_action, replay_demo]}
system: {model: clips.xml, substeps: 2}
data: {source: npz, file: clips.npz}
window: {horizon: 5, stride: 2}
split: {by: time, test_every: 3, block: 11, gap: 2}
net: {kind: mlp, width: 16, depth: 1}
train: {steps: 8, batch: 6, slices: 2, push: 0.5}
eval:
  windows: 20
  sae_windows: 4
  sampler_steps: [2]
  chains: 5
  chain_seconds: 0.3
  fall_tilt: 60
  tilt_joint: hinge
profiles: {full: {}}
"""


def simulate(model, substeps, x0, actions):
    data = mujoco.MjData(model)
    nq, nv = model.nq, model.nv
    data.qpos, data.qvel, data.act = x0[:nq], x0[nq:nq + nv], x0[nq + nv:]
    states = [x0]
    for u in actions:
        data.ctrl = u
        for _ in range(substeps):
            mujoco.mj_step(model, data)
        states.append(np.concatenate([data.qpos, data.qvel, data.act]))
    return np.array(states)


def walker(folder):
    xml = WALKER % (''.join(LEG % (n, x, y, n, n) for n, (x, y) in FEET.items()), ''.join(SERVO % (n, n) for n in FEET))
    open(folder + '/walker.xml', 'w').write(xml)
    open(folder + '/task.yaml', 'w').write(WALKER_TASK)
    model = mujoco.MjModel.from_xml_path(folder + '/walker.xml')
    model.opt.disableflags |= mujoco.mjtDisableBit.mjDSBL_ISLAND
    draw = np.random.default_rng(3)
    states, actions, conditions = [], [], []
    for episode in range(22):
        gait = episode % 2
        x0 = np.concatenate([model.qpos0, np.zeros(model.nv + model.na)])
        yaw, lean = draw.uniform(-3, 3), draw.uniform(-.1, .1)
        x0[:2] = draw.uniform(-2, 2, 2)
        x0[3:7] = [np.cos(yaw / 2), lean * np.sin(yaw / 2), lean * np.cos(yaw / 2), np.sin(yaw / 2)]
        x0[3:7] *= draw.choice([-1, 1]) / np.linalg.norm(x0[3:7])
        x0[model.nq:model.nq + 6] = draw.uniform(-.2, .2, 6)
        phase = np.array([0, .5, .5, 0] if gait == 0 else [0, .5, 0, .5]) + draw.uniform()
        t = np.arange(40)[:, None] * .02
        u = np.empty((40, 5))
        u[:, :4] = draw.uniform(.2, .5) * np.sin(2 * np.pi * (3 * t + phase)) + draw.uniform(-.1, .1, 4)
        u[:, 4:] = .8 * np.sin(7 * t + draw.uniform(0, 6))
        if episode in (4, 7):
            u[:, 4] *= 2  # beyond the action box, where MuJoCo clamps
        states.append(simulate(model, 4, x0, u))
        actions.append(u)
        conditions.append([gait == 0, gait == 1, draw.uniform(-.5, .5), draw.uniform(-.3, .3), draw.uniform(-.6, .6)])
    np.savez(folder + '/walker.npz', states=states, actions=actions, conditions=np.array(conditions, float),
             condition_names=np.array('gait.trot,gait.pace,command.vx,command.vy,command.wz'), dt=.02)


def runaway(folder):
    open(folder + '/runaway.xml', 'w').write(RUNAWAY)
    open(folder + '/task.yaml', 'w').write(RUNAWAY_TASK)
    model = mujoco.MjModel.from_xml_path(folder + '/runaway.xml')
    model.opt.disableflags |= mujoco.mjtDisableBit.mjDSBL_ISLAND
    draw = np.random.default_rng(4)
    states, actions = [], []
    for _ in range(16):
        x0 = np.zeros(4)
        x0[1], x0[3] = draw.uniform(-.3, .3, 2)
        u = np.stack([np.zeros(9), draw.uniform(-.1, .3, 9)], 1)
        u[0, 0] = 10.0 ** draw.uniform(-14, -10) * draw.choice([-1, 1])
        states.append(simulate(model, 2, x0, u))
        actions.append(u)
    np.savez(folder + '/runaway.npz', states=states, actions=actions)


def clips(folder):
    """Episodes of different length, one after the other, with a condition per frame and a split by time"""
    open(folder + '/clips.xml', 'w').write(CLIPS)
    open(folder + '/task.yaml', 'w').write(CLIPS_TASK)
    model = mujoco.MjModel.from_xml_path(folder + '/clips.xml')
    model.opt.disableflags |= mujoco.mjtDisableBit.mjDSBL_ISLAND
    draw = np.random.default_rng(5)
    states, actions, conditions = [], [], []
    for n in (61, 34, 3, 47, 80):
        t = np.arange(n + 1) * .02
        wanted = .5 * np.sin(3 * t + draw.uniform(0, 6))
        states.append(simulate(model, 2, draw.uniform(-.5, .5, 2), wanted[:-1, None]))
        actions.append(wanted[:-1, None])
        conditions.append(np.stack([wanted, np.cos(t)], 1))
    np.savez(folder + '/clips.npz', states=np.concatenate(states), actions=np.concatenate(actions),
             conditions=np.concatenate(conditions), condition_names=np.array('wanted,clock'),
             episode_ends=np.cumsum([len(x) for x in states]))


if __name__ == '__main__':
    for make in (walker, runaway, clips):
        os.makedirs(sys.argv[1] + '/' + make.__name__)
        make(sys.argv[1] + '/' + make.__name__)
