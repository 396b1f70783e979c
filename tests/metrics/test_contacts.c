/* Foot contacts of a model, and their agreement with a demonstration and with the clock of a gait. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/metrics/metrics.h"
#include "dynaflow/sim/mujoco.h"
#include "linear_system.h"
#include "near.h"
#include "two_feet.h"

enum { B = 3, H = 2, FEET = 2 };

static df_system* two_feet(int geoms[FEET]) {
  df_system* system;
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  assert_int_equal(df_mujoco_system_from_xml(TWO_FEET, "two_feet", &cfg, &system), DF_OK);
  geoms[0] = df_mujoco_geom(system, "left_foot");
  geoms[1] = df_mujoco_geom(system, "right_foot");
  assert_true(geoms[0] >= 0 && geoms[1] >= 0);
  return system;
}

/* trunk at height z, feet raised by the slide joints */
static void stand(const df_system* system, double z, double left, double right, double* x) {
  df_mujoco_initial_state(system, x);
  x[2] = z, x[7] = left, x[8] = right;
}

/* each foot 5 mm below or above the ground; the contacts of an invalid state are unknown */
static void poses(const df_system* system, double x[B][H + 1][TWO_FEET_NX], uint8_t wanted[B][H + 1][FEET]) {
  const uint8_t table[B][H + 1][FEET] = {{{1, 1}, {0, 1}, {1, 0}}, {{0, 0}, {1, 1}, {0, 0}}, {{2, 2}, {2, 2}, {1, 1}}};
  memcpy(wanted, table, sizeof table);
  for (int b = 0; b < B; b++) {
    for (int t = 0; t <= H; t++) {
      stand(system, 0.355, table[b][t][0] == 1 ? -0.01 : 0, table[b][t][1] == 1 ? -0.01 : 0, x[b][t]);
    }
  }
  x[2][0][16] = NAN;
  x[2][1][1] = -1e7;
}

static void contacts_are_those_of_the_pose(void** state) {
  (void)state;
  int geoms[FEET];
  df_system* system = two_feet(geoms);
  double x[B][H + 1][TWO_FEET_NX];
  uint8_t wanted[B][H + 1][FEET], touch[B][H + 1][FEET];
  poses(system, x, wanted);
  for (int threads = 1; threads <= 4; threads++) {
    memset(touch, 9, sizeof touch);
    assert_int_equal(
        df_metric_contacts(system, &(df_trajectories){.B = B, .H = H, .x = x[0][0]}, FEET, geoms, threads, touch[0][0]),
        DF_OK);
    assert_memory_equal(touch, wanted, sizeof wanted);
  }
  /* one foot in one window of one action */
  assert_int_equal(
      df_metric_contacts(system, &(df_trajectories){.B = 1, .H = 1, .x = x[0][1]}, 1, geoms + 1, 1, touch[0][0]),
      DF_OK);
  assert_true(touch[0][0][0] == 1 && touch[0][0][1] == 0);
  df_system_free(system);
}

static void contacts_refuse_what_has_none(void** state) {
  (void)state;
  int geoms[FEET];
  df_system* system = two_feet(geoms);
  double x[B][H + 1][TWO_FEET_NX];
  uint8_t touch[B][H + 1][FEET];
  poses(system, x, touch);
  linear_system linear;
  linear_system_init(&linear, 1);
  assert_int_equal(
      df_metric_contacts(&linear.base, &(df_trajectories){.B = B, .H = H, .x = x[0][0]}, FEET, geoms, 1, touch[0][0]),
      DF_E_ARG);
  assert_int_equal(
      df_metric_contacts(system, &(df_trajectories){.B = B, .H = H, .x = x[0][0]}, 0, geoms, 1, touch[0][0]), DF_E_ARG);
  assert_int_equal(df_metric_contacts(system, &(df_trajectories){.B = B, .H = H}, FEET, geoms, 1, touch[0][0]),
                   DF_E_ARG);
  assert_non_null(strstr(df_error_message(), "states.x"));
  assert_int_equal(df_metric_contacts(system, NULL, FEET, geoms, 1, touch[0][0]), DF_E_ARG);
  geoms[1] = df_mujoco_geom(system, "no such foot");
  assert_int_equal(
      df_metric_contacts(system, &(df_trajectories){.B = B, .H = H, .x = x[0][0]}, FEET, geoms, 1, touch[0][0]),
      DF_E_ARG);
  df_system_free(system);
}

static void a_failed_allocation_is_an_error(void** state) {
  (void)state;
  int geoms[FEET];
  df_system* system = two_feet(geoms);
  double x[B][H + 1][TWO_FEET_NX];
  uint8_t wanted[B][H + 1][FEET], touch[B][H + 1][FEET];
  poses(system, x, wanted);
  df_status status = DF_E_NOMEM;
  size_t n = 0;
  while (status != DF_OK) {
    (void)df_alloc_fail_at(++n);
    status = df_metric_contacts(system, &(df_trajectories){.B = B, .H = H, .x = x[0][0]}, FEET, geoms, 2, touch[0][0]);
    (void)df_alloc_fail_at(0);
    if (status != DF_OK) assert_int_equal(status, DF_E_NOMEM);
    assert_true(n < 1000);
  }
  assert_true(n > 2);
  df_system_free(system);
}

static void agreement_is_the_share_of_equal_contacts_after_the_start(void** state) {
  (void)state;
  /* frame 0 does not count: window 0 differs only there, window 1 in one of four frames, window 2 everywhere */
  const uint8_t a[B][H + 1][FEET] = {{{1, 1}, {1, 0}, {0, 1}}, {{0, 0}, {0, 0}, {1, 1}}, {{0, 0}, {1, 1}, {0, 1}}};
  const uint8_t b[B][H + 1][FEET] = {{{0, 0}, {1, 0}, {0, 1}}, {{0, 0}, {0, 0}, {0, 1}}, {{0, 0}, {0, 0}, {1, 0}}};
  double agreement[B];
  df_metric_agreement(B, H, FEET, a[0][0], b[0][0], agreement);
  assert_true(agreement[0] == 1 && agreement[1] == 0.75 && agreement[2] == 0);
  df_metric_agreement(B, H, FEET, b[0][0], a[0][0], agreement);
  assert_true(agreement[0] == 1 && agreement[1] == 0.75 && agreement[2] == 0);
}

static void unknown_contacts_agree_with_nothing(void** state) {
  (void)state;
  const uint8_t a[H + 1][FEET] = {{0, 0}, {DF_TOUCH_UNKNOWN, DF_TOUCH_UNKNOWN}, {0, 1}};
  double agreement;
  df_metric_agreement(1, H, FEET, a[0], a[0], &agreement);
  assert_true(agreement == 0.5);
}

/* ---- gaits: four feet, 2 Hz at 50 frames per second: 25 frames per cycle, stance in the first half ---- */

enum { FRAMES = 100, LEGS = 4 };
static const double TROT[LEGS] = {0, 0.5, 0.5, 0}, BOUND[LEGS] = {0, 0, 0.5, 0.5};

static bool stance(void* context, int foot, double phase) {
  const double p = phase + ((const double*)context)[foot];
  return p - floor(p) < 0.5;
}

static void gait_pattern(const double* gait, double phase0, uint8_t touch[FRAMES + 1][LEGS]) {
  for (int t = 0; t <= FRAMES; t++) {
    for (int k = 0; k < LEGS; k++) touch[t][k] = stance((void*)(uintptr_t)gait, k, phase0 + 2 * 0.02 * t);
  }
}

static double phase_share(int from, const uint8_t touch[FRAMES + 1][LEGS], const double* gait, double* phase0) {
  return df_metric_gait_phase(
      FRAMES, from, LEGS, touch[0],
      &(df_gait_clock){.dt = 0.02, .frequency = 2, .stance = stance, .context = (void*)(uintptr_t)gait}, phase0);
}

static void the_best_offset_is_found(void** state) {
  (void)state;
  uint8_t touch[FRAMES + 1][LEGS];
  for (int offset = 0; offset < 50; offset++) {
    double phase0, start;
    gait_pattern(TROT, offset / 50.0, touch);
    assert_true(phase_share(0, (const uint8_t(*)[LEGS])touch, TROT, &phase0) == 1);
    /* of the offsets that give the same contacts, the smallest */
    for (start = 0; start < phase0 - 1e-9; start += 0.02) {
      uint8_t other[FRAMES + 1][LEGS];
      gait_pattern(TROT, start, other);
      assert_true(memcmp(other, touch, sizeof touch) != 0);
    }
    uint8_t same[FRAMES + 1][LEGS];
    gait_pattern(TROT, phase0, same);
    assert_memory_equal(same, touch, sizeof touch);
  }
  /* a phase between two offsets has an error of at most 0.01 cycles: at most 2 of 50 changes per cycle are wrong */
  gait_pattern(TROT, 0.113, touch);
  assert_true(phase_share(0, (const uint8_t(*)[LEGS])touch, TROT, NULL) > 0.95);
}

static void another_gait_shares_less(void** state) {
  (void)state;
  uint8_t touch[FRAMES + 1][LEGS];
  gait_pattern(BOUND, 0.3, touch);
  assert_true(phase_share(0, (const uint8_t(*)[LEGS])touch, BOUND, NULL) == 1);
  /* at any offset two of four feet are wrong by half a cycle; a frame at the edge of a half cycle counts 1 in 25 */
  assert_near(phase_share(0, (const uint8_t(*)[LEGS])touch, TROT, NULL), 0.5, 0.04);
  /* standing still agrees with the stance in half of the frames */
  memset(touch, 1, sizeof touch);
  assert_near(phase_share(0, (const uint8_t(*)[LEGS])touch, TROT, NULL), 0.5, 0.02);
}

static void the_gait_counts_from_its_first_frame(void** state) {
  (void)state;
  uint8_t touch[FRAMES + 1][LEGS];
  gait_pattern(TROT, 0.2, touch);
  memset(touch, DF_TOUCH_UNKNOWN, 26 * LEGS);
  double phase0;
  assert_true(phase_share(26, (const uint8_t(*)[LEGS])touch, TROT, &phase0) == 1);
  /* its phase is that of frame 0: from there the contacts are those of the gait; of phases 0.02 apart two are */
  uint8_t again[FRAMES + 1][LEGS];
  gait_pattern(TROT, phase0, again);
  assert_memory_equal(again[26], touch[26], (FRAMES + 1 - 26) * LEGS);
  assert_near(phase0, 0.19, 0.01 + 1e-9);
  assert_near(phase_share(0, (const uint8_t(*)[LEGS])touch, TROT, NULL), 75.0 / 101, 1e-15);
  /* one foot that is wrong in the last frame */
  touch[FRAMES][2] ^= 1;
  assert_near(phase_share(26, (const uint8_t(*)[LEGS])touch, TROT, NULL), 299.0 / 300, 1e-15);
  assert_near(phase_share(FRAMES, (const uint8_t(*)[LEGS])touch, TROT, NULL), 3.0 / 4, 1e-15);
  assert_true(isnan(phase_share(FRAMES + 1, (const uint8_t(*)[LEGS])touch, TROT, &phase0)) && isnan(phase0));
  phase0 = 0;
  assert_true(isnan(phase_share(-1, (const uint8_t(*)[LEGS])touch, TROT, &phase0)) && isnan(phase0));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(contacts_are_those_of_the_pose),
      cmocka_unit_test(contacts_refuse_what_has_none),
      cmocka_unit_test(a_failed_allocation_is_an_error),
      cmocka_unit_test(agreement_is_the_share_of_equal_contacts_after_the_start),
      cmocka_unit_test(unknown_contacts_agree_with_nothing),
      cmocka_unit_test(the_best_offset_is_found),
      cmocka_unit_test(another_gait_shares_less),
      cmocka_unit_test(the_gait_counts_from_its_first_frame),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
