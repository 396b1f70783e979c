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
