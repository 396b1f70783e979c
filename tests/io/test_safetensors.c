#include "data_test.h"
#include "dynaflow/io/safetensors.h"

static const float floats[] = {1.5f, -2, 3, 4, 5, 6};
static const double doubles[] = {0.1, 1e300};
static const int64_t integers[] = {INT64_MIN, INT64_MAX, 7};

static const df_named_tensor tensors[] = {
    {.name = "net.weight", .dtype = DF_F32, .rank = 2, .shape = {2, 3}, .data = floats},
    {.name = "mean", .dtype = DF_F64, .rank = 1, .shape = {2}, .data = doubles},
    {.name = "steps", .dtype = DF_I64, .rank = 1, .shape = {3}, .data = integers},
    {.name = "scalar", .dtype = DF_F32, .rank = 0, .data = floats},
    {.name = "empty", .dtype = DF_F32, .rank = 1, .shape = {0}},
};
static const df_text_pair metadata[] = {{"format", "dynaflow \"1\""}, {"task", "hop\xc3\xa9r\n"}};
enum { TENSORS = sizeof tensors / sizeof *tensors, PAIRS = sizeof metadata / sizeof *metadata };

static void write_sample(void) {
  assert_ok(df_safetensors_write(scratch_path, TENSORS, tensors, PAIRS, metadata));
}

/* a file with a given header and n zero bytes of data */
static void write_header(const char* header, size_t n) {
  char bytes[1024] = {0};
  const uint64_t length = strlen(header);
  memcpy(bytes, &length, 8);
  memcpy(bytes + 8, header, length);
  scratch_put(bytes, 8 + length + n);
}

static void what_is_written_is_read_back(void** state) {
  (void)state;
  write_sample();
  df_safetensors* file;
  assert_ok(df_safetensors_open(scratch_path, &file));
  float f[6];
  double d[2];
  int64_t n[3];
  assert_ok(df_safetensors_read(file, "net.weight", DF_F32, 2, (const size_t[]){2, 3}, f));
  assert_memory_equal(f, floats, sizeof f);
  assert_ok(df_safetensors_read(file, "mean", DF_F64, 1, (const size_t[]){2}, d));
  assert_memory_equal(d, doubles, sizeof d);
  assert_ok(df_safetensors_read(file, "steps", DF_I64, 1, (const size_t[]){3}, n));
  assert_memory_equal(n, integers, sizeof n);
  assert_ok(df_safetensors_read(file, "scalar", DF_F32, 0, NULL, f));
  assert_true(f[0] == 1.5f);
  assert_ok(df_safetensors_read(file, "empty", DF_F32, 1, (const size_t[]){0}, f));
  assert_string_equal(df_safetensors_metadata(file, "format"), metadata[0].value);
  assert_string_equal(df_safetensors_metadata(file, "task"), metadata[1].value);
  assert_null(df_safetensors_metadata(file, "none"));
  df_safetensors_close(file);
}

/* The sum of a file is that of what was written, whatever the order. Other names or shapes of the same data have
 * another one. */
static void a_sum_is_of_names_shapes_and_every_byte(void** state) {
  (void)state;
  char sum[DF_SHA256_TEXT], found[DF_SHA256_TEXT], each[3][DF_SHA256_TEXT], lines[512];
  write_sample();
  df_safetensors* file;
  assert_ok(df_safetensors_open(scratch_path, &file));
  assert_ok(df_safetensors_sum(TENSORS, tensors, sum));
  assert_ok(df_safetensors_file_sum(file, found));
  assert_string_equal(sum, found);
  df_safetensors_close(file);
  /* by hand, of two: "mean" before "net.weight" */
  assert_ok(df_sha256(floats, sizeof floats, each[0]));
  assert_ok(df_sha256(doubles, sizeof doubles, each[1]));
  snprintf(lines, sizeof lines, "mean F64 [2] %s\nnet.weight F32 [2,3] %s\n", each[1], each[0]);
  assert_ok(df_sha256(lines, strlen(lines), each[2]));
  assert_ok(df_safetensors_sum(2, tensors, sum));
  assert_string_equal(sum, each[2]);
  const df_named_tensor turned[] = {tensors[1], tensors[0]};
  assert_ok(df_safetensors_sum(2, turned, found));
  assert_string_equal(sum, found);
  /* two tensors of one shape under each other's name, and one of another shape */
  const df_named_tensor a = {.name = "a", .dtype = DF_F64, .rank = 1, .shape = {1}, .data = &doubles[0]},
                        b = {.name = "b", .dtype = DF_F64, .rank = 1, .shape = {1}, .data = &doubles[1]};
  df_named_tensor pair[] = {a, b};
  assert_ok(df_safetensors_sum(2, pair, sum));
  pair[0].data = b.data;
  pair[1].data = a.data;
  assert_ok(df_safetensors_sum(2, pair, found));
  assert_string_not_equal(sum, found);
  pair[0] = a;
  pair[1] = b;
  pair[1].rank = 2;
  pair[1].shape[1] = 1;
  assert_ok(df_safetensors_sum(2, pair, found));
  assert_string_not_equal(sum, found);
}

/* a file with a checksum is believed if it is that of its tensors; one without it passes */
static void a_file_is_checked_against_its_own_sum(void** state) {
  (void)state;
  char sum[DF_SHA256_TEXT];
  const df_named_tensor one = {.name = "w", .dtype = DF_F32, .rank = 1, .shape = {2}, .data = floats};
  assert_ok(df_safetensors_sum(1, &one, sum));
  static const struct {
    int pairs;
    bool spoilt;
    df_status wanted;
  } cases[] = {{1, false, DF_OK}, {1, true, DF_E_FORMAT}, {0, false, DF_OK}, {0, true, DF_OK}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const df_text_pair pair = {DF_TENSORS_SUM_KEY, sum};
    assert_ok(df_safetensors_write(scratch_path, 1, &one, cases[i].pairs, &pair));
    char* bytes;
    size_t n;
    assert_ok(df_file_read(scratch_path, &bytes, &n));
    if (cases[i].spoilt) bytes[n - 3] ^= 1;
    assert_ok(df_file_write(scratch_path, bytes, n));
    df_free(bytes);
    df_safetensors* file;
    assert_ok(df_safetensors_open(scratch_path, &file));
    assert_int_equal(df_safetensors_check_sum(file, "here"), cases[i].wanted);
    if (cases[i].wanted != DF_OK) assert_non_null(strstr(df_error_message(), "here: damaged: its tensors"));
    df_safetensors_close(file);
  }
}

/* the layout of the format's specification: length, JSON padded with spaces to 8 bytes, tensors without gaps */
static void the_layout_is_that_of_the_format(void** state) {
  (void)state;
  const df_named_tensor one = {.name = "w", .dtype = DF_F32, .rank = 1, .shape = {2}, .data = floats};
  assert_ok(df_safetensors_write(scratch_path, 1, &one, 0, NULL));
  char* bytes;
  size_t n;
  assert_ok(df_file_read(scratch_path, &bytes, &n));
  static const char header[] = "{\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}";
  const size_t padded = (strlen(header) + 7) / 8 * 8;
  assert_int_equal(n, 8 + padded + 8);
  uint64_t length;
  memcpy(&length, bytes, 8);
  assert_int_equal(length, padded);
  assert_memory_equal(bytes + 8, header, strlen(header));
  for (size_t i = strlen(header); i < padded; i++) assert_int_equal(bytes[8 + i], ' ');
  assert_memory_equal(bytes + 8 + padded, floats, 8);
  df_free(bytes);
}

static void the_same_content_gives_the_same_bytes(void** state) {
  (void)state;
  char *first, *second;
  size_t n, m;
  write_sample();
  assert_ok(df_file_read(scratch_path, &first, &n));
  write_sample();
  assert_ok(df_file_read(scratch_path, &second, &m));
  assert_int_equal(n, m);
  assert_memory_equal(first, second, n);
  df_free(first);
  df_free(second);
}

static void another_type_or_shape_is_refused_with_both(void** state) {
  (void)state;
  write_sample();
  df_safetensors* file;
  double out[6];
  assert_ok(df_safetensors_open(scratch_path, &file));
  assert_int_equal(df_safetensors_read(file, "net.weight", DF_F32, 2, (const size_t[]){3, 2}, out), DF_E_MISMATCH);
  assert_says(scratch_path, "'net.weight'", "[2,3]", "[3,2]");
  assert_int_equal(df_safetensors_read(file, "net.weight", DF_F64, 2, (const size_t[]){2, 3}, out), DF_E_MISMATCH);
  assert_says("F32", "F64");
  assert_int_equal(df_safetensors_read(file, "net.weight", DF_F32, 1, (const size_t[]){6}, out), DF_E_MISMATCH);
  assert_int_equal(df_safetensors_read(file, "net", DF_F32, 1, (const size_t[]){6}, out), DF_E_MISMATCH);
  assert_says(scratch_path, "'net'");
  df_safetensors_close(file);
}

static void a_malformed_header_is_refused_by_name(void** state) {
  (void)state;
  static const struct {
    const char* header;
    size_t data;
    const char* says;
  } cases[] = {
      {"", 0, "not a JSON object"},
      {" {}", 0, "not a JSON object"},
      {"[]", 0, "not a JSON object"},
      {"{", 0, "header"},
      {"{}x", 0, "header"},
      {"{}", 4, "4 bytes of tensors"},
      {"{\"w\":1}", 0, "'w'"},
      {"{\"w\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, "'w'"},
      {"{\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"x\":1}}", 4, "nothing else"},
      {"{\"w\":{\"dtype\":\"BF16\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4, "'BF16'"},
      {"{\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4, "differ"},
      {"{\"w\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}", 4, "bad shape"},
      {"{\"w\":{\"dtype\":\"F32\",\"shape\":[1.0],\"data_offsets\":[0,4]}}", 4, "bad shape"},
      {"{\"w\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1],\"data_offsets\":[0,4]}}", 4, "4 dimensions"},
      {"{\"w\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,8],\"data_offsets\":[0,4]}}", 4, "too large"},
      {"{\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]}}", 4, "data_offsets"},
      {"{\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,8]}}", 4, "data_offsets"},
      {"{\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", 4, "truncated"},
      {"{\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", 8, "gap"},
      {"{\"v\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
       "\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}",
       4, "overlap"},
      {"{\"w\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]},"
       "\"w\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}}",
       0, "duplicate"},
      {"{\"__metadata__\":1}", 0, "__metadata__"},
      {"{\"__metadata__\":{\"a\":1}}", 0, "'a'"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    df_safetensors* file;
    write_header(cases[i].header, cases[i].data);
    if (df_safetensors_open(scratch_path, &file) != DF_E_FORMAT) fail_msg("accepted: %s", cases[i].header);
    assert_says(scratch_path, cases[i].says);
    assert_null(file);
  }
}

static void files_that_others_write_are_read(void** state) {
  (void)state;
  df_safetensors* file;
  float w = 1;
  write_header("{\"w\":{\"shape\":[1],\"data_offsets\":[0,4],\"dtype\":\"F32\"},\"__metadata__\":{}}   ", 4);
  assert_ok(df_safetensors_open(scratch_path, &file));
  assert_ok(df_safetensors_read(file, "w", DF_F32, 1, (const size_t[]){1}, &w));
  assert_true(w == 0);
  df_safetensors_close(file);
  write_header("{}", 0);
  assert_ok(df_safetensors_open(scratch_path, &file));
  df_safetensors_close(file);
}

static void no_truncated_or_flipped_file_is_a_fault(void** state) {
  (void)state;
  char* bytes;
  size_t n;
  write_sample();
  assert_ok(df_file_read(scratch_path, &bytes, &n));
  df_safetensors* file;
  for (size_t length = 0; length < n; length++) {
    scratch_put(bytes, length);
    assert_int_equal(df_safetensors_open(scratch_path, &file), DF_E_FORMAT);
  }
  uint64_t header;
  memcpy(&header, bytes, 8);
  for (size_t at = 0; at < 8 + header; at++) {
    const char kept = bytes[at];
    bytes[at] = (char)(kept ^ (1 << (at % 8)));
    scratch_put(bytes, n);
    if (df_safetensors_open(scratch_path, &file) == DF_OK) {
      float f[6];
      (void)(df_safetensors_read(file, "net.weight", DF_F32, 2, (const size_t[]){2, 3}, f) == DF_OK);
      df_safetensors_close(file);
    }
    bytes[at] = kept;
  }
  df_free(bytes);
}

static void bad_tensors_are_not_written(void** state) {
  (void)state;
  df_named_tensor two[] = {tensors[0], tensors[0]};
  assert_int_equal(df_safetensors_write(scratch_path, 2, two, 0, NULL), DF_E_ARG);
  assert_says(scratch_path, "'net.weight'");
  two[0].rank = 5;
  assert_int_equal(df_safetensors_write(scratch_path, 1, two, 0, NULL), DF_E_ARG);
  two[0] = tensors[0];
  two[0].data = NULL;
  assert_int_equal(df_safetensors_write(scratch_path, 1, two, 0, NULL), DF_E_ARG);
  two[0] = tensors[0];
  two[0].name = "__metadata__";
  assert_int_equal(df_safetensors_write(scratch_path, 1, two, 0, NULL), DF_E_ARG);
  const df_text_pair twice[] = {{"k", "a"}, {"k", "b"}}, latin = {"k", "\xe9"};
  assert_int_equal(df_safetensors_write(scratch_path, 0, NULL, 2, twice), DF_E_ARG);
  assert_says("'k'");
  assert_int_equal(df_safetensors_write(scratch_path, 0, NULL, 1, &latin), DF_E_ARG);
  assert_says("'k'", "UTF-8");
  for (int k = 0; k < 2; k++) {
    const df_text_pair half[] = {{"k", "a"}, {k ? "l" : NULL, k ? NULL : "b"}};
    assert_int_equal(df_safetensors_write(scratch_path, 0, NULL, 2, half), DF_E_ARG);
    assert_says(scratch_path, "metadata pair 1 has no key or no value");
  }
  assert_false(df_file_exists(scratch_path));
}

static void a_failed_allocation_leaks_nothing(void** state) {
  (void)state;
  df_alloc_fail_at(1);
  assert_int_equal(df_safetensors_write(scratch_path, TENSORS, tensors, PAIRS, metadata), DF_E_NOMEM);
  assert_false(df_file_exists(scratch_path));
  df_alloc_fail_at(0);
  write_sample();
  df_status status = DF_E_NOMEM;
  for (size_t n = 1; status != DF_OK; n++) {
    assert_true(n < 50);
    df_safetensors* file;
    df_alloc_fail_at(n);
    status = df_safetensors_open(scratch_path, &file);
    df_alloc_fail_at(0);
    assert_true(status == DF_OK || status == DF_E_NOMEM);
    df_safetensors_close(file);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      IN_SCRATCH(what_is_written_is_read_back),
      IN_SCRATCH(a_sum_is_of_names_shapes_and_every_byte),
      IN_SCRATCH(a_file_is_checked_against_its_own_sum),
      IN_SCRATCH(the_layout_is_that_of_the_format),
      IN_SCRATCH(the_same_content_gives_the_same_bytes),
      IN_SCRATCH(another_type_or_shape_is_refused_with_both),
      IN_SCRATCH(a_malformed_header_is_refused_by_name),
      IN_SCRATCH(files_that_others_write_are_read),
      IN_SCRATCH(no_truncated_or_flipped_file_is_a_fault),
      IN_SCRATCH(bad_tensors_are_not_written),
      IN_SCRATCH(a_failed_allocation_leaks_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
