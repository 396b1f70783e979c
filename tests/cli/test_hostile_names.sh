#!/usr/bin/env bash
# Names in somebody else's records, tolerances, models and folders are text: they run no command, are no markup, and do
# not control the terminal (bench/base/escape.h, docs/security.md).
# slow
. tests/cli/check.sh
tools=$PWD/tests/cli
not() { ! "$@"; }
drawn() { command -v gnuplot >/dev/null; }

# a command that runs makes this file; a short name, because some names are cut off
marker=$scratch/M
no_command_ran() { [ ! -e "$marker" ] && [ -z "$(find "$scratch" "$PWD" -maxdepth 2 -name 'M[0-9]' -print -quit)" ]; }
# standard output and error hold printable text and ends of lines only
printable() {
  cat "$scratch/out" "$scratch/err" | python3 -c '
import re, sys
text = sys.stdin.buffer.read().decode()
odd = re.findall("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]", text)
assert text and not odd, (len(text), odd[:5])
commands = [line for line in text.split("\n") if line.lstrip().startswith("::") or "##[" in line]
assert not commands, commands'
}

# ---- report: the folder's name tries it, too ----

folder=$scratch/'ru n`touch M1`$(touch M2)"'"'"'x'
mkdir -p "$folder"
check hostile_run_is_made python3 "$tools/hostile.py" "$folder" "$marker"
check report_exits_3_for_the_failed_cell exits_with 3 report "$folder" --partial
check report_runs_no_command no_command_ran
check report_shows_plain_text printable
check gnuplot_understands_every_script not grep -q gnuplot "$scratch/err"
page=$folder/report
check report_without_partial_exits_3 exits_with 3 report "$folder"
check missing_cells_are_plain_text printable

check csv_files_give_the_same_strings python3 -c "
import csv, json, sys
records = [json.loads(l) for l in open(sys.argv[1] + '/events.jsonl')]
read = lambda name: list(csv.reader(open(sys.argv[1] + '/report/' + name, newline='')))
def string(s):
    assert not s.startswith(('=', '+', '-', '@', '\t', '\r')), s
    return s[1:] if s.startswith(\"'\") else s
done = [c for c in records if c['status'] == 'done']
rows = read('results.csv')[1:]
strings = lambda row, places: tuple(string(row[i]) for i in places)
wanted = sorted((c['task'], c['method'], c['profile'], r['metric'], r['unit'], r['status']) for c in done for r in c['rows'])
got = sorted(strings(r, (0, 1, 3, 4, 7, 11)) for r in rows if r[11] and r[4])
assert got == sorted(w for w in wanted if w[5] and w[3]) and len(rows) == len(wanted) + 1, (len(got), len(wanted))
times = [strings(r, (0, 1, 3, 4)) for r in read('times.csv')[1:]]
assert sorted(times) == sorted((c['task'], c['method'], c['profile'], c['status']) for c in records)
assert all(len(r) == 12 for r in rows)" "$folder"

check page_has_no_foreign_markup python3 -c "
import html.parser, re, sys
class Page(html.parser.HTMLParser):
    def handle_starttag(self, tag, attributes):
        assert tag in set('html head meta title style body h1 h2 h3 h4 p span a div table thead tbody tr th td wbr br small section figure '
                          'img figcaption details summary strong ul li'.split()), tag
        for key, value in attributes:
            assert key in ('lang', 'charset', 'name', 'content', 'class', 'href', 'src', 'alt', 'title'), (tag, key)
            if key in ('href', 'src'): assert re.fullmatch(r'(tables\.md|results\.csv|times\.csv|plots/[A-Za-z0-9_-]+\.(svg|pdf|gp|dat))', value), value
    def handle_pi(self, data): raise AssertionError(data)
    def handle_comment(self, data): raise AssertionError(data)
text = open(sys.argv[1] + '/index.html').read()
Page().feed(text)
assert not re.search('[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e]', text)
assert '&lt;script&gt;alert(1)&lt;/script&gt;' in text" "$page"

check tables_have_no_foreign_markup python3 - "$page" <<'PY'
import re, sys
text = open(sys.argv[1] + '/tables.md').read()
assert not re.search('[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e]', text)
assert r'a\|b\|c \\\| d' in text and '&lt;script>alert(1)&lt;/script>' in text and r'\*\*bold\*\*' in text
# what a backslash protects is text; of the rest, only the program's own marks are left
bare = re.sub(r'\\[!-/:-@\[-`{-~]', 'e', text)
bare = re.sub(r'^\*\*Partial: .*\*\*$', '', bare, flags=re.M).replace('&lt;', 'e').replace('&amp;', 'e')
markup = re.search(r'<[A-Za-z/!?]|&#|&[A-Za-z]+;|\]\(|[`~*$]', bare)
assert not markup, bare[markup.start() - 80:markup.end() + 80]
columns = None
for line in bare.split('\n'):
    n = line.count('|')
    assert n == 0 or columns in (None, n), line
    columns = n or None
PY

if drawn; then
  check every_figure_is_drawn python3 - "$page" <<'PY'
import glob, re, sys, xml.etree.ElementTree as e
scripts = glob.glob(glob.escape(sys.argv[1]) + '/plots/*.gp')
assert len(scripts) > 50, len(scripts)
for script in scripts:
    assert e.parse(script[:-2] + 'svg').getroot().tag.endswith('svg'), script
    text = open(script).read()
    assert not re.search('["`\x00-\x09\x0b-\x1f\x7f-\x9f]', text), script
    assert re.fullmatch(r'[A-Za-z0-9_][A-Za-z0-9_-]*\.gp', script.split('/')[-1]), script
PY
fi

mkdir "$scratch/bin"
ln -s "$(command -v env)" "$scratch/bin"
scripts_of() { (cd "$1/plots" && find . -name '*.gp' -o -name '*.dat' | sort); }
without_gnuplot() {
  mv "$page" "$scratch/first"
  PATH=$scratch/bin "$program" report "$folder" --partial --json >"$scratch/out" 2>"$scratch/err"
  grep -q 'gnuplot is not installed' "$scratch/err" && [ -z "$(find "$page" -name '*.svg')" ] &&
    diff <(scripts_of "$scratch/first") <(scripts_of "$page")
}
check without_gnuplot_every_script_is_written without_gnuplot
check json_is_plain_text printable

# ---- a loss of 0 everywhere, and none that is finite ----

mkdir "$scratch/zero"
python3 - "$scratch/zero/events.jsonl" <<'PY'
import json, sys
records = [json.loads(l) for l in open('tests/cli/run/events.jsonl')]
records = [r for r in records if r['type'] == 'cell' and r['method'] != 'replay_demo']
for r in records:
    for curve in r['training']['curves']:
        curve['loss'] = [0.0 if r['method'] == 'dynaflow' else None for _ in curve['loss']]
    r.pop('record_sha256', None)
open(sys.argv[1], 'w').write(''.join(json.dumps(r) + '\n' for r in records))
PY
if drawn; then
  check losses_of_0_are_drawn exits_with 0 report "$scratch/zero"
  check gnuplot_has_nothing_to_say [ ! -s "$scratch/err" ]
  # a picture that is a link would be overwritten by gnuplot wherever it points
  figure=$(cd "$scratch/zero/report/plots" && ls ./*-training.svg | head -1)
  echo mine >"$scratch/mine"
  ln -sf "$scratch/mine" "$scratch/zero/report/plots/$figure"
  run report "$scratch/zero"
  check a_link_is_not_followed grep -qx mine "$scratch/mine"
  check the_picture_is_a_file [ -f "$scratch/zero/report/plots/$figure" -a ! -L "$scratch/zero/report/plots/$figure" ]
fi
# a figure that gnuplot refuses does not stop the others, nor the page
mkdir -p "$scratch/refusing"
printf '#!/bin/sh\nfor s; do :; done\ncase $s in *strip*) echo half >"${s%%%%.gp}.svg"; exit 1;; esac\nexec %s "$@"\n' "$(command -v gnuplot)" \
  >"$scratch/refusing/gnuplot"
chmod +x "$scratch/refusing/gnuplot"
one_figure_fails() {
  local code=0
  rm -rf "$scratch/zero/report"
  PATH=$scratch/refusing:$PATH "$program" report "$scratch/zero" >"$scratch/out" 2>"$scratch/err" || code=$?
  [ "$code" -eq 3 ] && grep -q 'strip.gp: gnuplot did not draw the figure' "$scratch/err" &&
    [ "$(find "$scratch/zero/report" -name '*.svg' | wc -l)" -eq $(($(find "$scratch/zero/report" -name '*.gp' | wc -l) - 1)) ] && [ -e "$scratch/zero/report/index.html" ] &&
    ! grep -q strip.svg "$scratch/zero/report/index.html"
}
drawn && check a_figure_that_fails_does_not_stop_the_report one_figure_fails

# ---- gradcheck --plot and suites: names of models and folders ----

evil='m`touch M3`$(touch M4)"'"'"'; !touch M5; |<b>_{x}%'$'\n\033[31m'
mkdir -p "$scratch/models"
cp docs/examples/pendulum/pendulum.xml "$scratch/models/$evil.xml"
if drawn; then
  (cd "$scratch" && "$program" gradcheck "models/$evil.xml" --plot "plots$evil" --states 4 --rollouts 1 --horizon 3 --quiet) \
    >"$scratch/out" 2>"$scratch/err"
  check gradcheck_plot_exits_0 [ $? -eq 0 ]
  check gradcheck_plot_runs_no_command no_command_ran
  check gradcheck_plot_shows_plain_text printable
  check gradcheck_plot_draws [ -s "$(echo "$scratch/plots$evil/"*-gradient-*.svg)" ]
fi

cat >"$scratch/suite.txt" <<LIST
states motion=4
model a|b\`touch\${IFS}M6\`<b>'"%_x $PWD/docs/examples/pendulum/pendulum.xml
model =cmd,"x" $PWD/docs/examples/pendulum/none.xml
LIST
run gradcheck --suite "$scratch/suite.txt" --out "$scratch/ve\`touch M8\`r" --quiet
check suite_shows_plain_text printable
check suite_runs_no_command no_command_ran
check suite_files_hold_the_names_as_text python3 - "$scratch/ve\`touch M8\`r" <<'PY'
import csv, os, sys, xml.etree.ElementTree as e
names = [r['model'] for r in csv.DictReader(open(sys.argv[1] + '/verification.csv', newline=''))]
assert names == ['a|b`touch${IFS}M6`<b>\'"%_x', '\'=cmd,"x"'], names
page = open(sys.argv[1] + '/verification.md').read()
assert '| a\\|b\\`touch\\${IFS}M6\\`&lt;b>\'"%\\_x | ' in page and '<b>' not in page, page
assert '`' not in open(sys.argv[1] + '/sweep.gp').read()
if os.path.exists(sys.argv[1] + '/sweep.svg'): e.parse(sys.argv[1] + '/sweep.svg')
PY

# ---- gate: JUnit, tolerances and golden tables ----

mkdir -p "$scratch/tasks/cart"
cat >"$scratch/tasks/cart/task.yaml" <<'Y'
task: {name: cart, methods: [dynaflow, random_action, replay_demo]}
system: {model: cart.xml}
action: {center: [0], half_range: [1]}
eval: {windows: 16}
profiles:
  smoke: {}
Y
python3 - "$scratch/tasks/cart/expect.yaml" "$tools" "$marker" <<'PY'
import json, sys
sys.path.insert(0, sys.argv[2])
import hostile
evil = [n for n in hostile.names(sys.argv[3]) if n and len(n.encode()) < 48]
lines = ['  - {metric: tre, method: %s, profile: smoke, k: 5, at_most: 1, reason: %s}' % (json.dumps(n), json.dumps(n)) for n in evil]
lines += [l.replace('at_most', 'at_least') for l in lines]
open(sys.argv[1], 'w').write('task_version: 1\nmujoco: 3.17\nbands:\n' + '\n'.join(lines) + '\n')
open(sys.argv[1] + '.n', 'w').write(str(len(lines)))
PY
python3 "$tools/synthetic_run.py" "$scratch/run" "at('dynaflow', 1).update(status='error', reason='<b>|\`touch M7\`&')"
gate_exits_3() { exits_with 3 gate "$scratch/run" --tasks "$scratch/tasks" --junit "$scratch/junit.xml"; }
check gate_reads_hostile_tolerances gate_exits_3
check gate_shows_plain_text printable
check junit_is_xml_with_different_names python3 -c "
import sys, xml.etree.ElementTree as e
cases = e.parse(sys.argv[1]).getroot().findall('testcase')
names = [c.get('name') for c in cases]
assert len(set(names)) == len(names) and len(names) > int(open(sys.argv[2]).read()), (len(set(names)), len(names))
assert any(r'\x1b[31mred\x1b[0m' in n for n in names) and any('<script>alert(1)</script>' in n for n in names)" \
  "$scratch/junit.xml" "$scratch/tasks/cart/expect.yaml.n"
printf 'task_version: 1\nmujoco: 3.17\nbands:\n  - {metric: tre, method: dynaflow, profile: smoke, k: 5, at_most: 1, reason: x}\n' >"$scratch/tasks/cart/expect.yaml"
for name in 'x,y' '=1+1' $'x\ny' '"x' '@x'; do
  rm -rf "$scratch/run"
  NAME=$name python3 "$tools/synthetic_run.py" "$scratch/run" "import os
for s in SEEDS: at('random_action', s)['method'] = os.environ['NAME']
planned[:] = cells"
  check "a_golden_table_does_not_hold_${name@Q}" refuses 'no golden table is written: method ' gate "$scratch/run" --tasks "$scratch/tasks" \
    --against "$scratch/golden" --accept --reason x
done
rm -rf "$scratch/run"
python3 "$tools/synthetic_run.py" "$scratch/run" "at('dynaflow', 1)['provenance']['commit'] = 'x\ncart,dynaflow,1,smoke,tre,5,99,std,1,,,ok'"
check accept_exits_0 exits_with 0 gate "$scratch/run" --tasks "$scratch/tasks" --against "$scratch/golden" --accept --reason $'=a\nb\033'
check provenance_adds_no_row_to_a_golden_table bash -c "! grep -v '^#' '$scratch/golden/cart-smoke.csv' | grep -q ',99,'"
check commas_stay_in_a_comment_of_a_golden_table grep -q '^# commit: x cart,dynaflow,1,smoke,tre,5,99,std,1,,,ok$' "$scratch/golden/cart-smoke.csv"
check a_golden_table_is_plain_text bash -c "! grep -qP '[\x00-\x08\x0b-\x1f]' '$scratch/golden/cart-smoke.csv'"
check nothing_ran_in_the_end no_command_ran
finish
