#include "dynaflow/gait/gait.h"

#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/rng.h"
#include "gait_control.h"
#include "gait_distort.h"

enum {
  BLOCK = 16,    /* attempts simulated in parallel before the results are collected; does not affect the result */
  TRIES_MAX = 50 /* attempts per wanted episode before giving up */
};

/* ---- what is demonstrated ---- */

/* the robot, the settings and the conditions that follow from them */
typedef struct plan {
  const df_system* system;
  const df_config* config;
  df_gait_plant plant;
  int gaits; /* of data.gaits */
  df_gait gait[DF_GAIT_COUNT];
  int length; /* actions per episode */
  int nc;
  int frequency_at, swing_at; /* index of the condition, or -1 */
} plan;

/* maps a uniform number in [0, 1) to [-range, range) */
static double spread(double uniform, double range) {
  return (2 * uniform - 1) * range;
}

/* maps a uniform number in [0, 1) to a command of a size of `from` to 1 times `most`, of either sign */
static double command_of(double uniform, double from, double most) {
  const double share = 2 * uniform - 1;
  return (share + copysign(from * (1 - fabs(share)), share)) * most;
}

/* maps a uniform number in [0, 1) to the range of a setting of one or two numbers */
static double between(double uniform, const df_list* range) {
  return range->v[0] + uniform * (range->v[range->n - 1] - range->v[0]);
}

/* ---- one attempt ---- */

typedef struct start {
  df_gait_mode mode; /* of the first frames */
  int held;          /* actions for which they hold */
  double phase;      /* phase of the gait's clock at frame 0, cycles */
  double x[DF_GAIT_NX];
} start;

/* the numbers that DF_STREAM_GAIT draws for part `part` of an attempt, between two changes; the noise for part 0 */
typedef enum lane {
  FREQUENCY,
  SWING_HEIGHT,
  HOLD,
  SWITCH,
  WHICH_GAIT,
  COMMAND,
  TILT = COMMAND + 3,
  JOINT_NOISE = TILT + 2,
  VELOCITY_NOISE = JOINT_NOISE + DF_GAIT_NU,
  LANES = VELOCITY_NOISE + 6 + DF_GAIT_NU
} lane;

static void draw_part(const plan* p, df_gait gait, int attempt, int part, double uniform[LANES]) {
  const uint64_t index = (uint64_t)gait << 60 | (uint64_t)attempt << 24 | (uint64_t)part;
  df_rng_uniform((uint64_t)p->config->data_seed, DF_STREAM_GAIT, index, LANES, uniform);
}

/* sets frequency and swing height of a mode, and for how many actions it holds */
static void draw_rhythm(const plan* p, const double uniform[LANES], df_gait_mode* mode, int* held) {
  const df_config* config = p->config;
  mode->frequency = between(uniform[FREQUENCY], &config->gait_frequency);
  if (config->gait_swing_height.n > 0) mode->swing_height = between(uniform[SWING_HEIGHT], &config->gait_swing_height);
  *held = p->length;
  if (config->gait_hold.n > 0) {
    *held = (int)fmax(1, round(between(uniform[HOLD], &config->gait_hold) / DF_GAIT_ACTION_SECONDS));
  }
}

static void command_ranges(const df_config* config, double range[3]) {
  range[0] = config->data_command_vx;
  range[1] = config->data_command_vy;
  range[2] = config->data_command_wz;
}

/* draws the mode of the next part of an attempt, whose last one is `mode` */
static void draw_change(const plan* p, df_gait first, int attempt, int part, df_gait_mode* mode, int* held) {
  double uniform[LANES], range[3];
  draw_part(p, first, attempt, part, uniform);
  draw_rhythm(p, uniform, mode, held);
  command_ranges(p->config, range);
  for (int i = 0; i < 3; i++) {
    mode->command[i] = command_of(uniform[COMMAND + i], p->config->gait_command_from, range[i]);
  }
  if (uniform[SWITCH] >= p->config->gait_switch) return;

  /* one of the other gaits */
  int other = (int)(uniform[WHICH_GAIT] * (p->gaits - 1));
  for (int i = 0; i < p->gaits; i++) {
    if (p->gait[i] == mode->gait) continue;
    if (other-- == 0) {
      mode->gait = p->gait[i];
      return;
    }
  }
}

/* adds noise to the tilt, the joints and all velocities of a start state that is level and at rest */
static void disturb(const double uniform[LANES], double scale, double x[DF_GAIT_NX]) {
  static const double TILT_NOISE = 0.1, ANGLE = 0.1, LINEAR = 0.3, ANGULAR = 0.5, JOINT_RATE = 1; /* rad, m, s */
  const double roll = spread(uniform[TILT], scale * TILT_NOISE) / 2;
  const double pitch = spread(uniform[TILT + 1], scale * TILT_NOISE) / 2;

  /* heading, then pitch, then roll */
  const double c = x[3], s = x[6], cr = cos(roll), sr = sin(roll), cp = cos(pitch), sp = sin(pitch);
  x[3] = c * cp * cr + s * sp * sr;
  x[4] = c * cp * sr - s * sp * cr;
  x[5] = c * sp * cr + s * cp * sr;
  x[6] = s * cp * cr - c * sp * sr;

  for (int i = 0; i < DF_GAIT_NU; i++) x[7 + i] += spread(uniform[JOINT_NOISE + i], scale * ANGLE);
  for (int i = 0; i < 6 + DF_GAIT_NU; i++) {
    x[19 + i] = spread(uniform[VELOCITY_NOISE + i], scale * (i < 3 ? LINEAR : i < 6 ? ANGULAR : JOINT_RATE));
  }
}

/* depends on (seed, gait, attempt), the robot and the settings only */
static start draw_start(const plan* p, df_gait gait, int attempt) {
  static const double YAW_RANGE = 0.5, JOINT_RANGE = 0.05, DROP_MAX = 0.02; /* rad, rad, m */
  static const double STAND[DF_LEG_JOINTS] = {-0.1, 0.9, -1.8};
  enum { START_COMMAND = 0, PHASE = 3, YAW, DROP, JOINT, DRAWN = JOINT + DF_GAIT_NU };
  const df_leg_geometry* geometry = &p->plant.robot->leg;
  double uniform[DRAWN], more[LANES], range[3], rotation[9], lowest = 0;
  start s = {.mode = {.gait = gait}};

  /* draw command, phase and rhythm */
  df_rng_uniform((uint64_t)p->config->data_seed, DF_STREAM_DEMONSTRATION, (uint64_t)gait << 32 | (uint64_t)attempt,
                 DRAWN, uniform);
  command_ranges(p->config, range);
  for (int i = 0; i < 3; i++) {
    s.mode.command[i] = command_of(uniform[START_COMMAND + i], p->config->gait_command_from, range[i]);
  }
  s.phase = uniform[PHASE];
  draw_part(p, gait, attempt, 0, more);
  draw_rhythm(p, more, &s.mode, &s.held);

  /* standing pose with slightly spread legs and random yaw and joint offsets */
  const double yaw = spread(uniform[YAW], YAW_RANGE);
  s.x[3] = cos(yaw / 2);
  s.x[6] = sin(yaw / 2);
  for (int i = 0; i < DF_GAIT_NU; i++) {
    const double side = i % DF_LEG_JOINTS == 0 ? df_leg_left(i / DF_LEG_JOINTS) : 1;
    s.x[7 + i] = side * STAND[i % DF_LEG_JOINTS] + spread(uniform[JOINT + i], JOINT_RANGE);
  }
  if (p->config->gait_start_noise > 0) disturb(more, p->config->gait_start_noise, s.x);

  /* lift the base so that the lowest foot is just above the floor */
  df_leg_rotation(s.x + 3, rotation);
  for (int leg = 0; leg < DF_LEGS; leg++) {
    double foot[3], world[3];
    df_leg_foot(geometry, leg, s.x + 7 + DF_LEG_JOINTS * leg, foot);
    df_leg_rotate(rotation, foot, world);
    lowest = fmin(lowest, world[2]);
  }
  s.x[2] = geometry->foot_radius - lowest + DROP_MAX * uniform[DROP];
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
  double* states;     /* [length+1][nx] */
  double* actions;    /* [length][nu] */
  double* conditions; /* [length+1][nc] */
  attempt_end end;
  char message[200]; /* error message of the simulator if it failed */
} slot;

/* the condition of a frame */
static void write_condition(const plan* p, const df_gait_mode* mode, double* condition) {
  for (int g = 0; g < DF_GAIT_COUNT; g++) condition[g] = g == (int)mode->gait;
  memcpy(condition + DF_GAIT_COUNT, mode->command, sizeof mode->command);
  if (p->frequency_at >= 0) condition[p->frequency_at] = mode->frequency;
  if (p->swing_at >= 0) condition[p->swing_at] = mode->swing_height;
}

/* simulates one attempt and records it; stops at a fall or a failure */
static attempt_end run_attempt(const plan* p, const worker* w, df_gait gait, int attempt, slot* out) {
  const df_system* system = p->system;
  const start s = draw_start(p, gait, attempt);
  df_gait_mode mode = s.mode;
  df_gait_controller controller;
  df_gait_controller_start(&controller, &p->plant, &mode, s.phase, s.x);
  memcpy(out->states, s.x, sizeof s.x);
  system->ops->reset(w->sim, s.x);

  for (int t = 0, part = 0, end_of_part = s.held; t < p->length; t++) {
    /* change gait and command */
    if (t == end_of_part) {
      int held;
      draw_change(p, gait, attempt, ++part, &mode, &held);
      df_gait_controller_change(&controller, &mode);
      end_of_part += held;
    }
    write_condition(p, &mode, out->conditions + (size_t)t * (size_t)p->nc);

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
  write_condition(p, &mode, out->conditions + (size_t)p->length * (size_t)p->nc);
  return UPRIGHT;
}

/* ---- blocks of attempts ---- */

typedef struct demonstrator {
  const plan* plan;
  const df_generator_env* env;
  worker* workers;
  slot slots[BLOCK];
  double* memory; /* states, actions and conditions of all slots */
} demonstrator;

static df_status demonstrator_build(demonstrator* d) {
  const size_t length = (size_t)d->plan->length, states = (length + 1) * DF_GAIT_NX, actions = length * DF_GAIT_NU;
  const size_t all = states + actions + (length + 1) * (size_t)d->plan->nc;
  d->workers = df_alloc((size_t)d->env->threads, sizeof *d->workers);
  d->memory = df_alloc(BLOCK * all, sizeof *d->memory);
  if (!d->workers || !d->memory) return DF_E_NOMEM;

  for (int i = 0; i < d->env->threads; i++) {
    DF_TRY(df_sim_new(d->plan->system, 0, &d->workers[i].sim));
    DF_TRY(df_sim_new(d->plan->system, 0, &d->workers[i].look));
  }
  for (int k = 0; k < BLOCK; k++) {
    d->slots[k].states = d->memory + (size_t)k * all;
    d->slots[k].actions = d->slots[k].states + states;
    d->slots[k].conditions = d->slots[k].actions + actions;
  }
  return DF_OK;
}

static void demonstrator_clear(demonstrator* d) {
  for (int i = 0; d->workers && i < d->env->threads; i++) {
    df_sim_free(d->plan->system, d->workers[i].sim);
    df_sim_free(d->plan->system, d->workers[i].look);
  }
  df_free(d->workers);
  df_free(d->memory);
}

/* runs attempts first .. first+BLOCK-1 of a gait in any order; each writes its own slot */
static void run_block(demonstrator* d, df_gait gait, int first) {
#pragma omp parallel for schedule(dynamic, 1) num_threads(d->env->threads)
  for (int k = 0; k < BLOCK; k++) {
    d->slots[k].end = run_attempt(d->plan, &d->workers[omp_get_thread_num()], gait, first + k, &d->slots[k]);
  }
}

/* stores an attempt as an episode, number `of_gait` of its gait */
static void keep(const plan* p, df_gait gait, int of_gait, const slot* from, int episode, df_dataset* data) {
  const size_t length = (size_t)data->length, states = (length + 1) * DF_GAIT_NX, actions = length * DF_GAIT_NU;
  const size_t conditions = (size_t)data->nc * (data->condition_per_frame ? length + 1 : 1);
  double* to = data->states + (size_t)episode * states;
  if (p->config->gait_distortion > 0) {
    const df_distortion by = df_distortion_of(p->config->gait_distortion);
    df_gait_distort(&p->plant.robot->leg, &by, (uint64_t)p->config->data_seed, gait, of_gait, data->dt,
                    data->length + 1, from->states, to);
  } else {
    memcpy(to, from->states, states * sizeof *from->states);
  }
  if (data->actions) memcpy(data->actions + (size_t)episode * actions, from->actions, actions * sizeof *from->actions);
  memcpy(data->conditions + (size_t)episode * conditions, from->conditions, conditions * sizeof *from->conditions);
}

/* stores the first data.episodes upright attempts of a gait, in order, as episodes from first_episode on */
static df_status demonstrate_gait(demonstrator* d, df_gait gait, int first_episode, df_attempts* counted,
                                  df_dataset* data) {
  const df_generator_env* env = d->env;
  const int wanted = d->plan->config->data_episodes;
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
      if (s->end != UPRIGHT) continue;
      keep(d->plan, gait, kept, s, first_episode + kept, data);
      kept++;
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

/* whether the model has the joints of the robots, by kind, order and name */
static df_status check_joints(const df_system* system) {
  static const char* const LEG[DF_LEGS] = {"FR", "FL", "RR", "RL"};
  static const char* const JOINT[DF_LEG_JOINTS] = {"hip", "thigh", "calf"};
  const df_joint* joint;
  const int n = df_mujoco_joints(system, &joint);

  if (n != 1 + DF_GAIT_NU || joint[0].kind != DF_JOINT_FREE) {
    return df_fail(DF_E_CONFIG,
                   "gait demonstrations need a Go1, Go2 or A1: a free joint and 12 leg joints, but the model has %d "
                   "joints",
                   n);
  }
  for (int i = 0; i < DF_GAIT_NU; i++) {
    char wanted[DF_NAME_MAX];
    snprintf(wanted, sizeof wanted, "%s_%s_joint", LEG[i / DF_LEG_JOINTS], JOINT[i % DF_LEG_JOINTS]);
    if (strcmp(joint[1 + i].name, wanted) != 0 || joint[1 + i].kind != DF_JOINT_HINGE) {
      return df_fail(DF_E_CONFIG, "gait demonstrations need a Go1, Go2 or A1: joint %d is \"%s\", not the hinge \"%s\"",
                     1 + i, joint[1 + i].name, wanted);
    }
  }
  return DF_OK;
}

/* finds the robot whose hips and knees are where the model has them */
static df_status find_robot(const df_system* system, const double* body, int* robot) {
  static const double NEAR = 1e-6; /* m */
  const df_gait_robot* robots;
  const int n = df_gait_robots(&robots);
  const double *trunk = body + 3 * df_mujoco_joint_body(system, 0), *hip = body + 3 * df_mujoco_joint_body(system, 2),
               *knee = body + 3 * df_mujoco_joint_body(system, 3);
  const double at[3] = {hip[0] - trunk[0], hip[1] - trunk[1], hip[2] - knee[2]};
  for (int i = 0; i < n; i++) {
    const df_leg_geometry* leg = &robots[i].leg;
    *robot = i;
    if (fabs(at[0] - leg->hip_x) < NEAR && fabs(at[1] + leg->hip_y + leg->offset) < NEAR &&
        fabs(at[2] - leg->link) < NEAR) {
      return DF_OK;
    }
  }
  return df_fail(
      DF_E_CONFIG,
      "gait demonstrations need a Go1, Go2 or A1: the model's right front hip is %g m ahead of the trunk and "
      "%g m to its side, its thigh is %g m long",
      at[0], -at[1], at[2]);
}

/* the robot, its mass and the gains that gait.gains names */
static df_status find_plant(plan* p) {
  const df_system* system = p->system;
  df_sim* sim;
  double x[DF_GAIT_NX] = {0};
  double* body = df_alloc((size_t)df_mujoco_body_count(system), sizeof(double[3]));
  if (!body) return DF_E_NOMEM;
  df_status status = df_sim_new(system, 0, &sim);
  int robot = 0;
  if (status == DF_OK) {
    x[3] = 1;
    df_mujoco_pose(sim, x);
    df_mujoco_body_positions(sim, body);
    df_sim_free(system, sim);
    status = find_robot(system, body, &robot);
  }
  df_free(body);
  DF_TRY(status);

  const bool wide = strcmp(p->config->gait_gains, "wide") == 0;
  const df_gait_robot* robots;
  df_gait_robots(&robots);
  p->plant = (df_gait_plant){.robot = &robots[robot],
                             .gains = df_gait_gains_of(robot, wide),
                             .mass = df_mujoco_total_mass(system),
                             .stiffness = df_mujoco_actuator_at(system, 0).stiffness,
                             .late_start = wide};
  if (!p->plant.gains) {
    return df_fail(DF_E_CONFIG, "gait.gains = '%s': there are no such gains of the %s; set gait.gains: wide",
                   p->config->gait_gains, robots[robot].name);
  }
  if (!(p->plant.stiffness > 0)) {
    return df_fail(DF_E_CONFIG, "gait demonstrations need position actuators, but actuator 0 of the model is none");
  }
  return DF_OK;
}

static df_status check_system(const df_system* system) {
  if (!df_system_is_mujoco(system)) {
    return df_fail(DF_E_CONFIG, "gait demonstrations need a MuJoCo model of the Go1, Go2 or A1");
  }
  DF_TRY(check_joints(system));
  if (system->nx != DF_GAIT_NX || system->nu != DF_GAIT_NU) {
    return df_fail(DF_E_CONFIG, "gait demonstrations need a Go1, Go2 or A1: nx = %d and nu = %d, not %d and %d",
                   DF_GAIT_NX, DF_GAIT_NU, system->nx, system->nu);
  }
  if (fabs(system->dt - DF_GAIT_ACTION_SECONDS) > 1e-9) {
    return df_fail(DF_E_CONFIG, "gait demonstrations need actions of %g s, not %g (system.timestep x system.substeps)",
                   DF_GAIT_ACTION_SECONDS, system->dt);
  }
  return DF_OK;
}

/* reads the gaits from data.gaits */
static df_status read_gaits(const df_config* config, int* n, df_gait gaits[DF_GAIT_COUNT]) {
  *n = 0;
  if (config->data_gaits.n < 1) return df_fail(DF_E_CONFIG, "data.gaits names no gait");
  for (int i = 0; i < config->data_gaits.n; i++) {
    const char* name = config->data_gaits.v[i];
    const int gait = df_gait_by_name(name);
    if (gait < 0) return df_fail(DF_E_CONFIG, "data.gaits: unknown gait \"%s\" (trot, pace, bound, pronk)", name);
    for (int j = 0; j < i; j++) {
      if ((int)gaits[j] == gait) return df_fail(DF_E_CONFIG, "data.gaits: \"%s\" is listed twice", name);
    }
    gaits[(*n)++] = (df_gait)gait;
  }
  return DF_OK;
}

static df_status check_range(const char* key, const df_list* range, bool may_be_empty) {
  if (range->n == 0 && may_be_empty) return DF_OK;
  if (range->n < 1 || range->n > 2) return df_fail(DF_E_CONFIG, "%s: %d numbers, not one or two", key, range->n);
  if (!(range->v[0] > 0 && range->v[range->n - 1] >= range->v[0])) {
    return df_fail(DF_E_CONFIG, "%s = '%g,%g': not a range of positive numbers", key, range->v[0],
                   range->v[range->n - 1]);
  }
  return DF_OK;
}

/* reads the settings gait.* and which conditions they add */
static df_status read_ranges(plan* p) {
  const df_config* config = p->config;
  DF_TRY(check_range("gait.frequency", &config->gait_frequency, false));
  DF_TRY(check_range("gait.swing_height", &config->gait_swing_height, true));
  DF_TRY(check_range("gait.hold", &config->gait_hold, true));
  if (config->gait_switch > 0 && (p->gaits < 2 || config->gait_hold.n == 0)) {
    return df_fail(DF_E_CONFIG, "gait.switch = %g: needs two gaits in data.gaits, and gait.hold", config->gait_switch);
  }
  if (config->gait_distortion > 0 && config->data_actions_key[0]) {
    return df_fail(DF_E_CONFIG, "gait.distortion = %g: no actions lead to distorted states; set data.actions_key: \"\"",
                   config->gait_distortion);
  }
  p->nc = DF_GAIT_COUNT + 3;
  p->frequency_at = config->gait_frequency.n == 2 ? p->nc++ : -1;
  p->swing_at = config->gait_swing_height.n == 2 ? p->nc++ : -1;
  return DF_OK;
}

static df_status new_plan(const df_system* system, const df_config* config, plan* p) {
  *p = (plan){.system = system, .config = config};
  DF_TRY(check_system(system));
  DF_TRY(read_gaits(config, &p->gaits, p->gait));
  DF_TRY(read_ranges(p));
  DF_TRY(find_plant(p));
  const double actions = config->data_seconds / system->dt;
  if (!(actions >= 1 && actions <= 1e6)) {
    return df_fail(DF_E_CONFIG, "data.seconds = %g: not 1 to 1000000 actions of %g s", config->data_seconds,
                   system->dt);
  }
  p->length = (int)lround(actions);
  return DF_OK;
}

/* makes the dataset for all episodes and names its conditions */
static df_status new_dataset(const plan* p, df_dataset** out) {
  static const char* const COMMAND_NAME[3] = {"command.vx", "command.vy", "command.wz"};
  const df_config* config = p->config;
  if (config->data_episodes < 1 || config->data_episodes > 1000000) {
    return df_fail(DF_E_CONFIG, "data.episodes = %d: not in 1 .. 1000000", config->data_episodes);
  }
  const df_dataset_shape shape = {.episodes = p->gaits * config->data_episodes,
                                  .length = p->length,
                                  .nx = p->system->nx,
                                  .nu = config->gait_distortion > 0 ? 0 : p->system->nu,
                                  .nc = p->nc,
                                  .condition_per_frame = config->gait_hold.n > 0,
                                  .dt = p->system->dt};
  df_status status = df_dataset_new(&shape, out);
  for (int c = 0; status == DF_OK && c < p->nc; c++) {
    char name[DF_NAME_MAX];
    if (c < DF_GAIT_COUNT) {
      snprintf(name, sizeof name, "gait.%s", df_gait_name((df_gait)c));
    } else if (c < DF_GAIT_COUNT + 3) {
      snprintf(name, sizeof name, "%s", COMMAND_NAME[c - DF_GAIT_COUNT]);
    } else {
      snprintf(name, sizeof name, "%s", c == p->frequency_at ? "command.frequency" : "command.swing_height");
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
  plan p;
  DF_TRY(new_plan(system, config, &p));

  /* generate the episodes of every gait */
  demonstrator d = {.plan = &p, .env = env};
  df_attempts counted[DF_GAIT_COUNT] = {{.tried = 0}};
  df_dataset* data = NULL;
  df_status status = new_dataset(&p, &data);
  if (status == DF_OK) status = demonstrator_build(&d);
  for (int i = 0; i < p.gaits && status == DF_OK; i++) {
    status = demonstrate_gait(&d, p.gait[i], i * config->data_episodes, &counted[p.gait[i]], data);
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
    .has_gait_clock = true,
    .make = df_gait_demonstrate};
