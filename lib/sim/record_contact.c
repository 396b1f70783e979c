/* contacts in contact space (docs/adjoint.md, section 5) */
#include <string.h>

#include "record.h"

static int contact_rows(const mjContact* c, int type) {
  return type == mjCNSTR_CONTACT_PYRAMIDAL ? 2 * (c->dim - 1) : c->dim;
}

/* the dofs that move either side, descending; false if the two sides lie on different branches */
static bool contact_chain(const df_tree* tree, const int node[2], int* dofs, int* n) {
  const int* rows[2] = {NULL, NULL};
  int left[2] = {0, 0};
  for (int s = 0; s < 2; s++) {
    if (node[s] == 0) continue;
    const int last = tree->dof[node[s]] + tree->ndof[node[s]] - 1;
    rows[s] = tree->chain + last * tree->nv;
    left[s] = tree->chain_n[last];
  }
  *n = 0;
  const int longest = left[0] > left[1] ? left[0] : left[1];
  while (left[0] > 0 || left[1] > 0) {
    const int a = left[0] > 0 ? *rows[0] : -1, b = left[1] > 0 ? *rows[1] : -1;
    dofs[(*n)++] = a > b ? a : b;
    if (a >= b) rows[0]++, left[0]--;
    if (b >= a) rows[1]++, left[1]--;
  }
  return *n == longest;
}

/* the cone Hessian, forces and Jacobian in contact space. A pyramid's row pair k is normal +- mu_k tangent_k. */
static void record_pyramid(const mjContact* c, const mjData* d, int nv, int row, df_contact_record* out, double* jac,
                           const int* dofs) {
  const int dim = c->dim, n = out->ndof;
  for (int k = 0; k < dim - 1; k++) {
    const double mu = c->friction[k];
    const int up = row + 2 * k, down = up + 1;
    const double du = df_row_active(d, up) ? d->efc_D[up] : 0, dd = df_row_active(d, down) ? d->efc_D[down] : 0;
    out->hessian[0] += du + dd;
    out->hessian[k + 1] = out->hessian[(k + 1) * dim] = mu * (du - dd);
    out->hessian[(k + 1) * dim + k + 1] = mu * mu * (du + dd);
    out->force[0] += d->efc_force[up] + d->efc_force[down];
    out->force[k + 1] = mu * (d->efc_force[up] - d->efc_force[down]);
    const mjtNum *ju = d->efc_J + up * nv, *jd = d->efc_J + down * nv;
    for (int i = 0; i < n; i++) {
      if (k == 0) jac[i] = 0.5 * (ju[dofs[i]] + jd[dofs[i]]);
      jac[(k + 1) * n + i] = (ju[dofs[i]] - jd[dofs[i]]) / (2 * mu);
    }
  }
}

static void record_cone(const mjContact* c, const mjData* d, int nv, int row, df_contact_record* out, double* jac,
                        const int* dofs) {
  const int dim = c->dim, n = out->ndof;
  const bool cone = d->efc_state[row] == mjCNSTRSTATE_CONE;
  for (int r = 0; r < dim; r++) {
    for (int k = 0; k < dim; k++) out->hessian[r * dim + k] = cone ? c->H[r * dim + k] : 0;
    if (!cone) out->hessian[r * dim + r] = d->efc_D[row + r];
    out->force[r] = d->efc_force[row + r];
    for (int i = 0; i < n; i++) jac[r * n + i] = d->efc_J[(row + r) * nv + dofs[i]];
  }
}

static df_contact_side record_side(const df_mujoco* system, const mjData* d, int geom) {
  const mjModel* m = system->model;
  const int body = m->geom_bodyid[geom], type = m->geom_type[geom];
  df_contact_side side = {.node = system->tree.body_node[body]};
  const bool round = type == mjGEOM_SPHERE || type == mjGEOM_CAPSULE;
  side.radius = round ? m->geom_size[3 * geom] : 0;
  for (int k = 0; k < 3; k++) {
    side.origin[k] = d->subtree_com[3 * m->body_rootid[body] + k];
    side.axis[k] = d->geom_xmat[9 * geom + 3 * k + 2];
  }
  return side;
}

/* whether the nearest point of a capsule lies inside its segment, so that it slides; `sign` points from the contact
 * to the feature along the normal */
static bool inside_segment(const mjModel* m, const mjData* d, const mjContact* c, int geom, double sign) {
  if (m->geom_type[geom] != mjGEOM_CAPSULE) return false;
  const double reach = sign * (m->geom_size[3 * geom] + 0.5 * c->dist), half = m->geom_size[3 * geom + 1];
  double along = 0;
  for (int k = 0; k < 3; k++)
    along += d->geom_xmat[9 * geom + 3 * k + 2] * (c->pos[k] + reach * c->frame[k] - d->geom_xpos[3 * geom + k]);
  return along < half * (1 - 1e-9) && along > -half * (1 - 1e-9);
}

static void record_geometry(const df_mujoco* system, const mjData* d, const mjContact* c, df_contact_record* out) {
  const mjModel* m = system->model;
  const int type0 = m->geom_type[c->geom[0]], type1 = m->geom_type[c->geom[1]];
  out->rule = (int)df_mujoco_contact_rule(type0, type1);
  out->turns = out->rule == CONTACT_PLANE && type1 == mjGEOM_CAPSULE;
  out->distance = c->dist;
  memcpy(out->point, c->pos, sizeof out->point);
  memcpy(out->frame, c->frame, sizeof out->frame);
  for (int s = 0; s < 2; s++) out->side[s] = record_side(system, d, c->geom[s]);
  if (out->rule == CONTACT_SEGMENTS) {
    for (int s = 0; s < 2; s++) out->side[s].slides = inside_segment(m, d, c, c->geom[s], s == 0 ? -1 : 1);
  }
}

static df_status append(df_tape* tape, const df_mujoco* system, const mjData* d, int row, df_tape_step* step) {
  const mjModel* m = system->model;
  const mjContact* c = d->contact + d->efc_id[row];
  const int nv = (int)m->nv, type = d->efc_type[row];
  const int node[2] = {system->tree.body_node[m->geom_bodyid[c->geom[0]]],
                       system->tree.body_node[m->geom_bodyid[c->geom[1]]]};
  int dofs[MAX_NV], n;
  const bool branch = contact_chain(&system->tree, node, dofs, &n);

  const size_t numbers = sizeof(double) * (size_t)(c->dim * n);
  const size_t bytes = sizeof(df_contact_record) + numbers + sizeof(double) * (size_t)((n + 1) / 2);
  unsigned char* room = df_tape_extend(tape, bytes);
  if (!room) return DF_E_NOMEM;
  df_contact_record* out = (df_contact_record*)(void*)room;
  memset(out, 0, bytes);
  out->dim = c->dim;
  out->ndof = n;
  double* jac = (double*)(void*)(out + 1);
  memcpy((unsigned char*)jac + numbers, dofs, (size_t)n * sizeof *dofs);

  if (type == mjCNSTR_CONTACT_PYRAMIDAL)
    record_pyramid(c, d, nv, row, out, jac, dofs);
  else
    record_cone(c, d, nv, row, out, jac, dofs);
  const double by_distance = df_distance_gain(d, row), by_mass = df_mass_gain(d, row);
  const bool own_damping = type == mjCNSTR_CONTACT_ELLIPTIC;
  for (int r = 0; r < c->dim; r++) {
    out->stiffness[r] = by_distance * out->hessian[r] - by_mass * out->force[r];
    out->damping[r] = d->efc_KBIP[4 * (own_damping ? row + r : row) + 1];
  }
  record_geometry(system, d, c, out);

  step->ncontact++;
  step->crosses |= !branch;
  step->approximate |= !df_mujoco_contact_exact(m->geom_type[c->geom[0]], m->geom_type[c->geom[1]]);
  return DF_OK;
}

df_status df_record_contact(df_tape* tape, const df_mujoco* system, const mjData* d, int row, df_tape_step* step,
                            int* next) {
  const int n = contact_rows(d->contact + d->efc_id[row], d->efc_type[row]);
  bool live = false;
  for (int r = row; r < row + n; r++) live |= df_row_active(d, r);
  *next = row + n;
  return live ? append(tape, system, d, row, step) : DF_OK;
}
