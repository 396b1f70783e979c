#!/usr/bin/env bash
# Numbers that are not finite end train, eval and sample with an error; a loss that rises and a method below the random
# floor are reported; train and sample print JSON.
. tests/cli/check.sh
# slow

data=$scratch/data
task=go1_gaits
small=(--set data.episodes=10 --set data.seconds=3 --set window.last=100 --set train.steps=6 --set net.width=16
  --set net.depth=1 --set net.heads=2 --set net.skip_hidden=16 --set inverse.steps=6 --set inverse.width=16
  --set eval.windows=8 --set eval.chains=0 --set eval.sae_windows=0 --set eval.sampler_steps=1 --data "$data" --threads 1)
says() { grep -qE -- "$1" "$scratch/err" || { echo "no /$1/ in:"; cat "$scratch/err"; false; }; }
weights=$scratch/weights method=kinematic_fm_idm

# ---- JSON ----

check train_exits_0 exits_with 0 train $task --method $method --checkpoint "$weights" "${small[@]}" --json --quiet
check train_prints_one_row_per_network python3 -c "
import json, sys
document = json.load(open(sys.argv[1]))
assert document['schema'] == 1
rows = document['rows']
assert [r['network'] for r in rows] == ['kinematic_fm', 'inverse_dynamics'], rows
for r in rows:
    assert r['task'] == 'go1_gaits' and r['method'] == 'kinematic_fm_idm' and r['checkpoint'] == sys.argv[2], r
    assert r['steps'] == 6 and r['parameters'] > 0 and r['loss'] > 0 and r['skipped'] == 0 and r['notes'] == [], r
" "$scratch/out" "$weights"
check sample_exits_0 exits_with 0 sample $task --method $method --checkpoint "$weights" --out "$scratch/x.npz" \
  --windows 5 "${small[@]}" --json --quiet
check sample_prints_one_row python3 -c "
import json, sys
row, = json.load(open(sys.argv[1]))['rows']
assert row == {'task': 'go1_gaits', 'method': 'kinematic_fm_idm', 'seed': row['seed'], 'profile': row['profile'],
               'file': sys.argv[2], 'windows': 5, 'actions': 16, 'k': 1, 'finite': 5}, row
" "$scratch/out" "$scratch/x.npz"

check samples_that_cannot_be_written_are_refused refuses 'nowhere/x.npz: No such file' sample $task --method $method \
  --checkpoint "$weights" --out "$scratch/nowhere/x.npz" "${small[@]}" --quiet
check a_missing_checkpoint_exits_3 misses 'nowhere: No such file' eval $task --method $method --checkpoint "$scratch/nowhere" \
  "${small[@]}" --quiet
check its_message_has_no_hint_to_fetch [ "$(wc -l <"$scratch/err")" = 1 ]

# ---- training ----

# every step multiplies the weights by -9, until they are no floats any more
explode=(--set train.rate=1 --set train.weight_decay=10 --set train.batch=8 --set train.slices=1)
check a_training_without_a_finite_loss_exits_3 exits_with 3 train $task --method dynaflow --checkpoint "$scratch/none" \
  "${small[@]}" "${explode[@]}" --set train.steps=20
check it_says_so says 'dynaflow: the loss is not finite at the end, step 20'
check it_writes_no_checkpoint [ ! -e "$scratch/none" ]

# the same for fewer steps: every weight is finite, and the loss is above that of the start
worse=("${explode[@]}" --set train.steps=10)
check a_training_that_gets_worse_exits_0 exits_with 0 train $task --method dynaflow --checkpoint "$scratch/worse" \
  "${small[@]}" "${worse[@]}"
check a_loss_above_its_start_is_reported says "warning: $task: dynaflow: the loss ends above its start: "

# ---- weights ----

cp "$weights" "$scratch/nan"
cp "$weights.inverse" "$scratch/nan.inverse"
python3 -c "
import json, struct, sys
data = bytearray(open(sys.argv[1], 'rb').read())
n, = struct.unpack('<Q', data[:8])
header = json.loads(data[8:8 + n])
name = [k for k in header if header[k].get('dtype') == 'F32'][-1]
begin, end = header[name]['data_offsets']
data[8 + n + end - 4:8 + n + end] = struct.pack('<f', float('nan'))
open(sys.argv[2], 'wb').write(data)
# as an older version wrote it, which has no checksum
open(sys.argv[1], 'wb').write(data.replace(b'dynaflow.weights_sha256', b'dynaflow.weights_sha_x'.ljust(23, b'_')))" "$scratch/nan" "$scratch/bits"
cp "$weights.inverse" "$scratch/bits.inverse"
for command in eval sample; do
  out=()
  [ $command = sample ] && out=(--out "$scratch/none.npz")
  check "${command}_refuses_weights_that_are_not_finite" refuses 'nan: tensor .* is nan; the weights of a checkpoint must be finite' \
    $command $task --method $method --checkpoint "$scratch/nan" "${small[@]}" "${out[@]}"
  check "${command}_refuses_weights_with_other_bits" refuses 'bits: damaged: its tensors do not have the checksum' \
    $command $task --method $method --checkpoint "$scratch/bits" "${small[@]}" "${out[@]}"
done
check refused_weights_write_no_samples [ ! -e "$scratch/none.npz" ]

# ---- the record, the report, the terminal ----

run_twice() { exits_with 0 run $task --method dynaflow,random_action --out "$scratch/run" "${small[@]}" "${worse[@]}" \
  --blas-kernel auto; }
check a_run_that_gets_worse_exits_0 run_twice
check the_run_reports_the_loss says "warning: $task dynaflow seed 1: dynaflow: the loss ends above its start"
check the_run_reports_the_floor says "warning: $task dynaflow seed 1: worse than random actions: tre_open_loop at K = 1 is "
check the_record_has_the_same_notes python3 -c "
import json, sys
cells = {r['method']: r for r in map(json.loads, open(sys.argv[1])) if r['type'] == 'cell'}
notes = cells['dynaflow']['notes']
assert [n.startswith('dynaflow: the loss ends above its start') for n in notes].count(True) == 1, notes
assert cells['random_action']['notes'] == []
row = lambda m: [r['value'] for r in cells[m]['rows'] if r['metric'] == 'tre_open_loop'][0]
mine, floor = row('dynaflow'), row('random_action')
assert mine > floor
note = [n for n in notes if n.startswith('worse than random')][0]
assert note.endswith('is %.4g, that of random_action on the same windows %.4g' % (mine, floor)), note
" "$scratch/run/events.jsonl"
check verify_accepts_the_record exits_with 0 verify "$scratch/run" --quiet
run report "$scratch/run"
check the_report_repeats_them_on_the_terminal says 'warning: DynaFlow, seed 1: dynaflow: the loss ends above'
check the_report_has_them_as_text grep -q '^- DynaFlow, seed 1: worse than random actions: ' "$scratch/run/report/tables.md"
check the_report_has_them_as_a_page grep -q '<li>DynaFlow, seed 1: dynaflow: the loss ends above' "$scratch/run/report/index.html"
check eval_reports_the_floor exits_with 0 eval $task --method dynaflow --checkpoint "$scratch/worse" "${small[@]}" "${worse[@]}" --json
check eval_reports_it_on_standard_error says "warning: $task: worse than random actions: tre_open_loop at K = 1 is "
check quiet_says_nothing exits_with 0 eval $task --method dynaflow --checkpoint "$scratch/worse" "${small[@]}" "${worse[@]}" --quiet
check standard_error_is_empty [ ! -s "$scratch/err" ]
finish
