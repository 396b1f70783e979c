/* Aggregates over seeds against a plain computation, and the table of main columns. */
#define _GNU_SOURCE
#include "aggregate.h"

#include "metric_needs.h"

#include <stdbool.h>

#include "dynaflow/metrics/defs.h"
#include "near.h"
#include "records.h"

static void aggregates_are_those_of_a_plain_computation(void** state) {
  (void)state;
  unsigned random = 1;
  for (int round = 0; round < 40; round++) {
    run_view r;
    double sum = 0, lo = INFINITY, hi = -INFINITY, own_lo = NAN, own_hi = NAN;
    int n = 0, failed = 0, done = 0;
    const int seeds = 1 + round % 5;
    begin_records();
    json_t* plan = add_plan("p");
    for (int s = 0; s < seeds; s++) {
      random = random * 1103515245u + 12345u;
      const double value = (double)(int)(random >> 16) / 1000 - 30;
      const int kind = (int)(random >> 8 & 7);
      add_planned(plan, "a", s, NULL);
      add_planned(plan, "other", s, NULL);
      add_value(add_cell("other", s), "tre", 1, 1e6); /* another method */
      if (kind == 0) continue;                        /* not run */
      json_t* cell = add_cell("a", s);
      add_value(cell, "sae_own", 1, 1e6); /* another metric, another K */
      add_value(cell, "tre", 5, 1e6);
      if (kind == 1) set_text(cell, "status", "timeout");
      if (kind != 2) add_row(cell, "tre", 1, kind == 3 ? NAN : value, value - 1, value + 2);
      if (kind == 1) continue;
      done++;
      if (kind == 2) continue; /* not measured */
      if (kind == 3) {
        failed++;
        continue;
      }
      n++;
      sum += value;
      lo = value < lo ? value : lo;
      hi = value > hi ? value : hi;
      own_lo = value - 1;
      own_hi = value + 2;
    }
    open_run(&r);
    const aggregate a = aggregate_of(&r, &r.groups[0], "a", "tre", 1);
    assert_int_equal(a.planned, seeds);
    assert_int_equal(a.done, done);
    assert_int_equal(a.n, n);
    assert_int_equal(a.failed, failed);
    if (failed) assert_string_equal(a.status, "why");
    if (n == 0) assert_true(isnan(a.mean) && isnan(a.lo) && isnan(a.hi));
    if (n > 0) assert_near(a.mean, sum / n, 1e-13);
    if (n == 1) assert_true(a.lo == own_lo && a.hi == own_hi);
    if (n > 1) assert_true(a.lo == lo && a.hi == hi);
    if (n > 0) assert_string_equal(a.unit, "std");
    close_run(&r);
  }
}

static void one_seed_without_an_interval_has_none(void** state) {
  (void)state;
  run_view r;
  begin_records();
  add_value(add_cell("a", 1), "tre", 1, 2);
  open_run(&r);
  const aggregate a = aggregate_of(&r, &r.groups[0], "a", "tre", 1);
  assert_true(a.n == 1 && a.mean == 2 && isnan(a.lo) && isnan(a.hi));
  close_run(&r);
}

static void a_number_without_steps_is_that_of_every_k(void** state) {
  (void)state;
  run_view r;
  begin_records();
  json_t* cell = add_cell("a", 1);
  add_value(cell, "tre", 0, 7);
  add_value(cell, "tre", 5, 3);
  open_run(&r);
  const run_group* g = &r.groups[0];
  aggregate a = aggregate_of(&r, g, "a", "tre", 5);
  assert_true(a.mean == 3 && a.k == 5); /* its own K first */
  a = aggregate_of(&r, g, "a", "tre", 1);
  assert_true(a.mean == 7 && a.k == 0);
  assert_true(find_row(r.cells[0].record, "tre", 5) != find_row(r.cells[0].record, "tre", 0));
  assert_null(find_row(r.cells[0].record, "tre", 1));
  assert_null(find_row(r.cells[0].record, "tr", 5));
  close_run(&r);
}

static void another_profile_or_task_is_another_group(void** state) {
  (void)state;
  run_view r;
  begin_records();
  add_value(add_cell("a", 1), "tre", 1, 2);
  json_t* cell = add_cell("a", 2);
  add_value(cell, "tre", 1, 100);
  set_text(cell, "profile", "q");
  cell = add_cell("a", 2);
  add_value(cell, "tre", 1, 1000);
  set_text(cell, "task", "u");
  open_run(&r);
  assert_int_equal(r.n_groups, 3);
  static const double wanted[3] = {2, 100, 1000};
  for (int i = 0; i < 3; i++) {
    const aggregate a = aggregate_of(&r, &r.groups[i], "a", "tre", 1);
    assert_true(a.n == 1 && a.planned == 1 && a.mean == wanted[i]);
  }
  close_run(&r);
}

static void a_part_of_a_metric_is_better_where_the_metric_is(void** state) {
  (void)state;
  static const struct {
    const char *metric, *better;
  } cases[] = {{"tre", "lower"},
               {"tre.joint_pos", "lower"},
               {"tre_open_loop", "lower"},
               {"sae_own", "lower"},
               {"sae_min", "lower"},
               {"gait_agreement", "higher"},
               {"gait_phase", "higher"},
               {"command_error", "lower"},
               {"command_error.yaw_rate", "lower"},
               {"fall_rate", "lower"},
               {"survival", "higher"},
               {"fall_rate.replanned", "lower"},
               {"effort", ""},
               {"effort.diverged", ""},
               {"tr", ""},
               {"tree", ""},
               {"", ""},
               {".tre", ""}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    assert_string_equal(metric_better(cases[i].metric), cases[i].better);
  }
}

static void main_columns_are_metrics_in_a_fixed_order(void** state) {
  (void)state;
  static const char* const columns[] = {
      "tre",           "tre_open_loop",  "sae_own",    "sae_min",       "fall_rate",
      "survival",      "gait_agreement", "gait_phase", "command_error", "command_error.yaw_rate",
      "goal_distance", "goal_reached"};
  for (int i = 0; i < 10; i++) assert_int_equal(metric_column(columns[i]), i);
  assert_int_equal(metric_column("tre.joint_pos"), -1);
  assert_int_equal(metric_column("fall_rate.replanned"), -1);
  assert_int_equal(metric_column(""), -1);
  const df_metric_def* defs;
  const int n = df_metric_defs(&defs);
  /* those of the windows as a set, of style and without a demonstration, and work counters, are no main columns */
  bool plausible = false;
  for (int i = 0; i < n; i++) {
    static const char* const others[] = {"sliced_wasserstein", "coverage",   "diversity",
                                         "style_joints",       "style_feet", "style_shift"};
    bool other = false;
    for (int k = 0; k < 6; k++) other |= strcmp(defs[i].name, others[k]) == 0;
    plausible |= strcmp(defs[i].name, "root_residual") == 0;
    assert_int_equal(metric_column(defs[i].name) < 0, plausible || other);
  }
}

static void every_seed_counts(void** state) {
  (void)state;
  run_view r;
  begin_records();
  for (int s = 1; s <= 200; s++) add_value(add_cell("a", s), "tre", 1, s);
  open_run(&r);
  const aggregate a = aggregate_of(&r, &r.groups[0], "a", "tre", 1);
  assert_true(a.n == 200 && a.planned == 200 && a.mean == 100.5 && a.lo == 1 && a.hi == 200);
  close_run(&r);
}

/* what a metric needs in a record with these settings; "" for nothing */
static const char* needs(const char* config, const char* metric) {
  json_t* record = json_pack("{s:o}", "config", json_loads(config, 0, NULL));
  assert_non_null(record);
  const char* words = metric_needs(record, metric);
  json_decref(record);
  return words ? words : "";
}

static void a_metric_whose_settings_are_unset_is_not_defined(void** state) {
  (void)state;
  const char* const rule = "eval.fall_height or eval.fall_tilt";
  const char* const none =
      "{\"eval.fall_height\":\"0\",\"eval.fall_tilt\":\"0\",\"eval.feet\":\"\",\"eval.sae_windows\":\"0\"}";
  const char* const height = "{\"eval.fall_height\":\"0.3\",\"eval.fall_tilt\":\"0\",\"eval.chains\":\"32\"}";
  assert_string_equal(needs(none, "fall_rate"), rule);
  assert_string_equal(needs(none, "fall_rate.replanned"), rule);
  assert_string_equal(needs(none, "survival"), rule);
  assert_string_equal(needs(none, "slip.chain"), "eval.feet");
  assert_string_equal(needs("{\"eval.feet\":\"a\",\"eval.velocity_limit\":\"\"}", "velocity_limit.worst"),
                      "eval.velocity_limit");
  assert_string_equal(needs("{\"eval.feet\":\"a\",\"eval.velocity_limit\":\"2\"}", "velocity_limit"), "");
  assert_string_equal(needs("{\"eval.goal_joints\":\"\"}", "goal_distance"), "eval.goal_joints");
  assert_string_equal(needs("{\"eval.goal_joints\":\"\"}", "goal_reached"), "eval.goal_joints");
  assert_string_equal(needs("{\"eval.goal_joints\":\"box\"}", "goal_distance"), "");
  assert_string_equal(needs("{\"eval.goal_joints\":\"box\",\"eval.chains\":\"0\"}", "goal_distance"), "eval.chains");
  assert_string_equal(needs("{\"eval.goal_joints\":\"box\",\"eval.chains\":\"0\"}", "goal_reached"), "eval.chains");
  assert_string_equal(needs(none, "gait_agreement"), "eval.feet");
  const char* const band = "{\"eval.feet\":\"\",\"eval.style_band\":\"0.1\"}";
  assert_string_equal(needs("{\"eval.style_band\":\"0\"}", "style_joints.chain"), "eval.style_band");
  assert_string_equal(needs("{\"eval.style_band\":\"0\"}", "style_feet"), "eval.style_band");
  assert_string_equal(needs("{\"eval.style_band\":\"0\"}", "style_shift"), "eval.style_band");
  assert_string_equal(needs(band, "style_joints"), "");
  assert_string_equal(needs(band, "style_feet.chain"), "eval.feet");
  assert_string_equal(needs(none, "sae_min"), "eval.sae_windows");
  assert_string_equal(needs("{\"data.generator\":\"\"}", "gait_phase"), "data.generator");
  assert_string_equal(needs("{\"data.generator\":\"quadruped_gaits\"}", "gait_phase"), "");
  assert_string_equal(needs(none, "fall_rates"), "");
  assert_string_equal(needs(none, "tre"), "");
  assert_string_equal(needs(height, "fall_rate"), "");
  assert_string_equal(needs(height, "survival"), "");
  assert_string_equal(needs("{\"eval.fall_tilt\":\"60\",\"eval.fall_height\":\"0\"}", "fall_rate"), "");
  assert_string_equal(needs("{\"eval.fall_tilt\":\"60\",\"eval.chains\":\"0\"}", "fall_rate"), "eval.chains");
  /* a record that does not have the settings */
  assert_string_equal(needs("{}", "fall_rate"), "");
}

/* no chain of any method stays upright at K = 1 */
static void a_metric_without_a_value_has_the_unit_of_its_definition(void** state) {
  (void)state;
  run_view r;
  begin_records();
  json_t* plan = add_plan("p");
  add_planned(plan, "a", 0, NULL);
  json_t* cell = add_cell("a", 0);
  add_value(cell, "tre", 1, 1);
  add_value(cell, "command_error", 5, 0.1);
  set_text(json_array_get(json_object_get(cell, "rows"), 1), "unit", "furlongs");
  open_run(&r);
  assert_string_equal(aggregate_unit(&r, &r.groups[0], "command_error", 5), "furlongs");
  assert_string_equal(aggregate_unit(&r, &r.groups[0], "command_error", 1), "m/s");
  assert_string_equal(aggregate_unit(&r, &r.groups[0], "command_error.yaw_rate", 1), "rad/s");
  assert_string_equal(aggregate_unit(&r, &r.groups[0], "of_nobody", 1), "");
  close_run(&r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(aggregates_are_those_of_a_plain_computation),
      cmocka_unit_test(a_metric_whose_settings_are_unset_is_not_defined),
      cmocka_unit_test(one_seed_without_an_interval_has_none),
      cmocka_unit_test(a_number_without_steps_is_that_of_every_k),
      cmocka_unit_test(another_profile_or_task_is_another_group),
      cmocka_unit_test(a_part_of_a_metric_is_better_where_the_metric_is),
      cmocka_unit_test(main_columns_are_metrics_in_a_fixed_order),
      cmocka_unit_test(every_seed_counts),
      cmocka_unit_test(a_metric_without_a_value_has_the_unit_of_its_definition),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
