/* model_copy.h: the files of a model in the folder of a task, so that every program can load it from there. */
#ifndef BENCH_IMPORT_MODEL_COPY_H
#define BENCH_IMPORT_MODEL_COPY_H

#include "dynaflow/core/model_identity.h"
#include "new_folder.h"
#include "text.h"

/* Copies all files that MuJoCo reads for the model file `path`, also those that are only drawn, below model/, as they
 * lie beside each other. `model` is its identity: if MuJoCo cannot read what is drawn, only the files of the identity
 * are copied, and a line in `notes` says why. *main: the model file's name in the folder, which the caller frees.
 * Errors: DF_E_CONFIG for a file that has no place relative to the model file, or that the model names by an absolute
 * path; those of new_folder_copy() and df_mujoco_all_files(). */
DF_MUST_CHECK df_status copy_model(const new_folder* f, const char* path, const df_model_identity* model, text* notes,
                                   char** main);

#endif
