/* The adjoint of a physics step: docs/adjoint.md, sections 1 and 2. */
#include "step.h"

#include <string.h>

#include "adjoint.h"
#include "dynaflow/core/assert.h"
#include "parameter_record.h"
#include "rk4.h"
#include "spatial.h"

/* ---- scratch memory ---- */

enum { DOF_VECTORS = 6, NODE_VECTORS = 8, LANES = 4 };

/* doubles at the beginning of the memory that hold the df_adjoint itself, rounded up to a multiple of LANES */
enum { HEAD = (sizeof(df_adjoint) + LANES * sizeof(double) - 1) / (LANES * sizeof(double)) * LANES };

/* stages of a step, each with a factorized matrix */
static size_t stages_of(const df_mujoco* system) {
  return system->model->opt.integrator == mjINT_RK4 ? RK4_STAGES : 1;
}

/* The matrices and the lanes come first, since they must be aligned to LANES doubles. */
static size_t array_size(const df_mujoco* system) {
  const size_t nv = (size_t)system->model->nv, nnode = (size_t)system->tree.nnode;
  const size_t matrix = nv * (size_t)df_stride((int)nv);
  return stages_of(system) * (matrix + nv) + 2 * LANES * 6 * nnode + NODE_VECTORS * 6 * nnode + 6 * nv + nnode +
         DOF_VECTORS * nv + 2 * (size_t)system->model->na;
}

static df_adjoint lay_out(const df_mujoco* system, double* work) {
  const size_t nv = (size_t)system->model->nv, nnode = (size_t)system->tree.nnode;
  const size_t matrix = nv * (size_t)df_stride((int)nv);
  df_adjoint a = {.hessian = work, .hessians = work};
  double* next = work + stages_of(system) * matrix;

  /* per node: lanes, then spatial vectors */
  a.motion = (df_lanes_spatial*)(void*)next;
  a.sum = a.motion + nnode;
  next += 2 * LANES * 6 * nnode;
  df_spatial** spatial[NODE_VECTORS] = {&a.shift, &a.mw, &a.mv, &a.ma, &a.force, &a.inertia, &a.gyro, &a.by_v};
  for (size_t i = 0; i < NODE_VECTORS; i++, next += 6 * nnode) *spatial[i] = (df_spatial*)(void*)next;

  /* per dof and per node */
  a.carried = (df_spatial*)(void*)next;
  next += 6 * nv;
  a.state = (df_node_state*)(void*)next;
  next += nnode;

  /* plain vectors, and the part of df_rk4_adjoint() */
  double** vectors[DOF_VECTORS] = {&a.w, &a.g, &a.delta, &a.lam, &a.qbar, &a.reached};
  for (size_t i = 0; i < DOF_VECTORS; i++, next += nv) *vectors[i] = next;
  a.inverse = a.inverses = next;
  next += stages_of(system) * nv;
  a.abar = next;
  a.rate = next + system->model->na;
  a.more = a.rate + system->model->na;
  return a;
}

size_t df_adjoint_work_size(const df_mujoco* system) {
  return HEAD + array_size(system) + df_rk4_adjoint_size(system);
}

void df_adjoint_prepare(const df_mujoco* system, double* work) {
  df_adjoint* a = (df_adjoint*)(void*)work;
  *a = lay_out(system, work + HEAD);
}

/* ---- Euler and implicitfast: from the cotangent of the next state to that of the acceleration ---- */

/* out = M x. M is in MuJoCo's sparse layout: rows of the lower triangle with ascending columns, the diagonal last. */
static void times_mass(const mjModel* m, const df_step_record* r, const double* x, double* out) {
  for (int k = 0; k < m->nv; k++) {
    const mjtNum* row = r->mass + m->M_rowadr[k];
    const int *column = m->M_colind + m->M_rowadr[k], last = m->M_rownnz[k] - 1;
    double sum = row[last] * x[k];
    for (int i = 0; i < last; i++) {
      sum += row[i] * x[column[i]];
      out[column[i]] += row[i] * x[k];
    }
    out[k] = sum;
  }
}

/* x = (L^T D L)^-1 x, with L below the diagonal of `factor` in the same layout and 1/D in `inverse` [nv] */
static void solve_factor(const mjModel* m, const double* factor, const double* inverse, double* x) {
  /* x = L^-T x */
  for (int k = (int)m->nv - 1; k >= 0; k--) {
    const double* row = factor + m->M_rowadr[k];
    const int *column = m->M_colind + m->M_rowadr[k], last = m->M_rownnz[k] - 1;
    const double xk = x[k];
    for (int i = 0; i < last; i++) x[column[i]] -= row[i] * xk;
  }

  /* x = L^-1 D^-1 x */
  for (int k = 0; k < m->nv; k++) {
    const double* row = factor + m->M_rowadr[k];
    const int *column = m->M_colind + m->M_rowadr[k], last = m->M_rownnz[k] - 1;
    double sum = x[k] * inverse[k];
    for (int i = 0; i < last; i++) sum -= row[i] * x[column[i]];
    x[k] = sum;
  }
}

/* g = (M + h B)^-1 h lam, with the factorization that the integrator has left on the tape */
static void solve_implicit(const df_mujoco* system, const df_step_record* r, df_adjoint* a) {
  const mjModel* m = system->model;
  for (int k = 0; k < m->nv; k++) a->g[k] = m->opt.timestep * a->lam[k];
  solve_factor(m, r->factor, r->factor_inverse, a->g);
  df_adjoint_solve_free(system, r, a);
}

/* g = M^-1 h lam, delta = 0: of a step without implicit damping */
static void solve_mass(const df_mujoco* system, const df_step_record* r, df_adjoint* a) {
  const df_pattern p = df_tree_pattern(&system->tree, false);
  df_adjoint_load_mass(system->model, r, &p, a->hessian);
  for (int k = 0; k < p.nv; k++) {
    a->g[k] = system->model->opt.timestep * a->lam[k];
    a->delta[k] = 0;
  }
  df_factor(&p, a->delta, a->hessian, a->inverse);
  df_factor_solve(&p, a->hessian, a->inverse, a->g);
}

/* Sets w = H^-1 M g, and g and delta = a - a_h where they are needed (section 2). Returns the acceleration [nv] in the
 * term M(q) a of w . r. Where no constraint acts, w = g and w . M a - g . M delta = g . M a_h: then that is a_h, and
 * the term in delta is gone. */
static const double* pull_acceleration(const df_mujoco* system, const df_step_record* r, df_adjoint* a) {
  const int nv = (int)system->model->nv;
  const double h = system->model->opt.timestep;

  /* no implicit damping: w = H^-1 h lam */
  if (!r->damped) {
    for (int k = 0; k < nv; k++) a->w[k] = h * a->lam[k];
    df_adjoint_solve(system, r, a);
    return r->acceleration;
  }

  /* g, and a_h from the velocities */
  solve_implicit(system, r, a);
  for (int k = 0; k < nv; k++) a->reached[k] = (r->velocity_next[k] - r->velocity[k]) / h;

  /* no constraint acts: H = M */
  if (!r->constrained) {
    memcpy(a->w, a->g, (size_t)nv * sizeof *a->w);
    return a->reached;
  }

  /* w = H^-1 M g */
  for (int k = 0; k < nv; k++) a->delta[k] = r->acceleration[k] - a->reached[k];
  times_mass(system->model, r, a->g, a->w);
  df_adjoint_solve(system, r, a);
  return r->acceleration;
}

/* ---- the step ---- */

/* Adds to pbar [nparameter]. Needs g and delta also of a step without implicit damping: its derivative by a damping
 * coefficient that is zero is not zero. */
static void pull_parameters(const df_mujoco* system, const df_step_record* r, df_adjoint* a, double* pbar) {
  if (!r->damped) solve_mass(system, r, a);
  for (int k = 0; k < system->model->nv; k++) {
    const double reached = (r->velocity_next[k] - r->velocity[k]) / system->model->opt.timestep;
    a->delta[k] = r->damped ? r->acceleration[k] - reached : 0;
  }
  const df_parameter_cotangent c = {.w = a->w, .g = a->g, .delta = a->delta};
  df_adjoint_parameters(system, r, &c, pbar);
}

static void euler_adjoint(const df_mujoco* system, const df_step_record* r, df_adjoint* a, const double* y,
                          double* xbar, double* ubar, double* pbar) {
  const size_t nv = (size_t)system->model->nv, na = (size_t)system->model->na;

  /* cotangent of the next velocity */
  memcpy(a->lam, y + nv, nv * sizeof *y);

  /* act' = act + scale act_dot, or a bound of its range */
  for (size_t k = 0; k < na; k++) {
    a->abar[k] = r->act_open[k] * y[2 * nv + k];
    a->rate[k] = system->actuation.scale[k] * a->abar[k];
  }

  /* q' = q (+) h v', v' = v + h a_h */
  df_mujoco_position_vjp(system->model, r->velocity_next, y, a->qbar, a->lam);
  const double* acceleration = pull_acceleration(system, r, a);
  memcpy(xbar + nv, a->lam, nv * sizeof *xbar);

  /* derivatives of w . r, g . M delta and g . B (v' - v) */
  if (r->damped && system->joint_forces.curved) df_adjoint_implicit_damping(system, r, a, xbar + nv, ubar);
  df_adjoint_dynamics(system, r, acceleration, a, xbar + nv, ubar);
  if (r->damped && r->constrained) df_adjoint_sweep_implicit(system, r, a);
  if (r->damped) df_adjoint_turn_free(system, r, a, xbar + nv);
  if (pbar) pull_parameters(system, r, a, pbar);

  /* xbar may be y, which is no longer needed */
  memcpy(xbar, a->qbar, nv * sizeof *xbar);
  memcpy(xbar + 2 * nv, a->abar, na * sizeof *xbar);
}

void df_adjoint_step(const df_mujoco* system, const df_tape* tape, int first, double* work, int rows, const double* y,
                     double* xbar, double* ubar, double* pbar) {
  const size_t ndx = (size_t)system->base.ndx, nu = (size_t)system->base.nu;
  df_adjoint* a = (df_adjoint*)(void*)work;
  DF_ASSERT(rows == 1 || !pbar); /* the gradient by parameters overwrites the factorization */
  a->factored = false;
  for (size_t i = 0; i < (size_t)rows; i++, a->factored = true) {
    if (system->model->opt.integrator == mjINT_RK4) {
      df_rk4_adjoint(system, tape, first, a, y + i * ndx, xbar + i * ndx, ubar + i * nu, pbar);
    } else {
      const df_step_record record = df_tape_read(tape, system, first);
      euler_adjoint(system, &record, a, y + i * ndx, xbar + i * ndx, ubar + i * nu, pbar);
    }
  }
}
