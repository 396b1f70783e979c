#!/usr/bin/env bash
# A task's model is all that MuJoCo reads and what it compiles: a change of an included file, a mesh or a height field is
# noticed wherever a model is compared, and named; a comment is not.
. tests/cli/check.sh

tasks=$scratch/tasks
arm=$tasks/arm
mkdir -p "$arm/parts/deep" "$arm/meshes"
cat >"$arm/scene.xml" <<'XML'
<mujoco model="scene"><compiler meshdir="meshes"/><include file="parts/arm.xml"/>
<asset><mesh name="stone" file="stone.obj"/><hfield name="hill" file="../hill.bin" size="1 1 1 1"/></asset>
<worldbody><geom type="mesh" mesh="stone" contype="1" conaffinity="0"/>
<geom type="hfield" hfield="hill" contype="1" conaffinity="0"/></worldbody></mujoco>
XML
cat >"$arm/parts/arm.xml" <<'XML'
<mujoco><option timestep="0.01"/><worldbody><body><joint name="swing" axis="0 1 0"/>
<geom size="0.1" pos="0 0 -0.5" mass="1" contype="0" conaffinity="0"/></body></worldbody><include file="deep/motor.xml"/></mujoco>
XML
cat >"$arm/parts/deep/motor.xml" <<'XML'
<mujoco><actuator><motor joint="swing" ctrllimited="true" ctrlrange="-1 1"/></actuator></mujoco>
XML
printf 'v 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\nf 1 3 2\nf 1 2 4\nf 1 4 3\nf 2 3 4\n' >"$arm/meshes/stone.obj"
python3 -c "import struct, sys; sys.stdout.buffer.write(struct.pack('<ii4f', 2, 2, 0, 1, 0, 1))" >"$arm/hill.bin"
sed -e 's/^\( *name: \)pendulum/\1arm/; s/model: pendulum.xml/model: scene.xml/' docs/examples/pendulum/task.yaml >"$arm/task.yaml"
(cd "$arm" && python3 "$OLDPWD/docs/examples/pendulum/make_data.py")
cp -r "$arm" "$scratch/kept"

small=(--tasks "$tasks" --profile smoke --set train.steps=4 --set eval.chains=0 --set eval.sae_windows=0)
states_only=(--set window.horizon=4 --set data.actions_key=)
# the value of a row of `data info`
value() { "$program" data info arm --tasks "$tasks" --json | python3 -c "
import json, sys; print(next(r['value'] for r in json.load(sys.stdin)['rows'] if r['what'] == '$1'))"; }
restore() { rm -rf "$arm" && cp -r "$scratch/kept" "$arm"; }

check run_exits_0 exits_with 0 run arm "${small[@]}" --method kinematic_fm,random_action --out "$scratch/run"
checkpoint=$(ls "$scratch"/run/checkpoints/*.safetensors)
check sample_exits_0 exits_with 0 sample arm "${small[@]}" --method kinematic_fm --checkpoint "$checkpoint" --out "$scratch/sampled.npz"
check verify_simulates_again bash -c "'$program' verify '$scratch/run' --tasks '$tasks' | grep -E '^replay +ok'"
check the_record_lists_every_file python3 -c "
import hashlib, json, sys
cell = next(r for r in map(json.loads, open('$scratch/run/events.jsonl')) if r['type'] == 'cell')
names = ['scene.xml', 'hill.bin', 'meshes/stone.obj', 'parts/arm.xml', 'parts/deep/motor.xml']
sha = lambda b: hashlib.sha256(b).hexdigest()
wanted = [{'path': n, 'sha256': sha(open('$arm/' + n, 'rb').read())} for n in names]
assert cell['model_files'] == wanted, cell['model_files']
assert cell['model_sha256'] == sha(''.join('%s  %s\n' % (f['sha256'], f['path']) for f in wanted).encode())"
files=$(value 'model sha256') compiled=$(value 'compiled model sha256')

# sees_another FILE: every command that compares models names the changed file
sees_another() {
  local what="$1 changed" changed_files changed_compiled
  changed_files=$(value 'model sha256') changed_compiled=$(value 'compiled model sha256')
  [ "$changed_files" != "$files" ] && [ "$changed_compiled" != "$compiled" ] || { echo "data info shows the same model"; return 1; }
  refuses "trained with another model: $what" eval arm "${small[@]}" --method kinematic_fm --checkpoint "$checkpoint" || return 1
  refuses "trained with another model: $what" sample arm "${small[@]}" --method kinematic_fm --checkpoint "$checkpoint" \
    --out "$scratch/none.npz" || return 1
  run verify "$scratch/run" --tasks "$tasks"
  grep -q "not simulated again: task arm has another model than the record: $what" "$scratch/out" || { cat "$scratch/out"; return 1; }
  # demonstrations that were recorded with the model
  cp "$scratch/sampled.npz" "$arm/pendulum.npz"
  refuses "pendulum.npz: recorded with another model: $what" data info arm --tasks "$tasks" "${states_only[@]}" || return 1
  # a run does not continue over another model
  cp "$scratch/kept/pendulum.npz" "$arm/pendulum.npz"
  rm -rf "$scratch/again" && cp -r "$scratch/run" "$scratch/again"
  run run arm "${small[@]}" --method kinematic_fm,random_action --out "$scratch/again"
  grep -q '2 run, 0 already done' "$scratch/out" || { cat "$scratch/out" "$scratch/err"; return 1; }
}

sed -i 's/mass="1"/mass="2"/' "$arm/parts/arm.xml"
check a_mass_in_an_included_file_is_another_model sees_another parts/arm.xml
restore
sed -i 's/<motor /<motor gear="2" /' "$arm/parts/deep/motor.xml"
check an_include_two_levels_deep_is_another_model sees_another parts/deep/motor.xml
restore
sed -i 's/^v 1 0 0/v 1.001 0 0/' "$arm/meshes/stone.obj"
check a_vertex_of_a_mesh_is_another_model sees_another meshes/stone.obj
restore
printf '\x3e' | dd of="$arm/hill.bin" bs=1 seek=23 conv=notrunc status=none
check a_byte_of_a_height_field_is_another_model sees_another hill.bin
restore

# one group of a report with two models
sed -i 's/mass="1"/mass="2"/' "$arm/parts/arm.xml"
cp -r "$scratch/run" "$scratch/mixed"
check another_seed_of_another_model_runs exits_with 0 run arm "${small[@]}" --method random_action --seed 2 --out "$scratch/mixed"
check the_report_says_that_models_differ bash -c "'$program' report '$scratch/mixed' --quiet; \
  grep -q 'the cells differ in model (parts/arm.xml changed)' '$scratch/mixed/report/index.html'"
restore

# ---- the same model ----

is_the_same() {
  exits_with 0 eval arm "${small[@]}" --method kinematic_fm --checkpoint "$checkpoint" || { cat "$scratch/err"; return 1; }
  run run arm "${small[@]}" --method kinematic_fm,random_action --out "$scratch/run"
  grep -q '0 run, 2 already done' "$scratch/out" || { cat "$scratch/out" "$scratch/err"; return 1; }
  run verify "$scratch/run" --tasks "$tasks"
  grep -qE '^replay +ok' "$scratch/out" || { cat "$scratch/out"; return 1; }
  cp "$scratch/sampled.npz" "$arm/pendulum.npz"
  exits_with 0 data info arm --tasks "$tasks" "${states_only[@]}" || { cat "$scratch/err"; return 1; }
  cp "$scratch/kept/pendulum.npz" "$arm/pendulum.npz"
}
sed -i 's/<include/<!-- a comment --><include/' "$arm/parts/arm.xml"
check a_comment_is_the_same_model is_the_same
restore
mkdir "$scratch/elsewhere" && mv "$arm" "$scratch/elsewhere/" && tasks=$scratch/elsewhere arm=$scratch/elsewhere/arm
small[1]=$tasks
check another_folder_is_the_same_model is_the_same

# ---- hashes that cover the model file alone ----

main=$(sha256sum "$arm/scene.xml" | cut -d' ' -f1)
set_hash() { sed -i "/model_sha256/d; s/^\( *\)model: scene.xml/&\n\1model_sha256: $1/" "$arm/task.yaml"; }
set_hash "$main"
check a_hash_of_the_model_file_is_accepted exits_with 0 data info arm --tasks "$tasks"
check it_is_said_what_it_does_not_cover grep -q "system.model_sha256: hill.bin may differ, .*: the SHA-256 is of scene.xml alone; to cover all files, set it to $files" "$scratch/err"
set_hash "$files"
check the_hash_of_all_files_is_accepted exits_with 0 data info arm --tasks "$tasks"
check nothing_is_said_of_it [ ! -s "$scratch/err" ]
check fetch_accepts_it exits_with 0 data fetch arm --tasks "$tasks"
sed -i 's/mass="1"/mass="2"/' "$arm/parts/arm.xml"
check it_notices_an_included_file refuses "scene.xml: SHA-256 of it and the other 4 of the 5 model files is [0-9a-f]{64}, but system.model_sha256 is $files" data info arm --tasks "$tasks"
check fetch_notices_it_too refuses "scene.xml: SHA-256 of it and the other 4 of the 5 model files is [0-9a-f]{64}, but system.model_sha256 is $files" data fetch arm --tasks "$tasks"
restore

# fetch downloads the model file beside the files that it uses; the task's hash may be of all of them
fetch_scene() { rm -f "$arm/scene.xml"
  run data fetch arm --tasks "$tasks" --data "$arm" --quiet --allow-file --set "system.model_sha256=$1" --set "system.model_url=file://$2"; }
downloads() { fetch_scene "$1" "$scratch/kept/scene.xml"
  [ "$code" -eq 0 ] && grep -q "$2" "$scratch/out" && cmp "$scratch/kept/scene.xml" "$arm/scene.xml" || { cat "$scratch/out" "$scratch/err"; false; }; }
leaves_nothing() { fetch_scene "$files" "$1"
  [ "$code" -eq 2 ] && grep -qE "$2" "$scratch/err" && [ ! -e "$arm/scene.xml" ] || { cat "$scratch/out" "$scratch/err"; ls "$arm"; false; }; }
check fetch_accepts_the_hash_of_the_file downloads "$main" 'as expected'
check fetch_accepts_upper_case downloads "${main^^}" 'as expected'
check fetch_accepts_the_hash_of_all_files downloads "$files" 'the hash of all model files is as expected'
check a_present_model_is_accepted_in_upper_case exits_with 0 data fetch arm --tasks "$tasks" --set "system.model_sha256=${main^^}"
sed 's/scene/other/' "$scratch/kept/scene.xml" >"$scratch/other.xml"
check another_model_file_is_removed leaves_nothing "$scratch/other.xml" "other.xml: SHA-256 is .*scene.xml: SHA-256 of it and the other 4 of the 5 model files is [0-9a-f]{64}, but system.model_sha256 is $files; it was not kept"
mv "$arm/parts" "$scratch/parts"
check fetch_says_why_a_model_cannot_be_compared leaves_nothing "$scratch/kept/scene.xml" \
  "SHA-256 is $main, the task wants $files, .*: .*Error opening file 'parts/arm.xml'.*; it was not kept"
restore

# a model that changes during a run: the cells after it fail, and no record is of another plan
changes_during_a_run() {
  "$program" run arm "${small[@]}" --set train.steps=300 --method kinematic_fm --seed 1,2,3,4 --quiet \
    --out "$scratch/changed" >"$scratch/out" 2>"$scratch/err" &
  until grep -q '"type":"cell"' "$scratch/changed/events.jsonl" 2>/dev/null || ! kill -0 $!; do sleep 0.05; done
  sed -i 's/mass="1"/mass="2"/' "$arm/parts/arm.xml"
  code=0
  wait $! || code=$?
  [ "$code" -eq 2 ] && grep -q 'kinematic_fm seed 4: .*task arm changed while the program ran' "$scratch/err" &&
    python3 -c "
import json
records = list(map(json.loads, open('$scratch/changed/events.jsonl')))
planned = {c['key'] for c in records[0]['cells']}
assert len(planned) == 4 and all(r['key'] in planned for r in records[1:]), records"
}
check a_model_that_changes_during_a_run_fails_its_cells changes_during_a_run
restore

# checkpoints of older versions have the hash of the model file alone
python3 - "$checkpoint" "$scratch/old.safetensors" "$main" <<'PY'
import json, struct, sys
data = open(sys.argv[1], 'rb').read()
n = struct.unpack('<Q', data[:8])[0]
head = json.loads(data[8:8 + n])
meta = head['__metadata__']
for key in ('model_files', 'compiled_sha256', 'mujoco'):
    del meta['dynaflow.' + key]
meta['dynaflow.model_sha256'] = sys.argv[3]
text = json.dumps(head, separators=(',', ':')).encode()
text += b' ' * (-len(text) % 8)
open(sys.argv[2], 'wb').write(struct.pack('<Q', len(text)) + text + data[8 + n:])
PY
set_hash "$main"
check an_older_checkpoint_cannot_be_compared refuses 'an older version wrote it: .*parts/arm.xml may differ.*; train again' \
  eval arm "${small[@]}" --method kinematic_fm --checkpoint "$scratch/old.safetensors"
finish
