#include "tape.h"

#include <string.h>

#include "dynaflow/core/alloc.h"
#include "mujoco_internal.h"

enum { FIRST_STEP_BYTES = 8192, PYRAMID_ROWS = 10 };

df_status df_tape_init(df_tape* tape, const df_mujoco* system, int physics_steps) {
  (void)system;
  tape->length = physics_steps;
  tape->steps = df_alloc((size_t)physics_steps, sizeof *tape->steps);
  return tape->steps ? DF_OK : DF_E_NOMEM;
}

void df_tape_free(df_tape* tape) {
  df_free(tape->arena);
  df_free(tape->steps);
  *tape = (df_tape){0};
}

void df_tape_rewind(df_tape* tape) {
  tape->used = 0;
  tape->count = 0;
}

/* room for `bytes` more; what was handed out before moves */
static unsigned char* extend(df_tape* tape, size_t bytes) {
  if (tape->used + bytes > tape->capacity) {
    size_t capacity = tape->capacity ? tape->capacity : FIRST_STEP_BYTES * (size_t)tape->length;
    while (capacity < tape->used + bytes) capacity *= 2;
    unsigned char* arena = df_alloc(capacity, 1);
    if (!arena) return NULL;
    if (tape->used) memcpy(arena, tape->arena, tape->used);
    df_free(tape->arena);
    tape->arena = arena;
    tape->capacity = capacity;
  }
  unsigned char* room = tape->arena + tape->used;
  tape->used += bytes;
  return room;
}

/* ---- the fixed part of a step ---- */

typedef struct fixed_part {
  double *velocity, *velocity_next, *acceleration, *cdof, *inertia, *mass, *row_mass, *stiffness, *damping, *implicit,
      *gain;
  size_t n; /* doubles in all */
} fixed_part;

static fixed_part lay_out(const df_mujoco* system, double* base) {
  const mjModel* m = system->model;
  const size_t nv = (size_t)m->nv;
  fixed_part part = {.n = 0};
  struct {
    double** array;
    size_t n;
  } plan[] = {{&part.velocity, nv},
              {&part.velocity_next, nv},
              {&part.acceleration, nv},
              {&part.cdof, 6 * nv},
              {&part.inertia, 10 * (size_t)system->tree.nnode},
              {&part.mass, (size_t)m->nC},
              {&part.row_mass, nv},
              {&part.stiffness, nv},
              {&part.damping, nv},
              {&part.implicit, nv},
              {&part.gain, (size_t)m->nu}};
  for (size_t i = 0; i < sizeof plan / sizeof *plan; i++) {
    *plan[i].array = base + part.n;
    part.n += plan[i].n;
  }
  return part;
}

static size_t fixed_size(const df_mujoco* system) {
  const mjModel* m = system->model;
  const size_t nv = (size_t)m->nv;
  return 13 * nv + 10 * (size_t)system->tree.nnode + (size_t)m->nC + (size_t)m->nu;
}

df_step_record df_tape_read(const df_tape* tape, const df_mujoco* system, int step) {
  const df_tape_step* s = &tape->steps[step];
  double* base = (double*)(void*)(tape->arena + s->at);
  const fixed_part p = lay_out(system, base);
  return (df_step_record){.velocity = p.velocity,
                          .velocity_next = p.velocity_next,
                          .acceleration = p.acceleration,
                          .cdof = p.cdof,
                          .inertia = p.inertia,
                          .mass = p.mass,
                          .row_mass = p.row_mass,
                          .stiffness = p.stiffness,
                          .damping = p.damping,
                          .implicit = p.implicit,
                          .gain = p.gain,
                          .contacts = (const unsigned char*)(base + p.n),
                          .ncontact = s->ncontact,
                          .damped = s->damped,
                          .crosses = s->crosses};
}

static void record_inertia(const df_mujoco* system, const mjData* d, double* inertia) {
  memset(inertia, 0, 10 * (size_t)system->tree.nnode * sizeof *inertia);
  for (int b = 1; b < system->model->nbody; b++) {
    double* to = inertia + 10 * system->tree.body_node[b];
    for (int k = 0; k < 10; k++) to[k] += d->cinert[10 * b + k];
  }
}

/* ---- actuators: coefficients of their joint force ---- */

static bool outside(double x, const mjtNum range[2]) {
  return x <= range[0] || x >= range[1];
}

static bool joint_saturated(const mjModel* m, const mjData* d, int joint) {
  return m->jnt_actfrclimited[joint] && outside(d->qfrc_actuator[m->jnt_dofadr[joint]], m->jnt_actfrcrange + 2 * joint);
}

static bool force_saturated(const mjModel* m, const mjData* d, int i) {
  return m->actuator_forcelimited[i] && outside(d->actuator_force[i], m->actuator_forcerange + 2 * i);
}

static void record_actuator(const mjModel* m, const mjData* d, int i, fixed_part* part) {
  const int joint = m->actuator_trnid[2 * i], dof = m->jnt_dofadr[joint];
  const mjtNum *g = m->actuator_gainprm + mjNGAIN * i, *b = m->actuator_biasprm + mjNBIAS * i;
  const bool affine_gain = m->actuator_gaintype[i] == mjGAIN_AFFINE;
  const bool affine_bias = m->actuator_biastype[i] == mjBIAS_AFFINE;
  const double gear = m->actuator_gear[6 * i], b2 = affine_bias ? b[2] : 0;
  part->gain[i] = 0;

  /* from 4.0 on MuJoCo also drops actuators saturated at the joint from the implicit damping */
  const bool saturated = force_saturated(m, d, i), at_joint = joint_saturated(m, d, joint);
  const bool omitted = saturated || (at_joint && mjVERSION_HEADER >= 4000000);
  if (m->opt.integrator == mjINT_IMPLICITFAST && !omitted) part->implicit[dof] -= gear * gear * b2;
  if (saturated || at_joint) return;

  double ctrl = d->ctrl[i];
  bool clamped = false;
  if (m->actuator_ctrllimited[i] && !(m->opt.disableflags & mjDSBL_CLAMPCTRL)) {
    const mjtNum* range = m->actuator_ctrlrange + 2 * i;
    clamped = ctrl < range[0] || ctrl > range[1];
    ctrl = mju_clip(ctrl, range[0], range[1]);
  }
  double gain = g[0], by_length = affine_bias ? b[1] : 0, by_velocity = b2;
  if (affine_gain) {
    gain += g[1] * d->actuator_length[i] + g[2] * d->actuator_velocity[i];
    by_length += g[1] * ctrl;
    by_velocity += g[2] * ctrl;
  }
  part->gain[i] = clamped ? 0 : gear * gain;
  part->stiffness[dof] -= gear * gear * by_length;
  part->damping[dof] -= gear * gear * by_velocity;
}

static void record_passive(const mjModel* m, fixed_part* part) {
  const bool implicit = m->opt.integrator == mjINT_IMPLICITFAST || !(m->opt.disableflags & mjDSBL_EULERDAMP);
  for (int k = 0; k < m->nv; k++) {
    part->row_mass[k] = 0;
    part->stiffness[k] = 0;
    part->damping[k] = m->dof_damping[k];
    part->implicit[k] = implicit ? m->dof_damping[k] : 0;
  }
  for (int j = 0; j < m->njnt; j++) part->stiffness[m->jnt_dofadr[j]] += m->jnt_stiffness[j];
}

/* ---- constraint rows ---- */

/* what a unit change of distance does to the force law: the reference acceleration changes by K (imp + imp' x), the
 * constraint mass by its own factor */
static double distance_gain(const mjData* d, int row) {
  const mjtNum* k = d->efc_KBIP + 4 * row;
  return k[0] * (k[2] + k[3] * (d->efc_pos[row] - d->efc_margin[row]));
}
static double mass_gain(const mjData* d, int row) {
  const mjtNum* k = d->efc_KBIP + 4 * row;
  return k[3] == 0 ? 0 : k[3] / (k[2] * (1 - k[2]));
}

static bool active(const mjData* d, int row) {
  return d->efc_state[row] == mjCNSTRSTATE_QUADRATIC || d->efc_state[row] == mjCNSTRSTATE_CONE;
}

/* dry friction and limits act on one dof each, J = +-1, so J^2 drops out */
static void record_dof_row(const mjModel* m, const mjData* d, int row, fixed_part* part) {
  if (!active(d, row)) return;
  const bool limit = d->efc_type[row] == mjCNSTR_LIMIT_JOINT;
  const int dof = limit ? m->jnt_dofadr[d->efc_id[row]] : d->efc_id[row];
  const double mass = d->efc_D[row];
  part->row_mass[dof] += mass;
  part->damping[dof] += mass * d->efc_KBIP[4 * row + 1];
  if (limit) part->stiffness[dof] += mass * distance_gain(d, row) - d->efc_force[row] * mass_gain(d, row);
}

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
    const double du = active(d, up) ? d->efc_D[up] : 0, dd = active(d, down) ? d->efc_D[down] : 0;
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

static df_status record_contact(df_tape* tape, const df_mujoco* system, const mjData* d, int row, df_tape_step* step) {
  const mjModel* m = system->model;
  const mjContact* c = d->contact + d->efc_id[row];
  const int nv = (int)m->nv, type = d->efc_type[row];
  const int node[2] = {system->tree.body_node[m->geom_bodyid[c->geom[0]]],
                       system->tree.body_node[m->geom_bodyid[c->geom[1]]]};
  int dofs[MAX_NV], n;
  const bool branch = contact_chain(&system->tree, node, dofs, &n);

  const size_t numbers = sizeof(double) * (size_t)(c->dim * n);
  const size_t bytes = sizeof(df_contact_record) + numbers + sizeof(double) * (size_t)((n + 1) / 2);
  unsigned char* room = extend(tape, bytes);
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
  const double by_distance = distance_gain(d, row), by_mass = mass_gain(d, row);
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

/* MuJoCo puts dry friction and limits first. Contacts may move the arena, and `part` with it. */
static df_status record_rows(df_tape* tape, const df_mujoco* system, const mjData* d, fixed_part* part,
                             df_tape_step* step) {
  const mjModel* m = system->model;
  int row = 0;
  while (row < d->nefc && (d->efc_type[row] == mjCNSTR_FRICTION_DOF || d->efc_type[row] == mjCNSTR_LIMIT_JOINT))
    record_dof_row(m, d, row++, part);
  while (row < d->nefc) {
    const int n = contact_rows(d->contact + d->efc_id[row], d->efc_type[row]);
    bool live = false;
    for (int r = row; r < row + n; r++) live |= active(d, r);
    if (live) DF_TRY(record_contact(tape, system, d, row, step));
    row += n;
  }
  return DF_OK;
}

/* the solver need not leave states, forces and cone Hessians of the solution it returns. The end of the arena serves
 * as scratch memory. */
static df_status update_constraints(df_tape* tape, const mjModel* m, mjData* d) {
  if (d->nefc == 0) return DF_OK;
  const size_t bytes = (size_t)d->nefc * sizeof(mjtNum);
  mjtNum* jar = (mjtNum*)(void*)extend(tape, bytes);
  if (!jar) return DF_E_NOMEM;
  tape->used -= bytes;
  mj_mulJacVec(m, d, jar, d->qacc);
  for (int i = 0; i < d->nefc; i++) jar[i] -= d->efc_aref[i];
  mj_constraintUpdate(m, d, jar, NULL, 1);
  return DF_OK;
}

df_status df_tape_record(df_tape* tape, const df_mujoco* system, mjData* d, const double* v_before) {
  const mjModel* m = system->model;
  const int nv = (int)m->nv;
  DF_TRY(update_constraints(tape, m, d));
  df_tape_step* step = &tape->steps[tape->count];
  *step = (df_tape_step){.at = tape->used};
  unsigned char* room = extend(tape, fixed_size(system) * sizeof(double));
  if (!room) return DF_E_NOMEM;

  fixed_part part = lay_out(system, (double*)(void*)room);
  mju_copy(part.velocity, v_before, nv);
  mju_copy(part.velocity_next, d->qvel, nv);
  mju_copy(part.acceleration, d->qacc, nv);
  mju_copy(part.cdof, d->cdof, 6 * nv);
  mju_copy(part.mass, d->M, (int)m->nC);
  record_inertia(system, d, part.inertia);
  record_passive(m, &part);
  for (int i = 0; i < m->nu; i++) record_actuator(m, d, i, &part);
  for (int k = 0; k < nv; k++) step->damped |= part.implicit[k] != 0;

  DF_TRY(record_rows(tape, system, d, &part, step));
  tape->count++;
  return DF_OK;
}
