/* file.h: whole files, written so that a reader never sees half of one. */
#ifndef DYNAFLOW_CORE_FILE_H
#define DYNAFLOW_CORE_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "dynaflow/core/status.h"

/* Writes a file under a temporary name beside `path`, syncs it and renames it: afterwards `path` holds either its old
 * content or all of the new. DF_E_IO names the path and the system's reason; the temporary file is removed. */
DF_API DF_MUST_CHECK df_status df_file_write(const char* path, const void* data, size_t n);

/* Reads a whole file into memory of df_alloc, with a terminating zero byte after the n bytes; the caller frees *data.
 */
DF_API DF_MUST_CHECK df_status df_file_read(const char* path, char** data, size_t* n);

/* Creates a folder and those above it; an existing one is fine. */
DF_API DF_MUST_CHECK df_status df_dir_make(const char* path);

DF_API bool df_file_exists(const char* path);

/* "folder/name" in memory of df_alloc, or a copy of `name` when it is absolute or `folder` is NULL or "". */
DF_API char* df_path_join(const char* folder, const char* name);

/* The folder of a path ("." if it has none), in memory of df_alloc. */
DF_API char* df_path_folder(const char* path);

#endif
