/* fixed tendons: forces along a constant combination of joint positions (docs/adjoint.md, section 4) */
#include <math.h>

#include "record.h"

int df_tendon_dofs(const mjModel* m, int id, int* dofs) {
  const int n = m->ten_J_rownnz[id], *ascending = m->ten_J_colind + m->ten_J_rowadr[id];
  for (int i = 0; i < n; i++) dofs[i] = ascending[n - 1 - i];
  return n;
}

df_jacobian_row df_tendon_row(const mjModel* m, const mjData* d, int id) {
  const int at = m->ten_J_rowadr[id];
  return (df_jacobian_row){.value = d->ten_J + at, .dof = m->ten_J_colind + at, .n = m->ten_J_rownnz[id]};
}

/* ---- actuators ---- */

static bool drives(const mjModel* m, int actuator, int id) {
  return m->actuator_trntype[actuator] == mjTRN_TENDON && m->actuator_trnid[2 * actuator] == id;
}

static double gear_of(const mjModel* m, int actuator) {
  return m->actuator_gear[6 * m->actuator_outadr[actuator]];
}

/* whether the total force of the tendon's actuators is at the tendon's force limit, to which MuJoCo scales it */
static bool saturated(const mjModel* m, const mjData* d, int id) {
  if (!m->tendon_actfrclimited[id]) return false;
  const mjtNum* range = m->tendon_actfrcrange + 2 * id;
  double force = 0;
  for (int i = 0; i < m->nactuator; i++) {
    if (drives(m, i, id)) force += d->actuator_force[m->actuator_outadr[i]];
  }
  /* a scaled force equals the limit up to rounding */
  const double slack = 1e-12 * (fabs(range[0]) + fabs(range[1]));
  return force <= range[0] + slack || force >= range[1] - slack;
}

void df_record_tendon_gain(const df_mujoco* system, const mjData* d, const double* x, int actuator,
                           df_record_part* part) {
  const mjModel* m = system->model;
  const int id = m->actuator_trnid[2 * actuator], start = system->actuation.start[actuator];
  const df_slopes s = df_linearise_actuator(system, d, x + m->nq + m->nv, actuator);
  const double gain = saturated(m, d, id) ? 0 : gear_of(m, actuator) * s.by_input;
  for (int k = 0; k < system->actuation.count[actuator]; k++) {
    part->gain[start + k] = gain * d->ten_J[m->ten_J_rowadr[id] + k];
    if (system->joint_forces.curved) part->implicit_by_input[start + k] = 0;
  }
}

static void add_actuators(const df_mujoco* system, const mjData* d, const double* x, int id, df_row_record* sum) {
  const mjModel* m = system->model;
  if (saturated(m, d, id)) return;
  for (int i = 0; i < m->nactuator; i++) {
    if (!drives(m, i, id)) continue;
    const double gear = gear_of(m, i);
    const df_slopes s = df_linearise_actuator(system, d, x + m->nq + m->nv, i);
    sum->stiffness -= gear * gear * s.by_length;
    sum->damping -= gear * gear * s.by_velocity;
  }
}

/* ---- springs and dampers ---- */

/* minus the derivative by x of the force -x (c0 + c1 x + c2 x^2) of a spring, or -x (c0 + c1 |x| + c2 x^2) of a damper
 * if x is the absolute velocity */
static double slope(const double c[1 + mjNPOLY], double x) {
  return c[0] + 2 * c[1] * x + 3 * c[2] * x * x;
}

/* the spring acts only outside its dead band */
static double spring_slope(const mjModel* m, const mjData* d, int id) {
  const double length = d->ten_length[id];
  const mjtNum *rest = m->tendon_lengthspring + 2 * id, *poly = m->tendon_stiffnesspoly + mjNPOLY * id;
  if ((m->opt.disableflags & mjDSBL_SPRING) || (length >= rest[0] && length <= rest[1])) return 0;
  const double law[] = {m->tendon_stiffness[id], poly[0], poly[1]};
  return slope(law, length > rest[1] ? length - rest[1] : length - rest[0]);
}

/* the tendon's own damping and the damping of its actuators */
static double damper_slope(const mjModel* m, const mjData* d, int id) {
  const mjtNum* poly = m->tendon_dampingpoly + mjNPOLY * id;
  double law[] = {m->tendon_damping[id], poly[0], poly[1]};
  if (m->opt.disableflags & mjDSBL_DAMPER) return 0;
  for (int i = 0; i < m->nactuator && m->tendon_actuatorid[id] != -1; i++) {
    if (!drives(m, i, id)) continue;
    const double gear = gear_of(m, i);
    law[0] += gear * gear * m->actuator_damping[i];
    for (int p = 0; p < mjNPOLY; p++) law[1 + p] += gear * gear * m->actuator_dampingpoly[mjNPOLY * i + p];
  }
  return slope(law, fabs(d->ten_velocity[id]));
}

/* ---- one record per tendon ---- */

static df_status record_tendon(df_tape* tape, const df_mujoco* system, const mjData* d, const double* x, int id,
                               df_tape_step* step) {
  const mjModel* m = system->model;
  /* springs, dampers, actuators */
  df_row_record sum = {.stiffness = spring_slope(m, d, id), .damping = damper_slope(m, d, id)};
  add_actuators(system, d, x, id, &sum);

  /* dry friction and limits */
  for (int row = d->ne; row < d->ne + d->nf + d->nl; row++) {
    const bool tendon = d->efc_type[row] == mjCNSTR_FRICTION_TENDON || d->efc_type[row] == mjCNSTR_LIMIT_TENDON;
    if (tendon && d->efc_id[row] == id) df_add_constraint_row(d, row, &sum);
  }
  if (sum.mass == 0 && sum.stiffness == 0 && sum.damping == 0) return DF_OK;

  /* the tendon's Jacobian row over its dofs */
  int dofs[MAX_NV];
  double coefficient[MAX_NV];
  sum.ndof = df_tendon_dofs(m, id, dofs);
  const df_jacobian_row line = df_tendon_row(m, d, id);
  df_row_gather(&line, sum.ndof, dofs, coefficient);
  return df_record_row(tape, system, &sum, dofs, coefficient, NULL, step);
}

df_status df_record_tendons(df_tape* tape, const df_mujoco* system, const mjData* d, const double* x,
                            df_tape_step* step) {
  for (int id = 0; id < system->model->ntendon; id++) DF_TRY(record_tendon(tape, system, d, x, id, step));
  return DF_OK;
}
