/* Columns of actions in another order than the actuators, of a model whose states need exactly one action each, and
 * actions in other units. */
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

/* ---- units ---- */

/* a servo of a slide from -0.1 to 0.3 m, a servo of a hinge and a motor without a range */
static const char mixed[] =
    "<mujoco><option timestep='.01' gravity='0 0 0'/><worldbody>"
    "<body><joint name='x' type='slide' damping='2'/><geom size='.1' mass='1'/></body>"
    "<body pos='0 1 0'><joint name='y' axis='0 1 0' damping='.2'/><geom size='.1' mass='1'/></body>"
    "<body pos='0 2 0'><joint name='z' axis='0 1 0' damping='.2'/><geom size='.1' mass='1'/></body></worldbody>"
    "<actuator><position joint='x' kp='50' ctrlrange='-.1 .3'/><position joint='y' kp='2' ctrlrange='-2 1'/>"
    "<motor joint='z' gear='.1'/></actuator></mujoco>";

#define DEGREE (3.14159265358979323846 / 180)

/* actions that are stored as (control - offset) / scale */
static action_unit find_stored(const double scale[NU], const double offset[NU]) {
  df_system* system;
  df_dataset* data;
  df_sim* sim;
  recording r;
  action_unit found;
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  assert_ok(df_mujoco_system_from_xml(mixed, "mixed", &cfg, &system));
  assert_ok(df_dataset_new(
      &(df_dataset_shape){.episodes = 1, .length = LENGTH, .nx = 2 * NU, .nu = NU, .dt = system->dt}, &data));
  assert_ok(df_sim_new(system, 0, &sim));
  double* x = data->states;
  system->ops->reset(sim, x);
  for (int t = 0; t < LENGTH; t++, x += 2 * NU) {
    const double u[NU] = {0.1 + 0.15 * sin(0.3 * t), -0.4 + 0.9 * cos(0.2 * t), 0.8 * sin(0.5 * t + 1)};
    for (int i = 0; i < NU; i++) data->actions[t * NU + i] = (u[i] - offset[i]) / scale[i];
    assert_int_equal(system->ops->step(sim, u, x + 2 * NU), DF_TRAJ_COMPLETE);
  }
  df_sim_free(system, sim);
  assert_ok(recording_of(data, system, &r));
  assert_ok(action_unit_find(&r, system, 1, &found));
  df_dataset_free(data);
  df_system_free(system);
  return found;
}

static const struct {
  const char* words; /* NULL: no unit */
  double scale[NU], offset[NU];
} stored[] = {{"in degrees", {DEGREE, DEGREE, DEGREE}, {0}},
              {"in degrees, but those on slides", {1, DEGREE, DEGREE}, {0}},
              {"in radians where", {1 / DEGREE, 1 / DEGREE, 1 / DEGREE}, {0}},
              {"in thousandths", {1e-3, 1e-3, 1e-3}, {0}},
              {"in hundredths", {1e-2, 1e-2, 1e-2}, {0}},
              {"in hundreds", {100, 100, 100}, {0}},
              {"in thousands", {1000, 1000, 1000}, {0}},
              {"from -1 to 1", {0.2, 1.5, 1}, {0.1, -0.5, 0}},
              {"from 0 to 1", {0.4, 3, 1}, {-0.1, -2, 0}},
              {NULL, {1, 1, 1}, {0}},
              {NULL, {0.02, 0.02, 0.02}, {0}},
              {NULL, {0.2, 1.5, 1}, {0.1, -0.4, 0}}};

static void the_unit_in_which_actions_are_stored_is_found(void** state) {
  (void)state;
  for (size_t k = 0; k < sizeof stored / sizeof *stored; k++) {
    const action_unit found = find_stored(stored[k].scale, stored[k].offset);
    assert_int_equal(found.words != NULL, stored[k].words != NULL);
    if (!found.words) continue;
    if (!strstr(found.words, stored[k].words)) fail_msg("%s, not %s", found.words, stored[k].words);
    for (int i = 0; i < NU; i++) {
      assert_true(fabs(found.scale[i] / stored[k].scale[i] - 1) < 1e-15);
      assert_true(fabs(found.offset[i] - stored[k].offset[i]) < 1e-15);
    }
    assert_true(found.best < 1e-9 && found.as_is > 1e-3);
  }
}

/* control = 0.5 (2 stored + 3) - 1 = stored + 0.5, and 4 (2 stored + 5) = 8 stored + 20 */
static void a_unit_follows_the_settings(void** state) {
  (void)state;
  const action_unit unit = {.words = "", .scale = {0.5, 4}, .offset = {-1, 0}};
  const action_unit plain = {.words = "", .scale = {DEGREE, DEGREE}};
  df_config config = df_config_default();
  char* text = action_unit_setting(&plain, &config, 2);
  assert_string_equal(text, "data.action_scale = 0.01745329252");
  df_free(text);
  assert_ok(df_config_set(&config, "data.action_scale", "2", "test"));
  assert_ok(df_config_set(&config, "data.action_offset", "3,5", "test"));
  text = action_unit_setting(&unit, &config, 2);
  assert_string_equal(text, "data.action_scale = 1,8, data.action_offset = 0.5,20");
  df_free(text);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_cycle_of_columns_is_found), cmocka_unit_test(scales_of_single_actuators_admit_no_setting),
      cmocka_unit_test(right_columns_and_other_actions_have_no_other_order),
      cmocka_unit_test(the_unit_in_which_actions_are_stored_is_found), cmocka_unit_test(a_unit_follows_the_settings)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
