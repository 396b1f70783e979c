#!/usr/bin/env bash
# Plants each fault of faults.txt in a copy of the last commit, builds the test that should notice, and demands that it
# fails. Without names all faults are planted. The tree itself is never touched.
#   tests/faults/run.sh [NAME...]
#   tests/faults/run.sh --sample N [SEED]       plants N of them, chosen by a seed (default 1)
#   tests/faults/run.sh --write                 plants nothing: writes the table of docs/planted-faults.md from faults.txt
#   tests/faults/run.sh --check                 builds nothing: does every entry of the working tree fit sources and tests?
# Exit code 0 if every fault was caught, 1 if one was missed, no longer fits the source or does not build.
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
[ "${1:-}" = --check ] && cd "$root" && exec python3 tests/faults/check.py tests/faults/faults.txt .
[ "${1:-}" = --write ] && cd "$root" && exec python3 tests/faults/check.py --write tests/faults/faults.txt docs/planted-faults.md
jobs=${JOBS:-2} limit=${LIMIT:-300} mpi_test=cli/test_mpi.sh

copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
git -C "$root" archive HEAD | tar -x -C "$copy" || exit 1
[ -e "$root/third_party" ] && ln -s "$root/third_party" "$copy/third_party"
cd "$copy" || exit 1

# build TEST: builds what the test needs from scratch. A fault may leave something unused, so warnings do not stop the compiler.
build() {
  local target=build/tests/$1
  case $1 in
    */test_render.sh | */test_window.sh) target=build/dynaflow-render ;;
    *.sh) target=build/dynaflow ;;
  esac
  rm -f "$target" build-mpi/dynaflow
  make -j"$jobs" BUILD=build CFLAGS=-Wno-error "$target" >build.log 2>&1 && [ -x "$target" ] || return 1
  [ "$1" != "$mpi_test" ] || make -j"$jobs" MPI=1 BUILD=build-mpi CFLAGS=-Wno-error build-mpi/dynaflow >>build.log 2>&1
}

# passes TEST: runs it; what failed is in $failing
passes() {
  local code=0
  case $1 in
    *.sh) BUILD=build timeout "$limit" bash "tests/$1" >test.log 2>&1 </dev/null || code=$?
      failing=$(sed -n 's/^not ok //p' test.log) ;;
    *) timeout "$limit" "build/tests/$1" >test.log 2>&1 </dev/null || code=$?
      failing=$(sed -n 's/^\[  FAILED  \] \([a-z_0-9A-Z]*\)$/\1/p' test.log | awk '!seen[$0]++') ;;
  esac
  [ "$code" -eq 124 ] && failing="no end after $limit s"
  [ -n "$failing" ] || failing="exit code $code"
  failing=$(head -1 <<<"$failing")
  [ "$code" -eq 0 ]
}

# plant FILE OLD NEW: fails unless OLD stands in FILE exactly once
plant() {
  python3 - "$@" <<'PY'
import sys
path, old, new = sys.argv[1:]
text = open(path).read()
if text.count(old) != 1:
    sys.exit(1)
open(path, "w").write(text.replace(old, new))
PY
}

names=() ; declare -A what file old new test
while IFS= read -r line; do
  value=${line:6}
  case $line in
    'fault '*) name=$value; names+=("$name") ;;
    'what  '*) what[$name]=$value ;;
    'file  '*) file[$name]=$value ;;
    '-     '*) old[$name]=$value ;;
    '+     '*) new[$name]=$value ;;
    'test  '*) test[$name]=$value ;;
  esac
done <"$here/faults.txt"
chosen=("${@:-}")
# without names: all, but those of dynaflow-render and of the program with MPI only where these can be built
if [ $# -eq 0 ]; then
  chosen=()
  for name in "${names[@]}"; do
    [[ ! ${test[$name]} =~ ^cli/test_(render|window)\.sh$ ]] || pkg-config --exists egl libpng glfw3 || continue
    [ "${test[$name]}" != "$mpi_test" ] || command -v mpirun >/dev/null || continue
    chosen+=("$name")
  done
fi
if [ "${1:-}" = --sample ]; then
  [[ ${2:-} =~ ^[1-9][0-9]*$ && ${3:-1} =~ ^[0-9]+$ ]] || { echo "expected: --sample N [SEED]" >&2; exit 2; }
  mapfile -t chosen < <(printf '%s\n' "${names[@]}" | shuf -n "$2" --random-source=<(yes "${3:-1}"))
fi
for name in "${chosen[@]}"; do
  [ -n "${test[$name]:-}" ] || { echo "no fault '$name' in tests/faults/faults.txt" >&2; exit 2; }
done

declare -A sound
# sound TEST: a test that fails anyway catches nothing
sound() {
  [ -z "${sound[$1]:-}" ] || return 0
  build "$1" || { echo "does not build without a fault: $1"; tail -5 build.log; exit 1; }
  passes "$1" || { echo "fails without a fault: $1 ($failing)"; exit 1; }
  sound[$1]=yes
}

caught=0 missed=0 stale=0
for name in "${chosen[@]}"; do
  f=${file[$name]} t=${test[$name]}
  sound "$t"
  cp "$f" original
  if ! plant "$f" "${old[$name]}" "${new[$name]}"; then
    echo "stale $name: not once in $f: ${old[$name]}"
    stale=$((stale + 1))
  elif ! build "$t"; then
    echo "stale $name: does not build"; grep -m3 error build.log
    stale=$((stale + 1))
  elif passes "$t"; then
    echo "MISSED $name by $t"
    missed=$((missed + 1))
  else
    echo "caught $name by $t: $failing"
    caught=$((caught + 1))
  fi
  cat original >"$f"
done
echo "$((caught + missed + stale)) faults: $caught caught, $missed missed, $stale stale"
[ "$caught" -eq "${#chosen[@]}" ]
