/* The precision of stored numbers is found from the numbers alone, and structured numbers are not taken for rounded
 * ones. */
#define _GNU_SOURCE
#include "dynaflow/data/stored_precision.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "comma_locale.h"
#include "unit.h"

enum { N = 2000 };
static double values[N];

/* numbers of both signs, of sizes from 1e-3 to 10 */
static void fill(void) {
  for (int i = 0; i < N; i++) values[i] = sin(1.7 * i) * pow(10, (i % 5) - 3.1);
}

static void found(const char* name) {
  char text[40];
  df_stored_precision_text(df_stored_precision_of(values, N), text);
  assert_string_equal(text, name);
}

static void as_text(const char* format, int digits, bool single) {
  fill();
  for (int i = 0; i < N; i++) {
    char text[64];
    snprintf(text, sizeof text, format, digits, values[i]);
    values[i] = single ? (double)strtof(text, NULL) : strtod(text, NULL);
  }
}

static void as_bits(int bits) {
  fill();
  for (int i = 0; i < N; i++) {
    int exponent;
    (void)frexp(values[i], &exponent);
    if (bits == 11 && exponent < -13) exponent = -13;
    values[i] = ldexp(nearbyint(ldexp(values[i], bits - exponent)), exponent - bits);
  }
}

static void every_format_is_found(void** state) {
  (void)state;
  fill();
  found("float64");
  as_bits(24);
  found("float32");
  as_bits(11);
  found("float16");
  as_bits(8);
  found("bfloat16");
  as_text("%.*f", 4, false);
  found("text of 4 decimals");
  as_text("%.*f", 9, false);
  found("text of 9 decimals");
  as_text("%.*e", 5, false);
  found("text of 6 digits");
  as_text("%.*f", 4, true);
  found("text of 4 decimals");
}

static void one_more_digit_is_no_longer_that_format(void** state) {
  (void)state;
  as_bits(24);
  values[N - 1] = 0.1;
  found("float64");
  as_text("%.*f", 4, false);
  values[N - 3] = 0.12345678901234567;
  found("float64");
}

static void structured_numbers_are_exact(void** state) {
  (void)state;
  for (int i = 0; i < N; i++) values[i] = 0.5;
  found("float64");
  for (int i = 0; i < N; i++) values[i] = i % 10;
  found("float64");
  for (int i = 0; i < N; i++) values[i] = i / 64.0;
  found("float64");
  memset(values, 0, sizeof values);
  found("float64");
  /* a few values are no evidence */
  as_bits(11);
  for (int i = 15; i < N; i++) values[i] = values[i % 15];
  found("float64");
}

static void the_error_is_half_the_distance(void** state) {
  (void)state;
  const df_stored_precision f32 = {DF_STORED_FLOAT32, 0}, f16 = {DF_STORED_FLOAT16, 0},
                            decimals = {DF_STORED_DECIMALS, 3};
  const df_stored_precision digits = {DF_STORED_DIGITS, 4}, f64 = {DF_STORED_FLOAT64, 0};
  assert_true(df_stored_precision_error(f32, 1.5) == (double)(nextafterf(1.5f, 2) - 1.5f) / 2);
  assert_true(df_stored_precision_error(f32, -1000) == (double)(nextafterf(1000, 2000) - 1000) / 2);
  assert_true(df_stored_precision_error(f64, 3) == (nextafter(3, 4) - 3) / 2);
  assert_true(df_stored_precision_error(f16, 1) == ldexp(1, -11));
  /* below the smallest normal number */
  assert_true(df_stored_precision_error(f16, 0) == ldexp(1, -25) &&
              df_stored_precision_error(f16, 1e-6) == ldexp(1, -25));
  assert_true(fabs(df_stored_precision_error(decimals, 123) - 0.0005) < 1e-18);
  assert_true(fabs(df_stored_precision_error(digits, 123) - 0.05) < 1e-15);
  assert_true(df_stored_precision_error(digits, 0) == 0);
  /* that a file states: of the scaleoffset filter, numbers near 0 are 0; of 11 bits, the error is that of float16 */
  const df_stored_precision steps = {DF_STORED_STEPS, 3}, bits = {DF_STORED_BITS, 11};
  assert_true(fabs(df_stored_precision_error(steps, 123) - 0.0005) < 1e-18);
  assert_true(fabs(df_stored_precision_error(steps, 0) - 0.001) < 1e-18);
  assert_true(df_stored_precision_error(bits, 1) == df_stored_precision_error(f16, 1));
  assert_true(df_stored_precision_error(bits, -1000) == df_stored_precision_error(f16, -1000));
  char text[40];
  df_stored_precision_text(steps, text);
  assert_string_equal(text, "steps of 1e-03 (scaleoffset)");
  df_stored_precision_text(bits, text);
  assert_string_equal(text, "11 significant bits");
}

static void formats_hold_their_numbers(void** state) {
  (void)state;
  const df_stored_precision f32 = {DF_STORED_FLOAT32, 0}, f16 = {DF_STORED_FLOAT16, 0},
                            decimals = {DF_STORED_DECIMALS, 3};
  assert_true(df_stored_precision_holds(f32, (double)0.1f) && !df_stored_precision_holds(f32, 0.1));
  assert_true(df_stored_precision_holds(f32, 0) && df_stored_precision_holds(f16, ldexp(1, -24)));
  assert_false(df_stored_precision_holds(f16, ldexp(1, -25)));
  assert_false(df_stored_precision_holds(f16, 70000));
  const df_stored_precision bits = {DF_STORED_BITS, 11}, steps = {DF_STORED_STEPS, 3};
  assert_true(df_stored_precision_holds(bits, ldexp(1, -25)) && !df_stored_precision_holds(bits, 0.1));
  assert_false(df_stored_precision_holds(steps, 0.001));
  assert_true(df_stored_precision_holds(decimals, 0.123) && !df_stored_precision_holds(decimals, 0.1234));
}

/* numbers that were written with a point are found where the program writes a comma */
static void every_format_is_found_in_any_locale(void** state) {
  (void)state;
  as_text("%.*f", 9, false);
  if (!set_comma_locale()) skip_because("no locale with a decimal comma");
  found("text of 9 decimals");
  set_point_locale();
  as_text("%.*e", 5, false);
  assert_true(set_comma_locale());
  found("text of 6 digits");
  set_point_locale();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_format_is_found),
      cmocka_unit_test(every_format_is_found_in_any_locale),
      cmocka_unit_test(one_more_digit_is_no_longer_that_format),
      cmocka_unit_test(structured_numbers_are_exact),
      cmocka_unit_test(the_error_is_half_the_distance),
      cmocka_unit_test(formats_hold_their_numbers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
