#include "replay_study.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/data/task.h"
#include "dynaflow/stats/statistics.h"
#include "replay_explain.h"

static const replay_limits defaults = {.carried = 1e-12, .cleared = 1e-5, .open_loop = 1e-11};
/* of the largest change over one action: in tiny units, 1e-12 would hide another model */
static const double OF_MOTION = 1e-6;
/* errors of episodes, in those of one action from a cleared warm start, that need no other reason */
static const double SOLVER_SIZED = 10;
/* the least limit of iterations that gradients admit */
enum { CONVERGED = 50 };
/* doubles of this size differ by so much at least */
static const double LEAST = 1e-15;

/* ---- limits ---- */

/* the limits under a reading of the recording */
static void set_limits(replay_study* s, const recording* r, const df_system* system, const replay_limits* wanted) {
  double scale[KINDS], motion[KINDS];
  recording_extent(r, system, scale, motion);
  for (int kind = 0; kind < KINDS; kind++) {
    const double size = fmax(1, scale[kind]);
    const double carried = fmax(fmin(defaults.carried * size, OF_MOTION * motion[kind]), LEAST * scale[kind]);
    s->carried_limit[kind] = isnan(wanted->carried) ? carried : wanted->carried;
    s->cleared_limit[kind] = isnan(wanted->cleared) ? defaults.cleared : wanted->cleared;
    s->open_loop_limit[kind] = INFINITY;
  }
  const double size = fmax(1, scale[POSITION]);
  s->open_loop_limit[POSITION] = isnan(wanted->open_loop) ? defaults.open_loop * size : wanted->open_loop;
}

/* Position errors below this are no growth: the limit of one action, and what the positions are rounded to. */
static double floor_of(const replay_study* s) {
  const stored_precision stored = s->r.stored[POSITION];
  return s->carried_limit[POSITION] + (stored.kind == STORED_FLOAT64 ? 0 : 8 * stored_precision_error(stored, 1));
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

static void fit_of(const replay_study* s, const comparison* c, replay_fit* fit) {
  fit->carried = over(c->carried, c->steps, s->carried_limit);
  fit->cleared = over(c->cleared, c->steps, s->cleared_limit);
  fit->cleared_start = over(c->cleared, c->steps, s->carried_limit);
  fit->open_loop = over(c->open_loop, c->episodes, s->open_loop_limit);
}

/* ---- what was found ---- */

/* the median of the episodes that grow exponentially */
static double doubling_of(const comparison* c) {
  size_t n = 0;
  double* list = df_alloc(c->episodes, sizeof *list);
  for (size_t i = 0; list && i < c->episodes; i++) {
    if (isfinite(c->doubling[i])) list[n++] = c->doubling[i];
  }
  df_sort((int)n, list);
  const double out = n ? list[n / 2] : INFINITY;
  df_free(list);
  return out;
}

/* Finds the action with the largest error in units of the motion of its kind, and simulates it again to name its
 * coordinate. */
static void find_worst(replay_study* s, const df_system* system, const double motion[KINDS]) {
  const recording* r = &s->r;
  const int first = recording_first(r), length = recording_last(r) - first;
  size_t at = 0;
  double worst = -1, coordinate = 0;
  for (int kind = 0; kind < KINDS; kind++) {
    for (size_t i = 0; i < s->trained.steps && r->from[kind] < r->from[kind + 1]; i++) {
      const double error = s->trained.carried[kind][i] / (motion[kind] > 0 ? motion[kind] : 1);
      if (!(error > worst)) continue;
      worst = error;
      at = i;
      s->worst.kind = kind;
    }
  }
  s->worst.episode = (int)(at / (size_t)length);
  s->worst.frame = first + (int)(at % (size_t)length) + 1;
  df_sim* sim = NULL;
  double* x = df_alloc(2 * (size_t)system->nx + (size_t)system->ndx, sizeof *x);
  if (!x || df_sim_new(system, 0, &sim) != DF_OK) {
    df_free(x);
    return;
  }
  double *y = x + system->nx, *e = y + system->nx;
  recording_state(r, s->worst.episode, s->worst.frame - 1, x);
  system->ops->reset(sim, x);
  system->ops->step(sim, recording_action(r, s->worst.episode, s->worst.frame - 1), y);
  recording_state(r, s->worst.episode, s->worst.frame, x);
  recording_error(r, system, y, x, e);
  int index = r->from[s->worst.kind];
  for (int i = index; i < r->from[s->worst.kind + 1]; i++) {
    if (!(fabs(e[i]) > coordinate)) continue;
    coordinate = fabs(e[i]);
    index = i;
  }
  const int dof = index - r->from[s->worst.kind];
  const char* name = "";
  for (int i = 0; i < r->njoint && s->worst.kind != ACTIVATION; i++) {
    if (r->joints[i].dof <= dof) name = r->joints[i].name;
  }
  if (name[0])
    snprintf(s->worst.joint, sizeof s->worst.joint, "joint '%s'", name);
  else
    snprintf(s->worst.joint, sizeof s->worst.joint, "%s %d", s->worst.kind == ACTIVATION ? "activation" : "dof", dof);
  df_sim_free(system, sim);
  df_free(x);
}

/* compares all actions under other options: *fit, the largest errors of one action, the limit of iterations */
static df_status compare_with(const replay_study* s, const replay_input* in, const df_mujoco_cfg* cfg, unsigned reading,
                              replay_fit* fit, double worst[KINDS], int* iterations) {
  char sha256[DF_SHA256_TEXT];
  df_system* system = NULL;
  comparison c;
  replay_study other = {.r = s->r};
  options silent = *in->opts;
  silent.quiet = true;
  DF_TRY(df_task_system_with(in->config, in->search, cfg, &system, sha256));
  other.r.reading = reading;
  other.r.dt = system->dt;
  *iterations = df_mujoco_iterations(system);
  set_limits(&other, &other.r, system, &in->limits);
  df_status status = replay_compare(&other.r, system, floor_of(&other), &silent, &c);
  if (status == DF_OK) {
    fit_of(&other, &c, fit);
    for (int kind = 0; kind < KINDS; kind++) worst[kind] = largest(c.carried[kind], c.steps);
    comparison_clear(&c);
    if (fit->carried > 1) status = replay_explain(&other.r, system, other.carried_limit, &silent, fit);
  }
  df_system_free(system);
  return status;
}

static df_status try_alternatives(replay_study* s, const replay_input* in) {
  replay_evidence* e = &s->evidence;
  double scale[KINDS];
  search_space space = {
      .config = in->config, .search = in->search, .r = &s->r, .carried = s->trained.carried[VELOCITY]};
  recording_extent(&s->r, in->system, scale, space.motion);
  find_worst(s, in->system, space.motion);

  /* the model as training simulates it, and with its own solver options */
  DF_TRY(replay_explain(&s->r, in->system, s->carried_limit, in->opts, &e->trained));
  if (replay_fits(&e->trained)) return DF_OK;
  const df_mujoco_cfg own = replay_cfg(in->config, true);
  DF_TRY(compare_with(s, in, &own, 0, &e->own, s->own_worst, &s->own_iterations));
  e->own_converges = s->own_iterations >= CONVERGED;
  DF_TRY(replay_try_own(&space, &s->tried));
  if (replay_fits(&e->own)) return DF_OK;

  /* others */
  DF_TRY(replay_try_others(&space, &s->tried));
  const hypothesis* list = s->tried.list;
  const hypothesis* best = &list[s->tried.best];
  int ignored;
  e->rms = fmin(list[TRY_TRAINED].rms, list[TRY_OWN].rms);
  e->best_rms = best->rms;
  e->best_is_solver = best->solver;
  e->best_reads = best->reading != 0;
  return compare_with(s, in, &best->cfg, best->reading, &e->best, s->best_worst, &ignored);
}

df_status replay_study_run(const replay_input* in, replay_study* out) {
  *out = (replay_study){.r = recording_of(in->data, in->system), .doubling = INFINITY};
  replay_evidence* e = &out->evidence;
  e->trained = e->own = e->best = replay_fit_none();
  e->rms = e->best_rms = INFINITY;
  for (int kind = 0; kind < KINDS; kind++) out->own_worst[kind] = out->best_worst[kind] = NAN;
  out->iterations = df_mujoco_iterations(in->system);
  set_limits(out, &out->r, in->system, &in->limits);

  /* the model as training simulates it */
  DF_TRY(replay_compare(&out->r, in->system, floor_of(out), in->opts, &out->trained));
  fit_of(out, &out->trained, &e->trained);
  e->steps = out->trained.steps;
  e->solver_sized = largest(out->trained.open_loop[POSITION], out->trained.episodes) <=
                    SOLVER_SIZED * largest(out->trained.cleared[POSITION], out->trained.steps);
  e->rounded = out->r.stored[POSITION].kind != STORED_FLOAT64 || out->r.stored[VELOCITY].kind != STORED_FLOAT64;
  out->doubling = doubling_of(&out->trained);
  e->exponential = isfinite(out->doubling);

  if (e->trained.carried > 1) DF_TRY(try_alternatives(out, in));
  out->verdict = replay_judge(e);
  /* errors of another model grow for other reasons */
  if (replay_verdict_exit(out->verdict) != EXIT_DONE) out->doubling = INFINITY;
  return DF_OK;
}

void replay_study_clear(replay_study* s) {
  comparison_clear(&s->trained);
  df_free(s->tried.list);
  s->tried = (hypotheses){0};
}
