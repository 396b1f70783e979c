#!/usr/bin/env bash
# dynaflow data import: the physics steps of recorded actions, and where recordings with actions stand.
. tests/cli/check.sh

python3 - "$scratch" <<'PYTHON'
import json, math, sys
folder = sys.argv[1]

# The pendulum of docs/examples in frames of 0.02 s: two steps of 0.01 s, semi-implicit. No option explains the noise of
# its velocities, 0.05 per cent of their change.
inertia = 0.5**2 + 0.4 * 0.1**2
states, actions = [], []
for episode in range(4):
    q, v = 0.3 + 0.2 * episode, 0.0
    states.append([[q, v]])
    actions.append([])
    for t in range(50):
        u = math.sin(0.4 * t + episode)
        for _ in range(2):
            v += 0.01 * (u - 9.81 * 0.5 * math.sin(q)) / inertia
            q += 0.01 * v
        states[-1].append([q, v + 5e-5 * math.sin(37 * t + episode)])
        actions[-1].append([u])
with open(folder + '/swing.json', 'w') as file:
    json.dump({'states': states, 'actions': actions, 'dt': 0.02}, file)
with open(folder + '/stated.json', 'w') as file:
    json.dump({'states': states, 'dt': 1 / 30}, file)

# a body that falls 5 m, from above the floor on which its model starts; its tail hangs still
states = []
for episode in range(2):
    z, v = 5.0 + episode, 0.0
    states.append([])
    for t in range(51):
        states[-1].append([0, 0, z, 1, 0, 0, 0, 0, 0, 0, v, 0, 0, 0, 0])
        v -= 9.81 * 0.01
        z += v * 0.01
with open(folder + '/fall.json', 'w') as file:
    json.dump({'states': states, 'actions': [[[0]] * 50] * 2, 'dt': 0.01}, file)

# a body that slides 0.3 m above the floor
states = []
for episode in range(2):
    states.append([[0.001 * t * (1 + episode), 0, 0.4, 1, 0, 0, 0, 0, 0.1 * (1 + episode), 0, 0, 0, 0, 0, 0] for t in range(51)])
with open(folder + '/hover.json', 'w') as file:
    json.dump({'states': states, 'dt': 0.01}, file)

# a ball with a tail above it that turns on the spot and moves on; headerless, with the quaternions of MuJoCo and LAFAN1
for name, order in (('wxyz', (3, 0, 1, 2)), ('xyzw', (0, 1, 2, 3))):
    with open(folder + '/' + name + '.csv', 'w') as file:
        for t in range(200):
            q = (0, 0, math.sin(0.002 * t), math.cos(0.002 * t))
            row = [0.001 * t, 0, 0.0999, *(q[i] for i in order), 0.1 * math.sin(0.1 * t)]
            file.write(','.join(format(v, '.9g') for v in row) + '\n')

# a slider in single steps of 0.02 s, without a rate: its velocity grows by 16 per cent per step, so that the mean velocity
# of two frames says 0.0216 s, which is no usual rate
states, actions = [], []
for episode in range(4):
    x, v = 0.0, 0.01 + 0.005 * episode
    states.append([[x, v]])
    actions.append([])
    for t in range(30):
        u = 8 * v
        v += 0.02 * u
        x += 0.02 * v
        states[-1].append([x, v])
        actions[-1].append([u])
with open(folder + '/grow.json', 'w') as file:
    json.dump({'states': states, 'actions': actions}, file)

# A mass of 1 kg on a spring, in frames of 0.02 s, four of its model's steps: simulated with 16 steps, where ten
# come close, and with four steps of RK4, where other numbers of Euler's come closer than its four.
def derivative(x, v, u): return v, u - 900 * x
def euler(x, v, u, h):
    v += h * (u - 2500 * x)
    return x + h * v, v
def rk4(x, v, u, h):
    k = [derivative(x, v, u)]
    for a in (0.5, 0.5, 1): k.append(derivative(x + a * h * k[-1][0], v + a * h * k[-1][1], u))
    return tuple(s + h / 6 * (k[0][i] + 2 * k[1][i] + 2 * k[2][i] + k[3][i]) for i, s in enumerate((x, v)))
for name, step, number in (('many', euler, 16), ('rk4', rk4, 4), ('three', rk4, 3)):
    states, actions = [], []
    for episode in range(4):
        x, v = 0.05 + 0.01 * episode, 1.0
        states.append([[x, v]])
        actions.append([])
        for t in range(40):
            u = 200 * math.sin(1.3 * t + episode)
            for _ in range(number): x, v = step(x, v, u, 0.02 / number)
            states[-1].append([x, v])
            actions[-1].append([u])
    with open(folder + '/' + name + '.json', 'w') as file:
        json.dump({'states': states, 'actions': actions, 'frequency': 50, 'spare': [1, 2, 3]}, file)

# ten links of a chain, in frames of 50 steps: no physics, so that all that the search knows is tried
links, frames = 10, 60
bodies = ''.join(f'<body pos="0 0 -0.1"><joint name="j{i}" axis="0 1 0" damping="0.01"/><geom type="capsule" fromto="0 0 0 0 0 -0.1" size="0.01" mass="0.1"/>' for i in range(links))
motors = ''.join(f'<motor joint="j{i}" ctrlrange="-1 1"/>' for i in range(links))
with open(folder + '/chain.xml', 'w') as file:
    file.write('<mujoco><option timestep="0.001"/><worldbody>' + bodies + '</body>' * links + '</worldbody><actuator>' + motors + '</actuator></mujoco>')
angle = lambda i, e: 0.7 * i + e
states = [[[0.2 * math.sin(0.2 * t + angle(i, e)) for i in range(links)] + [0.8 * math.cos(0.2 * t + angle(i, e)) for i in range(links)] for t in range(frames)] for e in range(4)]
actions = [[[math.sin(0.2 * t + 2 * angle(i, e)) for i in range(links)] for t in range(frames - 1)] for e in range(4)]
with open(folder + '/chain.json', 'w') as file:
    json.dump({'states': states, 'actions': actions, 'dt': 0.05}, file)
PYTHON
cat >"$scratch/spring.xml" <<'XML'
<mujoco><option timestep="0.005" gravity="0 0 0"/><worldbody><body><joint name="x" type="slide" axis="1 0 0" stiffness="2500"/>
<geom size="0.1" mass="1"/></body></worldbody><actuator><motor joint="x" ctrlrange="-900 900"/></actuator></mujoco>
XML
sed 's/stiffness="2500"/stiffness="900"/' "$scratch/spring.xml" >"$scratch/soft.xml"
cat >"$scratch/slider.xml" <<'XML'
<mujoco><option timestep="0.01" gravity="0 0 0"/><worldbody><body><joint name="x" type="slide" axis="1 0 0"/><geom size="0.1" mass="1"/>
</body></worldbody><actuator><motor joint="x" ctrlrange="-50 50"/></actuator></mujoco>
XML
cp docs/examples/pendulum/pendulum.xml "$scratch/pendulum.xml"
sed 's/timestep="0.01"/timestep="0.001"/' docs/examples/pendulum/pendulum.xml >"$scratch/fine.xml"
cat >"$scratch/faller.xml" <<'XML'
<mujoco><option timestep="0.01"/><worldbody><geom type="plane" size="9 9 1"/><body pos="0 0 0.1"><freejoint name="base"/>
<geom size="0.1" mass="1"/><body><joint name="tail" axis="0 1 0"/><geom size="0.02" pos="0 0 0.3" mass="0.01"/></body></body>
</worldbody><actuator><motor joint="tail" ctrlrange="-1 1"/></actuator></mujoco>
XML
# imports NAME MODEL SOURCE [OPTION...]
imports() {
  local name=$1 model=$2
  shift 2
  exits_with 0 data import "$@" --model "$scratch/$model" --out "$scratch/$name" --threads 1 --quiet
}
# sets NAME LINE: in the task file, without comments
sets() { sed 's/  # .*//; s/^ *//' "$scratch/$1/task.yaml" | grep -qxF -- "$2" || { grep -A12 '^system' "$scratch/$1/task.yaml"; false; }; }

check a_recording_of_longer_steps_is_imported imports swing fine.xml "$scratch/swing.json"
check a_step_is_that_of_the_recording sets swing 'timestep: 0.01'
check a_frame_has_two_of_them sets swing 'substeps: 2'
check its_actions_are_used sets swing 'actions_key: actions'

check a_fall_with_actions_is_imported imports fall faller.xml "$scratch/fall.json"
check it_stays_where_it_was bash -c "! grep -q position_offset '$scratch/fall/task.yaml'"
# states alone: what falls needs nothing that carries it, and stays where it is; what hovers is put down
check a_fall_of_states_alone_is_imported imports states faller.xml "$scratch/fall.json" --set data.actions_key=
check it_stays_in_the_air bash -c "! grep -q position_offset '$scratch/states/task.yaml'"
check what_hovers_is_imported imports hover faller.xml "$scratch/hover.json"
check it_is_put_on_the_floor_by_the_nearest_pose sets hover 'position_offset: [0, 0, -0.3]'
check it_is_imported_again exits_with 0 data import "$scratch/hover.json" --model "$scratch/faller.xml" --out "$scratch/again" --threads 1
check the_offset_is_told grep -q 'positions are moved, data.position_offset = 0,0,-0.3: the model never touches the floor' "$scratch/err"
check the_residual_is_told_before_and_after grep -q 'the root residual is 1 weights as recorded, 1 moved' "$scratch/err"
# 30 Hz are assumed of a table like LAFAN1's, aloud, and of no other one
check a_table_like_lafan1_is_imported exits_with 0 data import "$scratch/xyzw.csv" --model "$scratch/faller.xml" --out "$scratch/xyzw" --threads 1
check its_rate_is_assumed grep -q '30 Hz, that of LAFAN1, is assumed' "$scratch/err"
check another_table_has_to_state_its_rate refuses 'wxyz.csv: the file states no frame rate, and its quaternions are wxyz.*data.rate=HZ' data import "$scratch/wxyz.csv" --model "$scratch/faller.xml" --out "$scratch/wxyz" --threads 1
check with_its_rate_it_is_imported imports wxyz faller.xml "$scratch/wxyz.csv" --set data.rate=50
# A stated 30 Hz is 50 Hz by the velocities, two steps of the model, also where another step divides a frame of 30 Hz.
check a_false_rate_is_imported imports stated pendulum.xml "$scratch/stated.json"
check the_rate_is_one_of_whole_steps sets stated 'rate: 50'
check the_step_is_the_model_s_own sets stated 'timestep: 0.01'
run data check "$scratch/stated.json" --model "$scratch/pendulum.xml" --threads 1
check its_check_has_the_same_rate grep -q 'would fit: data.rate = 50$' "$scratch/err"
# a duration that velocities show roughly is that with which the actions replay
check a_recording_without_a_rate_is_imported imports grow slider.xml "$scratch/grow.json"
check its_rate_is_that_of_the_replay sets grow 'rate: 50'
check its_step_is_that_of_the_replay sets grow 'timestep: 0.02'
check one_of_them_is_an_action sets grow 'substeps: 1'
# what `replay` finds is found where other steps come close, but the states do not follow from them
check a_recording_of_many_steps_is_imported imports many spring.xml "$scratch/many.json"
check many_steps_are_found sets many 'substeps: 16'
check their_duration_is_found sets many 'timestep: 0.00125'
check their_rate_is_that_of_the_number sets many 'rate: 50'
run data check "$scratch/many" --threads 1
check the_number_of_the_rate_is_used bash -c "grep -q 'nothing uses (data.conditions may): spare\$' '$scratch/err'"
check their_actions_are_used sets many 'actions_key: actions'
# another integrator than the model's is tried with the numbers of steps
check a_recording_of_rk4_is_imported imports rk4 soft.xml "$scratch/rk4.json"
check the_integrator_is_found grep -q 'integrator: RK4  # with it the recorded actions come closest' "$scratch/rk4/task.yaml"
check its_own_actions_are_used sets rk4 'actions_key: actions'
check a_recording_of_three_steps_of_rk4_is_imported imports three soft.xml "$scratch/three.json"
check three_steps_are_found sets three 'substeps: 3'
check they_are_of_rk4 sets three 'integrator: RK4'
check the_actions_of_three_steps_are_used sets three 'actions_key: actions'
# a signal ends the search within a second of CPU time, at several moments of it, and nothing is left
cat >"$scratch/stop.py" <<'PYTHON'
import os, signal, subprocess, sys, time
def used(pid):
    fields = open(f'/proc/{pid}/stat').read().rsplit(')', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')
at, command = float(sys.argv[1]), sys.argv[2:]
process = subprocess.Popen(command, stderr=subprocess.PIPE)
while process.poll() is None and used(process.pid) < at: time.sleep(0.01)
before = used(process.pid)
process.send_signal(signal.SIGTERM)
_, status, usage = os.wait4(process.pid, 0)
more, code = usage.ru_utime + usage.ru_stime - before, os.waitstatus_to_exitcode(status)
print(f'after {before:.2f} s: {more:.2f} s more, exit code {code}')
print(process.stderr.read().decode())
sys.exit(0 if code == 130 and more < 1 else 1)
PYTHON
ends_in_time() { python3 "$scratch/stop.py" "$1" "$program" data import "$scratch/chain.json" --model "$scratch/chain.xml" --out "$scratch/chain" --threads 1; }
for moment in 0.5 1.5 3; do check "a_signal_ends_a_search_after_$moment" ends_in_time "$moment"; done
check no_folder_is_left bash -c "! ls -A '$scratch' | grep -vE '^chain.(json|xml)$' | grep chain"
finish
