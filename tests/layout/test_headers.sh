#!/usr/bin/env bash
# Every public header compiles alone, in C and in C++, and C++ programs can link with the library.
# slow
cd "$(dirname "$0")/../.." || exit 1
. tests/cli/check.sh

build=$(dirname "$program")
strict=(-Wall -Wextra -Wpedantic -Werror)
compilers=("gcc -std=c17 -x c" "g++ -std=c++17 -x c++")
command -v clang >/dev/null && compilers+=("clang -std=c17 -x c")
command -v clang++ >/dev/null && compilers+=("clang++ -std=c++17 -x c++")

headers() { (cd "$1" && find . -name '*.h' | sed 's|^\./||' | LC_ALL=C sort); }
# compiles ROOT HEADER [OPTION...]: included twice, alone, by every compiler; only ROOT is on the include path
compiles() {
  local root=$1 header=$2 compiler
  shift 2
  for compiler in "${compilers[@]}"; do
    # shellcheck disable=SC2086
    printf '#include "%s"\n#include "%s"\n' "$header" "$header" | $compiler "${strict[@]}" "$@" -fsyntax-only -I "$root" - ||
      { echo "with $compiler"; return 1; }
  done
}
for header in $(headers lib/include); do
  check "${header#dynaflow/}_compiles_alone" compiles lib/include "$header"
done
check all_headers_compile_with_the_options_of_debug_and_double_builds \
  compiles lib/include dynaflow/dynaflow.h -DDF_DEBUG -DDF_REAL_DOUBLE

# includes_all ROOT: dynaflow.h names every other header
includes_all() {
  diff <(sed -n 's/^#include "\(.*\)"$/\1/p' "$1/dynaflow/dynaflow.h" | LC_ALL=C sort) \
    <(headers "$1" | grep -vx dynaflow/dynaflow.h)
}
check dynaflow_h_includes_every_header includes_all lib/include

# ---- headers with a fault are found ----
plant() { # plant SED HEADER: a copy of the headers in which one is changed
  rm -rf "$scratch/include" && cp -r lib/include "$scratch/include" && sed -i "$1" "$scratch/include/$2"
}
rejects() { ! "$@"; }
plant 's/^DF_API double df_clock_cpu.*/DF_API double df_clock_cpu(double new);/' dynaflow/core/clock.h
check a_header_that_is_no_cpp_is_found rejects compiles "$scratch/include" dynaflow/core/clock.h
plant '/#include/d' dynaflow/io/npz.h
check a_header_that_lacks_an_include_is_found rejects compiles "$scratch/include" dynaflow/io/npz.h
plant '/nn\/net.h/d' dynaflow/dynaflow.h
check a_header_missing_in_dynaflow_h_is_found rejects includes_all "$scratch/include"

# ---- C++ programs; the library may be a sanitizer build ----
cxx=g++
case $(cat "$build/flags" 2>/dev/null) in clang*) cxx=${CXX:-clang++} ;; esac
read -ra sanitize <<<"$(grep -oE -- '-fsanitize=[^ ]*|--coverage' "$build/flags" 2>/dev/null | tr '\n' ' ')"
# links ROOT SOURCE PROGRAM
links() {
  "$cxx" -std=c++17 "${strict[@]}" "${sanitize[@]}" -I "$1" "$2" -L "$build" -ldynaflow -Wl,-rpath,"$build" -o "$3"
}
cat >"$scratch/rollout.cpp" <<'END'
#include <cstdio>
#include <vector>

#include "dynaflow/dynaflow.h"

static double height(void*, int, const double* x, double* dx) {
  dx[2] = 1;
  return x[2];
}

int main() {
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  df_system* system = nullptr;
  const char* pendulum =
      "<mujoco><worldbody><body><joint name='hinge' axis='0 1 0'/><geom size='.1' pos='.3 0 0'/></body></worldbody>"
      "<actuator><motor joint='hinge'/></actuator></mujoco>";
  if (df_mujoco_system_from_xml(pendulum, "pendulum", &cfg, &system) != DF_OK) {
    std::printf("%s\n", df_error_message());
    return 1;
  }
  df_rollout_cfg rollout_cfg = df_rollout_cfg_default();
  rollout_cfg.tape_length = 1;
  df_rollout* rollout = nullptr;
  if (df_rollout_new(system, &rollout_cfg, &rollout) != DF_OK) return 1;

  std::vector<double> x0(static_cast<size_t>(system->nx)), u(static_cast<size_t>(system->nu)), x(2 * x0.size());
  df_rollout_batch batch = {};
  batch.B = batch.H = 1;
  batch.x0 = x0.data();
  batch.u = u.data();
  batch.x = x.data();
  if (df_rollout_run(rollout, &batch) != DF_OK) return 1;

  double value = 0, du = 0;
  df_rollout_loss loss = {};
  loss.fn = height;
  loss.losses = &value;
  loss.du = &du;
  if (df_rollout_gradient(rollout, &batch, &loss) != DF_OK) return 1;
  std::printf("version %s fell %d gradient %d\n", df_version(), x[2] != 0, du != 0);
  df_rollout_free(rollout);
  df_system_free(system);
}
END
version=$(sed -n 's/^VERSION := //p' Makefile)
check a_cpp_program_links links lib/include "$scratch/rollout.cpp" "$scratch/rollout"
runs() { "$scratch/rollout" | tee "$scratch/said"; grep -qx "version $version fell 1 gradient 1" "$scratch/said"; }
check it_runs_and_gets_a_rollout_and_a_gradient runs

# every exported symbol, found by its declaration in C++
{
  printf '#include "dynaflow/dynaflow.h"\nint main(int, char** argv) {\n  const volatile void* all[] = {argv'
  sed 's/^\([a-z_0-9]*\):.*/, reinterpret_cast<const void*>(\&\1)/' lib/symbols.txt
  printf '};\n  return all[0] == nullptr;\n}\n'
} >"$scratch/all.cpp"
check every_symbol_has_c_linkage_in_cpp links lib/include "$scratch/all.cpp" "$scratch/all"

# networks of the other number type have other names
cat >"$scratch/network.cpp" <<'END'
#include "dynaflow/dynaflow.h"
int main() {
  df_net* net = nullptr;
  return df_net_new(nullptr, &net) == DF_E_ARG ? 0 : 1;
}
END
check a_program_of_float_networks_links links lib/include "$scratch/network.cpp" "$scratch/network"
double_links() {
  { echo '#define DF_REAL_DOUBLE'; cat "$scratch/network.cpp"; } >"$scratch/double.cpp"
  links lib/include "$scratch/double.cpp" "$scratch/double" 2>"$scratch/said" && return 1
  grep -q 'undefined reference to .df_net_new_double' "$scratch/said"
}
check a_program_of_double_networks_does_not double_links
plant 's/^DF_BEGIN_DECLS$//;s/^DF_END_DECLS$//' dynaflow/stats/statistics.h
check a_header_without_c_linkage_is_found rejects links "$scratch/include" "$scratch/all.cpp" "$scratch/all"
finish
