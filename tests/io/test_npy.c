#include "data_test.h"
#include "npy.h"

/* an array of format version 1: preamble with the length of the given header, header, elements */
static size_t make_npy(unsigned char* out, const char* header, const void* elements, size_t n) {
  const size_t length = strlen(header);
  memcpy(out, "\x93NUMPY\x01\x00", 8);
  out[8] = (unsigned char)length;
  out[9] = (unsigned char)(length >> 8);
  memcpy(out + 10, header, length);
  if (n > 0) memcpy(out + 10 + length, elements, n);
  return 10 + length + n;
}

static df_status parse(const char* header, const void* elements, size_t n, df_array* out) {
  static unsigned char bytes[1 << 14];
  df_npy npy;
  memset(out, 0, sizeof *out);
  const df_status status = df_npy_parse(bytes, make_npy(bytes, header, elements, n), "some/file", "some_key", &npy);
  return status == DF_OK ? df_npy_values(&npy, "some/file", "some_key", out) : status;
}

/* the output of numpy 1.26 for numpy.save(f, numpy.array([[1, -2], [0.5, 3]])), whose header has 128 bytes; typed by
 * hand */
static void the_bytes_that_numpy_writes_are_read_and_written(void** state) {
  (void)state;
  unsigned char expected[128 + 32];
  memset(expected, ' ', 128);
  memcpy(expected, "\x93NUMPY\x01\x00\x76\x00{'descr': '<f8', 'fortran_order': False, 'shape': (2, 2), }", 69);
  expected[127] = '\n';
  memcpy(expected + 128,
         "\x00\x00\x00\x00\x00\x00\xf0\x3f\x00\x00\x00\x00\x00\x00\x00\xc0"
         "\x00\x00\x00\x00\x00\x00\xe0\x3f\x00\x00\x00\x00\x00\x00\x08\x40",
         32);
  df_npy npy;
  df_array a;
  assert_ok(df_npy_parse(expected, sizeof expected, "f", "k", &npy));
  assert_ok(df_npy_values(&npy, "f", "k", &a));
  assert_int_equal(a.rank, 2);
  assert_int_equal(a.shape[0], 2);
  assert_int_equal(a.shape[1], 2);
  const double values[] = {1, -2, 0.5, 3};
  assert_memory_equal(a.values, values, sizeof values);
  df_array_clear(&a);

  unsigned char* bytes;
  size_t n;
  const df_npz_entry entry = {.key = "k", .rank = 2, .shape = {2, 2}, .values = values};
  assert_ok(df_npy_format(&entry, "f", &bytes, &n));
  assert_int_equal(n, sizeof expected);
  assert_memory_equal(bytes, expected, n);
  df_free(bytes);
}

/* a byte of a bool is false or true, also one that numpy does not write */
static void any_byte_of_a_bool_is_true_but_0(void** state) {
  (void)state;
  df_array a;
  assert_ok(parse("{'descr': '|b1', 'fortran_order': False, 'shape': (4,), }\n", "\x00\x01\x02\xff", 4, &a));
  assert_memory_equal(a.values, ((const double[]){0, 1, 1, 1}), 4 * sizeof(double));
  df_array_clear(&a);
}

static void the_elements_begin_at_a_multiple_of_64(void** state) {
  (void)state;
  const double values[1] = {1};
  for (int rank = 0; rank <= DF_NPZ_MAX_RANK; rank++) {
    df_npz_entry entry = {.key = "k", .rank = rank, .values = values};
    for (int i = 0; i < rank; i++) entry.shape[i] = 1;
    unsigned char* bytes;
    size_t n;
    assert_ok(df_npy_format(&entry, "f", &bytes, &n));
    assert_int_equal((n - 8) % 64, 0);
    assert_int_equal(bytes[n - 9], '\n');
    df_npy npy;
    assert_ok(df_npy_parse(bytes, n, "f", "k", &npy));
    assert_int_equal(npy.rank, rank);
    assert_int_equal(npy.count, 1);
    df_free(bytes);
  }
}

static void every_numeric_dtype_is_converted(void** state) {
  (void)state;
  static const struct {
    const char *descr, *bytes;
    size_t n;
    double value;
  } cases[] = {{"<f8", "\x00\x00\x00\x00\x00\x00\x04\xc0", 8, -2.5},
               {"<f4", "\x00\x00\x20\xc0", 4, -2.5},
               {"|i1", "\xff", 1, -1},
               {"<i1", "\x80", 1, -128},
               {"<i2", "\xfe\xff", 2, -2},
               {"<i4", "\xfd\xff\xff\xff", 4, -3},
               {"<i8", "\xfc\xff\xff\xff\xff\xff\xff\xff", 8, -4},
               {"|u1", "\xff", 1, 255},
               {"<u2", "\xff\xff", 2, 65535},
               {"<u4", "\xff\xff\xff\xff", 4, 4294967295.0},
               {"<u8", "\x00\x00\x00\x00\x00\x00\x20\x00", 8, 9007199254740992.0},
               {"|b1", "\x01", 1, 1},
               /* big-endian */
               {">f8", "\xc0\x04\x00\x00\x00\x00\x00\x00", 8, -2.5},
               {">f4", "\xc0\x20\x00\x00", 4, -2.5},
               {">i2", "\xff\xfe", 2, -2},
               {">u4", "\x00\x00\x01\x00", 4, 256},
               /* half precision: 1/3, the largest, the smallest normal and subnormal numbers, infinity */
               {"<f2", "\x55\x35", 2, 0.333251953125},
               {">f2", "\x35\x55", 2, 0.333251953125},
               {"<f2", "\xff\xfb", 2, -65504},
               {"<f2", "\x00\x04", 2, 6.103515625e-05},
               {"<f2", "\x01\x80", 2, -5.9604644775390625e-08},
               {"<f2", "\x00\xfc", 2, (double)-INFINITY}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char header[100];
    snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': False, 'shape': (), }", cases[i].descr);
    df_array a;
    assert_ok(parse(header, cases[i].bytes, cases[i].n, &a));
    assert_int_equal(a.rank, 0);
    assert_true(a.values[0] == cases[i].value);
    df_array_clear(&a);
  }
}

static void a_half_that_is_no_number_stays_none(void** state) {
  (void)state;
  df_array a;
  assert_ok(parse("{'descr': '<f2', 'fortran_order': False, 'shape': (2,), }", "\x01\x7c\x00\xfe", 4, &a));
  assert_true(isnan(a.values[0]) && isnan(a.values[1]));
  df_array_clear(&a);
}

static void fortran_order_is_turned_into_row_major(void** state) {
  (void)state;
  /* a[i][j][k] = 100 i + 10 j + k, stored with i fastest */
  double stored[2 * 3 * 4];
  for (int k = 0, at = 0; k < 4; k++) {
    for (int j = 0; j < 3; j++) {
      for (int i = 0; i < 2; i++) stored[at++] = 100 * i + 10 * j + k;
    }
  }
  df_array a;
  assert_ok(parse("{'descr': '<f8', 'fortran_order': True, 'shape': (2, 3, 4), }", stored, sizeof stored, &a));
  for (int i = 0, at = 0; i < 2; i++) {
    for (int j = 0; j < 3; j++) {
      for (int k = 0; k < 4; k++) assert_true(a.values[at++] == 100 * i + 10 * j + k);
    }
  }
  df_array_clear(&a);
}

static void unusual_spellings_of_a_header_are_read(void** state) {
  (void)state;
  static const char* const headers[] = {
      "{\"shape\":(3L,),\"fortran_order\":False,\"descr\":\"<f8\"}",
      "  {'descr': '<f8', 'fortran_order': False, 'shape': (3,)}   \n",
      "{'descr': '<f8', 'fortran_order': True, 'shape': (3,), }",
      "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 3), }",
  };
  const double values[] = {1, 2, 3};
  for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
    df_array a;
    assert_ok(parse(headers[i], values, sizeof values, &a));
    assert_int_equal(a.count, 3);
    assert_memory_equal(a.values, values, sizeof values);
    df_array_clear(&a);
  }
}

static void versions_2_and_3_have_a_longer_length(void** state) {
  (void)state;
  const char* header = "{'descr': '|u1', 'fortran_order': False, 'shape': (1,)}";
  for (unsigned char major = 1; major <= 4; major++) {
    unsigned char bytes[200] = "\x93NUMPY";
    bytes[6] = major;
    bytes[8] = (unsigned char)strlen(header);
    const size_t start = major == 1 ? 10 : 12;
    memcpy(bytes + start, header, strlen(header));
    df_npy npy;
    const df_status status = df_npy_parse(bytes, start + strlen(header) + 1, "f", "k", &npy);
    assert_int_equal(status, major <= 3 ? DF_OK : DF_E_FORMAT);
  }
  assert_says("f", "k", "version 4.0");
  /* the second number of a version, the longest header, and one byte more, by the three lowest bytes of its length */
  unsigned char bytes[12] = "\x93NUMPY\x05\x09";
  df_npy npy;
  assert_int_equal(df_npy_parse(bytes, sizeof bytes, "f", "k", &npy), DF_E_FORMAT);
  assert_string_equal(df_error_message(), "f: array 'k': format version 5.9 is not supported");
  static const struct {
    unsigned char length[3];
    const char* says;
  } cases[] = {{{0x10, 0x27, 0}, "f: array 'k': truncated header"},
               {{0x11, 0x27, 0}, "f: array 'k': header of 10001 bytes, at most 10000 are supported"},
               {{0x03, 0x02, 0x01}, "f: array 'k': header of 66051 bytes, at most 10000 are supported"}};
  bytes[6] = 2;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    memcpy(bytes + 8, cases[i].length, 3);
    assert_int_equal(df_npy_parse(bytes, sizeof bytes, "f", "k", &npy), DF_E_FORMAT);
    assert_string_equal(df_error_message(), cases[i].says);
  }
}

static void the_number_of_bytes_is_that_of_the_shape(void** state) {
  (void)state;
  const double values[5] = {0};
  for (size_t n = 24; n <= 40; n += 8) {
    unsigned char bytes[300];
    char says[120];
    df_npy npy;
    const size_t size = make_npy(bytes, "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 2), }", values, n);
    snprintf(says, sizeof says, "%s: %zu bytes of elements, shape and dtype need 32", n < 32 ? "truncated" : "too long",
             n);
    assert_int_equal(df_npy_parse(bytes, size, "f", "k", &npy), n == 32 ? DF_OK : DF_E_FORMAT);
    if (n != 32) assert_says("f: array 'k': ", says);
  }
}

static void what_is_wrong_is_refused_by_name(void** state) {
  (void)state;
  static const struct {
    const char *header, *says;
  } cases[] = {
      {"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }",
       "'|O' (pickled Python objects) is not supported; save the numbers with numpy.asarray(values, dtype=float), or "
       "convert the file with docs/examples/convert.py"},
      {"{'descr': '<c16', 'fortran_order': False, 'shape': (1,), }",
       "'<c16' is complex, which is not supported; save the real and the imaginary part as two arrays"},
      {"{'descr': '<f16', 'fortran_order': False, 'shape': (1,), }", "'<f16'"},
      {"{'descr': '<M8[s]', 'fortran_order': False, 'shape': (1,), }", "'<M8[s]'"},
      {"{'descr': '|f8', 'fortran_order': False, 'shape': (1,), }", "'|f8'"},
      {"{'descr': 'f8', 'fortran_order': False, 'shape': (1,), }", "'f8'"},
      {"{'descr': '', 'fortran_order': False, 'shape': (1,), }", "''"},
      {"{'descr': '<U', 'fortran_order': False, 'shape': (1,), }", "'<U'"},
      {"{'descr': '<U9999999999', 'fortran_order': False, 'shape': (1,), }", "'<U9999999999'"},
      {"{'descr': [('x', '<f8')], 'fortran_order': False, 'shape': (1,), }",
       "a structured dtype is not supported; save each field as an array"},
      {"{'descr': [('x]', '<f8'), ('y', [('z', '<f8')])], 'fortran_order': 0}", "'fortran_order'"},
      {"{'descr': [('x', '<f8'), 'fortran_order': False, 'shape': (1,), }", "'descr' has no end"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (1), }", "not a tuple"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }", "truncated: 8 bytes"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", "too long: 8 bytes"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (-1,), }", "'shape'"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (1 1), }", "comma"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (,), }", "'shape'"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (18446744073709551616,), }", "'shape'"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296, 4294967296), }", "shape too large"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (2305843009213693952,), }", "shape too large"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1), }", "more than 8 dimensions"},
      {"{'descr': '<f8', 'fortran_order': 0, 'shape': (1,), }", "'fortran_order'"},
      {"{'descr': '<f8', 'shape': (1,), }", "missing"},
      {"{'descr': '<f8', 'descr': '<f8', 'fortran_order': False, 'shape': (1,), }", "'descr' twice"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (1,), 'extra': 1}", "'extra'"},
      {"{'descr': '<f8' 'fortran_order': False, 'shape': (1,)}", "',' expected"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (1,), } x", "text after"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (1,), ", "a key is not a string"},
      {"{'descr': '<f8", "'descr'"},
      {"", "'{' expected"},
  };
  const double one = 1;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    df_array a;
    assert_int_equal(parse(cases[i].header, &one, sizeof one, &a), DF_E_FORMAT);
    assert_says("some/file", "some_key", cases[i].says);
    assert_null(a.values);
  }
}

static void an_integer_that_no_double_holds_is_refused(void** state) {
  (void)state;
  const int64_t values[] = {1, INT64_C(9007199254740993)};
  df_array a;
  assert_int_equal(parse("{'descr': '<i8', 'fortran_order': False, 'shape': (2,), }", values, sizeof values, &a),
                   DF_E_FORMAT);
  assert_says("some_key", "position 1");
}

static void an_empty_array_is_read(void** state) {
  (void)state;
  df_array a;
  assert_ok(parse("{'descr': '<f8', 'fortran_order': True, 'shape': (0, 3), }", NULL, 0, &a));
  assert_int_equal(a.count, 0);
  assert_int_equal(a.shape[1], 3);
  df_array_clear(&a);
}

static void text_survives_in_utf_32(void** state) {
  (void)state;
  static const char* const texts[] = {"", "a", "gait.trot,command.vx", "\xc3\xa9\xe2\x82\xac\xf0\x9d\x84\x9e"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    const df_npz_entry entry = {.key = "k", .kind = DF_NPZ_TEXT, .text = texts[i]};
    unsigned char* bytes;
    size_t n;
    df_npy npy;
    char* text;
    assert_ok(df_npy_format(&entry, "f", &bytes, &n));
    assert_ok(df_npy_parse(bytes, n, "f", "k", &npy));
    assert_ok(df_npy_text(&npy, "f", "k", &text));
    assert_string_equal(text, texts[i]);
    df_free(text);
    df_free(bytes);
  }
  static const char* const broken[] = {"\xff", "\xc3", "a\x80", "\xf8\x80\x80\x80\x80", "\xe2\x82"};
  for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
    const df_npz_entry entry = {.key = "k", .kind = DF_NPZ_TEXT, .text = broken[i]};
    unsigned char* bytes;
    size_t n;
    assert_int_equal(df_npy_format(&entry, "f", &bytes, &n), DF_E_ARG);
  }
}

/* numpy.array(["hip", "knee"]) of both byte orders, and as bytes */
static void a_list_of_texts_becomes_lines(void** state) {
  (void)state;
  static const struct {
    const char* header;
    const char* elements;
    size_t n;
  } cases[] = {{"{'descr': '<U2', 'fortran_order': False, 'shape': (2,), }", "a\0\0\0b\0\0\0\xe9\0\0\0\0\0\0\0", 16},
               {"{'descr': '>U2', 'fortran_order': False, 'shape': (2,), }", "\0\0\0a\0\0\0b\0\0\0\xe9\0\0\0\0", 16},
               {"{'descr': '|S2', 'fortran_order': False, 'shape': (2,), }", "abc\0", 4}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    unsigned char bytes[200];
    df_npy npy;
    char* text;
    const size_t n = make_npy(bytes, cases[i].header, cases[i].elements, cases[i].n);
    assert_ok(df_npy_parse(bytes, n, "f", "k", &npy));
    assert_ok(df_npy_text(&npy, "f", "k", &text));
    assert_string_equal(text, i < 2 ? "ab\n\xc3\xa9" : "ab\nc");
    df_free(text);
  }
  unsigned char bytes[200];
  df_npy npy;
  char* text;
  const char* header = "{'descr': '|S2', 'fortran_order': False, 'shape': (2,), }";
  assert_ok(df_npy_parse(bytes, make_npy(bytes, header, "a\0b\n", 4), "f", "k", &npy));
  assert_int_equal(df_npy_text(&npy, "f", "k", &text), DF_E_FORMAT);
  assert_says("f", "k", "text 1 contains a line break");
  assert_ok(df_npy_parse(bytes, make_npy(bytes, header, "a\0b\xe9", 4), "f", "k", &npy));
  assert_int_equal(df_npy_text(&npy, "f", "k", &text), DF_E_FORMAT);
  assert_says("f", "k", "character 1");
  /* as many as the header claims */
  header = "{'descr': '<U0', 'fortran_order': False, 'shape': (1152921504606846976,), }";
  assert_ok(df_npy_parse(bytes, make_npy(bytes, header, "", 0), "f", "k", &npy));
  assert_int_equal(df_npy_text(&npy, "f", "k", &text), DF_E_FORMAT);
  assert_says("f", "k", "1152921504606846976 strings of 0 bytes");
}

static void text_and_numbers_are_not_taken_for_each_other(void** state) {
  (void)state;
  unsigned char bytes[300];
  df_npy npy;
  df_array a;
  char* text;
  size_t n = make_npy(bytes, "{'descr': '<U1', 'fortran_order': False, 'shape': (), }", "a\0\0", 4);
  assert_ok(df_npy_parse(bytes, n, "f", "k", &npy));
  assert_int_equal(df_npy_values(&npy, "f", "k", &a), DF_E_FORMAT);
  n = make_npy(bytes, "{'descr': '|u1', 'fortran_order': False, 'shape': (), }", "a", 1);
  assert_ok(df_npy_parse(bytes, n, "f", "k", &npy));
  assert_int_equal(df_npy_text(&npy, "f", "k", &text), DF_E_FORMAT);
  n = make_npy(bytes, "{'descr': '<U1', 'fortran_order': False, 'shape': (), }", "\0\0\x11", 4);
  assert_ok(df_npy_parse(bytes, n, "f", "k", &npy));
  assert_int_equal(df_npy_text(&npy, "f", "k", &text), DF_E_FORMAT);
  n = make_npy(bytes, "{'descr': '|S3', 'fortran_order': False, 'shape': (), }", "ab\x80", 3);
  assert_ok(df_npy_parse(bytes, n, "f", "k", &npy));
  assert_int_equal(df_npy_text(&npy, "f", "k", &text), DF_E_FORMAT);
  assert_string_equal(df_error_message(), "f: array 'k': character 2 is not a Unicode code point");
}

/* every truncation and every value of every header byte gives an error or an array, never a fault (for sanitizers) */
static void no_truncated_or_flipped_header_is_a_fault(void** state) {
  (void)state;
  unsigned char bytes[300];
  const double values[] = {1, 2, 3, 4};
  const size_t n = make_npy(bytes, "{'descr': '<f8', 'fortran_order': True, 'shape': (2, 2), }", values, sizeof values);
  df_npy npy;
  df_array a;
  for (size_t length = 0; length < n; length++) {
    unsigned char* exact = malloc(length + 1); /* a block of its own, so that sanitizers detect a read beyond it */
    assert_non_null(exact);
    memcpy(exact + 1, bytes, length);
    assert_int_equal(df_npy_parse(exact + 1, length, "f", "k", &npy), DF_E_FORMAT);
    free(exact);
  }
  int accepted = 0;
  for (size_t at = 0; at < n - sizeof values; at++) {
    const unsigned char kept = bytes[at];
    for (int value = 0; value < 256; value++) {
      bytes[at] = (unsigned char)value;
      if (df_npy_parse(bytes, n, "f", "k", &npy) != DF_OK) continue;
      if (df_npy_values(&npy, "f", "k", &a) == DF_OK) accepted++;
      df_array_clear(&a);
    }
    bytes[at] = kept;
  }
  assert_true(accepted > (int)(n - sizeof values)); /* includes the unchanged bytes */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_bytes_that_numpy_writes_are_read_and_written),
      cmocka_unit_test(any_byte_of_a_bool_is_true_but_0),
      cmocka_unit_test(the_elements_begin_at_a_multiple_of_64),
      cmocka_unit_test(every_numeric_dtype_is_converted),
      cmocka_unit_test(a_half_that_is_no_number_stays_none),
      cmocka_unit_test(fortran_order_is_turned_into_row_major),
      cmocka_unit_test(unusual_spellings_of_a_header_are_read),
      cmocka_unit_test(versions_2_and_3_have_a_longer_length),
      cmocka_unit_test(the_number_of_bytes_is_that_of_the_shape),
      cmocka_unit_test(what_is_wrong_is_refused_by_name),
      cmocka_unit_test(an_integer_that_no_double_holds_is_refused),
      cmocka_unit_test(an_empty_array_is_read),
      cmocka_unit_test(text_survives_in_utf_32),
      cmocka_unit_test(a_list_of_texts_becomes_lines),
      cmocka_unit_test(text_and_numbers_are_not_taken_for_each_other),
      cmocka_unit_test(no_truncated_or_flipped_header_is_a_fault),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
