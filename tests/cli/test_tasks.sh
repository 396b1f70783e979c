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
  twice: {system: {substeps: 2}}
YAML
}
task "$sum"

check unknown_task_is_refused refuses "unknown task 'hoper', did you mean 'hopper'" replay hoper
check unknown_task_names_the_others refuses 'a1_gaits, cartpole, detour, go1_gaits, go2_gaits, half_cheetah, hopper, humanoid, pendulum, push_to_goal, quadcopter, walker2d' data info no_such_task
check tasks_folder_is_used refuses 'available: cart' data info hopper --tasks "$tasks"
check unknown_profile_is_refused refuses 'nosuch' data info hopper --profile nosuch
check unknown_key_is_refused refuses 'train\.step' data info hopper --set train.step=3
check value_out_of_range_is_refused refuses 'split\.test_every.*1' data info hopper --set split.test_every=1
check value_of_wrong_kind_is_refused refuses 'window\.horizon.*many' data info hopper --set window.horizon=many
check unknown_method_is_refused refuses 'dynaflo' run hopper --method dynaflo --out "$scratch/run"

check missing_model_is_refused_with_a_hint misses 'dynaflow data fetch cart' replay cart --tasks "$tasks"
check a_file_url_is_refused refuses "model 'cart.xml': file://.*/cart.xml is a file of this machine; .*--allow-file" \
  data fetch cart --tasks "$tasks" --quiet --allow-unverified --allow-http
check a_refused_url_writes_nothing [ -z "$(ls -A "$tasks/cart/data")" ]
check fetch_exits_2_when_a_url_fails refuses 'cart.npz' data fetch cart --tasks "$tasks" --quiet --allow-file
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
check fetch_exits_0 exits_with 0 data fetch cart --tasks "$tasks" --quiet --allow-file
check fetch_got_the_data cmp "$scratch/remote/cart.npz" "$tasks/cart/data/cart.npz"
check info_exits_0 exits_with 0 data info cart --tasks "$tasks" --json
check info_counts_episodes python3 -c "
import json, sys
facts = {r['what']: r['value'] for r in json.load(open(sys.argv[1]))['rows']}
assert facts['episodes'] == 12 and facts['episode length'] == 30 and facts['state size nx'] == 2, facts" "$scratch/out"
check info_of_states_only_has_the_actuators bash -c "'$program' data info cart --tasks '$tasks' --set data.actions_key= | grep -qE 'action size nu +1 +of the model; the data have states only'"
spare=$scratch/spare.npz
python3 - "$tasks/cart/data/cart.npz" "$spare" <<'PY'
import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as old, zipfile.ZipFile(sys.argv[2], 'w') as new:
    new.writestr('states.npy', old.read('states.npy'))
    actions = old.read('actions.npy')
    head, rows = actions[:128].replace(b'(12, 30, 1)', b'(12, 31, 1)'), [actions[128 + 240 * i:368 + 240 * i] for i in range(12)]
    assert len(head) == 128 and len(actions) == 128 + 12 * 240
    new.writestr('actions.npy', head + b''.join(row + b'\0' * 8 for row in rows))
PY
check info_mentions_unused_actions bash -c "'$program' data info cart --tasks '$tasks' --set data.file='$spare' | grep -qE 'recorded actions +the last one of each episode is not used'"
ragged=$scratch/ragged.npz
python3 - "$tasks/cart/data/cart.npz" "$ragged" <<'PY'
import struct, sys, zipfile
def npy(shape, values):
    head = "{'descr': '<f8', 'fortran_order': False, 'shape': %s, }" % (shape,)
    head += ' ' * (63 - (10 + len(head)) % 64) + '\n'
    return b'\x93NUMPY\x01\x00' + struct.pack('<H', len(head)) + head.encode() + struct.pack('<%dd' % len(values), *values)
with zipfile.ZipFile(sys.argv[1]) as old:
    states, actions = (struct.unpack_from('<%dd' % n, old.read(name), 128) for name, n in (('states.npy', 744), ('actions.npy', 360)))
lengths = [30, 3, 30, 17, 30, 22, 30, 30, 2, 30, 30, 30]
x, u, ends = [], [], []
for e, n in enumerate(lengths):
    x += states[62 * e:62 * e + 2 * (n + 1)]
    u += actions[30 * e:30 * e + n]
    ends.append(len(x) / 2)
with zipfile.ZipFile(sys.argv[2], 'w') as z:
    z.writestr('states.npy', npy((len(x) // 2, 2), x))
    z.writestr('actions.npy', npy((len(u), 1), u))
    z.writestr('episode_ends.npy', npy((12,), ends))
PY
ragged=(cart --tasks "$tasks" --set data.file="$ragged" --set data.sha256= --set window.horizon=8 --set split.test_every=5)
check info_of_different_lengths_exits_0 exits_with 0 data info "${ragged[@]}" --json
# episodes of 3 and 2 actions have no window of 8; of the other ten, the fifth, of 22, and the tenth, of 30, are held out
check info_has_lengths_and_unused_episodes python3 -c "
import json, sys
facts = {r['what']: r['value'] for r in json.load(open(sys.argv[1]))['rows']}
assert (facts['shortest episode'], facts['longest episode'], facts['all episodes']) == (2, 30, 284), facts
assert abs(facts['total duration'] - 2.84) < 1e-12 and facts['episodes without a window'] == 2, facts
assert (facts['training windows'], facts['test windows']) == (7 * 23 + 10, 15 + 23), facts
assert 'episode length' not in facts, facts" "$scratch/out"
check info_names_held_out_blocks bash -c "'$program' data info ${ragged[*]@Q} --set split.by=time --set split.test_every=2 --set split.gap=2 | grep -qE 'test windows +[0-9]+ +of held-out blocks'"
check replay_of_different_lengths_exits_0 exits_with 0 replay "${ragged[@]}" --quiet
check gradcheck_of_different_lengths_exits_0 exits_with 0 gradcheck "${ragged[@]}" --quiet --states 50 --rollouts 5
check a_task_is_found_by_its_path exits_with 0 data info "$tasks/cart"
check make_refuses_recorded_data refuses 'data fetch' data make cart --tasks "$tasks"

check replay_of_true_physics_exits_0 exits_with 0 replay cart --tasks "$tasks" --quiet
check replay_of_another_model_exits_1 exits_with 1 replay cart --tasks "$tasks" --quiet --set system.timestep=0.011
check replay_limits_are_options exits_with 0 replay cart --tasks "$tasks" --quiet --set system.timestep=0.011 \
  --limit-carried 1 --limit-cleared 1 --limit-open-loop 1
check replay_obeys_the_profile exits_with 1 replay cart --tasks "$tasks" --quiet --profile twice
check replay_says_why_though_quiet grep -qE "^dynaflow: cart: another option: the recording follows with: system.timestep = 0.01, system.substeps = 1;" \
  "$scratch/err"
check replay_prints_the_verdict grep -qx 'verdict: another option' "$scratch/out"
check replay_json_of_another_model_exits_1 exits_with 1 replay cart --tasks "$tasks" --json --quiet --set system.timestep=0.011
check replay_json_has_verdict_errors_and_hypotheses python3 -c "
import json, sys
rows = {r['metric']: r for r in json.load(open(sys.argv[1]))['rows']}
d = rows['verdict']
assert (d['status'], d['verdict']) == ('wrong', 'another option') and 'system.timestep = 0.01' in d['reason'], d
assert d['would_fit'] == d['best_hypothesis'] and 'system.timestep = 0.01' in d['would_fit'], d['would_fit']
assert rows['carried_position_worst']['status'].startswith('above the limit') and rows['carried_position_worst']['value'] > 1e-6
assert d['error_over_allowed']['trained']['carried'] > 1 >= d['error_over_allowed']['best_hypothesis']['carried']
h = {x['name']: x for x in d['hypotheses']}
assert len(h) > 30 and d['best_hypothesis'] in h and h[d['best_hypothesis']]['rms'] == min(x['rms'] for x in h.values())
for words in ('integrator = RK4', 'margin_rule = max', 'islands = on', 'iterations = 4', 'gains (kp)', 'degrees', 'substeps = 2'):
    assert any(words in name for name in h), words" "$scratch/out"
# a step is v' = v + h u, x' = x + h v', with h = 0.011 s instead of 0.01 s; of n sorted errors the median is that at n / 2
check replay_rows_are_medians_and_worst_errors python3 -c "
import json, sys
rows = {r['metric']: r for r in json.load(open(sys.argv[1]))['rows']}
errors = {(of, kind): [] for of in ('carried', 'cleared', 'open_loop') for kind in ('position', 'velocity')}
for episode in range(12):
    x = v = y = w = far = fast = 0.0
    for t in range(30):
        u = ((7 * t + 3 * episode) % 11 - 5) / 5
        one_v = v + 0.011 * u
        one_x = x + 0.011 * one_v
        w += 0.011 * u
        y += 0.011 * w
        v += 0.01 * u
        x += 0.01 * v
        for of in 'carried', 'cleared':
            errors[of, 'position'].append(abs(one_x - x))
            errors[of, 'velocity'].append(abs(one_v - v))
        far, fast = max(far, abs(y - x)), max(fast, abs(w - v))
    errors['open_loop', 'position'].append(far)
    errors['open_loop', 'velocity'].append(fast)
for (of, kind), e in errors.items():
    e.sort()
    for word, wanted in ('median', e[len(e) // 2]), ('worst', e[-1]):
        r = rows[of + '_' + kind + '_' + word]
        assert abs(r['value'] - wanted) < 1e-12 and r['n'] == len(e), (of, kind, word, r, wanted)" "$scratch/out"
replay_twice() { for n in 1 2; do "$program" replay cart --tasks "$tasks" --json --quiet --threads $n --set system.timestep=0.011 >"$scratch/threads$n" 2>&1; done
  cmp "$scratch/threads1" "$scratch/threads2"; }
check replay_is_the_same_on_any_number_of_threads replay_twice
# actions of a pendulum that were rounded to 3 decimals after they were simulated: an action is 0.01 s long, errors reach
# the half of a decimal, and their mean square is nearer to that of rounding than what of them follows the state
mkdir "$scratch/coarse"
cp -r docs/examples/pendulum "$scratch/coarse"
sed -i 's/actions.append(u)/actions.append(round(u, 3))/' "$scratch/coarse/pendulum/make_data.py"
(cd "$scratch/coarse/pendulum" && python3 make_data.py)
check replay_of_rounded_actions_exits_0 exits_with 0 replay "$scratch/coarse/pendulum" --json --quiet
check replay_json_has_the_errors_of_the_actions python3 -c "
import json, sys
d = {r['metric']: r for r in json.load(open(sys.argv[1]))['rows']}['verdict']
assert d['verdict'] == 'rounding' and d['precision']['actions'] == 'text of 3 decimals', d
assert abs(d['doubling_seconds'] - 0.01 * d['doubling_actions']) < 1e-9 and d['doubling_actions'] > 0, d
e = d['action_errors_over_allowed']
assert 0.99 < e['largest'] <= 1 and 0 < e['spread'] < 0.1 < e['dependence'] < 1, e" "$scratch/out"
check replay_of_states_only_exits_4 exits_with 4 replay cart --tasks "$tasks" --quiet --set data.actions_key=
check replay_of_states_only_says_so grep -qxF 'dynaflow: cart: nothing to replay: the data have no actions (data.actions_key is empty)' "$scratch/err"
check replay_json_of_states_only_exits_4 exits_with 4 replay cart --tasks "$tasks" --json --quiet --set data.actions_key=
check replay_json_of_states_only_has_a_verdict python3 -c "
import json, sys
d, = json.load(open(sys.argv[1]))['rows']
assert (d['metric'], d['status'], d['would_fit']) == ('verdict', 'nothing', None), d" "$scratch/out"
check gradcheck_of_a_task_exits_0 exits_with 0 gradcheck cart --tasks "$tasks" --states 20 --rollouts 2
check gradcheck_of_a_model_exits_0 exits_with 0 gradcheck "$scratch/remote/cart.xml" --states 20 --rollouts 2
check a_model_has_no_profile refuses "the model file '.*cart.xml' has no profiles; use --set" gradcheck cart "$scratch/remote/cart.xml" --tasks "$tasks" --profile twice
check a_suite_has_no_profile refuses 'profile is not for a suite' bench adjoint --suite "$scratch/none" --profile twice
check gradcheck_of_a_missing_model_exits_3 misses 'no_such.xml' gradcheck "$scratch/no_such.xml"

task "$(printf '0%.0s' {1..64})"
check wrong_model_hash_is_refused refuses '0000000000' replay cart --tasks "$tasks"
rm "$tasks/cart/data/cart.xml"
check fetch_refuses_a_wrong_hash refuses 'SHA-256' data fetch cart --tasks "$tasks" --quiet --allow-file
check fetch_writes_nothing_of_a_wrong_hash [ ! -e "$tasks/cart/data/cart.xml" ]
task "$sum" "  nonsense: 1"
check a_bad_task_file_is_named_with_its_line refuses 'task\.yaml:1[0-9].*nonsense' data info cart --tasks "$tasks"

# ---- a task of somebody else: what it says of paths and URLs is not trusted ----

# fetch_as NAME ARGUMENT...: fetches the model under that name into an empty data folder
fetch_as() {
  local name=$1
  shift
  rm -rf "$tasks/cart/data"
  task "$sum"
  run data fetch cart --tasks "$tasks" --quiet --allow-file --set "system.model=$name" "$@"
}
# stays NAME: refused with the name and the data folder, before anything is written anywhere
stays() {
  fetch_as "$1" && [ "$code" -eq 2 ] || { echo "exit code $code"; cat "$scratch/err"; return 1; }
  grep -qF "model '$1': not fetched: files are written below $tasks/cart/data only" "$scratch/err" || { cat "$scratch/err"; return 1; }
  [ ! -e "$scratch/escaped.xml" ] && [ ! -e "$tasks/cart/data" ] && [ ! -e "$tasks/cart/escaped.xml" ]
}
check a_name_with_dots_is_refused stays ../../../escaped.xml
check a_name_with_dots_inside_is_refused stays sub/../../escaped.xml
check an_absolute_name_is_refused stays "$scratch/escaped.xml"
fetch_as sub/deep/escaped.xml
check a_name_with_folders_is_fetched cmp "$scratch/remote/cart.xml" "$tasks/cart/data/sub/deep/escaped.xml"

# links in the folder of the task
link_data() { rm -rf "$tasks/cart/data"; mkdir -p "$scratch/elsewhere" "$tasks/cart/data"; task "$sum"; }
nothing_elsewhere() { [ -z "$(ls -A "$scratch/elsewhere")" ]; }
link_data
ln -s "$scratch/elsewhere" "$tasks/cart/data/sub"
check a_link_below_the_data_folder_is_refused refuses 'data/sub/new.xml: .*symbolic links' data fetch cart --tasks "$tasks" \
  --quiet --allow-file --set system.model=sub/new.xml
check nothing_is_written_through_it nothing_elsewhere
rm -r "$tasks/cart/data"
ln -s "$scratch/elsewhere" "$tasks/cart/data"
check a_data_folder_that_is_a_link_is_refused refuses 'cart/data: a symbolic link.*--data' data fetch cart --tasks "$tasks" \
  --quiet --allow-file --set system.model=new.xml
check nothing_is_written_through_that nothing_elsewhere
check a_folder_that_the_user_names_may_be_a_link exits_with 3 data fetch cart --tasks "$tasks" --quiet --allow-file \
  --set system.model=new.xml --data "$tasks/cart/data" --set data.url=
check it_was_written_there cmp "$scratch/remote/cart.xml" "$scratch/elsewhere/new.xml"
link_data
ln -s "$scratch/elsewhere/made.xml" "$tasks/cart/data/cart.xml"
run data fetch cart --tasks "$tasks" --quiet --allow-file
check a_link_in_place_of_the_file_is_replaced cmp "$scratch/remote/cart.xml" "$tasks/cart/data/cart.xml"
check a_link_in_place_of_the_file_is_not_followed [ ! -e "$scratch/elsewhere/made.xml" ]
check a_recording_elsewhere_can_be_read exits_with 0 data info cart --tasks "$tasks" --set "data.file=$scratch/remote/cart.npz"

# names inside an archive are no paths: nothing is unpacked
python3 - "$scratch/remote/cart.npz" "$scratch/remote/names.npz" "$scratch/escaped.npy" <<'PY'
import sys, zipfile
source, target, absolute = sys.argv[1:]
with zipfile.ZipFile(source) as z, zipfile.ZipFile(target, 'w') as out:
    for name in z.namelist(): out.writestr(name, z.read(name))
    for name in ('../../../escaped.npy', absolute): out.writestr(name, z.read('states.npy'))
    link = zipfile.ZipInfo('link.npy'); link.external_attr = 0o120777 << 16
    out.writestr(link, '/etc')
PY
rm -rf "$tasks/cart/data"
check an_archive_with_hostile_names_is_fetched exits_with 0 data fetch cart --tasks "$tasks" --quiet --allow-file \
  --set "data.url=file://$scratch/remote/names.npz"
check it_can_be_read exits_with 0 data info cart --tasks "$tasks" --quiet
check it_is_not_unpacked [ "$(find "$scratch" -name 'escaped*' -o -name 'link*')" = "" ]
check only_model_and_data_were_written [ "$(ls "$tasks/cart/data" | tr '\n' ' ')" = "cart.npz cart.xml " ]

# ---- URLs ----

# a server that also redirects: /to/X to the URL X
cat >"$scratch/server.py" <<'PY'
import http.server, os, sys, urllib.parse
os.chdir(sys.argv[1])
class Handler(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
        if not self.path.startswith('/to/'): return super().do_GET()
        self.send_response(302)
        self.send_header('Location', urllib.parse.unquote(self.path[4:]))
        self.end_headers()
    def log_message(self, *words): pass
server = http.server.HTTPServer(('127.0.0.1', 0), Handler)
with open(sys.argv[2] + '.new', 'w') as f: f.write(str(server.server_port))
os.rename(sys.argv[2] + '.new', sys.argv[2])
server.serve_forever()
PY
python3 "$scratch/server.py" "$scratch/remote" "$scratch/port" &
server=$!
trap 'kill $server; rm -rf "$scratch"' EXIT
for _ in $(seq 100); do [ -e "$scratch/port" ] && break; sleep 0.1; done
site=http://127.0.0.1:$(cat "$scratch/port")
export no_proxy=127.0.0.1

# fetch_from URL HASH ARGUMENT...: fetches the model from there; data have no URL, which ends with exit code 2
fetch_from() {
  local url=$1 hash=$2
  shift 2
  rm -rf "$tasks/cart/data"
  task "$hash"
  run data fetch cart --tasks "$tasks" --quiet --set "system.model_url=$url" --set data.url= "$@"
}
fetched() { fetch_from "$@" && cmp "$scratch/remote/cart.xml" "$tasks/cart/data/cart.xml"; }
# not_fetched PATTERN URL HASH ARGUMENT...
not_fetched() {
  local pattern=$1
  shift
  fetch_from "$@"
  [ "$code" -eq 2 ] && [ -z "$(ls -A "$tasks/cart/data" 2>/dev/null)" ] && grep -qE -- "$pattern" "$scratch/err" ||
    { echo "exit code $code"; cat "$scratch/err"; return 1; }
}
check http_is_refused not_fetched 'is not encrypted; use https, or repeat with --allow-http' "$site/cart.xml" "$sum"
check http_without_a_hash_is_refused not_fetched 'no SHA-256 .*--allow-unverified' "$site/cart.xml" '' --allow-http
check https_without_a_hash_is_refused not_fetched 'no SHA-256 .*--allow-unverified' https://127.0.0.1:1/cart.xml '' --allow-http
check http_with_a_hash_is_fetched_on_request fetched "$site/cart.xml" "$sum" --allow-http
check http_without_a_hash_is_fetched_on_request fetched "$site/cart.xml" '' --allow-http --allow-unverified
check the_scheme_may_be_in_capitals fetched "HTTP${site#http}/cart.xml" "$sum" --allow-http
check capitals_do_not_hide_a_file not_fetched 'is a file of this machine' "FILE://$scratch/remote/cart.xml" "$sum"
for url in "$scratch/remote/cart.xml" "file:$scratch/remote/cart.xml" ftp://127.0.0.1/cart.xml " https://127.0.0.1/cart.xml" 127.0.0.1/cart.xml; do
  check "is_no_url_to_fetch:${url/$scratch/}" not_fetched 'does not begin with https://' "$url" "$sum" --allow-http --allow-file --allow-unverified
done
quoted() { python3 -c 'import sys, urllib.parse; print(urllib.parse.quote(sys.argv[1], safe=""))' "$1"; }
check a_redirect_to_a_file_is_refused not_fetched 'rotocol' "$site/to/$(quoted "file://$scratch/remote/cart.xml")" "$sum" --allow-http --allow-file
check a_redirect_to_http_is_refused not_fetched 'rotocol' "$site/to/$(quoted "$site/cart.xml")" "$sum" --allow-http
check a_wrong_hash_is_refused not_fetched 'SHA-256 is .* it was not kept' "$site/cart.npz" "$sum" --allow-http

# the name of a task is part of the name of the file that is generated for it
sed -i 's|name: cart|name: ../../cart|' "$tasks/cart/task.yaml"
check a_task_name_with_a_slash_is_refused refuses "task.yaml:2.*task.name = '../../cart': a name without '/'" data make "$tasks/cart"

# data are searched where the user says, not in folders near the working folder
mkdir -p "$scratch/near/work" "$scratch/near/shared/data"
cp -r docs/examples/pendulum "$scratch/near"
(cd "$scratch/near/shared/data" && python3 "$scratch/near/pendulum/make_data.py")
near() { (cd "$scratch/near/work" && exits_with "$1" "${@:2}"); }
unset DYNAFLOW_DATA
check data_of_a_folder_nearby_are_not_taken near 3 data info ../pendulum
check doctor_searches_no_folder_nearby bash -c "cd '$scratch/near/work' && '$program' doctor --tasks .. | grep -q '^pendulum data .* missing'"
export DYNAFLOW_DATA=$scratch/near/shared/data
check data_of_the_folder_that_is_named_are_taken near 0 data info ../pendulum
finish
