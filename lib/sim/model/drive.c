/* what drives the dofs of a model: which actuators act on them, and with which force at most */
#include <math.h>

#include "dynaflow/sim/dynamics.h"
#include "model.h"

/* marks the dofs that move a body as driven by forces without a known range */
static void mark_ancestors(const mjModel* m, int body, df_dof* dof) {
  const int link = m->body_weldid[body];
  int i = link > 0 ? m->body_dofadr[link] + m->body_dofnum[link] - 1 : -1;
  for (; i >= 0; i = m->dof_parentid[i]) dof[i] = (df_dof){.actuated = true, .lo = -INFINITY, .hi = INFINITY};
}

/* the force of actuator i along its transmission */
static df_range force_range(const mjModel* m, int i) {
  df_range range = {-INFINITY, INFINITY};
  const double gain = m->actuator_gainprm[mjNGAIN * i];
  const bool motor = m->actuator_gaintype[i] == mjGAIN_FIXED && m->actuator_biastype[i] == mjBIAS_NONE &&
                     m->actuator_dyntype[i] == mjDYN_NONE && m->actuator_ctrlnum[i] == 1 && gain != 0;
  if (motor) {
    const df_range control = df_control_range(m, m->actuator_ctrladr[i]);
    range = (df_range){fmin(gain * control.lo, gain * control.hi), fmax(gain * control.lo, gain * control.hi)};
  }
  if (m->actuator_forcelimited[i]) {
    range.lo = fmax(range.lo, m->actuator_forcerange[2 * i]);
    range.hi = fmin(range.hi, m->actuator_forcerange[2 * i + 1]);
  }
  return range;
}

/* adds the range of an actuator on a hinge or slide */
static void add_range(const mjModel* m, int i, df_dof* dof) {
  const df_range range = force_range(m, i);
  const double gear = m->actuator_gear[6 * m->actuator_outadr[i]];
  if (gear == 0) return;
  dof->lo += fmin(gear * range.lo, gear * range.hi);
  dof->hi += fmax(gear * range.lo, gear * range.hi);
}

static void drive(const df_actuation* a, const mjModel* m, int i, df_dof* dof) {
  const int* id = m->actuator_trnid + 2 * i;
  switch (m->actuator_trntype[i]) {
    case mjTRN_JOINT:
    case mjTRN_JOINTINPARENT:
    case mjTRN_TENDON:
      for (int k = a->start[i]; k < a->start[i] + a->count[i]; k++) {
        df_dof* one = &dof[a->dof[k]];
        const int type = m->jnt_type[m->dof_jntid[a->dof[k]]];
        const bool alone = m->actuator_trntype[i] != mjTRN_TENDON && (type == mjJNT_HINGE || type == mjJNT_SLIDE);
        one->actuated = true;
        if (alone) {
          add_range(m, i, one);
        } else {
          one->lo = -INFINITY;
          one->hi = INFINITY;
        }
      }
      return;
    case mjTRN_BODY:
      mark_ancestors(m, id[0], dof);
      return;
    default: /* sites */
      for (int k = 0; k < 2; k++) {
        if (id[k] >= 0) mark_ancestors(m, m->site_bodyid[id[k]], dof);
      }
  }
}

void df_mujoco_dofs(const df_system* system, df_dof* dof) {
  const mjModel* m = as_mujoco(system)->model;
  for (int i = 0; i < m->nv; i++) dof[i] = (df_dof){0};
  for (int i = 0; i < m->nactuator; i++) {
    if (!df_actuator_disabled(m, i)) drive(&as_mujoco(system)->actuation, m, i, dof);
  }
  for (int i = 0; i < m->nv; i++) {
    const int joint = m->dof_jntid[i], first = df_rotation_dof(m, joint);
    dof[i].rotates = m->jnt_type[joint] == mjJNT_HINGE || (first >= 0 && i >= first);
    if (!m->jnt_actfrclimited[joint]) continue;
    if (df_compensated_by_actuators(m, joint)) {
      /* it limits the sum with the compensation, which depends on the state */
      dof[i].lo = -INFINITY;
      dof[i].hi = INFINITY;
      continue;
    }
    dof[i].lo = fmax(dof[i].lo, m->jnt_actfrcrange[2 * joint]);
    dof[i].hi = fmin(dof[i].hi, m->jnt_actfrcrange[2 * joint + 1]);
  }
}

/* whether `body` is `top` or hangs on it */
static bool hangs_on(const mjModel* m, int body, int top) {
  while (body > 0 && body != top) body = m->body_parentid[body];
  return body == top;
}

/* whether actuator i acts on `top` or on what hangs on it */
static bool acts_below(const df_actuation* a, const mjModel* m, int i, int top) {
  const int* id = m->actuator_trnid + 2 * i;
  switch (m->actuator_trntype[i]) {
    case mjTRN_JOINT:
    case mjTRN_JOINTINPARENT:
    case mjTRN_TENDON:
      for (int k = a->start[i]; k < a->start[i] + a->count[i]; k++) {
        if (hangs_on(m, m->dof_bodyid[a->dof[k]], top)) return true;
      }
      return false;
    case mjTRN_BODY:
      return hangs_on(m, id[0], top);
    default: /* sites */
      return hangs_on(m, m->site_bodyid[id[0]], top) || (id[1] >= 0 && hangs_on(m, m->site_bodyid[id[1]], top));
  }
}

bool df_mujoco_is_driven(const df_system* system, int joint) {
  const mjModel* m = as_mujoco(system)->model;
  for (int i = 0; i < m->nactuator; i++) {
    if (acts_below(&as_mujoco(system)->actuation, m, i, m->jnt_bodyid[joint])) return true;
  }
  return false;
}

int df_mujoco_body_root(const df_system* system, int body) {
  const mjModel* m = as_mujoco(system)->model;
  return m->body_weldid[body] == 0 ? 0 : m->body_rootid[body];
}

double df_mujoco_body_mass(const df_system* system, int body) {
  return as_mujoco(system)->model->body_mass[body];
}

double df_mujoco_gravity(const df_system* system) {
  return mju_norm3(as_mujoco(system)->model->opt.gravity);
}
