/* Numbers that are impossible by their definition, by the settings, or beside other numbers of the record. */
#define _GNU_SOURCE
#include "contradictions.h"

#include <math.h>

#include "one_record.h"

static void a_value_is_in_the_range_of_its_metric(void** state) {
  (void)state;
  static const struct {
    const char *metric, *unit;
    double value;
    const char* words;
  } cases[] = {
      {"power", "W", -7, "power at K = 1: the value -7 is negative"},
      {"power", "W", 7000, ""},
      {"tre.joint_pos", "rad", -1e-9, "tre.joint_pos at K = 1: the value -1e-09 is negative"},
      {"joint_limit", "share", 1, ""},
      {"joint_limit", "share", 0, ""},
      {"gait_agreement", "share", 7, "gait_agreement at K = 1: the value 7 is a share above 1"},
      {"fall_rate.replanned", "share", 1.5, "fall_rate.replanned at K = 1: the value 1.5 is a share above 1"},
      {"effort.physics_steps", "count", 2.5, "effort.physics_steps at K = 1: the value 2.5 is no whole number"},
      {"effort.physics_steps", "count", 1e12, ""},
      {"of_a_plugin", "share", -5, ""}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    begin();
    add_number(cases[i].metric, cases[i].unit, 1, cases[i].value);
    finds(check_ranges, cases[i].words);
  }
  begin();
  json_array_set_new(json_object_get(json_array_get(json_object_get(record, "samples"), 0), "values"), 1,
                     json_real(-0.25));
  finds(check_ranges, "tre_open_loop at K = 1: value 1 (samples), -0.25, is negative");
}

static void a_value_has_the_status_ok(void** state) {
  (void)state;
  static const char* const words[] = {"diverged", "okx", ""};
  for (int i = 0; i < 3; i++) {
    char wanted[128];
    begin();
    set_text(json_array_get(json_object_get(record, "rows"), 0), "status", words[i]);
    snprintf(wanted, sizeof wanted, "tre_open_loop at K = 1: the value is 0.5, but the status is '%s'", words[i]);
    finds(check_ranges, wanted);
  }
  begin();
  add_number("power", "W", 1, NAN); /* with the reason "why" */
  finds(check_ranges, "");
}

static void a_number_is_of_no_more_than_the_windows(void** state) {
  (void)state;
  begin();
  json_object_set_new(add_number("power", "W", 1, 3), "n", json_integer(3));
  finds(check_ranges, "power at K = 1: n is 3, but there are 2 windows");
  begin(); /* of a method without a sampler */
  json_object_set_new(add_number("power", "W", 0, 3), "n", json_integer(3));
  finds(check_ranges, "power at K = 0: n is 3, but there are 2 windows");
  begin(); /* of the curves of a training */
  json_object_set_new(add_number("effort.gradient_steps", "count", 0, 3), "n", json_integer(3));
  finds(check_ranges, "");
}

static void a_number_of_all_windows_is_of_each(void** state) {
  (void)state;
  static const char* const metrics[] = {"coverage", "sliced_wasserstein", "gait_agreement"};
  for (int i = 0; i < 3; i++) {
    char wanted[128] = "";
    begin();
    json_object_set_new(add_number(metrics[i], "share", 1, 0.5), "n", json_integer(1));
    if (i < 2) snprintf(wanted, sizeof wanted, "%s at K = 1: n is 1, but it is of all 2 windows", metrics[i]);
    finds(check_ranges, wanted);
  }
}

static void a_number_without_an_interval_has_none(void** state) {
  (void)state;
  static const char* const metrics[] = {"sliced_wasserstein", "effort.physics_steps", "sae_own.worst_step", "sae_own"};
  for (int i = 0; i < 4; i++) {
    for (int without = 0; without < 2; without++) {
      char wanted[128] = "";
      begin();
      json_t* one = add_number(metrics[i], "std", 1, 1);
      if (!without) json_object_set_new(one, "lo", json_real(0.5));
      if (!without) json_object_set_new(one, "hi", json_real(2));
      if (i < 3 && !without)
        snprintf(wanted, sizeof wanted, "%s at K = 1: it has an interval, 0.5 to 2, but this metric has none",
                 metrics[i]);
      finds(check_ranges, wanted);
    }
  }
}

static void a_time_of_training_and_the_start_states_are_there(void** state) {
  (void)state;
  for (int without = 0; without < 2; without++) {
    begin();
    json_object_del(record, "train_cpu_s");
    if (without) json_object_set_new(json_object_get(record, "training"), "curves", json_array());
    finds(check_ranges, without ? "" : "train_cpu_s is missing, which a training has");
    begin();
    json_object_del(record, "windows_sha256");
    if (without) set_trajectories();
    finds(check_ranges, without ? "" : "windows_sha256 is missing, which held-out start states have");
  }
}

/* a row of another K before the others */
static void add_first_k(int k) {
  json_t *list = json_object_get(record, "rows"), *one = json_deep_copy(json_array_get(list, 0));
  json_object_set_new(one, "k", json_integer(k));
  json_array_insert_new(list, 0, one);
}

static void a_k_is_one_of_the_setting(void** state) {
  (void)state;
  static const char list[] = "rows[0] has K = 1, which is not in the setting eval.sampler_steps, ";
  static const struct {
    const char* setting;
    bool right;
  } cases[] = {{"1,5", true}, {"5,1", true}, {"1", true}, {"11,5", false}, {"", false}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char wanted[160] = "";
    begin();
    json_object_del(record, "samples");
    json_object_del(record, "replays");
    json_object_set_new(record, "numbers", json_integer(1)); /* the order is that of today's records */
    set_setting("eval.sampler_steps", cases[i].setting);
    if (!cases[i].right) snprintf(wanted, sizeof wanted, "%s'%s'", list, cases[i].setting);
    finds(check_ranges, wanted);
  }
  static const char* const lists[] = {"samples", "replays"};
  for (int i = 0; i < 2; i++) {
    char wanted[160];
    begin();
    set_setting("eval.sampler_steps", "5,1");
    add_first_k(5);
    json_object_set_new(json_array_get(json_object_get(record, lists[i]), 0), "k", json_integer(2));
    snprintf(wanted, sizeof wanted, "%s[0] has K = 2, which is not in the setting eval.sampler_steps, '5,1'", lists[i]);
    finds(check_ranges, wanted);
  }
}

static void every_k_is_there_in_the_order_of_the_setting(void** state) {
  (void)state;
  static const struct {
    const char *setting, *words;
    int first, replayed;
  } cases[] = {
      {"5,1", "", 5, 1},
      {"1,5", "rows[1] has K = 1 after another K, but the setting eval.sampler_steps, '1,5', has the other order", 5,
       5},
      {"1,5", "there are no rows of number 2 of the setting eval.sampler_steps, '1,5'", 0, 5},
      {"1", "", 0, 1},
      {"1", "", 0, 0}, /* of a method without a sampler */
      {"5,1", "replays[0] has K = 5, but they are of the last one of the setting eval.sampler_steps, '5,1'", 5, 5}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    begin();
    set_setting("eval.sampler_steps", cases[i].setting);
    if (cases[i].first) add_first_k(cases[i].first);
    json_object_set_new(json_array_get(json_object_get(record, "replays"), 0), "k", json_integer(cases[i].replayed));
    finds(check_ranges, cases[i].words);
  }
  begin(); /* samples of two K in the other order */
  set_setting("eval.sampler_steps", "5,1");
  add_first_k(5);
  add_samples(record, "tre_open_loop", 5, 2, (double[]){0.25, 0.75});
  finds(check_ranges,
        "samples[1] has K = 5 after another K, but the setting eval.sampler_steps, '5,1', has the other order");
}

static void a_cell_ends_within_its_limit(void** state) {
  (void)state;
  static const double limits[] = {1.25, 1.5, 100};
  for (int i = 0; i < 3; i++) {
    begin(); /* took 1.5 s */
    json_object_set_new(json_object_get(record, "limits"), "seconds", json_real(limits[i]));
    finds_as(VERIFY_WARNING, check_limits,
             i ? ""
               : "the cell is done, but took 1.5 s (wall_s) with a limit of 1.25 s (limits.seconds), which only its "
                 "last measures may exceed");
  }
}

static void a_number_is_defined_by_the_settings(void** state) {
  (void)state;
  for (int rule = 0; rule < 2; rule++) {
    for (int numbers = 1; numbers <= 2; numbers++) {
      begin();
      json_object_set_new(record, "numbers", json_integer(numbers));
      set_setting("eval.fall_height", rule ? "0.2" : "0");
      set_setting("eval.fall_tilt", "0");
      add_number("fall_rate", "share", 1, 0);
      finds(check_ranges, rule || numbers == 1 ? ""
                                               : "fall_rate at K = 1: a value, but the metric is not defined without "
                                                 "eval.fall_height or eval.fall_tilt");
    }
  }
}

/* of two windows of 4 steps */
static void the_worst_agrees_with_the_mean(void** state) {
  (void)state;
  static const struct {
    const char *metric, *unit, *mean_metric, *mean_unit;
    double worst, mean;
    const char* words;
  } cases[] = {
      {"penetration.worst", "m", "penetration", "m", 5, 0, "penetration.worst at K = 1 is 5, but penetration is 0"},
      {"penetration.worst", "m", "penetration", "m", 0, 1, "penetration.worst at K = 1 is 0, but penetration is 1"},
      {"penetration.worst", "m", "penetration", "m", 1, 2, "penetration.worst at K = 1 is 1, but penetration is 2"},
      {"penetration.worst", "m", "penetration", "m", 2, 2, ""},
      {"penetration.worst", "m", "penetration", "m", 0, 0, ""},
      {"penetration.worst.chain", "m", "penetration.chain", "m", 0.5, 0,
       "penetration.worst.chain at K = 1 is 0.5, but penetration.chain is 0"},
      {"torque_limit.worst", "range", "torque_limit", "share", 0.001, 0.9, ""},
      {"torque_limit.worst", "range", "torque_limit", "share", 0, 0.9,
       "torque_limit.worst at K = 1 is 0, but torque_limit is 0.9"},
      {"penetration.worst", "m", "penetration.chain", "m", 5, 0, ""},
      {"sae_own.worst_step", "mixed SI", "sae_own", "mixed SI", 5, 0,
       "sae_own.worst_step at K = 1 is 5, but sae_own is 0"},
      {"sae_own.worst_step", "mixed SI", "sae_own", "mixed SI", 6, 1, ""},
      {"sae_own.worst_step", "mixed SI", "sae_own", "mixed SI", 6.01, 1,
       "sae_own.worst_step at K = 1 is 6.01, but the windows' means (samples) allow at most 6"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    begin();
    set_setting("window.horizon", "4");
    add_number(cases[i].mean_metric, cases[i].mean_unit, 1, cases[i].mean);
    add_number(cases[i].metric, cases[i].unit, 1, cases[i].worst);
    add_samples(record, "sae_own", 1, 2, (double[]){0.5 * cases[i].mean, 1.5 * cases[i].mean});
    finds(check_ranges, cases[i].words);
  }
}

/* two curves of 5 and 4 steps */
static void begin_curves(void) {
  begin();
  json_t* curves = json_object_get(json_object_get(record, "training"), "curves");
  json_array_clear(curves);
  for (int i = 0; i < 2; i++) {
    json_array_append_new(curves, json_pack("{s:s,s:[],s:[],s:i,s:i,s:i,s:f,s:{s:i,s:i,s:i}}", "name", "c", "step",
                                            "loss", "steps", 5 - i, "skipped", 1 + i, "diverged", 10 + i, "cpu_s", 0.25,
                                            "adjoints", "steps", 100 + i, "approximate", 20, "differenced", 30));
  }
}

static void counters_are_sums_over_the_curves(void** state) {
  (void)state;
  static const struct {
    const char *metric, *field;
    double sum;
  } cases[] = {{"effort.gradient_steps", "steps", 9},
               {"effort.skipped_steps", "skipped", 3},
               {"effort.diverged_samples", "diverged", 21},
               {"effort.adjoint_steps", "adjoints.steps", 201},
               {"effort.approximate_steps", "adjoints.approximate", 40},
               {"effort.differenced_steps", "adjoints.differenced", 60}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    for (int off = -1; off <= 1; off++) {
      char wanted[160] = "";
      begin_curves();
      add_number(cases[i].metric, "count", 0, cases[i].sum + off);
      if (off)
        snprintf(wanted, sizeof wanted, "%s is %g, but the sum of training.curves.%s is %g", cases[i].metric,
                 cases[i].sum + off, cases[i].field, cases[i].sum);
      finds(check_counters, wanted);
    }
  }
  begin_curves();
  json_object_set_new(record, "train_cpu_s", json_real(1));
  finds(check_counters, "train_cpu_s is 1, but the sum of training.curves.cpu_s is 0.5");
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_value_is_in_the_range_of_its_metric),
                                     cmocka_unit_test(a_value_has_the_status_ok),
                                     cmocka_unit_test(a_number_is_of_no_more_than_the_windows),
                                     cmocka_unit_test(a_number_of_all_windows_is_of_each),
                                     cmocka_unit_test(a_number_without_an_interval_has_none),
                                     cmocka_unit_test(a_time_of_training_and_the_start_states_are_there),
                                     cmocka_unit_test(a_k_is_one_of_the_setting),
                                     cmocka_unit_test(every_k_is_there_in_the_order_of_the_setting),
                                     cmocka_unit_test(a_cell_ends_within_its_limit),
                                     cmocka_unit_test(a_number_is_defined_by_the_settings),
                                     cmocka_unit_test(the_worst_agrees_with_the_mean),
                                     cmocka_unit_test(counters_are_sums_over_the_curves)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
