#!/usr/bin/env bash
# The tutorials: the commands of the pages as they stand there, with short trainings, end well.
. tests/cli/check.sh
# slow

packages=$PWD/third_party/python data=${DYNAFLOW_DATA:-../shared/data}
mkdir "$scratch/bin" "$scratch/work"
ln -s "$PWD/docs" "$scratch/work/docs"
# the program; `run` trains for $STEPS steps, or as long as the page says, and evaluates little
cat >"$scratch/bin/dynaflow" <<SH
#!/usr/bin/env bash
short=(--set train.steps=\$STEPS --set eval.windows=16 --set eval.sae_windows=1 --set eval.chains=2)
[ "\$1" = run ] || short=()
exec '$program' "\$@" "\${short[@]}"
SH
chmod +x "$scratch/bin/dynaflow"

# page STEPS PAGE: the indented commands of a page, one after the other; not those that download. What they print is in
# $scratch/PAGE.printed.
page() {
  sed -nE 's/^    ((dynaflow|python3|cp|echo|checkpoint=|\(cd).*)/\1/p' "docs/$2.md" >"$scratch/commands"
  [ -s "$scratch/commands" ] || { echo "no command in docs/$2.md"; return 1; }
  (cd "$scratch/work" && STEPS=$1 PATH=$scratch/bin:$PATH PYTHONPATH=$packages bash -xe "$scratch/commands") 2>&1 |
    tee "$scratch/$2.printed"
  return "${PIPESTATUS[0]}"
}
# quotes PAGE: what the page quotes, indented behind "| ", is in what its commands print or in a file of its example; the
# width of columns may differ
quotes() {
  python3 - "docs/$1.md" "$scratch/$1.printed" docs/examples <<'PY'
import glob, re, sys
page, printed, examples = sys.argv[1:]
plain = lambda line: re.sub(r'\s+', ' ', line.replace('dynaflow: ', '')).strip()
lines = open(printed, errors='replace').read().splitlines()
for path in glob.glob(examples + '/*/*.yaml'):
    lines += open(path).read().splitlines()
there = {plain(line) for line in lines}
quoted = [plain(line) for line in re.findall(r'^    \| (.*)$', open(page).read(), re.M)]
missing = [line for line in quoted if not any(line in other for other in there)]
assert quoted, 'nothing is quoted'
sys.exit('\n'.join('%s: nothing prints: %s' % (page, line) for line in missing) or 0)
PY
}
# reaches RUN SHARE METRIC [METHOD]: the error of dynaflow (K = 5) is below SHARE of that of random_action or of METHOD
reaches() {
  python3 - "$scratch/work/results/runs/$1/report/results.csv" "${@:2}" <<'PY'
import csv, sys
path, share, metric, than = (sys.argv + ['random_action'])[1:5]
value = {r['method']: float(r['value']) for r in csv.DictReader(open(path)) if r['metric'] == metric and r['k'] in '05'}
assert value['dynaflow'] < float(share) * value[than], value
PY
}
has_module() { PYTHONPATH=$packages python3 -c "import $1" 2>/dev/null; }

if [ -e "$data/amp_for_hardware_a1/mocap_motions_a1" ] && [ -e "$data/mjcf/menagerie/unitree_a1/scene.xml" ]; then
  mkdir -p "$scratch/work/AMP_for_hardware"
  ln -s "$(realpath "$data/amp_for_hardware_a1")" "$scratch/work/AMP_for_hardware/datasets"
  ln -s "$(realpath "$data/mjcf/menagerie")" "$scratch/work/mujoco_menagerie"
  check the_quadruped_page_runs page 20 tutorial-mocap-quadruped
  check the_quadruped_page_quotes_what_is_printed quotes tutorial-mocap-quadruped
  check the_quadruped_is_far_from_the_floor reaches a1 0.5 tre_open_loop
  check velocities_follow_from_positions grep -qE '^  velocities: differences ' "$scratch/work/tasks/a1_mocap/task.yaml"
  check a_motion_is_written [ -s "$scratch/work/trot.npz" ]
else
  skip quadruped "no clips of the A1 in $data"
fi

# its policy takes minutes to stay up, so that only the first command of the page is tried, and its quotes of the task
walk() {
  cp -r docs/examples/a1_walk "$scratch/work"
  (cd "$scratch/work" && "$program" expert train a1_walk --set expert.updates=2 --set expert.robots=4 \
    --checkpoint a1.safetensors --threads 1 --quiet && [ -s a1.safetensors ])
}
if [ -e "$scratch/work/mujoco_menagerie" ]; then
  check the_task_of_the_robot_page_trains walk
  : >"$scratch/tutorial-robot-to-film.printed"
  check the_robot_page_quotes_its_task quotes tutorial-robot-to-film
else
  skip robot "no models of Menagerie in $data"
fi

if [ -e "$data/ddat/Hopper_10trajs_300steps.npz" ] && [ -e "$data/mjcf/gymnasium/hopper.xml" ] && has_module h5py; then
  ln -s "$(realpath "$data/ddat/Hopper_10trajs_300steps.npz")" "$(realpath "$data/mjcf/gymnasium/hopper.xml")" "$scratch/work"
  check the_hopper_page_runs page 120 tutorial-gymnasium-hdf5
  check the_hopper_page_quotes_what_is_printed quotes tutorial-gymnasium-hdf5
  check the_hopper_is_far_from_the_floor reaches hopper_hdf5 0.3 tre_open_loop
  check options_of_the_recording_are_found grep -qE '^  margin_rule: max ' "$scratch/work/tasks/hopper_hdf5/task.yaml"
else
  skip hopper "no h5py in $packages, or no Hopper in $data"
fi

if has_module mujoco; then
  check the_box_page_runs page 60 tutorial-arm-pushes-box
  check the_box_page_quotes_what_is_printed quotes tutorial-arm-pushes-box
  check arm_and_box_are_far_from_the_floor reaches push_box 0.4 tre_open_loop
  check the_arm_is_measured_apart reaches push_box 0.4 tre_open_loop.joint_pos
  check the_box_is_measured_apart reaches push_box 0.7 tre_open_loop.object_pos
else
  skip push_box "no mujoco in $packages"
fi
finish
