/* states to check the adjoint at: settled, moving, met, pushed */
#include <math.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/rng.h"
#include "gradcheck_internal.h"

static const double SETTLING = 1.5;                   /* s */
enum { EPISODE = 100, HELD = 5, DROP = 200 };         /* actions: of a motion, of a draw of it, of a fall */
enum { SETTLE_MAX = 2000, TRIES = 40, FROM_ONE = 4 }; /* actions; motions without a state; states from one motion */

typedef struct drawer {
  const df_system* s;
  const mjModel* m;
  df_sim* sim;
  df_state_kind kind;
  uint64_t seed, draws; /* every draw has its own number */
  int n, found;
  double *x, *u;                                       /* [n][nx], [n][nu] */
  double *at, *next, *settled, *e, *rest, *action, *r; /* r: random numbers, at least as many as a state has entries */
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

static double half_range(const df_system* s, int i) {
  const double half = 0.5 * (s->u_hi[i] - s->u_lo[i]);
  return isfinite(half) ? half : 1;
}

/* the rest action and a random part of the action box; more than all of it also reaches beyond, where the simulator
 * clamps */
static void draw_action(drawer* d, double size, double* u) {
  const df_system* s = d->s;
  draw_uniform(d, s->nu, d->r);
  for (int i = 0; i < s->nu; i++) {
    const double wanted = d->rest[i] + size * half_range(s, i) * (2 * d->r[i] - 1);
    u[i] = size > 1 ? wanted : fmin(fmax(wanted, s->u_lo[i]), s->u_hi[i]);
  }
}

/* ---- states ---- */

/* where motions start: the first keyframe or the initial state, a little off it */
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

/* adds velocities e [nv] to the state */
static void push(drawer* d, const double* velocity) {
  const int nv = (int)d->m->nv;
  memset(d->e, 0, (size_t)d->s->ndx * sizeof *d->e);
  memcpy(d->e + nv, velocity, (size_t)nv * sizeof *d->e);
  d->s->ops->integrate(d->s, d->at, d->e, d->at);
}

static bool keep(drawer* d, const double* x, const double* u) {
  const size_t nx = (size_t)d->s->nx, nu = (size_t)d->s->nu;
  if (d->found == d->n) return false;
  memcpy(d->x + (size_t)d->found * nx, x, nx * sizeof *x);
  memcpy(d->u + (size_t)d->found * nu, u, nu * sizeof *u);
  d->found++;
  return true;
}

/* the state in `at`, if a step from it does not diverge */
static void keep_if_sound(drawer* d, const double* u) {
  d->s->ops->reset(d->sim, d->at);
  if (d->s->ops->step(d->sim, u, d->next) == DF_TRAJ_COMPLETE) keep(d, d->at, u);
}

/* to rest, under the start's rest action; false if that diverges */
static bool settle(drawer* d) {
  const int steps = (int)fmin(SETTLE_MAX, ceil(SETTLING / d->s->dt));
  draw_start(d, 0.02);
  d->s->ops->reset(d->sim, d->at);
  for (int t = 0; t < steps; t++) {
    if (d->s->ops->step(d->sim, d->rest, d->at) != DF_TRAJ_COMPLETE) return false;
  }
  return true;
}

/* ---- joints ---- */

static bool scalar(const mjModel* m, int joint) {
  return m->jnt_type[joint] == mjJNT_HINGE || m->jnt_type[joint] == mjJNT_SLIDE;
}

static bool vertical_rail(const mjModel* m, int joint) {
  return m->jnt_type[joint] == mjJNT_SLIDE && m->body_parentid[m->jnt_bodyid[joint]] == 0 &&
         fabs(m->jnt_axis[3 * joint + 2]) > 0.99;
}

/* what can fall is lifted */
static void lift(drawer* d, double height) {
  for (int j = 0; j < d->m->njnt; j++) {
    double* q = d->at + d->m->jnt_qposadr[j];
    if (d->m->jnt_type[j] == mjJNT_FREE) q[2] += height;
    if (vertical_rail(d->m, j)) q[0] += height * d->m->jnt_axis[3 * j + 2];
  }
}

/* along the floor where a body is free, else along the joints */
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

/* what a body rolls on: its first round geom, or all of its height */
static double rolling_radius(const mjModel* m, int joint, double height) {
  const int body = m->jnt_bodyid[joint], geom = m->body_geomadr[body];
  const int type = m->body_geomnum[body] > 0 ? m->geom_type[geom] : mjGEOM_PLANE;
  const bool round = type == mjGEOM_SPHERE || type == mjGEOM_CAPSULE || type == mjGEOM_CYLINDER;
  return fmax(0.02, round ? m->geom_size[3 * geom] : height);
}

/* free bodies roll: the lowest point stands still */
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

/* every other limited joint goes to one of its limits: mostly beyond, by up to a hundredth of its range */
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

/* ---- one motion of each kind; false if the model has none ---- */

static bool from_rest(drawer* d) {
  const bool pulled = d->kind == DF_STATE_STUCK;
  if (!settle(d)) return true;
  for (int i = 0; i < FROM_ONE; i++) {
    draw_action(d, pulled ? 0.02 : 0, d->action);
    keep_if_sound(d, d->action);
    for (int t = 0; t < HELD; t++) {
      if (d->s->ops->step(d->sim, d->action, d->at) != DF_TRAJ_COMPLETE) return true;
    }
  }
  return true;
}

static bool from_push(drawer* d) {
  const size_t bytes = (size_t)d->s->nx * sizeof *d->at;
  if (!settle(d)) return true;
  memcpy(d->settled, d->at, bytes);
  for (int i = 0; i < FROM_ONE; i++) {
    memcpy(d->at, d->settled, bytes);
    if (d->kind == DF_STATE_SLIDING) push_along(d);
    if (d->kind == DF_STATE_ROLLING && !push_rolling(d)) return false;
    /* a step on, so that what is pushed has met what it is pushed against */
    d->s->ops->reset(d->sim, d->at);
    if (d->s->ops->step(d->sim, d->rest, d->at) == DF_TRAJ_COMPLETE) keep_if_sound(d, d->rest);
  }
  return true;
}

static bool from_limits(drawer* d) {
  draw_start(d, 0.02);
  lift(d, between(d, 0, 1) < 0.5 ? 0.5 : 0);
  if (!to_limits(d)) return false;
  draw_normal(d, (int)d->m->nv, d->r);
  for (int i = 0; i < d->m->nv; i++) d->r[i] *= 0.1;
  push(d, d->r);
  draw_action(d, 0.1, d->action);
  keep_if_sound(d, d->action);
  return true;
}

static bool from_motion(drawer* d) {
  static const double sizes[] = {0.1, 0.3, 1.3};
  const double size = sizes[(int)between(d, 0, 3)];
  const int every = 7; /* no multiple of HELD: states at all ages of an action */
  draw_start(d, 0.02);
  d->s->ops->reset(d->sim, d->at);
  for (int t = 0; t < EPISODE; t++) {
    if (t % HELD == 0) draw_action(d, size, d->action);
    memcpy(d->next, d->at, (size_t)d->s->nx * sizeof *d->next);
    if (d->s->ops->step(d->sim, d->action, d->at) != DF_TRAJ_COMPLETE) return true;
    if (t % every == 0) keep(d, d->next, d->action);
  }
  return true;
}

/* drops, or throws what cannot fall, and keeps the states in which something more pushes than a step before */
static bool from_drop(drawer* d) {
  int before = -1, kept = 0;
  draw_start(d, 0.05);
  lift(d, between(d, 0.02, 0.4));
  draw_normal(d, (int)d->m->nv, d->r);
  push(d, d->r);
  draw_action(d, 0.3, d->action);
  d->s->ops->reset(d->sim, d->at);
  for (int t = 0; t < DROP && kept < FROM_ONE; t++) {
    memcpy(d->next, d->at, (size_t)d->s->nx * sizeof *d->next);
    if (d->s->ops->step(d->sim, d->action, d->at) != DF_TRAJ_COMPLETE) return true;
    const df_active now = df_mujoco_active(d->sim);
    const int pushing = now.contacts + now.limits;
    if (before >= 0 && pushing > before) kept += keep(d, d->next, d->action);
    before = pushing;
  }
  return true;
}

/* ---- all of a kind ---- */

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

df_status df_gradcheck_draw(const df_system* system, df_state_kind kind, int n, uint64_t seed, double* x, double* u,
                            int* found) {
  DF_REQUIRE(system && x && u && found, "df_gradcheck_draw: an argument is NULL");
  DF_REQUIRE(df_system_is_mujoco(system), "df_gradcheck_draw: not a MuJoCo system");
  DF_REQUIRE(n >= 0 && kind >= 0 && kind < DF_STATE_KINDS, "df_gradcheck_draw: %d states of kind %d", n, (int)kind);
  *found = 0;
  drawer d = {.s = system, .m = as_mujoco(system)->model, .kind = kind, .seed = seed, .n = n, .x = x, .u = u};
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
