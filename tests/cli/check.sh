# Sourced by the tests of the program: checks that print "ok NAME", "not ok NAME" or "skip NAME: REASON".
# Tests run from the project's root; BUILD names the build folder.
BUILD=${BUILD:-build}
program=$BUILD/dynaflow
case $program in /*) ;; *) program=$PWD/$program ;; esac
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failures=0

# check NAME COMMAND...: does the command succeed?
check() {
  local name=$1
  shift
  if "$@" >"$scratch/check.log" 2>&1; then
    echo "ok $name"
  else
    echo "not ok $name"
    sed 's/^/    /' "$scratch/check.log" | tail -20
    failures=$((failures + 1))
  fi
}

# skip NAME REASON: a check that cannot be made here, which does not count as passed; tests/run.sh lists the reasons
skip() { echo "skip $1: $2"; }

# run ARGUMENT...: runs the program; leaves its output in $scratch/out and $scratch/err and its exit code in $code
run() {
  code=0
  "$program" "$@" >"$scratch/out" 2>"$scratch/err" </dev/null || code=$?
}

# exits_with CODE ARGUMENT...: the program's exit code
exits_with() {
  local wanted=$1
  shift
  run "$@"
  [ "$code" -eq "$wanted" ] || { echo "dynaflow $*: exit code $code, not $wanted"; cat "$scratch/err"; return 1; }
}

# refuses PATTERN ARGUMENT...: exit code 2 and an error that matches
refuses() {
  local pattern=$1
  shift
  exits_with 2 "$@" && { grep -qE -- "$pattern" "$scratch/err" || { echo "no /$pattern/ in:"; cat "$scratch/err"; false; }; }
}

# misses PATTERN ARGUMENT...: exit code 3 and an error that matches
misses() {
  local pattern=$1
  shift
  exits_with 3 "$@" && { grep -qE -- "$pattern" "$scratch/err" || { echo "no /$pattern/ in:"; cat "$scratch/err"; false; }; }
}

finish() { [ "$failures" -eq 0 ]; }
