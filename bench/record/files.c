#define _GNU_SOURCE
#include "files.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "dynaflow/core/hash.h"
#include "text.h"

static int by_name(const struct dirent** a, const struct dirent** b) {
  return strcmp((*a)->d_name, (*b)->d_name);
}

df_status files_named(const char* folder, const char* begin, json_t** names) {
  /* the folder of the files, and the part of `begin` within it */
  const char* slash = strrchr(begin, '/');
  const char* base = slash ? slash + 1 : begin;
  const int above = (int)(base - begin);
  char* path = format_text("%s/%.*s", folder, above, begin);
  struct dirent** found;
  *names = NULL;
  const int n = scandir(path, &found, NULL, by_name);
  const int reason = errno;
  df_status status = DF_OK;
  if (n < 0 && reason != ENOENT) status = df_fail(DF_E_IO, "%s: %s", path, strerror(reason));
  df_free(path);
  DF_TRY(status);
  json_t* list = json_array();
  for (int i = 0; i < n; i++) {
    if (strncmp(found[i]->d_name, base, strlen(base)) == 0) {
      char* name = format_text("%.*s%s", above, begin, found[i]->d_name);
      json_array_append_new(list, json_string(name));
      df_free(name);
    }
    free(found[i]);
  }
  if (n >= 0) free(found);
  *names = list;
  return list ? DF_OK : DF_E_NOMEM;
}

df_status files_hashed(const char* folder, const char* begin, json_t** files) {
  json_t *names, *name, *list = json_array();
  size_t i;
  *files = NULL;
  df_status status = files_named(folder, begin, &names);
  json_array_foreach(names, i, name) {
    char sum[DF_SHA256_TEXT];
    char* path = df_path_join(folder, json_string_value(name));
    if (status == DF_OK) status = path ? df_sha256_file(path, sum) : DF_E_NOMEM;
    if (status == DF_OK) json_array_append_new(list, json_pack("{s:O,s:s}", "path", name, "sha256", sum));
    df_free(path);
  }
  json_decref(names);
  if (status == DF_OK) {
    *files = list;
  } else {
    json_decref(list);
  }
  return status;
}

df_status files_remove(const char* folder, const char* begin) {
  json_t *names, *name;
  size_t i;
  df_status status = files_named(folder, begin, &names);
  json_array_foreach(names, i, name) {
    char* path = df_path_join(folder, json_string_value(name));
    if (!path) {
      status = DF_E_NOMEM;
    } else if (unlink(path) != 0 && errno != ENOENT && status == DF_OK) {
      status = df_fail(DF_E_IO, "%s: %s", path, strerror(errno));
    }
    df_free(path);
  }
  json_decref(names);
  return status;
}
