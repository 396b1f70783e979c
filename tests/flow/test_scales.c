/* Training and errors of a task in which one joint is held: they must not depend on how still it is. */
#include "dynaflow/metrics/metrics.h"
#include "dynaflow/nn/blas.h"
#include "flow_test.h"
#include "test_file.h"

enum { EPISODES = 6, LENGTH = 24, HORIZON = 8, WINDOWS = 16 };

/* joint a is pushed, joint b is held by a spring; L is the unit of length in metres: joint s slides */
static const char two_joints[] =
    "<mujoco><option timestep='.01'/><worldbody>"
    "<body><joint name='a' axis='0 1 0' damping='.1'/>"
    "<geom type='sphere' pos='0 0 -.5' size='.1' mass='1' contype='0' conaffinity='0'/></body>"
    "<body pos='0 1 0'><joint name='b' axis='0 1 0' damping='.1'/>"
    "<geom type='sphere' pos='0 0 -.5' size='.1' mass='1' contype='0' conaffinity='0'/></body>"
    "</worldbody><actuator><motor joint='a' ctrllimited='true' ctrlrange='-1 1'/>"
    "<motor joint='b' ctrllimited='true' ctrlrange='-1 1'/></actuator></mujoco>";
/* the same with slides whose lengths are in micrometres: forces of 1 move them by 1e6 times as much */
static const char two_slides_um[] =
    "<mujoco><option timestep='.01' gravity='0 0 0'/><worldbody>"
    "<body><joint name='a' type='slide' damping='.1'/><geom size='.1' mass='1' contype='0' conaffinity='0'/></body>"
    "<body pos='0 1 0'><joint name='b' type='slide' damping='.1'/>"
    "<geom size='.1' mass='1' contype='0' conaffinity='0'/></body></worldbody>"
    "<actuator><motor joint='a' gear='1e4' ctrllimited='true' ctrlrange='-1 1'/>"
    "<motor joint='b' gear='1e4' ctrllimited='true' ctrlrange='-1 1'/></actuator></mujoco>";

/* the actions of joint b are +-held; the condition of an episode is `condition` plus `condition_spread` times -1 or 1
 */
typedef struct still_cfg {
  const char* xml;
  double held;
  bool has_condition;
  double condition, condition_spread;
  double slide_floor; /* 0: the default */
} still_cfg;

static df_task* still_task(const still_cfg* c) {
  const df_blas_cfg blas = {.threads = 4};
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  df_task* task = df_alloc(1, sizeof *task);
  task->config = tiny_config();
  task->config.chart_relative.n = 0;
  task->config.window_horizon = HORIZON;
  task->config.split_test_every = 3;
  task->config.train_steps = 12;
  if (c->slide_floor > 0) {
    task->config.scale_floor_slide_pos = c->slide_floor;
    task->config.scale_floor_slide_vel = 10 * c->slide_floor;
  }
  assert_int_equal(df_blas_open(&blas), DF_OK);
  assert_int_equal(df_mujoco_system_from_xml(c->xml, "still.xml", &cfg, &task->system), DF_OK);
  const df_dataset_shape shape = {
      .episodes = EPISODES, .length = LENGTH, .nx = 4, .nu = 2, .nc = c->has_condition, .dt = task->system->dt};
  assert_int_equal(df_dataset_new(&shape, &task->data), DF_OK);
  if (c->has_condition) assert_int_equal(df_dataset_name_condition(task->data, 0, "speed"), DF_OK);
  df_sim* sim;
  assert_int_equal(df_sim_new(task->system, 0, &sim), DF_OK);
  for (int e = 0; e < EPISODES; e++) {
    double *x = task->data->states + e * (LENGTH + 1) * 4, *u = task->data->actions + e * LENGTH * 2;
    for (int t = 0; t < LENGTH; t++) {
      u[2 * t] = 0.8 * sin(0.5 * t + e);
      u[2 * t + 1] = c->held * sin(0.7 * t + 2 * e);
    }
    const double x0[4] = {0.1 * e, 0, 0, 0};
    assert_int_equal(df_trajectory_run(task->system, sim, LENGTH, x0, u, x), DF_TRAJ_COMPLETE);
    if (c->has_condition) task->data->conditions[e] = c->condition + (e % 2 ? 1 : -1) * c->condition_spread;
  }
  df_sim_free(task->system, sim);
  assert_int_equal(df_windows_new(task->data, &task->config, &task->windows), DF_OK);
  assert_int_equal(df_chart_new(task->system, &task->config, &task->chart), DF_OK);
  assert_int_equal(df_chart_fit(task->chart, task->data, task->windows), DF_OK);
  return task;
}

/* trains and returns the log; every loss must be finite */
static df_training_log train_once(const df_task* task, df_decoder decoder) {
  df_flow* flow = new_flow(task, decoder, 2);
  const df_training_log log = train(flow);
  for (int i = 0; i < log.n; i++) assert_true(isfinite(log.loss[i]));
  assert_int_equal(log.diverged, 0);
  assert_int_equal(log.skipped, 0);
  df_flow_free(flow);
  return log;
}

/* the mean TRE of uniform random actions on training windows */
static double random_tre(const df_task* task) {
  double x[WINDOWS][HORIZON + 1][4], demo[WINDOWS][HORIZON + 1][4], rms[WINDOWS], sum = 0;
  df_sim* sim;
  assert_int_equal(df_sim_new(task->system, 0, &sim), DF_OK);
  for (int b = 0; b < WINDOWS; b++) {
    const df_window w = task->windows->train[b * 3 % task->windows->n_train];
    double u[2 * HORIZON];
    df_rng_uniform(5, DF_STREAM_TEST, (uint64_t)b, 2 * HORIZON, u);
    for (int k = 0; k < 2 * HORIZON; k++) u[k] = 2 * u[k] - 1;
    memcpy(demo[b], df_dataset_state(task->data, w.episode, w.start), sizeof demo[b]);
    assert_int_equal(df_trajectory_run(task->system, sim, HORIZON, demo[b][0], u, x[b][0]), DF_TRAJ_COMPLETE);
  }
  df_sim_free(task->system, sim);
  const df_trajectories made = {.B = WINDOWS, .H = HORIZON, .x = x[0][0]};
  assert_int_equal(df_metric_tre(task->chart, 4, &made, demo[0][0], rms, NULL), DF_OK);
  for (int b = 0; b < WINDOWS; b++) sum += rms[b];
  return sum / WINDOWS;
}

static void how_still_a_joint_is_held_changes_neither_training_nor_errors(void** state) {
  (void)state;
  /* the standard deviation of b is held times about 0.04 */
  static const double held[] = {0, 1e-6, 1e-4, 1e-3, 1};
  double tre[5], loss[5];
  for (int i = 0; i < 5; i++) {
    df_task* task = still_task(&(still_cfg){.xml = two_joints, .held = held[i]});
    tre[i] = random_tre(task);
    loss[i] = train_once(task, DF_DECODE_ROLLOUT).loss[0];
    train_once(task, DF_DECODE_TRACKING);
    train_once(task, DF_DECODE_ACTIONS);
    train_once(task, DF_DECODE_STATES);
    df_task_free(task);
  }
  for (int i = 0; i < 5; i++) {
    assert_true(tre[i] < 2 * tre[4] && tre[4] < 2 * tre[i]);
    assert_true(loss[i] < 4 * loss[4]);
  }
  /* below the floor only the motion itself is left, which is below a ten-thousandth of the floor */
  for (int i = 1; i < 4; i++) assert_true(fabs(tre[i] - tre[0]) < 0.02 * tre[0]);
}

static void conditions_are_not_scaled_so_one_that_hardly_varies_is_harmless(void** state) {
  (void)state;
  static const double spread[] = {0, 1e-12, 1e-8, 1e-6};
  double first = 0;
  for (int i = 0; i < 4; i++) {
    df_task* task = still_task(
        &(still_cfg){.xml = two_joints, .has_condition = true, .condition = 0.7, .condition_spread = spread[i]});
    const df_training_log log = train_once(task, DF_DECODE_ROLLOUT);
    const double last = log.loss[log.n - 1];
    if (i == 0) first = last;
    assert_true(fabs(last - first) < 1e-2 * first);
    df_task_free(task);
  }
}

/* in micrometres the default floor of 0.005 is nothing; a floor in the unit of the data does the same as in metres */
static void data_in_other_units_need_floors_in_these_units(void** state) {
  (void)state;
  df_task* task = still_task(&(still_cfg){.xml = two_slides_um, .held = 1e-8});
  const double exploded = random_tre(task);
  df_task_free(task);
  task = still_task(&(still_cfg){.xml = two_slides_um, .held = 1e-8, .slide_floor = 5000});
  const double fine = random_tre(task);
  train_once(task, DF_DECODE_ROLLOUT);
  df_task_free(task);
  assert_true(exploded > 100 && fine < 10);
}

/* the state of a held joint changes by nothing from action to action: the input of the network stays of order 1 */
static void inverse_dynamics_does_not_magnify_a_joint_that_never_changes(void** state) {
  (void)state;
  static const double held[] = {0, 1e-6};
  for (int i = 0; i < 2; i++) {
    df_task* task = still_task(&(still_cfg){.xml = two_joints, .held = held[i]});
    const df_method_env env = env_of(task, 1);
    df_inverse* inverse;
    df_safetensors* file;
    assert_int_equal(df_inverse_new(&env, DF_INVERSE_DEMONSTRATED, &inverse), DF_OK);
    assert_int_equal(df_inverse_save(inverse, test_file("inverse")), DF_OK);
    assert_int_equal(df_safetensors_open(test_file("inverse"), &file), DF_OK);
    float change[4];
    const size_t n = 4;
    assert_int_equal(df_safetensors_read(file, "inverse.change_std", DF_F32, 1, &n, change), DF_OK);
    /* positions and velocities of a and b */
    assert_true(change[0] > 0.02f && change[2] > 0.02f);
    assert_true(change[1] == 0.01f && change[3] == 0.01f);
    df_safetensors_close(file);
    unlink(test_file("inverse"));
    df_inverse_free(inverse);
    df_task_free(task);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(how_still_a_joint_is_held_changes_neither_training_nor_errors),
      cmocka_unit_test(conditions_are_not_scaled_so_one_that_hardly_varies_is_harmless),
      cmocka_unit_test(inverse_dynamics_does_not_magnify_a_joint_that_never_changes),
      cmocka_unit_test(data_in_other_units_need_floors_in_these_units),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
