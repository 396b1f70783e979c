/* Measures of long motions: of which body the command error is, falls in the last frame, and which chains every row and
 * example is of. */
#include "chain_measures.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/data/dataset.h"
#include "dynaflow/data/robot_base.h"
#include "dynaflow/gait/gait.h"
#include "dynaflow/metrics/metrics.h"
#include "dynaflow/sim/mujoco.h"
#include "dynaflow/sim/rollout.h"
#include "example_motions.h"
#include "json.h"
#include "measures.h"
#include "near.h"
#include "plausible.h"
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
    double x[FRAMES + 1][MOST];
    command_errors errors;
    move(&task, cases[i].robot, cases[i].box, x);
    assert_true(chain_command(&task, condition, FRAMES, x[0], &errors));
    assert_near(errors.velocity, 0.5, 1e-14);
    assert_near(errors.yaw_rate, 0.5, 1e-14);
    /* it stands where it began, where the command leads it along the chord of an arc */
    const double half = -0.2 * FRAMES * task.system->dt / 2, way = hypot(0.2, 0.3) * FRAMES * task.system->dt;
    assert_near(errors.position, way * sin(half) / half, 1e-14);
    assert_near(errors.heading, 0.2 * FRAMES * task.system->dt, 1e-14);
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
    command_errors errors = {-1, -2, -3, -4};
    assert_false(chain_command(&task, condition, FRAMES, x[0], &errors));
    assert_true(errors.velocity == -1 && errors.yaw_rate == -2 && errors.position == -3 && errors.heading == -4);
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

/* Given motions have as many chains as motions, if they are as long as a chain. */
static void given_motions_are_chains_if_they_are_long_enough(void** state) {
  (void)state;
  enum { GIVEN = 2 };
  df_config config = tiny_config();
  config.eval_windows = config.eval_chains = 4;
  config.eval_chain_seconds = 0.1; /* CHAIN actions of 0.02 s */
  df_task* task = tiny_task_with(&config);
  eval_set* set;
  assert_int_equal(eval_set_new(task, 1, &set), DF_OK);
  assert_true(set->B > GIVEN);
  snprintf(task->config.eval_height_joint, sizeof task->config.eval_height_joint, "z");
  task->config.eval_fall_height = -9;
  const df_method method = {.name = "fall", .flags = DF_METHOD_RETURNS_ACTIONS, .sample = fall};
  for (int more = -1; more < 2; more++) {
    const eval_job job = {.task = task,
                          .set = set,
                          .method = &method,
                          .instance = task,
                          .seed = 1,
                          .threads = 1,
                          .given = {.n = GIVEN, .length = CHAIN + more}};
    evaluation out = {.rows = json_array(), .samples = json_array()};
    assert_int_equal(chain_measures(&job, 1, 0, &out), DF_OK);
    assert_int_equal(json_array_size(out.samples) > 0, more >= 0);
    assert_int_equal(json_array_size(out.rows) > 0, more >= 0);
    if (more >= 0) {
      assert_int_equal(json_array_size(json_object_get(json_array_get(out.samples, 0), "values")), GIVEN);
      assert_int_equal(json_integer_value(json_object_get(json_array_get(out.rows, 0), "n")), GIVEN);
    }
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

/* ---- several chains of a robot ---- */

#define FOOT(name, at) "<geom name='" name "' size='.05' pos='" at " -.2'/>"
/* the tail moves more in the demonstrations than the arm, and the slide `load` most; a motor pushes the base down */
static const char walker[] =
    "<mujoco><option timestep='.02' gravity='0 0 -1'/><worldbody><geom type='plane' size='9 9 1'/>"
    "<body name='torso'><freejoint name='base'/><geom size='.1'/><site name='top'/>" FOOT("FL", ".3 .2")
        FOOT("FR", ".3 -.2") FOOT("RL", "-.3 .2")
            FOOT("RR", "-.3 -.2") "<body name='a' pos='0 0 .3'><joint name='arm' axis='0 1 0'/><geom size='.05' "
                                  "pos='.05 0 0'/></body><body name='b' pos='0 0 .5'><joint name='tail' axis='0 1 0'/>"
                                  "<geom size='.05' pos='.05 0 0'/></body><body name='c' pos='0 0 .7'><joint name='load' type='slide' axis='0 1 0'/>"
"<geom size='.05' mass='.001'/></body></body></worldbody><actuator>"
                                  "<motor joint='arm' gear='.01'/><motor site='top' gear='0 0 300 0 0 0'/></actuator>"
                                  "</mujoco>";
enum { STARTS = 6, CHAINS = 5, STEPS = 6, WNX = 19, WNQ = 10, WNU = 2, WH = 2, WNC = 5, LONG = 9, FEET = 2, ARM = 7 };
static const char* const commanded[WNC] = {"command.wz", "gait.trot", "gait.bound", "command.vx", "command.vy"};
static const double conditions[STARTS][WNC] = {{.3, 1, 0, .4, .1},  {.1, 1, 0, .5, -.2}, {-.2, 0, 1, .2, .3},
                                               {.25, 0, 0, .1, .6}, {.5, 0, 0, .7, .2},  {0, 0, 1, 0, 0}};

/* The actions of the window from a state. The claimed states of chain 4 are too high, whereupon it is pushed down. */
static df_status plan_walk(void* self, const df_request* r, double* x, double* u) {
  const df_task* task = self;
  df_sim* sim;
  assert_int_equal(r->sampler_steps, 3);
  assert_int_equal(df_sim_new(task->system, 0, &sim), DF_OK);
  for (int b = 0; b < r->B; b++) {
    double *states = x + b * (WH + 1) * WNX, *actions = u + b * WH * WNU;
    const double* x0 = r->x0 + b * WNX;
    for (int t = 0; t < WH; t++) {
      actions[t * WNU] = (double)lround(x0[0]);
      actions[t * WNU + 1] = x0[2] > 1 ? -1 : 0;
    }
    assert_int_equal(df_trajectory_run(task->system, sim, WH, x0, actions, states), DF_TRAJ_COMPLETE);
    for (int t = 1; t <= WH && lround(x0[0]) == 4; t++) states[t * WNX + 2] += 1;
  }
  df_sim_free(task->system, sim);
  return DF_OK;
}

/* start state i: at x = i, leaning forward, so that the front feet touch the ground until it has risen */
static void walk_start(const df_system* system, int i, double* x) {
  static const double height[] = {.35, .3, .302, .31, .33, .4}, rise[] = {-2, .5, .2, .1, 0, 0};
  df_mujoco_initial_state(system, x);
  x[0] = i;
  x[2] = height[i];
  x[3] = cos(.1);
  x[5] = sin(.1);
  x[WNQ] = .1 * i;
  x[WNQ + 1] = .05 * (i - 2);
  x[WNQ + 2] = rise[i];
  x[WNQ + 5] = .1 * (i + 1);
  x[ARM] = .01 * (i % 2);
  x[ARM + 1] = .2 * (i % 3);
  x[ARM + 2] = .1 * i * i;
}

/* the executed motion of chain i, by itself, one window after the other */
static void walk(const df_system* system, int i, bool pushed, double x[STEPS + 1][WNX]) {
  df_sim* sim;
  walk_start(system, i, x[0]);
  assert_int_equal(df_sim_new(system, 0, &sim), DF_OK);
  for (int t = 0; t < STEPS; t += WH) {
    const double push = pushed && t > 0 ? -1 : 0, u[WH][WNU] = {{i, push}, {i, push}};
    assert_int_equal(df_trajectory_run(system, sim, WH, x[t], u[0], x[t]), DF_TRAJ_COMPLETE);
  }
  df_sim_free(system, sim);
}

static const double LOWEST = 0.295;

/* first frame below the height; STEPS + 1: none */
static int fall_of(double x[STEPS + 1][WNX]) {
  int t = 0;
  while (t <= STEPS && x[t][2] >= LOWEST) t++;
  return t;
}

/* the largest share of frames 1.. and feet FR and RL that agree with the clock, and the contacts of the clock */
static double follow_gait(df_gait gait, int frames, uint8_t touch[][FEET], uint8_t clock[][FEET]) {
  static const int leg[FEET] = {0, 3};
  int most = -1;
  for (int p = 0; p < 50; p++) {
    int equal = 0;
    for (int t = 1; t <= frames; t++) {
      for (int k = 0; k < FEET; k++) equal += df_gait_stance(gait, leg[k], p / 50.0 + 2.5 * .02 * t) == touch[t][k];
    }
    if (equal <= most) continue;
    most = equal;
    for (int t = 0; t <= frames; t++) {
      for (int k = 0; k < FEET; k++) clock[t][k] = df_gait_stance(gait, leg[k], p / 50.0 + 2.5 * .02 * t);
    }
  }
  return most / (double)(frames * FEET);
}

static void assert_contacts(const json_t* contacts, const char* side, int frames, uint8_t touch[][FEET]) {
  const json_t* list = json_object_get(contacts, side);
  assert_int_equal(json_array_size(list), FEET);
  for (size_t k = 0; k < FEET; k++) {
    char wanted[LONG + 2] = "";
    for (int t = 0; t <= frames; t++) wanted[t] = touch[t][k] ? '1' : '0';
    assert_string_equal(json_string_value(json_array_get(list, k)), wanted);
  }
}

static void assert_path(const json_t* path, int frames, const double* x) {
  const json_t *position = json_object_get(path, "position"), *velocity = json_object_get(path, "velocity");
  assert_int_equal(json_array_size(position), frames + 1);
  assert_int_equal(json_array_size(velocity), frames + 1);
  for (int t = 0; t <= frames; t++) {
    assert_true(number_of(json_array_get(position, (size_t)t)) == x[t * WNX + ARM + 1]);
    assert_true(number_of(json_array_get(velocity, (size_t)t)) == x[t * WNX + WNQ + 7]);
  }
}

typedef struct walkers {
  df_task task;
  eval_set set;
  df_window window[STARTS];
  double x0[STARTS][WNX], x[STARTS][WH + 1][WNX], made[CHAINS][STEPS + 1][WNX];
  uint8_t touch[CHAINS][STEPS + 1][FEET];
} walkers;

static int episodes[STARTS] = {0, 0, 1, 1, 1, 0}, groups[STARTS] = {1, 1, 2, 1, 3, 3};

static void make_walkers(walkers* w) {
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  *w = (walkers){.task = {.config = df_config_default()}};
  df_config* c = &w->task.config;
  assert_int_equal(df_config_set(c, "data.generator", "quadruped_gaits", "test"), DF_OK);
  assert_int_equal(df_config_set(c, "eval.feet", "FR, RL", "test"), DF_OK);
  assert_int_equal(df_config_set(c, "gait.frequency", "2.5", "test"), DF_OK);
  c->eval_chains = CHAINS;
  c->eval_chain_seconds = STEPS * 0.02;
  c->eval_fall_height = LOWEST;
  df_system* system;
  assert_int_equal(df_mujoco_system_from_xml(walker, "walker", &cfg, &system), DF_OK);
  w->task.system = system;
  assert_true(system->nx == WNX && system->nu == WNU && fabs(system->dt - 0.02) < 1e-15);
  const df_dataset_shape shape = {.episodes = 2, .length = LONG, .nx = WNX, .nc = WNC, .dt = system->dt};
  assert_int_equal(df_dataset_new(&shape, &w->task.data), DF_OK);
  for (int i = 0; i < WNC; i++) assert_int_equal(df_dataset_name_condition(w->task.data, i, commanded[i]), DF_OK);
  for (int i = 0; i < 2 * (LONG + 1); i++) walk_start(system, i % STARTS, w->task.data->states + i * WNX);
  static df_windows windows = {.horizon = WH};
  w->task.windows = &windows;
  w->set = (eval_set){.B = STARTS,
                      .H = WH,
                      .window = w->window,
                      .episode = episodes,
                      .group = groups,
                      .x0 = w->x0[0],
                      .x = w->x[0][0],
                      .n_feet = FEET};
  w->set.condition = (double*)(uintptr_t)conditions[0];
  w->set.feet[0] = df_mujoco_geom(system, "FR");
  w->set.feet[1] = df_mujoco_geom(system, "RL");
  for (int i = 0; i < STARTS; i++) {
    w->window[i] = (df_window){.episode = episodes[i], .start = i};
    walk_start(system, i, w->x0[i]);
    memcpy(w->x[i], df_dataset_state(w->task.data, episodes[i], i), sizeof w->x[i]);
  }
  for (int i = 0; i < CHAINS; i++) walk(system, i, i == 4, w->made[i]);
  assert_int_equal(df_metric_contacts(system, &(df_trajectories){.B = CHAINS, .H = STEPS, .x = w->made[0][0]}, FEET,
                                      w->set.feet, 1, w->touch[0][0]),
                   DF_OK);
}

/* the rows of the chains from their motions: 0 and 4 fall, 4 only if its plans go on from the states that it claims */
static void wanted_rows(const eval_job* job, walkers* w, evaluation* out) {
  const df_base base = df_robot_base(w->task.system, &w->task.config.chart_objects);
  double fell[CHAINS], seconds[CHAINS], error[3], turn[3], place[3], heading[3], phase[2], replanned[CHAINS] = {1};
  int frames[CHAINS], command_of[3] = {1, 2, 3}, gait_of[2] = {1, 2};
  for (int i = 0; i < CHAINS; i++) {
    frames[i] = fall_of(w->made[i]);
    fell[i] = i == 0 || i == 4;
    assert_int_equal(frames[i] <= STEPS, fell[i]);
    seconds[i] = (fell[i] > 0 ? frames[i] : STEPS) * job->task->system->dt;
    if (fell[i] > 0) continue;
    const double command[3] = {conditions[i][3], conditions[i][4], conditions[i][0]};
    error[i - 1] = df_metric_command(STEPS, WNX, &base, w->made[i][1], command, &turn[i - 1]);
    place[i - 1] =
        df_metric_command_path(STEPS, WNX, &base, w->made[i][0], job->task->system->dt, command, &heading[i - 1]);
  }
  uint8_t clock[STEPS + 1][FEET];
  phase[0] = follow_gait(DF_GAIT_TROT, STEPS, w->touch[1], clock);
  phase[1] = follow_gait(DF_GAIT_BOUND, STEPS, w->touch[2], clock);
  json_t* rows = out->rows;
  assert_int_equal(measure_share(job, rows, "fall_rate", "share", 7, CHAINS, fell), DF_OK);
  measure_samples(out, "fall_rate", 7, CHAINS, fell);
  assert_int_equal(measure_mean(job, out, "survival", 7, CHAINS, seconds), DF_OK);
  assert_int_equal(measure_part(job, rows, "command_error", "m/s", 7, 3, error, command_of), DF_OK);
  assert_int_equal(measure_part(job, rows, "command_error.yaw_rate", "rad/s", 7, 3, turn, command_of), DF_OK);
  assert_int_equal(measure_part(job, rows, "command_error.position", "m", 7, 3, place, command_of), DF_OK);
  assert_int_equal(measure_part(job, rows, "command_error.heading", "rad", 7, 3, heading, command_of), DF_OK);
  assert_int_equal(measure_part(job, rows, "gait_phase", "share", 7, 2, phase, gait_of), DF_OK);
  assert_int_equal(measure_share(job, rows, "fall_rate.replanned", "share", 7, CHAINS, replanned), DF_OK);
  assert_int_equal(
      plausible_rows(job, ".chain", 7, &(df_trajectories){.B = CHAINS, .H = STEPS, .x = w->made[0][0]}, frames, out),
      DF_OK);
}

/* of the first chain of each group: 0, 2 and 4, of which the last has no gait, and whose episodes are not equally long
 */
static void assert_motions(walkers* w, const json_t* motions) {
  static const char* const title[] = {"wz 0.30, trot, vx 0.40, vy 0.10", "wz -0.20, bound, vx 0.20, vy 0.30",
                                      "wz 0.50, vx 0.70, vy 0.20"};
  static const df_gait gait[] = {DF_GAIT_TROT, DF_GAIT_BOUND};
  assert_int_equal(json_array_size(motions), 3);
  for (size_t i = 0; i < 3; i++) {
    const json_t *one = json_array_get(motions, i), *contacts = json_object_get(one, "contacts");
    const json_t* joint = json_object_get(one, "joint");
    const int chain = 2 * (int)i, shown = chain == 4 ? LONG - 4 : STEPS;
    const double* demonstrated = df_dataset_state(w->task.data, episodes[chain], chain);
    uint8_t touch[STEPS + 1][FEET], clock[STEPS + 1][FEET];
    assert_string_equal(string_of(one, "title"), title[i]);
    assert_int_equal(json_integer_value(json_object_get(one, "chain")), chain);
    assert_true(number_of(json_object_get(one, "dt")) == w->task.system->dt);
    assert_string_equal(json_string_value(json_array_get(json_object_get(contacts, "feet"), 1)), "RL");
    assert_contacts(contacts, "generated", STEPS, w->touch[chain]);
    assert_int_equal(df_metric_contacts(w->task.system, &(df_trajectories){.B = 1, .H = shown, .x = demonstrated}, FEET,
                                        w->set.feet, 1, touch[0]),
                     DF_OK);
    assert_contacts(contacts, "demonstrated", shown, touch);
    if (i < 2) follow_gait(gait[i], STEPS, w->touch[chain], clock);
    if (i < 2) assert_contacts(contacts, "demanded", STEPS, clock);
    if (i == 2) assert_null(json_object_get(contacts, "demanded"));
    assert_string_equal(string_of(joint, "name"), "tail");
    assert_string_equal(string_of(joint, "unit"), "rad");
    assert_path(json_object_get(joint, "generated"), STEPS, w->made[chain][0]);
    assert_path(json_object_get(joint, "demonstrated"), shown, demonstrated);
  }
}

/* of the first chain that does not fall, from its middle on: the torso, arm, tail and load, then the feet */
static void assert_strip(walkers* w, const json_t* strip) {
  static const int parent[] = {-1, 0, 0, 0, 0, 0};
  const json_t *frames = json_object_get(strip, "frames"), *parents = json_object_get(strip, "parent");
  assert_string_equal(string_of(strip, "title"), "wz 0.10, trot, vx 0.50, vy -0.20");
  assert_near(number_of(json_object_get(strip, "dt")), 0.04, 1e-15);
  assert_int_equal(json_array_size(parents), 6);
  for (size_t i = 0; i < 6; i++) assert_int_equal(json_integer_value(json_array_get(parents, i)), parent[i]);
  assert_int_equal(json_array_size(frames), 2);
  for (size_t p = 0; p < 2; p++) {
    const json_t* one = json_array_get(frames, p);
    const json_t *x = json_object_get(one, "x"), *z = json_object_get(one, "z");
    const size_t t = 3 + 2 * p;
    const double *s = w->made[1][t], *q = s + 3;
    /* the last row of the rotation by the quaternion q, for the height of the right front foot */
    const double up[3] = {2 * (q[1] * q[3] - q[0] * q[2]), 2 * (q[2] * q[3] + q[0] * q[1]),
                          1 - 2 * (q[1] * q[1] + q[2] * q[2])};
    assert_near(number_of(json_object_get(one, "t")), 0.02 * (double)t, 1e-15);
    assert_int_equal(json_array_size(x), 6);
    assert_near(number_of(json_array_get(x, 0)), s[0], 1e-14);
    assert_near(number_of(json_array_get(z, 0)), s[2], 1e-14);
    assert_near(number_of(json_array_get(z, 1)), s[2] + .3 * up[2], 1e-14);
    assert_near(number_of(json_array_get(z, 2)), s[2] + .5 * up[2], 1e-14);
    assert_near(number_of(json_array_get(z, 4)), s[2] + .3 * up[0] - .2 * up[1] - .2 * up[2], 1e-14);
  }
}

/* the path of a joint has 2 s, frames of 0.02 s */
static void assert_long_path(const eval_job* job) {
  enum { FRAMES_OF_LONG = 150 };
  static double x[FRAMES_OF_LONG + 1][WNX];
  for (int t = 0; t <= FRAMES_OF_LONG; t++) walk_start(job->task->system, t % STARTS, x[t]);
  const chains c = {.n = 1, .frames = FRAMES_OF_LONG, .x = x[0]};
  json_t* motions;
  assert_int_equal(example_motions(job, &c, &motions), DF_OK);
  const json_t* joint = json_object_get(json_array_get(motions, 0), "joint");
  assert_path(json_object_get(joint, "generated"), 100, x[0]);
  json_decref(motions);
}

static void every_row_is_of_the_chains_that_it_is_about(void** state) {
  (void)state;
  static walkers w;
  make_walkers(&w);
  const df_method method = {.name = "walk", .flags = DF_METHOD_RETURNS_ACTIONS, .sample = plan_walk};
  const eval_job job = {.task = &w.task, .set = &w.set, .method = &method, .instance = &w.task, .threads = 1};
  evaluation out = {.rows = json_array(), .samples = json_array()};
  evaluation wanted = {.rows = json_array(), .samples = json_array()};
  assert_int_equal(chain_measures(&job, 3, 7, &out), DF_OK);
  wanted_rows(&job, &w, &wanted);
  assert_int_equal(json_array_size(out.rows), json_array_size(wanted.rows));
  for (size_t i = 0; i < json_array_size(wanted.rows); i++) {
    const json_t *row = json_array_get(out.rows, i), *same = json_array_get(wanted.rows, i);
    if (!json_equal(row, same)) fail_msg("row %zu is not that of %s", i, string_of(same, "metric"));
  }
  assert_true(json_equal(out.samples, wanted.samples));
  assert_motions(&w, out.motions);
  assert_strip(&w, out.strip);
  assert_long_path(&job);
  evaluation_clear(&out);
  evaluation_clear(&wanted);
  task_clear(&w.task);
}

/* ---- chains whose commands change ---- */

enum { CHANGE = 4 }; /* the frame of an episode from which on it has another command, and another gait */

static void change_commands(walkers* w) {
  df_dataset *old = w->task.data, *data;
  const df_dataset_shape shape = {
      .episodes = 2, .length = LONG, .nx = WNX, .nc = WNC, .condition_per_frame = true, .dt = old->dt};
  assert_int_equal(df_dataset_new(&shape, &data), DF_OK);
  for (int i = 0; i < WNC; i++) assert_int_equal(df_dataset_name_condition(data, i, commanded[i]), DF_OK);
  memcpy(data->states, old->states, (size_t)(2 * (LONG + 1) * WNX) * sizeof *old->states);
  for (int i = 0; i < 2 * (LONG + 1); i++) {
    memcpy(data->conditions + i * WNC, conditions[i % (LONG + 1) < CHANGE ? 1 : 2], sizeof conditions[0]);
  }
  df_dataset_free(old);
  w->task.data = data;
}

/* A window has the command of the frame of the demonstration at which it begins. Chain i begins at frame i, in windows
 * of two actions, so that chains 1, 2 and 3, which stay up, change command and gait after 4, 2 and 2 actions. */
static void chains_follow_the_commands_of_the_demonstration(void** state) {
  (void)state;
  static walkers w;
  static const int changed[] = {0, 4, 2, 2};
  make_walkers(&w);
  change_commands(&w);
  snprintf(w.task.config.eval_chain_commands, sizeof w.task.config.eval_chain_commands, "follow");
  assert_int_equal(df_config_set(&w.task.config, "eval.goal_joints", "base", "test"), DF_OK);
  assert_int_equal(df_config_set(&w.task.config, "eval.goal_conditions", "command.vx,command.vy", "test"), DF_OK);
  const df_method method = {.name = "walk", .flags = DF_METHOD_RETURNS_ACTIONS, .sample = plan_walk};
  const eval_job job = {.task = &w.task, .set = &w.set, .method = &method, .instance = &w.task, .threads = 1};
  evaluation out = {.rows = json_array(), .samples = json_array()};
  assert_int_equal(chain_measures(&job, 3, 7, &out), DF_OK);
  const df_base base = df_robot_base(w.task.system, &w.task.config.chart_objects);
  double velocity = 0, yaw_rate = 0, phase = 0;
  for (int i = 1; i <= 3; i++) {
    uint8_t clock[STEPS + 1][FEET];
    for (int t = 0; t < STEPS; t++) {
      const double* condition = conditions[t < changed[i] ? 1 : 2];
      const double command[3] = {condition[3], condition[4], condition[0]};
      double turn;
      velocity += df_metric_command(1, WNX, &base, w.made[i][t + 1], command, &turn) / STEPS / 3;
      yaw_rate += turn / STEPS / 3;
    }
    const int rest = STEPS - changed[i];
    phase += changed[i] * follow_gait(DF_GAIT_TROT, changed[i], w.touch[i], clock) / STEPS / 3;
    phase += rest * follow_gait(DF_GAIT_BOUND, rest, w.touch[i] + changed[i], clock) / STEPS / 3;
  }
  assert_near(value_of(out.rows, "command_error"), velocity, 1e-12);
  assert_near(value_of(out.rows, "command_error.yaw_rate"), yaw_rate, 1e-12);
  assert_near(value_of(out.rows, "gait_phase"), phase, 1e-12);
  /* the goal of all chains, fallen ones too, is that of the last window, which begins at frame 4 or later */
  double way[CHAINS], sum = 0;
  for (int i = 0; i < CHAINS; i++) {
    const double* end = w.made[i][STEPS];
    way[i] = hypot(end[0] - conditions[2][3], end[1] - conditions[2][4]);
    sum += way[i] / CHAINS;
  }
  assert_near(value_of(out.rows, "goal_distance"), sum, 1e-12);
  /* all but the furthest are nearer than a tolerance */
  int furthest = 0;
  for (int i = 1; i < CHAINS; i++) furthest = way[i] > way[furthest] ? i : furthest;
  double second = 0;
  for (int i = 0; i < CHAINS; i++) second = i == furthest ? second : fmax(second, way[i]);
  w.task.config.eval_goal_tolerance = (way[furthest] + second) / 2;
  evaluation again = {.rows = json_array(), .samples = json_array()};
  assert_int_equal(chain_measures(&job, 3, 7, &again), DF_OK);
  assert_near(value_of(again.rows, "goal_reached"), (CHAINS - 1.0) / CHAINS, 1e-15);
  /* no chain that reaches it: Wilson's interval of 0 of as many as there are episodes, 0 to z^2 / (c + z^2) */
  evaluation none = {.rows = json_array(), .samples = json_array()};
  int n_episodes = 0;
  for (int i = 0; i < CHAINS; i++) {
    bool seen = false;
    for (int j = 0; j < i; j++) seen = seen || job.set->episode[j] == job.set->episode[i];
    n_episodes += !seen;
  }
  w.task.config.eval_goal_tolerance = 1e-300;
  assert_int_equal(chain_measures(&job, 3, 7, &none), DF_OK);
  const json_t* reached = NULL;
  for (size_t i = 0; i < json_array_size(none.rows); i++) {
    const json_t* one = json_array_get(none.rows, i);
    if (strcmp(string_of(one, "metric"), "goal_reached") == 0) reached = one;
  }
  const double z2 = 1.959963984540054 * 1.959963984540054;
  assert_true(number_of(json_object_get(reached, "value")) == 0 && number_of(json_object_get(reached, "lo")) == 0);
  assert_near(number_of(json_object_get(reached, "hi")), z2 / (n_episodes + z2), 1e-12);
  evaluation_clear(&none);
  const json_t* distances = NULL;
  for (size_t i = 0; i < json_array_size(again.samples); i++) {
    const json_t* one = json_array_get(again.samples, i);
    if (strcmp(string_of(one, "metric"), "goal_distance") == 0) distances = json_object_get(one, "values");
  }
  assert_int_equal(json_array_size(distances), CHAINS);
  for (size_t i = 0; i < CHAINS; i++) assert_near(number_of(json_array_get(distances, i)), way[i], 1e-12);
  evaluation_clear(&again);
  /* where a base would be under changing commands is not said */
  assert_true(isnan(value_of(out.rows, "command_error.position")));
  assert_true(isnan(value_of(out.rows, "command_error.heading")));
  evaluation_clear(&out);
  task_clear(&w.task);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(chains_follow_the_commands_of_the_demonstration),
                                     cmocka_unit_test(the_command_is_that_of_the_robot),
                                     cmocka_unit_test(a_robot_without_a_base_has_no_command_error),
                                     cmocka_unit_test(a_fall_in_the_last_frame_counts),
                                     cmocka_unit_test(a_chain_has_a_largest_length),
                                     cmocka_unit_test(given_motions_are_chains_if_they_are_long_enough),
                                     cmocka_unit_test(every_row_is_of_the_chains_that_it_is_about)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
