/* forces along single dofs: springs, dampers and actuators (docs/adjoint.md, section 4) */
#include "record.h"

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

static void record_actuator(const mjModel* m, const mjData* d, int i, df_record_part* part) {
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

void df_record_passive(const mjModel* m, df_record_part* part) {
  const bool implicit = m->opt.integrator == mjINT_IMPLICITFAST || !(m->opt.disableflags & mjDSBL_EULERDAMP);
  for (int k = 0; k < m->nv; k++) {
    part->row_mass[k] = 0;
    part->stiffness[k] = 0;
    part->damping[k] = m->dof_damping[k];
    part->implicit[k] = implicit ? m->dof_damping[k] : 0;
  }
  for (int j = 0; j < m->njnt; j++) part->stiffness[m->jnt_dofadr[j]] += m->jnt_stiffness[j];
}

void df_record_actuators(const mjModel* m, const mjData* d, df_record_part* part) {
  for (int i = 0; i < m->nu; i++) record_actuator(m, d, i, part);
}
