#include "mixture_variants.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "check_parts.h"
#include "dynaflow/core/alloc.h"
#include "joint_legs.h"
#include "joint_order.h"
#include "joints.h"
#include "list.h"
#include "reachable.h"
#include "text.h"
#include "would_fit.h"

/* Shorter episodes tell too little. Poses of an episode that are looked at. */
enum { FRAMES_LEAST = 10, POSES_LEAST = 5, POSES_MOST = 50 };
/* joints of which all pairs are exchanged */
enum { EXCHANGED_MOST = 24 };

typedef struct work {
  const char* path;
  const reading* r;
  const df_system* system;
  check_cfg cfg;
  mixture_variants* out;
} work;

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

static df_status look_at(const work* w, const df_dataset* data, const fit_source* source, mixture_view* out) {
  trace m;
  df_status status = trace_of(data, w->system, w->r->h, w->cfg.frames_max, &m);
  if (w->cfg.step > 0) m.step = w->cfg.step;
  m.source = *source;
  for (size_t from = 0, to = 0; from < m.n && status == DF_OK; from = to) {
    to = trace_episode_end(&m, from);
    const trace one = trace_part(&m, from, to);
    const int e = m.episode[from];
    if (to - from < FRAMES_LEAST) continue;
    w->out->judged[e] = true;
    out[e].frames = to - from;
    out[e].angle = largest_angle(&one);
    status = misfit_of_trace(&one, &w->cfg, &out[e].fit);
    if (status == DF_OK) status = misfit_of_trace_halves(&one, &w->cfg, out[e].half);
    if (status == DF_OK) status = check_root_residual(&one, w->cfg.poses_max, &out[e].residual);
  }
  trace_clear(&m);
  return status;
}

static mixture_view* views_new(const work* w) {
  return df_alloc((size_t)w->out->episodes, sizeof(mixture_view));
}

/* the recording read with the settings of a variant, as the reading is corrected */
static df_status look_with(work* w, mixture_variant* v) {
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

static mixture_variant* add_variant(work* w, const char* key, const char* now) {
  w->out->list = list_grow(w->out->list, w->out->n, sizeof *w->out->list);
  mixture_variant* v = &w->out->list[w->out->n++];
  *v = (mixture_variant){.key = key, .now = format_text("%s", now), .angles = strcmp(key, "data.angles") == 0};
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
static df_status look_at_limits(const work* w, mixture_view* out) {
  trace m;
  const df_status status = trace_of(w->r->data, w->system, w->r->h, w->cfg.frames_max, &m);
  if (w->cfg.step > 0) m.step = w->cfg.step;
  for (size_t from = 0, to = 0; from < m.n && status == DF_OK; from = to) {
    to = trace_episode_end(&m, from);
    const trace one = trace_part(&m, from, to);
    const int e = m.episode[from];
    out[e] = w->out->as_read[e];
    out[e].fit.part[MISFIT_LIMITS] = check_limit_share(&one);
  }
  trace_clear(&m);
  return status;
}

/* The states as they are read, in another order, which is its own inverse. */
static df_status add_order(work* w, const int* to, bool legs) {
  const fit_source source = {w->r->recording, &w->r->config};
  mixture_variant* v = add_variant(w, legs ? "data.legs" : "data.joints", "");
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

/* two joints exchanged, if some episodes are beyond joint limits that the model's own actuators do not press */
static df_status add_exchanges(work* w, const chain* c, int n, int* to) {
  bool beyond = false;
  if (w->r->pressed && reach_sees_all(w->out->episodes)) return DF_OK;
  for (int e = 0; e < w->out->episodes; e++)
    beyond |= w->out->judged[e] && w->out->as_read[e].fit.part[MISFIT_LIMITS] > MIXTURE_BEYOND;
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
  w->out->least_angle = INFINITY;
  for (int e = 0; e < w->out->episodes; e++) {
    if (w->out->judged[e])
      w->out->least_angle = fmin(w->out->least_angle, w->out->as_read[e].angle / (degrees ? JOINTS_DEGREE : 1));
  }
}

df_status mixture_variants_of(const char* path, const reading* r, const df_system* system, const check_cfg* cfg,
                              mixture_variants* out) {
  const fit_source source = {r->recording, &r->config};
  *out = (mixture_variants){.episodes = r->data->episodes};
  work w = {.path = path, .r = r, .system = system, .cfg = *cfg, .out = out};
  const size_t each = cfg->poses_max / (size_t)out->episodes;
  w.cfg.poses_max = each < POSES_LEAST ? POSES_LEAST : each > POSES_MOST ? POSES_MOST : each;
  out->judged = df_alloc((size_t)out->episodes, sizeof *out->judged);
  out->as_read = views_new(&w);
  if (!out->judged || !out->as_read) return DF_E_NOMEM;
  DF_TRY(look_at(&w, r->data, &source, out->as_read));
  add_conventions(&w);
  for (int i = 0; i < out->n; i++) {
    const df_status status = look_with(&w, &out->list[i]);
    if (status == DF_OK) continue;
    /* what cannot be read so is not so */
    df_free(out->list[i].view);
    out->list[i].view = NULL;
    if (status == DF_E_NOMEM) return status;
  }
  find_least_angle(&w);
  return cfg->orders ? add_orders(&w) : DF_OK;
}

void mixture_variants_clear(mixture_variants* v) {
  for (int i = 0; i < v->n; i++) {
    df_free(v->list[i].now);
    df_free(v->list[i].view);
    remedy_clear(&v->list[i].fits);
  }
  df_free(v->list);
  df_free(v->judged);
  df_free(v->as_read);
  *v = (mixture_variants){0};
}
