#!/usr/bin/env bash
# dynaflow render and show without dynaflow-render: what they need, their arguments, and keyframes for MuJoCo's simulate.
. tests/cli/check.sh

# ---- the program that draws is missing ----
mkdir "$scratch/bin"
cp "$program" "$scratch/bin/dynaflow"
alone() { LD_LIBRARY_PATH=$(dirname "$program") program=$scratch/bin/dynaflow "$@"; }
check without_the_renderer_it_says_how_to_build_it alone misses \
  "^dynaflow: $scratch/bin/dynaflow-render is not there: \`make render\` builds it, with the packages of \`ci/install-deps.sh render\`; --keyframes FILE.xml works without it$" render hopper
printf '#!/bin/sh\nprintf "%%s|" "$@"\n' >"$scratch/bin/dynaflow-render"
chmod +x "$scratch/bin/dynaflow-render"
hands_on() { alone run render --view side,top --size 20x30 --episode 1,2 "a b" && [ "$(cat "$scratch/out")" = '--view|side,top|--size|20x30|--episode|1,2|a b|' ]; }
check the_renderer_gets_the_arguments_as_they_are hands_on
# the renderer tells the two commands apart by its own name
cat >"$scratch/named.c" <<'C'
#include <stdio.h>
int main(int argc, char** argv) { return argc > 0 && puts(argv[0]) < 0; }
C
cc -o "$scratch/bin/dynaflow-render" "$scratch/named.c"
is_named() { alone run "$1" a && [ "$(cat "$scratch/out")" = "dynaflow $1" ]; }
check the_renderer_is_told_to_draw is_named render
check the_renderer_is_told_to_show is_named show
check a_speed_of_0_is_refused refuses '\-\-speed' show a --speed 0
check a_film_of_a_window_is_refused exits_with 2 show a --film a.mp4

# ---- arguments ----
check no_source_is_refused refuses 'missing argument: a run, a file of trajectories' render
check two_sources_are_refused refuses "unexpected argument 'b'" render a b
check an_unknown_view_is_refused refuses "\-\-view: unknown word 'sid', did you mean 'side'" render a --view sid
check a_view_twice_is_refused refuses "\-\-view: 'top' appears twice" render a --view top,top
check a_size_of_one_number_is_refused refuses '\-\-size 320: expected WIDTHxHEIGHT' render a --size 320
check a_small_size_is_refused refuses '\-\-size, height 3: expected an integer from 16' render a --size 32x3
check another_picture_is_refused refuses '\-\-out a.gif: the name must end in .png' render a --out a.gif
check another_film_is_refused refuses '\-\-film a.avi: the name must end in .mp4 or .webm' render a --film a.avi
check a_rate_without_a_film_is_refused refuses '\-\-fps is only for \-\-film' render a --fps 3
for option in '--view top' '--size 20x30' '--frames 3' '--ghost replayed'; do
  # shellcheck disable=SC2086
  check "keyframes_refuse_${option%% *}" refuses "keyframes draws nothing: ${option%% *} has no effect" render a --keyframes a.xml $option
done
check a_task_has_no_method refuses "\-\-method is only for a run, but 'hopper' is a task" render hopper --method dynaflow --keyframes "$scratch/a.xml"
check a_file_has_no_method refuses "\-\-method is only for a run, but 'a.npz' is a file of trajectories" render a.npz --method dynaflow --keyframes "$scratch/a.xml"
check keyframes_and_pictures_are_refused refuses '\-\-keyframes draws nothing' render a --keyframes a.xml --out a.png
check an_unknown_motion_is_refused refuses "\-\-ghost: unknown word 'replay', did you mean 'replayed'" render a --ghost replay

# ---- keyframes ----
packages=$PWD/third_party/python
export PYTHONDONTWRITEBYTECODE=1
python() { PYTHONPATH=$packages:$PWD/tests/cli python3 "$@"; }
if ! python -c 'import numpy, mujoco' 2>/dev/null; then
  skip keyframes "no packages in $packages (ci/fetch-python.py $packages)"
  finish
  exit
fi
check the_tasks_are_made python tests/cli/render_scene.py "$scratch/a&b"
# a mesh in a folder of its own
mkdir "$scratch/a&b/scene/shapes" "$scratch/elsewhere"
python - "$scratch/a&b/scene" <<'P'
import struct, sys
corners = [(0, 0, 0), (.1, 0, 0), (0, .1, 0), (0, 0, .1)]
faces = [(0, 2, 1), (0, 1, 3), (0, 3, 2), (1, 2, 3)]
with open(sys.argv[1] + '/shapes/tip.stl', 'wb') as f:
    f.write(bytes(80) + struct.pack('<I', 4))
    for face in faces:
        f.write(struct.pack('<12fH', 0, 0, 0, *(v for i in face for v in corners[i]), 0))
path = sys.argv[1] + '/scene.xml'
xml = open(path).read()
xml = xml.replace("<worldbody>", "<compiler meshdir='shapes'/><asset><mesh name='tip' file='tip.stl'/></asset><worldbody>"
                  "<geom type='mesh' mesh='tip' contype='0' conaffinity='0'/>")
open(path, 'w').write(xml)
P
keyframes() { exits_with 0 render "$@" --tasks "$scratch/a&b" --keyframes "$scratch/elsewhere/keys.xml"; }
check keyframes_are_written keyframes scene --episode 1,3 --from 0.1 --every 2
check their_number_is_said grep -q 'elsewhere/keys.xml: 36 keyframes; open it in' "$scratch/out"
check every_key_is_a_state python - "$scratch/elsewhere/keys.xml" <<'P'
import sys
from render_scene import *
model, x = mujoco.MjModel.from_xml_path(sys.argv[1]), recording()['states']
assert model.nkey == 36 and model.nmesh == 1
wanted = [(1, t) for t in range(5, 41, 2)] + [(3, t) for t in range(5, 41, 2)]
for k, (e, t) in enumerate(wanted):
    assert model.key(k).name == '%d:%d' % ((0, 1)[e == 3], t - 5) and abs(model.key_time[k] - t * DT) < 1e-12
    assert np.abs(np.concatenate([model.key_qpos[k], model.key_qvel[k]]) - x[e, t]).max() < 1e-9
P
check an_episode_that_is_not_there_is_refused refuses '\-\-episode 4: scene has 4 episodes, counted from 0' render scene --episode 4 --tasks "$scratch/a&b" --keyframes "$scratch/x.xml"
check a_time_after_the_end_is_refused refuses '\-\-from 9: demonstration 0 ends at 0.8 s' render scene --from 9 --tasks "$scratch/a&b" --keyframes "$scratch/x.xml"
python -c "
import sys; from render_scene import *
d = recording(); np.savez('$scratch/nameless.npz', states=d['states'], dt=DT)
x = d['states'].copy(); x[0, 3:, 0] = np.nan; np.savez('$scratch/broken.npz', states=x, dt=DT)"
check a_file_that_names_no_task_is_refused refuses 'nameless.npz names no task: give \-\-task TASK' render "$scratch/nameless.npz" --tasks "$scratch/a&b" --keyframes "$scratch/x.xml"
check a_task_with_a_task_is_refused refuses "\-\-task is only for a file of trajectories \(.npz\), not for 'scene'" render scene --task scene --tasks "$scratch/a&b" --keyframes "$scratch/x.xml"
check a_motion_ends_where_it_is_not_finite keyframes "$scratch/broken.npz" --task scene --beside none
check with_its_last_finite_state bash -c "[ \$(grep -c '<key ' '$scratch/elsewhere/keys.xml') = 3 ]"
check a_motion_that_begins_nowhere_has_no_ghost refuses 'there is no demonstration to show with it' \
  render "$scratch/broken.npz" --task scene --beside demonstration --tasks "$scratch/a&b" --keyframes "$scratch/x.xml"
finish
