/* The clock of the commanded gait: its frequency is that of the condition, else the first of gait.frequency. */
#include "commanded_gait.h"

#include <stdio.h>

#include "dynaflow/data/dataset.h"
#include "unit.h"

/* a task with the conditions of two episodes, of which only names and settings matter */
typedef struct fixture {
  df_task task;
  df_system system;
} fixture;

static void start(fixture* f, int nc, const char* const* names) {
  *f = (fixture){.task = {.config = df_config_default()}, .system = {.dt = 0.02}};
  assert_int_equal(df_config_set(&f->task.config, "data.generator", "quadruped_gaits", "test"), DF_OK);
  assert_int_equal(df_config_set(&f->task.config, "eval.feet", "FL, RR", "test"), DF_OK);
  assert_int_equal(df_config_set(&f->task.config, "gait.frequency", "2.5, 4", "test"), DF_OK);
  const df_dataset_shape shape = {.episodes = 2, .length = 4, .nx = 1, .nc = nc, .dt = 0.02};
  assert_int_equal(df_dataset_new(&shape, &f->task.data), DF_OK);
  for (int i = 0; i < nc; i++) assert_int_equal(df_dataset_name_condition(f->task.data, i, names[i]), DF_OK);
  f->task.system = &f->system;
}

static void the_clock_has_the_frequency_of_the_condition(void** state) {
  (void)state;
  static const char* const names[] = {"gait.trot", "gait.bound", "command.vx", "command.frequency"};
  const double condition[] = {0, 1, 0.7, 3.25};
  commanded_gait gait;
  fixture f;
  start(&f, 4, names);
  assert_true(commanded_gait_find(&f.task, condition, &gait));
  assert_int_equal(gait.gait, DF_GAIT_BOUND);
  assert_true(gait.clock.frequency == 3.25 && gait.clock.dt == 0.02);
  assert_true(gait.leg[0] == 1 && gait.leg[1] == 2);
  df_dataset_free(f.task.data);
}

static void without_one_it_is_the_first_of_the_setting(void** state) {
  (void)state;
  static const char* const names[] = {"gait.trot", "command.vx"};
  const double condition[] = {1, 0.7}, none[] = {0, 0.7};
  commanded_gait gait;
  fixture f;
  start(&f, 2, names);
  assert_true(commanded_gait_find(&f.task, condition, &gait));
  assert_int_equal(gait.gait, DF_GAIT_TROT);
  assert_true(gait.clock.frequency == 2.5);
  assert_false(commanded_gait_find(&f.task, none, &gait));
  df_dataset_free(f.task.data);
}

/* legs are counted FR, FL, RR, RL, in whatever order the feet are named; others have no clock */
static void feet_are_told_by_the_names_of_their_legs(void** state) {
  (void)state;
  static const char* const names[] = {"gait.trot"};
  static const struct {
    const char* feet;
    int leg[4];
  } cases[] = {{"RL, FR, RR, FL", {3, 0, 2, 1}}, {"FR", {0}}};
  const double condition[] = {1};
  commanded_gait gait;
  fixture f;
  start(&f, 1, names);
  for (int i = 0; i < 2; i++) {
    assert_int_equal(df_config_set(&f.task.config, "eval.feet", cases[i].feet, "test"), DF_OK);
    assert_true(commanded_gait_find(&f.task, condition, &gait));
    for (int k = 0; k < f.task.config.eval_feet.n; k++) {
      assert_int_equal(gait.leg[k], cases[i].leg[k]);
      for (int p = 0; p < 20; p++) {
        assert_true(gait.clock.stance(gait.clock.context, k, 0.05 * p) ==
                    df_gait_stance(DF_GAIT_TROT, cases[i].leg[k], 0.05 * p));
      }
    }
  }
  static const char* const others[] = {"FR, toe", "toe, FR", ""};
  for (int i = 0; i < 3; i++) {
    assert_int_equal(df_config_set(&f.task.config, "eval.feet", others[i], "test"), DF_OK);
    assert_false(commanded_gait_find(&f.task, condition, &gait));
  }
  assert_false(commanded_gait_find(&f.task, NULL, &gait));
  df_dataset_free(f.task.data);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(the_clock_has_the_frequency_of_the_condition),
                                     cmocka_unit_test(without_one_it_is_the_first_of_the_setting),
                                     cmocka_unit_test(feet_are_told_by_the_names_of_their_legs)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
