#!/usr/bin/env bash
# dynaflow data import: the model in the folder of a task, as Python's mujoco loads it.
. tests/cli/check.sh

packages=$PWD/third_party/python
export PYTHONDONTWRITEBYTECODE=1
python() { PYTHONPATH=$packages python3 "$@"; }
tasks=$scratch/tasks robot=$scratch/robot
cp -r docs/examples/pendulum "$robot"
(cd "$robot" && python3 make_data.py)
mkdir -p "$robot/scenes" "$robot/assets/meshes"
# a tetrahedron and a picture of one pixel, which are only drawn, in folders beside that of the model file
printf 'v %s\n' '0 0 0' '.1 0 0' '0 .1 0' '0 0 .1' >"$robot/assets/meshes/calf.obj"
printf 'f %s\n' '1 3 2' '1 2 4' '1 4 3' '2 3 4' >>"$robot/assets/meshes/calf.obj"
python3 - "$robot/assets/skin.png" <<'P'
import struct, sys, zlib
chunk = lambda kind, data: struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
open(sys.argv[1], 'wb').write(b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', 1, 1, 8, 2, 0, 0, 0)) +
                              chunk(b'IDAT', zlib.compress(b'\0\x80\x40\x20')) + chunk(b'IEND', b''))
P
# drawn FILE MESH: the pendulum with a mesh without mass
drawn() {
  sed "s:<worldbody>:<compiler meshdir='../assets/meshes'/><asset><mesh name='calf' file='$2'/><texture name='skin' type='2d' file='../assets/skin.png'/><material name='skin' texture='skin'/></asset>&:
       s:<geom :<geom type='mesh' mesh='calf' material='skin' mass='0' contype='0' conaffinity='0'/>&:" \
    "$robot/pendulum.xml" >"$robot/scenes/$1"
}
imports() { exits_with 0 data import "$robot/pendulum.npz" --model "$robot/scenes/$1.xml" --out "$tasks/$1" --threads 1; }

drawn drawn.xml calf.obj
check a_mesh_without_mass_is_imported imports drawn
check what_is_drawn_is_copied cmp "$robot/assets/meshes/calf.obj" "$tasks/drawn/model/assets/meshes/calf.obj"
check its_textures_are_copied cmp "$robot/assets/skin.png" "$tasks/drawn/model/assets/skin.png"
mv "$robot/assets/meshes/calf.obj" "$robot/assets/meshes/left%41.obj"
drawn percent.xml left%41.obj
check a_name_with_a_percent_sign_is_imported imports percent
check with_its_name cmp "$robot/assets/meshes/left%41.obj" "$tasks/percent/model/assets/meshes/left%41.obj"
mv "$robot/assets/meshes/left%41.obj" "$robot/assets/meshes/calf.obj"
if python -c 'import mujoco' 2>/dev/null; then
  mv "$robot/assets" "$robot/gone"
  check python_loads_the_copy python - "$tasks/drawn/model/scenes/drawn.xml" <<'P'
import sys, mujoco
m = mujoco.MjModel.from_xml_path(sys.argv[1])
assert (m.ngeom, m.nmesh, m.ntex) == (2, 1, 1) and list(m.body_mass) == [0, 1], (m.ngeom, m.nmesh, m.ntex, m.body_mass)
assert list(m.tex_data) == [0x80, 0x40, 0x20], m.tex_data
P
  mv "$robot/gone" "$robot/assets"
else
  skip python_loads_the_copy "no mujoco in $packages (ci/fetch-python.py $packages)"
fi

# the README of a sampled file replays it with this copy
replays() {
  python - "$scratch/motion.npz" "$tasks/drawn" <<'P'
import sys, numpy as np
code = str(np.load(sys.argv[1])['README'])
exec(code.replace("'motion.npz'", repr(sys.argv[1])).replace("'model/", repr(sys.argv[2] + '/model/')[:-1]))
P
}
if python -c 'import mujoco, numpy' 2>/dev/null; then
  check weights_are_trained exits_with 0 train "$tasks/drawn" --method dynaflow --profile smoke --set train.steps=10 \
    --checkpoint "$scratch/weights" --quiet --threads 1
  check a_motion_is_sampled exits_with 0 sample "$tasks/drawn" --checkpoint "$scratch/weights" --profile smoke \
    --seconds 1 --out "$scratch/motion.npz" --quiet --threads 1
  mv "$robot/assets" "$robot/gone"
  check its_readme_replays_it replays
  mv "$robot/gone" "$robot/assets"
fi

# the identity of the model is that of the simulation: what is drawn may change
before=$(run data info "$tasks/drawn"; grep "model sha256" "$scratch/out")
echo "# another comment" >>"$tasks/drawn/model/assets/meshes/calf.obj"
check what_is_drawn_is_not_the_identity [ "$before" = "$(run data info "$tasks/drawn"; grep "model sha256" "$scratch/out")" -a -n "$before" ]

# a drawn mesh that is missing
drawn missing.xml none.obj
sed -i "s:mass='0' ::; s:<body>:&<inertial pos='0 0 -0.5' mass='1' diaginertia='.004 .004 .004'/>:" "$robot/scenes/missing.xml"
check a_model_without_its_drawings_is_imported imports missing
check what_is_missing_is_named grep -q "holds only the files of the simulation.*none.obj" "$scratch/err"
check nothing_that_is_drawn_is_copied [ "$(ls -A "$tasks/missing/model")" = missing.xml ]

# absolute paths
drawn absolute.xml "$robot/assets/meshes/calf.obj"
check an_absolute_path_is_refused refuses \
  "absolute.xml: the model names $robot/assets/meshes/calf.obj by an absolute path.*write the path relative to the model file" \
  data import "$robot/pendulum.npz" --model "$robot/scenes/absolute.xml" --out "$tasks/absolute"
echo "<mujoco><statistic extent='1'/></mujoco>" >"$robot/more.xml"
sed "s:<worldbody>:<include file='$robot/more.xml'/>&:" "$robot/pendulum.xml" >"$robot/scenes/include.xml"
check an_absolute_include_is_refused refuses "include.xml: the model names $robot/more.xml by an absolute path" \
  data import "$robot/pendulum.npz" --model "$robot/scenes/include.xml" --out "$tasks/include"
elsewhere=$(mktemp -d /var/tmp/model.XXXXXX)
cp "$robot/more.xml" "$elsewhere"
sed -i "s:$robot/more.xml:$elsewhere/more.xml:" "$robot/scenes/include.xml"
check a_file_of_another_folder_is_refused refuses \
  "the model (names $elsewhere/more.xml by an absolute path|uses $elsewhere/more.xml, which shares no folder .*: copy it below the folder)" \
  data import "$robot/pendulum.npz" --model "$robot/scenes/include.xml" --out "$tasks/include"
rm -r "$elsewhere"
finish
