#include "unreadable.h"

#include <string.h>

#include "dynaflow/core/alloc.h"

static bool is_named(const char* name, const char* pattern) {
  const size_t n = strlen(pattern) - 1;
  return pattern[n] == '*' ? strncmp(name, pattern, n) == 0 : strcmp(name, pattern) == 0;
}

static bool is_unreadable(const df_array_info* info) {
  static const char* const none[] = {"text", "null", "empty"};
  bool readable = info->numeric;
  for (size_t i = 0; i < sizeof none / sizeof *none; i++) readable = readable || strcmp(info->type, none[i]) == 0;
  return !readable;
}

df_status refuse_unreadable(const recognition* r, const char* key, int n, const char* const* names) {
  const setting* given = settings_find(r->found, key);
  if (given && given->given) return DF_OK;
  for (int i = 0; i < r->files->n_arrays; i++) {
    const source_array* a = &r->files->list[i];
    bool wanted = false;
    for (int k = 0; k < n && is_unreadable(a->info); k++) wanted = wanted || is_named(a->name, names[k]);
    df_array values;
    if (!wanted) continue;
    const df_status status = source_read(r->files, a, &values);
    if (status == DF_OK) {
      df_array_clear(&values);
      continue;
    }
    char* reason = format_text("%s", df_error_message());
    const df_status out = df_fail(status, "%s; correct the file, or say what to read instead in %s%s", reason, key,
                                  strcmp(key, "data.actions_key") == 0 ? " (empty: states only)" : "");
    df_free(reason);
    return out;
  }
  return DF_OK;
}

df_status fail_rate_text(const recognition* r, const source_array* a) {
  char* value = NULL;
  if (df_arrays_read_text(r->files->arrays, a->info->name, &value) != DF_OK) value = NULL;
  const df_status status =
      df_fail(DF_E_FORMAT,
              "%s: '%s' is %s%s%s, not a number of frames per second: correct the file, or give the rate "
              "by --set data.rate=HZ",
              r->files->path[0], a->info->name, value ? "'" : "", value ? value : a->info->type, value ? "'" : "");
  df_free(value);
  return status;
}
