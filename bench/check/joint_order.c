#include "joint_order.h"

#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "text.h"

enum { LEGS_MAX = 6, SAMPLE_FRAMES = 4000, SAMPLE_POSES = 400 };

/* the hinges and slides of a model, in its order; and its legs, if it has any */
typedef struct chain {
  const df_joint** joint; /* [n] */
  int n;
  int legs, per_leg;         /* 0: none */
  int leg_of[LEGS_MAX];      /* first joint of each leg; the others follow */
  char prefix[LEGS_MAX][48]; /* "FL" */
} chain;

/* ---- legs ---- */

/* bytes of the name up to its first '_'; 0: none */
static size_t prefix_of(const char* name) {
  const char* end = strchr(name, '_');
  return end && end - name < 48 ? (size_t)(end - name) : 0;
}

/* joints from `at` on whose names have the same prefix */
static int run_of(const chain* c, int at) {
  const size_t n = prefix_of(c->joint[at]->name);
  int end = at;
  while (n && end < c->n && prefix_of(c->joint[end]->name) == n &&
         memcmp(c->joint[end]->name, c->joint[at]->name, n) == 0)
    end++;
  return end - at;
}

/* whether the joints from a and from b on have the same names after their prefixes */
static bool alike(const chain* c, int a, int b, int n) {
  for (int i = 0; i < n; i++) {
    const char *x = c->joint[a + i]->name, *y = c->joint[b + i]->name;
    if (strcmp(x + prefix_of(x), y + prefix_of(y)) != 0) return false;
  }
  return true;
}

/* the runs of joints with the names of the run at `from` but for the prefix; `from` first */
static chain legs_like(const chain* c, int from) {
  chain out = *c;
  out.legs = 0;
  out.per_leg = run_of(c, from);
  for (int at = from; at < c->n && out.per_leg >= 2 && out.legs < LEGS_MAX;) {
    const int n = run_of(c, at);
    if (n == out.per_leg && alike(c, from, at, n)) {
      snprintf(out.prefix[out.legs], sizeof out.prefix[0], "%.*s", (int)prefix_of(c->joint[at]->name),
               c->joint[at]->name);
      out.leg_of[out.legs++] = at;
    }
    at += n > 0 ? n : 1;
  }
  return out;
}

/* legs: the most runs of two or more joints with the same names but for their prefix */
static void find_legs(chain* c) {
  chain most = *c;
  for (int at = 0; at<c->n; at += run_of(c, at)> 0 ? run_of(c, at) : 1) {
    const chain some = legs_like(c, at);
    if (some.legs > most.legs) most = some;
  }
  *c = most;
  if (c->legs < 2) c->legs = 0;
}

/* ---- orders: order[k] = the joint that the k-th recorded one is ---- */

typedef struct trial {
  const df_dataset* data;
  const df_system* system;
  df_dataset* moved; /* the data with joints in another order */
  double h;
  check_cfg cfg;
  const chain* c;
  int *order, *best; /* [n] */
  misfit now;
  double best_likeness;
  bool found, best_is_legs, beyond_limits;
} trial;

static void move_joints(trial* t) {
  const df_dataset* d = t->data;
  const int nq = df_mujoco_nq(t->system);
  memcpy(t->moved->states, d->states, d->first[d->episodes] * (size_t)d->nx * sizeof *d->states);
  for (size_t f = 0; f < d->first[d->episodes]; f++) {
    const double* x = d->states + f * (size_t)d->nx;
    double* y = t->moved->states + f * (size_t)d->nx;
    for (int k = 0; k < t->c->n; k++) {
      const df_joint *from = t->c->joint[k], *to = t->c->joint[t->order[k]];
      y[to->qpos] = x[from->qpos];
      y[nq + to->dof] = x[nq + from->dof];
    }
  }
}

static double likeness_of(const misfit* m) {
  return m->part[MISFIT_LIMITS] + m->part[MISFIT_GROUND] + m->part[MISFIT_SLIP];
}

/* an order has to bring the misfit of limits, floor and slip down to this share, and by this much */
static const double SHARE = 0.7, LESS = 0.03;

/* an order that does not exchange sides or front and back as a whole has to be better by so much */
static const double UNUSUAL = 0.1;

static df_status try_order(trial* t, bool legs, bool usual) {
  bool same = true;
  misfit fit;
  for (int k = 0; k < t->c->n; k++) same &= t->order[k] == k;
  if (same) return DF_OK;
  move_joints(t);
  DF_TRY(misfit_of_poses(t->moved, t->system, t->h, &t->cfg, &fit));
  const double before = likeness_of(&t->now), after = likeness_of(&fit) + (usual ? 0 : UNUSUAL);
  if (!(after < SHARE * before && after < before - LESS)) return DF_OK;
  if (t->found && after >= t->best_likeness) return DF_OK;
  memcpy(t->best, t->order, (size_t)t->c->n * sizeof *t->best);
  t->best_likeness = after;
  t->best_is_legs = legs;
  t->found = true;
  return DF_OK;
}

/* the legs in the order leg[], one after the other, or all first joints, then all second ones ... */
static df_status try_legs(trial* t, const int* leg, bool by_joint) {
  const chain* c = t->c;
  for (int k = 0; k < c->n; k++) t->order[k] = k;
  const int per = c->per_leg, n = c->legs;
  for (int k = 0; k < per * n; k++) {
    const int slot = c->leg_of[k / per] + k % per;
    t->order[slot] = by_joint ? c->leg_of[leg[k % n]] + k / n : c->leg_of[leg[k / per]] + k % per;
  }
  bool usual = true;
  for (int i = 0; i < n; i++) usual &= n != 4 || leg[i] == (i ^ leg[0]);
  return try_order(t, !by_joint && per * n == c->n, usual);
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

static df_status try_reversed(trial* t) {
  for (int k = 0; k < t->c->n; k++) t->order[k] = t->c->n - 1 - k;
  return try_order(t, false, true);
}

/* the joints by name, as many programs sort them */
static df_status try_sorted(trial* t) {
  for (int k = 0; k < t->c->n; k++) {
    int at = k;
    for (; at > 0 && strcmp(t->c->joint[t->order[at - 1]]->name, t->c->joint[k]->name) > 0; at--)
      t->order[at] = t->order[at - 1];
    t->order[at] = k;
  }
  return try_order(t, false, true);
}

/* two joints exchanged */
static df_status try_exchanged(trial* t) {
  for (int a = 0; a < t->c->n; a++) {
    for (int b = a + 1; b < t->c->n; b++) {
      for (int k = 0; k < t->c->n; k++) t->order[k] = k == a ? b : k == b ? a : k;
      DF_TRY(try_order(t, false, true));
    }
  }
  return DF_OK;
}

enum { EXCHANGED_MAX = 12, PERMUTED_MAX = 4 }; /* most joints and legs of which all pairs and orders are tried */

/* Within one kind of joint all orders are within the limits, and only the floor tells them apart; other orders are
 * tried if more than this share of the samples is beyond the limits. */
static const double BEYOND = 0.02;

static df_status try_all(trial* t) {
  int leg[LEGS_MAX] = {0, 1, 2, 3, 4, 5};
  t->beyond_limits = t->now.part[MISFIT_LIMITS] > BEYOND;
  if (t->c->legs && t->c->legs <= PERMUTED_MAX) DF_TRY(permute(t, leg, 0));
  if (!t->beyond_limits) return DF_OK;
  DF_TRY(try_reversed(t));
  DF_TRY(try_sorted(t));
  return t->c->n <= EXCHANGED_MAX ? try_exchanged(t) : DF_OK;
}

/* ---- the data that orders are compared on ---- */

static df_status sample_of(const df_dataset* data, df_dataset** out) {
  int n = 0, frames = 0;
  const int stride = data->episodes > 8 ? data->episodes / 8 : 1;
  int* lengths = df_alloc((size_t)data->episodes, sizeof *lengths);
  if (!lengths) return DF_E_NOMEM;
  for (int e = 0; e < data->episodes && frames < SAMPLE_FRAMES; e += stride) {
    lengths[n] = data->lengths[e] < SAMPLE_FRAMES ? data->lengths[e] : SAMPLE_FRAMES;
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

/* the setting of the best order */
static void describe(const trial* t, char** key, char** value) {
  text out = {0};
  const chain* c = t->c;
  for (int k = 0; k < c->n; k++) {
    if (t->best_is_legs && k % c->per_leg) continue;
    const char* name = c->joint[t->best[k]]->name;
    text_add(&out, "%s%.*s", out.n ? "," : "", t->best_is_legs ? (int)prefix_of(name) : (int)strlen(name), name);
  }
  static char legs[] = "data.legs", joints[] = "data.joints";
  *key = t->best_is_legs ? legs : joints;
  *value = format_text("%s", text_of(&out));
  text_clear(&out);
}

df_status joint_order_find(const df_dataset* data, const df_system* system, double h, const check_cfg* cfg, char** key,
                           char** value) {
  *key = *value = NULL;
  const df_joint* joints;
  const int n = df_mujoco_joints(system, &joints);
  chain c = {.joint = df_alloc((size_t)n, sizeof *c.joint)};
  trial t = {.system = system, .h = h, .cfg = {.frames_max = cfg->frames_max, .poses_max = cfg->poses_max}, .c = &c};
  if (t.cfg.frames_max > SAMPLE_FRAMES) t.cfg.frames_max = SAMPLE_FRAMES;
  if (t.cfg.poses_max > SAMPLE_POSES) t.cfg.poses_max = SAMPLE_POSES;
  df_dataset* sample = NULL;
  for (int j = 0; j < n && c.joint; j++) {
    const bool scalar = joints[j].kind == DF_JOINT_HINGE || joints[j].kind == DF_JOINT_SLIDE;
    if (scalar) c.joint[c.n++] = &joints[j];
  }
  find_legs(&c);
  t.order = df_alloc(2 * (size_t)(c.n + 1), sizeof *t.order);
  t.best = t.order + c.n;
  df_status status = c.joint && t.order ? DF_OK : DF_E_NOMEM;
  if (status == DF_OK) status = sample_of(data, &sample);
  if (status == DF_OK) status = sample_of(data, &t.moved);
  t.data = sample;
  if (status == DF_OK) status = misfit_of_poses(sample, system, h, &t.cfg, &t.now);
  if (status == DF_OK) status = try_all(&t);
  if (status == DF_OK && t.found) describe(&t, key, value);
  df_dataset_free(sample);
  df_dataset_free(t.moved);
  df_free(t.order);
  df_free(c.joint);
  return status;
}
