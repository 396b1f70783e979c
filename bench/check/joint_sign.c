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

/* of the residual as read, and of that of the next best order; in weights: a smaller one needs no explanation */
static const double SHARE = 0.65, CLEAR = 0.87, FREE = 0.05;
/* an order that adds more to misfit_of_contact() explains nothing */
static const double WORSE = 0.03;
/* With several physics steps per frame: as read, the residual has to be so many times its floor, and the misfit has to
 * fall to this share, too. Legs that hang in the air need less force, and it is not wrong for that. */
static const double BEYOND = 1.33, FALLS = 0.75;
/* weights: what is left of the force, at most; what nothing touches needs one weight, however its joints are read, and
 * with more than that not even a warning names an order */
static const double LOW = 0.75, HOVERS = 1;
/* shares of the episodes in which the residual has to fall, and may rise to this factor */
static const double MOST = 0.5, FEW = 0.1, RISES = 1.15;

/* what an order leaves */
typedef struct fit {
  double residual, contact;
  bool explained; /* the residual is within what right data leave */
} fit;

/* a force that rounding makes up is no evidence, and ten times that is */
static const double WELL_ABOVE = 10;

typedef struct trial {
  df_dataset* data;
  const df_system* system;
  const double* h;
  check_cfg cfg;
  int joints;
  int *order, *best, *exchange; /* [joints] what is tried; the best order; the best one that exchanges joints */
  int* legs;                    /* [joints] the exchange of whole legs that leaves least */
  double floor;                 /* check_residual_floor() as read */
  fit as_read, least, second, exchanged, swapped; /* the last one of `legs` */
  bool exchanges, swaps;                          /* what is tried exchanges joints; whole legs */
  bool by_legs; /* the best order is one of whole legs that leaves clearly less than any other */
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
  misfit of;
  DF_TRY(misfit_of_poses(t->data, t->system, t->h, &t->cfg, &of));
  *out = misfit_of_contact(&of);
  return DF_OK;
}

/* Of two orders that need no more force than right data, the one with the smaller misfit. */
static bool is_better(const fit* a, const fit* b) {
  if (a->explained != b->explained) return a->explained;
  return a->explained ? a->contact < b->contact : a->residual < b->residual;
}

static bool is_clear(const fit* a, const fit* b) {
  if (a->explained != b->explained) return a->explained;
  return a->explained ? a->contact < CLEAR * b->contact : a->residual < CLEAR * b->residual;
}

/* takes over what the order leaves, unless it takes joints from their limits or feet from the floor */
static df_status measure(trial* t) {
  fit one = {.contact = INFINITY};
  DF_TRY(residual_of(t, &one.residual));
  one.explained = one.residual <= t->floor;
  if (!(one.explained || one.residual < (t->swaps ? t->swapped : t->second).residual)) return DF_OK;
  DF_TRY(contact_of(t, &one.contact));
  if (!(one.contact <= t->as_read.contact + WORSE)) return DF_OK;
  if (t->swaps) {
    if (one.residual < t->swapped.residual) {
      t->swapped = one;
      memcpy(t->legs, t->order, (size_t)t->joints * sizeof *t->legs);
    }
    return DF_OK;
  }
  if (t->exchanges && is_better(&one, &t->exchanged)) {
    t->exchanged = one;
    memcpy(t->exchange, t->order, (size_t)t->joints * sizeof *t->exchange);
  }
  if (is_better(&one, &t->least)) {
    t->second = t->least;
    t->least = one;
    memcpy(t->best, t->order, (size_t)t->joints * sizeof *t->best);
  } else if (is_better(&one, &t->second)) {
    t->second = one;
  }
  return DF_OK;
}

static df_status try_order(trial* t) {
  joint_order_apply(t->system, t->order, t->data);
  const df_status status = measure(t);
  joint_order_apply(t->system, t->order, t->data);
  return status;
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

/* the same joint of two legs exchanged */
static df_status try_exchanged(trial* t, const chain* c) {
  t->exchanges = true;
  for (int part = 0; part < c->per_leg && c->legs; part++) {
    for (int a = 0; a < c->legs; a++) {
      for (int b = a + 1; b < c->legs; b++) {
        const int one = c->index[c->leg_of[a] + part], other = c->index[c->leg_of[b] + part];
        for (int j = 0; j < t->joints; j++) t->order[j] = j == one ? other : j == other ? one : j;
        DF_TRY(try_order(t));
      }
    }
  }
  return DF_OK;
}

/* whole legs exchanged, whose joints seem to be reversed; after all other orders */
static df_status try_legs(trial* t, const chain* c) {
  t->swaps = true;
  for (int a = 0; a < c->legs; a++) {
    for (int b = a + 1; b < c->legs; b++) {
      for (int j = 0; j < t->joints; j++) t->order[j] = j;
      for (int part = 0; part < c->per_leg; part++) {
        const int one = c->index[c->leg_of[a] + part], other = c->index[c->leg_of[b] + part];
        t->order[one] = other;
        t->order[other] = one;
      }
      DF_TRY(try_order(t));
    }
  }
  t->swaps = false;
  /* by the forces alone: legs that are exchanged stand on the floor about as well as those with other signs */
  t->by_legs = t->swapped.residual < SHARE * t->least.residual;
  if (!t->by_legs) return DF_OK;
  t->second = t->least;
  t->least = t->swapped;
  memcpy(t->best, t->legs, (size_t)t->joints * sizeof *t->best);
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

static df_status floor_of(const trial* t, double* floor) {
  trace m;
  df_status status = trace_of(t->data, t->system, t->h, t->cfg.frames_max, &m);
  if (status == DF_OK) status = check_residual_floor(&m, t->cfg.poses_max, floor);
  trace_clear(&m);
  return status;
}

static df_status episodes_of(const trial* t, double* median) {
  trace m;
  df_status status = trace_of(t->data, t->system, t->h, t->cfg.frames_max, &m);
  if (status == DF_OK) status = check_episode_residuals(&m, t->cfg.poses_max, median);
  trace_clear(&m);
  return status;
}

/* whether both halves need clearly less force with the best order */
static df_status halves_agree(trial* t, bool* agree) {
  double now[2], best[2];
  DF_TRY(residuals_of_halves(t, now));
  joint_order_apply(t->system, t->best, t->data);
  const df_status status = residuals_of_halves(t, best);
  joint_order_apply(t->system, t->best, t->data);
  *agree = best[0] < CLEAR * now[0] && best[1] < CLEAR * now[1];
  return status;
}

/* whether the residual falls in most episodes and rises in hardly any */
static df_status episodes_agree(trial* t, bool* agree) {
  const int n = t->data->episodes;
  int falls = 0, rises = 0, known = 0;
  double* before = df_alloc(2 * (size_t)n, sizeof *before);
  if (!before) return DF_E_NOMEM;
  double* after = before + n;
  df_status status = episodes_of(t, before);
  joint_order_apply(t->system, t->best, t->data);
  if (status == DF_OK) status = episodes_of(t, after);
  joint_order_apply(t->system, t->best, t->data);
  for (int e = 0; e < n && status == DF_OK; e++) {
    if (!isfinite(before[e]) || !isfinite(after[e])) continue;
    known++;
    falls += after[e] < before[e];
    rises += after[e] > RISES * before[e];
  }
  *agree = falls > MOST * known && rises <= FEW * known;
  df_free(before);
  return status;
}

/* whether the order that fits best is the only one that does */
static df_status decide(trial* t, joint_signs* out) {
  const fit *now = &t->as_read, *least = &t->least;
  const double falls = now->residual - least->residual;
  const bool better = least->residual <= HOVERS && least->residual < SHARE * now->residual;
  const bool steps = t->floor > 0, beyond = now->residual > BEYOND * t->floor,
             clear = t->by_legs || is_clear(least, &t->second);
  bool halves = false, episodes = false;
  *out = (joint_signs){.as_read = now->residual, .residual = least->residual, .floor = t->floor};
  /* one that leaves too much force is not all that is wrong, and may not be wrong at all */
  if (!better || !(beyond || clear) || !(falls > WELL_ABOVE * rounding_of(t))) return DF_OK;
  if (beyond && clear) DF_TRY(halves_agree(t, &halves));
  if (halves) DF_TRY(episodes_agree(t, &episodes));
  out->is_clear = episodes && least->residual <= LOW && (!steps || least->contact < FALLS * now->contact);
  out->best = t->best;
  t->best = NULL;
  const bool other = !out->is_clear && t->exchanged.explained && t->exchanged.contact < FALLS * now->contact;
  if (!other) return DF_OK;
  out->exchange = t->exchange;
  t->exchange = NULL;
  return DF_OK;
}

static df_status compare(trial* t, const chain* c, joint_signs* out) {
  DF_TRY(residual_of(t, &t->as_read.residual));
  if (!(t->as_read.residual > FREE)) return DF_OK;
  DF_TRY(floor_of(t, &t->floor));
  DF_TRY(contact_of(t, &t->as_read.contact));
  DF_TRY(try_all(t, c));
  if (t->as_read.residual > BEYOND * t->floor && !t->cfg.named) DF_TRY(try_exchanged(t, c));
  if (!t->cfg.named) DF_TRY(try_legs(t, c));
  return decide(t, out);
}

#define NOTHING \
  { .residual = INFINITY, .contact = INFINITY }

df_status joint_sign_find(df_dataset* data, const df_system* system, const double* h, const check_cfg* cfg,
                          joint_signs* out) {
  const df_joint* joints;
  trial t = {.data = data,
             .system = system,
             .h = h,
             .least = NOTHING,
             .second = NOTHING,
             .exchanged = NOTHING,
             .swapped = NOTHING};
  chain c;
  *out = (joint_signs){0};
  t.cfg.frames_max = cfg->frames_max < SAMPLE_FRAMES ? cfg->frames_max : SAMPLE_FRAMES;
  t.cfg.poses_max = cfg->poses_max < SAMPLE_POSES ? cfg->poses_max : SAMPLE_POSES;
  t.cfg.named = cfg->named;
  t.joints = df_mujoco_joints(system, &joints);
  t.order = df_alloc((size_t)t.joints, sizeof *t.order);
  t.best = df_alloc((size_t)t.joints, sizeof *t.best);
  t.exchange = df_alloc((size_t)t.joints, sizeof *t.exchange);
  t.legs = df_alloc((size_t)t.joints, sizeof *t.legs);
  df_status status = chain_of(system, &c);
  if (status == DF_OK) status = t.order && t.best && t.exchange && t.legs ? compare(&t, &c, out) : DF_E_NOMEM;
  chain_clear(&c);
  df_free(t.order);
  df_free(t.best);
  df_free(t.exchange);
  df_free(t.legs);
  return status;
}
