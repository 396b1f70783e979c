#include "joint_shift.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "joint_legs.h"

/* shares of the samples; of the width of a range */
static const double BEYOND = 0.1, WITHIN = 0.02, SLACK = 0.02;
/* a joint that is beyond its limits by this much of its width in more than this share of the samples is another one */
static const double FAR = 0.25, RARELY = 0.005;
enum { SAMPLE = 20000 }; /* frames that are looked at */

/* a cycle of columns: joints of the model in their recorded order */
typedef struct cycle {
  const df_dataset* data;
  const df_joint* joints;
  int* joint; /* [n] */
  int n;
} cycle;

/* the joint of column p if it is that of column p - by */
static int shifted(const cycle* c, int p, int by) {
  return c->joint[((p - by) % c->n + c->n) % c->n];
}

/* the samples of column p that are beyond the limits of a joint by more than `slack` of its width, and their number */
static size_t count_beyond(const cycle* c, int p, int joint, double slack, size_t* all) {
  const size_t rows = c->data->first[c->data->episodes], every = rows / SAMPLE + 1;
  const df_joint *read = &c->joints[c->joint[p]], *is = &c->joints[joint];
  size_t beyond = 0;
  for (size_t row = 0; row < rows && isfinite(is->width); row += every, ++*all) {
    const double q = c->data->states[row * (size_t)c->data->nx + (size_t)read->qpos];
    beyond += fmax(is->lo - q, q - is->hi) > slack * is->width;
  }
  return beyond;
}

/* the share of the samples beyond limits if column p holds the joint of column p - by */
static double share_beyond(const cycle* c, int by) {
  size_t beyond = 0, all = 0;
  for (int p = 0; p < c->n; p++) beyond += count_beyond(c, p, shifted(c, p, by), SLACK, &all);
  return all ? (double)beyond / (double)all : 0;
}

/* Whether no joint is far beyond its limits, as the angle of another one in the place of a slide would be. */
static bool is_near(const cycle* c, int by) {
  bool near = true;
  for (int p = 0; p < c->n && near; p++) {
    size_t all = 0;
    const int joint = shifted(c, p, by);
    if (c->joints[joint].kind == c->joints[c->joint[p]].kind) continue;
    const size_t far = count_beyond(c, p, joint, FAR, &all);
    near = (double)far <= RARELY * (double)all;
  }
  return near;
}

/* the smallest shift that leaves hardly any sample beyond the limits, and none far; 0: none */
static int smallest_shift(const cycle* c) {
  for (int by = 1; 2 * by <= c->n; by++) {
    if (share_beyond(c, by) < WITHIN && is_near(c, by)) return by;
    if (share_beyond(c, -by) < WITHIN && is_near(c, -by)) return -by;
  }
  return 0;
}

/* the column whose joint is the k-th by name */
static int named_column(const cycle* c, int k) {
  for (int p = 0; p < c->n; p++) {
    int before = 0;
    for (int i = 0; i < c->n; i++) {
      const int order = strcmp(c->joints[c->joint[i]].name, c->joints[c->joint[p]].name);
      before += order < 0 || (order == 0 && i < p);
    }
    if (before == k) return p;
  }
  return k;
}

/* The share of the samples beyond the limits if the columns are those of joints sorted by name, as many programs write
 * them, which joint_order_find() finds. */
static double share_sorted(const cycle* c) {
  size_t beyond = 0, all = 0;
  for (int p = 0; p < c->n; p++) beyond += count_beyond(c, p, c->joint[named_column(c, p)], SLACK, &all);
  return all ? (double)beyond / (double)all : 0;
}

/* takes the smaller one of two shifts */
static df_status try_cycle(const cycle* c, int joints, joint_shift* out) {
  const double as_read = share_beyond(c, 0);
  const int by = c->n > 2 && as_read > BEYOND ? smallest_shift(c) : 0;
  /* an order by name that leaves fewer samples beyond the limits is a better explanation */
  if (by && share_sorted(c) < share_beyond(c, by)) return DF_OK;
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
