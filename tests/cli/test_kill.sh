#!/usr/bin/env bash
# A run that is killed (SIGKILL) at random moments and restarted until it is done must leave the same bytes as an
# uninterrupted run: weights, metrics, curves. KILLS is the number of kills (default 8; 50 takes a few minutes).
set -u
# slow
# serial: kills at moments of a time that it measures, with two threads
program=${BUILD:-build}/dynaflow
kills=${KILLS:-8}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failed=0
check() { # name, command...
  local name=$1
  shift
  if "$@" >"$scratch/output" 2>&1; then echo "ok $name"; else echo "not ok $name"; sed 's/^/    /' "$scratch/output"; failed=1; fi
}

plan=(run go1_gaits --profile smoke --method dynaflow_tracking,kinematic_fm,kinematic_fm_idm --seed 1 --threads 2 --quiet
  --data "$scratch/data" --save-every 0.01 --set data.episodes=10 --set data.seconds=2 --set window.first=20
  --set window.last=0 --set train.steps=30 --set train.batch=16 --set train.slices=4 --set train.accumulate=2
  --set train.warmup=5 --set train.schedule=cosine --set split.validation_every=3 --set train.validate_every=4
  --set train.validate_windows=8 --set train.keep=best_validation --set net.width=16 --set net.depth=1 --set net.heads=2
  --set net.skip_hidden=16 --set inverse.steps=30 --set inverse.batch=32 --set inverse.width=32 --set inverse.depth=1 --set eval.windows=8
  --set eval.sae_windows=0 --set eval.chains=0 --set eval.sampler_steps=1)

compare() { python3 tests/cli/same_runs.py "$1" "$2" 3; }

check the_untouched_run_is_done "$program" "${plan[@]}" --out "$scratch/whole"

same_checkpoints() {
  local n=0
  for file in "$scratch"/whole/checkpoints/*; do
    cmp "$file" "$scratch/killed/checkpoints/$(basename "$file")" || return 1
    n=$((n + 1))
  done
  [ "$n" -eq 4 ]
}
nothing_left() {
  local left
  left=$(find "$scratch/killed/training" -name '*.state' 2>/dev/null)
  [ -z "$left" ] || { echo "left behind: $left"; return 1; }
}
same_as_whole() { compare "$scratch/whole" "$scratch/killed" && same_checkpoints && nothing_left; }

# kill at random moments within the duration of the plan, drawn from a fixed seed; a plan that ends in spite of the kills
# is compared, and the next one begins
RANDOM=7
begin=$(date +%s%N)
"$program" "${plan[@]}" --out "$scratch/timed" >/dev/null 2>&1
milliseconds=$((($(date +%s%N) - begin) / 1000000))
killed=0 finished=0 differ=0
while [ "$killed" -lt "$kills" ] && [ "$finished" -lt $((3 * kills)) ]; do
  "$program" "${plan[@]}" --out "$scratch/killed" >/dev/null 2>&1 &
  pid=$!
  moment=$((RANDOM * milliseconds / 32768))
  sleep $((moment / 1000)).$(printf '%03d' $((moment % 1000)))
  if kill -KILL $pid 2>/dev/null; then
    killed=$((killed + 1))
    wait $pid 2>/dev/null
    continue
  fi
  wait $pid
  finished=$((finished + 1))
  same_as_whole >"$scratch/why" 2>&1 || { differ=$((differ + 1)); sed 's/^/# /' "$scratch/why"; }
  rm -rf "$scratch/killed"
done
check every_kill_was_one [ "$killed" -ge "$kills" ]
check plans_that_ended_under_fire_are_the_same [ "$differ" -eq 0 ]
check the_killed_run_is_finished_by_one_more_start "$program" "${plan[@]}" --out "$scratch/killed"
check "killed_at_random_moments_and_resumed_gives_the_same_bytes" same_as_whole
echo "# $killed kills, $finished plans ended in between"

# the same for two shards, one process each on one folder, killed at different moments
both() { # both SECONDS: kills each after as long; without an argument they run to their end
  local pids=() pid codes=0
  for shard in 1/2 2/2; do
    "$program" "${plan[@]}" --out "$scratch/killed" --shard $shard >>"$scratch/shards" 2>&1 & pids+=($!)
  done
  for pid in "${pids[@]}"; do
    if [ $# -gt 0 ]; then sleep "$1"; kill -KILL "$pid" 2>/dev/null && shards_killed=$((shards_killed + 1)); fi
    wait "$pid" 2>/dev/null || codes=1
  done
  return $codes
}
rm -rf "$scratch/killed"
shards_killed=0
for _ in $(seq $(((kills + 1) / 2))); do both 0.$(printf '%03d' $((RANDOM % (milliseconds < 900 ? milliseconds : 900)))); done
check shards_were_killed [ "$shards_killed" -ge 1 ]
check killed_shards_are_finished_by_one_more_start both
check shards_killed_at_random_moments_give_the_same_bytes same_as_whole

# the comparison can fail: one number of one record
sed 's/"value":0\.\([0-9]\)/"value":1.\1/' "$scratch/whole/events.jsonl" >"$scratch/changed" && mkdir "$scratch/other" &&
  cp "$scratch/changed" "$scratch/other/events.jsonl"
check a_changed_number_would_be_noticed bash -c "! $(declare -f compare); ! compare '$scratch/whole' '$scratch/other'"
exit $failed
