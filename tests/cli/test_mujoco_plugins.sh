#!/usr/bin/env bash
# Where MuJoCo's own plugins are loaded from: folders that belong to MuJoCo, not a folder `plugin` of a system's libraries.
. tests/cli/check.sh

library=$(ldd "$program" | sed -n 's/^.*libmujoco[^ ]* => \([^ ]*\) .*/\1/p')
folder=$(dirname "$(realpath "$library")")
plugins=$(ls -d "$folder"/mujoco_plugin "$folder"/../bin/mujoco_plugin "$folder"/plugin 2>/dev/null | head -1)
cat >"$scratch/pid.xml" <<'XML'
<mujoco><extension><plugin plugin="mujoco.pid"><instance name="p"><config key="kp" value="4"/></instance></plugin></extension>
<worldbody><body><joint name="j" axis="0 1 0"/><geom size=".1" mass="1" pos=".1 0 0"/></body></worldbody>
<actuator><plugin joint="j" plugin="mujoco.pid" instance="p" ctrlrange="0 2"/></actuator></mujoco>
XML
# model FOLDER PLACE: checks a model with MuJoCo's library in that folder and its plugins at that place beside it
model() {
  mkdir -p "$scratch/$1/$2" && cp "$(realpath "$library")" "$scratch/$1/$(basename "$library")" && cp "$plugins"/*.so "$scratch/$1/$2/"
  code=0
  LD_PRELOAD=$scratch/$1/$(basename "$library") "$program" gradcheck "$scratch/pid.xml" --states 8 --rollouts 0 \
    --set system.gradient=differences >"$scratch/out" 2>"$scratch/err" </dev/null || code=$?
}
loads() { model "$@" && ! grep -q 'plugin mujoco.pid not found' "$scratch/err" && [ "$code" -ne 2 ] || { cat "$scratch/err"; false; }; }
leaves() { model "$@" && [ "$code" -eq 2 ] &&
  grep -q "plugin mujoco.pid not found.*there is no folder mujoco_plugin beside MuJoCo's library in .*/$1" "$scratch/err" || { cat "$scratch/err"; false; }; }
if [ -n "$plugins" ]; then
  check those_beside_the_library_are_loaded loads beside mujoco_plugin
  check those_of_a_release_are_loaded loads release/lib ../bin/mujoco_plugin
  check those_of_a_python_package_are_loaded loads mujoco plugin
  check a_folder_of_other_programs_is_not_searched leaves lib plugin
else
  skip places_of_plugins 'MuJoCo has no plugins here'
fi
finish
