/* Columns of actions in another order than the actuators, of a model whose states need exactly one action each. */
#include "action_order.h"

#include <math.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "unit.h"

#define BODY(y, joint) \
  "<body pos='0 " y " 0'><joint name='" joint "' type='slide' damping='.2'/><geom size='.1' mass='1'/></body>"
static const char sliders[] =
    "<mujoco><option timestep='.01' gravity='0 0 0'/><worldbody>" BODY("0", "x") BODY("1", "y") BODY(
        "2", "z") "</worldbody><actuator><motor name='a' joint='x' ctrlrange='-1 1'/><motor name='b' joint='y' "
                  "ctrlrange='-1 1'/><motor name='c' joint='z' ctrlrange='-1 1'/></actuator></mujoco>";

enum { NU = 3, LENGTH = 50 };
#define assert_ok(status) assert_int_equal(status, DF_OK)

typedef struct fixture {
  df_system* system;
  df_dataset* data;
  action_order found;
} fixture;

/* the action of actuator i is read as that of actuator place[i] */
static fixture find(const int place[NU], double factor) {
  fixture f;
  df_sim* sim;
  recording r;
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  assert_ok(df_mujoco_system_from_xml(sliders, "sliders", &cfg, &f.system));
  assert_ok(df_dataset_new(
      &(df_dataset_shape){.episodes = 1, .length = LENGTH, .nx = 2 * NU, .nu = NU, .dt = f.system->dt}, &f.data));
  assert_ok(df_sim_new(f.system, 0, &sim));
  double x[2 * NU] = {0};
  f.system->ops->reset(sim, x);
  for (int t = 0; t <= LENGTH; t++) {
    double u[NU], next[2 * NU];
    memcpy(f.data->states + t * 2 * NU, x, sizeof x);
    for (int i = 0; i < NU; i++) {
      u[i] = 0.9 * sin(0.3 * t + 2 * i) * (1 - 0.2 * i);
      if (t < LENGTH) f.data->actions[t * NU + place[i]] = factor * u[i];
    }
    assert_int_equal(f.system->ops->step(sim, u, next), DF_TRAJ_COMPLETE);
    memcpy(x, next, sizeof x);
  }
  df_sim_free(f.system, sim);
  assert_ok(recording_of(f.data, f.system, &r));
  assert_ok(action_order_find(&r, f.system, 1, &f.found));
  return f;
}

static void fixture_free(fixture* f) {
  action_order_clear(&f->found);
  df_dataset_free(f->data);
  df_system_free(f->system);
}

static void expect_setting(const fixture* f, const char* set, const char* expected) {
  df_config config = df_config_default();
  assert_ok(df_config_set(&config, "data.actuators", set, "test"));
  char* found = action_order_setting(&f->found, &config, f->system);
  assert_string_equal(found, expected);
  df_free(found);
}

static void a_cycle_of_columns_is_found(void** state) {
  (void)state;
  fixture f = find((const int[]){1, 2, 0}, 1);
  assert_non_null(f.found.column);
  assert_int_equal(f.found.column[0], 1);
  assert_int_equal(f.found.column[1], 2);
  assert_int_equal(f.found.column[2], 0);
  assert_true(f.found.best < 1e-9 && f.found.as_is > 1e-3);
  /* column 0 is of actuator c, 1 of a, 2 of b; read as c, a, b before, column 0 is what was read as c: of b */
  expect_setting(&f, "", "c,a,b");
  expect_setting(&f, "c,a,b", "b,c,a");
  fixture_free(&f);
}

static void scales_of_single_actuators_admit_no_setting(void** state) {
  (void)state;
  fixture f = find((const int[]){1, 2, 0}, 1);
  df_config config = df_config_default();
  assert_ok(df_config_set(&config, "data.action_scale", "1,2,3", "test"));
  char* found = action_order_setting(&f.found, &config, f.system);
  assert_string_equal(found, "");
  df_free(found);
  fixture_free(&f);
}

static void right_columns_and_other_actions_have_no_other_order(void** state) {
  (void)state;
  const struct {
    int place[NU];
    double factor;
  } cases[] = {{{0, 1, 2}, 1}, {{0, 1, 2}, 0.5}, {{1, 2, 0}, 0.5}};
  for (int i = 0; i < 3; i++) {
    fixture f = find(cases[i].place, cases[i].factor);
    assert_null(f.found.column);
    fixture_free(&f);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_cycle_of_columns_is_found),
                                     cmocka_unit_test(scales_of_single_actuators_admit_no_setting),
                                     cmocka_unit_test(right_columns_and_other_actions_have_no_other_order)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
