#!/usr/bin/env bash
# docs/examples/playground_policy.py, with a stand-in for the network: what the network sees is what MuJoCo's own sensors
# say of the kept states, the actions replay, and walks that fall are left out.
. tests/cli/check.sh

packages=third_party/python
export PYTHONPATH=$scratch:$packages
if ! python3 -c 'import mujoco' 2>/dev/null; then
  skip playground_policy "Python in third_party/python has no mujoco (ci/fetch-python.py third_party/python)"
  finish
  exit
fi
# standing with small waves of the joints; FALL: the legs give way under forward commands
cat >"$scratch/onnxruntime.py" <<'PY'
import os
import numpy as np
seen = []
class InferenceSession:
    def __init__(self, path, providers): pass
    def run(self, names, inputs):
        obs = inputs['obs']
        assert obs.shape == (1, 48) and obs.dtype == np.float32
        seen.append(obs[0].copy())
        wave = 0.2 * np.sin(0.3 * len(seen) + np.arange(12))
        if os.environ.get('FALL') and obs[0, 45] > 0: wave = np.tile((0, 4, -1.8), 4)
        return [wave[None].astype(np.float32)]
PY
walks() { python3 docs/examples/playground_policy.py none.onnx tasks/go1_gaits/go1.xml "$scratch/walks.npz" "$@"; }
check sensors_of_the_kept_states_are_what_the_network_sees python3 - "$scratch" <<'PY'
import sys
sys.path.insert(0, 'docs/examples')
import mujoco, numpy as np, onnxruntime
import playground_policy as p

p.main('none.onnx', 'tasks/go1_gaits/go1.xml', sys.argv[1] + '/walks.npz', 2, 1, 3)
file = np.load(sys.argv[1] + '/walks.npz')
xml = open('tasks/go1_gaits/go1.xml').read()
trunk = xml.index('<freejoint')
xml = xml[:trunk] + '<site name="imu" pos="-0.01592 -0.06659 -0.00617"/>' + xml[trunk:]
sensors = '<sensor><velocimeter site="imu"/><gyro site="imu"/><framezaxis objtype="body" objname="world" reftype="site" refname="imu"/></sensor>'
model = mujoco.MjModel.from_xml_string(xml.replace('</mujoco>', sensors + '</mujoco>'))
data = mujoco.MjData(model)
home = model.key_qpos[0][7:]
states, actions, seen = file['states'], file['actions'], np.array(onnxruntime.seen)
assert states.shape == (2, 50, 37) and actions.shape == (2, 50, 12) and len(seen) == 2 * (p.SETTLE + 50), states.shape
speed = 0
for e in range(2):
    for t in range(50):
        now = seen[e * (p.SETTLE + 50) + p.SETTLE + t]
        data.qpos[:], data.qvel[:] = states[e, t, :19], states[e, t, 19:]
        mujoco.mj_forward(model, data)
        wanted = np.hstack([data.sensordata[:6], -data.sensordata[6:9], data.qpos[7:] - home, data.qvel[6:]])
        assert np.abs(now[:33] - wanted).max() < 1e-5, (e, t, np.abs(now[:33] - wanted))
        speed = max(speed, np.abs(now[:3]).max())
        before = (seen[e * (p.SETTLE + 50) + p.SETTLE + t + 1][33:45] if t < 49 else (actions[e, t] - home) / .5)
        assert np.abs(actions[e, t] - home - .5 * before).max() < 1e-6
    assert np.abs(seen[e * (p.SETTLE + 50) + p.SETTLE:(e + 1) * (p.SETTLE + 50), 45:] - file['conditions'][e, 4:]).max() < 1e-6
    assert np.abs(seen[e * (p.SETTLE + 50), 45:]).max() == 0  # it stands first
assert speed > .05  # something moved
PY
check its_actions_lead_from_frame_to_frame exits_with 0 data check "$scratch/walks.npz" --model tasks/go1_gaits/go1.xml
check and_that_was_tried grep -Eq 'replay +ok' "$scratch/out"
FALL=1 walks 6 1 >"$scratch/counted"
check walks_that_fall_are_counted grep -Eqx '6 walks, ([1-9]) of [0-9]+ fell' "$scratch/counted"
check and_left_out python3 -c "
import numpy as np
file = np.load('$scratch/walks.npz')
assert len(file['states']) == 6 and (file['conditions'][:, 4] <= 0).all(), file['conditions']"
finish
