#!/usr/bin/env bash
# The include graph and the call graph of the sources obey the ladder that the Makefile declares, without cycles.
set -u
cd "$(dirname "$0")/../.."
. tests/cli/check.sh
layout=$PWD/tests/layout/layout.py

ladder=$scratch/ladder
make -s print-ladder >"$ladder"
objects() { [ -e "$BUILD/bench/main.o" ] && [ -e "$BUILD/lib/core/alloc.o" ]; }
check the_objects_are_built objects
follows() { python3 "$layout" . "$BUILD" <"$ladder" >"$scratch/report" || { cat "$scratch/report"; return 1; }; }
check sources_and_objects_follow_the_ladder follows

# unlisted ROOT: the tests of a tree that no target runs; tests/support holds what tests share
unlisted() {
  local bad=0 file
  make -s print-tests >"$scratch/tests"
  while read -r file; do
    grep -qxF "${file%.c}" "$scratch/tests" || { echo "$file: no target runs it"; bad=1; }
  done < <(cd "$1" && find tests -path tests/support -prune -o \( -name 'test_*.c' -o -name 'test_*.sh' \) -print)
  return $bad
}
check every_test_is_run_by_a_target unlisted .
mkdir -p "$scratch/other/tests/sneaky" "$scratch/other/tests/core"
touch "$scratch/other/tests/sneaky/test_sneaky.c" "$scratch/other/tests/core/test_alloc.c" "$scratch/other/tests/core/test_core.sh"
finds_unlisted() {
  ! unlisted "$scratch/other" >"$scratch/report" || return 1
  diff - <(LC_ALL=C sort "$scratch/report") <<'END'
tests/core/test_core.sh: no target runs it
tests/sneaky/test_sneaky.c: no target runs it
END
}
check a_test_that_no_target_runs_is_found finds_unlisted

# clang-format joins the items of a list in a comment, and tears a declaration from its comment, where a line is too long
torn() {
  grep -nE '^ ?\* [^ ].*[^ ] {2,}[^ ]' "$@" && return 1
  awk 'FNR == 1 { split_at = "" }
    split_at && /\/\*/ { print FILENAME ":" FNR - 1 ": " split_at; bad = 1 }
    { split_at = /^ +(const )?(char|double|float|int|size_t|bool)( ?\*+)?( \**[a-z0-9_]+,)?$/ ? $0 : "" }
    END { exit bad }' "$@"
}
sources_keep() { torn $(git ls-files 'lib/*.[ch]' 'bench/*.[ch]' 'baselines/*.[ch]'); }
check comments_keep_their_lists_and_declarations sources_keep
printf '/* What follows:\n *   a  one\n *   b  two */\n' >"$scratch/kept.h"
check a_list_that_is_kept_is_fine torn "$scratch/kept.h"
printf '/* What follows:\n * a  one b  two */\n' >"$scratch/joined.h"
printf 'struct s {\n  const char*\n      name; /* of it */\n};\n' >"$scratch/torn.h"
both_torn() { ! torn "$scratch/joined.h" >/dev/null && ! torn "$scratch/torn.h" >/dev/null; }
check joined_and_torn_ones_are_found both_torn

# the harness must be usable without the simulator: nothing in its objects may come from one
undefined() { nm "$BUILD"/libharness.a 2>/dev/null | awk '$1 == "U" { print $2 }' | sort -u; }
without() { undefined | grep -E '^(mj|mju_|df_mujoco|df_sim|df_system|df_net|df_blas|cblas_|df_method|df_flow)' && return 1; return 0; }
check libharness_needs_no_symbol_of_simulator_or_network without
bare() { ! undefined | grep -E '^(curl_|zip_|omp_|GOMP_)'; }
check libharness_needs_neither_libcurl_nor_libzip_nor_openmp bare
check libharness_has_symbols_at_all test "$(undefined | wc -l)" -gt 50

# a robot is named by its task; the program and the rooms that every robot shares know none
robots='go1|go2|anymal|unitree|quadruped_gaits'
check no_robot_in_the_program_or_in_the_settings bash -c "! grep -rniE '$robots' bench lib/config lib/include/dynaflow/config"

# constructors_check_out ROOT: every function of a public header that makes an object, `type** out`, sets *out to NULL first
constructors_check_out() {
  python3 - "$1" <<'PY'
import glob, re, sys
headers = "".join(open(p).read() for p in glob.glob(sys.argv[1] + "/include/dynaflow/*/*.h"))
sources = "".join(open(p).read() for p in glob.glob(sys.argv[1] + "/**/*.c", recursive=True))
makers = re.findall(r"\bdf_status (df_\w+)\(([^;]*?)(?:df_\w+|char)\*\* (\w+)[,)]", re.sub(r"/\*.*?\*/", "", headers, flags=re.S))
wrong = [name for name, _, out in makers
         if not re.search(r"^df_status %s\([^{;]*\) \{\n  DF_REQUIRE_OUT\(%s\);" % (name, out), sources, re.M)]
print("%d constructors; without DF_REQUIRE_OUT in the first line: %s" % (len(makers), " ".join(wrong) or "none"))
sys.exit(bool(wrong) or len(makers) < 15)
PY
}
check every_constructor_sets_its_output_first constructors_check_out lib
cp -r lib "$scratch/lib"
sed -i '/DF_REQUIRE_OUT(out)/d' "$scratch/lib/data/windows.c"
forgets() { ! constructors_check_out "$scratch/lib" >"$scratch/said" && grep -q 'first line: df_windows_new$' "$scratch/said"; }
check a_constructor_that_does_not_is_found forgets

# ---- a small tree of its own, in which each kind of fault is planted ----
tree=$scratch/tree
plant() {
  rm -rf "$tree"
  mkdir -p "$tree"/{low,high,build/low,build/high}
  printf 'int low(void);\n' >"$tree/low/low.h"
  printf '#include "low.h"\nint low(void) { return 1; }\n' >"$tree/low/low.c"
  printf '#include "low.h"\nint high(void);\n' >"$tree/high/high.h"
  printf '#include "high.h"\nint high(void) { return low(); }\n' >"$tree/high/high.c"
}
examine() {
  for f in "$tree"/*/*.c; do
    gcc -w -fcommon -I"$tree/low" -I"$tree/high" -I"$tree" -c "$f" -o "$tree/build/$(basename "$(dirname "$f")")/$(basename "$f" .c).o" || return 3
  done
  [ -z "${without_object:-}" ] || rm "$tree/build/$without_object"
  printf 'low:\nhigh: low\n' | python3 "$layout" "$tree" build >"$scratch/report"
}
finds() { examine; [ $? -eq 1 ] && grep -qE "$1" "$scratch/report"; }

plant
check a_tree_that_follows_its_ladder_passes examine
plant
printf '#include "high.h"\nint low(void) { return 1; }\n' >"$tree/low/low.c"
check an_include_against_the_ladder_is_found finds 'low/low.c: includes high/high.h, which low does not see'
plant
printf '#include "low.h"\nint high(void);\nint low(void) { return high(); }\n' >"$tree/low/low.c"
check a_call_against_the_ladder_is_found finds 'low/low: calls high of high/high, which low does not see'
plant
printf '#include "a.h"\nint b(void);\n' >"$tree/low/b.h"
printf '#include "b.h"\nint a(void);\n' >"$tree/low/a.h"
check headers_that_include_each_other_are_found finds 'units that include each other: low/a low/b'
plant
printf 'int b(void);\nint a(void) { return b(); }\n' >"$tree/low/a.c"
printf 'int a(void);\nint b(void) { return a(); }\n' >"$tree/low/b.c"
check units_that_call_each_other_are_found finds 'units that call each other: low/a low/b'
plant
cp "$tree/low/low.h" "$tree/high/low.h"
check two_headers_of_one_name_are_found finds 'low.h have one name'
plant
printf '#ifndef HIGH_LOW_H\n#define HIGH_LOW_H\nint low(void);\n#endif\n' >"$tree/low/low.h"
check an_include_guard_of_another_file_is_found finds 'low/low.h: the include guard is HIGH_LOW_H, not LOW_LOW_H'
plant
printf '#include "other.h"\n' >"$tree/low/other.c"
printf 'int other;\n' >"$tree/other.h"
check a_header_outside_the_ladder_is_found finds 'is no header of a folder in the ladder'
plant
printf '#include <high.h>\nint low(void) { return 1; }\n' >"$tree/low/low.c"
check our_own_header_in_angle_brackets_is_found finds 'low/low.c: includes <high.h>; our own headers are included as "high.h"'
plant
mkdir -p "$tree/dynaflow/high"
printf 'int high(void);\n' >"$tree/dynaflow/high/public.h"
printf '#include <dynaflow/high/public.h>\nint low(void) { return 1; }\n' >"$tree/low/low.c"
check a_public_header_in_angle_brackets_is_found finds 'low/low.c: includes <dynaflow/high/public.h>; our own headers'
plant
printf '#define WHICH "high.h"\n#include WHICH\nint low(void) { return 1; }\n' >"$tree/low/low.c"
check an_include_by_a_macro_is_found finds 'low/low.c: includes WHICH, which is no name of a file'
plant
printf '#inc\\\nlude /* why */ "high.h"\nint low(void) { return 1; }\n' >"$tree/low/low.c"
check an_include_over_two_lines_is_found finds 'low/low.c: includes high/high.h, which low does not see'
plant
printf '/* not so:\n#include "high.h"\n#include <high.h>\n#include HIGH */\n// \\\n#include "high.h"\nconst char *low_text = "/*";\nint low(void) { return 1; }\n' >"$tree/low/low.c"
check an_include_in_a_comment_is_none examine
plant
printf 'const char *low_text = "/*";\n#include "high.h"\nconst char *low_end = "*/";\n' >"$tree/low/text.c"
check a_comment_in_a_string_hides_no_include finds 'low/text.c: includes high/high.h, which low does not see'
plant
printf '__attribute__((weak)) int high(void);\nint low(void) { return high ? high() : 1; }\n' >"$tree/low/low.c"
check a_weak_call_against_the_ladder_is_found finds 'low/low: calls high of high/high, which low does not see'
plant
printf 'extern int high_value __attribute__((weak));\nint low(void) { return &high_value ? high_value : 1; }\n' >"$tree/low/low.c"
printf 'int high_value = 1;\n' >"$tree/high/value.c"
check a_weak_use_of_data_is_found finds 'low/low: calls high_value of high/value, which low does not see'
plant
printf '__attribute__((weak)) int hook(void) { return 1; }\nint low(void) { return hook(); }\n' >"$tree/low/low.c"
printf 'int hook(void) { return 2; }\n' >"$tree/high/hook.c"
check a_weak_definition_that_a_higher_folder_replaces_is_found finds 'low/low: calls hook of high/hook, which low does not see'
plant
printf 'int shared;\nint low(void) { return shared; }\n' >"$tree/low/low.c"
printf 'int shared = 2;\n' >"$tree/high/shared.c"
check a_common_symbol_that_a_higher_folder_defines_is_found finds 'low/low: calls shared of high/shared, which low does not see'
plant
printf 'int other(void);\nint high(void) { return other(); }\n' >"$tree/high/high.c"
printf 'int shared;\nint other(void) { return high_too(); }\n' >"$tree/high/other.c"
printf 'int shared;\nint high_too(void) { return shared; }\n' >"$tree/high/too.c"
check units_that_share_a_common_symbol_depend_on_each_other finds 'units that call each other: high/other high/too'
plant
printf 'void *dlsym(void *, const char *);\nint low(void) { return dlsym(0, "high") != 0; }\n' >"$tree/low/low.c"
check a_search_for_a_function_by_its_name_is_found finds 'low/low: calls dlsym, which only baselines/plugin and lib/nn/blas may'
plant
mkdir -p "$tree/low/sneaky/deeper" "$tree/low/include"
touch "$tree/low/sneaky/deeper/sneaky.c" "$tree/low/include/sneaky.h"
check a_source_in_an_unknown_folder_is_found finds 'low/sneaky/deeper/sneaky.c: no source of a folder that the ladder names'
check a_header_in_an_unknown_folder_is_found finds 'low/include/sneaky.h: no source of a folder that the ladder names'
plant
without_object=high/high.o
check a_source_without_an_object_is_found finds 'high/high.c: no object in build'
without_object=
rm -rf "$tree"; mkdir -p "$tree"
nothing() { printf 'low:\n' | python3 "$layout" "$tree" build >/dev/null; [ $? -eq 2 ]; }
check an_empty_tree_is_no_pass nothing
finish
