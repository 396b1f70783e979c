"""report.py RUN: compares every cell of a report's tables, CSV files, page and figures with the records of the run.

Computes from events.jsonl, with numpy and without code of this project, what RUN/report must show: means over seeds,
interquartile means, comparisons, performance profiles, curves, poses. Prints a line per cell that differs."""
import csv, functools, glob, html.parser, json, math, re, sys

import numpy as np

from evaluation import BOOTSTRAP, SIGNS, below, bounded, clusters_of, quantile, standard_error, student, student_point

MAIN = ['tre', 'tre_open_loop', 'sae_own', 'sae_min', 'fall_rate', 'survival', 'gait_agreement', 'gait_phase', 'command_error',
        'command_error.yaw_rate', 'goal_distance', 'goal_reached']
DISTRIBUTION = ['sliced_wasserstein', 'coverage', 'diversity']
STYLE = ['style_joints', 'style_feet', 'style_shift']
PLAUSIBLE = ['root_residual', 'penetration', 'self_collision', 'slip', 'joint_limit', 'velocity_limit', 'torque_limit', 'jerk', 'power']
BETTER = dict({m: 'lower' for m in STYLE + PLAUSIBLE}, tre='lower', tre_open_loop='lower', sae_own='lower', sae_min='lower', fall_rate='lower', survival='higher',
              sliced_wasserstein='lower', coverage='higher', gait_agreement='higher', gait_phase='higher', command_error='lower',
              goal_distance='lower', goal_reached='higher')
LABELS = dict(dynaflow='DynaFlow', dynaflow_tracking='DynaFlow + tracking', kinematic_fm='Kinematic FM',
              kinematic_fm_idm='Kinematic FM + IDM', action_fm='Action FM', bc='Behaviour cloning',
              act_chunk='Action chunks', dap='DAP',
              kinematic_diffusion='Kinematic diffusion + IDM', action_diffusion='Action diffusion',
              kinematic_fm_inverse='Kinematic FM + simulator inverse', kinematic_fm_tracking='Kinematic FM + tracking',
              ddat_projection='DDAT projection', ddat_trained='DDAT, trained with projection',
              ddat_states_actions='DDAT, states and actions', trajopt='Trajectory optimisation',
              random_action='Random actions', replay_demo='Replayed demonstration')
WORDS = dict(tre='TRE', tre_open_loop='open-loop TRE', sae_own='SAE, own action', sae_min='SAE, best action', survival='survival time',
             slip='foot slip')
CEILINGS = ('replay_demo', 'trajopt')
REFERENCES = ('random_action',) + CEILINGS
MIN_SEEDS = 3
better = lambda metric: BETTER.get(metric.split('.')[0], '')
label = lambda method: LABELS.get(method, method)
finite = lambda v: v is not None and math.isfinite(v)



def words_of(metric):
    name, _, part = metric.partition('.')
    return ', '.join([WORDS.get(name, name)] + [part] * bool(part)).replace('_', ' ')


# ---- the run ----


class Cell:
    def __init__(self, task, method, seed, profile, key):
        self.task, self.method, self.seed, self.profile, self.key, self.record, self.done = task, method, seed, profile, key, None, False

    def row(self, metric, k):
        rows = {(r['metric'], r['k']): r for r in self.record['rows']} if self.done else {}
        return rows.get((metric, k)) or rows.get((metric, 0))

    def samples(self, metric, k):
        return next((s['values'] for s in self.record.get('samples', []) if (s['metric'], s['k']) == (metric, k)), None)


def read_run(folder):
    records, cells = [json.loads(l) for l in open(folder + '/events.jsonl')], []
    for plan in records:  # the latest plan decides which settings a cell has
        for c in plan['cells'] if plan['type'] == 'plan' else []:
            name = c['task'], c['method'], c['seed'], plan['profile']
            known = next((d for d in cells if (d.task, d.method, d.seed, d.profile) == name), None)
            if not known:
                known = Cell(*name, '')
                cells.append(known)
            known.key = c.get('key', '')
    for record in records:
        for c in cells if record['type'] == 'cell' else []:
            if c.key == record['key'] and (record['status'] == 'done' or not c.done):
                c.record, c.done = record, record['status'] == 'done'
    return cells


class Group:
    def __init__(self, cells, task, profile):
        self.task, self.profile = task, profile
        self.cells = [c for c in cells if (c.task, c.profile) == (task, profile)]
        self.finished = [c for c in self.cells if c.done]
        self.methods = list(dict.fromkeys(c.method for c in self.cells))
        rows = [r for c in self.finished for r in c.record['rows']]
        self.metrics = list(dict.fromkeys(r['metric'] for r in rows))
        self.ks = sorted({r['k'] for r in rows if r['k']}) or [0]
        self.main = [m for m in MAIN if m in self.metrics]
        self.partial = len(self.finished) < len(self.cells)

    def of(self, method):
        return [c for c in self.finished if c.method == method]

    def aggregate(self, method, metric, k):
        """mean, lo, hi, unit, K, numbers of finite and other values, why"""
        rows = [r for r in (c.row(metric, k) for c in self.of(method)) if r]
        good = [r for r in rows if finite(r['value'])]
        bad = [r for r in rows if not finite(r['value'])]
        mean = sum(r['value'] for r in good) / len(good) if good else None
        lo, hi = (good[-1]['lo'], good[-1]['hi']) if good else (None, None)
        if len(good) > 1: lo, hi = min(r['value'] for r in good), max(r['value'] for r in good)
        return dict(mean=mean, lo=lo, hi=hi, unit=rows[-1]['unit'] if rows else '', k=rows[-1]['k'] if rows else 0, n=len(good),
                    failed=len(bad), why=bad[-1]['status'] if bad else '')

    def unit(self, metric, k):
        return next((a['unit'] for a in (self.aggregate(m, metric, k) for m in self.methods) if a['unit']), self.unit_of(metric))

    def unit_of(self, metric):
        """that of any other K, where no method has a value at this one"""
        return next((r['unit'] for c in self.cells if c.done for r in c.record['rows'] if r['metric'] == metric and r['unit']), '')

    def samples(self, method, metric, k, seeds=None):
        """[seeds][values] of a method (of all its seeds or these), with the episodes of the values; None if it has none at this K"""
        cells = [c for c in self.of(method) if seeds is None or c.seed in seeds]
        for at in dict.fromkeys((k, 0)):
            values = [c.samples(metric, at) for c in cells]
            if cells and all(values): break
        else: return None
        windows = cells[0].record['windows']
        n = len(values[0])
        numbers = np.array([[math.nan if v is None else v for v in s] for s in values])
        return Samples(numbers, windows['episode'][:n])


# ---- resamples: of seeds and of episodes with all their windows ----


class Samples:
    def __init__(self, values, episode):
        self.values, self.episode = values, tuple(episode)
        self.seeds, self.n = values.shape
        self.fewest = min((n for n in (self.seeds, len(set(episode))) if n > 1), default=1)


@functools.lru_cache(maxsize=None)
def count_windows(episode, resamples):
    """how often every resample has each window, [resamples][windows]"""
    clusters, r = clusters_of(episode), np.arange(resamples)
    times = sum(below(1, BOOTSTRAP, r, lane, len(clusters))[:, None] == np.arange(len(clusters)) for lane in range(len(clusters)))
    counts = np.zeros((resamples, len(episode)))
    for c, members in enumerate(clusters): counts[:, members] = times[:, c, None]
    return counts


@functools.lru_cache(maxsize=None)
def draw_seeds(seeds, resamples):
    return np.stack([below(1, BOOTSTRAP, np.arange(resamples), 2**32 - 1 - p, seeds) for p in range(seeds)], 1)


def draw(samples, resamples):
    """counts [resamples][n] of the windows and drawn seeds [resamples][seeds]"""
    return count_windows(samples.episode, resamples), draw_seeds(samples.seeds, resamples)


def ends(mean, estimates, fewest):
    if fewest < 2: return math.nan, math.nan
    half = student_point(fewest - 1) * standard_error(estimates, fewest)
    return mean - half, mean + half


def share_ends(*a):
    lo, hi = ends(*a)
    return max(0, lo), min(1, hi)


def middle_half(ascending, weights):
    """means of the middle half of sorted values that stand `weights` [means][values] times"""
    total, upper = weights.sum(1)[:, None], np.cumsum(weights, 1)
    share = np.clip(np.minimum(upper, .75 * total) - np.maximum(upper - weights, .25 * total), 0, None)
    return (share @ ascending) / (.5 * total[:, 0])


def iqm(samples, unit):
    if not np.isfinite(samples.values).all(): return math.inf, math.nan, math.nan
    flat = samples.values.ravel()
    order = np.argsort(flat, kind='stable')
    counts, seeds = draw(samples, 2000)
    times = (seeds[:, :, None] == np.arange(samples.seeds)).sum(1)  # how often a resample has each seed
    weights = (times[:, :, None] * counts[:, None, :]).reshape(len(counts), -1)
    mean = middle_half(flat[order], np.ones((1, len(flat))))[0]
    estimates = middle_half(flat[order], weights[:, order])
    if unit != 'share' or samples.fewest < 2: return mean, *ends(mean, estimates, samples.fewest)
    error = standard_error(estimates, samples.fewest)
    return mean, *bounded(mean, error if error > 1e-14 * mean else 0, samples.fewest)


def sign_p(sums):
    """how many choices of signs give a sum as large as the given one"""
    n, at_least = len(sums), abs(sums.sum()) - 1e-12 * abs(sums).sum()
    if n <= 16:
        choice = np.arange(2**n)
        bits = choice[:, None] >> np.arange(n) & 1
    else:
        words = np.stack([below(1, SIGNS, np.arange(99999), lane, 2**32) for lane in range((n + 31) // 32)], 1)
        bits = words[:, np.arange(n) // 32] >> np.arange(n) % 32 & 1
    count = (abs(np.where(bits, -sums, sums).sum(1)) >= at_least).sum()
    return count / 2**n if n <= 16 else (count + 1) / 100000


def difference(a, b):
    """mean difference, its interval and p"""
    d = a.values - b.values
    counts, seeds = count_windows(a.episode, 10000), draw_seeds(a.seeds, 10000)
    estimates = np.take_along_axis(counts @ d.T, seeds, 1).mean(1) / counts.sum(1)
    if a.fewest < 2: return d.mean(), math.nan, math.nan, math.nan
    error, sums = standard_error(estimates, a.fewest), np.array([d[:, c].sum() for c in clusters_of(a.episode)])
    # equal differences have no error but that of rounding
    t = math.inf if error < 1e-14 * abs(d.mean()) else abs(d.mean()) / error if error else 0
    return d.mean(), *ends(d.mean(), estimates, a.fewest), max(sign_p(sums), 1 - student(t, a.fewest - 1))


def improvement(a, b, lower):
    better_than = np.less if lower else np.greater
    wins = [better_than(x[:, None], y) + .5 * (x[:, None] == y) for x, y in zip(a.values, b.values)]
    counts, seeds = draw(a, 2000)
    shares = np.stack([np.einsum('ri,ij,rj->r', counts, w, counts) for w in wins], 1) / counts.sum(1)[:, None]**2
    mean = np.mean([w.mean() for w in wins])
    return mean, *share_ends(mean, np.take_along_axis(shares, seeds, 1).mean(1), a.fewest)


def mcnemar(a, b):
    more = {}
    for i, e in enumerate(a.episode): more[e] = more.get(e, 0) + (a.values[:, i] - b.values[:, i]).sum()
    only_a, only_b = sum(v > 0 for v in more.values()), sum(v < 0 for v in more.values())
    n = only_a + only_b
    return only_a, only_b, min(1, 2 * sum(math.comb(n, i) for i in range(min(only_a, only_b) + 1)) / 2**n)


def compare(groups):
    """the first method of every group against each other one, adjusted for all"""
    out = []
    for g in groups:
        first = g.methods[0]
        for method in g.methods[1:]:
            planned = [c for c in g.cells if c.method in (first, method)]
            if not all(c.done for c in planned):
                lacks = lambda m: ', '.join('seed %d (%s)' % (c.seed, c.record['status'] if c.record else 'not run')
                                            for c in planned if c.method == m and not c.done)
                words = [' missing in %s: %s' % (side, lacks(m)) for side, m in (('A', first), ('B', method)) if lacks(m)]
                out.append(dict(group=g, method=method, metric='', k=0, p=math.nan,
                                reason='%d of %d cells done;%s; repeat `dynaflow run` to finish them, or compare the done ones with --partial'
                                % (sum(c.done for c in planned), len(planned), ';'.join(words))))
                continue
            left, right = g.of(first)[0].record, g.of(method)[0].record
            for x in left['samples']:
                for y in right['samples']:
                    if x['metric'] != y['metric'] or x['k'] != y['k'] and x['k'] and y['k']: continue
                    out.append(measure(g, method, x['metric'], x['k'], y['k']))
    # copies of a metric are one test; what cannot have a winner is none
    family = {}
    for i, c in enumerate(out):
        c['holm'] = math.nan
        if math.isnan(c['p']) or ceiling_of(c) or both_zero(c): continue
        family.setdefault((id(c['group']), c['method'], c['k'], c['p'], c['values']), []).append(c)
    tests = sorted(family.values(), key=lambda same: same[0]['p'])
    largest = 0
    for i, same in enumerate(tests):
        largest = max(largest, min(1, (len(tests) - i) * same[0]['p']))
        for c in same: c['holm'] = largest
    for c in out: name_winner(c, len(tests))
    return out, len(tests)


def distinct_seeds(g, method):
    """seeds with which the two methods do not return what they return with another seed, as a file of trajectories does"""
    file = lambda c: c.record.get('trajectories', {}).get('sha256')
    motions = lambda c: file(c) or json.dumps(c.record['samples'])
    seen, seeds = set(), []
    for a, b in zip(*(sorted(g.of(m), key=lambda c: c.seed) for m in (g.methods[0], method))):
        what = motions(a), motions(b)
        if not (file(a) or file(b)) or what not in seen: seeds.append(a.seed)
        seen.add(what)
    return seeds


def measure(g, method, metric, k_a, k_b):
    seeds = distinct_seeds(g, method)
    a, b = g.samples(g.methods[0], metric, k_a, seeds), g.samples(method, metric, k_b, seeds)
    c = dict(group=g, method=method, metric=metric, k=max(k_a, k_b), p=math.nan, reason=None,
             unit=next(r['unit'] for r in g.of(g.methods[0])[0].record['rows'] if r['metric'] == metric))
    if not np.isfinite(a.values - b.values).all():
        return dict(c, reason='%d of %d pairs not finite' % ((~np.isfinite(a.values - b.values)).sum(), a.values.size))
    c['difference'] = difference(a, b)
    c['improvement'] = improvement(a, b, better(metric) == 'lower')
    c['p'] = c['difference'][3]
    c['means'] = a.values.mean(), b.values.mean()
    c['values'] = a.values.tobytes() + b.values.tobytes()
    c['seeds'] = [x.mean() - y.mean() for x, y in zip(a.values, b.values)]
    c['episodes'] = len(set(a.episode))
    if metric == 'fall_rate':
        c['only_a'], c['only_b'], p = mcnemar(a, b)
        c['p'] = max(c['p'], p)
    if len(seeds) < MIN_SEEDS:
        different = ' with different trajectories' if len(seeds) < len(g.of(method)) else ''
        c['reason'] = '%d seed%s%s, naming a winner needs %d' % (len(seeds), 's'[len(seeds) == 1:], different, MIN_SEEDS)
    return c


def least_p(episodes):
    return 2.**(1 - episodes) if episodes <= 16 else 1e-5


def ceiling_of(c):
    return next((m for m in (c['group'].methods[0], c['method']) if m in CEILINGS), None)


def both_zero(c):
    return all(abs(m) < 1e-12 for m in c['means'])


def both_equal(c):
    return all(abs(d) <= 1e-12 * max(map(abs, c['means'])) for d in c['difference'][1:3])


def name_winner(c, tests):
    c['winner'] = None
    if c['reason']: return
    ceiling = ceiling_of(c)
    if ceiling: c['reason'] = '%s sees the demonstration: a ceiling, not a competitor' % ceiling
    if ceiling or math.isnan(c['p']): return
    d, lo, hi = c['difference'][0], min(c['seeds']), max(c['seeds'])
    if both_zero(c): c['reason'] = 'both are 0 up to rounding'
    elif both_equal(c): c['reason'] = 'both are equal up to rounding'
    elif not c['holm'] < .05:
        n, needed = c['episodes'], next((n for n in range(2, 18) if tests * least_p(n) < .05), None)
        c['reason'] = 'no significant difference'
        if not tests * least_p(n) < .05:
            c['reason'] = '%d test episode%s, naming a winner in %d comparison%s needs %s' % (n, 's'[n == 1:], tests, 's'[tests == 1:], needed)
    elif not (lo > 0 or hi < 0): c['reason'] = 'seeds disagree on the sign'
    elif 'only_a' in c and (c['only_a'] > c['only_b']) != (d > 0):
        c['reason'] = 'the test over episodes and the mean difference favour opposite sides'
    else: c['winner'] = c['group'].methods[0] if (d < 0) == (better(c['metric']) == 'lower') else c['method']


# ---- tables ----


def number(v):
    if v == 0: return '0'
    if abs(v) < 1e-3: return '%.1e' % v
    return '%.*f' % (0 if abs(v) >= 100 else 1 if abs(v) >= 10 else 2 if abs(v) >= 1 else 3, v)


def interval(v, lo, hi):
    if not finite(v): return '–'
    return number(v) + (' [%s, %s]' % (number(lo), number(hi)) if finite(lo) and finite(hi) else '')


def aggregate_text(a):
    if a['failed']: return '%s (%d of %d)' % (a['why'], a['failed'], a['failed'] + a['n'])
    return interval(a['mean'], a['lo'], a['hi'])


def head(g, metric, k):
    return metric + {'lower': '\u00a0↓', 'higher': '\u00a0↑', '': ''}[better(metric)] + ' [%s]' % g.unit(metric, k)


def seeds_text(g, method):
    done, planned = len(g.of(method)), sum(c.method == method for c in g.cells)
    return str(done) if done == planned else '%d of %d' % (done, planned)


def main_table(g, k, metrics):
    yield ['method', 'seeds'] + [head(g, m, k) for m in metrics]
    for method in g.methods:
        yield [label(method), seeds_text(g, method)] + [aggregate_text(g.aggregate(method, m, k)) for m in metrics]


def iqm_table(g, k):
    columns = {}
    for metric in g.main:
        if metric == 'fall_rate': continue
        found = {m: iqm(s, g.unit(metric, k)) for m in g.methods for s in [g.samples(m, metric, k)] if s and s.seeds >= MIN_SEEDS}
        if found: columns[metric] = found
    yield ['interquartile mean'] + [head(g, m, k) for m in columns]
    for method in g.methods:
        yield [label(method)] + [interval(*columns[m].get(method, (None, None, None))) for m in columns]


def improvement_text(c):
    if 'improvement' not in c: return '–'
    mark = '' if not c['winner'] else '+' if c['winner'] == c['group'].methods[0] else '−'
    return '%.2f%s [%.2f, %.2f]' % (c['improvement'][0], mark, *c['improvement'][1:])


def against_table(g, k, comparisons):
    found = {(c['method'], c['metric']): c for c in comparisons if c['group'] is g and c['k'] in (k, 0)}
    columns = [m for m in g.main if any((method, m) in found for method in g.methods)]
    if not columns: return
    yield ['P(%s is better than)' % label(g.methods[0])] + columns
    for method in g.methods[1:]:
        yield [label(method)] + [improvement_text(found[method, m]) if (method, m) in found else '–' for m in columns]


def comparisons_table(g, comparisons):
    yield ['metric', 'K', 'method', label(g.methods[0]) + ' − method', 'unit', 'P(better)', 'p', 'p (Holm)', 'better method']
    for c in comparisons:
        if c['group'] is not g: continue
        known = not math.isnan(c['p'])
        yield [c['metric'], str(c['k'] or '–'), label(c['method']), interval(*c['difference'][:3]) if known else '–',
               c.get('unit', ''), improvement_text(c), '%.2g' % c['p'] if known else '–', '%.2g' % c['holm'] if not math.isnan(c['holm']) else '–',
               label(c['winner']) if c['winner'] else c['reason']]


def all_table(g):
    yield ['metric', 'K', 'unit'] + [label(m) for m in g.methods]
    for metric in g.metrics:
        for j, k in enumerate(g.ks):
            of = [g.aggregate(m, metric, k) for m in g.methods]
            top = max(a['k'] for a in of)
            if not any(a['n'] + a['failed'] for a in of) or top == 0 and j: continue
            yield [metric, str(top or '–'), next((a['unit'] for a in reversed(of) if a['unit']), '')] + [aggregate_text(a) for a in of]


def cells_table(cells):
    yield ['task', 'profile', 'method', 'seed', 'state', 'parameters', 'key', 'checkpoint', 'reason']
    for c in cells:
        r = c.record or {}
        training = r.get('training', {})
        parameters = training.get('parameters')
        yield [c.task, c.profile, label(c.method), str(c.seed), r.get('status', 'not run'),
               '–' if parameters is None else str(parameters),
               r.get('key', '')[:12], training.get('checkpoint_sha256', '')[:12], r.get('reason', '')]


def provenance_table(cells):
    yield ['item', 'value']
    for name, *path in (('dynaflow', 'dynaflow'), ('commit', 'commit'), ('uncommitted changes', 'dirty'), ('MuJoCo', 'mujoco'),
                        ('BLAS kernels', 'blas', 'kernel'), ('BLAS configuration', 'blas', 'config'), ('compiler', 'compiler'),
                        ('flags', 'flags'), ('processor', 'cpu'), ('cores', 'cores'), ('threads', 'threads'), ('libc', 'libraries', 'libc')):
        values = []
        for c in cells:
            v = (c.record or {}).get('provenance', {})
            for key in path: v = v.get(key) if isinstance(v, dict) else None
            v = {True: 'yes', False: 'no'}.get(v, v) if isinstance(v, bool) else v
            if v not in (None, '') and str(v) not in values: values.append(str(v))
        yield [name, '; '.join(values) or '–']


def measured_of_itself(g, field):
    """the entries of a list of the diagnostics of every cell, with the cell"""
    for c in g.cells:
        for one in (c.record or {}).get('diagnostics', {}).get(field, []) if c.done else []: yield c, one


def alone(v):
    return interval(v, None, None)


def gates_table(g):
    yield ['method', 'seed', 'gate', 'error', 'reference', 'unit', 'verdict']
    for c, one in measured_of_itself(g, 'gates'):
        yield [label(c.method), str(c.seed), one['name'], alone(one['value']), alone(one['reference']), one['unit'],
               'passed' if one['passed'] else 'failed']


def curves_table(g):
    yield ['method', 'seed', 'estimate', 'unit', 'flow time', 'error', 'reference', 'reference is']
    for c, one in measured_of_itself(g, 'curves'):
        yield [label(c.method), str(c.seed), one['name'], one['unit'], ', '.join(map(alone, one['flow_time'])),
               ', '.join(map(alone, one['value'])), alone(one['reference']), one['reference_name']]


def expected_tables(cells, groups, comparisons):
    """all tables in their order, with a name each"""
    for g in groups:
        if not g.finished: continue
        sides = [('distribution', [m for m in DISTRIBUTION if m in g.metrics]), ('style', [m for m in STYLE if m in g.metrics]),
                 ('plausibility', [m for m in PLAUSIBLE if m in g.metrics])]
        for field, rows in (('gates', gates_table), ('curves', curves_table)):
            table = list(rows(g))
            if len(table) > 1: yield '%s diagnostics, %s' % (g.task, field), table
        for k in g.ks:
            yield '%s K = %d' % (g.task, k), list(main_table(g, k, g.main))
            for name, metrics in sides:
                if metrics: yield '%s %s K = %d' % (g.task, name, k), list(main_table(g, k, metrics))
        if has_summary(g):
            for k in g.ks:
                yield '%s IQM K = %d' % (g.task, k), list(iqm_table(g, k))
                against = list(against_table(g, k, comparisons))
                if against: yield '%s P K = %d' % (g.task, k), against
            yield '%s comparisons' % g.task, list(comparisons_table(g, comparisons))
        yield '%s all metrics' % g.task, list(all_table(g))
    yield 'cells', list(cells_table(cells))
    yield 'provenance', list(provenance_table(cells))


def has_summary(g):
    return any(s and s.seeds >= MIN_SEEDS for m in g.methods for metric in g.main if metric != 'fall_rate' for k in g.ks
               for s in [g.samples(m, metric, k)])


def same_text(a, b):
    """equal, or equal but for the last digit of numbers that are not whole"""
    if a == b: return True
    pattern = r'-?\d+\.?\d*(?:e[-+]\d+)?'
    if re.sub(pattern, '#', a) != re.sub(pattern, '#', b): return False
    for x, y in zip(re.findall(pattern, a), re.findall(pattern, b)):
        digits = x.split('e')[0].partition('.')[2]
        if x != y and not digits: return False
        unit = 10.0**(-len(digits) + (int(x.split('e')[1]) if 'e' in x else 0))
        if abs(float(x) - float(y)) > 1.01 * unit: return False
    return True


def compare_tables(where, found, wanted, faults):
    if len(found) != len(wanted): faults.append('%s: %d tables, not %d' % (where, len(found), len(wanted)))
    for table, (name, rows) in zip(found, wanted):
        if [len(r) for r in table] != [len(r) for r in rows]:
            faults.append('%s, %s: rows of %s cells, not %s' % (where, name, [len(r) for r in table], [len(r) for r in rows]))
            continue
        for r, (row, expected) in enumerate(zip(table, rows)):
            for c, (cell, text) in enumerate(zip(row, expected)):
                if not same_text(cell, text):
                    faults.append('%s, %s, row %d, column %d: %r, not %r' % (where, name, r, c, cell, text))


def markdown_tables(text):
    for block in re.findall(r'(?:^\|.*\n)+', text, re.M):
        rows = [[re.sub(r'\\([^\w\s])', r'\1', c.strip(' ')) for c in re.split(r'(?<!\\)\|', l)[1:-1]] for l in block.splitlines()]
        assert all(re.fullmatch('---:?', c) for c in rows[1]), rows[1]
        yield [rows[0]] + rows[2:]


class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.tables, self.cell, self.captions, self.caption = [], None, [], None

    def handle_starttag(self, tag, attributes):
        if tag == 'table': self.tables.append([])
        if tag == 'tr': self.tables[-1].append([])
        if tag in ('td', 'th'): self.cell = ''
        if tag == 'br' and self.cell is not None: self.cell += ' '
        if tag == 'figcaption': self.caption = ''
        if tag == 'span' and self.caption is not None: self.captions, self.caption = self.captions + [self.caption], None

    def handle_endtag(self, tag):
        if tag in ('td', 'th'): self.cell = self.tables[-1][-1].append(self.cell)

    def handle_data(self, data):
        if self.cell is not None: self.cell += data
        if self.caption is not None: self.caption += data


# ---- CSV ----


def check_csv(folder, cells, faults):
    text = lambda v: '' if v is None else '%.17g' % v
    wanted = [['task', 'method', 'seed', 'profile', 'metric', 'k', 'value', 'unit', 'n', 'lo', 'hi', 'status']]
    times = [['task', 'method', 'seed', 'profile', 'status', 'train_cpu_s', 'cpu_s', 'wall_s']]
    for c in cells:
        name = [c.task, c.method, str(c.seed), c.profile]
        status = c.record['status'] if c.record else 'not run'
        for r in c.record['rows'] if c.done else []:
            wanted.append(name + [r['metric'], str(r['k']), text(r['value']), r['unit'], text(r['n']), text(r['lo']), text(r['hi']),
                                  r['status']])
        if not c.done: wanted.append(name + ['', '0', '', '', '', '', '', status])
        times.append(name + [status] + [text((c.record or {}).get(t)) for t in times[0][5:]])
    for file, rows in (('results.csv', wanted), ('times.csv', times)):
        found = list(csv.reader(open('%s/%s' % (folder, file))))
        if len(found) != len(rows): faults.append('%s: %d lines, not %d' % (file, len(found), len(rows)))
        for i, (f, w) in enumerate(zip(found, rows)):
            if f != w: faults.append('%s:%d: %s, not %s' % (file, i + 1, f, w))


# ---- figures: the blocks of a data file, each with its comment, and the block that each panel draws ----


def blocks_of(path):
    out = []
    for block in re.split(r'\n\n\n', open(path).read()):
        lines = [l for l in block.split('\n') if l]
        comment = ' '.join(l[2:] for l in lines if l[0] == '#')
        if lines: out.append((comment, [[float(v) for v in l.split()] for l in lines if l[0] != '#']))
    return out


def check_blocks(name, found, wanted, faults, tolerance=1e-8):
    if [c for c, _ in found] != [c for c, _ in wanted]:
        faults.append('%s: blocks %s, not %s' % (name, [c for c, _ in found], [c for c, _ in wanted]))
        return
    for (comment, rows), (_, expected) in zip(found, wanted):
        if np.shape(rows) != np.shape(expected):
            faults.append('%s, %s: shape %s, not %s' % (name, comment, np.shape(rows), np.shape(expected)))
        elif not np.allclose(rows, expected, rtol=tolerance, atol=1e-300, equal_nan=True):
            r, c = np.argwhere(~np.isclose(rows, expected, rtol=tolerance, atol=1e-300, equal_nan=True))[0]
            faults.append('%s, %s: line %d, column %d is %.9g, not %.9g' % (name, comment, r, c, rows[r][c], expected[r][c]))


def metrics_blocks(g, k, colour):
    for metric in g.main:
        means, seeds = [], []
        for m, method in enumerate(g.methods):
            a = g.aggregate(method, metric, k)
            if not a['n'] or a['failed']: continue
            lo, hi = a['lo'] if finite(a['lo']) else a['mean'], a['hi'] if finite(a['hi']) else a['mean']
            means.append([a['mean'], lo, hi, m + 1, colour[method]])
            rows = [c.row(metric, k) for c in g.of(method)]
            if a['n'] > 1: seeds += [[r['value'], m + 1, colour[method]] for r in rows if r and finite(r['value'])]
        if means: yield '%s: mean, interval, row, colour' % metric, means
        if seeds: yield '%s: single seeds' % metric, seeds


def cost_blocks(g, k):
    """one group with its own figure: training time of every method, and what is better than everything cheaper"""
    for metric in ('tre_open_loop', 'fall_rate', 'command_error'):
        points = []
        for method in g.methods:
            a, cpu = g.aggregate(method, metric, k), [c.record['train_cpu_s'] for c in g.of(method)]
            if method in REFERENCES or not a['n'] or a['failed'] or not sum(cpu): continue
            interval = [a[e] if finite(a[e]) else a['mean'] for e in ('lo', 'hi')]
            points.append((method, [np.mean(cpu), a['mean'], min(cpu), max(cpu)] + interval))
        points.sort(key=lambda p: p[1][0])
        if not points: continue
        value = lambda p: -p[1] if better(metric) == 'higher' else p[1]
        front = [p[:2] for i, (_, p) in enumerate(points) if all(value(p) < value(q) for _, q in points[:i])]
        yield '%s, front: CPU time, value' % metric, front
        for method in dict.fromkeys(m for m in g.methods):
            of = [p for m, p in points if m == method]
            if of: yield '%s, %s: CPU time, value, smallest and largest CPU time, interval' % (metric, method), of


def survival_blocks(g, k):
    """the share of chains that have not fallen by t; a chain that does not fall ends at its last frame"""
    for method in g.methods:
        s, fell = g.samples(method, 'survival', k), g.samples(method, 'fall_rate', k)
        if s is None or fell is None or not np.isfinite(s.values).all(): continue
        times, fell = np.ravel(s.values), np.ravel(fell.values) > 0
        end = np.max(times[~fell]) if not fell.all() else float(g.of(method)[0].record['config']['eval.chain_seconds'])
        after = lambda t: wilson(len(times) - np.sum(fell & (times <= t)), len(times))
        corners = [[0, *wilson(len(times), len(times))]]
        for t in np.unique(times[fell]): corners += [[t] + corners[-1][1:], [t, *after(t)]]
        yield 'survival, %s: time, share of upright chains, 95 %% interval' % method, corners + [[end] + corners[-1][1:]]


def wilson(count, n, z=1.959963984540054):
    p, d = count / n, 1 + z * z / n
    half = z * math.sqrt(p * (1 - p) / n + (z / (2 * n))**2)
    middle = p + z * z / (2 * n)
    return [p, (middle - half) / d if count else 0, (middle + half) / d if count < n else 1]


def profile_blocks(g, k):
    for metric in ('tre', 'tre_open_loop', 'gait_agreement', 'survival'):
        of = {m: s for m in g.methods for s in [g.samples(m, metric, k)] if s and s.seeds >= MIN_SEEDS}
        trained = [np.sort(s.values[np.isfinite(s.values)]) for m, s in of.items() if m not in REFERENCES]
        if not trained: continue
        lo, hi = min(quantile(v, .01) for v in trained), max(quantile(v, .99) for v in trained)
        tau = np.array([lo + (hi - lo) * t / 80 for t in range(81)])
        for method, s in of.items():
            with np.errstate(invalid='ignore'):
                values = s.values[:, :, None]
                reached = (values <= tau if better(metric) == 'lower' else values >= tau) & np.isfinite(values)
            counts, seeds = draw(s, 2000)
            shares = np.einsum('rn,snt->rst', counts, reached) / counts.sum(1)[:, None, None]
            estimates, mean = np.take_along_axis(shares, seeds[:, :, None], 1).mean(1), reached.mean((0, 1))
            yield ('%s, %s: threshold, fraction of windows, 95 %% interval' % (metric, method),
                   [[t, v, *share_ends(v, e, s.fewest)] for t, v, e in zip(tau, mean, estimates.T)])


def first_seed(g, method):
    return min(g.of(method), key=lambda c: c.seed, default=None)


def trajectory_blocks(g):
    cells = [c for c in (first_seed(g, m) for m in g.methods) if c and c.record.get('examples')]
    nan = lambda v: math.nan if v is None else v
    for c in cells:
        for e in c.record['examples']:
            yield ('%s [%s]: time, demonstrated, generated' % (e['title'], e['unit']),
                   [[i * e['dt'], nan(d), nan(v)] for i, (d, v) in enumerate(zip(e['demonstrated'], e['generated']))])


def drawn_motions(g, part):
    """the motions that have the part, in the order of their panels: cell and motion"""
    return [(c, m) for c in (first_seed(g, m) for m in g.methods) if c for m in c.record.get('motions', []) if part in m]


def gait_blocks(g):
    """rectangles of the first two seconds: runs of contact of each foot, from top to bottom"""
    for c, motion in drawn_motions(g, 'contacts'):
        dt, contacts = motion['dt'], motion['contacts']
        for side, half in ('demanded' if 'demanded' in contacts else 'demonstrated', .36), ('generated', .16):
            rows = [[run.start() * dt, run.end() * dt, len(contacts['feet']) - k - half, len(contacts['feet']) - k + half]
                    for k, foot in enumerate(contacts.get(side, [])) for run in re.finditer('1+', foot[:round(2 / dt) + 1])]
            if rows: yield 'contacts %s, %s, %s: begin, end, bottom, top' % (side, motion['title'], c.method), rows


def portrait_blocks(g):
    nan = lambda q, v: [math.nan] * 2 if q is None or v is None else [q, v]
    for c, motion in drawn_motions(g, 'joint'):
        for side in 'demonstrated', 'generated':
            path = motion['joint'].get(side)
            if path: yield ('%s of %s, %s, %s: position, velocity' % (side, motion['joint']['name'], motion['title'], c.method),
                            [nan(q, v) for q, v in zip(path['position'], path['velocity'])])


def check_motions(path, g, part, blocks, faults):
    """a panel per motion, in order; each draws its blocks, the reference in grey below the method in its colour"""
    panels = open(path).read().split('\nset title ')[1:]
    motions = drawn_motions(g, part)
    if len(panels) != len(motions): faults.append('%s: %d panels, not %d' % (path, len(panels), len(motions)))
    for panel, (c, motion) in zip(panels, motions):
        comments = [blocks[int(i)][0] for i in re.findall(r"index (\d+) using", panel)]
        colours = re.findall(r"index \d+ using .*lc rgb '#(\w+)'", panel)
        if [(motion['title'] in words, words.endswith(', %s: %s' % (c.method, words.split(': ')[-1]))) for words in comments] != [(True, True)] * len(comments):
            faults.append('%s: the panel of %s, %s draws %s' % (path, c.method, motion['title'], comments))
        if [colour == 'b8b8b8' for colour in colours] != ['generated' not in words for words in comments]:
            faults.append('%s: the panel of %s, %s has the colours %s' % (path, c.method, motion['title'], colours))
    drawn = [int(i) for i in re.findall(r"index (\d+) using", ''.join(panels))]
    if drawn != list(range(len(blocks))): faults.append('%s draws the blocks %s of %d' % (path, drawn, len(blocks)))
    shown = sum(unescape(re.match(r"'([^']*)'", p).group(1)) == m['title'] for p, (_, m) in zip(panels, motions))
    columns = max(len(c.record['motions']) for c, _ in motions) if motions else 0
    if shown != columns: faults.append('%s: %d titles of %d columns' % (path, shown, columns))


def training_blocks(g):
    panel = lambda i, c: 'flow matching' if i == 0 and c['name'] != 'inverse_dynamics' else c['name']
    curves = lambda c: {panel(i, v): v for i, v in enumerate(c.record['training']['curves'])}
    for name in dict.fromkeys(n for c in g.finished for n in curves(c)):
        for method in g.methods:
            trained = [curves(c)[name] for c in g.of(method) if name in curves(c)]
            validated = [c['validation'] for c in trained if 'validation' in c]
            for of, kind in (trained, ''), (validated, ', validation'):
                if not of: continue
                losses = np.array([c['loss'] for c in of], float)
                yield ('%s, %s%s: step, mean, smallest and largest of %d seeds' % (name, method, kind, len(of)),
                       [[s, v.mean(), v.min(), v.max()] for s, v in zip(of[0]['step'], losses.T) if np.isfinite(v).all()])


def strip_lines(g):
    """the sticks of all figures: x and z of both ends, far limbs of a method before its near ones"""
    strips = [(c, c.record['strip']) for c in (first_seed(g, m) for m in g.methods) if c and c.record.get('strip')]
    half = .05
    for _, s in strips:
        for f in s['frames']:
            centre = (min(f['x']) + max(f['x'])) / 2
            half = max([half] + [abs(x - centre) for x in f['x'] if abs(x - centre) < 3])
    pitch = 2.12 * half
    for c, s in strips:
        limb, limbs = [], 0
        for i, up in enumerate(s['parent']):
            if up < 0: limb.append(-1)
            elif s['parent'][up] < 0: limb, limbs = limb + [limbs], limbs + 1
            else: limb.append(limb[up])
        for far in (1, 0):
            lines = []
            for f, frame in enumerate(s['frames'][:10]):
                shift = (f + .5) * pitch - (min(frame['x']) + max(frame['x'])) / 2
                for i, up in enumerate(s['parent']):
                    if up < 0 or (limb[i] % 2 == 1) != far: continue
                    lines += [[frame['x'][j] + shift, frame['z'][j] - s['ground']] for j in (up, i)]
            yield c.method, lines


def check_strip(path, g, faults):
    found = [[[float(v) for v in l.split()] for l in block.split('\n') if l and l[0] != '#']
             for block in open(path).read().split('\n\n\n\n')]
    found = [b for b in found if b]
    shown = re.findall(r"set label \d+ '([-0-9.]+ s, [-0-9.]+ m)'", open(path[:-4] + '.gp').read())
    strips = [c.record['strip'] for c in (first_seed(g, m) for m in g.methods) if c and c.record.get('strip')]
    way = lambda v: 0 if abs(v) < .005 else v
    words = ['%.2f s, %.2f m' % (f['t'], way(f['x'][0] - s['frames'][0]['x'][0])) for s in strips for f in s['frames'][:10]]
    if shown != words: faults.append('%s: labels %s, not %s' % (path, shown, words))
    wanted = [(m, l) for m, l in strip_lines(g) if l]
    if [len(b) for b in found] != [len(l) for _, l in wanted]:
        faults.append('%s: %s lines, not %s' % (path, [len(b) for b in found], [len(l) for _, l in wanted]))
        return
    for b, (method, l) in zip(found, wanted):
        if not np.allclose(b, l, rtol=1e-5, atol=2e-6): faults.append('%s: other sticks of %s' % (path, method))


USED = dict(metrics={'1:2:3', '1:4:2:3:5'}, profiles={'1:3:4', '1:2'}, cost={'1:2', '1:2:3:4:5:6'}, survival={'1:3:4', '1:2'}, trajectories={'1:2', '1:3'}, training={'1:3:4', '1:2'})
unescape = lambda words: words.replace('\\', '')


def check_panels(path, kind, blocks, g, colour, faults):
    """each panel draws the blocks of its title, in the columns, colours and names of their methods"""
    title, drawn = '', {}
    differs = lambda words: faults.append('%s, panel "%s": %s' % (path, title, words))
    for line in open(path).read().split('\n'):
        found = re.match(r"set title '([^']+)'", line)
        if found: title = unescape(found.group(1))
        for index, using, rest in re.findall(r"index (\d+) using (\S+)(.*)", line):
            comment = blocks[int(index)][0]
            about, method = re.match(r'(.*?)(?:, (\w+))?(?:, validation)?:', comment).groups()
            if kind == 'trajectories':  # only the first row has titles
                about = title if int(index) >= len(g.examples) else comment.split(':')[0]
            if kind in ('metrics', 'profiles', 'cost'): about = words_of(about)
            if about.replace('_', ' ') != title.replace('_', ' '): differs('the block "%s"' % comment)
            if using not in USED[kind]: differs('columns %s' % using)
            drawn.setdefault(int(index), set()).add(using)
            if kind == 'trajectories': method = g.drawn[int(index) // len(g.examples)]
            shown = re.search(r"lc rgb '#(\w+)'", rest)
            if shown and method in colour and int(shown.group(1), 16) not in (colour[method], 0xc4c4c4):
                differs('%s in the colour %s' % (method, shown.group(1)))
            name = re.search(r"title '([^']+)'", rest)
            if name and unescape(name.group(1)) != label(method): differs('%s has the name %s' % (method, name.group(1)))
            if kind == 'trajectories' and (using == '1:2') != ('c4c4c4' in rest):
                differs('demonstration and method are swapped')
    if sorted(drawn) != list(range(len(blocks))):
        faults.append('%s draws the blocks %s of %d' % (path, sorted(drawn), len(blocks)))


def check_metric_labels(path, g, k, faults):
    """names of the methods beside their rows; values beside marks that are beyond the axis or too close to 0; why there is none"""
    for panel in re.split(r'(?=^set lmargin)', open(path).read(), flags=re.M)[1:]:
        title = unescape(re.search(r"set title '([^']*)'", panel).group(1))
        metric = next(m for m in g.main if words_of(m) == title)
        lo, hi = (float(v) for v in re.search(r'set xrange \[(.*):(.*)\]', panel).groups())
        wanted = []
        for m, method in enumerate(g.methods):
            a = g.aggregate(method, metric, k)
            if a['failed']: wanted.append((m + 1, a['why']))
            if not a['n'] or a['failed']: continue
            tiny = a['mean'] and abs(a['mean']) < 1e-6 * max(abs(lo), abs(hi))
            if tiny or not lo <= a['mean'] <= hi: wanted.append((m + 1, ('%.0e' if tiny else '%.3g') % a['mean']))
        found = [(int(n), unescape(w)) for n, w in re.findall(r"set label (\d+) '([^']*)'", panel)]
        if found != wanted: faults.append('%s, %s: labels %s, not %s' % (path, metric, found, wanted))
        names = re.findall(r"'([^']*)' (\d+)", re.search(r'set ytics \((.*)\)', panel).group(1))
        if metric == g.main[0] and names != [(label(m), str(i + 1)) for i, m in enumerate(g.methods)]:
            faults.append('%s: names %s' % (path, names))


def method_colours(g, script):
    """colours by method, from the names that the script of the trajectories writes in them"""
    found = dict(re.findall(r"set label 1 '([^']*)' at .* textcolor rgb '#([0-9a-f]{6})'", script))
    return {m: int(found[label(m)], 16) for m in g.methods if label(m) in found}


def check_figures(folder, g, faults):
    name = lambda kind, k=0: '%s/plots/%s-%s-%s%s' % (folder, g.task, g.profile, kind, '-k%d' % k if k else '')
    colour = method_colours(g, open(name('trajectories') + '.gp').read())
    cells = [c for c in (first_seed(g, m) for m in g.methods) if c and c.record.get('examples')]
    g.drawn, g.examples = [c.method for c in cells], cells[0].record['examples']
    if len(set(colour.values())) != len(g.drawn): faults.append('%s: colours %s' % (name('trajectories'), colour))
    for k in g.ks:
        blocks = blocks_of(name('metrics', k) + '.dat')
        check_blocks(name('metrics', k), blocks, list(metrics_blocks(g, k, colour)), faults)
        check_panels(name('metrics', k) + '.gp', 'metrics', blocks, g, colour, faults)
        check_metric_labels(name('metrics', k) + '.gp', g, k, faults)
        wanted = list(survival_blocks(g, k))
        if wanted:
            blocks = blocks_of(name('survival', k) + '.dat')
            check_blocks(name('survival', k), blocks, wanted, faults)
            check_panels(name('survival', k) + '.gp', 'survival', blocks, g, colour, faults)
        wanted = list(cost_blocks(g, k))
        if wanted:
            blocks = blocks_of(name('cost', k) + '.dat')
            check_blocks(name('cost', k), blocks, wanted, faults)
            check_panels(name('cost', k) + '.gp', 'cost', blocks, g, colour, faults)
        wanted = list(profile_blocks(g, k))
        if wanted:
            blocks = blocks_of(name('profiles', k) + '.dat')
            check_blocks(name('profiles', k), blocks, wanted, faults, 1e-4)
            check_panels(name('profiles', k) + '.gp', 'profiles', blocks, g, colour, faults)
    for kind, wanted in (('trajectories', trajectory_blocks(g)), ('training', training_blocks(g))):
        blocks = blocks_of(name(kind) + '.dat')
        check_blocks(name(kind), blocks, list(wanted), faults)
        check_panels(name(kind) + '.gp', kind, blocks, g, colour, faults)
    check_strip(name('strip') + '.dat', g, faults)
    for kind, part, wanted in (('gaits', 'contacts', gait_blocks(g)), ('portraits', 'joint', portrait_blocks(g))):
        wanted = list(wanted)
        if not drawn_motions(g, part): continue
        blocks = blocks_of(name(kind) + '.dat')
        check_blocks(name(kind), blocks, wanted, faults)
        check_motions(name(kind) + '.gp', g, part, blocks, faults)


# ---- words around the tables ----


def check_words(text, captions, cells, groups, tests, faults):
    for g in groups:
        for words in ['## %s (profile %s)' % (g.task, g.profile), '%d of %d cells done.' % (len(g.finished), len(g.cells))]:
            if words not in text: faults.append('tables.md lacks "%s"' % words)
        partial = text.count('**Partial: %d of %d cells.**' % (len(g.finished), len(g.cells)))
        if bool(partial) != g.partial: faults.append('tables.md: %d tables of %s are called partial' % (partial, g.task))
    notes = ['- %s, seed %d: %s' % (label(c.method), c.seed, n) for g in groups for c in g.finished for n in c.record['notes']]
    definition = r'^- (\S+) \((.+?)(?:, (lower|higher) is better)?\): .+\.$'
    found = [l for l in re.findall(r'^- .*', text, re.M) if not re.match(definition, l)]
    if found != notes: faults.append('notes of tables.md: %s, not %s' % (found, notes))
    defined = {name: (unit, side) for name, unit, side in re.findall(definition, text, re.M)}
    for g in groups:
        for r in (r for c in g.finished for r in c.record['rows']):
            name = max((n for n in defined if (r['metric'] + '.').startswith(n + '.')), key=len, default=None)
            if name is None: faults.append('tables.md does not define %s' % r['metric'])
            elif name == r['metric'] and defined[name] != (r['unit'], better(name)):
                faults.append('tables.md defines %s with %s, not %s' % (name, defined[name], (r['unit'], better(name))))
    if tests and 'adjusted for the %d tests' % tests not in text:
        faults.append('tables.md does not say that %d comparisons were made' % tests)
    for c in captions:
        g = next((g for g in groups if 'Task %s, profile %s,' % (g.task, g.profile) in c), None)
        seeds = list(dict.fromkeys(c.seed for c in g.finished)) if g else []
        made = g.finished[0].record['provenance'] if g else {}
        done, planned = (len(g.finished), len(g.cells)) if g else (0, 0)
        end = '%s %s; %d of %d cells of the plan; commit %s%s.' % ('seed' if len(seeds) == 1 else 'seeds', ', '.join(map(str, seeds)), done,
                                                                   planned, made.get('commit'), ' (modified)' if made.get('dirty') else '')
        if end not in c: faults.append('a caption lacks "%s": %s' % (end, c))


def main(run):
    cells, faults, folder = read_run(run), [], run + '/report'
    groups = [Group(cells, *g) for g in dict.fromkeys((c.task, c.profile) for c in cells)]
    comparisons, tests = compare(groups) if any(g.finished and has_summary(g) for g in groups) else ([], 0)
    wanted, text, page = list(expected_tables(cells, groups, comparisons)), open(folder + '/tables.md').read(), Page()
    compare_tables('tables.md', list(markdown_tables(text)), wanted, faults)
    page.feed(open(folder + '/index.html').read())
    compare_tables('index.html', page.tables, wanted, faults)
    check_csv(folder, cells, faults)
    for g in groups:
        if g.finished: check_figures(folder, g, faults)
    scripts = glob.glob(folder + '/plots/*.gp')
    if len(page.captions) != len(scripts): faults.append('%d captions of %d figures' % (len(page.captions), len(scripts)))
    check_words(text, page.captions, cells, groups, tests, faults)
    for f in faults: print(f)
    print('%d tables with %d cells' % (len(wanted), sum(len(r) for _, rows in wanted for r in rows)))
    return int(bool(faults))


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
