"""Recordings of a small arm whose files name their columns, in another order than the model's.

usage: import_names.py FOLDER
"""
import json
import math
import sys

folder = sys.argv[1]
# joints, the middle of their ranges and how far they move: of another joint they would be beyond its range
JOINTS = {"slider": (0.1, 0.02), "shoulder": (1.0, 0.3), "elbow": (-1.0, 0.3)}
RATE = 50
STEPS = 80

with open(folder + "/arm.xml", "w") as file:
    file.write("""<mujoco><compiler angle="radian" autolimits="true"/><option timestep="0.002" gravity="0 0 0"/>
  <default><joint damping="1" armature="0.1"/><geom type="capsule" size="0.02" contype="0" conaffinity="0"/></default>
  <worldbody><body name="sled"><joint name="slider" type="slide" range="-0.2 0.2"/><geom fromto="0 0 0 0.1 0 0"/>
    <body name="upper"><joint name="shoulder" axis="0 1 0" range="0 2"/><geom fromto="0 0 0 0 0 0.3"/>
      <body name="fore" pos="0 0 0.3"><joint name="elbow" axis="0 1 0" range="-2 0"/><geom fromto="0 0 0 0 0 0.3"/>
      </body></body></body></worldbody>
  <actuator><motor joint="slider" ctrlrange="-1 1"/><motor joint="shoulder" ctrlrange="-1 1"/>
    <motor joint="elbow" ctrlrange="-1 1"/></actuator></mujoco>""")


def position(joint, episode, t):
    middle, width = JOINTS[joint]
    return middle + width * math.sin(0.6 + 2 * math.pi * (0.7 + 0.1 * episode) * t / RATE + len(joint))


def rows(order, episode, scale=1.0):
    return [[(1 if j == "slider" else scale) * position(j, episode, t) for j in order] for t in range(STEPS)]


ORDER = ["elbow", "slider", "shoulder"]
# a table per episode: units in the header, and a rate in a comment
for e in range(4):
    with open(f"{folder}/arm_{e}.csv", "w") as file:
        file.write("# captured at 50 Hz\nelbow (deg),slider (m),shoulder (deg)\n")
        for row in rows(ORDER, e, 180 / math.pi):
            file.write(",".join(f"{x:.9f}" for x in row) + "\n")
# groups with a list of names, a text, a number and a count of nanoseconds beyond what a double holds
LABELS = ["reach up", "reach down"]
groups = {f"ep_{e}": {"joint_pos": rows(ORDER, e), "joint_names": ORDER, "dt": 1 / RATE, "instruction": LABELS[e % 2],
                      "operator": "nobody", "target_speed": 1.0 + 0.5 * (e % 3), "task": "reach",
                      "timestamp": [1700000000000000001 + 20000000 * t for t in range(STEPS)]} for e in range(4)}
with open(folder + "/groups.json", "w") as file:
    json.dump(groups, file)
for i, e in enumerate(groups.values()):
    e["joint_names"], e["joint_pos"] = ["a1", "b2", "c3"], rows(JOINTS, i)
with open(folder + "/foreign.json", "w") as file:
    json.dump(groups, file)


# three sleds that motors drive, simulated here by semi-implicit Euler: named against the states, and as they are
MASSES = {"a": 1, "b": 3, "c": 7}
with open(folder + "/motors.xml", "w") as file:
    file.write('<mujoco><option timestep="0.01" gravity="0 0 0"/><worldbody>')
    for i, (name, mass) in enumerate(MASSES.items()):
        file.write(f'<body pos="0 {2 * i} 0"><joint name="{name}" type="slide" axis="1 0 0"/>'
                   f'<geom size=".1" mass="{mass}" contype="0" conaffinity="0"/></body>')
    file.write("</worldbody><actuator>")
    for name in MASSES:
        file.write(f'<motor name="m{name}" joint="{name}" ctrlrange="-9 9"/>')
    file.write("</actuator></mujoco>")


def driven(episode, order):
    q, v, rows_q, rows_v, actions = [0.1 * episode, -0.2, 0.3], [0.0] * 3, [], [], []
    for t in range(STEPS + 1):
        rows_q.append(list(q))
        rows_v.append(list(v))
        u = [math.sin(0.2 * t + episode), 2 * math.cos(0.3 * t + episode), 3 * math.sin(0.11 * t + 1)]
        v = [x + 0.01 * f / m for x, f, m in zip(v, u, MASSES.values())]
        q = [x + 0.01 * y for x, y in zip(q, v)]
        if t < STEPS:
            actions.append([u["abc".index(name)] for name in order])
    return rows_q, rows_v, actions


def write_driven(name, order="abc", **names):
    recorded = [driven(e, order) for e in range(4)]
    arrays = {key: [r[i] for r in recorded] for i, key in enumerate(("qpos", "qvel", "actions"))}
    with open(f"{folder}/{name}.json", "w") as file:
        json.dump({**arrays, "dt": 0.01, **names}, file)


write_driven("joints_misnamed", joint_names=["b", "a", "c"])
write_driven("actuators_misnamed", actuator_names=["mb", "ma", "mc"])
write_driven("actuators_named", "bac", actuator_names=["mb", "ma", "mc"])
# neither as read nor as named, but in a third order
write_driven("actuators_unordered", "cab", actuator_names=["mb", "ma", "mc"])

# a rover with a mast and two wheels on the left and right: columns in no order, in mm and degrees; `rover.truth` in m and rad
with open(folder + "/rover.xml", "w") as file:
    file.write("""<mujoco><option timestep="0.004" gravity="0 0 0"/><default><geom size=".1" mass="1" contype="0" conaffinity="0"/></default>
  <worldbody><body name="base"><freejoint name="root"/><geom/>
    <body name="mast"><joint name="mast_joint" axis="0 0 1"/><geom/></body>
    <body name="left" pos="0 .2 0"><joint name="left_wheel_joint" axis="0 1 0"/><geom/></body>
    <body name="right" pos="0 -.2 0"><joint name="right_wheel_joint" axis="0 1 0"/><geom/></body></body></worldbody>
  <actuator><motor joint="mast_joint" ctrlrange="-1 1"/></actuator></mujoco>""")
truth = []
for t in range(100):
    s, turn = t / 50, 0.4 * math.sin(2 * t / 50)
    truth.append({"root x": 0.3 * math.sin(s), "root y": 0.2 * math.cos(s), "root z": 0.5 + 0.1 * math.sin(3 * s),
                  "root quat w": math.cos(turn / 2), "root quat x": 0.0, "root quat y": math.sin(turn / 2) * 0.6,
                  "root quat z": math.sin(turn / 2) * 0.8, "mast_joint": 0.3 * math.cos(s), "left_wheel_joint": 2 * s,
                  "right_wheel_joint": 0.5 * math.sin(4 * s), "root linvel x": 0.3 * math.cos(s)})
COLUMNS = [("right_wheel_pos (deg)", "right_wheel_joint", 180 / math.pi), ("base_quat_z", "root quat z", 1), ("base_pos_z_mm", "root z", 1000),
           ("wheel_left (deg)", "left_wheel_joint", 180 / math.pi), ("base_quat_w", "root quat w", 1), ("base_pos_x_mm", "root x", 1000),
           ("mast (deg)", "mast_joint", 180 / math.pi), ("base_quat_y", "root quat y", 1), ("base_pos_y_mm", "root y", 1000),
           ("base_quat_x", "root quat x", 1), ("lamp", "root x", 7)]
for name, more in ("rover", []), ("rover_twice", [("x_mm", "root y", 1000)]):
    with open(f"{folder}/{name}.csv", "w") as file:
        file.write("# 50 Hz\n" + ",".join(c[0] for c in COLUMNS + more) + "\n")
        for row in truth:
            file.write(",".join(f"{row[name] * scale:.12g}" for _, name, scale in COLUMNS + more) + "\n")
with open(folder + "/rover.truth", "w") as file:
    json.dump(truth, file)
for name, first, second in ("rates", "50 Hz", "dt: 0.01"), ("rate", "50 Hz", "dt: 0.02"):
    with open(f"{folder}/{name}.csv", "w") as file:
        file.write(f"# {first}\n# a comment\n# {second}\nelbow,slider,shoulder\n" + "".join(",".join(f"{x:.9f}" for x in row) + "\n" for row in rows(ORDER, 0)))
