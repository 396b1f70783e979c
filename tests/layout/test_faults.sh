#!/usr/bin/env bash
# The list of planted faults fits the sources and the tests; mistakes in a list and in its table are found. test_docs.sh compares the table in docs/ with the list.
set -u
cd "$(dirname "$0")/../.."
. tests/cli/check.sh

check every_entry_fits_sources_and_tests tests/faults/run.sh --check

# ---- a small tree of its own, in which each kind of mistake is made ----
tree=$scratch/tree
mkdir -p "$tree/tests/core"
touch "$tree/tests/core/test_a.c"
printf 'one();\ntwo();\ntwo();\n' >"$tree/a.c"
entry() { # entry [SED]: a list of one entry, changed by SED
  printf 'fault one_left_out\nwhat  one is left out\nfile  a.c\n-     one();\n+     (void)0;\ntest  core/test_a\n' |
    sed "${1:-}" >"$tree/faults.txt"
}
page() { # page COUNT FILE WHAT
  printf '# Faults\n\n<!-- table -->\n\n%s faults.\n\n| fault | file | test |\n| --- | --- | --- |\n| %s | `%s` | `tests/core/test_a.c` |\n' \
    "$1" "$3" "$2" >"$tree/page.md"
}
examine() { python3 tests/faults/check.py "$tree/faults.txt" "$tree" "$tree/page.md" >"$scratch/report"; }
finds() { # finds PATTERN: exit code 1 and a line that matches
  local code=0
  examine || code=$?
  [ "$code" -eq 1 ] && grep -qE -- "$1" "$scratch/report" || { cat "$scratch/report"; return 1; }
}
page 1 a.c 'one is left out'
entry
check a_list_that_fits_passes examine
entry 's/one();/three();/'
check an_old_line_that_is_gone_is_found finds '^.*/faults.txt:1: one_left_out: 0 times, not once, in a.c: three\(\);$'
entry 's/one();/two();/'
check an_old_line_that_stands_twice_is_found finds ': one_left_out: 2 times, not once, in a.c: two\(\);$'
entry 's/test_a/test_b/'
check a_test_that_is_gone_is_found finds ': one_left_out: no test tests/core/test_b.c$'
entry 's/test_a/test_a.sh/'
check a_script_that_is_gone_is_found finds ': one_left_out: no test tests/core/test_a.sh$'
entry 's/a\.c/b.c/'
check a_source_that_is_gone_is_found finds ': one_left_out: no file b.c$'
entry '/^+/d'
check an_entry_without_a_field_is_found finds ': one_left_out: without \+$'
entry 's/^what  /what /'
check a_line_that_is_no_field_is_found finds ":2: 'what one is left out' is no field of an entry$"
entry 's/(void)0;/one();/'
check a_replacement_that_changes_nothing_is_found finds ': the replacement changes nothing$'
entry
sed p "$tree/faults.txt" >"$tree/twice.txt" && mv "$tree/twice.txt" "$tree/faults.txt"
check two_entries_of_one_name_are_found finds 'one_left_out is the name of two entries$'
entry
other='/page.md: the table is not that of .*/faults.txt; run tests/faults/run.sh --write$'
page 2 a.c 'one is left out'
check another_number_in_the_table_is_found finds "$other"
page 1 b.c 'one is left out'
check a_row_of_another_file_is_found finds "$other"
page 1 a.c 'two is left out'
check a_row_of_another_fault_is_found finds "$other"
python3 tests/faults/check.py --write "$tree/faults.txt" "$tree/page.md"
check the_written_table_fits examine
check the_written_table_keeps_the_page [ "$(head -1 "$tree/page.md")" = '# Faults' ]
: >"$tree/faults.txt"
check an_empty_list_is_found finds '/faults.txt: no entry$'
finish
