/* The admissibility errors on a linear system with known solutions and on a sine with local minima. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "dynaflow/core/rng.h"
#include "dynaflow/metrics/metrics.h"
#include "linear_system.h"
#include "near.h"

enum { H = 4, B = 7 };

/* rounding errors of a few additions of numbers of order 1 */
static const double ROUNDING = 1e-14;

static void fill(uint64_t index, size_t n, double scale, double* out) {
  df_rng_uniform(1, DF_STREAM_TEST, index, n, out);
  for (size_t i = 0; i < n; i++) out[i] = scale * (2 * out[i] - 1);
}

static void simulated(const linear_system* system, double x[B][H + 1][4], double u[B][H][2]) {
  for (int b = 0; b < B; b++) {
    double x0[4];
    fill((uint64_t)b, 4, 1, x0);
    fill(100 + (uint64_t)b, H * 2, 0.9, u[b][0]);
    linear_simulate(system, H, x0, u[b][0], x[b][0]);
  }
}

static void own_is_zero_for_simulated_trajectories(void** state) {
  (void)state;
  linear_system system;
  linear_system_init(&system, 1);
  system.warm = 0.01;
  double x[B][H + 1][4], u[B][H][2], sae[B], worst[B];
  simulated(&system, x, u);
  assert_int_equal(
      df_metric_sae_own(&system.base, &(df_trajectories){.B = B, .H = H, .x = x[0][0], .u = u[0][0]}, 2, sae, worst),
      DF_OK);
  for (int b = 0; b < B; b++) {
    /* exactly the same operations on the same numbers: no rounding difference */
    assert_true(sae[b] == 0);
    assert_true(worst[b] == 0);
  }
}

/* without the carried warm start the error is not zero: the window is not reproduced from another warm start */
static void own_carries_the_warm_start_within_a_window_only(void** state) {
  (void)state;
  linear_system system;
  linear_system_init(&system, 1);
  system.warm = 0.01;
  double x[H + 1][4], u[H][2] = {{0.5, 0}, {0.5, 0}, {0.5, 0}, {0.5, 0}}, sae, worst;
  const double x0[4] = {0};
  linear_simulate(&system, H, x0, u[0], x[0]);

  /* from the second frame on, the first step lacks 0.01 * 0.5 in v0 and 0.1 of that in p0 */
  const double lacking = 0.005 * sqrt(1 + 0.01);
  assert_int_equal(
      df_metric_sae_own(&system.base, &(df_trajectories){.B = 1, .H = H - 1, .x = x[1], .u = u[1]}, 1, &sae, &worst),
      DF_OK);
  assert_near(worst, lacking, ROUNDING);
  assert_near(sae, lacking / (H - 1), ROUNDING);
}

static void own_equals_the_hand_computed_error_of_a_moved_frame(void** state) {
  (void)state;
  linear_system system;
  linear_system_init(&system, 1);
  double x[B][H + 1][4], u[B][H][2], sae[B], worst[B];
  simulated(&system, x, u);

  /* an offset of 0.01 m in frame 2 is an error of the step into it and of the step out of it */
  x[3][2][0] += 0.01;
  /* an offset of v1 by 0.3 m/s in the last frame is an error of one step */
  x[5][H][3] += 0.3;
  assert_int_equal(
      df_metric_sae_own(&system.base, &(df_trajectories){.B = B, .H = H, .x = x[0][0], .u = u[0][0]}, 1, sae, worst),
      DF_OK);
  assert_near(sae[3], 2 * 0.01 / H, ROUNDING);
  assert_near(worst[3], 0.01, ROUNDING);
  assert_near(sae[5], 0.3 / H, ROUNDING);
  assert_near(worst[5], 0.3, ROUNDING);
  assert_true(sae[4] == 0);
}

static void own_works_without_a_place_for_the_worst(void** state) {
  (void)state;
  linear_system system;
  linear_system_init(&system, 1);
  double x[B][H + 1][4], u[B][H][2], sae[B];
  simulated(&system, x, u);
  assert_int_equal(
      df_metric_sae_own(&system.base, &(df_trajectories){.B = B, .H = H, .x = x[0][0], .u = u[0][0]}, 1, sae, NULL),
      DF_OK);
  assert_true(sae[0] == 0);
}

static void numbers_that_are_not_finite_give_infinity(void** state) {
  (void)state;
  linear_system system;
  linear_system_init(&system, 1);
  double x[B][H + 1][4], u[B][H][2], own[B], worst[B], min[B], best[B][H][2];
  simulated(&system, x, u);
  x[1][H][2] = NAN;
  x[2][0][0] = INFINITY;
  u[3][1][1] = NAN;
  u[4][2][0] = 2e3;   /* the step diverges */
  x[5][1][0] = 1e200; /* the square overflows */
  assert_int_equal(
      df_metric_sae_own(&system.base, &(df_trajectories){.B = B, .H = H, .x = x[0][0], .u = u[0][0]}, 2, own, worst),
      DF_OK);
  for (int b = 1; b <= 5; b++) {
    assert_true(own[b] == INFINITY);
    assert_true(worst[b] == INFINITY);
  }
  assert_true(own[0] == 0 && own[6] == 0);

  assert_int_equal(df_metric_sae_min(&system.base, &(df_trajectories){.B = B, .H = H, .x = x[0][0], .u = u[0][0]}, 2,
                                     min, best[0][0]),
                   DF_OK);
  assert_true(min[1] == INFINITY && min[2] == INFINITY && min[5] == INFINITY);
  /* a bad guess does not make a trajectory bad: actions exist for windows 3 and 4 */
  assert_true(min[3] < 1e-8 && min[4] < 1e-8);
  for (int b = 0; b < B; b++) {
    for (int t = 0; t < H; t++) assert_true(fabs(best[b][t][0]) <= 1 && fabs(best[b][t][1]) <= 1);
  }
}

/* the minimum of |x1 - f(x, u)|^2 over the box, from the interior and all four edges: obviously correct */
static double least_on_the_box(const linear_system* system, const double* x, const double* x1, double* u_best) {
  const double dt = system->base.dt, w = 1 + dt * dt;
  double d[2], least = INFINITY;
  const double offset[2] = {x1[0] - x[0] - dt * x[2], x1[1] - x[1] - dt * x[3]};
  double constant = 0;
  for (int i = 0; i < 2; i++) {
    /* (dv - Fu)^2 + (dp - dt Fu)^2 = w (Fu - d)^2 + a constant */
    const double dv = x1[2 + i] - x[2 + i], dp = offset[i];
    d[i] = (dv + dt * dp) / w;
    constant += dv * dv + dp * dp - w * d[i] * d[i];
  }
  const double(*F)[2] = (const double(*)[2])system->force;
  const double det = F[0][0] * F[1][1] - F[0][1] * F[1][0];
  double trial[5][2] = {{(F[1][1] * d[0] - F[0][1] * d[1]) / det, (F[0][0] * d[1] - F[1][0] * d[0]) / det}};
  for (int edge = 0; edge < 4; edge++) {
    const int held = edge / 2, free = 1 - held;
    const double at = edge % 2 ? system->hi[held] : system->lo[held];
    double top = 0, bottom = 0;
    for (int i = 0; i < 2; i++) {
      top += F[i][free] * (d[i] - F[i][held] * at);
      bottom += F[i][free] * F[i][free];
    }
    trial[1 + edge][held] = at;
    trial[1 + edge][free] = fmin(fmax(top / bottom, system->lo[free]), system->hi[free]);
  }
  for (int k = 0; k < 5; k++) {
    if (fabs(trial[k][0]) > system->hi[0] || fabs(trial[k][1]) > system->hi[1]) continue;
    double cost = constant;
    for (int i = 0; i < 2; i++) {
      const double miss = F[i][0] * trial[k][0] + F[i][1] * trial[k][1] - d[i];
      cost += w * miss * miss;
    }
    if (cost < least) {
      least = cost;
      memcpy(u_best, trial[k], 2 * sizeof *u_best);
    }
  }
  return sqrt(fmax(least, 0));
}

static void min_finds_the_known_action(void** state) {
  (void)state;
  linear_system system;
  const double limits[] = {1, INFINITY};
  for (int k = 0; k < 2; k++) {
    linear_system_init(&system, limits[k]);
    double x[B][H + 1][4], u[B][H][2], guess[B][H][2], sae[B], best[B][H][2];
    simulated(&system, x, u);
    fill(7, B * H * 2, 1, guess[0][0]);
    assert_int_equal(df_metric_sae_min(&system.base, &(df_trajectories){.B = B, .H = H, .x = x[0][0], .u = guess[0][0]},
                                       1, sae, best[0][0]),
                     DF_OK);
    for (int b = 0; b < B; b++) {
      /* a search ends below an error of 1e-9; the action then differs by less than that over 0.5, F's least singular
       * value */
      assert_true(sae[b] < 1e-9);
      assert_true(largest_gap(H * 2, best[b], u[b]) < 2e-9);
    }
    assert_int_equal(
        df_metric_sae_min(&system.base, &(df_trajectories){.B = B, .H = H, .x = x[0][0]}, 1, sae, best[0][0]), DF_OK);
    for (int b = 0; b < B; b++) {
      assert_true(largest_gap(H * 2, best[b], u[b]) < 2e-9);
    }
  }
}

static void min_is_the_projected_optimum_of_a_box_too_small(void** state) {
  (void)state;
  linear_system system;
  linear_system_init(&system, INFINITY);
  double x[B][H + 1][4], u[B][H][2], guess[B][H][2], sae[B], best[B][H][2];
  simulated(&system, x, u);
  linear_system_init(&system, 0.3);
  fill(8, B * H * 2, 0.3, guess[0][0]);
  assert_int_equal(df_metric_sae_min(&system.base, &(df_trajectories){.B = B, .H = H, .x = x[0][0], .u = guess[0][0]},
                                     1, sae, best[0][0]),
                   DF_OK);

  int clipping_is_not_enough = 0;
  for (int b = 0; b < B; b++) {
    double mean = 0;
    for (int t = 0; t < H; t++) {
      double wanted[2];
      mean += least_on_the_box(&system, x[b][t], x[b][t + 1], wanted) / H;
      for (int j = 0; j < 2; j++) {
        /* the error is flat at its minimum: a relative gain of 1e-10, where a search ends, corresponds to 1e-5 in the
         * action */
        assert_near(best[b][t][j], wanted[j], 1e-5);
        assert_true(fabs(best[b][t][j]) <= 0.3);
        clipping_is_not_enough += fabs(wanted[j] - fmin(fmax(u[b][t][j], -0.3), 0.3)) > 0.01;
      }
    }
    assert_near(sae[b], mean, 1e-8 * (1 + mean));
    assert_true(sae[b] > 0.01);
  }
  /* the case must distinguish the optimum from the clipped action */
  assert_true(clipping_is_not_enough > 3);
}

/* one direction is 40 times stiffer: clipping a step undoes it, so the step must take the bound into account */
static void min_is_the_projected_optimum_of_strongly_coupled_actions(void** state) {
  (void)state;
  linear_system system;
  const double coupled[2][2] = {{1, 0.95}, {0.95, 1}};
  linear_system_init(&system, INFINITY);
  memcpy(system.force, coupled, sizeof coupled);
  double x[B][H + 1][4], u[B][H][2], guess[B][H][2], sae[B], best[B][H][2];
  simulated(&system, x, u);
  system.lo[0] = system.lo[1] = -0.3;
  system.hi[0] = system.hi[1] = 0.3;
  fill(12, B * H * 2, 0.3, guess[0][0]);
  assert_int_equal(df_metric_sae_min(&system.base, &(df_trajectories){.B = B, .H = H, .x = x[0][0], .u = guess[0][0]},
                                     1, sae, best[0][0]),
                   DF_OK);
  for (int b = 0; b < B; b++) {
    double mean = 0;
    for (int t = 0; t < H; t++) {
      double wanted[2];
      mean += least_on_the_box(&system, x[b][t], x[b][t + 1], wanted) / H;
    }
    assert_near(sae[b], mean, 1e-8 * (1 + mean));
  }
}

/* the guess has no error at all, but is outside the box */
static void a_guess_outside_the_box_is_not_taken(void** state) {
  (void)state;
  linear_system system;
  linear_system_init(&system, INFINITY);
  double x[B][H + 1][4], u[B][H][2], sae[B], best[B][H][2];
  simulated(&system, x, u);
  linear_system_init(&system, 0.3);
  assert_int_equal(df_metric_sae_min(&system.base, &(df_trajectories){.B = B, .H = H, .x = x[0][0], .u = u[0][0]}, 1,
                                     sae, best[0][0]),
                   DF_OK);
  for (int b = 0; b < B; b++) {
    double mean = 0;
    for (int t = 0; t < H; t++) {
      double wanted[2];
      mean += least_on_the_box(&system, x[b][t], x[b][t + 1], wanted) / H;
      for (int j = 0; j < 2; j++) assert_near(best[b][t][j], wanted[j], 1e-5);
    }
    assert_near(sae[b], mean, 1e-8 * (1 + mean));
  }
}

static void a_small_error_of_the_guess_is_searched_away(void** state) {
  (void)state;
  linear_system system;
  linear_system_init(&system, 2);
  double x[B][H + 1][4], u[B][H][2], guess[B][H][2], own[B], sae[B];
  simulated(&system, x, u);
  for (int k = 0; k < 3; k++) {
    const double sizes[] = {3e-3, 1e-5, 1e-7};
    for (int i = 0; i < B * H * 2; i++) (&guess[0][0][0])[i] = (&u[0][0][0])[i] + sizes[k];
    const df_trajectories made = {.B = B, .H = H, .x = x[0][0], .u = guess[0][0]};
    assert_int_equal(df_metric_sae_own(&system.base, &made, 1, own, NULL), DF_OK);
    assert_int_equal(df_metric_sae_min(&system.base, &made, 1, sae, NULL), DF_OK);
    for (int b = 0; b < B; b++) assert_true(own[b] > 0.1 * sizes[k] && sae[b] < 1e-9);
  }
}

static void min_is_never_above_own(void** state) {
  (void)state;
  linear_system system;
  linear_system_init(&system, 1);
  system.warm = 0.01;
  double x[B][H + 1][4], u[B][H][2], noise[B][H + 1][4], own[B], min[B];
  const double sizes[] = {0, 1e-13, 1e-6, 0.1, 5};
  for (int k = 0; k < 5; k++) {
    simulated(&system, x, u);
    fill(9, B * (H + 1) * 4, sizes[k], noise[0][0]);
    add_flat(B * (H + 1) * 4, noise, x);
    assert_int_equal(
        df_metric_sae_own(&system.base, &(df_trajectories){.B = B, .H = H, .x = x[0][0], .u = u[0][0]}, 1, own, NULL),
        DF_OK);
    assert_int_equal(
        df_metric_sae_min(&system.base, &(df_trajectories){.B = B, .H = H, .x = x[0][0], .u = u[0][0]}, 1, min, NULL),
        DF_OK);
    for (int b = 0; b < B; b++) {
      assert_true(min[b] <= own[b]);
      if (sizes[k] > 1e-3) assert_true(min[b] < 0.99 * own[b] && min[b] > 1e-4);
    }
  }
}

/* from 0.9 the sine leads to the bound at 1 and stays there; from the centre it leads to the action */
static void a_guess_at_a_local_minimum_does_not_hide_the_action(void** state) {
  (void)state;
  linear_system system;
  linear_system_init(&system, 1);
  system.sine = true;
  double x[2][4], best[2], sae;
  const double x0[4] = {0}, u[2] = {0.2275, 0}, guess[2] = {0.9, 0};
  linear_simulate(&system, 1, x0, u, x[0]);
  assert_int_equal(
      df_metric_sae_min(&system.base, &(df_trajectories){.B = 1, .H = 1, .x = x[0], .u = guess}, 1, &sae, best), DF_OK);
  assert_true(sae < 1e-9);
  assert_near(best[0], 0.2275, 1e-7);

  /* the case is effective: without the centre as a start the same guess stays at the bound */
  system.lo[0] = 0.8, system.hi[0] = 1;
  system.lo[1] = system.hi[1] = 0;
  assert_int_equal(
      df_metric_sae_min(&system.base, &(df_trajectories){.B = 1, .H = 1, .x = x[0], .u = guess}, 1, &sae, best), DF_OK);
  assert_true(sae > 0.5);
  assert_near(best[0], 1, 1e-12);
  assert_true(best[1] == 0);
}

static void guesses_may_be_overwritten_by_the_best_actions(void** state) {
  (void)state;
  linear_system system;
  linear_system_init(&system, 1);
  double x[B][H + 1][4], u[B][H][2], guess[B][H][2], apart[B][H][2], sae[2][B];
  simulated(&system, x, u);
  fill(10, B * H * 2, 1, guess[0][0]);
  assert_int_equal(df_metric_sae_min(&system.base, &(df_trajectories){.B = B, .H = H, .x = x[0][0], .u = guess[0][0]},
                                     1, sae[0], apart[0][0]),
                   DF_OK);
  assert_int_equal(df_metric_sae_min(&system.base, &(df_trajectories){.B = B, .H = H, .x = x[0][0], .u = guess[0][0]},
                                     1, sae[1], guess[0][0]),
                   DF_OK);
  assert_memory_equal(sae[0], sae[1], sizeof sae[0]);
  assert_memory_equal(guess, apart, sizeof guess);
}

static void threads_do_not_change_bits(void** state) {
  (void)state;
  linear_system system;
  linear_system_init(&system, 0.5);
  system.warm = 0.01;
  double x[B][H + 1][4], u[B][H][2], noise[B][H + 1][4];
  simulated(&system, x, u);
  fill(11, B * (H + 1) * 4, 0.1, noise[0][0]);
  add_flat(B * (H + 1) * 4, noise, x);

  struct {
    double own[B], worst[B], min[B], best[B][H][2];
  } one, many;
  memset(&one, 0, sizeof one);
  const int threads[] = {1, 2, 3, 16};
  for (int k = 0; k < 4; k++) {
    memset(&many, 0, sizeof many);
    assert_int_equal(df_metric_sae_own(&system.base, &(df_trajectories){.B = B, .H = H, .x = x[0][0], .u = u[0][0]},
                                       threads[k], many.own, many.worst),
                     DF_OK);
    assert_int_equal(df_metric_sae_min(&system.base, &(df_trajectories){.B = B, .H = H, .x = x[0][0], .u = u[0][0]},
                                       threads[k], many.min, many.best[0][0]),
                     DF_OK);
    if (k == 0) one = many;
    assert_memory_equal(&one, &many, sizeof one);
  }
  assert_true(one.own[0] > 0 && one.min[0] > 0);
}

static void a_window_does_not_depend_on_the_others(void** state) {
  (void)state;
  linear_system system;
  linear_system_init(&system, 0.5);
  system.warm = 0.01;
  double x[B][H + 1][4], u[B][H][2], own[B], min[B], alone;
  simulated(&system, x, u);
  x[1][2][0] = NAN; /* a window that is invalid in the middle */
  for (int b = 2; b < B; b++) x[b][1][3] += 0.2;
  assert_int_equal(
      df_metric_sae_own(&system.base, &(df_trajectories){.B = B, .H = H, .x = x[0][0], .u = u[0][0]}, 1, own, NULL),
      DF_OK);
  assert_int_equal(
      df_metric_sae_min(&system.base, &(df_trajectories){.B = B, .H = H, .x = x[0][0], .u = u[0][0]}, 1, min, NULL),
      DF_OK);
  for (int b = 0; b < B; b++) {
    assert_int_equal(df_metric_sae_own(&system.base, &(df_trajectories){.B = 1, .H = H, .x = x[b][0], .u = u[b][0]}, 1,
                                       &alone, NULL),
                     DF_OK);
    assert_true(alone == own[b]);
    assert_int_equal(df_metric_sae_min(&system.base, &(df_trajectories){.B = 1, .H = H, .x = x[b][0], .u = u[b][0]}, 1,
                                       &alone, NULL),
                     DF_OK);
    assert_true(alone == min[b]);
  }
  /* without guesses, too: the first search of a window does not start from the last action of another */
  system.sine = true;
  assert_int_equal(df_metric_sae_min(&system.base, &(df_trajectories){.B = B, .H = H, .x = x[0][0]}, 1, min, NULL),
                   DF_OK);
  for (int b = 0; b < B; b++) {
    assert_int_equal(df_metric_sae_min(&system.base, &(df_trajectories){.B = 1, .H = H, .x = x[b][0]}, 1, &alone, NULL),
                     DF_OK);
    assert_true(alone == min[b]);
  }
}

/* actions tried from a state */
static const double* noted_at;
static double noted[20000][2];
static int n_noted;

static df_traj_end noting_step(df_sim* sim, const double* u, double* x1) {
  if (memcmp(((linear_sim*)sim)->x, noted_at, 4 * sizeof *noted_at) == 0) {
    assert_true(n_noted < 20000);
    memcpy(noted[n_noted++], u, sizeof noted[0]);
  }
  return linear_step(sim, u, x1);
}

static bool is_noted(double u0, double u1) {
  for (int i = 0; i < n_noted; i++) {
    if (fabs(noted[i][0] - u0) < 1e-8 && fabs(noted[i][1] - u1) < 1e-8) return true;
  }
  return false;
}

/* Steps that no action makes, among exact ones, are searched from the actions of the exact steps beside them, in
 * proportion to the distance, and around these with a growing scatter of 0.005 k of the half range. */
static void steps_are_searched_again_between_the_exact_ones(void** state) {
  (void)state;
  enum { N = 8 };
  /* exact (1) or not; the steps before and after a step, with the share of the second one */
  static const struct {
    const char* exact;
    int step, before, after;
    double share;
  } cases[] = {{"10011111", 1, 0, 3, 1 / 3.}, {"10011111", 2, 0, 3, 2 / 3.}, {"00111101", 0, 2, 2, 0},
               {"00111101", 1, 2, 2, 0},      {"01111100", 7, 5, 5, 0},      {"11110111", 4, 3, 5, .5},
               {"11110000", 5, 3, 3, 0},      {"11100000", 5, -1, 0, 0}};
  linear_system system;
  linear_system_init(&system, 0);
  for (int j = 0; j < 2; j++) system.lo[j] = -0.5, system.hi[j] = 1;
  df_system_ops ops = *system.base.ops;
  ops.step = noting_step;
  system.base.ops = &ops;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    double x[N + 1][4] = {{0.1, 0.2, 0.3, 0.4}}, u[N][2], sae, best[N][2];
    fill(20 + i, 2 * N, 0.4, u[0]);
    for (int t = 0; t < N; t++) {
      linear_simulate(&system, 1, x[t], u[t], x[t]); /* x[t], then x[t+1] */
      if (cases[i].exact[t] == '0') x[t + 1][2] += 5;
    }
    noted_at = x[cases[i].step];
    n_noted = 0;
    assert_int_equal(df_metric_sae_min(&system.base, &(df_trajectories){.B = 1, .H = N, .x = x[0]}, 1, &sae, best[0]),
                     DF_OK);
    for (int k = 0; k < 48; k += 9) {
      double start[2], random;
      for (int j = 0; j < 2; j++) {
        const double *a = u[cases[i].before < 0 ? 2 : cases[i].before],
                     *b = u[cases[i].before < 0 ? 2 : cases[i].after];
        df_rng_normal(0, DF_STREAM_SEARCH, ((uint64_t)cases[i].step * 48 + (uint64_t)k) * 4096 + (uint64_t)j, 1,
                      &random);
        start[j] = (1 - cases[i].share) * a[j] + cases[i].share * b[j] + 0.005 * k * 0.75 * random;
        start[j] = fmin(fmax(start[j], -0.5), 1);
      }
      /* not where fewer than half of the steps are exact */
      if (is_noted(start[0], start[1]) != (cases[i].before >= 0))
        fail_msg("case %zu, start %d of step %d: %g, %g", i, k, cases[i].step, start[0], start[1]);
    }
  }
}

static void wrong_arguments_are_refused(void** state) {
  (void)state;
  linear_system system;
  linear_system_init(&system, 1);
  double x[B][H + 1][4], u[B][H][2], sae[B] = {0};
  simulated(&system, x, u);
  assert_int_equal(
      df_metric_sae_own(NULL, &(df_trajectories){.B = B, .H = H, .x = x[0][0], .u = u[0][0]}, 1, sae, NULL), DF_E_ARG);
  assert_int_equal(
      df_metric_sae_own(&system.base, &(df_trajectories){.H = H, .x = x[0][0], .u = u[0][0]}, 1, sae, NULL), DF_E_ARG);
  assert_int_equal(
      df_metric_sae_own(&system.base, &(df_trajectories){.B = B, .x = x[0][0], .u = u[0][0]}, 1, sae, NULL), DF_E_ARG);
  assert_int_equal(df_metric_sae_own(&system.base, &(df_trajectories){.B = B, .H = H, .x = x[0][0]}, 1, sae, NULL),
                   DF_E_ARG);
  assert_non_null(strstr(df_error_message(), "made.u"));
  assert_int_equal(df_metric_sae_own(&system.base, &(df_trajectories){.B = B, .H = H, .u = u[0][0]}, 1, sae, NULL),
                   DF_E_ARG);
  assert_non_null(strstr(df_error_message(), "made.x"));
  assert_int_equal(df_metric_sae_own(&system.base, NULL, 1, sae, NULL), DF_E_ARG);
  assert_int_equal(df_metric_sae_min(&system.base, &(df_trajectories){.B = B, .H = H, .x = x[0][0]}, 0, sae, NULL),
                   DF_E_ARG);
  assert_int_equal(df_metric_sae_min(&system.base, &(df_trajectories){.B = B, .H = H}, 1, sae, NULL), DF_E_ARG);
  assert_non_null(strstr(df_error_message(), "made.x"));
  assert_int_equal(df_metric_sae_min(&system.base, NULL, 1, sae, NULL), DF_E_ARG);
}

/* each allocation fails in turn: an error each time and no simulator leaks; without a failure the call succeeds */
static void a_failed_allocation_is_an_error_and_leaks_nothing(void** state) {
  (void)state;
  linear_system system;
  linear_system_init(&system, 1);
  double x[B][H + 1][4], u[B][H][2], sae[B];
  simulated(&system, x, u);
  for (int metric = 0; metric < 2; metric++) {
    df_status status = DF_E_NOMEM;
    size_t n = 0;
    while (status != DF_OK) {
      (void)df_alloc_fail_at(++n);
      status = metric == 0
                   ? df_metric_sae_own(&system.base, &(df_trajectories){.B = B, .H = H, .x = x[0][0], .u = u[0][0]}, 3,
                                       sae, NULL)
                   : df_metric_sae_min(&system.base, &(df_trajectories){.B = B, .H = H, .x = x[0][0], .u = u[0][0]}, 3,
                                       sae, NULL);
      (void)df_alloc_fail_at(0);
      if (status != DF_OK) assert_int_equal(status, DF_E_NOMEM);
      assert_int_equal(linear_sims_alive, 0);
      assert_true(n < 100);
    }
    /* at least three simulators and their array are allocated */
    assert_true(n > 4);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(own_is_zero_for_simulated_trajectories),
      cmocka_unit_test(own_carries_the_warm_start_within_a_window_only),
      cmocka_unit_test(own_equals_the_hand_computed_error_of_a_moved_frame),
      cmocka_unit_test(own_works_without_a_place_for_the_worst),
      cmocka_unit_test(numbers_that_are_not_finite_give_infinity),
      cmocka_unit_test(min_finds_the_known_action),
      cmocka_unit_test(min_is_the_projected_optimum_of_a_box_too_small),
      cmocka_unit_test(min_is_the_projected_optimum_of_strongly_coupled_actions),
      cmocka_unit_test(a_guess_outside_the_box_is_not_taken),
      cmocka_unit_test(a_small_error_of_the_guess_is_searched_away),
      cmocka_unit_test(min_is_never_above_own),
      cmocka_unit_test(a_guess_at_a_local_minimum_does_not_hide_the_action),
      cmocka_unit_test(guesses_may_be_overwritten_by_the_best_actions),
      cmocka_unit_test(threads_do_not_change_bits),
      cmocka_unit_test(a_window_does_not_depend_on_the_others),
      cmocka_unit_test(steps_are_searched_again_between_the_exact_ones),
      cmocka_unit_test(wrong_arguments_are_refused),
      cmocka_unit_test(a_failed_allocation_is_an_error_and_leaks_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
