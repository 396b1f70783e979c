#include "joint_shift.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/sim/dynamics.h"
#include "joint_legs.h"
#include "misfit.h"

/* shares of the samples; of the width of a range */
static const double BEYOND = 0.1, WITHIN = 0.02, SLACK = 0.02;
/* a joint that is beyond its limits by this much of its width in more than this share of the samples is another one */
static const double FAR = 0.25, RARELY = 0.005;
/* what a shift may leave of the violation of couplings: of a soft one, of that as read */
static const double COUPLED = 0.1, OF_COUPLING = 0.5;
enum { SAMPLE = 20000 }; /* frames that are looked at */

/* a cycle of columns: joints of the model in their recorded order */
typedef struct cycle {
  const df_dataset* data;
  const df_joint* joints;
  const df_system* system;
  df_dataset* moved; /* the data with the joints of a shift; NULL: the model has no couplings */
  int couplings;
  double* violated; /* [couplings] by the data as read, misfit_of_each_coupling() */
  int* joint;       /* [n] */
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

/* *couples: whether the joints of the shift obey the couplings of the model */
static df_status check_couplings(const cycle* c, int by, bool* couples) {
  const df_dataset* d = c->data;
  *couples = true;
  if (!c->moved) return DF_OK;
  memcpy(c->moved->states, d->states, d->first[d->episodes] * (size_t)d->nx * sizeof *d->states);
  for (size_t row = 0; row < d->first[d->episodes]; row++) {
    const double* x = d->states + row * (size_t)d->nx;
    for (int p = 0; p < c->n; p++)
      c->moved->states[row * (size_t)d->nx + (size_t)c->joints[shifted(c, p, by)].qpos] =
          x[c->joints[c->joint[p]].qpos];
  }
  double* left = df_alloc((size_t)c->couplings, sizeof *left);
  const df_status status = left ? misfit_of_each_coupling(c->moved, c->system, left) : DF_E_NOMEM;
  for (int k = 0; k < c->couplings && status == DF_OK; k++)
    *couples &= left[k] <= fmax(COUPLED, OF_COUPLING * c->violated[k]);
  df_free(left);
  return status;
}

/* *by: the smallest shift that leaves hardly any sample beyond the limits, none far, and joints that are coupled as the
 * model couples them; 0: none */
static df_status smallest_shift(const cycle* c, int* by) {
  *by = 0;
  for (int k = 2; k / 2 * 2 <= c->n; k++) {
    const int tried = k % 2 ? -(k / 2) : k / 2;
    bool couples = share_beyond(c, tried) < WITHIN && is_near(c, tried);
    if (couples) DF_TRY(check_couplings(c, tried, &couples));
    if (!couples) continue;
    *by = tried;
    return DF_OK;
  }
  return DF_OK;
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
  int by = 0;
  if (c->n > 2 && as_read > BEYOND) DF_TRY(smallest_shift(c, &by));
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

/* room for the states of `data` in another order */
static df_status moved_new(const df_dataset* data, df_dataset** out) {
  const df_dataset_shape shape = {.episodes = data->episodes, .lengths = data->lengths, .nx = data->nx, .dt = data->dt};
  return df_dataset_new(&shape, out);
}

df_status joint_shift_find(const df_dataset* data, const df_system* system, const int* recorded, joint_shift* out) {
  chain all;
  cycle c = {.data = data, .system = system};
  const int joints = df_mujoco_joints(system, &c.joints);
  *out = (joint_shift){0};
  df_status status = chain_of(system, &all);
  c.joint = df_alloc((size_t)joints, sizeof *c.joint);
  if (status == DF_OK && !c.joint) status = DF_E_NOMEM;
  c.couplings = df_mujoco_couplings(system, NULL, NULL, NULL);
  c.violated = df_alloc((size_t)c.couplings + 1, sizeof *c.violated);
  if (status == DF_OK) status = c.violated ? misfit_of_each_coupling(data, system, c.violated) : DF_E_NOMEM;
  if (status == DF_OK && c.couplings > 0) status = moved_new(data, &c.moved);
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
  df_free(c.violated);
  df_dataset_free(c.moved);
  chain_clear(&all);
  return status;
}
