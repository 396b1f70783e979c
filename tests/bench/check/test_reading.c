/* What is read of recordings whose frames last longer than an action: velocities that are differences and positions
 * that are integrals are those of the recorded frames. */
#include "reading.h"

#include <math.h>
#include <stdio.h>

#include "dynaflow/io/npz.h"
#include "found.h"
#include "small_recording.h"
#include "test_file.h"
#include "unit.h"

enum { ROWS = 4 };
static const double FRAME = 0.04; /* s, four actions */

/* reads rows of `width` numbers with these settings; frame t of the slide model is wanted[t] */
static void expect_states(const char* settings, size_t width, const double* rows, const double (*wanted)[4]) {
  const char* path = test_file("recording.npz");
  const df_npz_entry entries[] = {{.key = "states", .rank = 2, .shape = {ROWS, width}, .values = rows},
                                  {.key = "dt", .values = &FRAME}};
  df_config config = df_config_default();
  config.window_horizon = 1;
  assert_ok(df_npz_write(path, 2, entries));
  set_all(&config, settings);
  fixture f = fixture_new(slide_xml, 1);
  reading r;
  assert_ok(reading_as_it_is(path, &config, f.s, &(check_cfg){.frames_max = 100, .poses_max = 10}, &r));
  assert_int_equal(r.data->lengths[0], ROWS - 1);
  for (int t = 0; t < ROWS; t++) {
    for (int i = 0; i < 4; i++) assert_true(fabs(df_dataset_state(r.data, 0, t)[i] - wanted[t][i]) < 1e-12);
  }
  reading_clear(&r);
  fixture_free(&f);
}

static void differences_are_per_recorded_frame(void** state) {
  (void)state;
  static const double q[ROWS * 2] = {0, 0, 0.4, -0.2, 0.6, 0, 0.6, 0.4};
  static const double x[ROWS * 4] = {0, 0, 7, 8, 0.4, -0.2, 7, 8, 0.6, 0, 7, 8, 0.6, 0.4, 7, 8};
  static const double wanted[ROWS][4] = {{0, 0, 10, -5}, {0.4, -0.2, 10, -5}, {0.6, 0, 5, 5}, {0.6, 0.4, 0, 10}};
  expect_states("data.actions_key = , data.columns = qpos", 2, q, wanted);
  expect_states("data.actions_key = , data.velocities = differences", 4, x, wanted);
  /* one of them is recorded */
  static const double some[ROWS * 3] = {0, 0, 7, 0.4, -0.2, 7, 0.6, 0, 7, 0.6, 0.4, 7};
  static const double one[ROWS][4] = {{0, 0, 7, -5}, {0.4, -0.2, 7, -5}, {0.6, 0, 7, 5}, {0.6, 0.4, 7, 10}};
  expect_states("data.actions_key = , data.columns = qpos,joint_vel, data.velocity_joints = a", 3, some, one);
}

/* the slide is not recorded, but its velocity is; of the hinge both are */
static void integrals_are_over_recorded_frames(void** state) {
  (void)state;
  static const double x[ROWS * 3] = {1, 10, 3, 1.2, 20, 3, 1.4, -5, 3, 1.6, 0, 3};
  static const double wanted[ROWS][4] = {{0, 1, 10, 3}, {0.8, 1.2, 20, 3}, {0.6, 1.4, -5, 3}, {0.6, 1.6, 0, 3}};
  static const double different[ROWS][4] = {{0, 1, 20, 5}, {0.8, 1.2, 20, 5}, {0.6, 1.4, -5, 5}, {0.6, 1.6, 0, 5}};
  static const char columns[] =
      "data.actions_key = , data.columns = joints,joint_vel, data.joints = b, data.velocity_joints = a,b, "
      "data.root_xy = integrated";
  char settings[300];
  expect_states(columns, 3, x, wanted);
  snprintf(settings, sizeof settings, "%s, data.velocities = differences", columns);
  expect_states(settings, 3, x, different);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(differences_are_per_recorded_frame),
                                     cmocka_unit_test(integrals_are_over_recorded_frames)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
