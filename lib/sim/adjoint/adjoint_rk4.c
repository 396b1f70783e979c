/* The adjoint of a Runge-Kutta step: docs/adjoint.md, section 8. */
#include <string.h>

#include "adjoint.h"
#include "dynaflow/core/assert.h"
#include "rk4.h"

/* Scratch memory, [nv] unless stated otherwise. `drift` is the rate k_i at which stage i moves the position: its
 * velocity, and for rotations (RK4_CURVED) the rate of the rotation vector. */
typedef struct sweep {
  double* drift[RK4_STAGES];
  double* sum; /* a weighted sum of drifts */
  /* cotangents of the drifts, accelerations and activation rates of all stages */
  double* drift_bar[RK4_STAGES];
  double* acceleration[RK4_STAGES];
  double* act_dot[RK4_STAGES]; /* [na] */
  double *velocity, *move;     /* cotangents of the current stage's velocity, and of the sum that led to the stage */
  double *q, *v, *act;         /* cotangents of the state at the start of the step; act [na] */
} sweep;

enum { VECTORS = 3 * RK4_STAGES + 5 };

size_t df_rk4_adjoint_size(const df_mujoco* system) {
  const mjModel* m = system->model;
  return m->opt.integrator == mjINT_RK4 ? VECTORS * (size_t)m->nv + (RK4_STAGES + 1) * (size_t)m->na : 0;
}

static sweep lay_out(const mjModel* m, double* work) {
  const int nv = (int)m->nv, na = (int)m->na;
  sweep c = {.act = work + VECTORS * nv};
  for (int i = 0; i < RK4_STAGES; i++) {
    c.drift[i] = work + i * nv;
    c.drift_bar[i] = work + (RK4_STAGES + i) * nv;
    c.acceleration[i] = work + (2 * RK4_STAGES + i) * nv;
    c.act_dot[i] = c.act + (i + 1) * na;
  }
  double** rest[] = {&c.sum, &c.velocity, &c.move, &c.q, &c.v};
  for (int i = 0; i < 5; i++) *rest[i] = work + (3 * RK4_STAGES + i) * nv;
  return c;
}

/* r_i = h c_i k_(i-1) of one rotation: the rotation vector that led to stage i > 0 */
static void rotation_vector(const mjModel* m, const sweep* c, int i, int dof, double r[3]) {
  for (int k = 0; k < 3; k++) r[k] = m->opt.timestep * RK4_FRACTION[i] * c->drift[i - 1][dof + k];
}

/* Sets the drifts of all stages: the velocity, then k_i = Jr(r_i)^-1 v_i of rotations. */
static void find_drifts(const mjModel* m, const df_step_record stage[RK4_STAGES], sweep* c) {
  for (int i = 0; i < RK4_STAGES; i++) {
    memcpy(c->drift[i], stage[i].velocity, (size_t)m->nv * sizeof *c->drift[i]);
    for (int j = 0; j < m->njnt && RK4_CURVED && i > 0; j++) {
      const int dof = df_rotation_dof(m, j);
      if (dof < 0) continue;
      double r[3];
      rotation_vector(m, c, i, dof, r);
      df_rotation_rate(r, c->drift[i] + dof);
    }
  }
}

/* From the cotangent yq of q (+) h sum, adds to the cotangent of q and sets c->move, that of the sum. */
static void pull_position(const mjModel* m, sweep* c, const double* yq) {
  double qbar[MAX_NV];
  memset(c->move, 0, (size_t)m->nv * sizeof *c->move);
  df_mujoco_position_vjp(m, c->sum, yq, qbar, c->move);
  for (int k = 0; k < m->nv; k++) c->q[k] += qbar[k];
}

/* From the cotangent y of the next state, sets the cotangents of the start state and of the rates of all stages. */
static void pull_end(const df_mujoco* system, const double* open, sweep* c, const double* y) {
  const mjModel* m = system->model;
  const int nv = (int)m->nv;

  /* act' = clip(act + scale sum b_i act_dot_i) */
  for (int k = 0; k < m->na; k++) {
    c->act[k] = open[k] * y[2 * nv + k];
    for (int i = 0; i < RK4_STAGES; i++) c->act_dot[i][k] = RK4_WEIGHT[i] * system->actuation.scale[k] * c->act[k];
  }

  /* q' = q (+) h sum b_i k_i */
  for (int k = 0; k < nv; k++) {
    c->q[k] = 0;
    c->v[k] = y[nv + k];
    c->sum[k] = 0;
    for (int i = 0; i < RK4_STAGES; i++) c->sum[k] += RK4_WEIGHT[i] * c->drift[i][k];
  }
  pull_position(m, c, y);

  /* v' = v + h sum b_i a_i */
  for (int i = 0; i < RK4_STAGES; i++) {
    for (int k = 0; k < nv; k++) {
      c->drift_bar[i][k] = RK4_WEIGHT[i] * c->move[k];
      c->acceleration[i][k] = RK4_WEIGHT[i] * m->opt.timestep * y[nv + k];
    }
  }
}

/* Rotations, from the cotangent of the drift k_i = Jr(r_i)^-1 v_i of stage i: replaces their share in the cotangent of
 * the velocity, which was set as if k_i = v_i, and adds to the cotangent of the sum that led to the stage. */
static void pull_bend(const mjModel* m, sweep* c, const double* velocity, int i) {
  for (int j = 0; j < m->njnt; j++) {
    const int dof = df_rotation_dof(m, j);
    if (dof < 0) continue;
    double r[3], rbar[3] = {0};
    rotation_vector(m, c, i, dof, r);
    for (int k = 0; k < 3; k++) c->velocity[dof + k] -= c->drift_bar[i][dof + k];
    df_rotation_rate_vjp(r, velocity + dof, c->drift_bar[i] + dof, rbar, c->velocity + dof);
    for (int k = 0; k < 3; k++) c->move[dof + k] += m->opt.timestep * rbar[k];
  }
}

/* Stage i > 0, after the adjoint of its dynamics: from the cotangents of its position and activations (in a), velocity
 * and drift, adds to those of the start state and of the rates of stage i - 1. */
static void pull_stage(const mjModel* m, const df_step_record* stage, const df_adjoint* a, sweep* c, int i) {
  const double part = RK4_FRACTION[i];

  /* q_i = q (+) h c_i k_(i-1), and the dependence of k_i on the rotation vector */
  for (int k = 0; k < m->nv; k++) c->sum[k] = part * c->drift[i - 1][k];
  pull_position(m, c, a->qbar);
  if (RK4_CURVED) pull_bend(m, c, stage->velocity, i);

  /* v_i = v + h c_i a_(i-1) */
  for (int k = 0; k < m->nv; k++) {
    c->v[k] += c->velocity[k];
    c->drift_bar[i - 1][k] += part * c->move[k];
    c->acceleration[i - 1][k] += part * m->opt.timestep * c->velocity[k];
  }

  /* act_i = act + h c_i act_dot_(i-1) */
  for (int k = 0; k < m->na; k++) {
    c->act[k] += a->abar[k];
    c->act_dot[i - 1][k] += part * m->opt.timestep * a->abar[k];
  }
}

void df_rk4_adjoint(const df_mujoco* system, const df_tape* tape, int first, df_adjoint* a, const double* y,
                    double* xbar, double* ubar, double* pbar) {
  const mjModel* m = system->model;
  const size_t bytes = (size_t)m->nv * sizeof *y;
  sweep c = lay_out(m, a->more);
  df_step_record stage[RK4_STAGES];
  DF_ASSERT(first >= 0 && first + RK4_STAGES <= tape->count);
  for (int i = 0; i < RK4_STAGES; i++) stage[i] = df_tape_read(tape, system, first + i);

  /* the update at the end of the step */
  find_drifts(m, stage, &c);
  pull_end(system, stage[RK4_STAGES - 1].end_open, &c, y);

  /* stages, last to first */
  for (int i = RK4_STAGES - 1; i >= 0; i--) {
    a->hessian = a->hessians + (size_t)i * (size_t)m->nv * (size_t)df_stride((int)m->nv);
    a->inverse = a->inverses + (size_t)i * (size_t)m->nv;
    memcpy(a->w, c.acceleration[i], bytes);
    memcpy(c.velocity, c.drift_bar[i], bytes);
    memset(a->qbar, 0, bytes);
    memset(a->abar, 0, (size_t)m->na * sizeof *a->abar);
    memcpy(a->rate, c.act_dot[i], (size_t)m->na * sizeof *a->rate);

    /* dynamics of the stage */
    df_adjoint_solve(system, &stage[i], a);
    df_adjoint_dynamics(system, &stage[i], stage[i].acceleration, a, c.velocity, ubar);
    if (pbar) df_adjoint_parameters(system, &stage[i], &(df_parameter_cotangent){.w = a->w}, pbar);

    /* the state that the stage started from */
    if (i > 0) pull_stage(m, &stage[i], a, &c, i);
  }

  /* start state: what the stages gathered, and stage 0, which starts there */
  for (int k = 0; k < m->nv; k++) {
    xbar[k] = c.q[k] + a->qbar[k];
    xbar[m->nv + k] = c.v[k] + c.velocity[k];
  }
  for (int k = 0; k < m->na; k++) xbar[2 * m->nv + k] = c.act[k] + a->abar[k];
}
