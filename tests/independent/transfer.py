"""transfer.py RUN TASKS MAKE FILE     writes trajectories of the task walker: actions of its demonstrations, some of them noisy
transfer.py RUN TASKS CHECK FILE ROWS  computes the rows of `dynaflow transfer walker FILE --json` again

RUN has a record of the task, of which the settings are taken. Exits with 1 if a number differs."""
import copy, json, math, sys

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


def wilson(count, n, z=1.959963984540054):
    p, d = count / n, 1 + z * z / n
    half = z / d * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return count / n, (p + z * z / (2 * n)) / d - half, (p + z * z / (2 * n)) / d + half


def student(values):
    v = [x for x in values if not math.isnan(x)]
    if not v: return None
    half = T975[len(v) - 1] * np.std(v, ddof=1) / math.sqrt(len(v)) if len(v) == 6 else None
    return np.mean(v), half is not None and np.mean(v) - half, half is not None and np.mean(v) + half, len(v)


def expected(task, states, actions, conditions, kind, level, plain):
    m = task.model
    task.model = copy.copy(m)
    task.data = mujoco.MjData(task.model)
    perturb(task.model, kind, level)
    late = round(level / m.opt.timestep) if kind == 'latency' else 0
    made = [execute(task, x[0], u, late) for x, u in zip(states, actions)]
    task.model, task.data = m, mujoco.MjData(m)
    falls = [task.first_fall(x) for x in made]
    at = [task.condition_names.index('command.' + c) for c in ('vx', 'vy', 'wz')]
    rows = {'fall_rate': wilson(sum(f is not None for f in falls), len(made)) + (len(made),),
            'survival': student([(len(x) - 1 if f is None else f) * task.dt for x, f in zip(made, falls)]),
            'command_error': student([heading_errors(task, x, c[at])[0] if f is None else math.nan for x, c, f in zip(made, conditions, falls)])}
    if plain is not None:
        rows['deviation'] = student([math.sqrt(squares(task, x[:task.H + 1], y[:task.H + 1]).sum() / (task.H * len(task.std))) for x, y in zip(made, plain)])
    return {k: v for k, v in rows.items() if v}, made


def main(run, tasks, what, file, rows=None):
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
    given, faults, plain, seen = np.load(file), [], None, {}
    for r in json.load(open(rows))['rows']: seen.setdefault((r['perturbation'], r['level']), {})[r['metric']] = r
    for (kind, level), found in seen.items():
        wanted, made = expected(task, given['states'], given['actions'], given['conditions'], kind, level, plain)
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
