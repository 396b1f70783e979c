/* Methods that find actions in the simulator: for the plans of kinematic_fm, and for a demonstrated window. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "dynaflow/core/rng.h"
#include "dynaflow/flow/flow.h"
#include "dynaflow/metrics/best_action.h"
#include "dynaflow/metrics/metrics.h"
#include "dynaflow/optimise/follower.h"
#include "dynaflow/sim/rollout.h"
#include "methods.h"
#include "near.h"
#include "test_file.h"
#include "tiny_task.h"
#include "unit.h"

enum { B = 6, H = 8, NU = 2, NX = 6 };
#define FILE_PATH test_file("plan.safetensors")

/* the samples of a method for the same windows */
typedef struct sampled {
  double x[B][H + 1][NX], u[B][H][NU];
  df_effort effort;
} sampled;

static double x0[B][NX], condition[B], demo[B][H + 1][NX];

/* the first windows of held-out episodes, and a checkpoint of the network of a method; NULL: none */
static df_task* task_trained(const df_config* config, const df_method* of) {
  static df_training_log logs[DF_LOGS_MAX];
  df_task* task = tiny_task_with(config);
  assert_int_equal(task->system->nx, NX);
  for (int b = 0; b < B; b++) {
    const df_window w = task->windows->test[b * 7 % task->windows->n_test];
    const double* x = df_dataset_state(task->data, w.episode, w.start);
    memcpy(x0[b], x, sizeof x0[b]);
    memcpy(demo[b], x, sizeof demo[b]);
    condition[b] = df_dataset_condition(task->data, w.episode, w.start)[0];
  }
  if (!of) return task;
  const df_method_env env = {.task = task, .seed = 1, .threads = 2};
  void* self;
  int n;
  assert_int_equal(of->create(&env, &self), DF_OK);
  assert_int_equal(of->train(self, logs, &n), DF_OK);
  assert_int_equal(of->save(self, FILE_PATH), DF_OK);
  of->destroy(self);
  return task;
}

static df_task* task_with(const df_config* config, bool train) {
  return task_trained(config, train ? &df_method_kinematic_fm : NULL);
}

/* the method samples on a system with these operations; NULL: its own */
static sampled sample_on(const df_method* method, df_task* task, const df_system_ops* ops, int K, int threads) {
  sampled s = {.effort = {0}};
  const df_method_env env = {.task = task, .seed = 1, .threads = threads};
  const bool sees = (method->flags & DF_METHOD_SEES_DEMONSTRATION) != 0;
  const df_request r = {.B = B,
                        .x0 = x0[0],
                        .condition = condition,
                        .demonstrated_states = sees ? demo[0][0] : NULL,
                        .seed = 4,
                        .sampler_steps = K};
  const df_system_ops* own = task->system->ops;
  void* self;
  assert_int_equal(method->create(&env, &self), DF_OK);
  if (method->load) assert_int_equal(method->load(self, FILE_PATH), DF_OK);
  if (ops) task->system->ops = ops;
  assert_int_equal(method->sample(self, &r, s.x[0][0], s.u[0][0]), DF_OK);
  task->system->ops = own;
  if (method->add_effort) method->add_effort(self, &s.effort);
  method->destroy(self);
  return s;
}

static sampled sample_with(const df_method* method, df_task* task, int K, int threads) {
  return sample_on(method, task, NULL, K, threads);
}

static void sae(const df_task* task, const sampled* s, double* own, double* least) {
  const df_trajectories made = {.B = B, .H = H, .x = s->x[0][0], .u = s->u[0][0]};
  assert_int_equal(df_metric_sae_own(task->system, &made, 1, own, NULL), DF_OK);
  assert_int_equal(df_metric_sae_min(task->system, &made, 1, least, NULL), DF_OK);
}

/* the states of the actions of window b, from its first state */
static void execute(const df_task* task, const sampled* s, int b, double x[H + 1][NX]) {
  df_sim* sim;
  assert_int_equal(df_sim_new(task->system, 0, &sim), DF_OK);
  (void)df_trajectory_run(task->system, sim, H, x0[b], s->u[b][0], x[0]);
  df_sim_free(task->system, sim);
}

static double distance(const double a[H + 1][NX], const double b[H + 1][NX]) {
  double sum = 0;
  for (int t = 1; t <= H; t++) {
    for (int i = 0; i < NX; i++) sum += pow(a[t][i] - b[t][i], 2);
  }
  return sqrt(sum);
}

static void inverse_dynamics_gives_the_plan_its_best_actions(void** state) {
  (void)state;
  const df_config config = tiny_config();
  df_task* task = task_with(&config, true);
  for (int K = 1; K <= 3; K += 2) {
    const sampled plan = sample_with(&df_method_kinematic_fm, task, K, 1);
    const sampled inverse = sample_with(&df_method_kinematic_fm_inverse, task, K, 1);
    double own[B], least[B];
    assert_memory_equal(plan.x, inverse.x, sizeof plan.x);
    sae(task, &inverse, own, least);
    for (int b = 0; b < B; b++) assert_true(least[b] > 1e-3 && own[b] <= least[b] * (1 + 1e-2));
  }
  unlink(FILE_PATH);
  df_task_free(task);
}

static void tracking_and_projection_return_the_states_of_their_actions(void** state) {
  (void)state;
  const df_config config = tiny_config();
  df_task* task = task_with(&config, true);
  const df_method* const methods[] = {&df_method_kinematic_fm_tracking, &df_method_ddat_projection};
  static sampled of[2];
  for (int i = 0; i < 2; i++) {
    const sampled s = sample_with(methods[i], task, 3, 1), more = sample_with(methods[i], task, 3, 3);
    double own[B], least[B], x[H + 1][NX];
    for (int b = 0; b < B; b++) {
      execute(task, &s, b, x);
      assert_memory_equal(x, s.x[b], sizeof x);
    }
    sae(task, &s, own, least);
    for (int b = 0; b < B; b++) assert_true(own[b] < 1e-12);
    /* the same for any number of threads: other than the network's, of fixed chunks, every window is its own */
    assert_memory_equal(&s, &more, sizeof s);
    assert_true(s.effort.physics_steps > 2 * B * H * (1 + NU));
    of[i] = s;
  }
  /* each by default in its own norm */
  assert_memory_not_equal(of[0].u, of[1].u, sizeof of[0].u);
  unlink(FILE_PATH);
  df_task_free(task);
}

static void the_closed_loop_is_nearer_to_the_plan_than_the_open_loop(void** state) {
  (void)state;
  df_config config = tiny_config();
  snprintf(config.tracking_norm, sizeof config.tracking_norm, "si");
  df_task* task = task_with(&config, true);
  const sampled plan = sample_with(&df_method_kinematic_fm, task, 2, 1);
  const sampled open = sample_with(&df_method_kinematic_fm_inverse, task, 2, 1);
  const sampled closed = sample_with(&df_method_kinematic_fm_tracking, task, 2, 1);
  double off = 0, on = 0;
  for (int b = 0; b < B; b++) {
    double x[H + 1][NX];
    execute(task, &open, b, x);
    off += distance((const double(*)[NX])x, plan.x[b]) / B;
    on += distance(closed.x[b], plan.x[b]) / B;
  }
  assert_true(on < 0.8 * off);
  unlink(FILE_PATH);
  df_task_free(task);
}

static void a_projection_after_sampling_is_tracking_in_the_same_norm(void** state) {
  (void)state;
  static const char* const norms[] = {"std", "si"};
  sampled of[2];
  for (int i = 0; i < 2; i++) {
    df_config config = tiny_config();
    snprintf(config.tracking_norm, sizeof config.tracking_norm, "%s", norms[i]);
    snprintf(config.projection_norm, sizeof config.projection_norm, "%s", norms[i]);
    config.projection_from = 1;
    df_task* task = task_with(&config, true);
    of[i] = sample_with(&df_method_ddat_projection, task, 3, 1);
    const sampled tracked = sample_with(&df_method_kinematic_fm_tracking, task, 3, 1);
    assert_memory_equal(&of[i], &tracked, sizeof tracked);
    /* a single step is the last one, whatever projection.from is; of several, the path changes, and the work grows */
    task->config.projection_from = 0;
    const sampled one = sample_with(&df_method_ddat_projection, task, 1, 1);
    const sampled again = sample_with(&df_method_ddat_projection, task, 3, 1);
    task->config.projection_from = 1;
    const sampled last = sample_with(&df_method_ddat_projection, task, 1, 1);
    assert_memory_equal(&one, &last, sizeof one);
    assert_memory_not_equal(again.u, of[i].u, sizeof again.u);
    assert_true(again.effort.physics_steps > 2 * of[i].effort.physics_steps);
    df_task_free(task);
  }
  assert_memory_not_equal(of[0].u, of[1].u, sizeof of[0].u);
  unlink(FILE_PATH);
}

static void trained_projections_return_the_states_of_their_actions(void** state) {
  (void)state;
  const df_method* const methods[] = {&df_method_ddat_trained, &df_method_ddat_states_actions};
  const df_config config = tiny_config();
  for (int i = 0; i < 2; i++) {
    df_task* task = task_trained(&config, methods[i]);
    const sampled s = sample_with(methods[i], task, 3, 1), more = sample_with(methods[i], task, 3, 3);
    double own[B], least[B], x[H + 1][NX];
    sae(task, &s, own, least);
    for (int b = 0; b < B; b++) {
      execute(task, &s, b, x);
      assert_memory_equal(x, s.x[b], sizeof x);
      assert_true(own[b] < 1e-12);
    }
    assert_memory_equal(&s, &more, sizeof s);
    /* the work of samples alone, without that of the training: at most 13 searches from two starts */
    assert_true(s.effort.physics_steps > 2 * B * H * (1 + NU));
    df_task_free(task);
  }
  unlink(FILE_PATH);
}

/* a projection of its own for one window: the n-th call stores the actions that it gets, and the coordinates it leaves
 */
typedef struct observer {
  const df_task* task;
  df_follower* follower;
  bool from_predicted; /* of the follower; without one, states stay and the first call puts 0.25 in all actions */
  int calls;
  double got[2][H][NU], left[H][NX + NU];
} observer;

static void observe(void* context, int thread, double* x, double* u) {
  observer* o = context;
  const df_chart_statistics s = df_chart_get_statistics(o->task->chart);
  if (o->follower && o->from_predicted) (void)df_follower_track_from(o->follower, thread, H, x, u, x);
  if (o->follower && !o->from_predicted) (void)df_follower_track(o->follower, thread, H, x, u, x);
  if (o->follower) return;
  assert_in_range(o->calls, 0, 1);
  memcpy(o->got[o->calls], u, sizeof o->got[0]);
  for (int t = 0; t < H && o->calls == 0; t++) {
    df_chart_encode(o->task->chart, x, x + (t + 1) * NX, o->left[t]);
    for (int i = 0; i < NU; i++) {
      u[t * NU + i] = 0.25;
      o->left[t][NX + i] = (0.25 - s.action_mean[i]) / s.action_std[i];
    }
  }
  o->calls++;
}

static df_flow* flow_of_both(const df_method_env* env) {
  df_flow* flow;
  assert_int_equal(df_flow_new(env, "ddat_states_actions", DF_DECODE_STATES_ACTIONS, &flow), DF_OK);
  assert_int_equal(df_flow_load(flow, FILE_PATH), DF_OK);
  return flow;
}

/* the method returns what its network and a follower of the test make, and other bytes if searches start elsewhere */
static void searches_of_states_and_actions_start_from_the_predicted_actions(void** state) {
  (void)state;
  df_config config = tiny_config();
  config.projection_from = 0;
  snprintf(config.projection_norm, sizeof config.projection_norm, "std");
  df_task* task = task_trained(&config, &df_method_ddat_states_actions);
  const sampled s = sample_with(&df_method_ddat_states_actions, task, 3, 1);
  const df_method_env env = {.task = task, .seed = 1, .threads = 1};
  const df_request r = {.B = B, .x0 = x0[0], .condition = condition, .seed = 4, .sampler_steps = 3};
  const df_follower_cfg cfg = {.threads = 1, .scale = df_chart_std(task->chart)};
  df_flow* flow = flow_of_both(&env);
  for (int predicted = 0; predicted < 2; predicted++) {
    sampled own = {.effort = {0}};
    observer o = {.task = task, .from_predicted = predicted};
    const df_flow_projection projection = {.project = observe, .context = &o};
    assert_int_equal(df_follower_new(task->system, &cfg, &o.follower), DF_OK);
    assert_int_equal(df_flow_sample_projected(flow, &r, &projection, own.x[0][0], own.u[0][0]), DF_OK);
    assert_int_equal(memcmp(own.u, s.u, sizeof s.u) == 0, predicted);
    df_follower_free(o.follower);
  }
  df_flow_free(flow);
  unlink(FILE_PATH);
  df_task_free(task);
}

/* Two steps: the path goes half of the way from the noise to the projected coordinates, those of the actions, too, and
 * the network predicts from there. */
static void the_path_goes_to_the_projected_actions(void** state) {
  (void)state;
  const df_config config = tiny_config();
  df_task* task = task_trained(&config, &df_method_ddat_states_actions);
  const df_method_env env = {.task = task, .seed = 1, .threads = 1};
  const df_request r = {.B = 1, .x0 = x0[0], .condition = condition, .seed = 4, .sampler_steps = 2};
  df_flow* flow = flow_of_both(&env);
  observer o = {.task = task};
  const df_flow_projection projection = {.project = observe, .context = &o};
  double x[H + 1][NX], u[H][NU], half[H][NX + NU], velocity[H][NX + NU];
  assert_int_equal(df_flow_sample_projected(flow, &r, &projection, x[0], u[0]), DF_OK);
  assert_int_equal(o.calls, 2);

  df_rng_normal(4, DF_STREAM_SAMPLE_NOISE, 0, (size_t)H * (NX + NU), half[0]);
  for (int t = 0; t < H; t++) {
    for (int i = 0; i < NX + NU; i++) half[t][i] = 0.5 * (half[t][i] * task->config.flow_sigma + o.left[t][i]);
  }
  const df_flow_points points = {.B = 1, .t = 0.5, .z = half[0], .x0 = x0[0], .condition = condition};
  assert_int_equal(df_flow_velocity(flow, &points, velocity[0], NULL), DF_OK);
  const df_chart_statistics s = df_chart_get_statistics(task->chart);
  for (int t = 0; t < H; t++) {
    double predicted[NU];
    for (int i = 0; i < NU; i++)
      predicted[i] = s.action_mean[i] + s.action_std[i] * (half[t][NX + i] + 0.5 * velocity[t][NX + i]);
    df_box_project(task->system, predicted);
    for (int i = 0; i < NU; i++) assert_near(o.got[1][t][i], predicted[i], 1e-5); /* single precision */
  }
  df_flow_free(flow);
  unlink(FILE_PATH);
  df_task_free(task);
}

/* without the projection in training, the network is that of kinematic_fm */
static void a_projection_that_is_not_trained_is_ddat_projection(void** state) {
  (void)state;
  df_config config = tiny_config();
  sampled of[3];
  for (int i = 0; i < 3; i++) {
    const df_method* method = i ? &df_method_ddat_trained : &df_method_ddat_projection;
    config.train_project_from = i == 2 ? 0.5 : 1;
    df_task* task = task_trained(&config, i ? method : &df_method_kinematic_fm);
    of[i] = sample_with(method, task, 3, 1);
    df_task_free(task);
  }
  assert_memory_equal(&of[0], &of[1], sizeof of[0]);
  assert_memory_not_equal(of[0].x, of[2].x, sizeof of[0].x);
  unlink(FILE_PATH);
}

static void trajectory_optimisation_finds_the_demonstration_without_its_actions(void** state) {
  (void)state;
  const df_config config = tiny_config();
  df_task* task = task_with(&config, false);
  for (size_t i = 0; i < df_dataset_actions(task->data) * NU; i++) task->data->actions[i] = NAN;
  const sampled s = sample_with(&df_method_trajopt, task, 1, 1), more = sample_with(&df_method_trajopt, task, 1, 3);
  double tre[B], x[H + 1][NX];
  const df_trajectories made = {.B = B, .H = H, .x = s.x[0][0]};
  assert_int_equal(df_metric_tre(task->chart, NX, &made, demo[0][0], tre, NULL), DF_OK);
  for (int b = 0; b < B; b++) {
    assert_true(tre[b] < 1e-7);
    execute(task, &s, b, x);
    assert_memory_equal(x, s.x[b], sizeof x);
  }
  assert_memory_equal(&s, &more, sizeof s);
  assert_true(s.effort.physics_steps > 2 * B * H * (1 + NU));

  /* what no action makes: not exact, and nearer than the best action of every step */
  for (int b = 0; b < B; b++) {
    for (int t = 1; t <= H; t++) demo[b][t][5] += t % 2 ? 3 : -3; /* the velocity of the hip, but not its angle */
  }
  double error[2] = {0};
  for (int begun = 0; begun < 2; begun++) {
    if (begun) task->config.trajopt_iterations = 0;
    const sampled near = sample_with(&df_method_trajopt, task, 1, 1);
    const df_trajectories fitted = {.B = B, .H = H, .x = near.x[0][0]};
    assert_int_equal(df_metric_tre(task->chart, NX, &fitted, demo[0][0], tre, NULL), DF_OK);
    for (int b = 0; b < B; b++) error[begun] += tre[b] / B;
  }
  assert_true(error[0] > 1e-2 && error[0] < 0.95 * error[1]);
  df_task_free(task);
}

static void trajectory_optimisation_needs_a_demonstration(void** state) {
  (void)state;
  const df_config config = tiny_config();
  df_task* task = task_with(&config, false);
  const df_method_env env = {.task = task, .seed = 1, .threads = 1};
  const df_request r = {.B = B, .x0 = x0[0], .condition = condition, .sampler_steps = 1};
  sampled s;
  void* self;
  assert_int_equal(df_method_trajopt.create(&env, &self), DF_OK);
  assert_int_equal(df_method_trajopt.sample(self, &r, s.x[0][0], s.u[0][0]), DF_E_CONFIG);
  assert_string_equal(df_error_message(), "task tiny: trajopt fits demonstrated states, but there are none");
  df_method_trajopt.destroy(self);
  df_task_free(task);
}

static df_traj_end always_diverges(df_sim* sim, const double* u, double* x1) {
  (void)sim, (void)u;
  for (int i = 0; i < NX; i++) x1[i] = NAN;
  return DF_TRAJ_DIVERGED;
}

static void a_window_that_diverges_is_a_value(void** state) {
  (void)state;
  const df_config config = tiny_config();
  df_task* task = task_with(&config, true);
  df_system_ops ops = *task->system->ops;
  ops.step = always_diverges;
  const df_method* const methods[] = {&df_method_kinematic_fm_tracking, &df_method_ddat_projection, &df_method_trajopt};
  for (int i = 0; i < 3; i++) {
    const sampled s = sample_on(methods[i], task, &ops, 2, 1);
    for (int b = 0; b < B; b++) {
      assert_memory_equal(s.x[b][0], x0[b], sizeof x0[b]);
      for (int t = 1; t <= H; t++) assert_true(isnan(s.x[b][t][0]) && isnan(s.x[b][t][NX - 1]));
      for (int t = 0; t < H; t++) assert_true(fabs(s.u[b][t][0]) <= 1 && fabs(s.u[b][t][1]) <= 1);
    }
  }
  unlink(FILE_PATH);
  df_task_free(task);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(inverse_dynamics_gives_the_plan_its_best_actions),
      cmocka_unit_test(tracking_and_projection_return_the_states_of_their_actions),
      cmocka_unit_test(the_closed_loop_is_nearer_to_the_plan_than_the_open_loop),
      cmocka_unit_test(a_projection_after_sampling_is_tracking_in_the_same_norm),
      cmocka_unit_test(trained_projections_return_the_states_of_their_actions),
      cmocka_unit_test(searches_of_states_and_actions_start_from_the_predicted_actions),
      cmocka_unit_test(the_path_goes_to_the_projected_actions),
      cmocka_unit_test(a_projection_that_is_not_trained_is_ddat_projection),
      cmocka_unit_test(trajectory_optimisation_finds_the_demonstration_without_its_actions),
      cmocka_unit_test(trajectory_optimisation_needs_a_demonstration),
      cmocka_unit_test(a_window_that_diverges_is_a_value),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
