/* Interquartile means and comparisons of a report: which there are, and their numbers by hand. */
#define _GNU_SOURCE
#include "summary.h"

#include "near.h"
#include "records.h"

static void add_values(json_t* cell, const char* metric, int k, double a, double b, double c, double d) {
  const double values[4] = {a, b, c, d};
  add_samples(cell, metric, k, 4, values);
  add_value(cell, metric, k, 0.25 * (a + b + c + d));
}

static json_t* add_seed(const char* method, int seed) {
  json_t* cell = add_cell(method, seed);
  set_text(cell, "windows_sha256", "w");
  return cell;
}

static void the_interquartile_mean_is_over_all_seeds_and_windows(void** state) {
  (void)state;
  run_view r;
  summary s;
  begin_records();
  for (int seed = 1; seed <= 3; seed++) {
    json_t* cell = add_seed("a", seed);
    add_values(cell, "tre", 1, seed, 10 + seed, 20 + seed, 1000 * seed);
    add_values(cell, "tre", 5, 1, 1, 1, 1);
    add_values(cell, "fall_rate", 1, 0, 0, 1, 1);     /* has no middle half */
    add_values(cell, "tre.joint_pos", 1, 1, 1, 1, 1); /* is no main column */
    cell = add_seed("b", seed);
    add_values(cell, "tre", 0, 100, 100, 100, 100);
    if (seed < 3) add_values(add_seed("c", seed), "tre", 1, 1, 1, 1, 1);
  }
  open_run(&r);
  const run_group* g = &r.groups[0];
  assert_int_equal(summary_new(&r, &s), DF_OK);
  assert_int_equal(s.min_seeds, 3);
  /* by hand, of 1 2 3 11 12 13 21 22 23 1000 2000 3000: three are cut at both ends, the mean of 11 12 13 21 22 23 */
  const summary_row* one = summary_find(&s, g, "a", "tre", 1);
  assert_non_null(one);
  assert_near(one->iqm.mean, 17, 1e-13);
  assert_int_equal(one->iqm.n, 12);
  assert_true(one->iqm.lo < 17 && one->iqm.hi > 17);
  one = summary_find(&s, g, "a", "tre", 5);
  assert_true(one && one->iqm.mean == 1 && one->iqm.lo == 1 && one->iqm.hi == 1);
  /* without sampler: under each K */
  for (int k = 1; k <= 5; k += 4) {
    one = summary_find(&s, g, "b", "tre", k);
    assert_true(one && one->iqm.mean == 100);
  }
  assert_null(summary_find(&s, g, "b", "tre", 0));
  assert_null(summary_find(&s, g, "c", "tre", 1)); /* two seeds */
  assert_null(summary_find(&s, g, "a", "fall_rate", 1));
  assert_null(summary_find(&s, g, "a", "tre.joint_pos", 1));
  assert_int_equal(s.n, 4);
  assert_true(summary_has(&s, g));
  /* b, which has no K, against the first at each K */
  const comparison* c = summary_compared(&s, g, "b", "tre", 5);
  assert_non_null(c);
  assert_int_equal(c->k, 5);
  assert_near(c->paired.difference.mean, 1 - 100, 1e-12);
  c = summary_compared(&s, g, "b", "tre", 1);
  /* (6 + 36 + 66 + 6000) / 12 - 100 */
  assert_near(c->paired.difference.mean, 6108.0 / 12 - 100, 1e-12);
  assert_null(summary_compared(&s, g, "a", "tre", 1));
  assert_null(summary_compared(&s, g, "b", "tre", 2));
  summary_clear(&s);
  close_run(&r);
}

static void groups_are_kept_apart(void** state) {
  (void)state;
  run_view r;
  summary s;
  begin_records();
  for (int seed = 1; seed <= 3; seed++) {
    add_values(add_seed("a", seed), "tre", 1, 1, 1, 1, 1);
    json_t* cell = add_seed("a", seed);
    add_values(cell, "tre", 1, 2, 2, 2, 2);
    set_text(cell, "profile", "q");
    if (seed > 2) continue;
    cell = add_seed("a", seed);
    add_values(cell, "tre", 1, 3, 3, 3, 3);
    set_text(cell, "profile", "few");
  }
  open_run(&r);
  assert_int_equal(summary_new(&r, &s), DF_OK);
  assert_int_equal(s.n, 2);
  assert_true(summary_find(&s, &r.groups[0], "a", "tre", 1)->iqm.mean == 1);
  assert_true(summary_find(&s, &r.groups[1], "a", "tre", 1)->iqm.mean == 2);
  assert_true(summary_has(&s, &r.groups[0]) && summary_has(&s, &r.groups[1]) && !summary_has(&s, &r.groups[2]));
  summary_clear(&s);
  close_run(&r);
}

static void episodes_are_known_if_every_record_tells_them(void** state) {
  (void)state;
  /* bit i: cell i is done; tells the episodes */
  static const struct {
    unsigned done, tells;
    int wanted;
  } cases[] = {{0, 3, -1}, {3, 3, 1}, {3, 1, 0}, {3, 0, 0}, {1, 1, 1}, {2, 1, 0}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    run_view r;
    begin_records();
    for (unsigned c = 0; c < 2; c++) {
      json_t* cell = add_seed("a", (int)c);
      if (!(cases[i].done >> c & 1)) set_text(cell, "status", "error");
      if (cases[i].tells >> c & 1) json_object_set_new(cell, "windows", json_object());
    }
    open_run(&r);
    assert_int_equal(summary_knows_episodes(&r, &r.groups[0]), cases[i].wanted);
    close_run(&r);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_interquartile_mean_is_over_all_seeds_and_windows),
      cmocka_unit_test(groups_are_kept_apart),
      cmocka_unit_test(episodes_are_known_if_every_record_tells_them),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
