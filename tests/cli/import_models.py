"""Writes models with the joints of published recordings: import_models.py FOLDER."""
import sys

FLOOR = '<geom name="floor" type="plane" size="0 0 1"/>'
POLE = '''<mujoco model="{name}">
  <option timestep="{step}" gravity="0 0 -{gravity}" integrator="Euler"/>
  <worldbody>
    {cart}<body name="rod">
      <joint name="hinge" axis="0 1 0"/>
      <inertial pos="0 0 0.5" mass="{mass}" diaginertia="{inertia} {inertia} 1e-5"/>
    </body>{end}
  </worldbody>
  <actuator><motor name="motor" joint="{joint}" ctrllimited="true" ctrlrange="-{force} {force}"/></actuator>
</mujoco>
'''


def pendulum():
    """Pendulum-v1 of Gymnasium: the angle is 0 upright."""
    return POLE.format(name='pendulum', step=0.05, gravity=10, cart='', end='', mass=1, inertia=1 / 12, joint='hinge',
                       force=2)


def cartpole():
    """CartPole-v1 of Gymnasium."""
    cart = ('<body name="cart"><joint name="slider" type="slide" axis="1 0 0" limited="true" range="-2.4 2.4"/>'
            '<inertial pos="0 0 0" mass="1" diaginertia="1 1 1"/>')
    return POLE.format(name='cartpole', step=0.02, gravity=9.8, cart=cart, end='</body>', mass=0.1, inertia=0.1 / 12,
                       joint='slider', force=10)


class Body:
    """A body with ball or hinge joints and one geom; `joints`: (name, type, axis)."""

    def __init__(self, name, at, joints, geom, children=(), turn=''):
        self.name, self.at, self.joints, self.geom, self.children, self.turn = name, at, joints, geom, children, turn

    def xml(self):
        joints = ''.join(f'<joint name="{n}" type="{t}" axis="{a}"/>' for n, t, a in self.joints)
        return (f'<body name="{self.name}" pos="{self.at}" {self.turn}>{joints}<geom name="{self.name}" {self.geom}/>' +
                ''.join(c.xml() for c in self.children) + '</body>')

    def motors(self, force):
        lines = []
        for name, kind, _ in self.joints:
            for k in range(3 if kind == 'ball' else 1):
                gear = ' '.join(str(force) if i == k else '0' for i in range(3))
                lines.append(f'<motor name="{name}{k if kind == "ball" else ""}" joint="{name}" gear="{gear}" ctrlrange="-1 1"/>')
        return ''.join(lines) + ''.join(c.motors(force) for c in self.children)


def robot(name, root, force, actuators=None):
    root.joints = []
    body = root.xml().replace('>', '><freejoint name="root"/>', 1)
    return f'''<mujoco model="{name}">
  <compiler angle="radian" autolimits="true"/>
  <option timestep="0.005" integrator="implicitfast"/>
  <default><joint damping="2" armature="0.02"/><geom condim="3"/></default>
  <worldbody>{FLOOR}{body}</worldbody>
  <actuator>{actuators or root.motors(force)}</actuator>
  <contact>{''}</contact>
</mujoco>
'''.replace('  <contact></contact>\n', '')


SMALL = 'type="sphere" size="0.04" contype="0"'


def bone(to, size):
    return f'type="capsule" fromto="0 0 0 {to}" size="{size}" contype="0" conaffinity="0"'


def deepmimic():
    """The humanoid of DeepMimic: x forward, y up, z right in the frames of all bodies."""
    def leg(side, z):
        foot = Body(f'{side}_ankle', '0 -0.41 0', [(f'{side}_ankle', 'ball', '0 0 1')],
                    'type="box" size="0.09 0.025 0.045" pos="0.045 -0.03 0"')
        shin = Body(f'{side}_knee', '0 -0.4215 0', [(f'{side}_knee', 'hinge', '0 0 1')], bone('0 -0.4 0', 0.05), [foot])
        return Body(f'{side}_hip', f'0 0 {z}', [(f'{side}_hip', 'ball', '0 0 1')], bone('0 -0.42 0', 0.055), [shin])

    def arm(side, z):
        lower = Body(f'{side}_elbow', '0 -0.2748 0', [(f'{side}_elbow', 'hinge', '0 0 1')], bone('0 -0.26 0', 0.04))
        return Body(f'{side}_shoulder', f'-0.024 0.2435 {z}', [(f'{side}_shoulder', 'ball', '0 0 1')],
                    bone('0 -0.27 0', 0.045), [lower])
    neck = Body('neck', '0 0.2239 0', [('neck', 'ball', '0 0 1')], 'type="sphere" size="0.1" pos="0 0.17 0"')
    chest = Body('chest', '0 0.2362 0', [('chest', 'ball', '0 0 1')], 'type="sphere" size="0.11" pos="0 0.12 0"')
    root = Body('base', '0 0 0.9', [], 'type="sphere" size="0.09"',
                [chest, leg('right', 0.0849), arm('right', 0.1831), leg('left', -0.0849), arm('left', -0.1831)])
    chest.children = [neck]
    # DeepMimic's order of joints: chest, neck, right leg, right arm, left leg, left arm
    return robot('deepmimic', root, 100)


def cmu():
    """56 hinges in the order of the CMU humanoid of dm_control; bones of a plain figure."""
    def hinges(name, axes):
        return [(f'{name}r{a}', 'hinge', {'x': '1 0 0', 'y': '0 1 0', 'z': '0 0 1'}[a]) for a in axes]

    def chain(parts, end=()):
        children = list(end)
        for name, at, axes, geom in reversed(parts):
            children = [Body(name, at, hinges(name, axes), geom, children)]
        return children[0]

    def leg(side, y):
        return chain([(f'{side}femur', f'0 {y} -0.05', 'zyx', bone('0 -0.4 0', 0.05)),
                      (f'{side}tibia', '0 -0.4 0', 'x', bone('0 -0.38 0', 0.045)),
                      (f'{side}foot', '0 -0.4 0', 'zx', 'type="sphere" size="0.05"'),
                      (f'{side}toes', '0 0 0.1', 'x', 'type="sphere" size="0.03"')])

    def arm(side, sign):
        hand = chain([(f'{side}hand', '0 -0.06 0', 'zx', SMALL), (f'{side}fingers', '0 -0.05 0', 'x', SMALL)])
        thumb = Body(f'{side}thumb', '0 0 0.04', hinges(f'{side}thumb', 'zx'), SMALL)
        return chain([(f'{side}clavicle', f'{sign * 0.05} 0.1 0', 'zy', SMALL),
                      (f'{side}humerus', f'{sign * 0.12} 0 0', 'zyx', bone('0 -0.25 0', 0.04)),
                      (f'{side}radius', '0 -0.28 0', 'x', bone('0 -0.2 0', 0.035)),
                      (f'{side}wrist', '0 -0.22 0', 'y', SMALL)], [hand, thumb])
    arms = [arm('l', 1), arm('r', -1)]
    neck = chain([(n, '0 0.06 0', 'zyx', SMALL) for n in ('lowerneck', 'upperneck', 'head')])
    back = chain([(n, '0 0.1 0', 'zyx', bone('0 0.1 0', 0.07)) for n in ('lowerback', 'upperback', 'thorax')], [neck] + arms)
    return robot('cmu', Body('base', '0 0 1', [], 'type="sphere" size="0.1"', [leg('l', 0.1), leg('r', -0.1), back]), 60)


def cmu_crate():
    """The same with a crate, before it in the model."""
    crate = '<body name="crate" pos="0 0 0.2"><freejoint name="crate"/><geom type="box" size="0.18 0.13 0.18" mass="3"/></body>'
    return cmu().replace(FLOOR, FLOOR + crate)


def quadruped():
    """Twelve hinges, abduction, hip and knee, with the zero pose of Laikago's description."""
    def leg(name, x, y):
        knee = Body(f'{name}_lower', '0 0 -0.25', [(f'{name}_knee', 'hinge', '0 1 0')],
                    'type="capsule" fromto="0 0 0 0 0 -0.23" size="0.03"', turn='euler="0 0.66 0"')
        upper = Body(f'{name}_upper', f'0 {0.037 if y > 0 else -0.037} 0', [(f'{name}_hip', 'hinge', '0 1 0')],
                     bone('0 0 -0.25', 0.03), [knee], turn='euler="0 -0.6 0"')
        return Body(f'{name}_side', f'{x} {y} 0', [(f'{name}_abduction', 'hinge', '1 0 0')], SMALL, [upper])
    root = Body('base', '0 0 0.44', [], 'type="box" size="0.28 0.09 0.09" mass="13"',
                [leg('FR', 0.21, -0.09), leg('FL', 0.21, 0.09), leg('RR', -0.21, -0.09), leg('RL', -0.21, 0.09)])
    names = [f'{leg}_{j}' for leg in ('FR', 'FL', 'RR', 'RL') for j in ('abduction', 'hip', 'knee')]
    servos = ''.join(f'<position name="{n}" joint="{n}" kp="100" forcerange="-40 40"/>' for n in names)
    return robot('quadruped', root, 1, servos)



def biped(at):
    """Two legs with ball hips, hinge knees and soles 0.9 m below the base; `at`: of x forward, y left, z up."""
    def place(*p):
        return ' '.join('%g' % v for v in at(p))

    def leg(side, y):
        sole = ' '.join('%g' % abs(v) for v in at((0.1, 0.05, 0.02)))
        shin = Body(f'{side}_knee', place(0, 0, -0.4), [(f'{side}_knee', 'hinge', place(0, 1, 0))],
                    f'type="box" size="{sole}" pos="{place(0.03, 0, -0.42)}"')
        return Body(f'{side}_hip', place(0, y, -0.06), [(f'{side}_hip', 'ball', '0 0 1')], bone(place(0, 0, -0.4), 0.05), [shin])
    root = Body('base', '0 0 1', [], f'type="sphere" size="0.1" pos="{place(0, 0, 0.1)}" mass="8"', [leg('right', -0.1), leg('left', 0.1)])
    return robot('biped', root, 60)


def biped_z():
    return biped(lambda p: p)


def biped_y():
    """The same with y up and z right in the frames of all bodies."""
    return biped(lambda p: (p[0], p[2], -p[1]))


def humanoid_z():
    """DeepMimic's humanoid with x forward, y left, z up and three hinges in place of each ball joint, in another order
    than in its files, without ankles."""
    def three(name, axes):
        return [(f'{name}_{a}', 'hinge', {'x': '1 0 0', 'y': '0 1 0', 'z': '0 0 1'}[a]) for a in axes]

    def limb(upper, lower, at, axes):
        end = Body(lower, '0 0 -0.35', [(lower, 'hinge', '0 -1 0')], bone('0 0 -0.35', 0.04) + ' mass="1"')
        return Body(upper, at, three(upper, axes), bone('0 0 -0.35', 0.05), [end])
    neck = Body('neck', '0 0 0.22', three('neck', 'zyx'), 'type="sphere" size="0.1" pos="0 0 0.17"')
    chest = Body('chest', '0 0 0.23', three('chest', 'xyz'), 'type="sphere" size="0.11" pos="0 0 0.12"',
                 [limb('left_shoulder', 'left_elbow', '0 0.2 0.2', 'yxz'), neck, limb('right_shoulder', 'right_elbow', '0 -0.2 0.2', 'yxz')])
    root = Body('base', '0 0 0.9', [], 'type="sphere" size="0.09"',
                [limb('left_hip', 'left_knee', '0 0.09 0', 'zxy'), chest, limb('right_hip', 'right_knee', '0 -0.09 0', 'zxy')])
    return robot('humanoid', root, 60)


for make in (pendulum, cartpole, deepmimic, cmu, cmu_crate, quadruped, biped_z, biped_y, humanoid_z):
    with open(f'{sys.argv[1]}/{make.__name__}.xml', 'w') as file:
        file.write(make())
