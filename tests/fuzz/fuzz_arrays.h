/* fuzz_arrays.h: reads whatever df_arrays_open() finds in an input. */
#ifndef TESTS_FUZZ_FUZZ_ARRAYS_H
#define TESTS_FUZZ_FUZZ_ARRAYS_H

#include "dynaflow/core/alloc.h"
#include "dynaflow/io/arrays.h"
#include "dynaflow/io/memory.h"
#include "fuzz_input.h"

static inline void fuzz_one_array(df_arrays* arrays, const df_array_info* info) {
  df_array a;
  const char* const* names;
  if (df_arrays_read(arrays, info->name, &a) == DF_OK) {
    size_t count = 1;
    for (int k = 0; k < info->rank; k++) count *= info->shape[k];
    FUZZ_REQUIRE(info->numeric && a.rank == info->rank && a.count == count);
    volatile double sum = 0;
    for (size_t k = 0; k < count; k++) sum = sum + a.values[k];
    df_array_clear(&a);
  }
  char* text;
  if (df_arrays_read_text(arrays, info->name, &text) == DF_OK) df_free(text);
  const int n = df_arrays_columns(arrays, info->name, &names);
  FUZZ_REQUIRE(n == 0 || (size_t)n == info->shape[info->rank - 1]);
}

/* the file is refused, or each of its arrays is read or refused, within 64 MiB */
static inline void fuzz_arrays(const uint8_t* data, size_t size) {
  df_arrays* arrays;
  (void)df_io_set_memory(64 << 20);
  if (df_arrays_open(fuzz_file(data, size), &arrays) != DF_OK) return;
  FUZZ_REQUIRE(df_arrays_count(arrays) > 0);
  for (int i = 0; i < df_arrays_count(arrays); i++) {
    const df_array_info* info = df_arrays_info(arrays, i);
    FUZZ_REQUIRE(df_arrays_find(arrays, info->name) == i);
    fuzz_one_array(arrays, info);
  }
  df_arrays_close(arrays);
}

#endif
