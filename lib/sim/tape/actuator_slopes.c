/* the input of an actuator and the slopes of its force (docs/adjoint.md, section 4) */
#include "record.h"

/* ---- inputs of actuators ---- */

double df_actuator_control(const mjModel* m, const mjData* d, int i, bool* clamped) {
  const int at = m->actuator_ctrladr[i];
  const double ctrl = d->ctrl[at];
  *clamped = false;
  if (!m->actuator_ctrllimited[at] || (m->opt.disableflags & mjDSBL_CLAMPCTRL)) return ctrl;
  const mjtNum* range = m->actuator_ctrlrange + 2 * at;
  *clamped = ctrl < range[0] || ctrl > range[1];
  return ctrl < range[0] ? range[0] : ctrl > range[1] ? range[1] : ctrl;
}

/* activation k at the end of the step before clamping; act [na] is the activation at its start */
static double next_activation(const df_mujoco* system, const double* act, const double* act_dot, int k) {
  const double rate = df_actuator_disabled(system->model, system->actuation.owner[k]) ? 0 : act_dot[k];
  return act[k] + system->actuation.scale[k] * rate;
}

static bool is_clamped(const mjModel* m, int i, double act) {
  const mjtNum* range = m->actuator_actrange + 2 * i;
  return m->actuator_actlimited[i] && (act < range[0] || act > range[1]);
}

/* the factor of the gain: control, activation, or next activation (actearly) */
static double input_of(const df_mujoco* system, const mjData* d, const double* act, int i, bool* clamped) {
  const mjModel* m = system->model;
  if (m->actuator_actnum[i] == 0) return df_actuator_control(m, d, i, clamped);
  /* of several activations the last one drives the force */
  *clamped = false;
  const int k = m->actuator_actadr[i] + m->actuator_actnum[i] - 1;
  if (!m->actuator_actearly[i]) return act[k];
  const double next = next_activation(system, act, d->act_dot, k);
  return is_clamped(m, i, next) ? mju_clip(next, m->actuator_actrange[2 * i], m->actuator_actrange[2 * i + 1]) : next;
}

/* ---- actuators: f(input, length, velocity) = gain(length, velocity) input + bias(length, velocity) ---- */

static bool outside(double x, const mjtNum range[2]) {
  return x <= range[0] || x >= range[1];
}

bool df_joint_saturated(const mjModel* m, const mjData* d, int joint) {
  return m->jnt_actfrclimited[joint] && outside(d->qfrc_actuator[m->jnt_dofadr[joint]], m->jnt_actfrcrange + 2 * joint);
}

static bool force_saturated(const mjModel* m, const mjData* d, int i) {
  return m->actuator_forcelimited[i] &&
         outside(d->actuator_force[m->actuator_outadr[i]], m->actuator_forcerange + 2 * i);
}

df_slopes df_linearise_actuator(const df_mujoco* system, const mjData* d, const double* act, int i) {
  const mjModel* m = system->model;
  if (df_actuator_disabled(m, i) || force_saturated(m, d, i)) return (df_slopes){0};
  const mjtNum *g = m->actuator_gainprm + mjNGAIN * i, *b = m->actuator_biasprm + mjNBIAS * i;
  bool clamped;
  const double input = input_of(system, d, act, i, &clamped);
  df_slopes s = {.by_input = g[0]};
  if (m->actuator_biastype[i] == mjBIAS_AFFINE) {
    s.by_length = b[1];
    s.by_velocity = b[2];
  }
  /* gain = g0 + g1 length + g2 velocity */
  if (m->actuator_gaintype[i] == mjGAIN_AFFINE) {
    const int out = m->actuator_outadr[i];
    s.by_input += g[1] * d->actuator_length[out] + g[2] * d->actuator_velocity[out];
    s.by_length += g[1] * input;
    s.by_velocity += g[2] * input;
    s.velocity_by_input = clamped ? 0 : g[2];
  }
  if (clamped) s.by_input = 0;
  return s;
}

/* ---- actuators with constant slopes ---- */

bool df_plain_acts(const mjModel* m, const mjData* d, int i) {
  return !force_saturated(m, d, i) && !df_joint_saturated(m, d, m->actuator_trnid[2 * i]);
}

bool df_plain_damps(const mjModel* m, const mjData* d, int i) {
  if (m->opt.integrator != mjINT_IMPLICITFAST || force_saturated(m, d, i)) return false;
  return !(DF_OMITTED_AT_JOINT && df_joint_saturated(m, d, m->actuator_trnid[2 * i]));
}

/* ---- activations ---- */

void df_record_act_open(const df_mujoco* system, const double* act, const double* act_dot, double* open) {
  const mjModel* m = system->model;
  for (int k = 0; k < m->na; k++) {
    /* with actuation disabled activations are constant, even beyond their range */
    const bool stands = (m->opt.disableflags & mjDSBL_ACTUATION) != 0;
    open[k] = stands || !is_clamped(m, system->actuation.owner[k], next_activation(system, act, act_dot, k));
  }
}
