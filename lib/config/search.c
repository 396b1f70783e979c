#include "dynaflow/config/search.h"

#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"

/* returns the path if the folder contains the file, else NULL; *status becomes DF_E_NOMEM if memory was short */
static char* try_path(const char* folder, const char* name, df_status* status) {
  char* path = df_path_join(folder, name);
  if (!path) *status = DF_E_NOMEM;
  if (path && df_file_exists(path)) return path;
  df_free(path);
  return NULL;
}

static df_status fail_missing(const df_search* search, const char* name) {
  char list[768] = "";
  size_t n = 0;
  for (int i = 0; i < search->n && n < sizeof list; i++) {
    n += (size_t)snprintf(list + n, sizeof list - n, "%s%s", i > 0 ? ", " : "", search->folder[i]);
  }
  return df_fail(DF_E_MISSING, "%s: not found in: %s", name, search->n > 0 ? list : "(no folders)");
}

df_status df_search_find(const df_search* search, const char* name, char** path) {
  DF_REQUIRE_OUT(path);
  DF_REQUIRE_POINTER(search);
  DF_REQUIRE_POINTER(name);
  DF_REQUIRE(search->n >= 0 && search->n <= DF_SEARCH_MAX, "df_search_find: search.n is %d, not in 0 .. %d", search->n,
             DF_SEARCH_MAX);
  DF_REQUIRE(*name, "df_search_find: name is empty");
  df_status status = DF_OK;
  if (*name == '/') {
    *path = try_path(NULL, name, &status);
    if (*path || status != DF_OK) return status;
    return df_fail(DF_E_MISSING, "%s: file not found", name);
  }

  /* in each folder try the name, then its base name */
  const char* slash = strrchr(name, '/');
  for (int i = 0; i < search->n && !*path && status == DF_OK; i++) {
    *path = try_path(search->folder[i], name, &status);
    if (!*path && slash && slash[1] != '\0' && status == DF_OK) {
      *path = try_path(search->folder[i], slash + 1, &status);
    }
  }
  if (*path || status != DF_OK) return status;
  return fail_missing(search, name);
}
