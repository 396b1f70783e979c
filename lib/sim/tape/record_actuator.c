/* forces of actuators and rates of activations (docs/adjoint.md, section 4) */
#include <math.h>

#include "dynaflow/core/assert.h"
#include "record.h"
#include "spatial.h"

/* ---- actuators on hinges and slides ---- */

/* an actuator on a hinge or slide, whose moment is the gear */
static void record_on_scalar(const df_mujoco* system, const mjData* d, int i, df_slopes s, df_record_part* part) {
  const mjModel* m = system->model;
  const int joint = m->actuator_trnid[2 * i], dof = m->jnt_dofadr[joint], entry = system->actuation.start[i];
  const double gear = m->actuator_gear[6 * m->actuator_outadr[i]];
  const bool at_joint = df_joint_saturated(m, d, joint);

  /* part of the implicit damping, derivative by the input */
  const bool implicit = m->opt.integrator == mjINT_IMPLICITFAST && !(at_joint && DF_OMITTED_AT_JOINT);
  if (system->joint_forces.curved) part->implicit_by_input[entry] = implicit ? -gear * gear * s.velocity_by_input : 0;

  /* a joint at its force limit has a constant force */
  if (at_joint) s = (df_slopes){0};
  part->gain[entry] = gear * s.by_input;
  part->stiffness[dof] -= gear * gear * s.by_length;
  part->damping[dof] -= gear * gear * s.by_velocity;
}

/* an actuator on a hinge or slide with constant slopes */
static void record_plain(const df_mujoco* system, const mjData* d, int i, df_record_part* part) {
  const mjModel* m = system->model;
  const df_plain_actuator* p = &system->actuation.plain[i];
  DF_ASSERT(p->entry < system->actuation.nctrl && system->actuation.dof[p->entry] == p->dof);
  part->gain[p->entry] = 0;
  if (system->joint_forces.curved) part->implicit_by_input[p->entry] = 0;
  if (!df_plain_acts(m, d, i)) return;
  bool clamped;
  (void)df_actuator_control(m, d, i, &clamped);
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
    DF_ASSERT(d->moment_colind[at] >= dof && d->moment_colind[at] < dof + size);
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

/* ---- actuators on sites ---- */

/* number `index` of the actuators on sites, whose wrench turns with the site */
static void record_on_site(const df_mujoco* system, const mjData* d, const double* x, int index, df_record_part* part) {
  const mjModel* m = system->model;
  const int i = system->actuation.site[index], site = m->actuator_trnid[2 * i], out = m->actuator_outadr[i];
  const df_slopes s = df_linearise_actuator(system, d, x + m->nq + m->nv, i);
  const double *gear = m->actuator_gear + 6 * out, *frame = d->site_xmat + 9 * site;
  const double* origin = d->subtree_com + 3 * m->body_rootid[m->site_bodyid[site]];
  double *wrench = part->wrench + 8 * index, arm[3], moment[3];

  /* the gear, force then couple, in the world; couple about the origin */
  for (int k = 0; k < 3; k++) {
    wrench[k] = vec_dot(frame + 3 * k, gear + 3);
    wrench[3 + k] = vec_dot(frame + 3 * k, gear);
    arm[k] = d->site_xpos[3 * site + k] - origin[k];
  }
  vec_cross(moment, arm, wrench + 3);
  vec_add_scaled(wrench, moment, 1);
  wrench[6] = d->actuator_force[out];
  wrench[7] = -s.by_velocity;

  /* its moment is S . wrench */
  for (int k = 0; k < system->actuation.count[i]; k++) {
    const int entry = system->actuation.start[i] + k;
    part->gain[entry] = s.by_input * sp_dot(d->cdof + 6 * system->actuation.dof[entry], wrench);
    if (system->joint_forces.curved) part->implicit_by_input[entry] = 0;
  }
}

/* ---- all actuators ---- */

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

/* act_dot = input for an integrator, (input - act) / T for a filter */
static void record_activation(const df_mujoco* system, const mjData* d, int k, df_record_part* part) {
  const mjModel* m = system->model;
  const int i = system->actuation.owner[k];
  part->rate_by_act[k] = part->rate_by_ctrl[k] = 0;
  if (df_actuator_disabled(m, i)) return;
  const bool filter = m->actuator_dyntype[i] != mjDYN_INTEGRATOR;
  const double rate = filter ? 1 / fmax(mjMINVAL, m->actuator_dynprm[mjNDYN * i]) : 1;
  bool clamped;
  (void)df_actuator_control(m, d, i, &clamped);
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
  for (int k = 0; k < system->actuation.nsite; k++) record_on_site(system, d, x, k, part);
  for (int k = 0; k < m->na; k++) record_activation(system, d, k, part);
  df_record_act_open(system, x + m->nq + m->nv, d->act_dot, part->act_open);
}
