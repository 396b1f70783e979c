/* Which models are the same: by the compiled model, else by all files under one MuJoCo. */
#include <stdio.h>
#include <string.h>

#include "dynaflow/core/model_identity.h"
#include "unit.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define C "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"

static const char one[] = A "  m.xml\n";
static const char two[] = A "  m.xml\n" B "  parts/arm.xml\n";
static const char heavy[] = A "  m.xml\n" C "  parts/arm.xml\n";
static const char many[] = B "  m.xml\n" B "  a\n" B "  b\n" B "  c\n" B "  d\n" B "  parts/arm.xml\n";

static void expect(const df_model_identity* recorded, const df_model_identity* here, df_model_match match,
                   const char* wanted) {
  char clause[512];
  const df_model_match found = df_model_compare(recorded, here, clause, sizeof clause);
  if (found != match) fail_msg("match %d, not %d: %s", found, match, clause);
  assert_string_equal(clause, wanted);
}

static void a_list_of_one_file_has_the_hash_of_the_file(void** state) {
  (void)state;
  char sum[DF_SHA256_TEXT], other[DF_SHA256_TEXT];
  assert_int_equal(df_model_files_sha256(one, sum), DF_OK);
  assert_string_equal(sum, A);
  assert_int_equal(df_model_files_sha256(two, sum), DF_OK);
  assert_int_equal(df_sha256(two, strlen(two), other), DF_OK);
  assert_string_equal(sum, other);
  assert_int_equal(df_model_files_sha256("", sum), DF_E_ARG);
}

static void equal_compiled_models_are_the_same_whatever_the_files(void** state) {
  (void)state;
  expect(&(df_model_identity){two, "f", C, "3.17.0"}, &(df_model_identity){heavy, "g", C, "4.0.1"}, DF_MODEL_SAME, "");
  expect(&(df_model_identity){.compiled = C}, &(df_model_identity){heavy, "g", C, "4.0.1"}, DF_MODEL_SAME, "");
}

static void equal_files_are_the_same_under_one_mujoco(void** state) {
  (void)state;
  const df_model_identity here = {two, "f", C, "3.17.0"};
  expect(&(df_model_identity){two, "f", B, "3.17.0"}, &here, DF_MODEL_SAME, "");
  expect(&(df_model_identity){NULL, "F", NULL, NULL}, &here, DF_MODEL_SAME, "");
  expect(&(df_model_identity){two, "f", B, "3.16.0"}, &here, DF_MODEL_MUJOCO,
         "MuJoCo 3.17.0 compiles it to another model than MuJoCo 3.16.0");
}

/* of systems that are not MuJoCo's, and in records of older versions */
static void equal_hashes_without_a_list_are_the_same(void** state) {
  (void)state;
  expect(&(df_model_identity){.files = A}, &(df_model_identity){.files = A}, DF_MODEL_SAME, "");
  expect(&(df_model_identity){.files = A}, &(df_model_identity){.files = B}, DF_MODEL_OTHER,
         "the model has SHA-256 " B ", recorded is " A);
}

static void the_model_file_alone_says_nothing_about_others(void** state) {
  (void)state;
  static const char open[] = "parts/arm.xml may differ: the SHA-256 is of m.xml alone";
  expect(&(df_model_identity){.files = A}, &(df_model_identity){two, "f", C, "3"}, DF_MODEL_MAIN_FILE, open);
  expect(&(df_model_identity){two, "f", C, "3"}, &(df_model_identity){.files = A}, DF_MODEL_MAIN_FILE, open);
  /* it says all if there are no others */
  expect(&(df_model_identity){.files = A}, &(df_model_identity){one, A, C, "3"}, DF_MODEL_SAME, "");
  /* it excuses no compiled model that differs */
  expect(&(df_model_identity){.files = A, .compiled = B, .mujoco = "3"}, &(df_model_identity){two, "f", C, "3"},
         DF_MODEL_OTHER, "the model has SHA-256 f, recorded is " A);
  expect(&(df_model_identity){.files = A, .compiled = B}, &(df_model_identity){.files = A, .compiled = C},
         DF_MODEL_OTHER, "the compiled model has SHA-256 " C ", recorded is " B);
}

static void what_changed_is_named(void** state) {
  (void)state;
  expect(&(df_model_identity){two, "f", B, "3"}, &(df_model_identity){heavy, "g", C, "3"}, DF_MODEL_OTHER,
         "parts/arm.xml changed");
  expect(&(df_model_identity){one, A, B, "3"}, &(df_model_identity){heavy, "g", C, "3"}, DF_MODEL_OTHER,
         "parts/arm.xml is new");
  expect(&(df_model_identity){heavy, "g", B, "3"}, &(df_model_identity){one, A, C, "3"}, DF_MODEL_OTHER,
         "parts/arm.xml is no longer used");
  expect(&(df_model_identity){heavy, "g", B, "3"}, &(df_model_identity){many, "h", C, "3"}, DF_MODEL_OTHER,
         "m.xml changed, a is new, b is new, c is new, ...");
  expect(&(df_model_identity){.files = B}, &(df_model_identity){one, A, C, "3"}, DF_MODEL_OTHER,
         "the model has SHA-256 " A ", recorded is " B);
}

static void nothing_in_common_is_unknown(void** state) {
  (void)state;
  expect(&(df_model_identity){0}, &(df_model_identity){one, A, C, "3"}, DF_MODEL_UNKNOWN, "");
  expect(&(df_model_identity){.files = A}, &(df_model_identity){.compiled = C}, DF_MODEL_UNKNOWN, "");
}

static void a_long_clause_is_cut(void** state) {
  (void)state;
  char clause[12];
  memset(clause, 'x', sizeof clause);
  assert_int_equal(df_model_compare(&(df_model_identity){two, "f", B, "3"}, &(df_model_identity){heavy, "g", C, "3"},
                                    clause, sizeof clause - 1),
                   DF_MODEL_OTHER);
  assert_string_equal(clause, "parts/arm.");
  assert_true(clause[11] == 'x');
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_list_of_one_file_has_the_hash_of_the_file),
      cmocka_unit_test(equal_compiled_models_are_the_same_whatever_the_files),
      cmocka_unit_test(equal_files_are_the_same_under_one_mujoco),
      cmocka_unit_test(equal_hashes_without_a_list_are_the_same),
      cmocka_unit_test(the_model_file_alone_says_nothing_about_others),
      cmocka_unit_test(what_changed_is_named),
      cmocka_unit_test(nothing_in_common_is_unknown),
      cmocka_unit_test(a_long_clause_is_cut),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
