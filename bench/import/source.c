#define _GNU_SOURCE
#include "source.h"

#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "list.h"
#include "text.h"

/* ---- files ---- */

static void add_path(source* s, const char* path) {
  s->path = list_grow(s->path, s->n, sizeof *s->path);
  s->path[s->n++] = format_text("%s", path);
}

static bool is_folder(const char* path) {
  struct stat info;
  return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* whether two files hold arrays of the same names and columns; lengths may differ */
static bool alike(const df_arrays* a, const df_arrays* b) {
  if (strcmp(df_arrays_format(a), df_arrays_format(b)) != 0) return false;
  bool any = false;
  for (int i = 0; i < df_arrays_count(b); i++) {
    const df_array_info* info = df_arrays_info(b, i);
    const int k = info->numeric && info->rank >= 2 ? df_arrays_find(a, info->name) : -1;
    if (k < 0) continue;
    const df_array_info* first = df_arrays_info(a, k);
    if (first->rank != info->rank || first->shape[first->rank - 1] != info->shape[info->rank - 1]) return false;
    any = true;
  }
  return any || df_arrays_count(a) == 0 || strcmp(df_arrays_format(a), "npz") == 0 ||
         strcmp(df_arrays_format(a), "HDF5") == 0;
}

static int not_hidden(const struct dirent* entry) {
  return entry->d_name[0] != '.';
}

/* adds the files of a folder that hold arrays like those of the first one that does */
static df_status add_folder(source* s, const char* folder, text* skipped) {
  struct dirent** entries;
  char* why = NULL; /* the first file that cannot be read, and why not */
  const int n = scandir(folder, &entries, not_hidden, alphasort);
  df_arrays* first = NULL;
  for (int i = 0; i < n; i++) {
    char* path = df_path_join(folder, entries[i]->d_name);
    df_arrays* arrays = NULL;
    if (path && !is_folder(path)) {
      const bool opened = df_arrays_open(path, &arrays) == DF_OK;
      if (!opened && !why) why = format_text("%s", df_error_message());
      if (opened && (!first || alike(first, arrays)))
        add_path(s, path);
      else
        text_add(skipped, "%s%s (%s)", skipped->n ? ", " : "", entries[i]->d_name,
                 opened ? "other arrays" : "no recording");
      if (opened && !first && s->n > 0) {
        first = arrays;
        arrays = NULL;
      }
    }
    df_arrays_close(arrays);
    df_free(path);
    free(entries[i]);
  }
  if (n >= 0) free(entries);
  df_arrays_close(first);
  df_status status = DF_OK;
  if (!first && !skipped->n)
    status = df_fail(DF_E_MISSING, "%s: the folder holds no files%s: name the folder or the files of the recording",
                     folder, n > 0 ? ", only folders" : "");
  else if (!first)
    status = df_fail(DF_E_MISSING, "%s: no file of this folder is a recording: %s%s%s", folder, text_of(skipped),
                     why ? "; " : "", why ? why : "");
  df_free(why);
  return status;
}

static df_status add_pattern(source* s, const char* pattern) {
  char** found;
  size_t n;
  const df_status status = df_file_glob(pattern, &found, &n);
  for (size_t i = 0; i < n; i++) {
    if (!is_folder(found[i])) add_path(s, found[i]);
  }
  df_file_glob_free(found, n);
  return status == DF_E_MISSING ? df_fail(DF_E_MISSING, "%s: no such file or folder", pattern) : status;
}

static int by_name(const void* a, const void* b) {
  return strcmp(*(char* const*)a, *(char* const*)b);
}

static df_status find_files(int n, const char* const* words, source* s) {
  text skipped = {0};
  df_status status = DF_OK;
  for (int i = 0; i < n && status == DF_OK; i++) {
    if (is_folder(words[i]))
      status = add_folder(s, words[i], &skipped);
    else if (df_file_exists(words[i]))
      add_path(s, words[i]);
    else
      status = add_pattern(s, words[i]);
  }
  s->skipped = format_text("%s", text_of(&skipped));
  text_clear(&skipped);
  DF_TRY(status);
  qsort(s->path, (size_t)s->n, sizeof *s->path, by_name);
  for (int i = 1; i < s->n; i++) {
    if (strcmp(s->path[i], s->path[i - 1]) == 0)
      return df_fail(DF_E_CONFIG, "%s: this file is named twice", s->path[i]);
  }
  return DF_OK;
}

/* ---- arrays ---- */

/* The length of the part of `name` that is a group of an episode: the shortest of its folders that ends with a number,
 * as data/demo_0; 0: none. *stem: without the number. */
static size_t group_length(const char* name, size_t* stem) {
  for (const char* slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
    const char* p = slash;
    while (p > name && isdigit((unsigned char)p[-1])) p--;
    if (p == slash || p == name || p[-1] == '/') continue;
    *stem = (size_t)(p - name);
    return (size_t)(slash - name) + 1;
  }
  return 0;
}

static void find_group(source* s) {
  size_t stem = 0;
  for (int i = 0; i < df_arrays_count(s->arrays) && !s->episodes; i++) {
    const df_array_info* info = df_arrays_info(s->arrays, i);
    const size_t n = group_length(info->name, &stem);
    if (n == 0 || !info->numeric) continue;
    s->episodes = format_text("%.*s*", (int)stem, info->name);
    s->group = format_text("%.*s", (int)n, info->name);
  }
  if (!s->episodes) s->episodes = format_text("%s", "");
  if (!s->group) s->group = format_text("%s", "");
}

/* whether an array is in a group of another episode */
static bool is_elsewhere(const source* s, const char* name) {
  const size_t n = strlen(s->episodes);
  return n > 0 && strncmp(name, s->episodes, n - 1) == 0 && strncmp(name, s->group, strlen(s->group)) != 0;
}

static void list_arrays(source* s) {
  const size_t n = strlen(s->group);
  for (int i = 0; i < df_arrays_count(s->arrays); i++) {
    const df_array_info* info = df_arrays_info(s->arrays, i);
    if (is_elsewhere(s, info->name)) continue;
    const bool within = strncmp(info->name, s->group, n) == 0;
    s->list = list_grow(s->list, s->n_arrays, sizeof *s->list);
    s->list[s->n_arrays++] = (source_array){.name = format_text("%s", info->name + (within ? n : 0)), .info = info};
  }
}

df_status source_open(int n, const char* const* words, source* out) {
  *out = (source){0};
  DF_TRY(find_files(n, words, out));
  DF_TRY(df_arrays_open(out->path[0], &out->arrays));
  find_group(out);
  list_arrays(out);
  return DF_OK;
}

void source_close(source* s) {
  for (int i = 0; i < s->n; i++) df_free(s->path[i]);
  for (int i = 0; i < s->n_arrays; i++) df_free(s->list[i].name);
  df_free(s->path);
  df_free(s->list);
  df_free(s->episodes);
  df_free(s->group);
  df_free(s->skipped);
  df_arrays_close(s->arrays);
  *s = (source){0};
}

const source_array* source_array_named(const source* s, const char* name) {
  for (int i = 0; i < s->n_arrays; i++) {
    if (strcmp(s->list[i].name, name) == 0) return &s->list[i];
  }
  return NULL;
}

const char* source_name_in_group(const source* s, const char* array) {
  const size_t stem = strlen(s->episodes) - (s->episodes[0] != '\0');
  if (stem == 0 || strncmp(array, s->episodes, stem) != 0) return array;
  const char* at = array + stem + strspn(array + stem, "0123456789");
  if (at == array + stem) return array;
  return *at == '/' ? at + 1 : *at == '@' ? at : array;
}

const source_array* source_find(const source* s, int n, const char* const* names) {
  for (int i = 0; i < n; i++) {
    const source_array* a = source_array_named(s, names[i]);
    if (a && a->info->numeric) return a;
  }
  for (int i = 0; i < n; i++) {
    for (int k = 0; k < s->n_arrays && strlen(names[i]) > 1; k++) {
      if (s->list[k].info->numeric && strcasecmp(s->list[k].name, names[i]) == 0) return &s->list[k];
    }
  }
  return NULL;
}

int source_columns(const source_array* a) {
  return a->info->rank < 2 ? 1 : (int)a->info->shape[a->info->rank - 1];
}

df_status source_read(const source* s, const source_array* a, df_array* out) {
  return df_arrays_read(s->arrays, a->info->name, out);
}
