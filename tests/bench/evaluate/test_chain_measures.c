/* Measures of long motions: of which body the command error is, and falls in the last frame. */
#include "chain_measures.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/data/dataset.h"
#include "dynaflow/sim/mujoco.h"
#include "dynaflow/sim/rollout.h"
#include "json.h"
#include "near.h"
#include "tiny_task.h"
#include "unit.h"

/* ---- the command error ---- */

#define BOX "<body><freejoint name='box'/><geom size='.1'/></body>"
#define ROBOT                                                                                              \
  "<body><freejoint name='robot'/><geom size='.1'/><body><joint name='arm' axis='0 1 0'/><geom size='.1' " \
  "pos='.3 0 0'/></body></body>"
#define PLANAR                                                                                   \
  "<body><joint name='x' type='slide' axis='1 0 0'/><joint name='y' type='slide' axis='0 1 0'/>" \
  "<joint name='arm' axis='0 0 1'/><geom size='.1'/></body>"
#define MODEL(bodies) "<mujoco><worldbody>" bodies "</worldbody><actuator><motor joint='arm'/></actuator></mujoco>"
enum { FRAMES = 3, MOST = 40 };

/* a task of which only model, conditions and chart.objects matter */
static df_task task_of(const char* xml, const char* objects) {
  static const char* const names[] = {"command.vx", "command.vy", "command.wz"};
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  df_task task = {.config = df_config_default()};
  assert_int_equal(df_mujoco_system_from_xml(xml, "model", &cfg, &task.system), DF_OK);
  assert_int_equal(df_config_set(&task.config, "chart.objects", objects, "test"), DF_OK);
  const df_dataset_shape shape = {.episodes = 1, .length = 4, .nx = task.system->nx, .nc = 3, .dt = task.system->dt};
  assert_int_equal(df_dataset_new(&shape, &task.data), DF_OK);
  for (int i = 0; i < 3; i++) assert_int_equal(df_dataset_name_condition(task.data, i, names[i]), DF_OK);
  return task;
}

static void task_clear(df_task* task) {
  df_dataset_free(task->data);
  df_system_free(task->system);
}

/* frames in which the robot, turned by 90 degrees to the left, moves forward by 0.5 m/s, left by 0.1 m/s and turns by
 * 0.3 rad/s, and the box otherwise; the start frame is not measured */
static void move(const df_task* task, int robot, int box, double x[FRAMES + 1][MOST]) {
  const df_joint* joints;
  const int nx = task->system->nx, nq = df_mujoco_nq(task->system);
  df_mujoco_joints(task->system, &joints);
  double* rows = x[0];
  for (int t = 0; t <= FRAMES; t++) {
    double *row = rows + t * nx, *v = row + nq;
    df_mujoco_initial_state(task->system, row);
    row[joints[robot].qpos + 3] = row[joints[robot].qpos + 6] = sqrt(0.5);
    const double moves[6] = {-0.1, t ? 0.5 : 7, 0, 0, 0, 0.3}, others[6] = {2, 1, 3, 1, 2, 3};
    memcpy(v + joints[robot].dof, moves, sizeof moves);
    if (box >= 0) memcpy(v + joints[box].dof, others, sizeof others);
  }
}

/* by hand: the velocity in the heading is (0.5, 0.1), the command (0.2, -0.3), so that the error is (0.3, 0.4) */
static void the_command_is_that_of_the_robot(void** state) {
  (void)state;
  static const struct {
    const char *xml, *objects;
    int robot, box;
  } cases[] = {{MODEL(ROBOT), "", 0, -1},
               {MODEL(ROBOT BOX), "", 0, 2},
               {MODEL(BOX ROBOT), "", 1, 0},
               {MODEL(ROBOT BOX), "box", 0, 2},
               {MODEL(BOX ROBOT), "box", 1, 0}};
  const double condition[] = {0.2, -0.3, -0.2};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    df_task task = task_of(cases[i].xml, cases[i].objects);
    double x[FRAMES + 1][MOST], error = -1, yaw_rate_error = -1;
    move(&task, cases[i].robot, cases[i].box, x);
    assert_true(chain_command(&task, condition, FRAMES, x[0], &error, &yaw_rate_error));
    assert_near(error, 0.5, 1e-14);
    assert_near(yaw_rate_error, 0.5, 1e-14);
    task_clear(&task);
  }
}

/* a robot that slides, or is fixed to the world beside a box, has no base whose velocity could obey */
static void a_robot_without_a_base_has_no_command_error(void** state) {
  (void)state;
  static const char* const models[][2] = {
      {MODEL(PLANAR), ""}, {MODEL(BOX PLANAR), ""}, {MODEL(BOX PLANAR), "box"}, {MODEL(ROBOT BOX), "robot"}};
  const double condition[] = {0.2, -0.3, -0.2}, x[FRAMES + 1][MOST] = {{0}};
  for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
    df_task task = task_of(models[i][0], models[i][1]);
    double error = -1, yaw_rate_error = -2;
    assert_false(chain_command(&task, condition, FRAMES, x[0], &error, &yaw_rate_error));
    assert_true(error == -1 && yaw_rate_error == -2);
    task_clear(&task);
  }
}

/* ---- falls ---- */

enum { Z = 1, NX = 6, NU = 2, CHAIN = 5, SHIFTED = 5 };

/* full force downwards */
static void push_down(int n, double* u) {
  for (int t = 0; t < n; t++) {
    u[t * NU] = 0;
    u[t * NU + 1] = -1;
  }
}

/* the motion downwards; the states that it claims are not those of the simulator */
static df_status fall(void* self, const df_request* r, double* x, double* u) {
  const df_task* task = self;
  const int H = task->windows->horizon;
  df_sim* sim;
  df_status status = df_sim_new(task->system, 0, &sim);
  for (int b = 0; status == DF_OK && b < r->B; b++) {
    double *states = x + b * (H + 1) * NX, *actions = u + b * H * NU;
    push_down(H, actions);
    if (df_trajectory_run(task->system, sim, H, r->x0 + b * NX, actions, states) != DF_TRAJ_COMPLETE) status = DF_E_SIM;
    for (int t = 1; t <= H; t++) states[t * NX + SHIFTED] += 1e-3;
  }
  if (sim) df_sim_free(task->system, sim);
  return status;
}

static double value_of(const json_t* rows, const char* metric) {
  size_t i;
  json_t* row;
  json_array_foreach(rows, i, row) {
    if (strcmp(string_of(row, "metric"), metric) == 0) return number_of(json_object_get(row, "value"));
  }
  return NAN;
}

/* the executed chain from a start state, computed without the chains */
static void sink(const df_task* task, const double* x0, double x[CHAIN + 1][NX]) {
  double u[CHAIN * NU];
  df_sim* sim;
  push_down(CHAIN, u);
  assert_int_equal(df_sim_new(task->system, 0, &sim), DF_OK);
  assert_int_equal(df_trajectory_run(task->system, sim, CHAIN, x0, u, x[0]), DF_TRAJ_COMPLETE);
  df_sim_free(task->system, sim);
}

/* The chain sinks below the height in its last frame, or only after it. */
static void a_fall_in_the_last_frame_counts(void** state) {
  (void)state;
  df_config config = tiny_config();
  config.eval_windows = config.eval_chains = 1;
  config.eval_chain_seconds = 0.1; /* 5 actions of 0.02 s */
  df_task* task = tiny_task_with(&config);
  eval_set* set;
  assert_int_equal(eval_set_new(task, 1, &set), DF_OK);
  const df_method method = {.name = "fall", .flags = DF_METHOD_RETURNS_ACTIONS, .sample = fall};
  const eval_job job = {.task = task, .set = set, .method = &method, .instance = task, .seed = 1, .threads = 1};
  double x[CHAIN + 1][NX];
  /* in the air, so that nothing holds it */
  df_mujoco_initial_state(task->system, set->x0);
  set->x0[Z] = 0.3;
  sink(task, set->x0, x);
  for (int t = 0; t < CHAIN; t++) assert_true(x[t + 1][Z] < x[t][Z]);
  snprintf(task->config.eval_height_joint, sizeof task->config.eval_height_joint, "z");
  for (int falls = 0; falls < 2; falls++) {
    const double last = x[CHAIN][Z], before = x[CHAIN - 1][Z];
    task->config.eval_fall_height = falls ? (last + before) / 2 : last - (before - last) / 2;
    evaluation out = {.rows = json_array(), .samples = json_array()};
    assert_int_equal(chain_measures(&job, 1, 0, &out), DF_OK);
    assert_true(value_of(out.rows, "fall_rate") == falls);
    assert_true(value_of(out.rows, "fall_rate.replanned") == falls);
    assert_near(value_of(out.rows, "survival"), 0.1, 1e-15);
    evaluation_clear(&out);
  }
  eval_set_free(set);
  df_task_free(task);
}

/* more actions than an int counts, or than a chain may have, are refused before anything is planned */
static void a_chain_has_a_largest_length(void** state) {
  (void)state;
  df_config config = tiny_config();
  config.eval_chain_seconds = 1000;
  df_task* task = tiny_task_with(&config);
  eval_set* set;
  assert_int_equal(eval_set_new(task, 1, &set), DF_OK);
  const df_method method = {.name = "fall", .flags = DF_METHOD_RETURNS_ACTIONS, .sample = fall};
  const eval_job job = {.task = task, .set = set, .method = &method, .instance = task, .seed = 1, .threads = 1};
  task->system->dt = 1e-7;
  evaluation out = {0};
  assert_int_equal(chain_measures(&job, 1, 0, &out), DF_E_CONFIG);
  assert_non_null(strstr(df_error_message(), "eval.chain_seconds 1000: an action lasts 1e-07 s"));
  eval_set_free(set);
  df_task_free(task);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_command_is_that_of_the_robot), cmocka_unit_test(a_robot_without_a_base_has_no_command_error),
      cmocka_unit_test(a_fall_in_the_last_frame_counts), cmocka_unit_test(a_chain_has_a_largest_length)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
