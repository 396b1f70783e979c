/* The states and rollouts that are taken from demonstrations are spread evenly over all of their frames. */
#include "cases.h"

#include <string.h>

#include "dynaflow/sim/mujoco.h"
#include "unit.h"

static const char xml[] =
    "<mujoco><worldbody><body><joint name='x' type='slide'/><geom size='.1'/></body></worldbody>"
    "<actuator><motor joint='x'/></actuator></mujoco>";

enum { EPISODES = 5 };
static const int lengths[EPISODES] = {4, 1, 9, 2, 6};

/* frame t of episode e is at position 100 e + t */
static df_dataset* demonstrations(void) {
  df_dataset* d;
  assert_int_equal(
      df_dataset_new(&(df_dataset_shape){.episodes = EPISODES, .lengths = lengths, .nx = 2, .nu = 1, .dt = 0.002}, &d),
      DF_OK);
  for (int e = 0; e < EPISODES; e++) {
    for (int t = 0; t <= lengths[e]; t++) d->states[2 * (d->first[e] + (size_t)t)] = 100 * e + t;
  }
  return d;
}

/* the positions of all frames that have `ahead` more actions; returns their number */
static int frames_with(int ahead, double list[64]) {
  int n = 0;
  for (int e = 0; e < EPISODES; e++) {
    for (int t = 0; t + ahead <= lengths[e]; t++) list[n++] = 100 * e + t;
  }
  return n;
}

static void cases_are_spread_over_ragged_episodes(void** state) {
  (void)state;
  df_system* s;
  df_dataset* d = demonstrations();
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  assert_int_equal(df_mujoco_system_from_xml(xml, "model", &cfg, &s), DF_OK);
  for (int n = 1; n <= 30; n++) {
    for (int H = 1; H <= 9; H += 2) {
      double list[64];
      cases c;
      assert_int_equal(cases_new(s, n, n, H, &c), DF_OK);
      cases_from_data(s, d, 1, &c);
      const int states = frames_with(1, list);
      for (int k = 0; k < n; k++) assert_true(c.x[2 * k] == list[(2 * k + 1) * states / (2 * n)]);
      const int starts = frames_with(H, list);
      for (int k = 0; k < n; k++) {
        const double first = list[(2 * k + 1) * starts / (2 * n)];
        assert_true(c.x0[2 * k] == first);
        for (int t = 0; t <= H; t++) assert_true(c.x_target[2 * (k * (H + 1) + t)] == first + t);
      }
      cases_clear(&c);
    }
  }
  df_system_free(s);
  df_dataset_free(d);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(cases_are_spread_over_ragged_episodes)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
