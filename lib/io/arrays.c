#include "dynaflow/io/arrays.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arrays_format.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "sniff.h"

/* ---- opening ---- */

typedef struct df_arrays_named named;

static int by_name(const void* a, const void* b) {
  return strcmp(((const named*)a)->name, ((const named*)b)->name);
}

/* sorts the names, which must be distinct */
static df_status index_names(df_arrays* arrays) {
  named* sorted = df_alloc((size_t)arrays->count, sizeof *sorted);
  arrays->sorted = sorted;
  if (!sorted) return DF_E_NOMEM;
  for (int i = 0; i < arrays->count; i++) sorted[i] = (named){arrays->item[i].info.name, i};
  qsort(sorted, (size_t)arrays->count, sizeof *sorted, by_name);
  for (int i = 1; i < arrays->count; i++) {
    if (by_name(&sorted[i - 1], &sorted[i]) == 0) {
      return df_fail(DF_E_FORMAT, "%s: two arrays are named '%s'", arrays->path, sorted[i].name);
    }
  }
  return DF_OK;
}

static const struct {
  const char* name;
  const df_arrays_reader* reader;
} formats[] = {[DF_SNIFFED_NPY] = {"npy", &df_arrays_npz},
               [DF_SNIFFED_ZIP] = {"npz", &df_arrays_npz},
               [DF_SNIFFED_HDF5] = {"HDF5", &df_arrays_hdf5},
               [DF_SNIFFED_JSON] = {"JSON", &df_arrays_json},
               [DF_SNIFFED_TABLE] = {"CSV", &df_arrays_table}};

static df_status build(df_arrays* arrays, const char* path) {
  arrays->path = df_strdup(path);
  if (!arrays->path) return DF_E_NOMEM;
  char beginning[DF_SNIFF_BYTES];
  size_t n = 0;
  df_sniffed format;
  arrays->charge.path = arrays->path;
  DF_TRY(df_file_read_beginning(path, beginning, sizeof beginning, &n, &arrays->charge.file_size));
  DF_TRY(df_sniff(path, beginning, n, &format));
  arrays->format = formats[format].name;
  arrays->reader = formats[format].reader;
  DF_TRY(arrays->reader->open(arrays));
  if (arrays->count == 0) return df_fail(DF_E_FORMAT, "%s: the %s file contains no array", path, arrays->format);
  return index_names(arrays);
}

df_status df_arrays_open(const char* path, df_arrays** out) {
  DF_REQUIRE_OUT(out);
  DF_REQUIRE_POINTER(path);
  df_arrays* arrays = df_alloc(1, sizeof *arrays);
  if (!arrays) return DF_E_NOMEM;
  const df_status status = build(arrays, path);
  if (status != DF_OK) {
    df_arrays_close(arrays);
    return status;
  }
  *out = arrays;
  return DF_OK;
}

void df_arrays_close(df_arrays* arrays) {
  if (!arrays) return;
  if (arrays->state) arrays->reader->close(arrays->state);
  for (int i = 0; i < arrays->count; i++) df_free(arrays->item[i].text);
  df_free(arrays->item);
  df_free(arrays->sorted);
  df_free(arrays->path);
  df_free(arrays);
}

/* ---- queries ---- */

const char* df_arrays_format(const df_arrays* arrays) {
  return arrays->format;
}

const char* df_arrays_path(const df_arrays* arrays) {
  return arrays->path;
}

int df_arrays_count(const df_arrays* arrays) {
  return arrays->count;
}

const df_array_info* df_arrays_info(const df_arrays* arrays, int i) {
  return i >= 0 && i < arrays->count ? &arrays->item[i].info : NULL;
}

int df_arrays_find(const df_arrays* arrays, const char* name) {
  const named wanted = {name, 0};
  const named* found = bsearch(&wanted, arrays->sorted, (size_t)arrays->count, sizeof wanted, by_name);
  return found ? found->i : -1;
}

/* ---- reading ---- */

/* finds an array; the error lists those of the file */
static df_status find(const df_arrays* arrays, const char* name, int* i) {
  *i = df_arrays_find(arrays, name);
  if (*i >= 0) return DF_OK;
  char list[512] = "";
  size_t n = 0;
  for (int k = 0; k < arrays->count && n < sizeof list; k++) {
    n += (size_t)snprintf(list + n, sizeof list - n, "%s%s", k > 0 ? ", " : "", arrays->item[k].info.name);
  }
  return df_fail(DF_E_FORMAT, "%s: no array '%s'; the file has: %s%s", arrays->path, name, list,
                 n >= sizeof list ? "..." : "");
}

df_status df_arrays_read(df_arrays* arrays, const char* name, df_array* out) {
  DF_REQUIRE_POINTER(out);
  memset(out, 0, sizeof *out);
  DF_REQUIRE_POINTER(arrays);
  DF_REQUIRE_POINTER(name);
  int i;
  DF_TRY(find(arrays, name, &i));
  return arrays->reader->read(arrays, i, out);
}

df_status df_arrays_read_text(df_arrays* arrays, const char* name, char** out) {
  DF_REQUIRE_OUT(out);
  DF_REQUIRE_POINTER(arrays);
  DF_REQUIRE_POINTER(name);
  int i;
  DF_TRY(find(arrays, name, &i));
  return arrays->reader->read_text(arrays, i, out);
}

int df_arrays_columns(const df_arrays* arrays, const char* name, const char* const** names) {
  *names = NULL;
  const int i = df_arrays_find(arrays, name);
  return i >= 0 && arrays->reader->columns ? arrays->reader->columns(arrays, i, names) : 0;
}
