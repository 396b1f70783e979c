#!/usr/bin/env bash
# The library exports what lib/symbols.txt lists and the public headers declare, neither more nor less.
cd "$(dirname "$0")/../.." || exit 1
. tests/cli/check.sh

build=$(dirname "$program")
library=$build/libdynaflow.so

# same EXPORTED LIST: names what differs and how to update the list
same() {
  local added removed
  added=$(LC_ALL=C comm -23 "$1" "$2" | tr '\n' ' ')
  removed=$(LC_ALL=C comm -13 "$1" "$2" | tr '\n' ' ')
  [ -z "$added$removed" ] && return 0
  [ -z "$added" ] || echo "exported, but not in lib/symbols.txt: $added"
  [ -z "$removed" ] || echo "in lib/symbols.txt, but not exported: $removed"
  echo "update the list with 'make symbols'; a removed symbol needs a new SOVERSION, an added one a new minor version"
  return 1
}
exported=$scratch/exported
check the_library_has_symbols bash tests/layout/symbols.sh "$library"
bash tests/layout/symbols.sh "$library" >"$exported"
check exported_symbols_are_those_of_the_list same "$exported" lib/symbols.txt
prefixed() { [ -s "$1" ] && ! grep -v '^df_' "$1"; }
check every_symbol_starts_with_df prefixed "$exported"

# ---- the declarations marked DF_API, after preprocessing ----
# declared ROOT: their names. A debug or sanitizer build also exports df_assert_failed, which symbols.sh leaves out;
# df_plugin_* are defined by plugins.
declared() {
  gcc -std=c17 -E -P -DDF_DEBUG -I "$1" "$1/dynaflow/dynaflow.h" | python3 -c '
import re, sys
for text in re.findall(r"__attribute__\(\(visibility\(\"default\"\)\)\)([^;{]*)", sys.stdin.read()):
    text = re.sub(r"__attribute__\(\(.*?\)\)(?=\s|$)", "", text)
    name = re.search(r"(\w+)\s*\(", text) or re.search(r"(\w+)\s*$", text)
    print(name.group(1))' | grep -vxE 'df_assert_failed|df_plugin_.*' | LC_ALL=C sort -u
}
declared lib/include >"$scratch/declared"
matches() { # matches EXPORTED DECLARED
  local missing undeclared
  missing=$(LC_ALL=C comm -13 "$1" "$2" | tr '\n' ' ')
  undeclared=$(LC_ALL=C comm -23 "$1" "$2" | tr '\n' ' ')
  [ -z "$missing" ] || echo "declared with DF_API, but not exported: $missing"
  [ -z "$undeclared" ] || echo "exported, but not declared with DF_API in a public header: $undeclared"
  [ -s "$2" ] && [ -z "$missing$undeclared" ]
}
check exported_symbols_are_those_of_the_headers matches "$exported" "$scratch/declared"
debug() { nm -D --defined-only "$library" | grep -q ' df_assert_failed$'; }
expected_debug() { if grep -q DF_DEBUG "$build/flags"; then debug; else ! debug; fi; }
check df_assert_failed_is_exported_by_debug_builds_only expected_debug

# ---- differences are found and named ----
finds() { # finds PATTERN COMMAND...
  local pattern=$1
  shift
  "$@" >"$scratch/found" && return 1
  grep -qE -- "$pattern" "$scratch/found" || { cat "$scratch/found"; return 1; }
}
grep -vx df_version "$exported" >"$scratch/fewer"
{ cat "$exported"; echo df_zzz; } >"$scratch/more"
check a_removed_symbol_is_named finds 'not exported: df_version ' same "$scratch/fewer" lib/symbols.txt
check an_added_symbol_is_named finds 'not in lib/symbols.txt: df_zzz ' same "$scratch/more" lib/symbols.txt
check the_update_is_named finds 'make symbols' same "$scratch/more" lib/symbols.txt
check a_declaration_without_a_symbol_is_named finds 'not exported: df_version ' matches "$scratch/fewer" "$scratch/declared"
check a_symbol_without_a_declaration_is_named finds 'public header: df_zzz ' matches "$scratch/more" "$scratch/declared"
echo other >"$scratch/prefix"
check a_symbol_without_the_prefix_is_found finds other prefixed "$scratch/prefix"
finish
