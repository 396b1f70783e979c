#include "joint_order.h"

#include <math.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/data/robot_base.h"
#include "dynaflow/sim/dynamics.h"
#include "joint_legs.h"

enum { SAMPLE_FRAMES = 4000, SAMPLE_POSES = 400 };

/* ---- orders: what is read as joint k of the chain is its joint order[k], or with the opposite sign ~order[k] ---- */

typedef struct ranked {
  int* order;            /* [n] */
  double misfit, limits; /* misfit_of_contact(); share beyond limits */
} ranked;

typedef struct trial {
  const df_dataset* data;
  const df_system* system;
  df_dataset* moved; /* the data with joints in another order */
  double* h;         /* [episodes of data] */
  check_cfg cfg;
  const chain* c;
  int* order;  /* [n] */
  int* column; /* [n] the joint that the k-th recorded one is */
  int* slot;   /* [n] the joint of the chain that the k-th recorded one is read as */
  ranked best, second;
  misfit now;
  bool beyond_limits;
  bool uncoupled; /* the joints violate couplings of the model */
} trial;

static void move_joints(trial* t) {
  const df_dataset* d = t->data;
  const int nq = df_mujoco_nq(t->system);
  memcpy(t->moved->states, d->states, d->first[d->episodes] * (size_t)d->nx * sizeof *d->states);
  for (size_t f = 0; f < d->first[d->episodes]; f++) {
    const double* x = d->states + f * (size_t)d->nx;
    double* y = t->moved->states + f * (size_t)d->nx;
    for (int k = 0; k < t->c->n; k++) {
      const int sign = t->order[k] < 0 ? -1 : 1;
      const df_joint *from = t->c->joint[k], *to = t->c->joint[sign > 0 ? t->order[k] : ~t->order[k]];
      y[to->qpos] = sign * x[from->qpos];
      y[nq + to->dof] = sign * x[nq + from->dof];
    }
  }
}

/* one that is better by less than this is the same: exchanged legs of a planar robot cannot be told apart */
static const double SAME = 0.01;

static void keep(ranked* r, const trial* t, const misfit* fit) {
  memcpy(r->order, t->order, (size_t)t->c->n * sizeof *r->order);
  r->misfit = misfit_of_contact(fit);
  r->limits = fit->part[MISFIT_LIMITS];
}

/* the share of a small misfit, MISFIT_RIGHT, that another order may leave */
static const double NONE = 0.25;
/* with more than this share of samples beyond the limits, the order as read is wrong, even if two others are equally
 * good; and an order that leaves more than LEAVES of them beyond is none that brings the joints within */
static const double WELL_BEYOND = 0.1, LEAVES = 0.005;

/* Whether an order is better than the best one so far: one that brings all joints within their limits before one that
 * leaves some beyond, whatever the floor says of wrong joints. */
static bool is_better(const trial* t, double sum, double limits) {
  const double explains = MISFIT_SHARE * misfit_of_contact(&t->now);
  const bool leaves = limits > LEAVES, best_leaves = t->best.limits > LEAVES;
  const bool by_limits = t->now.part[MISFIT_LIMITS] > WELL_BEYOND && leaves != best_leaves;
  if (by_limits && (leaves ? t->best.misfit : sum) < explains) return best_leaves;
  return sum < (1 - SAME) * t->best.misfit;
}

static df_status try_order(trial* t) {
  const size_t bytes = (size_t)t->c->n * sizeof *t->order;
  bool same = true;
  misfit fit;
  for (int k = 0; k < t->c->n; k++) same &= t->order[k] == k;
  if (same || memcmp(t->order, t->best.order, bytes) == 0) return DF_OK;
  move_joints(t);
  DF_TRY(misfit_of_poses(t->moved, t->system, t->h, &t->cfg, &fit));
  const double sum = misfit_of_contact(&fit);
  if (is_better(t, sum, fit.part[MISFIT_LIMITS])) {
    const ranked best = t->best;
    t->best = t->second;
    t->second = best;
    keep(&t->best, t, &fit);
  } else if (sum < t->second.misfit) {
    keep(&t->second, t, &fit);
  }
  return DF_OK;
}

/* the k-th recorded joint is column[k] */
static df_status try_columns(trial* t) {
  for (int k = 0; k < t->c->n; k++) t->order[t->slot[k]] = t->column[k];
  return try_order(t);
}

/* the legs in the order leg[], one after the other, or all first joints, then all second ones ... */
static df_status try_legs(trial* t, const int* leg, bool by_joint) {
  const chain* c = t->c;
  const int per = c->per_leg, n = c->legs;
  for (int k = 0; k < c->n; k++) t->column[k] = k;
  for (int k = 0; k < per * n; k++) {
    const int at = c->leg_of[k / per] + k % per;
    t->column[at] = by_joint ? c->leg_of[leg[k % n]] + k / n : c->leg_of[leg[k / per]] + k % per;
  }
  return try_columns(t);
}

/* all orders of the legs from `at` on */
static df_status permute(trial* t, int* leg, int at) {
  if (at == t->c->legs) {
    DF_TRY(try_legs(t, leg, false));
    return t->beyond_limits ? try_legs(t, leg, true) : DF_OK;
  }
  for (int i = at; i < t->c->legs; i++) {
    const int a = leg[at], b = leg[i];
    leg[at] = b;
    leg[i] = a;
    DF_TRY(permute(t, leg, at + 1));
    leg[at] = a;
    leg[i] = b;
  }
  return DF_OK;
}

/* The orders of the legs from `at` on in which each stays or takes the place of one other. */
static df_status exchange_pairs(trial* t, int* leg, int at) {
  while (at < t->c->legs && leg[at] != at) at++; /* exchanged already */
  if (at == t->c->legs) return try_legs(t, leg, false);
  DF_TRY(exchange_pairs(t, leg, at + 1));
  for (int i = at + 1; i < t->c->legs; i++) {
    if (leg[i] != i) continue;
    leg[at] = i;
    leg[i] = at;
    DF_TRY(exchange_pairs(t, leg, at + 1));
    leg[at] = at;
    leg[i] = i;
  }
  return DF_OK;
}

/* the legs from the k-th one on, as of a robot whose legs are counted round it from another one */
static df_status turn_round(trial* t) {
  const int n = t->c->legs;
  int leg[LEGS_MAX];
  for (int k = 1; k < n; k++) {
    for (int i = 0; i < n; i++) leg[i] = (i + k) % n;
    DF_TRY(try_legs(t, leg, false));
  }
  return DF_OK;
}

/* the joints in the order of the model, and in its reverse */
static df_status try_model(trial* t, bool reversed) {
  for (int k = 0; k < t->c->n; k++) t->column[k] = reversed ? t->c->n - 1 - k : k;
  return try_columns(t);
}

/* the joints by name, as many programs sort them */
static df_status try_sorted(trial* t) {
  for (int k = 0; k < t->c->n; k++) {
    int at = k;
    for (; at > 0 && strcmp(t->c->joint[t->column[at - 1]]->name, t->c->joint[k]->name) > 0; at--)
      t->column[at] = t->column[at - 1];
    t->column[at] = k;
  }
  return try_columns(t);
}

/* the samples of what is read as joint `column` that would be beyond the limits of joint `as`, by 2 % of its width */
static int count_beyond(const trial* t, const df_joint* column, const df_joint* as) {
  static const double SLACK = 0.02;
  const df_dataset* d = t->data;
  const double slack = SLACK * as->width;
  int n = 0;
  for (size_t f = 0; f < d->first[d->episodes] && isfinite(as->width); f++) {
    const double q = d->states[f * (size_t)d->nx + (size_t)column->qpos];
    n += q < as->lo - slack || q > as->hi + slack;
  }
  return n;
}

/* beyond [n][n] of count_beyond(), a row per column */
static void count_all_beyond(const trial* t, int* beyond) {
  const int n = t->c->n;
  for (int a = 0; a < n; a++) {
    for (int b = 0; b < n; b++) beyond[a * n + b] = count_beyond(t, t->c->joint[a], t->c->joint[b]);
  }
}

/* Two joints exchanged, if this brings samples within the limits, or may restore a coupling: of a model of many joints,
 * few pairs do. */
static df_status try_exchanged(trial* t) {
  const int n = t->c->n;
  int* beyond = df_alloc((size_t)n * (size_t)n, sizeof *beyond);
  df_status status = beyond ? DF_OK : DF_E_NOMEM;
  if (beyond) count_all_beyond(t, beyond);
  for (int a = 0; a < n; a++) {
    for (int b = a + 1; b < n && status == DF_OK; b++) {
      const int before = beyond[a * n + a] + beyond[b * n + b], after = beyond[a * n + b] + beyond[b * n + a];
      if (after > before || (after == before && !t->uncoupled)) continue;
      for (int k = 0; k < n; k++) t->order[k] = k == a ? b : k == b ? a : k;
      status = try_order(t);
    }
  }
  df_free(beyond);
  return status;
}

/* the opposite sign of joint `part` of every leg; -1: of every joint */
static df_status try_reversed(trial* t, int part) {
  for (int k = 0; k < t->c->n; k++) t->order[k] = part < 0 ? ~k : k;
  for (int l = 0; l < t->c->legs && part >= 0; l++) t->order[t->c->leg_of[l] + part] = ~(t->c->leg_of[l] + part);
  return try_order(t);
}

/* the opposite sign of one joint */
static df_status try_single(trial* t, int joint) {
  for (int k = 0; k < t->c->n; k++) t->order[k] = k == joint ? ~k : k;
  return try_order(t);
}

enum { PERMUTED_MAX = 4 }; /* most legs of which all orders are tried */

/* the k-th of n legs of the usual orders of more: as in the model, reversed, one side after the other from legs in
 * pairs, and in pairs from one side after the other */
enum leg_order { LEGS_OF_MODEL, LEGS_REVERSED, LEGS_BY_SIDE, LEGS_BY_PAIR, LEG_ORDERS };
static int usual_leg(enum leg_order of, int k, int n) {
  const int half = (n + 1) / 2;
  switch (of) {
    case LEGS_REVERSED:
      return n - 1 - k;
    case LEGS_BY_SIDE:
      return k < half ? 2 * k : 2 * (k - half) + 1;
    case LEGS_BY_PAIR:
      return k % 2 ? half + k / 2 : k / 2;
    default:
      return k;
  }
}

/* the legs of the usual orders; `by_joint`: all first joints, then all second ones ... */
static df_status try_usual(trial* t, bool by_joint) {
  int leg[LEGS_MAX];
  for (int of = 0; of < LEG_ORDERS; of++) {
    for (int k = 0; k < t->c->legs; k++) leg[k] = usual_leg((enum leg_order)of, k, t->c->legs);
    DF_TRY(try_legs(t, leg, by_joint));
  }
  return DF_OK;
}

/* Of many legs: pairs that are exchanged, however many, as of legs that are counted the other way round; turns round
 * the robot; and the usual orders. */
static df_status try_many_legs(trial* t) {
  int leg[LEGS_MAX] = {0, 1, 2, 3, 4, 5};
  DF_TRY(exchange_pairs(t, leg, 0));
  DF_TRY(turn_round(t));
  DF_TRY(try_usual(t, false));
  return t->beyond_limits ? try_usual(t, true) : DF_OK;
}

/* Within one kind of joint all orders are within the limits, and only the floor tells them apart; other orders are
 * tried if more than this share of the samples is beyond the limits, or if couplings of joints are violated by this
 * share. */
static const double BEYOND = 0.02, UNCOUPLED = 0.2;

static df_status try_all(trial* t) {
  int leg[LEGS_MAX] = {0, 1, 2, 3, 4, 5};
  t->uncoupled = t->now.part[MISFIT_COUPLING] > UNCOUPLED;
  t->beyond_limits = t->now.part[MISFIT_LIMITS] > BEYOND || t->uncoupled;
  if (t->c->legs && !t->cfg.named) DF_TRY(t->c->legs <= PERMUTED_MAX ? permute(t, leg, 0) : try_many_legs(t));
  for (int part = 0; t->c->legs && part < t->c->per_leg; part++) DF_TRY(try_reversed(t, part));
  if (!t->beyond_limits) return DF_OK;
  DF_TRY(try_reversed(t, -1));
  for (int k = 0; k < t->c->n; k++) DF_TRY(try_single(t, k));
  if (t->cfg.named) return DF_OK;
  DF_TRY(try_model(t, false));
  DF_TRY(try_model(t, true));
  DF_TRY(try_sorted(t));
  return try_exchanged(t);
}

/* the opposite sign of those of the joints at[count] that are in the set `part` */
static df_status try_part(trial* t, const int* at, int count, unsigned long long part) {
  for (int k = 0; k < t->c->n; k++) t->order[k] = k;
  for (int i = 0; i < count; i++) {
    if (part >> i & 1) t->order[at[i]] = ~at[i];
  }
  return try_order(t);
}

/* Parts of the signs that fit best, single joints first: another sign of all of them may hide that one is wrong. All
 * parts of a few, else single ones and all but one. */
static df_status try_parts(trial* t) {
  enum { ALL_PARTS = 6 };
  int at[64], count = 0; /* of more joints no part is tried */
  for (int k = 0; k < t->c->n; k++) {
    if (t->best.order[k] >= 0 && t->best.order[k] != k) return DF_OK; /* another place */
    if (t->best.order[k] < 0 && count == 64) return DF_OK;
    if (t->best.order[k] < 0) at[count++] = k;
  }
  const unsigned most = count <= ALL_PARTS ? 1u << count : 0;
  for (int i = 0; i < count && count > 1; i++) DF_TRY(try_single(t, at[i]));
  for (unsigned part = 1; part + 1 < most; part++) DF_TRY(try_part(t, at, count, part));
  for (int i = 0; i < count && !most; i++) DF_TRY(try_part(t, at, count, ~(1ull << i)));
  return DF_OK;
}

/* which joint of its leg the k-th one is; -1: of no leg */
static int part_of(const chain* c, int k) {
  for (int l = 0; l < c->legs; l++) {
    if (k >= c->leg_of[l] && k < c->leg_of[l] + c->per_leg) return k - c->leg_of[l];
  }
  return -1;
}

/* whether the best order exchanges legs: each joint is read as the same one of another leg */
static bool exchanges_legs(const trial* t) {
  for (int k = 0; k < t->c->n; k++) {
    const int to = t->best.order[k];
    if (to != k && (to < 0 || part_of(t->c, k) < 0 || part_of(t->c, to) != part_of(t->c, k))) return false;
  }
  return true;
}

/* the order `legs` for the joints of the legs that are in the set `parts`, and its misfit; others stay */
static df_status try_same_joints(trial* t, const int* legs, unsigned parts, ranked* out) {
  misfit fit;
  for (int k = 0; k < t->c->n; k++) {
    const int part = part_of(t->c, k);
    t->order[k] = part >= 0 && parts >> part & 1 ? legs[k] : k;
  }
  move_joints(t);
  DF_TRY(misfit_of_poses(t->moved, t->system, t->h, &t->cfg, &fit));
  if (misfit_of_contact(&fit) < MISFIT_CLEAR * out->misfit) keep(out, t, &fit);
  return DF_OK;
}

/* Exchanged legs may fit better although only some of their joints are exchanged, such as the knees: takes the fewest
 * joints that fit clearly better than the whole legs. */
static df_status try_joints_of_legs(trial* t) {
  enum { PARTS_MAX = 5 };
  const int per = t->c->per_leg;
  const size_t bytes = (size_t)t->c->n * sizeof(int);
  if (t->c->legs < 2 || per > PARTS_MAX || !exchanges_legs(t)) return DF_OK;
  int* legs = df_alloc((size_t)t->c->n, sizeof *legs);
  if (!legs) return DF_E_NOMEM;
  memcpy(legs, t->best.order, bytes);
  df_status status = DF_OK;
  for (int count = 1; count < per; count++) {
    for (unsigned parts = 1; parts + 1 < 1u << per && status == DF_OK; parts++) {
      if (__builtin_popcount(parts) == count) status = try_same_joints(t, legs, parts, &t->best);
    }
  }
  df_free(legs);
  return status;
}

/* The same joint of two legs exchanged, where nothing else fits clearly better. */
static df_status try_single_exchanges(trial* t) {
  const chain* c = t->c;
  if (t->cfg.named || t->best.misfit < MISFIT_CLEAR * misfit_of_contact(&t->now)) return DF_OK;
  for (int part = 0; part < c->per_leg && c->legs; part++) {
    for (int a = 0; a < c->legs; a++) {
      for (int b = a + 1; b < c->legs; b++) {
        const int one = c->leg_of[a] + part, other = c->leg_of[b] + part;
        for (int k = 0; k < c->n; k++) t->order[k] = k == one ? other : k == other ? one : k;
        DF_TRY(try_order(t));
      }
    }
  }
  return DF_OK;
}

/* ---- the data that orders are compared on ---- */

/* some episodes, and the durations of their frames */
static df_status sample_of(const df_dataset* data, const double* h, df_dataset** out, double* sampled_h) {
  int n = 0, frames = 0;
  const int stride = data->episodes > 8 ? data->episodes / 8 : 1;
  int* lengths = df_alloc((size_t)data->episodes, sizeof *lengths);
  if (!lengths) return DF_E_NOMEM;
  for (int e = 0; e < data->episodes && frames < SAMPLE_FRAMES; e += stride) {
    lengths[n] = data->lengths[e] < SAMPLE_FRAMES ? data->lengths[e] : SAMPLE_FRAMES;
    sampled_h[n] = h[e];
    frames += lengths[n++];
  }
  const df_status status =
      df_dataset_new(&(df_dataset_shape){.episodes = n, .lengths = lengths, .nx = data->nx, .dt = data->dt}, out);
  for (int e = 0; e < n && status == DF_OK; e++) {
    memcpy((*out)->states + (*out)->first[e] * (size_t)data->nx, df_dataset_state(data, e * stride, 0),
           (size_t)(lengths[e] + 1) * (size_t)data->nx * sizeof(double));
  }
  df_free(lengths);
  return status;
}

/* the order of the chain as one of the joints of the model */
static int* order_of_joints(const trial* t, const int* order) {
  const df_joint* joints;
  const int n = df_mujoco_joints(t->system, &joints);
  int* to = df_alloc((size_t)n, sizeof *to);
  for (int j = 0; j < n && to; j++) to[j] = j;
  for (int k = 0; k < t->c->n && to; k++)
    to[t->c->index[k]] = order[k] < 0 ? ~t->c->index[~order[k]] : t->c->index[order[k]];
  return to;
}

static df_status residual_of(const trial* t, const df_dataset* data, double* residual) {
  trace m;
  df_status status = trace_of(data, t->system, t->h, t->cfg.frames_max, &m);
  if (status == DF_OK) status = check_root_residual(&m, t->cfg.poses_max, residual);
  trace_clear(&m);
  return status;
}

/* Whether no half of the sample speaks against the best order, and the forces that the motion needs, if they are known,
 * do not: of a few frames, one may fit by chance, as one in which a robot that flies touches the floor. */
static df_status agree(trial* t, bool* both) {
  double now[2], best[2], as_read, then;
  memcpy(t->order, t->best.order, (size_t)t->c->n * sizeof *t->order);
  move_joints(t);
  DF_TRY(misfit_of_halves(t->data, t->system, t->h, &t->cfg, now));
  DF_TRY(misfit_of_halves(t->moved, t->system, t->h, &t->cfg, best));
  DF_TRY(residual_of(t, t->data, &as_read));
  DF_TRY(residual_of(t, t->moved, &then));
  bool signs = false;
  for (int k = 0; k < t->c->n; k++) signs |= t->order[k] < 0;
  /* of reversed positions the velocities may be right, which then tell nothing */
  const bool forces = signs || isnan(as_read) || isnan(then) || then < MISFIT_FORCES * as_read;
  *both = best[0] <= now[0] && best[1] <= now[1] && forces;
  return DF_OK;
}

/* The joint that carries the robot up and down: its free one, or a vertical slide of a body in the world; -1: none.
 * *axis: 1, or -1 of a slide downwards. */
static df_status lift_of(const df_system* system, int* lift, double* axis) {
  static const double VERTICAL = 0.999;
  const df_joint* joints;
  const int n = df_mujoco_joints(system, &joints);
  *axis = 1;
  *lift = df_robot_base(system, NULL).joint;
  if (*lift >= 0) return DF_OK;
  df_sim* sim = NULL;
  double* x = df_alloc((size_t)system->nx + 3 * (size_t)df_mujoco_body_count(system), sizeof *x);
  const df_status status = x ? df_sim_new(system, 0, &sim) : DF_E_NOMEM;
  for (int j = 0; j < n && status == DF_OK && *lift < 0; j++) {
    const int body = df_mujoco_joint_body(system, j);
    if (joints[j].kind != DF_JOINT_SLIDE || df_mujoco_body_root(system, body) != body) continue;
    const double rise = pose_rise_by(system, sim, j, x, x + system->nx);
    if (fabs(rise) < VERTICAL) continue;
    *axis = rise > 0 ? 1 : -1;
    *lift = j;
  }
  df_sim_free(system, sim);
  df_free(x);
  return status;
}

/* the misfit as read, but with the robot on the floor; infinite without a joint that carries it there */
static df_status misfit_at_floor(trial* t, double* sum) {
  const df_dataset* d = t->data;
  const df_joint* joints;
  double axis;
  misfit fit;
  int lift;
  *sum = INFINITY;
  DF_TRY(lift_of(t->system, &lift, &axis));
  if (lift < 0 || t->now.lowest == 0 || !isfinite(t->now.lowest)) return DF_OK;
  df_mujoco_joints(t->system, &joints);
  const int at = joints[lift].qpos + (joints[lift].kind == DF_JOINT_FREE ? 2 : 0);
  memcpy(t->moved->states, d->states, d->first[d->episodes] * (size_t)d->nx * sizeof *d->states);
  for (size_t f = 0; f < d->first[d->episodes]; f++)
    t->moved->states[f * (size_t)d->nx + (size_t)at] -= axis * t->now.lowest;
  DF_TRY(misfit_of_poses(t->moved, t->system, t->h, &t->cfg, &fit));
  *sum = misfit_of_contact(&fit);
  return DF_OK;
}

/* what the comparison says */
static df_status conclude(trial* t, joint_orders* out) {
  const double as_read = misfit_of_contact(&t->now), best = t->best.misfit, limits = t->now.part[MISFIT_LIMITS];
  const bool beyond = limits > WELL_BEYOND && t->best.limits < BEYOND;
  *out = (joint_orders){.as_read = as_read, .misfit = best, .by_limits = beyond};
  out->found = best < MISFIT_CLEAR * as_read && best < as_read - MISFIT_LESS;
  if (!beyond) out->found &= as_read > MISFIT_RIGHT || best < NONE * as_read;
  if (!out->found) return DF_OK;
  /* a height that is off explains as much, and is the simpler mistake; soft contacts sink as deep as the weight needs
   */
  DF_TRY(misfit_at_floor(t, &out->at_floor));
  if (out->at_floor <= best) {
    out->found = false;
    out->above = -t->now.lowest > 0 && -t->now.lowest < t->now.sinks ? 0 : t->now.lowest;
    return DF_OK;
  }
  const bool rival = best >= MISFIT_CLEAR * t->second.misfit; /* both may be 0 */
  out->is_clear = best < MISFIT_SHARE * as_read && (!rival || beyond);
  out->best = order_of_joints(t, t->best.order);
  if (rival) out->rival = order_of_joints(t, t->second.order);
  if (out->best && out->is_clear && !beyond) DF_TRY(agree(t, &out->is_clear));
  return out->best && (out->rival || !rival) ? DF_OK : DF_E_NOMEM;
}

/* the places in the chain of the joints recorded[n] of the model */
static void fill_slots(trial* t, const int* recorded) {
  for (int k = 0; k < t->c->n; k++) {
    int at = k;
    for (int i = 0; i < t->c->n && recorded; i++) {
      if (t->c->index[i] == recorded[k]) at = i;
    }
    t->slot[k] = at;
  }
}

static df_status compare(trial* t, const df_dataset* data, const double* h, const int* recorded, joint_orders* out) {
  const size_t n = (size_t)t->c->n + 1;
  df_dataset* sample = NULL;
  int* orders = df_alloc(5 * n, sizeof *orders);
  t->h = df_alloc((size_t)data->episodes, sizeof *t->h);
  df_status status = orders && t->h ? DF_OK : DF_E_NOMEM;
  if (status == DF_OK) {
    t->order = orders;
    t->column = orders + 3 * n;
    t->slot = orders + 4 * n;
    fill_slots(t, recorded);
    t->best = (ranked){.order = orders + n, .misfit = INFINITY};
    t->second = (ranked){.order = orders + 2 * n, .misfit = INFINITY};
    status = sample_of(data, h, &sample, t->h);
  }
  if (status == DF_OK) status = sample_of(data, h, &t->moved, t->h);
  t->data = sample;
  if (status == DF_OK) status = misfit_of_poses(sample, t->system, t->h, &t->cfg, &t->now);
  if (status == DF_OK) status = try_all(t);
  if (status == DF_OK) status = try_single_exchanges(t);
  if (status == DF_OK && t->best.misfit < misfit_of_contact(&t->now)) {
    status = try_parts(t);
    if (status == DF_OK) status = try_joints_of_legs(t);
  }
  if (status == DF_OK) status = conclude(t, out);
  df_dataset_free(sample);
  df_dataset_free(t->moved);
  df_free(orders);
  df_free(t->h);
  return status;
}

df_status joint_order_find(const df_dataset* data, const df_system* system, const double* h, const int* recorded,
                           const check_cfg* cfg, joint_orders* out) {
  chain c;
  *out = (joint_orders){0};
  trial t = {.system = system, .cfg = *cfg, .c = &c};
  if (t.cfg.frames_max > SAMPLE_FRAMES) t.cfg.frames_max = SAMPLE_FRAMES;
  if (t.cfg.poses_max > SAMPLE_POSES) t.cfg.poses_max = SAMPLE_POSES;
  df_status status = chain_of(system, &c);
  if (status == DF_OK) status = compare(&t, data, h, recorded, out);
  chain_clear(&c);
  return status;
}

bool joint_order_reverses(const df_system* system, const int* to) {
  const df_joint* joints;
  const int n = df_mujoco_joints(system, &joints);
  bool any = false;
  for (int j = 0; j < n; j++) any |= to[j] < 0;
  return any;
}

/* whether j is the first joint of those that take one another's places */
static bool starts_cycle(const int* to, int j) {
  if (to[j] == j) return false;
  for (int k = to[j] < 0 ? ~to[j] : to[j]; k != j; k = to[k] < 0 ? ~to[k] : to[k]) {
    if (k < j) return false;
  }
  return true;
}

/* moves the joints from j on to one another's places in a state */
static void move_cycle(const df_joint* joints, int nq, const int* to, int j, double* x) {
  double q = x[joints[j].qpos], v = x[nq + joints[j].dof];
  int at = j;
  do {
    const int sign = to[at] < 0 ? -1 : 1;
    at = to[at] < 0 ? ~to[at] : to[at];
    double *qs = &x[joints[at].qpos], *vs = &x[nq + joints[at].dof];
    const double next_q = *qs, next_v = *vs;
    *qs = sign * q;
    *vs = sign * v;
    q = next_q;
    v = next_v;
  } while (at != j);
}

void joint_order_apply(const df_system* system, const int* to, df_dataset* data) {
  const df_joint* joints;
  const int n = df_mujoco_joints(system, &joints), nq = df_mujoco_nq(system);
  for (int j = 0; j < n; j++) {
    if (!starts_cycle(to, j)) continue;
    for (size_t f = 0; f < data->first[data->episodes]; f++)
      move_cycle(joints, nq, to, j, data->states + f * (size_t)data->nx);
  }
}

void joint_orders_clear(joint_orders* o) {
  df_free(o->best);
  df_free(o->rival);
  *o = (joint_orders){0};
}
