#!/usr/bin/env bash
# Ranks of MPI train the bytes of one process: weights, curves, records; also when a rank is killed and the training goes
# on with another number of ranks. Compares $MPI_BUILD/dynaflow (make MPI=1) under mpirun with the program without MPI.
# KILLS is the number of kills (default 6). Run by `make test-mpi`, not by `make test`.
. tests/cli/check.sh
mpi=${MPI_BUILD:-build-mpi}/dynaflow
kills=${KILLS:-6}
# one machine: no remote shell, root is allowed, as many ranks as are asked for
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_plm=isolated OMPI_MCA_rmaps_base_oversubscribe=1
export OMPI_MCA_hwloc_base_binding_policy=none OMPI_MCA_btl_vader_single_copy_mechanism=none OMP_WAIT_POLICY=passive

# ranks N ARGUMENT...: the program on N ranks; a hanging one is ended
ranks() {
  code=0
  timeout -k 5 120 mpirun -n "$1" "$mpi" "${@:2}" >"$scratch/out" 2>"$scratch/err" </dev/null || code=$?
}
ranks_exit_with() { # CODE N ARGUMENT...
  ranks "${@:2}"
  [ "$code" -eq "$1" ] || { echo "exit code $code, not $1"; cat "$scratch/err"; return 1; }
}
# ours: the lines that the program printed, without mpirun's
ours() { grep -hE '^dynaflow' "$scratch/err" "$scratch/out"; }

cp -r docs/examples/pendulum "$scratch"
(cd "$scratch/pendulum" && python3 make_data.py)
task=$scratch/pendulum
small=(--seed 3 --profile smoke --threads 1 --set train.batch=22 --set train.slices=6 --set train.push=0.8 --set net.width=16
  --set net.depth=1 --set net.heads=2 --set net.skip_hidden=16 --set inverse.steps=30 --set inverse.batch=32 --set inverse.width=32
  --set recover.rounds=2 --set recover.steps=20 --set recover.pool=200 --set recover.residual_limit=1000 --set eval.windows=8
  --set eval.sae_windows=0 --set eval.chains=0 --set eval.sampler_steps=1)
methods=dynaflow,dynaflow_tracking,kinematic_fm_idm,action_fm,dynaflow_recovered,action_fm_recovered
plan=(run "$task" --method $methods "${small[@]}" --set train.steps=30 --set train.accumulate=2 --set split.validation_every=3
  --set train.validate_every=7 --set train.keep=best_validation)

# ---- the same bytes ----
same_weights() { # FOLDER FOLDER
  diff <(cd "$1/checkpoints" && sha256sum -- *) <(cd "$2/checkpoints" && sha256sum -- *)
}
same_runs() { python3 tests/cli/same_runs.py "$1" "$2" 6 && same_weights "$1" "$2"; }
check one_process_is_done exits_with 0 "${plan[@]}" --out "$scratch/whole"
for n in 1 2 4; do
  check "${n}_ranks_are_done" ranks_exit_with 0 "$n" "${plan[@]}" --out "$scratch/by$n"
  check "${n}_ranks_give_the_bytes_of_one_process" same_runs "$scratch/whole" "$scratch/by$n"
done
grep -c '4 ranks train together' "$scratch/err" >"$scratch/count"
check only_rank_0_prints [ "$(cat "$scratch/count") $(grep -c '^6 cells: 6 run' "$scratch/out")" = "1 1" ]
check verify_accepts_their_run exits_with 0 verify "$scratch/by4"
check the_record_has_the_number_of_ranks python3 -c "
import json, sys
for folder, ranks in ((sys.argv[1], 4), (sys.argv[2], None)):
    cells = [r for r in map(json.loads, open(folder + '/events.jsonl')) if r['type'] == 'cell']
    assert len(cells) == 6 and all(c['provenance'].get('ranks') == ranks for c in cells), folder
    assert all(c['train_cpu_s'] > 0 for c in cells)
" "$scratch/by4" "$scratch/whole"

# ---- killed and resumed ----
long=(train "$task" --method dynaflow "${small[@]}" --set train.steps=600)
check an_uninterrupted_training exits_with 0 "${long[@]}" --quiet --checkpoint "$scratch/whole.weights"
resumed=("${long[@]}" --checkpoint "$scratch/killed/w" --resume --save-every 0)
children() { cat "/proc/$1/task/$1/children" 2>/dev/null; }
# some steps, and then a rank is killed, any of them
kill_one() { # N
  local pid victim seen code=0
  seen=$(stat -c %Y.%i "$scratch"/killed/training/*/dynaflow.state 2>/dev/null)
  timeout -k 5 120 mpirun -n "$1" "$mpi" "${resumed[@]}" >/dev/null 2>&1 </dev/null & pid=$!
  for _ in $(seq 1200); do
    [ "$(stat -c %Y.%i "$scratch"/killed/training/*/dynaflow.state 2>/dev/null)" != "$seen" ] && break
    kill -0 $pid 2>/dev/null || return 1
    sleep 0.05
  done
  sleep 0.0$((RANDOM % 10))
  # timeout -> mpirun -> ranks
  read -ra victim < <(children $pid)
  read -ra victim < <(children "${victim[0]:-0}")
  [ ${#victim[@]} -eq "$1" ] && kill -KILL "${victim[RANDOM % $1]}" 2>/dev/null && killed=$((killed + 1))
  wait $pid || code=$?
  [ "$code" -ne 124 ] && [ "$code" -ne 0 ]
}
RANDOM=5 killed=0 hung=0
for i in $(seq "$kills"); do
  [ -e "$scratch/killed/w" ] && break
  kill_one $((i % 3 + 2)) || hung=$((hung + 1))
done
echo "# $killed ranks killed"
check ranks_were_killed [ "$killed" -ge 2 ]
check a_killed_rank_ends_all [ "$hung" -eq 0 ]
check killed_trainings_wrote_no_weights [ ! -e "$scratch/killed/w" ]
check resumed_by_3_ranks_it_ends ranks_exit_with 0 3 "${resumed[@]}"
check it_continued grep -qE 'continues after step [1-9][0-9]* of 600$' "$scratch/err"
check its_weights_are_those_of_the_whole cmp "$scratch/whole.weights" "$scratch/killed/w"
check no_state_is_left [ "$(ls "$scratch/killed")" = w ]

# what ranks have begun, one process ends
rm -rf "$scratch/killed"
kill_one 3
check one_process_goes_on_after_ranks exits_with 0 "${resumed[@]}"
check it_went_on grep -qE 'continues after step [1-9][0-9]* of 600$' "$scratch/err"
check with_the_same_bytes cmp "$scratch/whole.weights" "$scratch/killed/w"

# ---- failures ----
one_message() { # CODE PATTERN: all ended with this exit code and one line, which matches
  [ "$code" -eq "$1" ] || { echo "exit code $code"; cat "$scratch/err"; return 1; }
  ours | grep -v 'ranks train together' >"$scratch/lines"
  [ "$(wc -l <"$scratch/lines")" -eq 1 ] && grep -qE "$2" "$scratch/lines" || { cat "$scratch/err"; return 1; }
}
quick=(train "$task" --method dynaflow "${small[@]}" --set train.steps=20 --checkpoint "$scratch/w")
ranks 2 "${quick[@]}" --set train.slices=1
check more_ranks_than_micro_batches one_message 2 'dynaflow: 2 ranks, but a batch has 1 micro-batches: start at most 1, or raise train.slices$'
ranks 2 train "$task" --method kinematic_fm "${small[@]}" --checkpoint "$scratch/w" --set train.steps=60 --set train.rate=1 \
  --set train.clip=0 --set train.abort_points=3 --set train.abort_rise=1.2
check a_training_that_diverges one_message 3 'dynaflow: kinematic_fm: aborted at step [0-9]+'
ranks 1 "${quick[@]}" : -n 1 "$mpi" "${quick[@]}" --set train.rate=0.1
check another_command_at_one_rank one_message 2 'dynaflow: rank 1: pendulum dynaflow seed 3 has the key [0-9a-f]{16}, at rank 0 [0-9a-f]{16}: give all ranks the same command'
ranks 1 "${quick[@]}" : -n 1 "$mpi" "${quick[@]}" --blas-kernel none
check a_kernel_that_one_rank_lacks one_message 3 'dynaflow: rank 1: kernel none requested, but '
ranks 1 "${plan[@]}" --out "$scratch/shards" --shard 1/2 : -n 1 "$mpi" "${plan[@]}" --out "$scratch/shards" --shard 2/2
check shards_that_were_taken_for_ranks one_message 2 'dynaflow: rank 1: --shard 2/2, at rank 0 1/2: ranks work on one shard; start several with srun --mpi=none$'
check no_weights_after_a_failure [ ! -e "$scratch/w" ]

# ---- commands that do not train ----
ranks 2 list tasks
check rank_0_alone_lists [ "$code $(grep -c '^task *go1_gaits ' "$scratch/out")" = "0 1" ]
ranks 2 train "$task" --method nothing --checkpoint "$scratch/w"
check rank_0_alone_refuses [ "$(grep -c "unknown method 'nothing'" "$scratch/err")" = 1 ]
check with_the_exit_code_of_the_program [ "$code" -eq 2 ]
finish
