#!/usr/bin/env bash
# tasks/go1_gaits/experiments.sh pipeline, shortened: an expert per gait, its walks and the student of these, made once per
# options, and what they cost.
. tests/cli/check.sh

export DYNAFLOW=$program METHODS=action_fm OUT=$scratch/runs
small=(--set data.episodes=10 --set data.seconds=2 --set window.last=60 --set train.steps=3 --set eval.windows=4 --set eval.chains=2
  --set eval.sae_windows=0 --set eval.sampler_steps=1 --set net.width=8 --set net.depth=1 --set expert.robots=4 --set expert.width=8
  --set expert.horizon=4 --set expert.slices=2 --set eval.fall_height=0 --set eval.fall_tilt=0 --set expert.off_clip=0
  --data "$scratch/data" --threads 1 --quiet)
mkdir "$scratch/data"
pipeline() { tasks/go1_gaits/experiments.sh pipeline demo 1 "${small[@]}" "$@" >"$scratch/out" 2>"$scratch/err" || { cat "$scratch/err"; false; }; }
files() { cat "$OUT"/pipeline/*.safetensors "$OUT"/pipeline/walks/*.npz "$OUT"/pipeline/*.train "$OUT"/pipeline/*.collect | cksum; }

check it_runs pipeline --set expert.updates=2
files >"$scratch/first"
# the sums are those of the steps, and that of the distillation is that of the record of the last plan
costs_add_up() { # costs_add_up CELLS
  python3 - "$OUT" "$1" <<'P'
import glob, json, re, sys
out = sys.argv[1]
def steps(kind): return [float(open(p).read()) for p in sorted(glob.glob(f'{out}/pipeline/*.{kind}'))]
def trained(run):
    lines = list(map(json.loads, open(f'{out}/{run}/events.jsonl')))
    plan = [r for r in lines if r['type'] == 'plan'][-1]
    keys = {c['key'] for c in plan['cells'] if c['method'] == 'action_fm'}
    cells = [r for r in lines if r['type'] == 'cell' and r['method'] == 'action_fm']
    assert len(cells) == int(sys.argv[2]) or run == 'trained', len(cells)
    [cpu] = [r['training']['train_cpu_s'] if 'train_cpu_s' in r['training'] else r['train_cpu_s'] for r in cells if r['key'] in keys]
    return cpu
assert len(steps('train')) == len(steps('collect')) == 4
text = open(f'{out}/pipeline/cost.txt').read()
e, c, d, all_ = map(float, re.match(r'CPU s of the pipeline: experts (\S+), collection (\S+), distillation (\S+), together (\S+)\n', text).groups())
[own] = map(float, re.findall(r'CPU s of action_fm on the demonstrations: (\S+)', text))
assert abs(e - sum(steps('train'))) < 1e-6 and abs(c - sum(steps('collect'))) < 1e-6, (e, c)
assert abs(d - trained('distilled')) <= .051 and abs(own - trained('trained')) <= .051, (d, own)
assert abs(all_ - e - c - d) < 1e-4
P
}
check its_costs_add_up costs_add_up 1
# 9 of 10 episodes are trained on; of their 9 walks a gait the student leaves one out
the_student_learns_from_all_walks_but_one() {
  python3 - "$OUT" <<'P'
import json, sys
[r] = [r for r in map(json.loads, open(sys.argv[1] + '/distilled/events.jsonl')) if r['type'] == 'cell']
assert r['config']['split.test_every'] == '9' and r['config']['eval.profile'] == 'generated', r['config']['split.test_every']
# the demonstrations that it is measured on are those that are held out of the demonstrations
[of] = [c for c in map(json.loads, open(sys.argv[1] + '/trained/events.jsonl')) if c['type'] == 'cell' and c['method'] == 'action_fm']
assert r['windows'] == of['windows'] and r['eval_data_sha256'] == of['data_sha256']
P
}
check the_student_leaves_one_walk_of_a_gait_out the_student_learns_from_all_walks_but_one
check it_runs_again pipeline --set expert.updates=2
check nothing_is_made_twice eval 'files | cmp - "$scratch/first"'
check it_runs_with_other_experts pipeline --set expert.updates=3
experts_have_updates() { for g in trot pace bound pronk; do head -c 20000 "$OUT/pipeline/$g.safetensors" | grep -qa "\"expert.updates\": *\"$1\"" || return 1; done; }
check experts_are_made_anew experts_have_updates 3
check cards_tell_the_same eval '[ "$(grep -l "expert.updates | 3 |" "$OUT"/pipeline/walks/*.card.md | wc -l)" -eq 4 ]'
check the_costs_are_of_the_new_ones costs_add_up 2
too_few() {
  local code=0
  tasks/go1_gaits/experiments.sh pipeline demo 1 "${small[@]}" "$@" >"$scratch/out" 2>"$scratch/err" || code=$?
  [ "$code" -eq 2 ] && cat "$scratch/err"
}
check another_split_is_refused eval 'too_few --set split.test_every=5 | grep -q "experiments.sh pipeline: --set split.test_every:"'
check noise_is_refused_early eval 'too_few --set train.noise=0.1 | grep -q "experiments.sh pipeline: --set train.noise:"'
check one_walk_per_gait_is_refused eval 'too_few --set expert.updates=2 --set train.episodes=1 | grep -q "a gait has 1 walks, distillation needs two"'
finish
