#!/usr/bin/env bash
# A network that two methods share is trained once per run, and gives the bytes that training it twice gives.
. tests/cli/check.sh
# slow

task=$scratch/pendulum
cp -r docs/examples/pendulum "$scratch"
(cd "$task" && python3 make_data.py)
sed -i -e 's/steps: 100$/steps: 20/' -e 's/windows: 16$/windows: 6/' -e 's/chains: 4$/chains: 2/' \
  -e 's/methods: \[.*\]/methods: []/' "$task/task.yaml"
plan=(run "$task" --profile smoke --threads 1 --set inverse.steps=20)
# trains FOLDER METHODS ARGUMENT...
trains() {
  local folder=$1 methods=$2
  shift 2
  exits_with 0 "${plan[@]}" --method "$methods" --out "$scratch/$folder" "$@"
}
# records FOLDER PYTHON: a condition on `cell`, the finished records by method and seed, and on its curves by name
records() {
  python3 - "$scratch/$1" "$2" <<'PY'
import glob, json, sys
cell = {}
for line in (line for name in glob.glob(sys.argv[1] + '/events*.jsonl') for line in open(name)):
    r = json.loads(line)
    if r['type'] == 'cell' and r['status'] == 'done':
        cell[r['method'], r['seed']] = r
def curve(name, method, seed=1):
    return next(c for c in cell[method, seed]['training']['curves'] if c['name'] == name)
def shared(method, seed=1):
    return [c['name'] for c in cell[method, seed]['training']['curves'] if c.get('shared')]
assert eval(sys.argv[2]), {k: shared(*k) for k in cell}
PY
}
# same_numbers A B: the cells of run B are those of run A, but for times and who trained
same_numbers() {
  python3 - "$scratch/$1" "$scratch/$2" <<'PY'
import glob, json, sys
def load(folder):
    cells = {}
    for line in (line for name in glob.glob(folder + '/events*.jsonl') for line in open(name)):
        r = json.loads(line)
        if r['type'] != 'cell' or r['status'] != 'done':
            continue
        for name in ('provenance', 'record_sha256', 'started', 'wall_s', 'cpu_s', 'train_cpu_s'):
            r.pop(name)
        for c in r['training']['curves']:
            c.pop('cpu_s')
            c.pop('shared', None)
        cells[r['key']] = r
    return cells
one, two = load(sys.argv[1]), load(sys.argv[2])
assert two and all(one.get(key) == cell for key, cell in two.items())
PY
}
same_weights() { # same_weights A B: every checkpoint of B is that of A
  local n=0 file
  for file in "$scratch/$2"/checkpoints/*; do
    cmp "$file" "$scratch/$1/checkpoints/$(basename "$file")" || return 1
    n=$((n + 1))
  done
  [ "$n" -ge 2 ]
}
says() { grep -qE -- "$1" "$scratch/err" || { cat "$scratch/err"; false; }; }
both=kinematic_fm,kinematic_fm_idm

check both_methods_run trains both $both
check the_second_says_that_the_network_is_there says '^cell 2 of 2: pendulum kinematic_fm_idm seed 1: network kinematic_fm was trained by an earlier cell'
check its_record_says_so records both "shared('kinematic_fm_idm') == ['kinematic_fm'] and shared('kinematic_fm') == []"
check the_cost_of_training_is_counted_for_both records both \
  "(curve('kinematic_fm', 'kinematic_fm_idm')['cpu_s'] == curve('kinematic_fm', 'kinematic_fm')['cpu_s'] > 0 and
   cell['kinematic_fm_idm', 1]['train_cpu_s'] == sum(c['cpu_s'] for c in cell['kinematic_fm_idm', 1]['training']['curves']))"
check nothing_is_left_behind [ ! -e "$scratch/both/training" ]
check the_record_is_valid exits_with 0 verify "$scratch/both"

check the_second_method_alone_runs trains alone kinematic_fm_idm
check alone_it_trains_both_networks records alone "shared('kinematic_fm_idm') == []"
check the_weights_are_the_same_bytes same_weights both alone
check the_numbers_are_the_same same_numbers both alone
check in_the_other_order_the_first_method_is_served trains order kinematic_fm_idm,kinematic_fm
check then_it_is_the_one_that_shares records order "shared('kinematic_fm') == ['kinematic_fm'] and shared('kinematic_fm_idm') == []"
check the_order_does_not_matter same_numbers both order

check two_seeds_run trains seeds $both --seed 1,2
check each_seed_has_its_own_network records seeds \
  "([shared('kinematic_fm_idm', s) for s in (1, 2)] == [['kinematic_fm']] * 2 and
   curve('kinematic_fm', 'kinematic_fm', 1)['loss'] != curve('kinematic_fm', 'kinematic_fm', 2)['loss'])"
check the_other_seed_changes_nothing same_numbers seeds both

# settings of one method make another network
mkdir "$scratch/other" && cp -r "$task" "$scratch/other/"
python3 - "$scratch/other/pendulum/task.yaml" <<'PY'
import re, sys
text = open(sys.argv[1]).read()
assert '\nmethods:' not in text
open(sys.argv[1], 'w').write(text.replace('\nprofiles:', '\nmethods: {kinematic_fm: {train.rate: 0.001}}\nprofiles:', 1))
PY
check methods_of_other_settings_run exits_with 0 run "$scratch/other/pendulum" --profile smoke --threads 1 --set inverse.steps=20 \
  --method $both --out "$scratch/differ"
check they_share_nothing records differ "shared('kinematic_fm_idm') == shared('kinematic_fm') == []"

# a run that ends between the two cells, and one whose shared state is damaged meanwhile
half() { trains "$1" $both --shard 1/2 && [ "$(find "$scratch/$1/training/shared" -name '*-kinematic_fm.state' | wc -l)" -eq 1 ]; }
check the_network_waits_for_the_other_cell half half
check the_other_cell_runs_later trains half $both
check and_takes_it records half "shared('kinematic_fm_idm') == ['kinematic_fm']"
check with_the_same_numbers same_numbers both half
check leaving_nothing [ ! -e "$scratch/half/training" ]
check a_network_waits_for_settings_that_change half changed
check with_others_the_run_ends trains changed $both --set train.rate=0.002
check leaving_no_network_of_the_first [ ! -e "$scratch/changed/training" ]
half damaged
python3 - "$scratch"/damaged/training/shared/*.state <<'PY'
import sys
data = bytearray(open(sys.argv[1], 'rb').read())
data[len(data) // 2] ^= 1
open(sys.argv[1], 'wb').write(data)
PY
check a_damaged_network_does_no_harm trains damaged $both
check it_is_reported says 'damaged training state: its content does not have its checksum'
check the_network_is_trained_again records damaged "shared('kinematic_fm_idm') == []"
check to_the_same_numbers same_numbers both damaged
check and_the_same_weights same_weights both damaged
finish
