#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "arrays_format.h"
#include "dynaflow/core/alloc.h"

enum { MOST_ARRAYS = 1000000 };

static df_status grow(df_arrays* arrays) {
  const int capacity = arrays->capacity ? 2 * arrays->capacity : 16;
  df_arrays_item* item = df_alloc((size_t)capacity, sizeof *item);
  if (!item) return DF_E_NOMEM;
  if (arrays->count > 0) memcpy(item, arrays->item, (size_t)arrays->count * sizeof *item);
  df_free(arrays->item);
  arrays->item = item;
  arrays->capacity = capacity;
  return DF_OK;
}

df_status df_arrays_add(df_arrays* arrays, const char* name, int rank, const size_t* shape, const char* type,
                        bool numeric) {
  if (arrays->count == MOST_ARRAYS) {
    return df_fail(DF_E_FORMAT, "%s: more than %d arrays", arrays->path, MOST_ARRAYS);
  }
  if (arrays->count == arrays->capacity) DF_TRY(grow(arrays));

  /* name and type in one block */
  const size_t n = strlen(name) + 1, m = strlen(type) + 1;
  DF_TRY(df_charge_array(&arrays->charge, "(names)", &arrays->charged_names,
                         arrays->charged_names + sizeof *arrays->item + n + m));
  char* text = df_alloc(n + m, 1);
  if (!text) return DF_E_NOMEM;
  memcpy(text, name, n);
  memcpy(text + n, type, m);
  df_arrays_item* item = &arrays->item[arrays->count++];
  item->text = text;
  item->info = (df_array_info){.name = text, .rank = rank, .type = text + n, .numeric = numeric};
  for (int i = 0; i < rank; i++) item->info.shape[i] = shape[i];
  return DF_OK;
}

df_status df_arrays_join(const df_arrays* arrays, const char* parent, char separator, const char* name,
                         char out[DF_ARRAYS_NAME]) {
  const bool alone = !parent[0] && separator != '@';
  const int n = alone ? snprintf(out, DF_ARRAYS_NAME, "%s", name)
                      : snprintf(out, DF_ARRAYS_NAME, "%s%c%s", parent, separator, name);
  if (n < DF_ARRAYS_NAME) return DF_OK;
  return df_fail(DF_E_FORMAT, "%s: array '%.60s...': a name of %d bytes, at most %d are supported", arrays->path, out,
                 n, DF_ARRAYS_NAME - 1);
}

df_status df_arrays_fail_text(const df_arrays* arrays, int i) {
  const df_array_info* info = &arrays->item[i].info;
  return df_fail(DF_E_FORMAT, "%s: array '%s': expected a string or a list of strings, found %s of rank %d",
                 arrays->path, info->name, info->type, info->rank);
}

df_status df_arrays_elements(const df_arrays* arrays, int i, size_t size, size_t* count) {
  const df_array_info* info = &arrays->item[i].info;
  *count = 1;
  for (int k = 0; k < info->rank; k++) {
    if (info->shape[k] > 0 && *count > SIZE_MAX / 4 / size / info->shape[k]) {
      return df_fail(DF_E_FORMAT, "%s: array '%s': shape too large", arrays->path, info->name);
    }
    *count *= info->shape[k];
  }
  return DF_OK;
}
