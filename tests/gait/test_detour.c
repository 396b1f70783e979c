/* Demonstrations with two modes: a puck that passes a pit on its left or right. */
#include "dynaflow/gait/detour.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dynaflow/sim/mujoco.h"
#include "dynaflow/sim/rollout.h"
#include "near.h"
#include "unit.h"

enum { NX = 6, EPISODES = 200, LENGTH = 23 };

static df_system* puck(void) {
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  cfg.substeps = 4;
  df_system* system = NULL;
  assert_int_equal(df_mujoco_system_new("tasks/detour/puck.xml", &cfg, &system), DF_OK);
  return system;
}

static df_config settings(void) {
  df_config c = df_config_default();
  c.data_episodes = EPISODES;
  c.data_seconds = LENGTH * 0.1;
  c.data_command_vy = 0.05;
  return c;
}

static df_dataset* made(const df_system* system, const df_config* c, int threads, df_generation* report) {
  df_dataset* data = NULL;
  assert_int_equal(df_detour_demonstrate(system, c, &(df_generator_env){.threads = threads, .report = report}, &data),
                   DF_OK);
  return data;
}

/* the side of an episode: where the puck is when it passes the middle of the pit */
static double side_of(const df_dataset* data, int e) {
  for (int t = 0; t < LENGTH; t++) {
    const double* x = df_dataset_state(data, e, t);
    if (x[0] <= 0 && x[NX] > 0) return x[1] > 0 ? 1 : -1;
  }
  fail_msg("episode %d does not pass the pit", e);
  return 0;
}

static void the_path_has_the_derivatives_that_it_states(void** state) {
  (void)state;
  double slope, curvature, ignored[2];
  const double h = 1e-5;
  for (double x = -0.6; x < 0.6; x += 0.0137) {
    const double y = df_detour_path(x, &slope, &curvature), before = df_detour_path(x - h, &ignored[0], &ignored[1]),
                 after = df_detour_path(x + h, &ignored[0], &ignored[1]);
    assert_near(slope, (after - before) / (2 * h), 1e-3);
    assert_near(curvature, (after - 2 * y + before) / (h * h), 0.02);
    assert_near(y, df_detour_path(-x, &ignored[0], &ignored[1]), 1e-15);
  }
  assert_near(df_detour_path(0.1, &slope, &curvature), 0.25, 0);
  assert_near(df_detour_path(0.35, &slope, &curvature), 0.125, 1e-15);
  assert_near(df_detour_path(-0.5, &slope, &curvature), 0, 0);
}

static void every_puck_passes_beside_the_pit_on_a_side_that_its_start_does_not_tell(void** state) {
  (void)state;
  df_system* system = puck();
  const df_config c = settings();
  df_generation report;
  df_dataset* data = made(system, &c, 1, &report);
  int left = 0;
  double with_y = 0, with_vy = 0, y2 = 0, vy2 = 0;
  /* middle and half width of what starts are drawn from: x, y, vx, vy */
  static const int at[4] = {0, 1, 3, 4};
  static const double middle[4] = {-0.9, 0, 0.8, 0}, half[4] = {0.1, 0.02, 0.08, 0.05};
  double sum[4] = {0}, least[4] = {1, 1, 1, 1}, most[4] = {-1, -1, -1, -1};
  for (int e = 0; e < EPISODES; e++) {
    const double side = side_of(data, e), *start = df_dataset_state(data, e, 0);
    left += side > 0;
    with_y += side * start[1], with_vy += side * start[4];
    y2 += start[1] * start[1], vy2 += start[4] * start[4];
    for (int i = 0; i < 4; i++) {
      const double off = (start[at[i]] - middle[i]) / half[i];
      assert_true(fabs(off) <= 1 + 1e-12);
      sum[i] += off;
      least[i] = fmin(least[i], off);
      most[i] = fmax(most[i], off);
    }
    for (int t = 0; t <= LENGTH; t++) {
      const double* x = df_dataset_state(data, e, t);
      assert_true(x[2] > -0.02);
      if (fabs(x[0]) < 0.2) assert_true(side * x[1] > 0.15);
      /* before the detour, what the puck does is the same for both sides: it returns to the line y = 0 */
      const double* u = df_dataset_action(data, e, t < LENGTH ? t : LENGTH - 1);
      if (x[0] < -0.5 && t < LENGTH) {
        assert_near(u[1], fmin(fmax((-25 * x[1] - 10 * x[4]) / 8, -1), 1), 1e-12);
        assert_near(u[0], fmin(fmax(4 * (0.8 - x[3]) / 8, -1), 1), 1e-12);
      }
    }
  }
  /* uniform: a standard deviation of 1/sqrt(3), and some of 200 within a tenth of each end */
  for (int i = 0; i < 4; i++) {
    assert_true(fabs(sum[i]) < 4 * sqrt(EPISODES / 3.0));
    assert_true(least[i] < -0.9 && most[i] > 0.9);
  }
  /* a fair coin, within four standard deviations; correlations of n pairs have a standard deviation of 1/sqrt(n) */
  assert_true(fabs(left - EPISODES / 2.0) < 4 * sqrt(EPISODES) / 2);
  assert_true(fabs(with_y) / sqrt(y2 * EPISODES) < 4 / sqrt(EPISODES));
  assert_true(fabs(with_vy) / sqrt(vy2 * EPISODES) < 4 / sqrt(EPISODES));
  assert_int_equal(report.n, 2);
  assert_string_equal(report.kind[1].name, "left");
  assert_int_equal(report.kind[1].tried - report.kind[1].rejected, left);
  assert_int_equal(report.kind[0].tried - report.kind[0].rejected, EPISODES - left);
  df_dataset_free(data);
  df_system_free(system);
}

static void the_actions_reproduce_the_states_and_the_seed_decides(void** state) {
  (void)state;
  df_system* system = puck();
  df_config c = settings();
  df_dataset *data = made(system, &c, 1, NULL), *again = made(system, &c, 3, NULL);
  const size_t bytes = (size_t)EPISODES * (LENGTH + 1) * NX * sizeof(double);
  assert_memory_equal(data->states, again->states, bytes);
  df_sim* sim;
  double x[(LENGTH + 1) * NX];
  assert_int_equal(df_sim_new(system, 0, &sim), DF_OK);
  for (int e = 0; e < EPISODES; e += 37) {
    assert_int_equal(
        df_trajectory_run(system, sim, LENGTH, df_dataset_state(data, e, 0), df_dataset_action(data, e, 0), x),
        DF_TRAJ_COMPLETE);
    assert_memory_equal(x, df_dataset_state(data, e, 0), sizeof x);
  }
  df_sim_free(system, sim);
  c.data_seed++;
  df_dataset* other = made(system, &c, 1, NULL);
  assert_true(memcmp(data->states, other->states, bytes) != 0);
  df_dataset_free(data);
  df_dataset_free(again);
  df_dataset_free(other);
  df_system_free(system);
}

static bool never(void* context, int done, int wanted) {
  (void)context, (void)done, (void)wanted;
  return false;
}

static void what_cannot_be_demonstrated_is_refused(void** state) {
  (void)state;
  static const char* const other =
      "<mujoco><worldbody><body><joint name='x' type='slide'/><joint name='y' type='slide'/><joint name='w' "
      "type='slide'/><geom size='0.1'/></body></worldbody><actuator><motor joint='x'/><motor joint='y'/></actuator>"
      "</mujoco>";
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  df_system *system = puck(), *wrong = NULL;
  df_config c = settings();
  df_dataset* data;
  assert_int_equal(df_mujoco_system_from_xml(other, "other.xml", &cfg, &wrong), DF_OK);
  assert_int_equal(df_detour_demonstrate(wrong, &c, &(df_generator_env){.threads = 1}, &data), DF_E_CONFIG);
  assert_null(data);
  assert_int_equal(df_detour_demonstrate(system, &c, &(df_generator_env){.threads = 1, .progress = never}, &data),
                   DF_E_INTERRUPTED);
  assert_null(data);
  /* no start leads past the pit */
  c.data_command_vy = 1e6;
  c.data_episodes = 2;
  assert_int_equal(df_detour_demonstrate(system, &c, &(df_generator_env){.threads = 1}, &data), DF_E_CONFIG);
  assert_non_null(strstr(df_error_message(), "data.command_vy = 1e+06"));
  c = settings();
  c.data_seconds = 0.01;
  assert_int_equal(df_detour_demonstrate(system, &c, &(df_generator_env){.threads = 1}, &data), DF_E_CONFIG);
  df_system_free(wrong);
  df_system_free(system);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_path_has_the_derivatives_that_it_states),
      cmocka_unit_test(every_puck_passes_beside_the_pit_on_a_side_that_its_start_does_not_tell),
      cmocka_unit_test(the_actions_reproduce_the_states_and_the_seed_decides),
      cmocka_unit_test(what_cannot_be_demonstrated_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
