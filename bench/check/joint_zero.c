#include "joint_zero.h"

#include <math.h>
#include <string.h>

#include "check_parts.h"
#include "dynaflow/core/alloc.h"
#include "joint_legs.h"
#include "joint_order.h"
#include "misfit.h"

enum { SAMPLE_FRAMES = 4000, SAMPLE_POSES = 200, LEGS_MOST = 2, REFINED = 8 };
/* rad: the largest offset, the steps of the first search, and the accuracy of the last one */
static const double FARTHEST = 0.5, STEP = 0.05;
/* shares of what an order leaves, and of what is there as read */
static const double BETTER = 0.87, ABOUT = 1.15, SHARE = 0.65;

typedef struct trial {
  df_dataset* data;
  const df_system* system;
  const double* h;
  check_cfg cfg;
  bool by_forces;
  double* states; /* the states of `data` as read; owned */
} trial;

/* What does not fit, of which less is better: forces and contacts. Forces count below their floor, too: legs that an
 * offset lifts off the floor need less than that, and more than legs that stand. */
typedef struct left {
  double sum, shown; /* the latter is the part that is reported */
} left;

static df_status measure(const trial* t, left* out) {
  misfit fit;
  trace m;
  double residual = 0;
  df_status status = trace_of(t->data, t->system, t->h, t->cfg.frames_max, &m);
  if (status == DF_OK) status = check_root_residual(&m, t->cfg.poses_max, &residual);
  trace_clear(&m);
  if (status == DF_OK) status = misfit_of_poses(t->data, t->system, t->h, &t->cfg, &fit);
  if (status != DF_OK) return status;
  const double contact = misfit_of_contact(&fit);
  *out = (left){(isfinite(residual) ? residual : 0) + contact, t->by_forces ? residual : contact};
  return DF_OK;
}

static size_t bytes_of(const df_dataset* data) {
  return data->first[data->episodes] * (size_t)data->nx * sizeof *data->states;
}

static void restore(const trial* t) {
  memcpy(t->data->states, t->states, bytes_of(t->data));
}

static df_status measure_at(const trial* t, int joint, double offset, left* out) {
  const joint_zero one = {.joint = joint, .offset = offset};
  joint_zero_apply(&one, t->system, t->data);
  const df_status status = measure(t, out);
  restore(t);
  return status;
}

static df_status try_offset(const trial* t, int joint, double offset, left* best, joint_zero* out) {
  left one;
  DF_TRY(measure_at(t, joint, offset, &one));
  if (!(one.sum < best->sum)) return DF_OK;
  *best = one;
  out->joint = joint;
  out->offset = offset;
  out->misfit = one.shown;
  return DF_OK;
}

/* the joints that are tried: those that the order changes, and the others of their legs; false: of too many legs */
static bool choose_joints(const chain* c, const int* order, bool* tried) {
  int legs = 0;
  for (int k = 0; k < c->n; k++) tried[k] = order[c->index[k]] != c->index[k];
  for (int l = 0; l < c->legs; l++) {
    bool any = false;
    for (int k = c->leg_of[l]; k < c->leg_of[l] + c->per_leg; k++) any |= tried[k];
    for (int k = c->leg_of[l]; k < c->leg_of[l] + c->per_leg; k++) tried[k] = any;
    legs += any;
  }
  for (int k = 0; k < c->n; k++) tried[k] &= c->joint[k]->kind == DF_JOINT_HINGE;
  return legs <= LEGS_MOST;
}

/* the best offset of the joints, by a grid and halved steps around its best point */
static df_status search(const trial* t, const chain* c, const bool* tried, left* best, joint_zero* out) {
  for (int k = 0; k < c->n; k++) {
    for (int i = 1; tried[k] && i * STEP <= FARTHEST + STEP / 2; i++) {
      DF_TRY(try_offset(t, c->index[k], i * STEP, best, out));
      DF_TRY(try_offset(t, c->index[k], -i * STEP, best, out));
    }
  }
  double step = STEP / 2;
  for (int i = 0; i < REFINED && out->joint >= 0; i++, step /= 2) {
    const double around = out->offset;
    DF_TRY(try_offset(t, out->joint, around + step, best, out));
    DF_TRY(try_offset(t, out->joint, around - step, best, out));
  }
  return DF_OK;
}

static df_status compare(trial* t, const chain* c, const bool* tried, const int* order, joint_zero* out) {
  left as_read, ordered, best = {.sum = INFINITY};
  DF_TRY(measure(t, &as_read));
  joint_order_apply(t->system, order, t->data);
  const df_status status = measure(t, &ordered);
  restore(t);
  DF_TRY(status);
  DF_TRY(search(t, c, tried, &best, out));
  out->as_read = as_read.shown;
  out->ordered = ordered.shown;
  if (!(best.sum < SHARE * as_read.sum)) return DF_OK;
  if (best.sum < BETTER * ordered.sum)
    out->verdict = JOINT_ZERO_BETTER;
  else if (best.sum <= ABOUT * ordered.sum)
    out->verdict = JOINT_ZERO_UNCLEAR;
  return DF_OK;
}

df_status joint_zero_find(df_dataset* data, const df_system* system, const double* h, const int* order, bool by_forces,
                          const check_cfg* cfg, joint_zero* out) {
  trial t = {.data = data, .system = system, .h = h, .cfg = *cfg, .by_forces = by_forces};
  chain c;
  *out = (joint_zero){.joint = -1};
  if (t.cfg.frames_max > SAMPLE_FRAMES) t.cfg.frames_max = SAMPLE_FRAMES;
  if (t.cfg.poses_max > SAMPLE_POSES) t.cfg.poses_max = SAMPLE_POSES;
  df_status status = chain_of(system, &c);
  bool* tried = status == DF_OK ? df_alloc((size_t)c.n + 1, sizeof *tried) : NULL;
  t.states = df_alloc(bytes_of(data), 1);
  if (status == DF_OK && !(tried && t.states)) status = DF_E_NOMEM;
  if (t.states) memcpy(t.states, data->states, bytes_of(data));
  if (status == DF_OK && choose_joints(&c, order, tried)) status = compare(&t, &c, tried, order, out);
  df_free(tried);
  df_free(t.states);
  chain_clear(&c);
  return status;
}

void joint_zero_apply(const joint_zero* z, const df_system* system, df_dataset* data) {
  const df_joint* joints;
  df_mujoco_joints(system, &joints);
  double* x = data->states + joints[z->joint].qpos;
  for (size_t f = 0; f < data->first[data->episodes]; f++) x[f * (size_t)data->nx] -= z->offset;
}
