#!/usr/bin/env bash
# Installs the build dependencies on Debian or Ubuntu and fetches the pinned MuJoCo. Called by make.
#   ci/install-deps.sh [lint|render|display|mpi|slurm]
#     mpi: also Open MPI for `make MPI=1`; slurm: also Slurm for `make test-slurm`
#     render: also what dynaflow-render needs: EGL with Mesa's software renderer, GLFW, libpng, and ffmpeg for films
#     display: also what tests/cli/test_window.sh needs: a virtual display with its tools
#     lint: also the compilers and analysers of `make lint`, `make tsan`, `make fuzz`, ..., and what optional tests need
# MUJOCO_DIR names a MuJoCo of your own instead of the pinned one; it must contain include/mujoco/mujoco.h and
# lib/libmujoco.so.
set -euo pipefail
cd "$(dirname "$0")/.."

mujoco_version=${MUJOCO_VERSION:-3.17.0}
mujoco_dir=${MUJOCO_DIR:-third_party/mujoco-$mujoco_version}

# for the build, the tests and the reports; g++ compiles the headers in tests; python3 and pip only download the wheel that contains MuJoCo
packages=(gcc g++ make libc6-dev pkg-config
          libopenblas0-pthread libyaml-dev libjansson-dev libzip-dev libhdf5-dev zlib1g-dev libssl-dev libcurl4-openssl-dev
          librandom123-dev libcmocka-dev gnuplot-nox ca-certificates curl)
case ${1:-} in
  '') ;;
  # clang-format and clang-tidy 14 by name: another version formats and warns differently
  lint) packages+=(clang-14 clang-format-14 clang-tidy-14 libclang-rt-14-dev libomp-14-dev llvm-14 cppcheck gcovr python3
                   zsh help2man) ;; # whose checks are skipped without them
  mpi) packages+=(libopenmpi-dev openmpi-bin) ;;
  slurm) packages+=(slurm-wlm munge) ;;
  render) packages+=(libegl-dev libegl-mesa0 libgl1 libgl1-mesa-dri libglfw3-dev libpng-dev ffmpeg) ;;
  display) packages+=(xvfb xdotool x11-apps) ;;
  *) echo "install-deps: the argument is lint, render, display, mpi or slurm, not '$1'" >&2; exit 2 ;;
esac

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
if { [ ! -e "$mujoco_dir/lib/libmujoco.so" ] || [ "${1:-}" = lint ]; } && ! python3 -m pip --version >/dev/null 2>&1; then
  missing+=(python3 python3-pip)
fi

if [ ${#missing[@]} -gt 0 ]; then
  if ! command -v apt-get >/dev/null; then
    echo "install-deps: this is not Debian or Ubuntu; install by hand: ${missing[*]}" >&2
    exit 2
  fi
  sudo=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { echo "install-deps: run as root or with sudo; missing: ${missing[*]}" >&2; exit 2; }
    sudo=(sudo)
  fi
  echo "install-deps: installing with apt-get: ${missing[*]}"
  "${sudo[@]}" apt-get update -qq
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

if [ ! -e "$mujoco_dir/lib/libmujoco.so" ]; then
  if [ -n "${MUJOCO_DIR:-}" ]; then
    echo "install-deps: MUJOCO_DIR=$MUJOCO_DIR holds no lib/libmujoco.so" >&2
    exit 2
  fi
  echo "install-deps: fetching MuJoCo $mujoco_version (official wheel, checked by sha256) into $mujoco_dir"
  python3 ci/fetch-mujoco.py "$mujoco_dir"
fi

# a folder from before the plugins were fetched; everything but models with plugins works without them
if [ -z "${MUJOCO_DIR:-}" ] && [ ! -e "$mujoco_dir/bin/mujoco_plugin" ]; then
  echo "install-deps: fetching the plugins of MuJoCo $mujoco_version into $mujoco_dir"
  python3 ci/fetch-mujoco.py "$mujoco_dir" || echo "install-deps: models that use a plugin of MuJoCo will be refused" >&2
fi

# an optional test reads Parquet
if [ "${1:-}" = lint ]; then python3 ci/fetch-python.py third_party/python-parquet ci/python-parquet.txt; fi
