"""expert_walks.py WALKS.npz RECORDS.jsonl MODEL.xml: the numbers of an expert's record from its walks, by numpy and MuJoCo's
package and the words of docs/experts.md alone. The settings are those of the record."""
import json, sys
import mujoco, numpy as np

walks = np.load(sys.argv[1])
record = [json.loads(line) for line in open(sys.argv[2])][-1]
config = record['config']
number = lambda key: float(config[key])
model = mujoco.MjModel.from_xml_path(sys.argv[3])
data = mujoco.MjData(model)
x, u, dt = walks['states'], walks['actions'], float(walks['dt'])
feet, gaits = str(walks['feet']).split(','), str(walks['gaits']).split(',')
offsets = {'trot': [0, .5, .5, 0], 'pace': [0, .5, 0, .5], 'bound': [.5, .5, 0, 0], 'pronk': [0, 0, 0, 0]}
n, length = u.shape[:2]
nq = model.nq
cycle = max(1, round(1 / (number('expert.frequency') * dt)))
first = round(1.5 / dt)


def rotation(q):
    m = np.empty(9)
    mujoco.mju_quat2Mat(m, q)
    return m.reshape(3, 3)


def fallen(state):
    tilt = np.degrees(np.arccos(np.clip(rotation(state[3:7])[2, 2], -1, 1)))
    return state[2] < number('eval.fall_height') or tilt > number('eval.fall_tilt')


def huber(e, width): return np.sqrt(1 + np.sum(np.square(e)) / width**2) - 1


values = {'fall_rate': [], 'velocity_error': [], 'yaw_rate_error': [], 'contact_agreement': [], 'reward': []}
for i in range(n):
    down = [t for t in range(length) if np.isfinite(x[i, t + 1]).all() and fallen(x[i, t + 1])]
    fell = down[0] if down else -1
    assert fell == walks['fell'][i], (i, fell, walks['fell'][i])
    assert fell < 0 or not np.isfinite(x[i, fell + 2:]).any()
    gait = gaits[int(walks['gait'][i, 0])]
    weight = {key[len('expert_reward.'):]: [float(w) for w in value.split(',')] for key, value in config.items()
              if key.startswith('expert_reward.')}
    weight = {key: w[0] if len(w) == 1 else w[gaits.index(gait)] for key, w in weight.items()}
    home = np.resize([float(h) for h in config['expert.home'].split(',')], model.nu)
    height = [float(h) for h in config['expert.height'].split(',')]
    height = height[0] if len(height) == 1 else height[gaits.index(gait)]
    cycles, sums, agree, steps, rewards = [], [], 0, 0, []
    for t in range(fell + 1 if fell >= 0 else length):
        state, command = x[i, t + 1], walks['command'][i, t]
        data.qpos[:], data.qvel[:] = state[:nq], state[nq:]
        mujoco.mj_kinematics(model, data)
        mujoco.mj_comPos(model, data)
        r = rotation(state[3:7])
        velocity, rate, up = r.T @ state[nq:nq + 3], state[nq + 3:nq + 6], r[2]
        clock = walks['phase'][i, t] + number('expert.frequency') * dt
        ids = [model.geom(f).id for f in feet]
        heights = [data.geom_xpos[k][2] for k in ids]
        speeds = []
        for k in ids:
            jacobian = np.zeros((3, model.nv))
            mujoco.mj_jac(model, data, jacobian, None, data.geom_xpos[k], model.geom_bodyid[k])
            speeds.append(jacobian[:2] @ state[nq:])
        phases = [(clock + o) % 1 for o in offsets[gait]]
        duty = number('expert.duty')
        # the reward, as walk.h has it
        arch = [number('expert.swing_height') * np.sin(np.pi * (p - duty) / (1 - duty)) if p > duty else 0 for p in phases]
        share = [np.sqrt(max(np.sin(np.pi * p / duty), 0)) if p < duty else 0 for p in phases]
        before = u[i, t - 1] if t else home
        cost = {'velocity': huber(velocity[:2] - command[:2], .2), 'yaw_rate': huber(rate[2] - command[2], .4),
                'vertical': huber(velocity[2], .2), 'roll': huber(up[1], .1), 'pitch': huber(up[0], .1),
                'roll_rate': huber(rate[0], 1), 'pitch_rate': huber(rate[1], 1), 'height': huber(state[2] - height, .03),
                'foot_height': np.mean([huber(h - number('expert.foot_height') - a, .03) for h, a in zip(heights, arch)]),
                'foot_slip': np.mean([s * huber(v, .2) for s, v in zip(share, speeds)]),
                'action_change': np.mean(np.square((u[i, t] - before) / .2)),
                'joint_velocity': np.mean(np.square(state[nq + 6:] / 5)),
                'posture': np.mean(np.square((state[7:nq] - home) / .2))}
        rewards.append(number('expert.alive') - sum(weight[key] * c for key, c in cost.items()))
        # the errors, of walks that do not fall
        if t < first or fell >= 0: continue
        if t > 0 and (command != walks['command'][i, t - 1]).any(): sums = []
        sums.append([velocity[0], velocity[1], rate[2]])
        if len(sums) == cycle:
            mean = np.mean(sums, axis=0) - command
            cycles.append([np.hypot(*mean[:2]), abs(mean[2])])
            sums = []
        agree += sum((h < number('expert.foot_height') + .002) == (p < duty) for h, p in zip(heights, phases))
        steps += 4
    mean = np.mean(cycles, axis=0) if cycles else [np.nan, np.nan]
    for key, value in zip(values, [fell >= 0, mean[0], mean[1], agree / steps if steps else np.nan, np.mean(rewards)]):
        values[key].append(float(value))

rows = {row['metric']: row for row in record['rows']}
samples = {s['metric']: s['values'] for s in record['samples']}


def near(name, a, b): assert abs(a - b) <= 1e-9 * (1 + abs(a)), (name, a, b)


for metric, found in values.items():
    for i, (own, recorded) in enumerate(zip(found, samples[metric])):
        assert np.isnan(own) == (recorded is None), (metric, i, own, recorded)
        if recorded is not None: near((metric, i), own, recorded)
    for gait in [None] + gaits:
        counted = [v for i, v in enumerate(found) if not np.isnan(v) and gait in (None, gaits[int(walks['gait'][i, 0])])]
        row = rows.get(metric if gait is None else f'{metric}.{gait}')
        assert bool(counted) == bool(row), (metric, gait)
        if counted: near((metric, gait), np.mean(counted), row['value'])
        assert not counted or row['n'] == len(counted), (metric, gait, row)
falls = sum(values['fall_rate'])
print(f'{n} walks, {falls:.0f} falls: the same numbers')
assert 0 < falls < n, 'walks of both kinds are needed'
