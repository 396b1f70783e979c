#!/usr/bin/env bash
# How a cell may end before it is done: over its time, over its memory, diverged, interrupted. Each is recorded under its
# own name, none counts as a result, and the next run tries again.
. tests/cli/check.sh
# slow
# serial: ends cells by limits of tenths of a second

cp -r docs/examples/pendulum "$scratch"
(cd "$scratch/pendulum" && python3 make_data.py)
task=$scratch/pendulum
plan=(run "$task" --profile smoke --threads 1 --quiet)
endless=(--set train.steps=1000000)
says() { grep -qE -- "$1" "$scratch/out" "$scratch/err" || { echo "no /$1/ in:"; cat "$scratch/out" "$scratch/err"; false; }; }
# records FOLDER PYTHON: a condition on `cells`, in the order of the record
records() {
  python3 - "$@" <<'PY'
import json, sys
cells = [r for r in map(json.loads, open(sys.argv[1] + '/events.jsonl')) if r['type'] == 'cell']
assert eval('(' + sys.argv[2] + ')'), [(r['method'], r['status'], r['reason'], r['limits']) for r in cells]
PY
}
obeys_the_schema() {
  python3 -c 'import jsonschema' 2>/dev/null || return 0
  python3 -c "
import json, jsonschema, sys
check = jsonschema.Draft202012Validator(json.load(open('results/schema.json')))
for line in open(sys.argv[1]): check.validate(json.loads(line))" "$1/events.jsonl"
}

# ---- time ----

slow=$scratch/slow
check a_cell_over_its_time_exits_3 exits_with 3 "${plan[@]}" --method dynaflow,random_action --out "$slow" "${endless[@]}" --cell-seconds 0.5
check a_cell_over_its_time_is_recorded_as_timeout records "$slow" "cells[0]['status'] == 'timeout' and cells[0]['limits'] == dict(seconds=0.5, memory_mib=None)"
check the_record_of_a_timeout_has_its_reason records "$slow" \
  "cells[0]['reason'].startswith('over 0.5 s (--cell-seconds); dynaflow: interrupted at step ') and 'rows' not in cells[0]"
check a_timeout_is_reported says '^dynaflow: pendulum dynaflow seed 1: timeout: over 0.5 s'
check a_cell_over_its_time_ends_soon records "$slow" "0.5 <= cells[0]['wall_s'] < 60"
check the_cells_after_a_timeout_run records "$slow" "(cells[1]['method'], cells[1]['status']) == ('random_action', 'done')"
check a_timeout_keeps_the_training_state bash -c "ls '$slow'/training/*/dynaflow.state"
check the_record_obeys_the_schema obeys_the_schema "$slow"
check verify_of_a_timeout_exits_3 exits_with 3 verify "$slow"
check verify_reports_the_timeout says 'timeout: over 0.5 s'
check report_refuses_a_timeout exits_with 3 report "$slow"
check report_names_the_timeout says 'pendulum smoke dynaflow seed 1 \(timeout\)'
check the_next_run_tries_again exits_with 3 "${plan[@]}" --method dynaflow,random_action --out "$slow" "${endless[@]}" --cell-seconds 0.5
check the_next_run_resumes_the_training records "$slow" "
[c['status'] for c in cells] == ['timeout', 'done', 'timeout'] and
int(cells[2]['reason'].split(' step ')[1].split()[0]) > int(cells[0]['reason'].split(' step ')[1].split()[0])"

# many attempts give the same result as one without a limit
whole=$scratch/whole pieces=$scratch/pieces
some=(--method dynaflow --set train.steps=150)
check without_a_limit_exits_0 exits_with 0 "${plan[@]}" --out "$whole" "${some[@]}"
attempts=0 code=3
while [ "$code" -eq 3 ] && [ "$attempts" -lt 100 ]; do
  run "${plan[@]}" --out "$pieces" "${some[@]}" --cell-seconds 0.3
  attempts=$((attempts + 1))
done
check attempts_come_to_an_end [ "$code" -eq 0 ]
check several_attempts_were_needed [ "$attempts" -gt 1 ]
check attempts_leave_the_weights_of_one_run diff -r "$whole/checkpoints" "$pieces/checkpoints"
check limits_are_not_part_of_the_key python3 -c "
import json, sys
last = [[json.loads(l) for l in open(f + '/events.jsonl')][-1] for f in sys.argv[1:]]
assert last[0]['status'] == last[1]['status'] == 'done' and last[0]['limits'] != last[1]['limits']
assert all(last[0][n] == last[1][n] for n in ('key', 'rows', 'samples')), last" "$whole" "$pieces"
check a_done_cell_leaves_no_training [ ! -e "$pieces/training" ]

# ---- damaged training states ----

# damaged NAME COMMAND: a training is stopped, COMMAND damages its states ($state, $previous), and the next run ends with
# the weights of an undisturbed one and reports what it did
damaged() {
  local out=$scratch/$1
  exits_with 3 "${plan[@]}" --out "$out" "${some[@]}" --cell-seconds 0.2 --save-every 0 || return 1
  state=$(ls "$out"/training/*/dynaflow.state) && previous=$state.previous && [ -e "$previous" ] || return 1
  eval "$2"
  exits_with 0 "${plan[@]}" --out "$out" "${some[@]}" && diff -r "$whole/checkpoints" "$out/checkpoints"
}
flip() { python3 -c "
import sys
data = bytearray(open(sys.argv[1], 'rb').read())
data[len(data) // 2] ^= 1
open(sys.argv[1], 'wb').write(data)" "$1"; }
check a_flipped_bit_costs_one_state damaged flipped 'flip "$state"'
check the_flipped_bit_is_reported says '^dynaflow: warning: .*/dynaflow.state: damaged training state: its content does not have its checksum; kept as .*/dynaflow\.state\.damaged$'
check the_step_that_it_goes_on_from_is_reported says '^dynaflow: warning: dynaflow: training continues from the previous state, step [1-9]'
check the_damaged_file_is_kept bash -c "ls '$scratch'/flipped/training/*/dynaflow.state.damaged"
check nothing_else_is_kept bash -c "[ \$(ls '$scratch'/flipped/training/* | wc -l) = 1 ]"
check cut_files_cost_the_training damaged cut 'truncate -s 1000 "$state"; truncate -s 0 "$previous"'
check starting_over_is_reported says '^dynaflow: warning: dynaflow: training starts over$'
# a file of an older program, with a counter of 1000000
old=../shared/cases/state_log_n_1000000.state
if [ -e "$old" ]; then
  check a_file_of_an_older_program_costs_the_training damaged old 'rm "$previous"; cat "$old" >"$state"'
  check an_older_file_is_reported says 'damaged training state: it has no checksum'
fi

measured=$scratch/measured
long=(--method random_action --set eval.chains=500 --set eval.windows=500 --set eval.chain_seconds=200)
check measuring_has_to_end_too exits_with 3 "${plan[@]}" --out "$measured" "${long[@]}" --cell-seconds 0.3
check an_evaluation_over_its_time_is_recorded_as_timeout records "$measured" "
cells[0]['status'] == 'timeout' and 'evaluation: interrupted' in cells[0]['reason'] and cells[0]['wall_s'] < 60"

# ---- memory ----

heavy=$scratch/heavy
check a_cell_over_its_memory_exits_3 exits_with 3 "${plan[@]}" --method dynaflow --out "$heavy" --cell-memory 8
check a_cell_over_its_memory_is_recorded_as_error records "$heavy" "
cells[0]['status'] == 'error' and cells[0]['limits'] == dict(seconds=None, memory_mib=8)"
check the_record_names_the_memory_in_use records "$heavy" \
  "8 < int(cells[0]['reason'].split(' MiB in use, over 8 MiB (--cell-memory); ')[0]) < 4096"
check a_cell_within_its_limits_is_done exits_with 0 "${plan[@]}" --method dynaflow --out "$heavy" --cell-memory 4096 --cell-seconds 600
check limits_are_recorded records "$heavy" "cells[1]['limits'] == dict(seconds=600, memory_mib=4096) and cells[1]['status'] == 'done'"
for bad in '--cell-seconds 0' '--cell-seconds x' '--cell-seconds -1' '--cell-memory 0' '--cell-memory nan'; do
  check "${bad// /_}_is_refused" refuses "${bad}: expected a number from" "${plan[@]}" --out "$scratch/none" $bad
done

# ---- divergence: a motor so strong that the pendulum's states are not finite ----

wild=$scratch/wild
cp -r "$task" "$scratch/wild_task"
sed -i 's/<motor /<motor gear="1e9" /' "$scratch/wild_task/pendulum.xml"
diverging=(run "$scratch/wild_task" --profile smoke --threads 1 --quiet --set action.half_range=1e6 --out "$wild")
check diverged_cells_exit_3 exits_with 3 "${diverging[@]}" --method dynaflow,random_action,kinematic_fm
check training_that_ends_without_a_loss_diverged records "$wild" \
  "cells[0]['status'] == 'diverged' and 'the loss is not finite at the end' in cells[0]['reason']"
check measuring_that_ends_without_a_number_diverged records "$wild" \
  "cells[1]['status'] == 'diverged' and 'none of 16 values of tre at K = 0 is finite' in cells[1]['reason']"
check a_method_without_simulation_is_done records "$wild" "(cells[2]['method'], cells[2]['status']) == ('kinematic_fm', 'done')"
check a_diverged_training_keeps_no_weights [ "$(ls "$wild/checkpoints" | wc -l)" = 1 ]
check the_record_of_a_divergence_obeys_the_schema obeys_the_schema "$wild"
check a_diverged_cell_is_tried_again exits_with 3 "${diverging[@]}" --method random_action
check report_refuses_a_diverged_cell exits_with 3 report "$wild"
# a single window that is not finite affects the status of a row, not of the cell
cat >"$scratch/bad.c" <<'C'
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "dynaflow/flow/method.h"
static const df_task* task;
static df_status create(const df_method_env* env, void** self) {
  task = env->task;
  *self = (void*)env;
  return DF_OK;
}
static void destroy(void* self) { (void)self; }
/* generates a constant state, NaN for the first window; waits as long as the file HANG exists */
static df_status sample(void* self, const df_request* r, double* x, double* u) {
  const size_t nx = (size_t)task->system->nx, H = (size_t)task->windows->horizon;
  (void)self, (void)u;
  for (size_t b = 0; b < (size_t)r->B; b++) {
    for (size_t t = 0; t <= H; t++) memcpy(x + (b * (H + 1) + t) * nx, r->x0 + b * nx, nx * sizeof *x);
  }
  for (size_t i = nx; i < (H + 1) * nx; i++) x[i] = NAN;
  if (access(HANG, F_OK) == 0) fclose(fopen(HANG ".seen", "w"));
  while (access(HANG, F_OK) == 0) nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
  return DF_OK;
}
const int df_plugin_version = DF_METHOD_VERSION;
const df_method df_plugin_method = {.name = "bad", .summary = "one bad window", .flags = DF_METHOD_IGNORES_SEED,
                                    .create = create, .destroy = destroy, .sample = sample};
C
check the_bad_method_compiles ${CC:-cc} -std=gnu17 -shared -fPIC -I lib/include "-DHANG=\"$scratch/hang\"" "$scratch/bad.c" \
  -L "$(dirname "$program")" -ldynaflow -Wl,-rpath,"$(dirname "$program")" -o "$scratch/bad.so"
some_bad=$scratch/some_bad
check a_window_that_is_nowhere_is_no_divergence exits_with 0 "${plan[@]}" --plugin "$scratch/bad.so" --method bad --out "$some_bad"
check the_row_counts_the_window_that_is_not_finite records "$some_bad" "
cells[0]['status'] == 'done' and [r['status'] for r in cells[0]['rows'] if r['metric'] == 'tre'] == ['1 of 16 not finite']"

# ---- signals ----

in_background() { "$program" "$@" >"$scratch/out" 2>"$scratch/err" </dev/null & pid=$!; }
waits_for() { for _ in $(seq 1200); do [ -e $1 ] && return 0; sleep 0.05; done; echo "no $1 after 60 s"; return 1; }
# works N: waits until the program in the background has used N more hundredths of a second of CPU time
cpu() { awk '{ sub(/^.*\) /, ""); print $12 + $13 }' "/proc/$pid/stat" 2>/dev/null; }
works() {
  local from now
  from=$(cpu)
  for _ in $(seq 1200); do
    now=$(cpu) && [ -n "$now" ] || { echo "the program has ended"; cat "$scratch/err"; return 1; }
    [ "$now" -ge $((from + $1)) ] && return 0
    sleep 0.05
  done
  echo "no $1 hundredths of a second of work in 60 s"
  return 1
}
# ends_with CODE SECONDS: the program in the background ends with this exit code within this time
ends_with() {
  local tick
  for tick in $(seq $(($2 * 20))); do kill -0 $pid 2>/dev/null || break; sleep 0.05; done
  kill -KILL $pid 2>/dev/null && { wait $pid; echo "still there after $2 s"; return 1; }
  code=0
  wait $pid || code=$?
  [ "$code" -eq "$1" ] || { echo "exit code $code, not $1"; cat "$scratch/err"; return 1; }
}

# demonstrations that take far longer than this test
generated=(go1_gaits --profile smoke --set data.episodes=500 --set data.seconds=20 --threads 1)
for signal in INT TERM HUP; do
  in_background run "${generated[@]}" --method random_action --data "$scratch/data" --out "$scratch/generated" --quiet
  check "the_run_before_SIG${signal}_begins" waits_for "$scratch/generated/lock"
  check "the_run_before_SIG${signal}_generates" works 50
  kill -$signal $pid
  check "SIG${signal}_ends_the_demonstrations_with_130" ends_with 130 20
  check "SIG${signal}_tells_how_far_they_were" says '^dynaflow: demonstrations: interrupted after [0-9]+ of 2000 episodes$'
  in_background data make "${generated[@]}" --data "$scratch/data" --quiet
  check "data_make_before_SIG${signal}_generates" works 50
  kill -$signal $pid
  check "SIG${signal}_ends_data_make_with_130" ends_with 130 20
done
check no_half_demonstrations_are_left [ -z "$(ls -A "$scratch/data" 2>/dev/null)" ]

for signal in INT TERM HUP; do
  folder=$scratch/evaluated-$signal
  in_background "${plan[@]}" --out "$folder" "${long[@]}"
  check "the_cell_before_SIG${signal}_begins" waits_for "$folder/training/*/lock"
  check "the_cell_before_SIG${signal}_measures" works 30
  kill -$signal $pid
  check "SIG${signal}_ends_an_evaluation_with_130" ends_with 130 20
  check "SIG${signal}_is_recorded" records "$folder" "[(c['status'], c['reason']) for c in cells] == [('interrupted', 'evaluation: interrupted')]"
  check "SIG${signal}_says_what_is_kept" says 'dynaflow: interrupted; 0 of 1 cells are done and kept in'
done
in_background eval "$task" --profile smoke --threads 1 "${long[@]}"
check eval_before_sigterm_measures works 30
kill -TERM $pid
check sigterm_ends_a_command_that_keeps_nothing_with_130 ends_with 130 5

# a method that ignores the stop flag: the program waits for it after the first signal, not after a second one
stubborn=$scratch/stubborn
hanging=("${plan[@]}" --plugin "$scratch/bad.so" --method random_action,bad --out "$stubborn")
touch "$scratch/hang"
in_background "${hanging[@]}"
check the_second_cell_hangs waits_for "$scratch/hang.seen"
cp "$stubborn/events.jsonl" "$scratch/before"
# both are delivered when the program goes on
kill -STOP $pid
kill -INT $pid
kill -TERM $pid
kill -CONT $pid
sleep 0.5
check signals_at_once_are_one kill -0 $pid
kill -INT $pid
check a_second_signal_ends_at_once_with_130 ends_with 130 2
check a_second_signal_leaves_the_record_unchanged cmp "$scratch/before" "$stubborn/events.jsonl"
rm "$scratch/hang"
check the_run_resumes_after_a_second_signal exits_with 0 "${hanging[@]}"
check the_resumed_run_is_complete records "$stubborn" "[(c['method'], c['status']) for c in cells] == [('random_action', 'done'), ('bad', 'done')]"
finish
