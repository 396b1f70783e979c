"""transfer.py RUN TASKS MAKE FILE     writes trajectories of the task walker: actions of its demonstrations, some of them noisy
transfer.py RUN TASKS CHECK FILE ROWS  computes the rows of `dynaflow transfer walker FILE --json` again
transfer.py RUN TASKS OTHER FILE       writes another model of the walker, see other_xml()
transfer.py RUN TASKS LIMITS FILE ERR KEY=VALUE...  compares the limits that `--export` names on standard error, with
                                       these settings, and writes the trajectories that keep them to FILE-within.npz
transfer.py RUN TASKS EXPORT FILE DIR  compares what `--export DIR` wrote

RUN has a record of the task, of which the settings are taken. Exits with 1 if a number differs."""
import copy, csv, json, math, os, re, sys

import mujoco
import numpy as np

from evaluation import Task, heading_errors, squares

T975 = {5: 2.5705818366147}  # 97.5 % point of Student's t


def execute(task, x0, actions, late):
    """the states of a trajectory; the solver starts cold at every window, and every action comes `late` physics steps late"""
    out, x = [x0], x0
    for t in range(len(actions)):
        if t % task.H == 0:
            task.clear()
            task.load(x)
        for s in range(task.substeps):
            task.data.ctrl = actions[max(0, (t * task.substeps + s - late) // task.substeps)]
            mujoco.mj_step(task.model, task.data)
        x = np.concatenate([task.data.qpos, task.data.qvel, task.data.act])
        out.append(x)
    return np.array(out)


def perturb(m, kind, level):
    if kind == 'mass':
        m.body_mass[:] *= level
        m.body_inertia[:] *= level
        mujoco.mj_setConst(m, mujoco.MjData(m))
        m.stat.meaninertia = m.dof_M0.mean()
    elif kind == 'friction':
        m.geom_friction[:] *= level
        m.pair_friction[:] *= level
        if m.opt.enableflags & mujoco.mjtEnableBit.mjENBL_OVERRIDE: m.opt.o_friction[:] *= level
    elif kind == 'damping':
        for of in ('dof', 'tendon', 'actuator'):
            getattr(m, of + '_damping')[:] *= level
            getattr(m, of + '_dampingpoly')[:] *= level
    elif kind == 'gain':
        m.actuator_gainprm[:, 0] *= level
        servo = m.actuator_biastype == mujoco.mjtBias.mjBIAS_AFFINE
        m.actuator_biasprm[servo, 1] *= level
    elif kind == 'softness':
        m.geom_solref[:, 0] *= level  # all of them are time constants
    elif kind == 'impratio': m.opt.impratio *= level
    elif kind == 'cone': m.opt.cone = ('pyramidal', 'elliptic').index(level)
    elif kind == 'condim': m.geom_condim[:] = int(level)


def other_xml(xml):
    """the walker with its legs and actuators in reverse order, names behind a prefix, other steps, feet, floor, gains
    and ranges of controls"""
    legs = re.findall(r"<body name='.._leg'.*?</body>", xml, re.S)
    xml = xml.replace(legs[0], '@').replace(legs[1], '').replace(legs[2], '').replace(legs[3], '').replace('@', '\n'.join(legs[::-1]))
    actuators = re.findall(r"<position .*?/>|<general .*?/>", xml, re.S)
    xml = xml[:xml.index('<actuator>')] + '<actuator>' + '\n'.join(actuators[::-1]) + '</actuator></mujoco>'
    xml = re.sub(r"(joint|name)='(\w+_hip|mast|tail|free|FR|FL|RR|RL)'", r"\1='w/\2'", xml)
    for old, new in (("timestep='0.005'", "timestep='0.0025'"), ("size='9 9 .1'", "size='9 9 .1' pos='0 0 .3'"), ("size='.03' margin", "size='.034' margin"),
                     ("kp='12'", "kp='15'"), ("ctrlrange='-.9 .9'", "ctrlrange='-.5 .4'")):
        assert old in xml, old
        xml = xml.replace(old, new)
    return xml


class Other:
    """the same in another model: coordinates by joint names, the base above its ground and lifted out of it"""

    def __init__(self, task, path):
        self.task, m = task, mujoco.MjModel.from_xml_path(path)
        self.model, self.data, self.dt = m, mujoco.MjData(m), task.dt
        self.substeps = round(task.dt / m.opt.timestep)
        own = task.model
        q, v, a = [], [], []
        for j in range(m.njnt):
            i = own.joint(m.joint(j).name[2:]).id
            nq, nv = {0: (7, 6), 1: (4, 3), 2: (1, 1), 3: (1, 1)}[m.jnt_type[j]]
            q += range(own.jnt_qposadr[i], own.jnt_qposadr[i] + nq)
            v += range(own.nq + own.jnt_dofadr[i], own.nq + own.jnt_dofadr[i] + nv)
        self.control = [own.actuator(m.actuator(k).name[2:]).id for k in range(m.nu)]
        self.order = np.array(q + v + [own.nq + own.nv])

    @staticmethod
    def depth(m, x, floor):
        """how deep the lowest sphere is in the floor, m; negative above it"""
        d = mujoco.MjData(m)
        d.qpos = x[:m.nq]
        mujoco.mj_kinematics(m, d)
        touches = (m.geom_contype | m.geom_conaffinity).astype(bool) & (m.geom_type == mujoco.mjtGeom.mjGEOM_SPHERE)
        return floor - (d.geom_xpos[touches, 2] - m.geom_size[touches, 0]).min()

    def execute(self, x0, actions):
        task, y = self.task, x0[self.order].copy()
        y[2] += .3
        lift = self.depth(self.model, y, .3) - max(0, self.depth(task.model, x0, 0))
        lift = lift if lift > 1e-6 else 0
        y[2] += lift
        u = np.clip(actions, *task.box)[:, self.control]
        m, d = self.model, self.data
        clipped = ((u < m.actuator_ctrlrange[:, 0]) | (u > m.actuator_ctrlrange[:, 1])).mean()
        out = []
        for t in range(len(u) + 1):
            x = np.empty(len(y))
            x[self.order] = y
            x[2] -= .3
            out.append(x)
            if t == len(u): break
            if t % task.H == 0:
                mujoco.mj_resetData(m, d)
                d.qpos, d.qvel, d.act = y[:m.nq], y[m.nq:m.nq + m.nv], y[m.nq + m.nv:]
            d.ctrl = u[t]
            mujoco.mj_step(m, d, self.substeps)
            y = np.concatenate([d.qpos, d.qvel, d.act])
        return np.array(out), clipped, lift


def wilson(count, n, z=1.959963984540054):
    p, d = count / n, 1 + z * z / n
    half = z / d * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return count / n, (p + z * z / (2 * n)) / d - half, (p + z * z / (2 * n)) / d + half


def student(values):
    v = [x for x in values if not math.isnan(x)]
    if not v: return None
    half = T975[len(v) - 1] * np.std(v, ddof=1) / math.sqrt(len(v)) if len(v) == 6 else None
    return np.mean(v), half is not None and np.mean(v) - half, half is not None and np.mean(v) + half, len(v)


def expected(task, folder, states, actions, conditions, kind, level, plain):
    m = task.model
    clipped = lifts = None
    task.model = copy.copy(m)
    task.data = mujoco.MjData(task.model)
    perturb(task.model, kind, level)
    late = round(level / m.opt.timestep) if kind == 'latency' else 0
    if kind == 'model':
        other = Other(task, folder + '/' + level)
        made, clipped, lifts = zip(*(other.execute(x[0], u) for x, u in zip(states, actions)))
    else:
        made = [execute(task, x[0], u, late) for x, u in zip(states, actions)]
    task.model, task.data = m, mujoco.MjData(m)
    falls = [task.first_fall(x) for x in made]
    at = [task.condition_names.index('command.' + c) for c in ('vx', 'vy', 'wz')]
    rows = {'fall_rate': wilson(sum(f is not None for f in falls), len(made)) + (len(made),),
            'survival': student([(len(x) - 1 if f is None else f) * task.dt for x, f in zip(made, falls)]),
            'command_error': student([heading_errors(task, x, c[at])[0] if f is None else math.nan for x, c, f in zip(made, conditions, falls)])}
    if plain is not None:
        rows['deviation'] = student([math.sqrt(squares(task, x[:task.H + 1], y[:task.H + 1]).sum() / (task.H * len(task.std))) for x, y in zip(made, plain)])
    if clipped: rows['clipped'], rows['lifted'] = student(clipped), student(lifts)
    return {k: v for k, v in rows.items() if v}, made


def limits(task, x, u):
    """{(quantity, joint): times beyond} of one trajectory"""
    m, fall = task.model, task.first_fall(x)
    if fall is not None: return {'falls': (fall * task.dt,)}
    def worst(beyond, values):
        """how often, and value and time furthest beyond"""
        t = int(np.argmax(beyond))
        return int((beyond > 0).sum()) and ((beyond > 0).sum(), values[t], t * task.dt)
    speeds, n, out = task.numbers('eval.velocity_limit'), 0, {}
    for j in range(m.njnt):
        if m.jnt_type[j] < 2:
            continue
        name, q, v = m.joint(j).name, x[:, m.jnt_qposadr[j]], x[:, m.nq + m.jnt_dofadr[j]]
        lo, hi = m.jnt_range[j]
        slack = 1e-6 * (hi - lo)
        if m.jnt_limited[j]: out['position', name] = worst(np.where((q < lo - slack) | (q > hi + slack), np.maximum(lo - q, q - hi), 0), q)
        out['velocity', name] = worst(np.maximum(np.abs(v) - speeds[n % len(speeds)] * (1 + 2e-6), 0), v)
        n += 1
    for k in range(m.nu):
        if m.actuator_actnum[k]: continue
        j = m.actuator_trnid[k, 0]
        force = 12 * (np.clip(u[:, k], task.box[0][k], task.box[1][k]) - x[:-1, m.jnt_qposadr[j]])
        out['torque', m.joint(j).name] = worst(np.maximum(np.abs(force) - np.abs(m.actuator_forcerange[k]).max() * (1 + 2e-6), 0), force)
    return {k: v for k, v in out.items() if v}


def check_limits(task, file, err):
    given, seen, faults = np.load(file), {}, []
    for line in open(err):
        found = re.search(r'trajectory (\d+): (?:it (falls), or has no states, at ([\d.]+) s|(\w+) of \'(.*?)\' is ([-\d.e+]+) .*? at ([\d.]+) s, limit [-\d.]+(?:, and (\d+) times in all)?)', line)
        if not found: continue
        i, falls, at, what, joint, value, when, more = found.groups()
        seen.setdefault(int(i), {})['falls' if falls else (what, joint)] = (float(at),) if falls else (int(more or 1), float(value), float(when))
    wanted = {i: limits(task, x, u) for i, (x, u) in enumerate(zip(given['states'], given['actions']))}
    within = [i for i in wanted if not wanted[i]]
    for i in wanted:
        a, b = wanted[i], seen.get(i, {})
        if set(a) != set(b) or any(abs(v - w) > 6e-4 * abs(v) + 1e-9 for k in a for v, w in zip(a[k], b[k])): faults.append('trajectory %d: %s, not %s' % (i, b, a))
    np.savez(file[:-4] + '-within.npz', **{k: v[within] if k in ('states', 'actions', 'conditions') else v for k, v in given.items()},
             method=np.array('walker-method'), checkpoint_sha256=np.array('ab' * 32))
    print('\n'.join(faults) or '%d of %d within' % (len(within), len(wanted)))
    return int(bool(faults) or not 0 < len(within) < len(wanted) or {k[0] for w in wanted.values() for k in w} < {'position', 'velocity', 'torque'})


def check_export(task, file, folder):
    given, made = np.load(file), np.load(folder + '/1-walker-method.npz')
    u = np.clip(given['actions'], *task.box)
    m = task.model
    assert made['states'].tobytes() == np.ascontiguousarray(given['states']).tobytes()
    assert made['targets'].tobytes() == np.ascontiguousarray(u).tobytes()
    assert (made['time'] == np.arange(u.shape[1]) * task.dt).all() and made['dt'] == task.dt
    assert str(made['joint_names']) == 'FR_hip,FL_hip,RR_hip,RL_hip,' and str(made['action_names']) == 'FR,FL,RR,RL,mast', made['joint_names']
    assert (made['stiffness'] == [12, 12, 12, 12, 0]).all() and (made['force_limit'][:4] == 8).all() and np.isinf(made['force_limit'][4])
    assert str(made['method']) == 'walker-method' and str(made['checkpoint_sha256']) == 'ab' * 32
    assert sorted(os.listdir(folder)) == sorted(['1-walker-method.npz'] + ['1-walker-method-%d.csv' % i for i in range(len(u))])
    for i in range(len(u)):
        rows = list(csv.reader(open(folder + '/1-walker-method-%d.csv' % i)))
        assert rows[0][:6] == ['time [s]'] + ['target %s_hip [rad]' % n for n in ('FR', 'FL', 'RR', 'RL')] + ['action mast'], rows[0]
        assert rows[0][6:6 + m.nq][-5:] == ['mast [m]'] + ['tail_quat.' + c for c in 'wxyz'] and rows[0][6] == 'root_pos.x [m]'
        numbers = np.array(rows[1:], float)
        assert (numbers[:, 1:6] == u[i]).all() and (numbers[:, 6:] == given['states'][i][:-1]).all()
        assert np.allclose(numbers[:, 0], made['time'], rtol=0, atol=1e-12)
    return 0


def main(run, tasks, what, file, rows=None, *settings):
    record = next(r for r in map(json.loads, open(run + '/events.jsonl')) if r['type'] == 'cell')
    task = Task(tasks + '/walker', record)
    if what == 'MAKE':
        n, length, rng = 6, 20, np.random.default_rng(3)
        episodes = [e for e in range(len(task.actions)) if len(task.actions[e]) >= length][:n]
        actions = np.array([task.actions[e][:length] for e in episodes]) + rng.normal(size=(n, length, task.model.nu)) * np.array([0, .3, .6, 0, .5, .1])[:, None, None]
        states = [execute(task, task.states[e][0], u, 0) for e, u in zip(episodes, actions)]
        np.savez(file, states=states, actions=actions, conditions=[task.conditions[e][0] for e in episodes],
                 condition_names=np.array(','.join(task.condition_names)), dt=task.dt)
        return 0
    if what == 'OTHER':
        open(file, 'w').write(other_xml(open(tasks + '/walker/walker.xml').read()))
        return 0
    task.config.update(setting.split('=') for setting in settings)
    task.find_fall_rule()
    if what == 'LIMITS': return check_limits(task, file, rows)
    if what == 'EXPORT': return check_export(task, file, rows)
    given, faults, plain, seen = np.load(file), [], None, {}
    for r in json.load(open(rows))['rows']: seen.setdefault((r['perturbation'], r['level']), {})[r['metric']] = r
    for (kind, level), found in seen.items():
        wanted, made = expected(task, os.path.dirname(os.path.dirname(file)) or '.', given['states'], given['actions'], given['conditions'], kind, level, plain)
        if kind == 'none':
            plain = made
            if any(x.tobytes() != np.ascontiguousarray(y).tobytes() for x, y in zip(made, given['states'])): faults.append('other states')
        if set(found) != set(wanted): faults.append('%s %s: rows %s, not %s' % (kind, level, sorted(found), sorted(wanted)))
        for metric in set(found) & set(wanted):
            for key, value in zip(('value', 'lo', 'hi', 'n'), wanted[metric]):
                v = found[metric][key]
                if value is False: continue  # a number of values for which the table above has no point
                if v is None or abs(v - value) > 1e-9 * max(1, abs(value)): faults.append('%s %s: %s %s is %s, not %s' % (kind, level, metric, key, v, value))
    print('\n'.join(faults) or '%d perturbations' % len(seen))
    rates = {r['fall_rate']['value'] for r in seen.values()}
    if len(rates) < 2: faults.append('no perturbation changes the fall rate')
    return int(bool(faults))


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
