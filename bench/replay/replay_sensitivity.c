#include "replay_sensitivity.h"

#include <math.h>

#include "dynaflow/core/alloc.h"
#include "replay_explain.h"
#include "replay_hypotheses.h"
#include "stop.h"

static const double FACTOR = 1.05;  /* of a plausible change */
static const double MATTERS = 1e-3; /* of the largest motion over one action */
enum { LOOKED_AT = 256 };           /* actions, for what a change does */

static const df_parameter_kind kinds[] = {
#define REPLAY_KIND(change, text, kind) [change] = (kind),
    REPLAY_CHANGES(REPLAY_KIND)
#undef REPLAY_KIND
};

const char* replay_change_text(int change) {
  static const char* const texts[] = {
#define REPLAY_TEXT(change, text, kind) [change] = (text),
      REPLAY_CHANGES(REPLAY_TEXT)
#undef REPLAY_TEXT
  };
  return texts[change];
}

/* *out = the model with the change; NULL if it cannot be compiled or has no such parameters */
static df_status changed_system(const replay_accepted* a, df_mujoco_cfg cfg, int change, df_system** out) {
  const df_parameter* list;
  bool any = false;
  cfg.parameter_gradients = true;
  DF_TRY(replay_other_system(a->config, a->search, &cfg, out));
  const int n = *out ? df_mujoco_parameters(*out, &list) : 0;
  double* p = df_alloc(n > 0 ? (size_t)n : 1, sizeof *p);
  df_status status = p ? DF_OK : DF_E_NOMEM;
  if (status == DF_OK && n > 0) {
    df_mujoco_parameter_values(*out, p);
    for (int i = 0; i < n; i++) {
      if (list[i].kind != kinds[change] || !(p[i] > 0)) continue;
      p[i] *= FACTOR;
      any = true;
    }
    status = df_mujoco_set_parameters(*out, p);
  }
  df_free(p);
  if (any && status == DF_OK) return DF_OK;
  df_system_free(*out);
  *out = NULL;
  return status;
}

/* the largest change of a velocity over one action, between two systems from the same states */
static df_status largest_effect(const recording* r, const df_system* system, const df_system* changed, double* effect) {
  const size_t steps = recording_before(r, r->data->episodes), stride = steps / LOOKED_AT + 1;
  double x[RECORDING_NX_MAX], y[RECORDING_NX_MAX], z[RECORDING_NX_MAX], d[DF_NDX_MAX];
  df_sim *one = NULL, *other = NULL;
  *effect = 0;
  df_status status = df_sim_new(system, 0, &one);
  if (status == DF_OK) status = df_sim_new(changed, 0, &other);
  for (size_t at = 0; at < steps && status == DF_OK; at += stride) {
    int episode, t;
    status = stop_check();
    if (status != DF_OK) break;
    recording_place(r, at, &episode, &t);
    recording_state(r, episode, t, x);
    system->ops->reset(one, x);
    system->ops->reset(other, x);
    if (system->ops->step(one, recording_action(r, episode, t), y) != DF_TRAJ_COMPLETE) continue;
    if (system->ops->step(other, recording_action(r, episode, t), z) != DF_TRAJ_COMPLETE) continue;
    system->ops->difference(system, y, z, d);
    for (int i = r->from[VELOCITY]; i < r->from[ACTIVATION]; i++) *effect = fmax(*effect, fabs(d[i]));
  }
  df_sim_free(changed, other);
  df_sim_free(system, one);
  return status;
}

/* whether the recording would be accepted as one of the changed model */
static df_status explains(const recording* r, const replay_accepted* a, const df_system* changed, int change,
                          const options* opts, bool* accepted) {
  df_system* converged = NULL;
  replay_fit fit = replay_fit_none();
  fit.steps = recording_before(r, r->data->episodes);
  if (a->tolerated) DF_TRY(changed_system(a, replay_converged(a->cfg), change, &converged));
  const replay_explanation in = {.r = r,
                                 .system = changed,
                                 .converged = converged,
                                 .limit = a->limit,
                                 .rough = true,
                                 .label = "replay: sensitivity",
                                 .opts = opts};
  const df_status status = replay_explain(&in, &fit);
  *accepted = replay_fits(&fit) || (a->tolerated && replay_tolerated(&fit));
  df_system_free(converged);
  return status;
}

static df_status find_one(const recording* r, const replay_accepted* a, const df_system* system, double motion,
                          int change, const options* opts, bool* hidden) {
  df_system* changed = NULL;
  double effect;
  *hidden = false;
  DF_TRY(changed_system(a, a->cfg, change, &changed));
  if (!changed) return DF_OK;
  df_status status = largest_effect(r, system, changed, &effect);
  if (status == DF_OK && effect > MATTERS * motion) status = explains(r, a, changed, change, opts, hidden);
  df_system_free(changed);
  return status;
}

df_status replay_find_hidden(const recording* r, const replay_accepted* a, const options* opts, bool hidden[CHANGES]) {
  double scale[KINDS], motion[KINDS];
  df_system* system = NULL;
  for (int i = 0; i < CHANGES; i++) hidden[i] = false;
  DF_TRY(recording_extent(r, scale, motion));
  DF_TRY(replay_other_system(a->config, a->search, &a->cfg, &system));
  df_status status = DF_OK;
  for (int i = 0; i < CHANGES && status == DF_OK && system; i++)
    status = find_one(r, a, system, motion[VELOCITY], i, opts, &hidden[i]);
  df_system_free(system);
  return status;
}
