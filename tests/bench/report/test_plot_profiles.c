/* Performance profiles: thresholds, shares and words against their definition. */
#define _GNU_SOURCE
#include "near.h"
#include "plot.h"
#include "records.h"

enum { SEEDS = 3, WINDOWS = 4, TAUS = 81 };

/* the values of a seed and window, 1 .. 12 in another order */
static double value_of(int seed, int window) {
  return (seed + 5 * window) % 12 + 1;
}

static void add_method(const char* method, const char* metric, double factor, double first) {
  for (int s = 0; s < SEEDS; s++) {
    double values[WINDOWS];
    for (int w = 0; w < WINDOWS; w++) values[w] = factor * value_of(3 * s, w);
    if (s == 0 && !isnan(first)) values[0] = first;
    json_t* cell = add_cell(method, s);
    set_text(cell, "windows_sha256", "w");
    add_samples(cell, metric, 1, WINDOWS, values);
    add_value(cell, metric, 1, factor);
  }
}

/* the share of the values of the method that are at least as good as a threshold */
static double share_of(double threshold, bool lower) {
  int good = 0;
  for (int s = 0; s < SEEDS; s++) {
    for (int w = 0; w < WINDOWS; w++) {
      const double v = value_of(3 * s, w);
      good += lower ? v <= threshold : v >= threshold;
    }
  }
  return good / (double)(SEEDS * WINDOWS);
}

/* from the first to the 99th percentile of the trained methods, which are 0.11 from the ends of 1 .. 12 */
static void thresholds_span_the_trained_methods(void** state) {
  (void)state;
  static const struct {
    const char *metric, *axis;
    bool lower;
  } cases[] = {{"tre", "set ylabel 'fraction of windows ≤ threshold'", true},
               {"survival", "set ylabel 'fraction of chains ≥ threshold'", false}};
  for (int i = 0; i < 2; i++) {
    run_view r;
    plot p = {.name = "profiles"};
    bool there = false;
    char head[64];
    begin_records();
    add_method("a", cases[i].metric, 1, NAN);
    add_method("random_action", cases[i].metric, 1000, NAN);
    open_run(&r);
    assert_int_equal(plot_profiles(&r, &r.groups[0], 1, &p, &there), DF_OK);
    assert_true(there);
    assert_non_null(strstr(text_of(&p.script), "set xrange [1.11:11.89]\n"));
    assert_non_null(strstr(text_of(&p.script), cases[i].axis));
    /* the bands of both methods, then their lines */
    const char* script = strstr(text_of(&p.script), i ? "set xlabel 'threshold [std]' " : "set title 'TRE' ");
    static const char* const drawn[] = {"plot 'profiles.dat' index 0 using 1:3:4 with filledcurves lc rgb '#aa4499'",
                                        "'profiles.dat' index 1 using 1:3:4 with filledcurves lc rgb '#8c8c8c'",
                                        "'profiles.dat' index 0 using 1:2 with lines lw 2 dt 1 lc rgb '#aa4499'",
                                        "'profiles.dat' index 1 using 1:2 with lines lw 2 dt 3 lc rgb '#8c8c8c'"};
    for (int line = 0; line < 4; line++) {
      assert_non_null(script);
      script = strstr(script, drawn[line]);
    }
    assert_non_null(script);
    snprintf(head, sizeof head, "# %s, a: ", cases[i].metric);
    const char* at = strstr(text_of(&p.data), head);
    assert_non_null(at);
    for (int t = 0; t < TAUS; t++) {
      double threshold, share, lo, hi;
      at = strchr(at, '\n') + 1;
      assert_int_equal(sscanf(at, "%lf %lf %lf %lf", &threshold, &share, &lo, &hi), 4);
      assert_near(threshold, 1.11 + (11.89 - 1.11) * t / (TAUS - 1), 1e-4); /* six digits are written */
      assert_near(share, share_of(threshold, cases[i].lower), 1e-5);
      assert_true(lo <= share && share <= hi);
    }
    plot_clear(&p);
    close_run(&r);
  }
}

/* A window that diverged has no finite value, and no threshold: of the other eleven, the smallest are 2 and 4,
 * the largest 11 and 12, and the percentiles are a tenth of these intervals from the ends. */
static void windows_that_diverged_have_no_threshold(void** state) {
  (void)state;
  run_view r;
  plot p = {.name = "profiles"};
  bool there = false;
  begin_records();
  add_method("a", "tre", 1, INFINITY);
  open_run(&r);
  assert_int_equal(plot_profiles(&r, &r.groups[0], 1, &p, &there), DF_OK);
  assert_true(there);
  assert_non_null(strstr(text_of(&p.script), "set xrange [2.2:11.9]\n"));
  plot_clear(&p);
  close_run(&r);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(thresholds_span_the_trained_methods),
                                     cmocka_unit_test(windows_that_diverged_have_no_threshold)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
