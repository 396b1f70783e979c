/* The samples of an evaluation: the values behind the rows, in the order of the windows, for paired statistics. */
#include "evaluate.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "dynaflow/metrics/metrics.h"
#include "dynaflow/sim/rollout.h"
#include "dynaflow/stats/statistics.h"
#include "eval_set.h"
#include "json.h"
#include "methods.h"
#include "tiny_task.h"

static const json_t* find(const json_t* list, const char* metric, int k) {
  size_t i;
  json_t* one;
  json_array_foreach(list, i, one) {
    if (strcmp(string_of(one, "metric"), metric) == 0 && json_integer_value(json_object_get(one, "k")) == k) return one;
  }
  return NULL;
}

/* checks that the mean of the samples is the row's value; returns their number */
static size_t check_samples(const evaluation* e, const char* metric, int k) {
  const json_t *row = find(e->rows, metric, k), *values = json_object_get(find(e->samples, metric, k), "values");
  assert_non_null(row);
  assert_non_null(values);
  double sum = 0;
  for (size_t i = 0; i < json_array_size(values); i++) sum += number_of(json_array_get(values, i));
  /* the same numbers in the same order; a share is one rounding off */
  assert_true(fabs(sum / (double)json_array_size(values) - number_of(json_object_get(row, "value"))) < 1e-14);
  assert_int_equal(json_integer_value(json_object_get(row, "n")), json_array_size(values));
  return json_array_size(values);
}

/* evaluates a method on a tiny task: some windows, 4 chains of which some fall by a tilt in degrees; 0: no fall rule */
static evaluation evaluate_with(const df_method* method, int first_k, double tilt, int windows) {
  df_config config = tiny_config();
  config.eval_windows = windows;
  config.eval_sae_windows = 1;
  config.eval_chains = 4;
  config.eval_chain_seconds = 0.3;
  config.eval_fall_tilt = tilt;
  snprintf(config.eval_tilt_joint, sizeof config.eval_tilt_joint, "hip");
  config.eval_sampler_steps.n = 2;
  config.eval_sampler_steps.v[0] = first_k;
  config.eval_sampler_steps.v[1] = 3;
  df_task* task = tiny_task_with(&config);
  const df_method_env env = {.task = task, .seed = 1, .threads = 1};
  eval_set* set;
  void* instance;
  evaluation out;
  assert_int_equal(eval_set_new(task, 1, &set), DF_OK);
  assert_int_equal(method->create(&env, &instance), DF_OK);
  static df_training_log logs[DF_LOGS_MAX];
  int n_logs;
  if (method->flags & DF_METHOD_TRAINS) assert_int_equal(method->train(instance, logs, &n_logs), DF_OK);
  const eval_job job = {.task = task, .set = set, .method = method, .instance = instance, .seed = 1, .threads = 1};
  assert_int_equal(evaluate(&job, &out), DF_OK);
  method->destroy(instance);
  eval_set_free(set);
  df_task_free(task);
  return out;
}

static evaluation evaluate_tiny(const df_method* method, int first_k) {
  return evaluate_with(method, first_k, 1.9, 6);
}

static void without_a_fall_rule_there_are_neither_falls_nor_survival(void** state) {
  (void)state;
  evaluation with = evaluate_tiny(&df_method_random_action, 1);
  evaluation e = evaluate_with(&df_method_random_action, 1, 0, 6);
  static const char* const metrics[] = {"fall_rate", "survival", "fall_rate.replanned"};
  for (size_t i = 0; i < 3; i++) {
    assert_non_null(find(with.rows, metrics[i], 0));
    assert_null(find(e.rows, metrics[i], 0));
    assert_null(find(e.samples, metrics[i], 0));
  }
  /* all else is as it was, except for chains, whose frames after the fall now count */
  size_t i;
  json_t* row;
  assert_int_equal(json_array_size(e.rows), json_array_size(with.rows) - 3);
  json_array_foreach(e.rows, i, row) {
    const json_t* same = find(with.rows, string_of(row, "metric"), 0);
    assert_true(strstr(string_of(row, "metric"), ".chain") ? same != NULL : json_equal(row, same));
  }
  assert_false(json_equal(find(e.rows, "jerk.chain", 0), find(with.rows, "jerk.chain", 0)));
  evaluation_clear(&with);
  evaluation_clear(&e);
}

static void plausibility_is_that_of_the_returned_states(void** state) {
  (void)state;
  evaluation floor = evaluate_tiny(&df_method_random_action, 1), ceiling = evaluate_tiny(&df_method_replay_demo, 1);
  static const char* const metrics[] = {"jerk", "power", "root_residual"};
  for (size_t i = 0; i < 3; i++) {
    const json_t *random = find(floor.rows, metrics[i], 0), *replayed = find(ceiling.rows, metrics[i], 0);
    assert_true(random && replayed && !json_equal(random, replayed));
  }
  evaluation_clear(&floor);
  evaluation_clear(&ceiling);
}

static double value_of(const evaluation* e, const char* metric, int k) {
  return number_of(json_object_get(find(e->rows, metric, k), "value"));
}

/* a ceiling that sees the demonstrated states: no chains, no floor, and its steps are counted */
static void trajectory_optimisation_is_a_ceiling(void** state) {
  (void)state;
  evaluation e = evaluate_tiny(&df_method_trajopt, 1), replayed = evaluate_tiny(&df_method_replay_demo, 1);
  assert_true(value_of(&e, "tre", 0) < 1e-7);
  assert_true(value_of(&e, "sae_own", 0) < 1e-12);
  assert_true(isnan(e.floor));
  assert_null(find(e.rows, "fall_rate", 0));
  /* at least the 8 actions of 2 steps of 6 windows, and their searches over 2 actuators */
  assert_true(value_of(&e, "effort.sampling_steps", 0) > 8 * 2 * 6 * 3);
  assert_null(find(replayed.rows, "effort.sampling_steps", 0));
  evaluation_clear(&e);
  evaluation_clear(&replayed);
}

/* the counter is of the windows at one K, neither of those at another K before it nor of the chains */
static void steps_of_sampling_are_those_of_the_windows(void** state) {
  (void)state;
  evaluation e = evaluate_tiny(&df_method_ddat_projection, 1), other = evaluate_tiny(&df_method_ddat_projection, 2);
  const double one = value_of(&e, "effort.sampling_steps", 1), three = value_of(&e, "effort.sampling_steps", 3);
  assert_true(one > 8 * 2 * 6 * 3 && three > 8 * 2 * 6 * 3);
  assert_true(three == value_of(&other, "effort.sampling_steps", 3));
  evaluation_clear(&e);
  evaluation_clear(&other);
}

static void samples_are_the_values_behind_the_rows(void** state) {
  (void)state;
  evaluation e = evaluate_tiny(&df_method_random_action, 1);
  assert_int_equal(check_samples(&e, "tre", 0), 6);
  assert_int_equal(check_samples(&e, "tre_open_loop", 0), 6);
  assert_int_equal(check_samples(&e, "sae_own", 0), 6);
  assert_int_equal(check_samples(&e, "sae_min", 0), 1);
  assert_int_equal(check_samples(&e, "fall_rate", 0), 4);
  assert_int_equal(check_samples(&e, "survival", 0), 4);
  assert_int_equal(json_array_size(e.samples), 6);
  const json_t* falls = json_object_get(find(e.samples, "fall_rate", 0), "values");
  int fallen = 0;
  for (size_t i = 0; i < 4; i++) {
    const double fell = number_of(json_array_get(falls, i));
    assert_true(fell == 0 || fell == 1);
    fallen += fell == 1;
  }
  /* eval_fall_tilt is such that both occur */
  assert_in_range(fallen, 1, 3);
  evaluation_clear(&e);
}

static int whole(const json_t* list, size_t i) {
  return (int)json_integer_value(json_array_get(list, i));
}

static void intervals_take_the_windows_of_an_episode_as_one(void** state) {
  (void)state;
  /* 12 episodes, every fourth is held out: 6 windows of 3 */
  evaluation e = evaluate_tiny(&df_method_random_action, 1);
  const json_t *episode = json_object_get(e.windows, "episode"), *start = json_object_get(e.windows, "start");
  assert_int_equal(json_array_size(episode), 6);
  assert_int_equal(json_array_size(json_object_get(e.windows, "groups")), 0);
  df_bootstrap_cfg cfg = df_bootstrap_cfg_default();
  int label[6], n = 6, pairs = 0;
  double values[6];
  for (size_t i = 0; i < 6; i++) {
    label[i] = whole(episode, i);
    assert_int_equal(label[i] % 4, 3);
    assert_in_range(whole(start, i), 0, 40 - 8);
    assert_int_equal(whole(json_object_get(e.windows, "group"), i), 0);
    values[i] = number_of(json_array_get(json_object_get(find(e.samples, "tre", 0), "values"), i));
    for (size_t j = 0; j < i; j++) pairs += label[i] == label[j];
  }
  assert_true(pairs > 0);
  const json_t* row = find(e.rows, "tre", 0);
  df_interval together, apart;
  cfg.seed = (uint64_t)df_config_default().eval_seed;
  assert_int_equal(
      df_bootstrap_interval(&cfg, DF_ESTIMATE_MEAN, &(df_strata){.n = 1, .sizes = &n, .values = values}, &apart),
      DF_OK);
  cfg.cluster = label;
  assert_int_equal(
      df_bootstrap_interval(&cfg, DF_ESTIMATE_MEAN, &(df_strata){.n = 1, .sizes = &n, .values = values}, &together),
      DF_OK);
  assert_true(number_of(json_object_get(row, "lo")) == together.lo && together.lo != apart.lo);
  assert_true(number_of(json_object_get(row, "hi")) == together.hi && together.hi != apart.hi);
  evaluation_clear(&e);
}

/* whether the foot of tiny_task.h, a sphere of 0.05 m at the end of a leg of 0.5 m, touches the floor */
static bool touches(const double* x) {
  return 0.6 + x[1] - 0.5 * cos(x[2]) < 0.05;
}

/* of the windows that the record can replay, by the height of the foot; eval.sae_windows = 0 leaves sae_min out */
static void agreement_is_that_of_the_executed_contacts(void** state) {
  (void)state;
  enum { H = 8, NX = 6 };
  df_config config = tiny_config();
  config.eval_windows = 6;
  config.eval_chains = config.eval_sae_windows = 0;
  config.eval_sampler_steps = (df_list){.n = 1, .v = {1}};
  assert_int_equal(df_config_set(&config, "eval.feet", "foot", "test"), DF_OK);
  df_task* task = tiny_task_with(&config);
  const df_method* method = &df_method_random_action;
  const df_method_env env = {.task = task, .seed = 1, .threads = 1};
  eval_set* set;
  void* instance;
  evaluation e;
  int equal = 0;
  assert_int_equal(eval_set_new(task, 1, &set), DF_OK);
  assert_int_equal(method->create(&env, &instance), DF_OK);
  const eval_job job = {.task = task, .set = set, .method = method, .instance = instance, .seed = 1, .threads = 1};
  assert_int_equal(evaluate(&job, &e), DF_OK);
  const json_t* values = json_object_get(find(e.samples, "gait_agreement", 0), "values");
  assert_int_equal(check_samples(&e, "gait_agreement", 0), 6);
  for (size_t i = 0; i < 2; i++) {
    const size_t b = 3 * i;
    const json_t* x = json_object_get(json_array_get(e.replays, i), "x");
    int same = 0;
    for (size_t t = 0; t < H; t++) {
      double executed[NX];
      for (size_t k = 0; k < NX; k++) executed[k] = number_of(json_array_get(x, t * NX + k));
      same += touches(executed) == touches(set->x + (b * (H + 1) + t + 1) * NX);
    }
    assert_true(number_of(json_array_get(values, b)) == same / (double)H);
    equal += same;
  }
  assert_in_range(equal, 1, 2 * H - 1); /* else the samples could be constants */
  assert_null(find(e.rows, "sae_min", 0));
  assert_null(find(e.samples, "sae_min", 0));
  evaluation_clear(&e);
  method->destroy(instance);
  eval_set_free(set);
  df_task_free(task);
}

static double count_of(const evaluation* e, const char* metric, int k) {
  return number_of(json_object_get(find(e->rows, metric, k), "value"));
}

static void what_the_numbers_cost_is_counted(void** state) {
  (void)state;
  evaluation e = evaluate_tiny(&df_method_random_action, 1);
  /* 6 windows of 8 actions, two physics steps each */
  assert_true(count_of(&e, "effort.physics_steps", 0) == 96);
  assert_true(count_of(&e, "effort.diverged", 0) == 0);
  /* the foot touches the floor, so there are constraints to solve, in at most 100 iterations per step */
  assert_true(count_of(&e, "effort.constraint_rows", 0) > 0);
  assert_true(count_of(&e, "effort.solver_iterations", 0) > 0);
  assert_true(count_of(&e, "effort.solver_iterations", 0) < 96 * 100);
  evaluation_clear(&e);
  /* states without actions are not executed */
  e = evaluate_tiny(&df_method_kinematic_fm, 1);
  assert_null(find(e.rows, "effort.physics_steps", 1));
  assert_null(e.replays);
  evaluation_clear(&e);
}

static void the_floor_is_the_error_of_random_actions(void** state) {
  (void)state;
  evaluation random = evaluate_tiny(&df_method_random_action, 1), e = evaluate_tiny(&df_method_kinematic_fm, 1);
  const double wanted = count_of(&random, "tre", 0);
  assert_true(wanted > 0 && e.floor == wanted);
  assert_true(isnan(random.floor));
  evaluation_clear(&e);
  evaluation_clear(&random);
}

static void copy(const json_t* list, double* out) {
  for (size_t i = 0; i < json_array_size(list); i++) out[i] = number_of(json_array_get(list, i));
}

static void replays_lead_to_their_states(void** state) {
  (void)state;
  evaluation e = evaluate_tiny(&df_method_dynaflow, 1);
  df_config config = tiny_config();
  df_task* task = tiny_task_with(&config);
  const int nx = task->system->nx, nu = task->system->nu;
  assert_int_equal(json_array_size(e.replays), 2);
  for (size_t i = 0; i < 2; i++) {
    double x0[16], u[8 * 4], x[9 * 16], recorded[8 * 16];
    const json_t* one = json_array_get(e.replays, i);
    assert_int_equal(json_integer_value(json_object_get(one, "k")), 3);
    assert_int_equal(json_integer_value(json_object_get(one, "window")), 3 * i);
    assert_int_equal(json_array_size(json_object_get(one, "u")), 8 * nu);
    assert_int_equal(json_array_size(json_object_get(one, "x")), 8 * nx);
    copy(json_object_get(one, "x0"), x0);
    copy(json_object_get(one, "u"), u);
    copy(json_object_get(one, "x"), recorded);
    df_sim* sim;
    assert_int_equal(df_sim_new(task->system, 0, &sim), DF_OK);
    assert_int_equal(df_trajectory_run(task->system, sim, 8, x0, u, x), DF_TRAJ_COMPLETE);
    assert_memory_equal(x + nx, recorded, (size_t)(8 * nx) * sizeof *x);
    df_sim_free(task->system, sim);
  }
  df_task_free(task);
  evaluation_clear(&e);
}

static void every_k_has_its_own(void** state) {
  (void)state;
  evaluation e = evaluate_tiny(&df_method_kinematic_fm, 1);
  assert_int_equal(check_samples(&e, "tre", 1), 6);
  assert_int_equal(check_samples(&e, "tre", 3), 6);
  assert_int_equal(json_array_size(e.samples), 4);
  assert_false(json_equal(json_object_get(find(e.samples, "tre", 1), "values"),
                          json_object_get(find(e.samples, "tre", 3), "values")));
  evaluation_clear(&e);
}

/* Two samples of kinematic flow differ by their base samples alone. Of methods without a sampler there is no second. */
static void diversity_is_the_difference_of_two_samples(void** state) {
  (void)state;
  df_config config = tiny_config();
  config.eval_windows = 6;
  config.eval_sae_windows = 2;
  config.eval_chains = 0;
  config.eval_sampler_steps = (df_list){.n = 1, .v = {2}};
  df_task* task = tiny_task_with(&config);
  const df_method* method = &df_method_kinematic_fm;
  const df_method_env env = {.task = task, .seed = 1, .threads = 1};
  static df_training_log logs[DF_LOGS_MAX];
  eval_set* set;
  void* instance;
  evaluation e;
  int n_logs;
  assert_int_equal(eval_set_new(task, 1, &set), DF_OK);
  assert_int_equal(method->create(&env, &instance), DF_OK);
  assert_int_equal(method->train(instance, logs, &n_logs), DF_OK);
  const eval_job job = {.task = task, .set = set, .method = method, .instance = instance, .seed = 3, .threads = 1};
  assert_int_equal(evaluate(&job, &e), DF_OK);

  double first[6 * 9 * 16], second[2 * 9 * 16], distance[2];
  assert_true(set->B == 6 && set->H == 8 && task->system->nx <= 16);
  df_request request = {.B = 6, .x0 = set->x0, .condition = set->condition, .seed = 3, .sampler_steps = 2};
  assert_int_equal(method->sample(instance, &request, first, NULL), DF_OK);
  request.B = 2;
  request.first_index = (uint64_t)1 << 33;
  assert_int_equal(method->sample(instance, &request, second, NULL), DF_OK);
  const df_trajectories made = {.B = 2, .H = 8, .x = second};
  assert_int_equal(df_metric_tre(task->chart, task->system->nx, &made, first, distance, NULL), DF_OK);
  assert_true(distance[0] > 0);
  assert_true(fabs(value_of(&e, "diversity", 2) - (distance[0] + distance[1]) / 2) < 1e-15);
  assert_int_equal(json_integer_value(json_object_get(find(e.rows, "diversity", 2), "n")), 2);
  evaluation_clear(&e);

  e = evaluate_tiny(&df_method_random_action, 1);
  assert_null(find(e.rows, "diversity", 0));
  assert_true(value_of(&e, "sliced_wasserstein", 0) > 0);
  evaluation_clear(&e);
  e = evaluate_tiny(&df_method_replay_demo, 1);
  assert_true(value_of(&e, "sliced_wasserstein", 0) < 1e-12);
  evaluation_clear(&e);
  method->destroy(instance);
  eval_set_free(set);
  df_task_free(task);
}

/* With fewer than 20 windows, one that is always returned would cover more than a quarter. All of 20 are covered, but
 * others of such episodes may not be: the interval is Wilson's. */
static void coverage_needs_20_windows_and_has_a_width(void** state) {
  (void)state;
  evaluation e = evaluate_with(&df_method_replay_demo, 1, 1.9, 19);
  assert_int_equal(json_integer_value(json_object_get(find(e.rows, "sliced_wasserstein", 0), "n")), 19);
  assert_null(find(e.rows, "coverage", 0));
  evaluation_clear(&e);
  e = evaluate_with(&df_method_replay_demo, 1, 1.9, 20);
  const json_t* row = find(e.rows, "coverage", 0);
  const df_interval of = df_share_interval((int)json_integer_value(json_object_get(row, "episodes")),
                                           (int)json_integer_value(json_object_get(row, "episodes")));
  assert_int_equal(json_integer_value(json_object_get(row, "n")), 20);
  assert_true(value_of(&e, "coverage", 0) == 1 && number_of(json_object_get(row, "hi")) == 1);
  assert_true(of.lo < 0.9 && fabs(number_of(json_object_get(row, "lo")) - of.lo) < 1e-15);
  evaluation_clear(&e);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(without_a_fall_rule_there_are_neither_falls_nor_survival),
      cmocka_unit_test(plausibility_is_that_of_the_returned_states),
      cmocka_unit_test(trajectory_optimisation_is_a_ceiling),
      cmocka_unit_test(steps_of_sampling_are_those_of_the_windows),
      cmocka_unit_test(samples_are_the_values_behind_the_rows),
      cmocka_unit_test(intervals_take_the_windows_of_an_episode_as_one),
      cmocka_unit_test(agreement_is_that_of_the_executed_contacts),
      cmocka_unit_test(what_the_numbers_cost_is_counted),
      cmocka_unit_test(the_floor_is_the_error_of_random_actions),
      cmocka_unit_test(replays_lead_to_their_states),
      cmocka_unit_test(every_k_has_its_own),
      cmocka_unit_test(diversity_is_the_difference_of_two_samples),
      cmocka_unit_test(coverage_needs_20_windows_and_has_a_width),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
