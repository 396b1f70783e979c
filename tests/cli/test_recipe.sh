#!/usr/bin/env bash
# The recipe of docs/ci.md in an empty repository, with the suite beside it: the commands are taken from the page and from
# the examples of jobs. Green as documented; red, with the place of the number, after a planted regression.
. tests/cli/check.sh

# the suite beside the repository; make and apt-get would build and install what is built and installed here
suite=$scratch/dynaflow repo=$scratch/repo
mkdir "$suite" "$repo" "$scratch/home" "$scratch/bin"
ln -s "$PWD/docs" "$PWD/tasks" "$suite"
ln -s "$(dirname "$program")" "$suite/build"
for tool in make apt-get; do
  printf '#!/bin/sh\necho "%s $*" >>"%s/called"\n' "$tool" "$scratch" >"$scratch/bin/$tool"
  chmod +x "$scratch/bin/$tool"
done
git init -q "$repo"
# in_repo NAME COMMAND: runs a shell script in the repository as a stranger; leaves its output in out and err, its exit
# code in $code
in_repo() {
  code=0
  (cd "$repo" && env -i HOME="$scratch/home" PATH="$scratch/bin:$PATH" GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a \
    GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a SUITE=../dynaflow OMP_WAIT_POLICY=passive GITHUB_ACTIONS="${actions:-}" GITHUB_WORKSPACE="$repo" \
    GITHUB_PATH="$scratch/github_path" GITHUB_STEP_SUMMARY="$scratch/summary.md" bash -e "$1") \
    >"$scratch/out" 2>"$scratch/err" </dev/null || code=$?
}
ends_with() { # ends_with CODE SCRIPT
  in_repo "$2"
  [ "$code" -eq "$1" ] || { echo "exit code $code, not $1"; tail -n 15 "$scratch/out" "$scratch/err"; return 1; }
}
for what in 'sh docs/ci.md' 'github docs/examples/physics.yml' 'gitlab docs/examples/gitlab-ci.yml'; do
  check "the_${what%% *}_recipe_is_read" bash -c "python3 tests/cli/recipe.py $what >'$scratch/${what%% *}'"
done
job() { # job KIND CODE: a job of a new checkout, whose results are not there
  rm -rf "$repo/results" "$repo/physics.xml" "$repo/physics.md" "$scratch/github_path" "$scratch/summary.md"
  echo 'written by an earlier step' >"$scratch/summary.md"
  : >"$scratch/github_path"
  actions=$([ "$1" = gitlab ] || echo true) ends_with "$2" "$scratch/$1"
}

check the_documented_commands_succeed ends_with 0 "$scratch/sh"
check no_documented_tolerance_is_narrower_than_the_seeds bash -c "grep -q 'accepted' '$scratch/out' && ! grep -q 'seeds deviate' '$scratch/out'"
check the_suite_is_built_as_documented grep -qx 'make -C ../dynaflow all' "$scratch/called"
check the_golden_table_is_beside_the_task [ -f "$repo/tasks/pendulum/golden/pendulum-smoke.csv" ]
check nothing_but_results_is_left_uncommitted [ -z "$(git -C "$repo" status --porcelain)" ]
check the_table_and_the_job_are_committed [ "$(git -C "$repo" ls-files '*.csv' '*.yml' | wc -l)" = 3 ]
check the_github_job_is_green job github 0
check a_green_job_annotates_nothing bash -c "! grep -q '^::' '$scratch/out' '$scratch/err'"
check the_summary_is_appended_to bash -c "head -1 '$scratch/summary.md' | grep -qx 'written by an earlier step' && grep -q '^## dynaflow gate: held' '$scratch/summary.md'"

# ---- a planted regression: half of the steps, with a rate that leads astray ----

sed -i 's/^      steps: 400$/      steps: 200\n      rate: 0.5/' "$repo/tasks/pendulum/task.yaml"
check the_github_job_is_red_after_a_regression job github 1
narrow() { # the summary: from the verdict to the counts, in 80 columns
  python3 - "$scratch/out" <<'P'
import sys
lines = open(sys.argv[1], encoding='utf-8').read().splitlines()
begin = [i for i, l in enumerate(lines) if l.startswith('regressed (exit code 1): ')][0]
end = [i for i, l in enumerate(lines) if '--verbose lists all' in l][0]
summary = lines[begin:end + 1]
assert len(summary) > 5 and max(map(len, summary)) <= 80, summary
assert summary[1].split() == ['verdict', 'metric', 'method', 'K', 'value', 'limit'], summary[1]
P
}
check the_summary_fits_80_columns narrow
# the three outputs, read by parsers that are not this project's
outputs_agree() {
  python3 - "$scratch" "$repo" <<'P'
import csv, re, sys, xml.etree.ElementTree as tree
scratch, repo = sys.argv[1:]
suite = tree.parse(repo + '/physics.xml').getroot()
failed = [c for c in suite.iter('testcase') if c.find('failure') is not None]
assert len(failed) == int(suite.get('failures')) > 1 and suite.get('errors') == '0', suite.attrib
unescape = lambda s: s.replace('%3A', ':').replace('%2C', ',').replace('%0A', '\n').replace('%25', '%')
command = re.compile(r'^::error file=([^,]+),line=(\d+),title=([^,:]*)::(.*)$')
lines = [l for l in open(scratch + '/err', encoding='utf-8').read().splitlines() if l.startswith('::')]
notes = [command.match(l).groups() for l in lines]
assert len(notes) == len(failed), (notes, len(failed))
for file, line, title, message in notes:
    method, metric = unescape(title).split(':')[0].split()[:2]
    at = open('%s/%s' % (repo, unescape(file))).read().splitlines()[int(line) - 1]
    row = next(csv.reader([at]))
    assert file == 'tasks/pendulum/golden/pendulum-smoke.csv' and (row[1], row[4]) == (method, metric), (file, line, at, title)
    assert 'tasks/pendulum/expect.yaml:' in message, message
wanted = {'tre_open_loop', 'effort.gradient_steps'}  # of learning, and of work
assert wanted <= {unescape(t).split()[1].rstrip(':') for _, _, t, _ in notes}, notes
markdown = open(scratch + '/summary.md', encoding='utf-8').read()
cells = [[c.strip() for c in l.strip('|').split('|')] for l in markdown.splitlines() if l.startswith('|')]
regressed = [c for c in cells if c[0] == 'regressed']
assert '## dynaflow gate: regressed' in markdown and len(regressed) == len(failed), regressed
assert all(len(c) == 8 for c in cells), cells
names = lambda rows: sorted((r[2], r[1]) for r in rows)
assert names(regressed) == sorted(tuple(unescape(t).split(':')[0].split()[:2]) for _, _, t, _ in notes)
P
}
check annotations_junit_and_markdown_agree outputs_agree
check the_job_writes_its_report_all_the_same [ -f "$repo/results/runs/pull-request/report/index.html" ]
gate() { exits_with "$1" gate "$repo/results/runs/$2" --tasks "$repo/tasks" "${@:3}"; }
check without_actions_nothing_is_annotated gate 1 pull-request
check no_annotation_is_printed bash -c "! grep -q '^::' '$scratch/out' '$scratch/err'"
check annotations_can_be_asked_for gate 1 pull-request --annotations --json
check annotations_are_printed grep -q '^::error file=/.*/tasks/pendulum/golden/pendulum-smoke.csv,line=[0-9]*,title=' "$scratch/err"
check json_holds_no_annotation python3 -m json.tool "$scratch/out"
git -C "$repo" checkout -q tasks
check the_gitlab_job_is_green job gitlab 0
check the_gitlab_job_has_junit grep -q 'failures="0"' "$repo/physics.xml"
check the_gitlab_job_has_a_summary grep -q '^## dynaflow gate: held' "$repo/physics.md"

# ---- no golden table ----

mv "$repo/tasks/pendulum/golden" "$scratch"
check a_lost_golden_table_is_missing gate 3 merge-request --json
check the_message_says_where_it_looked grep -q "no golden table: there is no $repo/tasks/pendulum/golden/pendulum-smoke.csv; write it" "$scratch/out"
mv "$scratch/golden" "$repo/tasks/pendulum"

# ---- another model: the recording does not follow from it ----

sed -i 's/mass="1"/mass="1.2"/' "$repo/tasks/pendulum/pendulum.xml"
check another_mass_is_red_before_any_training job github 1
check no_run_was_made [ ! -e "$repo/results/runs/pull-request/events.jsonl" ]
finish
