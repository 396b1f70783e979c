#!/usr/bin/env bash
# Tasks: found by name and by path; errors name file, key and value; data are fetched, checked and never half written.
. tests/cli/check.sh

tasks=$scratch/tasks
mkdir -p "$tasks/cart/data" "$scratch/remote"
cat >"$scratch/remote/cart.xml" <<'XML'
<mujoco>
  <option timestep="0.01"/>
  <worldbody>
    <body><joint name="x" type="slide" axis="1 0 0"/><geom type="sphere" size="0.1" mass="1"/></body>
  </worldbody>
  <actuator><motor joint="x" ctrllimited="true" ctrlrange="-1 1"/></actuator>
</mujoco>
XML
sum=$(sha256sum "$scratch/remote/cart.xml" | cut -d' ' -f1)
task() { # writes the task with the given model hash and an extra line
  cat >"$tasks/cart/task.yaml" <<YAML
task:
  name: cart
  title: A cart
system:
  model: cart.xml
  model_sha256: $1
  model_url: file://$scratch/remote/cart.xml
action:
  center: [0]
  half_range: [1]
data:
  source: npz
  file: cart.npz
  url: file://$scratch/remote/cart.npz
${2-}
profiles:
  full: {}
YAML
}
task "$sum"

check unknown_task_is_refused refuses "unknown task 'hoper', did you mean 'hopper'" replay hoper
check unknown_task_names_the_others refuses 'go1_gaits, hopper' data info no_such_task
check tasks_folder_is_used refuses 'available: cart' data info hopper --tasks "$tasks"
check unknown_profile_is_refused refuses 'nosuch' data info hopper --profile nosuch
check unknown_key_is_refused refuses 'train\.step' data info hopper --set train.step=3
check value_out_of_range_is_refused refuses 'split\.test_every.*1' data info hopper --set split.test_every=1
check value_of_wrong_kind_is_refused refuses 'window\.horizon.*many' data info hopper --set window.horizon=many
check unknown_method_is_refused refuses 'dynaflo' run hopper --method dynaflo --out "$scratch/run"

check missing_model_is_refused_with_a_hint misses 'dynaflow data fetch cart' replay cart --tasks "$tasks"
check fetch_exits_2_when_a_url_fails refuses 'cart.npz' data fetch cart --tasks "$tasks" --quiet
check fetch_got_the_model_first cmp "$scratch/remote/cart.xml" "$tasks/cart/data/cart.xml"
check doctor_exits_3_without_data exits_with 3 doctor --tasks "$tasks"
check doctor_says_how_to_get_it grep -q 'dynaflow data fetch cart' "$scratch/out"

python3 - "$scratch/remote/cart.npz" <<'PY' || echo "not ok a_recording_is_made"
import sys, zipfile, struct, io
def npy(shape, values):
    head = "{'descr': '<f8', 'fortran_order': False, 'shape': %s, }" % (shape,)
    head += ' ' * (63 - (10 + len(head)) % 64) + '\n'
    return b'\x93NUMPY\x01\x00' + struct.pack('<H', len(head)) + head.encode() + struct.pack('<%dd' % len(values), *values)
states, actions = [], []
for episode in range(12):
    x = v = 0.0
    states += [x, v]
    for t in range(30):
        u = ((7 * t + 3 * episode) % 11 - 5) / 5
        v += 0.01 * u / 1.0
        x += 0.01 * v
        states += [x, v]
        actions.append(u)
with zipfile.ZipFile(sys.argv[1], 'w') as z:
    z.writestr('states.npy', npy((12, 31, 2), states))
    z.writestr('actions.npy', npy((12, 30, 1), actions))
PY
check fetch_exits_0 exits_with 0 data fetch cart --tasks "$tasks" --quiet
check fetch_got_the_data cmp "$scratch/remote/cart.npz" "$tasks/cart/data/cart.npz"
check info_exits_0 exits_with 0 data info cart --tasks "$tasks" --json
check info_counts_episodes python3 -c "
import json, sys
facts = {r['what']: r['value'] for r in json.load(open(sys.argv[1]))['rows']}
assert facts['episodes'] == 12 and facts['episode length'] == 30 and facts['state size nx'] == 2, facts" "$scratch/out"
check a_task_is_found_by_its_path exits_with 0 data info "$tasks/cart"
check make_refuses_recorded_data refuses 'data fetch' data make cart --tasks "$tasks"

check replay_of_true_physics_exits_0 exits_with 0 replay cart --tasks "$tasks" --quiet
check replay_of_another_model_exits_1 exits_with 1 replay cart --tasks "$tasks" --quiet --set system.timestep=0.011
check replay_limits_are_options exits_with 0 replay cart --tasks "$tasks" --quiet --set system.timestep=0.011 \
  --limit-carried 1 --limit-cleared 1 --limit-open-loop 1
check replay_json_marks_what_is_above "$program" replay cart --tasks "$tasks" --json --quiet
check gradcheck_of_a_task_exits_0 exits_with 0 gradcheck cart --tasks "$tasks" --states 20 --rollouts 2
check gradcheck_of_a_model_exits_0 exits_with 0 gradcheck "$scratch/remote/cart.xml" --states 20 --rollouts 2
check gradcheck_of_a_missing_model_exits_3 misses 'no_such.xml' gradcheck "$scratch/no_such.xml"

task "$(printf '0%.0s' {1..64})"
check wrong_model_hash_is_refused refuses '0000000000' replay cart --tasks "$tasks"
rm "$tasks/cart/data/cart.xml"
check fetch_refuses_a_wrong_hash refuses 'SHA-256' data fetch cart --tasks "$tasks" --quiet
check fetch_writes_nothing_of_a_wrong_hash [ ! -e "$tasks/cart/data/cart.xml" ]
task "$sum" "  nonsense: 1"
check a_bad_task_file_is_named_with_its_line refuses 'task\.yaml:1[0-9].*nonsense' data info cart --tasks "$tasks"
finish
