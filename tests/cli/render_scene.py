"""render_scene.py FOLDER: a task whose pictures can be computed: a red ball on an arm, and a foot that touches the floor.

The functions compute what dynaflow-render draws from docs/render.md, with MuJoCo's package for kinematics and contacts
alone, and read PNG files."""
import os, struct, sys, zlib

import mujoco
import numpy as np

MODEL = """<mujoco model='scene'><option timestep='0.01'/>%(asset)s
<worldbody><light directional='true' dir='0 0 -1' pos='0 0 3'/>
 <geom name='floor' type='plane' size='0 0 .1' rgba='.2 .3 .9 1'/>
 <body name='base' pos='0 0 .4'><freejoint/>%(mass)s
  <geom type='box' size='.15 .08 .04' rgba='.5 .5 .5 1' contype='0' conaffinity='0'/>%(shell)s
  <body name='arm' pos='.1 0 .04'><joint name='arm' axis='0 1 0'/>%(mass)s
   <geom type='capsule' fromto='0 0 0 0 0 .3' size='.01' mass='.1' rgba='.5 .5 .5 1' contype='0' conaffinity='0'/>
   <geom name='ball' type='sphere' pos='0 0 .3' size='.03' mass='.1' rgba='1 0 0 1' contype='0' conaffinity='0'%(group)s/></body>
  <body name='leg' pos='-.1 0 0'><joint name='leg' type='slide' axis='0 0 1'/>%(mass)s
   <geom name='foot' type='sphere' pos='0 0 -.3' size='.03' mass='.1' rgba='.2 .2 .2 1'%(group)s/></body>
 </body></worldbody>
<actuator><motor joint='arm' ctrlrange='-1 1' ctrllimited='true'/><motor joint='leg' ctrlrange='-1 1' ctrllimited='true'/></actuator></mujoco>"""
TASK = """task: {name: scene, title: A ball on an arm, methods: [random_action, kinematic_fm, replay_demo]}
system: {model: scene.xml, substeps: 2}
data: {source: npz, file: scene.npz}
window: {horizon: 6, first: 4}
split: {test_every: 2}
net: {kind: mlp, width: 16, depth: 1}
train: {steps: 4, batch: 4, slices: 2}
eval: {windows: 6, sae_windows: 2, sampler_steps: [1], chains: 2, chain_seconds: 0.2, feet: [foot]}
profiles: {full: {}}
"""
DT, EPISODES, STATES = .02, 4, 41


def make(folder):
    """tasks scene, and mesh, which lacks the file of a mesh that is only drawn and has the ball among the collisions"""
    plain = dict(mass="<inertial pos='0 0 0' mass='.5' diaginertia='.01 .01 .01'/>", asset='', shell='', group='')
    mesh = dict(plain, group=" group='3'", asset="<asset><mesh name='shell' file='gone.stl'/></asset>",
                shell="<geom type='mesh' mesh='shell' contype='0' conaffinity='0'/>")
    for name, parts in ('scene', plain), ('mesh', mesh):
        os.makedirs(folder + '/' + name)
        open(folder + '/%s/scene.xml' % name, 'w').write(MODEL % parts)
        open(folder + '/%s/task.yaml' % name, 'w').write(TASK.replace('name: scene', 'name: ' + name))
        np.savez(folder + '/%s/scene.npz' % name, **recording())


def recording():
    t = np.arange(STATES) * DT
    states = np.zeros((EPISODES, STATES, 9 + 8))
    for e, x in enumerate(states):
        yaw = .6 * e + .8 * np.sin(3 * t)
        x[:, 0], x[:, 1], x[:, 2] = .5 * t - e, .2 * np.sin(4 * t), .33 + .06 * np.sin(9 * t + e)
        x[:, 3], x[:, 6] = np.cos(yaw / 2), np.sin(yaw / 2)
        x[:, 7], x[:, 8] = 1.3 * np.cos(8 * t + e), .05 * np.sin(11 * t)
        x[:, 9], x[:, 10], x[:, 11] = .5, .8 * np.cos(4 * t), .54 * np.cos(9 * t + e)
        x[:, 14], x[:, 15], x[:, 16] = 2.4 * np.cos(3 * t), -10.4 * np.sin(8 * t + e), 0.55 * np.cos(11 * t)
    actions = np.random.default_rng(1).uniform(-1, 1, (EPISODES, STATES - 1, 2))
    conditions = np.array([[e % 2 == 0, e % 2, .1 * e] for e in range(EPISODES)], float)
    return dict(states=states, actions=actions, conditions=conditions, condition_names='gait.swing,gait.wave,command.vx', dt=DT)


def png(path):
    """pixels [height][width][3] of an 8-bit RGB file"""
    data, at, packed = open(path, 'rb').read(), 8, b''
    while at < len(data):
        n, kind = struct.unpack('>I4s', data[at:at + 8])
        if kind == b'IHDR':
            width, height = struct.unpack('>II', data[at + 8:at + 16])
        if kind == b'IDAT':
            packed += data[at + 8:at + 8 + n]
        at += 12 + n
    raw = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(height, 1 + 3 * width)
    out = np.zeros((height + 1, 3 * width + 3), int)  # a row above and a pixel to the left
    for y, (kind, line) in enumerate(zip(raw[:, 0], raw[:, 1:].astype(int))):
        up = out[y]
        for i in range(3, 3 * width + 3) if kind in (1, 3, 4) else ():
            a, b, c = out[y + 1, i - 3], up[i], up[i - 3]
            p = a + b - c
            paeth = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
            out[y + 1, i] = (line[i - 3] + {1: a, 3: (a + b) // 2, 4: paeth}[kind]) & 255
        if kind in (0, 2):
            out[y + 1, 3:] = (line + (up[3:] if kind == 2 else 0)) & 255
    return out[1:, 3:].reshape(height, width, 3)


def kinematics(model, x):
    data = mujoco.MjData(model)
    data.qpos[:] = x[:model.nq]
    mujoco.mj_forward(model, data)
    return data


def camera(model, x, dt, view, aspect):
    """per state the point that is looked at, azimuth and elevation [rad], and the distance that all states need"""
    poses = [kinematics(model, one) for one in x]
    robot = [i for i in range(model.ngeom) if model.body_rootid[model.geom_bodyid[i]] == 1]
    height = np.concatenate([poses[0].geom_xpos[robot, 2] + s * model.geom_rbound[robot] for s in (1, -1)])
    middle = (height.min() + height.max()) / 2 - poses[0].xpos[1, 2]
    heading = np.unwrap([np.arctan2(d.xmat[1, 3], d.xmat[1, 0]) for d in poses])
    raw = np.column_stack([[d.xpos[1] for d in poses], heading])
    apart = np.arange(len(x))[:, None] - np.arange(len(x))
    weight = np.exp(-.5 * (apart * dt / .25)**2) * (abs(apart) <= int(3 * .25 / dt))
    # np.polyfit squares its weights
    path = np.array([np.polyfit(apart[:, i], raw, 1, w=np.sqrt(weight[i]))[1] for i in range(len(x))])
    path[:, 2] += middle
    turn, elevation = {'side': (90, -8), 'front': (180, -8), 'top': (90, -90), 'three-quarter': (135, -20)}[view]
    cameras, distance = [], 0
    tangent = np.tan(np.radians(model.vis.global_.fovy) / 2) * np.array([aspect, 1])
    for d, at in zip(poses, path):
        axes = axes_of(at[3] + np.radians(turn), np.radians(elevation))
        cameras.append((at[:3], axes))
        ahead, across = (d.geom_xpos[robot] - at[:3]) @ axes[0], abs((d.geom_xpos[robot] - at[:3]) @ axes[1:].T)
        need = (across + model.geom_rbound[robot][:, None] * np.sqrt(1 + tangent**2)) / tangent - ahead[:, None]
        distance = max(distance, need.max())
    return cameras, 1.05 * distance


def axes_of(azimuth, elevation):
    """ahead, right and up"""
    ahead = np.array([np.cos(azimuth) * np.cos(elevation), np.sin(azimuth) * np.cos(elevation), np.sin(elevation)])
    right = np.array([np.sin(azimuth), -np.cos(azimuth), 0])
    return np.array([ahead, right, np.cross(right, ahead)])


def project(model, point, camera, distance, width, height):
    """the pixel of a point, from the left and from the top"""
    at, axes = camera
    ahead, right, up = axes @ (point - at)
    scale = height / 2 / np.tan(np.radians(model.vis.global_.fovy) / 2) / (distance + ahead)
    return np.array([width / 2 + scale * right, height / 2 - scale * up])


def red(picture, times=3):
    """the middle of the red pixels"""
    r, g, b = np.moveaxis(picture, -1, 0)
    y, x = np.nonzero((r > 90) & (r > times * g) & (r > times * b))
    assert len(x) > 8, 'no ball'
    return np.array([x.mean() + .5, y.mean() + .5])


class Strip:
    """the parts of a strip of rows with one foot: pictures of width x height"""

    def __init__(self, path, width, height, rows=1, views=1, feet=1):
        self.pixels, self.width, self.height = png(path), width, height
        total = (self.pixels.shape[0] - 2 + 10) / rows - 10
        self.line = (total - views * (height + 2) - 2 + feet) / (2 + feet)
        assert self.line == int(self.line), 'no whole lines of text: %g' % self.line
        self.row = total + 10

    def picture(self, i, row=0, view=0):
        top = int(2 + row * self.row + 2 * self.line + view * (self.height + 2))
        left = i * (self.width + 2)
        return self.pixels[top:top + self.height, left:left + self.width]

    def touches(self, state, every, row=0, views=1):
        """the bar at the place of a state"""
        top = 2 + row * self.row + 2 * self.line + views * (self.height + 2) + 2
        x = self.width / 2 + state * (self.width + 2) / every
        r, g, b = self.pixels[int(top + self.line / 2 - 1), int(x)]
        return {(31, 78, 121): True, (221, 226, 232): False}[r, g, b]


    def has_gap(self, state, every):
        """whether the bar is interrupted between the places of a state and of the next"""
        top, pitch = 2 + 2 * self.line + self.height + 2 + 2, (self.width + 2) / every
        x = self.width / 2 + state * pitch
        bar = self.pixels[int(top + self.line / 2 - 1), int(x):int(x + pitch) + 1]
        return any(tuple(one) not in ((31, 78, 121), (221, 226, 232)) for one in bar)


def touches(model, x):
    """whether the foot has a contact"""
    data, foot = kinematics(model, x), model.geom('foot').id
    return any(foot in data.contact[i].geom for i in range(data.ncon))


if __name__ == '__main__':
    make(sys.argv[1])
