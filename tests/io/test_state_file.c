/* States of trainings: what is read is what was written, or nothing of it. */
#include "dynaflow/io/state_file.h"

#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "test_file.h"
#include "unit.h"

typedef struct content {
  double a[3];
  int64_t b[2];
  float c[1];
} content;

enum { ARRAYS = 3 };

static void list(content* c, df_state_array out[ARRAYS]) {
  out[0] = (df_state_array){"a", DF_F64, 3, c->a};
  out[1] = (df_state_array){"b", DF_I64, 2, c->b};
  out[2] = (df_state_array){"c", DF_F32, 1, c->c};
}

static const content written = {{1.5, -2, 1e300}, {INT64_MIN, 7}, {.1f}};

static const char* write_one(void) {
  const char* path = test_file("state");
  content c = written;
  df_state_array arrays[ARRAYS];
  list(&c, arrays);
  assert_int_equal(df_state_write(path, ARRAYS, arrays, "me"), DF_OK);
  return path;
}

/* reads into content of zeros, which a failure must leave as it is */
static df_status read_one(const char* path, const char* identity, df_state_check_fn check, content* c) {
  static const content zeros = {{0}, {0}, {0}};
  df_state_array arrays[ARRAYS];
  *c = zeros;
  list(c, arrays);
  const df_status status = df_state_read(path, ARRAYS, arrays, identity, check, "context");
  if (status != DF_OK) assert_memory_equal(c, &zeros, sizeof zeros);
  return status;
}

static void sizes_are_those_of_the_types(void** state) {
  (void)state;
  content c;
  df_state_array arrays[ARRAYS];
  list(&c, arrays);
  assert_int_equal(df_state_array_bytes(&arrays[0]), 24);
  assert_int_equal(df_state_array_bytes(&arrays[1]), 16);
  assert_int_equal(df_state_array_bytes(&arrays[2]), 4);
}

static void a_state_is_read_as_it_was_written(void** state) {
  (void)state;
  content c;
  assert_int_equal(read_one(write_one(), "me", NULL, &c), DF_OK);
  assert_memory_equal(c.a, written.a, sizeof c.a);
  assert_memory_equal(c.b, written.b, sizeof c.b);
  assert_memory_equal(c.c, written.c, sizeof c.c);
}

static void the_state_of_another_is_refused_with_its_name(void** state) {
  (void)state;
  content c;
  assert_int_equal(read_one(write_one(), "you", NULL, &c), DF_E_MISMATCH);
  assert_string_equal(df_error_message(), "the state of another training (me)");
}

/* every byte of the data, and of identity and checksum in the header */
static void a_changed_byte_is_noticed(void** state) {
  (void)state;
  const char* path = write_one();
  char* bytes;
  size_t n;
  content c;
  assert_int_equal(df_file_read(path, &bytes, &n), DF_OK);
  const size_t data = 24 + 16 + 4, me = (size_t)(strstr(bytes + 8, "\"me\"") - bytes) + 1;
  for (size_t at = n - data; at < n; at++) {
    bytes[at] ^= 16;
    assert_int_equal(df_file_write(path, bytes, n), DF_OK);
    assert_int_equal(read_one(path, "me", NULL, &c), DF_E_FORMAT);
    bytes[at] ^= 16;
  }
  bytes[me] = 'w'; /* "we" */
  assert_int_equal(df_file_write(path, bytes, n), DF_OK);
  assert_int_equal(read_one(path, "we", NULL, &c), DF_E_FORMAT);
  assert_string_equal(df_error_message(), "its content does not have its checksum");
  df_free(bytes);
}

static df_status refuse(const void* context, const df_state_array* copies) {
  assert_string_equal(context, "context");
  assert_int_equal(((const int64_t*)copies[1].data)[1], 7);
  return df_fail(DF_E_FORMAT, "it has a 7");
}

static void a_state_that_is_not_believed_changes_nothing(void** state) {
  (void)state;
  content c;
  assert_int_equal(read_one(write_one(), "me", refuse, &c), DF_E_FORMAT);
  assert_string_equal(df_error_message(), "it has a 7");
}

static void other_arrays_and_no_file_are_errors(void** state) {
  (void)state;
  const char* path = write_one();
  double a[4];
  const df_state_array longer = {"a", DF_F64, 4, a}, other = {"z", DF_F64, 1, a};
  assert_int_equal(df_state_read(path, 1, &longer, "me", NULL, NULL), DF_E_FORMAT);
  assert_int_equal(df_state_read(path, 1, &other, "me", NULL, NULL), DF_E_FORMAT);
  assert_int_equal(df_state_read("/nowhere/state", 1, &other, "me", NULL, NULL), DF_E_MISSING);
  df_state_array many[DF_STATE_ARRAYS_MAX + 1];
  assert_int_equal(df_state_write(path, DF_STATE_ARRAYS_MAX + 1, many, "me"), DF_E_ARG);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(sizes_are_those_of_the_types),
                                     cmocka_unit_test(a_state_is_read_as_it_was_written),
                                     cmocka_unit_test(the_state_of_another_is_refused_with_its_name),
                                     cmocka_unit_test(a_changed_byte_is_noticed),
                                     cmocka_unit_test(a_state_that_is_not_believed_changes_nothing),
                                     cmocka_unit_test(other_arrays_and_no_file_are_errors)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
