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
    gcc -w -I"$tree/low" -I"$tree/high" -I"$tree" -c "$f" -o "$tree/build/${f#"$tree"/}.o" || return 3
    mv "$tree/build/${f#"$tree"/}.o" "$tree/build/$(dirname "${f#"$tree"/}")/$(basename "$f" .c).o"
  done
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
rm -rf "$tree"; mkdir -p "$tree"
nothing() { printf 'low:\n' | python3 "$layout" "$tree" build >/dev/null; [ $? -eq 2 ]; }
check an_empty_tree_is_no_pass nothing
finish
