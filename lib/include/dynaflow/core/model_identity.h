/* model_identity.h: which model a file or record belongs to: what MuJoCo's compiler read, and what it made.
 *
 * Two models are the same if their compiled models are equal, whatever changed in the files (a comment, their place),
 * or if all files are equal and one version of MuJoCo compiled them: on another processor or C library the last bits of
 * a compiled model may differ. Anything else is another model. Options that a task sets (time step, solver) are part of
 * the compiled model; they are compared by their own names wherever settings are recorded. */
#ifndef DYNAFLOW_CORE_MODEL_IDENTITY_H
#define DYNAFLOW_CORE_MODEL_IDENTITY_H

#include <stddef.h>

#include "dynaflow/core/hash.h"
#include "dynaflow/core/status.h"

DF_BEGIN_DECLS

/* Strings are owned by whoever made the identity. NULL and "" mean unknown. */
typedef struct df_model_identity {
  const char* list; /* every file that the compiler read, as sha256sum writes it: "SHA-256  name", one per line, the
                     * model file first, the others sorted by name; names are relative to the model file's folder */
  /* df_model_files_sha256() of `list`, or the SHA-256 of the model file alone if `list` is unknown */
  const char* files;
  const char* compiled; /* SHA-256 of the compiled model, without paths */
  const char* mujoco;   /* version of MuJoCo that compiled it */
} df_model_identity;

typedef enum df_model_match {
  DF_MODEL_SAME,
  DF_MODEL_UNKNOWN,   /* nothing is known of both that could be compared */
  DF_MODEL_MAIN_FILE, /* the model file is the same; nothing is recorded about the other files that it uses */
  DF_MODEL_MUJOCO,    /* the files are the same, but two versions of MuJoCo compiled them to different models */
  DF_MODEL_OTHER
} df_model_match;

/* SHA-256 of a list of files: of its text, or, of a model in a single file, the SHA-256 of that file. Errors: those of
 * df_sha256(). */
DF_API DF_MUST_CHECK df_status df_model_files_sha256(const char* list, char sha256[DF_SHA256_TEXT]);

/* Compares a recorded identity with that of a model here. Writes what differs, or what could not be compared, as a
 * clause: "parts/arm.xml changed"; "" for DF_MODEL_SAME and DF_MODEL_UNKNOWN. The clause is cut at n - 1 bytes. */
DF_API df_model_match df_model_compare(const df_model_identity* recorded, const df_model_identity* here, char* clause,
                                       size_t n);

DF_END_DECLS

#endif
