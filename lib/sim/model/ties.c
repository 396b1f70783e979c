/* equality constraints that tie a kinematic tree to something else: connect and weld, of bodies or sites */
#include <stdio.h>

#include "dynaflow/sim/dynamics.h"
#include "model.h"

static int side_of(const mjModel* m, int eq, int side) {
  const int id = side ? m->eq_obj2id[eq] : m->eq_obj1id[eq];
  if (id < 0) return 0;
  return m->eq_objtype[eq] == mjOBJ_SITE ? m->site_bodyid[id] : id;
}

static int root_of(const mjModel* m, int body) {
  return m->body_weldid[body] == 0 ? 0 : m->body_rootid[body];
}

static bool is_active(const mjModel* m, int eq) {
  return m->eq_active0[eq] && !(m->opt.disableflags & (mjDSBL_EQUALITY | mjDSBL_CONSTRAINT));
}

/* whether the constraint ties a body of the tree to `other`, a body that is not of it */
static bool ties(const mjModel* m, int eq, int root, int* other) {
  if (m->eq_type[eq] != mjEQ_CONNECT && m->eq_type[eq] != mjEQ_WELD) return false;
  const int body[2] = {side_of(m, eq, 0), side_of(m, eq, 1)};
  const bool of[2] = {root_of(m, body[0]) == root, root_of(m, body[1]) == root};
  *other = body[of[0]];
  return root > 0 && of[0] != of[1];
}

int df_mujoco_mocap_holder(const df_system* system, int root) {
  const mjModel* m = as_mujoco(system)->model;
  for (int eq = 0; eq < m->neq; eq++) {
    int other;
    if (!is_active(m, eq) || !ties(m, eq, root, &other)) continue;
    /* what is fixed to a mocap body moves with it */
    while (other > 0 && m->body_mocapid[other] < 0) other = m->body_dofnum[other] ? 0 : m->body_parentid[other];
    if (other > 0) return other;
  }
  return -1;
}

int df_mujoco_idle_tie(const df_system* system, int root) {
  const mjModel* m = as_mujoco(system)->model;
  for (int eq = 0; eq < m->neq; eq++) {
    int other;
    if (!is_active(m, eq) && ties(m, eq, root, &other)) return eq;
  }
  return -1;
}

void df_mujoco_equality_label(const df_system* system, int equality, char* label, size_t n) {
  const char* name = mj_id2name(as_mujoco(system)->model, mjOBJ_EQUALITY, equality);
  if (name && name[0])
    snprintf(label, n, "%s", name);
  else
    snprintf(label, n, "equality %d", equality);
}
