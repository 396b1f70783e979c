/* generation of states for the gradient check: at rest, in motion, at impacts and limits, sliding, rolling, stuck */
#include <math.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/rng.h"
#include "gradcheck_internal.h"

static const double SETTLING = 1.5; /* s */
enum {
  EPISODE = 100,     /* actions of a random motion */
  HELD = 5,          /* actions for which a random action is held */
  DROP = 200,        /* most actions of a fall */
  SETTLE_MAX = 2000, /* most actions of settling */
  TRIES = 40,        /* motions in a row without a state that end the search */
  FROM_ONE = 4       /* most states from one motion, except a random one */
};

typedef struct drawer {
  const df_system* s;
  const mjModel* m;
  df_sim* sim;
  df_state_kind kind;
  uint64_t seed, draws;                                /* draws: number of the next random draw */
  int n, found;                                        /* states wanted, found */
  double *x, *u;                                       /* [n][nx], [n][nu] results */
  double *at, *next, *settled, *e, *rest, *action, *r; /* [nx], [nx], [nx], [ndx], [nu], [nu], random [nx + nu] */
} drawer;

/* ---- random numbers ---- */

static void draw_uniform(drawer* d, int n, double* out) {
  df_rng_uniform(d->seed, DF_STREAM_ACTION, ((uint64_t)d->kind << 40) + d->draws++, (size_t)n, out);
}
static void draw_normal(drawer* d, int n, double* out) {
  df_rng_normal(d->seed, DF_STREAM_ACTION, ((uint64_t)d->kind << 40) + d->draws++, (size_t)n, out);
}
static double between(drawer* d, double lo, double hi) {
  double r;
  draw_uniform(d, 1, &r);
  return lo + (hi - lo) * r;
}

/* ---- actions ---- */

/* half the width of the action box; 1 where it is unbounded */
static double half_range(const df_system* s, int i) {
  const double half = 0.5 * (s->u_hi[i] - s->u_lo[i]);
  return isfinite(half) ? half : 1;
}

/* u [nu] = the rest action plus `size` times a uniform random offset of at most half the action box. Stays inside the
 * box, unless size > 1: then it may lie outside, where the simulator clamps. */
static void draw_action(drawer* d, double size, double* u) {
  const df_system* s = d->s;
  draw_uniform(d, s->nu, d->r);
  for (int i = 0; i < s->nu; i++) {
    const double wanted = d->rest[i] + size * half_range(s, i) * (2 * d->r[i] - 1);
    u[i] = size > 1 ? wanted : fmin(fmax(wanted, s->u_lo[i]), s->u_hi[i]);
  }
}

/* ---- states ---- */

/* d->at = the start of a motion: the first keyframe or else the initial state, with normal noise of standard deviation
 * `spread` on the position; d->rest = its rest action */
static void draw_start(drawer* d, double spread) {
  const mjModel* m = d->m;
  df_mujoco_initial_state(d->s, d->at);
  if (m->nkey > 0) mju_copy(d->at, m->key_qpos, (int)m->nq);
  memset(d->e, 0, (size_t)d->s->ndx * sizeof *d->e);
  draw_normal(d, (int)m->nv, d->e);
  for (int i = 0; i < m->nv; i++) d->e[i] *= spread;
  d->s->ops->integrate(d->s, d->at, d->e, d->at);
  df_system_rest_action(d->s, d->at, d->rest);
}

/* adds velocity [nv] to the state d->at */
static void push(drawer* d, const double* velocity) {
  const int nv = (int)d->m->nv;
  memset(d->e, 0, (size_t)d->s->ndx * sizeof *d->e);
  memcpy(d->e + nv, velocity, (size_t)nv * sizeof *d->e);
  d->s->ops->integrate(d->s, d->at, d->e, d->at);
}

/* adds a state and action to the results; false if they are full */
static bool keep(drawer* d, const double* x, const double* u) {
  const size_t nx = (size_t)d->s->nx, nu = (size_t)d->s->nu;
  if (d->found == d->n) return false;
  memcpy(d->x + (size_t)d->found * nx, x, nx * sizeof *x);
  memcpy(d->u + (size_t)d->found * nu, u, nu * sizeof *u);
  d->found++;
  return true;
}

/* Keeps d->at with action u unless a step from it, to d->next, diverges; false unless it completes. States at which the
 * simulator fails are kept here and below, so that the check counts them. */
static bool keep_if_sound(drawer* d, const double* u) {
  d->s->ops->reset(d->sim, d->at);
  const df_traj_end end = d->s->ops->step(d->sim, u, d->next);
  if (end != DF_TRAJ_DIVERGED) keep(d, d->at, u);
  return end == DF_TRAJ_COMPLETE;
}

/* steps from d->at, which becomes d->next, to the new d->at; false unless the step completes */
static bool advance(drawer* d, const double* u) {
  memcpy(d->next, d->at, (size_t)d->s->nx * sizeof *d->next);
  const df_traj_end end = d->s->ops->step(d->sim, u, d->at);
  if (end == DF_TRAJ_FAILED) keep(d, d->next, u);
  return end == DF_TRAJ_COMPLETE;
}

/* simulates 1.5 s (at most SETTLE_MAX actions) from a start under its rest action; false if that diverges */
static bool settle(drawer* d) {
  const int steps = (int)fmin(SETTLE_MAX, ceil(SETTLING / d->s->dt));
  draw_start(d, 0.02);
  d->s->ops->reset(d->sim, d->at);
  for (int t = 0; t < steps; t++) {
    if (!advance(d, d->rest)) return false;
  }
  return true;
}

/* ---- joints ---- */

static bool scalar(const mjModel* m, int joint) {
  return m->jnt_type[joint] == mjJNT_HINGE || m->jnt_type[joint] == mjJNT_SLIDE;
}

/* whether the joint is a vertical slide between the world and a body */
static bool vertical_rail(const mjModel* m, int joint) {
  return m->jnt_type[joint] == mjJNT_SLIDE && m->body_parentid[m->jnt_bodyid[joint]] == 0 &&
         fabs(m->jnt_axis[3 * joint + 2]) > 0.99;
}

/* raises free bodies, and bodies on a vertical slide fixed to the world, by `height` m */
static void lift(drawer* d, double height) {
  for (int j = 0; j < d->m->njnt; j++) {
    double* q = d->at + d->m->jnt_qposadr[j];
    if (d->m->jnt_type[j] == mjJNT_FREE) q[2] += height;
    if (vertical_rail(d->m, j)) q[0] += height * d->m->jnt_axis[3 * j + 2];
  }
}

/* adds a random velocity: to a free body 0.3 to 2 m/s along the floor, to other dofs standard normal */
static void push_along(drawer* d) {
  const mjModel* m = d->m;
  double* v = d->r;
  draw_normal(d, (int)m->nv, v);
  for (int j = 0; j < m->njnt; j++) {
    if (m->jnt_type[j] != mjJNT_FREE) continue;
    const double speed = between(d, 0.3, 2), way = between(d, 0, 2 * mjPI);
    double* dof = v + m->jnt_dofadr[j];
    dof[0] = speed * cos(way);
    dof[1] = speed * sin(way);
    for (int k = 2; k < 6; k++) dof[k] = 0;
  }
  push(d, v);
}

/* the radius of the body's first geom if that is round, else its height; at least 2 cm */
static double rolling_radius(const mjModel* m, int joint, double height) {
  const int body = m->jnt_bodyid[joint], geom = m->body_geomadr[body];
  const int type = m->body_geomnum[body] > 0 ? m->geom_type[geom] : mjGEOM_PLANE;
  const bool round = type == mjGEOM_SPHERE || type == mjGEOM_CAPSULE || type == mjGEOM_CYLINDER;
  return fmax(0.02, round ? m->geom_size[3 * geom] : height);
}

/* adds a velocity of 0.2 to 1.5 m/s to free bodies, with the spin for which their lowest point is at rest; false if the
 * model has no free body */
static bool push_rolling(drawer* d) {
  const mjModel* m = d->m;
  double* v = d->r;
  bool any = false;
  memset(v, 0, (size_t)m->nv * sizeof *v);
  for (int j = 0; j < m->njnt; j++) {
    if (m->jnt_type[j] != mjJNT_FREE) continue;
    const double *q = d->at + m->jnt_qposadr[j], radius = rolling_radius(m, j, q[2]);
    const double speed = between(d, 0.2, 1.5), way = between(d, 0, 2 * mjPI);
    const double world[3] = {-speed * sin(way) / radius, speed * cos(way) / radius, 0};
    double* dof = v + m->jnt_dofadr[j];
    double back[4];
    dof[0] = speed * cos(way);
    dof[1] = speed * sin(way);
    mju_negQuat(back, q + 3);
    mju_rotVecQuat(dof + 3, world, back);
    any = true;
  }
  push(d, v);
  return any;
}

/* moves about half of the limited hinges and slides, at least one, to one of their limits: mostly beyond it, by up to a
 * hundredth of the range; false if there is none */
static bool to_limits(drawer* d) {
  const mjModel* m = d->m;
  bool any = false;
  for (int j = 0; j < m->njnt; j++) {
    if (!m->jnt_limited[j] || !scalar(m, j)) continue;
    const mjtNum* range = m->jnt_range + 2 * j;
    double r[3];
    draw_uniform(d, 3, r);
    if (r[0] < 0.5 && any) continue;
    const double beyond = 0.01 * (range[1] - range[0]) * (1.25 * r[2] - 0.25);
    d->at[m->jnt_qposadr[j]] = r[1] < 0.5 ? range[0] - beyond : range[1] + beyond;
    any = true;
  }
  return any;
}

/* ---- one motion of each kind, keeping its states; false if the model cannot have such states ---- */

/* settled under the rest action (rest), or then pulled by random actions 2 % as large as the action box (stuck) */
static bool from_rest(drawer* d) {
  const bool pulled = d->kind == DF_STATE_STUCK;
  if (!settle(d)) return true;
  for (int i = 0; i < FROM_ONE; i++) {
    draw_action(d, pulled ? 0.02 : 0, d->action);
    if (!keep_if_sound(d, d->action)) return true;
    memcpy(d->at, d->next, (size_t)d->s->nx * sizeof *d->at);
    for (int t = 0; t < HELD; t++) {
      if (!advance(d, d->action)) return true;
    }
  }
  return true;
}

/* settled, then pushed to slide or roll */
static bool from_push(drawer* d) {
  const size_t bytes = (size_t)d->s->nx * sizeof *d->at;
  if (!settle(d)) return true;
  memcpy(d->settled, d->at, bytes);
  for (int i = 0; i < FROM_ONE; i++) {
    memcpy(d->at, d->settled, bytes);
    if (d->kind == DF_STATE_SLIDING) push_along(d);
    if (d->kind == DF_STATE_ROLLING && !push_rolling(d)) return false;
    /* one step further, so that contacts against which the body was pushed are made */
    d->s->ops->reset(d->sim, d->at);
    if (advance(d, d->rest)) (void)keep_if_sound(d, d->rest);
  }
  return true;
}

/* at joint limits with slow random velocities, lifted by half a metre in half of the cases */
static bool from_limits(drawer* d) {
  draw_start(d, 0.02);
  lift(d, between(d, 0, 1) < 0.5 ? 0.5 : 0);
  if (!to_limits(d)) return false;
  draw_normal(d, (int)d->m->nv, d->r);
  for (int i = 0; i < d->m->nv; i++) d->r[i] *= 0.1;
  push(d, d->r);
  draw_action(d, 0.1, d->action);
  (void)keep_if_sound(d, d->action);
  return true;
}

/* along random actions of small, medium or more than full size */
static bool from_motion(drawer* d) {
  static const double sizes[] = {0.1, 0.3, 1.3};
  const double size = sizes[(int)between(d, 0, 3)];
  const int every = 7; /* coprime with HELD, so that states are taken at every age of a held action */
  draw_start(d, 0.02);
  d->s->ops->reset(d->sim, d->at);
  for (int t = 0; t < EPISODE; t++) {
    if (t % HELD == 0) draw_action(d, size, d->action);
    if (!advance(d, d->action)) return true;
    if (t % every == 0) keep(d, d->next, d->action);
  }
  return true;
}

/* drops or throws the model, and keeps states before steps in which more contacts and limits push than in the step
 * before */
static bool from_drop(drawer* d) {
  int before = -1, kept = 0;
  draw_start(d, 0.05);
  lift(d, between(d, 0.02, 0.4));
  draw_normal(d, (int)d->m->nv, d->r);
  push(d, d->r);
  draw_action(d, 0.3, d->action);
  d->s->ops->reset(d->sim, d->at);
  for (int t = 0; t < DROP && kept < FROM_ONE; t++) {
    if (!advance(d, d->action)) return true;
    const df_active now = df_mujoco_active(d->sim);
    const int pushing = now.contacts + now.limits;
    if (before >= 0 && pushing > before) kept += keep(d, d->next, d->action);
    before = pushing;
  }
  return true;
}

/* ---- all states of a kind ---- */

static bool (*const motions[DF_STATE_KINDS])(drawer*) = {
    [DF_STATE_REST] = from_rest,     [DF_STATE_MOTION] = from_motion, [DF_STATE_IMPACT] = from_drop,
    [DF_STATE_LIMITS] = from_limits, [DF_STATE_SLIDING] = from_push,  [DF_STATE_ROLLING] = from_push,
    [DF_STATE_STUCK] = from_rest};

static df_status draw_all(drawer* d) {
  const size_t nx = (size_t)d->s->nx, ndx = (size_t)d->s->ndx, nu = (size_t)d->s->nu;
  double* memory = df_alloc(4 * nx + ndx + 3 * nu, sizeof *memory);
  if (!memory) return DF_E_NOMEM;
  d->at = memory;
  d->next = d->at + nx;
  d->settled = d->next + nx;
  d->e = d->settled + nx;
  d->rest = d->e + ndx;
  d->action = d->rest + nu;
  d->r = d->action + nu; /* [nx + nu] */
  bool possible = true;
  for (int tries = 0; tries < TRIES && d->found < d->n && possible; tries++) {
    const int before = d->found;
    possible = motions[d->kind](d);
    if (d->found > before) tries = -1;
  }
  df_free(memory);
  return DF_OK;
}

df_status df_gradcheck_draw(const df_system* system, const df_state_draw* draw, double* x, double* u, int* found) {
  DF_REQUIRE_POINTER(system);
  DF_REQUIRE_POINTER(draw);
  DF_REQUIRE_POINTER(x);
  DF_REQUIRE_POINTER(u);
  DF_REQUIRE_POINTER(found);
  DF_REQUIRE(df_system_is_mujoco(system), "df_gradcheck_draw: not a MuJoCo system");
  DF_REQUIRE(draw->n >= 0 && draw->kind >= 0 && draw->kind < DF_STATE_KINDS,
             "df_gradcheck_draw: n %d < 0 or unknown kind %d", draw->n, (int)draw->kind);
  *found = 0;
  drawer d = {.s = system, .m = as_mujoco(system)->model, .kind = draw->kind, .seed = draw->seed, .n = draw->n};
  d.x = x, d.u = u;
  DF_TRY(df_sim_new(system, 0, &d.sim));
  const df_status status = draw_all(&d);
  df_sim_free(system, d.sim);
  *found = d.found;
  return status;
}

const char* df_state_kind_name(df_state_kind kind) {
  static const char* const names[] = {
#define STATE_NAME(name, text) text,
      DF_STATE_LIST(STATE_NAME)
#undef STATE_NAME
  };
  return kind >= 0 && kind < DF_STATE_KINDS ? names[kind] : "?";
}
