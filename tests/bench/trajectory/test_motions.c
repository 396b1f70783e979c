/* Motions of a method: what they are compared with. */
#include "motions.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "chain.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/data/chart.h"
#include "dynaflow/data/dataset.h"
#include "dynaflow/metrics/metrics.h"
#include "dynaflow/sim/rollout.h"
#include "eval_set.h"
#include "methods.h"
#include "near.h"
#include "tiny_task.h"
#include "unit.h"

enum { NX = 6, NU = 2, H = 8, ROOT = 0, Z = 1, LENGTH = 40 };

static motion_row row_of(const eval_job* job, double* x0, double condition) {
  const starts from = {.n = 1, .x0 = x0};
  const uint64_t seed = 1;
  const motion_cfg cfg = {
      .n_seeds = 1, .seeds = &seed, .from = &from, .condition = &condition, .seconds = 8 * 0.02, .k = 1};
  motions* m;
  assert_int_equal(motions_new(job, &cfg, &m), DF_OK);
  const motion_row row = m->row[0];
  motions_free(m);
  return row;
}

/* A motion from a demonstrated state is compared with the demonstration under its condition alone. */
static void a_motion_under_another_command_has_no_tre(void** state) {
  (void)state;
  df_task* task = tiny_task_new();
  const df_window w = task->windows->train[5];
  /* one number per episode, of which there are more than the values of a category */
  for (int e = 0; e < task->data->episodes; e++) task->data->conditions[e] = 0.25 * e;
  const df_method* method = &df_method_random_action;
  const df_method_env env = {.task = task, .seed = 1, .threads = 1};
  eval_set* set;
  void* instance;
  assert_int_equal(eval_set_new(task, 1, &set), DF_OK);
  assert_int_equal(method->create(&env, &instance), DF_OK);
  const eval_job job = {.task = task, .set = set, .method = method, .instance = instance, .seed = 1, .threads = 1};
  double x0[NX];
  memcpy(x0, df_dataset_state(task->data, w.episode, w.start), sizeof x0);
  const double own = 0.25 * w.episode;
  const motion_row same = row_of(&job, x0, own), other = row_of(&job, x0, own + 0.125);
  assert_true(same.demonstration.episode == w.episode && same.demonstration.frame == w.start);
  assert_true(other.demonstration.episode == w.episode && other.demonstration.frame == w.start);
  assert_int_equal(same.tre_actions, 8);
  assert_true(isfinite(same.tre) && same.tre > 0);
  assert_true(isnan(other.tre));
  x0[2] += 1e-3;
  assert_true(isnan(row_of(&job, x0, own).tre));
  method->destroy(instance);
  eval_set_free(set);
  df_task_free(task);
}

/* ---- motions of many seeds and starts ---- */

/* actions that depend on the base sample and the condition; the states that it claims lie beside the executed ones */
static df_status wave(void* self, const df_request* r, double* x, double* u) {
  const df_task* task = self;
  df_sim* sim;
  df_status status = df_sim_new(task->system, 0, &sim);
  for (int b = 0; status == DF_OK && b < r->B; b++) {
    double *states = x + b * (H + 1) * NX, *actions = u + b * H * NU;
    const double index = (double)((r->first_index + (uint64_t)b) % 1024);
    for (int t = 0; t < H; t++) {
      actions[t * NU] = 0.02 * index - 0.01 * (double)r->seed;
      actions[t * NU + 1] = -0.5 + 0.2 * r->condition[b] + 0.01 * (t + r->sampler_steps);
    }
    if (df_trajectory_run(task->system, sim, H, r->x0 + b * NX, actions, states) != DF_TRAJ_COMPLETE) status = DF_E_SIM;
    for (int t = 1; t <= H; t++) states[t * NX + NX - 1] += 1e-3 * (b + 1);
  }
  if (sim) df_sim_free(task->system, sim);
  return status;
}

/* RMS over frames and coordinates, in units of the training std, relative to frame 0 of the demonstration */
static double naive_tre(const df_task* task, const double* x, nearest from, int actions) {
  const double *std = df_chart_std(task->chart), *demo = df_dataset_state(task->data, from.episode, from.frame);
  double sum = 0;
  assert_int_equal(df_chart_size(task->chart), NX);
  for (int t = 1; t <= actions; t++) {
    for (int k = 0; k < NX; k++) {
      const double d = (x[t * NX + k] - demo[t * NX + k]) / std[k];
      sum += d * d;
    }
  }
  return sqrt(sum / (actions * NX));
}

/* the largest one-step error of the claimed states is that of the joint velocity that the method shifts */
static double own_error(const df_task* task, const double* x, const double* u, int length) {
  double sae;
  const df_trajectories one = {.B = 1, .H = length, .x = x, .u = u};
  assert_int_equal(df_metric_sae_own(task->system, &one, 1, &sae, NULL), DF_OK);
  return sae;
}

static double first_below(const double* x, int length, double height, double dt) {
  for (int t = 0; t <= length; t++)
    if (x[t * NX + Z] < height) return t * dt;
  return NAN;
}

enum { SEEDS = 2, STARTS = 3, ACTIONS = 20 };

static void check_row(const df_task* task, const motions* m, int i, const double* condition, int replan,
                      double height) {
  const motion_row* row = &m->row[i];
  const double *x = m->x + (size_t)(i * (ACTIONS + 1) * NX), *u = m->u + (size_t)(i * ACTIONS * NU);
  assert_true(m->condition[i] == condition[i % STARTS]);
  assert_true(row->finite);
  const double fell = first_below(x, ACTIONS, height, task->system->dt);
  assert_true(isnan(fell) ? isnan(row->fell) : row->fell == fell);
  if (replan) {
    assert_true(isnan(row->sae));
  } else {
    assert_near(row->sae, own_error(task, m->claimed + (size_t)(i * (ACTIONS + 1) * NX), u, ACTIONS), 1e-15);
    assert_true(row->sae > 1e-6);
  }
}

/* The first start has as many frames of its demonstration after it as the motion, the others fewer. */
static void rows_are_those_of_their_seed_and_start(void** state) {
  (void)state;
  static const int frame[STARTS] = {LENGTH - H - ACTIONS + 5, LENGTH - H, LENGTH - H - 3};
  static const uint64_t seeds[SEEDS] = {4, 9};
  df_config config = tiny_config();
  df_task* task = tiny_task_with(&config);
  eval_set* set;
  assert_int_equal(eval_set_new(task, 1, &set), DF_OK);
  const df_method method = {.name = "wave", .flags = DF_METHOD_RETURNS_ACTIONS, .sample = wave};
  const eval_job job = {.task = task, .set = set, .method = &method, .instance = task, .seed = 1, .threads = 1};
  double x0[STARTS][NX], condition[STARTS];
  for (int i = 0; i < STARTS; i++) {
    memcpy(x0[i], df_dataset_state(task->data, i, frame[i]), sizeof x0[i]);
    condition[i] = task->data->conditions[i] = 0.25 * i;
  }
  for (int e = STARTS; e < task->data->episodes; e++) task->data->conditions[e] = 0.25 * e;
  const starts from = {.n = STARTS, .x0 = x0[0]};
  const double height = x0[1][Z] - 1e-3;
  snprintf(task->config.eval_height_joint, sizeof task->config.eval_height_joint, "z");
  task->config.eval_fall_height = height;
  for (int replan = 0; replan <= 5; replan += 5) {
    const motion_cfg cfg = {.n_seeds = SEEDS,
                            .seeds = seeds,
                            .from = &from,
                            .condition = condition,
                            .seconds = ACTIONS * task->system->dt,
                            .replan = replan,
                            .k = 3};
    motions* m;
    assert_int_equal(motions_new(&job, &cfg, &m), DF_OK);
    assert_true(m->n == SEEDS * STARTS && m->length == ACTIONS && m->every == (replan ? replan : H));
    for (int s = 0; s < SEEDS; s++) {
      eval_job seeded = job;
      seeded.seed = seeds[s];
      const chain_cfg wanted = {.kind = replan ? CHAIN_REPLANNED : CHAIN_PURE,
                                .n = STARTS,
                                .frames = ACTIONS,
                                .every = m->every,
                                .k = 3,
                                .x0 = x0[0],
                                .condition = condition};
      chains* c;
      assert_int_equal(chains_new(&seeded, &wanted, &c), DF_OK);
      const size_t states = STARTS * (ACTIONS + 1) * NX, actions = STARTS * ACTIONS * NU;
      assert_memory_equal(m->x + (size_t)s * states, c->x, states * sizeof(double));
      assert_memory_equal(m->u + (size_t)s * actions, c->u, actions * sizeof(double));
      if (!replan) assert_memory_equal(m->claimed + (size_t)s * states, c->claimed, states * sizeof(double));
      chains_free(c);
      for (int i = 0; i < STARTS; i++) {
        const motion_row* row = &m->row[s * STARTS + i];
        const int rest = LENGTH - frame[i];
        assert_true(row->seed == seeds[s] && row->start == i);
        assert_true(row->demonstration.episode == i && row->demonstration.frame == frame[i]);
        assert_int_equal(row->tre_actions, rest < ACTIONS ? rest : ACTIONS);
        const double* x = m->x + (size_t)((s * STARTS + i) * (ACTIONS + 1) * NX);
        assert_near(row->tre, naive_tre(task, x, row->demonstration, row->tre_actions), 1e-12 * row->tre);
        check_row(task, m, s * STARTS + i, condition, replan, height);
      }
    }
    motions_free(m);
  }
  eval_set_free(set);
  df_task_free(task);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_motion_under_another_command_has_no_tre),
                                     cmocka_unit_test(rows_are_those_of_their_seed_and_start)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
