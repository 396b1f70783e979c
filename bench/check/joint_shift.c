#include "joint_shift.h"

#include <math.h>
#include <stdlib.h>

#include "dynaflow/core/alloc.h"
#include "joint_legs.h"

/* shares of the samples; of the width of a range */
static const double BEYOND = 0.1, WITHIN = 0.02, SLACK = 0.02;
enum { SAMPLE = 20000 }; /* frames that are looked at */

/* a cycle of columns: joints of the model in their recorded order */
typedef struct cycle {
  const df_dataset* data;
  const df_joint* joints;
  int* joint; /* [n] */
  int n;
} cycle;

/* the share of the samples beyond limits if column p holds the joint of column p - by */
static double share_beyond(const cycle* c, int by) {
  const size_t rows = c->data->first[c->data->episodes], every = rows / SAMPLE + 1;
  size_t beyond = 0, all = 0;
  for (int p = 0; p < c->n; p++) {
    const df_joint *read = &c->joints[c->joint[p]], *is = &c->joints[c->joint[((p - by) % c->n + c->n) % c->n]];
    if (!isfinite(is->width)) continue;
    for (size_t row = 0; row < rows; row += every, all++) {
      const double q = c->data->states[row * (size_t)c->data->nx + (size_t)read->qpos];
      beyond += fmax(is->lo - q, q - is->hi) > SLACK * is->width;
    }
  }
  return all ? (double)beyond / (double)all : 0;
}

/* the smallest shift that leaves hardly any sample beyond the limits; 0: none */
static int smallest_shift(const cycle* c) {
  for (int by = 1; 2 * by <= c->n; by++) {
    if (share_beyond(c, by) < WITHIN) return by;
    if (share_beyond(c, -by) < WITHIN) return -by;
  }
  return 0;
}

/* takes the smaller one of two shifts */
static df_status try_cycle(const cycle* c, int joints, joint_shift* out) {
  const double as_read = share_beyond(c, 0);
  const int by = c->n > 2 && as_read > BEYOND ? smallest_shift(c) : 0;
  if (by == 0 || (out->by && abs(out->by) <= abs(by))) return DF_OK;
  int* to = out->to ? out->to : df_alloc((size_t)joints, sizeof *to);
  if (!to) return DF_E_NOMEM;
  for (int j = 0; j < joints; j++) to[j] = j;
  for (int p = 0; p < c->n; p++) to[c->joint[p]] = c->joint[((p - by) % c->n + c->n) % c->n];
  *out = (joint_shift){.by = by, .as_read = as_read, .share = share_beyond(c, by), .to = to};
  return DF_OK;
}

df_status joint_shift_find(const df_dataset* data, const df_system* system, const int* recorded, joint_shift* out) {
  chain all;
  cycle c = {.data = data};
  const int joints = df_mujoco_joints(system, &c.joints);
  *out = (joint_shift){0};
  df_status status = chain_of(system, &all);
  c.joint = df_alloc((size_t)joints, sizeof *c.joint);
  if (status == DF_OK && !c.joint) status = DF_E_NOMEM;
  for (int limited = 0; limited < 2 && status == DF_OK; limited++) {
    c.n = 0;
    for (int p = 0; p < all.n; p++) {
      const int j = recorded ? recorded[p] : all.index[p];
      if (!limited || isfinite(c.joints[j].width)) c.joint[c.n++] = j;
    }
    status = try_cycle(&c, joints, out);
  }
  if (status != DF_OK) df_free(out->to);
  if (status != DF_OK) *out = (joint_shift){0};
  df_free(c.joint);
  chain_clear(&all);
  return status;
}
