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
