#include "import_actions.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "action_order.h"
#include "action_scale.h"
#include "action_steps.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/data/task.h"
#include "dynaflow/stats/statistics.h"
#include "exit_code.h"
#include "find_rate.h"
#include "progress.h"
#include "propose.h"
#include "replay_compare.h"
#include "replay_settings.h"
#include "replay_study.h"
#include "replay_verdict.h"
#include "stop.h"

/* how a recording follows from its actions */
typedef struct replayed {
  replay_study study;
  /* The velocities (compared_kind()) follow to a hundredth of their change in nearly all actions, though not exactly:
   * numbers of low precision, an integrator that MuJoCo does not have, single contacts or wrong frames. The actions are
   * those of this model. */
  bool nearly;
  size_t off; /* the actions in which they do not */
} replayed;

/* velocities, or positions if all velocities are differences of them, which have no errors of their own */
static int compared_kind(const recording* r) {
  for (int i = r->from[VELOCITY]; i < r->from[VELOCITY + 1]; i++) {
    if (!r->derived[i]) return VELOCITY;
  }
  return POSITION;
}

/* change [steps] = the largest change of a coordinate of a kind over each action, in order of size */
static df_status changes_of(const recording* r, int kind, size_t steps, double* change) {
  const size_t nx = (size_t)r->data->nx;
  double* x = df_alloc(2 * nx + (size_t)r->from[KINDS], sizeof *x);
  if (!x) return DF_E_NOMEM;
  double *y = x + nx, *e = y + nx;
  for (size_t i = 0; i < steps; i++) {
    int episode, frame;
    recording_place(r, i, &episode, &frame);
    recording_state(r, episode, frame, x);
    recording_state(r, episode, frame + 1, y);
    recording_error(r, x, y, e);
    change[i] = 0;
    for (int k = r->from[kind]; k < r->from[kind + 1]; k++) change[i] = fmax(change[i], fabs(e[k]));
  }
  df_sort((int)steps, change);
  df_free(x);
  return DF_OK;
}

static df_status compare_changes(replayed* r) {
  static const double NEARLY = 0.01, NEARLY_ALL = 0.9;
  const comparison* c = &r->study.trained;
  double* change = df_alloc(c->steps, sizeof *change);
  if (!change) return DF_E_NOMEM;
  const int kind = compared_kind(&r->study.r);
  const df_status status = changes_of(&r->study.r, kind, c->steps, change);
  const double limit = NEARLY * change[(size_t)(NEARLY_ALL * (double)(c->steps - 1))];
  for (size_t i = 0; i < c->steps; i++) r->off += !(c->carried[kind][i] <= limit);
  r->nearly = (double)r->off <= (1 - NEARLY_ALL) * (double)c->steps;
  df_free(change);
  return status;
}

static df_status study_replay(const work* w, const df_dataset* some, replayed* out) {
  const df_mujoco_cfg cfg = replay_cfg(&w->config, false);
  df_system* system = NULL;
  options quiet = *w->cfg->opts;
  quiet.quiet = w->cfg->opts->quiet || !progress_on_terminal();
  DF_TRY(df_mujoco_system_new(w->cfg->model, &cfg, &system));
  const replay_input in = {.config = &w->config,
                           .search = &w->search,
                           .data = some,
                           .system = system,
                           .limits = {NAN, NAN, NAN},
                           .opts = &quiet};
  df_status status = replay_study_run(&in, &out->study);
  if (status == DF_OK) status = compare_changes(out);
  /* of the recording, not of the sample */
  out->study.worst.frame += action_sample_start(w->dataset, some->episodes, out->study.worst.episode);
  out->study.worst.episode = action_sample_episode(w->dataset, some->episodes, out->study.worst.episode);
  df_system_free(system);
  return status;
}

static bool follows(const replayed* r) {
  return replay_verdict_exit(r->study.verdict) == EXIT_DONE || r->study.evidence.hidden;
}

/* Whether to put another option or convention. Velocities are not replaced by differences if nearly all of them are
 * right. */
static bool has_alternative(const replayed* r) {
  const replay_study* s = &r->study;
  const hypothesis* h = replay_study_alternative(s);
  return h && !(r->nearly && h->reading & READ_POSITIONS_ONLY);
}

static bool is_common(int number) {
  return number == 1 || number == 2 || number == 4 || number == 5 || number == 10;
}

/* Puts the number of physics steps per frame, the integrator and the rule of margins with which actions come closest to
 * the recorded velocities, if they halve the error: simulators are often run with another step than the model names.
 * Other numbers than common ones are tried with RK4 alone, whose steps the search of `dynaflow replay` does not divide.
 * *others: some are put. */
static df_status find_steps(work* w, const df_dataset* some, bool* others) {
  static const df_integrator integrators[] = {DF_INTEGRATOR_MODEL, DF_INTEGRATOR_EULER, DF_INTEGRATOR_IMPLICITFAST,
                                              DF_INTEGRATOR_RK4};
  static const char* const names[] = {"model", "Euler", "implicitfast", "RK4"};
  static const char* const why = "with it the recorded actions come closest to the recorded states";
  enum { MOST = 25, INTEGRATORS = sizeof integrators / sizeof *integrators, RULES = 2 };
  const df_mujoco_cfg own = replay_cfg(&w->config, false);
  double best;
  *others = false;
  DF_TRY(action_least_error(w, some, &own, &best));
  best /= 2;
  for (int i = 0; i < MOST * INTEGRATORS * RULES; i++) {
    const int number = 1 + i / (INTEGRATORS * RULES), k = i / RULES % INTEGRATORS;
    const bool older = i % RULES, is_rk4 = integrators[k] == DF_INTEGRATOR_RK4;
    if (!is_common(number) && (!is_rk4 || older)) continue;
    df_mujoco_cfg cfg = own;
    if (older) cfg.margin_rule = DF_MARGIN_MAX;
    double error;
    cfg.substeps = number;
    cfg.timestep = some->dt / number;
    if (k > 0) cfg.integrator = integrators[k];
    DF_TRY(stop_check());
    DF_TRY(action_least_error(w, some, &cfg, &error));
    if (!(error < best)) continue;
    best = error;
    *others = true;
    settings_put_number_why(w->found, "system.timestep", cfg.timestep, "%s", why);
    settings_put_number_why(w->found, "system.substeps", number, "%s", why);
    settings_drop(w->found, "system.integrator");
    settings_drop(w->found, "system.margin_rule");
    if (older) settings_put_why(w->found, "system.margin_rule", "max", "%s; the rule of MuJoCo before 3.5", why);
    if (k > 0) settings_put_why(w->found, "system.integrator", names[k], "%s", why);
  }
  return settings_config(w->found, &w->config);
}

static bool is_unexplained(const replayed* r) {
  return !follows(r) && !r->nearly && !has_alternative(r) && !r->study.varying.usual;
}

/* options as before find_steps(), whose choice was made with actions that are not actuator controls */
static df_status undo_steps(work* w) {
  settings_drop(w->found, "system.integrator");
  settings_drop(w->found, "system.margin_rule");
  DF_TRY(work_settle_steps(w, false));
  return work_make_system(w, w->cfg->model);
}

/* Steps that are closer need not be those of the recording: where the states do not follow from them, the model's own
 * are the start of the search, as in `dynaflow replay`. */
static df_status find_replay(work* w, replayed* out) {
  df_dataset* some;
  bool others = false;
  DF_TRY(action_sample_new(w->dataset, &some));
  df_status status = find_steps(w, some, &others);
  if (status == DF_OK) status = study_replay(w, some, out);
  if (status == DF_OK && others && is_unexplained(out)) {
    replay_study_clear(&out->study);
    *out = (replayed){.nearly = false};
    status = undo_steps(w);
    if (status == DF_OK) status = study_replay(w, some, out);
  }
  df_dataset_free(some);
  return status;
}

/* ---- actions that are not actuator controls ---- */

/* reads the recording again */
static df_status read_again(work* w) {
  DF_TRY(settings_config(w->found, &w->config));
  DF_TRY(work_open_recording(w));
  return work_convert(w);
}

/* ---- columns of actions in another order ---- */

/* the value of data.actuators; NULL if the order is right, "" if no setting says the other one */
static df_status find_order(const work* w, char** names) {
  const df_mujoco_cfg cfg = replay_cfg(&w->config, false);
  df_dataset* some = NULL;
  df_system* system = NULL;
  recording r;
  action_order order = {0};
  *names = NULL;
  DF_TRY(action_sample_new(w->dataset, &some));
  df_status status = df_mujoco_system_new(w->cfg->model, &cfg, &system);
  if (status == DF_OK) status = recording_of(some, system, &r);
  if (status == DF_OK) status = action_order_find(&r, system, w->cfg->opts->threads, &order);
  if (status == DF_OK && order.column) *names = action_order_setting(&order, &w->config, system);
  action_order_clear(&order);
  df_system_free(system);
  df_dataset_free(some);
  return status;
}

/* Replays with the columns of the actions in the order that the states need, whatever names of columns say; without
 * success, the settings are as before. */
static df_status try_order(work* w, replayed* r) {
  static const char key[] = "data.actuators";
  replayed ordered = {.nearly = false};
  char *names, *value = NULL, *why = NULL;
  const setting* old = settings_find(w->found, key);
  if (!is_unexplained(r) || (old && old->given) || !work_has_velocities(w)) return DF_OK;
  DF_TRY(undo_steps(w));
  df_status status = find_order(w, &names);
  const bool found = names && names[0];
  if (found && old) {
    value = format_text("%s", old->value);
    why = format_text("%s", old->why);
  }
  if (found) settings_put_why(w->found, key, names, "the recorded states follow from the actions in this order");
  df_free(names);
  if (!found) return status;
  status = read_again(w);
  if (status == DF_OK) status = find_replay(w, &ordered);
  const bool follow = status == DF_OK && !is_unexplained(&ordered);
  if (follow) {
    text_add(&w->result->notes, "the columns of the actions are in another order than %s (data.actuators)\n",
             value ? "the file names them" : "the actuators");
    replay_study_clear(&r->study);
    *r = ordered;
  } else {
    replay_study_clear(&ordered.study);
    settings_drop(w->found, key);
    if (value) settings_put_why(w->found, key, value, "%s", why);
    if (status == DF_OK) status = read_again(w);
  }
  df_free(value);
  df_free(why);
  return status;
}

/* puts n numbers as one if they are equal */
static void put_numbers(work* w, const char* key, int n, const double* v, const char* why) {
  text list = {0};
  bool equal = true;
  for (int i = 1; i < n; i++) equal = equal && v[i] == v[0];
  for (int i = 0; i < (equal ? 1 : n); i++) {
    if (i > 0) text_add(&list, ",");
    add_number(&list, v[i]);
  }
  settings_put_why(w->found, key, text_of(&list), "%s", why);
  text_clear(&list);
}

static df_status fit_scales(work* w, action_fit* out, bool* worth) {
  const df_mujoco_cfg cfg = replay_cfg(&w->config, false);
  df_system* system = NULL;
  DF_TRY(df_mujoco_system_new(w->cfg->model, &cfg, &system));
  const df_status status = action_scale_fit(w->dataset, system, out, worth);
  df_system_free(system);
  return status;
}

/* the error of action_least_error() with the settings found so far */
static df_status error_now(const work* w, double* error) {
  const df_mujoco_cfg cfg = replay_cfg(&w->config, false);
  df_dataset* some;
  DF_TRY(action_sample_new(w->dataset, &some));
  const df_status status = action_least_error(w, some, &cfg, error);
  df_dataset_free(some);
  return status;
}

/* Puts data.action_precision if controls that are computed in single precision follow far more exactly: many policies
 * apply scale and offset in it. Reads the recording again. */
static df_status find_precision(work* w) {
  static const double CLEARLY = 0.01;
  static const char key[] = "data.action_precision";
  double exact, single;
  DF_TRY(read_again(w));
  DF_TRY(error_now(w, &exact));
  settings_put_why(w->found, key, "float32", "so rounded, the controls come far closer to the recorded states");
  DF_TRY(read_again(w));
  DF_TRY(error_now(w, &single));
  if (single < CLEARLY * exact) return DF_OK;
  settings_drop(w->found, key);
  return read_again(w);
}

/* Replays with the fitted numbers; without success, the settings are as before. */
static df_status replay_scaled(work* w, const action_fit* fit, replayed* r, bool* fits) {
  replayed scaled = {.nearly = false};
  const int nu = w->study.nu;
  put_numbers(w, "data.action_scale", nu, fit->scale,
              "fitted to the recorded states by least absolute errors: the recorded actions are not actuator controls");
  put_numbers(w, "data.action_offset", nu, fit->offset, "fitted with it");
  df_status status = find_precision(w);
  if (status == DF_OK) status = find_replay(w, &scaled);
  *fits = status == DF_OK && !is_unexplained(&scaled);
  if (*fits) {
    replay_study_clear(&r->study);
    *r = scaled;
    return DF_OK;
  }
  replay_study_clear(&scaled.study);
  settings_drop(w->found, "data.action_scale");
  settings_drop(w->found, "data.action_offset");
  settings_drop(w->found, "data.action_precision");
  return status == DF_OK ? read_again(w) : status;
}

/* Tries scale and offset per actuator where nothing else makes the states follow, unless some are set. */
static df_status try_scales(work* w, replayed* r) {
  action_fit fit;
  bool fits = false, worth;
  const bool set = settings_find(w->found, "data.action_scale") || settings_find(w->found, "data.action_offset");
  if (!is_unexplained(r) || set || !work_has_velocities(w)) return DF_OK;
  if (compared_kind(&r->study.r) != VELOCITY) {
    text_add(&w->result->notes,
             "no scale and offset per actuator is fitted to the actions: it needs the recorded velocities, which are "
             "not used\n");
    return DF_OK;
  }
  if (w->study.nu > DF_LIST_MAX) {
    text_add(
        &w->result->notes,
        "the model has %d actuators and a setting at most %d numbers: no scale and offset per actuator is fitted to "
        "the actions\n",
        w->study.nu, DF_LIST_MAX);
    return DF_OK;
  }
  DF_TRY(undo_steps(w));
  DF_TRY(fit_scales(w, &fit, &worth));
  if (action_scale_is_plain(&fit, w->study.nu)) return DF_OK;
  if (worth) DF_TRY(replay_scaled(w, &fit, r, &fits));
  if (fits)
    text_add(&w->result->notes,
             "the recorded actions are not actuator controls: with a scale and an offset per actuator, fitted to the "
             "recorded "
             "states, they are (data.action_scale, data.action_offset)\n");
  else if (!isfinite(fit.left) || !isfinite(fit.constant))
    text_add(&w->result->notes,
             "no scale and offset per actuator can be fitted to the actions: with the recorded states the model "
             "diverges within an action\n");
  else
    text_add(&w->result->notes,
             "a scale and an offset per actuator, fitted to the recorded states, do not make the actions controls: in "
             "half of them more than %.3g %% of the change of the velocities is left, with constant controls %.3g %%\n",
             100 * fit.left, 100 * fit.constant);
  return DF_OK;
}

/* ---- units that actions are stored in ---- */

static df_status find_unit(const work* w, action_unit* unit) {
  const df_mujoco_cfg cfg = replay_cfg(&w->config, false);
  df_dataset* some = NULL;
  df_system* system = NULL;
  recording r;
  DF_TRY(action_sample_new(w->dataset, &some));
  df_status status = df_mujoco_system_new(w->cfg->model, &cfg, &system);
  if (status == DF_OK) status = recording_of(some, system, &r);
  if (status == DF_OK) status = action_unit_find(&r, system, w->cfg->opts->threads, unit);
  df_system_free(system);
  df_dataset_free(some);
  return status;
}

static void put_unit(work* w, const action_unit* unit) {
  bool moved = false;
  for (int i = 0; i < w->study.nu; i++) moved = moved || unit->offset[i] != 0;
  put_numbers(w, "data.action_scale", w->study.nu, unit->scale, unit->words);
  if (moved) put_numbers(w, "data.action_offset", w->study.nu, unit->offset, unit->words);
}

/* Replays with the actions in another known unit, exactly, unless some is set; *known: the states then follow. This is
 * before anything is fitted to actions that are no controls. */
static df_status try_unit(work* w, replayed* r, bool* known) {
  action_unit unit;
  const bool set = settings_find(w->found, "data.action_scale") || settings_find(w->found, "data.action_offset");
  *known = false;
  if (set || !work_has_velocities(w)) return DF_OK;
  DF_TRY(find_unit(w, &unit));
  if (!unit.words) return DF_OK;
  put_unit(w, &unit);
  DF_TRY(read_again(w));
  const df_status status = find_replay(w, r);
  *known = status == DF_OK && !is_unexplained(r);
  if (*known) {
    text_add(&w->result->notes, "%s (data.action_scale)\n", unit.words);
    return DF_OK;
  }
  replay_study_clear(&r->study);
  *r = (replayed){.nearly = false};
  settings_drop(w->found, "data.action_scale");
  settings_drop(w->found, "data.action_offset");
  if (status == DF_OK) DF_TRY(undo_steps(w));
  return status == DF_OK ? read_again(w) : status;
}

/* ---- gains of actuators that are scales of actions ---- */

/* Of a motor, a factor of its gain is one of its actions; of a servo it is not, since its stiffness has it, too. Tries
 * it: replays with scaled actions, unless a scale is set; without success, the settings are as before. */
static df_status try_gains(work* w, replayed* r) {
  double scale[DF_LIST_MAX];
  const int nu = w->study.nu;
  const df_mujoco_cfg now = replay_cfg(&w->config, false);
  const bool set = settings_find(w->found, "data.action_scale") || settings_find(w->found, "data.action_offset");
  replayed scaled = {.nearly = false};
  if (set || nu > DF_LIST_MAX || !has_alternative(r)) return DF_OK;
  if (!gains_of(&r->study.tried.list[r->study.tried.best], &now, nu, scale)) return DF_OK;
  put_numbers(w, "data.action_scale", nu, scale,
              "the recorded states follow from the actions times this, as from actuators that are so much stronger");
  df_status status = read_again(w);
  if (status == DF_OK) status = find_replay(w, &scaled);
  if (status == DF_OK && (follows(&scaled) || scaled.nearly)) {
    text_add(&w->result->notes,
             "the recorded actions are controls divided by a factor: with %s the states follow (data.action_scale)\n",
             hypothesis_text(&r->study.tried.list[r->study.tried.best]));
    replay_study_clear(&r->study);
    *r = scaled;
    return DF_OK;
  }
  replay_study_clear(&scaled.study);
  settings_drop(w->found, "data.action_scale");
  if (status == DF_OK) status = undo_steps(w);
  return status == DF_OK ? read_again(w) : status;
}

/* ---- settings and notes ---- */

static void drop_actions(work* w, const char* reason) {
  const setting* key = settings_find(w->found, "data.actions_key");
  text_add(
      &w->result->notes,
      "the recorded actions are not used, since the states do not follow from them under this model; to use them: "
      "--set data.actions_key=%s, with data.action_scale and data.action_offset if they are not actuator controls\n",
      key ? key->value : "actions");
  settings_put_why(w->found, "data.actions_key", "", "%s", reason);
  settings_drop(w->found, "system.integrator");
  settings_drop(w->found, "system.margin_rule");
}

/* a frame whose duration was measured takes as long as the action that replays */
static void follow_duration(work* w, const hypothesis* best) {
  if (!settings_find(w->found, "data.rate")) return;
  const double step = best->cfg.timestep > 0 ? best->cfg.timestep : df_mujoco_timestep(w->own);
  settings_put_number_why(w->found, "data.rate", 1 / (step * best->cfg.substeps),
                          "found by replaying the recorded actions");
}

/* puts the option or convention with which the recorded states follow from the recorded actions */
static void follow_replay(work* w, const replayed* r, const char* reason) {
  if (has_alternative(r)) {
    const hypothesis* best = &r->study.tried.list[r->study.tried.best];
    const df_mujoco_cfg now = replay_cfg(&w->config, false);
    bool usable;
    if (!put_alternative(w->found, best, &now, w->dataset->spare_actions, &usable))
      text_add(&w->result->notes, "replay: not all of this is a setting: %s\n", hypothesis_text(best));
    follow_duration(w, best);
    if (!usable) drop_actions(w, reason);
  } else if (!follows(r) && !r->nearly) {
    drop_actions(w, reason);
  }
}

/* what was compared, and what came of it */
static void note_replay(work* w, const replayed* r, const char* reason) {
  const df_dataset* d = w->dataset;
  const int n = d->episodes < REPLAYED_EPISODES ? d->episodes : REPLAYED_EPISODES;
  const size_t steps = r->study.trained.steps;
  text_add(&w->result->notes, "replay of %zu of %zu actions, from %d of %d episodes: ", steps, df_dataset_actions(d), n,
           d->episodes);
  if (r->nearly && !follows(r) && !has_alternative(r))
    text_add(&w->result->notes, "the %s follow to 1 %% of their change in %zu of them, so that the actions are used: ",
             compared_kind(&r->study.r) == VELOCITY ? "velocities" : "positions", steps - r->off);
  else
    text_add(&w->result->notes, "%s: ", replay_verdict_text(r->study.verdict));
  text_add(&w->result->notes, "%s\n", reason);
  char* warning = replay_study_warning(&r->study);
  if (warning) text_add(&w->result->notes, "warning: %s\n", warning);
  df_free(warning);
}

df_status work_check_actions(work* w) {
  replayed best = {.nearly = false};
  bool known;
  df_status status = try_unit(w, &best, &known);
  if (status == DF_OK && !known) status = find_replay(w, &best);
  if (status == DF_OK && !known) status = try_gains(w, &best);
  if (status == DF_OK && !known) status = try_order(w, &best);
  if (status == DF_OK && !known) status = try_scales(w, &best);
  char* reason = status == DF_OK ? replay_study_reason(&best.study) : NULL;
  if (status == DF_OK) note_replay(w, &best, reason);
  if (status == DF_OK) follow_replay(w, &best, reason);
  df_free(reason);
  replay_study_clear(&best.study);
  if (status == DF_OK) status = work_make_system(w, w->cfg->model);
  if (status == DF_OK) status = work_open_recording(w);
  return status == DF_OK ? work_convert(w) : status;
}
