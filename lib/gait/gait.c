#include "dynaflow/gait/gait.h"

#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/rng.h"
#include "gait_control.h"

enum {
  NC = DF_GAIT_COUNT + 3,
  BLOCK = 16,    /* attempts simulated in parallel before the results are collected; does not affect the result */
  TRIES_MAX = 50 /* attempts per wanted episode before giving up */
};

/* ---- one attempt ---- */

typedef struct start {
  double command[3]; /* vx, vy [m/s], yaw rate [rad/s] */
  double phase;      /* phase of the gait's clock at frame 0, cycles */
  double x[DF_GAIT_NX];
} start;

/* maps a uniform number in [0, 1) to [-range, range) */
static double spread(double uniform, double range) {
  return (2 * uniform - 1) * range;
}

/* depends on (seed, gait, attempt) and the ranges of the command only */
static start draw_start(const df_config* config, df_gait gait, int attempt) {
  static const double YAW_RANGE = 0.5, JOINT_RANGE = 0.05, DROP_MAX = 0.02; /* rad, rad, m */
  static const double STAND[DF_LEG_JOINTS] = {-0.1, 0.9, -1.8};
  enum { COMMAND = 0, PHASE = 3, YAW, DROP, JOINT, DRAWN = JOINT + DF_GAIT_NU };
  const double range[3] = {config->data_command_vx, config->data_command_vy, config->data_command_wz};
  double uniform[DRAWN], lowest = 0;
  start s = {.command = {0}};

  /* draw command and phase */
  df_rng_uniform((uint64_t)config->data_seed, DF_STREAM_DEMONSTRATION, (uint64_t)gait << 32 | (uint64_t)attempt, DRAWN,
                 uniform);
  for (int i = 0; i < 3; i++) s.command[i] = spread(uniform[COMMAND + i], range[i]);
  s.phase = uniform[PHASE];

  /* standing pose with slightly spread legs and random yaw and joint offsets */
  const double yaw = spread(uniform[YAW], YAW_RANGE);
  s.x[3] = cos(yaw / 2);
  s.x[6] = sin(yaw / 2);
  for (int leg = 0; leg < DF_LEGS; leg++) {
    double *q = s.x + 7 + DF_LEG_JOINTS * leg, foot[3];
    for (int i = 0; i < DF_LEG_JOINTS; i++) {
      const double side = i == 0 ? df_leg_left(leg) : 1;
      q[i] = side * STAND[i] + spread(uniform[JOINT + DF_LEG_JOINTS * leg + i], JOINT_RANGE);
    }
    df_leg_foot(leg, q, foot);
    lowest = fmin(lowest, foot[2]);
  }

  /* lift the base so that the lowest foot is just above the floor */
  s.x[2] = DF_LEG_FOOT_RADIUS - lowest + DROP_MAX * uniform[DROP];
  return s;
}

static bool has_fallen(const double* x) {
  static const double HEIGHT_MIN = 0.15, UPRIGHT_MIN = 0.5; /* m; cosine of 60 degrees */
  double rotation[9];
  df_leg_rotation(x + 3, rotation);
  return !(x[2] >= HEIGHT_MIN && rotation[8] >= UPRIGHT_MIN);
}

typedef enum attempt_end { UPRIGHT, FALLEN, FAILED } attempt_end;

/* the simulators of one thread: `sim` steps the robot, `look` computes the centre of mass of its states */
typedef struct worker {
  df_sim *sim, *look;
} worker;

/* the result of one attempt */
typedef struct slot {
  double* states;  /* [length+1][nx] */
  double* actions; /* [length][nu] */
  double command[3];
  attempt_end end;
  char message[200]; /* error message of the simulator if it failed */
} slot;

/* simulates one attempt of `length` actions and records it; stops at a fall or a failure */
static attempt_end run_attempt(const df_system* system, const worker* w, df_gait gait, const start* s, int length,
                               slot* out) {
  df_gait_controller controller;
  df_gait_controller_start(&controller, gait, df_mujoco_total_mass(system), s->command, s->phase, s->x);
  memcpy(out->command, s->command, sizeof out->command);
  memcpy(out->states, s->x, sizeof s->x);
  system->ops->reset(w->sim, s->x);

  for (int t = 0; t < length; t++) {
    double *x = out->states + (size_t)t * DF_GAIT_NX, *u = out->actions + (size_t)t * DF_GAIT_NU, com[3];
    df_mujoco_pose(w->look, x);
    df_mujoco_centre_of_mass(w->look, com);
    df_gait_controller_act(&controller, x, com, u);

    /* record the action as the actuators receive it, clamped */
    for (int i = 0; i < DF_GAIT_NU; i++) u[i] = fmin(fmax(u[i], system->u_lo[i]), system->u_hi[i]);
    const df_traj_end end = system->ops->step(w->sim, u, x + DF_GAIT_NX);
    if (end == DF_TRAJ_FAILED) {
      snprintf(out->message, sizeof out->message, "%s", df_error_message());
      return FAILED;
    }
    if (end != DF_TRAJ_COMPLETE || has_fallen(x + DF_GAIT_NX)) return FALLEN;
  }
  return UPRIGHT;
}

/* ---- blocks of attempts ---- */

typedef struct demonstrator {
  const df_system* system;
  const df_config* config;
  const df_generator_env* env;
  int length;
  worker* workers;
  slot slots[BLOCK];
  double* memory; /* states and actions of all slots */
} demonstrator;

static df_status demonstrator_build(demonstrator* d) {
  const size_t states = (size_t)(d->length + 1) * DF_GAIT_NX, actions = (size_t)d->length * DF_GAIT_NU;
  d->workers = df_alloc((size_t)d->env->threads, sizeof *d->workers);
  d->memory = df_alloc(BLOCK * (states + actions), sizeof *d->memory);
  if (!d->workers || !d->memory) return DF_E_NOMEM;

  for (int i = 0; i < d->env->threads; i++) {
    DF_TRY(df_sim_new(d->system, 0, &d->workers[i].sim));
    DF_TRY(df_sim_new(d->system, 0, &d->workers[i].look));
  }
  for (int k = 0; k < BLOCK; k++) {
    d->slots[k].states = d->memory + (size_t)k * (states + actions);
    d->slots[k].actions = d->slots[k].states + states;
  }
  return DF_OK;
}

static void demonstrator_clear(demonstrator* d) {
  for (int i = 0; d->workers && i < d->env->threads; i++) {
    df_sim_free(d->system, d->workers[i].sim);
    df_sim_free(d->system, d->workers[i].look);
  }
  df_free(d->workers);
  df_free(d->memory);
}

/* runs attempts first .. first+BLOCK-1 of a gait in any order; each writes its own slot */
static void run_block(demonstrator* d, df_gait gait, int first) {
#pragma omp parallel for schedule(dynamic, 1) num_threads(d->env->threads)
  for (int k = 0; k < BLOCK; k++) {
    const start s = draw_start(d->config, gait, first + k);
    d->slots[k].end = run_attempt(d->system, &d->workers[omp_get_thread_num()], gait, &s, d->length, &d->slots[k]);
  }
}

static void keep(const slot* from, df_gait gait, int episode, df_dataset* data) {
  const size_t states = (size_t)(data->length + 1) * DF_GAIT_NX, actions = (size_t)data->length * DF_GAIT_NU;
  memcpy(data->states + (size_t)episode * states, from->states, states * sizeof *from->states);
  memcpy(data->actions + (size_t)episode * actions, from->actions, actions * sizeof *from->actions);

  double* condition = data->conditions + (size_t)episode * NC;
  for (int g = 0; g < DF_GAIT_COUNT; g++) condition[g] = g == (int)gait;
  memcpy(condition + DF_GAIT_COUNT, from->command, sizeof from->command);
}

/* stores the first data.episodes upright attempts of a gait, in order, as episodes from first_episode on */
static df_status demonstrate_gait(demonstrator* d, df_gait gait, int first_episode, df_attempts* counted,
                                  df_dataset* data) {
  const df_generator_env* env = d->env;
  const int wanted = d->config->data_episodes;
  int kept = 0, tried = 0;

  while (kept < wanted) {
    if (tried / TRIES_MAX >= wanted) {
      return df_fail(DF_E_CONFIG, "gait %s: only %d of %d attempts stayed upright, %d wanted; narrow data.command_*",
                     df_gait_name(gait), kept, tried, wanted);
    }
    run_block(d, gait, tried);
    for (int k = 0; k < BLOCK && kept < wanted; k++, tried++) {
      const slot* s = &d->slots[k];
      if (s->end == FAILED) return df_fail(DF_E_SIM, "gait %s, attempt %d: %s", df_gait_name(gait), tried, s->message);
      if (s->end == UPRIGHT) keep(s, gait, first_episode + kept++, data);
    }
    if (env->progress && !env->progress(env->context, first_episode + kept, data->episodes)) {
      return df_fail(DF_E_INTERRUPTED, "demonstrations: interrupted after %d of %d episodes", first_episode + kept,
                     data->episodes);
    }
  }
  snprintf(counted->name, sizeof counted->name, "%s", df_gait_name(gait));
  counted->tried = tried;
  counted->rejected = tried - kept;
  return DF_OK;
}

/* ---- the model and the settings ---- */

/* whether the model has the joints of a Go1, by kind, order and name */
static df_status check_joints(const df_system* system) {
  static const char* const LEG[DF_LEGS] = {"FR", "FL", "RR", "RL"};
  static const char* const JOINT[DF_LEG_JOINTS] = {"hip", "thigh", "calf"};
  const df_joint* joint;
  const int n = df_mujoco_joints(system, &joint);

  if (n != 1 + DF_GAIT_NU || joint[0].kind != DF_JOINT_FREE) {
    return df_fail(DF_E_CONFIG,
                   "gait demonstrations need a Go1: a free joint and 12 leg joints, but the model has %d joints", n);
  }
  for (int i = 0; i < DF_GAIT_NU; i++) {
    char wanted[DF_NAME_MAX];
    snprintf(wanted, sizeof wanted, "%s_%s_joint", LEG[i / DF_LEG_JOINTS], JOINT[i % DF_LEG_JOINTS]);
    if (strcmp(joint[1 + i].name, wanted) != 0 || joint[1 + i].kind != DF_JOINT_HINGE) {
      return df_fail(DF_E_CONFIG, "gait demonstrations need a Go1: joint %d is \"%s\", not the hinge \"%s\"", 1 + i,
                     joint[1 + i].name, wanted);
    }
  }
  return DF_OK;
}

static df_status check_system(const df_system* system) {
  if (!df_system_is_mujoco(system)) return df_fail(DF_E_CONFIG, "gait demonstrations need a MuJoCo model of the Go1");
  DF_TRY(check_joints(system));
  if (system->nx != DF_GAIT_NX || system->nu != DF_GAIT_NU) {
    return df_fail(DF_E_CONFIG, "gait demonstrations need a Go1: nx = %d and nu = %d, not %d and %d", DF_GAIT_NX,
                   DF_GAIT_NU, system->nx, system->nu);
  }
  if (fabs(system->dt - DF_GAIT_ACTION_SECONDS) > 1e-9) {
    return df_fail(DF_E_CONFIG, "gait demonstrations need actions of %g s, not %g (system.timestep x system.substeps)",
                   DF_GAIT_ACTION_SECONDS, system->dt);
  }
  return DF_OK;
}

/* reads the gaits from data.gaits */
static df_status read_gaits(const df_config* config, int* n, df_gait gaits[DF_NAMES_MAX]) {
  *n = config->data_gaits.n;
  if (*n < 1) return df_fail(DF_E_CONFIG, "data.gaits names no gait");
  for (int i = 0; i < *n; i++) {
    const char* name = config->data_gaits.v[i];
    const int gait = df_gait_by_name(name);
    if (gait < 0) return df_fail(DF_E_CONFIG, "data.gaits: unknown gait \"%s\" (trot, pace, bound, pronk)", name);
    for (int j = 0; j < i; j++) {
      if ((int)gaits[j] == gait) return df_fail(DF_E_CONFIG, "data.gaits: \"%s\" is listed twice", name);
    }
    gaits[i] = (df_gait)gait;
  }
  return DF_OK;
}

/* makes the dataset for all episodes and names its conditions */
static df_status new_dataset(const df_system* system, const df_config* config, int gaits, int length,
                             df_dataset** out) {
  static const char* const COMMAND[3] = {"command.vx", "command.vy", "command.wz"};
  if (config->data_episodes < 1 || config->data_episodes > 1000000) {
    return df_fail(DF_E_CONFIG, "data.episodes = %d: not in 1 .. 1000000", config->data_episodes);
  }
  const df_dataset_shape shape = {.episodes = gaits * config->data_episodes,
                                  .length = length,
                                  .nx = system->nx,
                                  .nu = system->nu,
                                  .nc = NC,
                                  .dt = system->dt};
  df_status status = df_dataset_new(&shape, out);
  for (int c = 0; status == DF_OK && c < NC; c++) {
    char name[DF_NAME_MAX];
    if (c < DF_GAIT_COUNT) {
      snprintf(name, sizeof name, "gait.%s", df_gait_name((df_gait)c));
    } else {
      snprintf(name, sizeof name, "%s", COMMAND[c - DF_GAIT_COUNT]);
    }
    status = df_dataset_name_condition(*out, c, name);
  }
  return status;
}

/* lists the gaits that were tried in the order of df_gait */
static void fill_report(const df_attempts counted[DF_GAIT_COUNT], df_generation* report) {
  for (int g = 0; g < DF_GAIT_COUNT; g++) {
    if (counted[g].tried > 0) report->kind[report->n++] = counted[g];
  }
}

df_status df_gait_demonstrate(const df_system* system, const df_config* config, const df_generator_env* env,
                              df_dataset** out) {
  DF_REQUIRE_OUT(out);
  DF_REQUIRE_POINTER(system);
  DF_REQUIRE_POINTER(config);
  DF_REQUIRE_POINTER(env);
  DF_REQUIRE(env->threads >= 1, "df_gait_demonstrate: env.threads %d is not positive", env->threads);
  if (env->report) *env->report = (df_generation){.n = 0};

  /* check model and settings */
  int n;
  df_gait gaits[DF_NAMES_MAX];
  DF_TRY(check_system(system));
  DF_TRY(read_gaits(config, &n, gaits));
  const double actions = config->data_seconds / system->dt;
  if (!(actions >= 1 && actions <= 1e6)) {
    return df_fail(DF_E_CONFIG, "data.seconds = %g: not 1 to 1000000 actions of %g s", config->data_seconds,
                   system->dt);
  }

  /* generate the episodes of every gait */
  demonstrator d = {.system = system, .config = config, .env = env, .length = (int)lround(actions)};
  df_attempts counted[DF_GAIT_COUNT] = {{.tried = 0}};
  df_dataset* data = NULL;
  df_status status = new_dataset(system, config, n, d.length, &data);
  if (status == DF_OK) status = demonstrator_build(&d);
  for (int i = 0; i < n && status == DF_OK; i++) {
    status = demonstrate_gait(&d, gaits[i], i * config->data_episodes, &counted[gaits[i]], data);
  }
  demonstrator_clear(&d);
  if (status != DF_OK) {
    df_dataset_free(data);
    return status;
  }
  if (env->report) fill_report(counted, env->report);
  *out = data;
  return DF_OK;
}

/* ---- the row of the table of generators ---- */

const df_generator df_generator_quadruped_gaits = {
    .name = "quadruped_gaits",
    .summary = "trot, pace, bound and pronk of a quadruped after velocity commands, falls rejected",
    .version = 1,
    .gait_frequency = DF_GAIT_FREQUENCY,
    .make = df_gait_demonstrate};
