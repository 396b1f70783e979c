#include "joint_dead.h"

#include <math.h>

#include "joint_legs.h"

/* rad or m: what moves by less is no evidence */
static const double MOVES = 0.02;

/* the range of coordinate i of the states */
static double range_of(const df_dataset* data, int i) {
  double lo = INFINITY, hi = -INFINITY;
  for (size_t f = 0; f < data->first[data->episodes]; f++) {
    const double x = data->states[f * (size_t)data->nx + (size_t)i];
    lo = fmin(lo, x);
    hi = fmax(hi, x);
  }
  return hi - lo;
}

/* whether joint k of the chain is dead */
static bool is_dead(const df_dataset* data, int nq, const chain* c, int k) {
  const df_joint* joint = c->joint[k];
  int others = 0, part = -1;
  if (range_of(data, joint->qpos) > 0 || range_of(data, nq + joint->dof) > 0) return false;
  if (data->states[nq + joint->dof] != 0) return false;
  for (int l = 0; l < c->legs; l++) {
    if (k >= c->leg_of[l] && k < c->leg_of[l] + c->per_leg) part = k - c->leg_of[l];
  }
  for (int l = 0; l < c->legs && part >= 0; l++) {
    const int other = c->leg_of[l] + part;
    if (other == k) continue;
    if (!(range_of(data, c->joint[other]->qpos) > MOVES)) return false;
    others++;
  }
  return others > 0;
}

bool joint_is_dead(const df_dataset* data, const df_system* system, int j) {
  chain c;
  bool dead = false;
  if (chain_of(system, &c) == DF_OK) {
    for (int k = 0; k < c.n; k++) dead |= c.index[k] == j && is_dead(data, df_mujoco_nq(system), &c, k);
  }
  chain_clear(&c);
  return dead;
}

bool joint_any_is_dead(const df_dataset* data, const df_system* system) {
  const df_joint* joints;
  const int n = df_mujoco_joints(system, &joints);
  bool any = false;
  for (int j = 0; j < n && !any; j++) any = joint_is_dead(data, system, j);
  return any;
}
