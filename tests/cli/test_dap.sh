#!/bin/bash
# DAP through the program: gates before the evaluation, diagnostics in record and report, ablations on one checkpoint.
. tests/cli/check.sh

tiny=(detour --profile smoke --threads 1 --data "$scratch/data" --set data.episodes=15 --set train.steps=4 --set dap.steps=4
  --set dap.random_episodes=20 --set eval.windows=4 --set eval.chains=2 --set eval.sae_windows=1 --set eval.sampler_steps=2)
out=$scratch/run

check a_run_of_the_policies_exits_0 exits_with 0 run "${tiny[@]}" --method dap,bc,act_chunk --seed 1 --out "$out"
cp "$scratch/err" "$scratch/run.err"

# the gates are printed before the evaluation; hardly trained models fail them, and say what follows
gates_come_first() {
  awk '/dap seed 1: gate /{n++} /dap seed 1: evaluating/{if (n != 3) exit 1; seen = 1} END{exit !seen}' "$scratch/run.err"
}
check three_gates_are_printed_before_the_evaluation gates_come_first
check a_gate_that_fails_says_what_follows grep -qE 'gate dynamics_uses_actions: FAILED \(.*\): .*mutual correction cannot help' "$scratch/run.err"
check quiet_prints_no_gate bash -c "! '$program' run ${tiny[*]} --method dap --seed 2 --quiet --out '$scratch/quiet' 2>&1 | grep -q gate"

# the record and the report
record_has_them() {
  python3 - "$out/events.jsonl" <<'PY'
import json, sys
cells = {r['method']: r for r in map(json.loads, open(sys.argv[1])) if r['type'] == 'cell'}
d = cells['dap']['diagnostics']
assert [g['name'] for g in d['gates']] == ['dynamics_beats_copying', 'dynamics_uses_actions', 'next_state_informs_policy'], d
assert [c['name'] for c in d['curves']] == ['extrapolated_action', 'extrapolated_next_state'], d
assert all(c['flow_time'] == [i / 8 for i in range(8)] and len(c['value']) == 8 for c in d['curves']), d
failed = [g for g in d['gates'] if not g['passed']]
assert failed and all(any(g['sentence'] in n for n in cells['dap']['notes']) for g in failed), cells['dap']['notes']
assert 'diagnostics' not in cells['bc'] and 'diagnostics' not in cells['act_chunk']
assert [c['name'] for c in cells['dap']['training']['curves']] == ['dap', 'dap_dynamics']
assert [f['path'].split('.', 1)[1] for f in cells['dap']['training']['files']] == ['safetensors', 'safetensors.dynamics']
PY
}
check the_record_has_gates_curves_notes_and_files record_has_them
check the_report_is_written exits_with 0 report "$out"
check the_report_has_the_gates grep -qE '^\| DAP \| 1 \| dynamics_uses_actions \|.*\| (passed|failed) \|$' "$out/report/tables.md"
check the_report_has_the_curves grep -qE '^\| DAP \| 1 \| extrapolated_next_state \|.*state that does not change \|$' "$out/report/tables.md"
check the_page_has_them grep -q '<h3>Diagnostics</h3>' "$out/report/index.html"
check the_run_is_verified exits_with 0 verify "$out" --data "$scratch/data"

# one checkpoint, three ways to use it
checkpoint=$(ls "$out"/checkpoints/*.dynamics)
checkpoint=${checkpoint%.dynamics}
for feedback in none once mutual; do
  "$program" eval "${tiny[@]}" --method dap --seed 1 --checkpoint "$checkpoint" --set dap.feedback=$feedback \
    >"$scratch/$feedback" 2>"$scratch/$feedback.err"
done
tre_of() { awk '$5 == "tre"{print $7}' "$scratch/$1"; }
differ() { [ -n "$(tre_of "$1")" ] && [ "$(tre_of "$1")" != "$(tre_of "$2")" ]; }
check once_is_not_none differ once none
check mutual_is_not_once differ mutual once
check eval_prints_the_gates grep -q 'gate next_state_informs_policy' "$scratch/mutual.err"
check without_feedback_there_are_none bash -c "! grep -q gate '$scratch/none.err'"

# a policy that was trained alone has no dynamics to sample with
check a_policy_alone_is_trained exits_with 0 train "${tiny[@]}" --method dap --set dap.feedback=none --checkpoint "$scratch/alone"
check it_has_no_dynamics [ ! -e "$scratch/alone.dynamics" ]
check it_is_missed_by_name misses 'alone\.dynamics' eval "${tiny[@]}" --method dap --checkpoint "$scratch/alone"

finish
