#!/usr/bin/env bash
# Documentation and comments name only files, targets, settings and functions that exist.
set -u
cd "$(dirname "$0")/../.."
. tests/cli/check.sh

docs() { git ls-files 'README.md' 'REPRODUCE.md' 'CONTRIBUTING.md' 'docs/*.md' 'tasks/*.md' 'results/*.md' 2>/dev/null; }
# words in backticks, one per line: FILE WORD
quoted() { docs | xargs grep -oH '`[^`]*`' | sed 's/:`/ /; s/`$//'; }

sources_exist() {
  local bad=0 doc word
  while read -r doc word; do
    case $word in
      */*) [ -e "$word" ] || [ -e "lib/include/dynaflow/$word" ] || [ -e "lib/$word" ] || [ -e "docs/$word" ] || [ -e "bench/$word" ] && continue ;;
      *) git ls-files | grep -qE "(^|/)${word//./\\.}$" && continue ;;
    esac
    echo "$doc: no file $word"
    bad=1
  done < <(quoted | grep -E '^[^ ]+ [A-Za-z0-9_/.-]+\.(c|h|sh|py|mk)$' | sort -u)
  return $bad
}
check sources_that_are_named_exist sources_exist

# the same for comments
check sources_that_comments_name_exist python3 tests/layout/named_files.py .
tree=$scratch/tree
mkdir -p "$tree"/{lib/room,tasks/one,tests/cli}
finds_names() { # finds_names LINE...: exactly these lines are printed
  local code=0
  python3 tests/layout/named_files.py "$tree" >"$scratch/report" || code=$?
  [ "$code" -eq 1 ] && diff "$scratch/report" <(printf '%s\n' "$@")
}
printf '/* here.h: see room/here.h,\n * room/gone.h and gone.c */\nconst char* text = "/* room/text.h */"; // lib/gone.c\n' >"$tree/lib/room/here.h"
printf '# keys: bench/gone.h; lib/room/here.h\nfile: room/value.c\n' >"$tree/tasks/one/task.yaml"
printf '"""made as\nbench/gone.h says"""\nx = 1  %s tests/cli/gone.sh\n' '#' >"$tree/tests/cli/a.py"
check names_of_absent_sources_are_found finds_names 'lib/room/here.h:2: no file room/gone.h' 'lib/room/here.h:2: no file gone.c' \
  'lib/room/here.h:3: no file lib/gone.c' 'tests/cli/a.py:2: no file bench/gone.h' \
  'tests/cli/a.py:3: no file tests/cli/gone.sh' 'tasks/one/task.yaml:1: no file bench/gone.h'
rm -rf "$tree"; mkdir "$tree"
no_names() { python3 tests/layout/named_files.py "$tree"; [ $? -eq 2 ]; }
check a_tree_without_names_is_no_pass no_names

targets_exist() {
  local bad=0 doc target
  while read -r doc target; do
    grep -qE "^$target[ a-z-]*:" Makefile ci/checks.mk || make -qp 2>/dev/null | grep -qE "^$target:" || { echo "$doc: no target $target"; bad=1; }
  done < <(docs | xargs grep -oHE '(^ {4}|`)make [a-z][a-z-]*' | sed -E 's/:( {4}|`)make / /' | sort -u)
  return $bad
}
check targets_that_are_named_exist targets_exist

links_lead_somewhere() {
  local bad=0 doc link
  while read -r doc link; do
    link=${link%%#*}
    case $link in ''|http*) continue ;; esac
    [ -e "$(dirname "$doc")/$link" ] || { echo "$doc: dead link $link"; bad=1; }
  done < <(docs | xargs grep -oHE '\]\([^)]+\)' | sed -E 's/:\]\(/ /; s/\)$//' | sort -u)
  return $bad
}
check links_lead_somewhere links_lead_somewhere

settings_exist() {
  local bad=0 doc key known
  known=$(sed -n 's/^  X([A-Z]*, \([a-z]*\), \([a-z_0-9]*\),.*/\1.\2/p' lib/include/dynaflow/config/config.h)
  while read -r doc key; do
    case $key in gait.trot|gait.pace|gait.bound|gait.pronk) continue ;; esac # conditions of the gaits
    grep -qxF "$key" <<<"$known" || { echo "$doc: no setting $key"; bad=1; }
  done < <(quoted | grep -E " ($(cut -d. -f1 <<<"$known" | sort -u | paste -sd'|'))\.[a-z_]+$" | grep -vE '\.(c|h|md|py|sh|xml|yaml|npz|csv|json)$' | sort -u)
  return $bad
}
check settings_that_are_named_exist settings_exist

# The table of settings generates the struct that holds them, so a setting that is read and not in the table does not
# compile. unread TABLE: the settings of a table that no source reads
unread() {
  local section field
  sed -n 's/^  X([A-Z]*, \([a-z]*\), \([a-z_0-9]*\),.*/\1 \2/p' "$1" | while read -r section field; do
    grep -rqE "(->|\.)${section}_$field\b" lib bench baselines --include='*.c' || echo "$section.$field"
  done
}
every_setting_is_read() { local found; found=$(unread lib/include/dynaflow/config/config.h); [ -z "$found" ] || { echo "read nowhere: $found"; return 1; }; }
check every_setting_is_read every_setting_is_read
printf '  X(INT, train, steps, "1", 1, 2, "", "", "x")\n  X(INT, train, nonesuch, "1", 1, 2, "", "", "x")\n' >"$scratch/table.h"
check one_that_is_not_is_found [ "$(unread "$scratch/table.h")" = train.nonesuch ]
# options in backticks, of the documentation and of a row of the contract
options_exist() {
  local bad=0 doc option known
  known=$({ cat bench/commands/*.c bench/run/checkpoint_command.c bench/show/show_arguments.c bench/base/options.c; } | grep -oE '^[^"]*(\{|X\()"[a-z0-9-]+"' | grep -oE '[a-z0-9-]+"$' | tr -d '"'; printf '%s\n' help version usage)
  while read -r doc option; do
    grep -qxF -- "$option" <<<"$known" || { echo "$doc: no option --$option"; bad=1; }
  done < <(quoted | grep -oE '^[^ ]+ --[a-z0-9-]+' | sed 's/ --/ /' | grep -vE '^(CONTRIBUTING.md|docs/(ci|planted-faults).md) ' | sort -u)
  return $bad
}
check options_that_are_named_exist options_exist

functions_exist() {
  local bad=0 doc name
  while read -r doc name; do
    grep -rqE "\b$name\b" lib bench baselines --include=*.h --include=*.c || { echo "$doc: no $name in the sources"; bad=1; }
  done < <(quoted | grep -oE '^[^ ]+ (df_[a-wyz][a-z_0-9]+|DF_[A-Z_0-9]+)' | sort -u)
  return $bad
}
check functions_that_are_named_exist functions_exist

# a number names the commit that measured it; a rewritten history must not leave one that nobody can find
commits_exist() { # commits_exist FILE...
  local bad=0 file commit
  while IFS=: read -r file commit; do
    git merge-base --is-ancestor "$commit" HEAD 2>/dev/null || { echo "$file: commit $commit is not in the history"; bad=1; }
  done < <(grep -oHE '^# commit: [0-9a-f]{7,40}|^\| commit \| [0-9a-f]{7,40}|`[0-9a-f]{7,40}`' "$@" | sed -E 's/:(# commit: |\| commit \| |`)/:/; s/`$//')
  return $bad
}
if [ "$(git rev-parse --is-shallow-repository 2>/dev/null)" = false ]; then
  check commits_that_are_named_exist commits_exist CHANGELOG.md REPRODUCE.md results/tables/*.md tasks/*/golden/*.csv
  printf '# commit: 0123456789ab\n' >"$scratch/golden.csv"
  lost() { ! commits_exist "$scratch/golden.csv"; }
  check a_commit_that_does_not_exist_is_found lost
else
  skip commits_that_are_named_exist 'a copy without the whole history of git'
fi

# tests/layout/test_faults.sh holds the cases in which this must fail
check the_table_of_planted_faults_fits_their_list python3 tests/faults/check.py tests/faults/faults.txt . docs/planted-faults.md
finish
