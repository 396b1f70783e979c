#!/usr/bin/env bash
# dynaflow show: a window on a virtual display (Xvfb) gets keys and clicks (xdotool), and what it shows (xwd) is compared
# with the places that Python's mujoco and docs/render.md give.
# slow
. tests/cli/check.sh

packages=$PWD/third_party/python
export PYTHONDONTWRITEBYTECODE=1
python() { PYTHONPATH=$packages:$PWD/tests/cli python3 "$@"; }

# ---- no display ----
without_display() { env -u DISPLAY -u WAYLAND_DISPLAY "$program" show scene --tasks "$scratch/tasks" >"$scratch/out" 2>"$scratch/err"; [ $? -eq 3 ] && grep -q "^dynaflow: cannot connect to a display (.*); without a display, \`dynaflow render\` draws strips and films" "$scratch/err"; }
if [ ! -e "$BUILD/dynaflow-render" ]; then
  skip window "dynaflow-render is not built (ci/install-deps.sh render, make render)"
  finish
  exit
fi
check without_a_display_it_says_what_else_there_is without_display

for tool in Xvfb xdotool xwd; do
  if ! command -v $tool >/dev/null; then
    skip window "no $tool (ci/install-deps.sh display)"
    finish
    exit
  fi
done
if ! python -c 'import numpy, mujoco' 2>/dev/null; then
  skip window "no numpy or mujoco in $packages (ci/fetch-python.py $packages)"
  finish
  exit
fi

# ---- a window ----
check the_task_is_made python tests/cli/render_scene.py "$scratch/tasks"
Xvfb -displayfd 3 -screen 0 800x600x24 3>"$scratch/display" >/dev/null 2>&1 &
server=$!
shown=
trap 'kill $shown $server 2>/dev/null; wait 2>/dev/null; rm -rf "$scratch"' EXIT
for _ in $(seq 100); do [ -s "$scratch/display" ] && break; sleep 0.1; done
DISPLAY=:$(cat "$scratch/display")
export DISPLAY
unset WAYLAND_DISPLAY

# opens ARGUMENT...: starts the program and waits for its window
opens() {
  "$program" show "$@" --tasks "$scratch/tasks" --size 400x400 --threads 1 --json >"$scratch/out" 2>"$scratch/err" </dev/null &
  shown=$!
  for _ in $(seq 300); do
    window=$(xdotool search --name '^dynaflow show' 2>/dev/null | head -1)
    [ -n "$window" ] && sleep 1 && return
    kill -0 $shown 2>/dev/null || { cat "$scratch/err"; return 1; }
    sleep 0.1
  done
  return 1
}

# keys KEY...: presses them
keys() { for key; do xdotool key --window "$window" "$key" 2>/dev/null || return 1; done; }

# shows STATEMENTS: waits until they hold for the picture of the window
shows() {
  for _ in $(seq 8); do
    xwd -silent -id "$window" -out "$scratch/window.xwd" && python - "$scratch" "$1" 2>"$scratch/why" <<'P' && return 0
import sys
from render_scene import *
folder, statements = sys.argv[1:]
model = mujoco.MjModel.from_xml_path(folder + '/tasks/scene/scene.xml')
x = recording()['states']
FIRST = 4  # window.first


def xwd(path):
    data = open(path, 'rb').read()
    head = struct.unpack('>25I', data[:100])
    size, width, height, order, bits, pitch, colours = head[0], head[4], head[5], head[7], head[11], head[12], head[19]
    assert bits == 32 and order == 0
    at = size + 12 * colours
    raw = np.frombuffer(data[at:at + pitch * height], np.uint8).reshape(height, pitch)
    return raw[:, :4 * width].reshape(height, width, 4)[:, :, 2::-1].astype(int)


picture = xwd(folder + '/window.xwd')
# the scene ends where the white picture below begins
white = (picture == 255).all(2)
top = next(y for y in range(400) if white[y].all())


def ball(episode, state, view='side', across=(0, 0), turned=0, zoom=1):
    """the ball is where it is in a state of an episode"""
    motion = x[episode][FIRST:]
    cameras, distance = camera(model, motion, DT, view, 1)
    at, axes = cameras[state]
    if turned:
        ahead = np.arctan2(axes[0][1], axes[0][0]) + np.radians(turned)
        axes = axes_of(ahead, np.arcsin(axes[0][2]))
    # all motions have one distance
    distance = zoom * max(camera(model, x[e][FIRST:], DT, view, 1)[1] for e in shown)
    wanted = project(model, kinematics(model, motion[state]).geom('ball').xpos, (at, axes), distance, 400, top)
    found = red(picture[:top])
    assert np.abs(found - wanted).max() < 4, (found, wanted, now())


def now():
    """where the line at the present is, from the left"""
    r, g, b = np.moveaxis(picture[top:], -1, 0)
    y, at = np.nonzero((r == 200) & (g == 40) & (b == 40))
    return at.min()


def line(state, states=41 - FIRST):
    """where it belongs: names of feet take 48 pixels, margins 6"""
    pitch = (400 - 12 - 48) / states
    assert abs(now() - int(6 + 48 + (state + .5) * pitch)) <= 1, (now(), state)


shown = [0, 1]
exec(statements)
P
    sleep 0.25
  done
  cat "$scratch/why"
  return 1
}
then_shows() { local pressed=$1; shift; keys $pressed && shows "$@"; }

# the first episodes of the two gaits, 0 and 1
check a_window_opens opens scene
check it_plays_to_the_end shows 'ball(0, 36); line(36)'
check home_is_the_first_state then_shows Home 'ball(0, 0); line(0)'
check right_is_the_next_state then_shows 'Right Right Right' 'ball(0, 3); line(3)'
check shift_right_is_ten_states then_shows shift+Right 'ball(0, 13); line(13)'
check left_is_the_state_before then_shows Left 'ball(0, 12); line(12)'
check tab_is_the_next_motion then_shows Tab 'ball(1, 12); line(12)'
check v_is_the_next_view then_shows 'v v' 'shown = [0, 1]; distance = None
motion = x[1][FIRST:]
cameras, _ = camera(model, motion, DT, "top", 1)
distance = max(camera(model, x[e][FIRST:], DT, "side", 1)[1] for e in shown)
wanted = project(model, kinematics(model, motion[12]).geom("ball").xpos, cameras[12], distance, 400, top)
assert np.abs(red(picture[:top]) - wanted).max() < 4'
check and_back_to_the_first then_shows 'v v' 'ball(1, 12)'
# without following, the camera stays where it was
# stays STATE: the picture of a state from where the camera was in state 12
stays() { shows "state = $1
"'motion = x[1][FIRST:]
cameras, _ = camera(model, motion, DT, "side", 1)
distance = max(camera(model, x[e][FIRST:], DT, "side", 1)[1] for e in shown)
wanted = project(model, kinematics(model, motion[state]).geom("ball").xpos, cameras[12], distance, 400, top)
assert np.abs(red(picture[:top]) - wanted).max() < 4; line(state)'; }
then_stays() { keys $1 && stays "$2"; }
check without_following_the_camera_stays then_stays 'f Right Right Right' 15
check it_stays_there_after_all_views then_stays 'v v v v Right Right Right' 18
keys f
# a click in the bars: the middle of state 20
clicks() { xdotool mousemove --window "$window" $((54 + 340 * 41 / 74)) 392 click 1; }
clicked() { clicks && shows 'ball(1, 20); line(20)'; }
check a_click_in_the_bars_goes_to_the_time clicked
# a tenth of the width to the right turns the camera by 18 degrees to the left
turns() { xdotool mousemove --window "$window" 100 100 mousedown 1 mousemove --window "$window" 140 100 mouseup 1 && shows 'ball(1, 20, turned=-18)'; }
check the_left_button_turns turns
scrolls() { keys v v v v && xdotool mousemove --window "$window" 100 100 click 4 click 4 && shows 'ball(1, 20, zoom=.81)'; }
check the_wheel_zooms scrolls
ends() { keys q && wait $shown; }
check q_ends_it_with_code_0 ends
check it_lists_what_it_played python - "$scratch/out" <<'P'
import json, sys
rows = json.load(open(sys.argv[1]))['rows']
assert [r['motion'] for r in rows] == ['demonstration 0', 'demonstration 1'], rows
assert all(r['states'] == 37 and abs(r['start_s'] - .08) < 1e-12 and abs(r['seconds'] - .72) < 1e-12 for r in rows), rows
P
finish
