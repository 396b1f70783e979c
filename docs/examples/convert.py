"""Converts recordings that DynaFlow does not read into an npz file: Python pickles, npz files with object arrays, and
LeRobot data sets (Parquet).

usage: convert.py SOURCE OUT.npz [--trust-pickle] [--frames]

SOURCE          a pickle (.pkl, .pickle, ...), a .npz or .npy file with object arrays, a .parquet file, or the folder of a
                LeRobot data set (the one with meta/info.json)
--trust-pickle  A PICKLE CAN RUN ANY CODE WHEN IT IS READ, and so can an object array in an npz file. Give this option
                only for files whose author you trust; without it they are refused.
--frames        the entries of a list are the frames of one episode, not episodes

The arrays of a list of episodes are flat: the frames of all episodes one after the other, [frames][...]. `episode_ends`
holds, per episode, the index of its last frame + 1 (in a task file: data.ends_key: episode_ends). An array with one row
less per episode than the longest, as actions between states, gets a last row of zeros per episode, so that all have as
many rows; that row is not used. Beside lists of episodes of different lengths an array with one entry per episode is
flat, too; if its entries are numbers, or vectors of another length than the episodes, it keeps one row per episode.
Arrays of equal shape in every episode of a dictionary stay [episodes][frames][...]. Names inside dictionaries are joined
with '/'. What is not numeric, or not in every entry, is named and left out.

Needs numpy; Parquet needs pyarrow. Everything is in memory at once.
"""
import json
import os
import pickle
import sys

import numpy as np


def refuse(message):
    sys.exit("convert.py: " + message)


def numeric(value):
    """the value as an array of numbers, None if it is none"""
    try:
        array = np.asarray(value)
    except ValueError:  # ragged
        return None
    if array.dtype == object:
        try:
            array = array.astype(float)
        except (TypeError, ValueError):
            return None
    return array if array.dtype.kind in "fiub" else None


def flatten(value, prefix=""):
    """the leaves of nested dictionaries, by their path"""
    if isinstance(value, np.ndarray) and value.dtype == object and value.ndim == 0:
        value = value.item()
    if not isinstance(value, dict):
        return {prefix or "array": value}
    leaves = {}
    for key, entry in value.items():
        leaves.update(flatten(entry, prefix + "/" + str(key) if prefix else str(key)))
    return leaves


def join(episodes):
    """the arrays of several episodes, {name: one array per episode}, one after the other, with episode_ends"""
    rows = [max(len(parts[e]) for parts in episodes.values()) for e in range(len(next(iter(episodes.values()))))]
    arrays = {}
    for name, parts in episodes.items():
        padded = []
        for e, part in enumerate(parts):
            if rows[e] - len(part) not in (0, 1):
                refuse("'%s' has %d rows in episode %d, another array has %d" % (name, len(part), e, rows[e]))
            padded += [part, np.zeros((rows[e] - len(part),) + part.shape[1:], part.dtype)]
        arrays[name] = np.concatenate(padded)
    arrays["episode_ends"] = np.cumsum(rows)
    return arrays


def leave_out(name, why):
    print("convert.py: '%s' is left out: %s" % (name, why), file=sys.stderr)


def names_of(entries, what):
    """the names that all dictionaries have; those that one lacks are left out"""
    names = list(dict.fromkeys(name for entry in entries for name in entry))
    for name in names:
        lacking = [i for i, entry in enumerate(entries) if name not in entry]
        if lacking:
            leave_out(name, "%s %d does not have it" % (what, lacking[0]))
    return [name for name in names if all(name in entry for entry in entries)]


def from_episodes(episodes):
    """a list of dictionaries, one per episode"""
    flat = [flatten(e) for e in episodes]
    parts = {}
    for name in names_of(flat, "episode"):
        values = [numeric(e[name]) for e in flat]
        if any(v is None for v in values):
            leave_out(name, "it is not numeric in every episode")
        elif any(v.ndim == 0 for v in values):
            leave_out(name, "it is one number per episode")
        else:
            parts[name] = values
    if not parts:
        refuse("no episode has an array of numbers")
    return join(parts)


def from_frames(frames):
    """a list of dictionaries, or of arrays, one per frame"""
    flat = [flatten(f) for f in frames]
    return from_dictionary({name: [f[name] for f in flat] for name in names_of(flat, "frame")})


def take_episodes(arrays, ragged):
    """removes the arrays of {name: array} that list the same episodes as those of different lengths; returns their parts"""
    lengths = [max(len(part) for part in parts) for parts in zip(*ragged.values())]
    taken = {}
    for name, array in list(arrays.items()):
        if array.ndim < 2 or len(array) != len(lengths):
            continue
        fits = all(n - array.shape[1] in (0, 1) for n in lengths)
        if array.ndim > 2 or fits:
            taken[name] = list(arrays.pop(name))
        else:
            print("convert.py: '%s' of shape %s keeps one row per episode" % (name, list(array.shape)), file=sys.stderr)
    return taken


def from_dictionary(content):
    """a dictionary of arrays, or of lists with one array per episode"""
    arrays, ragged = {}, {}
    for name, value in flatten(content).items():
        array = numeric(value)
        parts = [numeric(v) for v in value] if array is None and isinstance(value, (list, tuple, np.ndarray)) else []
        if array is not None:
            arrays[name] = array
        elif parts and all(p is not None and p.ndim > 0 for p in parts):
            ragged[name] = parts
        else:
            leave_out(name, "it is not numeric")
    if ragged:
        counts = {name: len(parts) for name, parts in ragged.items()}
        if len(set(counts.values())) > 1:
            refuse("lists of different numbers of episodes: %s" % counts)
        arrays.update(join({**ragged, **take_episodes(arrays, ragged)}))
    if not arrays:
        refuse("no array of numbers")
    return arrays


def from_python(content, frames):
    if isinstance(content, (list, tuple)) and content and isinstance(content[0], dict):
        return from_frames(content) if frames else from_episodes(content)
    return from_dictionary(content if isinstance(content, dict) else {"array": content})


def from_parquet(source):
    """the frames of a LeRobot data set, by episode and frame; names and rate from meta/info.json"""
    try:
        import pyarrow.dataset
    except ImportError:
        refuse("Parquet files need pyarrow: pip install pyarrow")
    folder = os.path.join(source, "data") if os.path.isdir(os.path.join(source, "data")) else source
    table = pyarrow.dataset.dataset(folder, format="parquet").to_table()
    order = [(c, "ascending") for c in ("episode_index", "frame_index") if c in table.column_names]
    table = table.sort_by(order) if order else table
    arrays = {}
    for name in table.column_names:
        array = numeric(table[name].to_pylist())
        if array is None:
            leave_out(name, "it is not numeric")
        else:
            arrays[name] = array
    if "episode_index" in arrays:
        arrays["episode_ends"] = np.append(np.flatnonzero(np.diff(arrays["episode_index"])) + 1, table.num_rows)
    info = os.path.join(source, "meta", "info.json")
    if os.path.exists(info):
        with open(info) as text:
            meta = json.load(text)
        arrays["dt"] = 1 / meta["fps"]
        for name, feature in meta.get("features", {}).items():
            names = feature.get("names")
            names = sum(names.values(), []) if isinstance(names, dict) else names  # {"motors": [...]}
            if name in arrays and names and arrays[name].shape[-1] == len(names):
                arrays[name + "_names"] = np.array(names)
    return arrays


def read(source, trusted, frames):
    if os.path.isdir(source):
        return from_parquet(source)
    with open(source, "rb") as file:
        beginning = file.read(4)
    if beginning == b"PAR1":
        return from_parquet(source)
    if not trusted:
        refuse("%s: reading a pickle can run any code; if you trust its author, give --trust-pickle" % source)
    if beginning in (b"PK\x03\x04", b"\x93NUM"):
        loaded = np.load(source, allow_pickle=True)
        return from_dictionary(dict(loaded) if beginning == b"PK\x03\x04" else {"array": loaded})
    with open(source, "rb") as file:
        return from_python(pickle.load(file), frames)


def main():
    words = [w for w in sys.argv[1:] if not w.startswith("--")]
    options = set(sys.argv[1:]) - set(words)
    if len(words) != 2 or options - {"--trust-pickle", "--frames"}:
        sys.exit(__doc__)
    arrays = read(words[0], "--trust-pickle" in options, "--frames" in options)
    np.savez(words[1], **arrays)
    for name, array in arrays.items():
        print("%-32s %-8s %s" % (name, np.asarray(array).dtype, list(np.shape(array))))


if __name__ == "__main__":
    main()
