"""Writes recordings for docs/examples/convert.py and compares what it makes of them: convert_check.py FOLDER CASE"""
import json
import os
import pickle
import subprocess
import sys

import numpy as np

folder, case = sys.argv[1:]
rng = np.random.default_rng(3)
LENGTHS = (3, 5, 2)
states = [rng.normal(size=(n + 1, 4)) for n in LENGTHS]
actions = [rng.normal(size=(n, 2)).astype("f4") for n in LENGTHS]
ends = np.cumsum([n + 1 for n in LENGTHS])
padded = np.concatenate([np.vstack([a, np.zeros((1, 2), "f4")]) for a in actions])


def path(name):
    return os.path.join(folder, name)


def write_pickle(content):
    with open(path("in.pkl"), "wb") as file:
        pickle.dump(content, file)
    return path("in.pkl")


def convert(source, *options):
    command = [sys.executable, "docs/examples/convert.py", source, path("out.npz"), *options]
    return subprocess.run(command, capture_output=True, text=True)


def expect(source, wanted, *options, left_out=(), says=()):
    done = convert(source, *options)
    assert done.returncode == 0, done.stderr
    for name in left_out:
        assert "'%s' is left out" % name in done.stderr, done.stderr
    assert all(text in done.stderr for text in says), done.stderr
    with np.load(path("out.npz")) as data:
        assert set(data.files) == set(wanted), (data.files, sorted(wanted))
        for name, value in wanted.items():
            assert np.array_equal(data[name], value) and data[name].dtype.kind == np.asarray(value).dtype.kind, name


def episodes():
    content = [{"obs": {"q": s}, "action": a, "seed": 1, "info": "text"} for s, a in zip(states, actions)]
    expect(write_pickle(content), {"obs/q": np.concatenate(states), "action": padded, "episode_ends": ends},
           "--trust-pickle", left_out=("seed", "info"))


def frames():
    content = [{"q": [t, 2 * t], "v": float(t)} for t in range(4)]
    expect(write_pickle(content), {"q": np.array([[t, 2 * t] for t in range(4)]), "v": np.arange(4.0)}, "--trust-pickle",
           "--frames")


def dictionary():
    expect(write_pickle({"q": states[0], "dt": 0.02, "robot": "a1"}), {"q": states[0], "dt": 0.02}, "--trust-pickle",
           left_out=("robot",))


def objects():
    ragged = np.empty(3, dtype=object)
    ragged[:] = states
    np.savez(path("in.npz"), states=ragged, actions=np.array(actions, dtype=object), infos=np.array([{}, {}], dtype=object),
             plain=np.arange(3))
    expect(path("in.npz"), {"states": np.concatenate(states), "actions": padded, "episode_ends": ends,
                            "plain": np.arange(3)}, "--trust-pickle", left_out=("infos",))


def lacking():
    """names that not every entry has are named, wherever they are missing"""
    content = [{"obs": s, "first": s} for s in states]
    content[1] = {"obs": states[1], "act": actions[1]}
    expect(write_pickle(content), {"obs": np.concatenate(states), "episode_ends": ends}, "--trust-pickle",
           says=("'act' is left out: episode 0 does not have it",
                 "'first' is left out: episode 1 does not have it"))
    expect(write_pickle([{"q": 0.5}, {"q": 1.5, "late": 1.0}]), {"q": np.array([0.5, 1.5])}, "--trust-pickle", "--frames",
           left_out=("late",))


def equal():
    """beside episodes of different lengths, those of equal length are flat, too"""
    two, act = [np.ones((4, 2)), np.full((5, 2), 2.0)], [[[1.0], [2.0], [3.0], [4.0]]] * 2
    goal, single = [[1.0, 2.0], [3.0, 4.0]], [[5.0] * 4] * 2
    expect(write_pickle({"obs": two, "act": act, "goal": goal, "torque": single, "mass": [1.0, 2.0]}),
           {"obs": np.concatenate(two), "act": np.array([[1.0], [2], [3], [4], [1], [2], [3], [4], [0]]),
            "torque": np.array([5.0] * 8 + [0]), "goal": np.array(goal), "mass": np.array([1.0, 2.0]),
            "episode_ends": np.array([4, 9])}, "--trust-pickle")
    assert "'goal' of shape [2, 2] keeps one row per episode" in convert(path("in.pkl"), "--trust-pickle").stderr
    done = convert(write_pickle({"obs": [np.ones((5, 2)), np.ones((6, 2))], "act": act}), "--trust-pickle")
    assert done.returncode == 1 and "'act' has 4 rows in episode 1, another array has 6" in done.stderr, done.stderr


def trust():
    class Evil:
        def __reduce__(self):
            return os.mkdir, (path("executed"),)

    done = convert(write_pickle(Evil()))
    assert done.returncode == 1 and "can run any code; if you trust its author, give --trust-pickle" in done.stderr
    assert not os.path.exists(path("executed"))


def lengths():
    done = convert(write_pickle([{"q": states[0], "u": actions[0][:1]}]), "--trust-pickle")
    assert done.returncode == 1 and "'u' has 1 rows in episode 0, another array has 4" in done.stderr, done.stderr


def lerobot():
    import pyarrow
    import pyarrow.parquet
    os.makedirs(path("set/data/chunk-000"))
    os.makedirs(path("set/meta"))
    for episode, a in enumerate(actions):
        rows = range(len(a) - 1, -1, -1)  # not in order
        pyarrow.parquet.write_table(pyarrow.table({
            "action": pyarrow.array([a[i].tolist() for i in rows], pyarrow.list_(pyarrow.float32())),
            "frame_index": list(rows), "episode_index": [episode] * len(a), "task": ["walk"] * len(a)}),
            path("set/data/chunk-000/episode_%06d.parquet" % episode))
    with open(path("set/meta/info.json"), "w") as file:
        json.dump({"fps": 50, "features": {"action": {"names": {"motors": ["hip", "knee"]}}}}, file)
    expect(path("set"), {"action": np.concatenate(actions), "frame_index": np.concatenate([np.arange(n) for n in LENGTHS]),
                         "episode_index": np.repeat(np.arange(3), LENGTHS), "episode_ends": np.cumsum(LENGTHS),
                         "dt": 0.02, "action_names": np.array(["hip", "knee"])}, left_out=("task",))


globals()[case]()
