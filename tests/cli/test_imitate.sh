#!/usr/bin/env bash
# dynaflow expert with expert.imitate: experts that track clips of the demonstrations, with the same bytes on any number
# of threads and after an interruption, and what is collected of them. Small networks and a few updates.
. tests/cli/check.sh
# slow

go1=$PWD/tasks/go1_gaits
packages=$PWD/third_party/python
small=(--profile smoke --set expert.imitate=clips --set data.episodes=10 --set data.seconds=1 --set window.first=0
  --set window.last=30 --set split.test_every=5 --set expert.robots=4 --set expert.horizon=3 --set expert.width=8
  --set expert.slices=2 --set eval.fall_height=0 --set eval.fall_tilt=0 --set expert.off_clip=0 --data "$scratch/data" --quiet)
mkdir "$scratch/data"
cd "$scratch" || exit 1
train() { exits_with 0 expert train "$go1" "${small[@]}" "$@"; }

check a_training_ends train --set expert.updates=8 --checkpoint a --threads 1 --log log.jsonl --eval-every 8 --walks 4
check a_second_thread_changes_no_byte eval 'train --set expert.updates=8 --checkpoint b --threads 2 && cmp a b'
check other_clips_do eval 'train --set expert.updates=8 --set expert.clips=0,2 --checkpoint c && ! cmp -s a c'

# the costs of the log are those of clips, and the reward is what they leave
log_is_consistent() {
  python3 - <<'PY'
import json
lines = [json.loads(line) for line in open('log.jsonl')]
updates = [line for line in lines if line['kind'] == 'update']
assert len(updates) == 8
names = {'action_change'} | {'track_' + n for n in ('joints', 'joint_velocity', 'height', 'tilt', 'velocity', 'rate', 'feet')}
for line in updates:
    assert set(line['costs']) == names, line['costs']
    assert abs(line['reward'] - (2 - sum(line['costs'].values()))) < 1e-9, line
PY
}
check its_log_has_the_costs_of_clips log_is_consistent

interrupted() {
  local long=(--set expert.updates=2000 --threads 1)
  train "${long[@]}" --checkpoint whole || return 1
  timeout -s INT 1 "$program" expert train "$go1" "${small[@]}" "${long[@]}" --checkpoint parts 2>err
  [ $? -eq 124 ] && [ -e parts.state ] && [ ! -e parts ] || { cat err; return 1; }
  refuses 'parts.state: not a state to continue from: the state of another training' expert train "$go1" "${small[@]}" \
    "${long[@]}" --set data.seed=7 --checkpoint parts || return 1
  train "${long[@]}" --checkpoint parts && cmp whole parts && [ ! -e parts.state ]
}
check an_interrupted_training_ends_with_the_same_bytes interrupted

# ---- collect ----
check walks_along_the_clips_are_collected exits_with 0 expert collect "$go1" "${small[@]}" --checkpoint a --seconds 1 --out walks.npz
check fewer_of_them exits_with 0 expert collect "$go1" "${small[@]}" --checkpoint a --seconds 0.5 --episodes 3 --out few.npz
check the_card_says_at_most grep -qE -- '--episodes.*50.*clips per gait, at most' walks.card.md
# the progress counts the 8 clips that there are, not the 50 that are asked for at most
progress_counts_clips() {
  # shellcheck disable=SC2086
  python3 -c 'import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)' "$program" expert collect "$go1" ${small[*]/--quiet/} \
    --checkpoint a --seconds 1 --out loud.npz >seen </dev/null || { cat seen; return 1; }
  grep -q '100%.*episodes/s' seen || { cat -v seen; return 1; }
}
check the_progress_counts_the_clips_that_there_are progress_counts_clips
# of 10 episodes of trot every fifth is held out: 8 walks, which begin in the first states of the others, have their conditions,
# and are no copies of them
collected_is_consistent() {
  PYTHONPATH=$packages python3 - <<'PY'
import glob, numpy as np
[path] = [p for p in glob.glob('data/*.npz') if np.load(p)['states'].shape == (40, 51, 37) and np.array_equal(
    np.load(p)['states'][0, 0], np.load('walks.npz')['states'][0, 0])]
of, made, few = np.load(path), np.load('walks.npz'), np.load('few.npz')
assert made['states'].shape == (8, 51, 37) and made['actions'].shape == (8, 50, 12) and few['states'].shape == (3, 26, 37)
assert str(made['condition_names']) == str(of['condition_names'])
kept = [i for i in range(10) if np.any(np.all(made['states'][:, 0] == of['states'][i, 0], axis=1))]
assert len(kept) == 8, kept
conditions = of['conditions'] if of['conditions'].ndim == 3 else np.repeat(of['conditions'][:, None], 51, 1)
assert len(set(map(bytes, conditions[kept][:, 0]))) == 8 # a command each
assert np.array_equal(made['conditions'], conditions[kept])
assert np.array_equal(made['states'][:, 0], of['states'][kept, 0]) and not np.array_equal(made['states'][:, 5], of['states'][kept, 5])
assert np.array_equal(few['states'], made['states'][:3, :26])
open('held', 'w').write(str([i for i in range(10) if i not in kept][0]))
PY
}
if PYTHONPATH=$packages python3 -c 'import numpy' 2>/dev/null; then
  check they_are_those_of_the_training_side collected_is_consistent
  check a_held_out_episode_is_refused eval "refuses 'expert.clips: episode [0-9]+ has no stretch of expert.horizon .3. actions that is not held out' \
    expert train '$go1' ${small[*]} --set expert.clips=\$(cat held) --checkpoint d"
else
  skip they_are_those_of_the_training_side "no numpy"
fi
check they_follow_from_their_actions exits_with 0 replay "$go1" --profile smoke --set data.source=file --set data.file="$scratch/walks.npz" --set window.first=0 --set window.last=30 --quiet

# ---- errors ----
check an_unknown_episode_is_refused refuses 'expert.clips: there is no episode 40, but 0..39' \
  expert train "$go1" "${small[@]}" --set expert.clips=40 --checkpoint d
check a_gait_without_episodes_is_refused refuses "expert.gaits: no episode of the gait 'amble' to imitate: the demonstrations have trot,pace,bound,pronk: --set expert.gaits=trot,pace,bound,pronk" \
  expert train "$go1" "${small[@]}" --set expert.gaits=trot,amble --checkpoint d
check commands_are_not_renewed refuses '.*--renew: a policy with expert.imitate follows clips' \
  expert eval "$go1" "${small[@]}" --checkpoint a --renew 1
check a_policy_of_commands_is_another refuses 'trained with expert.imitate = clips, but it is none' \
  expert eval "$go1" "${small[@]}" --set expert.imitate=none --checkpoint a

# ---- as a cell of a run ----
check a_cell_is_recorded exits_with 0 expert train "$go1" "${small[@]}" --set expert.updates=4 --walks 4 --seconds 1 --out RUN
check its_method_says_that_it_imitates grep -q '"method": *"expert_imitate_shac"' RUN/events.jsonl
check verify_agrees exits_with 0 verify RUN
check it_is_not_repeated eval "exits_with 0 expert train '$go1' ${small[*]} --set expert.updates=4 --walks 4 --seconds 1 --out RUN &&
  [ \$(grep -c '\"type\": *\"cell\"' RUN/events.jsonl) -eq 1 ]"

# ---- the action before the first one of a walk is the posture in which it starts, not expert.home ----
costs_are_of_the_first_posture() {
  exits_with 0 expert eval "$go1" "${small[@]}" --checkpoint RUN/checkpoints/*.safetensors --walks 4 --seconds 1 --seed 0 --out eval.npz || return 1
  PYTHONPATH=$packages python3 - "$go1/go1.xml" <<'PY'
import json, sys, mujoco, numpy as np
w = np.load('eval.npz')
[record] = [r for r in map(json.loads, open('RUN/events.jsonl')) if r['type'] == 'cell']
number = lambda key: np.array([float(v) for v in record['config'][key].split(',')])
m = mujoco.MjModel.from_xml_path(sys.argv[1])
joints = m.jnt_qposadr[m.actuator_trnid[:, 0]]
center, half = np.resize(number('action.center'), m.nu), np.resize(number('action.half_range'), m.nu)
x, u = w['states'], w['actions']
assert (w['fell'] < 0).all() and u.shape[:2] == (4, 50)
def cost(first): return number('expert_reward.action_change')[0] * np.mean(np.square(np.diff(u, axis=1, prepend=first[:, None]) / .2))
[found] = [r['value'] for r in record['rows'] if r['metric'] == 'cost.action_change']
wanted, home = cost(np.clip(x[:, 0, joints], center - half, center + half)), cost(np.tile(np.resize(number('expert.home'), m.nu), (4, 1)))
assert abs(found - wanted) < 1e-9 * (1 + wanted) and abs(home - wanted) > 1e-3 * wanted, (found, wanted, home)
PY
}
if PYTHONPATH=$packages python3 -c 'import mujoco, numpy' 2>/dev/null; then
  check the_first_change_of_action_is_from_the_posture costs_are_of_the_first_posture
else
  skip the_first_change_of_action_is_from_the_posture "no mujoco in third_party/python"
fi

# ---- gaits with clips of other lengths ----
two_gaits=(--set data.source=file --set "data.file=$scratch/two/*.npz" --set expert.gaits=trot,pace --set window.last=20)
unequal_clips() {
  mkdir two
  train --set expert.updates=1 --set expert.gaits=pace --checkpoint pace || return 1
  exits_with 0 expert collect "$go1" "${small[@]}" --set expert.gaits=pace --checkpoint pace --seconds 0.9 --out two/pace.npz || return 1
  cp walks.npz two/trot.npz
  train "${two_gaits[@]}" --set expert.updates=1 --checkpoint both || return 1
  refuses "^dynaflow: --seconds: no clip of the gait 'pace' is as long as a walk, 1 s; its longest has 0.9 s" \
    expert collect "$go1" "${small[@]}" "${two_gaits[@]}" --checkpoint both --seconds 1 --out both.npz || return 1
  [ ! -e both.npz ] && exits_with 0 expert collect "$go1" "${small[@]}" "${two_gaits[@]}" --checkpoint both --seconds 0.9 --out both.npz
}
check walks_longer_than_all_clips_of_a_gait_are_refused unequal_clips

# ---- fewer and noisier demonstrations ----
check fewer_episodes_leave_their_clips eval "exits_with 0 expert collect '$go1' ${small[*]} --set train.episodes=3 --checkpoint a --seconds 1 --out three.npz &&
  exits_with 0 expert collect '$go1' ${small[*]} --checkpoint a --seconds 1 --episodes 3 --out three-first.npz && cmp three.npz three-first.npz"
check a_left_out_episode_is_refused refuses 'expert.clips: episode 3 has no stretch .* left out by train.episodes' \
  expert train "$go1" "${small[@]}" --set train.episodes=3 --set expert.clips=3 --checkpoint d
check too_many_episodes_are_refused refuses 'train.episodes = 9 exceeds the 8 training episodes' \
  expert train "$go1" "${small[@]}" --set train.episodes=9 --checkpoint d
check noise_gives_other_policies eval "train --set expert.updates=8 --set train.noise=0.1 --checkpoint noisy && ! cmp -s a noisy"
check walks_along_noisy_clips exits_with 0 expert collect "$go1" "${small[@]}" --set train.noise=0.1 --checkpoint a --seconds 1 --out noisy.npz
# starts are disturbed by the standard deviations of the training frames, of which this compares those of joints
noise_is_of_its_size() {
  PYTHONPATH=$packages python3 - <<'PY'
import numpy as np
from glob import glob
clean, noisy = np.load('walks.npz')['states'][:, 0], np.load('noisy.npz')['states'][:, 0]
[data] = [d for d in (np.load(p)['states'] for p in glob('data/*.npz')) if len(d) == 40 and any(np.array_equal(s, clean[0]) for s in d[:, 0])]
kept = [i for i in range(len(data)) if np.any(np.all(clean == data[i, 0], axis=1))]
std = data[[i for i in range(40) if i % 5 != 4]][..., 7:19].reshape(-1, 12).std(0)
z = (noisy - clean)[:, 7:19] / std
assert noisy.shape == clean.shape == (8, 37) and np.all(z != 0)
# 96 draws of N(0, 0.1^2): four standard errors of their mean and of their standard deviation
assert abs(z.mean()) < .041 and abs(z.std() - .1) < .03, (z.mean(), z.std())
PY
}
if PYTHONPATH=$packages python3 -c 'import numpy' 2>/dev/null; then
  check the_noise_has_its_size noise_is_of_its_size
else
  skip the_noise_has_its_size "no numpy"
fi
finish
