"""Writes the recordings of this folder with numpy and h5py, and what is in them, and in published recordings, as numpy,
h5py and Python's json read them: recordings.tsv and published.tsv, which test_arrays.c compares with what the library
reads.

usage: make.py [FOLDER OF PUBLISHED RECORDINGS]       needs numpy and h5py; the tests do not run it

A line: file, array, type, shape ("-": one value) and the SHA-256 of the values as little-endian doubles, or of the text.
"""
import glob
import hashlib
import json
import os
import sys

import h5py
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))


def row(file, name, value):
    value = np.asarray(value)
    if value.dtype.kind in "US" or value.dtype == object:
        texts = [t.decode() if isinstance(t, bytes) else t for t in value.ravel().tolist()]
        kind, content = "text", "\n".join(texts).encode()
    else:
        kind, content = value.dtype.name, np.ascontiguousarray(value, "<f8").tobytes()
    shape = "x".join(map(str, value.shape)) or "-"
    return "\t".join([file, name, kind, shape, hashlib.sha256(content).hexdigest()])


# ---- the recordings of this folder ----

def write_npz(path):
    rng = np.random.default_rng(1)
    x = rng.normal(size=(3, 4))
    np.savez_compressed(
        path, half=x.astype("f2"), single=x.astype("f4"), big=x.astype(">f8"), big_int=np.arange(5, dtype=">i4"),
        fortran=np.asfortranarray(x), flags=np.array([True, False]), small=np.array([-128, 127], "i1"),
        large=np.array([2**53, 0], "u8"), none=np.zeros((0, 3), "f4"), one=np.float64(2.5),
        names=np.array(["hip", "knee", "\u00e9"]), label=np.array("walk"), code=np.array([b"ab", b"c"]),
        complex=x.astype("c16"), objects=np.array([{"a": 1}, None], dtype=object), too_large=np.array([2**53 + 1], "i8"),
        fields=np.zeros(2, [("a", "f4"), ("b", "i4")]))
    with np.load(path, allow_pickle=True) as data:
        return [row("numpy.npz", k, data[k]) for k in data if k not in ("complex", "objects", "too_large", "fields")]


def write_demonstrations(path):
    """as robomimic, Minari and D4RL lay out theirs"""
    rng = np.random.default_rng(2)
    with h5py.File(path, "w") as file:
        for name, n in (("demo_0", 3), ("demo_2", 2), ("demo_10", 4)):
            demo = file.create_group("data/" + name)
            demo.attrs["num_samples"] = n
            demo.attrs["model_file"] = "<mujoco/>"
            layout = {"compression": "gzip", "shuffle": True, "chunks": (2, 2)} if name == "demo_0" else {}
            demo.create_dataset("actions", data=rng.normal(size=(n, 2)), **layout)
            demo["obs/qpos"] = rng.normal(size=(n + 1, 3)).astype("f4")
            demo["dones"] = np.arange(n) == n - 1
        file["data"].attrs["total"] = 9
        file.attrs["names"] = ["hip", "knee"]
        file.attrs["source"] = np.bytes_("tests")
        file["rewards"] = rng.normal(size=5).astype("f2")
        file["big"] = np.arange(-3, 3, dtype=">i2")
        file["large"] = np.array([2**53, 1], "u8")
        file["texts"] = ["left", "right"]
        file["none"] = np.zeros((0, 4))
        file.create_dataset("filled", shape=(2, 2), dtype="f4", fillvalue=1.5)
        file.create_dataset("checked", data=np.arange(6.0), chunks=(6,), fletcher32=True)
    rows = []

    def visit(name, item):
        if isinstance(item, h5py.Dataset):
            rows.append(row("demonstrations.h5", name, item[()]))
        for key, value in item.attrs.items():
            rows.append(row("demonstrations.h5", name + "@" + key, value))

    with h5py.File(path) as file:
        file.visititems(visit)
        for key, value in file.attrs.items():
            rows.append(row("demonstrations.h5", "@" + key, value))
    return rows


def write_refused(path):
    """what the library must not read, or cannot"""
    with h5py.File(path, "w") as file:
        file["good"] = [1.0, 2.0]
        file["complex"] = np.zeros(2, "c16")
        file["compound"] = np.zeros(2, [("a", "f4"), ("b", "i4")])
        file["reference"] = file["good"].ref
        file["type"] = np.dtype("f4")
        file.create_dataset("ragged", (2,), h5py.vlen_dtype("f8"))
        file["enumeration"] = np.zeros(2, h5py.enum_dtype({"A": 0, "B": 1, "C": 2}, "i1"))
        file["null"] = h5py.Empty("f8")
        file["deep"] = np.zeros((1,) * 9)
        file["soft"] = h5py.SoftLink("/good")
        file["elsewhere"] = h5py.ExternalLink("demonstrations.h5", "/rewards")
        group = file.create_group("group")
        group["itself"] = group
        file.create_dataset("external", (2,), "f8", external=[("/etc/hostname", 0, 16)])
        layout = h5py.VirtualLayout((5,), "f2")
        layout[:] = h5py.VirtualSource("demonstrations.h5", "rewards", (5,))
        file.create_virtual_dataset("virtual", layout)
        file.create_dataset("lzf", data=np.zeros(100), compression="lzf")
        file.create_dataset("bomb", (10**6, 10**6), "f8", chunks=(1000, 1000))
        file.create_dataset("chunk_bomb", (1,), "u1", chunks=(2**31,), maxshape=(None,), compression="gzip")
        file.create_dataset("overflow", (2**61, 4), "u1", chunks=(1, 4))
        file["too_large"] = np.array([0, -(2**53) - 1])
        file["too_large_unsigned"] = np.array([2**63], "u8")
        file["lines"] = ["a", "b\nc"]


def write_latest(path):
    """the newest format of files, with a user's block before it, as MATLAB 7.3 has one"""
    with h5py.File(path, "w", libver="latest", userblock_size=512) as file:
        file["x"] = np.arange(3.0)
        for i in range(20):
            file.attrs["a%d" % i] = i
    with h5py.File(path) as file:
        return [row("latest.h5", "x", file["x"][()]), row("latest.h5", "@a19", file.attrs["a19"])]


# ---- published recordings ----

def write_rounded(path):
    """arrays that filters and types of few bits have rounded; the values are those of `plain`"""
    x = np.random.default_rng(4).uniform(-3, 3, size=(40, 3))
    bits = h5py.h5t.IEEE_F32LE.copy()  # 16 significant bits
    bits.set_fields(31, 23, 8, 8, 15)
    bits.set_offset(8)
    bits.set_precision(24)
    with h5py.File(path, "w") as file:
        file["plain"] = x
        file["half"] = x.astype("f2")
        file.create_dataset("steps", data=x, chunks=(20, 3), scaleoffset=3)
        file.create_dataset("whole", data=np.arange(40), scaleoffset=0)
        create = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        create.set_chunk((20, 3))
        create.set_filter(h5py.h5z.FILTER_NBIT)
        dataset = h5py.h5d.create(file.id, b"bits", bits, h5py.h5s.create_simple(x.shape), create)
        dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, x)


def rows_of_npz(file, path):
    with np.load(path, allow_pickle=True) as data:
        return [row(file, k, data[k]) for k in data if data[k].dtype != object]


def rows_of_json(file, path):
    with open(path) as text:
        return [row(file, k, v) for k, v in json.load(text).items()]


def rows_of_table(file, path):
    lines = [[float(c) for c in line.strip().rstrip(",").split(",")] for line in open(path) if line.strip()]
    return [row(file, "table", np.array(lines))]


def rows_of_hdf5(file, path):
    with h5py.File(path) as data:
        walker = "cmuv2019_002/walkers/walker_0"
        names = ["joints", "position", "quaternion", "velocity", "joints_velocity"]
        attributes = [row(file, k + "@" + a, data[k].attrs[a])
                      for k, a in (("cmuv2019_002", "dt"), ("cmuv2019_002", "num_steps"), (walker, "name"))]
        return [row(file, walker + "/" + n, data[walker][n][()]) for n in names] + attributes


PUBLISHED = (("ddat/*.npz", rows_of_npz), ("hcai_imitation/*.npz", rows_of_npz), ("loco_mujoco_mini/*.npz", rows_of_npz),
             ("deepmimic/*_walk.txt", rows_of_json), ("deepmimic/*_jog.txt", rows_of_json),
             ("deepmimic/dog3d_pace.txt", rows_of_json), ("amp_for_hardware_a1/*/trot0.txt", rows_of_json),
             ("motion_imitation_laikago/dog_spin.txt", rows_of_json), ("ai4animation_dog/dog_pace*", rows_of_table),
             ("dm_control_mocap/*.h5", rows_of_hdf5))


def write_table(name, rows):
    with open(os.path.join(HERE, name), "w") as out:
        out.write("\n".join(rows) + "\n")


def main():
    here = lambda name: os.path.join(HERE, name)
    write_refused(here("refused.h5"))
    write_rounded(here("rounded.h5"))
    write_table("recordings.tsv", write_npz(here("numpy.npz")) + write_demonstrations(here("demonstrations.h5"))
                + write_latest(here("latest.h5")))
    if len(sys.argv) > 1:
        root = sys.argv[1]
        write_table("published.tsv", [line for pattern, rows in PUBLISHED
                                      for path in sorted(glob.glob(os.path.join(root, pattern)))
                                      for line in rows(os.path.relpath(path, root), path)])


if __name__ == "__main__":
    main()
