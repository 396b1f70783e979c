#include "bench_train.h"

#include <math.h>
#include <omp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "cell.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/clock.h"
#include "dynaflow/core/parts.h"
#include "dynaflow/nn/gemm.h"
#include "dynaflow/sim/rollout.h"
#include "fma_peak.h"
#include "json.h"
#include "machine.h"
#include "short_training.h"
#include "spread.h"

enum { WARM_UP = 2 }; /* steps that are not measured: caches, and the first batch has no start-state perturbation */
static const double PEAK_SECONDS = 0.006;

/* the rollouts of one step, and simulators without tape that run them again */
typedef struct bare_rollouts {
  const df_system* system;
  size_t capacity; /* samples of a step */
  int H, threads;
  atomic_size_t n; /* rollouts that were kept */
  double *x0, *u;  /* [capacity][nx], [capacity][H][nu] */
  double* x;       /* [threads][H+1][nx] */
  df_sim** sim;    /* [threads] */
} bare_rollouts;

typedef struct measurement {
  const speed_cfg* cfg;
  bare_rollouts bare;
  char network[DF_NAME_MAX]; /* that is measured; "": the first one */
  int n;                     /* measured steps */
  double* values[STEP_QUANTITIES];
  double cpu, wall; /* at the begin of the current step */
  volatile sig_atomic_t stop;
} measurement;

static atomic_ullong flops;

static void count_product(void* context, const df_gemm_shape* s) {
  (void)context;
  atomic_fetch_add_explicit(&flops, 2ULL * s->m * s->n * s->k, memory_order_relaxed);
}

/* ---- the same rollouts without tape ---- */

static void bare_clear(bare_rollouts* b) {
  for (int i = 0; b->sim && i < b->threads; i++) df_sim_free(b->system, b->sim[i]);
  df_free(b->sim);
  df_free(b->x0);
  df_free(b->u);
  df_free(b->x);
}

static df_status bare_open(const df_task* task, int threads, bare_rollouts* b) {
  const df_system* s = task->system;
  const size_t nx = (size_t)s->nx, H = (size_t)task->windows->horizon;
  const size_t samples = (size_t)task->config.train_batch * (size_t)task->config.train_accumulate;
  b->system = s;
  b->capacity = samples;
  b->H = (int)H;
  b->threads = threads;
  b->x0 = df_alloc(samples * nx, sizeof(double));
  b->u = df_alloc(samples * H * (size_t)s->nu, sizeof(double));
  b->x = df_alloc((size_t)threads * (H + 1) * nx, sizeof(double));
  b->sim = df_alloc((size_t)threads, sizeof *b->sim);
  if (!b->x0 || !b->u || !b->x || !b->sim) return DF_E_NOMEM;
  for (int i = 0; i < threads; i++) DF_TRY(df_sim_new(s, 0, &b->sim[i]));
  return DF_OK;
}

/* df_method_env.simulated: keeps the rollout of a sample */
static void keep(void* context, int sample, const double* x0, const double* u) {
  bare_rollouts* b = &((measurement*)context)->bare;
  const size_t nx = (size_t)b->system->nx, actions = (size_t)b->H * (size_t)b->system->nu;
  const size_t i = atomic_fetch_add(&b->n, 1);
  (void)sample;
  if (i >= b->capacity) return;
  memcpy(b->x0 + i * nx, x0, nx * sizeof *x0);
  memcpy(b->u + i * actions, u, actions * sizeof *u);
}

/* simulates what keep() has kept since the last call; returns CPU seconds, NaN if there is nothing */
static double run_bare(bare_rollouts* b) {
  const size_t nx = (size_t)b->system->nx, actions = (size_t)b->H * (size_t)b->system->nu;
  const size_t kept = atomic_load(&b->n), n = kept < b->capacity ? kept : b->capacity;
  df_parts_start();
#pragma omp parallel for schedule(dynamic, 1) num_threads(b->threads)
  for (size_t at = 0; at < n; at++) {
    const size_t thread = (size_t)omp_get_thread_num();
    const df_part before = df_part_enter(DF_PART_SIMULATION);
    (void)df_trajectory_run(b->system, b->sim[thread], b->H, b->x0 + at * nx, b->u + at * actions,
                            b->x + thread * (size_t)(b->H + 1) * nx);
    df_part_enter(before);
  }
  const double seconds = df_parts_read().seconds[DF_PART_SIMULATION];
  df_parts_stop();
  atomic_store(&b->n, 0);
  return n > 0 ? seconds : NAN;
}

/* ---- a step ---- */

void step_quantities(const step_times* t, double* out) {
  const double network = t->forward + t->backward;
  out[STEP_SIMULATION] = t->bare;
  out[STEP_TAPE] = t->simulated - t->bare;
  out[STEP_ADJOINT] = isnan(t->bare) ? NAN : t->adjoint;
  out[STEP_FORWARD] = t->forward;
  out[STEP_BACKWARD] = t->backward;
  out[STEP_OPTIMIZER] = t->optimizer;
  out[STEP_DATA] = t->data;
  out[STEP_WAITING] = t->cpu - t->simulated - t->adjoint - network - t->optimizer - t->data;
  out[STEP_CPU] = t->cpu;
  out[STEP_WALL] = t->wall;
  out[STEP_RATIO] = t->cpu / t->bare;
  out[STEP_WORK] = t->flops;
  out[STEP_RATE] = t->flops / network;
  out[STEP_PEAK] = t->peak;
  out[STEP_PEAK_SHARE] = t->flops / network / t->peak;
}

static void begin_step(measurement* m) {
  atomic_store(&flops, 0);
  m->wall = df_clock_wall();
  m->cpu = df_clock_cpu();
  df_parts_start();
}

/* reads the clocks of the step that ends, then runs its rollouts again and measures the peak */
static step_times end_step(measurement* m) {
  step_times t = {.cpu = df_clock_cpu() - m->cpu, .wall = df_clock_wall() - m->wall};
  const df_parts parts = df_parts_read();
  df_parts_stop();
  t.simulated = parts.seconds[DF_PART_SIMULATION];
  t.adjoint = parts.seconds[DF_PART_ADJOINT];
  t.forward = parts.seconds[DF_PART_FORWARD];
  t.backward = parts.seconds[DF_PART_BACKWARD];
  t.optimizer = parts.seconds[DF_PART_OPTIMIZER];
  t.data = parts.seconds[DF_PART_DATA];
  t.flops = (double)atomic_load(&flops);
  t.bare = run_bare(&m->bare);
  t.peak = fma_peak(PEAK_SECONDS);
  return t;
}

static void on_step(void* context, const df_progress* at) {
  measurement* m = context;
  if (!m->network[0]) snprintf(m->network, sizeof m->network, "%s", at->network);
  if (stop_flag) m->stop = 1;
  if (strcmp(at->network, m->network) != 0) return;
  const step_times t = end_step(m);
  if (at->step > WARM_UP && m->n < m->cfg->passes) {
    double values[STEP_QUANTITIES];
    step_quantities(&t, values);
    for (int q = 0; q < STEP_QUANTITIES; q++) m->values[q][m->n] = values[q];
    m->n++;
  }
  if (m->n == m->cfg->passes) m->stop = 1;
  begin_step(m);
}

static df_status train(cell* c, measurement* m) {
  static _Thread_local df_training_log logs[DF_LOGS_MAX];
  int n = 0;
  const df_method_env env = {.task = c->task,
                             .context = c->method->context,
                             .seed = c->seed,
                             .threads = c->opts->threads,
                             .progress = on_step,
                             .progress_context = m,
                             .stop = &m->stop,
                             .simulated = keep,
                             .simulated_context = m};
  DF_TRY(c->method->create(&env, &c->instance));
  df_gemm_observe(count_product, NULL);
  begin_step(m);
  const df_status status = c->method->train(c->instance, logs, &n);
  df_parts_stop();
  df_gemm_observe(NULL, NULL);
  if (stop_flag) return df_fail(DF_E_INTERRUPTED, "interrupted");
  return m->stop ? DF_OK : status;
}

/* ---- rows ---- */

void bench_train_rows(const speed_cfg* cfg, int n, double* const* values, rows* out) {
  static const struct {
    const char *text, *unit;
    double factor;
  } quantities[] = {
#define STEP_ROW(name, text, unit, factor) {text, unit, factor},
      STEP_LIST(STEP_ROW)
#undef STEP_ROW
  };
  const spread step = spread_of(n, values[STEP_CPU]);
  for (int q = 0; q < STEP_QUANTITIES; q++) {
    const spread s = spread_of(n, values[q]);
    if (isnan(s.median)) continue;
    const double factor = quantities[q].factor;
    rows_add_object(
        out, json_pack("{s:o,s:s,s:s,s:o,s:s,s:o,s:o,s:o,s:i,s:i}", "task", json_text(cfg->task), "method",
                       cfg->method->name, "quantity", quantities[q].text, "value", json_number(factor * s.median),
                       "unit", quantities[q].unit, "share", json_number(q <= STEP_CPU ? s.median / step.median : NAN),
                       "low", json_number(factor * s.low), "high", json_number(factor * s.high), "outliers", s.outliers,
                       "steps", n));
  }
}

static df_status measure(const speed_cfg* cfg, cell* c, measurement* m, rows* out) {
  DF_TRY(open_blas(cfg->opts));
  DF_TRY(cell_open(c, cfg->task, cfg->method, cfg->opts->seeds[0], cfg->opts));
  DF_TRY(cell_load(c));
  DF_TRY(bare_open(c->task, cfg->opts->threads, &m->bare));
  for (int q = 0; q < STEP_QUANTITIES; q++) {
    if (!(m->values[q] = df_alloc((size_t)cfg->passes, sizeof(double)))) return DF_E_NOMEM;
  }

  /* one step more than is measured, so that the measurement ends the training, and not its number of steps */
  shorten_training(&c->task->config, WARM_UP + cfg->passes + 1, WARM_UP + cfg->passes + 1);
  if (cfg->method->networks[0]) snprintf(m->network, sizeof m->network, "%s", cfg->method->networks[0]);
  const machine_time begin = machine_time_now();
  DF_TRY(train(c, m));
  const machine_load load = machine_load_since(&begin);
  bench_train_rows(cfg, m->n, m->values, out);
  warn_busy(cfg->opts, &load);
  const spread step = spread_of(m->n, m->values[STEP_CPU]);
  warn_outliers(cfg->opts, "step", &step);
  return DF_OK;
}

df_status bench_train(const speed_cfg* cfg, rows* out) {
  measurement m = {.cfg = cfg};
  cell c = {0};
  const df_status status = measure(cfg, &c, &m, out);
  bare_clear(&m.bare);
  for (int q = 0; q < STEP_QUANTITIES; q++) df_free(m.values[q]);
  cell_close(&c);
  return status;
}
