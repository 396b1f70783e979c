/* policy_diagnose.c: what DAP measures of itself: whether its models could help each other at all, and the error of
 * their estimates against flow time (docs/dap.md). */
#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/rng.h"
#include "policy_internal.h"

/* a gate demands an error below this share of the reference: a rule of thumb, about the noise of 256 windows */
static const double GATE_SHARE = 0.95;
enum { WINDOWS = 256, STEPS = 8 };
_Static_assert((int)STEPS <= (int)DF_CURVE_POINTS, "a curve has a point per flow step");

/* the squared errors of one window, means over coordinates */
typedef struct window_errors {
  double action[STEPS], change[STEPS];           /* of the estimates at every flow step; feedback mutual */
  double copied;                                 /* of the change that is 0 */
  double unknown, known;                         /* of the actions without and with the true next state */
  double random, random_copied, random_shuffled; /* of the dynamics on random data: with its actions, of the change 0,
                                                  * with the actions of another window */
} window_errors;

static double mean_square(size_t n, const double* a, const double* b) {
  double sum = 0;
  for (size_t k = 0; k < n; k++) sum += (a[k] - (b ? b[k] : 0)) * (a[k] - (b ? b[k] : 0));
  return sum / (double)n;
}

/* buffers of one thread */
typedef struct scratch {
  double *target, *change, *trace_action, *trace_change, *noise; /* [chunk nu], [nz], [STEPS] of them, [policy_noise] */
  df_real* told;                                                 /* [nz] */
} scratch;

static df_status scratch_make(const df_policy* m, scratch* s) {
  const size_t n = (size_t)m->chunk * (size_t)m->nu, nz = (size_t)m->nz;
  s->target = df_alloc(n, sizeof(double));
  s->change = df_alloc(nz, sizeof(double));
  s->trace_action = df_alloc(STEPS * n, sizeof(double));
  s->trace_change = df_alloc(STEPS * nz, sizeof(double));
  s->noise = df_alloc(policy_noise(m), sizeof(double));
  s->told = df_alloc(nz, sizeof(df_real));
  return s->target && s->change && s->trace_action && s->trace_change && s->noise && s->told ? DF_OK : DF_E_NOMEM;
}

static void scratch_free(scratch* s) {
  df_free(s->target);
  df_free(s->change);
  df_free(s->trace_action);
  df_free(s->trace_change);
  df_free(s->noise);
  df_free(s->told);
}

/* test window k of n, spread evenly over all */
static df_window window_of(const df_policy* m, int k, int n) {
  const df_windows* windows = m->env.task->windows;
  return windows->test[(long)k * windows->n_test / n];
}

/* the errors on one chunk of a demonstrated window, at a frame that moves through the windows */
static void on_demonstration(const df_policy* m, policy_worker* w, scratch* s, int k, int n_windows,
                             window_errors* out) {
  const size_t n = (size_t)m->chunk * (size_t)m->nu, nz = (size_t)m->nz;
  const transition at = policy_demonstrated(m, window_of(m, k, n_windows), k % (m->H - m->chunk + 1));
  df_rng_normal(m->env.seed, DF_STREAM_SAMPLE_NOISE, (uint64_t)k, policy_noise(m), s->noise);
  policy_normalise(m, at.u, m->chunk, s->target);
  policy_change(m, &at, s->change);
  policy_observe(m, w, 0, at.x, at.condition);

  /* actions without and with the true next state */
  policy_generate_given(m, w, s->noise, STEPS, NULL);
  out->unknown = mean_square(n, w->a, s->target);
  for (size_t i = 0; i < nz; i++) s->told[i] = (df_real)s->change[i];
  policy_generate_given(m, w, s->noise, STEPS, s->told);
  out->known = mean_square(n, w->a, s->target);

  /* both models' estimates at every flow step */
  out->copied = mean_square(nz, s->change, NULL);
  if (m->feedback != FEEDBACK_MUTUAL) return;
  policy_generate(m, w, s->noise, STEPS, &(policy_trace){.action = s->trace_action, .change = s->trace_change});
  for (int step = 0; step < STEPS; step++) {
    out->action[step] = mean_square(n, s->trace_action + (size_t)step * n, s->target);
    out->change[step] = mean_square(nz, s->trace_change + (size_t)step * nz, s->change);
  }
}

/* the errors of the dynamics on window k of random actions */
static void on_random(const df_policy* m, policy_worker* w, scratch* s, const policy_random* r, int k,
                      window_errors* out) {
  const size_t nz = (size_t)m->nz;
  const int frame = k % (m->H - m->execute + 1);
  const transition at = policy_random_transition(m, r, k, frame);
  const transition other = policy_random_transition(m, r, (k + 1) % r->n, frame);
  df_rng_normal(m->env.seed, DF_STREAM_SAMPLE_NOISE, (uint64_t)k, policy_noise(m), s->noise);
  policy_change(m, &at, s->change);

  /* the condition of the task is not told to the dynamics: any will do */
  policy_observe(m, w, 0, at.x, df_dataset_condition(m->env.task->data, 0, 0));
  policy_normalise(m, at.u, m->execute, s->target);
  policy_generate_change(m, w, s->noise, STEPS, s->target);
  out->random = mean_square(nz, w->y, s->change);
  policy_normalise(m, other.u, m->execute, s->target);
  policy_generate_change(m, w, s->noise, STEPS, s->target);
  out->random_shuffled = mean_square(nz, w->y, s->change);
  out->random_copied = mean_square(nz, s->change, NULL);
}

static void add_gate(df_diagnostics* out, const char* name, const char* unit, double value, double reference,
                     const char* fails) {
  df_gate* g = &out->gate[out->n_gates++];
  snprintf(g->name, sizeof g->name, "%s", name);
  snprintf(g->unit, sizeof g->unit, "%s", unit);
  g->value = value;
  g->reference = reference;
  g->passed = value < GATE_SHARE * reference;
  snprintf(g->sentence, sizeof g->sentence, "%s", fails);
}

static void add_curve(df_diagnostics* out, const char* name, const char* unit, const char* reference_name,
                      double reference, const double* value) {
  df_diagnostic_curve* c = &out->curve[out->n_curves++];
  snprintf(c->name, sizeof c->name, "%s", name);
  snprintf(c->unit, sizeof c->unit, "%s", unit);
  snprintf(c->reference_name, sizeof c->reference_name, "%s", reference_name);
  c->reference = reference;
  c->n = STEPS;
  for (int i = 0; i < STEPS; i++) {
    c->flow_time[i] = (double)i / STEPS;
    c->value[i] = value[i];
  }
}

static const char ACTION_UNIT[] = "action std^2", CHANGE_UNIT[] = "mean squared change";

static void summarise(const df_policy* m, int n, const window_errors* of, int n_random, df_diagnostics* out) {
  /* means over windows, in their order */
  window_errors mean = {.copied = 0};
  for (int k = 0; k < n; k++) {
    for (int i = 0; i < STEPS; i++) mean.action[i] += of[k].action[i] / n;
    for (int i = 0; i < STEPS; i++) mean.change[i] += of[k].change[i] / n;
    mean.copied += of[k].copied / n;
    mean.unknown += of[k].unknown / n;
    mean.known += of[k].known / n;
  }
  for (int k = 0; k < n_random; k++) {
    mean.random += of[k].random / n_random;
    mean.random_copied += of[k].random_copied / n_random;
    mean.random_shuffled += of[k].random_shuffled / n_random;
  }

  add_gate(out, "dynamics_beats_copying", CHANGE_UNIT, mean.random, mean.random_copied,
           "on random actions the learned dynamics is no better than a state that does not change: its estimates carry "
           "no information, and mutual correction cannot help");
  add_gate(out, "dynamics_uses_actions", CHANGE_UNIT, mean.random, mean.random_shuffled,
           "on random actions the learned dynamics is no better with the true actions than with others: it cannot tell "
           "actions apart, and mutual correction cannot help");
  add_gate(
      out, "next_state_informs_policy", ACTION_UNIT, mean.known, mean.unknown,
      "even the true next state does not lower the error of the actions: no dynamics model could help this policy, "
      "and a comparison of dap.feedback says nothing about mutual correction");
  if (m->feedback != FEEDBACK_MUTUAL) return;
  add_curve(out, "extrapolated_action", ACTION_UNIT, "policy alone", mean.unknown, mean.action);
  add_curve(out, "extrapolated_next_state", CHANGE_UNIT, "state that does not change", mean.copied, mean.change);
}

df_status df_policy_diagnose(df_policy* m, df_diagnostics* out) {
  DF_REQUIRE(m, "%s: policy is NULL", __func__);
  DF_REQUIRE_POINTER(out);
  *out = (df_diagnostics){.n_gates = 0};
  if (!m->dynamics) return DF_OK;
  const int n_test = m->env.task->windows->n_test, n = n_test < WINDOWS ? n_test : WINDOWS;
  policy_random held_out = {0};
  window_errors* errors = df_alloc(WINDOWS, sizeof *errors);
  scratch* buffers = df_alloc((size_t)m->env.threads, sizeof *buffers);
  df_status status = errors && buffers ? policy_random_make(m, WINDOWS, true, &held_out) : DF_E_NOMEM;
  for (int i = 0; buffers && i < m->env.threads && status == DF_OK; i++) status = scratch_make(m, &buffers[i]);
  if (status == DF_OK) {
#pragma omp parallel for schedule(dynamic, 1) num_threads(m->env.threads)
    for (int k = 0; k < WINDOWS; k++) {
      const int thread = omp_get_thread_num();
      if (k < n) on_demonstration(m, &m->worker[thread], &buffers[thread], k, n, &errors[k]);
      if (k < held_out.n) on_random(m, &m->worker[thread], &buffers[thread], &held_out, k, &errors[k]);
    }
    summarise(m, n, errors, held_out.n, out);
  }
  for (int i = 0; buffers && i < m->env.threads; i++) scratch_free(&buffers[i]);
  df_free(buffers);
  df_free(errors);
  policy_random_clear(&held_out);
  return status;
}
