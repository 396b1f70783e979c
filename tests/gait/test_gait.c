#include <math.h>
#include <mujoco/mujoco.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "dynaflow/core/rng.h"
#include "dynaflow/gait/gait.h"
#include "gait_leg.h"
#include "gait_robot.h"
#include "shared_data.h"

/* slow */

#define MODEL "tasks/go1_gaits/go1.xml"

enum { NX = 37, NU = 12, NC = 7, FIRST_FRAME = 60 };

/* the numbers of the Go1, independent of the table of robots */
static const df_leg_geometry GO1[1] = {
    {.hip_x = 0.1881, .hip_y = 0.04675, .offset = 0.08, .link = 0.213, .foot_radius = 0.023}};

static const char* const FOOT[DF_LEGS] = {"FR", "FL", "RR", "RL"};

typedef struct fixture {
  df_system* system;
  df_sim* sim;
  int foot[DF_LEGS];
} fixture;

/* doubles compared as doubles (CMocka's assert_float_equal has 24 bits); NaN fails */
static void assert_near(double value, double wanted, double tolerance) {
  if (!(fabs(value - wanted) <= tolerance)) fail_msg("%.17g is not %.17g +- %g", value, wanted, tolerance);
}

static int setup(void** state) {
  static fixture f;
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  cfg.timestep = 0.004;
  cfg.substeps = 5;
  cfg.integrator = DF_INTEGRATOR_EULER;
  if (df_mujoco_system_new(MODEL, &cfg, &f.system) != DF_OK || df_sim_new(f.system, 0, &f.sim) != DF_OK) {
    fprintf(stderr, "%s\n", df_error_message());
    return 1;
  }
  for (int leg = 0; leg < DF_LEGS; leg++) f.foot[leg] = df_mujoco_geom(f.system, FOOT[leg]);
  *state = &f;
  return 0;
}

static int teardown(void** state) {
  fixture* f = *state;
  df_sim_free(f->system, f->sim);
  df_system_free(f->system);
  return 0;
}

/* the settings of the task with other gaits (comma-separated) */
static df_config settings(const char* gaits, int episodes, double seconds) {
  df_config config = df_config_default();
  config.data_episodes = episodes;
  config.data_seconds = seconds;
  config.data_gaits.n = 0;
  char text[128];
  snprintf(text, sizeof text, "%s", gaits);
  for (char* name = strtok(text, ","); name; name = strtok(NULL, ",")) {
    snprintf(config.data_gaits.v[config.data_gaits.n++], DF_NAME_MAX, "%s", name);
  }
  return config;
}

static df_dataset* demonstrate(const fixture* f, const df_config* config, int threads, df_generation* report) {
  df_dataset* data = NULL;
  const df_status status =
      df_gait_demonstrate(f->system, config, &(df_generator_env){.threads = threads, .report = report}, &data);
  if (status != DF_OK) fail_msg("%s: %s", df_status_text(status), df_error_message());
  return data;
}

static const double* state_of(const df_dataset* d, int episode, int frame) {
  return d->states + ((size_t)episode * (size_t)(d->length + 1) + (size_t)frame) * NX;
}
static const double* action_of(const df_dataset* d, int episode, int frame) {
  return d->actions + ((size_t)episode * (size_t)d->length + (size_t)frame) * NU;
}
static const double* condition_of(const df_dataset* d, int episode) {
  return d->conditions + (size_t)episode * NC;
}

static void assert_same_bytes(const df_dataset* a, const df_dataset* b, int episode_a, int episode_b) {
  const size_t n = (size_t)a->length;
  assert_int_equal(a->length, b->length);
  assert_memory_equal(state_of(a, episode_a, 0), state_of(b, episode_b, 0), (n + 1) * NX * sizeof(double));
  assert_memory_equal(action_of(a, episode_a, 0), action_of(b, episode_b, 0), n * NU * sizeof(double));
  assert_memory_equal(condition_of(a, episode_a), condition_of(b, episode_b), NC * sizeof(double));
}

/* ---- the leg ---- */

/* grid point i over the joint ranges; the knee stays short of its stretched limit, where the inverse clamps */
enum { GRID = 5 * 6 * 5 };
static void grid_joints(int i, double q[3]) {
  q[0] = -0.8 + 0.4 * (i % 5);
  q[1] = -0.6 + 0.6 * (i / 5 % 6);
  q[2] = -2.8 + 0.47 * (i / 30);
}

static void inverse_kinematics_undo_forward_kinematics(void** unused) {
  (void)unused;
  int checked = 0;
  for (int leg = 0; leg < DF_LEGS; leg++) {
    for (int i = 0; i < GRID; i++) {
      double q[3], foot[3], back[3];
      grid_joints(i, q);
      df_leg_foot(GO1, leg, q, foot);
      /* for a foot above the hip there is a second solution with the leg folded over, which is not used for walking */
      const double drop = -0.213 * (cos(q[1]) + cos(q[1] + q[2]));
      if (drop > -0.02) continue;
      df_leg_joints(GO1, leg, foot, back);
      /* acos near a folded knee amplifies 1e-16 by 1 / sin(2.8) = 3; the angles are of order 1 */
      for (int j = 0; j < 3; j++) assert_near(back[j], q[j], 1e-13);
      checked++;
    }
  }
  assert_true(checked > DF_LEGS * GRID / 3);
}

static void a_foot_out_of_reach_still_gives_joints_of_the_range(void** unused) {
  (void)unused;
  const double far[3][3] = {{1, 0, -2}, {0.2, -0.05, 0}, {0.1881, -0.04675, -0.01}};
  for (int i = 0; i < 3; i++) {
    double q[3];
    df_leg_joints(GO1, 0, far[i], q);
    for (int j = 0; j < 3; j++) assert_true(isfinite(q[j]));
    assert_true(q[2] <= -0.888 && q[2] >= -2.83);
  }
}

static void the_jacobian_is_the_derivative_of_the_foot(void** unused) {
  (void)unused;
  const double step = 1e-5; /* central differences: truncation step^2 / 6 = 2e-11, rounding 1e-16 / step = 1e-11 */
  for (int leg = 0; leg < DF_LEGS; leg++) {
    for (int i = 0; i < GRID; i++) {
      double q[3], jacobian[9], up[3], down[3];
      grid_joints(i, q);
      df_leg_jacobian(GO1, leg, q, jacobian);
      for (int j = 0; j < 3; j++) {
        const double at = q[j];
        q[j] = at + step;
        df_leg_foot(GO1, leg, q, up);
        q[j] = at - step;
        df_leg_foot(GO1, leg, q, down);
        q[j] = at;
        for (int r = 0; r < 3; r++) assert_near(jacobian[3 * r + j], (up[r] - down[r]) / (2 * step), 1e-10);
      }
    }
  }
}

static void the_leg_is_the_models_leg(void** state) {
  const fixture* f = *state;
  for (int i = 0; i < 20; i++) {
    double x[NX] = {0}, uniform[NX], rotation[9];
    df_rng_uniform(3, DF_STREAM_TEST, (uint64_t)i, NX, uniform);
    for (int k = 0; k < 7; k++) x[k] = 2 * uniform[k] - 1;
    const double norm = sqrt(x[3] * x[3] + x[4] * x[4] + x[5] * x[5] + x[6] * x[6]);
    for (int k = 3; k < 7; k++) x[k] /= norm;
    for (int leg = 0; leg < DF_LEGS; leg++) grid_joints((int)(GRID * uniform[7 + leg]), x + 7 + 3 * leg);

    df_mujoco_pose(f->sim, x);
    df_leg_rotation(x + 3, rotation);
    for (int leg = 0; leg < DF_LEGS; leg++) {
      double foot[3], world[3], model[3];
      df_leg_foot(GO1, leg, x + 7 + 3 * leg, foot);
      df_leg_rotate(rotation, foot, world);
      df_mujoco_geom_position(f->sim, f->foot[leg], model);
      /* sums of a few lengths below 2 m in a different order */
      for (int k = 0; k < 3; k++) assert_near(x[k] + world[k], model[k], 1e-14);
    }
  }
}

static void the_small_solver_solves(void** unused) {
  (void)unused;
  for (int n = 0; n <= 12; n++) {
    double b[144], a[144], kept[144], x[12], right[12];
    df_rng_normal(5, DF_STREAM_TEST, (uint64_t)n, 144, b);
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        double sum = i == j ? 0.05 : 0;
        for (int k = 0; k < 6; k++) sum += b[12 * i + k] * b[12 * j + k];
        a[i * n + j] = kept[i * n + j] = sum;
      }
      x[i] = right[i] = b[12 * i + 7];
    }
    df_leg_solve(n, a, x);
    for (int i = 0; i < n; i++) {
      double sum = 0;
      for (int j = 0; j < n; j++) sum += kept[i * n + j] * x[j];
      /* backward stable: residual 1e-16 x |A| |x|, |A| about 30 and |x| up to 30 / 0.05 */
      assert_near(sum, right[i], 1e-11);
    }
  }
}

/* ---- the clock ---- */

static void legs_stand_as_the_published_table_says(void** unused) {
  (void)unused;
  /* walk-these-ways: phase of FR FL RR RL; in stance below the duty of .5 */
  const struct {
    df_gait gait;
    const char* name;
    double offset[DF_LEGS];
  } table[] = {{DF_GAIT_PRONK, "pronk", {0, 0, 0, 0}},
               {DF_GAIT_TROT, "trot", {0, 0.5, 0.5, 0}},
               {DF_GAIT_BOUND, "bound", {0.5, 0.5, 0, 0}},
               {DF_GAIT_PACE, "pace", {0, 0.5, 0, 0.5}}};
  for (int g = 0; g < 4; g++) {
    assert_string_equal(df_gait_name(table[g].gait), table[g].name);
    assert_int_equal(df_gait_by_name(table[g].name), table[g].gait);
    for (int leg = 0; leg < DF_LEGS; leg++) {
      for (int i = -40; i < 40; i++) {
        const double phase = 0.05 * i + 0.01, own = phase + table[g].offset[leg];
        assert_int_equal(df_gait_stance(table[g].gait, leg, phase), own - floor(own) < 0.5);
      }
    }
  }
  assert_int_equal(df_gait_by_name("gallop"), -1);
  assert_true(df_generator_quadruped_gaits.has_gait_clock);
}

/* ---- the model ---- */

static void the_simulated_model_has_a_floor_the_robots_mass_its_gains_and_20_ms_an_action(void** state) {
  const fixture* f = *state;
  char error[500];
  mjModel* m = mj_loadXML(MODEL, NULL, error, sizeof error);
  if (!m) fail_msg("%s", error);

  const int floor_id = mj_name2id(m, mjOBJ_GEOM, "floor");
  assert_true(floor_id >= 0 && m->geom_type[floor_id] == mjGEOM_PLANE);
  assert_near(df_mujoco_total_mass(f->system), 12.743448, 1e-9); /* sum of the published masses, exact in decimals */
  for (int i = 0; i < NU; i++) {
    assert_near(m->actuator_gainprm[i * mjNGAIN], 35, 0);
    assert_near(m->actuator_biasprm[i * mjNBIAS + 1], -35, 0);
    assert_near(m->actuator_forcerange[2 * i + 1], i % 3 == 2 ? 35.55 : 23.7, 0);
    assert_near(m->dof_damping[6 + i], 0.5, 0);
    assert_near(m->dof_armature[6 + i], 0.005, 0);
    assert_near(m->dof_frictionloss[6 + i], i % 3 == 2 ? 1.0 : 0.3, 0);
  }
  assert_near(f->system->dt, 0.02, 1e-15);
  assert_int_equal(f->system->nx, NX);
  assert_int_equal(f->system->nu, NU);

  /* released at its standing height, the robot comes to rest on its feet */
  double x[NX] = {0};
  memcpy(x, m->key_qpos, 19 * sizeof *x);
  f->system->ops->reset(f->sim, x);
  for (int t = 0; t < 50; t++) assert_int_equal(f->system->ops->step(f->sim, m->key_ctrl, x), DF_TRAJ_COMPLETE);
  assert_true(x[2] > 0.22 && x[2] < 0.30);
  mj_deleteModel(m);
}

static void it_moves_as_the_published_feet_only_model(void** unused) {
  (void)unused;
  char error[500];
  char* path = df_path_join(shared_data_folder(), "mjcf/derived/go1_playground_feetonly_meshfree.xml");
  if (!df_file_exists(path)) {
    df_free(path);
    skip_without_data("mjcf/derived");
  }
  const char* files[2] = {MODEL, path};
  mjModel* m[2];
  mjData* d[2];
  for (int k = 0; k < 2; k++) {
    m[k] = mj_loadXML(files[k], NULL, error, sizeof error);
    if (!m[k]) fail_msg("%s", error);
    m[k]->opt.iterations = 100; /* the published model has 1, which does not converge */
    d[k] = mj_makeData(m[k]);
    mj_resetDataKeyframe(m[k], d[k], 0);
  }
  assert_int_equal(m[0]->nbody, m[1]->nbody);
  assert_memory_equal(m[0]->body_mass, m[1]->body_mass, (size_t)m[0]->nbody * sizeof(mjtNum));
  assert_memory_equal(m[0]->body_inertia, m[1]->body_inertia, (size_t)m[0]->nbody * 3 * sizeof(mjtNum));
  assert_memory_equal(m[0]->body_ipos, m[1]->body_ipos, (size_t)m[0]->nbody * 3 * sizeof(mjtNum));

  /* two seconds of stamping and falling over: the same computation gives the same bits */
  for (int t = 0; t < 500; t++) {
    for (int k = 0; k < 2; k++) {
      for (int i = 0; i < NU; i++) d[k]->ctrl[i] = m[k]->key_ctrl[i] + 0.5 * sin(0.03 * t * (1 + 0.1 * i) + i);
      mj_step(m[k], d[k]);
    }
    assert_memory_equal(d[0]->qpos, d[1]->qpos, 19 * sizeof(mjtNum));
    assert_memory_equal(d[0]->qvel, d[1]->qvel, 18 * sizeof(mjtNum));
  }
  for (int k = 0; k < 2; k++) {
    mj_deleteData(d[k]);
    mj_deleteModel(m[k]);
  }
  df_free(path);
}

/* ---- demonstrations ---- */

static void recorded_actions_replay_recorded_states_bit_for_bit(void** state) {
  const fixture* f = *state;
  const df_config config = settings("trot,pace,bound,pronk", 2, 5);
  df_dataset* data = demonstrate(f, &config, 2, NULL);
  assert_int_equal(data->episodes, 8);
  assert_int_equal(data->length, 250);

  df_sim* sim;
  assert_int_equal(df_sim_new(f->system, 0, &sim), DF_OK);
  for (int e = 0; e < data->episodes; e++) {
    double x[NX];
    f->system->ops->reset(sim, state_of(data, e, 0));
    for (int t = 0; t < data->length; t++) {
      const double* u = action_of(data, e, t);
      for (int i = 0; i < NU; i++) assert_true(u[i] >= f->system->u_lo[i] && u[i] <= f->system->u_hi[i]);
      assert_int_equal(f->system->ops->step(sim, u, x), DF_TRAJ_COMPLETE);
      assert_memory_equal(x, state_of(data, e, t + 1), sizeof x);
    }
  }
  df_sim_free(f->system, sim);
  df_dataset_free(data);
}

static void threads_do_not_change_bytes(void** state) {
  const fixture* f = *state;
  const df_config config = settings("pace,pronk", 20, 2);
  df_generation report[3];
  df_dataset* data[3];
  for (int k = 0; k < 3; k++) data[k] = demonstrate(f, &config, (int[]){1, 2, 5}[k], &report[k]);
  for (int k = 1; k < 3; k++) {
    assert_memory_equal(&report[k], &report[0], sizeof report[0]);
    for (int e = 0; e < 40; e++) assert_same_bytes(data[0], data[k], e, e);
  }
  for (int k = 0; k < 3; k++) df_dataset_free(data[k]);
}

static void an_episode_does_not_depend_on_how_many_or_which_others_are_made(void** state) {
  const fixture* f = *state;
  const df_config few = settings("bound", 3, 1), many = settings("trot,bound", 20, 1);
  df_dataset *a = demonstrate(f, &few, 2, NULL), *b = demonstrate(f, &many, 2, NULL);
  for (int e = 0; e < 3; e++) assert_same_bytes(a, b, e, 20 + e);

  /* the seed changes the result */
  df_config other = few;
  other.data_seed = 2;
  df_dataset* c = demonstrate(f, &other, 2, NULL);
  assert_memory_not_equal(state_of(a, 0, 0), state_of(c, 0, 0), NX * sizeof(double));
  df_dataset_free(a);
  df_dataset_free(b);
  df_dataset_free(c);
}

/* the first attempts of a gait of one action, none of which falls, against the draws: command, phase, yaw, drop, joints
 */
static void starts_are_drawn_as_the_header_says(void** state) {
  const fixture* f = *state;
  static const double stand[DF_LEG_JOINTS] = {-0.1, 0.9, -1.8}, range[3] = {1, 0.4, 0.8};
  const df_config config = settings("bound", 8, 0.02);
  df_dataset* data = demonstrate(f, &config, 1, NULL);
  for (int e = 0; e < data->episodes; e++) {
    double u[6 + NU], q[NU], foot[3], lowest = 0;
    const double* x = state_of(data, e, 0);
    df_rng_uniform(1, DF_STREAM_DEMONSTRATION, (uint64_t)DF_GAIT_BOUND << 32 | (uint64_t)e, 6 + NU, u);
    for (int i = 0; i < 3; i++) assert_near(condition_of(data, e)[4 + i], range[i] * (2 * u[i] - 1), 1e-15);
    for (int i = 0; i < NU; i++) {
      /* the hips of the right legs turn outwards the other way */
      q[i] = stand[i % 3] * (i % 3 == 0 && i / 3 % 2 == 0 ? -1 : 1) + 0.05 * (2 * u[6 + i] - 1);
      assert_near(x[7 + i], q[i], 1e-15);
    }
    for (int leg = 0; leg < DF_LEGS; leg++) {
      df_leg_foot(GO1, leg, q + 3 * leg, foot);
      lowest = fmin(lowest, foot[2]);
    }
    const double yaw = 0.5 * (2 * u[4] - 1), height = GO1->foot_radius - lowest + 0.02 * u[5];
    const double base[7] = {0, 0, height, cos(yaw / 2), 0, 0, sin(yaw / 2)};
    for (int i = 0; i < 7; i++) assert_near(x[i], base[i], 1e-15);
    for (int i = 19; i < NX; i++) assert_true(x[i] == 0);
  }
  df_dataset_free(data);
}

static void conditions_are_the_gait_and_a_command_within_its_range(void** state) {
  const fixture* f = *state;
  const df_config config = settings("pronk,trot", 30, 0.1);
  const char* const name[NC] = {"gait.trot",  "gait.pace",  "gait.bound", "gait.pronk",
                                "command.vx", "command.vy", "command.wz"};
  df_dataset* data = demonstrate(f, &config, 2, NULL);
  double most[3] = {0};
  assert_int_equal(data->nc, NC);
  for (int i = 0; i < NC; i++) assert_string_equal(data->condition_name[i], name[i]);
  for (int e = 0; e < data->episodes; e++) {
    const double* c = condition_of(data, e);
    for (int g = 0; g < DF_GAIT_COUNT; g++) assert_true(c[g] == (g == (e < 30 ? DF_GAIT_PRONK : DF_GAIT_TROT)));
    for (int i = 0; i < 3; i++) most[i] = fmax(most[i], fabs(c[4 + i]));
  }
  const double range[3] = {1, 0.4, 0.8};
  /* the probability that none of 60 uniform draws exceeds 0.8 of the range is 0.8^60 = 2e-6 */
  for (int i = 0; i < 3; i++) assert_true(most[i] <= range[i] && most[i] > 0.8 * range[i]);
  df_dataset_free(data);
}

static bool upright(const double* x) {
  const double cosine = 1 - 2 * (x[4] * x[4] + x[5] * x[5]) / (x[3] * x[3] + x[4] * x[4] + x[5] * x[5] + x[6] * x[6]);
  return x[2] >= 0.15 && cosine >= 0.5;
}

static void every_demonstrated_action_is_one_that_a_learner_can_choose(void** state) {
  const fixture* f = *state;
  df_config task;
  if (df_config_load("tasks/go1_gaits/task.yaml", "smoke", "dynaflow", 0, NULL, &task) != DF_OK) {
    fail_msg("%s", df_error_message());
  }
  const df_config config = settings("trot,pace,bound,pronk", 4, 5);
  df_dataset* data = demonstrate(f, &config, 2, NULL);
  for (int e = 0; e < data->episodes; e++) {
    for (int t = 0; t < data->length; t++) {
      for (int i = 0; i < NU; i++) {
        const double from_center = action_of(data, e, t)[i] - task.action_center.v[i % 3];
        assert_true(fabs(from_center) <= task.action_half_range.v[i % 3] + 1e-12); /* the bounds are rounded decimals */
      }
    }
  }
  df_dataset_free(data);
}

/* a robot whose actuators take less than the controller asks for: both bounds of hips, thighs and calves are reached */
static void recorded_actions_are_those_that_the_actuators_receive(void** state) {
  const fixture* f = *state;
  static const double lo[3] = {-0.1, 0.8, -2}, hi[3] = {0.1, 1.1, -1.6};
  double lowest[NU], highest[NU];
  for (int i = 0; i < NU; i++) {
    lowest[i] = lo[i % 3];
    highest[i] = hi[i % 3];
  }
  df_system* system = f->system;
  const double *u_lo = system->u_lo, *u_hi = system->u_hi;
  system->u_lo = lowest;
  system->u_hi = highest;
  const df_config config = settings("trot", 1, 2);
  df_dataset* data = demonstrate(f, &config, 1, NULL);
  system->u_lo = u_lo;
  system->u_hi = u_hi;
  double least[3] = {INFINITY, INFINITY, INFINITY}, most[3] = {-INFINITY, -INFINITY, -INFINITY};
  for (int t = 0; t < data->length; t++) {
    for (int i = 0; i < NU; i++) {
      least[i % 3] = fmin(least[i % 3], action_of(data, 0, t)[i]);
      most[i % 3] = fmax(most[i % 3], action_of(data, 0, t)[i]);
    }
  }
  for (int i = 0; i < 3; i++) {
    assert_near(least[i], lo[i], 0);
    assert_near(most[i], hi[i], 0);
  }
  df_dataset_free(data);
}

static void falls_are_rejected_and_counted(void** state) {
  const fixture* f = *state;
  df_generation report;
  df_config config = settings("pace", 6, 4);
  config.data_command_vx = 3; /* far beyond what this gait can follow */
  config.data_command_vy = 1.5;
  df_dataset* data = demonstrate(f, &config, 2, &report);
  assert_int_equal(report.n, 1);
  assert_string_equal(report.kind[0].name, "pace");
  assert_true(report.kind[0].rejected > 0);
  assert_int_equal(report.kind[0].tried - report.kind[0].rejected, 6);
  for (int e = 0; e < data->episodes; e++) {
    for (int t = 0; t <= data->length; t++) assert_true(upright(state_of(data, e, t)));
  }
  df_dataset_free(data);
}

static void it_gives_up_when_nothing_stays_upright(void** state) {
  const fixture* f = *state;
  static df_dataset unset;
  df_dataset* data = &unset;
  df_config config = settings("bound", 1, 5);
  config.data_command_vx = 1000;
  config.data_command_wz = 1000;
  assert_int_equal(df_gait_demonstrate(f->system, &config, &(df_generator_env){.threads = 2}, &data), DF_E_CONFIG);
  assert_null(data);
  assert_non_null(strstr(df_error_message(), "bound"));
}

/* share of feet and frames whose contact equals the stance of `gait`, at the best phase of the clock */
static double agreement(const fixture* f, const df_dataset* data, int episode, df_gait gait) {
  enum { PHASES = 50 };
  int same[PHASES] = {0}, n = 0;
  for (int t = FIRST_FRAME; t <= data->length; t++) {
    uint8_t touch[DF_LEGS];
    df_mujoco_pose(f->sim, state_of(data, episode, t));
    df_mujoco_touching(f->sim, DF_LEGS, f->foot, touch);
    for (int leg = 0; leg < DF_LEGS; leg++, n++) {
      for (int p = 0; p < PHASES; p++) {
        const double phase = (double)p / PHASES + 3 * data->dt * t;
        same[p] += df_gait_stance(gait, leg, phase) == (touch[leg] != 0);
      }
    }
  }
  int best = 0;
  for (int p = 0; p < PHASES; p++) best = same[p] > best ? same[p] : best;
  return (double)best / n;
}

static void feet_touch_the_floor_as_the_commanded_gait_says(void** state) {
  const fixture* f = *state;
  const df_config config = settings("trot,pace,bound,pronk", 10, 5);
  df_generation report;
  df_dataset* data = demonstrate(f, &config, 2, &report);
  for (int g = 0; g < DF_GAIT_COUNT; g++) {
    /* of 100 attempts, 91 do not fall in pace, and all in the other gaits */
    assert_true(report.kind[g].rejected <= 5);
    double own = 0, other = 0;
    for (int e = 10 * g; e < 10 * g + 10; e++) {
      own += agreement(f, data, e, (df_gait)g) / 10;
      other += agreement(f, data, e, (df_gait)((g + 1) % DF_GAIT_COUNT)) / 10;
    }
    print_message("%s: %.3f with its own clock, %.3f with another gait's\n", df_gait_name((df_gait)g), own, other);
    /* touch-down and lift-off are each about one of 16.7 frames per cycle late; pronk lands slightly early */
    assert_true(own >= 0.8);
    /* two gaits agree in half of their feet and frames */
    assert_true(other < 0.7);
  }
  df_dataset_free(data);
}

static void the_trot_goes_at_the_commanded_speed(void** state) {
  const fixture* f = *state;
  const df_config config = settings("trot", 10, 5);
  df_dataset* data = demonstrate(f, &config, 2, NULL);
  const int first = 100, n = data->length + 1 - first; /* 9 cycles, after the integrals have settled */
  for (int e = 0; e < data->episodes; e++) {
    double v[2] = {0}, w = 0;
    for (int t = first; t <= data->length; t++) {
      const double* x = state_of(data, e, t);
      const double yaw = atan2(2 * (x[4] * x[5] + x[3] * x[6]), 1 - 2 * (x[5] * x[5] + x[6] * x[6]));
      v[0] += (x[19] * cos(yaw) + x[20] * sin(yaw)) / n;
      v[1] += (-x[19] * sin(yaw) + x[20] * cos(yaw)) / n;
      w += x[24] / n;
    }
    const double* c = condition_of(data, e) + DF_GAIT_COUNT;
    /* integral control leaves the error of an incomplete cycle: measured below 0.01 m/s and 0.005 rad/s */
    assert_near(v[0], c[0], 0.03);
    assert_near(v[1], c[1], 0.03);
    assert_near(w, c[2], 0.02);
  }
  df_dataset_free(data);
}

/* a duration may be a whole number of actions only up to rounding, on either side of it */
static void a_duration_is_a_whole_number_of_actions(void** state) {
  const fixture* f = *state;
  df_dataset* data = NULL;
  const double above = nextafter(15 * f->system->dt, 1), below = nextafter(15 * f->system->dt, 0),
               two[] = {above, below};
  assert_true((int)(below / f->system->dt) == 14);
  for (int i = 0; i < 2; i++) {
    const df_config config = settings("trot", 1, two[i]);
    assert_int_equal(df_gait_demonstrate(f->system, &config, &(df_generator_env){.threads = 1}, &data), DF_OK);
    assert_int_equal(data->length, 15);
    df_dataset_free(data);
  }
}

static void unsuitable_models_and_settings_are_refused_by_name(void** state) {
  const fixture* f = *state;
  df_dataset* data = NULL;
  df_config config = settings("trot,gallop", 1, 1);
  assert_int_equal(df_gait_demonstrate(f->system, &config, &(df_generator_env){.threads = 1}, &data), DF_E_CONFIG);
  assert_non_null(strstr(df_error_message(), "gallop"));

  config = settings("trot,trot", 1, 1);
  assert_int_equal(df_gait_demonstrate(f->system, &config, &(df_generator_env){.threads = 1}, &data), DF_E_CONFIG);

  config = settings("trot", 1, 1);
  assert_int_equal(df_gait_demonstrate(f->system, &config, &(df_generator_env){.threads = 0}, &data), DF_E_ARG);
  assert_non_null(strstr(df_error_message(), "env.threads"));
  assert_int_equal(df_gait_demonstrate(f->system, &config, NULL, &data), DF_E_ARG);
  assert_int_equal(df_gait_demonstrate(f->system, &config, &(df_generator_env){.threads = 1}, NULL), DF_E_ARG);
  config.data_seconds = 0;
  assert_int_equal(df_gait_demonstrate(f->system, &config, &(df_generator_env){.threads = 1}, &data), DF_E_CONFIG);

  /* the same robot at another control rate */
  df_system* other;
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  cfg.timestep = 0.004;
  assert_int_equal(df_mujoco_system_new(MODEL, &cfg, &other), DF_OK);
  config.data_seconds = 1;
  assert_int_equal(df_gait_demonstrate(other, &config, &(df_generator_env){.threads = 1}, &data), DF_E_CONFIG);
  df_system_free(other);

  const char* pendulum =
      "<mujoco><worldbody><body><joint name='hinge'/><geom size='.1'/></body></worldbody>"
      "<actuator><motor joint='hinge'/></actuator></mujoco>";
  assert_int_equal(df_mujoco_system_from_xml(pendulum, "pendulum", &cfg, &other), DF_OK);
  assert_int_equal(df_gait_demonstrate(other, &config, &(df_generator_env){.threads = 1}, &data), DF_E_CONFIG);
  assert_non_null(strstr(df_error_message(), "Go1"));
  df_system_free(other);
  assert_null(data);
}

static void a_failed_allocation_is_an_error_and_leaks_nothing(void** state) {
  const fixture* f = *state;
  const df_config config = settings("trot", 1, 0.1);
  for (size_t n = 1;; n++) {
    df_dataset* data = NULL;
    df_alloc_fail_at(n);
    const df_status status = df_gait_demonstrate(f->system, &config, &(df_generator_env){.threads = 1}, &data);
    df_alloc_fail_at(0);
    if (status == DF_OK) {
      assert_true(n > 2);
      df_dataset_free(data);
      return;
    }
    assert_int_equal(status, DF_E_NOMEM);
    assert_null(data);
  }
}

/* number of progress calls, and the number of episodes after which it stops the generation */
typedef struct listener {
  int calls, last, enough;
} listener;

static bool listen(void* context, int done, int wanted) {
  listener* l = context;
  assert_true(done >= l->last && done <= wanted);
  l->calls++;
  l->last = done;
  return done < l->enough;
}

static void demonstrations_end_when_progress_says_so(void** state) {
  const fixture* f = *state;
  /* more than one block of attempts */
  const df_config config = settings("trot,pace", 20, 0.1);
  df_dataset* data = NULL;
  listener l = {.enough = 1000};
  const df_generator_env env = {.threads = 1, .progress = listen, .context = &l};
  assert_int_equal(df_gait_demonstrate(f->system, &config, &env, &data), DF_OK);
  assert_int_equal(l.last, 40);
  assert_true(l.calls >= 4);
  df_dataset_free(data);

  l = (listener){.enough = 1};
  assert_int_equal(df_gait_demonstrate(f->system, &config, &env, &data), DF_E_INTERRUPTED);
  assert_null(data);
  assert_int_equal(l.calls, 1);
  char told[64];
  snprintf(told, sizeof told, "interrupted after %d of 40 episodes", l.last);
  assert_non_null(strstr(df_error_message(), told));
}

static void task_files_hold_valid_settings(void** unused) {
  (void)unused;
  const char* const task[] = {"go1_gaits", "hopper"};
  const char* const profile[] = {"", "smoke", "full", "full_cpu"};
  for (int k = 0; k < 2; k++) {
    char path[64];
    snprintf(path, sizeof path, "tasks/%s/task.yaml", task[k]);
    for (int p = 0; p < 4; p++) {
      df_config config, other;
      if (df_config_load(path, profile[p], "dynaflow", 0, NULL, &config) != DF_OK) fail_msg("%s", df_error_message());
      if (df_config_load(path, profile[p], "action_fm", 0, NULL, &other) != DF_OK) fail_msg("%s", df_error_message());
      assert_string_equal(config.task_name, task[k]);
      assert_near(config.system_timestep * config.system_substeps, k == 0 ? 0.02 : 0.008, 1e-15);
      assert_int_equal(other.train_steps > config.train_steps, p == 3);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(inverse_kinematics_undo_forward_kinematics),
      cmocka_unit_test(a_foot_out_of_reach_still_gives_joints_of_the_range),
      cmocka_unit_test(the_jacobian_is_the_derivative_of_the_foot),
      cmocka_unit_test(the_leg_is_the_models_leg),
      cmocka_unit_test(the_small_solver_solves),
      cmocka_unit_test(legs_stand_as_the_published_table_says),
      cmocka_unit_test(the_simulated_model_has_a_floor_the_robots_mass_its_gains_and_20_ms_an_action),
      cmocka_unit_test(it_moves_as_the_published_feet_only_model),
      cmocka_unit_test(recorded_actions_replay_recorded_states_bit_for_bit),
      cmocka_unit_test(threads_do_not_change_bytes),
      cmocka_unit_test(an_episode_does_not_depend_on_how_many_or_which_others_are_made),
      cmocka_unit_test(starts_are_drawn_as_the_header_says),
      cmocka_unit_test(conditions_are_the_gait_and_a_command_within_its_range),
      cmocka_unit_test(every_demonstrated_action_is_one_that_a_learner_can_choose),
      cmocka_unit_test(recorded_actions_are_those_that_the_actuators_receive),
      cmocka_unit_test(falls_are_rejected_and_counted),
      cmocka_unit_test(it_gives_up_when_nothing_stays_upright),
      cmocka_unit_test(feet_touch_the_floor_as_the_commanded_gait_says),
      cmocka_unit_test(the_trot_goes_at_the_commanded_speed),
      cmocka_unit_test(a_duration_is_a_whole_number_of_actions),
      cmocka_unit_test(unsuitable_models_and_settings_are_refused_by_name),
      cmocka_unit_test(a_failed_allocation_is_an_error_and_leaks_nothing),
      cmocka_unit_test(demonstrations_end_when_progress_says_so),
      cmocka_unit_test(task_files_hold_valid_settings),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
