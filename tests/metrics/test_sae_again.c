/* Steps of a quadruped in contact: where a search ends at a kink, it is started again from the actions beside it. */
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

enum { B = 4, H = 24, NX = 37, NU = 12 };

/* targets that turn around the standing pose, in steps of 20 ms */
static void simulate(const df_system* system, double* x, double* u) {
  double x0[B][NX];
  df_rollout* rollout;
  const df_rollout_cfg cfg = df_rollout_cfg_default();
  for (int b = 0; b < B; b++) {
    df_mujoco_initial_state(system, x0[b]);
    for (int t = 0; t < H; t++) {
      df_system_rest_action(system, x0[b], u + (b * H + t) * NU);
      for (int j = 0; j < NU; j++) u[(b * H + t) * NU + j] += 0.25 * sin(0.35 * t + 1.7 * j + b);
    }
  }
  assert_int_equal(df_rollout_new(system, &cfg, &rollout), DF_OK);
  assert_int_equal(df_rollout_run(rollout, &(df_rollout_batch){.B = B, .H = H, .x0 = x0[0], .u = u, .x = x}), DF_OK);
  df_rollout_free(rollout);
}

static void a_simulated_motion_needs_no_other_action(void** state) {
  (void)state;
  static double x[B * (H + 1) * NX], u[B * H * NU], best[B * H * NU];
  double sae[B], own[B];
  df_system* system;
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  cfg.substeps = 5;
  cfg.timestep = 0.004;
  cfg.integrator = DF_INTEGRATOR_EULER;
  assert_int_equal(df_mujoco_system_new("tasks/go1_gaits/go1.xml", &cfg, &system), DF_OK);
  assert_int_equal(system->nx, NX);
  simulate(system, x, u);
  const df_trajectories made = {.B = B, .H = H, .x = x}, found = {.B = B, .H = H, .x = x, .u = best};
  assert_int_equal(df_metric_sae_min(system, &made, 2, sae, best), DF_OK);
  assert_int_equal(df_metric_sae_own(system, &found, 2, own, NULL), DF_OK);
  /* the error of a search that ended at a kink is above 0.1 in a step; own is that of the same actions */
  for (int b = 0; b < B; b++) assert_true(sae[b] < 1e-9 && fabs(own[b] - sae[b]) < 1e-9);
  df_system_free(system);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_simulated_motion_needs_no_other_action)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
