#!/usr/bin/env bash
# The points of a training while it trains: lines of JSON (--log) and files for TensorBoard, read by a parser of their
# formats, also after a kill.
. tests/cli/check.sh

cp -r docs/examples/pendulum "$scratch"
(cd "$scratch/pendulum" && python3 make_data.py)
task=$scratch/pendulum
small=(--profile smoke --set net.width=12 --set net.heads=3 --set net.skip_hidden=9 --set split.validation_every=4
  --set train.validate_every=9 --set train.validate_windows=8 --set train.warmup=5 --set eval.windows=6 --set eval.chains=0
  --set eval.sae_windows=0 --set eval.sampler_steps=1 --threads 1)
long=(run "$task" --method dynaflow,kinematic_fm_idm --seed 3 "${small[@]}" --set train.steps=430 --set inverse.steps=210 --quiet)

cat >"$scratch/read.py" <<'PY'
import glob, json, math, struct

def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff
assert crc32c(b'123456789') == 0xe3069283  # the check value of the algorithm

def unmasked(crc):
    rotated = (crc - 0xa282ead8) & 0xffffffff
    return (rotated >> 17 | rotated << 15) & 0xffffffff

def frames(data):
    """the messages of a file; what a kill has cut off at its end is left out"""
    at = 0
    while at + 12 <= len(data):
        n, crc = struct.unpack('<QI', data[at:at + 12])
        assert unmasked(crc) == crc32c(data[at:at + 8])
        if at + 16 + n > len(data): return
        message = data[at + 12:at + 12 + n]
        assert unmasked(struct.unpack('<I', data[at + 12 + n:at + 16 + n])[0]) == crc32c(message)
        yield message
        at += 16 + n

def fields(message):
    """the fields of a protobuf message: number, value"""
    at = 0
    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128: return value
    while at < len(message):
        key = varint()
        if key & 7 == 0: yield key >> 3, varint()
        elif key & 7 == 2:
            n = varint()
            yield key >> 3, message[at:at + n]
            at += n
        else:
            size, kind = {1: (8, '<d'), 5: (4, '<f')}[key & 7]
            yield key >> 3, struct.unpack(kind, message[at:at + size])[0]
            at += size

def scalars(folder):
    """tag -> {step: value} of the files of a folder; the start of a session makes later points void, as in TensorBoard"""
    out, last = {}, 0
    for path in sorted(glob.glob(folder + '/events.out.tfevents.*')):
        for i, message in enumerate(frames(open(path, 'rb').read())):
            event = dict(fields(message))
            assert event[1] >= last, (path, event[1], last)
            last = event[1]
            step = event.get(2, 0)
            if i == 0: assert event[3] == b'brain.Event:2', event
            if 7 in event:
                assert dict(fields(event[7])) == {1: 1}
                for points in out.values():
                    for old in [s for s in points if s >= step]: del points[old]
            if 5 not in event: continue
            (field, value), = fields(event[5])
            value = dict(fields(value))
            assert field == 1 and step not in out.get(value[1].decode(), {}), (path, step, value)
            out.setdefault(value[1].decode(), {})[step] = value[2]
    return out

def points(path):
    """(method, network) -> the points of a log, by step; every line is whole and no step stands twice"""
    out = {}
    for line in open(path):
        p = json.loads(line)
        assert list(p) == ['step', 'loss', 'validation_loss', 'gradient_norm', 'learning_rate', 'cpu_s', 'wall_s', 'task',
                           'method', 'seed', 'network', 'key'], p
        of = out.setdefault((p['method'], p['network']), {})
        assert p['step'] not in of, p
        of[p['step']] = p
    return out

def numbers(path):
    """the same without times"""
    return {k: {s: [p[n] for n in ('step', 'loss', 'validation_loss', 'gradient_norm', 'learning_rate', 'task', 'seed', 'key')]
                for s, p in v.items()} for k, v in points(path).items()}

single = lambda v: struct.unpack('<f', struct.pack('<f', v))[0]
PY

check a_run_with_a_log exits_with 0 "${long[@]}" --out "$scratch/whole" --log "$scratch/whole.jsonl"
check points_are_those_of_the_record python3 -c "
import sys
sys.path.insert(0, sys.argv[1])
from read import *
cells = {r['method']: r for r in map(json.loads, open(sys.argv[1] + '/whole/events.jsonl')) if r['type'] == 'cell'}
logged = points(sys.argv[1] + '/whole.jsonl')
assert sorted(logged) == [('dynaflow', 'dynaflow'), ('kinematic_fm_idm', 'inverse_dynamics'), ('kinematic_fm_idm', 'kinematic_fm')]
for (method, network), of in logged.items():
    record = cells[method]
    curve, = [c for c in record['training']['curves'] if c['name'] == network]
    assert list(of) == curve['step'] and [p['loss'] for p in of.values()] == curve['loss'], network
    measured = dict(zip(curve['validation']['step'], curve['validation']['loss']))
    last = (0, 0)
    for step, p in of.items():
        past = [v for s, v in measured.items() if s <= step]
        assert p['validation_loss'] == (past[-1] if past else None), p
        assert p['key'] == record['key'][:16] and p['task'] == 'pendulum' and p['seed'] == 3, p
        assert p['gradient_norm'] > 0 and (p['cpu_s'], p['wall_s']) >= last, p
        last = p['cpu_s'], p['wall_s']
        done = (step - 1 - 5) / (curve['steps'] - 5)
        top = {'inverse_dynamics': 'inverse.rate'}.get(network, 'train.rate')
        rate = float(record['config'][top]) * (step / 5 if step <= 5 else 1 if done <= .5 else (1 - done) / .5)
        assert math.isclose(p['learning_rate'], rate, rel_tol=1e-9), (p, rate)
# the time of a second network begins with it: its first point comes at once
first, second = [list(of.values()) for (method, network), of in logged.items() if method == 'kinematic_fm_idm']
assert second[0]['wall_s'] < first[-1]['wall_s'], (first[-1], second[0])
" "$scratch"
check tensorboard_reads_the_same python3 -c "
import sys
sys.path.insert(0, sys.argv[1])
from read import *
for (method, network), of in points(sys.argv[1] + '/whole.jsonl').items():
    key = next(iter(of.values()))['key'][:8]
    folder = '%s/whole/tensorboard/pendulum-%s-seed3-%s%s' % (sys.argv[1], method, key, '' if network == method else '/' + network)
    shown = scalars(folder)
    for tag, name in ('loss', 'loss'), ('gradient_norm', 'gradient_norm'), ('learning_rate', 'learning_rate'):
        assert shown[tag] == {s: single(p[name]) for s, p in of.items()}, (folder, tag)
    measured = [p['validation_loss'] for p in of.values() if p['validation_loss'] is not None]
    assert list(shown['validation_loss'].values()) == [single(v) for v in dict.fromkeys(measured)], folder
    assert sorted(shown) == ['gradient_norm', 'learning_rate', 'loss', 'validation_loss']
" "$scratch"

# killed in the middle of both networks, with a torn line, and repeated
killed() { # killed METHOD NETWORK: kills the run when the network has a few points
  "$program" "${long[@]}" --out "$scratch/part" --log "$scratch/part.jsonl" --save-every 0.05 >/dev/null 2>&1 </dev/null & local pid=$!
  for _ in $(seq 6000); do
    [ "$(grep -c "\"network\":\"$1\"" "$scratch/part.jsonl" 2>/dev/null)" -ge 40 ] && break
    sleep 0.02
  done
  kill -KILL $pid && wait $pid 2>/dev/null
  printf '{"step":' >>"$scratch/part.jsonl"
  for file in "$scratch"/part/tensorboard/*/events* "$scratch"/part/tensorboard/*/*/events*; do
    [ -e "$file" ] && last=$file
  done
  printf 'torn' >>"$last"
}
killed dynaflow
check the_first_kill_left_points [ "$(grep -c '"network":"dynaflow"' "$scratch/part.jsonl")" -ge 40 ]
killed kinematic_fm
check resumed_it_ends exits_with 0 "${long[@]}" --out "$scratch/part" --log "$scratch/part.jsonl"
check no_step_is_missing_or_twice python3 -c "
import sys
sys.path.insert(0, sys.argv[1])
from read import *
assert numbers(sys.argv[1] + '/part.jsonl') == numbers(sys.argv[1] + '/whole.jsonl')
" "$scratch"
check nor_for_tensorboard python3 -c "
import sys
sys.path.insert(0, sys.argv[1])
from read import *
folders = [f[len(sys.argv[1]) + 7:] for f in glob.glob(sys.argv[1] + '/whole/*/*') + glob.glob(sys.argv[1] + '/whole/tensorboard/*/*_*')]
assert len(folders) >= 4, folders
several = 0
for f in folders:
    several += len(glob.glob(sys.argv[1] + '/part/' + f + '/events*')) > 1
    whole, part = scalars(sys.argv[1] + '/whole/' + f), scalars(sys.argv[1] + '/part/' + f)
    for tag in 'loss', 'gradient_norm', 'learning_rate':
        assert whole.get(tag) == part.get(tag), (f, tag)
assert several >= 2, several
" "$scratch"
check a_finished_run_logs_nothing exits_with 0 "${long[@]}" --out "$scratch/part" --log "$scratch/none.jsonl"
check so_its_log_is_empty [ ! -s "$scratch/none.jsonl" ]

# train, and another start of the same training
short=(train "$task" --method dynaflow --seed 3 "${small[@]}" --set train.steps=20 --checkpoint "$scratch/w" --quiet)
check train_logs_too exits_with 0 "${short[@]}" --log "$scratch/train.jsonl"
cp "$scratch/train.jsonl" "$scratch/first.jsonl"
check another_start exits_with 0 "${short[@]}" --log "$scratch/train.jsonl"
check takes_the_place_of_the_first python3 -c "
import sys
sys.path.insert(0, sys.argv[1])
from read import *
assert numbers(sys.argv[1] + '/train.jsonl') == numbers(sys.argv[1] + '/first.jsonl') != {}
" "$scratch"
check another_seed_is_appended exits_with 0 "${short[@]}" --seed 4 --log "$scratch/train.jsonl"
check with_as_many_points [ "$(wc -l <"$scratch/train.jsonl")" -eq 40 ]

# files that are no log, or cannot be written
cp "$scratch/whole/events.jsonl" "$scratch/records"
check a_file_of_records_is_refused refuses 'records:1: not a point of a training log; name another file' "${short[@]}" --log "$scratch/records"
check and_unchanged cmp "$scratch/records" "$scratch/whole/events.jsonl"
printf 'my only line of notes' >"$scratch/notes"
cp "$scratch/notes" "$scratch/notes.before"
check a_line_without_an_end_is_refused refuses 'notes:1: not a point of a training log; name another file' "${short[@]}" --log "$scratch/notes"
check and_stays_too cmp "$scratch/notes" "$scratch/notes.before"
(cat "$scratch/train.jsonl" "$scratch/notes") >"$scratch/mixed"
check also_after_points refuses 'mixed:41: not a point' "${short[@]}" --log "$scratch/mixed"
check a_missing_folder_is_named misses 'nowhere/log: No such file or directory' "${short[@]}" --log "$scratch/nowhere/log"
check one_file_for_weights_and_log_is_refused refuses 'are one file: name two' "${short[@]}" --log "$scratch/w"
check a_log_of_another_process_is_refused python3 -c "
import fcntl, subprocess, sys
with open(sys.argv[1], 'a') as log:
    fcntl.flock(log, fcntl.LOCK_EX)
    done = subprocess.run(sys.argv[2:] + ['--log', sys.argv[1]], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
assert done.returncode == 2 and 'another process logs to it; name another file' in done.stderr, done
" "$scratch/train.jsonl" "$program" "${short[@]}"
check a_full_disk_ends_the_log_alone exits_with 0 "${short[@]}" --log /dev/full
check with_one_warning [ "$(grep -c 'warning: pendulum dynaflow seed 3: no more points in the log: /dev/full: No space left on device' "$scratch/err")" -eq 1 ]
mkdir "$scratch/closed" && : >"$scratch/closed/tensorboard"
check a_run_without_tensorboard_goes_on exits_with 0 run "$task" --method kinematic_fm --seed 3 "${small[@]}" --set train.steps=20 --quiet --out "$scratch/closed"
check with_a_warning_too grep -q 'warning: .* no more events for TensorBoard: .*tensorboard' "$scratch/err"

# the line of progress of a log file
check progress_in_a_terminal python3 -c "
import os, pty, sys, fcntl, struct, termios, subprocess
master, slave = pty.openpty()
fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack('HHHH', 24, 200, 0, 0))
task = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=slave)
os.close(slave)
shown = b''
while True:
    try: data = os.read(master, 65536)
    except OSError: break
    if not data: break
    shown += data
assert task.wait() == 0
lines = [l for l in shown.decode().replace('\x1b[K', '').split('\r') if 'left' in l]
import re
assert lines and re.search(r'pendulum dynaflow seed 3 \[[#.]{24}\] +\d+%  [0-9.]+ [a-z/]+  [0-9:?]+ left  loss [0-9.]+, validation [0-9.]+, '
                           r'gradient [-+0-9.e]+, simulation \d+% adjoint \d+% network \d+% optimizer \d+%$', lines[-1]), lines[-3:]
" "$program" "${short[@]/--quiet/--json}"
finish
