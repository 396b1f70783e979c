#!/usr/bin/env bash
# dynaflow transfer: the actions of a file in perturbed models give the numbers that Python's MuJoCo gives.
. tests/cli/check.sh

packages=third_party/python
export PYTHONDONTWRITEBYTECODE=1
python() { PYTHONPATH=$PWD/$packages:$PWD/tests/independent python3 "$@"; }
missing=$(python -c 'import numpy, mujoco; print(mujoco.__version__)' 2>&1) || missing="no packages: ${missing##*$'\n'}"
used=$("$program" doctor 2>/dev/null | sed -n 's/.*MuJoCo[^0-9]*\([0-9.]*\).*/\1/p' | head -1)
if [ "$missing" != "$used" ]; then
  skip transfer "the program uses MuJoCo $used, and Python in $packages has $missing (ci/fetch-python.py $packages)"
  finish
  exit
fi
tasks=$scratch/tasks run_folder=$scratch/run file=$scratch/motions.npz
check the_tasks_are_made python tests/independent/make_tasks.py "$tasks"
check a_record_is_made exits_with 0 run "$tasks/walker" --profile full --method random_action --seed 3 --quiet --no-data-check --out "$run_folder"
check the_file_is_made python tests/independent/transfer.py "$run_folder" "$tasks" MAKE "$file"
transfer() { exits_with 0 transfer "$tasks/walker" --profile full --quiet --json "$@" && cp "$scratch/out" "$scratch/rows.json"; }
check levels_are_executed transfer "$file" --mass 0.6,1.9 --friction 0.2,2 --gain 0.4,1.5 --damping 0.3,3 --latency 0.005,0.03 --plot "$scratch/figures"
transfer_of_no_file() { exits_with 3 transfer "$tasks/walker" nofile.npz --quiet && ! grep -q fetch "$scratch/err" && grep -qF nofile.npz "$scratch/err"; }
check a_missing_file_of_the_user_is_not_fetched transfer_of_no_file
check every_number_is_that_of_python python tests/independent/transfer.py "$run_folder" "$tasks" CHECK "$file" "$scratch/rows.json"
if command -v gnuplot >/dev/null; then
  check the_figure_is_drawn python3 -c "
import xml.dom.minidom as m
m.parse('$scratch/figures/transfer.svg')"
fi
check the_figure_has_the_numbers python3 -c "
import json, re
rows = [r for r in json.load(open('$scratch/rows.json'))['rows'] if r['metric'] == 'fall_rate']
plain = next(r for r in rows if r['perturbation'] == 'none')
blocks = [b.split('\n') for b in open('$scratch/figures/transfer.dat').read().split('\n\n\n') if b.strip()]
found = {b[0][2:].split(',')[0]: [tuple(map(float, l.split())) for l in b[1:] if l] for b in blocks}
assert set(found) == {'mass', 'friction', 'gain', 'damping', 'latency'}, found
for kind, points in found.items():
    wanted = [(0. if kind == 'latency' else 1., plain)] + [(r['level'], r) for r in rows if r['perturbation'] == kind]
    wanted = sorted((level, 1 - r['value'], 1 - r['hi'], 1 - r['lo']) for level, r in wanted)
    assert len(points) == len(wanted) and all(abs(a - b) < 1e-8 for p, w in zip(points, wanted) for a, b in zip(p, w)), (kind, points, wanted)"
check default_levels transfer "$file"
check which_are_fourteen python3 -c "
import json
seen = dict.fromkeys((r['perturbation'], r['level']) for r in json.load(open('$scratch/rows.json'))['rows'])
assert list(seen) == [('none', None)] + [('mass', v) for v in (.8, .9, 1.1, 1.2)] + [('friction', v) for v in (.5, .75, 1.5)] + [('gain', v) for v in (.8, .9, 1.1, 1.2)] + [('latency', v) for v in (.005, .01, .02)], list(seen)"
# the same numbers on any number of threads
check one_thread transfer "$file" --mass 0.6 --threads 1
cp "$scratch/rows.json" "$scratch/one"
check three_threads transfer "$file" --mass 0.6 --threads 3
check are_the_same cmp "$scratch/one" "$scratch/rows.json"
# two files of one name are told apart
check two_files transfer "$file" "$file" --mass 1.1
check have_two_names python3 -c "
import json
assert list(dict.fromkeys(r['method'] for r in json.load(open('$scratch/rows.json'))['rows'])) == ['motions', 'motions 2']"

# ---- what cannot be executed ----
refused() { # refused WORDS ARGUMENT...
  local words=$1
  shift
  exits_with 2 transfer "$tasks/walker" --profile full --quiet "$@" && grep -qF -- "$words" "$scratch/err"
}
check latency_between_steps refused '--latency 0.0051: a latency is a whole number of physics steps, which last 0.005 s' "$file" --latency 0.0051
check negative_mass refused "--mass" "$file" --mass=-1
check no_level refused "--gain" "$file" --gain ''
python - "$file" "$scratch" <<'PY'
import sys, numpy as np
f = dict(np.load(sys.argv[1]))
np.savez(sys.argv[2] + '/states.npz', **{k: v for k, v in f.items() if k != 'actions'})
upright = f['states'][:, :, 2].min(axis=1).argmax()
f['actions'][upright, 7:] = np.nan
f['states'][upright, 8:] = np.nan
np.savez(sys.argv[2] + '/cut.npz', **f)
PY
check states_only refused "states.npz: there is no array 'actions'" "$scratch/states.npz"
# a trajectory whose actions end is one that fell
check actions_that_end transfer "$scratch/cut.npz" --mass 1.0
check end_in_a_fall python3 -c "
import json
rows = {(r['perturbation'], r['metric']): r['value'] for r in json.load(open('$scratch/rows.json'))['rows']}
whole = {(r['perturbation'], r['metric']): r['value'] for r in json.load(open('$scratch/one'))['rows']}
assert abs(rows['none', 'fall_rate'] - whole['none', 'fall_rate'] - 1 / 6) < 1e-9, (rows, whole)
assert abs(whole['none', 'survival'] - rows['none', 'survival'] - (20 - 8) * .02 / 6) < 1e-9, (rows, whole)
assert rows['mass', 'fall_rate'] == rows['none', 'fall_rate'], rows"
finish
