#!/usr/bin/env bash
# What the gate prints for people: 80 columns, the worst first and nothing dropped; annotations that are no other commands.
. tests/cli/check.sh

task=$scratch/tasks/cart
mkdir -p "$task"
cat >"$task/task.yaml" <<'Y'
task: {name: cart}
system: {model: cart.xml}
action: {center: [0], half_range: [1]}
eval: {windows: 16}
profiles:
  smoke: {}
Y
# 40 methods with long names, whose number is 1 to 40 times its limit, and one of hostile characters
python3 - "$task/expect.yaml" <<'P'
import sys
entry = '  - metric: %s\n    method: %s\n    profile: smoke\n    k: 5\n    at_most: %g\n    reason: %s\n'
bands = [entry % ('sae_own.worst_step_of_all_windows', 'a_method_with_a_rather_long_name_%d' % i, 1, 'word ' * 30) for i in range(1, 41)]
bands += [entry % ('tre', 'held', 9, 'because'),
          entry % ('tre', r'"a::error::b,line=1 %0A \n::error file=x::y"', 0.125, r'"100 %, a:b \n::stop-commands::x"')]
open(sys.argv[1], 'w', encoding='utf-8').write('task_version: 1\nmujoco: 3.17\nbands:\n' + ''.join(bands))
P
python3 tests/cli/synthetic_run.py "$scratch/run" "
cells = []
for i in range(42):
    one = cell('dynaflow', 1)
    r = [r for r in one['rows'] if r['metric'] == 'tre'][0]
    r.update(k=5)
    put(r, 0.25 + i / 1024)
    if i < 40:
        r.update(metric='sae_own.worst_step_of_all_windows', unit='mixed SI')
        put(r, i + 1.1)
    one.update(method='a_method_with_a_rather_long_name_%d' % (i + 1) if i < 40 else ['held', 'a::error::b,line=1 %0A \n::error file=x::y'][i - 40])
    one['rows'] = [r]
    cells.append(one)
planned = list(cells)"
# with a working folder of its own, as relative paths are checked
gate() { code=0; (cd "$scratch" && GITHUB_WORKSPACE=$workspace "$program" gate run "$@") >"$scratch/out" 2>"$scratch/err" </dev/null || code=$?; }
workspace=$scratch
gate --annotations --markdown "$scratch/summary.md" --quiet
check it_regressed [ "$code" -eq 1 ]
summary_is_whole() {
  python3 - "$scratch/out" <<'P'
import re, sys
lines = open(sys.argv[1], encoding='utf-8').read().splitlines()
assert max(map(len, lines)) <= 80, [l for l in lines if len(l) > 80]
assert lines[0] == 'regressed (exit code 1): run', lines[0]
assert lines[-1] == '41 regressed; 1 held (--verbose lists all 42)', lines[-1]
rows = [l for l in lines if l.startswith('regressed ') and not l.startswith('regressed (')]
assert len(rows) == 41, len(rows)
values = [float(re.search(r' ([0-9.]+)  <= 1$', r).group(1)) for r in rows if r.endswith(' <= 1')]
assert values == sorted(values, reverse=True) and len(values) == 40, values
# a name that is cut is told in full below its row
text = ' '.join(l.strip() for l in lines)
assert all('a_method_with_a_rather_long_name_%d; ' % i in text for i in range(1, 41)), text
assert text.count('tasks/cart/expect.yaml:') == 41 and text.count('word ' * 29 + 'word') == 40
P
}
check the_summary_is_narrow_whole_and_in_order summary_is_whole
annotations_are_ten() {
  python3 - "$scratch/err" "$task/expect.yaml" <<'P'
import re, sys
lines = open(sys.argv[1], encoding='utf-8').read().splitlines()
limits = open(sys.argv[2], encoding='utf-8').read().splitlines()
assert len(lines) == 10, lines
# the grammar of actions/runner: ::name key=value,key=value::message, with %25 %0D %0A %3A %2C unescaped
for l in lines[:9]:
    name, properties, message = re.match(r'^::([a-z-]+) (.*?)::(.*)$', l).groups()
    pairs = dict(p.split('=', 1) for p in properties.split(','))
    assert name == 'error' and set(pairs) == {'file', 'line', 'title'}, l
    assert pairs['file'] == 'tasks/cart/expect.yaml', pairs
    assert limits[int(pairs['line']) - 1].strip() == 'at_most: 1', (pairs, limits[int(pairs['line']) - 1])
    i = re.search(r'name_(\d+) ', pairs['title']).group(1)
    assert any('name_%s' % i in limits[int(pairs['line']) - k] for k in range(1, 6)), pairs
assert re.match(r'^::error title=dynaflow gate::32 more numbers of run did not pass; ', lines[9]), lines[9]
P
}
check ten_annotations_point_to_the_worst annotations_are_ten
check markdown_has_a_row_per_number [ "$(grep -c '^| regressed |' "$scratch/summary.md")" = 41 ]
check markdown_has_a_cell_per_column bash -c "! grep '^| regressed' '$scratch/summary.md' | sed 's/\\\\\\\\|//g' | awk -F'|' 'NF != 10' | grep ."

# only the hostile one regresses
sed -i 's/at_most: 1$/at_most: 99/' "$task/expect.yaml"
workspace=$scratch/elsewhere
gate --annotations --json
hostile_is_one_command() {
  python3 - "$scratch/err" "$scratch/out" <<'P'
import json, re, sys
lines = [l for l in open(sys.argv[1], encoding='utf-8', newline='\n').read().split('\n') if '::' in l]
assert len(lines) == 1 and json.load(open(sys.argv[2]))['rows'], lines
name, properties, message = re.match(r'^::([a-z-]+) (.*?)::(.*)$', lines[0]).groups()
pairs = dict(p.split('=', 1) for p in properties.split(','))
unescape = lambda s: s.replace('%0D', '\r').replace('%0A', '\n').replace('%3A', ':').replace('%2C', ',').replace('%25', '%')
assert set(pairs) == {'file', 'line', 'title'} and pairs['file'].startswith('/'), pairs
title = unescape(pairs['title'])
assert '\n' not in title and title.startswith(r'a::error::b,line=1 %0A \n::error file=x::y tre K=5: regressed'), title
assert '\n' not in unescape(message) and r'100 %, a:b \n::stop-commands::x' in unescape(message), message
P
}
check a_hostile_name_is_one_annotation hostile_is_one_command
check actions_annotate_by_themselves bash -c "cd '$scratch' && GITHUB_ACTIONS=true '$program' gate run 2>&1 >/dev/null | grep -q '^::error '"
check other_runners_do_not bash -c "cd '$scratch' && ! GITHUB_ACTIONS=false '$program' gate run 2>&1 | grep '^::'"
gate --verbose
check verbose_has_every_number [ "$(grep -c '^cart ' "$scratch/out")" = 42 ]
check a_summary_that_cannot_be_written_is_told refuses 'no/such.md: ' gate "$scratch/run" --tasks "$scratch/tasks" --markdown "$scratch/no/such.md"
finish
