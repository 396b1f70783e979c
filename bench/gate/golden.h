/* golden.h: golden tables, results/golden/<task>-<profile>.csv: the accepted numbers that a run is held to, seed by
 * seed.
 *
 * Comment lines at the head, "# name: value", say why it was accepted and under what: reason, mujoco, task_version,
 * settings (SHA-256 of the shared settings), and for people commit, blas and cpu. Then tidy rows as in a report's
 * results.csv: task,method,seed,profile,metric,k,value,unit,n,lo,hi,status. */
#ifndef BENCH_GOLDEN_H
#define BENCH_GOLDEN_H

#include "dynaflow/config/config.h"
#include "dynaflow/core/hash.h"
#include "expect.h"
#include "run_view.h"

typedef struct golden_row {
  char task[DF_NAME_MAX], method[DF_NAME_MAX], profile[DF_NAME_MAX], metric[METRIC_NAME_MAX];
  int64_t seed;
  int k;
  double value; /* NaN where there was none */
} golden_row;

typedef struct golden_table {
  char* path;
  char mujoco[32], settings[DF_SHA256_TEXT];
  int task_version;
  int n;
  golden_row* rows;
} golden_table;

/* DF_E_MISSING; DF_E_FORMAT names file and line. On failure nothing is owned by the caller. */
DF_MUST_CHECK df_status golden_read(const char* path, golden_table* out);
void golden_clear(golden_table* g);

/* The seeds of one number, in the order of the table. Returns how many, at most SEED_VALUES_MAX. */
int golden_find(const golden_table* g, const char* task, const char* profile, const char* method, const char* metric,
                int k, const golden_row* rows[SEED_VALUES_MAX]);

/* SHA-256 over what every method of a comparison shares: the record's system, data, window, split, chart and eval
 * settings. */
DF_MUST_CHECK df_status golden_settings(const json_t* record, char sum[DF_SHA256_TEXT]);

/* CPU seconds of training, as a record has them. In the table under this name, for people: time depends on the machine
 * and no band can be set on it. */
#define GOLDEN_SECONDS "train_cpu_s"

/* Writes the table of a group of done cells. */
DF_MUST_CHECK df_status golden_write(const run_view* r, const run_group* g, const char* reason, const char* path);

#endif
