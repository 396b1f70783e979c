#include "replay_study.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/data/task.h"
#include "dynaflow/stats/statistics.h"
#include "replay_actions.h"
#include "replay_explain.h"
#include "text.h"

static const replay_limits defaults = {.carried = 1e-12, .cleared = 1e-5, .open_loop = 1e-11};
/* of the largest change over one action: in tiny units, 1e-12 would hide another model */
static const double OF_MOTION = 1e-6;
/* errors of episodes, in those of one action from a cleared warm start, that need no other reason */
static const double SOLVER_SIZED = 10;
/* the least limit of iterations that gradients admit */
enum { CONVERGED = 50 };
/* actions in which a solver forgets the warm start that it began an episode with */
enum { SETTLES = 16 };
/* what another warm start makes, in the largest change that a cleared one makes of other actions */
static const double START_SPREADS = 3;
/* physics steps in which the errors of a motion double at least */
static const double LEAST_DOUBLING = 4;
/* doubles of this size differ by so much at least */
static const double LEAST = 1e-15;

/* ---- limits ---- */

/* under the reading of the recording */
static df_status find_allowed(const recording* r, const replay_limits* wanted, replay_allowed* out) {
  double scale[KINDS], motion[KINDS];
  DF_TRY(recording_extent(r, scale, motion));
  for (int kind = 0; kind < KINDS; kind++) {
    const double size = fmax(1, scale[kind]);
    const double carried = fmax(fmin(defaults.carried * size, OF_MOTION * motion[kind]), LEAST * scale[kind]);
    out->carried[kind] = isnan(wanted->carried) ? carried : wanted->carried;
    out->cleared[kind] = isnan(wanted->cleared) ? defaults.cleared : wanted->cleared;
    out->open_loop[kind] = INFINITY;
  }
  const double size = fmax(1, scale[POSITION]);
  out->open_loop[POSITION] = isnan(wanted->open_loop) ? defaults.open_loop * size : wanted->open_loop;
  return DF_OK;
}

/* Position errors below this are no growth: what one action may be off by, and what the positions are rounded to. */
static double floor_of(const recording* r, const replay_allowed* allowed) {
  const df_stored_precision stored = r->stored[POSITION];
  return allowed->carried[POSITION] + (stored.kind == DF_STORED_FLOAT64 ? 0 : 8 * df_stored_precision_error(stored, 1));
}

/* the largest error over its limit */
static double over(double* const errors[KINDS], size_t n, const double limit[KINDS]) {
  double out = 0;
  for (int kind = 0; kind < KINDS; kind++) {
    const double worst = largest(errors[kind], n);
    if (worst > 0 && limit[kind] < INFINITY) out = fmax(out, worst / limit[kind]);
  }
  return out;
}

/* whether an action is exact with the warm start of the preceding one */
static bool action_is_exact(const comparison* c, size_t i, const double limit[KINDS]) {
  bool exact = true;
  for (int kind = 0; kind < KINDS; kind++) exact = exact && c->carried[kind][i] <= limit[kind];
  return exact;
}

/* replay_fit's `unsettled`: 0 if an action after the first SETTLES ones, or in the second half, of an episode is not
 * exact */
static size_t count_unsettled(const recording* r, const comparison* c, const double limit[KINDS]) {
  size_t out = 0;
  for (int episode = 0; episode < r->data->episodes; episode++) {
    const size_t from = recording_before(r, episode), n = (size_t)recording_length(r, episode);
    size_t last = n; /* after the last action that is not exact */
    while (last > 0 && action_is_exact(c, from + last - 1, limit)) last--;
    if (last > SETTLES || 2 * last > n) return 0;
    out += last;
  }
  return out;
}

/* replay_fit's `start`, of a comparison with cleared warm starts */
static double start_of(const recording* r, const comparison* c, const double limit[KINDS]) {
  double first[KINDS] = {0}, later[KINDS] = {0}, out = 0;
  for (int episode = 0; episode < r->data->episodes; episode++) {
    const size_t from = recording_before(r, episode), to = from + (size_t)recording_length(r, episode);
    size_t settled = to;
    while (settled > from && action_is_exact(c, settled - 1, limit)) settled--;
    for (int kind = 0; kind < KINDS; kind++) {
      for (size_t i = from; i < settled; i++) first[kind] = fmax(first[kind], c->carried[kind][i]);
      for (size_t i = settled; i < to; i++) later[kind] = fmax(later[kind], c->cleared[kind][i]);
    }
  }
  for (int kind = 0; kind < KINDS; kind++)
    out = fmax(out, first[kind] > 0 ? first[kind] / (limit[kind] + START_SPREADS * later[kind]) : 0);
  return out;
}

/* measures `start` of a model that has actions at starts of episodes that are not exact */
static df_status find_start(const recording* r, const df_system* system, const replay_allowed* allowed,
                            const char* label, const options* opts, replay_fit* fit) {
  comparison c = {0};
  if (fit->unsettled == 0) return DF_OK;
  DF_TRY(replay_compare(r, system, floor_of(r, allowed), label, opts, &c));
  fit->start = start_of(r, &c, allowed->carried);
  comparison_clear(&c);
  return DF_OK;
}

static void fit_of(const recording* r, const replay_allowed* allowed, const comparison* c, replay_fit* fit) {
  fit->steps = c->steps;
  fit->unsettled = count_unsettled(r, c, allowed->carried);
  fit->carried = over(c->carried, c->steps, allowed->carried);
  if (!c->doubling) return;
  if (fit->unsettled) fit->start = start_of(r, c, allowed->carried);
  fit->cleared = over(c->cleared, c->steps, allowed->cleared);
  fit->cleared_start = over(c->cleared, c->steps, allowed->carried);
  fit->open_loop = over(c->open_loop, c->episodes, allowed->open_loop);
}

/* ---- what was found ---- */

static size_t count_exact(const comparison* c, const double limit[KINDS]) {
  size_t n = 0;
  for (size_t i = 0; i < c->steps; i++) n += action_is_exact(c, i, limit);
  return n;
}

/* the median of the episodes that grow exponentially */
static df_status find_doubling(const comparison* c, double* out) {
  size_t n = 0;
  double* list = df_alloc(c->episodes, sizeof *list);
  if (!list) return DF_E_NOMEM;
  for (size_t i = 0; i < c->episodes; i++) {
    if (isfinite(c->doubling[i])) list[n++] = c->doubling[i];
  }
  df_sort((int)n, list);
  *out = n ? list[n / 2] : INFINITY;
  df_free(list);
  return DF_OK;
}

/* the action with the largest error in units of the motion of its kind */
static void find_worst_action(const recording* r, const comparison* c, const double motion[KINDS], replay_place* out) {
  size_t at = 0;
  double worst = -1;
  for (int kind = 0; kind < KINDS; kind++) {
    for (size_t i = 0; i < c->steps && r->from[kind] < r->from[kind + 1]; i++) {
      const double error = c->carried[kind][i] / (motion[kind] > 0 ? motion[kind] : 1);
      if (!(error > worst)) continue;
      worst = error;
      at = i;
      out->kind = kind;
    }
  }
  recording_place(r, at, &out->episode, &out->frame);
  out->frame++; /* the state after the action */
}

/* Finds the largest error, and simulates its episode up to it again, with the warm starts of `carried`, to name the
 * coordinate. */
static df_status find_worst(const recording* r, const comparison* c, const df_system* system,
                            const double motion[KINDS], replay_place* out) {
  df_sim* sim = NULL;
  double* x = df_alloc(2 * (size_t)system->nx + (size_t)system->ndx, sizeof *x);
  if (!x) return DF_E_NOMEM;
  double *y = x + system->nx, *e = y + system->nx;
  const df_status status = df_sim_new(system, 0, &sim);
  if (status == DF_OK) {
    find_worst_action(r, c, motion, out);
    recording_state(r, out->episode, recording_first(r), x);
    system->ops->reset(sim, x);
    for (int t = recording_first(r); t < out->frame; t++) {
      system->ops->set_state(sim, x);
      system->ops->step(sim, recording_action(r, out->episode, t), y);
      recording_state(r, out->episode, t + 1, x);
    }
    recording_error(r, y, x, e);
    int index = r->from[out->kind];
    out->error = -1;
    for (int i = index; i < r->from[out->kind + 1]; i++) {
      const double error = isfinite(e[i]) ? fabs(e[i]) : INFINITY;
      if (!(error > out->error)) continue;
      out->error = error;
      index = i;
    }
    recording_name(r, index, out->joint);
  }
  df_sim_free(system, sim);
  df_free(x);
  return status;
}

/* whether more actions have a smaller velocity error in c than in `other` than a larger one */
static bool is_closer(const comparison* c, const comparison* other) {
  size_t smaller = 0, larger = 0;
  for (size_t i = 0; i < c->steps; i++) {
    smaller += c->carried[VELOCITY][i] < other->carried[VELOCITY][i];
    larger += c->carried[VELOCITY][i] > other->carried[VELOCITY][i];
  }
  return smaller > larger;
}

/* if the model with the solver options of its own file is closer, the worst action is that of this model */
static df_status find_worst_of_own(replay_study* s, const replay_input* in, const comparison* c,
                                   const double motion[KINDS]) {
  const df_mujoco_cfg cfg = replay_cfg(in->config, true);
  df_system* system = NULL;
  s->own_is_closer = c->steps && is_closer(c, &s->trained);
  if (!s->own_is_closer) return DF_OK;
  df_status status = replay_other_system(in->config, in->search, &cfg, &system);
  if (status == DF_OK) status = find_worst(&s->r, c, system, motion, &s->worst);
  df_system_free(system);
  return status;
}

/* what explains the errors that are above `limit` */
static df_status explain(const replay_input* in, const recording* r, const df_system* system, const df_mujoco_cfg* cfg,
                         const double limit[KINDS], const comparison* c, const char* label, replay_fit* fit) {
  const df_mujoco_cfg tight = replay_converged(*cfg);
  df_system* converged = NULL;
  DF_TRY(replay_other_system(in->config, in->search, &tight, &converged));
  const replay_explanation what = {.r = r,
                                   .system = system,
                                   .converged = converged,
                                   .limit = limit,
                                   .carried = c->carried,
                                   .label = label,
                                   .opts = in->opts};
  const df_status status = replay_explain(&what, fit);
  df_system_free(converged);
  return status;
}

/* Compares all actions under other options: *fit, the largest errors of one action, the limit of iterations, *c, which
 * the caller clears. Nothing is measured if the model cannot be compiled with them. */
static df_status compare_with(const replay_study* s, const replay_input* in, const char* label,
                              const df_mujoco_cfg* cfg, unsigned reading, replay_fit* fit, double worst[KINDS],
                              int* iterations, comparison* c) {
  df_system* system = NULL;
  replay_allowed allowed;
  recording r = s->r;
  DF_TRY(replay_other_system(in->config, in->search, cfg, &system));
  if (!system) return DF_OK;
  r.reading = reading;
  r.dt = system->dt;
  *iterations = df_mujoco_iterations(system);
  df_status status = find_allowed(&r, &in->limits, &allowed);
  if (status == DF_OK) status = replay_compare_carried(&r, system, label, in->opts, c);
  if (status == DF_OK) {
    fit_of(&r, &allowed, c, fit);
    for (int kind = 0; kind < KINDS; kind++) worst[kind] = largest(c->carried[kind], c->steps);
    status = find_start(&r, system, &allowed, label, in->opts, fit);
    if (status == DF_OK && fit->carried > 1 && !replay_settles(fit))
      status = explain(in, &r, system, cfg, allowed.carried, c, label, fit);
  }
  df_system_free(system);
  return status;
}

/* with the solver options of the model's file */
static df_status compare_own(replay_study* s, const replay_input* in, const double motion[KINDS]) {
  const df_mujoco_cfg cfg = replay_cfg(in->config, true);
  replay_evidence* e = &s->evidence;
  comparison c = {0};
  df_status status =
      compare_with(s, in, "replay: own solver options", &cfg, 0, &e->own, s->own_worst, &s->own_iterations, &c);
  e->own_converges = s->own_iterations >= CONVERGED;
  if (status == DF_OK && !replay_fits(&e->own)) status = find_worst_of_own(s, in, &c, motion);
  comparison_clear(&c);
  return status;
}

static df_status compare_best(replay_study* s, const replay_input* in, comparison* c) {
  const hypothesis *list = s->tried.list, *best = &list[s->tried.best];
  replay_evidence* e = &s->evidence;
  int iterations = 0;
  DF_TRY(
      compare_with(s, in, "replay: closest model", &best->cfg, best->reading, &e->best, s->best_worst, &iterations, c));
  e->best_converges = iterations >= CONVERGED;
  e->rms = fmin(hypothesis_rms(&list[TRY_TRAINED], best), hypothesis_rms(&list[TRY_OWN], best));
  e->best_rms = best->rms;
  e->best_is_solver = best->solver;
  e->best_reads = best->reading != 0;
  return DF_OK;
}

/* A tighter tolerance than that of training comes closer to any solution, and explains less. Takes the best alternative
 * with the tolerance of training if this explains the recording. */
static df_status try_same_tolerance(replay_study* s, const replay_input* in) {
  const int best = s->tried.best, other = hypotheses_same_tolerance(&s->tried);
  const replay_evidence evidence = s->evidence;
  double worst[KINDS];
  comparison c = {0};
  if (other <= TRY_OWN_LIMITS || replay_best_explains(&s->evidence)) return DF_OK;
  memcpy(worst, s->best_worst, sizeof worst);
  s->tried.best = other;
  const df_status status = compare_best(s, in, &c);
  comparison_clear(&c);
  if (status != DF_OK || replay_best_explains(&s->evidence)) return status;
  s->tried.best = best;
  s->evidence = evidence;
  memcpy(s->best_worst, worst, sizeof worst);
  return DF_OK;
}

/* The best alternative may need another one with it, which only actions outside the sample show: goes on around its own
 * largest errors. */
static df_status search_elsewhere(replay_study* s, const replay_input* in, const search_space* space, comparison* c) {
  search_space elsewhere = *space;
  elsewhere.carried = c->carried[VELOCITY];
  DF_TRY(replay_try_elsewhere(&elsewhere, &s->tried));
  comparison_clear(c);
  return compare_best(s, in, c);
}

/* whether the best alternative explains most of the errors, of the same actions, but not all */
static bool is_half_way(const replay_study* s) {
  const hypothesis *list = s->tried.list, *best = &list[s->tried.best];
  return !replay_best_explains(&s->evidence) && s->evidence.best.steps == s->trained.steps &&
         replay_is_closer(hypothesis_rms(&list[TRY_TRAINED], best), best->rms) &&
         replay_is_closer(hypothesis_rms(&list[TRY_OWN], best), best->rms);
}

static df_status compare_others(replay_study* s, const replay_input* in, const search_space* space) {
  comparison c = {0};
  DF_TRY(replay_try_others(space, &s->tried));
  df_status status = compare_best(s, in, &c);
  if (status == DF_OK) status = try_same_tolerance(s, in);
  if (status == DF_OK && is_half_way(s)) {
    status = search_elsewhere(s, in, space, &c);
    if (status == DF_OK) status = try_same_tolerance(s, in);
  }
  comparison_clear(&c);
  return status;
}

/* compares the recording with the actions that the model needs */
static df_status compare_actions(replay_study* s, const replay_input* in, const df_system* system,
                                 const df_mujoco_cfg* cfg, double* actions) {
  const char* label = "replay: rounded actions";
  replay_evidence* e = &s->evidence;
  comparison c = {0};
  e->actions = replay_fit_none();
  DF_TRY(replay_imply_actions(&s->r, system, s->allowed.carried, label, in->opts, actions, &e->needed));
  if (!action_errors_look_rounded(&e->needed)) return DF_OK;
  df_dataset needed = *s->r.data;
  recording r = s->r;
  needed.actions = actions;
  r.data = &needed;
  r.action = (df_stored_precision){DF_STORED_FLOAT64, 0};
  DF_TRY(replay_compare_carried(&r, system, label, in->opts, &c));
  fit_of(&r, &s->allowed, &c, &e->actions);
  const df_status status =
      e->actions.carried > 1 ? explain(in, &r, system, cfg, s->allowed.carried, &c, label, &e->actions) : DF_OK;
  comparison_clear(&c);
  return status;
}

/* of the model as training simulates it, and with the solver options of its file */
static df_status try_rounded_actions(replay_study* s, const replay_input* in) {
  const df_stored_precision exact = s->r.action;
  const df_mujoco_cfg trained = replay_cfg(in->config, false), cfg = replay_cfg(in->config, true);
  df_system* own = NULL;
  if (!recording_round_actions(&s->r)) return DF_OK;
  double* actions = df_alloc(df_dataset_actions(s->r.data) * (size_t)s->r.data->nu, sizeof *actions);
  if (!actions) return DF_E_NOMEM;
  df_status status = compare_actions(s, in, in->system, &trained, actions);
  if (status == DF_OK && !replay_rounded_actions(&s->evidence)) {
    status = replay_other_system(in->config, in->search, &cfg, &own);
    if (status == DF_OK && own) status = compare_actions(s, in, own, &cfg, actions);
  }
  if (!replay_rounded_actions(&s->evidence)) s->r.action = exact;
  df_system_free(own);
  df_free(actions);
  return status;
}

/* ---- the same model ---- */

/* The model as training simulates it, and with the solver options of its file: what rounding and the solver's tolerance
 * explain of it. *done: nothing is left to explain. */
static df_status explain_same_model(replay_study* s, const replay_input* in, const search_space* space, bool* done) {
  replay_evidence* e = &s->evidence;
  const df_mujoco_cfg trained = replay_cfg(in->config, false);
  DF_TRY(find_worst(&s->r, &s->trained, in->system, space->motion, &s->worst));
  DF_TRY(explain(in, &s->r, in->system, &trained, s->allowed.carried, &s->trained, "replay: rounding", &e->trained));
  *done = replay_fits(&e->trained) && e->rounded;
  if (*done) return DF_OK;
  DF_TRY(replay_try_own(space, &s->tried));
  /* an action that is unexplained stays so with the same error */
  if (e->trained.step > 1 && hypotheses_own_is_alike(&s->tried))
    e->own = e->trained;
  else
    DF_TRY(compare_own(s, in, space->motion));
  if (!replay_own_explains(e)) {
    const bool starts = replay_settles(&e->trained) && !(e->trained.step <= 1 && e->trained.drift <= 1);
    *done = replay_fits(&e->trained) && (!e->far || e->trained.cleared_start <= 1 || starts);
    return DF_OK;
  }
  *done = true;
  s->tried.best = TRY_OWN;
  e->best = e->own;
  memcpy(s->best_worst, s->own_worst, sizeof s->best_worst);
  return DF_OK;
}

/* ---- other readings of the columns ---- */

static df_status study(const replay_input* in, bool searches, replay_study* out);

/* Whether the states follow from these actions as replay accepts a recording: by the same model, whose rounding and
 * solver explain every error. context: a replay_input. */
static df_status follows_from(const df_dataset* data, const void* context, bool* follows) {
  replay_input other = *(const replay_input*)context;
  replay_study found;
  other.data = data;
  const df_status status = study(&other, false, &found);
  *follows = status == DF_OK && replay_verdict_exit(found.verdict) != EXIT_CHECK_FAILED;
  replay_study_clear(&found);
  return status;
}

static reading_search readings_of(const replay_study* s, const replay_input* in) {
  return (reading_search){.r = &s->r,
                          .config = in->config,
                          .system = in->system,
                          .threads = in->opts->threads,
                          .follows = follows_from,
                          .context = in};
}

/* ---- all that may explain the errors ---- */

/* other models, options and readings, rounded actions, and velocities that are differences */
static df_status try_alternatives(replay_study* s, const replay_input* in, const search_space* space) {
  replay_evidence* e = &s->evidence;
  DF_TRY(compare_others(s, in, space));
  if (replay_best_explains(e)) return DF_OK;
  DF_TRY(try_rounded_actions(s, in));
  DF_TRY(replay_find_differences(&s->r, in->system, &s->differences));
  e->differences = s->differences != DIFFERENCES_NONE;
  return DF_OK;
}

/* `searches`: also among other models, options and readings of the file */
static df_status find_cause(replay_study* s, const replay_input* in, bool searches) {
  double scale[KINDS];
  bool done;
  search_space space = {.config = in->config,
                        .search = in->search,
                        .r = &s->r,
                        .carried = s->trained.carried[VELOCITY],
                        .quiet = in->opts->quiet};
  DF_TRY(recording_extent(&s->r, scale, space.motion));
  DF_TRY(explain_same_model(s, in, &space, &done));
  if (done) return DF_OK;
  /* rounding of doubles that would have to be magnified: another solver may be exact */
  if (replay_fits(&s->evidence.trained)) return searches ? compare_others(s, in, &space) : DF_OK;
  if (!searches) return try_rounded_actions(s, in);
  const reading_search readings = readings_of(s, in);
  DF_TRY(reading_find_rows(&readings, &s->reading));
  if (s->reading.words) return DF_OK;
  DF_TRY(unrelated_actions_find(&s->r, in->system, &s->relation));
  s->evidence.unrelated = s->relation.unrelated;
  if (s->relation.unrelated) return DF_OK;
  DF_TRY(reading_find_unit(&readings, &s->reading));
  if (s->reading.words) return DF_OK;
  DF_TRY(replay_find_varying(&s->r, in->config, in->search, s->allowed.carried, space.motion, in->opts, &s->varying));
  return s->varying.usual ? DF_OK : try_alternatives(s, in, &space);
}

/* which changes the rounding of the recorded states hides, of the model that it follows from */
static df_status find_hidden(replay_study* s, const replay_input* in) {
  replay_evidence* e = &s->evidence;
  const bool own = !replay_fits(&e->trained) && !replay_tolerated(&e->trained);
  const replay_accepted accepted = {.config = in->config,
                                    .search = in->search,
                                    .cfg = replay_cfg(in->config, own),
                                    .limit = s->allowed.carried,
                                    .tolerated = !replay_fits(own ? &e->own : &e->trained)};
  DF_TRY(replay_find_hidden(&s->r, &accepted, in->opts, s->hidden));
  for (int i = 0; i < CHANGES; i++) e->hidden = e->hidden || s->hidden[i];
  return DF_OK;
}

/* whether the warm start changes the error of an action: without constraints it does not */
static bool solver_acts(const comparison* c) {
  for (size_t i = 0; i < c->steps; i++) {
    if (c->carried[VELOCITY][i] != c->cleared[VELOCITY][i]) return true;
  }
  return false;
}

/* compares the model as training simulates it */
static df_status compare_trained(replay_study* s, const replay_input* in) {
  replay_evidence* e = &s->evidence;
  const double floor = floor_of(&s->r, &s->allowed);
  double scale[KINDS];
  DF_TRY(recording_extent(&s->r, scale, s->motion));
  DF_TRY(replay_compare(&s->r, in->system, floor, "replay", in->opts, &s->trained));
  fit_of(&s->r, &s->allowed, &s->trained, &e->trained);
  s->exact = count_exact(&s->trained, s->allowed.carried);
  e->solver_sized = largest(s->trained.open_loop[POSITION], s->trained.episodes) <=
                    SOLVER_SIZED * largest(s->trained.cleared[POSITION], s->trained.steps);
  e->rounded = s->r.stored[POSITION].kind != DF_STORED_FLOAT64 || s->r.stored[VELOCITY].kind != DF_STORED_FLOAT64;
  e->far = replay_is_far(e, solver_acts(&s->trained));
  DF_TRY(find_doubling(&s->trained, &s->doubling));
  e->exponential = isfinite(s->doubling);
  e->jumps = s->doubling * df_mujoco_substeps(in->system) < LEAST_DOUBLING && solver_acts(&s->trained);
  return DF_OK;
}

/* what is not compared; of a recording that follows, by how much integrated positions are off */
static df_status find_left_out(replay_study* s, const replay_input* in) {
  const int window = in->config->window_horizon;
  double error = 0;
  if (replay_verdict_exit(s->verdict) == EXIT_DONE) DF_TRY(replay_integration_error(&s->r, in->system, window, &error));
  s->left_out = replay_left_out(&s->r, error, window);
  return DF_OK;
}

/* replay_study_run(), or without searching other models, options and readings of the file */
static df_status study(const replay_input* in, bool searches, replay_study* out) {
  /* nothing is measured yet */
  *out = (replay_study){.doubling = INFINITY, .differences = DIFFERENCES_NONE};
  replay_evidence* e = &out->evidence;
  e->trained = e->own = e->best = e->actions = replay_fit_none();
  e->needed = action_errors_none();
  e->rms = e->best_rms = INFINITY;
  for (int kind = 0; kind < KINDS; kind++) out->own_worst[kind] = out->best_worst[kind] = NAN;
  out->iterations = df_mujoco_iterations(in->system);
  DF_TRY(recording_of(in->data, in->system, &out->r));
  DF_TRY(find_allowed(&out->r, &in->limits, &out->allowed));

  /* the errors, and what explains those above the limits */
  DF_TRY(compare_trained(out, in));
  if (e->trained.carried > 1) DF_TRY(find_cause(out, in, searches));
  out->verdict = out->varying.usual ? REPLAY_ANOTHER_OPTION : replay_judge(e);
  /* no model explains it, or none can be determined */
  const bool unknown = out->verdict == REPLAY_ANOTHER_MODEL || e->differences;
  const reading_search readings = readings_of(out, in);
  if (searches && !out->reading.words && unknown) DF_TRY(reading_find_order(&readings, &out->reading));
  if (searches && !out->reading.words && unknown) DF_TRY(reading_find_joints(&readings, &out->reading));
  if (searches && !out->reading.words && unknown) DF_TRY(reading_find_offset(&readings, &out->reading));
  if (out->reading.words) out->verdict = REPLAY_ANOTHER_CONVENTION;
  if (searches && out->verdict == REPLAY_ROUNDING && e->trained.carried > 1 && !replay_rounded_actions(e)) {
    DF_TRY(find_hidden(out, in));
    out->verdict = replay_judge(e);
  }
  /* errors of another model or solver grow for other reasons */
  if (out->verdict != REPLAY_ROUNDING && out->verdict != REPLAY_CHAOTIC) out->doubling = INFINITY;
  return find_left_out(out, in);
}

df_status replay_study_run(const replay_input* in, replay_study* out) {
  return study(in, true, out);
}

void replay_study_clear(replay_study* s) {
  comparison_clear(&s->trained);
  hypotheses_clear(&s->tried);
  df_free(s->left_out);
  s->left_out = NULL;
  replay_reading_clear(&s->reading);
}
