#define _POSIX_C_SOURCE 200809L
#include "model_files.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"

/* ---- what was read ---- */

static df_read_file* append(df_model_files* f) {
  if (f->n == f->capacity) {
    const int capacity = f->capacity ? 2 * f->capacity : 8;
    df_read_file* files = df_alloc((size_t)capacity, sizeof *files);
    if (!files) return NULL;
    if (f->n) memcpy(files, f->files, (size_t)f->n * sizeof *files);
    df_free(f->files);
    f->files = files;
    f->capacity = capacity;
  }
  return &f->files[f->n++];
}

static void add(df_model_files* f, const char* name, const char* sha256) {
  char* copy = df_strdup(name);
  df_read_file* file = copy ? append(f) : NULL;
  if (!file) {
    f->no_memory = true;
    df_free(copy);
    return;
  }
  file->name = copy;
  snprintf(file->sha256, sizeof file->sha256, "%s", sha256);
}

/* notes a file, once */
static void note(df_model_files* f, const char* name, const char* sha256) {
  if (f->ignored) return;
  mtx_lock(&f->lock);
  int i = 0;
  while (i < f->n && strcmp(f->files[i].name, name) != 0) i++;
  if (i == f->n)
    add(f, name, sha256);
  else if (strcmp(f->files[i].sha256, sha256) != 0)
    f->changed = f->files[i].name;
  mtx_unlock(&f->lock);
}

/* ---- MuJoCo's side: a resource is one opened file ---- */

typedef struct content {
  char* data; /* NULL: not read yet */
  size_t n;
  char sha256[DF_SHA256_TEXT];
} content;

static df_model_files* files_of(const mjResource* resource) {
  return resource->provider->data;
}

/* keeps why a file cannot be read, of which MuJoCo's message says nothing; that it is missing needs no reason */
static void explain(df_model_files* f, df_status status) {
  mtx_lock(&f->lock);
  if (status == DF_E_NOMEM) f->no_memory = true;
  if (status != DF_E_NOMEM && status != DF_E_MISSING && !f->ignored && !f->unreadable[0])
    snprintf(f->unreadable, sizeof f->unreadable, "%s", df_error_message());
  mtx_unlock(&f->lock);
}

static bool load(const mjResource* resource) {
  content* c = resource->data;
  if (c->data) return true;
  df_status status = df_file_read(resource->name, &c->data, &c->n);
  if (status == DF_OK && c->n > INT_MAX)
    status = df_fail(DF_E_IO, "%s: too large for MuJoCo, which reads files of up to %d bytes", resource->name, INT_MAX);
  if (status == DF_OK) status = df_sha256(c->data, c->n, c->sha256);
  if (status != DF_OK) explain(files_of(resource), status);
  return status == DF_OK;
}

static int on_open(mjResource* resource) {
  resource->data = NULL;
  const df_status status = df_file_check(resource->name);
  if (status != DF_OK) {
    explain(files_of(resource), status);
    return 0;
  }
  resource->data = df_alloc(1, sizeof(content));
  if (!resource->data) files_of(resource)->no_memory = true;
  return resource->data != NULL;
}

/* MuJoCo keeps the time stamp with the meshes in its cache; the hash is one that does not depend on clocks */
static int on_read(mjResource* resource, const void** buffer) {
  const content* c = resource->data;
  if (!load(resource)) return -1;
  snprintf(resource->timestamp, sizeof resource->timestamp, "%s", c->sha256);
  note(files_of(resource), resource->name, c->sha256);
  *buffer = c->data;
  return (int)c->n;
}

/* asked for what the cache has; an unchanged file is not read again */
static int on_modified(const mjResource* resource, const char* timestamp) {
  const content* c = resource->data;
  if (!load(resource) || strcmp(c->sha256, timestamp) != 0) return 1;
  note(files_of(resource), resource->name, c->sha256);
  return 0;
}

static void on_close(mjResource* resource) {
  content* c = resource->data;
  if (c) df_free(c->data);
  df_free(c);
  resource->data = NULL;
}

static int on_mount(mjResource* resource) {
  (void)resource;
  return 1;
}

/* ---- life cycle ---- */

static df_status make_absolute(const char* path, char** out) {
  char here[PATH_MAX];
  if (path[0] != '/' && !getcwd(here, sizeof here)) return df_fail(DF_E_IO, "%s: %s", path, strerror(errno));
  *out = df_path_join(path[0] == '/' ? NULL : here, path);
  return *out ? DF_OK : DF_E_NOMEM;
}

static df_status fail_mount(const char* path) {
  return df_fail(DF_E_IO, "%s: MuJoCo cannot be made to read files below it through this program", path);
}

/* There is no provider of everything: one is mounted at each entry of the root folder. */
static df_status mount_all(df_model_files* f) {
  DIR* root = opendir("/");
  if (!root) return df_fail(DF_E_IO, "/: %s", strerror(errno));
  const struct dirent* entry;
  df_status status = DF_OK;
  while (status == DF_OK && (entry = readdir(root))) {
    char path[sizeof entry->d_name + 1];
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    snprintf(path, sizeof path, "/%s", entry->d_name);
    if (mj_mountVFS(&f->vfs, path, &f->provider) != 0) status = fail_mount(path);
  }
  closedir(root);
  return status;
}

df_status df_model_files_open(const char* path, df_model_files* out) {
  *out = (df_model_files){.provider = {.open = on_open,
                                       .read = on_read,
                                       .close = on_close,
                                       .mount = on_mount,
                                       .unmount = on_mount,
                                       .modified = on_modified}};
  out->provider.data = out;
  mj_defaultVFS(&out->vfs);
  if (mtx_init(&out->lock, mtx_plain) != thrd_success) return df_fail(DF_E_NOMEM, "no memory for a lock");
  DF_TRY(make_absolute(path, &out->path));
  return mount_all(out);
}

void df_model_files_clear(df_model_files* f) {
  if (!f->provider.data) return;
  mj_deleteVFS(&f->vfs);
  mtx_destroy(&f->lock);
  for (int i = 0; i < f->n; i++) df_free(f->files[i].name);
  df_free(f->files);
  df_free(f->path);
  *f = (df_model_files){0};
}

/* ---- the list ---- */

/* Copies printable ASCII; other bytes and the percent sign become %XX, so that a name is one line of text in any
 * encoding, and can be read back. */
static size_t add_plain(char* out, size_t n, size_t used, const char* name) {
  for (const unsigned char* p = (const unsigned char*)name; *p && used + 4 < n; p++) {
    const char* const format = *p < ' ' || *p > '~' || *p == '%' ? "%%%02X" : "%c";
    used += (size_t)snprintf(out + used, n - used, format, *p);
  }
  return used;
}

/* `name` seen from the folder of the model file; a file with which it shares no folder keeps its absolute name */
static void relative_name(const char* main, const char* name, char* out, size_t n) {
  size_t shared = 0;
  for (size_t i = 0; main[i] && main[i] == name[i]; i++) {
    if (main[i] == '/') shared = i + 1;
  }
  int up = 0;
  for (const char* p = main + shared; *p; p++) up += *p == '/';
  size_t used = 0;
  for (; shared > 1 && up > 0; up--) used = add_plain(out, n, used, "../");
  (void)add_plain(out, n, used, shared > 1 ? name + shared : name);
}

static int by_name(const void* a, const void* b) {
  return strcmp(((const df_read_file*)a)->name, ((const df_read_file*)b)->name);
}

/* replaces the absolute names */
static df_status make_relative(df_model_files* f) {
  char name[4 * PATH_MAX];
  char* main = f->files[0].name;
  df_status status = DF_OK;
  for (int i = 0; i < f->n && status == DF_OK; i++) {
    relative_name(main, f->files[i].name, name, sizeof name);
    char* copy = df_strdup(name);
    if (!copy) status = DF_E_NOMEM;
    if (i > 0 && copy) df_free(f->files[i].name);
    if (copy) f->files[i].name = copy;
  }
  if (f->files[0].name != main) df_free(main);
  return status;
}

df_status df_model_files_list(df_model_files* f, char** list) {
  *list = NULL;
  if (f->no_memory) return df_fail(DF_E_NOMEM, "no memory for the files of model %s", f->path);
  if (f->changed) return df_fail(DF_E_IO, "%s changed while the model was read; try again", f->changed);
  if (f->n == 0) return df_fail(DF_E_IO, "%s: MuJoCo read no file", f->path);
  DF_TRY(make_relative(f));
  qsort(f->files + 1, (size_t)f->n - 1, sizeof *f->files, by_name);
  size_t size = 1;
  for (int i = 0; i < f->n; i++) size += strlen(f->files[i].name) + DF_SHA256_TEXT + 2;
  char* out = df_alloc(size, 1);
  if (!out) return DF_E_NOMEM;
  size_t used = 0;
  for (int i = 0; i < f->n; i++)
    used += (size_t)snprintf(out + used, size - used, "%s  %s\n", f->files[i].sha256, f->files[i].name);
  *list = out;
  return DF_OK;
}
