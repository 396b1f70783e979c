/* Floors of standard deviations: of coordinates, start states and actions that vary less. */
#include "data_test.h"
#include "dynaflow/data/chart.h"
#include "task_models.h"

enum { EPISODES = 2, LENGTH = 6 };

/* a chart fitted to data in which coordinate i of the state is base[i] + spread[i] times +1, -1, +1 ..., and action i
 * likewise; rotations must not vary */
typedef struct fixture {
  df_system* system;
  df_dataset* data;
  df_windows* windows;
  df_chart* chart;
  df_chart_statistics s;
  const df_floored* floored;
  int n_floored;
} fixture;

static fixture fit(const char* xml, const df_config* config, const double* spread, const double* action_spread) {
  fixture f = {.system = make_system(xml)};
  const int nx = f.system->nx, nu = f.system->nu;
  const df_dataset_shape shape = {.episodes = EPISODES, .length = LENGTH, .nx = nx, .nu = nu, .dt = f.system->dt};
  assert_ok(df_dataset_new(&shape, &f.data));
  for (int row = 0; row < EPISODES * (LENGTH + 1); row++) {
    const double sign = row % 2 ? -1 : 1;
    df_mujoco_initial_state(f.system, f.data->states + row * nx);
    for (int i = 0; i < nx; i++) f.data->states[row * nx + i] += sign * (spread ? spread[i] : 0);
  }
  for (int row = 0; row < EPISODES * LENGTH; row++) {
    for (int i = 0; i < nu; i++) {
      f.data->actions[row * nu + i] = 0.3 + (row % 2 ? -1 : 1) * (action_spread ? action_spread[i] : 0);
    }
  }
  assert_ok(df_windows_new(f.data, config, &f.windows));
  assert_ok(df_chart_new(f.system, config, &f.chart));
  assert_ok(df_chart_fit(f.chart, f.data, f.windows));
  f.s = df_chart_get_statistics(f.chart);
  f.n_floored = df_chart_floored(f.chart, &f.floored);
  return f;
}

static void fixture_free(fixture* f) {
  df_chart_free(f->chart);
  df_windows_free(f->windows);
  df_dataset_free(f->data);
  df_system_free(f->system);
}

static df_config short_windows(void) {
  df_config config = df_config_default();
  config.window_horizon = 4;
  config.split_test_every = 2;
  return config;
}

/* the entry of a name in the list, NULL if there is none */
static const df_floored* entry(const fixture* f, df_scaled what, const char* name) {
  for (int i = 0; i < f->n_floored; i++) {
    if (f->floored[i].what == what && strcmp(f->floored[i].name, name) == 0) return &f->floored[i];
  }
  return NULL;
}

static void every_kind_of_coordinate_has_its_floor(void** state) {
  (void)state;
  df_config config = short_windows();
  config.scale_floor_base_pos = 1;
  config.scale_floor_base_rot = 2;
  config.scale_floor_joint_pos = 3;
  config.scale_floor_slide_pos = 4;
  config.scale_floor_base_vel = 5;
  config.scale_floor_base_angvel = 6;
  config.scale_floor_joint_vel = 7;
  config.scale_floor_slide_vel = 8;
  config.scale_floor_activation = 9;
  config.scale_floor_action = 0.25;
  fixture f = fit(every_joint_xml, &config, NULL, NULL);
  /* base, ball, hinge, slide; their velocities; activation */
  static const double expected[] = {1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 4, 5, 5, 5, 6, 6, 6, 7, 7, 7, 7, 8, 9};
  const int nz = df_chart_size(f.chart);
  assert_int_equal(nz, sizeof expected / sizeof expected[0]);
  for (int i = 0; i < nz; i++) {
    assert_close(f.s.std[i], expected[i], 0);
    /* x, y and heading of the first state are 0 by definition */
    assert_close(f.s.context_std[i], i == 0 || i == 1 || i == 5 ? 1 : expected[i], 0);
  }
  assert_close(f.s.action_std[0], 0.25, 0);

  /* all are named, with joint and component */
  assert_int_equal(f.n_floored, nz + (nz - 3) + 2);
  assert_string_equal(f.floored[0].name, "root base_pos x");
  assert_string_equal(f.floored[5].name, "root base_rot z");
  assert_string_equal(f.floored[7].name, "ball joint_pos y");
  assert_string_equal(f.floored[9].name, "hinge joint_pos");
  assert_string_equal(f.floored[14].name, "root base_angvel x");
  assert_string_equal(f.floored[21].name, "slide slide_vel");
  assert_string_equal(f.floored[22].name, "activation 0");
  const df_floored* action = entry(&f, DF_SCALED_ACTION, "action 1");
  assert_non_null(action);
  assert_string_equal(action->setting, "scale_floor.action");
  fixture_free(&f);
}

/* the cart has slide `rail` and hinge `pole`; its motor is unbounded */
static void a_standard_deviation_below_the_floor_is_raised_and_named(void** state) {
  (void)state;
  const df_config config = short_windows();
  static const double below[] = {0, 4e-8, 4e-6, 4e-5, 9e-3};
  for (size_t i = 0; i < sizeof below / sizeof below[0]; i++) {
    const double spread[4] = {1, below[i], 1, below[i]};
    fixture f = fit(cart_xml, &config, spread, &below[i]);
    assert_close(f.s.std[1], 0.01, 0);
    assert_close(f.s.context_std[1], 0.01, 0);
    assert_close(f.s.std[3], 0.1, 0);
    assert_close(f.s.std[0], 1, 1e-12);
    assert_close(f.s.action_std[0], 0.01, 0);
    const df_floored* pole = entry(&f, DF_SCALED_STATE, "pole joint_pos");
    assert_non_null(pole);
    assert_close(pole->measured, below[i], 1e-12);
    assert_close(pole->used, 0.01, 0);
    assert_string_equal(pole->unit, "rad");
    assert_string_equal(pole->setting, "scale_floor.joint_pos");
    assert_int_equal(f.n_floored, 5);
    fixture_free(&f);
  }
}

static void a_standard_deviation_above_the_floor_is_as_measured(void** state) {
  (void)state;
  const df_config config = short_windows();
  const double spread[4] = {0.04, 0.04, 0.2, 0.2}, action = 0.02;
  fixture f = fit(cart_xml, &config, spread, &action);
  for (int i = 0; i < 4; i++) assert_close(f.s.std[i], spread[i], 1e-15);
  assert_close(f.s.action_std[0], action, 1e-15);
  assert_int_equal(f.n_floored, 0);
  fixture_free(&f);
}

static void floors_are_settings(void** state) {
  (void)state;
  df_config config = short_windows();
  assert_ok(df_config_set(&config, "scale_floor.joint_pos", "1e-4", "test"));
  const double spread[4] = {1, 1e-3, 1, 1};
  fixture f = fit(cart_xml, &config, spread, NULL);
  assert_close(f.s.std[1], 1e-3, 1e-15);
  fixture_free(&f);
  /* a floor of 0 would divide by it */
  assert_int_equal(df_config_set(&config, "scale_floor.joint_pos", "0", "test"), DF_E_CONFIG);
}

/* a finger of 40 mm, which moves by millimetres, and one whose data and model are in metres times 1e-6 */
static const char finger_xml[] =
    "<mujoco><compiler autolimits='false'/><worldbody>"
    "<body><joint name='finger' type='slide' limited='true' range='0 .04'/><geom size='.1'/></body>"
    "<body pos='1 0 0'><joint name='tiny' type='slide' limited='true' range='0 4e-8'/><geom size='.1'/></body>"
    "<body pos='2 0 0'><joint name='wide' type='slide' limited='true' range='-50 50'/><geom size='.1'/></body>"
    "</worldbody><actuator><motor joint='finger' ctrllimited='true' ctrlrange='-2 4'/></actuator></mujoco>";

static void a_joint_of_small_range_keeps_its_own_scale(void** state) {
  (void)state;
  const df_config config = short_windows();
  fixture f = fit(finger_xml, &config, NULL, NULL);
  /* a twentieth of the range, and a velocity floor that is smaller by the same factor; never more than the setting */
  assert_close(f.s.std[0], 0.002, 1e-15);
  assert_close(f.s.std[3], 0.05 * 0.4, 1e-15);
  assert_close(f.s.std[1], 2e-9, 1e-20);
  assert_close(f.s.std[4], 0.05 * 4e-7, 1e-18);
  assert_close(f.s.std[2], 0.005, 0);
  assert_close(f.s.std[5], 0.05, 0);
  /* a hundredth of the half range of the action box */
  assert_close(f.s.action_std[0], 0.03, 1e-15);
  fixture_free(&f);
}

static void the_floor_of_an_action_follows_the_half_range_of_the_task(void** state) {
  (void)state;
  df_config config = short_windows();
  config.action_half_range = (df_list){.n = 1, .v = {50}};
  fixture f = fit(cart_xml, &config, NULL, NULL);
  assert_close(f.s.action_std[0], 0.5, 1e-15);
  fixture_free(&f);
}

static void a_joint_without_a_name_has_its_number(void** state) {
  (void)state;
  static const char xml[] =
      "<mujoco><worldbody><body><freejoint/><geom size='.1'/><body pos='1 0 0'><joint/><geom size='.1'/></body>"
      "</body></worldbody></mujoco>";
  const df_config config = short_windows();
  fixture f = fit(xml, &config, NULL, NULL);
  /* by joints, not by degrees of freedom */
  assert_string_equal(f.floored[0].name, "joint 0 base_pos x");
  assert_string_equal(f.floored[6].name, "joint 1 joint_pos");
  fixture_free(&f);
}

static void half_ranges_belong_to_the_actions_in_their_order(void** state) {
  (void)state;
  df_config config = short_windows();
  config.action_half_range = (df_list){.n = 2, .v = {50, 7}};
  df_system* system = make_system(every_joint_xml);
  assert_int_equal(system->nu, 2);
  assert_close(df_action_half_range(&config, system, 0), 50, 0);
  assert_close(df_action_half_range(&config, system, 1), 7, 0);
  df_system_free(system);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_kind_of_coordinate_has_its_floor),
      cmocka_unit_test(a_standard_deviation_below_the_floor_is_raised_and_named),
      cmocka_unit_test(a_standard_deviation_above_the_floor_is_as_measured),
      cmocka_unit_test(floors_are_settings),
      cmocka_unit_test(a_joint_of_small_range_keeps_its_own_scale),
      cmocka_unit_test(the_floor_of_an_action_follows_the_half_range_of_the_task),
      cmocka_unit_test(a_joint_without_a_name_has_its_number),
      cmocka_unit_test(half_ranges_belong_to_the_actions_in_their_order),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
