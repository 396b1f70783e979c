#!/usr/bin/env bash
# Reports: from the record alone, the same bytes each time, and honest about what is missing.
. tests/cli/check.sh

mkdir -p "$scratch/runs"
cp -r tests/cli/run "$scratch/runs/example"
run_folder=$scratch/runs/example
drawn() { command -v gnuplot >/dev/null; }

# one cell of the plan is not there
check incomplete_run_exits_3 exits_with 3 report "$run_folder"
check tables_say_it_is_incomplete grep -q '5 of 6 cells done. The set is incomplete' "$run_folder/report/tables.md"
check tables_have_the_methods grep -qE '^\| DynaFlow \| 2 \|' "$run_folder/report/tables.md"
check csv_has_a_row_for_every_number python3 -c "
import csv, json, sys
rows = list(csv.DictReader(open(sys.argv[1] + '/report/results.csv')))
cells = [json.loads(l) for l in open(sys.argv[1] + '/events.jsonl')]
wanted = [(c['method'], c['seed'], r['metric'], r['k'], r['value']) for c in cells if c['type'] == 'cell' for r in c['rows']]
got = [(r['method'], int(r['seed']), r['metric'], int(r['k']), float(r['value']) if r['value'] else None) for r in rows if r['metric']]
assert sorted(map(repr, wanted)) == sorted(map(repr, got)), (len(wanted), len(got))
assert [r for r in rows if r['status'] == 'not run']" "$run_folder"
check page_is_there grep -q '<h1>Run example</h1>' "$run_folder/report/index.html"
check page_has_no_foreign_parts bash -c "! grep -qE '(src|href)=\"(https?:|/)' '$run_folder/report/index.html'"
if drawn; then
  for figure in metrics-k1 metrics-k5 trajectories strip training; do
    check "figure_${figure}" python3 -c "
import sys, xml.dom.minidom as m
m.parse(sys.argv[1])" "$run_folder/report/plots/go1_gaits-full-$figure.svg"
    check "page_shows_${figure}" grep -q "plots/go1_gaits-full-$figure.svg" "$run_folder/report/index.html"
  done
fi

mv "$run_folder/report" "$scratch/first"
run report "$run_folder"
check rerun_gives_the_same_bytes diff -r "$scratch/first" "$run_folder/report"
check record_is_untouched cmp tests/cli/run/events.jsonl "$run_folder/events.jsonl"
check json_says_how_much_is_done bash -c "'$program' report '$run_folder' --json | python3 -c '
import json, sys
r = json.load(sys.stdin)[\"rows\"][0]
assert (r[\"cells\"], r[\"done\"]) == (6, 5), r'"

check missing_run_is_refused refuses 'events.jsonl' report "$scratch/runs/none"
check missing_run_is_not_made [ ! -e "$scratch/runs/none" ]
mkdir "$scratch/runs/bad"
{ head -2 tests/cli/run/events.jsonl; echo garbage; tail -1 tests/cli/run/events.jsonl; } >"$scratch/runs/bad/events.jsonl"
check garbage_is_named_by_line refuses 'events.jsonl:3:' report "$scratch/runs/bad"

# a program without gnuplot beside it still writes all but the figures
mkdir "$scratch/bin"
ln -s "$(command -v env)" "$(command -v bash)" "$scratch/bin"
without_gnuplot() {
  code=0
  PATH=$scratch/bin "$program" report "$run_folder" >"$scratch/out" 2>"$scratch/err" || code=$?
  [ "$code" -eq 3 ] && grep -q 'gnuplot is not installed' "$scratch/err"
}
check missing_gnuplot_is_said without_gnuplot

sed '1d' tests/cli/run/events.jsonl | grep -v '"replay_demo"' >"$scratch/runs/whole.jsonl"
mkdir "$scratch/runs/whole"
mv "$scratch/runs/whole.jsonl" "$scratch/runs/whole/events.jsonl"
drawn && check complete_run_exits_0 exits_with 0 report "$scratch/runs/whole"
finish
