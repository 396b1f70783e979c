#!/usr/bin/env bash
# Work beside other processes: waiting threads sleep, unless the user wants otherwise, and the number of threads is what the
# process may use.
. tests/cli/check.sh

if ! ldd "$program" "$BUILD/libdynaflow.so" | grep -q libgomp; then
  skip waiting_threads_sleep "the program is not linked with libgomp, whose settings are shown by OMP_DISPLAY_ENV"
else
  # spins [SETTING=VALUE...]: the iterations after which a waiting thread sleeps
  spins() { env -u OMP_WAIT_POLICY -u GOMP_SPINCOUNT OMP_DISPLAY_ENV=verbose "$@" "$program" list tasks 2>&1 >/dev/null | sed -n "s/.*GOMP_SPINCOUNT = '\(.*\)'/\1/p" | tail -1; }
  check waiting_threads_sleep [ "$(spins)" = 0 ]
  check a_policy_of_the_user_is_kept [ "$(spins OMP_WAIT_POLICY=active)" != 0 ]
  check a_number_of_spins_of_the_user_is_kept [ "$(spins GOMP_SPINCOUNT=77)" = 77 ]
fi
check arguments_are_kept refuses "unknown command 'a  b'" 'a  b' '' "c'd"
check so_is_the_process python3 -c "
import subprocess, sys, os
env = {k: v for k, v in os.environ.items() if k not in ('OMP_WAIT_POLICY', 'GOMP_SPINCOUNT')}
task = subprocess.Popen([sys.argv[1], 'list', 'tasks'], env=env, stdout=subprocess.DEVNULL)
assert os.waitpid(task.pid, 0) == (task.pid, 0)
" "$program"

# one core of several: one thread, with the numbers of any other number
cp -r docs/examples/pendulum "$scratch"
(cd "$scratch/pendulum" && python3 make_data.py)
small=(--profile smoke --method dynaflow --set train.steps=4 --set net.width=12 --set net.heads=3 --set eval.windows=4
  --set eval.chains=0 --set eval.sae_windows=0 --set eval.sampler_steps=1 --quiet)
check a_process_of_one_core_takes_one_thread python3 -c "
import json, os, subprocess, sys
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
subprocess.run(sys.argv[2:] + ['--out', sys.argv[1]], check=True, stdout=subprocess.DEVNULL)
cell, = [r for r in map(json.loads, open(sys.argv[1] + '/events.jsonl')) if r['type'] == 'cell']
assert cell['provenance']['threads'] == 1, cell['provenance']
" "$scratch/one" "$program" run "$scratch/pendulum" "${small[@]}"
check four_threads_give_the_same_weights exits_with 0 run "$scratch/pendulum" "${small[@]}" --threads 4 --out "$scratch/four"
check byte_for_byte cmp "$(echo "$scratch"/one/checkpoints/*)" "$(echo "$scratch"/four/checkpoints/*)"
finish
