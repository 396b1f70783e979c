#include "import_text.h"

#include <string.h>

#include "dynaflow/core/hash.h"
#include "escape.h"
#include "text.h"

static const char* base_name(const char* path) {
  const char* slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

static df_status add_files(const source* files, text* out) {
  char sha256[DF_SHA256_TEXT];
  for (int i = 0; i < files->n; i++) {
    DF_TRY(df_sha256_file(files->path[i], sha256));
    text_add(out, "| ");
    text_add_markdown(out, base_name(files->path[i]));
    text_add(out, " | %s |\n", sha256);
  }
  return DF_OK;
}

df_status import_readme(const char* name, const source* files, const df_dataset* data, const model_study* model,
                        text* out) {
  const double seconds = (double)df_dataset_actions(data) * data->dt;
  text_add(out, "# %s\n\n", name);
  text_add(out,
           "%d demonstration%s, %.4g s in all, at %.4g Hz, %s; a model of %d degrees of freedom and %d actuator%s.\n"
           "Imported by `dynaflow data import`, which chose the settings in `task.yaml`; each says why it has its "
           "value.\n\n",
           data->episodes, data->episodes == 1 ? "" : "s", seconds, 1 / data->dt,
           data->actions ? "states and actions" : "states only", model->nv, model->nu, model->nu == 1 ? "" : "s");
  text_add(out,
           "## Source and licence\n\n"
           "Fill in before you pass this folder on:\n\n"
           "- recordings: who made them, where they are published, their licence\n"
           "- model: who made it, where it is published, its licence\n\n"
           "## Files\n\n"
           "| recording | SHA-256 |\n| --- | --- |\n");
  DF_TRY(add_files(files, out));
  text_add(out, "\nThe model is in `model/`; SHA-256 of its files: `%s`.\n", df_mujoco_identity(model->system)->files);
  return DF_OK;
}
