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
check another_model_is_made python tests/independent/transfer.py "$run_folder" "$tasks" OTHER "$scratch/other.xml"
transfer() { exits_with 0 transfer "$tasks/walker" --profile full --quiet --json "$@" && cp "$scratch/out" "$scratch/rows.json"; }
check levels_are_executed transfer "$file" --mass 0.6,1.9 --friction 0.2,2 --gain 0.4,1.5 --damping 0.3,3 --latency 0.005,0.03 --plot "$scratch/figures" \
  --softness 0.5,3 --impratio 0.2,20 --cone pyramidal,elliptic --condim 1,4 --model "$scratch/other.xml"
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
named = ('cone', 'condim', 'model')
assert set(found) == {'mass', 'friction', 'gain', 'damping', 'latency', 'softness', 'impratio', *named}, found
for kind, points in found.items():
    levels = [r['level'] for r in rows if r['perturbation'] == kind]
    wanted = [(0. if kind in ('latency', *named) else 1., plain)] + [(1 + levels.index(r['level']) if kind in named else r['level'], r) for r in rows if r['perturbation'] == kind]
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
# what the model has already changes no bit
check the_own_law transfer "$file" --cone pyramidal --condim 3 --softness 1 --impratio 1 --mass 1
check changes_no_bit python3 -c "
import json
rows = json.load(open('$scratch/rows.json'))['rows']
assert len({r['perturbation'] for r in rows}) == 6 and all(r['value'] == 0 for r in rows if r['metric'] == 'deviation'), rows"
# files of one training are pooled, and trainings compared
python - "$file" "$scratch" <<'PY'
import sys, numpy as np
f = dict(np.load(sys.argv[1]))
for name, method, training, part in (('a1', 'a', '11', [0, 1]), ('a2', 'a', '11', [2]), ('b1', 'a', '22', [3, 4, 5]), ('c1', 'c', '11', [0])):
    np.savez('%s/%s.npz' % (sys.argv[2], name), method=np.array(method), checkpoint_sha256=np.array(training * 32),
             **{k: v[part] if k in ('states', 'actions', 'conditions') else v for k, v in f.items()})
PY
parts=("$scratch/a1.npz" "$scratch/a2.npz" "$scratch/b1.npz" "$scratch/c1.npz")
check every_trajectory_alone transfer "${parts[@]}" --mass 1.9
cp "$scratch/rows.json" "$scratch/alone"
check by_training transfer "${parts[@]}" --mass 1.9 --by-training --plot "$scratch/pooled"
check are_means_over_trainings python3 -c "
import json
alone = json.load(open('$scratch/alone'))['rows']
rows = json.load(open('$scratch/rows.json'))['rows']
def value(m, p, name):
    r = [r for r in alone if (r['method'], r['perturbation'], r['metric']) == (m, p, name)]
    return (r[0]['value'], r[0]['n']) if r else (0, 0)
assert {r['method'] for r in rows} == {'a', 'c'}
for r in rows:
    p, name = r['perturbation'], r['metric']
    trainings = [('a', 'a 2'), ('a 3',)] if r['method'] == 'a' else [('c',)]
    pooled = [[value(m, p, name) for m in t] for t in trainings]
    pooled = [(sum(v * n for v, n in t) / sum(n for _, n in t), sum(n for _, n in t)) for t in pooled if sum(n for _, n in t)]
    means = [v for v, _ in pooled]
    assert r['trainings'] == len(means) and r['trajectories'] == sum(n for _, n in pooled), r
    for key, wanted in (('mean', sum(means) / len(means)), ('smallest', min(means)), ('largest', max(means))): assert abs(r[key] - wanted) < 1e-12, (r, means)
assert any(r['smallest'] < r['mean'] < r['largest'] for r in rows)
lines = [l.split() for l in open('$scratch/pooled/transfer.dat') if l[0] not in '#\n']
falls = [r for r in rows if r['metric'] == 'fall_rate']
assert [[float(v) for v in l[1:]] for l in lines] == [[float('%.9g' % (1 - r[k])) for k in ('mean', 'largest', 'smallest')] for r in falls], (lines, falls)"
# two files of one name are told apart
check two_files transfer "$file" "$scratch/a2.npz" --mass 1.9 --plot "$scratch/two"
check each_has_its_own_line_in_the_figure python3 -c "
import json
rows = [r for r in json.load(open('$scratch/rows.json'))['rows'] if r['metric'] == 'fall_rate']
blocks = [b.split('\n') for b in open('$scratch/two/transfer.dat').read().split('\n\n\n') if b.strip()]
assert len(blocks) == 2, blocks
for method, block in zip(dict.fromkeys(r['method'] for r in rows), blocks):
    wanted = [float('%.9g' % (1 - r['value'])) for r in rows if r['method'] == method]
    assert [float(l.split()[1]) for l in block if l and l[0] != '#'] == wanted, (method, block, wanted)"
check two_files_of_one_name transfer "$file" "$file" --mass 1.1
check have_two_names python3 -c "
import json
assert list(dict.fromkeys(r['method'] for r in json.load(open('$scratch/rows.json'))['rows'])) == ['motions', 'motions 2']"

# ---- export for a robot ----
# weaker servos, so that motions are beyond all three limits
cp -r "$tasks" "$scratch/weak"
sed -i "s/forcerange='-25 20'/forcerange='-8 7'/" "$scratch/weak/walker/walker.xml"
weak=$scratch/weak_motions.npz
check motions_of_weak_servos python tests/independent/transfer.py "$run_folder" "$scratch/weak" MAKE "$weak"
loose=(eval.velocity_limit=13,14 eval.fall_tilt=40 eval.fall_height=0.12)
limit() { # limit CODE FILE: exports into an empty folder
  rm -rf "$scratch/robot"
  exits_with "$1" transfer "$scratch/weak/walker" --profile full --quiet --mass 1 --export "$scratch/robot" "${@:2}" "${loose[@]/#/--set=}"
}
check a_motion_beyond_a_limit_is_not_written limit 1 "$weak"
cp "$scratch/err" "$scratch/limits"
check nor_is_the_folder test ! -e "$scratch/robot"
check the_limits_are_those_of_python python tests/independent/transfer.py "$run_folder" "$scratch/weak" LIMITS "$weak" "$scratch/limits" "${loose[@]}"
# the trajectories that break a limit, as the message numbers them, are left out by --skip
broken=$(sed -n 's/.*: trajectory \([0-9]*\): .*/\1/p' "$scratch/limits" | sort -nu | paste -sd,)
check the_message_names_the_option grep -qF 'leave out these trajectories with --skip N,..' "$scratch/limits"
check a_part_of_them_is_not_enough limit 1 "$weak" --skip "${broken%,*}"
check the_number_is_that_of_the_file grep -q "trajectory ${broken##*,}: " "$scratch/err"
check the_others_are_written limit 0 "$weak" --skip "$broken"
check they_are_the_right_ones python -c "
import glob, numpy as np
made, given = np.load(glob.glob('$scratch/robot/*.npz')[0]), np.load('${weak%.npz}-within.npz')
assert made['states'].tobytes() == np.ascontiguousarray(given['states']).tobytes() and len(made['targets']) == len(given['actions'])"
check a_number_beyond_the_file limit 2 "$weak" --skip 6
check is_told grep -qF -- '--skip 6: ' "$scratch/err"
check motions_within_are_written limit 0 "${weak%.npz}-within.npz"
check what_the_model_does_not_limit_is_said grep -qF 'not checked; 4 joints have no range in the model; 1 actuators have no known limit of force' "$scratch/err"
check they_are_those_of_python python tests/independent/transfer.py "$run_folder" "$scratch/weak" EXPORT "${weak%.npz}-within.npz" "$scratch/robot"

# ---- what cannot be executed ----
refused() { # refused WORDS ARGUMENT...
  local words=$1
  shift
  exits_with 2 transfer "$tasks/walker" --profile full --quiet "$@" && grep -qF -- "$words" "$scratch/err"
}
check latency_between_steps refused '--latency 0.0051: a latency is a whole number of physics steps, which last 0.005 s' "$file" --latency 0.0051
check unknown_cone refused "--cone: 'round' is not pyramidal or elliptic" "$file" --cone round
check unknown_condim refused "--condim: '2' is not 1, 3, 4 or 6" "$file" --condim 2
check too_hard refused "the time constant of geom 'floor' would be 0.008 s, which MuJoCo raises to two physics steps, 0.01 s; choose 0.5 or more" "$file" --softness 0.4
sed "s,w/mast,w/rod,g" "$scratch/other.xml" >"$scratch/renamed.xml"
check a_joint_of_another_name refused "its joints do not match those of the task one to one (6 and 6): the task alone has" "$file" --model "$scratch/renamed.xml"
no_model() { exits_with 3 transfer "$tasks/walker" "$file" --quiet --model nothing.xml && grep -qF 'model file nothing.xml not found' "$scratch/err"; }
check a_missing_model no_model
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
