#include "joint_sign.h"

#include <math.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/data/stored_precision.h"
#include "dynaflow/sim/dynamics.h"
#include "joint_legs.h"
#include "joint_order.h"
#include "misfit.h"

enum { SAMPLE_FRAMES = 4000, SAMPLE_POSES = 400 };

/* of the residual as read, and of that of the next best reversal; in weights: a smaller one needs no explanation, and
 * with more than this the model hovers, which is none */
static const double SHARE = 0.65, CLEAR = 0.87, FREE = 0.05, MOST = 0.75;
/* a reversal that adds more to the misfit of joint limits, floor and slip explains nothing */
static const double WORSE = 0.03;

/* a force that rounding makes up is no evidence, and ten times that is */
static const double WELL_ABOVE = 10;

typedef struct trial {
  df_dataset* data;
  const df_system* system;
  const double* h;
  check_cfg cfg;
  int joints;
  int *order, *best; /* [joints] */
  double as_read, least, second, misfit;
} trial;

static df_status residual_of(const trial* t, double* residual) {
  trace m;
  df_status status = trace_of(t->data, t->system, t->h, t->cfg.frames_max, &m);
  if (status == DF_OK) status = check_root_residual(&m, t->cfg.poses_max, residual);
  trace_clear(&m);
  return status;
}

/* those of both halves */
static df_status residuals_of_halves(const trial* t, double residual[2]) {
  trace m;
  df_status status = trace_of(t->data, t->system, t->h, t->cfg.frames_max, &m);
  for (int k = 0; k < 2 && status == DF_OK; k++) {
    const trace half = trace_half(&m, k);
    status = check_root_residual(&half, t->cfg.poses_max, &residual[k]);
  }
  trace_clear(&m);
  return status;
}

static df_status contact_of(const trial* t, double* out) {
  misfit fit;
  DF_TRY(misfit_of_poses(t->data, t->system, t->h, &t->cfg, &fit));
  *out = misfit_of_contact(&fit);
  return DF_OK;
}

/* NAN for a reversal that needs more force than two others, or takes joints from their limits or feet from the floor */
static df_status measure(const trial* t, double* residual) {
  double contact = INFINITY;
  DF_TRY(residual_of(t, residual));
  if (*residual < t->second) DF_TRY(contact_of(t, &contact));
  if (!(contact <= t->misfit + WORSE)) *residual = NAN;
  return DF_OK;
}

static df_status try_order(trial* t) {
  double residual = NAN;
  joint_order_reverse(t->system, t->order, t->data);
  const df_status status = measure(t, &residual);
  joint_order_reverse(t->system, t->order, t->data);
  if (status != DF_OK || !isfinite(residual)) return status;
  if (residual < t->least) {
    t->second = t->least;
    t->least = residual;
    memcpy(t->best, t->order, (size_t)t->joints * sizeof *t->best);
  } else if (residual < t->second) {
    t->second = residual;
  }
  return DF_OK;
}

/* the same joint of the legs in the set `legs` */
static df_status try_part(trial* t, const chain* c, int part, unsigned legs) {
  for (int j = 0; j < t->joints; j++) t->order[j] = j;
  for (int l = 0; l < c->legs; l++) {
    const int joint = c->index[c->leg_of[l] + part];
    if (legs >> l & 1) t->order[joint] = ~joint;
  }
  return try_order(t);
}

/* Single joints, and the same joint of any legs: those of one side are often mirrored. */
static df_status try_all(trial* t, const chain* c) {
  for (int k = 0; k < c->n; k++) {
    for (int j = 0; j < t->joints; j++) t->order[j] = j == c->index[k] ? ~j : j;
    DF_TRY(try_order(t));
  }
  for (int part = 0; part < c->per_leg && c->legs; part++) {
    for (unsigned legs = 3; legs < 1u << c->legs; legs++) {
      const bool single = (legs & (legs - 1)) == 0; /* tried above */
      if (!single) DF_TRY(try_part(t, c, part, legs));
    }
  }
  return DF_OK;
}

/* what rounding of the stored states makes up of the residual, weights: of second differences of positions on the way
 * to velocities, or of first ones of velocities; numbers of a robot that is about a metre large */
static double rounding_of(const trial* t) {
  const df_dataset* d = t->data;
  const size_t n = d->first[d->episodes] * (size_t)d->nx;
  const df_stored_precision precision = df_stored_precision_of(d->states, n);
  const int nq = df_mujoco_nq(t->system), nv = df_mujoco_nv(t->system);
  const double gravity = df_mujoco_gravity(t->system);
  double position = 0, velocity = 0, h = t->h[0];
  bool derived = false;
  for (int i = 0; i < nv; i++) derived |= d->derived[nq + i];
  for (size_t f = 0; f < d->first[d->episodes]; f++) {
    const double* x = d->states + f * (size_t)d->nx;
    for (int i = 0; i < nq; i++) position = fmax(position, fabs(x[i]));
    for (int i = nq; i < nq + nv; i++) velocity = fmax(velocity, fabs(x[i]));
  }
  for (int e = 1; e < d->episodes; e++) h = fmin(h, t->h[e]);
  const double error = derived ? 4 * df_stored_precision_error(precision, position) / h
                               : 2 * df_stored_precision_error(precision, velocity);
  return gravity > 0 ? error / h / gravity : 0;
}

/* whether both halves need clearly less force with the best order */
static df_status agree(trial* t, bool* both) {
  double now[2], best[2];
  DF_TRY(residuals_of_halves(t, now));
  joint_order_reverse(t->system, t->best, t->data);
  const df_status status = residuals_of_halves(t, best);
  joint_order_reverse(t->system, t->best, t->data);
  *both = best[0] < CLEAR * now[0] && best[1] < CLEAR * now[1];
  return status;
}

static df_status compare(trial* t, const chain* c, joint_signs* out) {
  DF_TRY(residual_of(t, &t->as_read));
  if (!(t->as_read > FREE)) return DF_OK;
  DF_TRY(contact_of(t, &t->misfit));
  DF_TRY(try_all(t, c));
  *out = (joint_signs){.as_read = t->as_read, .residual = t->least};
  /* one that leaves too much force is not all that is wrong, and may not be wrong at all */
  bool found = t->least <= MOST && t->least < SHARE * t->as_read && t->least < CLEAR * t->second &&
               t->as_read - t->least > WELL_ABOVE * rounding_of(t);
  if (found) DF_TRY(agree(t, &found));
  if (found) {
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
