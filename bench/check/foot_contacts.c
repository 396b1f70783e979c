#include "foot_contacts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "check_parts.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/data/robot_base.h"
#include "dynaflow/stats/statistics.h"
#include "text.h"
#include "twin_geoms.h"

enum { POSES = 300, FEWEST = 60, HALVED = 8 };
/* Shares of the pairs: that twins stand, at least; that a foot is too deep, at least. */
static const double STANDS = 0.1, DEEP = 0.05;
/* LIKE: a foot is normal if its contact share is at least this fraction of every twin's. GAINS: a correction must raise
 * its contact share by this factor. */
static const double LIKE = 0.75, GAINS = 1.3;
/* TIGHT: of the frames with a slow foot near the floor (within NEARBY times the depth of its twins), the share in
 * stance must reach this fraction of that of the twins. A right correction puts the foot on the floor or well above it;
 * another one, as of a leg that limps, brings it near the floor at all heights. */
static const double NEARBY = 4, TIGHT = 0.85;
/* Deeper than 1.5 times the depth of the twins, of all but 1 % of their contacts, is too deep: legs that carry more are
 * deeper. Speeds up to 1.5 times the third quartile of theirs are those of a foot that stands, and so are those up to a
 * tenth of their speed in the air. */
static const double DEEPEST = 0.99, DEEPER = 1.5, FAST = 0.75, FASTER = 1.5, SLOW = 0.1;
/* what stands lifts less than this share of the frames; a leg moves if it lifts half as far as the least of its twins
 */
static const double LIFTS = 0.05, MOVES = 0.5;
/* rad: the offsets that are tried; a smaller one may be that of a leg that carries more */
static const double FARTHEST = 0.5, STEP = 0.05, LEAST = 0.1;
/* of the best change: another joint that reaches this share may be the one, too */
static const double CLEAR = 0.8;

/* a change of the recorded positions of a hinge */
typedef struct change {
  int joint; /* -1: none */
  double sign, offset;
} change;

/* shares of the pairs in which a geom stands, and is too deep; the share that stands of those in which it is near */
typedef struct standing {
  double stands, deep, tight;
} standing;

typedef struct study {
  const trace* m;
  df_sim* sim;
  int geoms, n;     /* pairs that are looked at */
  size_t* pair;     /* [n] */
  bool* twin;       /* [geoms][geoms] */
  bool* has_twin;   /* [geoms] */
  double* distance; /* [geoms][n] from what cannot move, m */
  double* speed;    /* [geoms][n] along it, m/s */
  double *x, *list; /* [nx], [n] */
} study;

static double* row(const study* s, double* of, int geom) {
  return of + (size_t)geom * (size_t)s->n;
}

/* what is left of a standing foot where it is too deep */
static double score_of(standing s) {
  return s.stands - s.deep;
}

/* ---- poses ---- */

static void pose(const study* s, size_t k, int next, change c) {
  const trace* m = s->m;
  memcpy(s->x, df_dataset_state(m->data, m->episode[k], m->frame[k] + next), (size_t)m->data->nx * sizeof *s->x);
  if (c.joint >= 0) s->x[m->joints[c.joint].qpos] = c.sign * s->x[m->joints[c.joint].qpos] - c.offset;
  df_mujoco_pose(s->sim, s->x);
}

/* distance and speed of one geom, or with -1 of all that have twins */
static void measure(const study* s, int only, change c, double* distance, double* speed) {
  for (int i = 0; i < s->n; i++) {
    const size_t k = s->pair[i];
    for (int next = 1; next >= 0; next--) {
      pose(s, k, next, c);
      for (int g = only >= 0 ? only : 0; g < (only >= 0 ? only + 1 : s->geoms); g++) {
        if (!s->has_twin[g]) continue;
        double at[3], *v = only >= 0 ? speed + i : row(s, speed, g) + i;
        double* d = only >= 0 ? distance + i : row(s, distance, g) + i;
        df_mujoco_geom_position(s->sim, g, at);
        /* the numbers of the next frame are kept where those of the pair will be */
        if (next) {
          *v = at[0];
          *d = at[1];
        } else {
          *v = hypot(at[0] - *v, at[1] - *d) / s->m->h[s->m->episode[k]];
          *d = df_mujoco_geom_ground_distance(s->sim, g);
        }
      }
    }
  }
}

/* ---- what twins do ---- */

typedef struct measure_of_twins {
  double depth, speed; /* up to which a foot stands */
  double rests;        /* the largest of their median distances while they touch, m */
  double least, most;  /* shares of the pairs in which they stand */
  double tight;        /* the least of theirs */
  double lift;         /* the least range of their distances, m */
  bool lifts;          /* each of them is in the air at times */
} measure_of_twins;

/* the q-quantile of the numbers of a geom, times a factor, where it touches, or where it does not; 0: nowhere */
static double quantile_when(const study* s, int geom, bool touches, const double* of, double factor, double q) {
  const double* d = row(s, s->distance, geom);
  int n = 0;
  for (int i = 0; i < s->n; i++) {
    if ((d[i] <= 0) == touches) s->list[n++] = factor * of[i];
  }
  if (n == 0) return 0;
  df_sort(n, s->list);
  return df_quantile(n, s->list, q);
}

static standing standing_of(const study* s, const double* distance, const double* speed, double depth, double fastest) {
  standing out = {0};
  double near = 0;
  for (int i = 0; i < s->n; i++) {
    out.stands += fabs(distance[i]) <= depth && speed[i] <= fastest;
    near += fabs(distance[i]) <= NEARBY * depth && speed[i] <= fastest;
    out.deep += distance[i] < -depth;
  }
  return (standing){out.stands / s->n, out.deep / s->n, near > 0 ? out.stands / near : 0};
}

static double range_of(const study* s, int geom) {
  const double* d = row(s, s->distance, geom);
  double lo = INFINITY, hi = -INFINITY;
  for (int i = 0; i < s->n; i++) {
    lo = fmin(lo, d[i]);
    hi = fmax(hi, d[i]);
  }
  return hi - lo;
}

static double share_in_the_air(const study* s, int geom) {
  const double* d = row(s, s->distance, geom);
  double n = 0;
  for (int i = 0; i < s->n; i++) n += d[i] > 0;
  return n / s->n;
}

static measure_of_twins twins_of(const study* s, int geom) {
  const bool* twin = s->twin + geom * s->geoms;
  measure_of_twins t = {.rests = -INFINITY, .least = INFINITY, .tight = INFINITY, .lift = INFINITY, .lifts = true};
  for (int g = 0; g < s->geoms; g++) {
    if (!twin[g]) continue;
    t.depth = fmax(t.depth, DEEPER * quantile_when(s, g, true, row(s, s->distance, g), -1, DEEPEST));
    t.rests = fmax(t.rests, quantile_when(s, g, true, row(s, s->distance, g), 1, 0.5));
    t.speed = fmax(t.speed, SLOW * quantile_when(s, g, false, row(s, s->speed, g), 1, 0.5));
    t.speed = fmax(t.speed, FASTER * quantile_when(s, g, true, row(s, s->speed, g), 1, FAST));
  }
  for (int g = 0; g < s->geoms; g++) {
    if (!twin[g]) continue;
    const standing one = standing_of(s, row(s, s->distance, g), row(s, s->speed, g), t.depth, t.speed);
    t.least = fmin(t.least, one.stands);
    t.most = fmax(t.most, one.stands);
    t.tight = fmin(t.tight, one.tight);
    t.lift = fmin(t.lift, range_of(s, g));
    t.lifts &= share_in_the_air(s, g) > LIFTS;
  }
  return t;
}

/* ---- what a joint changes ---- */

typedef struct cure {
  change best;
  standing then;
  int other; /* another joint that does about as well; -1: none */
} cure;

static standing standing_with(const study* s, int geom, change c, const measure_of_twins* t, double* memory) {
  measure(s, geom, c, memory, memory + s->n);
  return standing_of(s, memory, memory + s->n, t->depth, t->speed);
}

/* what is tried of one joint, and the best of it */
typedef struct trial {
  int geom;
  const measure_of_twins* t;
  double* memory; /* [2 n] */
  change best;
  standing then;
} trial;

/* Tries a change. Returns the height of the foot above its standing twins, m: the median over its lowest pairs, as many
 * as the share in which each twin stands. */
static double try_change(const study* s, trial* w, change c) {
  const standing now = standing_with(s, w->geom, c, w->t, w->memory);
  if (score_of(now) > score_of(w->then) && (c.sign < 0 || fabs(c.offset) >= LEAST)) {
    w->best = c;
    w->then = now;
  }
  memcpy(s->list, w->memory, (size_t)s->n * sizeof *s->list);
  df_sort(s->n, s->list);
  return df_quantile(s->n, s->list, w->t->least / 2) - w->t->rests;
}

/* the opposite sign, offsets of a grid, and between two of these those at which the foot is as high as its twins: it
 * stands in a narrow range of angles */
static void try_joint(const study* s, int joint, trial* w) {
  w->best = (change){joint, -1, 0};
  w->then = (standing){-1, 0, 0};
  (void)try_change(s, w, w->best);
  double before = 0;
  const int steps = (int)round(FARTHEST / STEP);
  for (int i = -steps; i <= steps; i++) {
    const double now = try_change(s, w, (change){joint, 1, i * STEP});
    double lo = (i - 1) * STEP, hi = i * STEP;
    for (int k = 0; k < HALVED && i > -steps && before * now < 0; k++) {
      const double middle = (lo + hi) / 2, there = try_change(s, w, (change){joint, 1, middle});
      if (there * now < 0)
        lo = middle;
      else
        hi = middle;
    }
    before = now;
  }
}

/* whether a hinge moves a geom and none of its twins */
static bool is_of_leg(const study* s, int joint, int geom) {
  const df_system* system = s->m->system;
  if (s->m->joints[joint].kind != DF_JOINT_HINGE || !twin_joint_moves(system, joint, df_mujoco_geom_body(system, geom)))
    return false;
  for (int g = 0; g < s->geoms; g++) {
    if (s->twin[geom * s->geoms + g] && twin_joint_moves(system, joint, df_mujoco_geom_body(system, g))) return false;
  }
  return true;
}

static cure cure_of(const study* s, int geom, const measure_of_twins* t, double* memory) {
  cure out = {.best = {.joint = -1}, .other = -1};
  double best = -INFINITY, second = -INFINITY;
  for (int j = 0; j < s->m->njoint; j++) {
    if (!is_of_leg(s, j, geom)) continue;
    trial w = {.geom = geom, .t = t, .memory = memory};
    try_joint(s, j, &w);
    const double score = score_of(w.then);
    if (score > best) {
      second = best;
      out.other = out.best.joint;
      best = score;
      out.best = w.best;
      out.then = w.then;
    } else if (score > second) {
      second = score;
      out.other = j;
    }
  }
  if (!(second > CLEAR * best)) out.other = -1;
  return out;
}

/* ---- the row ---- */

static void name_joint(const study* s, int joint, char name[80]) {
  check_dof_name(s->m, s->m->joints[joint].dof, name);
}

static double nearest_of(const study* s, int geom) {
  const double* d = row(s, s->distance, geom);
  double least = INFINITY;
  for (int i = 0; i < s->n; i++) least = fmin(least, d[i]);
  return least;
}

static void say(const study* s, int geom, standing now, const measure_of_twins* t, const cure* c, data_findings* out) {
  text twins = {0}, how = {0};
  char label[64], joint[80];
  int named = 0, all = 0;
  for (int g = 0; g < s->geoms; g++) all += s->twin[geom * s->geoms + g];
  for (int g = 0; g < s->geoms; g++) {
    if (!s->twin[geom * s->geoms + g]) continue;
    check_geom_name(s->m->system, g, label);
    text_add(&twins, "%s%s", named == 0 ? "" : named == all - 1 ? " and " : ", ", label);
    named++;
  }
  if (now.deep >= DEEP)
    text_add(&how, ", and is deeper in the floor than they are in %.0f %%", 100 * now.deep);
  else if (nearest_of(s, geom) > 0)
    text_add(&how, ", and comes no nearer than %.2g m to it", nearest_of(s, geom));
  name_joint(s, c->best.joint, joint);
  if (c->best.sign < 0)
    text_add(&how, "; with the sign of %s reversed", joint);
  else
    text_add(&how, "; with about %.2g rad %s %s", fabs(c->best.offset),
             c->best.offset > 0 ? "subtracted from" : "added to", joint);
  text_add(&how, " it would be in %.0f %%", 100 * c->then.stands);
  if (c->other >= 0) {
    name_joint(s, c->other, joint);
    text_add(&how, ", and about as often with a change of %s", joint);
  }
  check_geom_name(s->m->system, geom, label);
  data_finding* one = data_findings_add(out, DATA_CHECK_FOOT_CONTACTS, label, now.stands, NAN, "share");
  data_finding_judge(
      one, CHECK_WARN,
      "%s is in stance on the floor in %.0f %% of the frames, its counterpart%s %s in at least %.0f %%%s: %s", label,
      100 * now.stands, all > 1 ? "s" : "", text_of(&twins), 100 * t->least, text_of(&how),
      c->best.sign < 0 ? "this joint may be recorded reversed" : "its zero may be off");
  text_clear(&twins);
  text_clear(&how);
}

/* whether a foot stands otherwise than its twins do: it is deeper, or stands less though it moves like them */
static bool is_odd(const study* s, int geom, standing now, const measure_of_twins* t) {
  if (!(t->depth > 0) || t->least < STANDS || !(score_of(now) < LIKE * t->least)) return false;
  return now.deep >= DEEP || (t->lifts && range_of(s, geom) >= MOVES * t->lift);
}

static void judge(const study* s, int geom, double* memory, data_findings* out, bool* found) {
  const measure_of_twins t = twins_of(s, geom);
  const standing now = standing_of(s, row(s, s->distance, geom), row(s, s->speed, geom), t.depth, t.speed);
  *found = false;
  if (!is_odd(s, geom, now, &t)) return;
  const cure c = cure_of(s, geom, &t, memory);
  const double score = score_of(c.then);
  if (c.best.joint < 0 || score < LIKE * t.least || score < GAINS * score_of(now)) return;
  if (c.then.tight < TIGHT * t.tight) return;
  say(s, geom, now, &t, &c, out);
  *found = true;
}

/* ---- a study ---- */

/* marks geoms of the robot that are twins; false: there are none */
static bool find_twins(const study* s, const bool* own, double* position) {
  const df_system* system = s->m->system;
  bool any = false;
  df_mujoco_initial_state(system, s->x);
  df_mujoco_pose(s->sim, s->x);
  df_mujoco_body_positions(s->sim, position);
  for (int a = 0; a < s->geoms; a++) {
    if (!own[df_mujoco_geom_body(system, a)] || !isfinite(df_mujoco_geom_ground_distance(s->sim, a))) continue;
    for (int b = 0; b < a; b++) {
      if (!own[df_mujoco_geom_body(system, b)] || !twin_geoms(system, s->sim, position, a, b)) continue;
      s->twin[a * s->geoms + b] = s->twin[b * s->geoms + a] = s->has_twin[a] = s->has_twin[b] = any = true;
    }
  }
  return any;
}

/* whether a part of the robot that is no twin, such as its trunk, touches what cannot move */
static bool lies(const study* s, const bool* own, size_t k) {
  pose(s, k, 0, (change){.joint = -1});
  for (int g = 0; g < s->geoms; g++) {
    if (s->has_twin[g] || !own[df_mujoco_geom_body(s->m->system, g)]) continue;
    if (df_mujoco_geom_ground_distance(s->sim, g) <= 0) return true;
  }
  return false;
}

/* a robot that lies does not stand on its feet */
static void choose_pairs(study* s, size_t poses_max, const bool* own) {
  const size_t most = poses_max < POSES ? poses_max : POSES, stride = s->m->n / (most ? most : 1) + 1;
  for (size_t k = 0; k < s->m->n; k += stride) {
    if (!s->m->jump[k] && !lies(s, own, k)) s->pair[s->n++] = k;
  }
}

/* the first odd geom of each body has a row */
static df_status look(study* s, data_findings* out) {
  const size_t n = (size_t)s->n, geoms = (size_t)s->geoms;
  double* memory = df_alloc(2 * n * geoms + 3 * n, sizeof *memory);
  if (!memory) return DF_E_NOMEM;
  s->distance = memory;
  s->speed = memory + n * geoms;
  s->list = s->speed + n * geoms;
  measure(s, -1, (change){.joint = -1}, s->distance, s->speed);
  int last = -1;
  for (int g = 0; g < s->geoms; g++) {
    bool found = false;
    if (s->has_twin[g] && df_mujoco_geom_body(s->m->system, g) != last) judge(s, g, s->list + n, out, &found);
    if (found) last = df_mujoco_geom_body(s->m->system, g);
  }
  df_free(memory);
  return DF_OK;
}

df_status check_foot_contacts(const trace* m, size_t poses_max, data_findings* out) {
  const size_t geoms = (size_t)df_mujoco_geom_count(m->system), bodies = (size_t)df_mujoco_body_count(m->system);
  study s = {.m = m,
             .geoms = (int)geoms,
             .pair = df_alloc(POSES + 1, sizeof *s.pair),
             .twin = df_alloc(geoms * geoms, sizeof *s.twin),
             .has_twin = df_alloc(geoms, sizeof *s.has_twin),
             .x = df_alloc((size_t)m->data->nx, sizeof *s.x)};
  bool* own = df_alloc(bodies, sizeof *own);
  double* position = df_alloc(3 * bodies, sizeof *position);
  df_status status =
      s.pair && s.twin && s.has_twin && s.x && own && position ? df_sim_new(m->system, 0, &s.sim) : DF_E_NOMEM;
  if (status == DF_OK) {
    df_robot_bodies(m->system, trace_objects(m), own);
    const bool any = find_twins(&s, own, position);
    if (any) choose_pairs(&s, poses_max, own);
    if (s.n >= FEWEST) status = look(&s, out);
  }
  df_sim_free(m->system, s.sim);
  df_free(s.pair);
  df_free(s.twin);
  df_free(s.has_twin);
  df_free(s.x);
  df_free(own);
  df_free(position);
  return status;
}
