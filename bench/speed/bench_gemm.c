#include "bench_gemm.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cell.h"
#include "child.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/clock.h"
#include "dynaflow/nn/blas.h"
#include "fma_peak.h"
#include "json.h"
#include "list.h"
#include "machine.h"
#include "short_training.h"
#include "spread.h"
#include "terminal.h"
#include "text.h"

/* measured unless --blas-kernel names another one */
static const char* const usual_kernels[] = {"SkylakeX", "Cooperlake", "Haswell", "Zen", "bf16", "naive"};
enum { KERNELS = sizeof usual_kernels / sizeof *usual_kernels };

/* time for one shape: enough calls to fill it, at least one */
static const double SHAPE_SECONDS = 0.004;

/* ---- the shapes of a step ---- */

double shape_flops(const df_gemm_shape* s) {
  return 2.0 * (double)s->m * (double)s->n * (double)s->k;
}

static bool same_shape(const df_gemm_shape* a, const df_gemm_shape* b) {
  return a->op_a == b->op_a && a->op_b == b->op_b && a->m == b->m && a->n == b->n && a->k == b->k;
}

step_products* count_shape(step_products* list, int* n, const df_gemm_shape* shape) {
  for (int i = 0; i < *n; i++) {
    if (!same_shape(&list[i].shape, shape)) continue;
    list[i].count++;
    return list;
  }
  list = list_grow(list, *n, sizeof *list);
  list[(*n)++] = (step_products){.shape = *shape, .count = 1};
  return list;
}

typedef struct collection {
  char network[DF_NAME_MAX]; /* that is measured; "": the first one */
  step_products* list;
  int n;
  volatile sig_atomic_t stop;
} collection;

static void collect(void* context, const df_gemm_shape* shape) {
  collection* c = context;
  c->list = count_shape(c->list, &c->n, shape);
}

/* Ends a training after the second step of the network, and counts the products since the first: before it there are
 * those of other networks. */
static void on_step(void* context, const df_progress* at) {
  collection* c = context;
  if (!c->network[0]) snprintf(c->network, sizeof c->network, "%s", at->network);
  if (strcmp(at->network, c->network) == 0 && at->step == 2)
    c->stop = 1;
  else
    c->n = 0;
}

/* the work of a child: trains two steps on one thread and writes the shapes */
static df_status write_shapes(child* to, void* context) {
  static df_training_log logs[DF_LOGS_MAX];
  const speed_cfg* cfg = context;
  options opts = *cfg->opts;
  collection found = {.n = 0};
  cell c;
  int n = 0;
  opts.threads = 1;
  opts.blas_kernel = "auto";
  DF_TRY(open_blas(&opts));
  DF_TRY(cell_open(&c, cfg->task, cfg->method, opts.seeds[0], &opts));
  DF_TRY(cell_load(&c));
  shorten_training(&c.task->config, 2, 2);
  const df_method_env env = {.task = c.task,
                             .context = c.method->context,
                             .seed = c.seed,
                             .threads = 1,
                             .progress = on_step,
                             .progress_context = &found,
                             .stop = &found.stop};
  if (cfg->method->networks[0]) snprintf(found.network, sizeof found.network, "%s", cfg->method->networks[0]);
  DF_TRY(c.method->create(&env, &c.instance));
  df_gemm_observe(collect, &found);
  const df_status status = c.method->train(c.instance, logs, &n);
  df_gemm_observe(NULL, NULL);
  if (status != DF_OK && !found.stop) return status;
  return child_write(to, found.list, (size_t)found.n * sizeof *found.list);
}

/* ---- one back end ---- */

typedef struct back_end {
  const char* kernel;
  int n;
  const step_products* list;
} back_end;

/* seconds of CPU time of one product, NaN without memory */
static double time_product(const df_gemm_shape* s) {
  const size_t rows_a = s->op_a == DF_AS_IS ? s->m : s->k, rows_b = s->op_b == DF_AS_IS ? s->k : s->n;
  float* a = df_alloc(rows_a * s->lda, sizeof *a);
  float* b = df_alloc(rows_b * s->ldb, sizeof *b);
  float* c = df_alloc(s->m * s->ldc, sizeof *c);
  double seconds = NAN;
  if (a && b && c) {
    long calls = 0;
    for (size_t i = 0; i < rows_a * s->lda; i++) a[i] = (float)(i % 7) - 3;
    for (size_t i = 0; i < rows_b * s->ldb; i++) b[i] = (float)(i % 5) - 2;
    const double begin = df_clock_thread();
    do {
      df_gemm(s->op_a, s->op_b, s->m, s->n, s->k, 1, a, s->lda, b, s->ldb, 0, c, s->ldc);
      calls++;
      seconds = df_clock_thread() - begin;
    } while (seconds < SHAPE_SECONDS);
    seconds /= (double)calls;
  }
  df_free(a);
  df_free(b);
  df_free(c);
  return seconds;
}

/* the work of a child: writes the peak of the processor and the seconds of every shape */
static df_status write_times(child* to, void* context) {
  const back_end* e = context;
  df_blas_cfg cfg = df_blas_cfg_default();
  cfg.kernel = e->kernel;
  DF_TRY(df_blas_open(&cfg));
  const double peak = fma_peak(SHAPE_SECONDS);
  DF_TRY(child_write(to, &peak, sizeof peak));
  for (int i = 0; i < e->n; i++) {
    const double seconds = time_product(&e->list[i].shape);
    DF_TRY(child_write(to, &seconds, sizeof seconds));
  }
  return DF_OK;
}

/* ---- all back ends in turn ---- */

typedef struct gemm_times {
  int n, passes;
  const step_products* list;
  int n_kernels; /* at most KERNELS */
  const char* const* kernels;
  double* seconds[KERNELS]; /* [n+1][passes]: the peak, then every shape; NULL: the kernel set does not run */
  int done[KERNELS];        /* passes */
} gemm_times;

/* plain loops take as long as all kernel sets together and need no repetition */
static bool has_turn(const gemm_times* t, int k, int pass) {
  return strcmp(t->kernels[k], "naive") != 0 || pass == 0;
}

static df_status run_turn(const speed_cfg* cfg, gemm_times* t, int k, int pass) {
  back_end e = {.kernel = t->kernels[k], .n = t->n, .list = t->list};
  void* bytes;
  size_t n;
  const df_status status = child_run(write_times, &e, &bytes, &n);
  /* one that was asked for must run */
  if (status == DF_E_NOMEM || (status != DF_OK && t->kernels != usual_kernels)) return status;
  if (status != DF_OK) {
    if (!cfg->opts->quiet) print_line(stderr, "dynaflow: skipping %s: %s", t->kernels[k], df_error_message());
    df_free(t->seconds[k]);
    t->seconds[k] = NULL;
    return DF_OK;
  }
  const double* seconds = bytes;
  for (int i = 0; i <= t->n; i++) t->seconds[k][i * t->passes + pass] = seconds[i];
  t->done[k] = pass + 1;
  df_free(bytes);
  return DF_OK;
}

/* the rows of a back end */
static void add_rows(const speed_cfg* cfg, const gemm_times* t, int k, rows* out) {
  const int passes = t->done[k];
  const double peak = spread_of(passes, t->seconds[k]).median;
  double work = 0, time = 0, low = 0, high = 0;
  for (int i = 0; i <= t->n; i++) {
    /* a shape, or after the last one all products of a step */
    const bool all = i == t->n;
    const spread s = all ? (spread){.median = time, .low = low, .high = high}
                         : spread_of(passes, t->seconds[k] + (i + 1) * t->passes);
    const double count = all ? 1 : (double)t->list[i].count;
    const double flops = all ? work : shape_flops(&t->list[i].shape);
    text shape = {0};
    if (all) {
      text_add(&shape, "all of a step");
    } else {
      const df_gemm_shape* g = &t->list[i].shape;
      text_add(&shape, "%s%s %zu x %zu x %zu", g->op_a == DF_AS_IS ? "N" : "T", g->op_b == DF_AS_IS ? "N" : "T", g->m,
               g->n, g->k);
    }
    rows_add_object(out, json_pack("{s:o,s:s,s:s,s:s,s:I,s:o,s:o,s:o,s:o,s:o,s:i}", "task", json_text(cfg->task),
                                   "method", cfg->method->name, "kernel", t->kernels[k], "product", text_of(&shape),
                                   "per_step", (json_int_t)count, "mflop", json_number(1e-6 * flops), "gflop_per_s",
                                   json_number(1e-9 * flops / s.median), "low", json_number(1e-9 * flops / s.high),
                                   "high", json_number(1e-9 * flops / s.low), "of_peak",
                                   json_number(flops / s.median / peak), "passes", passes));
    text_clear(&shape);
    work += count * flops;
    time += count * s.median;
    low += count * s.low;
    high += count * s.high;
  }
}

static df_status measure(const speed_cfg* cfg, gemm_times* t, rows* out) {
  for (int k = 0; k < t->n_kernels; k++) {
    t->seconds[k] = df_alloc((size_t)(t->n + 1) * (size_t)t->passes, sizeof(double));
    if (!t->seconds[k]) return DF_E_NOMEM;
  }
  const machine_time begin = machine_time_now();
  for (int pass = 0; pass < t->passes; pass++) {
    for (int k = 0; k < t->n_kernels; k++) {
      if (t->seconds[k] && has_turn(t, k, pass)) DF_TRY(run_turn(cfg, t, k, pass));
    }
  }
  const machine_load load = machine_load_since(&begin);
  for (int k = 0; k < t->n_kernels; k++) {
    if (t->seconds[k] && t->done[k] > 0) add_rows(cfg, t, k, out);
  }
  warn_busy(cfg->opts, &load);
  return DF_OK;
}

df_status bench_gemm(const speed_cfg* cfg, rows* out) {
  void* shapes;
  size_t size;
  speed_cfg copy = *cfg;
  DF_TRY(child_run(write_shapes, &copy, &shapes, &size));
  const char* only = cfg->opts->blas_kernel;
  const bool all = !only || strcmp(only, "auto") == 0;
  gemm_times t = {.list = shapes,
                  .n = (int)(size / sizeof(step_products)),
                  .passes = cfg->passes,
                  .n_kernels = all ? KERNELS : 1,
                  .kernels = all ? usual_kernels : &only};
  const df_status status = measure(cfg, &t, out);
  for (int k = 0; k < KERNELS; k++) df_free(t.seconds[k]);
  df_free(shapes);
  return status;
}
