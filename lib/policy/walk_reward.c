/* walk_reward.c: the table of reward terms. */
#include <math.h>

#include "dynaflow/core/angles.h"
#include "walk_internal.h"

static const df_walk_term terms[] = {
#define TERM(name, width, unit, residual) {#name, width, unit, residual},
    DF_REWARD_LIST(TERM)
#undef TERM
};

const df_walk_term* df_reward_term_at(df_reward_term term) {
  return &terms[term];
}

/* A step with where its gradient goes. The terms below return their cost and add `scale` times its gradient, unless
 * scale is 0. */
typedef struct moment {
  const df_walk* walk;
  const df_walk_step* step;
  double *df, *du, *du_before; /* not read if scale is 0 */
} moment;

/* h(s) = sqrt(1 + s) - 1 with s = |e|^2 / width^2, and de += scale dh/de */
static double huber(int n, const double* e, double width, double scale, double* de) {
  double s = 0;
  for (int i = 0; i < n; i++) s += e[i] * e[i];
  const double root = sqrt(1 + s / (width * width));
  for (int i = 0; scale != 0 && i < n; i++) de[i] += scale * e[i] / (width * width * root);
  return root - 1;
}

/* the same of one feature minus a target */
static double feature(const moment* m, int at, double target, double width, double scale) {
  const double e = m->step->f[at] - target;
  return huber(1, &e, width, scale, m->df ? m->df + at : NULL);
}

/* mean over n of ((a - b) / width)^2; b may be NULL */
static double squares(int n, const double* a, const double* b, double width, double scale, double* da, double* db) {
  double sum = 0;
  for (int i = 0; i < n; i++) {
    const double e = a[i] - (b ? b[i] : 0), slope = scale * 2 * e / (width * width * n);
    sum += e * e;
    if (scale != 0 && da) da[i] += slope;
    if (scale != 0 && db) db[i] -= slope;
  }
  return sum / (width * width * n);
}

/* ---- the terms ---- */

typedef double (*term_fn)(const moment* m, double width, double scale);

static double velocity(const moment* m, double width, double scale) {
  double e[2];
  for (int i = 0; i < 2; i++) e[i] = m->step->f[FEATURE_VELOCITY + i] - m->step->order->command[i];
  return huber(2, e, width, scale, m->df ? m->df + FEATURE_VELOCITY : NULL);
}

static double yaw_rate(const moment* m, double width, double scale) {
  return feature(m, FEATURE_RATE + 2, m->step->order->command[2], width, scale);
}

static double vertical(const moment* m, double width, double scale) {
  return feature(m, FEATURE_VELOCITY + 2, 0, width, scale);
}

static double roll(const moment* m, double width, double scale) {
  return feature(m, FEATURE_UP + 1, 0, width, scale);
}

static double pitch(const moment* m, double width, double scale) {
  return feature(m, FEATURE_UP, 0, width, scale);
}

static double roll_rate(const moment* m, double width, double scale) {
  return feature(m, FEATURE_RATE, 0, width, scale);
}

static double pitch_rate(const moment* m, double width, double scale) {
  return feature(m, FEATURE_RATE + 1, 0, width, scale);
}

static double height(const moment* m, double width, double scale) {
  return feature(m, FEATURE_HEIGHT, m->walk->cfg.gait[m->step->order->gait].height, width, scale);
}

static double foot_height(const moment* m, double width, double scale) {
  const df_walk* w = m->walk;
  const int n = w->cfg.n_feet;
  double sum = 0;
  for (int i = 0; i < n; i++) {
    const double swing = (walk_phase(w, m->step->order, i) - w->cfg.duty) / (1 - w->cfg.duty);
    const double arch = swing > 0 ? w->cfg.swing_height * sin(DF_PI * swing) : 0;
    sum += feature(m, w->feet + i, w->cfg.foot_height + arch, width, scale / n);
  }
  return sum / n;
}

static double foot_slip(const moment* m, double width, double scale) {
  const df_walk* w = m->walk;
  const int n = w->cfg.n_feet;
  double sum = 0;
  for (int i = 0; i < n; i++) {
    const int at = w->foot_velocities + 3 * i;
    const double stance = walk_phase(w, m->step->order, i) / w->cfg.duty;
    const double share = stance < 1 ? sqrt(fmax(sin(DF_PI * stance), 0)) / n : 0;
    sum += share * huber(2, m->step->f + at, width, scale * share, m->df ? m->df + at : NULL);
  }
  return sum;
}

static double action_change(const moment* m, double width, double scale) {
  return squares(m->walk->nu, m->step->u, m->step->u_before, width, scale, m->du, m->du_before);
}

static double joint_velocity(const moment* m, double width, double scale) {
  const int at = m->walk->velocities;
  return squares(m->walk->nu, m->step->f + at, NULL, width, scale, m->df ? m->df + at : NULL, NULL);
}

static double posture(const moment* m, double width, double scale) {
  return squares(m->walk->nu, m->step->f + FEATURE_JOINTS, m->walk->cfg.home, width, scale,
                 m->df ? m->df + FEATURE_JOINTS : NULL, NULL);
}

/* Mean over n groups of `each` features: h of their differences from the demonstrated frame. */
static double track(const moment* m, int at, int n, int each, double width, double scale) {
  const double* demonstrated = df_walk_demonstrated(m->walk, m->step->order);
  double e[3], sum = 0;
  for (int i = 0; i < n; i++, at += each) {
    for (int k = 0; k < each; k++) e[k] = m->step->f[at + k] - demonstrated[at + k];
    sum += huber(each, e, width, scale / n, m->df ? m->df + at : NULL);
  }
  return sum / n;
}

static double track_joints(const moment* m, double width, double scale) {
  return track(m, FEATURE_JOINTS, m->walk->nu, 1, width, scale);
}

static double track_joint_velocity(const moment* m, double width, double scale) {
  return track(m, m->walk->velocities, m->walk->nu, 1, width, scale);
}

static double track_height(const moment* m, double width, double scale) {
  return track(m, FEATURE_HEIGHT, 1, 1, width, scale);
}

static double track_tilt(const moment* m, double width, double scale) {
  return track(m, FEATURE_UP, 1, 3, width, scale);
}

static double track_velocity(const moment* m, double width, double scale) {
  return track(m, FEATURE_VELOCITY, 1, 3, width, scale);
}

static double track_rate(const moment* m, double width, double scale) {
  return track(m, FEATURE_RATE, 1, 3, width, scale);
}

static double track_feet(const moment* m, double width, double scale) {
  return track(m, m->walk->foot_positions, m->walk->cfg.n_feet, 3, width, scale);
}

static const term_fn functions[] = {
#define FUNCTION(name, ...) name,
    DF_REWARD_LIST(FUNCTION)
#undef FUNCTION
};

/* ---- the reward ---- */

bool df_walk_has_reward(const df_walk* w, df_reward_term term) {
  if (term >= DF_REWARD_track_joints) return w->cfg.n_clips > 0;
  return w->cfg.n_clips == 0 || term == DF_REWARD_action_change;
}

double df_walk_reward(const df_walk* w, const df_walk_step* step, double* cost) {
  const double* weight = w->cfg.gait[step->order->gait].weight;
  const moment m = {.walk = w, .step = step};
  double reward = w->cfg.alive;
  for (int i = 0; i < DF_REWARD_TERMS; i++) {
    cost[i] = df_walk_has_reward(w, (df_reward_term)i) ? functions[i](&m, terms[i].width, 0) : 0;
    reward -= weight[i] * cost[i];
  }
  return reward;
}

void df_walk_reward_vjp(const df_walk* w, const df_walk_step* step, double dreward, double* df, double* du,
                        double* du_before) {
  const double* weight = w->cfg.gait[step->order->gait].weight;
  const moment m = {w, step, df, du, du_before};
  for (int i = 0; i < DF_REWARD_TERMS; i++) {
    if (weight[i] > 0 && df_walk_has_reward(w, (df_reward_term)i))
      (void)functions[i](&m, terms[i].width, -dreward * weight[i]);
  }
}
