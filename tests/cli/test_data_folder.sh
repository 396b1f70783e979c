#!/usr/bin/env bash
# Where generated and fetched data go, for a user who may not write to the folder of the tasks, as after an install by
# root: a named folder, the task's own folder, the user's data folder (XDG); never $DYNAFLOW_DATA, which is only read.
. tests/cli/check.sh

tasks=$scratch/tasks home=$scratch/home
mkdir -p "$tasks" "$home" "$scratch/writable"
cp -r tasks/go1_gaits "$tasks/"
rm -rf "$tasks/go1_gaits/data"
chmod -R a-w "$tasks"
# as_user COMMAND...: without root's right to write anywhere, and with a home of its own
as_user() {
  local limited=()
  [ "$(id -u)" -ne 0 ] || limited=(setpriv --bounding-set=-dac_override,-dac_read_search)
  "${limited[@]}" env -u XDG_DATA_HOME -u DYNAFLOW_DATA HOME="$home" "$@"
}
may_not_write() { ! as_user touch "$tasks/file" && as_user touch "$home/file"; }
check the_user_may_not_write_everywhere may_not_write
plan=(go1_gaits --tasks "$tasks" --set data.episodes=2 --set data.seconds=0.5 --set split.test_every=2 --set window.first=1 --set window.last=0 --threads 1)
# makes FOLDER VARIABLE=VALUE... [-- ARGUMENT...]: `data make` writes below this folder, says so, and finds it again
makes() {
  local folder=$1 variables=()
  shift
  while [ $# -gt 0 ] && [ "$1" != -- ]; do variables+=("$1") && shift; done
  shift
  find "$scratch" -name 'go1_gaits-*.npz' -delete
  (cd "$home" && as_user "${variables[@]}" "$program" data make "${plan[@]}" "$@") >"$scratch/out" 2>"$scratch/err" || { cat "$scratch/err"; return 1; }
  local files
  files=$(find "$scratch" -name 'go1_gaits-*.npz')
  [ "$files" = "$folder/$(basename "$files")" ] || { echo "written: $files, not below $folder"; return 1; }
  grep -qxF "dynaflow: demonstrations written to $files" "$scratch/err" && grep -qF "$files" "$scratch/out" || { cat "$scratch/out" "$scratch/err"; return 1; }
  (cd "$home" && as_user "${variables[@]}" "$program" data info "${plan[@]}" "$@") >"$scratch/out" 2>&1 && grep -qF "$files" "$scratch/out" || { cat "$scratch/out"; return 1; }
}
check without_a_variable_they_go_to_the_home makes "$home/.local/share/dynaflow/go1_gaits" env
check xdg_data_home_is_respected makes "$home/xdg/dynaflow/go1_gaits" env XDG_DATA_HOME="$home/xdg"
check a_relative_one_is_ignored makes "$home/.local/share/dynaflow/go1_gaits" env XDG_DATA_HOME=xdg
check dynaflow_data_is_only_read makes "$home/xdg/dynaflow/go1_gaits" env DYNAFLOW_DATA="$scratch/writable" XDG_DATA_HOME="$home/xdg"
check a_named_folder_comes_first makes "$home/named" env DYNAFLOW_DATA="$scratch/writable" -- --data "$home/named"
as_user "$program" doctor --tasks "$tasks" >"$scratch/out" 2>/dev/null
check doctor_names_the_folder grep -qE "^go1_gaits data folder +$home/.local/share/dynaflow/go1_gaits +ok" "$scratch/out"

# fetched files, too; a task of the same file name elsewhere has a folder of its own
chmod u+w "$tasks"
cp -r "$tasks/go1_gaits" "$tasks/other"
chmod -R u+w "$tasks/other"
sed -i 's/name: go1_gaits/name: other/' "$tasks/other/task.yaml"
chmod -R a-w "$tasks"
echo recorded >"$scratch/recorded.npz"
fetches() {
  (cd "$home" && as_user "$program" data fetch "$1" --tasks "$tasks" --set data.source=npz --set data.file=recorded.npz \
    --set data.url="file://$scratch/recorded.npz" --allow-file) >"$scratch/out" 2>&1 && [ -s "$home/.local/share/dynaflow/$1/recorded.npz" ] || { cat "$scratch/out"; false; }
}
check fetched_data_go_to_the_home fetches go1_gaits
check each_task_has_its_folder fetches other
check with_its_own_copy [ "$(find "$home" -name recorded.npz | wc -l)" -eq 2 ]
check nothing_was_written_to_the_tasks [ -z "$(find "$tasks" -name data)" ]

# the folder of the task, if the user may write there
chmod u+w "$tasks/go1_gaits"
check a_writable_task_keeps_its_data makes "$tasks/go1_gaits/data" env
nowhere() {
  (home=/proc/none && cd / && ! as_user "$program" data make other --tasks "$tasks" --set data.episodes=1 --set data.seconds=0.5 2>"$scratch/err") &&
    grep -qxF "dynaflow: $tasks/other/data: not writable, nor is /proc/none/.local/share/dynaflow/other; name a folder for data: --data DIR" "$scratch/err" || { cat "$scratch/err"; false; }
}
check nowhere_to_write_is_an_error nowhere
chmod -R u+w "$scratch"

# a card that is missing is written again, of the same file; a signal while the file is written leaves nothing of it
cards=$scratch/cards
plan+=(--set data.seconds=0.6)
card() { "$program" data make "${plan[@]}" --data "$cards" >"$scratch/out" 2>"$scratch/err" || { cat "$scratch/err"; false; }; }
written_again() {
  card && cp -r "$cards" "$scratch/first" && rm "$cards"/*.card.md && card || return 1
  diff -r "$scratch/first" "$cards" && grep -q "go1_gaits-[0-9a-f]*.npz: its data card was missing, and is written again" "$scratch/err" || { cat "$scratch/err"; return 1; }
  card && ! grep -q "data card" "$scratch/err"
}
check a_missing_card_is_written_again written_again

# the figure beside the card: per condition, the share of each gait's frames per tenth of the range of all frames
covered() { # covered FOLDER
  python3 - "$1" <<'P'
import ast, glob, re, struct, sys, zipfile
path, = glob.glob(sys.argv[1] + '/*.npz')
def array(name):
    raw = zipfile.ZipFile(path).read(name + '.npy')
    end = 10 + struct.unpack('<H', raw[8:10])[0]
    head = ast.literal_eval(raw[10:end].decode())
    if head['descr'] != '<f8': return raw[end:].decode('utf-32-le').rstrip('\0')
    values = struct.unpack('<%dd' % ((len(raw) - end) // 8), raw[end:])
    return [values[i:i + head['shape'][-1]] for i in range(0, len(values), head['shape'][-1])]
# one row per episode, of equal lengths
names, rows = array('condition_names').split(','), array('conditions')
gaits = [i for i, n in enumerate(names) if n.startswith('gait.') and any(r[i] > 0.5 for r in rows)]
others = [i for i, n in enumerate(names) if not n.startswith('gait.')]
of = {g: [r for r in rows if r[g] > 0.5] for g in gaits}
assert len(gaits) > 1 and all(len(of[g]) < len(rows) for g in gaits) and len(others) == 3, names
blocks = open(path[:-4] + '-coverage.dat').read().split('\n\n\n')
assert len(blocks) == len(others) + 1 and blocks[-1] == '', len(blocks)
for i, block in zip(others, blocks):
    lo, hi = min(r[i] for r in rows), max(r[i] for r in rows)
    lines = [[float(v) for v in line.split()] for line in block.split('\n')]
    assert len(lines) == 11 and {len(l) for l in lines} == {1 + len(gaits)}, block
    for edge, line in enumerate(lines):
        wanted = [lo + (hi - lo) * edge / 10]
        for g in gaits: # the last tenth holds its upper end, and is drawn to it
            tenths = [min(int((r[i] - lo) / (hi - lo) * 10), 9) for r in of[g]]
            wanted.append(100 * tenths.count(min(edge, 9)) / len(tenths))
        assert all(abs(a - b) <= 1e-8 * max(1, abs(b)) for a, b in zip(line, wanted)), (names[i], edge, line, wanted)
# a panel per condition, with a line per gait in the order of the legend
script = open(path[:-4] + '-coverage.gp').read()
assert re.findall(r"set label \d+ '(\w+)'", script) == [names[g][5:] for g in gaits], script
assert re.findall(r"index (\d+) using 1:(\d+)", script) == [(str(p), str(c + 2)) for p in range(3) for c in range(len(gaits))]
assert re.findall(r"set xlabel '([^']*)'", script) == [names[i] for i in others], script
P
}
check the_figure_has_the_share_of_each_gaits_frames covered "$cards"
# ends `data make` as soon as its temporary file is there
interrupted() {
  python3 - "$program" "$scratch/ended" "${plan[@]}" <<'P'
import os, signal, subprocess, sys, time
program, folder, *plan = sys.argv[1:]
seen = 0
for attempt in range(20):
    os.makedirs(folder, exist_ok=True)
    child = subprocess.Popen([program, 'data', 'make', *plan, '--data', folder, '--quiet'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while child.poll() is None and not any('.npz.part.' in name for name in os.listdir(folder)):
        time.sleep(0.0001)
    child.send_signal((signal.SIGTERM, signal.SIGINT, signal.SIGHUP)[attempt % 3])
    code = child.wait()
    left = [name for name in os.listdir(folder) if '.part.' in name]
    assert not left, (code, left)
    seen += code == 130
    for name in os.listdir(folder):
        os.remove(os.path.join(folder, name))
assert seen >= 3, seen
P
}
check a_signal_leaves_no_part interrupted
finish
