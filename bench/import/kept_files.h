/* kept_files.h: the files of a task folder that an import did not write, or that were changed since. */
#ifndef BENCH_IMPORT_KEPT_FILES_H
#define BENCH_IMPORT_KEPT_FILES_H

#include "dynaflow/core/status.h"
#include "text.h"

/* the list of the files that an import wrote, as of sha256sum; it does not list itself */
#define IMPORT_LIST "import.sha256"

/* paths in the folder, sorted; {0} is empty; free with kept_files_clear() */
typedef struct kept_files {
  char** list;
  int n;
} kept_files;

/* Writes the list of all files in the folder. Errors: DF_E_IO. */
DF_MUST_CHECK df_status import_list_write(const char* folder);

/* Finds the files, links and others that are not in the folder's list or have another content. Errors: DF_E_CONFIG for
 * one of them in data/, where it may be read as a recording; DF_E_IO. Call kept_files_clear() also after a failure. */
DF_MUST_CHECK df_status kept_files_find(const char* folder, kept_files* out);

/* Puts them into another folder of the same file system, as hard links. One whose name is taken there by another
 * content gets the first free name of NAME.old, NAME.old2, NAME.old3 ... Appends a line per renamed file to `renamed`,
 * and one on what else is kept to `notes`. Errors: DF_E_IO. */
DF_MUST_CHECK df_status kept_files_carry(const kept_files* kept, const char* from, const char* to, text* notes,
                                         text* renamed);
void kept_files_clear(kept_files* kept);

#endif
