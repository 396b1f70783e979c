#!/usr/bin/env bash
# Verification and timing of adjoints: suites, their tables and figures, refused input; an example program.
. tests/cli/check.sh
# slow

build=$(dirname "$program")
models=$PWD/results/adjoint/models
says() { grep -qE -- "$1" "$scratch/out" "$scratch/err" || { echo "no /$1/ in:"; cat "$scratch/out" "$scratch/err"; false; }; }
differ() { ! "$@"; }

# ---- a suite of small models: covered ones, and one for each reason why a model is not checked ----

suite=$scratch/suite/list.txt
mkdir "$scratch/suite"
cart() { # cart FILE OPTIONS EXTRA ACTUATOR
  cat >"$scratch/suite/$1" <<XML
<mujoco><option timestep="0.01" $2/><worldbody>
<body><joint name="x" type="slide" axis="1 0 0" limited="true" range="-1 1" frictionloss="0.1"/><geom size="0.1" mass="1"/></body>
</worldbody>$3<actuator>$4</actuator></mujoco>
XML
}
motor='<motor joint="x" ctrllimited="true" ctrlrange="-5 5"/>'
cart cart.xml '' '' "$motor"
cart wind.xml 'wind="1 0 0" density="1.2" viscosity="0.1"' '' "$motor"
echo '<mujoco/>' >"$scratch/suite/still.xml"
cat >"$suite" <<LIST
# kinds of state        how many
states rest=3 motion=12 impact=5 limits=6 sliding=3 rolling=3 stuck=3   # of each model

model own/cart          cart.xml                  target=0.5
model own/slow_cart     cart.xml                  system.timestep=0.02
model own/ball          $models/ball_on_box.xml
model own/wind          wind.xml
model own/still         still.xml
LIST

# ---- the tables ----

one=$scratch/one two=$scratch/two
check suite_exits_0 exits_with 0 gradcheck --suite "$suite" --out "$one" --threads 1
check the_table_has_one_line_per_model [ "$(grep -cE '^own/' "$scratch/out")" -eq 5 ]
check suite_again_exits_0 exits_with 0 gradcheck --suite "$suite" --out "$two" --threads 2 --json
cp "$scratch/out" "$scratch/rows.json"
for file in verification.md verification.csv sweep.svg sweep.dat sweep.gp; do
  check "${file}_has_the_same_bytes_on_2_threads" cmp "$one/$file" "$two/$file"
done
check csv_has_the_expected_values python3 -c "
import csv, sys
rows = {r['model']: r for r in csv.DictReader(open(sys.argv[1]))}
assert list(rows) == ['own/cart', 'own/slow_cart', 'own/ball', 'own/wind', 'own/still'], list(rows)
for name in ['own/cart', 'own/slow_cart', 'own/ball']:
    r = rows[name]
    assert r['adjoint'] == 'exact' and r['verdict'] == 'holds', r
    assert int(r['states']) == int(r['smooth']) + int(r['on_kinks']), r
    assert float(r['error_median']) < 1e-8 and float(r['error_worst']) < 1e-6 and float(r['below_1e-6']) == 1, r
    assert float(r['transition_median']) < 1e-6 and float(r['best_error']) < 1e-8, r
    assert int(r['motion']) == 12, r
assert int(rows['own/ball']['rolling']) == 3 and int(rows['own/cart']['rolling']) == 0
assert int(rows['own/cart']['limits']) == 6
assert rows['own/cart']['compiled'] != rows['own/slow_cart']['compiled']
assert rows['own/wind']['adjoint'] in ('refused', 'differenced') and 'fluid' in rows['own/wind']['features'], rows['own/wind']
assert rows['own/still']['adjoint'] == 'unreadable' and 'no joints' in rows['own/still']['features'], rows['own/still']
assert all('/' not in r['features'].split(' ')[0] for r in rows.values())" "$one/verification.csv"
check page_names_every_model bash -c "for m in cart slow_cart ball wind still; do grep -q \"own/\$m \" '$one/verification.md' || exit 1; done"
check page_knows_kinds_and_causes grep -qE '^\| rolling \| 1 \| 3 ' "$one/verification.md"
check tables_hold_no_paths_or_times_of_this_machine differ grep -rqE "$scratch|[0-9] (s|us|ms)\b" "$one/verification.md" "$one/verification.csv"
check json_rows_have_the_common_fields python3 -c "
import json, sys
rows = json.load(open(sys.argv[1]))['rows']
keys = {'task', 'method', 'seed', 'profile', 'metric', 'value', 'unit', 'n', 'lo', 'hi', 'status', 'k'}
assert all(set(r) == keys for r in rows), rows[0]
of = {(r['task'], r['metric']): r for r in rows}
assert of['own/cart', 'error_median']['value'] < 1e-8
assert of['own/cart', 'covered']['value'] == 1 and of['own/wind', 'covered']['value'] == 0
assert 'fluid' in of['own/wind', 'covered']['status']
assert of['own/ball', 'sweep_best_step']['value'] > 0
assert ('own/wind', 'error_median') not in of" "$scratch/rows.json"
check sweep_has_one_curve_per_checked_model [ "$(grep -c '^# own/' "$one/sweep.dat")" -eq 3 ]

# ---- suites that fail ----

echo 'model own/gone gone.xml' >"$scratch/suite/missing.txt"
echo 'states motion=4' >>"$scratch/suite/missing.txt"
check a_missing_model_exits_3 exits_with 3 gradcheck --suite "$scratch/suite/missing.txt" --quiet
check a_missing_model_is_listed says '^own/gone +missing'
printf 'states motion=4\nmodel own/wind wind.xml\n' >"$scratch/suite/none.txt"
check a_list_with_nothing_to_check_exits_4 exits_with 4 gradcheck --suite "$scratch/suite/none.txt" --quiet
# ---- timing ----

check bench_adjoint_exits_0 exits_with 0 bench adjoint "$scratch/suite/cart.xml" --windows 4 --passes 3 --json
check row_has_the_names_of_the_contract python3 -c "
import json, sys
d = json.load(open(sys.argv[1]))
assert d['schema'] == 1 and len(d['rows']) == 1
r = d['rows'][0]
for name in 'model nv nefc step_us vjp_us vjp_per_step rollout_grad_per_rollout transitionfd_per_vjp err_median err_p99'.split():
    assert r[name] is not None, (name, r)
assert r['vjp_us'] > 0 and r['step_us'] > 0 and r['rollout_grad_per_rollout'] > 1 and r['err_median'] < 1e-8, r" "$scratch/out"
run bench adjoint tasks/go1_gaits/go1.xml --windows 2 --passes 9 --json
check centred_differences_cost_more_than_forward_ones python3 -c "
import json, sys
r = json.load(open(sys.argv[1]))['rows'][0]
assert 1.4 < r['transitionfd_centred_per_vjp'] / r['transitionfd_per_vjp'] < 3, r" "$scratch/out"
check bench_of_a_suite_exits_0 exits_with 0 bench adjoint --suite "$suite" --windows 4 --passes 2 --out "$one" --quiet
check bench_names_the_skipped_model says 'skipping own/still: .*no joints'
check timing_table_shows_targets grep -qE '^\| own/cart .*\| 0\.5 \| (within|above) \|' "$one/timing.md"
check timing_csv_has_one_line_per_model [ "$(wc -l <"$one/timing.csv")" -eq 4 ]
check bench_rollout_exits_0 exits_with 0 bench rollout "$scratch/suite/cart.xml" --windows 4 --passes 2 --threads 2 --json
check row_of_bench_rollout_has_speedups grep -q '"gradient_speedup"' "$scratch/out"

# ---- figures of a gradient ----

check plot_exits_0 exits_with 0 gradcheck "$models/ball_on_box.xml" --plot "$scratch/plot" --states 20 --rollouts 3 --horizon 12 --quiet --json
cp "$scratch/out" "$scratch/plot.json"
check plot_again_exits_0 exits_with 0 gradcheck "$models/ball_on_box.xml" --plot "$scratch/plot2" --states 20 --rollouts 3 --horizon 12 --quiet --threads 1
for ending in svg gp dat; do
  check "figure_${ending}_has_the_same_bytes_again" cmp "$scratch/plot/ball_on_box-gradient.$ending" "$scratch/plot2/ball_on_box-gradient.$ending"
done
check plot_rows_are_there python3 -c "
import json, sys
of = {r['metric']: r for r in json.load(open(sys.argv[1]))['rows']}
assert of['line_jumps']['value'] >= 0 and of['line_jump_largest']['value'] >= 0
assert of['line_diverged']['value'] == 0
assert of['gradient_growth']['value'] is not None and of['gradient_growth']['n'] == 12
assert of['gradient_doubling_time']['value'] or of['gradient_doubling_time']['status'] == 'does not grow'" "$scratch/plot.json"
# a bouncing ball at a coarse timestep: reaching the floor one step earlier changes the bounce abruptly
cat >"$scratch/suite/bounce.xml" <<'XML'
<mujoco><option timestep="0.02"/><worldbody><geom type="plane" size="1 1 1" solref="-5000 -2"/><body pos="0 0 0.4">
<joint name="z" type="slide" axis="0 0 1"/><geom size="0.1" mass="1" solref="-5000 -2"/></body></worldbody>
<actuator><motor joint="z" ctrllimited="true" ctrlrange="-5 5"/></actuator></mujoco>
XML
check plot_of_a_bounce_exits_0 exits_with 0 gradcheck "$scratch/suite/bounce.xml" --plot "$scratch/plot" --states 20 --rollouts 5 --horizon 24 --quiet --json
check jumps_of_the_loss_are_found_where_they_are python3 -c "
import json, sys
of = {r['metric']: r['value'] for r in json.load(open(sys.argv[1]))['rows']}
blocks = open(sys.argv[2]).read().split('\n\n\n')
line = [list(map(float, l.split())) for l in blocks[0].splitlines() if l and l[0] != '#']
jumps = [list(map(float, l.split())) for l in blocks[2].splitlines() if l and l[0] != '#']
assert of['line_jumps'] == len(jumps) > 0, (of, jumps)
steps = [abs(b[1] - a[1]) for a, b in zip(line, line[1:])]
spread = max(p[1] for p in line) - min(p[1] for p in line)
# a smooth loss does not change by a twentieth of its range within a thousandth of the line
torn = {line[i][0] for i, step in enumerate(steps) if step > 0.05 * spread}
assert torn and torn <= {j[0] for j in jumps}, (torn, jumps)
assert abs(of['line_jump_largest'] - max(steps) / spread) < 0.02, of
# elsewhere the integral of the gradient follows the loss
rest = sum(abs(b[1] - a[1] - b[2] + a[2]) for a, b in zip(line, line[1:]) if a[0] not in {j[0] for j in jumps})
assert rest < 0.01 * spread and of['line_unexplained'] < of['line_jump_largest'] * len(jumps) + 0.01, (rest, spread, of)" "$scratch/out" "$scratch/plot/bounce-gradient.dat"
# a pole that falls: the doubling time is log 2 over the growth per second, of which an action has 0.02
cat >"$scratch/suite/pole.xml" <<'XML'
<mujoco><option timestep="0.02"/><worldbody><body pos="0 0 1"><joint name="swing" axis="0 1 0"/>
<geom size=".05" pos="0 0 .5" mass="1"/></body></worldbody>
<actuator><motor joint="swing" ctrllimited="true" ctrlrange="-.1 .1"/></actuator></mujoco>
XML
check plot_of_a_pole_exits_0 exits_with 0 gradcheck "$scratch/suite/pole.xml" --plot "$scratch/plot" --states 10 --rollouts 3 --horizon 40 --quiet --json
check a_falling_pole_doubles_in_a_time_of_seconds python3 -c "
import json, math, sys
of = {r['metric']: r['value'] for r in json.load(open(sys.argv[1]))['rows']}
growth = of['gradient_growth']
# at the top, sqrt(g / (l + 2 r^2 / 5 l)) = 4.42 per second; states beside it grow more slowly
assert 0.03 < growth < 0.1 and abs(of['gradient_doubling_time'] - math.log(2) / growth * 0.02) < 1e-12, of" "$scratch/out"
check plot_of_a_cart_exits_0 exits_with 0 gradcheck "$scratch/suite/cart.xml" --plot "$scratch/plot" --states 20 --rollouts 2 --quiet --json

# ---- refused ----

bad() { printf "$1\n" >"$scratch/suite/bad.txt" && refuses "$2" gradcheck --suite "$scratch/suite/bad.txt" --quiet; }
check a_kind_given_twice_is_refused bad 'states rest=3 rest=4\nmodel own/cart cart.xml' 'rest=4.*already'
check several_seeds_are_refused refuses 'one seed, but 2 were given' gradcheck --suite "$suite" --seed 1,2
check several_seeds_are_refused_by_bench refuses 'one seed, but 2 were given' bench adjoint --suite "$suite" --seed 1,2
check a_missing_suite_is_refused misses 'nowhere.txt: No such file' gradcheck --suite "$scratch/nowhere.txt"
check a_folder_is_refused_as_a_suite refuses "$scratch" gradcheck --suite "$scratch"
check a_binary_file_is_refused_as_a_suite bash -c "head -c 200 /dev/zero >'$scratch/zero'; '$program' gradcheck --suite '$scratch/zero' 2>&1 | grep -q 'not a text file'"
check an_empty_suite_is_refused bad '' 'bad.txt: no model'
check a_suite_without_states_is_refused bad 'model a cart.xml' 'bad.txt: no states'
check an_unknown_line_is_refused bad 'states motion=4\nmodell a cart.xml' "bad.txt:2: 'modell': a line must begin with"
check an_unknown_kind_is_refused bad 'states flying=4' "bad.txt:1: 'flying=4': unknown kind"
check a_wrong_count_is_refused bad 'states motion=four' "bad.txt:1: 'motion=four': a whole number"
check a_negative_count_is_refused bad 'states motion=-4' "bad.txt:1: 'motion=-4': a whole number"
check a_model_without_a_file_is_refused bad 'model a' "bad.txt:1: a model's file is missing"
check a_model_twice_is_refused bad 'model a cart.xml\nmodel a cart.xml' "bad.txt:2: 'a': another model has this name"
check a_target_that_is_no_number_is_refused bad 'model a cart.xml target=nan' "bad.txt:1: 'target=nan': a positive number"
check an_unknown_setting_is_refused bad 'model a cart.xml system.gravity=3' "system.gravity"
check a_setting_of_another_kind_is_refused bad 'model a cart.xml train.steps=3' "bad.txt:1: 'train.steps=3': target=number or system.key"
check a_suite_and_a_model_are_refused refuses '--suite lists its own models' gradcheck cart.xml --suite "$suite"
check out_without_a_suite_is_refused refuses '--out is only valid with --suite' gradcheck "$scratch/suite/cart.xml" --out "$scratch/x"
check plot_of_a_suite_is_refused refuses '--plot takes tasks and models' gradcheck --suite "$suite" --plot "$scratch/x"
check plot_without_rollouts_is_refused refuses 'do not set --rollouts 0' gradcheck "$scratch/suite/cart.xml" --plot "$scratch/x" --rollouts 0
check a_model_that_is_not_there_is_refused misses 'no_such.xml' bench adjoint "$scratch/no_such.xml"
check an_unknown_task_is_refused refuses "unknown task 'no_such'" bench adjoint no_such
check an_unknown_benchmark_is_refused refuses "unknown benchmark 'adjont', did you mean 'adjoint'" bench adjont x.xml
check a_benchmark_without_a_model_is_refused refuses 'a task, a model file' bench adjoint
check zero_passes_are_refused refuses '--passes 0: expected an integer' bench adjoint "$scratch/suite/cart.xml" --passes 0
check a_bad_suite_is_refused_by_bench misses 'nowhere.txt: No such file' bench adjoint --suite "$scratch/nowhere.txt"
check out_that_is_a_file_is_refused bash -c "touch '$scratch/file'; '$program' bench adjoint '$scratch/suite/cart.xml' --windows 2 --passes 1 --out '$scratch/file' >/dev/null 2>'$scratch/err'; [ \$? -eq 2 ] && grep -q '$scratch/file' '$scratch/err'"

# ---- interrupted ----

interrupted() { timeout --preserve-status -s INT 1 "$program" "$@" >/dev/null 2>&1; [ $? -eq 130 ]; }
cp "$models/arm_box.xml" "$scratch/suite"
printf 'states motion=4000 impact=4000\nmodel own/arm_box arm_box.xml\n' >"$scratch/suite/long.txt"
check an_interrupted_suite_exits_130 interrupted gradcheck --suite "$scratch/suite/long.txt" --out "$scratch/never" --threads 1
check an_interrupted_suite_writes_no_table [ ! -e "$scratch/never/verification.md" ]
check an_interrupted_benchmark_exits_130 interrupted bench adjoint "$models/arm_box.xml" --passes 100000

# ---- docs/examples/throw.c and balance.c: compile with the public headers alone, and reach their goals ----

# a library built with a sanitizer needs a program built with it
sanitize=()
grep -q __asan_init "$build/libdynaflow.so" && sanitize+=(-fsanitize=address)
grep -q __ubsan_handle "$build/libdynaflow.so" && sanitize+=(-fsanitize=undefined)
build_example() {
  ${CC:-cc} -std=c17 -O2 "${sanitize[@]}" -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror -I lib/include "docs/examples/$1.c" \
    -L "$build" -ldynaflow -lm -Wl,-rpath,"$build" -o "$scratch/$1"
}
check throw_compiles_without_a_warning build_example throw
check throw_hits_the_target "$scratch/throw"
check throw_is_short [ "$(wc -l <docs/examples/throw.c)" -le 60 ]
check throw_misses_at_first_and_improves_with_every_iteration bash -c "'$scratch/throw' | awk '{ if (NR > 1 && \$7 > last) bad = 1; last = \$7; if (NR == 1) first = \$7 } END { exit bad || first < 1 || last > 0.01 }'"
check balance_compiles_without_a_warning build_example balance
check balance_keeps_both_poles_upright "$scratch/balance"
check balance_starts_a_tenth_of_a_radian_off bash -c "'$scratch/balance' | grep -q '^0.0 s: the poles are 0.10000 and -0.10000 rad off$'"

# ---- what was not compared proves nothing ----

verdict() { # verdict CODE WORD ARGUMENT...: exit code and the row `verdict`
  local wanted=$1 word=$2
  shift 2
  exits_with "$wanted" gradcheck "$@" --json --quiet --threads 2 && python3 -c "
import json, sys
row, = [r for r in json.load(open(sys.argv[1]))['rows'] if r['metric'] == 'verdict']
assert row['status'] == sys.argv[2] and row['value'] is None, row" "$scratch/out" "$word"
}
# every rollout of this model ends on a kink, while most of its states do not lie on one
cat >"$scratch/kinks.xml" <<XML
<mujoco><option timestep="0.004" integrator="Euler"><flag filterparent="disable"/></option>
<worldbody><geom name="floor" type="plane" size="2 2 .1"/>
<body pos="0 0 .2"><freejoint/><geom type="box" size=".12 .08 .05" mass="2" pos=".02 .01 0"/>
<body pos=".1 .09 0"><joint name="h1" axis="0 1 0" damping=".1" range="-20 20" frictionloss=".05" stiffness="1"/>
<geom type="capsule" size=".02" fromto="0 0 0 .05 0 -.15" mass=".3"/></body>
<body pos="-.1 -.09 0"><joint name="bl" type="ball" damping=".02" stiffness=".5" range="0 70" limited="true"/>
<geom type="capsule" size=".02" fromto="0 0 0 0 0 -.17" mass=".3"/></body></body></worldbody>
<actuator><position joint="h1" kp="20" kv="1" ctrlrange="-1 1"/><motor joint="bl" gear="1 .5 .2" ctrlrange="-1 1"/></actuator></mujoco>
XML
# a cylinder above a box: their contact has no exact derivative
cat >"$scratch/cylinder.xml" <<XML
<mujoco><option timestep="0.004"/><worldbody><geom name="floor" type="box" size="5 5 .1" pos="0 0 -.1"/>
<body pos="0 0 .3"><joint name="z" type="slide" axis="0 0 1" limited="true" range="-.25 .5"/><joint name="h" axis="0 1 0"/>
<geom type="cylinder" size=".1 .1" mass="1"/></body></worldbody>
<actuator><motor joint="z" ctrllimited="true" ctrlrange="-5 5"/></actuator></mujoco>
XML
# a hanging chain without actuators: its states are checked, and there are no rollouts to check
cat >"$scratch/chain.xml" <<XML
<mujoco><option timestep="0.002"/><worldbody><composite type="cable" curve="s" count="5 1 1" size=".4" offset="0 0 .5" initial="none">
<joint kind="main" damping=".01"/><geom type="capsule" size=".01" mass=".05"/></composite></worldbody></mujoco>
XML
check a_model_without_actuators_is_checked_by_its_states verdict 0 holds "$scratch/chain.xml" --states 40 --rollouts 5
check its_rollouts_are_not bash -c "! grep -q rollout '$scratch/out'"
check nothing_is_plotted_of_it refuses 'chain.xml: the model has no actuators, so --plot has no actions to vary' gradcheck "$scratch/chain.xml" \
  --plot "$scratch/no_plot"
check an_exact_model_holds verdict 0 holds "$scratch/suite/cart.xml" --states 40 --rollouts 5
check without_rollouts_the_states_decide verdict 0 holds "$scratch/suite/cart.xml" --states 40 --rollouts 0
check rollouts_on_kinks_are_inconclusive verdict 4 inconclusive "$scratch/kinks.xml" --states 60 --rollouts 5
check its_states_alone_hold verdict 0 holds "$scratch/kinks.xml" --states 60 --rollouts 0
check an_approximate_model_is_called_so verdict 0 approximate "$scratch/cylinder.xml" --set system.contacts=approximate --states 60 --rollouts 5
check finite_differences_have_nothing_to_compare verdict 4 inconclusive "$scratch/suite/wind.xml" --set system.gradient=differences --states 20 --rollouts 5

# ---- a task is checked in the settings and on the data of --profile ----

cp -r docs/examples/pendulum "$scratch/pendulum"
(cd "$scratch/pendulum" && python3 make_data.py)
sed -i 's/^  smoke:$/  other: {data: {file: other.npz}}\n  smoke:/' "$scratch/pendulum/task.yaml"
quick() { "$@" gradcheck "$scratch/pendulum" --states 2 --rollouts 1 --profile "$profile"; }
profile=smoke
check a_task_is_checked_in_a_profile quick exits_with 0
profile=other
check the_data_are_those_of_the_profile quick misses 'other.npz'
profile=none
check an_unknown_profile_is_named quick refuses "none"
finish
