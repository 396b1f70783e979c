/* walk_observe.c: the table of observations. */
#include <math.h>

#include "dynaflow/core/angles.h"
#include "walk_internal.h"

/* writes n numbers weight (a - b), where b may be NULL */
static df_real* put(df_real* o, double weight, const double* a, const double* b, int n) {
  if (weight <= 0) return o;
  for (int i = 0; i < n; i++) *o++ = (df_real)(weight * (a[i] - (b ? b[i] : 0)));
  return o;
}

/* a demonstrated frame with features f */
static df_real* put_frame(const df_walk* w, const double* f, const double* height, df_real* o) {
  const double *weight = w->cfg.observe, scale = weight[DF_OBSERVE_target];
  o = put(o, scale * weight[DF_OBSERVE_up], f + FEATURE_UP, NULL, 3);
  o = put(o, scale * weight[DF_OBSERVE_velocity], f + FEATURE_VELOCITY, NULL, 3);
  o = put(o, scale * weight[DF_OBSERVE_rate], f + FEATURE_RATE, NULL, 3);
  o = put(o, scale * weight[DF_OBSERVE_height], f + FEATURE_HEIGHT, height, 1);
  o = put(o, scale * weight[DF_OBSERVE_joints], f + FEATURE_JOINTS, w->cfg.home, w->nu);
  return put(o, scale * weight[DF_OBSERVE_joint_velocity], f + w->velocities, NULL, w->nu);
}

void df_walk_observe(const df_walk* w, const double* f, const double* u_before, const df_walk_order* order,
                     df_real* o) {
  const double *weight = w->cfg.observe, *home = w->cfg.home;
  double clock[2 * DF_WALK_FEET_MAX], gait[DF_WALK_GAITS_MAX] = {0};
  for (int i = 0; i < w->cfg.n_feet; i++) {
    clock[2 * i] = sin(2 * DF_PI * walk_phase(w, order, i));
    clock[2 * i + 1] = cos(2 * DF_PI * walk_phase(w, order, i));
  }
  gait[order->gait] = 1;

  /* in the order of DF_OBSERVE_LIST */
  o = put(o, weight[DF_OBSERVE_up], f + FEATURE_UP, NULL, 3);
  o = put(o, weight[DF_OBSERVE_velocity], f + FEATURE_VELOCITY, NULL, 3);
  o = put(o, weight[DF_OBSERVE_rate], f + FEATURE_RATE, NULL, 3);
  o = put(o, weight[DF_OBSERVE_height], f + FEATURE_HEIGHT, &w->cfg.gait[order->gait].height, 1);
  o = put(o, weight[DF_OBSERVE_joints], f + FEATURE_JOINTS, home, w->nu);
  o = put(o, weight[DF_OBSERVE_joint_velocity], f + w->velocities, NULL, w->nu);
  o = put(o, weight[DF_OBSERVE_last_action], u_before, home, w->nu);
  o = put(o, weight[DF_OBSERVE_command], order->command, NULL, 3);
  o = put(o, weight[DF_OBSERVE_clock], clock, NULL, 2 * w->cfg.n_feet);
  o = put(o, weight[DF_OBSERVE_gait], gait, NULL, w->cfg.n_gaits);
  for (int i = 0; i < w->cfg.n_ahead && weight[DF_OBSERVE_target] > 0; i++)
    o = put_frame(w, walk_ahead(w, order, w->cfg.ahead[i]), &w->cfg.gait[order->gait].height, o);
}

/* adds the cotangents of n numbers */
static const df_real* take(const df_real* dobs, double weight, double* d, int n) {
  if (weight <= 0) return dobs;
  for (int i = 0; i < n; i++) d[i] += weight * (double)*dobs++;
  return dobs;
}

void df_walk_observe_vjp(const df_walk* w, const df_real* dobs, double* df, double* du_before) {
  const double* weight = w->cfg.observe;
  dobs = take(dobs, weight[DF_OBSERVE_up], df + FEATURE_UP, 3);
  dobs = take(dobs, weight[DF_OBSERVE_velocity], df + FEATURE_VELOCITY, 3);
  dobs = take(dobs, weight[DF_OBSERVE_rate], df + FEATURE_RATE, 3);
  dobs = take(dobs, weight[DF_OBSERVE_height], df + FEATURE_HEIGHT, 1);
  dobs = take(dobs, weight[DF_OBSERVE_joints], df + FEATURE_JOINTS, w->nu);
  dobs = take(dobs, weight[DF_OBSERVE_joint_velocity], df + w->velocities, w->nu);
  take(dobs, weight[DF_OBSERVE_last_action], du_before, w->nu);
}
