#include "dynaflow/sim/rollout.h"

#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/limits.h"

/* ---- one trajectory ---- */

df_traj_end df_trajectory_run(const df_system* system, df_sim* sim, int H, const double* x0, const double* u,
                              double* x) {
  const size_t nx = (size_t)system->nx, nu = (size_t)system->nu;
  memcpy(x, x0, nx * sizeof *x);
  system->ops->reset(sim, x0);
  for (int t = 0; t < H; t++) {
    double* next = x + (size_t)(t + 1) * nx;
    const df_traj_end end = system->ops->step(sim, u + (size_t)t * nu, next);
    if (end == DF_TRAJ_COMPLETE) continue;

    /* no state after the failure is valid */
    for (size_t i = 0; i < (size_t)(H - t) * nx; i++) next[i] = NAN;
    return end;
  }
  return DF_TRAJ_COMPLETE;
}

/* y = dx + decay y: the total cotangent of a state */
static void join(size_t n, const double* dx, double decay, double* y) {
  for (size_t i = 0; i < n; i++) y[i] = dx[i] + decay * y[i];
}

df_traj_end df_trajectory_vjp(const df_system* system, df_sim* sim, int H, const double* dx, double decay, double* du,
                              double* dx0) {
  const size_t ndx = (size_t)system->ndx, nu = (size_t)system->nu;
  double y[DF_NDX_MAX];
  const double largest = df_largest_cotangent(dx, ((size_t)H + 1) * ndx);

  /* cotangent of the last state */
  memcpy(y, dx + (size_t)H * ndx, ndx * sizeof *y);
  df_traj_end end = df_within(y, ndx, largest) ? DF_TRAJ_COMPLETE : DF_TRAJ_DIVERGED;

  /* steps, last to first */
  for (int t = H - 1; t >= 0 && end == DF_TRAJ_COMPLETE; t--) {
    end = system->ops->step_vjp(sim, t, y, y, du + (size_t)t * nu);
    if (end == DF_TRAJ_COMPLETE && !df_within(du + (size_t)t * nu, nu, largest)) end = DF_TRAJ_DIVERGED;
    join(ndx, dx + (size_t)t * ndx, decay, y);
    if (end == DF_TRAJ_COMPLETE && !df_within(y, ndx, largest)) end = DF_TRAJ_DIVERGED;
  }

  /* no gradient after a failure */
  if (end != DF_TRAJ_COMPLETE) {
    memset(du, 0, (size_t)H * nu * sizeof *du);
    memset(y, 0, sizeof y);
  }
  if (dx0) memcpy(dx0, y, ndx * sizeof *dx0);
  return end;
}

/* ---- batches ---- */

/* the simulator and buffers of one thread */
typedef struct worker {
  df_sim* sim;
  double* x;         /* [tape_length+1][nx] */
  double* dx;        /* [tape_length+1][ndx] */
  int failed;        /* lowest index of a trajectory of this run that failed, or -1 */
  char message[512]; /* the error message of that trajectory */
} worker;

struct df_rollout {
  const df_system* system;
  int threads, tape_length;
  worker* workers; /* [threads] */
};

df_rollout_cfg df_rollout_cfg_default(void) {
  return (df_rollout_cfg){.threads = 1, .tape_length = 0};
}

void df_rollout_free(df_rollout* r) {
  if (!r) return;
  for (int i = 0; r->workers && i < r->threads; i++) {
    df_sim_free(r->system, r->workers[i].sim);
    df_free(r->workers[i].x);
    df_free(r->workers[i].dx);
  }
  df_free(r->workers);
  df_free(r);
}

static df_status build(df_rollout* r, size_t tape_bytes) {
  r->workers = df_alloc((size_t)r->threads, sizeof *r->workers);
  if (!r->workers) return DF_E_NOMEM;
  for (int i = 0; i < r->threads; i++) {
    worker* w = &r->workers[i];
    DF_TRY(df_sim_new(r->system, r->tape_length, &w->sim));
    if (r->tape_length == 0) continue;
    DF_TRY(df_sim_bound_tape(r->system, w->sim, tape_bytes));
    w->x = df_alloc((size_t)(r->tape_length + 1) * (size_t)r->system->nx, sizeof *w->x);
    w->dx = df_alloc((size_t)(r->tape_length + 1) * (size_t)r->system->ndx, sizeof *w->dx);
    if (!w->x || !w->dx) return DF_E_NOMEM;
  }
  return DF_OK;
}

df_status df_rollout_new(const df_system* system, const df_rollout_cfg* cfg, df_rollout** out) {
  DF_REQUIRE_OUT(out);
  DF_REQUIRE_POINTER(system);
  DF_REQUIRE_POINTER(cfg);
  if (cfg->threads < 1) return df_fail(DF_E_CONFIG, "threads is %d; it must be at least 1", cfg->threads);
  if (cfg->tape_length < 0) return df_fail(DF_E_CONFIG, "tape_length is %d; it must not be negative", cfg->tape_length);
  df_rollout* r = df_alloc(1, sizeof *r);
  if (!r) return DF_E_NOMEM;
  r->system = system;
  r->threads = cfg->threads;
  r->tape_length = cfg->tape_length;
  const df_status status = build(r, cfg->tape_bytes);
  if (status != DF_OK) {
    df_rollout_free(r);
    return status;
  }
  *out = r;
  return DF_OK;
}

df_effort df_rollout_effort(const df_rollout* r) {
  df_effort sum = {0};
  for (int i = 0; r->system->ops->add_effort && i < r->threads; i++) {
    r->system->ops->add_effort(r->workers[i].sim, &sum);
  }
  return sum;
}

/* Keeps the message of a worker's failure with the lowest index: error messages are per thread, and the calling thread
 * must report it. */
static void note_end(worker* w, int b, df_traj_end end) {
  if (end != DF_TRAJ_FAILED || (w->failed >= 0 && w->failed < b)) return;
  w->failed = b;
  snprintf(w->message, sizeof w->message, "%s", df_error_message());
}

static void clear_failures(df_rollout* r) {
  for (int i = 0; i < r->threads; i++) r->workers[i].failed = -1;
}

static df_status first_failure(const df_rollout* r) {
  const worker* first = NULL;
  for (int i = 0; i < r->threads; i++) {
    const worker* w = &r->workers[i];
    if (w->failed >= 0 && (!first || w->failed < first->failed)) first = w;
  }
  return first ? df_fail(DF_E_SIM, "trajectory %d: %s", first->failed, first->message) : DF_OK;
}

/* checks what both functions on a batch need; `caller` is the name of the function in messages */
static df_status check_batch(const char* caller, const df_rollout* r, const df_rollout_batch* batch) {
  DF_REQUIRE(r, "%s: rollout is NULL", caller);
  DF_REQUIRE(batch, "%s: batch is NULL", caller);
  DF_REQUIRE(batch->B >= 1 && batch->H >= 1, "%s: B is %d and H is %d; both must be at least 1", caller, batch->B,
             batch->H);
  DF_REQUIRE(batch->x0 && batch->u, "%s: batch.%s is NULL", caller, batch->x0 ? "u" : "x0");
  return DF_OK;
}

df_status df_rollout_run(df_rollout* r, const df_rollout_batch* batch) {
  DF_TRY(check_batch("df_rollout_run", r, batch));
  DF_REQUIRE(batch->x, "df_rollout_run: batch.x is NULL");
  const df_system* s = r->system;
  const size_t nx = (size_t)s->nx, nu = (size_t)s->nu, steps = (size_t)batch->H;
  clear_failures(r);
#pragma omp parallel for schedule(dynamic) num_threads(r->threads)
  for (int b = 0; b < batch->B; b++) {
    worker* w = &r->workers[omp_get_thread_num()];
    const size_t i = (size_t)b;
    const df_traj_end e = df_trajectory_run(s, w->sim, batch->H, batch->x0 + i * nx, batch->u + i * steps * nu,
                                            batch->x + i * (steps + 1) * nx);
    if (batch->end) batch->end[b] = (uint8_t)e;
    note_end(w, b, e);
  }
  return first_failure(r);
}

/* rollout b, its loss and its gradient */
static df_traj_end run_gradient(const df_system* s, worker* w, const df_rollout_batch* batch,
                                const df_rollout_loss* loss, int b) {
  const size_t nx = (size_t)s->nx, ndx = (size_t)s->ndx, steps = (size_t)batch->H, row = steps * (size_t)s->nu;
  const size_t i = (size_t)b;
  double* x = batch->x ? batch->x + i * (steps + 1) * nx : w->x;
  double* du = loss->du + i * row;
  const df_traj_end end = df_trajectory_run(s, w->sim, batch->H, batch->x0 + i * nx, batch->u + i * row, x);
  if (end != DF_TRAJ_COMPLETE) {
    loss->losses[b] = NAN;
    memset(du, 0, row * sizeof *du);
    return end;
  }
  memset(w->dx, 0, (steps + 1) * ndx * sizeof *w->dx);
  loss->losses[b] = loss->fn(loss->context, b, x, w->dx);
  return df_trajectory_vjp(s, w->sim, batch->H, w->dx, 1 - loss->damping, du, NULL);
}

df_status df_rollout_gradient(df_rollout* r, const df_rollout_batch* batch, const df_rollout_loss* loss) {
  DF_TRY(check_batch("df_rollout_gradient", r, batch));
  DF_REQUIRE_POINTER(loss);
  DF_REQUIRE(loss->fn && loss->losses && loss->du, "df_rollout_gradient: loss.%s is NULL",
             !loss->fn       ? "fn"
             : !loss->losses ? "losses"
                             : "du");
  DF_REQUIRE(loss->damping >= 0 && loss->damping <= 1, "df_rollout_gradient: loss.damping is %g, not in 0 .. 1",
             loss->damping);
  DF_REQUIRE(batch->H <= r->tape_length, "df_rollout_gradient: H is %d, but tape_length is %d", batch->H,
             r->tape_length);
  clear_failures(r);
#pragma omp parallel for schedule(dynamic) num_threads(r->threads)
  for (int b = 0; b < batch->B; b++) {
    worker* w = &r->workers[omp_get_thread_num()];
    const df_traj_end e = run_gradient(r->system, w, batch, loss, b);
    if (batch->end) batch->end[b] = (uint8_t)e;
    note_end(w, b, e);
  }
  return first_failure(r);
}

df_gradient_count df_rollout_gradient_count(const df_rollout* r) {
  df_gradient_count sum = {0};
  for (int i = 0; i < r->threads; i++) df_gradient_count_add(&sum, df_sim_gradient_count(r->system, r->workers[i].sim));
  return sum;
}

size_t df_rollout_tape_bytes(const df_rollout* r) {
  size_t sum = 0;
  for (int i = 0; i < r->threads; i++) sum += df_sim_tape_bytes(r->system, r->workers[i].sim);
  return sum;
}
