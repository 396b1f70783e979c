#!/usr/bin/env bash
# A task whose dynamics are in closed form: recordings of a program in Python follow, those of other equations do not; what
# MuJoCo's model alone has is refused in one sentence.
. tests/cli/check.sh

recorded=$scratch/recorded.npz unit=$scratch/unit.npz
check a_recording_is_made python3 tests/independent/quadcopter.py RECORDING "$recorded"
check a_recording_of_other_equations_is_made python3 tests/independent/quadcopter.py RECORDING "$unit" unit
of() { echo "--set data.file=$1 --set data.sha256= --set eval.windows=8 --set eval.chains=4 --threads 1"; }

# ---- replay ----

replayed() { # VERDICT ARGUMENT...: the last row of the output
  local verdict=$1
  shift
  run replay quadcopter "$@"
  tail -1 "$scratch/out" | grep -qx "verdict: $verdict" || { cat "$scratch/out" "$scratch/err"; return 1; }
}
# shellcheck disable=SC2046
check a_recording_follows replayed follows $(of "$recorded")
# shellcheck disable=SC2046
check normalised_quaternions_are_other_dynamics replayed 'another model' $(of "$unit")
# shellcheck disable=SC2046
check half_the_step_is_another_option replayed 'another option' $(of "$recorded") --set system.timestep=0.005 --set system.substeps=2
# shellcheck disable=SC2046
check the_data_are_clean exits_with 0 data check quadcopter $(of "$recorded")
check the_check_compares_the_actions grep -qE ' replay +ok ' "$scratch/out"

# ---- gradients ----

# shellcheck disable=SC2046
check the_gradient_holds exits_with 0 gradcheck quadcopter $(of "$recorded") --json
check the_gradient_is_exact python3 -c "
import json
rows = {r['metric']: r for r in json.load(open('$scratch/out'))['rows']}
assert rows['error_median']['value'] < 1e-8 and rows['rollout_error_max']['value'] < 1e-7, rows
assert not any(name.startswith('kinks_near.') and name != 'kinks_near.unnamed' for name in rows), rows"
# shellcheck disable=SC2046
check the_adjoint_is_timed exits_with 0 bench adjoint quadcopter $(of "$recorded") --json
check it_has_no_rows_of_constraints python3 -c "
import json
row = json.load(open('$scratch/out'))['rows'][0]
assert row['vjp_us'] > 0 and not row.get('transitionfd_us') and not row.get('rows'), row"

# ---- a run ----

# shellcheck disable=SC2046
check a_run_exits_0 exits_with 0 run quadcopter --profile smoke --method random_action,replay_demo --seed 0 $(of "$recorded") \
  --quiet --out "$scratch/run"
check its_numbers python3 -c "
import json
rows = {}
for line in open('$scratch/run/events.jsonl'):
    record = json.loads(line)
    for row in record.get('rows', []): rows[record.get('method'), row['metric']] = row['value']
assert rows['replay_demo', 'tre_open_loop'] < 1e-12, rows
assert rows['random_action', 'tre_open_loop'] > 0.2, rows
assert rows['random_action', 'sae_own'] < 1e-14, rows
assert rows['random_action', 'effort.physics_steps'] == 8 * 24 and rows['random_action', 'effort.constraint_rows'] == 0, rows
names = {name for method, name in rows}
assert 'jerk' in names, names
for left_out in ('root_residual', 'penetration', 'self_collision', 'torque_limit', 'power', 'slip', 'joint_limit'):
    assert left_out not in names, left_out"
# shellcheck disable=SC2046
check it_is_verified exits_with 0 verify "$scratch/run" --threads 1

# ---- a file of motions ----

# shellcheck disable=SC2046
check motions_are_sampled exits_with 0 sample quadcopter --profile smoke --method random_action --seconds 0.5 --quiet \
  --out "$scratch/motions.npz" $(of "$recorded")
# the text of a file is no program of MuJoCo's step, which is not the step of this system, and names the command
readme() {
  python3 - "$scratch/motions.npz" <<'PY'
import sys, zipfile
npy = zipfile.ZipFile(sys.argv[1]).read('README.npy')
words = npy[10 + int.from_bytes(npy[8:10], 'little'):].decode('utf-32-le')
assert all(line.startswith('#') for line in words.split('\n') if line) and 'mj_step' not in words, words
assert '# MuJoCo does not step this system' in words and 'system.dynamics = quadcopter' in words, words
[command] = [line for line in words.split('\n') if 'dynaflow ' in line]
assert command == '#   dynaflow score quadcopter motions.npz --out RUN', command
PY
}
check their_text_says_that_mujoco_does_not_step_them readme
# shellcheck disable=SC2046
check the_command_of_the_text_replays_them exits_with 0 score quadcopter "$scratch/motions.npz" --out "$scratch/scored" --quiet $(of "$recorded")
check the_states_follow python3 -c "
import json
rows = [row for line in open('$scratch/scored/events.jsonl') for row in json.loads(line).get('rows', [])]
[sae] = [row['value'] for row in rows if row['metric'] == 'sae_own']
assert sae < 1e-14, sae"

# ---- what there is not ----

# shellcheck disable=SC2046
sample() { exits_with 0 optimise quadcopter --clip 3 --out "$scratch/clip.npz" $(of "$recorded") --quiet; }
check a_clip_is_optimised sample
transfer() { transfer_arguments="transfer quadcopter $scratch/clip.npz $(of "$recorded")"; }
transfer
for perturbation in mass friction gain damping; do
  # shellcheck disable=SC2086
  check "${perturbation}_cannot_be_perturbed" refuses "^dynaflow: --$perturbation: system.dynamics = quadcopter has none of the numbers" \
    $transfer_arguments --$perturbation 0.9
done
# options that take a word, and the very model of the task, which MuJoCo would step
for change in cone=elliptic condim=4; do
  # shellcheck disable=SC2086
  check "another_${change%=*}_is_refused" refuses "^dynaflow: --${change%=*}: system.dynamics = quadcopter has none of the numbers of MuJoCo's model that are replaced" \
    $transfer_arguments "--$change"
done
# shellcheck disable=SC2086
check mujocos_step_is_refused refuses "^dynaflow: --model tasks/quadcopter/quadcopter.xml: MuJoCo's step of a model is not system.dynamics = quadcopter" \
  $transfer_arguments --model tasks/quadcopter/quadcopter.xml
# shellcheck disable=SC2086
check latency_can exits_with 0 $transfer_arguments --latency 0.01
# without options only what the system has; nothing that was not typed is refused
# shellcheck disable=SC2086
check no_option_is_needed exits_with 0 $transfer_arguments --json --export "$scratch/robot"
check latencies_are_left python3 -c "
import json
seen = dict.fromkeys((r['perturbation'], r['level']) for r in json.load(open('$scratch/out'))['rows'])
assert set(seen) <= {('none', None), ('latency', .01)} and ('latency', .01) in seen, list(seen)"
check a_note_says_so grep -q '^note: mass, friction and gain are left out: dynamics in closed form' "$scratch/err"
check the_targets_are_exported test -e "$(echo "$scratch"/robot/*.npz)"
for option in integrator=RK4 solver=CG tolerance=1e-9 margin_rule=max contacts=approximate gradient=differences; do
  check "${option%=*}_is_refused" refuses 'cannot be used with system.dynamics = quadcopter' data info quadcopter --set "system.$option"
done
check another_model_is_refused refuses 'needs a model with one free joint.*it has nq 19' \
  data info go1_gaits --set system.dynamics=quadcopter --set system.tolerance=0 --set system.integrator=model
check unknown_dynamics_are_refused refuses 'system.dynamics' data info quadcopter --set system.dynamics=rocket

finish
