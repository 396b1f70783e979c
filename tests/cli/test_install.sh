#!/usr/bin/env bash
# make install and make uninstall: what is installed works, replaces no one's files, and leaves nothing behind.
# slow
. tests/cli/check.sh

build=${BUILD:-build}
root=$scratch/root prefix=/opt/dynaflow-test
tree=$root$prefix

# ---- the build under test, neither rebuilt nor changed: only the installed copies are linked ----
read -ra flags <"$build/flags"
mujoco=${flags[-1]}
options=(BUILD="$build" CC="${flags[0]}" DESTDIR="$root" PREFIX="$prefix")
case $mujoco in
  "$PWD/third_party/mujoco-"*) options+=(MUJOCO="${mujoco##*/mujoco-}") ;;
  *) options+=(MUJOCO_DIR="$mujoco") ;;
esac
read -ra sanitize <<<"$(grep -oE -- '-fsanitize=[^ ]*|--coverage' "$build/flags" | tr '\n' ' ')"
[ ${#sanitize[@]} -eq 0 ] || options+=(SANITIZE="${sanitize[*]}")
make_() { make -s -o "$build/flags" -o "$build/generated/version.h" "${options[@]}" "$@"; }

# ---- install beside another MuJoCo ----
files() { (cd "$tree" && find . ! -type d | sed 's|^\./||' | LC_ALL=C sort); }
library=$(basename "$(readlink -f "$mujoco/lib/libmujoco.so")")
mkdir -p "$tree/lib"
echo 'int not_ours;' | gcc -shared -fPIC -x c - -o "$tree/lib/$library"
cp "$tree/lib/$library" "$scratch/not_ours.so"
check install_exits_0 make_ install-built
check destdir_is_honoured [ ! -e "$prefix" ]
for file in bin/dynaflow lib/libdynaflow.so include/dynaflow/dynaflow.h include/dynaflow/sim/rollout.h \
  share/bash-completion/completions/dynaflow share/zsh/site-functions/_dynaflow \
  lib/pkgconfig/dynaflow.pc share/dynaflow/tasks/go1_gaits/task.yaml share/dynaflow/tasks/go1_gaits/golden/go1_gaits-smoke.csv share/doc/dynaflow/LICENSE \
  share/doc/dynaflow/mujoco/LICENSE "lib/dynaflow/$library"; do
  check "${file//\//_}_is_there" [ -s "$tree/$file" ]
done
if command -v help2man >/dev/null; then
  for page in dynaflow dynaflow-run dynaflow-completion; do check "the_page_${page}_is_there" [ -s "$tree/share/man/man1/$page.1" ]; done
else
  echo "skipped manual pages: help2man is not installed"
fi
check no_data_of_tasks_is_installed [ -z "$(find "$tree/share/dynaflow/tasks" -name data)" ]
untouched() { cmp "$tree/lib/$library" "$scratch/not_ours.so"; }
check another_mujoco_is_untouched untouched

# ---- the program ----
check the_installed_program_finds_its_libraries_and_tasks \
  bash -c "cd / && env -u LD_LIBRARY_PATH '$tree/bin/dynaflow' list tasks | grep -q go1_gaits"
check its_mujoco_is_the_installed_one bash -c "ldd '$tree/bin/dynaflow' | grep -F '$tree/bin/../lib/dynaflow/$library'"

# MuJoCo's plugins come along
plugins=$(ls -d "$mujoco/lib/mujoco_plugin" "$mujoco/bin/mujoco_plugin" 2>/dev/null | head -1)
check the_plugins_are_installed bash -c "diff -r '$plugins' '$tree/lib/dynaflow/mujoco_plugin' && ls '$plugins'/*.so"
echo '<mujoco><extension><plugin plugin="mujoco.pid"/><plugin plugin="no.such"/></extension></mujoco>' >"$scratch/plugins.xml"
loads_its_own() {
  ! env -u LD_LIBRARY_PATH "$tree/bin/dynaflow" gradcheck "$scratch/plugins.xml" 2>"$scratch/err" &&
    grep -F "plugin no.such not found" "$scratch/err" | grep -F "(plugins are loaded from $(realpath "$tree")/lib/dynaflow/mujoco_plugin)"
}
check the_installed_program_loads_its_own_plugins loads_its_own

# ---- programs of users ----
export PKG_CONFIG_PATH=$tree/lib/pkgconfig
version=$(sed -n 's/^VERSION := //p' Makefile)
config() { pkg-config --define-variable=prefix="$tree" "$@" dynaflow; }
check pkg_config_has_the_version_of_the_makefile [ "$(pkg-config --modversion dynaflow)" = "$version" ]
check pkg_config_has_the_prefix_without_destdir [ "$(pkg-config --variable=prefix dynaflow)" = "$prefix" ]
check pkg_config_has_libdir [ "$(pkg-config --variable=libdir dynaflow)" = "$prefix/lib" ]
check pkg_config_has_includedir [ "$(pkg-config --variable=includedir dynaflow)" = "$prefix/include" ]
escapes() { [[ $(pkg-config --define-variable=prefix='/a b' "$1" dynaflow) == *"$2"* ]]; }
check pkg_config_escapes_spaces_in_cflags escapes --cflags '-I/a\ b/include'
check pkg_config_escapes_spaces_in_libs escapes --libs '-L/a\ b/lib'
check pkg_config_escapes_spaces_in_linker_options escapes --libs '-Wl,-rpath-link,/a\ b/lib/dynaflow'
cat >"$scratch/user.c" <<'END'
#include <dynaflow/dynaflow.h>
#include <stdio.h>

int main(void) {
  const char* xml =
      "<mujoco><worldbody><body><joint name='hinge' axis='0 1 0'/><geom size='.1' pos='.3 0 0'/></body></worldbody>"
      "<actuator><motor joint='hinge'/></actuator></mujoco>";
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  df_system* system = NULL;
  df_rollout* rollout = NULL;
  df_rollout_cfg rollout_cfg = df_rollout_cfg_default();
  double x0[2] = {0, 0}, u[3] = {0, 0, 0}, x[8];
  df_rollout_batch batch;
  batch.B = 1;
  batch.H = 3;
  batch.x0 = x0;
  batch.u = u;
  batch.x = x;
  batch.end = NULL;
  if (df_mujoco_system_from_xml(xml, "pendulum", &cfg, &system) != DF_OK ||
      df_rollout_new(system, &rollout_cfg, &rollout) != DF_OK || df_rollout_run(rollout, &batch) != DF_OK) {
    printf("%s\n", df_error_message());
    return 1;
  }
  printf("%s %d.%d.%d %s\n", df_version(), DF_VERSION_MAJOR, DF_VERSION_MINOR, DF_VERSION_PATCH,
         x[6] > 0 ? "falls" : "stays");
  df_rollout_free(rollout);
  df_system_free(system);
  return 0;
}
END
cc=gcc cxx=g++
case ${flags[0]} in clang*) cc=${flags[0]} cxx=${CXX:-clang++} ;; esac
# user NAME COMPILER...: compiles and links with the flags of pkg-config alone
user() {
  local name=$1
  shift
  # shellcheck disable=SC2046
  "$@" -Wall -Wextra -Wpedantic -Werror "${sanitize[@]}" "$scratch/user.c" -o "$scratch/$name" $(config --cflags --libs) \
    -Wl,-rpath,"$tree/lib"
}
says_version() { env -u LD_LIBRARY_PATH "$scratch/$1" | tee "$scratch/said"; grep -qx "$version $version falls" "$scratch/said"; }
check a_c_program_compiles user in_c "$cc" -std=c17
check a_c_program_runs says_version in_c
check a_cpp_program_compiles user in_cpp "$cxx" -std=c++17 -x c++
check a_cpp_program_runs says_version in_cpp
check its_mujoco_is_the_installed_one_too bash -c "ldd '$scratch/in_c' | grep -F '/lib/dynaflow/$library'"

# ---- installing again: what an older version had and this one has not is removed ----
files >"$scratch/first"
mkdir "$tree/include/dynaflow/old"
touch "$tree/include/dynaflow/old/old.h"
printf 'd include/dynaflow/old\nf %s include/dynaflow/old/old.h\n' "$(sha256sum </dev/null | cut -c -64)" >>"$tree/share/dynaflow/installed.txt"
check install_again_exits_0 make_ install-built
same_files() { files | diff "$1" -; }
check files_of_an_older_version_are_gone same_files "$scratch/first"
check so_is_its_empty_folder [ ! -e "$tree/include/dynaflow/old" ]

# ---- uninstall keeps what it did not make, and names it ----
mkdir -p "$tree/share/dynaflow/tasks/go1_gaits/data" "$tree/share/dynaflow/tasks/mine"
echo data >"$tree/share/dynaflow/tasks/go1_gaits/data/demos.npz"
echo mine >"$tree/share/dynaflow/tasks/mine/task.yaml"
printf '%s\n' "lib/$library" share/dynaflow/tasks/go1_gaits/data/demos.npz share/dynaflow/tasks/mine/task.yaml >"$scratch/users"
make_ uninstall >"$scratch/out" 2>&1
check uninstall_exits_0 [ $? -eq 0 ]
check all_other_files_are_gone same_files "$scratch/users"
check another_mujoco_is_still_untouched untouched
check kept_data_are_named grep -qF "$tree/share/dynaflow/tasks/go1_gaits/data/demos.npz" "$scratch/out"
check kept_tasks_are_named grep -qF "$tree/share/dynaflow/tasks/mine/task.yaml" "$scratch/out"
check without_a_list_nothing_is_removed bash -c "! ci/install.sh uninstall '$tree' 2>'$scratch/err' && grep -q 'nothing to remove' '$scratch/err'"
check so_the_users_files_stay same_files "$scratch/users"

rm -r "$tree"
check install_into_an_empty_place_exits_0 make_ install-built
check uninstall_from_it_exits_0 make_ uninstall
check an_empty_tree_is_left [ -z "$(find "$tree" -mindepth 1)" ]
refuses_relative() { ! make_ install-built PREFIX=relative 2>"$scratch/err" && grep -q 'PREFIX must be an absolute path' "$scratch/err"; }
check a_relative_prefix_is_refused refuses_relative
finish
