#define _GNU_SOURCE
#include "bench_sample.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cell.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/clock.h"
#include "dynaflow/stats/statistics.h"
#include "json.h"
#include "machine.h"
#include "spread.h"

latency latency_of(int n, double* values) {
  df_sort(n, values);
  const int at[] = {(50 * n + 99) / 100 - 1, (90 * n + 99) / 100 - 1, (99 * n + 99) / 100 - 1};
  return (latency){.p50 = values[at[0]], .p90 = values[at[1]], .p99 = values[at[2]], .most = values[n - 1]};
}

/* seconds since this process was started, to a hundredth; NaN if it cannot be known */
static double since_start(void) {
  char line[1024] = "";
  FILE* file = fopen("/proc/self/stat", "r");
  if (!file) return NAN;
  const bool got = fgets(line, sizeof line, file) != NULL;
  fclose(file);
  /* the 22nd field, the time of the start after boot in ticks; the second is a name in parentheses */
  const char* at = got ? strrchr(line, ')') : NULL;
  for (int field = 2; at && field < 22; field++) at = strchr(at + 1, ' ');
  double ticks;
  struct timespec now;
  if (!at || sscanf(at, "%lf", &ticks) != 1 || clock_gettime(CLOCK_BOOTTIME, &now) != 0) return NAN;
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec - ticks / (double)sysconf(_SC_CLK_TCK);
}

typedef struct sampling {
  const speed_cfg* cfg;
  cell c;
  double *x, *u;                                /* results of one sample */
  double *wall[DF_LIST_MAX], *cpu[DF_LIST_MAX]; /* [n of eval.sampler_steps][passes] */
  double loaded_s, first_s;
} sampling;

/* one sample of window i with K Euler steps */
static df_status one_sample(sampling* s, int i, int K) {
  const eval_set* set = s->c.set;
  const df_system* system = s->c.task->system;
  const size_t b = (size_t)(i % set->B);
  const df_request request = {.B = 1,
                              .x0 = set->x0 + b * (size_t)system->nx,
                              .condition = set->condition ? set->condition + b * (size_t)s->c.task->data->nc : NULL,
                              .demonstrated_actions = set->u ? set->u + b * (size_t)set->H * (size_t)system->nu : NULL,
                              .demonstrated_states = set->x + b * (size_t)(set->H + 1) * (size_t)system->nx,
                              .seed = s->c.seed,
                              .first_index = (uint64_t)i,
                              .sampler_steps = K};
  return s->c.method->sample(s->c.instance, &request, s->x, s->u);
}

static df_status open_method(sampling* s) {
  const speed_cfg* cfg = s->cfg;
  DF_TRY(open_blas(cfg->opts));
  DF_TRY(cell_open(&s->c, cfg->task, cfg->method, cfg->opts->seeds[0], cfg->opts));
  DF_TRY(cell_load(&s->c));
  s->loaded_s = since_start();
  DF_TRY(cell_create(&s->c));
  if (cfg->checkpoint && cfg->method->load) DF_TRY(cfg->method->load(s->c.instance, cfg->checkpoint));
  const size_t H = (size_t)s->c.set->H, nx = (size_t)s->c.task->system->nx, nu = (size_t)s->c.task->system->nu;
  s->x = df_alloc((H + 1) * nx, sizeof(double));
  s->u = df_alloc(H * nu, sizeof(double));
  if (!s->x || !s->u) return DF_E_NOMEM;
  for (int k = 0; k < s->c.config.eval_sampler_steps.n; k++) {
    s->wall[k] = df_alloc((size_t)cfg->passes, sizeof(double));
    s->cpu[k] = df_alloc((size_t)cfg->passes, sizeof(double));
    if (!s->wall[k] || !s->cpu[k]) return DF_E_NOMEM;
  }
  return DF_OK;
}

static df_status measure(sampling* s, rows* out) {
  DF_TRY(open_method(s));
  const df_list* steps = &s->c.config.eval_sampler_steps;
  const int passes = s->cfg->passes;
  DF_TRY(one_sample(s, 0, (int)steps->v[0]));
  s->first_s = since_start();

  /* the numbers of Euler steps take turns */
  const machine_time begin = machine_time_now();
  for (int i = 0; i < passes; i++) {
    for (int k = 0; k < steps->n; k++) {
      const double wall = df_clock_wall(), cpu = df_clock_thread();
      DF_TRY(one_sample(s, i, (int)steps->v[k]));
      s->wall[k][i] = df_clock_wall() - wall;
      s->cpu[k][i] = df_clock_thread() - cpu;
    }
  }
  const machine_load load = machine_load_since(&begin);

  for (int k = 0; k < steps->n; k++) {
    const latency wall = latency_of(passes, s->wall[k]), cpu = latency_of(passes, s->cpu[k]);
    rows_add_object(
        out, json_pack("{s:o,s:s,s:i,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:i}", "task", json_text(s->cfg->task), "method",
                       s->cfg->method->name, "k", (int)steps->v[k], "p50_ms", json_number(1e3 * wall.p50), "p90_ms",
                       json_number(1e3 * wall.p90), "p99_ms", json_number(1e3 * wall.p99), "largest_ms",
                       json_number(1e3 * wall.most), "cpu_p50_ms", json_number(1e3 * cpu.p50), "cpu_p99_ms",
                       json_number(1e3 * cpu.p99), "task_read_s", json_number(s->loaded_s), "first_sample_s",
                       json_number(s->first_s), "samples", passes));
  }
  warn_busy(s->cfg->opts, &load);
  return DF_OK;
}

df_status bench_sample(const speed_cfg* cfg, rows* out) {
  options opts = *cfg->opts;
  opts.threads = 1;
  speed_cfg one_thread = *cfg;
  one_thread.opts = &opts;
  sampling s = {.cfg = &one_thread};
  const df_status status = measure(&s, out);
  df_free(s.x);
  df_free(s.u);
  for (int k = 0; k < DF_LIST_MAX; k++) {
    df_free(s.wall[k]);
    df_free(s.cpu[k]);
  }
  cell_close(&s.c);
  return status;
}
