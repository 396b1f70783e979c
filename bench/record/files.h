/* files.h: the files that a record stands on, beside the model, the data and the plugin, whose hashes are fields of
 * their own: what a method wrote when its checkpoint was saved. */
#ifndef BENCH_RECORD_FILES_H
#define BENCH_RECORD_FILES_H

#include <jansson.h>

#include "dynaflow/core/status.h"

/* Sets *names to the names, relative to `folder`, of all files whose name begins with `begin`, e.g.
 * "checkpoints/0123456789abcdef.safetensors", as an array of strings in alphabetical order; empty if the folder does
 * not exist. A method may write several files, whose names begin with the path that it is given (flow/method.h). The
 * caller releases *names, which is NULL after a failure: DF_E_IO, DF_E_NOMEM. */
DF_MUST_CHECK df_status files_named(const char* folder, const char* begin, json_t** names);

/* Sets *files to [{"path", "sha256"}, ...] of the same files. Errors: those of files_named() and df_sha256_file(). */
DF_MUST_CHECK df_status files_hashed(const char* folder, const char* begin, json_t** files);

/* Removes the same files: a list made after a save has only what that save wrote. */
DF_MUST_CHECK df_status files_remove(const char* folder, const char* begin);

#endif
