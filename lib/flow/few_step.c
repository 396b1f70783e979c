/* few_step.c: flows that are trained for few steps of the sampler: shortcut, mean flow and consistency models, whose
 * network is told the span of a step, and reflow, whose targets are the ends of the flow's own paths. */
#include <math.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/rng.h"
#include "flow_internal.h"

/* ---- spans ---- */

enum { SHORTEST = 6, CONSISTENT = 32 }; /* the shortest span is 2^-6; the steps of a consistency model */

void few_step_choose(const df_flow* flow, const flow_variant* v, flow_worker* w, int row, uint64_t index) {
  double draw[3], span = 0;
  if (v->few_step == FLOW_ANY_STEP) return;
  df_rng_uniform(flow->env.seed, DF_STREAM_SPAN, index, 3, draw);
  const bool spans = draw[0] < v->span_share;
  if (v->few_step == FLOW_CONSISTENCY) {
    w->time[row] = floor(draw[1] * CONSISTENT) / CONSISTENT;
    span = 1 - w->time[row];
  } else if (v->few_step == FLOW_SHORTCUT && spans) {
    span = ldexp(1, -(int)(draw[1] * (SHORTEST + 1)));
    w->time[row] = span * floor(draw[2] / span);
  } else if (v->few_step == FLOW_MEAN && spans) {
    /* from the earlier to the later of two flow times */
    const double t = w->time[row], other = draw[1];
    w->time[row] = fmin(t, other);
    span = fmax(t, other) - w->time[row];
  }
  flow_tell_span(flow, w->cond + (size_t)row * (size_t)flow->cond, span);
}

/* ---- targets ---- */

/* the rows of a micro-batch, and memory for points [count][n] and outputs */
typedef struct rows_of {
  const df_flow* flow;
  flow_worker* w;
  const df_real* parameters;
  int count;
  size_t n;
  double* memory; /* w->solver: 5 count n numbers */
} rows_of;

/* Writes the network's output at points that are moved along `slope` by the step of each row, at the flow time t + step
 * with the span `left`, to out [count][n]. The inputs are restored. */
static void output_at(const rows_of* r, const double* slope, const double* step, const double* left, double* out) {
  const df_flow* flow = r->flow;
  flow_worker* w = r->w;
  double* kept = r->memory + 4 * (size_t)r->count * r->n;
  df_real spans[TRAINER_SLICE_MAX], times[TRAINER_SLICE_MAX];
  for (int row = 0; row < r->count; row++) {
    df_real* span = w->cond + (size_t)row * (size_t)flow->cond + flow->span;
    spans[row] = *span;
    times[row] = w->t[row];
    *span = (df_real)left[row];
    w->t[row] = (df_real)(w->time[row] + step[row]);
    for (size_t k = (size_t)row * r->n; k < (size_t)(row + 1) * r->n; k++) {
      kept[k] = (double)w->x_t[k];
      w->x_t[k] = (df_real)(kept[k] + step[row] * slope[k]);
    }
  }
  df_net_forward(flow->net, w->net, r->parameters, &(df_net_input){.B = r->count, .x = w->x_t, .c = w->cond, .t = w->t},
                 w->out);
  for (int row = 0; row < r->count; row++) {
    w->cond[(size_t)row * (size_t)flow->cond + (size_t)flow->span] = spans[row];
    w->t[row] = times[row];
  }
  for (size_t k = 0; k < (size_t)r->count * r->n; k++) {
    w->x_t[k] = (df_real)kept[k];
    out[k] = (double)w->out[k];
  }
}

static double span_of(const rows_of* r, int row) {
  return (double)r->w->cond[(size_t)row * (size_t)r->flow->cond + (size_t)r->flow->span];
}

static void shortcut_targets(const rows_of* r) {
  double half[TRAINER_SLICE_MAX], told[TRAINER_SLICE_MAX], none[TRAINER_SLICE_MAX];
  double *first = r->memory, *second = first + (size_t)r->count * r->n;
  for (int row = 0; row < r->count; row++) {
    none[row] = 0;
    half[row] = 0.5 * span_of(r, row);
    told[row] = half[row] < ldexp(1, -SHORTEST) ? 0 : half[row];
  }
  output_at(r, r->w->target, none, told, first);
  output_at(r, first, half, told, second);
  for (size_t k = 0; k < (size_t)r->count * r->n; k++) {
    if (half[k / r->n] > 0) r->w->target[k] = 0.5 * (first[k] + second[k]);
  }
}

static void mean_targets(const rows_of* r) {
  static const double STEP = 1e-3;
  double step[2][TRAINER_SLICE_MAX], left[2][TRAINER_SLICE_MAX];
  double *later = r->memory, *earlier = later + (size_t)r->count * r->n;
  for (int row = 0; row < r->count; row++) {
    for (int k = 0; k < 2; k++) {
      step[k][row] = k ? -STEP : STEP;
      left[k][row] = span_of(r, row) - step[k][row];
    }
  }
  output_at(r, r->w->target, step[0], left[0], later);
  output_at(r, r->w->target, step[1], left[1], earlier);
  for (size_t k = 0; k < (size_t)r->count * r->n; k++)
    r->w->target[k] += span_of(r, (int)(k / r->n)) * (later[k] - earlier[k]) / (2 * STEP);
}

static void consistent_targets(const rows_of* r) {
  double step[TRAINER_SLICE_MAX], left[TRAINER_SLICE_MAX];
  double* further = r->memory;
  for (int row = 0; row < r->count; row++) {
    step[row] = 1.0 / CONSISTENT;
    left[row] = fmax(0, 1 - r->w->time[row] - step[row]);
  }
  output_at(r, r->w->target, step, left, further);
  for (size_t k = 0; k < (size_t)r->count * r->n; k++) {
    const int row = (int)(k / r->n);
    /* (x + step velocity + left output - x) / (step + left) */
    r->w->target[k] = (step[row] * r->w->target[k] + left[row] * further[k]) / (step[row] + left[row]);
  }
}

void few_step_targets(const df_flow* flow, const flow_variant* v, flow_worker* w, int count,
                      const df_real* parameters) {
  const rows_of r = {.flow = flow,
                     .w = w,
                     .parameters = parameters,
                     .count = count,
                     .n = (size_t)flow->H * (size_t)flow->in,
                     .memory = w->solver};
  if (v->few_step == FLOW_SHORTCUT) shortcut_targets(&r);
  if (v->few_step == FLOW_MEAN) mean_targets(&r);
  if (v->few_step == FLOW_CONSISTENCY) consistent_targets(&r);
}

/* ---- reflow ---- */

static long reflow_step(const df_flow* flow) {
  return (long)ceil(flow_config(flow)->flow_reflow_from * (double)flow->trainer->cfg.steps);
}

bool reflow_begun(const df_flow* flow, long batch) {
  return flow->teacher && batch / flow->trainer->cfg.accumulate >= reflow_step(flow);
}

static df_status begin_reflow(void* context, long step, bool* changed) {
  df_flow* flow = context;
  if (step != reflow_step(flow)) return DF_OK;
  memcpy(flow->teacher, flow->trainer->average, flow->trainer->n * sizeof *flow->teacher);
  *changed = true;
  return DF_OK;
}

df_status reflow_make(df_flow* flow) {
  trainer* t = flow->trainer;
  if (!(flow_config(flow)->flow_reflow_from < 1)) return DF_OK;
  flow->teacher = df_alloc(t->n, sizeof *flow->teacher);
  if (!flow->teacher) return DF_E_NOMEM;
  t->memory[t->n_memory++] = (trainer_memory){"reflow.teacher", sizeof(df_real) == sizeof(double) ? DF_F64 : DF_F32,
                                              t->n, flow->teacher, false};
  t->before_step = begin_reflow;
  return DF_OK;
}

/* the solver_field of the teacher */
typedef struct teaching {
  const df_flow* flow;
  const flow_variant* v;
  flow_worker* w;
  int count;
  size_t n;
} teaching;

static void teacher_field(void* context, const double* t, const double* x, double* velocity) {
  const teaching* c = context;
  const df_flow* flow = c->flow;
  flow_worker* w = c->w;
  for (int row = 0; row < c->count; row++) w->t[row] = (df_real)t[row];
  for (size_t k = 0; k < (size_t)c->count * c->n; k++) w->x_t[k] = (df_real)x[k];
  df_net_forward(flow->net, w->net, flow->teacher, &(df_net_input){.B = c->count, .x = w->x_t, .c = w->cond, .t = w->t},
                 w->out);
  for (size_t k = 0; k < (size_t)c->count * c->n; k++) {
    const double out = (double)w->out[k];
    velocity[k] = c->v->prediction == FLOW_PREDICT_VELOCITY ? out : variant_velocity(c->v, t[k / c->n], x[k], out);
  }
}

void reflow_targets(const df_flow* flow, const flow_variant* v, flow_worker* w, int count) {
  const size_t n = (size_t)flow->H * (size_t)flow->in;
  teaching c = {.flow = flow, .v = v, .w = w, .count = count, .n = n};
  const int K = v->reflow_steps;
  const bool arrives = v->prediction == FLOW_PREDICT_VELOCITY;
  df_real spans[TRAINER_SLICE_MAX];
  for (int row = 0; row < count && flow->span >= 0; row++) {
    spans[row] = w->cond[(size_t)row * (size_t)flow->cond + (size_t)flow->span];
    flow_tell_span(flow, w->cond + (size_t)row * (size_t)flow->cond, 0);
  }
  for (size_t k = 0; k < (size_t)count * n; k++) w->target[k] = v->sigma * w->noise[k];
  const solver_problem p = {.solver = FLOW_MIDPOINT, .count = count, .n = n, .field = teacher_field, .context = &c};
  solver_run(&p, K, arrives ? K : K - 1, w->target, w->solver);
  /* the end of a path has a share of its base sample, which the new path adds again */
  for (size_t k = 0; arrives && k < (size_t)count * n; k++) w->target[k] -= v->sigma_min * v->sigma * w->noise[k];
  if (!arrives) {
    double at[TRAINER_SLICE_MAX];
    for (int row = 0; row < count; row++) at[row] = (double)(K - 1) / K;
    teacher_field(&c, at, w->target, w->solver);
    for (size_t k = 0; k < (size_t)count * n; k++) w->target[k] = (double)w->out[k];
  }
  for (int row = 0; row < count && flow->span >= 0; row++)
    flow_tell_span(flow, w->cond + (size_t)row * (size_t)flow->cond, (double)spans[row]);
}
