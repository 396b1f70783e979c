#!/usr/bin/env bash
# --json: every command prints one JSON document on standard output and nothing else, and nothing at all if it fails
# before it has a result; the exit code and standard error tell. Python's parser, which takes one document and no more,
# reads it, with constants such as NaN refused. The examples of --help are run, too.
. tests/cli/check.sh
# slow

task=$scratch/tasks/my_task
mkdir "$scratch/tasks"
cp -r docs/examples/pendulum "$task"
(cd "$task" && python3 make_data.py)
sed -i -e 's/name: pendulum /name: my_task /' -e 's/ steps: [0-9]*$/ steps: 20/' -e 's/windows: [0-9]*$/windows: 6/' -e 's/chains: [0-9]*$/chains: 2/' \
  "$task/task.yaml"
cat >"$task/expect.yaml" <<'END'
task_version: 1
mujoco: 3.17
bands:
  - {metric: sae_own, method: dynaflow, k: 1, profile: smoke, at_most: 1.0e-9, reason: actions are simulated}
END
cd "$scratch" || exit 1

# one_document CODES ARGUMENT...: one of the exit codes, and one document of rows on standard output
one_document() {
  local codes=$1
  shift
  run "$@" --json
  [[ ",$codes," == *",$code,"* ]] || { echo "exit code $code, not $codes"; cat "$scratch/err"; return 1; }
  python3 - "$scratch/out" <<'PY'
import json, sys
def refuse(word):
    raise ValueError(word)
document = json.load(open(sys.argv[1], encoding='ascii'), parse_constant=refuse)
assert set(document) == {'schema', 'rows'} and document['schema'] == 1, document.keys()
assert document['rows'] and all(isinstance(row, dict) and row for row in document['rows'])
PY
}
# no_document CODE ARGUMENT...: an error: nothing on standard output, a message on standard error
no_document() {
  local wanted=$1
  shift
  exits_with "$wanted" "$@" --json && [ ! -s "$scratch/out" ] && grep -q '^dynaflow' "$scratch/err" ||
    { head -3 "$scratch/out"; cat "$scratch/err"; false; }
}

# the examples of --help, in the order of the table, with a small task
unset DISPLAY WAYLAND_DISPLAY
commands=$("$program" --help | sed -n '/^Commands:$/,/^$/s/^  \([a-z0-9]*\)  .*/\1/p')
for command in $commands; do
  read -ra example <<<"$("$program" "$command" --help | tail -1)"
  # 3: no gnuplot or BLAS, 4: too few seeds, 5: another MuJoCo
  case $command in
    doctor | report) codes=0,3 ;;
    gate) codes=0,3,5 ;;
    compare) codes=0,3,4 ;;
    gradcheck) codes=0,4 ;;
    expert) example=(dynaflow expert train go1_gaits --profile smoke --set expert.updates=2
      --checkpoint policy.safetensors) ;; # my_task has no legs
    render) example=(dynaflow render my_task --keyframes my_task.xml) ;; # dynaflow-render is not built everywhere
    toy2d) example=(dynaflow toy2d --cloud moons --variant x1 --points 200 --samples 16 --set train.steps=3) ;; # trains in seconds
    show) continue ;; # its window needs a display: tests/cli/test_window.sh reads its document
    *) codes=0 ;;
  esac
  [ "${example[-1]}" = --json ] && unset 'example[-1]'
  check "the_example_of_${command}_gives_one_document" one_document $codes "${example[@]:1}" --threads 1
done

# other ways through the commands
document() { check "one_document:$2" one_document "$1" ${2}; }
document 0 'list'
document 0 'list profiles'
document 0 'list settings'
document 0 'data info my_task'
document 0 'bench rollout my_task --passes 1 --windows 2'
document 0 'bench train my_task --passes 1'
document 0 'bench gemm my_task --passes 1 --blas-kernel naive'
document 0 'bench sample my_task --passes 2'
document 0 'bench scaling my_task --passes 1 --threads 1'
document 0 'run my_task --profile smoke --method random_action --quiet'
document 0 'eval my_task --profile smoke --method random_action'
document 0 'sample my_task --profile smoke --method replay_demo --out r.npz'
document 0 'sample my_task --profile smoke --method random_action --seconds 0.2 --seed 1..2 --out m.npz'
document 0 'score my_task m.npz --profile smoke --quiet --out scores'
document 0,3 'report my_task-smoke --quiet'
document 0,3,5 'gate my_task-smoke --quiet'
document 0 'expert eval go1_gaits --profile smoke --checkpoint policy.safetensors --walks 2 --seconds 2'
document 0 'optimise my_task --profile smoke --clip 0 --seconds 0.2 --out clip.npz'
document 0 'transfer my_task m.npz --profile smoke --gain 0.5'
document 0 'render m.npz --profile smoke --keyframes m.xml'
document 0 'toy2d --cloud moons --variant x1 --points 200 --samples 16 --set train.steps=3 --quiet'
document 0 'completion zsh'
document 0,3 'doctor --quiet'
head -3 results/runs/my_task-smoke/events.jsonl >"$scratch/part" && mkdir results/runs/part && mv "$scratch/part" results/runs/part/events.jsonl
document 3 'verify part'
document 3 'report part'
document 3 'report part --partial'

# errors
error() { check "no_document:$2" no_document "$1" ${2}; }
error 2 'list nothing'
error 2 'list tasks --tasks none'
error 2 'list settings nonesuch'
error 2 'doctor word'
error 3 'score my_task none.npz --quiet'
error 2 'data info none'
error 2 'data fetch none'
error 2 'data make my_task'
error 2 'replay none'
error 3 'replay my_task --set data.file=none.npz'
error 2 'gradcheck none'
error 3 'gradcheck none.xml'
error 2 'bench adjoint none'
error 2 'run none'
error 2 'run my_task --profile none'
error 2 'run my_task --set window.horizon=400 --seed 5'
error 2 'train my_task --method none --checkpoint x'
error 2 'train my_task --method dynaflow --checkpoint x --set net.width=30'
error 3 'sample my_task --method dynaflow --checkpoint none.safetensors'
error 3 'eval my_task --method dynaflow --checkpoint none.safetensors'
error 3 'report none'
error 3 'verify none'
error 3 'gate none'
error 3 'compare none my_task-smoke'
error 2 'render none --keyframes m.xml'
error 3 'show m.npz'
error 2 'expert train my_task --checkpoint policy.safetensors'
error 2 'optimise my_task --clip 1000 --out clip.npz'
error 2 'transfer my_task m.npz --profile smoke --latency 0.0001'
error 2 'toy2d --set train.stepz=3'
error 2 'completion fish'
error 2 'compare my_task-smoke'

# a command that is missing in the lists above is noticed; the document of show is that of its window (test_window.sh)
listed=$(grep -oE "^(error|document) [0-9,]+ '[a-z0-9]+" "$OLDPWD/tests/cli/test_json.sh" | awk -F"'" '{print $2}' | sort | uniq -c | awk '$1 >= 2 {print $2}')
check every_command_is_tested_with_and_without_an_error diff <(grep -vx show <<<"$commands" | sort) <(sort <<<"$listed")
finish
