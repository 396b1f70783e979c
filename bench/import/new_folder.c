#define _GNU_SOURCE
#include "new_folder.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "text.h"

/* ---- the folder ---- */

static int remove_entry(const char* path, const struct stat* info, int kind, struct FTW* place) {
  (void)info;
  (void)kind;
  (void)place;
  return remove(path);
}

/* symbolic links are removed, not followed */
static void remove_tree(const char* path) {
  enum { OPEN_FOLDERS = 16 };
  (void)nftw(path, remove_entry, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS);
}

/* only a task is replaced: a mistyped name must not remove anything else */
static df_status check_place(const char* path, bool replace) {
  if (!df_file_exists(path)) return DF_OK;
  if (!replace) return df_fail(DF_E_CONFIG, "%s: exists already; --force replaces it", path);
  char* file = df_path_join(path, "task.yaml");
  const bool task = file && df_file_exists(file);
  df_free(file);
  return task ? DF_OK
              : df_fail(DF_E_CONFIG, "%s: exists and is no task folder, so that --force does not replace it", path);
}

df_status new_folder_begin(const char* path, bool replace, new_folder* out) {
  *out = (new_folder){.replace = replace};
  DF_TRY(check_place(path, replace));
  char* parent = df_path_folder(path);
  df_status status = parent ? df_dir_make(parent) : DF_E_NOMEM;
  if (status == DF_OK) {
    out->path = format_text("%s", path);
    char* draft = format_text("%s/.import-XXXXXX", parent);
    if (mkdtemp(draft)) {
      out->draft = draft;
      (void)chmod(draft, 0755);
    } else {
      status = df_fail(DF_E_IO, "%s: %s", draft, strerror(errno));
      df_free(draft);
    }
  }
  df_free(parent);
  return status;
}

df_status new_folder_finish(new_folder* f) {
  char* old = NULL;
  if (f->replace && df_file_exists(f->path)) {
    old = format_text("%s.old", f->draft);
    if (rename(f->path, old) != 0) {
      const df_status status = df_fail(DF_E_IO, "%s: %s", f->path, strerror(errno));
      df_free(old);
      return status;
    }
  }
  df_status status = DF_OK;
  if (rename(f->draft, f->path) != 0) {
    status = df_fail(DF_E_IO, "%s: %s", f->path, strerror(errno));
    if (old) (void)rename(old, f->path);
  } else {
    df_free(f->draft);
    f->draft = NULL;
    if (old) remove_tree(old);
  }
  df_free(old);
  return status;
}

void new_folder_discard(new_folder* f) {
  if (f->draft) remove_tree(f->draft);
  df_free(f->draft);
  df_free(f->path);
  *f = (new_folder){0};
}

df_status new_folder_copy(const new_folder* f, const char* from, const char* name, double* bytes) {
  char* data;
  size_t n;
  DF_TRY(df_file_read(from, &data, &n));
  const df_status status = df_file_write_below(f->draft, name, data, n);
  df_free(data);
  *bytes += (double)n;
  return status;
}
