#define _GNU_SOURCE
#include "model_copy.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "dynaflow/core/hash.h"
#include "dynaflow/sim/mujoco.h"

/* ---- lists of files ---- */

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

/* ---- copies ---- */

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
                   "the model uses %s, which shares no folder with the model file: copy it below the folder of the "
                   "model file, and let the model name it by its path from there",
                   name);
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

/* copies the files of a list, and names the model file's copy */
static df_status copy_list(const new_folder* f, const char* path, const char* list, char** main) {
  model_copy c = {.folder = f, .from = df_path_folder(path)};
  const char* slash = strrchr(path, '/');
  df_status status = c.from ? each_name(list, look_up, &c) : DF_E_NOMEM;
  if (status == DF_OK) status = find_below(&c);
  if (status == DF_OK) status = each_name(list, copy_one, &c);
  if (status == DF_OK) *main = format_text("model/%s%s", c.below, slash ? slash + 1 : path);
  df_free(c.from);
  df_free(c.below);
  return status;
}

/* ---- the copy as MuJoCo reads it ---- */

typedef struct copied_model {
  const char* source; /* the model file that was copied */
  const char* folder; /* of its copy */
  char* root;         /* the real path of the folder model/ of the task */
} copied_model;

/* fails if a file of the copied model is not below model/ */
static df_status check_inside(void* context, const char* name) {
  const copied_model* c = context;
  char* path = name[0] == '/' ? format_text("%s", name) : df_path_join(c->folder, name);
  char* whole = path ? realpath(path, NULL) : NULL;
  df_free(path);
  if (!whole) return df_fail(DF_E_IO, "%s: %s", name, strerror(errno));
  const size_t n = strlen(c->root);
  const bool inside = strncmp(whole, c->root, n) == 0 && whole[n] == '/';
  const df_status status =
      inside ? DF_OK
             : df_fail(DF_E_CONFIG,
                       "%s: the model names %s by an absolute path, which leads out of the task folder: write the path "
                       "relative to the model file (file=, meshdir=, texturedir= or <include>)",
                       c->source, whole);
  free(whole);
  return status;
}

/* Loads the copy as another program would, and fails if it reads a file of the model that was copied. */
static df_status check_copy(const new_folder* f, const char* source, const char* main) {
  char *path = df_path_join(f->draft, main), *inside = df_path_join(f->draft, "model"), *list = NULL;
  char* folder = path ? df_path_folder(path) : NULL;
  copied_model c = {source, folder, inside ? realpath(inside, NULL) : NULL};
  df_status status = folder && c.root ? df_mujoco_all_files(path, &list) : DF_E_NOMEM;
  if (status == DF_OK) status = each_name(list, check_inside, &c);
  free(c.root);
  df_free(list);
  df_free(inside);
  df_free(folder);
  df_free(path);
  return status;
}

df_status copy_model(const new_folder* f, const char* path, const df_model_identity* model, text* notes, char** main) {
  char* list = NULL;
  *main = NULL;
  df_status status = df_mujoco_all_files(path, &list);
  if (status == DF_E_FORMAT) {
    text_add(notes,
             "the folder holds only the files of the simulation, not what is drawn, and other programs cannot load its "
             "model, since MuJoCo cannot load all of it: %s\n",
             df_error_message());
    return copy_list(f, path, model->list, main);
  }
  if (status == DF_OK) status = copy_list(f, path, list, main);
  if (status == DF_OK) status = check_copy(f, path, *main);
  df_free(list);
  return status;
}
