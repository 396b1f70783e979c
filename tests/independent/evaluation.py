"""evaluation.py RUN TASKS: recomputes every metric of the finished cells of a run and compares it with the record.

Written from docs/metrics.md, with numpy and MuJoCo's Python package; it uses no code of this project. Input are the
records, the task files and what `dynaflow run --store-samples` stored: the calls of each method with their results.
Everything else is computed again: the windows that were drawn, conditions, noise indices, executed motions, contacts,
falls, errors, intervals, work counters, curves and poses. Prints a line per number that differs."""
import functools, hashlib, json, math, os, re, sys

import mujoco
import numpy as np

ACTION, SPLIT, BOOTSTRAP, SIGNS, PROJECTION = 7, 9, 10, 19, 37  # streams of random numbers
GAITS = {'trot': (0, .5, .5, 0), 'pace': (0, .5, 0, .5), 'bound': (.5, .5, 0, 0), 'pronk': (0, 0, 0, 0)}
LEGS = ('FR', 'FL', 'RR', 'RL')
LIMIT = 1e6

# ---- random numbers: Philox4x32-10, counter (index, index >> 32, stream, block), key (seed, seed >> 32) ----


def philox(seed, stream, index, block):
    """the two 64-bit words of every (index, block)"""
    index, block = np.broadcast_arrays(np.asarray(index, np.uint64), np.asarray(block, np.uint64))
    low, half = np.uint64(0xFFFFFFFF), np.uint64(32)
    c = [index & low, index >> half, np.full(index.shape, stream, np.uint64), block & low]
    k0, k1 = seed & 0xFFFFFFFF, seed >> 32
    for _ in range(10):
        p0, p1 = np.uint64(0xD2511F53) * c[0], np.uint64(0xCD9E8D57) * c[2]
        c = [(p1 >> half) ^ c[1] ^ np.uint64(k0), p1 & low, (p0 >> half) ^ c[3] ^ np.uint64(k1), p0 & low]
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return c[0] | c[1] << half, c[2] | c[3] << half


def uniform(seed, stream, index, n):
    words = np.stack(philox(seed, stream, index, np.arange((n + 1) // 2)), 1).reshape(-1)[:n]
    return (words >> np.uint64(11)).astype(float) * 2.0**-53


def below(seed, stream, index, lane, n):
    """integers in [0, n): the high half of the product of n and 64 random bits"""
    word, n = philox(seed, stream, index, lane)[0], np.asarray(n, np.uint64)
    half = np.uint64(32)
    return ((word >> half) * n + ((word & np.uint64(0xFFFFFFFF)) * n >> half) >> half).astype(int)


# ---- rotations ----


def product(a, b):
    w, v, x, u = a[0], a[1:], b[0], b[1:]
    return np.concatenate([[w * x - v @ u], w * u + x * v + np.cross(v, u)])


def rotation_vector(q):
    q = q / np.linalg.norm(q)
    q = -q if q[0] < 0 else q
    s = np.linalg.norm(q[1:])
    return q[1:] * (2 * math.atan2(s, q[0]) / s if s > 1e-12 else 2)


class Task:
    def __init__(self, folder, record):
        self.config = record['config']
        self.number = lambda key: float(self.config[key])
        self.names = lambda key: [n for n in self.config[key].split(',') if n]
        self.numbers = lambda key: [float(v) for v in self.names(key)]
        self.load_model(folder)
        data = np.load(folder + '/' + self.config['data.file'])
        self.cut_episodes(data)
        self.condition_names = str(data['condition_names']).split(',') if 'conditions' in data else []
        self.H = int(self.number('window.horizon'))
        gaits = [i for i, n in enumerate(self.condition_names) if n.startswith('gait.')]
        self.group = [gaits[int(np.argmax(c[0][gaits]))] if gaits else 0 for c in self.conditions]
        self.clock = self.config['data.generator'] == 'quadruped_gaits'
        self.has_gaits = bool(gaits)
        self.split()
        self.find_channels()
        self.draw_windows()
        self.feet = [self.geom(n) for n in self.names('eval.feet')]
        self.find_fall_rule()
        self.body = Body(self)

    def geom(self, name):
        """Index of a geom by its name, or BODY:I, geom I of those of the body that can touch"""
        m = self.model
        named = mujoco.mj_name2id(m, mujoco.mjtObj.mjOBJ_GEOM, name)
        if named >= 0 or ':' not in name: return m.geom(name).id
        body, number = name.rsplit(':', 1)
        mine = [g for g in range(m.ngeom) if m.geom_bodyid[g] == m.body(body).id and (m.geom_contype[g] or m.geom_conaffinity[g])]
        return mine[int(number)]

    def cut_episodes(self, data):
        """Lists of episodes: states [n + 1][nx], actions [n][nu], conditions [n + 1][nc]"""
        x, u = data['states'], data['actions']
        if x.ndim == 2:
            ends = [int(e) for e in data['episode_ends']]
            starts = [0] + ends[:-1]
        else:
            starts = [e * x.shape[1] for e in range(len(x))]
            ends = [s + max(t + 1 for t in range(x.shape[1]) if not np.isnan(episode[t]).all()) for s, episode in zip(starts, x)]
        x, u = x.reshape(-1, x.shape[-1]), u.reshape(-1, u.shape[-1])
        short = [e * (len(u) < len(x)) for e in range(len(ends))]  # without an action after the last frame
        c = data['conditions'] if 'conditions' in data else np.zeros((len(ends), 0))
        c = c.reshape(-1, c.shape[-1]) if c.ndim == 3 else c
        self.states = [x[a:b] for a, b in zip(starts, ends)]
        self.actions = [u[a - e:b - 1 - e] for a, b, e in zip(starts, ends, short)]
        self.conditions = [c[a:b] if len(c) == len(x) else np.repeat(c[e:e + 1], b - a, 0)
                           for e, (a, b) in enumerate(zip(starts, ends))]

    def load_model(self, folder):
        m = self.model = mujoco.MjModel.from_xml_path(folder + '/' + self.config['system.model'])
        if self.number('system.timestep'): m.opt.timestep = self.number('system.timestep')
        if self.number('system.tolerance'): m.opt.tolerance = self.number('system.tolerance')
        m.opt.iterations = int(self.number('system.iterations'))
        m.opt.ls_iterations = max(m.opt.ls_iterations, 50)
        bit = mujoco.mjtDisableBit
        m.opt.disableflags |= bit.mjDSBL_SENSOR | bit.mjDSBL_AUTORESET | bit.mjDSBL_ISLAND
        m.opt.jacobian = mujoco.mjtJacobian.mjJAC_DENSE
        assert self.config['system.integrator'] == self.config['system.solver'] == 'model'
        self.substeps = int(self.number('system.substeps'))
        self.dt = self.substeps * m.opt.timestep
        self.nx = m.nq + m.nv + m.na
        limited = m.actuator_ctrllimited.astype(bool)
        self.box = np.where(limited, m.actuator_ctrlrange[:, 0], -np.inf), np.where(limited, m.actuator_ctrlrange[:, 1], np.inf)
        self.data = mujoco.MjData(m)

    # ---- windows ----

    def split(self):
        first, last, stride, every, block, gap = (int(self.number(k)) for k in (
            'window.first', 'window.last', 'window.stride', 'split.test_every', 'split.block', 'split.gap'))
        validation = int(self.config.get('split.validation_every', 0))  # older records have no such setting

        def is_validation(place):  # place, from 1, of what is not of the test
            return validation > 0 and place % every != 0 and (place - place // every) % validation == 0
        seen, blocks = {}, 0
        self.train, self.test = [], []
        for e, (g, x) in enumerate(zip(self.group, self.states)):
            n = len(x)
            starts = [s for s in range(first, n - self.H, stride) if last == 0 or s <= last]
            if self.config['split.by'] == 'episode':
                seen[g] = seen.get(g, 0) + (len(starts) > 0)
                held = np.full(n, seen[g] % every == 0)
                near = held | is_validation(seen[g])
            else:
                borders = list(range(0, n, block)) + [n] if block else [k * n // every for k in range(every + 1)]
                of = np.array([blocks + max(k for k, b in enumerate(borders) if b <= t) for t in range(n)])
                held = of % every == every - 1
                out = held | np.array([is_validation(k + 1) for k in of])
                near = np.array([out[max(0, t - gap):t + gap + 1].any() for t in range(n)])
                blocks += len(borders) - 1
            self.test += [(e, s) for s in starts if held[s:s + self.H + 1].all()]
            self.train += [(e, s) for s in starts if not near[s:s + self.H + 1].any()]

    def draw_windows(self):
        pool, seed = list(self.test), int(self.number('eval.seed'))
        self.windows = []
        for i in range(min(int(self.number('eval.windows')), len(pool))):
            j = i + int(below(seed, SPLIT, i, 0, len(pool) - i))
            self.windows.append(pool[j])
            pool[j] = pool[i]
        self.demo = np.array([self.states[e][s:s + self.H + 1] for e, s in self.windows])
        self.demo_actions = np.array([self.actions[e][s:s + self.H] for e, s in self.windows])
        self.condition = np.array([self.conditions[e][s] for e, s in self.windows])
        self.episode = [e for e, _ in self.windows]
        self.window_group = [self.group[e] for e in self.episode]

    # ---- coordinates ----

    def find_channels(self):
        m, T = self.model, mujoco.mjtJoint
        self.objects = [m.joint(n).id for n in self.names('chart.objects')]
        self.free = next((j for j in range(m.njnt) if T(m.jnt_type[j]) == T.mjJNT_FREE and j not in self.objects and self.driven(j)), None)
        relative = [m.joint(n).id for n in self.names('chart.relative')]
        groups = {n: [] for n in ('base_pos', 'base_rot', 'joint_pos', 'slide_pos', 'base_vel', 'base_angvel', 'joint_vel',
                                  'slide_vel', 'activation', 'object_pos', 'object_rot', 'object_vel', 'object_angvel')}
        of_object = dict(base_pos='object_pos', slide_pos='object_pos', base_rot='object_rot', joint_pos='object_rot',
                         base_vel='object_vel', slide_vel='object_vel', base_angvel='object_angvel', joint_vel='object_angvel')
        self.joints = []
        for j in range(m.njnt):
            q, d, kind = int(m.jnt_qposadr[j]), int(m.jnt_dofadr[j]), T(m.jnt_type[j])
            self.joints.append((kind, q, d, j in relative))
            for name, first, n in {T.mjJNT_FREE: [('base_pos', d, 3), ('base_rot', d + 3, 3), ('base_vel', m.nv + d, 3),
                                                  ('base_angvel', m.nv + d + 3, 3)],
                                   T.mjJNT_BALL: [('joint_pos', d, 3), ('joint_vel', m.nv + d, 3)],
                                   T.mjJNT_SLIDE: [('slide_pos', d, 1), ('slide_vel', m.nv + d, 1)],
                                   T.mjJNT_HINGE: [('joint_pos', d, 1), ('joint_vel', m.nv + d, 1)]}[kind]:
                groups[of_object[name] if j in self.objects else name] += range(first, first + n)
        groups['activation'] = range(2 * m.nv, 2 * m.nv + m.na)
        self.groups = {n: list(c) for n, c in groups.items() if len(c)}
        z = np.array([self.encode(self.states[e][s], self.states[e][s + t]) for e, s in self.train for t in range(1, self.H + 1)])
        self.std = z.std(0)
        for j, (kind, q, d, _) in enumerate(self.joints):
            if kind != T.mjJNT_FREE or j in self.objects: continue
            for at in (d, m.nv + d): self.std[at:at + 2] = math.sqrt((z[:, at:at + 2]**2).mean())  # x, y: one, about 0
        self.std = np.maximum(self.std, self.floors())

    def floors(self):
        """the least scale of every coordinate: by its group, and at most a twentieth of the range of a joint"""
        m, T, floor = self.model, mujoco.mjtJoint, np.zeros(2 * self.model.nv + self.model.na)
        for name, channels in self.groups.items(): floor[channels] = self.number('scale_floor.' + name.replace('object', 'base'))
        for j in range(m.njnt):
            d, most = m.jnt_dofadr[j], 0.05 * (m.jnt_range[j, 1] - m.jnt_range[j, 0])
            if m.jnt_limited[j] and m.jnt_type[j] in (T.mjJNT_SLIDE, T.mjJNT_HINGE) and most < floor[d]:
                floor[m.nv + d] *= most / floor[d]
                floor[d] = most
        return floor

    def encode(self, x0, x):
        """coordinates of x relative to x0, not normalised"""
        m, T, z = self.model, mujoco.mjtJoint, np.empty(2 * self.model.nv + self.model.na)
        origin, turn, c, s = np.zeros(2), np.array([1., 0, 0, 0]), 1, 0
        if self.free is not None:
            q = m.jnt_qposadr[self.free]
            origin, half = x0[q:q + 2], math.atan2(x0[q + 6], x0[q + 3])
            turn = np.array([math.cos(half), 0, 0, -math.sin(half)])
            c, s = math.cos(2 * half), math.sin(2 * half)
        into = lambda v: np.array([c * v[0] + s * v[1], c * v[1] - s * v[0]])
        for kind, q, d, relative in self.joints:
            v = m.nq + d
            if kind == T.mjJNT_FREE:
                z[d:d + 2], z[d + 2] = into(x[q:q + 2] - origin), x[q + 2]
                z[d + 3:d + 6] = rotation_vector(product(turn, x[q + 3:q + 7]))
                z[m.nv + d:m.nv + d + 2], z[m.nv + d + 2:m.nv + d + 6] = into(x[v:v + 2]), x[v + 2:v + 6]
            elif kind == T.mjJNT_BALL:
                z[d:d + 3], z[m.nv + d:m.nv + d + 3] = rotation_vector(x[q:q + 4]), x[v:v + 3]
            else:
                z[d], z[m.nv + d] = x[q] - (x0[q] if relative else 0), x[v]
        z[2 * m.nv:] = x[m.nq + m.nv:]
        return z

    def driven(self, joint):
        """whether an actuator can push the dofs of a free joint or of what hangs on it: in some pose, its moment arm is not zero there"""
        m, rng = self.model, np.random.default_rng(0)
        if not m.nu: return True
        on = lambda body: body == m.jnt_bodyid[joint] or body > 0 and on(m.body_parentid[body])
        dofs = [d for d in range(m.nv) if on(m.dof_bodyid[d])]
        data = mujoco.MjData(m)
        for _ in range(5):
            data.qpos = m.qpos0 + .3 * rng.normal(size=m.nq)
            mujoco.mj_forward(m, data)
            moment = np.zeros((len(data.moment_rownnz), m.nv))
            mujoco.mju_sparse2dense(moment, data.actuator_moment, data.moment_rownnz, data.moment_rowadr, data.moment_colind)
            if moment[:, dofs].any(): return True
        return False

    # ---- simulation ----

    def load(self, x):
        m, d = self.model, self.data
        d.qpos, d.qvel, d.act = x[:m.nq], x[m.nq:m.nq + m.nv], x[m.nq + m.nv:]

    def clear(self):
        mujoco.mj_resetData(self.model, self.data)

    def step(self, u, count=None):
        """the state after one action; None if it diverges"""
        d = self.data
        d.ctrl = u
        for _ in range(self.substeps):
            mujoco.mj_step(self.model, d)
            if count is not None: count += [1, d.solver_niter[0], d.nefc]
            x = np.concatenate([d.qpos, d.qvel, d.act])
            if d.warning.number.any() or not (abs(x) <= LIMIT).all(): return None
        return x

    def rollout(self, x0, actions, count=None):
        """the executed states, NaN after a divergence, and whether one happened"""
        out = np.full((len(actions) + 1, self.nx), np.nan)
        out[0] = x0
        self.clear()
        self.load(x0)
        for t, u in enumerate(actions):
            x = self.step(u, count)
            if x is None: return out, True
            out[t + 1] = x
        return out, False

    def distance(self, a, b):
        """2-norm of b (-) a in tangent coordinates"""
        m, e = self.model, np.empty(self.model.nv)
        mujoco.mj_differentiatePos(m, e, 1, a[:m.nq], b[:m.nq])
        return math.sqrt((e**2).sum() + ((b[m.nq:] - a[m.nq:])**2).sum())

    def contacts(self, states):
        """[frames][feet]: 1 contact, 0 none, -1 unknown"""
        m, d = self.model, self.data
        out = np.full((len(states), len(self.feet)), -1)
        for t, x in enumerate(states):
            if not (abs(x) <= LIMIT).all(): continue
            self.clear()
            self.load(x)
            mujoco.mj_forward(m, d)
            touching = set(d.contact.geom[d.contact.dist <= d.contact.includemargin].flat)
            out[t] = [f in touching for f in self.feet]
        return out

    # ---- falls ----

    def find_fall_rule(self):
        m = self.model
        self.height, self.tilt = self.number('eval.fall_height'), math.radians(self.number('eval.fall_tilt'))
        joint = lambda key: m.joint(self.config[key]).id if self.config[key] else self.free
        self.height_at = None if not self.height else m.jnt_qposadr[joint('eval.height_joint')]
        if self.height and mujoco.mjtJoint(m.jnt_type[joint('eval.height_joint')]) == mujoco.mjtJoint.mjJNT_FREE: self.height_at += 2
        self.tilt_joint = joint('eval.tilt_joint') if self.tilt else None

    def lean(self, x):
        m, j = self.model, self.tilt_joint
        q = m.jnt_qposadr[j]
        if mujoco.mjtJoint(m.jnt_type[j]) == mujoco.mjtJoint.mjJNT_HINGE: return abs(x[q])
        q += 3 if mujoco.mjtJoint(m.jnt_type[j]) == mujoco.mjtJoint.mjJNT_FREE else 0
        matrix = np.empty(9)
        mujoco.mju_quat2Mat(matrix, x[q:q + 4] / np.linalg.norm(x[q:q + 4]))
        return math.atan2(math.hypot(matrix[2], matrix[5]), matrix[8])

    def first_fall(self, states):
        """the first fallen frame, or None"""
        for t, x in enumerate(states):
            if not np.isfinite(x).all() or self.height and x[self.height_at] < self.height: return t
            if self.tilt and self.lean(x) > self.tilt: return t
        return None

    def first_frame_out(self, states):
        """the number of frames before the fall"""
        fall = self.first_fall(states)
        return len(states) if fall is None else fall


# ---- numbers of windows as rows ----


def quantile(ascending, p):
    at = p * (len(ascending) - 1)
    low = int(at)
    return ascending[low] + (at - low) * (ascending[min(low + 1, len(ascending) - 1)] - ascending[low])


def clusters_of(episode):
    """the windows of each episode, by first occurrence"""
    out = {}
    for i, e in enumerate(episode): out.setdefault(e, []).append(i)
    return list(out.values())


def student(t, n):
    """P(|T| <= t) for n degrees of freedom: the integral of the density in s = arctan(t / sqrt(n)), which is cos(s)^(n - 1)"""
    x, w = np.polynomial.legendre.leggauss(200)
    part = lambda end: end / 2 * (w * np.cos(end / 2 * (x + 1))**(n - 1)).sum()
    return part(math.atan(t / math.sqrt(n))) / part(math.pi / 2)


@functools.lru_cache(maxsize=None)
def student_point(n):
    """the t with P(|T| <= t) = 0.95"""
    lo, hi = 0., 20.
    for _ in range(80):
        middle = (lo + hi) / 2
        lo, hi = (middle, hi) if student(middle, n) < .95 else (lo, middle)
    return lo


def standard_error(estimates, drawn):
    return estimates.std() * math.sqrt(drawn / (drawn - 1))


@functools.lru_cache(maxsize=None)
def drawn_cluster(seed, lane, n):
    """the cluster that stands in place `lane` of every resample, of n"""
    return below(seed, BOOTSTRAP, np.arange(2000), lane, n)


def bounded(p, error, drawn):
    """the shares s with |p - s| <= t e sqrt(s (1 - s) / (p (1 - p))): the roots of a quadratic"""
    t = student_point(drawn - 1)
    if not error: return p, p
    f = t * t * (error**2 / (p * (1 - p)) if 0 < p < 1 else 1 / drawn)
    roots = sorted(np.roots([1 + f, -(2 * p + f), p * p]).real)
    return 0 if p == 0 else roots[0], 1 if p == 1 else roots[1]


def bootstrap(values, episode, seed, share=False):
    """95 % interval of the mean: 2000 resamples of whole episodes; Student's, or of a share"""
    clusters = clusters_of(episode)
    if len(clusters) == 1: return None, None
    total, size = np.array([sum(values[i] for i in c) for c in clusters]), np.array([len(c) for c in clusters])
    sums, counts = 0, 0
    for lane in range(len(clusters)):
        drawn = drawn_cluster(seed, lane, len(clusters))
        sums, counts = sums + total[drawn], counts + size[drawn]
    error = standard_error(sums / counts, len(clusters))
    mean = sum(values) / len(values)
    # equal means have no error but that of rounding
    if share: return bounded(mean, error if error > 1e-14 * mean else 0, len(clusters))
    half = student_point(len(clusters) - 1) * error
    return mean - half, mean + half


def wilson(values, episode):
    n, clusters = len(values), clusters_of(episode[:len(values)])
    p, size = sum(values) / n, len(clusters)
    z = 1.959963984540054
    if 0 < p < 1 and len(clusters) > 1:
        t = np.array([sum(values[i] - p for i in c) for c in clusters])
        v = len(t) / (len(t) - 1) * ((t - t.mean())**2).sum()
        size = n / max(1, v / n**2 / (p * (1 - p) / n)) * (z / student_point(len(t) - 1))**2
    centre = (p + z * z / (2 * size)) / (1 + z * z / size)
    half = z * math.sqrt(p * (1 - p) / size + z * z / (4 * size * size)) / (1 + z * z / size)
    return 0 if p == 0 else centre - half, 1 if p == 1 else centre + half


class Results:
    """what a record must contain"""

    def __init__(self, task):
        self.task, self.rows, self.samples = task, {}, {}

    def put(self, metric, k, unit, value, n, lo=None, hi=None, failed=0, episodes=None):
        assert (metric, k) not in self.rows, metric
        value = None if value is None or not math.isfinite(value) else float(value)
        self.rows[metric, k] = dict(value=value, n=n, lo=lo, hi=hi, unit=unit, episodes=episodes,
                                    status='%d of %d not finite' % (failed, n) if failed else 'ok')

    def mean(self, metric, k, unit, values, of=None, samples=True):
        """`of`: the windows of the values, if not the first ones"""
        task, values = self.task, [float(v) for v in values]
        if not values: return
        of = range(len(values)) if of is None else of
        if samples: self.samples[metric, k] = values
        failed, lo, hi = sum(not math.isfinite(v) for v in values), None, None
        episodes = [task.episode[i] for i in of]
        if not failed: lo, hi = bootstrap(values, episodes, int(task.number('eval.seed')), unit == 'share')
        mean = None if failed else sum(values) / len(values)
        self.put(metric, k, unit, mean, len(values), lo, hi, failed, len(set(episodes)))

    def share(self, metric, k, values, samples=True):
        if samples: self.samples[metric, k] = [float(v) for v in values]
        lo, hi = wilson(values, self.task.episode)
        episodes = len(set(self.task.episode[:len(values)]))
        self.put(metric, k, 'share', sum(values) / len(values), len(values), lo, hi, episodes=episodes)


# ---- metrics of windows ----


def finite(*arrays):
    return all(np.isfinite(a).all() for a in arrays)


def squares(task, made, demo):
    """squared normalised differences per channel, summed over frames 1..H"""
    return sum(((task.encode(demo[0], x) - task.encode(demo[0], y)) / task.std)**2 for x, y in zip(made[1:], demo[1:]))


def add_tre(task, out, metric, k, made):
    sums = [squares(task, x, y) if finite(x) else np.full(len(task.std), np.inf) for x, y in zip(made, task.demo)]
    out.mean(metric, k, 'std', [math.sqrt(s.sum() / (task.H * len(s))) for s in sums])
    units = dict(base_pos='m', base_rot='rad', joint_pos='rad', slide_pos='m', base_vel='m/s', base_angvel='rad/s',
                 joint_vel='rad/s', slide_vel='m/s', activation='', object_pos='m', object_rot='rad', object_vel='m/s',
                 object_angvel='rad/s')
    for name, c in task.groups.items():
        out.mean(metric + '.' + name, k, units[name], [math.sqrt((s[c] * task.std[c]**2).sum() / (task.H * len(c))) for s in sums],
                 samples=False)


def style_frames(task, states):
    """joints and places of the feet of every quarter of a frame, or None"""
    m, T, rows = task.model, mujoco.mjtJoint, []
    if not (np.abs(states) <= 1e6).all(): return None
    hinges = [j for j in range(m.njnt) if m.jnt_type[j] == T.mjJNT_HINGE and j not in task.objects
              and any(m.actuator_trntype[i] == mujoco.mjtTrn.mjTRN_JOINT and m.actuator_trnid[i, 0] == j for i in range(m.nu))]
    for x in states:
        row = [x[m.jnt_qposadr[hinges]], np.zeros(0)]
        if task.feet and task.free is not None:
            q = m.jnt_qposadr[task.free]
            task.clear()
            task.load(x)
            mujoco.mj_kinematics(m, task.data)
            ahead = task.data.xmat[m.jnt_bodyid[task.free]].reshape(3, 3)[:2, 0]
            ahead = ahead / np.linalg.norm(ahead)
            turn = np.array([[*ahead, 0], [-ahead[1], ahead[0], 0], [0, 0, 1]])
            row[1] = ((task.data.geom_xpos[task.feet] - x[q:q + 3]) @ turn.T).reshape(-1)
        rows.append(row)
    at, t = np.arange(4 * len(rows) - 3) / 4, np.arange(len(rows))
    return [np.array([np.interp(at, t, column) for column in np.array(part).T]).reshape(-1, len(at)).T for part in zip(*rows)]


def style(task, made, demo):
    """distances of joints and feet, and the shift, on the best path of dynamic time warping: the whole table of costs, then back"""
    a, b = style_frames(task, made), style_frames(task, demo)
    if a is None or b is None: return math.inf, math.inf, math.inf
    n, reach = len(a[0]), math.floor(4 * task.number('eval.style_band') / task.dt + 1e-9)
    joints, feet = [((p[:, None] - q[None])**2).sum(-1) if p.size else np.zeros((n, n)) for p, q in zip(a, b)]
    cost = np.full((n + 1, n + 1), np.inf)
    cost[0, 0] = 0
    ways = lambda i, j: [(cost[i, j] + 2 * joints[i, j], i - 1, j - 1, 2), (cost[i, j + 1] + joints[i, j], i - 1, j, 1),
                         (cost[i + 1, j] + joints[i, j], i, j - 1, 1)]
    for i in range(n):
        for j in range(max(0, i - reach), min(n, i + reach + 1)): cost[i + 1, j + 1] = min(w[0] for w in ways(i, j))
    i = j = n - 1
    of_feet = shift = 0
    while i >= 0:
        _, before_i, before_j, weight = min(ways(i, j), key=lambda w: w[0])
        of_feet, shift = of_feet + weight * feet[i, j], shift + weight * abs(i - j)
        i, j = before_i, before_j
    return (math.sqrt(cost[n, n] / (2 * n * a[0].shape[1])), math.sqrt(of_feet / (2 * n * max(1, a[1].shape[1] // 3))),
            shift / (2 * n) * task.dt / 4)


def add_style(task, out, suffix, k, pairs, of=None):
    """`pairs` of returned and demonstrated motions of the same length"""
    if task.number('eval.style_band') == 0: return
    values = [style(task, x, y) for x, y in pairs]
    for i, (name, unit) in enumerate((('joints', 'rad'), ('feet', 'm'), ('shift', 's'))):
        if name == 'feet' and (not task.feet or task.free is None): continue
        out.mean('style_' + name + suffix, k, unit, [v[i] for v in values], of, samples=not suffix)


def normal(seed, stream, index, n):
    """Box-Muller: two normal numbers of every two uniform ones"""
    u = uniform(seed, stream, index, n + n % 2).reshape(-1, 2)
    r, angle = np.sqrt(-2 * np.log(1 - u[:, 0])), 2 * math.pi * u[:, 1]
    return np.stack([r * np.cos(angle), r * np.sin(angle)], 1).reshape(-1)[:n]


def add_distribution(task, out, k, made, second):
    """the returned windows as a set; `second`: another sample of the first windows, or None"""
    points = lambda windows: np.array([np.concatenate([task.encode(y[0], z) / task.std for z in x[1:]]) if finite(x)
                                       else np.full(task.H * len(task.std), np.inf) for x, y in zip(windows, task.demo)])
    a, b, B, mean = points(made), points(task.demo), len(made), 0
    good = np.isfinite((a**2).sum(1))
    if good.all():
        for d in range(256):
            direction = normal(int(task.number('eval.seed')), PROJECTION, d, a.shape[1])
            direction /= math.sqrt((direction**2).sum())
            mean += ((np.sort(a @ direction) - np.sort(b @ direction))**2).mean() / 256
    out.put('sliced_wasserstein', k, 'std', math.sqrt(mean) if good.all() else math.inf, B, failed=int((~good).sum()))
    if B >= 20:
        radius = [np.sort(np.delete(((b - y)**2).sum(1), i))[4] for i, y in enumerate(b)]
        nearest = [np.sort(((b - x)**2).sum(1))[4] for x in a[good]]
        out.share('coverage', k, [any(((x - y)**2).sum() <= min(r, n) for x, n in zip(a[good], nearest)) for y, r in zip(b, radius)],
                  samples=False)
    if second is not None:
        out.mean('diversity', k, 'std', [math.sqrt(squares(task, x, z).sum() / (task.H * len(task.std))) if finite(x, z) else math.inf
                                         for x, z in zip(second, made)], samples=False)


def own_errors(task, states, actions):
    """|x[t+1] (-) f(x[t], u[t])| of every step; the solver's warm start is that of the step before"""
    if not finite(states, actions): return [math.inf]
    errors = []
    task.clear()
    for t, u in enumerate(actions):
        task.load(states[t])
        x = task.step(u)
        if x is None: return [math.inf]
        errors.append(task.distance(x, states[t + 1]))
    return errors


def best_error(task, x, x1, starts):
    """the smallest |x1 (-) f(x, u)| that a projected Levenberg-Marquardt search finds in the box, from each start"""
    lo, hi = task.box
    m = task.model

    def residual(u):
        task.clear()
        task.load(x)
        y = task.step(u)
        if y is None: return None
        e = np.empty(m.nv)
        mujoco.mj_differentiatePos(m, e, 1, y[:m.nq], x1[:m.nq])
        return np.concatenate([e, x1[m.nq:] - y[m.nq:]])

    best = math.inf
    for u in starts:
        u = np.clip(u, lo, hi)
        r, mu = residual(u), 1e-6
        if r is None: continue
        for _ in range(30):
            cost = r @ r
            step = np.where(u + 1e-6 <= hi, 1e-6, -1e-6)
            columns = [residual(u + step * (np.arange(len(u)) == j)) for j in range(len(u))]
            J = np.stack([(np.zeros(len(r)) if c is None else c - r) / s for c, s in zip(columns, step)], 1)
            improved = False
            while not improved and mu < 1e12:
                A, g = J.T @ J, J.T @ r
                A += mu * np.diag(np.maximum(np.diag(A), 1e-12 * np.diag(A).max() + 1e-300))
                free = ~((u <= lo) & (g > 0) | (u >= hi) & (g < 0))
                if not free.any(): break
                v = u.copy()
                v[free] -= np.linalg.solve(A[np.ix_(free, free)], g[free])
                v = np.clip(v, lo, hi)
                s = residual(v)
                improved = s is not None and s @ s < cost
                mu = mu / 10 if improved else max(20 * mu, 1e-6)
            if not improved: break
            u, r = v, s
            if cost - r @ r < 1e-10 * cost: break
        best = min(best, math.sqrt(r @ r))
    return best


def rest_action(task, x):
    """the control of each position servo that commands the present position; 0 for the others, clipped to the box"""
    m, u = task.model, np.zeros(task.model.nu)
    for i in range(m.nu):
        j = m.actuator_trnid[i, 0]
        if m.actuator_biastype[i] == mujoco.mjtBias.mjBIAS_AFFINE and m.actuator_gainprm[i, 0]:
            bias = m.actuator_biasprm[i]
            u[i] = -(bias[1] * x[m.jnt_qposadr[j]] + bias[2] * x[m.nq + m.jnt_dofadr[j]]) / m.actuator_gainprm[i, 0]
    return np.clip(u, *task.box)


def check_sae_min(task, k, states, actions, found, faults):
    """sae_min is the result of a search, so it is bounded: not above sae_own in the box, and where this program's own
    search ends, up to the local minima at which either may stop"""
    for b, value in enumerate(found):
        x = states[b]
        if not finite(x):
            if value is not None: faults.append('sae_min %d: window %d is %r' % (k, b, value))
            continue
        guess = None if actions is None else np.clip(actions[b], *task.box)
        own = np.mean(own_errors(task, x, guess)) if guess is not None else math.inf
        if own < 1e-9:
            if value > own + 1e-15: faults.append('sae_min %d: window %d is %r above sae_own %r' % (k, b, value, own))
            continue
        starts = [([] if guess is None else [guess[t]]) + [rest_action(task, x[t]), np.zeros(task.model.nu)] for t in range(task.H)]
        own_search = np.mean([best_error(task, x[t], x[t + 1], starts[t]) for t in range(task.H)])
        if value is None or value > own or not 0.98 * own_search - 1e-9 <= value <= 1.25 * own_search + 1e-9:
            faults.append('sae_min %d: window %d is %r, not %r; sae_own in the box is %r' % (k, b, value, own_search, own))


# ---- plausibility ----


class Body:
    """what the plausibility of a task's motions depends on"""

    def __init__(self, task):
        m, T = task.model, mujoco.mjtJoint
        assert (m.actuator_trntype == int(mujoco.mjtTrn.mjTRN_JOINT)).all()
        self.single = [j for j in range(m.njnt) if T(m.jnt_type[j]) in (T.mjJNT_HINGE, T.mjJNT_SLIDE)]
        self.actuated = np.isin(np.arange(m.nv), [m.jnt_dofadr[j] for j in m.actuator_trnid[:, 0]])
        self.eased = m.jnt_actgravcomp[m.dof_jntid].astype(bool) # gravity is compensated by the actuators
        slides = [m.jnt_dofadr[j] for j in range(m.njnt) if T(m.jnt_type[j]) == T.mjJNT_SLIDE]
        if task.free is not None: slides += range(m.jnt_dofadr[task.free], m.jnt_dofadr[task.free] + 3)
        own = self.robot(task)
        self.pushed = ~self.actuated & np.isin(np.arange(m.nv), slides) & own[m.dof_bodyid]
        self.turned = ~self.actuated & ~np.isin(np.arange(m.nv), slides) & own[m.dof_bodyid]
        self.moving = np.array([b for b in range(1, m.nbody) if m.body_weldid[b]])
        self.mass = m.body_mass[self.moving] * own[self.moving]
        self.weight = self.mass.sum() * np.linalg.norm(m.opt.gravity)
        self.joint_range = [(m.jnt_qposadr[j], *m.jnt_range[j]) for j in self.single if m.jnt_limited[j]]
        driven = [m.jnt_dofadr[j] for j in self.single if self.actuated[m.jnt_dofadr[j]]]
        limit = task.numbers('eval.velocity_limit')
        self.speed_range = [(d, -limit[i % len(limit)], limit[i % len(limit)]) for i, d in enumerate(driven)] if limit else []
        self.force_range = [(d, *r) for d in driven for r in [self.range_of(task, d)] if np.isfinite(r).all()]

    def robot(self, task):
        """which bodies are the robot's: of trees with a free joint that is not an object's, or else all that move"""
        m, free = task.model, int(mujoco.mjtJoint.mjJNT_FREE)
        joints = [j for j in range(m.njnt) if m.jnt_type[j] == free and j not in task.objects and task.driven(j)]
        bases = [m.body_rootid[m.jnt_bodyid[j]] for j in joints]
        return np.isin(m.body_rootid, bases) if bases else m.body_weldid > 0

    def range_of(self, task, dof):
        m, lo, hi = task.model, 0, 0
        for i in range(m.nu):
            if m.jnt_dofadr[m.actuator_trnid[i, 0]] != dof: continue
            ends = np.array([-np.inf, np.inf])
            plain = m.actuator_biastype[i] == mujoco.mjtBias.mjBIAS_NONE and m.actuator_dyntype[i] == mujoco.mjtDyn.mjDYN_NONE
            if plain and m.actuator_ctrllimited[i]: ends = np.sort(m.actuator_gainprm[i, 0] * m.actuator_ctrlrange[i])
            if m.actuator_forcelimited[i]: ends = np.clip(ends, *m.actuator_forcerange[i])
            ends = np.sort(m.actuator_gear[i, 0] * ends)
            lo, hi = lo + ends[0], hi + ends[1]
        return lo, hi


def outside(values, limits):
    """share of numbers beyond their ranges and the largest excess in widths of the range"""
    if not limits: return None, None
    at, lo, hi = (np.array(c) for c in zip(*limits))
    beyond = np.maximum(lo - values[:, at.astype(int)], values[:, at.astype(int)] - hi)
    if not len(values): return None, None
    beyond = beyond / (hi - lo)
    return (beyond > 1e-6).mean(), max(0, (beyond * (beyond > 1e-6)).max())


def sliding(task, c):
    """the tangential speed of a contact"""
    m, d, velocity = task.model, task.data, []
    for geom in c.geom:
        body, v = m.geom_bodyid[geom], np.zeros(6)
        mujoco.mj_objectVelocity(m, d, mujoco.mjtObj.mjOBJ_XBODY, body, v, 0)
        velocity.append(v[3:] + np.cross(v[:3], c.pos - d.xpos[body]))
    v, normal = velocity[1] - velocity[0], c.frame[:3]
    return np.linalg.norm(v - normal * (v @ normal))


def inverse_force(task, acceleration):
    """(force beyond the compensation, compensation) of the state that is loaded, with servos at the end of their range as
    docs/metrics.md has them; MuJoCo reads from actuator_force which those are"""
    m, d, body = task.model, task.data, task.body
    motor = (m.actuator_gaintype == int(mujoco.mjtGain.mjGAIN_FIXED)) & (m.actuator_biastype == int(mujoco.mjtBias.mjBIAS_NONE))
    implicit = m.opt.integrator in (int(mujoco.mjtIntegrator.mjINT_IMPLICIT), int(mujoco.mjtIntegrator.mjINT_IMPLICITFAST))
    damped = np.array(m.actuator_forcelimited, bool) & ~motor & implicit
    at, ranges = m.jnt_dofadr[m.actuator_trnid[:, 0]], {dof: (lo, hi) for dof, lo, hi in body.force_range}

    dofs = sorted(i for i in set(at[damped]) & set(ranges) if ranges[i][0] < ranges[i][1])
    tried, most = [], 64 + 32 * len(dofs)

    def needed(members):
        low, high = m.actuator_forcerange.T
        d.actuator_force[:] = np.where(damped & np.isin(at, list(members)), high, (low + high) / 2)
        d.qacc[:] = acceleration
        mujoco.mj_inverse(m, d)
        return d.qfrc_inverse - d.qfrc_gravcomp * body.eased

    def attempt(members):
        """(members, force, mismatches, their sum) of a set; None after too many"""
        if len(tried) >= most: return None
        tried.append(members)
        force, off = needed(members), {}
        for i in dofs:
            (lo, hi), f = ranges[i], force[i]
            off[i] = (min(abs(f - lo), abs(f - hi)) if i in members else max(0, lo - f, f - hi)) / (hi - lo)
        return members, force, off, sum(off.values())

    wrong = lambda s, but=None: sorted((i for i in dofs if i != but and s[2][i] > 1e-6), key=lambda i: (-s[2][i], i))

    def settle(members, held=None):
        now = attempt(members)
        while now:
            for i in wrong(now, held):
                other = attempt(now[0] ^ {i})
                if not other: return now
                if other[3] < now[3]: break
            else: return now
            now = other

    def better(a, b):
        if bool(wrong(a)) != bool(wrong(b)): return not wrong(a)
        return a[3] < b[3] if wrong(a) else len(a[0]) > len(b[0])

    free = needed(set())
    if dofs:
        best, start = settle(frozenset(dofs)), None
        while start is not best:
            start = best
            for i in dofs:
                one = None if i in start[0] else settle(start[0] | {i}, i)
                if one and better(one, best): best = one
        for i, inside in [(i, inside) for inside in (True, False) for i in dofs]:
            if not wrong(best): break
            one = settle(frozenset(dofs) if inside else frozenset(dofs) - {i}, i)
            if one and better(one, best): best = one
        free, tried[:] = best[1].copy(), []
        for i in wrong(best):
            other, (lo, hi) = attempt(best[0] ^ {i}), ranges[i]
            a, b = sorted((best[1][i], other[1][i]))
            if a <= hi < b: free[i] = hi
            if a < lo <= b: free[i] = lo
    return free, d.qfrc_gravcomp * body.eased


def plausibility(task, states):
    """{metric: value} of the frames of a motion; None where it is not defined"""
    m, d, body = task.model, task.data, task.body
    nq, nv, dt, n = m.nq, m.nv, task.dt, len(states)
    force, eased, depths, selfs, slips, centres = [], [], [], [], [], []
    m.opt.enableflags |= int(mujoco.mjtEnableBit.mjENBL_INVDISCRETE)
    for t, x in enumerate(states):
        task.clear()
        task.load(x)
        mujoco.mj_forward(m, d)
        contacts = list(d.contact)
        roots = [m.body_rootid[m.geom_bodyid[c.geom]] * (m.body_weldid[m.geom_bodyid[c.geom]] > 0) for c in contacts]
        within = [r[0] == r[1] > 0 for r in roots]
        depths.append(max([0] + [-c.dist for c, w in zip(contacts, within) if not w]))
        selfs.append(max([0] + [-c.dist for c, w in zip(contacts, within) if w]))
        speeds = [sliding(task, c) for c in contacts if c.dist <= c.includemargin and np.isin(c.geom, task.feet).any()]
        if speeds: slips.append(np.mean(speeds))
        centres.append(d.xipos[body.moving].copy())
        if t + 1 < n:
            needed, carried = inverse_force(task, (states[t + 1, nq:nq + nv] - x[nq:nq + nv]) / dt)
            force.append(needed)
            eased.append(carried)
    m.opt.enableflags &= ~int(mujoco.mjtEnableBit.mjENBL_INVDISCRETE)
    force, centres, depths, selfs = np.array(force).reshape(-1, nv), np.array(centres), np.array(depths), np.array(selfs)
    q, v = states[:, :nq], states[:, nq:nq + nv]
    out, steps, frames = {}, len(force) > 0, n > 0
    heavy = body.weight > 0
    if steps and heavy and body.pushed.any():
        push = np.linalg.norm(force[:, body.pushed], axis=1) / body.weight
        out['root_residual'], out['root_residual.share'] = np.median(push), (push > .05).mean()
    if steps and heavy and body.turned.any():
        out['root_residual.torque'] = np.median(np.linalg.norm(force[:, body.turned], axis=1)) / body.weight
    if frames:
        for name, depth in (('penetration', depths), ('self_collision', selfs)): out[name + '.worst'] = depth.max()
        out['penetration'], out['penetration.share'], out['self_collision'] = depths.mean(), (depths > .005).mean(), (selfs > 0).mean()
        if task.feet: out['slip'] = np.mean(slips) if slips else 0
        for name, values, limits in (('joint_limit', q, body.joint_range), ('velocity_limit', v, body.speed_range),
                                     ('torque_limit', force, body.force_range)):
            out[name], out[name + '.worst'] = outside(values, limits)
    if n >= 4: out['jerk'] = np.linalg.norm(np.diff(centres, 3, axis=0), axis=2).mean() / dt**3
    if steps and body.actuated.any():
        power = out['power'] = np.median(abs((force + eased) * (v[1:] + v[:-1]) / 2)[:, body.actuated].sum(1))
        way = np.linalg.norm(np.diff((centres * body.mass[:, None]).sum(1) / body.mass.sum(), axis=0)[:, :2], axis=1).sum()
        if heavy and body.pushed.any() and way >= .1: out['power.transport'] = power * len(force) * dt / (body.weight * way)
    return out


PLAUSIBLE = {'root_residual': 'weight', 'root_residual.torque': 'N m/N', 'root_residual.share': 'share', 'penetration': 'm',
             'penetration.worst': 'm', 'penetration.share': 'share', 'self_collision': 'share', 'self_collision.worst': 'm',
             'slip': 'm/s', 'joint_limit': 'share', 'joint_limit.worst': 'range', 'velocity_limit': 'share',
             'velocity_limit.worst': 'range', 'torque_limit': 'share', 'torque_limit.worst': 'range', 'jerk': 'm/s^3', 'power': 'W',
             'power.transport': '1'}


def add_plausibility(task, out, suffix, k, motions):
    """`motions`: the frames that count of each; one with a number that is not finite has an infinite value where any other
    motion of the same model could have one"""
    defined = plausibility(task, task.demo[0])
    if 'power' in defined and task.body.weight > 0 and task.body.pushed.any(): defined['power.transport'] = 0
    found = [plausibility(task, x) if (abs(x) <= LIMIT).all() else {n: math.inf for n, v in defined.items() if v is not None}
             for x in motions]
    for name, unit in PLAUSIBLE.items():
        of = [i for i, f in enumerate(found) if f.get(name) is not None]
        values = [float(found[i][name]) for i in of]
        if not values: continue
        if name.endswith('.worst'):
            out.put(name + suffix, k, unit, max(values), len(values), failed=sum(not math.isfinite(v) for v in values))
        else:
            out.mean(name + suffix, k, unit, values, of, samples=False)


# ---- chains ----


def heading_errors(task, states, command):
    """mean |velocity - command| in the heading of the base, and mean |yaw rate - command|, over frames 1.."""
    m, errors = task.model, []
    q, at = m.jnt_qposadr[task.free] + 3, m.nq + m.jnt_dofadr[task.free]
    for x in states[1:]:
        matrix = np.empty(9)
        mujoco.mju_quat2Mat(matrix, x[q:q + 4] / np.linalg.norm(x[q:q + 4]))
        R, v, w = matrix.reshape(3, 3), x[at:at + 3], x[at + 3:at + 6]
        yaw = math.atan2(R[1, 0], R[0, 0])
        forward, left = math.cos(yaw) * v[0] + math.sin(yaw) * v[1], math.cos(yaw) * v[1] - math.sin(yaw) * v[0]
        errors.append((math.hypot(forward - command[0], left - command[1]), abs((R @ w)[2] - command[2])))
    return np.mean(errors, 0)


def path_errors(task, states, command):
    """distance between the last place and where the command leads in small steps, and the shortest angle between headings"""
    at, n, seconds = task.model.jnt_qposadr[task.free], 20000, (len(states) - 1) * task.dt
    def heading(x):
        matrix = np.empty(9)
        mujoco.mju_quat2Mat(matrix, x[at + 3:at + 7] / np.linalg.norm(x[at + 3:at + 7]))
        return math.atan2(matrix[3], matrix[0])
    angles = heading(states[0]) + command[2] * seconds * (np.arange(n) + .5) / n
    way = np.array([command[0] * np.cos(angles) - command[1] * np.sin(angles), command[0] * np.sin(angles) + command[1] * np.cos(angles)])
    turned = heading(states[-1]) - heading(states[0]) - command[2] * seconds
    return math.hypot(*(states[-1][at:at + 2] - states[0][at:at + 2] - way.mean(1) * seconds)), abs(math.atan2(math.sin(turned), math.cos(turned)))


def clock_frequency(task, chain):
    """cycles of the gait per second: a condition, or a setting"""
    if 'command.frequency' in task.condition_names: return task.condition[chain][task.condition_names.index('command.frequency')]
    return float(task.config.get('gait.frequency', '3').split(',')[0])


def commanded(task, gait, hertz, i, frames):
    """[frames][feet]: whether the gait has a foot on the ground, at phase i / 50 of its clock"""
    legs = [GAITS[gait][LEGS.index(n)] for n in task.names('eval.feet')]
    return np.array([[(i / 50 + hertz * task.dt * t + leg) % 1 < .5 for leg in legs] for t in range(frames)], int)


def gait_phase(task, states, gait, hertz):
    """the share of contacts that are commanded, and the phase at which it is largest"""
    touch = task.contacts(states)[1:]
    same = [(touch == commanded(task, gait, hertz, i, len(states))[1:]).sum() for i in range(50)]
    return max(same) / touch.size, int(np.argmax(same))


def has_clock(task):
    return task.clock and task.has_gaits and task.feet and set(task.names('eval.feet')) <= set(LEGS)


def commanded_gait(task, chain):
    return task.condition_names[int(np.argmax(task.condition[chain][:2]))][5:]


def follow_chain(task, calls, n, frames, seed, k, pure, faults):
    """the executed states of the n chains, [n][frames+1][nx], and whether they are those that the method planned"""
    planned, executed = task.demo[:n, 0], task.demo[:n, 0]
    chain = np.full((n, frames + 1, task.nx), np.nan)
    same = True
    for window in range(-(-frames // task.H)):
        call = calls.pop(0)
        check_request(task, call, n, planned if pure else executed, seed, 2**32 + window * n, k, False, True, faults)
        run = np.array([task.rollout(x0, u)[0] for x0, u in zip(executed, call['u'])])
        same &= run.tobytes() == call['x'].tobytes()
        kept = min(task.H, frames - window * task.H)
        chain[:, window * task.H:window * task.H + kept + 1] = run[:, :kept + 1]
        planned, executed = call['x'][:, -1], run[:, -1]
    return chain, same


def add_goals(task, out, shown, chain):
    """how far the object of the goal ends from it, from the body of a free joint or the joints' positions"""
    joints, names = task.names('eval.goal_joints'), task.names('eval.goal_conditions')
    if not joints: return
    goal = task.condition[:len(chain), [task.condition_names.index(c) for c in names]]
    ends = []
    for x in chain:
        at = [task.model.joint(j).qposadr[0] for j in joints]
        place = x[-1, at[0]:at[0] + len(names)] if task.model.joint(joints[0]).type[0] == mujoco.mjtJoint.mjJNT_FREE else x[-1, at]
        ends.append(place)
    distance = np.linalg.norm(np.array(ends) - goal, axis=1)
    distance[~np.isfinite(distance)] = math.inf
    out.mean('goal_distance', shown, 'm', list(map(float, distance)))
    out.share('goal_reached', shown, [float(d < task.number('eval.goal_tolerance')) for d in distance])


def add_chains(task, out, calls, seed, k, shown, faults):
    """falls and what upright chains do; returns the strip and the motions that are drawn"""
    n = min(int(task.number('eval.chains')), len(task.windows))
    frames = int(task.number('eval.chain_seconds') / task.dt + .5)
    chain, same = follow_chain(task, calls, n, frames, seed, k, True, faults)
    falls = [task.first_fall(x) for x in chain]
    fell = [f is not None for f in falls]
    up = [i for i in range(n) if not fell[i]]
    if task.height or task.tilt:
        out.share('fall_rate', shown, fell)
        out.mean('survival', shown, 's', [(frames if f is None else f) * task.dt for f in falls])
        again = fell
        if not same:
            again = [task.first_fall(x) is not None for x in follow_chain(task, calls, n, frames, seed, k, False, faults)[0]]
        out.share('fall_rate.replanned', shown, again, samples=False)
    names = task.condition_names
    if {'command.vx', 'command.vy', 'command.wz'} <= set(names) and task.free is not None:
        command = task.condition[:, [names.index('command.' + c) for c in ('vx', 'vy', 'wz')]]
        errors = [heading_errors(task, chain[i], command[i]) for i in up]
        out.mean('command_error', shown, 'm/s', [e[0] for e in errors], up, samples=False)
        out.mean('command_error.yaw_rate', shown, 'rad/s', [e[1] for e in errors], up, samples=False)
        ends = [path_errors(task, chain[i], command[i]) for i in up]
        out.mean('command_error.position', shown, 'm', [e[0] for e in ends], up, samples=False)
        out.mean('command_error.heading', shown, 'rad', [e[1] for e in ends], up, samples=False)
    if has_clock(task):
        out.mean('gait_phase', shown, 'share', [gait_phase(task, chain[i], commanded_gait(task, i), clock_frequency(task, i))[0] for i in up], up, samples=False)
    episodes = [task.states[e][s:s + frames + 1] for e, s in task.windows]
    add_style(task, out, '.chain', shown, [(chain[i][:len(episodes[i])], episodes[i]) for i in up], up)
    if task.config.get('eval.goal_joints'): add_goals(task, out, shown, chain)  # older records have no such setting
    add_plausibility(task, out, '.chain', shown, [x[:task.first_frame_out(x)] for x in chain])
    shown_chain = up[0] if up else 0
    return expected_strip(task, shown_chain, chain[shown_chain]), expected_motions(task, chain)


# ---- a record ----


# the arrays that docs/metrics.md names
PAGE = open(os.path.join(os.path.dirname(__file__), '../../docs/metrics.md')).read()
STORED = set(re.findall(r'^\| `i\.(\w+)` \|', PAGE, re.M))
assert STORED == {'request', 'x0', 'condition', 'demonstrated', 'demonstrated_states', 'x', 'u'}, STORED


def check_request(task, call, n, x0, seed, first_index, k, demonstrated, returns_actions, faults):
    def differs(what): faults.append('call for %d windows at index %d: %s' % (n, first_index, what))
    if list(call['request']) != [seed, first_index, k]:
        differs('seed, index, K are %s, not %s' % (call['request'], [seed, first_index, k]))
    if not np.array_equal(call['x0'], x0, equal_nan=True): differs('other start states')
    if len(task.condition_names) and not np.array_equal(call['condition'], task.condition[:n]): differs('other conditions')
    if demonstrated and not np.array_equal(call['demonstrated'], task.demo_actions): differs('other demonstrated actions')
    if demonstrated and not np.array_equal(call.get('demonstrated_states'), task.demo): differs('other demonstrated states')
    wanted = {'request', 'x0', 'x', *(['u'] if returns_actions else []), *(['condition'] if len(task.condition_names) else []),
              *(['demonstrated', 'demonstrated_states'] if demonstrated else [])}
    if set(call) != wanted: differs('it has the arrays %s, not %s' % (sorted(call), sorted(wanted)))


def read_calls(path):
    arrays, calls = np.load(path), []
    for key in arrays:
        i, name = key.split('.')
        while len(calls) <= int(i): calls.append({})
        calls[int(i)][name] = arrays[key]
    return calls


def random_actions(task, seed, first_index, n):
    center, half = task.numbers('action.center'), task.numbers('action.half_range')
    lo, hi = (b.copy() for b in task.box)
    if center and half:
        for i in range(task.model.nu):
            c, h = center[i % len(center)], half[i % len(half)]
            lo[i], hi[i] = max(lo[i], c - h), min(hi[i], c + h)
    draw = lambda b: uniform(seed, ACTION, first_index + b, task.H * task.model.nu).reshape(task.H, -1)
    return np.array([lo + (hi - lo) * draw(b) for b in range(n)])


def expected_curves(task, states):
    m, T, out = task.model, mujoco.mjtJoint, []
    for j in range(m.njnt):
        q, d = m.jnt_qposadr[j], m.jnt_dofadr[j]
        if len(out) >= 4: break
        if T(m.jnt_type[j]) == T.mjJNT_FREE:
            name = 'base' if j == task.free else m.joint(j).name or 'joint %d' % j
            out += [(name + ' height', 'm', q + 2), (name + ' velocity, world x', 'm/s', m.nq + d)]
        elif T(m.jnt_type[j]) in (T.mjJNT_HINGE, T.mjJNT_SLIDE) and not (m.njnt > 6 and j < 2):
            out.append((m.joint(j).name, 'rad' if T(m.jnt_type[j]) == T.mjJNT_HINGE else 'm', q))
    return [dict(title=t, unit=u, dt=task.dt, demonstrated=list(task.demo[0][:, at]), generated=list(states[0][:, at]))
            for t, u, at in out]


def title_of(task, index):
    words = [n[5:] for n, v in zip(task.condition_names, task.condition[index]) if n.startswith('gait.') and v > .5]
    words += ['%s %.2f' % (n.split('.')[-1], v) for n, v in zip(task.condition_names, task.condition[index]) if not n.startswith('gait.')]
    return ', '.join(words) or task.config['task.name']


def expected_motions(task, chain):
    """contacts and the path of a joint, of the first chain of each group"""
    m, out, T = task.model, [], mujoco.mjtJoint
    scalar = [j for j in range(m.njnt) if m.jnt_type[j] == T.mjJNT_HINGE] or [j for j in range(m.njnt) if m.jnt_type[j] == T.mjJNT_SLIDE]
    joint = max(scalar, key=lambda j: task.demo[:, :, m.jnt_qposadr[j]].std(), default=None)
    letters = lambda touch: [''.join('0' if v == 0 else '1' if v == 1 else '-' for v in foot) for foot in touch.T]
    for i, states in enumerate(chain):
        if task.window_group[i] in task.window_group[:i]: continue
        one = dict(title=title_of(task, i), chain=i, dt=task.dt)
        episode, start = task.windows[i]
        shown = task.states[episode][start:start + len(states)]
        if joint is not None:
            q, v = m.jnt_qposadr[joint], m.nq + m.jnt_dofadr[joint]
            path = lambda x: {n: [None if not math.isfinite(e) else e for e in x[:int(2 / task.dt + .5) + 1, at]]
                              for n, at in (('position', q), ('velocity', v))}
            one['joint'] = dict(name=m.joint(joint).name, unit='rad' if m.jnt_type[joint] == T.mjJNT_HINGE else 'm',
                                generated=path(states), demonstrated=path(shown))
        if task.feet:
            one['contacts'] = dict(feet=task.names('eval.feet'), generated=letters(task.contacts(states)), demonstrated=letters(task.contacts(shown)))
            if has_clock(task):
                gait, hertz = commanded_gait(task, i), clock_frequency(task, i)
                one['contacts']['demanded'] = letters(commanded(task, gait, hertz, gait_phase(task, states, gait, hertz)[1], len(states)))
        out.append(one)
    return out


def expected_strip(task, index, chain):
    m, d, frames = task.model, task.data, []
    first = (len(chain) - 1) // 2
    for t in range(first, min(first + 18, len(chain)), 2):
        if not math.isfinite(chain[t][0]): break
        task.clear()
        task.load(chain[t])
        mujoco.mj_forward(m, d)
        at = np.concatenate([d.xpos[1:], d.geom_xpos[task.feet]])
        frames.append(dict(t=t * task.dt, x=list(at[:, 0]), z=list(at[:, 2])))
    return dict(title=title_of(task, index), dt=2 * task.dt, ground=0.0, frames=frames,
                parent=[int(p) - 1 for p in m.body_parentid[1:]] + [int(m.geom_bodyid[f]) - 1 for f in task.feet])


FLAGS = {  # returns actions, samples with K steps, sees the demonstration
    'dynaflow': (1, 1, 0), 'dynaflow_tracking': (1, 1, 0), 'kinematic_fm': (0, 1, 0), 'kinematic_fm_idm': (1, 1, 0),
    'action_fm': (1, 1, 0), 'kinematic_diffusion': (1, 1, 0), 'action_diffusion': (1, 1, 0), 'random_action': (1, 0, 0), 'replay_demo': (1, 0, 1)}
OWN_STATES = ('kinematic_fm', 'kinematic_fm_idm', 'kinematic_diffusion')  # other methods return the states to which their actions lead


def check_cell(record, task, calls):
    """what of a record differs from what this program computes"""
    faults, out, seed, method = [], Results(task), record['seed'], record['method']
    acts, samples, sees = FLAGS[method]
    B = len(task.windows)
    floor = np.mean([math.sqrt(squares(task, x, y).sum() / (task.H * len(task.std))) if finite(x) else math.inf
                     for x, y in zip([task.rollout(x[0], u)[0] for x, u in zip(task.demo, random_actions(task, seed, 0, B))], task.demo)])
    strip = motions = None
    for k in [int(v) for v in task.numbers('eval.sampler_steps')] if samples else [1]:
        call, shown = calls.pop(0), k if samples else 0
        check_request(task, call, B, task.demo[:, 0], seed, 0, k, sees, acts, faults)
        states, actions = call['x'], call.get('u')
        if (actions is not None) != bool(acts):
            faults.append('K = %d: actions are %s' % (shown, 'returned' if not acts else 'missing'))
        add_tre(task, out, 'tre', shown, states)
        second, compared = None, min(int(task.number('eval.sae_windows')), B)
        if samples and compared:
            second = calls.pop(0)
            check_request(task, second, compared, task.demo[:compared, 0], seed, 2**33, k, sees, acts, faults)
            if finite(states) and second['x'].tobytes() == states[:compared].tobytes(): faults.append('K = %d: the second sample is the first' % shown)
        add_style(task, out, '', shown, list(zip(states, task.demo)))
        add_distribution(task, out, shown, states, second and second['x'])
        executed = states
        if acts:
            count, diverged = np.zeros(3, int), 0
            executed = []
            for x, u in zip(task.demo, actions):
                run, end = task.rollout(x[0], u, count)
                executed.append(run)
                diverged += end
            executed = np.array(executed)
            if method not in OWN_STATES and executed.tobytes() != states.tobytes():
                faults.append('K = %d: the states are not those of the actions' % shown)
            add_tre(task, out, 'tre_open_loop', shown, executed)
            errors = [own_errors(task, x, u) for x, u in zip(states, actions)]
            out.mean('sae_own', shown, 'mixed SI', [np.mean(e) for e in errors])
            worst = [max(e) for e in errors]
            out.put('sae_own.worst_step', shown, 'mixed SI', max(worst), B, failed=sum(not math.isfinite(w) for w in worst))
            if task.feet:
                pairs = [(task.contacts(x[1:]), task.contacts(y[1:])) for x, y in zip(executed, task.demo)]
                out.mean('gait_agreement', shown, 'share', [np.mean((a == b) & (a >= 0)) for a, b in pairs])
            for name, value in zip(('physics_steps', 'solver_iterations', 'constraint_rows', 'diverged'), [*count, diverged]):
                out.put('effort.' + name, shown, 'count', value, B)
            if method == 'random_action' and not np.array_equal(actions, random_actions(task, seed, 0, B)):
                faults.append('the actions are not the random ones of this seed')
            if method == 'replay_demo' and not np.array_equal(actions, task.demo_actions):
                faults.append('the actions are not the demonstrated ones')
        add_plausibility(task, out, '', shown, states)
        searched = min(int(task.number('eval.sae_windows')), B)
        stored = next(s['values'] for s in record['samples'] if (s['metric'], s['k']) == ('sae_min', shown))
        check_sae_min(task, shown, states[:searched], actions, stored, faults)
        out.mean('sae_min', shown, 'mixed SI', [math.inf if v is None else v for v in stored[:searched]])
        if acts and not sees:
            if method == 'random_action':
                for w, c in enumerate(calls):
                    if not np.array_equal(c['u'], random_actions(task, seed, 2**32 + w * len(c['u']), len(c['u']))):
                        faults.append('chain %d: other random actions' % w)
            strip, motions = add_chains(task, out, calls, seed, k, shown, faults)
        replays = [dict(k=shown, window=b, x0=list(task.demo[b, 0]), u=list(actions[b].flat), x=list(executed[b][1:].flat))
                   for b in [0, B // 2]] if acts else None
        curves = expected_curves(task, executed)
    if calls: faults.append('%d calls more than expected' % len(calls))
    add_training(out, record, faults)
    compare_rows(out, record, faults)
    for name, wanted in (('replays', replays), ('examples', curves), ('strip', strip), ('motions', motions)):
        compare_tree(name, record.get(name), wanted, faults)
    hashed = hashlib.sha256(np.ascontiguousarray(task.demo[:, 0]).tobytes()).hexdigest()
    if record['windows_sha256'] != hashed: faults.append('windows_sha256 is not that of the start states')
    compare_tree('windows', record['windows'], dict(episode=task.episode, start=[s for _, s in task.windows], group=task.window_group,
                                                    groups=task.condition_names if task.has_gaits else []), faults)
    check_notes(out, record, floor, 'tre_open_loop' if acts else 'tre', method in ('random_action', 'replay_demo'), faults)
    return faults


def add_training(out, record, faults):
    """work counters of training, summed over the networks; the curve of each ends with its last step"""
    curves = record['training']['curves']
    if not same(record['train_cpu_s'], sum(c['cpu_s'] for c in curves)):
        faults.append('train_cpu_s is not the sum over the networks')
    for c in curves:
        if c['step'] != sorted(set(c['step'])) or c['step'][-1] != c['steps'] or len(c['step']) != len(c['loss']):
            faults.append('steps of the curve of %s: %s' % (c['name'], c['step']))
    if not curves: return
    if record['training']['steps'] != curves[0]['steps']: faults.append('training.steps are not those of the first network')
    for name, field in (('gradient_steps', 'steps'), ('skipped_steps', 'skipped'), ('diverged_samples', 'diverged')):
        out.put('effort.' + name, 0, 'count', sum(c[field] for c in curves), len(curves))
    for name, field in (('adjoint_steps', 'steps'), ('approximate_steps', 'approximate'), ('differenced_steps', 'differenced')):
        out.put('effort.' + name, 0, 'count', sum(c['adjoints'][field] for c in curves), len(curves))


def check_notes(out, record, floor, metric, reference, faults):
    """a method that is worse than random actions is reported, with both numbers"""
    wanted = []
    for (name, k), row in out.rows.items():
        if name == metric and not reference and math.isfinite(floor) and row['value'] is not None \
                and row['value'] > floor and '%.4g' % row['value'] != '%.4g' % floor:
            wanted.append('worse than random actions: %s%s is %.4g, that of random_action on the same windows %.4g'
                          % (metric, ' at K = %d' % k if k else '', row['value'], floor))
    found = [n for n in record['notes'] if n.startswith('worse')]
    if found != wanted: faults.append('notes are %s, not %s' % (found, wanted))


def same(a, b, scale=1):
    if a is None or b is None or isinstance(a, str) or isinstance(b, str): return a == b or b is not None and a is None and b != b
    return abs(a - b) <= 1e-12 * max(scale, abs(a), abs(b))


def compare_tree(where, found, wanted, faults, scale=1):
    if isinstance(wanted, dict) and isinstance(found, dict) and set(found) == set(wanted):
        if wanted.get('lo') and wanted.get('hi'):  # each end is the sum of a mean and a width, of which one may cancel the other
            scale = max(abs(v) for v in (1, wanted['lo'], wanted['hi']) if math.isfinite(v))
        for key in wanted: compare_tree(where + '.' + key, found[key], wanted[key], faults, scale)
    elif isinstance(wanted, list) and isinstance(found, list) and len(found) == len(wanted):
        for i, (f, w) in enumerate(zip(found, wanted)): compare_tree('%s[%d]' % (where, i), f, w, faults)
    elif isinstance(wanted, (dict, list)) or isinstance(found, (dict, list)) or not same(found, wanted, scale):
        faults.append('%s is %.60r, not %.60r' % (where, found, wanted))


def compare_rows(out, record, faults):
    found = {}
    for r in record['rows']:
        if (r['metric'], r['k']) in found: faults.append('%s %d: two rows' % (r['metric'], r['k']))
        found[r['metric'], r['k']] = {name: r.get(name) for name in ('value', 'n', 'lo', 'hi', 'unit', 'status', 'episodes')}
    for key in sorted(set(found) | set(out.rows)):
        compare_tree('%s %d' % key, found.get(key), out.rows.get(key), faults)
    samples = {(s['metric'], s['k']): s['values'] for s in record['samples']}
    if len(samples) != len(record['samples']): faults.append('samples stand twice')
    for key in sorted(set(samples) | set(out.samples)):
        wanted = out.samples.get(key)
        compare_tree('samples of %s %d' % key, samples.get(key), wanted and [v if math.isfinite(v) else None for v in wanted], faults)


def main(run, tasks):
    mujoco.set_mju_user_warning(lambda text: None)  # a divergence is a result
    worst, numbers = 0, 0
    cells = [r for r in map(json.loads, open(run + '/events.jsonl')) if r['type'] == 'cell' and r['status'] == 'done']
    known = {}
    for record in cells:
        name = record["task"]
        if name not in known: known[name] = Task(tasks + "/" + name, record)
        task = known[name]
        faults = check_cell(record, task, read_calls('%s/samples/%s.npz' % (run, record['key'][:16])))
        numbers += len(record['rows'])
        for f in faults: print('%s %s: %s' % (record['task'], record['method'], f))
        worst = worst or bool(faults)
    print('%d cells, %d rows' % (len(cells), numbers))
    return int(worst or not cells)


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
