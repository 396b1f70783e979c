#!/usr/bin/env bash
# Statistics of a report over seeds and windows, compared with plain Python on the same records; and that no link is broken.
. tests/cli/check.sh
# slow

# make_run NAME SEEDS CHANGE: a synthetic run of three methods, 33 windows of 11 episodes of two gaits; CHANGE is Python on
# `cells` and `plan`
make_run() {
  mkdir -p "$scratch/$1"
  CHANGE=${3:-} SEEDS=$2 python3 - "$scratch/$1/events.jsonl" <<'PYTHON'
import json, math, os, sys

def values(method, seed):
    return [1 + 0.3 * math.sin(5 * (w // 3)) + {"dynaflow": 0, "action_fm": 0.15, "random_action": 2}[method]
            + 0.05 * math.sin(3 * w + 2 * seed) for w in range(33)]

def cell(method, seed):
    k = [0] if method == "random_action" else [1, 5]
    samples = [dict(metric="tre_open_loop", k=i, values=values(method, seed)) for i in k]
    samples += [dict(metric="fall_rate", k=i, values=[int(w < {"dynaflow": 1, "action_fm": 5, "random_action": 8}[method])
                                                     for w in range(8)]) for i in k]
    rows = [dict(metric=s["metric"], k=s["k"], value=sum(s["values"]) / len(s["values"]), n=len(s["values"]), lo=None, hi=None,
                 unit="std" if s["metric"] != "fall_rate" else "share", status="ok") for s in samples]
    return dict(schema=1, type="cell", key="", status="done", reason="", task="t", method=method, seed=seed, profile="p",
                model_sha256="a" * 64, data_sha256="b" * 64, windows_sha256="c" * 64, config={"task.version": "1"},
                provenance=dict(mujoco="3.17.0", commit="0123456789ab", dirty=False), rows=rows, samples=samples,
                windows=dict(episode=[10 + w // 3 for w in range(33)], start=list(range(33)), group=[w // 17 for w in range(33)],
                             groups=["gait.trot", "gait.pace"]))

seeds = [int(s) for s in os.environ["SEEDS"].split()]
cells = [cell(m, s) for m in ("dynaflow", "action_fm", "random_action") for s in seeds]
exec(os.environ["CHANGE"])
plan = dict(schema=1, type="plan", profile="p", cells=[dict(task="t", method=c["method"], seed=c["seed"]) for c in cells])
with open(sys.argv[1], "w") as f:
    for record in [plan] + cells: f.write(json.dumps(record) + "\n")
PYTHON
}
drawn() { command -v gnuplot >/dev/null; }
# whole FOLDER: every link and picture of the page is there, and every file of plots/ is shown or linked
whole() {
  python3 - "$1/report" <<'PYTHON'
import os, re, sys
folder = sys.argv[1]
page = open(folder + '/index.html').read()
links = re.findall(r'(?:href|src)="([^"]*)"', page)
assert len(links) > 5, links
lost = [l for l in links if not os.path.isfile(os.path.join(folder, l))]
assert not lost, lost
plots = {'plots/' + f for f in os.listdir(folder + '/plots')}
assert plots == {l for l in links if l.startswith('plots/')}, plots.symmetric_difference(links)
captions = re.findall(r'<figcaption>(.*?)</figcaption>', page, re.S)
assert len(captions) == page.count('<figure>') > 0
for c in captions:
    for wanted in ('profile ', 'seed', 'cells of the plan', 'commit '): assert wanted in c, (wanted, c)
PYTHON
}

make_run three '1 2 3'
check the_report_is_made exits_with 0 report "$scratch/three"
report=$scratch/three/report
drawn && check every_link_and_figure_exists whole "$scratch/three"
# plain implementation of all numbers in the tables
check interquartile_means_and_probabilities_are_those_of_the_records python3 - "$scratch/three" <<'PYTHON'
import json, re, sys
cells = [json.loads(l) for l in open(sys.argv[1] + '/events.jsonl')][1:]
text = open(sys.argv[1] + '/report/tables.md').read()

def of(method, metric, k):
    return [next(s['values'] for s in c['samples'] if s['metric'] == metric and s['k'] in (k, 0)) for c in cells if c['method'] == method]

def iqm(x):
    x, n = sorted(x), len(x)
    return sum(v * max(0, min(i + 1, .75 * n) - max(i, .25 * n)) for i, v in enumerate(x)) / (.5 * n)

def better(a, b):  # the share of pairs of a seed in which a is smaller
    return sum(sum((x < y) + .5 * (x == y) for x in p for y in q) / (len(p) * len(q)) for p, q in zip(a, b)) / len(a)

labels = {'dynaflow': 'DynaFlow', 'action_fm': 'Action FM', 'random_action': 'Random actions'}
first, second = re.findall(r'\| interquartile mean \|.*?\n\n', text, re.S), re.findall(r'\| P\(DynaFlow is better than\) \|.*?\n\n', text, re.S)
assert len(first) == len(second) == 2  # one for each K
for table in first:
    assert 'fall_rate' not in table  # of zeros and ones the middle half says nothing
    for m, label in labels.items():
        shown = re.search(r'\| %s \| ([\d.]+) \[([\d.]+), ([\d.]+)\] \|' % label, table).groups()
        wanted = iqm(sum(of(m, 'tre_open_loop', 1), []))
        assert abs(float(shown[0]) - wanted) < 6e-3 and float(shown[1]) < wanted < float(shown[2]), (m, shown, wanted)
for table in second:
    for m in ('action_fm', 'random_action'):
        shown = re.search(r'\| %s \| ([\d.]+)(\+?) \[([\d.]+), ([\d.]+)\] \| ([\d.]+)' % labels[m], table).groups()
        assert abs(float(shown[0]) - better(of('dynaflow', 'tre_open_loop', 1), of(m, 'tre_open_loop', 1))) < 6e-3, shown
        assert shown[1] == '+', shown  # 0.15 and more with every seed and episode
        assert abs(float(shown[4]) - better(of('dynaflow', 'fall_rate', 1), of(m, 'fall_rate', 1))) < 6e-3, shown
# 2 metrics, 2 K, 2 rivals; Holm multiplies the smallest p, 2/2^11 of the signs of 11 equal differences, by all of them
assert 'adjusted for the 8 tests' in text
rows = [r.split(' | ') for r in re.findall(r'\| ((?:tre_open_loop|fall_rate) \| \d.*) \|', text.split('All comparisons')[1].split('All metrics')[0])]
assert len(rows) == 8, rows
smallest = min(float(r[6]) for r in rows)
assert smallest == 0.00098 and all(float(r[7]) == 0.0078 for r in rows if float(r[6]) == smallest), rows
PYTHON
check the_note_says_what_was_drawn grep -q 'of seeds and test episodes with all their windows' "$report/tables.md"
if drawn; then
  check the_profile_is_drawn_for_each_k bash -c "[ -s '$report/plots/t-p-profiles-k1.svg' ] && [ -s '$report/plots/t-p-profiles-k5.svg' ]"
  check the_profile_counts_windows_and_its_band_holds_it python3 - "$scratch/three" <<'PYTHON'
import json, sys
cells = [json.loads(l) for l in open(sys.argv[1] + '/events.jsonl')][1:]
blocks = open(sys.argv[1] + '/report/plots/t-p-profiles-k1.dat').read().strip().split('\n\n\n')
seen = 0
for block in blocks:
    head, *lines = block.split('\n')
    metric, method = head[2:].split(':')[0].split(', ')
    values = sum((s['values'] for c in cells if c['method'] == method for s in c['samples'] if s['metric'] == metric and s['k'] in (0, 1)), [])
    wide = 0
    for line in lines:
        tau, share, lo, hi = map(float, line.split())
        # a value may lie within the last printed digit of a threshold
        low, high = (sum(v <= tau + e for v in values) / len(values) for e in (-1e-5, 1e-5))
        assert low - 1e-6 <= share <= high + 1e-6 and lo <= share <= hi, (method, line, low, high)
        wide += hi - lo
    assert wide > 1 or method == 'random_action', (method, wide)
    seen += 1
assert seen == 3, blocks
PYTHON
fi
mv "$report" "$scratch/first"
run report "$scratch/three"
check rerun_gives_the_same_bytes diff -r "$scratch/first" "$report"

# episodes make the intervals wider than windows by themselves would: planted fault, records that do not say
make_run apart '1 2 3' 'for c in cells: del c["windows"]'
check records_without_episodes_are_reported exits_with 0 report "$scratch/apart"
check unknown_episodes_are_reported grep -q 'do not say which windows belong to one episode' "$scratch/apart/report/tables.md"
check an_interval_of_one_seed_says_so_too grep -q 'interval over test windows as if they were independent' "$scratch/apart/report/tables.md"
width() { python3 -c "
import re, sys
lo, hi = re.search(r'interquartile mean.*?\| Action FM \| [\d.]+ \[([\d.]+), ([\d.]+)\]', open(sys.argv[1]).read(), re.S).groups()
print(float(hi) - float(lo))" "$1/report/tables.md"; }
check episodes_widen_the_interval python3 -c "
import sys
together, apart = map(float, sys.argv[1:])
assert together > 1.2 * apart, (together, apart)" "$(width "$scratch/three")" "$(width "$scratch/apart")"

# a minimum of seeds, by method
make_run two '1 2'
check two_seeds_are_reported exits_with 0 report "$scratch/two"
check with_a_line_that_says_what_is_missing grep -q 'need at least 3 seeds of a method' "$scratch/two/report/tables.md"
check without_interquartile_means bash -c "! grep -q 'interquartile mean |' '$scratch/two/report/tables.md'"
check without_profiles bash -c "! ls '$scratch/two/report/plots' | grep -q profiles"
drawn && check every_link_and_figure_of_it_exists whole "$scratch/two"
make_run one_short '1 2 3' 'cells = [c for c in cells if (c["method"], c["seed"]) != ("action_fm", 3)]'
run report "$scratch/one_short"
check a_method_with_fewer_seeds_has_none grep -qE '^\| Action FM \| – \|' "$scratch/one_short/report/tables.md"
check a_method_with_fewer_seeds_has_no_winner grep -qE '^\| tre_open_loop \| 1 \| Action FM \|.*seeds differ: A has 1 2 3, B has 1 2 \|$' "$scratch/one_short/report/tables.md"

# numbers that are only rounding errors have no winner, however significant their difference
make_run rounding '1 2 3' 'for c in cells:
  for s in c["samples"]:
    if s["metric"] == "tre_open_loop": s["values"] = [1e-17 * v for v in s["values"]]
  for r in c["rows"]:
    if r["metric"] == "tre_open_loop": r["value"] *= 1e-17'
run report "$scratch/rounding"
check rounding_names_no_winner grep -qE '^\| tre_open_loop \| 1 \| Action FM \|.*both are 0 up to rounding \|$' "$scratch/rounding/report/tables.md"
finish
