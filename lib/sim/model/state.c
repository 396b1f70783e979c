/* states: x = [qpos, qvel, act], to and from mjData */
#include "model.h"

void df_mujoco_put_state(const mjModel* m, mjData* d, const double* x) {
  mju_copy(d->qpos, x, (int)m->nq);
  mju_copy(d->qvel, x + m->nq, (int)m->nv);
  mju_copy(d->act, x + m->nq + m->nv, (int)m->na);
}

void df_mujoco_get_state(const mjModel* m, const mjData* d, double* x) {
  mju_copy(x, d->qpos, (int)m->nq);
  mju_copy(x + m->nq, d->qvel, (int)m->nv);
  mju_copy(x + m->nq + m->nv, d->act, (int)m->na);
}
