/* Plans followed by the best action of every step. */
#include "dynaflow/optimise/follower.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/rng.h"
#include "dynaflow/sim/rollout.h"
#include "linear_system.h"
#include "near.h"
#include "tiny_task.h"
#include "unit.h"

enum { H = 12, NX = 4, NU = 2 };

static df_follower* follower_of(const df_system* system, const double* scale, int threads) {
  df_follower* f;
  const df_follower_cfg cfg = {.threads = threads, .scale = scale};
  assert_int_equal(df_follower_new(system, &cfg, &f), DF_OK);
  return f;
}

/* the next state of the linear system by its definition, from a cleared warm start */
static void next_state(const linear_system* s, const double* x, const double* u, double* next) {
  for (int i = 0; i < 2; i++) {
    next[2 + i] = x[2 + i] + s->force[i][0] * u[0] + s->force[i][1] * u[1];
    next[i] = x[i] + s->base.dt * next[2 + i];
  }
}

static double error_of(const linear_system* s, const double* scale, const double* x, const double* target,
                       const double* u) {
  double next[NX], sum = 0;
  next_state(s, x, u, next);
  for (int i = 0; i < NX; i++) sum += pow((target[i] - next[i]) / (scale ? scale[i] : 1), 2);
  return sqrt(sum);
}

/* The smallest error over the box: the error is the norm of r - M u with a constant M, so its minimum is found by
 * trying each action free, at its lower and at its upper bound. */
static double least_error(const linear_system* s, const double* scale, const double* x, const double* target) {
  double r[NX], M[NX][NU], zero[NU] = {0}, next[NX], least = INFINITY;
  next_state(s, x, zero, next);
  for (int i = 0; i < NX; i++) {
    const double unit = scale ? scale[i] : 1;
    r[i] = (target[i] - next[i]) / unit;
    for (int j = 0; j < NU; j++) M[i][j] = s->force[i % 2][j] * (i < 2 ? s->base.dt : 1) / unit;
  }
  for (int choice = 0; choice < 9; choice++) {
    const int what[NU] = {choice % 3, choice / 3}; /* free, low, high */
    double u[NU], A[NU][NU] = {{0}}, b[NU] = {0};
    for (int j = 0; j < NU; j++) u[j] = what[j] == 1 ? s->lo[j] : s->hi[j];
    for (int j = 0; j < NU; j++) {
      for (int i = 0; i < NX; i++) {
        double rest = r[i];
        for (int k = 0; k < NU; k++) {
          if (what[k]) rest -= M[i][k] * u[k];
          if (what[j] == 0 && what[k] == 0) A[j][k] += M[i][j] * M[i][k];
        }
        if (what[j] == 0) b[j] += M[i][j] * rest;
      }
    }
    if (what[0] == 0 && what[1] == 0) {
      const double det = A[0][0] * A[1][1] - A[0][1] * A[1][0];
      u[0] = (b[0] * A[1][1] - b[1] * A[0][1]) / det;
      u[1] = (A[0][0] * b[1] - A[1][0] * b[0]) / det;
    } else {
      for (int j = 0; j < NU; j++) {
        if (what[j] == 0) u[j] = b[j] / A[j][j];
      }
    }
    bool inside = true;
    for (int j = 0; j < NU; j++) inside = inside && u[j] >= s->lo[j] && u[j] <= s->hi[j];
    if (inside) least = fmin(least, error_of(s, scale, x, target, u));
  }
  return least;
}

/* a motion of actions in the box */
static void make_feasible(const linear_system* s, uint64_t seed, double* u, double* x) {
  double x0[NX];
  df_rng_normal(seed, DF_STREAM_TEST, 1, NX, x0);
  df_rng_uniform(seed, DF_STREAM_TEST, 2, H * NU, u);
  for (int k = 0; k < H * NU; k++) u[k] = 0.9 * (2 * u[k] - 1);
  linear_simulate(s, H, x0, u, x);
}

static void a_feasible_plan_is_followed_exactly_by_its_own_actions(void** state) {
  (void)state;
  linear_system s;
  linear_system_init(&s, 1);
  df_follower* f = follower_of(&s.base, NULL, 1);
  for (uint64_t seed = 1; seed <= 5; seed++) {
    double plan[(H + 1) * NX], wanted[H * NU], u[H * NU], x[(H + 1) * NX];
    make_feasible(&s, seed, wanted, plan);
    df_follower_inverse(f, 0, H, plan, u);
    for (int k = 0; k < H * NU; k++) assert_near(u[k], wanted[k], 1e-8);
    assert_int_equal(df_follower_track(f, 0, H, plan, u, x), DF_TRAJ_COMPLETE);
    for (int k = 0; k < H * NU; k++) assert_near(u[k], wanted[k], 1e-8);
    for (int k = 0; k < (H + 1) * NX; k++) assert_near(x[k], plan[k], 1e-8);
  }
  df_follower_free(f);
}

/* a plan that no actions make: every frame is off by noise */
static void make_infeasible(const linear_system* s, uint64_t seed, double* plan) {
  double u[H * NU], noise[(H + 1) * NX];
  make_feasible(s, seed, u, plan);
  df_rng_normal(seed, DF_STREAM_TEST, 3, (H + 1) * NX, noise);
  for (int k = NX; k < (H + 1) * NX; k++) plan[k] += 0.8 * noise[k];
}

static void every_step_of_the_closed_loop_is_the_nearest_reachable_state(void** state) {
  (void)state;
  static const double scales[NX] = {0.01, 2, 5, 0.3};
  linear_system s;
  linear_system_init(&s, 0.5);
  int bounded = 0;
  for (int weighted = 0; weighted < 2; weighted++) {
    const double* scale = weighted ? scales : NULL;
    df_follower* f = follower_of(&s.base, scale, 1);
    for (uint64_t seed = 1; seed <= 8; seed++) {
      double plan[(H + 1) * NX], u[H * NU], x[(H + 1) * NX];
      make_infeasible(&s, seed, plan);
      assert_int_equal(df_follower_track(f, 0, H, plan, u, x), DF_TRAJ_COMPLETE);
      assert_memory_equal(x, plan, NX * sizeof *x);
      for (int t = 0; t < H; t++) {
        const double* from = x + t * NX;
        const double least = least_error(&s, scale, from, plan + (t + 1) * NX);
        const double error = error_of(&s, scale, from, plan + (t + 1) * NX, u + t * NU);
        double next[NX];
        next_state(&s, from, u + t * NU, next);
        for (int i = 0; i < NX; i++) assert_near(from[NX + i], next[i], 1e-12);
        /* of a linear system, the first iteration without a bound in its way ends at the minimum */
        assert_true(least > 0.01 && error >= least * (1 - 1e-9) && error <= least * (1 + 1e-3));
        for (int j = 0; j < NU; j++) {
          assert_true(fabs(u[t * NU + j]) <= 0.5);
          bounded += fabs(u[t * NU + j]) == 0.5;
        }
      }
    }
    df_follower_free(f);
  }
  /* the box and its inside both matter */
  assert_in_range(bounded, 50, 2 * 8 * H * NU - 50);
}

static void the_open_loop_starts_every_step_from_the_plan(void** state) {
  (void)state;
  linear_system s;
  linear_system_init(&s, 0.5);
  df_follower* f = follower_of(&s.base, NULL, 1);
  double plan[(H + 1) * NX], u[H * NU];
  make_infeasible(&s, 3, plan);
  df_follower_inverse(f, 0, H, plan, u);
  for (int t = 0; t < H; t++) {
    const double least = least_error(&s, NULL, plan + t * NX, plan + (t + 1) * NX);
    assert_true(error_of(&s, NULL, plan + t * NX, plan + (t + 1) * NX, u + t * NU) <= least * (1 + 1e-3));
  }
  df_follower_free(f);
}

/* a plan with a jump that no action makes: the open loop keeps its error, the closed loop comes back */
static void the_closed_loop_returns_to_a_plan_that_the_open_loop_leaves(void** state) {
  (void)state;
  linear_system s;
  linear_system_init(&s, 1);
  df_follower* f = follower_of(&s.base, NULL, 1);
  double plan[(H + 1) * NX], wanted[H * NU], u[H * NU], x[(H + 1) * NX], open[(H + 1) * NX];
  make_feasible(&s, 7, wanted, plan);
  for (int k = 0; k < H * NU; k++) wanted[k] *= 0.3;
  const double start[NX] = {0.5, 0.5, 0.3, -0.2};
  linear_simulate(&s, H, start, wanted, plan);
  for (int t = 3; t <= H; t++) {
    plan[t * NX + 2] += 4;
    for (int back = 3; back <= t; back++) plan[t * NX] += 4 * s.base.dt;
  }
  df_follower_inverse(f, 0, H, plan, u);
  linear_simulate(&s, H, plan, u, open);
  assert_int_equal(df_follower_track(f, 0, H, plan, u, x), DF_TRAJ_COMPLETE);
  const double* end = plan + H * NX;
  /* one action changes the velocity by less than 2 of the jump of 4, and the open loop has but one to do it */
  assert_true(fabs(end[2] - open[H * NX + 2]) > 1.9);
  assert_true(fabs(end[2] - x[H * NX + 2]) < 0.1);
  assert_true(fabs(end[0] - x[H * NX]) < 0.3 * fabs(end[0] - open[H * NX]));
  df_follower_free(f);
}

static void states_carry_the_warm_start_that_searches_clear(void** state) {
  (void)state;
  linear_system s;
  linear_system_init(&s, 1);
  s.warm = 0.05;
  df_follower* f = follower_of(&s.base, NULL, 1);
  double plan[(H + 1) * NX], wanted[H * NU], u[H * NU], x[(H + 1) * NX], again[(H + 1) * NX], cold[NX];
  make_feasible(&s, 4, wanted, plan);
  assert_int_equal(df_follower_track(f, 0, H, plan, u, x), DF_TRAJ_COMPLETE);
  linear_simulate(&s, H, plan, u, again);
  assert_memory_equal(x, again, sizeof x);
  next_state(&s, x + 5 * NX, u + 5 * NU, cold);
  assert_true(fabs(cold[2] - x[6 * NX + 2]) > 1e-3);
  df_follower_free(f);
}

/* rest actions, of which a step beyond 0.4 diverges: the first one and the others; the states that they were asked for
 */
static double asked[H][NX], first_rest, other_rest;
static int n_asked;

static void noted_rest(const df_system* system, const double* x, double* u) {
  (void)system;
  u[0] = n_asked == 0 ? first_rest : other_rest;
  u[1] = 0;
  memcpy(asked[n_asked++ % H], x, NX * sizeof *x);
}

static df_traj_end step_of_small_actions(df_sim* sim, const double* u, double* x1) {
  const df_traj_end end = linear_step(sim, u, x1);
  if (fabs(u[0]) <= 0.4) return end;
  for (int i = 0; i < NX; i++) x1[i] = NAN;
  return DF_TRAJ_DIVERGED;
}

/* the rest action is that of the state to reach; it is tried where the action before leaves an error, and taken only if
 * it leaves less */
static void the_rest_action_is_the_second_start(void** state) {
  (void)state;
  linear_system s;
  linear_system_init(&s, 0.5);
  df_system_ops ops = *s.base.ops;
  ops.rest_action = noted_rest;
  s.base.ops = &ops;
  df_follower* f = follower_of(&s.base, NULL, 1);
  double plan[(H + 1) * NX], u[H * NU], right[H * NU];
  /* actions of any size: no step of this plan can be made, so each asks for the rest action of its target */
  make_infeasible(&s, 2, plan);
  n_asked = 0;
  df_follower_inverse(f, 0, H, plan, u);
  assert_int_equal(n_asked, H);
  assert_memory_equal(asked, plan + NX, sizeof asked);
  /* nor does one that is off by little: of frames that are 1e-5 off, the first action leaves about as much */
  make_feasible(&s, 2, right, plan);
  for (int k = 0; k < H * NU; k++) right[k] *= 0.3;
  linear_simulate(&s, H, (const double[NX]){0}, right, plan);
  for (int t = 1; t <= H; t++) plan[t * NX] += t % 2 ? 1e-5 : -1e-5;
  n_asked = 0;
  df_follower_inverse(f, 0, H, plan, u);
  assert_int_equal(n_asked, H);
  /* one that can be made asks only once, before there is an action */
  make_feasible(&s, 2, right, plan);
  for (int k = 0; k < H * NU; k++) right[k] *= 0.3;
  const double start[NX] = {0};
  linear_simulate(&s, H, start, right, plan);
  n_asked = 0;
  df_follower_inverse(f, 0, H, plan, u);
  assert_int_equal(n_asked, 1);
  for (int k = 0; k < H * NU; k++) assert_near(u[k], right[k], 1e-8);
  df_follower_free(f);

  /* a rest action from which the step diverges is not taken after one that can be made, nor the other way round */
  make_infeasible(&s, 2, plan);
  ops.step = step_of_small_actions;
  f = follower_of(&s.base, NULL, 1);
  for (int k = 0; k < 2; k++) {
    n_asked = 0;
    first_rest = k ? 0.45 : 0;
    other_rest = k ? 0 : 0.45;
    df_follower_inverse(f, 0, H, plan, u);
    assert_int_equal(n_asked, H);
    for (int t = 0; t < H; t++) assert_int_equal(fabs(u[t * NU]) > 0.4, k == 1 && t == 0);
  }
  df_follower_free(f);
}

static void the_plan_may_be_where_the_states_go(void** state) {
  (void)state;
  linear_system s;
  linear_system_init(&s, 0.5);
  df_follower* f = follower_of(&s.base, NULL, 1);
  double plan[(H + 1) * NX], u[H * NU], v[H * NU], x[(H + 1) * NX];
  make_infeasible(&s, 2, plan);
  assert_int_equal(df_follower_track(f, 0, H, plan, u, x), DF_TRAJ_COMPLETE);
  assert_int_equal(df_follower_track(f, 0, H, plan, v, plan), DF_TRAJ_COMPLETE);
  assert_memory_equal(x, plan, sizeof x);
  assert_memory_equal(u, v, sizeof u);
  df_follower_free(f);
}

static void a_plan_that_is_not_finite_keeps_the_action_before(void** state) {
  (void)state;
  linear_system s;
  linear_system_init(&s, 0.5);
  df_follower* f = follower_of(&s.base, NULL, 1);
  double plan[(H + 1) * NX], u[H * NU], x[(H + 1) * NX];
  make_infeasible(&s, 2, plan);
  plan[5 * NX + 1] = NAN;
  assert_int_equal(df_follower_track(f, 0, H, plan, u, x), DF_TRAJ_COMPLETE);
  assert_memory_equal(u + 4 * NU, u + 3 * NU, NU * sizeof *u);
  for (int k = 0; k < (H + 1) * NX; k++) assert_true(isfinite(x[k]));
  for (int k = NX; k < (H + 1) * NX; k++) plan[k] = NAN;
  df_follower_inverse(f, 0, H, plan, u);
  for (int k = 0; k < H * NU; k++) assert_true(u[k] == 0);
  df_follower_free(f);
}

/* the linear system, whose step diverges below a velocity */
static df_traj_end step_to_the_wall(df_sim* sim, const double* u, double* x1) {
  if (linear_step(sim, u, x1) == DF_TRAJ_COMPLETE && x1[2] > -3) return DF_TRAJ_COMPLETE;
  for (int i = 0; i < NX; i++) x1[i] = NAN;
  return DF_TRAJ_DIVERGED;
}

static void after_a_divergence_states_are_nan_and_actions_finite(void** state) {
  (void)state;
  linear_system s;
  linear_system_init(&s, 0.5);
  df_system_ops ops = *s.base.ops;
  ops.step = step_to_the_wall;
  s.base.ops = &ops;
  s.lo[0] = s.hi[0] = -0.5; /* it has no choice but to accelerate towards the wall */
  s.lo[1] = s.hi[1] = 0;
  df_follower* f = follower_of(&s.base, NULL, 1);
  double plan[(H + 1) * NX] = {0}, u[H * NU], x[(H + 1) * NX];
  assert_int_equal(df_follower_track(f, 0, H, plan, u, x), DF_TRAJ_DIVERGED);
  /* -0.5 a step: the sixth reaches -3 */
  for (int t = 0; t <= H; t++) assert_int_equal(isfinite(x[t * NX + 2]), t < 6);
  for (int k = 0; k < H; k++) assert_true(u[k * NU] == -0.5 && u[k * NU + 1] == 0);
  df_follower_free(f);
}

/* ---- a MuJoCo model, its counters and threads ---- */

static long calls;
static const df_system_ops* real;

static df_traj_end counted_step(df_sim* sim, const double* u, double* x1) {
#pragma omp atomic
  calls++;
  return real->step(sim, u, x1);
}

static void results_and_counters_do_not_depend_on_threads(void** state) {
  (void)state;
  enum { B = 7, FRAMES = 8 };
  df_task* task = tiny_task_new();
  df_system* system = task->system;
  const size_t nx = (size_t)system->nx, nu = (size_t)system->nu, states = B * (FRAMES + 1) * nx;
  df_system_ops ops = *system->ops;
  real = system->ops;
  ops.step = counted_step;
  double *plan = calloc(states, sizeof *plan), *x = calloc(2 * states, sizeof *x), *noise = calloc(states, sizeof *x);
  double* u = calloc(2 * B * FRAMES * nu, sizeof *u);
  df_rng_normal(2, DF_STREAM_TEST, 5, states, noise);
  for (size_t b = 0; b < B; b++) {
    double* at = plan + b * (FRAMES + 1) * nx;
    memcpy(at, df_dataset_state(task->data, (int)b, 3), (FRAMES + 1) * nx * sizeof *at);
    for (size_t k = nx; k < (FRAMES + 1) * nx; k++) at[k] += 0.02 * noise[b * (FRAMES + 1) * nx + k];
  }
  df_effort effort[2];
  long steps[2];
  for (int i = 0; i < 2; i++) {
    system->ops = &ops;
    df_follower* f = follower_of(system, df_chart_std(task->chart), i ? 3 : 1);
    calls = 0;
    const df_follow_batch batch = {
        .B = B, .H = FRAMES, .plan = plan, .u = u + (size_t)i * B * FRAMES * nu, .x = x + (size_t)i * states};
    assert_int_equal(df_follower_run(f, &batch), DF_OK);
    steps[i] = calls;
    effort[i] = df_follower_effort(f);
    df_follower_free(f);
    system->ops = real;
  }
  assert_memory_equal(x, x + states, states * sizeof *x);
  assert_memory_equal(u, u + B * FRAMES * nu, B * FRAMES * nu * sizeof *u);
  assert_memory_equal(&effort[0], &effort[1], sizeof effort[0]);
  /* 2 physics steps per action; every plan has at least its own steps and their searches */
  assert_int_equal(steps[0], steps[1]);
  assert_int_equal(effort[0].physics_steps, 2 * (uint64_t)steps[0]);
  assert_true(steps[0] > B * FRAMES * (1 + (long)nu));

  /* the states are those of the actions, bit for bit */
  df_sim* sim;
  assert_int_equal(df_sim_new(system, 0, &sim), DF_OK);
  for (size_t b = 0; b < B; b++) {
    double again[(FRAMES + 1) * 16];
    (void)df_trajectory_run(system, sim, FRAMES, plan + b * (FRAMES + 1) * nx, u + b * FRAMES * nu, again);
    assert_memory_equal(again, x + b * (FRAMES + 1) * nx, (FRAMES + 1) * nx * sizeof *again);
  }
  df_sim_free(system, sim);
  free(plan);
  free(x);
  free(u);
  free(noise);
  df_task_free(task);
}

static void bad_arguments_are_errors_and_failed_allocations_leak_nothing(void** state) {
  (void)state;
  linear_system s;
  linear_system_init(&s, 1);
  df_follower* f = (df_follower*)&s;
  const double bad[NX] = {1, 1, 0, 1}, plan[(H + 1) * NX] = {0};
  double u[H * NU];
  assert_int_equal(df_follower_new(NULL, &(df_follower_cfg){.threads = 1}, &f), DF_E_ARG);
  assert_null(f);
  assert_int_equal(df_follower_new(&s.base, &(df_follower_cfg){.threads = 0}, &f), DF_E_ARG);
  assert_int_equal(df_follower_new(&s.base, &(df_follower_cfg){.threads = 1, .scale = bad}, &f), DF_E_ARG);
  assert_string_equal(df_error_message(), "df_follower_new: scale[2] = 0 is not positive");
  df_follower_free(NULL);
  f = follower_of(&s.base, NULL, 1);
  assert_int_equal(df_follower_run(f, &(df_follow_batch){.B = 1, .H = H, .plan = plan}), DF_E_ARG);
  assert_int_equal(df_follower_run(f, &(df_follow_batch){.B = 0, .H = H, .plan = plan, .u = u}), DF_E_ARG);
  df_follower_free(f);

  const int alive = linear_sims_alive;
  const df_follower_cfg cfg = {.threads = 2, .scale = (const double[NX]){1, 1, 1, 1}};
  df_status status = DF_E_NOMEM;
  size_t n = 0;
  while (status == DF_E_NOMEM) {
    (void)df_alloc_fail_at(++n);
    status = df_follower_new(&s.base, &cfg, &f);
    (void)df_alloc_fail_at(0);
    if (status == DF_E_NOMEM) assert_true(!f && linear_sims_alive == alive);
  }
  assert_int_equal(status, DF_OK);
  assert_true(n > 8);
  df_follower_free(f);
  assert_int_equal(linear_sims_alive, alive);
}

/* the actions of a motion start the search, which finds no better ones: they are kept to the last bit */
static void a_search_from_given_actions_keeps_exact_ones(void** state) {
  (void)state;
  df_task* task = tiny_task_new();
  df_follower* f = follower_of(task->system, NULL, 1);
  df_sim* sim;
  double plan[13][6], x[13][6], u[12][2], given[12][2], from_before[12][2];
  assert_int_equal(df_sim_new(task->system, 0, &sim), DF_OK);
  df_rng_uniform(3, DF_STREAM_TEST, 1, 24, u[0]);
  for (int t = 0; t < 12; t++) {
    for (int i = 0; i < 2; i++) u[t][i] = 0.8 * u[t][i] - 0.4;
  }
  assert_int_equal(df_trajectory_run(task->system, sim, 12, df_dataset_state(task->data, 1, 5), u[0], plan[0]),
                   DF_TRAJ_COMPLETE);
  memcpy(given, u, sizeof u);
  assert_int_equal(df_follower_track_from(f, 0, 12, plan[0], given[0], x[0]), DF_TRAJ_COMPLETE);
  assert_memory_equal(given, u, sizeof u);
  assert_memory_equal(x, plan, sizeof x);

  /* from the action before it is another search */
  assert_int_equal(df_follower_track(f, 0, 12, plan[0], from_before[0], x[0]), DF_TRAJ_COMPLETE);
  assert_memory_not_equal(from_before, u, sizeof u);

  /* a start outside the box, and a plan that is not finite */
  given[0][0] = 7;
  for (int i = 0; i < 6; i++) plan[1][i] = NAN;
  assert_int_equal(df_follower_track_from(f, 0, 12, plan[0], given[0], x[0]), DF_TRAJ_COMPLETE);
  assert_true(given[0][0] == 1 && given[0][1] == u[0][1]);
  df_sim_free(task->system, sim);
  df_follower_free(f);
  df_task_free(task);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_feasible_plan_is_followed_exactly_by_its_own_actions),
      cmocka_unit_test(every_step_of_the_closed_loop_is_the_nearest_reachable_state),
      cmocka_unit_test(the_open_loop_starts_every_step_from_the_plan),
      cmocka_unit_test(the_closed_loop_returns_to_a_plan_that_the_open_loop_leaves),
      cmocka_unit_test(states_carry_the_warm_start_that_searches_clear),
      cmocka_unit_test(the_rest_action_is_the_second_start),
      cmocka_unit_test(the_plan_may_be_where_the_states_go),
      cmocka_unit_test(a_plan_that_is_not_finite_keeps_the_action_before),
      cmocka_unit_test(after_a_divergence_states_are_nan_and_actions_finite),
      cmocka_unit_test(results_and_counters_do_not_depend_on_threads),
      cmocka_unit_test(bad_arguments_are_errors_and_failed_allocations_leak_nothing),
      cmocka_unit_test(a_search_from_given_actions_keeps_exact_ones),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
