/* The admissibility errors on MuJoCo trajectories with contact, where the warm start matters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "dynaflow/core/rng.h"
#include "dynaflow/metrics/metrics.h"
#include "dynaflow/sim/mujoco.h"
#include "dynaflow/sim/rollout.h"
#include "near.h"
#include "two_feet.h"

enum { B = 4, H = 12, NX = TWO_FEET_NX, NU = 2 };

typedef struct fixture {
  df_system* system;
  double x[B][H + 1][NX], u[B][H][NU];
} fixture;

/* the robot lands, slides and pushes off: actions of 20 ms, feet initially slightly above the ground */
static int setup(void** state) {
  static fixture f;
  *state = &f;
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  cfg.substeps = 4;
  if (df_mujoco_system_from_xml(TWO_FEET, "two_feet", &cfg, &f.system) != DF_OK) return 1;
  double x0[B][NX];
  df_rng_uniform(2, DF_STREAM_TEST, 0, B * H * NU, (double*)f.u);
  for (int b = 0; b < B; b++) {
    for (int t = 0; t < H; t++) {
      for (int j = 0; j < NU; j++) f.u[b][t][j] = 0.36 * f.u[b][t][j] - 0.18;
    }
    df_mujoco_initial_state(f.system, x0[b]);
    x0[b][2] = 0.37 + 0.02 * b;
    x0[b][TWO_FEET_NQ] = 0.5;
    x0[b][TWO_FEET_NQ + 3] = 0.4;
  }
  df_rollout* rollout;
  const df_rollout_cfg rollout_cfg = df_rollout_cfg_default();
  if (df_rollout_new(f.system, &rollout_cfg, &rollout) != DF_OK) return 1;
  const df_status status =
      df_rollout_run(rollout, &(df_rollout_batch){.B = B, .H = H, .x0 = x0[0], .u = f.u[0][0], .x = f.x[0][0]});
  df_rollout_free(rollout);
  return status != DF_OK;
}

static int teardown(void** state) {
  df_system_free(((fixture*)*state)->system);
  return 0;
}

static void own_is_rounding_for_rollouts_in_contact(void** state) {
  const fixture* f = *state;
  const int geoms[2] = {df_mujoco_geom(f->system, "left_foot"), df_mujoco_geom(f->system, "right_foot")};
  uint8_t touch[B][H + 1][2];
  double sae[B], worst[B];
  assert_int_equal(
      df_metric_contacts(f->system, &(df_trajectories){.B = B, .H = H, .x = f->x[0][0]}, 2, geoms, 1, touch[0][0]),
      DF_OK);
  int touches = 0;
  for (int i = 0; i < B * (H + 1) * 2; i++) touches += ((uint8_t*)touch)[i];
  assert_true(touches > B && touches < B * (H + 1) * 2);

  assert_int_equal(
      df_metric_sae_own(f->system, &(df_trajectories){.B = B, .H = H, .x = f->x[0][0], .u = f->u[0][0]}, 2, sae, worst),
      DF_OK);
  /* the same steps on the same numbers; the difference of a quaternion from itself may be rounded */
  for (int b = 0; b < B; b++) assert_true(sae[b] <= worst[b] && worst[b] < 1e-15);
}

static void own_measures_a_turn_in_radians(void** state) {
  fixture* f = *state;
  const double half = 0.01;
  double* q = &f->x[2][H][3];
  const double turned[4] = {q[0] * cos(half) - q[1] * sin(half), q[0] * sin(half) + q[1] * cos(half),
                            q[2] * cos(half) + q[3] * sin(half), q[3] * cos(half) - q[2] * sin(half)};
  memcpy(q, turned, sizeof turned);
  double sae[B];
  assert_int_equal(
      df_metric_sae_own(f->system, &(df_trajectories){.B = B, .H = H, .x = f->x[0][0], .u = f->u[0][0]}, 1, sae, NULL),
      DF_OK);
  /* the inverse cosine of a number close to 1 loses half of the digits */
  assert_near(sae[2], 2 * half / H, 1e-12);
  assert_true(sae[1] < 1e-15);
}

/* Search step by step from the centre only. Where a contact begins or ends within the step, f is discontinuous in u and
 * a search may stop at the discontinuity: the result is an upper bound, and here one step in 48 stops in this way. */
static void min_finds_actions_through_contact(void** state) {
  const fixture* f = *state;
  int found = 0;
  for (int b = 0; b < B; b++) {
    for (int t = 0; t < H; t++) {
      double sae, best[NU];
      assert_int_equal(df_metric_sae_min(f->system, &(df_trajectories){.B = 1, .H = 1, .x = f->x[b][t]}, 1, &sae, best),
                       DF_OK);
      /* MuJoCo's solver stops at a relative 1e-8 and starts from another warm start than the rollout did; 100 N on
       * 0.5 kg over 20 ms are 4 m/s, and a foot's velocity changes by about as many m/s for a metre of target */
      if (sae > 1e-7) continue;
      found++;
      assert_true(largest_gap(NU, best, f->u[b][t]) < 1e-6);
    }
  }
  assert_true(found >= 45);
}

static void min_keeps_the_true_actions_when_they_are_the_guess(void** state) {
  const fixture* f = *state;
  double sae[B], best[B][H][NU];
  assert_int_equal(df_metric_sae_min(f->system, &(df_trajectories){.B = B, .H = H, .x = f->x[0][0], .u = f->u[0][0]}, 1,
                                     sae, best[0][0]),
                   DF_OK);
  for (int b = 0; b < B; b++) assert_true(sae[b] < 1e-15);
  assert_memory_equal(best, f->u, sizeof best);
}

static void min_is_not_above_own_and_not_zero_for_a_floating_robot(void** state) {
  fixture* f = *state;
  double own[B], min[B], best[B][H][NU];
  /* no action lifts the trunk by 10 cm or keeps it there */
  for (int b = 0; b < B; b++) f->x[b][5][2] += 0.1;
  assert_int_equal(
      df_metric_sae_own(f->system, &(df_trajectories){.B = B, .H = H, .x = f->x[0][0], .u = f->u[0][0]}, 2, own, NULL),
      DF_OK);
  assert_int_equal(df_metric_sae_min(f->system, &(df_trajectories){.B = B, .H = H, .x = f->x[0][0], .u = f->u[0][0]}, 2,
                                     min, best[0][0]),
                   DF_OK);
  for (int b = 0; b < B; b++) {
    assert_true(min[b] <= own[b]);
    assert_true(min[b] > 0.09 / H);
    for (int t = 0; t < H; t++) assert_true(fabs(best[b][t][0]) <= 0.2 && fabs(best[b][t][1]) <= 0.2);
  }
}

static void threads_do_not_change_bits(void** state) {
  fixture* f = *state;
  for (int b = 0; b < B; b++) f->x[b][5][2] += 0.01;
  double sae[2][B], worst[2][B], min[2][B], best[2][B][H][NU];
  for (int k = 0; k < 2; k++) {
    const int threads = k == 0 ? 1 : 3;
    assert_int_equal(df_metric_sae_own(f->system, &(df_trajectories){.B = B, .H = H, .x = f->x[0][0], .u = f->u[0][0]},
                                       threads, sae[k], worst[k]),
                     DF_OK);
    assert_int_equal(df_metric_sae_min(f->system, &(df_trajectories){.B = B, .H = H, .x = f->x[0][0], .u = f->u[0][0]},
                                       threads, min[k], best[k][0][0]),
                     DF_OK);
  }
  assert_memory_equal(sae[0], sae[1], sizeof sae[0]);
  assert_memory_equal(worst[0], worst[1], sizeof worst[0]);
  assert_memory_equal(min[0], min[1], sizeof min[0]);
  assert_memory_equal(best[0], best[1], sizeof best[0]);
}

int main(void) {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
  const struct CMUnitTest tests[] = {
      CASE(own_is_rounding_for_rollouts_in_contact),
      CASE(own_measures_a_turn_in_radians),
      CASE(min_finds_actions_through_contact),
      CASE(min_keeps_the_true_actions_when_they_are_the_guess),
      CASE(min_is_not_above_own_and_not_zero_for_a_floating_robot),
      CASE(threads_do_not_change_bits),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
