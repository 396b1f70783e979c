#include "joint_force.h"

#include "dynaflow/core/alloc.h"

enum { SIZE_FREE = 6, SIZE_BALL = 3, TERMS = 1 + mjNPOLY };

static bool any(const mjtNum* x, int n) {
  for (int i = 0; i < n; i++) {
    if (x[i] != 0) return true;
  }
  return false;
}

/* the joint on which actuator i acts, or -1 */
static int joint_of_actuator(const mjModel* m, int i) {
  const int type = m->actuator_trntype[i];
  return type == mjTRN_JOINT || type == mjTRN_JOINTINPARENT ? m->actuator_trnid[2 * i] : -1;
}

/* ---- dampers ---- */

/* an actuator's damping acts on the joint scaled by gear^2 */
static void add_actuator_damping(df_joint_forces* f, const mjModel* m, int i) {
  const int joint = joint_of_actuator(m, i);
  if (joint < 0) return;
  const double gear = m->actuator_gear[6 * m->actuator_outadr[i]];
  for (int k = 0; k < df_joint_dofs(m, joint); k++) {
    double* damping = f->damping + TERMS * (m->jnt_dofadr[joint] + k);
    damping[0] += gear * gear * m->actuator_damping[i];
    for (int p = 0; p < mjNPOLY; p++) damping[1 + p] += gear * gear * m->actuator_dampingpoly[mjNPOLY * i + p];
  }
}

void df_joint_forces_refresh(df_joint_forces* f, const mjModel* m) {
  f->damped = m->opt.integrator == mjINT_IMPLICITFAST || m->opt.integrator == mjINT_IMPLICIT;
  if (m->opt.disableflags & mjDSBL_DAMPER) return;
  /* dampers of joints and of their actuators */
  for (int k = 0; k < m->nv; k++) {
    f->damping[TERMS * k] = m->dof_damping[k];
    for (int p = 0; p < mjNPOLY; p++) f->damping[TERMS * k + 1 + p] = m->dof_dampingpoly[mjNPOLY * k + p];
  }
  for (int i = 0; i < m->nactuator; i++) add_actuator_damping(f, m, i);

  /* Euler takes the damping of all dofs implicitly as soon as one dof has a damper */
  if (m->opt.integrator != mjINT_EULER || (m->opt.disableflags & mjDSBL_EULERDAMP)) return;
  for (int k = 0; k < m->nv; k++) {
    const bool by_actuator = m->jnt_actuatorid[m->dof_jntid[k]] != -1;
    f->damped |= m->dof_damping[k] > 0 || any(m->dof_dampingpoly + mjNPOLY * k, mjNPOLY) || by_actuator;
  }
}

static bool all_linear(const df_joint_forces* f, const mjModel* m) {
  for (int k = 0; k < m->nv; k++) {
    if (any(f->damping + TERMS * k + 1, mjNPOLY)) return false;
  }
  return true;
}

static bool has_spring(const mjModel* m, int joint) {
  if (m->opt.disableflags & mjDSBL_SPRING) return false;
  return m->jnt_stiffness[joint] != 0 || any(m->jnt_stiffnesspoly + mjNPOLY * joint, mjNPOLY);
}

/* whether the implicit damping depends on the state: a polynomial damper, or a gain on velocity under implicitfast */
static bool depends_on_state(const df_joint_forces* f, const mjModel* m) {
  if (f->damped && !f->linear) return true;
  if (m->opt.integrator != mjINT_IMPLICITFAST || (m->opt.disableflags & mjDSBL_ACTUATION)) return false;
  for (int i = 0; i < m->nactuator; i++) {
    if (m->actuator_gaintype[i] == mjGAIN_AFFINE && m->actuator_gainprm[mjNGAIN * i + 2] != 0) return true;
  }
  return false;
}

/* ---- blocks ---- */

/* 0 for a joint that needs no block */
static int block_size(const mjModel* m, int joint) {
  const int type = m->jnt_type[joint];
  if (type != mjJNT_FREE && type != mjJNT_BALL) return 0;
  bool needed = has_spring(m, joint);
  needed |= type == mjJNT_BALL && m->jnt_limited[joint];
  for (int i = 0; i < m->nactuator; i++) needed |= joint_of_actuator(m, i) == joint;
  return !needed ? 0 : type == mjJNT_FREE ? SIZE_FREE : SIZE_BALL;
}

static void list_blocks(df_joint_forces* f, const mjModel* m) {
  for (int j = 0; j < m->njnt; j++) {
    const int size = block_size(m, j);
    f->block[j] = -1;
    if (size == 0) continue;
    const int b = f->nblock++;
    f->block[j] = b;
    f->dof[b] = m->jnt_dofadr[j];
    f->size[b] = size;
    f->at[b] = f->total;
    f->total += size * size;
  }
}

/* ---- free bodies whose tree has no other dofs ---- */

/* under implicitfast MuJoCo adds gyroscopic terms to their implicit damping */

static void list_rigid(df_joint_forces* f, const mjModel* m) {
  if (m->opt.integrator != mjINT_IMPLICITFAST) return;
  for (int j = 0; j < m->njnt; j++) {
    const int dof = m->jnt_dofadr[j];
    if (m->jnt_type[j] != mjJNT_FREE || m->tree_dofnum[m->dof_treeid[dof]] != SIZE_FREE) continue;
    f->rigid_dof[f->nrigid] = dof;
    f->rigid_body[f->nrigid++] = m->jnt_bodyid[j];
  }
}

df_status df_joint_forces_build(df_joint_forces* f, const mjModel* m) {
  /* arrays */
  const size_t n = (size_t)m->njnt;
  f->damping = df_alloc(TERMS * (size_t)m->nv, sizeof *f->damping);
  f->dof = df_alloc(n, sizeof *f->dof);
  f->size = df_alloc(n, sizeof *f->size);
  f->at = df_alloc(n, sizeof *f->at);
  f->block = df_alloc(n, sizeof *f->block);
  f->rigid_dof = df_alloc(n, sizeof *f->rigid_dof);
  f->rigid_body = df_alloc(n, sizeof *f->rigid_body);
  if (!f->damping || !f->dof || !f->size || !f->at || !f->block || !f->rigid_dof || !f->rigid_body) return DF_E_NOMEM;

  /* dampers and flags */
  df_joint_forces_refresh(f, m);
  f->linear = all_linear(f, m);
  f->curved = depends_on_state(f, m);
  for (int j = 0; j < m->njnt; j++) f->sprung |= has_spring(m, j);

  /* ball and free joints */
  list_blocks(f, m);
  list_rigid(f, m);
  return DF_OK;
}

void df_joint_forces_free(df_joint_forces* f) {
  int* const arrays[] = {f->dof, f->size, f->at, f->block, f->rigid_dof, f->rigid_body};
  for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) df_free(arrays[i]);
  df_free(f->damping);
}
