#!/usr/bin/env bash
# The public headers declare what lib/symbols.txt lists, with the same arguments, and the library exports it, neither more
# nor less.
cd "$(dirname "$0")/../.." || exit 1
. tests/cli/check.sh

build=$(dirname "$program")
library=$build/libdynaflow.so

# same DECLARED LIST: names what differs and how to update the list
same() {
  local difference
  difference=$(diff --old-line-format='in lib/symbols.txt, but not declared: %L' \
    --new-line-format='declared, but not in lib/symbols.txt: %L' --unchanged-line-format= "$2" "$1") && return 0
  echo "$difference"
  echo "update the list with 'make symbols'; a removed or changed symbol needs a new SOVERSION, an added one a new minor version"
  return 1
}
exported=$scratch/exported
check the_library_has_symbols bash tests/layout/symbols.sh "$library"
bash tests/layout/symbols.sh "$library" >"$exported"
prefixed() { [ -s "$1" ] && ! grep -v '^df_' "$1"; }
check every_symbol_starts_with_df prefixed "$exported"

# ---- the declarations marked DF_API, after preprocessing ----
declarations() { python3 tests/layout/declarations.py "$1"; }
declarations lib/include >"$scratch/declarations"
check declarations_are_those_of_the_list same "$scratch/declarations" lib/symbols.txt
cut -d: -f1 "$scratch/declarations" >"$scratch/declared"
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
planted() { # planted SED HEADER: the declarations of headers in which one is changed
  rm -rf "$scratch/include" && cp -r lib/include "$scratch/include" && sed -i "$1" "$scratch/include/dynaflow/$2"
  declarations "$scratch/include" >"$scratch/planted"
}
planted '/^DF_API const char\* df_version/d' core/version.h
check a_removed_symbol_is_named finds 'but not declared: df_version: const char\* df_version\(void\)$' same "$scratch/planted" lib/symbols.txt
planted 's/^DF_API const char\* df_version.*/&\nDF_API int df_zzz(void);/' core/version.h
check an_added_symbol_is_named finds 'not in lib/symbols.txt: df_zzz: int df_zzz\(void\)$' same "$scratch/planted" lib/symbols.txt
check the_update_is_named finds 'make symbols' same "$scratch/planted" lib/symbols.txt
planted 's/df_alloc_fail_at(size_t n)/df_alloc_fail_at(long n)/' core/alloc.h
check a_changed_argument_is_named finds 'not in lib/symbols.txt: df_alloc_fail_at: size_t df_alloc_fail_at\(long n\)$' same "$scratch/planted" lib/symbols.txt
planted 's/^DF_API size_t df_alloc_fail_at(size_t n);/DF_API size_t\n  df_alloc_fail_at( size_t n ); \/* words *\//' core/alloc.h
check another_layout_is_no_change same "$scratch/planted" lib/symbols.txt
check a_declaration_without_a_symbol_is_named finds 'not exported: df_version ' matches "$scratch/fewer" "$scratch/declared"
check a_symbol_without_a_declaration_is_named finds 'public header: df_zzz ' matches "$scratch/more" "$scratch/declared"
echo other >"$scratch/prefix"
check a_symbol_without_the_prefix_is_found finds other prefixed "$scratch/prefix"
finish
