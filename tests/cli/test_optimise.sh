#!/usr/bin/env bash
# optimise: the feasible motion nearest to a demonstrated clip.
. tests/cli/check.sh

task=$scratch/tasks/pendulum
mkdir "$scratch/tasks"
cp -r docs/examples/pendulum "$task"
(cd "$task" && python3 make_data.py)
clip=$scratch/clip.npz

check a_clip_is_written exits_with 0 optimise "$task" --clip 1 --seconds 1 --out "$clip" --json
cp "$scratch/out" "$scratch/rows.json"
# the pendulum's demonstrations are feasible: one second of them is met to rounding, from far away
check a_feasible_clip_is_met python3 -c "
import json, sys
rows = {r['metric']: r for r in json.load(open(sys.argv[1]))['rows']}
assert rows['tre']['value'] < 1e-6 and rows['tre']['unit'] == 'std', rows['tre']
assert rows['tre of rest actions']['value'] > 0.1, rows
assert {'tre.joint_pos', 'tre.joint_vel', 'iterations'} <= set(rows), rows.keys()" "$scratch/rows.json"
# style after alignment in time is measured if it is asked for: of few iterations, near in time, but not frame by frame
check style_is_measured_on_request exits_with 0 optimise "$task" --clip 1 --seconds 1 --iterations 1 --out "$scratch/style.npz" \
  --json --set eval.style_band=0.1
cp "$scratch/out" "$scratch/style.json"
check it_is_at_most_the_error_frame_by_frame python3 -c "
import json, sys
rows = {r['metric']: r for r in json.load(open(sys.argv[1]))['rows']}
style, shift, frames = rows['style_joints'], rows['style_shift'], rows['tre.joint_pos']
assert style['unit'] == 'rad' and shift['unit'] == 's' and 'style_feet' not in rows, rows
assert 0 < style['value'] <= frames['value'] and 0 <= shift['value'] <= 0.1, (style, shift, frames)
assert not [m for m in json.load(open(sys.argv[2]))['rows'] if m['metric'].startswith('style')]" "$scratch/style.json" "$scratch/rows.json"
check the_file_has_the_layout_of_sample python3 -c "
import sys, zipfile, ast
shapes = {}
for name in (z := zipfile.ZipFile(sys.argv[1])).namelist():
    data = z.read(name)
    shapes[name[:-4]] = ast.literal_eval(data[10:10 + int.from_bytes(data[8:10], 'little')].decode())['shape']
n = shapes['actions'][1]
assert shapes['states'] == (1, n + 1, 2) and shapes['actions'] == (1, n, 1), shapes
assert {'dt', 'model_sha256', 'episode', 'first_frame'} <= set(shapes), shapes" "$clip"
again() { run optimise "$task" --clip 1 --seconds 1 --out "$scratch/again.npz" --threads 2 --quiet && cmp "$clip" "$scratch/again.npz"; }
check the_same_clip_has_the_same_bytes again
part() { run optimise "$task" --clip 1 --first 10 --seconds 0.2 --out "$scratch/part.npz" --json && grep -q '"worst frame (1[0-9])\|"worst frame (20)' "$scratch/out"; }
check frames_are_numbered_in_the_episode part

check an_episode_that_is_not_there_is_named refuses "--clip 1000: the demonstrations have episodes 0 to [0-9]+$" optimise "$task" \
  --clip 1000 --out "$clip"
check a_frame_that_is_not_there_is_named refuses '--first 9999: a clip of episode 0 begins at a frame from 0 to ' optimise "$task" --clip 0 --first 9999 --out "$clip"
check a_clip_that_is_too_long_is_named refuses '--seconds 1000: the clip has at least one action' optimise "$task" --clip 0 --seconds 1000 --out "$clip"
check a_clip_must_be_named refuses '--clip is missing' optimise "$task" --out "$clip"
check a_file_must_be_named refuses '--out is missing' optimise "$task" --clip 0
check a_window_holds_what_is_kept refuses '--commit 9 is more than --window 8' optimise "$task" --clip 0 --window 8 --commit 9 --out "$clip"
check a_folder_that_is_not_there_is_named refuses "$scratch/none/clip.npz" optimise "$task" --clip 0 --out "$scratch/none/clip.npz"
finish
