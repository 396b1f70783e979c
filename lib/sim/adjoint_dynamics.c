/* The dynamics backwards, from the acceleration to what it depends on: docs/adjoint.md, sections 2 to 4. */
#include "adjoint.h"
#include "spatial.h"

/* ---- w = H^-1 w: one solve with the Hessian of the constraint problem ---- */

void df_adjoint_load_mass(const mjModel* m, const df_step_record* r, const int* rows, const int* rows_n, double* out) {
  const int nv = (int)m->nv;
  for (int k = 0; k < nv; k++) {
    for (int i = 0; i < rows_n[k]; i++) out[k * nv + rows[k * nv + i]] = 0;
    const mjtNum* from = r->mass + m->M_rowadr[k];
    const int* column = m->M_colind + m->M_rowadr[k];
    for (int i = 0; i < m->M_rownnz[k]; i++) out[k * nv + column[i]] = from[i];
  }
}

void df_adjoint_add_block(double* hessian, int nv, int dim, int n, const int* dofs, const double* jacobian,
                          const double* d) {
  for (int a = 0; a < n; a++) {
    double dj[6];
    for (int r = 0; r < dim; r++) {
      dj[r] = 0;
      for (int s = 0; s < dim; s++) dj[r] += d[r * dim + s] * jacobian[s * n + a];
    }
    double* row = hessian + dofs[a] * nv;
    for (int b = a; b < n; b++) {
      double sum = 0;
      for (int r = 0; r < dim; r++) sum += dj[r] * jacobian[r * n + b];
      row[dofs[b]] += sum;
    }
  }
}

static const df_contact_record* first_contact(const df_step_record* r) {
  return (const df_contact_record*)(const void*)r->contacts;
}

static void solve_hessian(const df_mujoco* system, const df_step_record* r, df_adjoint* a) {
  const df_tree* tree = &system->tree;
  const int nv = tree->nv;
  const int* rows = r->crosses ? tree->all : tree->chain;
  const int* rows_n = r->crosses ? tree->all_n : tree->chain_n;

  df_adjoint_load_mass(system->model, r, rows, rows_n, a->hessian);
  for (int k = 0; k < nv; k++) a->hessian[k * nv + k] += r->row_mass[k];
  df_adjoint_add_blocks(system, r->block_mass, 1, a->hessian);
  const df_contact_record* c = first_contact(r);
  for (int i = 0; i < r->ncontact; i++, c = next_contact(c))
    df_adjoint_add_block(a->hessian, nv, c->dim, c->ndof, contact_dofs(c), contact_jacobian(c), c->hessian);
  df_adjoint_add_rows(r, nv, a->hessian);
  df_factor(nv, rows, rows_n, a->hessian);
  df_factor_solve(nv, rows, rows_n, a->hessian, a->w);
}

/* ---- forward sweep: motions of the nodes ---- */

static void zero_world(const mjModel* m, df_adjoint* a) {
  df_spatial* const motions[] = {a->mw, a->mv, a->ma, a->ma0};
  for (size_t i = 0; i < sizeof motions / sizeof *motions; i++) sp_zero(motions[i][0]);
  if (m->opt.disableflags & mjDSBL_GRAVITY) return;
  for (int k = 0; k < 3; k++) a->ma[0][3 + k] = -m->opt.gravity[k];
}

static void sweep_motions(const df_mujoco* system, const df_step_record* r, df_adjoint* a) {
  const df_tree* tree = &system->tree;
  zero_world(system->model, a);
  for (int n = 1; n < tree->nnode; n++) {
    const int p = tree->parent[n];
    double sv[6] = {0}, sa[6] = {0}, sw[6] = {0}, product[6];
    for (int k = tree->dof[n]; k < tree->dof[n] + tree->ndof[n]; k++) {
      const double* s = r->cdof + 6 * k;
      sp_add_scaled(sv, s, r->velocity[k]);
      sp_add_scaled(sa, s, r->acceleration[k]);
      sp_add_scaled(sw, s, a->w[k]);
    }
    sp_cross_motion(product, a->mv[p], sv);
    sp_add(product, sa);
    sp_sum(a->mw[n], a->mw[p], sw);
    sp_sum(a->mv[n], a->mv[p], sv);
    sp_sum(a->ma0[n], a->ma0[p], sa);
    sp_sum(a->ma[n], a->ma[p], product);
  }
}

/* ---- forces on the nodes ---- */

/* F = I a + v x* I v,  P = I w,  Q = v x* P - w x* I v - I (v x w) */
static void node_forces(const df_mujoco* system, const df_step_record* r, df_adjoint* a) {
  for (int n = 1; n < system->tree.nnode; n++) {
    const double* inertia = r->inertia + 10 * n;
    sp_zero(a->shift[n]);
    sp_zero(a->by_a[n]);
    sp_zero(a->by_v[n]);
    if (inertia[9] == 0) { /* no body rides on this node */
      sp_zero(a->force[n]);
      sp_zero(a->inertia[n]);
      sp_zero(a->gyro[n]);
      continue;
    }
    double iv[6], t[6], vw[6];
    sp_inertia_times(a->force[n], inertia, a->ma[n]);
    sp_inertia_times(iv, inertia, a->mv[n]);
    sp_cross_force(t, a->mv[n], iv);
    sp_add(a->force[n], t);
    sp_inertia_times(a->inertia[n], inertia, a->mw[n]);
    sp_cross_force(a->gyro[n], a->mv[n], a->inertia[n]);
    sp_cross_force(t, a->mw[n], iv);
    sp_sub(a->gyro[n], t);
    sp_cross_motion(vw, a->mv[n], a->mw[n]);
    sp_inertia_times(t, inertia, vw);
    sp_sub(a->gyro[n], t);
  }
}

/* F and Z of forces -c g on the bodies' centres of mass, c the compensated mass: they move with the bodies but do not
 * turn with them */
static void compensate_gravity(const df_mujoco* system, const df_step_record* r, df_adjoint* a) {
  const mjtNum* gravity = system->model->opt.gravity;
  for (int n = 1; n < system->tree.nnode; n++) {
    const double* c = r->compensation + 4 * n; /* c times offset, c */
    double couple[3], moved[3], turned[3];
    vec_cross(couple, c, gravity);
    vec_cross(moved, a->mw[n], c);
    vec_add_scaled(moved, a->mw[n] + 3, c[3]);
    vec_cross(turned, moved, gravity);
    for (int k = 0; k < 3; k++) {
      a->force[n][k] += couple[k];
      a->force[n][3 + k] += c[3] * gravity[k];
      a->shift[n][k] += turned[k];
    }
  }
}

/* ---- backward sweep: subtree sums, projected on the dofs ---- */

/* node n against its parent p. What multiplies the motion axis S of each dof of n: `by_q` for the position, `by_v` for
 * the velocity */
static void project_node(const df_adjoint* a, int n, int p, double by_q[6], double by_v[6]) {
  double t[6], vp[6], q[6];
  sp_copy(by_q, a->shift[n]);
  sp_cross_force(t, a->mw[p], a->force[n]);
  sp_sub(by_q, t);
  sp_cross_force(t, a->ma[p], a->inertia[n]);
  sp_sub(by_q, t);
  sp_cross_force(t, a->ma0[p], a->by_a[n]);
  sp_sub(by_q, t);

  sp_cross_force(vp, a->mv[p], a->inertia[n]);
  sp_sum(q, a->gyro[n], a->by_v[n]);
  sp_sub(q, vp);
  sp_cross_force(t, a->mv[p], q);
  sp_sub(by_q, t);

  sp_cross_force(t, a->mv[n], a->inertia[n]);
  sp_copy(by_v, q);
  sp_sub(by_v, t);
}

static void add_to_parent(df_adjoint* a, int n, int p) {
  sp_add(a->force[p], a->force[n]);
  sp_add(a->inertia[p], a->inertia[n]);
  sp_add(a->gyro[p], a->gyro[n]);
  sp_add(a->shift[p], a->shift[n]);
  sp_add(a->by_a[p], a->by_a[n]);
  sp_add(a->by_v[p], a->by_v[n]);
}

static void sweep_forces(const df_mujoco* system, const df_step_record* r, df_adjoint* a, double* vbar) {
  const df_tree* tree = &system->tree;
  for (int n = tree->nnode - 1; n > 0; n--) {
    const int p = tree->parent[n];
    double by_q[6], by_v[6];
    project_node(a, n, p, by_q, by_v);
    for (int k = tree->dof[n]; k < tree->dof[n] + tree->ndof[n]; k++) {
      const double* s = r->cdof + 6 * k;
      a->qbar[k] -= sp_dot(s, by_q) + r->stiffness[k] * a->w[k];
      vbar[k] = vbar[k] - sp_dot(s, by_v) - r->damping[k] * a->w[k];
    }
    if (p != 0) add_to_parent(a, n, p);
  }
}

/* ---- all of it ---- */

void df_adjoint_dynamics(const df_mujoco* system, const df_step_record* r, df_adjoint* a, double* vbar, double* ubar) {
  solve_hessian(system, r, a);
  sweep_motions(system, r, a);
  node_forces(system, r, a);
  if (df_compensates_gravity(system->model)) compensate_gravity(system, r, a);
  const df_contact_record* c = first_contact(r);
  for (int i = 0; i < r->ncontact; i++, c = next_contact(c)) df_adjoint_contact(a, c);
  df_adjoint_ties(a, r);
  sweep_forces(system, r, a, vbar);
  df_adjoint_blocks(system, r, a, vbar);
  df_adjoint_rows(r, a, vbar);
  df_adjoint_inputs(system, r, a, ubar);
}
