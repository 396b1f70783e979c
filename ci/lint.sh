#!/usr/bin/env bash
# Static analysis of lib/, baselines/ and bench/: gcc -fanalyzer, clang-tidy (.clang-tidy), cppcheck. Called by `make lint`.
#   ci/lint.sh COMPILE_COMMANDS [analyzer|tidy|cppcheck]...     all three without a name
# Exit code 1 if one of them finds something, 2 if one is not installed.
set -u
jobs=${JOBS:-$(nproc)}
commands=$1
shift
chosen=${*:-analyzer tidy cppcheck}

for tool in gcc clang-tidy cppcheck python3; do
  command -v "$tool" >/dev/null || { echo "lint: $tool is missing; ci/install-deps.sh lint installs it" >&2; exit 2; }
done
found=0
# step NAME COMMAND...: runs it and prints its seconds, and its output if it failed
step() {
  local name=$1 begin=$SECONDS log
  log=$(mktemp)
  shift
  if "$@" >"$log" 2>&1; then
    echo "$name: nothing found, $((SECONDS - begin)) s"
  else
    grep -vE '^[0-9]+ (warning|error)s?( and [0-9]+ errors?)? (generated|treated)|^Suppressed|^Use -header-filter' "$log"
    echo "$name: see above, $((SECONDS - begin)) s"
    found=1
  fi
  rm -f "$log"
}
sources() { python3 -c 'import json, sys; [print(e["file"]) for e in json.load(open(sys.argv[1]))]' "$commands"; }

# Off, because gcc 12 follows no call into another file:
#   null-dereference, null-argument    takes df_fail() for a call that may return success
#   use-of-uninitialized-value         takes arrays that a callee or a loop over a count fills for empty
analyzer_off=(-Wno-analyzer-null-dereference -Wno-analyzer-null-argument -Wno-analyzer-use-of-uninitialized-value)
analyzer() {
  make --no-print-directory -k -j"$jobs" BUILD=build-analyzer CC=gcc OPTIMIZE="-O2 -fanalyzer ${analyzer_off[*]}" objects
}
tidy() { sources | xargs -P "$jobs" -n 8 clang-tidy -p "$(dirname "$commands")" --quiet; }

# Off:
#   style and information  opinions
#   uninitvar, ctuuninitvar  takes loops over a dimension that is never 0 for loops that may not run, and arrays that a
#                          callee fills for read; gcc's -Wmaybe-uninitialized stays on
#   missingIncludeSystem   the system's headers are not read
#   unknownMacro           json_array_foreach of jansson is one of them
cppcheck_all() {
  mkdir -p "$(dirname "$commands")/cppcheck"
  cppcheck -j "$jobs" -q --project="$commands" --cppcheck-build-dir="$(dirname "$commands")/cppcheck" --std=c17 \
    --enable=warning,performance,portability --inline-suppr --suppress=uninitvar --suppress=ctuuninitvar \
    --suppress=missingIncludeSystem --suppress=unknownMacro --error-exitcode=1
}

for tool in $chosen; do
  case $tool in
    analyzer) step "gcc -fanalyzer" analyzer ;;
    tidy) step clang-tidy tidy ;;
    cppcheck) step cppcheck cppcheck_all ;;
    *) echo "lint: no tool '$tool'" >&2; exit 2 ;;
  esac
done
exit $found
