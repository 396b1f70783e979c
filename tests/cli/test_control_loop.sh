#!/usr/bin/env bash
# docs/examples/control_loop.c: compiles with the public headers alone and controls a pendulum in real time for a second.
. tests/cli/check.sh
# slow

build=$(cd "$(dirname "$program")" && pwd)
task=$scratch/my_task
cp -r docs/examples/pendulum "$task"
(cd "$task" && python3 make_data.py)
sed -i 's/name: pendulum /name: my_task /' "$task/task.yaml"
# a library built with a sanitizer needs a program built with it
sanitize=()
grep -q __asan_init "$build/libdynaflow.so" && sanitize+=(-fsanitize=address)
grep -q __ubsan_handle "$build/libdynaflow.so" && sanitize+=(-fsanitize=undefined)
grep -q __tsan_init "$build/libdynaflow.so" && sanitize+=(-fsanitize=thread)
build_example() {
  ${CC:-cc} -std=c17 -O2 "${sanitize[@]}" -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror -I lib/include \
    docs/examples/control_loop.c -L "$build" -ldynaflow -lm -Wl,-rpath,"$build" -o "$scratch/control_loop"
}
check it_compiles_without_a_warning build_example
check its_method_is_trained exits_with 0 train "$task" --profile smoke --method dynaflow --checkpoint "$scratch/p.st" --threads 1 --quiet

loop() { "$scratch/control_loop" "$task/task.yaml" smoke "$task/pendulum.npz" "$scratch/p.st" "$@" >"$scratch/out" 2>"$scratch/err" || { cat "$scratch/err"; false; }; }
# counts MORE: every action follows a fresh plan or is a missed deadline, and nothing was allocated; MORE of the numbers
counts() {
  python3 - "$scratch/out" "$1" <<'PY'
import math, re, sys
text = open(sys.argv[1]).read()
actions, rate, plans, missed, allocations = map(int, re.match(r'(\d+) actions at (\d+) Hz: (\d+) plans, (\d+) missed deadlines, (\d+) allocations\n', text).groups())
median, p99, longest = map(float, re.search(r'takes ([\d.]+) ms \(median\), ([\d.]+) ms \(99 %\), ([\d.]+) ms', text).groups())
q, v = map(float, re.search(r'state: (\S+) (\S+)', text).groups())
# make_data.py drives every swing to this energy, in J
inertia = 0.25 + 0.4 * 0.01
goal = 9.81 * 0.5 * (1 - math.cos(0.8))
energy = 0.5 * inertia * v * v + 9.81 * 0.5 * (1 - math.cos(q))
assert actions - missed <= plans <= actions - missed + 1, text
assert median <= p99 <= longest and allocations == 0 and rate == 100, text
assert eval(sys.argv[2]), (sys.argv[2], text, energy, goal)
PY
}
check it_runs_for_a_second loop 1 1
# the start state has two fifths of that energy; a torque that does not follow the state gives some 0.84 of it
check it_drives_the_pendulum_to_the_demonstrated_energy counts "actions == 100 and abs(energy / goal - 1) < 0.12"
check plans_that_take_too_long_run loop 1 4000
check they_miss_deadlines_and_are_counted counts "missed >= 30 and median > 10"
check a_missing_checkpoint_is_named bash -c "! '$scratch/control_loop' '$task/task.yaml' smoke '$task/pendulum.npz' none.st 1 1 2>'$scratch/err' && grep -q 'none.st' '$scratch/err'"

finish
