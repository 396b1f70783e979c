/* new_folder.h: a folder that appears as a whole or not at all, and copies of files in it. */
#ifndef BENCH_IMPORT_NEW_FOLDER_H
#define BENCH_IMPORT_NEW_FOLDER_H

#include <stdbool.h>

#include "dynaflow/core/status.h"
#include "kept_files.h"
#include "text.h"

typedef struct new_folder {
  char* path;      /* where it will be */
  char* draft;     /* hidden folder `.import-NAME` beside it, in which it is made */
  int lock;        /* file descriptor of the lock of the draft; -1: none */
  bool replace;    /* an existing folder at `path` is replaced */
  kept_files kept; /* what of it no import wrote */
} new_folder;

/* Begins a folder; its parent is made if it is missing. A draft that a process left that was ended is emptied and used,
 * and a task that it was replacing is put back. Call new_folder_discard() in any case. Errors: DF_E_CONFIG (there is
 * something at `path`, and it is not to be replaced; or it is not a task folder; or another process makes a draft for
 * it; or a symbolic link or a file is in the place of the draft), and those of kept_files_find(). */
DF_MUST_CHECK df_status new_folder_begin(const char* path, bool replace, new_folder* out);
/* Moves the draft to its place. Of a folder that it replaces, files are kept that no import wrote, and lines on them
 * are appended to `notes`, on those that got another name to `renamed`. Errors: DF_E_IO and those of
 * kept_files_carry(); what was there before is there still. */
DF_MUST_CHECK df_status new_folder_finish(new_folder* f, text* notes, text* renamed);
/* Removes the draft, if there is one, and frees the strings. */
void new_folder_discard(new_folder* f);

/* Copies a file to `draft`/`name`, whose folders are made. *bytes gains its size. Errors: those of df_file_check()
 * and df_file_write_below(), DF_E_IO. */
DF_MUST_CHECK df_status new_folder_copy(const new_folder* f, const char* from, const char* name, double* bytes);

#endif
