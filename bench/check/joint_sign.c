#include "joint_sign.h"

#include <math.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "joint_legs.h"
#include "joint_order.h"

enum { SAMPLE_FRAMES = 4000, SAMPLE_POSES = 400 };

/* of the residual as read, and of that of the next best reversal; in weights: a smaller one needs no explanation */
static const double SHARE = 0.65, CLEAR = 0.87, FREE = 0.05;
/* of the samples of all joints: a reversal that brings more beyond their limits explains nothing */
static const double BEYOND = 0.02;

typedef struct trial {
  df_dataset* data;
  const df_system* system;
  const double* h;
  check_cfg cfg;
  int joints;
  int *order, *best; /* [joints] */
  double as_read, least, second, limits;
} trial;

static df_status residual_of(const trial* t, double* residual, double* limits) {
  trace m;
  df_status status = trace_of(t->data, t->system, t->h, t->cfg.frames_max, &m);
  if (status == DF_OK) status = check_root_residual(&m, t->cfg.poses_max, residual);
  if (status == DF_OK) *limits = check_limit_share(&m);
  trace_clear(&m);
  return status;
}

static df_status try_order(trial* t) {
  double residual = NAN, limits = 0;
  joint_order_reverse(t->system, t->order, t->data);
  const df_status status = residual_of(t, &residual, &limits);
  joint_order_reverse(t->system, t->order, t->data);
  if (status != DF_OK || !isfinite(residual) || limits > t->limits + BEYOND) return status;
  if (residual < t->least) {
    t->second = t->least;
    t->least = residual;
    memcpy(t->best, t->order, (size_t)t->joints * sizeof *t->best);
  } else if (residual < t->second) {
    t->second = residual;
  }
  return DF_OK;
}

static df_status try_all(trial* t, const chain* c) {
  for (int k = 0; k < c->n; k++) {
    for (int j = 0; j < t->joints; j++) t->order[j] = j == c->index[k] ? ~j : j;
    DF_TRY(try_order(t));
  }
  for (int part = 0; part < c->per_leg && c->legs; part++) {
    for (int j = 0; j < t->joints; j++) t->order[j] = j;
    for (int l = 0; l < c->legs; l++) t->order[c->index[c->leg_of[l] + part]] = ~c->index[c->leg_of[l] + part];
    DF_TRY(try_order(t));
  }
  return DF_OK;
}

static df_status compare(trial* t, const chain* c, joint_signs* out) {
  DF_TRY(residual_of(t, &t->as_read, &t->limits));
  if (!(t->as_read > FREE)) return DF_OK;
  DF_TRY(try_all(t, c));
  *out = (joint_signs){.as_read = t->as_read, .residual = t->least};
  if (t->least < SHARE * t->as_read && t->least < CLEAR * t->second) {
    out->best = t->best;
    t->best = NULL;
  }
  return DF_OK;
}

df_status joint_sign_find(df_dataset* data, const df_system* system, const double* h, const check_cfg* cfg,
                          joint_signs* out) {
  const df_joint* joints;
  trial t = {.data = data, .system = system, .h = h, .least = INFINITY, .second = INFINITY};
  chain c;
  *out = (joint_signs){0};
  t.cfg.frames_max = cfg->frames_max < SAMPLE_FRAMES ? cfg->frames_max : SAMPLE_FRAMES;
  t.cfg.poses_max = cfg->poses_max < SAMPLE_POSES ? cfg->poses_max : SAMPLE_POSES;
  t.joints = df_mujoco_joints(system, &joints);
  t.order = df_alloc((size_t)t.joints, sizeof *t.order);
  t.best = df_alloc((size_t)t.joints, sizeof *t.best);
  df_status status = chain_of(system, &c);
  if (status == DF_OK) status = t.order && t.best ? compare(&t, &c, out) : DF_E_NOMEM;
  chain_clear(&c);
  df_free(t.order);
  df_free(t.best);
  return status;
}
