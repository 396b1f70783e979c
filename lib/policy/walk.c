/* walk.c: construction of the task, and the features of a state. */
#include "dynaflow/policy/walk.h"

#include <math.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/sim/mujoco.h"
#include "walk_internal.h"

/* ---- construction ---- */

static df_status check_number(const char* name, double value, double low, double high) {
  if (value >= low && value <= high) return DF_OK;
  return df_fail(DF_E_CONFIG, "walk: %s is %g, must be in %g..%g", name, value, low, high);
}

static df_status check_terms(const char* table, const double* weight, int n) {
  for (int i = 0; i < n; i++) {
    if (!(weight[i] >= 0 && weight[i] <= 1e6))
      return df_fail(DF_E_CONFIG, "walk: weight %d of %s is %g, must be in 0..1e6", i, table, weight[i]);
  }
  return DF_OK;
}

static df_status check(const df_walk_cfg* cfg) {
  DF_TRY(check_number("n_feet", cfg->n_feet, 1, DF_WALK_FEET_MAX));
  DF_TRY(check_number("n_gaits", cfg->n_gaits, 1, DF_WALK_GAITS_MAX));
  DF_TRY(check_number("alive", cfg->alive, -1e6, 1e6));
  DF_TRY(check_number("foot_height", cfg->foot_height, -1e3, 1e3));
  DF_TRY(check_number("frequency", cfg->frequency, 0, 1e3));
  DF_TRY(check_number("duty", cfg->duty, .01, .99));
  DF_TRY(check_number("swing_height", cfg->swing_height, 0, 1e3));
  DF_TRY(check_number("fall_height", cfg->fall_height, -1e3, 1e3));
  DF_TRY(check_number("fall_tilt", cfg->fall_tilt, 0, 3.1416));
  for (int i = 0; i < 3; i++) DF_TRY(check_number("command", cfg->command[i], 0, 1e3));
  for (int i = 0; i < cfg->n_gaits; i++) {
    DF_TRY(check_number("height of a gait", cfg->gait[i].height, -1e3, 1e3));
    DF_TRY(check_terms("the reward", cfg->gait[i].weight, DF_REWARD_TERMS));
  }
  DF_TRY(check_terms("the observation", cfg->observe, DF_OBSERVE_TERMS));
  return check_terms("the start", cfg->start, DF_START_TERMS);
}

/* the places of the base, and of the hinge or slide of every control */
static df_status find_joints(df_walk* w) {
  const df_joint* joints;
  const int n = df_mujoco_joints(w->system, &joints);
  const int base = w->cfg.base;
  if (base < 0 || base >= n || joints[base].kind != DF_JOINT_FREE)
    return df_fail(DF_E_CONFIG, "walk: base is %d, must be the index of a free joint of the model", base);
  w->base_q = joints[base].qpos;
  w->base_v = joints[base].dof;
  for (int k = 0; k < w->nu; k++) {
    const df_actuator actuator = df_mujoco_actuator_at(w->system, k);
    if (actuator.joint < 0 || actuator.stiffness <= 0)
      return df_fail(DF_E_CONFIG, "walk: actuator '%s' (control %d) is not a position servo of a hinge or slide",
                     actuator.name, k);
    w->joint[2 * k] = joints[actuator.joint].qpos;
    w->joint[2 * k + 1] = joints[actuator.joint].dof;
  }
  return DF_OK;
}

static df_status copy_numbers(df_walk* w, const df_walk_cfg* cfg) {
  const double* const from[] = {cfg->home, cfg->centre, cfg->half_range};
  const size_t n = (size_t)w->nu;
  for (size_t i = 0; i < 3; i++) memcpy(w->numbers + i * n, from[i], n * sizeof(double));
  w->cfg.home = w->numbers;
  w->cfg.centre = w->numbers + n;
  w->cfg.half_range = w->numbers + 2 * n;
  for (int k = 0; k < w->nu; k++) {
    const double away = fabs(cfg->home[k] - cfg->centre[k]), half = cfg->half_range[k];
    if (half > 0 && away < half) continue;
    return df_fail(DF_E_CONFIG, "walk: home[%d] is %g, must be inside the range of actions, %g +- %g", k, cfg->home[k],
                   cfg->centre[k], half);
  }
  return DF_OK;
}

/* the numbers of an observation term; 0 if it is left out */
static int term_size(const df_walk* w, df_observe_term term) {
  const int sizes[DF_OBSERVE_TERMS] = {[DF_OBSERVE_up] = 3,
                                       [DF_OBSERVE_velocity] = 3,
                                       [DF_OBSERVE_rate] = 3,
                                       [DF_OBSERVE_height] = 1,
                                       [DF_OBSERVE_joints] = w->nu,
                                       [DF_OBSERVE_joint_velocity] = w->nu,
                                       [DF_OBSERVE_last_action] = w->nu,
                                       [DF_OBSERVE_command] = 3,
                                       [DF_OBSERVE_clock] = 2 * w->cfg.n_feet,
                                       [DF_OBSERVE_gait] = w->cfg.n_gaits};
  if (w->cfg.observe[term] <= 0) return 0;
  if (term != DF_OBSERVE_target) return sizes[term];
  static const df_observe_term demonstrated[] = {DF_OBSERVE_up,     DF_OBSERVE_velocity, DF_OBSERVE_rate,
                                                 DF_OBSERVE_height, DF_OBSERVE_joints,   DF_OBSERVE_joint_velocity};
  int frame = 0;
  for (size_t i = 0; i < sizeof demonstrated / sizeof *demonstrated; i++) {
    if (w->cfg.observe[demonstrated[i]] > 0) frame += sizes[demonstrated[i]];
  }
  return w->cfg.n_ahead * frame;
}

/* the features of all demonstrated frames */
static df_status look_at_clips(df_walk* w) {
  df_sim* sim;
  double* f = w->demonstrated;
  DF_TRY(df_sim_new(w->system, 0, &sim));
  for (int i = 0; i < w->cfg.n_clips; i++) {
    const double* x = w->clip[i].states;
    for (int t = 0; t <= w->clip[i].length; t++, x += w->system->nx, f += w->features) df_walk_look(w, sim, x, f);
  }
  df_sim_free(w->system, sim);
  return DF_OK;
}

static df_status build(df_walk* w, const df_system* system, const df_walk_cfg* cfg) {
  w->system = system;
  w->cfg = *cfg;
  w->nu = system->nu;
  w->nq = df_mujoco_nq(system);
  w->nv = df_mujoco_nv(system);
  DF_TRY(check(cfg));
  DF_TRY(check_number("the number of actions", w->nu, 1, DF_WALK_ACTIONS_MAX));
  w->numbers = df_alloc(3 * (size_t)w->nu, sizeof *w->numbers);
  w->joint = df_alloc(2 * (size_t)w->nu, sizeof *w->joint);
  if (!w->numbers || !w->joint) return DF_E_NOMEM;
  DF_TRY(find_joints(w));
  DF_TRY(copy_numbers(w, cfg));
  w->velocities = FEATURE_JOINTS + w->nu;
  w->feet = w->velocities + w->nu;
  w->foot_velocities = w->feet + cfg->n_feet;
  w->foot_positions = w->foot_velocities + 3 * cfg->n_feet;
  w->features = w->foot_positions + (cfg->n_clips > 0 ? 3 * cfg->n_feet : 0);
  DF_TRY(walk_copy_clips(w, cfg));
  if (cfg->n_clips) DF_TRY(look_at_clips(w));
  for (int i = 0; i < DF_OBSERVE_TERMS; i++) w->observations += term_size(w, (df_observe_term)i);
  return w->observations ? DF_OK : df_fail(DF_E_CONFIG, "walk: every weight of the observation is 0");
}

df_status df_walk_new(const df_system* system, const df_walk_cfg* cfg, df_walk** out) {
  DF_REQUIRE_OUT(out);
  DF_REQUIRE_POINTER(system);
  DF_REQUIRE_POINTER(cfg);
  DF_REQUIRE(cfg->home && cfg->centre && cfg->half_range, "df_walk_new: home, centre or half_range is NULL");
  if (!df_system_is_mujoco(system) || !df_system_has_points(system))
    return df_fail(DF_E_CONFIG, "walk: the system has no points, which the feet are");
  df_walk* w = df_alloc(1, sizeof *w);
  if (!w) return DF_E_NOMEM;
  const df_status status = build(w, system, cfg);
  if (status != DF_OK) {
    df_walk_free(w);
    return status;
  }
  *out = w;
  return DF_OK;
}

void df_walk_free(df_walk* walk) {
  if (!walk) return;
  walk_free_clips(walk);
  df_free(walk->numbers);
  df_free(walk->joint);
  df_free(walk);
}

const df_system* df_walk_system(const df_walk* walk) {
  return walk->system;
}
const df_walk_cfg* df_walk_get_cfg(const df_walk* walk) {
  return &walk->cfg;
}
int df_walk_features(const df_walk* walk) {
  return walk->features;
}
int df_walk_observations(const df_walk* walk) {
  return walk->observations;
}

/* ---- features ---- */

/* the rotation from body to world of a unit quaternion, row-major */
static void matrix_of(const double* q, double r[9]) {
  const double w = q[0], x = q[1], y = q[2], z = q[3];
  const double m[9] = {1 - 2 * (y * y + z * z), 2 * (x * y - w * z),     2 * (x * z + w * y),
                       2 * (x * y + w * z),     1 - 2 * (x * x + z * z), 2 * (y * z - w * x),
                       2 * (x * z - w * y),     2 * (y * z + w * x),     1 - 2 * (x * x + y * y)};
  memcpy(r, m, sizeof m);
}

static void add_cross(double* out, const double* a, const double* b) {
  out[0] += a[1] * b[2] - a[2] * b[1];
  out[1] += a[2] * b[0] - a[0] * b[2];
  out[2] += a[0] * b[1] - a[1] * b[0];
}

void df_walk_look(const df_walk* w, df_sim* sim, const double* x, double* f) {
  /* base */
  const double *q = x + w->base_q, *v = x + w->nq + w->base_v;
  double r[9], position[3 * DF_WALK_FEET_MAX];
  matrix_of(q + 3, r);
  f[FEATURE_HEIGHT] = q[2];
  for (int i = 0; i < 3; i++) {
    f[FEATURE_UP + i] = r[6 + i];
    f[FEATURE_VELOCITY + i] = r[i] * v[0] + r[3 + i] * v[1] + r[6 + i] * v[2];
    f[FEATURE_RATE + i] = v[3 + i];
  }

  /* joints and feet */
  for (int k = 0; k < w->nu; k++) {
    f[FEATURE_JOINTS + k] = x[w->joint[2 * k]];
    f[w->velocities + k] = x[w->nq + w->joint[2 * k + 1]];
  }
  df_sim_points(w->system, sim, x, w->cfg.n_feet, w->cfg.foot, position, f + w->foot_velocities);
  for (int i = 0; i < w->cfg.n_feet; i++) f[w->feet + i] = position[3 * i + 2];
  for (int i = 0; w->cfg.n_clips && i < 3 * w->cfg.n_feet; i++) {
    const double *foot = position + i / 3 * 3, *column = r + i % 3;
    f[w->foot_positions + i] =
        column[0] * (foot[0] - q[0]) + column[3] * (foot[1] - q[1]) + column[6] * (foot[2] - q[2]);
  }
}

/* adds the cotangents of the positions of feet in the body frame, p = R^T (foot - base) */
static void feet_vjp(const df_walk* w, const double r[9], const double* f, const double* df, double* dposition,
                     double* dq) {
  for (int i = 0; i < w->cfg.n_feet; i++) {
    const double* g = df + w->foot_positions + 3 * i;
    for (int k = 0; k < 3; k++) {
      const double world = r[3 * k] * g[0] + r[3 * k + 1] * g[1] + r[3 * k + 2] * g[2];
      dposition[3 * i + k] += world;
      dq[k] -= world;
    }
    add_cross(dq + 3, g, f + w->foot_positions + 3 * i);
  }
}

/* With a turn R exp(e) of the base, up changes by up x e and the velocity in the body frame v by v x e, so their
 * cotangents g give e the cotangents g x up and g x v; so do the positions of feet in the body frame. */
void df_walk_look_vjp(const df_walk* w, df_sim* sim, const double* x, const double* f, const double* df, double* dx) {
  /* base */
  double r[9], dposition[3 * DF_WALK_FEET_MAX] = {0};
  double *dq = dx + w->base_v, *dv = dx + w->nv + w->base_v;
  matrix_of(x + w->base_q + 3, r);
  dq[2] += df[FEATURE_HEIGHT];
  add_cross(dq + 3, df + FEATURE_UP, f + FEATURE_UP);
  add_cross(dq + 3, df + FEATURE_VELOCITY, f + FEATURE_VELOCITY);
  for (int i = 0; i < 3; i++) {
    for (int j = 0; j < 3; j++) dv[i] += r[3 * i + j] * df[FEATURE_VELOCITY + j];
    dv[3 + i] += df[FEATURE_RATE + i];
  }

  /* joints and feet */
  for (int k = 0; k < w->nu; k++) {
    dx[w->joint[2 * k + 1]] += df[FEATURE_JOINTS + k];
    dx[w->nv + w->joint[2 * k + 1]] += df[w->velocities + k];
  }
  for (int i = 0; i < w->cfg.n_feet; i++) dposition[3 * i + 2] = df[w->feet + i];
  if (w->cfg.n_clips) feet_vjp(w, r, f, df, dposition, dq);
  df_sim_points_vjp(w->system, sim, x, w->cfg.n_feet, w->cfg.foot, dposition, df + w->foot_velocities, dx);
}

bool df_walk_fallen(const df_walk* w, const double* f) {
  return f[FEATURE_HEIGHT] < w->cfg.fall_height || f[FEATURE_UP + 2] < cos(w->cfg.fall_tilt);
}

bool df_walk_ended(const df_walk* w, const double* f, const df_walk_order* order) {
  if (df_walk_fallen(w, f)) return true;
  if (w->cfg.n_clips == 0 || w->cfg.off_clip <= 0) return false;
  const double* demonstrated = df_walk_demonstrated(w, order);
  double most = fabs(f[FEATURE_HEIGHT] - demonstrated[FEATURE_HEIGHT]);
  for (int i = 0; i < w->cfg.n_feet; i++) {
    const int at = w->foot_positions + 3 * i;
    const double x = f[at] - demonstrated[at], y = f[at + 1] - demonstrated[at + 1],
                 z = f[at + 2] - demonstrated[at + 2];
    most = fmax(most, sqrt(x * x + y * y + z * z));
  }
  return most > w->cfg.off_clip;
}
