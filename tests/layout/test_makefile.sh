#!/usr/bin/env bash
# The Makefile: copies of the tree are independent, removed sources leave the library, an unchanged tree is not rebuilt.
# slow
set -u
cd "$(dirname "$0")/../.."
. tests/cli/check.sh

# a copy in which one small room is built
mujoco=$(make -s print-mujoco-dir)
copy=$scratch/copy
mkdir "$copy"
cp -r Makefile ci lib bench baselines tests "$copy"
in_copy() { env -u MAKEFLAGS -u MFLAGS make -s -C "${1}" MUJOCO_DIR="$mujoco" "${@:2}" >"$scratch/out" 2>&1; }
core=build/lib/core.a

check one_room_is_built in_copy "$copy" "$core"
cp -r "$copy" "$scratch/second"
echo '#error this header is of the second copy' >>"$scratch/second/lib/include/dynaflow/core/status.h"
sees_its_own_header() { in_copy "$scratch/second" "$core"; [ $? -ne 0 ] && grep -q 'this header is of the second copy' "$scratch/out"; }
check a_copied_tree_compiles_its_own_headers sees_its_own_header
check a_copied_tree_does_not_disturb_the_first in_copy "$copy" -q "$core"
nothing_to_do() { in_copy "$copy" -n "$core" && [ ! -s "$scratch/out" ]; }
check an_unchanged_tree_is_not_rebuilt nothing_to_do

has_stale() { nm "$copy/$core" 2>/dev/null | grep -q df_stale; }
echo 'int df_stale(void); int df_stale(void) { return 1; }' >"$copy/lib/core/stale.c"
check an_added_source_is_built in_copy "$copy" "$core"
check an_added_source_is_linked has_stale
rm "$copy/lib/core/stale.c"
check a_removed_source_is_no_error in_copy "$copy" "$core"
gone() { ! has_stale; }
check a_removed_source_is_no_longer_linked gone

rebuilds() { in_copy "$copy" -n "$core" "$@" && [ "$(grep -c -- '-c lib/core/' "$scratch/out")" -ge 5 ]; }
check another_option_compiles_again rebuilds V=1 CFLAGS=-DOTHER

# a clone downloads MuJoCo; a release of the user's is only looked for
deps_of() { make -s -n -C "$copy" deps "$@" | grep -o 'MUJOCO_DIR=[^ ]*'; }
check a_clone_downloads_mujoco [ "$(deps_of)" = MUJOCO_DIR= ]
check a_release_of_the_users_is_not_downloaded [ "$(deps_of MUJOCO_DIR=/opt/mujoco)" = MUJOCO_DIR=/opt/mujoco ]

# without the headers of EGL and libpng everything else is built
no_renderer() { in_copy "$copy" HAS_RENDER= render && grep -qx '  dynaflow-render is not built: no headers of EGL, GLFW or libpng; ci/install-deps.sh render installs them' "$scratch/out"; }
check without_egl_a_line_says_that_the_renderer_is_not_built no_renderer
only_the_renderer_has_gl() { make -s -n -B -C "$copy" MUJOCO_DIR="$mujoco" V=1 build | grep -E '(-lEGL|-lGL)' | grep -v -- '-o build/dynaflow-render '; [ $? -eq 1 ]; }
check nothing_else_is_linked_with_opengl only_the_renderer_has_gl

mkdir "$scratch/a space"
cp "$copy/Makefile" "$scratch/a space/"
refused_space() { make -C "$scratch/a space" build >"$scratch/out" 2>&1; [ $? -eq 2 ] && grep -q 'contains a space' "$scratch/out"; }
check a_path_with_a_space_is_refused refused_space

# a program that is named by an absolute path
printf '#!/bin/sh\necho "[       OK ] one"\n' >"$scratch/test_one"
chmod +x "$scratch/test_one"
check a_program_with_an_absolute_path_is_run bash -c "tests/run.sh '$scratch/test_one' | tail -1 | grep -q '^1 passed, 0 failed'"
finish
