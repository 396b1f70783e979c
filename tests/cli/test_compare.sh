#!/usr/bin/env bash
# Comparisons: paired on the same start states; too few or different seeds and what is not comparable are reported.
. tests/cli/check.sh
# slow

# make_run NAME [CHANGE]: a synthetic run, changed by Python on `cells`, a list of records of methods a, b and floor with seeds 1 2 3
make_run() {
  mkdir -p "$scratch/runs/$1"
  CHANGE=${2:-} python3 - "$scratch/runs/$1/events.jsonl" <<'PYTHON'
import json, math, os, sys

def values(method, seed, shift):
    # difficulty of the start state, level of the method, noise of the seed
    return [1 + 0.5 * math.sin(5 * w) + {"a": 0, "b": 0.1, "floor": 2}[method] + 0.02 * math.sin(3 * w + seed) + shift
            for w in range(40)]

def cell(method, seed):
    falls = [int(w < {"a": 1, "b": 9, "floor": 20}[method]) for w in range(20)]
    samples = []
    for k in ([0] if method == "floor" else [1, 5]):
        samples += [{"metric": "tre", "k": k, "values": values(method, seed, 0 if k < 5 else -0.05)},
                    {"metric": "sae_own", "k": k, "values": [0.0] * 40},
                    {"metric": "fall_rate", "k": k, "values": falls}]
    return {"schema": 1, "type": "cell", "key": "", "status": "done", "reason": "", "task": "t", "method": method,
            "seed": seed, "profile": "full", "model_sha256": "m" * 64, "data_sha256": "d" * 64,
            "windows_sha256": "0123456789abcdef" * 4,
            "config": {"task.version": "1", "eval.windows": "40", "train.rate": method},
            "provenance": {"mujoco": "3.17.0"},
            "rows": [{"metric": s["metric"], "k": s["k"], "value": sum(s["values"]) / len(s["values"]), "unit": "std",
                      "n": len(s["values"]), "lo": None, "hi": None, "status": "ok"} for s in samples],
            "samples": samples}

cells = [cell(m, s) for m in ("a", "b", "floor") for s in (1, 2, 3)]
plan = {"schema": 1, "type": "plan", "profile": "full",
        "cells": [{"task": "t", "method": c["method"], "seed": c["seed"]} for c in cells]}
def of(method, seed=None):
    return [c for c in cells if c["method"] == method and seed in (None, c["seed"])]
def samples(c, metric, k=1):
    return next(s for s in c["samples"] if s["metric"] == metric and s["k"] == k)["values"]
exec(os.environ["CHANGE"])
with open(sys.argv[1], "w") as f:
    for record in [plan] + cells:
        f.write(json.dumps(record) + "\n")
PYTHON
}
runs=$scratch/runs
# rows CODE PYTHON ARGUMENT...: the exit code, and a condition on the rows that --json prints (`r`: the first of tre, K = 1)
rows() {
  local wanted=$1 condition=$2
  shift 2
  exits_with "$wanted" compare --json "$@" && python3 -c "
import json, sys
rows = json.load(open(sys.argv[1]))['rows']
def row(metric, k=1): return next(r for r in rows if (r['metric'], r['k']) == (metric, k))
assert $condition, rows" "$scratch/out"
}

make_run one
check method_against_method exits_with 0 compare "$runs/one" --method a,b
check the_table_names_a_winner grep -qE '^tre .*A is better' "$scratch/out"
check the_table_says_how_many_comparisons_were_made grep -q 'adjusted for the 4 tests made here' "$scratch/out"
check equal_values_name_no_winner grep -qE '^sae_own .*both are 0 up to rounding' "$scratch/out"
# by hand: the methods differ by 0.1 on every start state; 8 of 20 chains fall with b only: 2 / 2^8 of McNemar, but over 3 seeds
# t = 0.4 / sqrt(1.5 x 0.24 / 20) = 2.98 with 2 degrees of freedom, p = 1 - t / sqrt(2 + t^2), which is the third of 6
check the_difference_is_that_of_the_records rows 0 \
  "len(rows) == 6 and abs(row('tre')['value'] + 0.1) < 1e-12 and row('tre')['lo'] <= row('tre')['value'] <= row('tre')['hi'] \
   and row('tre')['n'] == 120 and row('tre')['seeds'] == 3 and row('tre')['winner'] == 'a' and row('tre')['unit'] == 'std'" \
  "$runs/one" --method a,b
check pairing_makes_the_interval_narrow rows 0 "row('tre')['hi'] - row('tre')['lo'] < 1e-6" "$runs/one" --method a,b
check falls_are_tested_by_mcnemar rows 0 \
  "(row('fall_rate')['only_a'], row('fall_rate')['only_b']) == (0, 8) and abs(row('fall_rate')['p'] - 0.0969) < 0.003 \
   and abs(row('fall_rate')['value'] + 0.4) < 1e-12" "$runs/one" --method a,b
check p_values_are_adjusted_for_all rows 0 \
  "all(r['tests'] == 4 and (r['metric'] == 'sae_own' or r['p_holm'] >= r['p']) for r in rows) and row('sae_own')['p_holm'] is None \
   and abs(row('fall_rate')['p_holm'] - 2 * 0.0969) < 0.006" "$runs/one" --method a,b
check swapped_sides_are_the_negative rows 0 \
  "abs(row('tre')['value'] - 0.1) < 1e-12 and row('tre')['winner'] == 'b' and row('tre')['improvement'] < 0.5" \
  "$runs/one" --method b,a
check a_method_without_sampler_meets_every_k rows 0 \
  "[r['k'] for r in rows if r['metric'] == 'tre'] == [1, 5] and row('tre', 5)['improvement'] == 1" "$runs/one" --method a,floor
cp "$scratch/out" "$scratch/first"
"$program" compare --json "$runs/one" --method a,floor >"$scratch/second"
check the_same_bytes_again cmp "$scratch/first" "$scratch/second"

# run against run: a better by 0.02 in two, each method against the same method
make_run two 'for c in of("a"): s = samples(c, "tre"); s[:] = [v - 0.02 for v in s]'
check run_against_run rows 0 \
  "len(rows) == 15 and row('tre')['method'] == 'a' and abs(row('tre')['value'] - 0.02) < 1e-12 and row('tre')['winner'] == 'b'" \
  "$runs/one" "$runs/two"
check a_run_against_itself_has_no_winner rows 0 "not any(r['winner'] for r in rows) and all(r['value'] == 0 for r in rows)" \
  "$runs/one" "$runs/one"
check two_runs_two_methods rows 0 "row('tre')['method'] == 'b - a' and abs(row('tre')['value'] - 0.12) < 1e-12" \
  "$runs/one" "$runs/two" --method b,a

# planted fault: the start states of one record shifted by one; the difference stays, its interval widens
make_run shuffled 'for c in of("b"): s = samples(c, "tre"); s[:] = s[1:] + s[:1]'
check shuffled_pairs_lose_the_winner rows 0 "not row('tre')['winner'] and row('tre')['hi'] - row('tre')['lo'] > 0.2" \
  "$runs/shuffled" --method a,b

# planted fault: windows of an episode treated as independent; five windows per episode share their difference
episodes='for c in of("b"):
  s = samples(c, "tre")
  s[:] = [v + 0.3 * math.sin(7 * (w // 5)) for w, v in enumerate(s)]'
make_run apart "$episodes"
make_run together "$episodes
for c in cells: c['windows'] = dict(episode=[w // 5 for w in range(40)], start=[w for w in range(40)], group=[0] * 40, groups=[])"
check episodes_are_counted rows 4 "row('fall_rate')['reason'] == '4 test episodes, naming a winner in 4 comparisons needs 8' and row('tre')['episodes'] == 8 and row('fall_rate')['episodes'] == 4" "$runs/together" --method a,b
width() { python3 -c "
import json, sys
r = next(r for r in json.load(sys.stdin)['rows'] if r['metric'] == 'tre')
print(r['hi'] - r['lo'])" < <("$program" compare --json "$1" --method a,b); }
wider() { python3 -c "import sys; a, b = map(float, sys.argv[1:]); assert 1.7 < a / b < 2.7, (a, b)" "$(width "$runs/together")" "$(width "$runs/apart")"; }
check windows_of_an_episode_are_drawn_together wider
"$program" compare "$runs/apart" --method a,b >"$scratch/apart"
"$program" compare "$runs/together" --method a,b >"$scratch/together"
check unknown_episodes_are_reported grep -q 'do not say which start states belong to one episode' "$scratch/apart"
check known_episodes_are_not_reported bash -c "! grep -q 'do not say' '$scratch/together'"

# what is not comparable
make_run windows 'of("b", 2)[0]["windows_sha256"] = "f" * 64'
check other_start_states_are_not_comparable rows 5 "'different start states' in rows[0]['status'] and rows[0]['value'] is None" \
  "$runs/windows" --method a,b
make_run numbers 'for c in of("b"): c["numbers"] = 2'
check other_numbers_are_not_comparable rows 5 "'numbers of version 2, not 1' in rows[0]['status'] and rows[0]['value'] is None" \
  "$runs/numbers" --method a,b
make_run nowindows 'del of("b", 2)[0]["windows_sha256"]'
check unknown_start_states_are_not_comparable exits_with 5 compare "$runs/nowindows" --method a,b
make_run mujoco 'for c in cells: c["provenance"] = {"mujoco": "3.18.0"}'
check another_mujoco_is_not_comparable rows 5 "'MuJoCo 3.18.0, not 3.17.0' in rows[0]['status']" "$runs/one" "$runs/mujoco"
make_run version 'for c in cells: c["config"]["task.version"] = "2"'
check another_task_version_is_not_comparable rows 5 "'task.version is 2, not 1' in rows[0]['status']" "$runs/one" "$runs/version"
make_run data 'for c in cells: c["data_sha256"] = "e" * 64'
check other_data_are_not_comparable exits_with 5 compare "$runs/one" "$runs/data"
make_run short 'for c in of("b"): samples(c, "tre").pop()'
check fewer_values_are_not_comparable rows 5 "'39 values of tre, not 40' in row('tre')['status'] and row('tre', 5)['winner'] == 'a'" \
  "$runs/short" --method a,b
make_run foreign 'for r in cells + plan["cells"]: r["task"] = "other"'
check runs_without_a_common_task_say_so exits_with 3 compare "$runs/one" "$runs/foreign"

# reference records: those of the task and profile, found from the folder where the program runs
reference=$scratch/published/results/reference
mkdir -p "$reference"
cp -r "$runs/one" "$reference/t-full"
make_run mine 'for c in of("a"): s = samples(c, "tre"); s[:] = [v - 0.03 for v in s]
cells[:] = of("a")
for c in cells + [p for p in plan["cells"] if p["method"] == "a"]: c["method"] = "mine"
plan["cells"] = [p for p in plan["cells"] if p["method"] == "mine"]'
make_run known 'cells[:] = [c for c in of("a") if c["seed"] < 3]
plan["cells"] = [p for p in plan["cells"] if p["method"] == "a" and p["seed"] < 3]'
there() { (cd "$scratch/published" && "$@"); }
check a_new_method_meets_every_reference_method there rows 0 \
  "[(r['method'], round(r['value'], 9)) for r in rows if (r['metric'], r['k']) == ('tre', 1)] == [('mine - a', -0.03), ('mine - b', -0.13), ('mine - floor', -2.03)]" \
  "$runs/mine" --reference
check a_known_method_meets_itself_only there rows 4 \
  "[(r['method'], r['value']) for r in rows if (r['metric'], r['k']) == ('tre', 1)] == [('a', 0)] and rows[0]['reason'] == 'seeds differ: A has 1 2, B has 1 2 3'" \
  "$runs/known" --reference
check a_named_method_of_the_reference there rows 0 "{r['method'] for r in rows} == {'mine - b'}" "$runs/mine" --reference --method mine,b
check a_second_run_beside_a_reference_is_refused there refuses 'the second run is that of the reference records; remove' compare "$runs/mine" "$runs/one" --reference
check a_reference_that_is_not_there_is_named misses 'no reference records of task t, profile full: no folder t-full in results/reference' compare "$runs/mine" --reference

# the published records
published=results/reference/hopper-smoke
for folder in results/reference/*; do
  check "published_records_are_their_own_reference_${folder##*/}" rows 0 "len(rows) > 15 and not any(r['winner'] for r in rows) and all(r['value'] == 0 for r in rows)" "$folder" --reference
  check "published_records_are_unaltered_${folder##*/}" misses '0 tampered, 0 failed, [1-9]' verify "$folder" --threads 1
done
check published_records_hold_but_for_their_weights misses '0 tampered, 0 failed, 15 incomplete' verify "$published" --threads 1

# seeds
make_run seeds 'for r in cells + plan["cells"]: r["seed"] += r["method"] == "b"'
check other_seeds_are_inconclusive rows 4 \
  "'seeds differ: A has 1 2 3, B has 2 3 4' in row('tre')['status'] and row('tre')['seeds'] == 2 and not any(r['winner'] for r in rows)" \
  "$runs/seeds" --method a,b
make_run few 'cells = [c for c in cells if c["seed"] < 3]; plan["cells"] = [c for c in plan["cells"] if c["seed"] < 3]'
check seeds_of_a_wanted_difference_are_counted rows 0 "row('tre')['seeds_needed'] == 3 and row('tre', 5)['detectable'] > 0" "$runs/one" --method a,b --difference 0.5
check no_seeds_are_counted_without_one rows 0 "row('tre')['seeds_needed'] is None" "$runs/one" --method a,b
check a_wanted_difference_is_positive refuses 'difference' compare "$runs/one" --method a,b --difference 0
check few_seeds_are_inconclusive rows 4 "'2 seeds, naming a winner needs 3' in row('tre')['status'] and not any(r['winner'] for r in rows)" \
  "$runs/few" --method a,b
make_run lone 'cells = [c for c in cells if c["seed"] == 1]; plan["cells"] = [c for c in plan["cells"] if c["seed"] == 1]
for c in cells: c["windows"] = dict(episode=[0] * 40, start=[w for w in range(40)], group=[0] * 40, groups=[])'
"$program" compare "$runs/lone" --method a,b >"$scratch/lone"
check without_an_interval_a_dash_is_printed grep -qE '^tre  .* [01]\.[0-9]{2} \(-\) ' "$scratch/lone"
check no_nan_is_printed bash -c "! grep -q nan '$scratch/lone'"
check the_minimum_can_be_set rows 0 "row('tre')['winner'] == 'a'" "$runs/few" --method a,b --min-seeds 2
# one of 3 seeds may be chance; one of 8 is not, and still no winner is named
make_run unsure 'samples(of("b", 3)[0], "tre")[:] = [v - 0.01 for v in samples(of("a", 3)[0], "tre")]'
check one_of_three_seeds_can_undo_a_difference rows 0 \
  "not row('tre')['winner'] and row('tre')['reason'] == 'no significant difference' and row('tre')['lo'] < 0 < row('tre')['hi']" \
  "$runs/unsure" --method a,b
make_run disagree 'cells += [cell(m, s) for m in ("a", "b") for s in (4, 5, 6, 7, 8)]
plan["cells"] += [{"task": "t", "method": m, "seed": s} for m in ("a", "b") for s in (4, 5, 6, 7, 8)]
samples(of("b", 3)[0], "tre")[:] = [v - 0.01 for v in samples(of("a", 3)[0], "tre")]'
check seeds_that_disagree_name_no_winner rows 0 \
  "not row('tre')['winner'] and row('tre')['reason'] == 'seeds disagree on the sign' and row('tre')['p_holm'] < 0.05 and row('tre')['seed_hi'] > 0" \
  "$runs/disagree" --method a,b

# what is missing
make_run missing 'cells.remove(of("b", 2)[0])'
check an_unfinished_run_is_refused rows 3 "len(rows) == 1 and '5 of 6 cells done' in rows[0]['status'] and rows[0]['value'] is None" \
  "$runs/missing" --method a,b
check an_unfinished_run_is_shown_with_partial rows 3 "row('tre')['seeds'] == 2 and '5 of 6' in row('tre')['status'] and not any(r['winner'] for r in rows)" \
  "$runs/missing" --method a,b --partial
make_run failed 'of("b", 2)[0]["status"] = "error"'
check an_error_is_no_result exits_with 3 compare "$runs/failed" --method a,b
make_run old 'for c in cells: del c["samples"]'
check records_without_values_are_refused rows 3 "'run it again' in rows[0]['status']" "$runs/old" --method a,b
make_run infinite 'samples(of("a", 1)[0], "tre")[3] = None'
check values_that_are_not_finite_are_counted rows 4 "'1 of 120 pairs not finite' in row('tre')['status'] and row('tre')['value'] is None" \
  "$runs/infinite" --method a,b

# usage
check one_run_needs_methods refuses 'with one run, --method A,B or --reference is required' compare "$runs/one"
check a_method_is_not_compared_with_itself refuses 'cannot compare a with itself' compare "$runs/one" --method a,a
check three_methods_are_refused refuses 'one or two methods' compare "$runs/one" --method a,b,floor
check an_unknown_method_is_named refuses "did you mean 'floor'" compare "$runs/one" --method a,flor
check a_missing_folder_is_refused misses "no run '$runs/none': the folder does not exist" compare "$runs/one" "$runs/none"
named() { cd "$scratch/at" && misses "$1" compare "${@:2}"; }
mkdir -p "$scratch/at/results/runs"/{second,first,.hidden} && touch "$scratch/at/results/runs/notes.txt"
check a_missing_run_is_refused_with_the_runs_that_exist \
  named "no run 'a': neither ./a nor results/runs/a exists; existing runs: first, second$" a --method a,b
mkdir "$scratch/at/results/runs"/more{1..9}
check a_long_list_of_runs_is_cut named "more8, more9 and 1 more$" a --method a,b
check three_runs_are_refused refuses 'at most two runs' compare "$runs/one" "$runs/one" "$runs/one"
finish
