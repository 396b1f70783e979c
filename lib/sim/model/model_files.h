/* model_files.h: the files of a model as MuJoCo's compiler reads them. Every read goes through a provider that hashes
 * the bytes that the compiler gets: included files, meshes, height fields, skins, textures. */
#ifndef LIB_SIM_MODEL_MODEL_FILES_H
#define LIB_SIM_MODEL_MODEL_FILES_H

#include <mujoco/mujoco.h>
#include <stdbool.h>
#include <threads.h>

#include "dynaflow/core/hash.h"
#include "dynaflow/core/status.h"

typedef struct df_read_file {
  char* name; /* absolute, as MuJoCo resolved it */
  char sha256[DF_SHA256_TEXT];
} df_read_file;

/* one compilation; must not be moved while `vfs` is in use */
typedef struct df_model_files {
  mjVFS vfs;  /* for mj_parseXML(), mjs_discardVisual() and mj_compile() */
  char* path; /* of the model file, absolute: MuJoCo looks for a relative path's nested includes in the wrong folder */
  bool ignored; /* while set, reads are not part of the model */
  mjpResourceProvider provider;
  mtx_t lock; /* MuJoCo reads meshes on several threads */
  df_read_file* files;
  int n, capacity;
  bool no_memory;
  char unreadable[512]; /* why a file cannot be read, e.g. because it is a pipe; "": none so far */
  const char* changed;  /* a file that changed between two reads, or NULL; owned by `files` */
} df_model_files;

/* Errors: DF_E_NOMEM; DF_E_IO names a folder that MuJoCo would read past the provider. Call df_model_files_clear() in
 * any case. */
DF_MUST_CHECK df_status df_model_files_open(const char* path, df_model_files* out);
void df_model_files_clear(df_model_files* f);

/* Sets *list to the files that were read (`list` of df_model_identity); the caller frees it with df_free(). Errors:
 * DF_E_NOMEM; DF_E_IO if a file changed meanwhile. */
DF_MUST_CHECK df_status df_model_files_list(df_model_files* f, char** list);

#endif
