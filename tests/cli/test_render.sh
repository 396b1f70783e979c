#!/usr/bin/env bash
# dynaflow render: pictures and films, compared with the places of things that Python's mujoco and docs/render.md give.
# slow
. tests/cli/check.sh

packages=$PWD/third_party/python
export PYTHONDONTWRITEBYTECODE=1
python() { PYTHONPATH=$packages:$PWD/tests/cli python3 "$@"; }
missing=$(python -c 'import numpy, mujoco; print(mujoco.__version__)' 2>&1) || missing="no packages: ${missing##*$'\n'}"
used=$("$program" doctor 2>/dev/null | sed -n 's/.*MuJoCo[^0-9]*\([0-9.]*\).*/\1/p' | head -1)
if [ ! -e "$BUILD/dynaflow-render" ]; then
  skip render "dynaflow-render is not built (ci/install-deps.sh render, make render)"
  finish
  exit
elif [ "$missing" != "$used" ]; then
  skip render "the program uses MuJoCo $used, and Python in $packages has $missing (ci/fetch-python.py $packages)"
  finish
  exit
fi
check the_tasks_are_made python tests/cli/render_scene.py "$scratch/tasks"
# render ARGUMENT...: pictures of 120 x 90, in the scratch folder
draws() { exits_with 0 render "$@" --tasks "$scratch/tasks" --size 120x90 --threads 1 --quiet; }
draws scene --out "$scratch/first.png"
if grep -q 'EGL gives no OpenGL context' "$scratch/err"; then
  skip render "$(cat "$scratch/err")"
  finish
  exit
fi
# look STATEMENTS: Python with the functions of render_scene.py
look() { python - "$scratch" "$1" <<'P'
import sys
from render_scene import *
folder, statements = sys.argv[1:]
model = mujoco.MjModel.from_xml_path(folder + '/tasks/scene/scene.xml')
demo = recording()
x = demo['states']
def near(strip, i, row, states, state, view='side', at=0, tolerance=2):
    """the ball of picture i is where it is in a state of the states that the motion has"""
    cameras, distance = camera(model, states, DT, view, strip.width / strip.height)
    distance = max(distance, *more) if more else distance
    wanted = project(model, kinematics(model, states[state]).geom('ball').xpos, cameras[state], distance, strip.width, strip.height)
    found = red(strip.picture(i, row, at))
    assert np.abs(found - wanted).max() < tolerance, (i, row, state, found, wanted)
more = []
exec(statements)
P
}

# ---- the strip ----
check demonstrations_are_drawn draws scene --out "$scratch/one.png" --episode 1 --from 0.2 --frames 5 --every 3
check the_strip_has_its_size look "
assert Strip(folder + '/one.png', 120, 90).pixels.shape[1] == 5 * 122 - 2"
check every_picture_shows_its_state look "
s = Strip(folder + '/one.png', 120, 90)
for i in range(5): near(s, i, 0, x[1][10:], 3 * i)
places = [red(s.picture(i)) for i in range(5)]
assert max(np.abs(a - b).max() for a, b in zip(places, places[1:])) > 9  # over 2 pixels per state: the next would be noticed"
check the_bars_are_the_contacts look "
s = Strip(folder + '/one.png', 120, 90)
there = [touches(model, one) for one in x[1][10:23]]
assert [s.touches(k, 3) for k in range(13)] == there and len(set(there)) == 2, there
assert not any(s.has_gap(k, 3) for k in range(12))"
check a_strip_of_a_task_has_a_row_per_gait_and_a_window look "
s = Strip(folder + '/first.png', 120, 90, rows=2)
assert s.pixels.shape[1] == 7 * 122 - 2  # horizon 6
more = [camera(model, x[e][4:], DT, 'side', 4 / 3)[1] for e in (0, 1)]
for e in 0, 1:
    for i in range(7): near(s, i, e, x[e][4:], i)"
check views_are_drawn_from_their_sides draws scene --out "$scratch/views.png" --episode 2 --from 0.1 --seconds 0.4 --frames 3 --view three-quarter,top,front,side
check every_view_has_its_place look "
s = Strip(folder + '/views.png', 120, 90, views=4)
part = x[2][5:26]
views = ['three-quarter', 'top', 'front', 'side']
more = [camera(model, part, DT, v, 4 / 3)[1] for v in views]
for k, v in enumerate(views):
    for i in range(3): near(s, i, 0, part, 10 * i, v, k)"
cp "$scratch/views.png" "$scratch/before.png"
again() { draws scene --out "$scratch/views.png" --episode 2 --from 0.1 --seconds 0.4 --frames 3 --view three-quarter,top,front,side && cmp "$scratch/views.png" "$scratch/before.png"; }
check the_same_pictures_are_the_same_bytes again

# ---- files of trajectories ----
check trajectories_are_made exits_with 0 sample scene --tasks "$scratch/tasks" --method random_action --out "$scratch/random.npz" --threads 1
check they_stand_under_their_demonstration_and_above_the_replay draws "$scratch/random.npz" --beside demonstration,replayed --out "$scratch/rows.png" --frames 4
check rows_are_demonstration_motion_and_replay look "
s = Strip(folder + '/rows.png', 120, 90, rows=3)
f = np.load(folder + '/random.npz')
assert (str(f['task']), str(f['profile'])) == ('scene', 'full')
made = f['states'][0]
e, t = [(e, t) for e in range(EPISODES) for t in range(STATES) if np.array_equal(x[e, t], made[0])][0]
data = mujoco.MjData(model)
model.opt.disableflags |= mujoco.mjtDisableBit.mjDSBL_ISLAND
data.qpos, data.qvel = made[0][:9], made[0][9:]
replay = [made[0]]
for u in f['actions'][0]:
    data.ctrl = u
    mujoco.mj_step(model, data, 2)
    replay.append(np.concatenate([data.qpos, data.qvel]))
motions = [x[e, t:t + 7], made, np.array(replay)]
assert np.abs(motions[2] - made).max() < 1e-9 and np.abs(motions[0] - made).max() > .1
more = [camera(model, m, DT, 'side', 4 / 3)[1] for m in motions]
for row, m in enumerate(motions):
    for i in range(4): near(s, i, row, m, 2 * i)"
python - "$scratch" <<'P'
import sys
from render_scene import *
demo = recording()
states = demo['states'][:1, 4:11].copy()
states[0, 1:, 7] += 1.2  # only the arm is elsewhere
np.savez(sys.argv[1] + '/arm.npz', states=states, conditions=demo['conditions'][:1], condition_names=demo['condition_names'], dt=DT)
P
check a_motion_without_its_ghost draws "$scratch/arm.npz" --task scene --beside none --frames 2 --every 4 --out "$scratch/plain.png"
check a_motion_with_its_ghost draws "$scratch/arm.npz" --task scene --ghost demonstration --frames 2 --every 4 --out "$scratch/ghost.png"
check the_ghost_is_where_the_demonstration_is look "
plain, ghost = (Strip(folder + '/%s.png' % name, 120, 90).picture(1) for name in ('plain', 'ghost'))
states = np.load(folder + '/arm.npz')['states'][0]
cameras, distance = camera(model, states, DT, 'side', 4 / 3)
place = lambda one: project(model, kinematics(model, one).geom('ball').xpos, cameras[4], distance, 120, 90).astype(int)
mine, other = place(states[4]), place(x[0, 8])
assert np.abs(red(ghost) - mine).max() < 2 and np.abs(mine - other).max() > 10
change = (ghost - plain)[other[1], other[0]]
assert change[0] > 0 or change[2] < 0, change
far = np.ones((90, 120), bool)
far[other[1] - 25:other[1] + 40, other[0] - 40:other[0] + 40] = far[mine[1] - 25:, :] = False
assert np.abs(ghost - plain).sum(2).max() > 30"
check the_replay_of_states_alone_is_refused refuses 'arm, trajectory 0 has no actions, so it cannot be replayed' \
  render "$scratch/arm.npz" --task scene --tasks "$scratch/tasks" --beside replayed --out "$scratch/no.png"

# ---- a missing mesh ----
check a_model_without_its_meshes_is_drawn draws mesh --out "$scratch/mesh.png" --episode 1 --from 0 --frames 5 --every 3
check by_its_collision_shapes look "
s = Strip(folder + '/mesh.png', 120, 90)
for i in range(5): near(s, i, 0, x[1], 3 * i)"

# ---- films ----
draws_film() { draws scene --episode 1 --from 0 --out "$scratch/film.png" --film "$@"; }
if command -v ffmpeg >/dev/null; then
  check a_film_is_written draws_film "$scratch/film.mp4"
  check its_length_is_that_of_the_motion bash -c "ffprobe -v error -count_frames -show_entries stream=codec_name,nb_read_frames,duration -of csv=p=0 '$scratch/film.mp4' | grep -x 'h264,0.820000,41'"
  check a_slow_film_of_every_second_state draws_film "$scratch/slow.webm" --every 2 --fps 5
  check its_length_is_that_of_its_pictures bash -c "ffprobe -v error -count_frames -show_entries stream=codec_name,nb_read_frames -show_entries format=duration -of csv=p=0 '$scratch/slow.webm' | tr '\n' , | grep -x 'vp9,21,4.200000,'"
  ffmpeg -v error -i "$scratch/slow.webm" -f rawvideo -pix_fmt rgb24 "$scratch/slow.raw"
  check every_picture_of_the_film_shows_its_state look "
size = [int(v) for v in '$(ffprobe -v error -show_entries stream=width,height -of csv=p=0 "$scratch/slow.webm")'.split(',')]
film = np.fromfile(folder + '/slow.raw', np.uint8).astype(int).reshape(21, size[1], size[0], 3)
line = Strip(folder + '/film.png', 120, 90).line
cameras, distance = camera(model, x[1], DT, 'side', 4 / 3)
for i, picture in enumerate(film):
    found = red(picture[int(2 * line):int(2 * line) + 90, :120], 1.5)
    wanted = project(model, kinematics(model, x[1][2 * i]).geom('ball').xpos, cameras[2 * i], distance, 120, 90)
    assert np.abs(found - wanted).max() < 3, (i, found, wanted)"
  mkdir "$scratch/bad"
  printf '#!/bin/sh\nexit 7\n' >"$scratch/bad/ffmpeg"
  chmod +x "$scratch/bad/ffmpeg"
  fails() { PATH=$scratch/bad:$PATH refuses 'bad.mp4: ffmpeg (failed with exit code 7|takes no more pictures)' render scene --tasks "$scratch/tasks" --out "$scratch/bad.png" --film "$scratch/bad.mp4" --quiet && ! ls "$scratch"/bad.mp4*; }
  check a_film_that_fails_is_no_file fails
else
  skip films "ffmpeg is not installed"
fi
mkdir "$scratch/empty"
without() {
  code=0
  PATH=$scratch/empty "$program" render scene --tasks "$scratch/tasks" --out "$scratch/alone.png" --film "$scratch/alone.mp4" --quiet 2>"$scratch/err" || code=$?
  [ $code -eq 3 ] && grep -q 'alone.mp4: films need the program ffmpeg, which is not installed (Debian: apt-get install ffmpeg)' "$scratch/err"
}
check without_ffmpeg_there_is_no_film without
check but_a_strip [ -s "$scratch/alone.png" ]

# ---- names reach no shell ----
mkdir "$scratch/names"
strange="a b;touch broken;\$(touch broken)'\"\`touch broken\`"
cp "$scratch/random.npz" "$scratch/names/$strange.npz"
draws_strange() { (cd "$scratch/names" && draws "$strange.npz" --frames 2 --seconds 0.04 --film "$strange.mp4" --out "$strange.png") && [ -s "$scratch/names/$strange.png" ]; }
if command -v ffmpeg >/dev/null; then
  check any_name_is_a_name draws_strange
  check the_film_has_that_name [ -s "$scratch/names/$strange.mp4" ]
fi
check no_name_is_a_command [ "$(cd "$scratch/names" && ls | grep -cx broken)" -eq 0 ]

# ---- runs ----
check a_run_is_made exits_with 0 run scene --tasks "$scratch/tasks" --method random_action,kinematic_fm --set train.steps=5 --out "$scratch/run" --quiet --threads 1
check its_checkpoint_is_drawn exits_with 0 render "$scratch/run" --tasks "$scratch/tasks" --size 120x90 --threads 1 --frames 3 --episode 1 --json
check what_was_drawn_is_a_document python -c "
import json, sys
rows = json.load(open('$scratch/out'))['rows']
assert rows == [{'file': '$scratch/run/report/plots/scene-full-kinematic_fm.png', 'kind': 'strip', 'width': 3 * 122 - 2, 'height': rows[0]['height'], 'pictures': 6}], rows"
sampled() {
  exits_with 0 sample scene --tasks "$scratch/tasks" --checkpoint "$(ls "$scratch"/run/checkpoints/*.safetensors)" --set train.steps=5 \
    --x0 "$scratch/random.npz:1" --seconds 0.2 --out "$scratch/planned.npz" --threads 1
}
check motions_are_sampled sampled
check the_rows_are_the_demonstration_and_that_motion look "
s = Strip(folder + '/run/report/plots/scene-full-kinematic_fm.png', 120, 90, rows=2)
made = np.load(folder + '/planned.npz')['states'][0]
e, t = [(e, t) for e in range(EPISODES) for t in range(STATES) if np.array_equal(x[e, t], made[0])][0]
motions = [x[e, t:t + 11], made]
more = [camera(model, m, DT, 'side', 4 / 3)[1] for m in motions]
for row, m in enumerate(motions):
    for i in range(3): near(s, i, row, m, 5 * i)"
check a_method_without_checkpoint_is_refused misses 'no finished cell of method random_action has a checkpoint' render "$scratch/run" --method random_action --tasks "$scratch/tasks"
finish
