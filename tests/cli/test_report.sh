#!/usr/bin/env bash
# Reports: made from the records alone, with the same bytes each time, and clear about what is missing.
. tests/cli/check.sh
# slow

mkdir -p "$scratch/runs"
cp -r tests/cli/run "$scratch/runs/example"
run_folder=$scratch/runs/example
drawn() { command -v gnuplot >/dev/null; }

# one cell of the plan is missing: nothing is averaged over the rest unless --partial is given
check incomplete_run_exits_3 exits_with 3 report "$run_folder"
check it_says_how_much_is_done grep -q '5 of 6 cells done' "$scratch/err"
check incomplete_run_names_the_missing_cell grep -q 'missing: go1_gaits full replay_demo seed 2 (not run)$' "$scratch/err"
check incomplete_run_names_the_option_partial grep -q -- "report $run_folder --partial" "$scratch/err"
check incomplete_run_writes_no_report [ ! -e "$run_folder/report" ]
check json_names_the_missing_cell bash -c "'$program' report '$run_folder' --json 2>/dev/null | python3 -c '
import json, sys
r = json.load(sys.stdin)[\"rows\"][0]
assert (r[\"cells\"], r[\"done\"], r[\"missing\"]) == (6, 5, \"replay_demo seed 2 (not run)\") and \"page\" not in r, r'"

check partial_report_exits_3 exits_with 3 report "$run_folder" --partial
check tables_say_it_is_incomplete grep -q '5 of 6 cells done. The group is incomplete' "$run_folder/report/tables.md"
every_table_says_so() { # a line of its own above each table of means: two K and all metrics
  [ "$(grep -c '^\*\*Partial: 5 of 6 cells.\*\*$' "$run_folder/report/tables.md")" = 3 ] &&
    [ "$(grep -c '<strong>Partial: 5 of 6 cells.</strong>' "$run_folder/report/index.html")" = 3 ]
}
check every_partial_table_says_so every_table_says_so
check every_figure_says_so bash -c "! grep '<figcaption>' '$run_folder/report/index.html' | grep -v '5 of 6 cells'"
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
  for figure in metrics-k1 metrics-k5 cost-k1 cost-k5 trajectories strip gaits portraits training; do
    check "figure_${figure}" python3 -c "
import sys, xml.dom.minidom as m
m.parse(sys.argv[1])" "$run_folder/report/plots/go1_gaits-full-$figure.svg"
    check "pdf_${figure}" grep -aq '/CreationDate (D:20000101000000' "$run_folder/report/plots/go1_gaits-full-$figure.pdf"
    check "page_shows_${figure}" grep -q "plots/go1_gaits-full-$figure.svg" "$run_folder/report/index.html"
  done
fi

mv "$run_folder/report" "$scratch/first"
run report "$run_folder" --partial
check rerun_gives_the_same_bytes diff -r "$scratch/first" "$run_folder/report"
# pictures and films of dynaflow render
shows_motions() {
  touch "$run_folder/report/plots/go1_gaits-full-dynaflow".{png,mp4} && run report "$run_folder" --partial
  diff "$scratch/first/index.html" "$run_folder/report/index.html" >"$scratch/change"
  [ "$(grep -c '^<' "$scratch/change")" = 0 ] && [ "$(grep -c '^>' "$scratch/change")" = 1 ] &&
    grep -q '<img style="filter:none" src="plots/go1_gaits-full-dynaflow.png" alt="Motions of dynaflow"><video [^>]*src="plots/go1_gaits-full-dynaflow.mp4"></video>' "$scratch/change"
}
check the_page_shows_the_strip_and_the_film_of_a_method shows_motions
rm -f "$run_folder/report/plots/go1_gaits-full-dynaflow".{png,mp4}
run report "$run_folder" --partial
check without_them_it_has_the_same_bytes diff -r "$scratch/first" "$run_folder/report"
check record_is_untouched cmp tests/cli/run/events.jsonl "$run_folder/events.jsonl"
check json_says_how_much_is_done bash -c "'$program' report '$run_folder' --partial --json | python3 -c '
import json, sys
r = json.load(sys.stdin)[\"rows\"][0]
assert (r[\"cells\"], r[\"done\"]) == (6, 5) and r[\"page\"].endswith(\"/report/index.html\"), r'"
# a run of somebody else may have links in place of the files of its report
links_are_replaced() {
  local file
  echo kept >"$scratch/victim"
  for file in "$run_folder"/report/* "$run_folder"/report/plots/*; do [ -d "$file" ] || ln -sf "$scratch/victim" "$file"; done
  run report "$run_folder" --partial
  [ "$(cat "$scratch/victim")" = kept ] && diff -r --no-dereference "$scratch/first" "$run_folder/report"
}
check links_in_place_of_a_report_are_replaced links_are_replaced

check missing_run_is_refused misses "no run '$scratch/runs/none': the folder does not exist" report "$scratch/runs/none"
check missing_run_is_not_made [ ! -e "$scratch/runs/none" ]
mkdir "$scratch/runs/bad"
{ head -2 tests/cli/run/events.jsonl; echo garbage; tail -1 tests/cli/run/events.jsonl; } >"$scratch/runs/bad/events.jsonl"
check garbage_is_named_by_line refuses 'events.jsonl:3:' report "$scratch/runs/bad"

# without gnuplot everything but the figures is written
mkdir "$scratch/bin"
ln -s "$(command -v env)" "$(command -v bash)" "$scratch/bin"
without_gnuplot() {
  code=0
  PATH=$scratch/bin "$program" report "$run_folder" --partial >"$scratch/out" 2>"$scratch/err" || code=$?
  [ "$code" -eq 3 ] && grep -q 'gnuplot is not installed' "$scratch/err"
}
check missing_gnuplot_is_said without_gnuplot
cp -r tests/cli/run "$scratch/runs/bare"
scripts_of() { (cd "$1/report/plots" && ls ./*.gp ./*.dat | sort); }
every_script_is_written() {
  PATH=$scratch/bin "$program" report "$scratch/runs/bare" --partial >/dev/null 2>&1
  ! ls "$scratch/runs/bare/report/plots/"*.svg 2>/dev/null && diff <(scripts_of "$run_folder") <(scripts_of "$scratch/runs/bare")
}
check every_script_is_written_without_gnuplot every_script_is_written

# names of feet have room beside those of methods, and a demonstration that ends is marked
cp -r tests/cli/run "$scratch/runs/feet"
python3 tests/cli/seal.py "$scratch/runs/feet/events.jsonl" '
for cell in cells:
    for motion in cell.get("motions", []):
        contacts = motion["contacts"]
        contacts["feet"] = ["front_right_" + foot for foot in contacts["feet"]]
        contacts.pop("demanded", None)'
gaits_have_room() {
  "$program" report "$scratch/runs/feet" --partial >/dev/null 2>"$scratch/err"
  python3 - "$run_folder" "$scratch/runs/feet" <<'P'
import re, sys
name = '/report/plots/go1_gaits-full-gaits.gp'
scripts = [open(folder + name).read() for folder in sys.argv[1:]]
before, after = (int(re.search(r'terminal svg size (\d+)', s).group(1)) for s in scripts)
columns = len(re.findall(r'unset xlabel|set xlabel', scripts[0])) // len(re.findall(r"right font ',12'", scripts[0]))
longest = len('front_right_FR')
assert columns > 0 and after - before == columns * (16 + 7 * longest - 30), (before, after, columns)
ends = re.findall(r'set arrow 3 from first ([0-9.]+), graph 0 to first ([0-9.]+), graph 1', scripts[1])
assert ends and all(a == b == '0.4' for a, b in ends), ends  # 20 frames of 0.02 s
assert '\nset arrow 3' not in scripts[0]
P
}
check gait_diagrams_have_room_for_names gaits_have_room

# a gnuplot that hangs is ended by the alarm that it is started with
mkdir "$scratch/hanging"
printf '#!%s\nimport os, signal, sys\nopen("%s", "a").write("%%d\\n" %% signal.getitimer(signal.ITIMER_REAL)[0])\nos.kill(os.getpid(), signal.SIGALRM)\n' \
  "$(command -v python3)" "$scratch/left" >"$scratch/hanging/gnuplot"
chmod +x "$scratch/hanging/gnuplot"
hanging_gnuplot() {
  local code=0
  PATH=$scratch/hanging:$PATH "$program" report "$scratch/runs/bare" --partial >/dev/null 2>"$scratch/err" || code=$?
  [ "$code" -eq 3 ] && grep -q 'gnuplot did not end within 120 s and was stopped; run `gnuplot .*\.gp` there' "$scratch/err" &&
    awk '$1 < 100 || $1 > 120 { bad = 1 } END { exit bad || NR == 0 }' "$scratch/left"
}
check a_gnuplot_that_hangs_is_stopped hanging_gnuplot

# a program of that name that ends without an error, and draws nothing or an empty picture
idle_gnuplot() {
  local code=0
  printf '#!%s\n%s\n' "$(command -v bash)" "$1" >"$scratch/hanging/gnuplot"
  PATH=$scratch/hanging:$PATH "$program" report "$scratch/runs/bare" --partial >/dev/null 2>"$scratch/err" || code=$?
  [ "$code" -eq 3 ] && grep -q '/plots/.*\.svg: gnuplot ended without an error, but did not write this figure; run `gnuplot .*\.gp`' \
    "$scratch/err" && ! grep -q '<img' "$scratch/runs/bare/report/index.html"
}
check a_gnuplot_that_draws_nothing_is_named idle_gnuplot 'exit 0'
# a full disk cuts pictures off, and gnuplot does not tell
cut_picture() {
  local code=0
  printf '#!%s\n%s\n' "$(command -v bash)" "for last; do :; done; echo '$1' >\"\${last%.gp}.svg\"; echo '$2' >\"\${last%.gp}.pdf\"" >"$scratch/hanging/gnuplot"
  PATH=$scratch/hanging:$PATH "$program" report "$scratch/runs/bare" --partial >/dev/null 2>"$scratch/err" || code=$?
  [ "$code" -eq 2 ] && grep -q "/plots/.*\.$3: gnuplot wrote only a part of this figure" "$scratch/err" &&
    [ -z "$(find "$scratch/runs/bare/report" -name '*.svg' -o -name '*.pdf')" ] || { cat "$scratch/err"; false; }
}
check a_picture_that_is_cut_off_is_named cut_picture '<svg>' '%PDF %%EOF' svg
check so_is_a_pdf_that_is_cut_off cut_picture '<svg></svg>' '%PDF' pdf
check a_gnuplot_that_draws_nothing_into_a_file_is_named idle_gnuplot 'for last; do :; done; : >"${last%.gp}.svg"'

sed '1d' tests/cli/run/events.jsonl | grep -v '"replay_demo"' >"$scratch/runs/whole.jsonl"
mkdir "$scratch/runs/whole"
mv "$scratch/runs/whole.jsonl" "$scratch/runs/whole/events.jsonl"
drawn && check complete_run_exits_0 exits_with 0 report "$scratch/runs/whole"
check complete_tables_do_not_say_partial bash -c "[ -e '$scratch/runs/whole/report/tables.md' ] &&
  ! grep -qi partial '$scratch/runs/whole/report/tables.md' '$scratch/runs/whole/report/index.html'"

# times are in a file of their own, so that all other files have the same bytes whenever the same plan is run
check times_have_a_row_a_cell python3 -c "
import csv, sys
rows = list(csv.DictReader(open(sys.argv[1] + '/report/times.csv')))
assert len(rows) == 6 and sum(bool(r['wall_s']) for r in rows) == 5, rows
assert [r['status'] for r in rows if not r['wall_s']] == ['not run'], rows" "$run_folder"
mkdir -p "$scratch/slower"
cp -r "$run_folder" "$scratch/slower/example"
rm -r "$scratch/slower/example/report"
python3 - "$scratch/slower/example/events.jsonl" <<'PY'
import json, sys
records = [json.loads(l) for l in open(sys.argv[1])]
for r in records:
    for name in ('wall_s', 'cpu_s', 'train_cpu_s'):
        if name in r: r[name] = 2 * r[name] + 1
    r.pop('record_sha256', None)
open(sys.argv[1], 'w').write(''.join(json.dumps(r) + '\n' for r in records))
PY
for folder in "$run_folder" "$scratch/slower/example"; do run report "$folder" --partial; done
check a_slower_run_has_other_times bash -c "! cmp -s '$run_folder/report/times.csv' '$scratch/slower/example/report/times.csv'"
check a_slower_run_has_the_same_bytes_except_times diff -r --exclude=times.csv --exclude='*-cost*' "$run_folder/report" "$scratch/slower/example/report"
finish
