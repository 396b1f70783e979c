/* file.h: reading and atomically writing whole files, and path helpers. */
#ifndef DYNAFLOW_CORE_FILE_H
#define DYNAFLOW_CORE_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "dynaflow/core/status.h"

DF_BEGIN_DECLS

/* Writes n bytes to `path` atomically: writes a temporary file in the same folder, syncs it and renames it, so a reader
 * sees either the old content or all of the new. The temporary file is always a new file, so processes and threads may
 * write one path at the same time: the last rename wins; on failure it is removed. Symbolic links at `path` are
 * followed: the file that they lead to is replaced or made, and the links stay. Pipes and character devices (/dev/null,
 * /dev/stdout) are written to directly; folders, block devices and pipes that no program reads are left as they are,
 * which is an error. Errors name the path and the system's reason: DF_E_MISSING (the folder does not exist), DF_E_IO,
 * DF_E_ARG (path of 4096 bytes or more). */
DF_API DF_MUST_CHECK df_status df_file_write(const char* path, const void* data, size_t n);

/* As df_file_write(), for a name that the user did not choose, in a folder that may be somebody else's: a symbolic link
 * at `path` is replaced, not followed, and a pipe or a device is an error. */
DF_API DF_MUST_CHECK df_status df_file_replace(const char* path, const void* data, size_t n);

/* As df_file_write(), for a name that is not trusted: writes `folder`/`name`, and nothing outside `folder`. Folders in
 * between are made; symbolic links below `folder` are not followed (`folder` itself may be one), and one at the name
 * itself is replaced; pipes and devices are an error. Errors: those of df_file_write() and df_dir_make(); DF_E_ARG if
 * df_path_is_inside(name) is false, DF_E_IO for a link in between. */
DF_API DF_MUST_CHECK df_status df_file_write_below(const char* folder, const char* name, const void* data, size_t n);

/* Removes the temporary files that these functions are writing now, in any thread: for the handler of a signal that
 * ends the program. Safe in a signal handler. If more than 64 threads write at once, only the files of the first 64
 * are removed. */
DF_API void df_file_remove_parts(void);

/* Whether `name` is a relative path, none of whose parts is "", "." or "..". */
DF_API bool df_path_is_inside(const char* name);

/* Whether `path` can be read as a file. Errors name the path: DF_E_MISSING, DF_E_IO (also for anything other than a
 * regular file). */
DF_API DF_MUST_CHECK df_status df_file_check(const char* path);

/* Reads a whole file into memory from df_alloc(), followed by a zero byte that *n does not count. The caller frees
 * *data with df_free(); on failure *data is NULL and *n is 0. Errors name the path: DF_E_MISSING, DF_E_IO (also for
 * anything other than a regular file, which is not waited for), DF_E_NOMEM; DF_E_ARG for a NULL argument. */
DF_API DF_MUST_CHECK df_status df_file_read(const char* path, char** data, size_t* n);

/* Reads the first `most` bytes of a file, or all of a shorter one; *n is their number, *size that of the file. Errors
 * as df_file_read(). */
DF_API DF_MUST_CHECK df_status df_file_read_beginning(const char* path, char* bytes, size_t most, size_t* n,
                                                      size_t* size);

/* Creates a folder and its missing parents; an existing folder is not an error. Errors name the path: DF_E_IO,
 * DF_E_MISSING, DF_E_ARG (an empty path, or one of 4096 bytes or more). */
DF_API DF_MUST_CHECK df_status df_dir_make(const char* path);

/* Whether anything exists at `path`: a file, a folder or another kind of entry. */
DF_API bool df_file_exists(const char* path);

/* Lists the paths that fit a pattern of a shell (glob(7), sorted; of {a,b} those of a before those of b). What exists
 * is taken by its name, whatever characters it has: the whole path, which then is the only one, else its leading
 * folders. The caller frees *paths with df_file_glob_free(); on failure *paths is NULL and *n is 0. Errors name the
 * pattern: DF_E_MISSING (nothing fits, or nothing fits one of {a,b}, which is named), DF_E_IO (a folder cannot be
 * read), DF_E_NOMEM; DF_E_ARG for a NULL argument. */
DF_API DF_MUST_CHECK df_status df_file_glob(const char* pattern, char*** paths, size_t* n);
DF_API void df_file_glob_free(char** paths, size_t n); /* paths may be NULL */

/* Returns "folder/name", or a copy of `name` if it is absolute or if `folder` is NULL or "". The caller frees the
 * result with df_free(); NULL when memory is short. */
DF_API char* df_path_join(const char* folder, const char* name);

/* Returns the folder part of a path, "." if it has none. The caller frees the result with df_free(); NULL when memory
 * is short. */
DF_API char* df_path_folder(const char* path);

DF_END_DECLS

#endif
