/* The parts of a record say the same, and records are those of the plan: each check with records that do not. */
#define _GNU_SOURCE
#include "consistency.h"

#include <math.h>

#include "dynaflow/stats/statistics.h"
#include "json.h"
#include "rows.h"
#include "whole_record.h"

static json_t *plan, *one, *two;

/* two seeds of a method, as planned; what is changed afterwards is sealed again by the check */
static void begin(void) {
  begin_records();
  plan = add_plan("p");
  for (int s = 1; s <= 2; s++) add_planned(plan, "a", s, NULL);
  one = add_whole("a", 1, 0.5);
  two = add_whole("a", 2, 0.625);
}

/* the number of findings of a check, all of its outcome, and a part of the first one's words */
static void finds(void (*check)(verifier*), int n, const char* words) {
  run_view r;
  verification out = {.found = rows_new()};
  open_run(&r);
  verifier v = {.r = &r, .folder = folder, .out = &out, .check = "check"};
  check(&v);
  assert_true(v.looked > 0);
  assert_int_equal(out.count[check == check_planned ? VERIFY_INCOMPLETE : VERIFY_FAILED], n);
  assert_int_equal(json_array_size(out.found.list), n);
  const char* detail = string_of(json_array_get(out.found.list, 0), "detail");
  if (!strstr(detail, words)) fail_msg("%s", detail);
  rows_free(&out.found);
  close_run(&r);
}

static json_t* row_of(json_t* record) {
  return json_array_get(json_object_get(record, "rows"), 0);
}

static void set_real(json_t* object, const char* name, double value) {
  json_object_set_new(object, name, number_or_null(value));
}

static void a_value_is_the_mean_of_its_samples(void** state) {
  (void)state;
  begin();
  finds(check_samples, 0, "");
  begin();
  set_real(row_of(one), "value", 1);
  set_real(row_of(one), "hi", 1); /* so that the interval contains it */
  finds(check_samples, 1, "tre_open_loop at K = 1: the value is 1, but the mean of its 2 values is 0.5");
  begin(); /* more than rounding, and less */
  set_real(row_of(one), "value", 0.5 + 1e-8);
  set_real(row_of(one), "hi", 1);
  finds(check_samples, 1, "but the mean");
  begin();
  set_real(row_of(one), "value", 0.5 + 1e-12);
  finds(check_samples, 0, "");
  begin(); /* one of the values is not finite, but the mean is given */
  json_array_set_new(json_object_get(json_array_get(json_object_get(one, "samples"), 0), "values"), 1, json_null());
  finds(check_samples, 1, "but the mean");
  begin(); /* no number, which the status explains */
  set_value(one, NAN);
  finds(check_samples, 0, "");
}

static void a_number_counts_its_samples(void** state) {
  (void)state;
  for (int n = 1; n <= 3; n++) {
    begin();
    json_object_set_new(row_of(one), "n", json_integer(n));
    finds(check_samples, n != 2, n == 1 ? "n is 1, but there are 2 values" : n == 3 ? "n is 3" : "");
  }
}

static void a_value_lies_in_its_interval(void** state) {
  (void)state;
  static const struct {
    double lo, hi;
    int n;
  } cases[] = {{0.25, 0.75, 0}, {0.5, 0.5, 0},    {NAN, NAN, 0}, {0.5 + 1e-12, 1, 0}, {0.5001, 1, 1}, {0, 0.4999, 1},
               {0.75, 1, 1},    {0.5001, NAN, 1}, {1, 0, 0}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    begin();
    set_real(row_of(one), "lo", cases[i].lo);
    set_real(row_of(one), "hi", cases[i].hi);
    finds(check_samples, cases[i].n, cases[i].n ? "lies outside its interval" : "");
  }
}

static void a_number_is_there_once(void** state) {
  (void)state;
  for (int k = 1; k <= 2; k++) {
    begin();
    json_t* again = json_deep_copy(row_of(two));
    json_object_set_new(again, "k", json_integer(k));
    json_array_append_new(json_object_get(two, "rows"), again);
    finds(check_samples, 1,
          k == 1 ? "there are two rows of it" : "tre_open_loop at K = 2: its single values (samples) are missing");
  }
}

static void values_have_their_row(void** state) {
  (void)state;
  begin();
  json_array_clear(json_object_get(one, "rows"));
  finds(check_samples, 1, "tre_open_loop at K = 1: there are 2 values (samples), but no row of it");
  begin(); /* the row of another K is none */
  json_object_set_new(json_array_get(json_object_get(one, "samples"), 0), "k", json_integer(5));
  json_object_set_new(row_of(one), "n", json_integer(0));
  finds(check_samples, 1, "tre_open_loop at K = 5: there are 2 values");
}

/* a newer program may have it */
static void an_unknown_metric_is_named(void** state) {
  (void)state;
  static const struct {
    const char* name;
    bool known;
  } cases[] = {{"trex", false}, {"Jerk", false}, {"jerk", true}, {"jerk.chain", true}};
  for (int i = 0; i < 4; i++) {
    run_view r;
    verification out = {.found = rows_new()};
    begin();
    json_t* other = json_deep_copy(row_of(one));
    set_text(other, "metric", cases[i].name);
    json_array_append_new(json_object_get(one, "rows"), other);
    open_run(&r);
    verifier v = {.r = &r, .folder = folder, .out = &out, .check = "check"};
    check_samples(&v);
    char words[80];
    snprintf(words, sizeof words, "%s at K = 1: this program has no such metric", cases[i].name);
    assert_int_equal(out.count[VERIFY_WARNING], !cases[i].known);
    if (!cases[i].known) {
      const char* detail = string_of(json_array_get(out.found.list, 0), "detail");
      if (!strstr(detail, words)) fail_msg("%s", detail);
    }
    rows_free(&out.found);
    close_run(&r);
  }
}

/* the values of `one` and a seed, so that its interval can be computed: 4 windows of 2 or 3 episodes */
static void with_interval(const double value[4], const int episode[4], double lo, double hi, int episodes) {
  begin();
  json_t *values = json_array(), *labels = json_array(), *starts = json_array();
  for (int i = 0; i < 4; i++) {
    json_array_append_new(values, json_real(value[i]));
    json_array_append_new(labels, json_integer(episode[i]));
    json_array_append_new(starts, json_integer(10 * i));
  }
  set_text(json_object_get(one, "config"), "eval.seed", "1");
  json_object_set_new(json_array_get(json_object_get(one, "samples"), 0), "values", values);
  json_object_set_new(json_object_get(one, "windows"), "episode", labels);
  json_object_set_new(json_object_get(one, "windows"), "start", starts);
  set_real(row_of(one), "value", (value[0] + value[1] + value[2] + value[3]) / 4);
  set_real(row_of(one), "lo", lo);
  set_real(row_of(one), "hi", hi);
  json_object_set_new(row_of(one), "n", json_integer(4));
  json_object_set_new(row_of(one), "episodes", json_integer(episodes));
}

/* Over two clusters with the means 0.5 and 1, the interval is 0.75 +- t / 4, with t = 12.706 for one degree of freedom,
 * up to the sampling error of the bootstrap. */
static void an_interval_is_that_of_its_values(void** state) {
  (void)state;
  static const double value[] = {0.25, 0.75, 1.25, 0.75};
  static const int episode[] = {7, 7, 3, 3}, n = 4;
  df_bootstrap_cfg cfg = df_bootstrap_cfg_default();
  df_interval right;
  cfg.seed = 1;
  cfg.cluster = episode;
  assert_int_equal(
      df_bootstrap_interval(&cfg, DF_ESTIMATE_MEAN, &(df_strata){.n = 1, .sizes = &n, .values = value}, &right), DF_OK);
  const double half = right.hi - 0.75;
  assert_true(fabs(half - 12.706 / 4) < 0.2);
  with_interval(value, episode, 0.75 - half, 0.75 + half, 2);
  finds(check_samples, 0, "");
  with_interval(value, episode, 0.75 - half, 0.75 + half, 3);
  finds(check_samples, 1, "its values are of 2 episodes, not of 3");
  with_interval(value, episode, 0.75, 0.75, 2);
  finds(check_samples, 1, "tre_open_loop at K = 1: the interval is 0.75 to 0.75, but that of its values (samples) is");
  with_interval(value, episode, 0.75 - half, 0.75 + 1.001 * half, 2);
  finds(check_samples, 1, "the interval is");
  /* an older program computed it otherwise */
  with_interval(value, episode, 0.75, 0.75, 3);
  json_object_del(one, "numbers");
  finds(check_samples, 0, "");
}

/* the metric of the row and of its samples */
static void name_metric(const char* metric) {
  set_text(row_of(one), "metric", metric);
  set_text(json_array_get(json_object_get(one, "samples"), 0), "metric", metric);
}

/* Wilson's interval of 2 falls in 4 windows of 4 episodes: n (z / t)^2 = 4 (1.959964 / 3.182446)^2 = 1.517155 */
static void the_interval_of_a_share_is_wilsons(void** state) {
  (void)state;
  static const double value[] = {0, 1, 1, 0}, all[] = {1, 1, 1, 1};
  static const int episode[] = {0, 1, 2, 3};
  const double z = 1.959963984540054, t = 3.182446305284263, n = 3 * (z / t) * (z / t);
  /* the design effect is 4/3, of 4 clusters of one */
  const double middle = (0.5 + z * z / (2 * n)) / (1 + z * z / n);
  const double half = z * sqrt(0.25 / n + z * z / (4 * n * n)) / (1 + z * z / n);
  for (int i = 0; i < 2; i++) {
    const char* metric = "fall_rate";
    const int wrong = i;
    char words[64];
    snprintf(words, sizeof words, "%s at K = 1: the interval is", metric);
    with_interval(value, episode, middle - half, middle + (1 + 0.001 * wrong) * half, 4);
    name_metric(metric);
    finds(check_samples, wrong, wrong ? words : "");
    /* all of them: it does not shrink to one point, but begins at n / (n + z^2) */
    with_interval(all, episode, wrong ? 1 : 4 / (4 + z * z), 1, 4);
    name_metric(metric);
    finds(check_samples, wrong, wrong ? words : "");
  }
}

/* Of a mean of shares the standard error is that of Student's interval, scaled with s (1 - s): [0, 0.1] of two episodes
 * with the means 0 and 0.1, t e = 12.706 / 20, ends at the roots of (s - 0.05)^2 = (t e)^2 s (1 - s) / 0.0475. */
static void the_interval_of_a_mean_of_shares_stays_within_0_and_1(void** state) {
  (void)state;
  static const double value[] = {0, 0, 0.05, 0.15};
  static const int episode[] = {7, 7, 3, 3}, n = 4;
  df_bootstrap_cfg cfg = df_bootstrap_cfg_default();
  df_interval plain;
  cfg.seed = 1;
  cfg.cluster = episode;
  assert_int_equal(
      df_bootstrap_interval(&cfg, DF_ESTIMATE_MEAN, &(df_strata){.n = 1, .sizes = &n, .values = value}, &plain), DF_OK);
  assert_true(fabs(plain.hi - 0.05 - 12.706 / 20) < 0.04);
  const double f = pow(plain.hi - 0.05, 2) / 0.0475, half = sqrt(pow(0.1 + f, 2) - 4 * (1 + f) * 0.0025);
  const double lo = (0.1 + f - half) / (2 + 2 * f), hi = (0.1 + f + half) / (2 + 2 * f);
  for (int wrong = 0; wrong < 2; wrong++) {
    with_interval(value, episode, wrong ? plain.lo : lo, wrong ? plain.hi : hi, 2);
    set_text(row_of(one), "unit", "share");
    set_text(row_of(one), "metric", "gait_agreement");
    set_text(json_array_get(json_object_get(one, "samples"), 0), "metric", "gait_agreement");
    finds(check_samples, wrong, wrong ? "gait_agreement at K = 1: the interval is" : "");
  }
}

static void values_are_there_if_another_record_has_them(void** state) {
  (void)state;
  begin();
  json_array_clear(json_object_get(one, "samples"));
  finds(check_samples, 1, "tre_open_loop at K = 1: its single values (samples) are missing");
  begin();
  json_array_clear(json_object_get(one, "samples"));
  json_array_clear(json_object_get(two, "samples"));
  finds(check_samples, 0, "");
}

static void add_effort(json_t* record, const char* metric, double value) {
  json_t* effort = json_pack("{s:s,s:i,s:f,s:s,s:i,s:n,s:n,s:s}", "metric", metric, "k", 1, "value", value, "unit",
                             "count", "n", 6, "lo", "hi", "status", "ok");
  json_array_append_new(json_object_get(record, "rows"), effort);
}

/* 6 windows of 5 actions of 4 steps: 120 */
static void work_is_that_of_the_windows(void** state) {
  (void)state;
  static const struct {
    double steps, diverged;
    int n;
  } cases[] = {{120, 0, 0}, {60, 0, 1}, {119, 1, 0}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    begin();
    set_text(json_object_get(one, "config"), "window.horizon", "5");
    set_text(json_object_get(one, "config"), "system.substeps", "4");
    add_effort(one, "effort.physics_steps", cases[i].steps);
    add_effort(one, "effort.diverged", cases[i].diverged);
    finds(check_training, cases[i].n,
          cases[i].n ? "effort.physics_steps at K = 1: 60, but 6 windows of 5 actions of 4 steps take 120" : "");
  }
}

/* names without samples, each once, with all of its parts */
static void rows_without_values_are_named(void** state) {
  (void)state;
  begin();
  for (int i = 0; i < 2; i++) {
    json_t* record = i ? two : one;
    add_value(record, "jerk", 1, 2);
    add_value(record, "jerk", 5, 3);
    add_value(record, "tre.joint_pos", 1, 4);
    add_value(record, "tre.base_pos", 1, 4);
    add_value(record, "tre", 7, 4);
    add_value(record, "jerks", 1, NAN); /* no number */
  }
  run_view r;
  verification out = {.found = rows_new()};
  open_run(&r);
  verifier v = {.r = &r, .folder = folder, .out = &out, .check = "check"};
  check_unshown(&v);
  assert_int_equal(out.count[VERIFY_UNCHECKED], 1);
  assert_string_equal(string_of(json_array_get(out.found.list, 0), "detail"),
                      "10 rows have no single values in the record, so that nothing shows whether they are those that "
                      "were measured: jerk, tre.*, tre");
  rows_free(&out.found);
  close_run(&r);
}

static void a_window_is_there_once(void** state) {
  (void)state;
  static const struct { int episode, start, n; } cases[] = {{0, 4, 0}, {1, 3, 0}, {0, 3, 1}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    begin();
    json_t* windows = json_object_get(one, "windows");
    json_array_set_new(json_object_get(windows, "episode"), 1, json_integer(cases[i].episode));
    json_array_set_new(json_object_get(windows, "start"), 1, json_integer(cases[i].start));
    finds(check_samples, cases[i].n, cases[i].n ? "windows 0 and 1 are the same: episode 0, frame 3" : "");
  }
  begin();
  json_array_remove(json_object_get(json_object_get(one, "windows"), "start"), 1);
  finds(check_samples, 1, "2 windows have an episode, and 1 a start frame");
  begin();
  for (int i = 0; i < 2; i++) {
    json_array_remove(json_object_get(json_object_get(one, "windows"), i ? "start" : "episode"), 1);
  }
  finds(check_samples, 1, "2 values of tre_open_loop, but only 1 windows");
  begin(); /* an older record */
  json_object_del(one, "windows");
  finds(check_samples, 0, "");
}

static void the_steps_of_a_training_are_those_of_its_curve(void** state) {
  (void)state;
  static const struct {
    int steps, of_curve, last, n; /* of_curve 0: not recorded, by an older program */
    const char* words;
  } cases[] = {{9, 9, 9, 0, ""},
               {9, 9, 2, 0, ""},
               {9, 0, 2, 0, ""},
               {9, 400, 400, 1, "training.steps is 9, but its first curve has 400 steps"},
               {10, 10, 10, 1, "training.steps is 10, but the setting train.steps is 9"},
               {9, 9, 10, 1, "the curve 'flow' goes to step 10 of 9"}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    begin();
    json_t* training = json_object_get(one, "training");
    json_t* curve = json_array_get(json_object_get(training, "curves"), 0);
    json_object_set_new(training, "steps", json_integer(cases[i].steps));
    if (cases[i].of_curve) json_object_set_new(curve, "steps", json_integer(cases[i].of_curve));
    json_array_set_new(json_object_get(curve, "step"), 1, json_integer(cases[i].last));
    finds(check_training, cases[i].n, cases[i].words);
  }
}

static void executed_actions_are_recorded(void** state) {
  (void)state;
  for (int what = 0; what < 5; what++) {
    begin();
    if (what != 2) add_value(one, "effort.physics_steps", 1, 240); /* without, nothing was executed */
    if (what > 0) json_array_clear(json_object_get(one, "replays"));
    if (what > 2) json_object_del(one, "replays");
    if (what == 3) json_object_set_new(one, "numbers", json_integer(1)); /* an older record */
    finds(check_training, what == 1 || what == 4,
          what == 1   ? "none is recorded (replays is empty)"
          : what == 4 ? "none is recorded (replays is missing)"
                      : "");
  }
}

static void every_record_is_of_a_planned_cell(void** state) {
  (void)state;
  begin();
  finds(check_planned, 0, "");
  begin();
  json_array_clear(json_object_get(plan, "cells"));
  finds(check_planned, 2, "no plan of profile 'p' has this cell with the key ");
  static const struct { const char *field, *value; } changes[] = {{"profile", "q"}, {"task", "u"}, {"method", "b"}};
  for (size_t i = 0; i < 3; i++) {
    begin();
    set_text(one, changes[i].field, changes[i].value);
    finds(check_planned, 1, "no plan of profile ");
  }
  /* by key, where the plan has keys */
  for (int other = 0; other < 2; other++) {
    begin();
    json_t* cell = json_array_get(json_object_get(plan, "cells"), 0);
    set_text(cell, "key", string_of(other ? two : one, "key"));
    finds(check_planned, other, "");
  }
  begin(); /* a run without any plan is a finding of another check */
  json_array_remove(records, 0);
  finds(check_planned, 0, "");
}

static void cells_have_in_common_what_numbers_need(void** state) {
  (void)state;
  static const struct {
    const char *object, *field, *value, *words;
  } cases[] = {{NULL, "data_sha256", "e", "different demonstrations"},
               {NULL, "windows_sha256", "v", ""}, /* a finding of another check */
               {"provenance", "mujoco", "3.16.0", "simulated with MuJoCo 3.16.0, not 3.17.0"},
               {"config", "task.version", "2", "task.version is 2, not 1"},
               {"config", "eval.windows", "3", "eval.windows is 3, not 2"},
               {"config", "train.steps", "3", ""}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    begin();
    set_text(cases[i].object ? json_object_get(two, cases[i].object) : two, cases[i].field, cases[i].value);
    finds(check_identity, cases[i].words[0] != '\0', cases[i].words);
  }
  begin();
  json_object_set_new(two, "numbers", json_integer(1));
  finds(check_identity, 1, "not comparable with a, seed 1: numbers of version 1, not 2");
  begin(); /* by what was compiled and by the files */
  set_text(two, "compiled_sha256", "e");
  set_text(two, "model_sha256", "e");
  set_text(json_array_get(json_object_get(two, "model_files"), 0), "sha256",
           "e123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
  finds(check_identity, 1, "different model (m.xml changed)");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_value_is_the_mean_of_its_samples),
      cmocka_unit_test(a_number_counts_its_samples),
      cmocka_unit_test(a_value_lies_in_its_interval),
      cmocka_unit_test(a_number_is_there_once),
      cmocka_unit_test(values_have_their_row),
      cmocka_unit_test(an_unknown_metric_is_named),
      cmocka_unit_test(an_interval_is_that_of_its_values),
      cmocka_unit_test(the_interval_of_a_share_is_wilsons),
      cmocka_unit_test(the_interval_of_a_mean_of_shares_stays_within_0_and_1),
      cmocka_unit_test(values_are_there_if_another_record_has_them),
      cmocka_unit_test(work_is_that_of_the_windows),
      cmocka_unit_test(rows_without_values_are_named),
      cmocka_unit_test(a_window_is_there_once),
      cmocka_unit_test(the_steps_of_a_training_are_those_of_its_curve),
      cmocka_unit_test(executed_actions_are_recorded),
      cmocka_unit_test(every_record_is_of_a_planned_cell),
      cmocka_unit_test(cells_have_in_common_what_numbers_need),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
