/* Survival curves: shares and intervals against their formulas. */
#define _GNU_SOURCE
#include "near.h"
#include "plot.h"
#include "records.h"

/* the next line of four numbers */
static const char* next_line(const char* at, double v[4]) {
  assert_int_equal(sscanf(at, "%lf %lf %lf %lf", &v[0], &v[1], &v[2], &v[3]), 4);
  at = strchr(at, '\n');
  assert_non_null(at);
  return at + 1;
}

/* a share of n with Wilson's interval, by its definition */
static void assert_share(const double v[4], double time, double share, double n) {
  const double z = 1.959963984540054, z2 = z * z;
  const double middle = (share + z2 / (2 * n)) / (1 + z2 / n);
  const double half = z / (1 + z2 / n) * sqrt(share * (1 - share) / n + z2 / (4 * n * n));
  assert_near(v[0], time, 1e-8);
  assert_near(v[1], share, 1e-8); /* nine digits are written */
  assert_near(v[2], middle - half, 1e-8);
  assert_near(v[3], middle + half, 1e-8);
}

/* Draws the curve of two seeds of four chains each, of which `fell` fell, and compares its n corners. */
static void expect_curve(const char* seconds, const double time_of[2][4], const double fell[2][4], int n,
                         const double* time, const double* left, const char* range) {
  run_view r;
  plot p = {.name = "survival"};
  bool there = false;
  begin_records();
  for (int s = 0; s < 2; s++) {
    json_t* cell = add_cell("a", s);
    set_text(cell, "windows_sha256", "w");
    set_text(json_object_get(cell, "config"), "eval.chain_seconds", seconds);
    add_samples(cell, "survival", 1, 4, time_of[s]);
    add_value(cell, "survival", 1, 3);
    add_samples(cell, "fall_rate", 1, 4, fell[s]);
    add_value(cell, "fall_rate", 1, 0.5);
  }
  open_run(&r);
  assert_int_equal(plot_survival(&r, &r.groups[0], 1, &p, &there), DF_OK);
  assert_true(there);
  const char* at = strchr(text_of(&p.data), '\n') + 1;
  for (int i = 0; i < n; i++) {
    double v[4];
    at = next_line(at, v);
    assert_share(v, time[i], left[i] / 8, 8);
  }
  assert_string_equal(at, "\n\n");
  assert_non_null(strstr(text_of(&p.script), range));
  plot_clear(&p);
  close_run(&r);
}

/* of all chains, not of those that stand before a fall */
static void a_curve_is_the_share_of_all_chains_that_have_not_fallen(void** state) {
  (void)state;
  static const double survival[2][4] = {{1, 4, 2, 4}, {2, 4, 2.25, 4}}, fell[2][4] = {{1, 0, 1, 0}, {1, 0, 1, 0}};
  static const double time[] = {0, 1, 1, 2, 2, 2.25, 2.25, 4}, left[] = {8, 8, 7, 7, 5, 5, 4, 4};
  expect_curve("4", survival, fell, 8, time, left, "set xrange [0:4]");
}

/* Actions of 0.3 s: 0.507 s are two of them, 0.6 s, and 0.3 s before the end is a fall; of 4 s, 13 are 3.9 s. */
static void chains_are_whole_actions(void** state) {
  (void)state;
  static const double longer[2][4] = {{0.6, 0.6, 0.3, 0.6}, {0.6, 0.6, 0.6, 0.6}}, fell[2][4] = {{0, 0, 1, 0}};
  static const double shorter[2][4] = {{3.9, 3.9, 3.9, 3.9}, {3.9, 3.9, 3.6, 3.9}}, other[2][4] = {{0}, {0, 0, 1, 0}};
  expect_curve("0.507", longer, fell, 4, (const double[]){0, 0.3, 0.3, 0.6}, (const double[]){8, 8, 7, 7},
               "set xrange [0:0.6]");
  expect_curve("4", shorter, other, 4, (const double[]){0, 3.6, 3.6, 3.9}, (const double[]){8, 8, 7, 7},
               "set xrange [0:4]");
}

/* where all fall, the curve goes on at 0 to the end */
static void a_method_that_always_falls_ends_at_zero(void** state) {
  (void)state;
  static const double survival[2][4] = {{1, 1, 1, 1}, {1, 1, 1, 1}}, fell[2][4] = {{1, 1, 1, 1}, {1, 1, 1, 1}};
  expect_curve("4", survival, fell, 4, (const double[]){0, 1, 1, 4}, (const double[]){8, 8, 0, 0}, "set xrange [0:4]");
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_curve_is_the_share_of_all_chains_that_have_not_fallen),
                                     cmocka_unit_test(chains_are_whole_actions),
                                     cmocka_unit_test(a_method_that_always_falls_ends_at_zero)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
