#include <math.h>
#include <stdio.h>
#include <string.h>

#include "check_parts.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/data/robot_base.h"
#include "dynaflow/sim/dynamics.h"
#include "dynaflow/stats/statistics.h"
#include "joints.h"

/* a median residual of up to so many times the floor is one of right data: of single clips with strong impacts */
static const double RESIDUAL_FLOORS = 3;
/* pairs of an episode that its residual is the median of, at least */
enum { EPISODE_POSES = 50 };

/* what is needed for one frame after another */
typedef struct inverse {
  const trace* m;
  df_sim* sim;
  df_dof* dof;                          /* [nv] */
  bool* own;                            /* [nv] of the robot */
  double mass;                          /* of the robot, kg */
  double *acceleration, *force, *other; /* [nv] */
  df_sim* mover;                        /* simulates the model's own motion */
  double *state, *action;               /* [2][nx], [nu] */
  double carried; /* m: what is nearer to the ground than this is carried by it; -INFINITY: none */
  double rise;    /* m, of the base above where it is recorded */
} inverse;

static bool has_free_dofs(const inverse* v) {
  for (int i = 0; i < v->m->nv; i++) {
    if (v->own[i] && !v->dof[i].actuated && !v->dof[i].rotates) return true;
  }
  return false;
}

/* force [nv] at state x, with the change of velocities between two states that are `h` s apart */
static bool force_between(const inverse* v, const double* x, const double* from, const double* to, double h) {
  const int nq = v->m->nq;
  for (int i = 0; i < v->m->nv; i++) v->acceleration[i] = (to[nq + i] - from[nq + i]) / h;
  return df_mujoco_inverse_quick(v->sim, x, v->acceleration, v->force) == DF_OK;
}

/* the force on translations of the robot that nothing drives, less `other` [nv] */
static double force_beyond(const inverse* v, const double* other) {
  double sum = 0;
  for (int i = 0; i < v->m->nv; i++) {
    const double force = v->force[i] - (other ? other[i] : 0);
    if (v->own[i] && !v->dof[i].actuated && !v->dof[i].rotates) sum += force * force;
  }
  return sqrt(sum);
}

/* at the first state of a pair; NAN if it cannot be computed */
static double force_at(const inverse* v, size_t k) {
  const trace* m = v->m;
  const double *x = df_dataset_state(m->data, m->episode[k], m->frame[k]), *next = x + m->data->nx;
  if (v->carried > -INFINITY) {
    df_mujoco_pose(v->sim, x);
    if (df_mujoco_ground_distance(v->sim, pose_root(m)) <= v->carried) return 0;
  }
  const double* at = x;
  if (v->rise != 0) {
    memcpy(v->state, x, (size_t)m->data->nx * sizeof *x);
    v->state[pose_base(m)->qpos + 2] += v->rise;
    at = v->state;
  }
  return force_between(v, at, x, next, m->h[m->episode[k]]) ? force_beyond(v, NULL) : NAN;
}

/* The same, of the free base, up: what carries it has to give more (> 0) or less. */
static double lift_at(const inverse* v, size_t k) {
  return isfinite(force_at(v, k)) ? v->force[pose_base(v->m)->dof + 2] : NAN;
}

/* whether frames are one physics step */
static bool is_step(const inverse* v, size_t k) {
  return round(v->m->h[v->m->episode[k]] / df_mujoco_timestep(v->m->system)) <= 1;
}

/* How far the forces with the accelerations of the frames before and after the state of a pair are apart: an
 * acceleration that changes within a frame is not known better. */
static double doubt_at(const inverse* v, size_t k) {
  const trace* m = v->m;
  const double *x = df_dataset_state(m->data, m->episode[k], m->frame[k]), *next = x + m->data->nx;
  const double h = m->h[m->episode[k]];
  if (is_step(v, k)) return 0;
  if (k == 0 || !trace_continues(m, k - 1) || m->jump[k - 1] || !force_between(v, x, x - m->data->nx, x, h)) return NAN;
  memcpy(v->other, v->force, (size_t)m->nv * sizeof *v->other);
  return force_between(v, x, x, next, h) ? force_beyond(v, v->other) : NAN;
}

/* The same of the model's own motion: the second of two frames that it simulates from there, its actuators at rest. */
static double own_force_at(const inverse* v, size_t k) {
  const trace* m = v->m;
  const df_system* s = m->system;
  const double h = m->h[m->episode[k]];
  const int actions = (int)fmax(1, round(h / s->dt));
  if (is_step(v, k)) return 0;
  double *x = v->state, *next = v->state + s->nx;
  memcpy(next, df_dataset_state(m->data, m->episode[k], m->frame[k]), (size_t)s->nx * sizeof *x);
  s->ops->reset(v->mover, next);
  for (int frame = 0; frame < 2; frame++) {
    memcpy(x, next, (size_t)s->nx * sizeof *x);
    df_system_rest_action(s, x, v->action);
    for (int a = 0; a < actions; a++) {
      if (s->ops->step(v->mover, v->action, next) != DF_TRAJ_COMPLETE) return NAN;
    }
  }
  return force_between(v, x, x, next, actions * s->dt) ? force_beyond(v, NULL) : NAN;
}

/* what is of the robot, and not held by a mocap body: its mass and its dofs */
static df_status find_own(inverse* v) {
  const trace* m = v->m;
  const int bodies = df_mujoco_body_count(m->system);
  bool* own = df_alloc((size_t)bodies, sizeof *own);
  if (!own) return DF_E_NOMEM;
  df_robot_bodies(m->system, trace_objects(m), own);
  /* the force of a constraint to a body whose pose is not recorded is not known */
  for (int b = 0; b < bodies; b++) own[b] &= df_mujoco_mocap_holder(m->system, df_mujoco_body_root(m->system, b)) < 0;
  for (int b = 0; b < bodies; b++) v->mass += own[b] ? df_mujoco_body_mass(m->system, b) : 0;
  for (int j = 0; j < m->njoint; j++) {
    const int dofs = joint_dofs(m->joints[j].kind);
    for (int k = 0; k < dofs; k++) v->own[m->joints[j].dof + k] = own[df_mujoco_joint_body(m->system, j)];
  }
  df_free(own);
  return DF_OK;
}

typedef double (*force_of)(const inverse*, size_t);

/* pairs of frames, at most `most` of [from, to) */
typedef struct pair_range {
  size_t from, to, most;
  double carried, rise; /* of inverse */
} pair_range;

/* the median over the pairs, in weights of the robot; NAN: unknown */
static double median_of(const inverse* v, force_of of, const pair_range* r, double* list) {
  const trace* m = v->m;
  const double weight = v->mass * df_mujoco_gravity(m->system);
  const size_t stride = (r->to - r->from) / r->most + 1;
  int n = 0;
  for (size_t k = r->from; k < r->to; k += stride) {
    const double force = m->jump[k] ? NAN : of(v, k);
    if (isfinite(force)) list[n++] = force / weight;
  }
  return n > 0 && weight > 0 ? df_median(n, list) : NAN;
}

/* out[i] = median of what of[i] gives at the pairs; NAN: unknown */
static df_status measure(const trace* m, const pair_range* r, int n, const force_of* of, double* out) {
  const size_t nv = (size_t)m->nv, nx = (size_t)m->system->nx, room = (r->to - r->from) + 1;
  inverse v = {.m = m,
               .dof = df_alloc(nv, sizeof *v.dof),
               .own = df_alloc(nv, sizeof *v.own),
               .carried = r->carried,
               .rise = r->rise};
  double* memory = df_alloc(3 * nv + 2 * nx + (size_t)m->system->nu + room, sizeof *memory);
  df_status status = v.dof && v.own && memory ? df_sim_new(m->system, 0, &v.sim) : DF_E_NOMEM;
  if (status == DF_OK) status = df_sim_new(m->system, 0, &v.mover);
  if (status == DF_OK) status = find_own(&v);
  for (int i = 0; i < n; i++) out[i] = NAN;
  if (status == DF_OK) {
    v.acceleration = memory;
    v.force = memory + nv;
    v.other = memory + 2 * nv;
    v.state = memory + 3 * nv;
    v.action = v.state + 2 * nx;
    df_mujoco_dofs(m->system, v.dof);
    for (int i = 0; i < n && has_free_dofs(&v); i++) out[i] = median_of(&v, of[i], r, v.action + m->system->nu);
  }
  df_sim_free(m->system, v.mover);
  df_sim_free(m->system, v.sim);
  df_free(v.dof);
  df_free(v.own);
  df_free(memory);
  return status;
}

static pair_range all_pairs(const trace* m, size_t poses_max) {
  return (pair_range){0, m->n, poses_max ? poses_max : 1, -INFINITY, 0};
}

df_status check_root_residual(const trace* m, size_t poses_max, double* median) {
  const pair_range all = all_pairs(m, poses_max);
  return measure(m, &all, 1, (const force_of[]){force_at}, median);
}

df_status check_put_down_residual(const trace* m, size_t poses_max, double down, double reach, double* median) {
  pair_range all = all_pairs(m, poses_max);
  all.carried = down + reach;
  return measure(m, &all, 1, (const force_of[]){force_at}, median);
}

/* the median of the force up that is missing with the base higher by `rise`, weights */
static df_status lift_risen(const trace* m, size_t poses_max, double rise, double* median) {
  pair_range all = all_pairs(m, poses_max);
  all.rise = rise;
  return measure(m, &all, 1, (const force_of[]){lift_at}, median);
}

df_status check_rise(const trace* m, size_t poses_max, pose_summary* p) {
  enum { FEW = 200, HALVINGS = 12 };
  static const double DEEP = 0.02, BALANCED = 0.1;
  const size_t most = poses_max < FEW ? poses_max : FEW;
  double high = -p->nearest, low = fmin(high, -p->lowest) - pose_length(p, DEEP), above = NAN, below = NAN;
  p->rise = p->lowest < 0 ? -p->lowest : -p->nearest;
  if (!p->has_base) return DF_OK;
  DF_TRY(lift_risen(m, most, high, &above));
  DF_TRY(lift_risen(m, most, low, &below));
  if (!(above > BALANCED && below < 0)) return DF_OK;
  for (int i = 0; i < HALVINGS; i++) {
    const double middle = (low + high) / 2;
    double lift;
    DF_TRY(lift_risen(m, most, middle, &lift));
    if (lift > 0)
      high = middle;
    else
      low = middle;
  }
  p->rise = low;
  p->carried = true;
  return DF_OK;
}

df_status check_residual_floor(const trace* m, size_t poses_max, double* floor) {
  const pair_range all = all_pairs(m, poses_max);
  double median[2];
  DF_TRY(measure(m, &all, 2, (const force_of[]){doubt_at, own_force_at}, median));
  *floor = fmax(median[0], median[1]);
  return DF_OK;
}

df_status check_episode_residuals(const trace* m, size_t poses_max, double* median) {
  const size_t most = poses_max / (size_t)m->data->episodes + 1;
  for (int e = 0; e < m->data->episodes; e++) median[e] = NAN;
  for (size_t from = 0, to = 0; from < m->n; from = to) {
    while (to < m->n && m->episode[to] == m->episode[from]) to++;
    const pair_range one = {from, to, most > EPISODE_POSES ? most : EPISODE_POSES, -INFINITY, 0};
    DF_TRY(measure(m, &one, 1, (const force_of[]){force_at}, &median[m->episode[from]]));
  }
  return DF_OK;
}

/* Whether the force is that of contacts which slide fast but are not deep. A body that slides is braked by friction,
 * which is no more than its weight; contacts that push with many weights belong to wheels, tracks or legs that are read
 * with another sign, unit or order. */
static bool only_slides(const pose_summary* p) {
  static const double FAST = 0.5, SHALLOW = 0.002; /* m/s, m */
  return p->slip > pose_speed(p, FAST) && p->lowest > -pose_length(p, SHALLOW);
}

/* that forces on what a mocap body holds are not judged; `known`: those of other parts are, and are small */
static void report_held(const pose_summary* p, data_finding* one, bool known) {
  data_finding_judge(
      one, CHECK_OK,
      "%s: an equality constraint ties %s to the mocap body %s, whose pose is not in the states, so that "
      "what it provides is not known",
      known ? "judged in part" : "not judged", known ? "a body" : "the base", p->held_by);
}

/* what may provide a force, or nothing: contacts, or a constraint that a program switches on */
static void provider_of(const pose_summary* p, bool rarely, char* words, size_t n) {
  const char* else_than = rarely ? "" : " but contacts";
  if (p->idle_tie[0])
    snprintf(words, n,
             "nothing in the model%s can provide it while its equality constraint %s, which involves the "
             "base, is inactive as at its start",
             else_than, p->idle_tie);
  else
    snprintf(words, n, "nothing in the model%s can provide it", else_than);
}

/* Recorded contacts a few millimetres deep push with many weights: what `penetration` judges. */
void check_forces(const pose_summary* p, data_findings* out) {
  static const double RARELY = 0.2; /* share of the poses that touch something */
  const double left = p->residual_floor > 0 ? RESIDUAL_FLOORS * p->residual_floor : 0, limit = CHECK_RESIDUAL + left;
  if (isnan(p->residual) && !p->held_by[0]) return;
  data_finding* one =
      data_findings_add(out, DATA_CHECK_ROOT_RESIDUAL, NULL, p->residual, isnan(p->residual) ? NAN : limit, "weights");
  const bool impossible = p->residual > CHECK_RESIDUAL_MOST + left && p->touching < RARELY && !p->idle_tie[0];
  char provides[224];
  provider_of(p, p->touching < RARELY, provides, sizeof provides);
  const bool slides = p->residual > CHECK_RESIDUAL_SLIDES + left && only_slides(p);
  if (p->held_by[0] && !(p->residual > CHECK_RESIDUAL))
    report_held(p, one, isfinite(p->residual));
  else if (p->residual > limit && p->touching >= RARELY && slides)
    data_finding_judge(
        one, CHECK_WRONG,
        "unactuated translations need %.3g x body weight (median over frames), and contacts that are not "
        "deep slide at %.3g m/s: wheels or other joints that touch the floor have another sign, unit or "
        "order in the recording than in the model",
        p->residual, p->slip);
  else if (p->residual > limit)
    data_finding_judge(one, impossible ? CHECK_WRONG : CHECK_WARN,
                       "unactuated translations need %.3g x body weight (median over frames): %s", p->residual,
                       provides);
  else if (p->residual > CHECK_RESIDUAL)
    data_finding_judge(
        one, CHECK_OK,
        "contacts within frames of several physics steps leave up to %.3g weights, so a smaller force is "
        "no evidence against the motion",
        limit);
}
