#define _GNU_SOURCE
#include "bench_scaling.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cell.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/clock.h"
#include "dynaflow/core/file.h"
#include "files.h"
#include "json.h"
#include "machine.h"
#include "short_training.h"
#include "spread.h"
#include "text.h"

/* steps of one training: the first one warms up */
enum { STEPS = 6 };

/* the clocks after the first and after the last step of a network */
typedef struct stopwatch {
  char network[DF_NAME_MAX]; /* that is measured; "": the first one */
  double wall, cpu;
  double wall_per_step, cpu_per_step;
} stopwatch;

static void on_step(void* context, const df_progress* at) {
  stopwatch* w = context;
  if (!w->network[0]) snprintf(w->network, sizeof w->network, "%s", at->network);
  if (strcmp(w->network, at->network) != 0) return;
  if (at->step == 1) {
    w->wall = df_clock_wall();
    w->cpu = df_clock_cpu();
  }
  if (at->step == at->steps) {
    w->wall_per_step = (df_clock_wall() - w->wall) / (double)(at->steps - 1);
    w->cpu_per_step = (df_clock_cpu() - w->cpu) / (double)(at->steps - 1);
  }
}

/* the hashes of all files of the checkpoint of an instance, by way of a folder that is removed */
static df_status checkpoint_hashes(const cell* c, json_t** hashes) {
  static const char name[] = "checkpoint";
  const char* temporary = getenv("TMPDIR");
  char* folder = format_text("%s/dynaflow-scaling-XXXXXX", temporary && temporary[0] ? temporary : "/tmp");
  df_status status = mkdtemp(folder) ? DF_OK : df_fail(DF_E_IO, "%s: %s", folder, strerror(errno));
  if (status != DF_OK) {
    df_free(folder);
    return status;
  }
  char* path = df_path_join(folder, name);
  status = path ? c->method->save(c->instance, path) : DF_E_NOMEM;
  if (status == DF_OK) status = files_hashed(folder, name, hashes);
  const df_status removed = files_remove(folder, name);
  if (removed == DF_OK) rmdir(folder);
  df_free(path);
  df_free(folder);
  return status == DF_OK ? removed : status;
}

static df_status train(cell* c, int threads, stopwatch* w, json_t** hashes) {
  static df_training_log logs[DF_LOGS_MAX];
  int n = 0;
  const df_method_env env = {.task = c->task,
                             .context = c->method->context,
                             .seed = c->seed,
                             .threads = threads,
                             .progress = on_step,
                             .progress_context = w,
                             .stop = &stop_flag};
  *w = (stopwatch){.wall = NAN, .wall_per_step = NAN, .cpu_per_step = NAN};
  if (c->method->networks[0]) snprintf(w->network, sizeof w->network, "%s", c->method->networks[0]);
  DF_TRY(c->method->create(&env, &c->instance));
  df_status status = c->method->train(c->instance, logs, &n);
  if (status == DF_OK) status = checkpoint_hashes(c, hashes);
  c->method->destroy(c->instance);
  c->instance = NULL;
  return status;
}

df_status bench_scaling_rows(const speed_cfg* cfg, const scaling_times* t, rows* out) {
  double* scratch = df_alloc((size_t)t->passes, sizeof *scratch);
  if (!scratch) return DF_E_NOMEM;
  for (int i = 0; i < t->threads; i++) {
    const size_t at = (size_t)i * (size_t)t->passes, bytes = (size_t)t->passes * sizeof *scratch;
    paired_ratios(t->passes, t->wall, t->wall + at, scratch);
    const spread speedup = spread_of(t->passes, scratch);
    memcpy(scratch, t->wall + at, bytes);
    const spread wall = spread_of(t->passes, scratch);
    memcpy(scratch, t->cpu + at, bytes);
    const spread cpu = spread_of(t->passes, scratch);
    rows_add_object(
        out, json_pack("{s:o,s:s,s:i,s:o,s:o,s:o,s:o,s:o,s:o,s:b,s:i}", "task", json_text(cfg->task), "method",
                       cfg->method->name, "threads", i + 1, "step_ms", json_number(1e3 * wall.median), "cpu_ms",
                       json_number(1e3 * cpu.median), "speedup", json_number(speedup.median), "low",
                       json_number(speedup.low), "high", json_number(speedup.high), "efficiency",
                       json_number(speedup.median / (i + 1)), "same_bytes", (int)t->same[i], "passes", t->passes));
  }
  df_free(scratch);
  return DF_OK;
}

static df_status measure(const speed_cfg* cfg, cell* c, scaling_times* t, rows* out) {
  DF_TRY(open_blas(cfg->opts));
  DF_TRY(cell_open(c, cfg->task, cfg->method, cfg->opts->seeds[0], cfg->opts));
  DF_TRY(cell_load(c));
  shorten_training(&c->task->config, STEPS, STEPS);
  const size_t n = (size_t)t->threads * (size_t)t->passes;
  t->wall = df_alloc(n, sizeof *t->wall);
  t->cpu = df_alloc(n, sizeof *t->cpu);
  t->same = df_alloc((size_t)t->threads, sizeof *t->same);
  if (!t->wall || !t->cpu || !t->same) return DF_E_NOMEM;

  /* the numbers of threads take turns */
  const machine_time begin = machine_time_now();
  int wrong = -1;
  for (int pass = 0; pass < t->passes; pass++) {
    for (int i = 0; i < t->threads; i++) {
      stopwatch w;
      json_t* hashes = NULL;
      DF_TRY(train(c, i + 1, &w, &hashes));
      if (!t->first) t->first = json_incref(hashes);
      const bool same = json_equal(hashes, t->first);
      json_decref(hashes);
      t->same[i] = same && (pass == 0 || t->same[i]);
      if (!same) wrong = i;
      t->wall[i * t->passes + pass] = w.wall_per_step;
      t->cpu[i * t->passes + pass] = w.cpu_per_step;
    }
  }
  const machine_load load = machine_load_since(&begin);
  DF_TRY(bench_scaling_rows(cfg, t, out));
  warn_busy(cfg->opts, &load);
  if (wrong < 0) return DF_OK;
  return df_fail(DF_E_MISMATCH, "the checkpoint of %d steps on %d threads differs from that on one thread", STEPS,
                 wrong + 1);
}

df_status bench_scaling(const speed_cfg* cfg, rows* out) {
  scaling_times t = {.threads = cfg->opts->threads, .passes = cfg->passes};
  cell c = {0};
  const df_status status = measure(cfg, &c, &t, out);
  df_free(t.wall);
  df_free(t.cpu);
  df_free(t.same);
  json_decref(t.first);
  cell_close(&c);
  return status;
}
