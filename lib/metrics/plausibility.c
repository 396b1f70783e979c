#include "dynaflow/metrics/plausibility.h"

#include <float.h>
#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/limits.h"
#include "dynaflow/data/robot_base.h"
#include "dynaflow/sim/dynamics.h"
#include "dynaflow/sim/mujoco.h"
#include "dynaflow/stats/statistics.h"
#include "pool.h"

df_plausible_def df_plausible_define(df_plausible value) {
  static const df_plausible_def table[] = {
#define PLAUSIBLE_ROW(name, metric, largest) {metric, largest},
      DF_PLAUSIBILITY_LIST(PLAUSIBLE_ROW)
#undef PLAUSIBLE_ROW
  };
  return table[value];
}

/* ---- what is derived from the model once ---- */

typedef struct model_facts {
  const df_system* system;
  const df_plausibility_cfg* cfg;
  int nq, nv, nbody, njoint;
  df_dof* dof;                       /* [nv] */
  const df_joint* joint;             /* [njoint] */
  double* speed;                     /* [nv] velocity limit, +inf: none */
  int* root;                         /* [nbody] kinematic tree of each body, 0: static */
  bool *own, *own_dof;               /* [nbody], [nv] of the robot */
  double* mass;                      /* [nbody], 0 for bodies that are not of the robot */
  double moving, weight;             /* their sum, kg and N */
  int limited, geared, driven;       /* joints with a range, dofs with a velocity limit, dofs with a force range */
  bool floats, turns, bodies;        /* unactuated translations, unactuated rotations, moving bodies */
  bool closed;                       /* the dynamics are in closed form (df_dynamics) */
  bool defined[DF_PLAUSIBLE_VALUES]; /* by model and settings */
} model_facts;

static void facts_clear(model_facts* f) {
  df_free(f->dof);
  df_free(f->speed);
  df_free(f->root);
  df_free(f->mass);
  df_free(f->own);
  df_free(f->own_dof);
}

static bool has_force_range(const df_dof* dof) {
  return dof->actuated && isfinite(dof->lo) && isfinite(dof->hi) && dof->lo < dof->hi;
}

static void count_dofs(model_facts* f) {
  for (int i = 0; i < f->nv; i++) {
    f->speed[i] = INFINITY;
    f->floats |= f->own_dof[i] && !f->dof[i].actuated && !f->dof[i].rotates;
    f->turns |= f->own_dof[i] && !f->dof[i].actuated && f->dof[i].rotates;
    f->driven += has_force_range(&f->dof[i]);
  }
  const df_list* limits = f->cfg->velocity_limit;
  for (int j = 0; j < f->njoint; j++) {
    const df_joint* joint = &f->joint[j];
    f->limited += isfinite(joint->lo) && isfinite(joint->hi);
    const bool single = joint->kind == DF_JOINT_HINGE || joint->kind == DF_JOINT_SLIDE;
    if (!single || !f->dof[joint->dof].actuated || !limits || limits->n == 0) continue;
    f->speed[joint->dof] = limits->v[f->geared++ % limits->n];
  }
}

static void define(model_facts* f) {
  const bool weighs = f->weight > 0;
  bool* d = f->defined;
  d[DF_PLAUSIBLE_ROOT_RESIDUAL] = d[DF_PLAUSIBLE_ROOT_SHARE] = weighs && f->floats;
  d[DF_PLAUSIBLE_ROOT_TORQUE] = weighs && f->turns;
  d[DF_PLAUSIBLE_PENETRATION] = d[DF_PLAUSIBLE_PENETRATION_WORST] = d[DF_PLAUSIBLE_PENETRATION_SHARE] = true;
  d[DF_PLAUSIBLE_SELF_COLLISION] = d[DF_PLAUSIBLE_SELF_COLLISION_WORST] = true;
  d[DF_PLAUSIBLE_SLIP] = f->cfg->n_feet > 0;
  d[DF_PLAUSIBLE_JOINT_LIMIT] = d[DF_PLAUSIBLE_JOINT_LIMIT_WORST] = f->limited > 0;
  d[DF_PLAUSIBLE_VELOCITY_LIMIT] = d[DF_PLAUSIBLE_VELOCITY_LIMIT_WORST] = f->geared > 0;
  d[DF_PLAUSIBLE_TORQUE_LIMIT] = d[DF_PLAUSIBLE_TORQUE_LIMIT_WORST] = f->driven > 0;
  d[DF_PLAUSIBLE_JERK] = f->bodies;
  for (int i = 0; i < f->nv; i++) d[DF_PLAUSIBLE_POWER] |= f->dof[i].actuated;
  d[DF_PLAUSIBLE_POWER_TRANSPORT] = d[DF_PLAUSIBLE_POWER] && weighs && f->floats;
  /* without MuJoCo's forces and contacts, only what follows from the motion itself */
  for (int i = 0; i < DF_PLAUSIBLE_VALUES && f->closed; i++) d[i] &= i == DF_PLAUSIBLE_JERK;
}

/* the dofs of the robot's bodies: those of a joint end where the next one's begin */
static void mark_dofs(model_facts* f) {
  for (int j = 0; j < f->njoint; j++) {
    const int end = j + 1 < f->njoint ? f->joint[j + 1].dof : f->nv;
    const bool own = f->own[df_mujoco_joint_body(f->system, j)];
    for (int i = f->joint[j].dof; i < end; i++) f->own_dof[i] = own;
  }
}

static df_status facts_build(model_facts* f, const df_system* system, const df_plausibility_cfg* cfg) {
  *f = (model_facts){.system = system,
                     .cfg = cfg,
                     .closed = df_mujoco_dynamics(system) != DF_DYNAMICS_MUJOCO,
                     .nq = df_mujoco_nq(system),
                     .nv = df_mujoco_nv(system),
                     .nbody = df_mujoco_body_count(system)};
  f->njoint = df_mujoco_joints(system, &f->joint);
  f->dof = df_alloc((size_t)f->nv, sizeof *f->dof);
  f->speed = df_alloc((size_t)f->nv, sizeof *f->speed);
  f->root = df_alloc((size_t)f->nbody, sizeof *f->root);
  f->mass = df_alloc((size_t)f->nbody, sizeof *f->mass);
  f->own = df_alloc((size_t)f->nbody, sizeof *f->own);
  f->own_dof = df_alloc((size_t)f->nv, sizeof *f->own_dof);
  if (!f->dof || !f->speed || !f->root || !f->mass || !f->own || !f->own_dof) {
    facts_clear(f);
    return DF_E_NOMEM;
  }
  df_mujoco_dofs(system, f->dof);
  df_robot_bodies(system, cfg->objects, f->own);
  mark_dofs(f);
  for (int b = 0; b < f->nbody; b++) {
    f->root[b] = df_mujoco_body_root(system, b);
    f->mass[b] = f->own[b] ? df_mujoco_body_mass(system, b) : 0;
    f->moving += f->mass[b];
    f->bodies |= f->root[b] > 0;
  }
  f->weight = f->moving * df_mujoco_gravity(system);
  count_dofs(f);
  define(f);
  return DF_OK;
}

/* ---- one window ---- */

/* how often a number leaves its range, and how far at most, in units of the range's width */
typedef struct excess {
  long beyond, numbers;
  double worst;
} excess;

static void hold(double v, double lo, double hi, excess* e) {
  const double out = fmax(lo - v, v - hi);
  e->numbers++;
  if (out <= DF_RANGE_TOLERANCE * (hi - lo)) return;
  e->beyond++;
  e->worst = fmax(e->worst, out / (hi - lo));
}

static double share_of(const excess* e) {
  return e->numbers ? (double)e->beyond / (double)e->numbers : NAN;
}

/* the sums over a window, and memory of its thread */
typedef struct window {
  const model_facts* f;
  df_sim* sim;
  int frames, steps;                 /* so far */
  double *force, *acceleration;      /* [nv] */
  double* compensation;              /* [nv] */
  double *residual, *torque, *power; /* [H] of every step: weights, N m per N, W */
  double* centres;                   /* [4][nbody][3] of the last four frames */
  int above, deep, collides, stands; /* steps or frames: a large residual, deep, in self-collision, on feet */
  double penetration, penetration_worst, self_worst, slip, jerk, way;
  long jerks;
  excess joint, velocity, drive;
} window;

static const double* centres_of(const window* w, int frame) {
  return w->centres + (size_t)(frame % 4) * 3 * (size_t)w->f->nbody;
}

/* the forces and torques of one step that no actuator provides, the forces beyond the actuators' and the power of the
 * actuators, which also compensate gravity where the model lets them */
static void take_forces(window* w, const double* v, const double* v_next) {
  const model_facts* f = w->f;
  double force2 = 0, torque2 = 0, power = 0;
  for (int i = 0; i < f->nv; i++) {
    const df_dof* dof = &f->dof[i];
    const double force = w->force[i];
    if (dof->actuated) power += fabs((force + w->compensation[i]) * 0.5 * (v[i] + v_next[i]));
    if (has_force_range(dof)) hold(force, dof->lo, dof->hi, &w->drive);
    if (f->own_dof[i] && !dof->actuated) *(dof->rotates ? &torque2 : &force2) += force * force;
  }
  w->residual[w->steps] = sqrt(force2) / f->weight;
  w->torque[w->steps] = sqrt(torque2) / f->weight;
  w->above += w->residual[w->steps] > DF_RESIDUAL_LIMIT;
  w->power[w->steps] = power;
  w->steps++;
}

static bool is_foot(const df_plausibility_cfg* cfg, int geom) {
  for (int k = 0; k < cfg->n_feet; k++) {
    if (cfg->feet[k] == geom) return true;
  }
  return false;
}

static void take_contacts(window* w) {
  const model_facts* f = w->f;
  double depth = 0, self = 0, sliding = 0;
  int feet = 0;
  for (int i = 0; i < df_mujoco_contact_count(w->sim); i++) {
    const df_contact c = df_mujoco_contact(w->sim, i);
    /* two geoms of one kinematic tree collide with each other */
    const int root = c.body[0] >= 0 ? f->root[c.body[0]] : 0;
    const bool within = root && c.body[1] >= 0 && f->root[c.body[1]] == root;
    double* deepest = within ? &self : &depth;
    *deepest = fmax(*deepest, -c.distance);
    if (!c.active || !(is_foot(f->cfg, c.geom[0]) || is_foot(f->cfg, c.geom[1]))) continue;
    sliding += df_mujoco_sliding_speed(w->sim, &c);
    feet++;
  }
  w->penetration += depth;
  w->penetration_worst = fmax(w->penetration_worst, depth);
  w->deep += depth > DF_PENETRATION_LIMIT;
  w->collides += self > 0;
  w->self_worst = fmax(w->self_worst, self);
  if (feet) w->slip += sliding / feet;
  w->stands += feet > 0;
}

static void take_joints(window* w, const double* x) {
  const model_facts* f = w->f;
  for (int j = 0; j < f->njoint; j++) {
    const df_joint* joint = &f->joint[j];
    if (isfinite(joint->lo) && isfinite(joint->hi)) hold(x[joint->qpos], joint->lo, joint->hi, &w->joint);
  }
  for (int i = 0; i < f->nv; i++) {
    if (isfinite(f->speed[i])) hold(x[f->nq + i], -f->speed[i], f->speed[i], &w->velocity);
  }
}

/* the third difference of the centres of mass, and the way of the robot's one along the ground */
static void take_centres(window* w) {
  const model_facts* f = w->f;
  const int t = w->frames;
  df_mujoco_body_centres(w->sim, w->centres + (size_t)(t % 4) * 3 * (size_t)f->nbody);
  const double *now = centres_of(w, t), *one = centres_of(w, t + 3), *two = centres_of(w, t + 2),
               *three = centres_of(w, t + 1);
  double dx = 0, dy = 0;
  for (int b = 0; b < f->nbody && t > 0; b++) {
    dx += f->mass[b] * (now[3 * b] - one[3 * b]) / f->moving;
    dy += f->mass[b] * (now[3 * b + 1] - one[3 * b + 1]) / f->moving;
  }
  if (f->moving > 0) w->way += hypot(dx, dy);
  for (int b = 0; b < f->nbody && t >= 3; b++) {
    if (!f->root[b]) continue;
    double third[3];
    for (int k = 3 * b; k < 3 * b + 3; k++) third[k - 3 * b] = now[k] - 3 * one[k] + 3 * two[k] - three[k];
    w->jerk += sqrt(third[0] * third[0] + third[1] * third[1] + third[2] * third[2]);
    w->jerks++;
  }
}

/* Loads a state, with the forces that w->acceleration needs there, of which dynamics in closed form know nothing.
 * DF_E_ARG for an acceleration that is not finite. */
static df_status load_pair(window* w, const double* x) {
  const model_facts* f = w->f;
  if (f->closed) {
    df_mujoco_pose(w->sim, x);
    return df_within(w->acceleration, (size_t)f->nv, DBL_MAX) ? DF_OK : DF_E_ARG;
  }
  DF_TRY(df_mujoco_inverse(w->sim, x, w->acceleration, w->force));
  df_mujoco_compensation(w->sim, w->compensation);
  return DF_OK;
}

/* Measures the first n frames; *usable is false from a state on that is not finite or too large. */
static df_status walk(window* w, int n, const double* x, bool* usable) {
  const model_facts* f = w->f;
  const size_t nx = (size_t)f->system->nx;
  *usable = df_within_limit(x, (size_t)n * nx);
  if (!*usable) return DF_OK;
  for (; w->frames < n; w->frames++) {
    const double *now = x + (size_t)w->frames * nx, *v = now + f->nq, *v_next = v + nx;
    if (w->frames + 1 < n) {
      for (int i = 0; i < f->nv; i++) w->acceleration[i] = (v_next[i] - v[i]) / f->system->dt;
      const df_status status = load_pair(w, now);
      *usable = status != DF_E_ARG; /* the acceleration of states within the limit overflows */
      if (status != DF_OK) return *usable ? status : DF_OK;
      if (!f->closed) take_forces(w, v, v_next);
    } else {
      df_mujoco_pose(w->sim, now);
    }
    take_contacts(w);
    take_joints(w, now);
    take_centres(w);
  }
  return DF_OK;
}

/* the values of a window from its sums */
static void sum_up(window* w, double* out) {
  const double n = w->frames, steps = w->steps, dt = w->f->system->dt;
  out[DF_PLAUSIBLE_ROOT_RESIDUAL] = df_median(w->steps, w->residual);
  out[DF_PLAUSIBLE_ROOT_TORQUE] = df_median(w->steps, w->torque);
  out[DF_PLAUSIBLE_ROOT_SHARE] = w->above / steps;
  out[DF_PLAUSIBLE_PENETRATION] = w->penetration / n;
  out[DF_PLAUSIBLE_PENETRATION_WORST] = n > 0 ? w->penetration_worst : NAN;
  out[DF_PLAUSIBLE_PENETRATION_SHARE] = w->deep / n;
  out[DF_PLAUSIBLE_SELF_COLLISION] = w->collides / n;
  out[DF_PLAUSIBLE_SELF_COLLISION_WORST] = n > 0 ? w->self_worst : NAN;
  out[DF_PLAUSIBLE_SLIP] = w->stands ? w->slip / w->stands : 0 / n;
  out[DF_PLAUSIBLE_JOINT_LIMIT] = share_of(&w->joint);
  out[DF_PLAUSIBLE_JOINT_LIMIT_WORST] = n > 0 ? w->joint.worst : NAN;
  out[DF_PLAUSIBLE_VELOCITY_LIMIT] = share_of(&w->velocity);
  out[DF_PLAUSIBLE_VELOCITY_LIMIT_WORST] = n > 0 ? w->velocity.worst : NAN;
  out[DF_PLAUSIBLE_TORQUE_LIMIT] = share_of(&w->drive);
  out[DF_PLAUSIBLE_TORQUE_LIMIT_WORST] = steps > 0 ? w->drive.worst : NAN;
  out[DF_PLAUSIBLE_JERK] = w->jerks ? w->jerk / (double)w->jerks / (dt * dt * dt) : NAN;
  out[DF_PLAUSIBLE_POWER] = df_median(w->steps, w->power);
  out[DF_PLAUSIBLE_POWER_TRANSPORT] =
      w->way >= DF_TRANSPORT_LEAST ? out[DF_PLAUSIBLE_POWER] * steps * dt / (w->f->weight * w->way) : NAN;
}

/* Measures window b into column b of values [DF_PLAUSIBLE_VALUES][B]; `memory` has room_of() doubles. */
static df_status measure(const model_facts* f, df_sim* sim, const df_trajectories* made, int b, double* memory,
                         double* values) {
  const size_t nv = (size_t)f->nv, H = (size_t)made->H, window_size = (H + 1) * (size_t)f->system->nx;
  window w = {.f = f,
              .sim = sim,
              .force = memory,
              .acceleration = memory + nv,
              .compensation = memory + 2 * nv,
              .residual = memory + 3 * nv,
              .torque = memory + 3 * nv + H,
              .power = memory + 3 * nv + 2 * H,
              .centres = memory + 3 * nv + 3 * H};
  double out[DF_PLAUSIBLE_VALUES];
  const int frames = f->cfg->frames ? f->cfg->frames[b] : made->H + 1;
  bool usable;
  const df_status status = walk(&w, frames, made->x + (size_t)b * window_size, &usable);
  if (status != DF_OK) {
    char reason[256];
    snprintf(reason, sizeof reason, "%s", df_error_message());
    return df_fail(status, "plausibility: window %d, frame %d: %s", b, w.frames, reason);
  }
  sum_up(&w, out);
  for (int i = 0; i < DF_PLAUSIBLE_VALUES; i++) {
    values[(size_t)i * (size_t)made->B + (size_t)b] = !f->defined[i] ? NAN : usable ? out[i] : INFINITY;
  }
  return DF_OK;
}

static size_t room_of(const model_facts* f, int H) {
  return 3 * (size_t)f->nv + 3 * (size_t)H + 12 * (size_t)f->nbody;
}

df_status df_metric_plausibility(const df_system* system, const df_plausibility_cfg* cfg, const df_trajectories* made,
                                 int threads, double* values) {
  DF_REQUIRE_POINTER(system);
  DF_REQUIRE_POINTER(cfg);
  DF_REQUIRE_POINTER(made);
  DF_REQUIRE_POINTER(values);
  DF_REQUIRE(made->x, "plausibility: made.x is NULL");
  const int B = made->B, H = made->H;
  DF_REQUIRE(B >= 1 && H >= 1 && threads >= 1, "plausibility: B = %d, H = %d and threads = %d must be at least 1", B, H,
             threads);
  DF_REQUIRE(df_system_is_mujoco(system), "plausibility: the system is not a MuJoCo model");
  DF_REQUIRE(cfg->n_feet == 0 || cfg->feet, "plausibility: cfg.feet is NULL");
  for (int k = 0; k < cfg->n_feet; k++) DF_REQUIRE(cfg->feet[k] >= 0, "plausibility: foot %d has no geom", k);

  /* facts, simulators and memory of every thread */
  model_facts facts;
  DF_TRY(facts_build(&facts, system, cfg));
  const size_t room = room_of(&facts, H);
  const int n = df_pool_size(threads, B);
  double* memory = df_alloc((size_t)n * room, sizeof *memory);
  df_pool pool = {0};
  df_status status = memory ? df_pool_new(system, n, &pool) : DF_E_NOMEM;

  /* measure every window; messages are per thread: that of the first window whose simulator fails */
  if (status == DF_OK) {
    int first = B;
    char message[512] = "";
#pragma omp parallel for num_threads(n) schedule(static)
    for (int b = 0; b < B; b++) {
      const int me = omp_get_thread_num();
      const df_status one = measure(&facts, pool.sim[me], made, b, memory + (size_t)me * room, values);
#pragma omp critical
      if (one != DF_OK && b < first) {
        first = b;
        status = one;
        snprintf(message, sizeof message, "%s", df_error_message());
      }
    }
    df_pool_free(&pool);
    if (status != DF_OK) (void)df_fail(status, "%s", message);
  }
  df_free(memory);
  facts_clear(&facts);
  return status;
}
