/* The adjoint of the dynamics, from the acceleration to position, velocity, activation and control: docs/adjoint.md,
 * sections 2 to 4. */
#include <string.h>

#include "adjoint.h"
#include "spatial.h"

/* ---- w = H^-1 w: one solve with the Hessian of the constraint problem ---- */

/* MuJoCo's rows list the same dofs in ascending order. Its row is shorter than the pattern's if the pattern is full, or
 * if the body has no moving ancestor and MuJoCo lists dofs of that body only. */
DF_WIDE void df_adjoint_load_mass(const mjModel* m, const df_step_record* r, const df_pattern* p, double* out) {
  const int nv = p->nv, stride = df_stride(nv);
  for (int k = 0; k < nv; k++) {
    df_lanes* row = (df_lanes*)(void*)(out + k * stride);
    const mjtNum* from = r->mass + m->M_rowadr[k];
    const int n = m->M_rownnz[k], *column = m->M_colind + m->M_rowadr[k], first = stride - p->n[k];

    /* row of equal length: reversed, four numbers at a time; else zeros */
    for (int i = first >> 2, j = stride - 4 * i - 4; i < stride >> 2; i++, j -= 4) {
      df_lanes x = {0};
      if (n == p->n[k]) memcpy(&x, from + j, sizeof x);
      row[i] = DF_LANES(x, x, 3, 2, 1, 0);
    }

    /* shorter row: entry by entry */
    for (int i = 0; i < n && n < p->n[k]; i++) *df_entry(p, out, k, column[i]) = from[i];
  }
}

/* H = M + J^T D J, factorized */
static void factor(const df_mujoco* system, const df_step_record* r, const df_pattern* p, df_adjoint* a) {
  /* mass, ball and free joints, contacts, rows and equalities */
  df_adjoint_load_mass(system->model, r, p, a->hessian);
  df_adjoint_add_blocks(system, p, r->block_mass, 1, a->hessian);
  const df_contact_record* c = first_contact(r);
  for (int i = 0; i < r->ncontact; i++, c = next_contact(c))
    df_add_block(p, a->hessian, c->dim, c->ndof, contact_dofs(c), contact_jacobian(c), c->hessian);
  df_adjoint_add_rows(r, p, a->hessian);

  /* constraints of single dofs are on the diagonal */
  df_factor(p, r->row_mass, a->hessian, a->inverse);
}

void df_adjoint_solve(const df_mujoco* system, const df_step_record* r, df_adjoint* a) {
  const df_pattern p = df_tree_pattern(&system->tree, r->crosses);
  if (!a->factored) factor(system, r, &p, a);
  df_factor_solve(&p, a->hessian, a->inverse, a->w);
}

/* ---- gravity compensation ---- */

/* Adds to F and Z the forces -c gravity at the bodies' centres of mass, c the compensated mass (section 4): their
 * points move with the bodies, their directions do not turn with them. */
static void compensate_gravity(const df_mujoco* system, const df_step_record* r, df_adjoint* a) {
  const mjtNum* gravity = system->model->opt.gravity;
  for (int n = 1; n < system->tree.nnode; n++) {
    const double* c = r->compensation + 4 * n; /* c times the offset of the centre, c */
    double couple[3], moved[3], turned[3];
    df_adjoint_touch(&system->tree, a, n);

    /* couple about the origin, and the couple (w at the centre) x c gravity */
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

/* ---- actuators on sites ---- */

/* Subtracts from F the force of each actuator, a wrench X that turns with its body, and from Y_v the damping of the
 * velocity X . v_n (section 4). */
static void push_sites(const df_mujoco* system, const df_step_record* r, df_adjoint* a) {
  const mjModel* m = system->model;
  for (int i = 0; i < system->actuation.nsite; i++) {
    const int node = system->tree.body_node[m->site_bodyid[m->actuator_trnid[2 * system->actuation.site[i]]]];
    const double* x = r->wrench + 8 * i;
    if (node == 0) continue;
    double along = 0; /* X . w_n */
    DF_EACH(k) along += x[k] * a->motion[node][k][LANE_W];
    DF_EACH(k) a->sum[node][k] += (df_lanes){-x[6] * x[k], 0, 0, x[7] * along * x[k]};
  }
}

/* ---- all contributions ---- */

void df_adjoint_dynamics(const df_mujoco* system, const df_step_record* r, const double* acceleration, df_adjoint* a,
                         double* vbar, double* ubar) {
  /* motions of the nodes, and inertial forces on them */
  df_adjoint_sweep_motions(system, r, acceleration, a);
  df_adjoint_node_forces(system, r, a);

  /* other forces on the nodes: actuators on sites, gravity compensation, contacts, weld and connect equalities */
  push_sites(system, r, a);
  if (df_compensates_gravity(system->model)) compensate_gravity(system, r, a);
  const df_contact_record* c = first_contact(r);
  for (int i = 0; i < r->ncontact; i++, c = next_contact(c)) df_adjoint_contact(&system->tree, a, c);
  df_adjoint_welds(&system->tree, a, r);

  /* project on the dofs, and add the forces of single and of several dofs */
  df_adjoint_sweep_forces(system, r, a, vbar);
  df_adjoint_blocks(system, r, a, vbar);
  df_adjoint_rows(r, a, vbar);
  df_adjoint_inputs(system, r, a, ubar);
}
