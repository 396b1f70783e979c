/* arrays_test.h: what the tests of the readers of recordings share. */
#ifndef TESTS_SUPPORT_ARRAYS_TEST_H
#define TESTS_SUPPORT_ARRAYS_TEST_H

#include "data_test.h"
#include "dynaflow/io/arrays.h"

/* opens a file with this content */
static inline df_status open_content(const void* content, size_t n, df_arrays** out) {
  scratch_put(content, n);
  return df_arrays_open(scratch_path, out);
}

/* a file with this text cannot be opened, and the error names it and says `says` */
static inline void assert_refused(const char* text, const char* says) {
  df_arrays* arrays;
  assert_int_equal(open_content(text, strlen(text), &arrays), DF_E_FORMAT);
  assert_null(arrays);
  assert_says(scratch_path, says);
}

/* an array cannot be read, and the error is exactly "<path>: array '<name>': <says>" */
static inline void assert_unreadable(df_arrays* arrays, const char* name, const char* says) {
  char wanted[1024];
  df_array a;
  assert_int_equal(df_arrays_read(arrays, name, &a), DF_E_FORMAT);
  assert_null(a.values);
  snprintf(wanted, sizeof wanted, "%s: array '%s': %s", df_arrays_path(arrays), name, says);
  assert_string_equal(df_error_message(), wanted);
}

/* an array has this type, rank, shape (two numbers) and values */
static inline void assert_array(df_arrays* arrays, const char* name, const char* type, int rank, size_t rows,
                                size_t columns, const double* values) {
  df_array a;
  const df_array_info* info = df_arrays_info(arrays, df_arrays_find(arrays, name));
  if (!info) fail_msg("no array '%s'", name);
  assert_string_equal(info->type, type);
  assert_true(info->numeric);
  assert_ok(df_arrays_read(arrays, name, &a));
  assert_int_equal(info->rank, rank);
  assert_int_equal(a.rank, rank);
  assert_memory_equal(a.shape, info->shape, sizeof a.shape);
  if (rank > 0) assert_int_equal(a.shape[0], rows);
  if (rank > 1) assert_int_equal(a.shape[1], columns);
  assert_int_equal(a.count, (rank > 0 ? rows : 1) * (rank > 1 ? columns : 1));
  assert_memory_equal(a.values, values, a.count * sizeof *values);
  df_array_clear(&a);
}

/* the n-th allocation fails for n = 1, 2, 3 ... until a file is opened and all its arrays are read, or refused */
static inline void fail_every_allocation(const char* path) {
  df_status status = DF_E_NOMEM;
  for (size_t n = 1; status != DF_OK; n++) {
    assert_true(n < 500);
    df_arrays* arrays;
    df_alloc_fail_at(n);
    status = df_arrays_open(path, &arrays);
    for (int i = 0; status == DF_OK && i < df_arrays_count(arrays); i++) {
      const df_array_info* info = df_arrays_info(arrays, i);
      df_array a;
      char* text = NULL;
      if (info->numeric) {
        status = df_arrays_read(arrays, info->name, &a);
        df_array_clear(&a);
      } else if (strcmp(info->type, "text") == 0) {
        status = df_arrays_read_text(arrays, info->name, &text);
        df_free(text);
      }
      if (status == DF_E_FORMAT) status = DF_OK;
    }
    df_alloc_fail_at(0);
    assert_true(status == DF_OK || status == DF_E_NOMEM);
    df_arrays_close(arrays);
  }
}

#endif
