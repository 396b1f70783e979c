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
    dof[i].inertia = m->dof_M0[i];
    dof[i].damping = m->dof_damping[i];
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

/* ---- which bodies are driven, and what can hold them ---- */

/* whether a body is `root` or hangs on it */
static bool hangs_on(const mjModel* m, int body, int root) {
  while (body > 0 && body != root) body = m->body_parentid[body];
  return body == root;
}

/* the body of entry i of the path of a tendon; -1: none */
static int wrapped_body(const mjModel* m, int i) {
  const int id = m->wrap_objid[i];
  switch (m->wrap_type[i]) {
    case mjWRAP_JOINT:
      return m->jnt_bodyid[id];
    case mjWRAP_SITE:
      return m->site_bodyid[id];
    default: /* pulleys have no body; a geom only leads the tendon around itself */
      return -1;
  }
}

static bool tendon_moves(const mjModel* m, int tendon, int root) {
  const int first = m->tendon_adr[tendon];
  for (int i = first; i < first + m->tendon_num[tendon]; i++) {
    const int body = wrapped_body(m, i);
    if (body >= 0 && hangs_on(m, body, root)) return true;
  }
  return false;
}

/* whether the transmission of actuator i acts on `root` or on what hangs on it */
static bool moves(const mjModel* m, int i, int root) {
  const int* id = m->actuator_trnid + 2 * i;
  switch (m->actuator_trntype[i]) {
    case mjTRN_JOINT:
    case mjTRN_JOINTINPARENT:
      return hangs_on(m, m->jnt_bodyid[id[0]], root);
    case mjTRN_TENDON:
      return tendon_moves(m, id[0], root);
    case mjTRN_BODY:
      return hangs_on(m, id[0], root);
    default: /* sites, of which the second one may be missing */
      for (int k = 0; k < 2; k++) {
        if (id[k] >= 0 && hangs_on(m, m->site_bodyid[id[k]], root)) return true;
      }
      return false;
  }
}

bool df_mujoco_is_driven(const df_system* system, int joint) {
  const mjModel* m = as_mujoco(system)->model;
  for (int i = 0; i < m->nactuator; i++) {
    if (moves(m, i, m->jnt_bodyid[joint])) return true;
  }
  return false;
}

/* adds whether a body is part of the tree of `root`, or not */
static void note_side(const mjModel* m, int body, int root, bool* inside, bool* outside) {
  if (hangs_on(m, body, root))
    *inside = true;
  else
    *outside = true;
}

/* whether actuator i acts on the joint, or between what hangs on its body and the rest */
static bool acts_from_outside(const mjModel* m, int i, int joint) {
  const int root = m->jnt_bodyid[joint];
  const int* id = m->actuator_trnid + 2 * i;
  bool inside = false, outside = false;
  switch (m->actuator_trntype[i]) {
    case mjTRN_JOINT:
    case mjTRN_JOINTINPARENT:
      return id[0] == joint;
    case mjTRN_BODY:
      return false;
    case mjTRN_TENDON:
      for (int k = m->tendon_adr[id[0]]; k < m->tendon_adr[id[0]] + m->tendon_num[id[0]]; k++) {
        if (m->wrap_type[k] == mjWRAP_JOINT && m->wrap_objid[k] == joint) return true;
        if (m->wrap_type[k] == mjWRAP_SITE) note_side(m, wrapped_body(m, k), root, &inside, &outside);
      }
      return inside && outside;
    default: /* sites; without a second one the force is fixed to the first */
      note_side(m, m->site_bodyid[id[0]], root, &inside, &outside);
      note_side(m, id[1] >= 0 ? m->site_bodyid[id[1]] : 0, root, &inside, &outside);
      return inside && outside;
  }
}

bool df_mujoco_is_carried(const df_system* system, int joint) {
  const mjModel* m = as_mujoco(system)->model;
  for (int i = 0; i < m->nactuator; i++) {
    if (!df_actuator_disabled(m, i) && acts_from_outside(m, i, joint)) return true;
  }
  return false;
}

double df_mujoco_weight(const df_system* system, int body) {
  const mjModel* m = as_mujoco(system)->model;
  double mass = 0;
  if (m->opt.disableflags & mjDSBL_GRAVITY) return 0;
  for (int b = body; b < m->nbody; b++) {
    if (hangs_on(m, b, body)) mass += m->body_mass[b] * fmax(0, 1 - m->body_gravcomp[b]);
  }
  return mass * df_mujoco_gravity(system);
}

/* whether geoms a and b may touch */
static bool may_touch(const mjModel* m, int a, int b) {
  for (int i = 0; i < m->npair; i++) {
    const int one = m->pair_geom1[i], other = m->pair_geom2[i];
    if ((one == a && other == b) || (one == b && other == a)) return true;
  }
  return m->geom_contype[a] & m->geom_conaffinity[b] || m->geom_contype[b] & m->geom_conaffinity[a];
}

bool df_mujoco_may_touch_world(const df_system* system, int body) {
  const mjModel* m = as_mujoco(system)->model;
  if (m->opt.disableflags & (mjDSBL_CONTACT | mjDSBL_CONSTRAINT)) return false;
  for (int a = 0; a < m->ngeom; a++) {
    if (!hangs_on(m, m->geom_bodyid[a], body)) continue;
    for (int b = 0; b < m->ngeom; b++) {
      if (m->body_weldid[m->geom_bodyid[b]] == 0 && may_touch(m, a, b)) return true;
    }
  }
  return false;
}

/* the length of a fixed tendon, less that of the model's own first pose */
static double fixed_length(const mjModel* m, int tendon, const double* x) {
  double length = -m->tendon_length0[tendon];
  for (int k = 0; k < m->tendon_num[tendon]; k++) {
    const int wrap = m->tendon_adr[tendon] + k;
    length += m->wrap_prm[wrap] * x[m->jnt_qposadr[m->wrap_objid[wrap]]];
  }
  return length;
}

static double joint_offset(const mjModel* m, int joint, const double* x) {
  return x[m->jnt_qposadr[joint]] - m->qpos0[m->jnt_qposadr[joint]];
}

static bool is_coupling(const mjModel* m, int eq) {
  if (!m->eq_active0[eq] || m->opt.disableflags & mjDSBL_EQUALITY) return false;
  const int ids[] = {m->eq_obj1id[eq], m->eq_obj2id[eq]};
  bool fixed = m->eq_type[eq] == mjEQ_TENDON;
  for (int k = 0; k < 2 && fixed; k++) fixed = ids[k] < 0 || m->wrap_type[m->tendon_adr[ids[k]]] == mjWRAP_JOINT;
  return fixed || m->eq_type[eq] == mjEQ_JOINT;
}

/* How far a joint may be from where it is held: half of its range, or, without limits, 1 rad or the mean size of the
 * bodies of the model. */
static double joint_reach(const mjModel* m, int joint) {
  const double* range = m->jnt_range + 2 * joint;
  if (m->jnt_limited[joint]) return (range[1] - range[0]) / 2;
  return m->jnt_type[joint] == mjJNT_HINGE ? 1 : m->stat.meansize;
}

/* the same of a fixed tendon: of all its joints together */
static double fixed_reach(const mjModel* m, int tendon) {
  double reach = 0;
  for (int k = 0; k < m->tendon_num[tendon]; k++) {
    const int wrap = m->tendon_adr[tendon] + k;
    reach += fabs(m->wrap_prm[wrap]) * joint_reach(m, m->wrap_objid[wrap]);
  }
  return reach;
}

int df_mujoco_couplings(const df_system* system, const double* x, double* off, double* size) {
  /* a motion of less than this share of what the joints may move is that of joints at rest, which are held softly */
  static const double AT_REST = 0.05;
  const mjModel* m = as_mujoco(system)->model;
  int n = 0;
  for (int eq = 0; eq < m->neq; eq++) {
    if (!is_coupling(m, eq)) continue;
    n++;
    if (!x) continue;
    const bool joints = m->eq_type[eq] == mjEQ_JOINT, alone = m->eq_obj2id[eq] < 0;
    double (*const side)(const mjModel*, int, const double*) = joints ? joint_offset : fixed_length;
    const double reach = (joints ? joint_reach : fixed_reach)(m, m->eq_obj1id[eq]);
    const double one = side(m, m->eq_obj1id[eq], x), at = alone ? 0 : side(m, m->eq_obj2id[eq], x);
    double other = 0;
    for (int k = 4; k >= 0; k--) other = other * at + m->eq_data[eq * mjNEQDATA + k];
    off[n - 1] = fabs(one - other);
    size[n - 1] = alone ? reach : fmax(fmax(fabs(one), fabs(other)), AT_REST * reach);
  }
  return n;
}

double df_mujoco_density(const df_system* system) {
  return as_mujoco(system)->model->opt.density;
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

void df_mujoco_gravity_vector(const df_system* system, double gravity[3]) {
  mju_copy3(gravity, as_mujoco(system)->model->opt.gravity);
}
