#!/usr/bin/env bash
# Extracts the models of suite.txt that Python wheels contain: Gymnasium, DeepMind Control Suite, MuJoCo Playground.
#   results/adjoint/fetch-models.sh DIR && DYNAFLOW_DATA=DIR make gradcheck-table
# The models of MuJoCo Menagerie are in no wheel; README.md says where to put them.
set -eu
[ $# -eq 1 ] || { echo "usage: $0 DIR" >&2; exit 2; }
to=$1/mjcf
wheels=$(mktemp -d)
trap 'rm -rf "$wheels"' EXIT

# lay_out WHEEL PATH_IN_WHEEL FOLDER
lay_out() {
  python3 -m pip download --quiet --no-deps --only-binary=:all: --dest "$wheels" "$1"
  mkdir -p "$to/$3"
  python3 - "$(ls "$wheels"/"${1%%==*}"*.whl)" "$2" "$to/$3" <<'PY'
import os, sys, zipfile
wheel, inside, to = sys.argv[1:]
with zipfile.ZipFile(wheel) as z:
    for name in z.namelist():
        if name.startswith(inside + '/') and name.endswith('.xml'):
            path = os.path.join(to, name[len(inside) + 1:])
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, 'wb') as f:
                f.write(z.read(name))
PY
}
lay_out gymnasium==1.4.0 gymnasium/envs/mujoco/assets gymnasium
lay_out dm_control==1.0.50 dm_control/suite dm_control_suite
lay_out playground==0.2.0 mujoco_playground/_src/locomotion/go1/xmls playground_go1
echo "$(find "$to" -name '*.xml' | wc -l) files in $to"
