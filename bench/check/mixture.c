#include "mixture.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "check_parts.h"
#include "dynaflow/core/alloc.h"
#include "joint_legs.h"
#include "joint_order.h"
#include "joints.h"
#include "list.h"
#include "text.h"
#include "would_fit.h"

/* Shorter episodes tell too little, and those of orders of legs, whose halves have to agree: of so many orders, one
 * fits a few frames better by chance. Poses of an episode that are looked at. */
enum { FRAMES_LEAST = 10, LEGS_LEAST = 30, POSES_LEAST = 5, POSES_MOST = 50 };
/* what another convention has to leave of the forces that a motion needs, if they tell it */
static const double OF_FORCES = 0.65;
/* what it has to leave of the misfit of the poses then */
static const double OF_POSES = 0.5;
/* by how much the share of the samples beyond joint limits falls */
static const double LIMITS_FALL = 0.2;

/* share of the samples beyond joint limits of angles that are none of degrees, of joints that are exchanged, and of
 * those that are not */
static const double WITHIN = 0.05, BEYOND = 0.1, INSIDE = 0.02;
/* joints of which all pairs are exchanged */
enum { EXCHANGED_MOST = 24 };

/* by this factor less misfit, an episode follows others */
static const double FOLLOWS = 0.85;
/* Degrees are so many times larger than the angles of the other episodes: 57, unless these move more. */
static const double DEGREES = 10;

/* how an episode fits as it is read by one convention */
typedef struct view {
  size_t frames; /* pairs of frames */
  misfit fit;
  double half[2];  /* misfit_of_contact() of its halves */
  double residual; /* of forces; NAN: unknown */
  double angle;    /* largest magnitude of the angle of a limited hinge, rad */
} view;

/* a convention that is tried, and how the episodes fit by it */
typedef struct variant {
  const char* key;           /* "data.quaternion"; static */
  char* now;                 /* the value that the others have; owned */
  remedy fits;               /* owned */
  bool legs, angles, limits; /* of legs; of angles; joints exchanged, which limits tell */
  view* view;                /* [episodes]; owned; NULL: not read */
} variant;

typedef struct work {
  const char* path;
  const reading* r;
  const df_system* system;
  check_cfg cfg;
  int episodes;
  bool* judged; /* [episodes] owned */
  view* as_read;
  double least_angle; /* of view.angle, read in radians, over the episodes that are judged */
  variant* list;      /* owned */
  int n;
} work;

/* ---- looking ---- */

static double largest_angle(const trace* m) {
  double most = 0;
  for (size_t k = 0; k < m->n; k++) {
    const double* x = df_dataset_state(m->data, m->episode[k], m->frame[k]);
    for (int j = 0; j < m->njoint; j++) {
      if (m->joints[j].kind == DF_JOINT_HINGE && isfinite(m->joints[j].width))
        most = fmax(most, fabs(x[m->joints[j].qpos]));
    }
  }
  return most;
}

static df_status look_at(const work* w, const df_dataset* data, const fit_source* source, view* out) {
  trace m;
  df_status status = trace_of(data, w->system, w->r->h, w->cfg.frames_max, &m);
  m.source = *source;
  for (size_t from = 0, to = 0; from < m.n && status == DF_OK; from = to) {
    to = trace_episode_end(&m, from);
    const trace one = trace_part(&m, from, to);
    const int e = m.episode[from];
    if (to - from < FRAMES_LEAST) continue;
    w->judged[e] = true;
    out[e].frames = to - from;
    out[e].angle = largest_angle(&one);
    status = misfit_of_trace(&one, &w->cfg, &out[e].fit);
    if (status == DF_OK) status = misfit_of_trace_halves(&one, &w->cfg, out[e].half);
    if (status == DF_OK) status = check_root_residual(&one, w->cfg.poses_max, &out[e].residual);
  }
  trace_clear(&m);
  return status;
}

static view* views_new(const work* w) {
  return df_alloc((size_t)w->episodes, sizeof(view));
}

/* the recording read with the settings of a variant, as the reading is corrected */
static df_status look_with(work* w, variant* v) {
  reading other = {0};
  df_config config = w->r->config;
  const check_cfg least = {.frames_max = 1, .poses_max = 1};
  df_status status = remedy_apply(&v->fits, &config, "data check");
  if (status == DF_OK) status = reading_as_it_is(w->path, &config, w->system, &least, &other);
  if (status == DF_OK) {
    reading_correct(w->r, w->system, other.data);
    v->view = views_new(w);
    status = v->view ? look_at(w, other.data, &(fit_source){other.recording, &other.config}, v->view) : DF_E_NOMEM;
  }
  reading_clear(&other);
  return status;
}

/* ---- the variants ---- */

static variant* add_variant(work* w, const char* key, const char* now) {
  w->list = list_grow(w->list, w->n, sizeof *w->list);
  variant* v = &w->list[w->n++];
  *v = (variant){.key = key, .now = format_text("%s", now), .angles = strcmp(key, "data.angles") == 0};
  return v;
}

static const df_config_key* key_of(const char* name, int* at) {
  const df_config_key* keys;
  const int n = df_config_keys(&keys);
  for (*at = 0; *at < n; ++*at) {
    if (strcmp(keys[*at].name, name) == 0) return &keys[*at];
  }
  return NULL;
}

/* whether the model has a joint of one of two kinds */
static bool has_joint(const work* w, df_joint_kind kind, df_joint_kind other) {
  const df_joint* joints;
  const int n = df_mujoco_joints(w->system, &joints);
  for (int j = 0; j < n; j++) {
    if (joints[j].kind == kind || joints[j].kind == other) return true;
  }
  return false;
}

/* all other choices of a setting */
static void add_choices(work* w, const char* name) {
  int at;
  const df_config_key* key = key_of(name, &at);
  char now[80];
  if (!key) return;
  df_config_value(&w->r->config, at, now, sizeof now);
  for (const char* from = key->choices; *from;) {
    const size_t n = strcspn(from, "|");
    if (strlen(now) != n || strncmp(now, from, n) != 0)
      remedy_set(&add_variant(w, key->name, now)->fits, key->name, "%.*s", (int)n, from);
    from += n + (from[n] == '|');
  }
}

static void add_scales(work* w) {
  static const double factor[] = {0.01, 0.001, 100, 1000};
  const fit_source source = {w->r->recording, &w->r->config};
  for (size_t i = 0; i < sizeof factor / sizeof *factor; i++) {
    char now[80];
    int at;
    if (!key_of("data.position_scale", &at)) return;
    df_config_value(&w->r->config, at, now, sizeof now);
    add_variant(w, "data.position_scale", now)->fits = fit_scale(&source, factor[i]);
  }
}

/* what an order says as settings, or else in words */
static remedy remedy_of(const work* w, const int* to) {
  const fit_source source = {w->r->recording, &w->r->config};
  remedy fits = fit_joints(&source, w->system, to);
  if (fits.n) return fits;
  remedy_clear(&fits);
  char* words = reading_order_words(w->system, to);
  remedy_say(&fits, "%s", words);
  df_free(words);
  return fits;
}

/* the limits of all episodes with joints in an order that is its own inverse */
static df_status look_at_limits(const work* w, view* out) {
  trace m;
  const df_status status = trace_of(w->r->data, w->system, w->r->h, w->cfg.frames_max, &m);
  for (size_t from = 0, to = 0; from < m.n && status == DF_OK; from = to) {
    to = trace_episode_end(&m, from);
    const trace one = trace_part(&m, from, to);
    const int e = m.episode[from];
    out[e] = w->as_read[e];
    out[e].fit.part[MISFIT_LIMITS] = check_limit_share(&one);
  }
  trace_clear(&m);
  return status;
}

/* The states as they are read, in another order, which is its own inverse. */
static df_status add_order(work* w, const int* to, bool legs) {
  const fit_source source = {w->r->recording, &w->r->config};
  variant* v = add_variant(w, legs ? "data.legs" : "data.joints", "");
  v->fits = remedy_of(w, to);
  v->legs = legs;
  v->limits = !legs;
  v->view = views_new(w);
  if (!v->view) return DF_E_NOMEM;
  joint_order_apply(w->system, to, w->r->data);
  const df_status status = legs ? look_at(w, w->r->data, &source, v->view) : look_at_limits(w, v->view);
  joint_order_apply(w->system, to, w->r->data);
  return status;
}

/* Makes `to` the order of exchanged pairs of legs, -1: none more; false if there are not so many legs. */
static bool exchange_legs(const chain* c, const int pair[4], int* to) {
  for (int k = 0; k < 4 && pair[k] >= 0; k += 2) {
    const int a = pair[k], b = pair[k + 1];
    if (a >= c->legs || b >= c->legs) return false;
    for (int i = 0; i < c->per_leg; i++) {
      to[c->index[c->leg_of[a] + i]] = c->index[c->leg_of[b] + i];
      to[c->index[c->leg_of[b] + i]] = c->index[c->leg_of[a] + i];
    }
  }
  return true;
}

static void identity(int n, int* to) {
  for (int j = 0; j < n; j++) to[j] = j;
}

/* two legs exchanged, and the two legs of both pairs */
static df_status add_legs(work* w, const chain* c, int n, int* to) {
  static const int pairs[][4] = {{0, 1, 2, 3},   {0, 2, 1, 3},   {0, 3, 1, 2},   {0, 1, -1, -1}, {2, 3, -1, -1},
                                 {0, 2, -1, -1}, {1, 3, -1, -1}, {0, 3, -1, -1}, {1, 2, -1, -1}};
  for (size_t p = 0; c->legs >= 2 && c->legs <= 4 && p < sizeof pairs / sizeof *pairs; p++) {
    identity(n, to);
    if (exchange_legs(c, pairs[p], to)) DF_TRY(add_order(w, to, true));
  }
  return DF_OK;
}

/* two joints exchanged, if some episodes are beyond joint limits */
static df_status add_exchanges(work* w, const chain* c, int n, int* to) {
  bool beyond = false;
  for (int e = 0; e < w->episodes; e++) beyond |= w->judged[e] && w->as_read[e].fit.part[MISFIT_LIMITS] > BEYOND;
  for (int a = 0; beyond && a < c->n && c->n <= EXCHANGED_MOST; a++) {
    for (int b = a + 1; b < c->n; b++) {
      identity(n, to);
      to[c->index[a]] = c->index[b];
      to[c->index[b]] = c->index[a];
      DF_TRY(add_order(w, to, false));
    }
  }
  return DF_OK;
}

static df_status add_orders(work* w) {
  const df_joint* joints;
  const int n = df_mujoco_joints(w->system, &joints);
  chain c;
  int* to = df_alloc((size_t)n, sizeof *to);
  df_status status = chain_of(w->system, &c);
  if (!to) status = DF_E_NOMEM;
  if (status == DF_OK) status = add_legs(w, &c, n, to);
  if (status == DF_OK) status = add_exchanges(w, &c, n, to);
  chain_clear(&c);
  df_free(to);
  return status;
}

/* ---- comparing ---- */

/* In another order of legs: by the poses, those of both halves of the episode, and by the forces. */
static bool is_of_legs(const view* now, const view* other, double forces) {
  if (now->frames < LEGS_LEAST) return false;
  const double before = misfit_of_contact(&now->fit), after = misfit_of_contact(&other->fit);
  const bool agree = other->half[0] <= now->half[0] && other->half[1] <= now->half[1];
  return after < MISFIT_SHARE * before && before - after > MISFIT_LESS && agree && forces < MISFIT_FORCES;
}

/* In degrees or in radians: joints that hardly move fit everywhere, so that limits tell, and how far the joints of
 * other episodes turn. */
static bool is_of_angles(const work* w, const view* now, const view* other) {
  const double limits = now->fit.part[MISFIT_LIMITS], then = other->fit.part[MISFIT_LIMITS];
  if (now->angle > other->angle)
    return now->angle > JOINTS_TURN && now->angle > DEGREES * w->least_angle && limits - then > LIMITS_FALL;
  return other->angle < JOINTS_TURN && then < WITHIN;
}

/* Whether the episode is clearly of `other` and not of `now`: by its velocities, or by its poses and the forces that
 * its motion needs. */
static bool is_rather(const work* w, const variant* v, const view* now, const view* other) {
  const double forces = isfinite(now->residual) && now->residual > 0 ? other->residual / now->residual : NAN;
  if (v->legs) return is_of_legs(now, other, forces);
  if (v->limits) return now->fit.part[MISFIT_LIMITS] > BEYOND && other->fit.part[MISFIT_LIMITS] < INSIDE;
  if (v->angles) return is_of_angles(w, now, other);
  if (!misfit_explains(&now->fit, &other->fit)) return false;
  for (int g = 0; g < GROUPS; g++) {
    if (check_explains(now->fit.part[MISFIT_FITS + g], other->fit.part[MISFIT_FITS + g])) return true;
  }
  const bool posed = misfit_of_contact(&other->fit) < OF_POSES * misfit_of_contact(&now->fit);
  return posed && now->residual > CHECK_RESIDUAL && forces < OF_FORCES;
}

/* whether another order of legs fits the episode about as well: then either may be right, by chance */
static bool has_rival(const work* w, const variant* v, int e) {
  const double best = misfit_of_contact(&v->view[e].fit);
  for (int i = 0; i < w->n && v->legs; i++) {
    const variant* other = &w->list[i];
    if (other != v && other->legs && best >= MISFIT_CLEAR * misfit_of_contact(&other->view[e].fit)) return true;
  }
  return false;
}

/* Marks the episodes that are rather of a variant and are not taken. Returns how many they are, 0 if no other episode
 * is clearly as it is read: then it is the convention of all of them, or of none. */
static int mark(const work* w, const variant* v, const int* taken, bool* rather) {
  int n = 0, others = 0, judged = 0;
  for (int e = 0; e < w->episodes; e++) {
    judged += w->judged[e];
    rather[e] = w->judged[e] && v->view && is_rather(w, v, &w->as_read[e], &v->view[e]) && !has_rival(w, v, e);
    others += w->judged[e] && v->view && !rather[e] && is_rather(w, v, &v->view[e], &w->as_read[e]);
    rather[e] &= taken[e] < 0;
    n += rather[e];
  }
  /* joints that rest near zero are of both units */
  const int least = v->angles ? (int)fmax(2, judged / 4.0) : 1;
  return others >= least ? n : 0;
}

/* the episodes that follow where a variant holds for others: they fit better by it, if not as clearly */
static bool follows(const work* w, const variant* v, int e) {
  return w->judged[e] && misfit_sum(&v->view[e].fit) < FOLLOWS * misfit_sum(&w->as_read[e].fit) &&
         !is_rather(w, v, &v->view[e], &w->as_read[e]);
}

/* the mean misfit of the marked episodes, read with a variant */
static double misfit_with(const work* w, const variant* v, const bool* rather) {
  double sum = 0, n = 0;
  for (int e = 0; e < w->episodes; e++) {
    sum += rather[e] ? misfit_sum(&v->view[e].fit) : 0;
    n += rather[e];
  }
  return n > 0 ? sum / n : INFINITY;
}

/* For each episode, the variant that it is rather of; -1: as read. The variant of most episodes comes first, of those
 * of as many the one that fits best. */
static df_status choose(const work* w, int* best) {
  bool* rather = df_alloc((size_t)w->episodes, sizeof *rather);
  if (!rather) return DF_E_NOMEM;
  for (int e = 0; e < w->episodes; e++) best[e] = -1;
  for (;;) {
    int most = 0, of = 0;
    double least = INFINITY;
    for (int i = 0; i < w->n; i++) {
      const int n = mark(w, &w->list[i], best, rather);
      const double fit = n ? misfit_with(w, &w->list[i], rather) : INFINITY;
      if (n < most || n == 0 || (n == most && fit >= least)) continue;
      most = n;
      of = i;
      least = fit;
    }
    if (most == 0) break;
    mark(w, &w->list[of], best, rather);
    for (int e = 0; e < w->episodes; e++) {
      if (best[e] < 0 && (rather[e] || follows(w, &w->list[of], e))) best[e] = of;
    }
  }
  df_free(rather);
  return DF_OK;
}

static void report_variant(const work* w, const variant* v, const bool* chosen, int n, int judged, data_findings* out) {
  const fit_source source = {w->r->recording, &w->r->config};
  int first = 0;
  while (!chosen[first]) first++;
  char *named = check_named_episodes(&source, w->episodes, chosen), *fits = remedy_text(&v->fits);
  data_finding* one = data_findings_add(out, DATA_CHECK_MIXTURE, v->key, n, 0, "episodes");
  /* what decides on orders is not the sum of all parts */
  const misfit *then = &v->view[first].fit, *now = &w->as_read[first].fit;
  const char* parts = v->limits ? "share beyond joint limits" : v->legs ? "misfit of limits, floor and slip" : "misfit";
  const double with = v->limits ? then->part[MISFIT_LIMITS] : v->legs ? misfit_of_contact(then) : misfit_sum(then);
  const double as = v->limits ? now->part[MISFIT_LIMITS] : v->legs ? misfit_of_contact(now) : misfit_sum(now);
  data_finding_judge(
      one, CHECK_WRONG,
      "%s, %d of %d, fit %s%s; the others fit as read%s%s: convert these episodes before joining them; in "
      "episode %d the %s is %.2g with this setting, %.2g as read",
      named, n, judged, v->fits.n ? "" : "with ", fits, v->now[0] ? ", " : "", v->now, first, parts, with, as);
  df_free(named);
  df_free(fits);
}

static df_status compare(work* w, mixture* sums, data_findings* out) {
  int* best = df_alloc((size_t)w->episodes, sizeof *best);
  bool* chosen = df_alloc((size_t)w->episodes, sizeof *chosen);
  df_status status = best && chosen ? choose(w, best) : DF_E_NOMEM;
  int judged = 0;
  for (int e = 0; e < w->episodes && status == DF_OK; e++) {
    if (!w->judged[e]) continue;
    judged++;
    sums->as_read += misfit_sum(&w->as_read[e].fit);
    sums->best += misfit_sum(best[e] < 0 ? &w->as_read[e].fit : &w->list[best[e]].view[e].fit);
  }
  for (int i = 0; i < w->n && status == DF_OK; i++) {
    int n = 0;
    for (int e = 0; e < w->episodes; e++) {
      chosen[e] = best[e] == i;
      n += chosen[e];
    }
    if (n == 0 || n == judged) continue;
    sums->found = true;
    report_variant(w, &w->list[i], chosen, n, judged, out);
  }
  df_free(best);
  df_free(chosen);
  return status;
}

static void clear(work* w) {
  for (int i = 0; i < w->n; i++) {
    df_free(w->list[i].now);
    df_free(w->list[i].view);
    remedy_clear(&w->list[i].fits);
  }
  df_free(w->list);
  df_free(w->judged);
  df_free(w->as_read);
}

/* the conventions that concern the model */
static void add_conventions(work* w) {
  static const char* const of_base[] = {"data.linear_velocity", "data.angular_velocity", "data.up"};
  if (has_joint(w, DF_JOINT_FREE, DF_JOINT_BALL)) add_choices(w, "data.quaternion");
  if (strcmp(w->r->config.data_angles, "deg") == 0 || trace_exceeds_turn(w->r->data, w->system))
    add_choices(w, "data.angles");
  if (!has_joint(w, DF_JOINT_FREE, DF_JOINT_FREE)) return;
  for (size_t i = 0; i < sizeof of_base / sizeof *of_base; i++) add_choices(w, of_base[i]);
  add_scales(w);
}

/* the least of the largest angles of the episodes */
static void find_least_angle(work* w) {
  const bool degrees = strcmp(w->r->config.data_angles, "deg") == 0;
  w->least_angle = INFINITY;
  for (int e = 0; e < w->episodes; e++) {
    if (w->judged[e]) w->least_angle = fmin(w->least_angle, w->as_read[e].angle / (degrees ? JOINTS_DEGREE : 1));
  }
}

df_status mixture_find(const char* path, const reading* r, const df_system* system, const check_cfg* cfg, mixture* sums,
                       data_findings* out) {
  const fit_source source = {r->recording, &r->config};
  work w = {.path = path, .r = r, .system = system, .cfg = *cfg, .episodes = r->data->episodes};
  *sums = (mixture){0};
  if (w.episodes < 2) return DF_OK;
  const size_t each = cfg->poses_max / (size_t)w.episodes;
  w.cfg.poses_max = each < POSES_LEAST ? POSES_LEAST : each > POSES_MOST ? POSES_MOST : each;
  w.judged = df_alloc((size_t)w.episodes, sizeof *w.judged);
  w.as_read = views_new(&w);
  df_status status = w.judged && w.as_read ? look_at(&w, r->data, &source, w.as_read) : DF_E_NOMEM;
  add_conventions(&w);
  for (int i = 0; i < w.n && status == DF_OK; i++) {
    const df_status read = look_with(&w, &w.list[i]);
    if (read == DF_OK) continue;
    /* what cannot be read so is not so */
    df_free(w.list[i].view);
    w.list[i].view = NULL;
    if (read == DF_E_NOMEM) status = read;
  }
  find_least_angle(&w);
  if (status == DF_OK && cfg->orders) status = add_orders(&w);
  if (status == DF_OK) status = compare(&w, sums, out);
  clear(&w);
  return status;
}
