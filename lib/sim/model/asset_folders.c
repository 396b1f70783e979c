/* asset_folders.c: where the files of a model's meshes and textures are. */
#define _GNU_SOURCE
#include <limits.h>
#include <mujoco/mujoco.h>
#include <stdio.h>
#include <stdlib.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "dynaflow/sim/mujoco.h"
#include "mujoco_error.h"

/* the folders as the model file names them */
typedef struct folders {
  const char* path;
  char mesh[PATH_MAX], texture[PATH_MAX];
  char error[1000];
  bool parsed;
} folders;

static void find_folders(void* argument) {
  folders* f = argument;
  mjSpec* spec = mj_parseXML(f->path, NULL, f->error, (int)sizeof f->error);
  if (!spec) return;
  snprintf(f->mesh, sizeof f->mesh, "%s", mjs_getString(spec->compiler.meshdir));
  snprintf(f->texture, sizeof f->texture, "%s", mjs_getString(spec->compiler.texturedir));
  mj_deleteSpec(spec);
  f->parsed = true;
}

/* `folder` is relative to that of the model */
static char* below(const char* model, const char* folder) {
  char* parent = df_path_folder(model);
  char* out = parent ? df_path_join(parent, folder[0] ? folder : ".") : NULL;
  df_free(parent);
  return out;
}

df_status df_mujoco_asset_folders(const char* path, char** model, char** meshes, char** textures) {
  DF_REQUIRE_OUT(model);
  DF_REQUIRE_OUT(meshes);
  DF_REQUIRE_OUT(textures);
  DF_REQUIRE_POINTER(path);
  DF_TRY(df_file_check(path));
  df_mujoco_silence();
  char real[PATH_MAX];
  if (!realpath(path, real)) return df_fail(DF_E_IO, "%s: the path cannot be resolved", path);
  folders f = {.path = real};
  if (!df_mujoco_guarded(find_folders, &f)) return df_fail(DF_E_SIM, "%s: %s", path, df_mujoco_error_text());
  df_one_line(f.error);
  if (!f.parsed) return df_fail(DF_E_FORMAT, "%s: %s", path, f.error);
  *model = df_strdup(real);
  *meshes = below(real, f.mesh);
  *textures = below(real, f.texture);
  if (*model && *meshes && *textures) return DF_OK;
  df_free(*model);
  df_free(*meshes);
  df_free(*textures);
  *model = *meshes = *textures = NULL;
  return DF_E_NOMEM;
}
