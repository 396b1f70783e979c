/* One step backwards: docs/adjoint.md has the derivation. */
#include "adjoint.h"

#include <string.h>

#include "rk4.h"
#include "spatial.h"

/* ---- scratch memory ---- */

enum { DOF_VECTORS = 5, NODE_VECTORS = 14 };

size_t df_adjoint_size(const df_mujoco* system) {
  const size_t nv = (size_t)system->model->nv, nnode = (size_t)system->tree.nnode;
  return 2 * nv * nv + DOF_VECTORS * nv + 2 * (size_t)system->model->na + NODE_VECTORS * 6 * nnode;
}

df_adjoint df_adjoint_lay_out(const df_mujoco* system, double* work) {
  const size_t nv = (size_t)system->model->nv, nnode = (size_t)system->tree.nnode;
  df_adjoint a;
  a.hessian = work;
  a.implicit_mass = a.hessian + nv * nv;
  double** vectors[DOF_VECTORS] = {&a.w, &a.g, &a.delta, &a.lam, &a.qbar};
  double* next = a.implicit_mass + nv * nv;
  for (size_t i = 0; i < DOF_VECTORS; i++, next += nv) *vectors[i] = next;
  a.abar = next;
  a.rate = next + system->model->na;
  next += 2 * system->model->na;
  df_spatial** spatial[NODE_VECTORS] = {&a.mw,      &a.mv,   &a.ma,    &a.ma0,  &a.mg,   &a.mdelta, &a.force,
                                        &a.inertia, &a.gyro, &a.shift, &a.by_a, &a.by_v, &a.ig,     &a.idelta};
  for (size_t i = 0; i < NODE_VECTORS; i++, next += 6 * nnode) *spatial[i] = (df_spatial*)(void*)next;
  return a;
}

size_t df_adjoint_work_size(const df_mujoco* system) {
  return df_adjoint_size(system) + df_rk4_adjoint_size(system);
}

/* ---- Euler and implicitfast: from the cotangent of the next state to that of the acceleration ---- */

/* out = M x */
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

/* g = (M + h B)^-1 h lam and w = M g, the cotangent of qacc; without implicit damping w = h lam */
static void pull_acceleration(const df_mujoco* system, const df_step_record* r, df_adjoint* a) {
  const mjModel* m = system->model;
  const df_tree* tree = &system->tree;
  const int nv = tree->nv;
  const double h = m->opt.timestep;
  for (int k = 0; k < nv; k++) a->w[k] = h * a->lam[k];
  if (!r->damped) return;

  df_adjoint_load_mass(m, r, tree->chain, tree->chain_n, a->implicit_mass);
  for (int k = 0; k < nv; k++) {
    a->implicit_mass[k * nv + k] += h * r->implicit[k];
    a->g[k] = a->w[k];
    a->delta[k] = r->acceleration[k] - (r->velocity_next[k] - r->velocity[k]) / h;
  }
  df_adjoint_add_blocks(system, r->block_implicit, h, a->implicit_mass);
  df_adjoint_add_implicit_rows(system, r, a->implicit_mass);
  df_adjoint_solve_free(system, r, a);
  df_factor(nv, tree->chain, tree->chain_n, a->implicit_mass);
  df_factor_solve(nv, tree->chain, tree->chain_n, a->implicit_mass, a->g);
  times_mass(m, r, a->g, a->w);
}

static void sweep_implicit_motions(const df_tree* tree, const df_step_record* r, df_adjoint* a) {
  sp_zero(a->mg[0]);
  sp_zero(a->mdelta[0]);
  for (int n = 1; n < tree->nnode; n++) {
    const int p = tree->parent[n];
    sp_copy(a->mg[n], a->mg[p]);
    sp_copy(a->mdelta[n], a->mdelta[p]);
    for (int k = tree->dof[n]; k < tree->dof[n] + tree->ndof[n]; k++) {
      sp_add_scaled(a->mg[n], r->cdof + 6 * k, a->g[k]);
      sp_add_scaled(a->mdelta[n], r->cdof + 6 * k, a->delta[k]);
    }
  }
}

/* qbar += d/dq of g^T M(q) delta */
static void sweep_implicit(const df_mujoco* system, const df_step_record* r, df_adjoint* a) {
  const df_tree* tree = &system->tree;
  sweep_implicit_motions(tree, r, a);
  for (int n = 1; n < tree->nnode; n++) {
    sp_inertia_times(a->ig[n], r->inertia + 10 * n, a->mg[n]);
    sp_inertia_times(a->idelta[n], r->inertia + 10 * n, a->mdelta[n]);
  }
  for (int n = tree->nnode - 1; n > 0; n--) {
    const int p = tree->parent[n];
    double sum[6], t[6];
    sp_cross_force(sum, a->mg[p], a->idelta[n]);
    sp_cross_force(t, a->mdelta[p], a->ig[n]);
    sp_add(sum, t);
    for (int k = tree->dof[n]; k < tree->dof[n] + tree->ndof[n]; k++) a->qbar[k] -= sp_dot(r->cdof + 6 * k, sum);
    if (p == 0) continue;
    sp_add(a->ig[p], a->ig[n]);
    sp_add(a->idelta[p], a->idelta[n]);
  }
}

/* ---- the step ---- */

static void euler_adjoint(const df_mujoco* system, const df_step_record* r, double* work, const double* y, double* xbar,
                          double* ubar) {
  const size_t nv = (size_t)system->model->nv, na = (size_t)system->model->na;
  df_adjoint a = df_adjoint_lay_out(system, work);

  memcpy(a.lam, y + nv, nv * sizeof *y);
  /* act' = act + scale act_dot, or the end of its range */
  for (size_t k = 0; k < na; k++) {
    a.abar[k] = r->act_open[k] * y[2 * nv + k];
    a.rate[k] = system->actuation.scale[k] * a.abar[k];
  }
  df_mujoco_position_vjp(system->model, r->velocity_next, y, a.qbar, a.lam);
  pull_acceleration(system, r, &a);
  memcpy(xbar + nv, a.lam, nv * sizeof *xbar);
  if (r->damped && system->joint_forces.curved) df_adjoint_implicit_damping(system, r, &a, xbar + nv, ubar);
  df_adjoint_dynamics(system, r, &a, xbar + nv, ubar);
  if (r->damped) {
    sweep_implicit(system, r, &a);
    df_adjoint_turn_free(system, r, &a, xbar + nv);
  }
  memcpy(xbar, a.qbar, nv * sizeof *xbar);
  memcpy(xbar + 2 * nv, a.abar, na * sizeof *xbar);
}

void df_adjoint_step(const df_mujoco* system, const df_tape* tape, int first, double* work, const double* y,
                     double* xbar, double* ubar) {
  if (system->model->opt.integrator == mjINT_RK4) {
    df_rk4_adjoint(system, tape, first, work, y, xbar, ubar);
  } else {
    const df_step_record record = df_tape_read(tape, system, first);
    euler_adjoint(system, &record, work, y, xbar, ubar);
  }
}
