#include "replay_compare.h"

#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "progress.h"
#include "replay_verdict.h"
#include "stop.h"

/* what a thread needs to compare an episode */
typedef struct comparer {
  const recording* r;
  const df_system* system;
  df_sim* sim;
  double *x, *y, *e, *series; /* [nx], [nx], [ndx], [length] */
  double floor;
  size_t equal;
} comparer;

/* worst[kind] = the largest absolute entry of x (-) y */
static void measure(const comparer* c, const double* y, const double* x, double worst[KINDS]) {
  recording_error(c->r, y, x, c->e);
  for (int kind = 0; kind < KINDS; kind++) {
    worst[kind] = 0;
    for (int i = c->r->from[kind]; i < c->r->from[kind + 1]; i++)
      worst[kind] = fmax(worst[kind], isfinite(c->e[i]) ? fabs(c->e[i]) : INFINITY);
  }
}

static void store(double* const errors[KINDS], size_t at, const double worst[KINDS]) {
  for (int kind = 0; kind < KINDS; kind++) errors[kind][at] = worst[kind];
}

/* the error of the simulator at an action of an episode */
static df_status fail_at(int episode, int action) {
  char message[512];
  snprintf(message, sizeof message, "%s", df_error_message());
  return df_fail(DF_E_SIM, "cannot simulate episode %d, action %d: %s", episode, action, message);
}

/* one action from each recorded state; DF_E_SIM if the simulator fails */
static df_status compare_actions(comparer* c, int episode, bool carry, double* const errors[KINDS]) {
  const df_system_ops* ops = c->system->ops;
  const recording* r = c->r;
  const int first = recording_first(r), last = recording_last(r, episode);
  const size_t before = recording_before(r, episode);
  double worst[KINDS];
  recording_state(r, episode, first, c->x);
  for (int t = first; t < last; t++) {
    DF_TRY(stop_check());
    if (t == first || !carry)
      ops->reset(c->sim, c->x);
    else
      ops->set_state(c->sim, c->x);
    if (ops->step(c->sim, recording_action(r, episode, t), c->y) == DF_TRAJ_FAILED) return fail_at(episode, t);
    recording_state(r, episode, t + 1, c->x);
    measure(c, c->y, c->x, worst);
    store(errors, before + (size_t)(t - first), worst);
    if (carry && memcmp(c->x, c->y, (size_t)c->system->nx * sizeof *c->x) == 0) c->equal++;
  }
  return DF_OK;
}

/* the whole episode from its first state; *doubling is in how many actions the position error doubles. DF_E_SIM if the
 * simulator fails. */
static df_status compare_episode(comparer* c, int episode, double* const errors[KINDS], double* doubling) {
  const df_system_ops* ops = c->system->ops;
  const recording* r = c->r;
  double worst[KINDS], whole[KINDS] = {0};
  int n = 0;
  recording_state(r, episode, recording_first(r), c->x);
  ops->reset(c->sim, c->x);
  for (int t = recording_first(r); t < recording_last(r, episode); t++) {
    DF_TRY(stop_check());
    const df_traj_end end = ops->step(c->sim, recording_action(r, episode, t), c->y);
    if (end == DF_TRAJ_FAILED) return fail_at(episode, t);
    recording_state(r, episode, t + 1, c->x);
    measure(c, c->y, c->x, worst);
    for (int kind = 0; kind < KINDS; kind++) whole[kind] = fmax(whole[kind], worst[kind]);
    c->series[n++] = worst[POSITION];
    if (end != DF_TRAJ_COMPLETE) break;
  }
  store(errors, (size_t)episode, whole);
  *doubling = replay_doubling(c->series, n, c->floor);
  return DF_OK;
}

/* with the warm start carried; if the comparison has room for it, from a cleared one and in open loop, too */
static df_status compare_both(comparer* c, int episode, comparison* out) {
  DF_TRY(compare_actions(c, episode, true, out->carried));
  if (!out->doubling) return DF_OK;
  DF_TRY(compare_actions(c, episode, false, out->cleared));
  return compare_episode(c, episode, out->open_loop, &out->doubling[episode]);
}

static df_status comparer_new(const recording* r, const df_system* system, double floor, comparer* c) {
  const size_t nx = (size_t)system->nx, ndx = (size_t)system->ndx;
  *c = (comparer){.r = r, .system = system, .floor = floor};
  c->x = df_alloc(2 * nx + ndx + (size_t)r->data->length, sizeof *c->x);
  if (!c->x) return DF_E_NOMEM;
  c->y = c->x + nx;
  c->e = c->y + nx;
  c->series = c->e + ndx;
  return df_sim_new(system, 0, &c->sim);
}

static df_status compare_all(const recording* r, const df_system* system, double floor, const char* label,
                             const options* opts, comparison* out) {
  progress shown;
  int done = 0, first = r->data->episodes;
  df_status failed = DF_OK;
  char message[1024] = ""; /* messages are per thread: that of the first episode that fails */
  progress_start(&shown, opts->quiet, label, "episodes", r->data->episodes);
#pragma omp parallel num_threads(opts->threads)
  {
    comparer c;
    const df_status made = comparer_new(r, system, floor, &c);
    /* every thread must reach this loop, also without a simulator */
#pragma omp for schedule(dynamic)
    for (int episode = 0; episode < r->data->episodes; episode++) {
      if (made != DF_OK) continue;
      const df_status status = compare_both(&c, episode, out);
#pragma omp critical
      {
        progress_update(&shown, ++done, NULL);
        if (status != DF_OK && episode < first) {
          first = episode;
          failed = status;
          snprintf(message, sizeof message, "%s", df_error_message());
        }
      }
    }
    /* combine the counts and failures of the threads */
#pragma omp critical
    {
      out->equal += c.equal;
      if (made != DF_OK) {
        failed = made;
        snprintf(message, sizeof message, "cannot create a simulator: %s", df_error_message());
      }
    }
    df_free(c.x);
    df_sim_free(system, c.sim);
  }
  progress_end(&shown);
  return failed == DF_OK ? DF_OK : df_fail(failed, "%s", message);
}

df_status replay_compare(const recording* r, const df_system* system, double floor, const char* label,
                         const options* opts, comparison* out) {
  const size_t episodes = (size_t)r->data->episodes;
  const size_t steps = recording_before(r, r->data->episodes);
  *out = (comparison){.steps = steps, .episodes = episodes};
  double* next = out->memory = df_alloc(KINDS * (2 * steps + episodes) + episodes, sizeof *next);
  if (!next) return DF_E_NOMEM;
  for (int kind = 0; kind < KINDS; kind++, next += 2 * steps + episodes) {
    out->cleared[kind] = next;
    out->carried[kind] = next + steps;
    out->open_loop[kind] = next + 2 * steps;
  }
  out->doubling = next;
  const df_status status = compare_all(r, system, floor, label, opts, out);
  if (status != DF_OK) comparison_clear(out);
  return status;
}

df_status replay_compare_carried(const recording* r, const df_system* system, const char* label, const options* opts,
                                 comparison* out) {
  const size_t steps = recording_before(r, r->data->episodes);
  *out = (comparison){.steps = steps, .episodes = (size_t)r->data->episodes};
  out->memory = df_alloc(KINDS * steps, sizeof *out->memory);
  if (!out->memory) return DF_E_NOMEM;
  for (int kind = 0; kind < KINDS; kind++) out->carried[kind] = out->memory + (size_t)kind * steps;
  const df_status status = compare_all(r, system, 0, label, opts, out);
  if (status != DF_OK) comparison_clear(out);
  return status;
}

/* sums [length + 1][ndx] = recorded minus simulated displacements since the first frame of the episode */
static df_status add_displacements(comparer* c, int episode, double* sums) {
  const recording* r = c->r;
  const size_t ndx = (size_t)c->system->ndx;
  memset(sums, 0, ndx * sizeof *sums);
  recording_state(r, episode, recording_first(r), c->x);
  c->system->ops->reset(c->sim, c->x);
  for (int t = recording_first(r); t < recording_last(r, episode); t++, sums += ndx) {
    DF_TRY(stop_check());
    c->system->ops->set_state(c->sim, c->x);
    if (c->system->ops->step(c->sim, recording_action(r, episode, t), c->y) == DF_TRAJ_FAILED)
      return fail_at(episode, t);
    recording_state(r, episode, t + 1, c->x);
    c->system->ops->difference(c->system, c->y, c->x, c->e);
    for (size_t i = 0; i < ndx; i++) sums[ndx + i] = sums[i] + c->e[i];
  }
  return DF_OK;
}

df_status replay_integration_error(const recording* r, const df_system* system, int window, double* error) {
  const int ndx = system->ndx;
  comparer c;
  *error = 0;
  double* sums = df_alloc(((size_t)r->data->length + 1) * (size_t)ndx, sizeof *sums);
  df_status status = sums ? comparer_new(r, system, 0, &c) : DF_E_NOMEM;
  for (int episode = 0; episode < r->data->episodes && status == DF_OK; episode++) {
    const int length = recording_length(r, episode), w = window < length ? window : length;
    status = add_displacements(&c, episode, sums);
    for (int t = w; t <= length && status == DF_OK; t++) {
      for (int i = r->from[POSITION]; i < r->from[POSITION + 1]; i++)
        if (r->derived[i]) *error = fmax(*error, fabs(sums[t * ndx + i] - sums[(t - w) * ndx + i]));
    }
  }
  if (sums) {
    df_free(c.x);
    df_sim_free(system, c.sim);
  }
  df_free(sums);
  return status;
}

void comparison_clear(comparison* c) {
  df_free(c->memory);
  *c = (comparison){0};
}

double largest(const double* errors, size_t n) {
  double out = 0;
  for (size_t i = 0; i < n; i++) out = fmax(out, errors[i]);
  return out;
}
