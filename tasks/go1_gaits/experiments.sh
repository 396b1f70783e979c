#!/bin/sh
# The experiments of the paper on the gaits of the Go1, one command each (REPRODUCE.md):
#
#   tasks/go1_gaits/experiments.sh diversity|long|infeasible|transfer|pipeline [PROFILE [SEEDS [OPTION...]]]
#
#   diversity   one model, four gaits: held-out commands, commands beyond the trained ones, changes of command and gait
#   long        windows chained to 20 s, whose actions are executed open loop from the start state alone
#   infeasible  demonstrations that no action can follow, by a known amount: a run per gait.distortion in $DISTORTIONS
#               (default: 0.25 0.5 1), with the demonstrations of distortion 0 beside them, and one table of all; has a
#               profile of its own, so PROFILE is not used, and its methods (--set task.methods=... for others)
#   transfer    the actions of 5 s in perturbed models, in place of a robot: one table and figure over all seeds.
#               $MODELS: paths of other models of the Go1, separated by commas, in which they are executed, too
#   pipeline    the classical pipeline: an expert per gait that tracks the demonstrated states, walks of the experts, and
#               action_fm trained on them; beside dynaflow and action_fm on the demonstrations, with the CPU time of each.
#               The experts have the first of SEEDS. Experts and walks are made anew if PROFILE, the seed or an OPTION
#               differs from those that they were made with; --set split.test_every and train.noise are not possible here
#
# PROFILE is the one of the training (default: full), SEEDS are e.g. 1,2,3 or 1..5 (default: 1); OPTION... are common
# options (`dynaflow help options`), such as --set and --threads. Methods: $METHODS, by default those below; infeasible
# has its own. Runs and reports are written to $OUT (default: results/runs/experiments-PROFILE). The others share their
# trainings; a command that was interrupted resumes.
set -eu
usage() {
  sed -n '4p' "$0" | cut -c5- >&2
  exit 2
}
[ $# -ge 1 ] || usage
experiment=$1 profile=${2:-full} seeds=${3:-1}
shift
[ $# -eq 0 ] || shift
[ $# -eq 0 ] || shift
root=$(cd "$(dirname "$0")/../.." && pwd)
dynaflow=${DYNAFLOW:-$root/build/dynaflow}
out=${OUT:-results/runs/experiments-$profile}
methods=${METHODS:-dynaflow,dynaflow_tracking,dynaflow_recovered,kinematic_fm_idm,action_fm,action_fm_recovered}
task=$root/tasks/go1_gaits
case $experiment in diversity | long | infeasible | transfer | pipeline) ;; *) usage ;; esac
# common options only, which all commands take
"$dynaflow" list profiles --quiet "$@" >/dev/null

train() {
  "$dynaflow" run "$task" --profile "$profile" --seed "$seeds" --method "$methods,random_action,replay_demo" \
    --out "$out/trained" "$@"
}
# evaluate NAME OPTION...: the trained weights under other settings eval.*, with a report
evaluate() {
  name=$1
  shift
  "$dynaflow" run "$task" --profile "$profile" --seed "$seeds" --method "$methods,random_action" \
    --weights "$out/trained" --out "$out/$name" "$@"
  "$dynaflow" report "$out/$name"
}

# cells_of METHOD [RUN]: "SEED KEY" of its cells in the last plan of a run (trained); a record is one line of JSON
cells_of() {
  grep -h '"type": *"plan"' "$out/${2:-trained}"/events*.jsonl | tail -n 1 | grep -o '{[^{}]*}' |
    grep "\"method\": *\"$1\"" | sed 's/.*"seed": *\([0-9]*\).*"key": *"\([0-9a-f]\{16\}\).*/\1 \2/'
}
# sample_motions METHOD SEED KEY OPTION...: eight motions of each gait
sample_motions() {
  method=$1 seed=$2 key=$3
  shift 3
  for gait in trot pace bound pronk; do
    "$dynaflow" sample "$task" --profile "$profile" --method "$method" \
      --checkpoint "$out/trained/checkpoints/$key.safetensors" --seconds 5 --seed 1..8 \
      --condition "gait=$gait,vx=0.6" --out "$out/transfer/$method-$gait-seed$seed.npz" "$@"
  done
}
# motions_of METHOD: names of the files of all seeds in $out/transfer, one a line
motions_of() {
  cells_of "$1" | while read -r seed key; do
    for gait in trot pace bound pronk; do echo "$1-$gait-seed$seed.npz"; done
  done
}
# execute_motions FILE-OR-OPTION...: in all perturbed models; latencies are one, two and five physics steps of the Go1
execute_motions() {
  "$dynaflow" transfer "$task" --profile "$profile" --by-training --plot "$out/transfer" \
    --mass 0.8,0.9,1.1,1.2 --friction 0.5,0.75,1.5 --gain 0.8,0.9,1.1,1.2 --latency 0.004,0.008,0.02 \
    --softness 0.5,2 --impratio 10 --cone elliptic --condim 6 ${MODELS:+--model "$MODELS"} "$@"
}

# distortion_table DISTORTION...: means over the seeds from the reports, a row per distortion and method; "-": no number
distortion_table() {
  echo "| distortion | method | seeds | TRE [std] | style, joints [rad] | style, feet [m] | style, shift [s] |" \
    "root residual [weights] | penetration [m] | slip [m/s] | falls |"
  echo "| ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
  for distortion in "$@"; do
    awk -F, -v distortion="$distortion" '
      BEGIN { columns = split("tre style_joints style_feet style_shift root_residual penetration slip fall_rate", column, " ") }
      NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
      !($at["method"] in known) { known[$at["method"]] = 1; order[++methods] = $at["method"] }
      { seen[$at["method"], $at["seed"]]++ || seeds[$at["method"]]++ }
      { sum[$at["method"], $at["metric"]] += $at["value"]; n[$at["method"], $at["metric"]] += $at["value"] != "" }
      END {
        for (m = 1; m <= methods; m++) {
          printf "| %s | %s | %d |", distortion, order[m], seeds[order[m]]
          for (c = 1; c <= columns; c++) {
            # a seed without a finite number leaves no mean
            if (n[order[m], column[c]] != seeds[order[m]]) printf " - |"
            else printf " %.3g |", sum[order[m], column[c]] / n[order[m], column[c]]
          }
          print ""
        }
      }' "$out/infeasible/$distortion/report/results.csv"
  done
}

# cpu_of FILE: CPU time of the commands that this script has run, written to FILE by `times`
cpu_of() {
  tail -n 1 "$1" | awk '{
    for (i = 1; i <= 2; i++) {
      split($i, part, /[ms]/)
      sum += 60 * part[1] + part[2]
    }
    printf "%.1f\n", sum
  }'
}
# timed FILE MADE COMMAND...: runs a command that makes the file MADE and writes its CPU time to FILE, and the command with
# profile and seeds beside it, unless that has been done. One that was interrupted begins anew: its time is that of a whole
timed() {
  into=$1 made=$2
  shift 2
  command=$(echo "$profile" "${seeds%%[,.]*}" && printf '%s\n' "$@")
  if [ -s "$into" ] && [ -s "$made" ] && [ "$command" = "$(cat "$into.command" 2>/dev/null)" ]; then return 0; fi
  rm -f "$into" "$made" "$made.state"
  printf '%s\n' "$command" >"$into.command"
  times >"$into.before"
  "$@"
  times >"$into.after"
  echo "$(cpu_of "$into.before") $(cpu_of "$into.after")" | awk '{ printf "%.1f\n", $2 - $1 }' >"$into"
  rm "$into.before" "$into.after"
}
# training_cpu RUN METHOD: mean CPU time of the trainings of a method in the last plan
training_cpu() {
  cells_of "$2" "$1" | while read -r seed key; do
    grep -h '"type": *"cell"' "$out/$1"/events*.jsonl | grep "\"key\": *\"$key" | grep '"status": *"done"' | tail -n 1
  done |
    grep -o '"train_cpu_s": *[0-9.e+-]*' | awk '{ sum += $2; n++ } END { printf "%.1f\n", n ? sum / n : 0 }' FS=:
}
# fewest_walks DIRECTORY: the smallest number of walks of a gait, by the data cards beside them
fewest_walks() {
  for card in "$1"/*.card.md; do
    gait=${card##*/}
    awk -F'|' -v gait=" ${gait%.card.md} " '/^## / { attempts = $0 == "## Attempts" } attempts && $2 == gait { print $4 + 0 }' "$card"
  done | sort -n | head -n 1
}
# the settings of an expert of one gait; those per gait that a clip replaces have one number
imitation() {
  gait=$1
  shift
  "$dynaflow" expert "$@" --profile "$profile" --seed "${seeds%%[,.]*}" --set expert.imitate=clips \
    --set expert.gaits="$gait" --set expert.height=0.29 --set expert_reward.roll=0 --set expert_reward.pitch=0 \
    --set expert_reward.roll_rate=0 --set expert_reward.pitch_rate=0 --checkpoint "$out/pipeline/$gait.safetensors"
}

case $experiment in
  diversity)
    train "$@"
    "$dynaflow" report "$out/trained"
    evaluate beyond --set eval.profile=commands_beyond "$@"
    evaluate transitions --set eval.profile=transitions --set eval.chain_commands=follow "$@"
    ;;
  long)
    train "$@"
    evaluate long --set eval.chain_seconds=20 "$@"
    ;;
  infeasible)
    mkdir -p "$out/infeasible"
    "$dynaflow" run "$task" --profile infeasible --seed "${seeds%%[,.]*}" --method demo_states --set gait.distortion=0 \
      --out "$out/infeasible/0" "$@"
    "$dynaflow" report "$out/infeasible/0"
    for distortion in ${DISTORTIONS:-0.25 0.5 1}; do
      "$dynaflow" run "$task" --profile infeasible --seed "$seeds" --set "gait.distortion=$distortion" \
        --out "$out/infeasible/$distortion" "$@"
      "$dynaflow" report "$out/infeasible/$distortion"
    done
    distortion_table 0 ${DISTORTIONS:-0.25 0.5 1} >"$out/infeasible/table.md"
    cat "$out/infeasible/table.md"
    ;;
  transfer)
    train "$@"
    mkdir -p "$out/transfer"
    for method in $(echo "$methods" | tr ',' ' '); do
      # file descriptor 3: a program must not read the list
      cells_of "$method" >"$out/transfer/cells"
      while read -r seed key <&3; do
        sample_motions "$method" "$seed" "$key" "$@"
      done 3<"$out/transfer/cells"
    done
    rm -f "$out/transfer/cells"
    for method in $(echo "$methods" | tr ',' ' '); do
      for file in $(motions_of "$method"); do set -- "$@" "$out/transfer/$file"; done
    done
    execute_motions "$@" >"$out/transfer/table.txt"
    cat "$out/transfer/table.txt"
    ;;
  pipeline)
    methods=${METHODS:-dynaflow,action_fm}
    case " $* " in
      *split.test_every*)
        echo "experiments.sh pipeline: --set split.test_every: walks and demonstrations are held out differently, leave it out" >&2
        exit 2
        ;;
      *train.noise*)
        echo "experiments.sh pipeline: --set train.noise: refused with eval.profile, by which walks are evaluated; leave it out" >&2
        exit 2
        ;;
    esac
    train "$@"
    walks=$out/pipeline/walks
    mkdir -p "$walks"
    for gait in trot pace bound pronk; do
      policy=$out/pipeline/$gait.safetensors
      timed "$out/pipeline/$gait.train" "$policy" imitation "$gait" train "$task" "$@"
      timed "$out/pipeline/$gait.collect" "$walks/$gait.npz" imitation "$gait" collect "$task" --episodes 100000 \
        --out "$walks/$gait.npz" "$@"
    done
    # A run holds out episodes of its own demonstrations, although it is measured on others here: one walk of each gait
    # (of two or more times the fewest, one more), as many as possible are left to learn from
    fewest=$(fewest_walks "$walks")
    if [ "${fewest:-0}" -lt 2 ]; then
      echo "experiments.sh pipeline: $walks: a gait has ${fewest:-0} walks, distillation needs two: increase data.episodes or" \
        "expert.updates" >&2
      exit 2
    fi
    "$dynaflow" run "$task" --profile "$profile" --seed "$seeds" --method action_fm --out "$out/distilled" \
      --set data.source=file --set "data.file=$walks/*.npz" --set split.test_every="$fewest" --set eval.profile=generated \
      "$@" --set train.episodes=0
    "$dynaflow" report "$out/distilled"
    "$dynaflow" report "$out/trained"
    experts=$(cat "$out"/pipeline/*.train | awk '{ sum += $1 } END { print sum }')
    collection=$(cat "$out"/pipeline/*.collect | awk '{ sum += $1 } END { print sum }')
    distillation=$(training_cpu distilled action_fm)
    {
      echo "CPU s of the pipeline: experts $experts, collection $collection, distillation $distillation, together \
$(echo "$experts $collection $distillation" | awk '{ print $1 + $2 + $3 }')"
      for method in $(echo "$methods" | tr ',' ' '); do
        echo "CPU s of $method on the demonstrations: $(training_cpu trained "$method")"
      done
    } >"$out/pipeline/cost.txt"
    cat "$out/pipeline/cost.txt"
    ;;
esac
