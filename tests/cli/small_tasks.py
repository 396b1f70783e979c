"""The closed forms of Gymnasium's Pendulum-v1 and CartPole-v1, beside the recordings of HCAI imitation.

small_tasks.py make FOLDER               writes recordings of the same layout, made by these closed forms
small_tasks.py FOLDER                    the published recordings follow from Gymnasium's rules, and nothing was clipped
small_tasks.py FOLDER TASK LAW REPLAY    the errors in the JSON of `dynaflow replay TASK` are those of LAW, euler or rk4
small_tasks.py table RUN CSV             every number of the run is that of the golden table"""
import csv, glob, json, sys

import numpy as np


def episodes(folder, name):
    """[(observations, actions)] in double precision"""
    with np.load('%s/%s_final.npz' % (folder, name), allow_pickle=False) as z:
        obs, acts, ends = z['obs'].astype(float), z['acts'].astype(float), list(z['indices'])
    out, start = [], 0
    for e, end in enumerate(ends + [len(acts)]):
        out.append((obs[start + e:end + e + 1], acts[start:end].reshape(-1)))
        start = end
    return out


def pendulum(folder):
    """states [n][2] and the next ones, in which angles are unwrapped, and torques [n]"""
    pairs = [(np.stack([np.unwrap(np.arctan2(o[:, 1], o[:, 0])), o[:, 2]], 1), a) for o, a in episodes(folder, 'pendulum')]
    return [np.concatenate(p) for p in zip(*[(x[:-1], x[1:], a) for x, a in pairs])]


def cartpole(folder):
    """states [n][4]: positions, then velocities; the next ones; forces [n]"""
    pairs = [(o[:, [0, 2, 1, 3]], 20 * a - 10) for o, a in episodes(folder, 'cartpole')]
    return [np.concatenate(p) for p in zip(*[(x[:-1], x[1:], a) for x, a in pairs])]


def swing(x, u):
    """angular acceleration of Pendulum-v1: g = 10, m = l = 1"""
    return (15 * np.sin(x[:, 0]) + 3 * u)[:, None]


def balance(x, u):
    """accelerations of CartPole-v1: g = 9.8, cart 1 kg, pole 0.1 kg of half length 0.5 m"""
    q, w = x[:, 1], x[:, 3]
    push = (u + 0.05 * w * w * np.sin(q)) / 1.1
    pole = (9.8 * np.sin(q) - np.cos(q) * push) / (0.5 * (4 / 3 - 0.1 * np.cos(q) ** 2 / 1.1))
    return np.stack([push - 0.05 * pole * np.cos(q) / 1.1, pole], 1)


def euler(law, x, u, h):
    n = x.shape[1] // 2
    v = x[:, n:] + h * law(x, u)
    return np.concatenate([x[:, :n] + h * v, v], 1)


def explicit_euler(law, x, u, h):
    n = x.shape[1] // 2
    return x + h * np.concatenate([x[:, n:], law(x, u)], 1)


def rk4(law, x, u, h):
    rate = lambda y: np.concatenate([y[:, y.shape[1] // 2:], law(y, u)], 1)
    a = rate(x)
    b = rate(x + h / 2 * a)
    c = rate(x + h / 2 * b)
    d = rate(x + h * c)
    return x + h / 6 * (a + 2 * b + 2 * c + d)


TASKS = {'pendulum': (pendulum, swing, 0.05), 'cartpole': (cartpole, balance, 0.02)}


def write(file, episodes, kind):
    """[(observations, actions)] as HCAI imitation stores them"""
    ends = np.cumsum([len(a) for _, a in episodes])[:-1]
    np.savez_compressed(file, obs=np.concatenate([o for o, _ in episodes]).astype('f4'), indices=ends,
                        acts=np.concatenate([a for _, a in episodes]).astype(kind))


def make(folder):
    random = np.random.default_rng(1)
    swings, pushes = [], []
    for _ in range(10):
        # random torques of single precision, whatever they do
        x, o, a = random.uniform([-3, -1], [3, 1])[None], [], random.uniform(-2, 2, (60, 1)).astype('f4').astype(float)
        for u in a:
            o.append([np.cos(x[0, 0]), np.sin(x[0, 0]), x[0, 1]])
            x = euler(swing, x, u, 0.05)
        swings.append((np.array(o + [[np.cos(x[0, 0]), np.sin(x[0, 0]), x[0, 1]]]), a))
        # pushes towards the side to which the pole falls, by a noisy look
        x, o, a = random.uniform(-0.05, 0.05, (1, 4)), [], []
        for _ in range(100):
            o.append(x[0, [0, 2, 1, 3]])
            a.append(x[0, 1] + 0.3 * x[0, 3] + random.normal(0, 0.05) > 0)
            x = explicit_euler(balance, x, np.array([20.0 * a[-1] - 10]), 0.02)
        pushes.append((np.array(o + [x[0, [0, 2, 1, 3]]]), np.array(a)))
    write(folder + '/pendulum_final.npz', swings, 'f4')
    write(folder + '/cartpole_final.npz', pushes, 'i8')


def made_by_gymnasium(folder):
    x, after, u = pendulum(folder)
    next_x = euler(swing, x, u, 0.05)
    assert len(u) == 11200 and abs(next_x - after).max() < 5e-7, abs(next_x - after).max()
    assert abs(next_x[:, 1]).max() < 8 and abs(u).max() <= 2  # no speed and no torque was clipped
    x, after, u = cartpole(folder)
    error = abs(explicit_euler(balance, x, u, 0.02) - after).max(0)
    assert len(u) == 26964 and set(u) == {-10, 10} and error.max() < 3e-7, error
    # what semi-implicit Euler adds to the position is h^2 times the acceleration; the velocities are the same
    error = abs(euler(balance, x, u, 0.02) - after).max(0)
    assert abs(error[:2] - 0.0004 * abs(balance(x, u)).max(0)).max() < 3e-7 and error[2:].max() < 3e-7, error


def same_errors(folder, task, name, replay):
    read, law, h = TASKS[task]
    x, after, u = read(folder)
    steps = len(u)
    n = x.shape[1] // 2
    error = abs({'euler': euler, 'rk4': rk4}[name](law, x, u, h) - after)
    rows = {r['metric']: r for r in json.load(open(replay))['rows']}
    for kind, e in ('position', error[:, :n].max(1)), ('velocity', error[:, n:].max(1)):
        for word, wanted in ('median', np.sort(e)[steps // 2]), ('worst', e.max()):
            for of in 'carried', 'cleared':
                row = rows['%s_%s_%s' % (of, kind, word)]
                assert row['n'] == steps and abs(row['value'] - wanted) < 1e-12 + 1e-6 * wanted, (row, wanted)


def of_table(run, table):
    lines = [line for line in open(table) if not line.startswith('#')]
    wanted = {(r['method'], int(r['seed']), r['metric'], int(r['k'])): float(r['value']) for r in csv.DictReader(lines)
              if not r['metric'].startswith('effort') and r['value']}
    compared = 0
    for file in glob.glob(run + '/*.jsonl'):
        for cell in map(json.loads, open(file)):
            for r in cell.get('rows', []):
                key = cell['method'], cell['seed'], r['metric'], r['k']
                if key not in wanted or r['value'] is None: continue
                compared += 1
                assert abs(r['value'] - wanted[key]) <= 1e-6 * abs(wanted[key]) + 1e-9, (key, r['value'], wanted[key])
    assert compared >= 20, compared


if sys.argv[1] == 'make': make(sys.argv[2])
elif sys.argv[1] == 'table': of_table(*sys.argv[2:])
elif len(sys.argv) == 2: made_by_gymnasium(sys.argv[1])
else: same_errors(*sys.argv[1:])
