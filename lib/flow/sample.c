/* sample.c: Euler sampling from noise, for every decoder.
 *
 * Windows are sampled in chunks of the size of a training micro-batch, each by one thread, so the chunks do not depend
 * on the number of threads. */
#include <math.h>
#include <omp.h>
#include <string.h>

#include "dynaflow/core/rng.h"
#include "flow_internal.h"

/* writes Xhat^1 [H][in] of window `row` in flow coordinates from the network's output; with a simulating decoder also
 * the states x and actions u */
static void decode(const df_flow* flow, flow_worker* w, int row, const double* x0, double* z1, double* x, double* u) {
  const df_task* task = flow->env.task;
  const size_t n = (size_t)flow->H * (size_t)flow->out;
  const df_real* out = w->out + (size_t)row * n;
  if (!flow_simulates(flow)) {
    for (size_t k = 0; k < n; k++) z1[k] = (double)out[k];
    return;
  }
  (void)flow_simulate(flow, w, false, out, flow_gain(flow, flow->trainer->average), x0, u, x);
  for (int t = 0; t < flow->H; t++) {
    df_chart_encode(task->chart, x0, x + (size_t)(t + 1) * (size_t)flow->nx, z1 + t * flow->nz);
  }
}

/* writes the states x and actions u of the final Xhat^1, unless decode has simulated them already */
static void finish(const df_flow* flow, flow_worker* w, const double* x0, const double* z1, double* x, double* u) {
  const df_task* task = flow->env.task;
  if (flow->decoder == DF_DECODE_ACTIONS) {
    flow_unnormalise_actions(flow, z1, u);
    (void)df_trajectory_run(task->system, w->sim, flow->H, x0, u, x);
  } else if (flow->decoder == DF_DECODE_STATES) {
    memcpy(x, x0, (size_t)flow->nx * sizeof *x);
    for (int t = 0; t < flow->H; t++) {
      df_chart_decode(task->chart, x0, z1 + t * flow->nz, x + (size_t)(t + 1) * (size_t)flow->nx);
    }
  }
}

/* false for a diverged rollout, which is NaN from that frame on and must not be used as a network input */
static bool all_finite(const double* z, size_t n) {
  for (size_t k = 0; k < n; k++) {
    if (!isfinite(z[k])) return false;
  }
  return true;
}

/* the arguments of one df_flow_sample call */
typedef struct sampling {
  df_flow* flow;
  const df_request* request;
  const df_flow_projection* projection; /* NULL: none */
  double *x, *u;                        /* results */
} sampling;

/* projects the final Xhat^1, or that of an earlier step, whose flow coordinates z1 it changes; x and u are overwritten
 */
static void project(const sampling* s, flow_worker* w, bool final, const double* x0, double* z1, double* x, double* u) {
  const df_flow* flow = s->flow;
  finish(flow, w, x0, z1, x, u);
  s->projection->project(s->projection->context, omp_get_thread_num(), x, u);
  for (int t = 0; !final && t < flow->H; t++) {
    df_chart_encode(flow->env.task->chart, x0, x + (size_t)(t + 1) * (size_t)flow->nx, z1 + t * flow->nz);
  }
}

/* samples the windows of one chunk */
static void sample_chunk(const sampling* s, int chunk) {
  df_flow* flow = s->flow;
  const df_request* r = s->request;
  const int thread = omp_get_thread_num(), first = chunk * flow->slice;
  const int count = r->B - first < flow->slice ? r->B - first : flow->slice;
  const size_t n = (size_t)flow->H * (size_t)flow->in, nx = (size_t)flow->nx;
  const int nc = flow->cond - flow->nz;
  flow_worker* w = &flow->worker[thread];
  double* x_t = w->state;
  memset(w->failed, 0, (size_t)flow->slice);

  /* base samples X^0 and conditions */
  const double sigma = flow_config(flow)->flow_sigma;
  for (int row = 0; row < count; row++) {
    double* start = x_t + (size_t)row * n;
    df_rng_normal(r->seed, DF_STREAM_SAMPLE_NOISE, r->first_index + (uint64_t)(first + row), n, start);
    for (size_t k = 0; k < n; k++) start[k] *= sigma;
    flow_condition(flow, r->x0 + (size_t)(first + row) * nx,
                   nc ? r->condition + (size_t)(first + row) * (size_t)nc : NULL,
                   w->cond + (size_t)row * (size_t)flow->cond);
  }

  /* K Euler steps; the last one returns Xhat^1 */
  const int K = r->sampler_steps;
  for (int step = 0; step < K; step++) {
    const double t = (double)step / K;
    for (size_t k = 0; k < (size_t)count * n; k++) w->x_t[k] = (df_real)x_t[k];
    for (int row = 0; row < count; row++) w->t[row] = (df_real)t;
    df_net_forward(flow->net, w->net, flow->trainer->average,
                   &(df_net_input){.B = count, .x = w->x_t, .c = w->cond, .t = w->t}, w->out);
    for (int row = 0; row < count; row++) {
      const size_t b = (size_t)(first + row);
      const double* x0 = r->x0 + b * nx;
      double* x = s->x + b * (size_t)(flow->H + 1) * nx;
      double* u = s->u ? s->u + b * (size_t)flow->H * (size_t)flow->nu : w->u;
      double* z1 = w->target;
      decode(flow, w, row, x0, z1, x, u);
      const bool final = step + 1 == K;
      const bool projected = s->projection && (final || t >= s->projection->from);
      if (projected) project(s, w, final, x0, z1, x, u);
      if (final) {
        if (!projected) finish(flow, w, x0, z1, x, u);
        for (size_t k = nx; w->failed[row] && k < (size_t)(flow->H + 1) * nx; k++) x[k] = NAN;
        continue;
      }
      double* state = x_t + (size_t)row * n;
      if (!all_finite(z1, n)) {
        /* the path cannot be continued: the window counts as failed and its states become NaN at the end */
        w->failed[row] = 1;
        continue;
      }
      /* follow the velocity of eq. 5 for a flow time of 1/K */
      for (size_t k = 0; k < n; k++) state[k] += (z1[k] - state[k]) / (1 - t) / K;
    }
  }
}

static df_status run(df_flow* flow, const df_request* request, const df_flow_projection* projection, double* x,
                     double* u) {
  DF_REQUIRE_POINTER(flow);
  DF_REQUIRE_POINTER(request);
  DF_REQUIRE(request->x0, "df_flow_sample: request.x0 is NULL");
  DF_REQUIRE_POINTER(x);
  DF_REQUIRE(request->B >= 1, "df_flow_sample: request.B is %d, must be at least 1", request->B);
  DF_REQUIRE(request->sampler_steps >= 1, "df_flow_sample: sampler_steps = %d: must be at least 1",
             request->sampler_steps);
  DF_REQUIRE(flow->cond == flow->nz || request->condition,
             "df_flow_sample: the task has conditions: condition is NULL");
  sampling s = {.flow = flow, .request = request, .projection = projection, .x = x, .u = u};
  const int chunks = (request->B + flow->slice - 1) / flow->slice;
#pragma omp parallel for schedule(dynamic, 1) num_threads(flow->env.threads)
  for (int chunk = 0; chunk < chunks; chunk++) sample_chunk(&s, chunk);
  return DF_OK;
}

df_status df_flow_sample(df_flow* flow, const df_request* request, double* x, double* u) {
  return run(flow, request, NULL, x, u);
}

df_status df_flow_sample_projected(df_flow* flow, const df_request* request, const df_flow_projection* projection,
                                   double* x, double* u) {
  DF_REQUIRE_POINTER(flow);
  DF_REQUIRE_POINTER(projection);
  DF_REQUIRE_POINTER(u);
  DF_REQUIRE(flow->decoder == DF_DECODE_STATES, "df_flow_sample_projected: the decoder must be STATES");
  return run(flow, request, projection, x, u);
}
