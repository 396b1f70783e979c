"""synthetic_run.py FOLDER [BEFORE [AFTER]]: a small run that nobody ran, for the tests of verify and gate.

Three methods, three seeds, one task, "cart". BEFORE is Python that may change what happened, before keys and sums are
made; AFTER changes the records as somebody would who edits the file. Both see
  plan, cells               the records; at(method, seed) is one of them
  row(method, seed, metric) one row of it;  every(metric) all rows of a metric;  put(row, v) another value
A value that BEFORE changes alone gets an interval that fits it.
Keys and sums are made here as bench/record/key.h describes them, not by the program."""
import os, sys

from seal import compact, seal, sha256

folder, before, after = (sys.argv[1:] + ['', ''])[:3]
METHODS, SEEDS = ['dynaflow', 'random_action', 'replay_demo'], [1, 2, 3]
SILENT = {'task.title', 'task.methods', 'system.model_url', 'data.url'}

def rows(method, seed):
    level = {'dynaflow': 0.25, 'random_action': 3, 'replay_demo': 1e-15}[method]
    noise = 0 if method == 'replay_demo' else 0.01 * level * seed
    k = 5 if method == 'dynaflow' else 0
    make = lambda metric, unit, v: dict(metric=metric, k=k, value=v, unit=unit, n=16, lo=0.9 * v, hi=1.1 * v, status='ok')
    count = lambda name, v: dict(make('effort.' + name, 'count', float(v)), lo=None, hi=None)
    return [make('tre', 'std', level + noise), make('tre_open_loop', 'std', level + noise),
            make('sae_own', 'mixed SI', 1e-17 + noise * 1e-18), make('gait_agreement', 'share', 0.9 - 0.01 * noise),
            count('physics_steps', 240), count('solver_iterations', 500 + 5 * seed), count('diverged', 0)]


def cell(method, seed):
    provenance = dict.fromkeys('dynaflow commit compiler flags cpu time'.split(), 'x')
    provenance.update(dirty=False, mujoco='3.17.0', blas=dict(kernel='SkylakeX', config=''), libraries={}, cores=2, threads=2)
    config = {'task.name': 'cart', 'task.version': '1', 'task.title': 'any', 'system.substeps': '1', 'eval.windows': '16',
              'train.steps': '100'}
    return dict(schema=1, type='cell', key='', task='cart', method=method, seed=seed, profile='smoke', config=config,
                provenance=provenance, model_sha256=sha256('model'), compiled_sha256=sha256('compiled'),
                data_sha256=sha256('data'), windows_sha256=sha256('windows'), started='2026-01-01T00:00:00Z', wall_s=1.5,
                cpu_s=2.0, train_cpu_s=1.0 if method == 'dynaflow' else 0.0,
                training=dict(curves=[], steps=100, parameters=10, checkpoint='', checkpoint_sha256=''),
                rows=rows(method, seed), status='done', reason='')


def key(c):
    lines = ['%s %s' % i for i in c['config'].items() if i[0] not in SILENT]
    lines += ['method ' + c['method'], 'seed %d' % c['seed'], 'model ' + c['compiled_sha256'], 'data ' + c['data_sha256'],
              'mujoco ' + c['provenance']['mujoco'], 'blas ' + c['provenance']['blas']['kernel']]
    lines += ['held_out ' + c['eval_data_sha256']] if 'eval_data_sha256' in c else []
    lines += ['numbers 1', 'scope cell']
    return sha256('\n'.join(lines) + '\n')


plan = dict(schema=1, type='plan', profile='smoke', cells=[])
cells = [cell(m, s) for s in SEEDS for m in METHODS]
at = lambda method, seed: [c for c in cells if (c['method'], c['seed']) == (method, seed)][0]
row = lambda method, seed, metric: [r for r in at(method, seed)['rows'] if r['metric'] == metric][0]
put = lambda r, v: r.update(value=v, lo=0.95 * v, hi=1.05 * v)  # another value, and an interval that fits it
every = lambda metric: [r for c in cells for r in c['rows'] if r['metric'] == metric]


def checkpoint(c, content='weights'):  # gives a cell a checkpoint
    os.makedirs(folder, exist_ok=True)
    c['training'].update(checkpoint='%s-%d.safetensors' % (c['method'], c['seed']), checkpoint_sha256=sha256(content))
    open(folder + '/' + c['training']['checkpoint'], 'w').write(content)


planned = list(cells)
written = {id(r): (r, r['value'], r['lo'], r['hi']) for c in cells for r in c['rows']}
exec(before)
for r, value, lo, hi in written.values():  # a value that was changed alone gets an interval that fits it
    if isinstance(r['value'], float) and r.get('value') != value and (r['lo'], r['hi']) == (lo, hi) and lo is not None: put(r, r['value'])
for c in cells:
    if c['type'] == 'cell': c['key'] = key(c)
plan['cells'] = plan['cells'] or [{k: c[k] for k in ('task', 'method', 'seed')} | {'key': key(c)} for c in planned]
for c in [plan] + cells: seal(c)
records = [plan] + cells
exec(after)
os.makedirs(folder, exist_ok=True)
with open(folder + '/events.jsonl', 'w') as f: f.write(''.join(compact(r, False) + '\n' for r in records))
