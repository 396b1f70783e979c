#!/usr/bin/env bash
# The scripts of Slurm, ci/slurm_array.sbatch and ci/slurm_mpi.sbatch, on a Slurm of one node that this test starts on
# loopback, in a folder of its own. Where it cannot start, the test is skipped. Run by `make test-slurm`.
. tests/cli/check.sh
export DYNAFLOW=$program
mpi=${MPI_BUILD:-build-mpi}/dynaflow
case $mpi in /*) ;; *) mpi=$PWD/$mpi ;; esac

# ---- a Slurm of one node ----
slurm=$scratch/slurm
stop_slurm() {
  scancel --quiet --user=root 2>/dev/null
  for name in slurmd slurmctld munged; do [ -s "$slurm/$name.pid" ] && kill "$(cat "$slurm/$name.pid")" 2>/dev/null; done
  sleep 1
}
cannot() { skip "$(basename "$0")" "no Slurm starts here: $1"; exit 0; }
for tool in munged slurmctld slurmd sbatch srun; do
  PATH=$PATH:/usr/sbin command -v $tool >/dev/null || cannot "$tool is not installed (apt-get install slurm-wlm munge)"
done
[ "$(id -u)" -eq 0 ] || cannot "slurmd needs root"
PATH=$PATH:/usr/sbin
mkdir -p "$slurm"/{spool,state}
head -c 1024 /dev/urandom >"$slurm/key"
chmod 400 "$slurm/key"
read -r port1 port2 < <(python3 -c "
import socket
s = [socket.socket() for _ in range(2)]
for one in s: one.bind(('127.0.0.1', 0))
print(*(one.getsockname()[1] for one in s))")
cat >"$slurm/slurm.conf" <<END
ClusterName=test
SlurmctldHost=localhost(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$slurm/munge.sock
SlurmctldPort=$port1
SlurmdPort=$port2
SlurmctldPidFile=$slurm/slurmctld.pid
SlurmdPidFile=$slurm/slurmd.pid
SlurmdSpoolDir=$slurm/spool
StateSaveLocation=$slurm/state
SlurmctldLogFile=$slurm/slurmctld.log
SlurmdLogFile=$slurm/slurmd.log
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
MpiDefault=none
NodeName=localhost NodeAddr=127.0.0.1 NodeHostname=$(uname -n | cut -d. -f1) CPUs=4 State=UNKNOWN
PartitionName=main Nodes=localhost Default=YES MaxTime=INFINITE State=UP
END
export SLURM_CONF=$slurm/slurm.conf
trap 'stop_slurm; rm -rf "$scratch"' EXIT
munged --force --socket="$slurm/munge.sock" --key-file="$slurm/key" --pid-file="$slurm/munged.pid" \
  --log-file="$slurm/munged.log" --seed-file="$slurm/seed" || cannot "munged: $(tail -1 "$slurm/munged.log")"
slurmctld || cannot "slurmctld: $(tail -1 "$slurm/slurmctld.log")"
slurmd -N localhost || cannot "slurmd: $(tail -1 "$slurm/slurmd.log")"
for _ in $(seq 60); do [ "$(sinfo -h -o %T 2>/dev/null)" = idle ] && break; sleep 0.5; done
[ "$(sinfo -h -o %T)" = idle ] || cannot "the node is $(sinfo -h -o '%T %E'); $(tail -1 "$slurm/slurmd.log")"

# submit ARGUMENT...: waits for the job; its output is in $scratch/out, of array tasks one after the other
submit() {
  rm -f "$slurm"/job.*
  code=0
  timeout 300 sbatch --wait --output="$slurm/job.%a" "$@" >"$scratch/sbatch" 2>&1 || code=$?
  cat "$slurm"/job.* "$scratch/sbatch" >"$scratch/out" 2>/dev/null
}
submitted() { submit "$@"; [ "$code" -eq 0 ] || { echo "exit code $code"; cat "$scratch/out"; return 1; }; }

cp -r docs/examples/pendulum "$scratch"
(cd "$scratch/pendulum" && python3 make_data.py)
task=$scratch/pendulum
small=(--profile smoke --set train.batch=22 --set train.slices=6 --set net.width=16 --set net.depth=1 --set net.heads=2
  --set net.skip_hidden=16 --set eval.windows=8 --set eval.sae_windows=0 --set eval.chains=0 --set eval.sampler_steps=1)

# ---- an array of shards ----
plan=("$task" --method dynaflow,kinematic_fm --seed 1,2 "${small[@]}" --set train.steps=20)
check one_process_is_done exits_with 0 run "${plan[@]}" --quiet --out "$scratch/whole"
check an_array_is_done submitted --array=1-3 --cpus-per-task=1 ci/slurm_array.sbatch "${plan[@]}" --out "$scratch/array"
check every_array_task_wrote_its_shard [ "$(cd "$scratch/array" && echo events*)" = "events-1of3.jsonl events-2of3.jsonl events-3of3.jsonl" ]
check its_records_are_those_of_one_process python3 tests/cli/same_runs.py "$scratch/whole" "$scratch/array" 4
check verify_accepts_it exits_with 0 verify "$scratch/array"
submit --array=0-1 --cpus-per-task=1 ci/slurm_array.sbatch "${plan[@]}" --out "$scratch/zero"
check an_array_from_0_is_refused grep -q 'slurm_array: --array begins at 0: shards are counted from 1' "$scratch/out"
SHARDS=3 submit --array=2 --cpus-per-task=1 ci/slurm_array.sbatch "${plan[@]}" --out "$scratch/part"
check one_shard_of_three_is_submitted [ "$code $(cd "$scratch/part" && echo events*)" = "0 events-2of3.jsonl" ]

# ---- a training on ranks ----
DYNAFLOW=$mpi
training=(train "$task" --method dynaflow --seed 3 "${small[@]}" --set train.push=0.8 --set train.steps=600)
check a_training_of_one_process exits_with 0 "${training[@]}" --quiet --threads 1 --checkpoint "$scratch/one"
check a_training_on_3_ranks submitted --ntasks=3 --cpus-per-task=1 ci/slurm_mpi.sbatch "${training[@]}" --checkpoint "$scratch/three"
check it_has_3_ranks grep -q '^dynaflow: 3 ranks train together' "$scratch/out"
check its_weights_are_those_of_one_process cmp "$scratch/one" "$scratch/three"

# the signal at the end of its time: the state is saved, and other ranks go on
resumed=("${training[@]}" --checkpoint "$scratch/signalled/w" --resume --save-every 0)
sbatch --parsable --ntasks=4 --cpus-per-task=1 --output="$scratch/signalled.out" ci/slurm_mpi.sbatch "${resumed[@]}" >"$scratch/job"
for _ in $(seq 600); do ls "$scratch"/signalled/training/*/dynaflow.state.previous >/dev/null 2>&1 && break; sleep 0.05; done
scancel --signal=TERM "$(cat "$scratch/job")"
for _ in $(seq 600); do [ -z "$(squeue -h)" ] && break; sleep 0.1; done
check a_signal_ends_the_training grep -q '^dynaflow: dynaflow: interrupted at step [0-9]* of 600$' "$scratch/signalled.out"
check no_weights_yet [ ! -e "$scratch/signalled/w" ]
check two_ranks_go_on submitted --ntasks=2 --cpus-per-task=1 ci/slurm_mpi.sbatch "${resumed[@]}"
check they_continue grep -qE 'continues after step [1-9][0-9]* of 600$' "$scratch/out"
check with_the_bytes_of_one_process cmp "$scratch/one" "$scratch/signalled/w"
finish
