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

# ---- random slips in a small program, of which a weak and a strong test know the sum of squares up to 1 and 3 ----
small=$scratch/small
mkdir -p "$small/tests/core"
cat >"$small/sum.c" <<'C'
/* the sum of the squares of 1 .. n, 0 < n */
int sum(int n) {
  int s = 0; /* i < 0 */
  for (int i = 1; i <= n; i++) s += i * i;
  return s;
}
C
for t in "weak 1 != 1" "strong 3 != 14" "wrong 3 != 15"; do
  read -r name n rest <<<"$t"
  printf 'int sum(int n);\nint main(void) { return sum(%s) %s; }\n' "$n" "$rest" >"$small/tests/core/test_$name.c"
done
printf 'build/tests/%%: tests/%%.c sum.c\n\tmkdir -p $(@D) && $(CC) -o $@ $^\n' >"$small/Makefile"
slips() { # slips CODE TEST...
  local code=0
  python3 tests/faults/slips.py sum.c "${@:2}" --tree "$small" >"$scratch/slips" 2>&1 || code=$?
  [ "$code" -eq "$1" ] || { cat "$scratch/slips"; return 1; }
}
check a_strong_test_notices_every_slip slips 0 core/test_strong
check all_slips_are_counted grep -qx 'sum.c: 5 of 5 slips: 5 caught, 0 survived, 0 did not build' "$scratch/slips"
check a_weak_test_lets_slips_survive slips 1 core/test_weak
check they_are_printed_with_their_line grep -qxF '+     for (int i = 1; i <= n; i++) s = i * i;' "$scratch/slips"
check the_survivors_are_counted grep -qx 'sum.c: 5 of 5 slips: 3 caught, 2 survived, 0 did not build' "$scratch/slips"
check a_second_test_is_asked slips 0 core/test_weak core/test_strong
check a_test_that_fails_anyway_is_refused slips 2 core/test_wrong
check the_source_is_as_before grep -qF 's += i * i;' "$small/sum.c"
