/* contacts in contact space (docs/adjoint.md, section 5) */
#include <string.h>

#include "contact_motion.h"
#include "dynaflow/core/assert.h"
#include "impedance.h"
#include "record.h"
#include "spatial.h"

static int contact_rows(const mjContact* c, int type) {
  return type == mjCNSTR_CONTACT_PYRAMIDAL ? 2 * (c->dim - 1) : c->dim;
}

/* The two rows of pair k of a pyramid are normal +- mu_k tangent_k. Pairs are read from the last to the first, so that
 * the normal is that of the first pair; the rows of each pair are gathered in the places of the normal and of its own
 * tangent. */
static void pyramid_jacobian(const mjModel* m, const mjContact* c, const mjData* d, int row, int n, const int* dofs,
                             double* jac) {
  for (int k = c->dim - 2; k >= 0; k--) {
    const df_jacobian_row up = df_constraint_row(m, d, row + 2 * k), down = df_constraint_row(m, d, row + 2 * k + 1);
    double *normal = jac, *tangent = jac + (k + 1) * n;
    df_row_gather(&up, n, dofs, normal);
    df_row_gather(&down, n, dofs, tangent);
    for (int i = 0; i < n; i++) {
      const double upper = normal[i], lower = tangent[i];
      normal[i] = 0.5 * (upper + lower);
      tangent[i] = (upper - lower) / (2 * c->friction[k]);
    }
  }
}

/* Hessian, forces and Jacobian of a pyramid, transformed to contact space */
static void record_pyramid(const mjModel* m, const mjContact* c, const mjData* d, int row, df_contact_record* out,
                           double* jac, const int* dofs) {
  const int dim = c->dim;
  for (int k = 0; k < dim - 1; k++) {
    const double mu = c->friction[k];
    const int up = row + 2 * k, down = up + 1;
    const double du = df_row_active(d, up) ? d->efc_D[up] : 0, dd = df_row_active(d, down) ? d->efc_D[down] : 0;
    out->hessian[0] += du + dd;
    out->hessian[k + 1] = out->hessian[(k + 1) * dim] = mu * (du - dd);
    out->hessian[(k + 1) * dim + k + 1] = mu * mu * (du + dd);
    out->force[0] += d->efc_force[up] + d->efc_force[down];
    out->force[k + 1] = mu * (d->efc_force[up] - d->efc_force[down]);
  }
  pyramid_jacobian(m, c, d, row, out->ndof, dofs, jac);
}

/* Hessian, forces and Jacobian of an elliptic or frictionless contact, whose rows are those of contact space */
static void record_cone(const mjModel* m, const mjContact* c, const mjData* d, int row, df_contact_record* out,
                        double* jac, const int* dofs) {
  const int dim = c->dim, n = out->ndof;
  const bool cone = d->efc_state[row] == mjCNSTRSTATE_CONE;
  for (int r = 0; r < dim; r++) {
    for (int k = 0; k < dim; k++) out->hessian[r * dim + k] = cone ? c->H[r * dim + k] : 0;
    if (!cone) out->hessian[r * dim + r] = d->efc_D[row + r];
    out->force[r] = d->efc_force[row + r];
    const df_jacobian_row j = df_constraint_row(m, d, row + r);
    df_row_gather(&j, n, dofs, jac + r * n);
  }
}

static void record_geometry(const df_mujoco* system, const mjData* d, const mjContact* c, df_contact_record* out) {
  const mjModel* m = system->model;
  out->distance = c->dist;
  memcpy(out->point, c->pos, sizeof out->point);
  memcpy(out->frame, c->frame, sizeof out->frame);
  for (int s = 0; s < 2; s++) {
    const int body = m->geom_bodyid[c->geom[s]];
    out->side[s].node = system->tree.body_node[body];
    memcpy(out->side[s].origin, d->subtree_com + 3 * m->body_rootid[body], sizeof out->side[s].origin);
  }
}

/* The point fixed to body 1 that touches a plane: a sphere's centre, a capsule's end, a corner or vertex. Returns
 * whether the motion of the contact is exact. */
static bool record_fixed_point(const mjModel* m, const mjData* d, const mjContact* c, df_contact_record* out) {
  const int geom = c->geom[1], type = m->geom_type[geom];
  const bool round = type == mjGEOM_SPHERE || type == mjGEOM_CAPSULE;
  out->fixed = true;
  out->reach = 0.5 * c->dist + (round ? m->geom_size[3 * geom] : 0);
  for (int k = 0; k < 3; k++) out->axis[k] = d->geom_xmat[9 * geom + 3 * k + 2];

  /* the tangents of a capsule follow its axis; their rotation is left out if it is upright */
  const bool follows = type == mjGEOM_CAPSULE && c->dim > 1;
  out->turns = follows && vec_sine2(out->axis, c->frame) >= UPRIGHT_SINE2;
  return follows == out->turns || df_axis_stays(m, d, geom);
}

static df_status append(df_tape* tape, const df_mujoco* system, const mjData* d, int row, df_tape_step* step) {
  const mjModel* m = system->model;
  const mjContact* c = d->contact + d->efc_id[row];
  const int type = d->efc_type[row];

  /* dofs that move either body */
  const int node[2] = {system->tree.body_node[m->geom_bodyid[c->geom[0]]],
                       system->tree.body_node[m->geom_bodyid[c->geom[1]]]};
  int n;
  const bool branch = df_tree_chain(&system->tree, node, NULL, &n);
  const bool fixed = df_contact_rule_of(m->geom_type[c->geom[0]], m->geom_type[c->geom[1]]) == CONTACT_PLANE;

  /* room for header, Jacobian and dofs, and for the contact's motion unless its point is fixed */
  const size_t bytes = contact_bytes(c->dim, n);
  unsigned char* room = df_tape_extend(tape, bytes + (fixed ? 0 : sizeof(df_contact_motion)));
  if (!room) return DF_E_NOMEM;
  df_contact_record* out = (df_contact_record*)(void*)room;
  memset(out, 0, bytes);
  out->dim = c->dim;
  out->ndof = n;
  out->row = row;
  double* jac = (double*)(void*)(out + 1);
  int* dofs = (int*)(void*)(jac + c->dim * n);
  (void)df_tree_chain(&system->tree, node, dofs, &n);
  DF_ASSERT(n == out->ndof && df_descending(n, dofs, (int)m->nv));
  DF_ASSERT(c->dim == 1 || c->dim == 3 || c->dim == 4 || c->dim == 6);
  DF_ASSERT(c->efc_address == row);

  /* Hessian, forces and Jacobian */
  if (type == mjCNSTR_CONTACT_PYRAMIDAL)
    record_pyramid(m, c, d, row, out, jac, dofs);
  else
    record_cone(m, c, d, row, out, jac, dofs);

  /* derivatives of the constraint law; only an elliptic cone has a damping per row */
  const double by_distance = df_distance_gain(d, row), by_mass = df_mass_gain(d, row);
  const bool own_damping = type == mjCNSTR_CONTACT_ELLIPTIC;
  for (int r = 0; r < c->dim; r++) {
    out->stiffness[r] = by_distance * out->hessian[r] - by_mass * out->force[r];
    out->damping[r] = d->efc_KBIP[4 * (own_damping ? row + r : row) + 1];
  }

  /* geometry, and how it follows the bodies */
  record_geometry(system, d, c, out);
  const bool exact = fixed ? record_fixed_point(m, d, c, out)
                           : df_contact_motion_of(m, d, d->efc_id[row], (df_contact_motion*)(void*)(room + bytes));
  step->approximate |= !exact;

  step->ncontact++;
  step->crosses |= !branch;
  return DF_OK;
}

df_status df_record_contact(df_tape* tape, const df_mujoco* system, const mjData* d, int row, df_tape_step* step,
                            int* next) {
  const int n = contact_rows(d->contact + d->efc_id[row], d->efc_type[row]);
  bool live = false;
  for (int r = row; r < row + n; r++) live |= df_row_active(d, r);
  *next = row + n;
  DF_ASSERT(*next <= d->nefc);
  return live ? append(tape, system, d, row, step) : DF_OK;
}
