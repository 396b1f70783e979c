#define _GNU_SOURCE
#include "new_folder.h"

#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "dynaflow/core/hash.h"
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

/* ---- models ---- */

/* the name of a file in a list of df_model_identity, in which %XX stands for bytes that are not printable ASCII */
static void read_name(const char* name, size_t n, char* out) {
  size_t used = 0;
  for (size_t i = 0; i < n; i++) {
    unsigned byte;
    const bool coded = name[i] == '%' && i + 2 < n && sscanf(name + i + 1, "%2X", &byte) == 1;
    out[used++] = coded ? (char)byte : name[i];
    if (coded) i += 2;
  }
  out[used] = '\0';
}

static int levels_up(const char* name) {
  int n = 0;
  for (; strncmp(name, "../", 3) == 0; name += 3) n++;
  return n;
}

/* calls `visit` for every name of the list */
static df_status each_name(const char* list, df_status (*visit)(void* context, const char* name), void* context) {
  enum { NAME_AT = DF_SHA256_TEXT + 1 };
  char name[PATH_MAX];
  while (*list) {
    const size_t n = strcspn(list, "\n");
    if (n <= NAME_AT || n - NAME_AT >= sizeof name) return df_fail(DF_E_CONFIG, "the name of a model file is too long");
    read_name(list + NAME_AT, n - NAME_AT, name);
    DF_TRY(visit(context, name));
    list += n + (list[n] == '\n');
  }
  return DF_OK;
}

typedef struct model_copy {
  const new_folder* folder;
  char* from;  /* folder of the model file */
  char* below; /* the folders of the model file below that which holds all files, with a slash at the end; "" */
  int up;      /* how many folders that is above the model file's */
  double bytes;
} model_copy;

static df_status look_up(void* context, const char* name) {
  model_copy* c = context;
  if (name[0] == '/') {
    return df_fail(DF_E_CONFIG,
                   "the model uses %s, which shares no folder with the model file: copy both into one folder", name);
  }
  const int up = levels_up(name);
  c->up = up > c->up ? up : c->up;
  return DF_OK;
}

/* the last `up` folders of c->from */
static df_status find_below(model_copy* c) {
  char* whole = realpath(c->from, NULL);
  if (!whole) return df_fail(DF_E_IO, "%s: %s", c->from, strerror(errno));
  const char* p = whole + strlen(whole);
  for (int up = 0; up < c->up && p > whole; up += *--p == '/') continue;
  c->below = c->up > 0 ? format_text("%s/", p + 1) : format_text("%s", "");
  free(whole);
  return DF_OK;
}

static df_status copy_one(void* context, const char* name) {
  model_copy* c = context;
  /* "../" leads from the model file's folder to one of those above it */
  const int up = levels_up(name);
  size_t kept = strlen(c->below);
  for (int i = 0; i < up && kept > 0; i++) {
    for (kept--; kept > 0 && c->below[kept - 1] != '/';) kept--;
  }
  char* from = df_path_join(c->from, name);
  char* to = format_text("model/%.*s%s", (int)kept, c->below, name + 3 * up);
  const df_status status = from ? new_folder_copy(c->folder, from, to, &c->bytes) : DF_E_NOMEM;
  df_free(from);
  df_free(to);
  return status;
}

df_status new_folder_copy_model(const new_folder* f, const char* path, const df_model_identity* model, char** main) {
  model_copy c = {.folder = f, .from = df_path_folder(path)};
  const char* slash = strrchr(path, '/');
  *main = NULL;
  df_status status = c.from ? each_name(model->list, look_up, &c) : DF_E_NOMEM;
  if (status == DF_OK) status = find_below(&c);
  if (status == DF_OK) status = each_name(model->list, copy_one, &c);
  if (status == DF_OK) *main = format_text("model/%s%s", c.below, slash ? slash + 1 : path);
  df_free(c.from);
  df_free(c.below);
  return status;
}
