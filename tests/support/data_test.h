/* data_test.h: helpers shared by the tests of lib/data. */
#ifndef TESTS_SUPPORT_DATA_TEST_H
#define TESTS_SUPPORT_DATA_TEST_H

#define _POSIX_C_SOURCE 200809L

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "dynaflow/core/rng.h"

/* a temporary folder for one test; scratch_path is a file in it */
static char scratch_folder[64];
static char scratch_path[128];

static inline int scratch_make(void** state) {
  (void)state;
  snprintf(scratch_folder, sizeof scratch_folder, "/tmp/dynaflow-test-XXXXXX");
  if (!mkdtemp(scratch_folder)) return -1;
  snprintf(scratch_path, sizeof scratch_path, "%s/file.npz", scratch_folder);
  return 0;
}

static inline int scratch_remove(void** state) {
  (void)state;
  df_alloc_fail_at(0);
  unlink(scratch_path);
  return rmdir(scratch_folder); /* fails if a write left something behind */
}

/* writes the scratch file without the slow sync of df_file_write */
static inline void scratch_put(const void* bytes, size_t n) {
  unlink(scratch_path); /* some file systems sync a truncated file, but not a new one */
  FILE* file = fopen(scratch_path, "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(bytes, 1, n, file), n);
  fclose(file);
}

#define IN_SCRATCH(test) cmocka_unit_test_setup_teardown(test, scratch_make, scratch_remove)

/* the last error message contains every word of a NULL-terminated list */
static inline void assert_message(const char* const* words) {
  for (; *words; words++) {
    if (!strstr(df_error_message(), *words)) fail_msg("'%s' is not in: %s", *words, df_error_message());
  }
}
#define assert_says(...) assert_message((const char* const[]){__VA_ARGS__, NULL})

#define assert_ok(call)                                                         \
  do {                                                                          \
    const df_status assert_status_ = (call);                                    \
    if (assert_status_ != DF_OK) fail_msg("%s: %s", #call, df_error_message()); \
  } while (0)

static inline void assert_close(double a, double b, double tolerance) {
  const double gap = a > b ? a - b : b - a;
  if (!(gap <= tolerance)) fail_msg("%.17g and %.17g differ by %.3g, more than %.3g", a, b, gap, tolerance);
}

#endif
