/* equality constraints: couplings of joints or tendons (docs/adjoint.md, section 4), connect and weld (section 6) */
#include <string.h>

#include "dynaflow/core/assert.h"
#include "impedance.h"
#include "record.h"

static bool is_connect_or_weld(const mjModel* m, int id) {
  return m->eq_type[id] == mjEQ_CONNECT || m->eq_type[id] == mjEQ_WELD;
}

static bool couples_lengths(const mjModel* m, int id) {
  return m->eq_type[id] == mjEQ_JOINT || m->eq_type[id] == mjEQ_TENDON;
}

/* number of constraint rows of the equality whose first row is `row` */
static int row_count(const mjModel* m, const mjData* d, int row) {
  if (!is_connect_or_weld(m, d->efc_id[row])) return 1;
  return m->eq_type[d->efc_id[row]] == mjEQ_WELD ? 6 : 3;
}

/* ---- couplings: residual x0 - P(x1), a quartic P; row c = c0 - P'(x1) c1 ---- */

/* dofs of a joint or tendon, descending; none if id < 0. Returns their number */
static int coupled_dofs(const mjModel* m, int type, int id, int* dofs) {
  if (id < 0) return 0;
  if (type == mjEQ_TENDON) return df_tendon_dofs(m, id, dofs);
  dofs[0] = m->jnt_dofadr[id];
  return 1;
}

/* out = the union of two descending lists, descending; returns its length */
static int merge_descending(int n0, const int* a, int n1, const int* b, int* out) {
  int n = 0;
  for (int i = 0, k = 0; i < n0 || k < n1;) {
    const int x = i < n0 ? a[i] : -1, y = k < n1 ? b[k] : -1;
    out[n++] = x > y ? x : y;
    if (x >= y) i++;
    if (y >= x) k++;
  }
  return n;
}

/* P'' at the position or length x1 of the second joint or tendon */
static double curvature(const mjModel* m, const mjData* d, const double* q, int equality) {
  const mjtNum* p = m->eq_data + mjNEQDATA * equality;
  const int id = m->eq_obj2id[equality];
  double x;
  if (m->eq_type[equality] == mjEQ_TENDON)
    x = d->ten_length[id] - m->tendon_length0[id];
  else
    x = q[m->jnt_qposadr[id]] - m->qpos0[m->jnt_qposadr[id]];
  return 2 * p[2] + 6 * p[3] * x + 12 * p[4] * x * x;
}

static df_status record_coupling(df_tape* tape, const df_mujoco* system, const mjData* d, const double* x, int row,
                                 df_tape_step* step) {
  const mjModel* m = system->model;
  const int id = d->efc_id[row], type = m->eq_type[id], id1 = m->eq_obj2id[id];

  /* dofs of both joints or tendons */
  int first[MAX_NV], second[MAX_NV], dofs[MAX_NV];
  const int n0 = coupled_dofs(m, type, m->eq_obj1id[id], first), n1 = coupled_dofs(m, type, id1, second);
  const int n = merge_descending(n0, first, n1, second, dofs);

  /* the constraint law along c */
  df_row_record record = {.ndof = n, .curvature = n1 > 0 ? -curvature(m, d, x, id) : 0};
  record.bends = record.curvature != 0;
  df_add_constraint_row(d, row, &record);
  double c[MAX_NV], c1[MAX_NV];
  const df_jacobian_row jacobian = df_constraint_row(m, d, row);
  df_row_gather(&jacobian, n, dofs, c);

  /* c1, and the factors of dc = -P'' c1 (c1 . dq) in the virtual work */
  if (record.bends) {
    const double one = 1, *v = x + m->nq;
    const df_jacobian_row joint = {.value = &one, .dof = m->jnt_dofadr + id1, .n = 1};
    const df_jacobian_row line = type == mjEQ_TENDON ? df_tendon_row(m, d, id1) : joint;
    df_row_gather(&line, n, dofs, c1);
    double by_a = 0, by_v = 0;
    for (int i = 0; i < n; i++) {
      by_a += c1[i] * d->qacc[dofs[i]];
      by_v += c1[i] * v[dofs[i]];
    }
    record.bend_force = d->efc_force[row];
    record.bend_motion = record.mass * by_a + record.damping * by_v;
  }
  return df_record_row(tape, system, &record, dofs, c, c1, step);
}

df_status df_record_equality_rows(df_tape* tape, const df_mujoco* system, const mjData* d, const double* x,
                                  df_tape_step* step) {
  for (int row = 0; row < d->ne; row += row_count(system->model, d, row)) {
    if (couples_lengths(system->model, d->efc_id[row])) DF_TRY(record_coupling(tape, system, d, x, row, step));
  }
  return DF_OK;
}

/* ---- connect and weld ---- */

/* Anchor point and rotation (world) of side s, as MuJoCo computes them for anchors given by bodies or by sites. Returns
 * the body. */
static int place_end(const mjModel* m, const mjData* d, int id, int s, double point[3], double rotation[4]) {
  const int object = s == 0 ? m->eq_obj1id[id] : m->eq_obj2id[id];
  const mjtNum* data = m->eq_data + mjNEQDATA * id;
  /* a site is its own anchor */
  if (m->eq_objtype[id] == mjOBJ_SITE) {
    const int body = m->site_bodyid[object];
    mju_copy3(point, d->site_xpos + 3 * object);
    mju_mulQuat(rotation, d->xquat + 4 * body, m->site_quat + 4 * object);
    return body;
  }
  /* an anchor in the frame of a body; a weld lists its second anchor first */
  const bool second = (s == 1) != (m->eq_type[id] == mjEQ_WELD);
  mju_mulMatVec3(point, d->xmat + 9 * object, data + (second ? 3 : 0));
  mju_addTo3(point, d->xpos + 3 * object);
  /* the first side of a weld carries the relative pose */
  if (s == 0 && m->eq_type[id] == mjEQ_WELD)
    mju_mulQuat(rotation, d->xquat + 4 * object, data + 6);
  else
    mju_copy4(rotation, d->xquat + 4 * object);
  return object;
}

static void record_geometry(const df_mujoco* system, const mjData* d, int id, df_weld_record* out) {
  const mjModel* m = system->model;
  double rotation[2][4], back[4];
  /* both anchors */
  for (int s = 0; s < 2; s++) {
    df_weld_side* side = &out->side[s];
    const int body = place_end(m, d, id, s, side->point, rotation[s]);
    side->node = system->tree.body_node[body];
    mju_copy3(side->origin, d->subtree_com + 3 * m->body_rootid[body]);
  }
  /* rotation of side 0 relative to side 1, and axes of side 1 */
  mju_negQuat(back, rotation[1]);
  mju_mulQuat(out->rotation, back, rotation[0]);
  mju_quat2Mat(out->frame, rotation[1]);
  out->scale = m->eq_data[mjNEQDATA * id + 10];
}

/* all rows share one impedance, a function of the norm of the residual */
static void record_law(const mjData* d, int row, df_weld_record* out) {
  const mjtNum* k = d->efc_KBIP + 4 * row;
  const double norm = mju_norm(d->efc_pos + row, out->dim), by_mass = df_mass_gain(d, row);
  out->spring = k[0] * k[2];
  out->damping = k[1];
  for (int r = 0; r < out->dim; r++) {
    const double mass = d->efc_D[row + r];
    out->hessian[r * (out->dim + 1)] = mass;
    out->force[r] = d->efc_force[row + r];
    out->residual[r] = d->efc_pos[row + r];
    if (norm > 0) out->softening[r] = (k[0] * k[3] * mass * out->residual[r] - by_mass * out->force[r]) / norm;
  }
}

static df_status record_weld(df_tape* tape, const df_mujoco* system, const mjData* d, int row, df_tape_step* step) {
  const mjModel* m = system->model;
  const int dim = row_count(m, d, row);
  /* geometry and constraint law */
  df_weld_record weld = {.dim = dim};
  record_geometry(system, d, d->efc_id[row], &weld);
  record_law(d, row, &weld);

  /* dofs that move either side */
  const int node[2] = {weld.side[0].node, weld.side[1].node};
  int dofs[MAX_NV];
  step->crosses |= !df_tree_chain(&system->tree, node, dofs, &weld.ndof);
  DF_ASSERT(dim == 3 || dim == 6);
  DF_ASSERT(row + dim <= d->ne && d->efc_type[row] == mjCNSTR_EQUALITY);
  DF_ASSERT(df_descending(weld.ndof, dofs, (int)m->nv));
  step->nweld++;

  /* header, Jacobian, dofs */
  const size_t n = (size_t)weld.ndof, numbers = (size_t)dim * n;
  unsigned char* room = df_tape_extend(tape, weld_bytes(dim, weld.ndof));
  if (!room) return DF_E_NOMEM;
  memcpy(room, &weld, sizeof weld);
  double* jacobian = (double*)(void*)(room + sizeof weld);
  for (int r = 0; r < dim; r++) {
    const df_jacobian_row line = df_constraint_row(m, d, row + r);
    df_row_gather(&line, weld.ndof, dofs, jacobian + (size_t)r * n);
  }
  memcpy(jacobian + numbers, dofs, n * sizeof *dofs);
  return DF_OK;
}

df_status df_record_welds(df_tape* tape, const df_mujoco* system, const mjData* d, df_tape_step* step) {
  for (int row = 0; row < d->ne; row += row_count(system->model, d, row)) {
    if (is_connect_or_weld(system->model, d->efc_id[row])) DF_TRY(record_weld(tape, system, d, row, step));
  }
  return DF_OK;
}
