/* actuators and activations (docs/adjoint.md, section 4) */
#include <math.h>

#include "record.h"
#include "spatial.h"

/* since 4.0 MuJoCo leaves actuators of a joint at its force limit out of the implicit damping, as it always did with
 * actuators at their own force limit */
enum { OMITTED_AT_JOINT = mjVERSION_HEADER >= 4000000 };

/* ---- inputs of actuators ---- */

/* the control after MuJoCo's clamping; *clamped is true if it lies beyond its range and so does not follow d->ctrl */
static double control(const mjModel* m, const mjData* d, int i, bool* clamped) {
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
  if (m->actuator_actnum[i] == 0) return control(m, d, i, clamped);
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

static bool joint_saturated(const mjModel* m, const mjData* d, int joint) {
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

/* an actuator on a hinge or slide, whose moment is the gear */
static void record_on_scalar(const df_mujoco* system, const mjData* d, int i, df_slopes s, df_record_part* part) {
  const mjModel* m = system->model;
  const int joint = m->actuator_trnid[2 * i], dof = m->jnt_dofadr[joint], entry = system->actuation.start[i];
  const double gear = m->actuator_gear[6 * m->actuator_outadr[i]];
  const bool at_joint = joint_saturated(m, d, joint);

  /* part of the implicit damping, derivative by the input */
  const bool implicit = m->opt.integrator == mjINT_IMPLICITFAST && !(at_joint && OMITTED_AT_JOINT);
  if (system->joint_forces.curved) part->implicit_by_input[entry] = implicit ? -gear * gear * s.velocity_by_input : 0;

  /* a joint at its force limit has a constant force */
  if (at_joint) s = (df_slopes){0};
  part->gain[entry] = gear * s.by_input;
  part->stiffness[dof] -= gear * gear * s.by_length;
  part->damping[dof] -= gear * gear * s.by_velocity;
}

double df_plain_control(const mjModel* m, const mjData* d, int i) {
  bool clamped;
  return control(m, d, i, &clamped);
}

bool df_plain_acts(const mjModel* m, const mjData* d, int i) {
  return !force_saturated(m, d, i) && !joint_saturated(m, d, m->actuator_trnid[2 * i]);
}

bool df_plain_damps(const mjModel* m, const mjData* d, int i) {
  if (m->opt.integrator != mjINT_IMPLICITFAST || force_saturated(m, d, i)) return false;
  return !(OMITTED_AT_JOINT && joint_saturated(m, d, m->actuator_trnid[2 * i]));
}

/* an actuator on a hinge or slide with constant slopes */
static void record_plain(const df_mujoco* system, const mjData* d, int i, df_record_part* part) {
  const mjModel* m = system->model;
  const df_plain_actuator* p = &system->actuation.plain[i];
  part->gain[p->entry] = 0;
  if (system->joint_forces.curved) part->implicit_by_input[p->entry] = 0;
  if (!df_plain_acts(m, d, i)) return;
  bool clamped;
  (void)control(m, d, i, &clamped);
  part->gain[p->entry] = clamped ? 0 : p->by_input;
  part->stiffness[p->dof] -= p->by_length;
  part->damping[p->dof] -= p->by_velocity;
}

/* ---- actuators on ball and free joints ---- */

/* Derivatives of the length and velocity of actuator i by the positions of the joint's dofs, [size] each. On a ball
 * joint the length is gear . (rotation vector of the quaternion); on a free joint it is constant. A moment fixed in the
 * parent frame (JOINTINPARENT) turns against the joint, which makes the velocity depend on the position. */
static void transmission_slopes(const df_mujoco* system, const double* x, int i, int size, const double* moment,
                                double* length, double* velocity) {
  const mjModel* m = system->model;
  const int joint = m->actuator_trnid[2 * i], turn = size - 3;
  for (int k = 0; k < size; k++) length[k] = velocity[k] = 0;
  /* dl/dq = Jr(e)^-T gear on a ball joint */
  if (turn == 0) {
    const double* gear = m->actuator_gear + 6 * m->actuator_outadr[i];
    double unit[4], r[3], rate[9];
    mju_copy4(unit, x + m->jnt_qposadr[joint]);
    mju_normalize4(unit);
    mju_quat2Vel(r, unit, 1);
    rotation_rate(r, rate);
    for (int k = 0; k < 9; k++) length[k % 3] += gear[k / 3] * rate[k];
  }
  /* dl' = -(m x v) . dq for a moment m fixed in the parent */
  if (m->actuator_trntype[i] != mjTRN_JOINTINPARENT) return;
  double cross[3];
  vec_cross(cross, moment + turn, x + m->nq + m->jnt_dofadr[joint] + turn);
  vec_add_scaled(velocity + turn, cross, -1);
}

/* moment [size] of actuator i over the dofs of its joint */
static void read_moment(const mjModel* m, const mjData* d, int i, int size, double* moment) {
  const int out = m->actuator_outadr[i], dof = m->jnt_dofadr[m->actuator_trnid[2 * i]];
  for (int k = 0; k < size; k++) moment[k] = 0;
  for (int k = 0; k < d->moment_rownnz[out]; k++) {
    const int at = d->moment_rowadr[out] + k;
    moment[d->moment_colind[at] - dof] = d->actuator_moment[at];
  }
}

/* block -= force [moment]x: a moment fixed in the parent turns against the joint, dm = m x dq */
static void add_turning_moment(double* block, int size, const double* moment, double force) {
  const int turn = size - 3;
  const double* t = moment + turn;
  const double cross[9] = {0, -t[2], t[1], t[2], 0, -t[0], -t[1], t[0], 0};
  for (int k = 0; k < 9; k++) block[(turn + k / 3) * size + turn + k % 3] -= force * cross[k];
}

/* an actuator on a ball or free joint: K -= m (F_l dl/dq + F_l' dl'/dq) + F dm/dq, C -= F_l' m m^T */
static void record_on_block(const df_mujoco* system, const mjData* d, const double* x, int i, df_slopes s,
                            df_record_part* part) {
  const mjModel* m = system->model;
  const df_joint_forces* f = &system->joint_forces;
  const int b = f->block[m->actuator_trnid[2 * i]], size = f->size[b], at = f->at[b];
  double moment[6], length[6], velocity[6];
  read_moment(m, d, i, size, moment);
  transmission_slopes(system, x, i, size, moment, length, velocity);
  for (int k = 0; k < size; k++) {
    part->gain[system->actuation.start[i] + k] = moment[k] * s.by_input;
    if (f->curved) part->implicit_by_input[system->actuation.start[i] + k] = 0;
    for (int j = 0; j < size; j++) {
      const int to = at + size * k + j;
      part->block_stiffness[to] -= moment[k] * (s.by_length * length[j] + s.by_velocity * velocity[j]);
      part->block_damping[to] -= s.by_velocity * moment[k] * moment[j];
    }
  }
  if (m->actuator_trntype[i] == mjTRN_JOINTINPARENT)
    add_turning_moment(part->block_stiffness + at, size, moment, d->actuator_force[m->actuator_outadr[i]]);
}

static void record_actuator(const df_mujoco* system, const mjData* d, const double* x, int i, df_record_part* part) {
  const mjModel* m = system->model;
  const int type = m->actuator_trntype[i];
  if (type == mjTRN_TENDON) df_record_tendon_gain(system, d, x, i, part);
  if (type != mjTRN_JOINT && type != mjTRN_JOINTINPARENT) return;
  const df_slopes s = df_linearise_actuator(system, d, x + m->nq + m->nv, i);
  if (system->joint_forces.block[m->actuator_trnid[2 * i]] >= 0)
    record_on_block(system, d, x, i, s, part);
  else
    record_on_scalar(system, d, i, s, part);
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

/* act_dot = input for an integrator, (input - act) / T for a filter */
static void record_activation(const df_mujoco* system, const mjData* d, int k, df_record_part* part) {
  const mjModel* m = system->model;
  const int i = system->actuation.owner[k];
  part->rate_by_act[k] = part->rate_by_ctrl[k] = 0;
  if (df_actuator_disabled(m, i)) return;
  const bool filter = m->actuator_dyntype[i] != mjDYN_INTEGRATOR;
  const double rate = filter ? 1 / fmax(mjMINVAL, m->actuator_dynprm[mjNDYN * i]) : 1;
  bool clamped;
  (void)control(m, d, i, &clamped);
  part->rate_by_act[k] = filter ? -rate : 0;
  part->rate_by_ctrl[k] = clamped ? 0 : rate;
}

void df_record_actuators(const df_mujoco* system, const mjData* d, const double* x, df_record_part* part) {
  const mjModel* m = system->model;
  for (int i = 0; i < m->nactuator; i++) {
    if (system->actuation.plain[i].entry >= 0)
      record_plain(system, d, i, part);
    else
      record_actuator(system, d, x, i, part);
  }
  for (int k = 0; k < m->na; k++) record_activation(system, d, k, part);
  df_record_act_open(system, x + m->nq + m->nv, d->act_dot, part->act_open);
}
