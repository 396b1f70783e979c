#!/usr/bin/env bash
# The documentation names only files, targets, settings and functions that exist.
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
    grep -qxF "$key" <<<"$known" || { echo "$doc: no setting $key"; bad=1; }
  done < <(quoted | grep -E " ($(cut -d. -f1 <<<"$known" | sort -u | paste -sd'|'))\.[a-z_]+$" | grep -vE '\.(c|h|md|py|sh|xml|yaml|npz|csv|json)$' | sort -u)
  return $bad
}
check settings_that_are_named_exist settings_exist

functions_exist() {
  local bad=0 doc name
  while read -r doc name; do
    grep -rqE "\b$name\b" lib bench baselines --include=*.h --include=*.c || { echo "$doc: no $name in the sources"; bad=1; }
  done < <(quoted | grep -oE '^[^ ]+ (df_[a-wyz][a-z_0-9]+|DF_[A-Z_0-9]+)' | sort -u)
  return $bad
}
check functions_that_are_named_exist functions_exist

# tests/layout/test_faults.sh holds the cases in which this must fail
check the_table_of_planted_faults_fits_their_list python3 tests/faults/check.py tests/faults/faults.txt . docs/planted-faults.md
finish
