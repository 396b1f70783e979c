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

/* of all chains, not of those that stand before a fall */
static void a_curve_is_the_share_of_all_chains_that_have_not_fallen(void** state) {
  (void)state;
  static const double first[4] = {1, 4, 2, 4}, second[4] = {2, 4, 2.25, 4};
  static const double time[] = {0, 1, 1, 2, 2, 2.25, 2.25, 4}, left[] = {8, 8, 7, 7, 5, 5, 4, 4};
  run_view r;
  plot p = {.name = "survival"};
  bool there = false;
  begin_records();
  for (int s = 0; s < 2; s++) {
    json_t* cell = add_cell("a", s);
    set_text(cell, "windows_sha256", "w");
    set_text(json_object_get(cell, "config"), "eval.chain_seconds", "4");
    add_samples(cell, "survival", 1, 4, s ? second : first);
    add_value(cell, "survival", 1, 3);
  }
  open_run(&r);
  assert_int_equal(plot_survival(&r, &r.groups[0], 1, &p, &there), DF_OK);
  assert_true(there);
  const char* at = strchr(text_of(&p.data), '\n') + 1;
  for (int i = 0; i < 8; i++) {
    double v[4];
    at = next_line(at, v);
    assert_share(v, time[i], left[i] / 8, 8);
  }
  assert_string_equal(at, "\n\n");
  plot_clear(&p);
  close_run(&r);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_curve_is_the_share_of_all_chains_that_have_not_fallen)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
