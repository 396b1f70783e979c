/* walk_clips.c: the demonstrated clips of an imitation. */
#include <limits.h>
#include <math.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "walk_internal.h"

/* ---- construction ---- */

static df_status check_clip(const df_walk* w, const df_walk_cfg* cfg, int i) {
  const df_walk_clip* c = &cfg->clip[i];
  DF_REQUIRE(c->states, "df_walk_new: the states of clip %d are NULL", i);
  if (c->gait < 0 || c->gait >= cfg->n_gaits)
    return df_fail(DF_E_CONFIG, "walk: clip %d has gait %d, must be in 0..%d", i, c->gait, cfg->n_gaits - 1);
  if (c->length < cfg->tail)
    return df_fail(DF_E_CONFIG, "walk: clip %d has %d actions, must have at least `tail`, %d", i, c->length, cfg->tail);
  const size_t nx = (size_t)w->system->nx, n = ((size_t)c->length + 1) * nx;
  for (size_t k = 0; k < n; k++) {
    if (!isfinite(c->states[k]))
      return df_fail(DF_E_CONFIG, "walk: coordinate %zu of frame %zu of clip %d is %g", k % nx, k / nx, i,
                     c->states[k]);
  }
  return DF_OK;
}

static df_status check(const df_walk* w, const df_walk_cfg* cfg) {
  DF_REQUIRE(cfg->n_clips >= 0, "df_walk_new: n_clips is %d, must be >= 0", cfg->n_clips);
  DF_REQUIRE(cfg->clip, "df_walk_new: clip is NULL");
  if (cfg->tail < 1) return df_fail(DF_E_CONFIG, "walk: tail is %d, must be >= 1", cfg->tail);
  if (!(cfg->off_clip >= 0 && cfg->off_clip <= 1e3))
    return df_fail(DF_E_CONFIG, "walk: off_clip is %g, must be in 0..1000", cfg->off_clip);
  if (cfg->n_ahead < 0 || cfg->n_ahead > DF_WALK_AHEAD_MAX)
    return df_fail(DF_E_CONFIG, "walk: n_ahead is %d, must be in 0..%d", cfg->n_ahead, DF_WALK_AHEAD_MAX);
  for (int i = 0; i < cfg->n_ahead; i++) {
    if (cfg->ahead[i] < 1) return df_fail(DF_E_CONFIG, "walk: ahead[%d] is %d, must be >= 1", i, cfg->ahead[i]);
  }
  for (int i = 0; i < cfg->n_clips; i++) DF_TRY(check_clip(w, cfg, i));
  return DF_OK;
}

/* `rows` frames of all clips; their features are left at 0 */
static df_status copy(df_walk* w, const df_walk_cfg* cfg, size_t rows) {
  const size_t nx = (size_t)w->system->nx;
  w->clip = df_alloc((size_t)cfg->n_clips, sizeof *w->clip);
  w->clip_first = df_alloc((size_t)cfg->n_clips, sizeof *w->clip_first);
  w->clip_states = df_alloc(rows * nx, sizeof *w->clip_states);
  w->demonstrated = df_alloc(rows * (size_t)w->features, sizeof *w->demonstrated);
  if (!w->clip || !w->clip_first || !w->clip_states || !w->demonstrated) return DF_E_NOMEM;
  size_t row = 0;
  for (int i = 0; i < cfg->n_clips; i++) {
    const size_t frames = (size_t)cfg->clip[i].length + 1;
    double* states = w->clip_states + row * nx;
    memcpy(states, cfg->clip[i].states, frames * nx * sizeof *states);
    w->clip[i] = (df_walk_clip){cfg->clip[i].gait, cfg->clip[i].length, states};
    w->clip_first[i] = row;
    row += frames;
  }
  w->cfg.clip = w->clip;
  return DF_OK;
}

df_status walk_copy_clips(df_walk* w, const df_walk_cfg* cfg) {
  size_t rows = 0;
  w->cfg.clip = NULL;
  if (cfg->n_clips == 0) {
    w->cfg.n_ahead = 0;
    w->cfg.observe[DF_OBSERVE_target] = 0;
    return DF_OK;
  }
  DF_TRY(check(w, cfg));
  w->cfg.observe[DF_OBSERVE_command] = w->cfg.observe[DF_OBSERVE_clock] = 0;
  for (int i = 0; i < cfg->n_clips; i++) rows += (size_t)cfg->clip[i].length + 1;
  return copy(w, cfg, rows);
}

void walk_free_clips(df_walk* w) {
  df_free(w->clip);
  df_free(w->clip_first);
  df_free(w->clip_states);
  df_free(w->demonstrated);
}

/* ---- frames ---- */

int df_walk_left(const df_walk* w, const df_walk_order* order) {
  return w->cfg.n_clips ? w->clip[order->clip].length - order->frame : INT_MAX;
}

const double* walk_ahead(const df_walk* w, const df_walk_order* order, int ahead) {
  const int left = df_walk_left(w, order);
  const size_t row = w->clip_first[order->clip] + (size_t)(order->frame + (ahead < left ? ahead : left));
  return w->demonstrated + row * (size_t)w->features;
}

const double* df_walk_demonstrated(const df_walk* w, const df_walk_order* order) {
  return walk_ahead(w, order, 0);
}

void df_walk_enter_clip(const df_walk* w, int clip, int frame, df_walk_order* order, double* x) {
  const size_t nx = (size_t)w->system->nx;
  *order = (df_walk_order){.gait = w->clip[clip].gait, .clip = clip, .frame = frame};
  const double* f = df_walk_demonstrated(w, order);
  order->command[0] = f[FEATURE_VELOCITY];
  order->command[1] = f[FEATURE_VELOCITY + 1];
  order->command[2] = f[FEATURE_RATE + 2];
  if (x) memcpy(x, w->clip[clip].states + (size_t)frame * nx, nx * sizeof *x);
}
