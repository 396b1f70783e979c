/* sample.c: sampling from noise, for every decoder.
 *
 * Windows are sampled in chunks of the size of a training micro-batch, each by one thread, so the chunks do not depend
 * on the number of threads. */
#include <math.h>
#include <omp.h>
#include <string.h>

#include "diffusion.h"
#include "dynaflow/core/alloc.h"
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
  if (flow_has_actions(flow)) flow_unnormalise_actions(flow, z1, u);
  if (flow->decoder == DF_DECODE_ACTIONS) (void)df_trajectory_run(task->system, w->sim, flow->H, x0, u, x);
  if (flow_has_states(flow)) flow_decode_states(flow, x0, z1, x);
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
  double *x, *u;                        /* results; NULL: none */
  flow_variant variant;
} sampling;

/* a chunk of windows that are sampled together: rows 0 .. count-1 are windows first .. first+count-1 */
typedef struct chunk {
  const sampling* s;
  flow_worker* w;
  int first, count;
  double span; /* that the network is told */
} chunk;

/* projects the final Xhat^1, or that of an earlier step, whose flow coordinates z1 it changes; x and u are overwritten
 */
static void project(const sampling* s, flow_worker* w, bool final, const double* x0, double* z1, double* x, double* u) {
  const df_flow* flow = s->flow;
  finish(flow, w, x0, z1, x, u);
  s->projection->project(s->projection->context, omp_get_thread_num(), x, u);
  for (int t = 0; !final && t < flow->H; t++) {
    df_chart_encode(flow->env.task->chart, x0, x + (size_t)(t + 1) * (size_t)flow->nx, z1 + t * flow->in);
    for (int i = 0; flow_has_actions(flow) && i < flow->nu; i++) {
      double mean, std;
      flow_action_scale(flow, i, &mean, &std);
      z1[t * flow->in + flow->nz + i] = (u[t * flow->nu + i] - mean) / std;
    }
  }
}

/* writes the network's output for the points x of the chunk, each at its time t, to w->out; with guidance, between that
 * without and with the task's condition, or beyond */
static void predict(const chunk* c, const double* t, const double* x) {
  const df_flow* flow = c->s->flow;
  flow_worker* w = c->w;
  const size_t n = (size_t)c->count * (size_t)flow->H, in = n * (size_t)flow->in, out = n * (size_t)flow->out;
  const double guidance = c->s->variant.guidance;
  for (size_t k = 0; k < in; k++) w->x_t[k] = (df_real)x[k];
  for (int row = 0; row < c->count; row++) {
    w->t[row] = (df_real)t[row];
    flow_tell_span(flow, w->cond + (size_t)row * (size_t)flow->cond, c->span);
  }
  df_net_input input = {.B = c->count, .x = w->x_t, .c = w->cond, .t = w->t};
  df_net_forward(flow->net, w->net, flow->trainer->average, &input, w->out);
  w->evaluations += c->count;
  if (guidance == 1) return;
  input.c = w->null_cond;
  df_net_forward(flow->net, w->net, flow->trainer->average, &input, w->null_out);
  w->evaluations += c->count;
  for (size_t k = 0; k < out; k++)
    w->out[k] = (df_real)((double)w->null_out[k] + guidance * ((double)w->out[k] - (double)w->null_out[k]));
}

/* where the states and the actions of a row go */
static double* states_of(const chunk* c, int row) {
  const df_flow* flow = c->s->flow;
  return c->s->x ? c->s->x + (size_t)(c->first + row) * (size_t)(flow->H + 1) * (size_t)flow->nx : c->w->x;
}
static double* actions_of(const chunk* c, int row) {
  const df_flow* flow = c->s->flow;
  return c->s->u ? c->s->u + (size_t)(c->first + row) * (size_t)flow->H * (size_t)flow->nu : c->w->u;
}
static const double* start_of(const chunk* c, int row) {
  return c->s->request->x0 + (size_t)(c->first + row) * (size_t)c->s->flow->nx;
}

/* the solver_field of a chunk: the velocity of eq. 5; 0, with w->failed, where the path cannot be continued */
static void field(void* context, const double* t, const double* x, double* velocity) {
  const chunk* c = context;
  const sampling* s = c->s;
  const size_t n = (size_t)s->flow->H * (size_t)s->flow->in;
  predict(c, t, x);
  for (int row = 0; row < c->count; row++) {
    const double* x_t = x + (size_t)row * n;
    double *z1 = c->w->target, *v = velocity + (size_t)row * n;
    decode(s->flow, c->w, row, start_of(c, row), z1, states_of(c, row), actions_of(c, row));
    const bool outputs_velocity = s->variant.prediction == FLOW_PREDICT_VELOCITY;
    const bool projected = s->projection && t[row] >= s->projection->from;
    if (outputs_velocity && !projected) {
      memcpy(v, z1, n * sizeof *v);
    } else {
      for (size_t k = 0; outputs_velocity && k < n; k++) z1[k] = variant_end(&s->variant, t[row], x_t[k], z1[k]);
      if (projected) project(s, c->w, false, start_of(c, row), z1, states_of(c, row), actions_of(c, row));
      for (size_t k = 0; k < n; k++) v[k] = variant_velocity(&s->variant, t[row], x_t[k], z1[k]);
    }
    if (all_finite(v, n)) continue;
    /* the window counts as failed and its states become NaN at the end */
    c->w->failed[row] = 1;
    memset(v, 0, n * sizeof *v);
  }
}

/* the end of the path of a row at the sample x_t: Xhat^1 at time t or, if the solver has arrived, x_t itself */
static void end_path(const chunk* c, int row, bool arrived, double t, const double* x_t) {
  const sampling* s = c->s;
  const size_t n = (size_t)s->flow->H * (size_t)s->flow->in, nx = (size_t)s->flow->nx;
  double *z1 = c->w->target, *x = states_of(c, row), *u = actions_of(c, row);
  const double* x0 = start_of(c, row);
  if (arrived) {
    memcpy(z1, x_t, n * sizeof *z1);
  } else {
    decode(s->flow, c->w, row, x0, z1, x, u);
    for (size_t k = 0; s->variant.prediction == FLOW_PREDICT_VELOCITY && k < n; k++)
      z1[k] = variant_end(&s->variant, t, x_t[k], z1[k]);
    for (size_t k = 0; s->variant.prediction == FLOW_PREDICT_NOISE && k < n; k++)
      z1[k] = diffusion_end(&s->variant, t, x_t[k], z1[k]);
  }
  if (s->projection) {
    project(s, c->w, true, x0, z1, x, u);
  } else {
    finish(s->flow, c->w, x0, z1, x, u);
  }
  for (size_t k = nx; c->w->failed[row] && k < (size_t)(s->flow->H + 1) * nx; k++) x[k] = NAN;
}

/* chunk `number` on the calling thread */
static chunk chunk_of(const sampling* s, int number) {
  const int first = number * s->flow->slice, rest = s->request->B - first;
  return (chunk){.s = s,
                 .w = &s->flow->worker[omp_get_thread_num()],
                 .first = first,
                 .count = rest < s->flow->slice ? rest : s->flow->slice};
}

/* writes the conditions of a chunk, and those of the same windows without the task's condition */
static void describe(const chunk* c) {
  const df_flow* flow = c->s->flow;
  const size_t nc = (size_t)flow->nc, n = (size_t)flow->cond;
  for (int row = 0; row < c->count; row++) {
    df_real* cond = c->w->cond + (size_t)row * n;
    flow_condition(flow, start_of(c, row), nc ? c->s->request->condition + (size_t)(c->first + row) * nc : NULL, cond);
    if (!c->w->null_cond) continue;
    memcpy(c->w->null_cond + (size_t)row * n, cond, n * sizeof *cond);
    flow_forget_condition(flow, c->w->null_cond + (size_t)row * n);
  }
}

/* K steps of a consistency model: each leads to the end of the path, and is followed by a return to the path with
 * another base sample */
static void follow_consistently(chunk* c, int K) {
  const sampling* s = c->s;
  const size_t n = (size_t)s->flow->H * (size_t)s->flow->in;
  double *x = c->w->state, *v = c->w->solver;
  for (int step = 0; step < K; step++) {
    const double t = (double)step / K, next = (double)(step + 1) / K;
    for (int row = 0; row < c->count; row++) c->w->time[row] = t;
    c->span = 1 - t;
    field(c, c->w->time, x, v);
    for (size_t k = 0; k < (size_t)c->count * n; k++) {
      const double last = x[k] + (1 - t) * v[k];
      x[k] = step + 1 < K ? variant_clean(&s->variant, t, x[k], last) : last;
    }
    for (int row = 0; row < c->count && step + 1 < K; row++) {
      const uint64_t window = s->request->first_index + (uint64_t)(c->first + row);
      df_rng_normal(s->request->seed, DF_STREAM_RENEWED_NOISE, window << 10 | (uint64_t)step, n, c->w->noise);
      for (size_t k = 0; k < n; k++) {
        double* at = &x[(size_t)row * n + k];
        *at = variant_base_share(&s->variant, next) * s->variant.sigma * c->w->noise[k] + next * *at;
      }
    }
  }
}

/* all but the last of K steps of a diffusion */
static void diffuse(chunk* c, int K) {
  const sampling* s = c->s;
  const flow_variant* v = &s->variant;
  const size_t n = (size_t)s->flow->H * (size_t)s->flow->in;
  double *z1 = c->w->target, *fresh = c->w->noise;
  unsigned char* lost = c->w->failed;
  for (int step = 0; step + 1 < K; step++) {
    const double t = diffusion_time(v, K, step), next = diffusion_time(v, K, step + 1);
    for (int row = 0; row < c->count; row++) c->w->time[row] = t;
    predict(c, c->w->time, c->w->state);
    for (int row = 0; row < c->count; row++) {
      double* x_t = c->w->state + (size_t)row * n;
      decode(s->flow, c->w, row, start_of(c, row), z1, states_of(c, row), actions_of(c, row));
      for (size_t k = 0; v->prediction == FLOW_PREDICT_NOISE && k < n; k++) z1[k] = diffusion_end(v, t, x_t[k], z1[k]);
      if (s->projection && t >= s->projection->from)
        project(s, c->w, false, start_of(c, row), z1, states_of(c, row), actions_of(c, row));
      if (!all_finite(z1, n)) {
        lost[row] = 1;
        continue;
      }
      const uint64_t window = s->request->first_index + (uint64_t)(c->first + row);
      if (v->eta > 0) df_rng_normal(s->request->seed, DF_STREAM_DIFFUSION, window << 14 | (uint64_t)step, n, fresh);
      diffusion_step(v, t, next, n, z1, fresh, x_t);
    }
  }
}

/* samples the windows of one chunk */
static void sample_chunk(const sampling* s, int number) {
  df_flow* flow = s->flow;
  const df_request* r = s->request;
  const int K = r->sampler_steps;
  chunk c = chunk_of(s, number);
  const int first = c.first;
  flow_worker* w = c.w;
  const size_t n = (size_t)flow->H * (size_t)flow->in;
  memset(w->failed, 0, (size_t)flow->slice);

  /* base samples X^0 and conditions */
  describe(&c);
  for (int row = 0; row < c.count; row++) {
    double* start = w->state + (size_t)row * n;
    df_rng_normal(r->seed, DF_STREAM_SAMPLE_NOISE, r->first_index + (uint64_t)(first + row), n, start);
    for (size_t k = 0; k < n; k++) start[k] *= s->variant.sigma;
  }

  /* Steps of the solver to flow time 1 or, where the velocity is not defined there or Xhat^1 has to be a rollout, to
   * 1 - 1/K, from where the last step jumps to Xhat^1. For Euler both are the same if the path ends at X^1. */
  const bool same =
      s->variant.solver == FLOW_EULER && s->variant.few_step == FLOW_ANY_STEP && s->variant.sigma_min == 0;
  const bool arrives = s->variant.prediction == FLOW_PREDICT_VELOCITY && !same;
  c.span = 1.0 / K;
  const solver_problem p = {.solver = s->variant.solver,
                            .tolerance = s->variant.tolerance,
                            .count = c.count,
                            .n = n,
                            .field = field,
                            .context = &c};
  if (s->variant.kept) {
    diffuse(&c, K);
  } else if (s->variant.few_step == FLOW_CONSISTENCY) {
    follow_consistently(&c, K);
  } else {
    solver_run(&p, K, arrives ? K : K - 1, w->state, w->solver);
  }
  const double last = s->variant.kept ? diffusion_time(&s->variant, K, K - 1) : (double)(K - 1) / K;
  if (!arrives) {
    for (int row = 0; row < c.count; row++) w->time[row] = last;
    predict(&c, w->time, w->state);
  }
  for (int row = 0; row < c.count; row++) end_path(&c, row, arrives, last, w->state + (size_t)row * n);
}

/* DF_E_ARG for windows that cannot be sampled */
static df_status check_windows(const df_flow* flow, const char* function, int B, const double* x0,
                               const double* condition) {
  const double guidance = flow_config(flow)->flow_guidance;
  DF_REQUIRE(x0, "%s: x0 is NULL", function);
  DF_REQUIRE(B >= 1, "%s: B is %d, must be at least 1", function, B);
  DF_REQUIRE(flow->nc == 0 || condition, "%s: the task has conditions: condition is NULL", function);
  DF_REQUIRE(guidance == 1 || flow->known >= 0,
             "%s: flow.guidance = %g, but the flow was made without flow.condition_dropout", function, guidance);
  DF_REQUIRE(flow->span < 0 || (guidance == 1 && strcmp(flow_config(flow)->flow_solver, "euler") == 0),
             "%s: a flow of flow.few_step takes flow.solver: euler and flow.guidance: 1 only", function);
  return DF_OK;
}

static df_status run(df_flow* flow, const df_request* request, const df_flow_projection* projection, double* x,
                     double* u) {
  DF_REQUIRE_POINTER(flow);
  DF_REQUIRE_POINTER(request);
  DF_REQUIRE(request->x0, "df_flow_sample: request.x0 is NULL");
  DF_REQUIRE_POINTER(x);
  DF_TRY(check_windows(flow, "df_flow_sample", request->B, request->x0, request->condition));
  DF_REQUIRE(request->sampler_steps >= 1, "df_flow_sample: sampler_steps = %d: must be at least 1",
             request->sampler_steps);
  DF_REQUIRE(!flow->kept || request->sampler_steps <= flow_config(flow)->flow_diffusion_steps,
             "df_flow_sample: sampler_steps = %d: a diffusion of %d steps (flow.diffusion_steps) takes at most as many",
             request->sampler_steps, flow_config(flow)->flow_diffusion_steps);
  sampling s = {
      .flow = flow, .request = request, .projection = projection, .x = x, .u = u, .variant = flow_variant_of(flow)};
  const int chunks = (request->B + flow->slice - 1) / flow->slice;
#pragma omp parallel for schedule(dynamic, 1) num_threads(flow->env.threads)
  for (int i = 0; i < chunks; i++) sample_chunk(&s, i);
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
  DF_REQUIRE(flow_has_states(flow), "df_flow_sample_projected: the decoder must be STATES or STATES_ACTIONS");
  return run(flow, request, projection, x, u);
}

/* ---- the velocity field ---- */

/* a call of df_flow_velocity() */
typedef struct field_call {
  sampling s;
  const df_flow_points* points;
  double *velocity, *divergence; /* results; divergence NULL: not asked for */
  df_real* scratch;              /* [threads][n_scratch]: a gradient of the parameters, and one of the inputs */
  size_t n_scratch;
} field_call;

/* adds to trace [count], times `weight`, the trace of d(output)/d(input) of the last forward pass */
static void add_traces(const field_call* f, const chunk* c, double weight, double* trace) {
  const df_flow* flow = f->s.flow;
  const size_t n = (size_t)flow->H * (size_t)flow->in, all = (size_t)c->count * n;
  df_real* gradient = f->scratch + (size_t)omp_get_thread_num() * f->n_scratch;
  df_real* d_in = gradient + df_net_parameters(flow->net);
  for (size_t k = 0; k < n; k++) {
    for (size_t j = 0; j < all; j++) c->w->d_out[j] = j % n == k ? 1 : 0;
    df_net_backward(flow->net, c->w->net, flow->trainer->average, c->w->d_out, gradient, d_in);
    for (size_t row = 0; row < (size_t)c->count; row++) trace[row] += weight * (double)d_in[row * n + k];
  }
}

static void divergence_of(const field_call* f, const chunk* c, double t, double* divergence) {
  const df_flow* flow = f->s.flow;
  const flow_variant* v = &f->s.variant;
  const double n = (double)flow->H * flow->in;
  df_net_input input = {.B = c->count, .x = c->w->x_t, .c = c->w->cond, .t = c->w->t};
  for (int row = 0; row < c->count; row++) divergence[row] = 0;
  df_net_forward(flow->net, c->w->net, flow->trainer->average, &input, c->w->out);
  add_traces(f, c, v->guidance, divergence);
  if (v->guidance != 1) {
    input.c = c->w->null_cond;
    df_net_forward(flow->net, c->w->net, flow->trainer->average, &input, c->w->null_out);
    add_traces(f, c, 1 - v->guidance, divergence);
  }
  /* the velocity is linear in the output and in the point (variant_velocity) */
  for (int row = 0; row < c->count && v->prediction == FLOW_PREDICT_X1; row++)
    divergence[row] = (divergence[row] - (1 - v->sigma_min) * n) / variant_base_share(v, t);
}

static void velocity_chunk(const field_call* f, int number) {
  const df_flow* flow = f->s.flow;
  const size_t n = (size_t)flow->H * (size_t)flow->in;
  chunk c = chunk_of(&f->s, number);
  describe(&c);
  for (int row = 0; row < c.count; row++) c.w->time[row] = f->points->t;
  double* velocity = f->velocity + (size_t)c.first * n;
  field(&c, c.w->time, f->points->z + (size_t)c.first * n, velocity);
  if (f->divergence) divergence_of(f, &c, f->points->t, f->divergence + c.first);
}

df_status df_flow_velocity(df_flow* flow, const df_flow_points* points, double* velocity, double* divergence) {
  DF_REQUIRE_POINTER(flow);
  DF_REQUIRE_POINTER(points);
  DF_REQUIRE(points->z, "df_flow_velocity: points.z is NULL");
  DF_REQUIRE_POINTER(velocity);
  DF_TRY(check_windows(flow, "df_flow_velocity", points->B, points->x0, points->condition));
  DF_REQUIRE(!flow->kept, "df_flow_velocity: a diffusion (flow.path) goes in steps of noise and has no velocity");
  DF_REQUIRE(!divergence || !flow_simulates(flow), "df_flow_velocity: no divergence of a decoder that simulates");
  const df_request request = {.B = points->B, .x0 = points->x0, .condition = points->condition};
  field_call f = {.s = {.flow = flow, .request = &request, .variant = flow_variant_of(flow)},
                  .points = points,
                  .velocity = velocity,
                  .divergence = divergence};
  const bool ends = f.s.variant.prediction == FLOW_PREDICT_X1 && f.s.variant.sigma_min == 0;
  DF_REQUIRE(points->t >= 0 && points->t <= 1 && !(ends && points->t == 1),
             "df_flow_velocity: points.t is %g, must be in 0..1, and below 1 with flow.prediction: x1 and no "
             "flow.sigma_min",
             points->t);
  DF_REQUIRE(f.s.variant.few_step != FLOW_CONSISTENCY,
             "df_flow_velocity: a consistency model (flow.few_step) has no velocity but that to the end of its path");
  f.n_scratch = df_net_parameters(flow->net) + (size_t)flow->slice * (size_t)flow->H * (size_t)flow->in;
  if (divergence) f.scratch = df_alloc((size_t)flow->env.threads * f.n_scratch, sizeof *f.scratch);
  if (divergence && !f.scratch) return DF_E_NOMEM;
  const int chunks = (points->B + flow->slice - 1) / flow->slice;
#pragma omp parallel for schedule(dynamic, 1) num_threads(flow->env.threads)
  for (int i = 0; i < chunks; i++) velocity_chunk(&f, i);
  df_free(f.scratch);
  return DF_OK;
}

long df_flow_evaluations(const df_flow* flow) {
  long sum = 0;
  for (int i = 0; flow && i < flow->env.threads; i++) sum += flow->worker[i].evaluations;
  return sum;
}
