/* golden.h: golden tables, results/golden/<task>-<profile>.csv: accepted numbers, per seed, to which runs are held.
 *
 * The file starts with comment lines "# name: value": the reason for accepting the numbers, mujoco, task_version and
 * settings (SHA-256 of the shared settings), which a run must match; and commit, blas and cpu, for information only.
 * Tidy rows as in a report's results.csv follow: task,method,seed,profile,metric,k,value,unit,n,lo,hi,status. */
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
  double value; /* NaN if the field is empty */
} golden_row;

typedef struct golden_table {
  char* path;
  char mujoco[32], settings[DF_SHA256_TEXT];
  int task_version;
  int n;
  golden_row* rows; /* [n], owned */
} golden_table;

/* Reads a golden table. Errors: DF_E_MISSING; DF_E_FORMAT with file and line; DF_E_NOMEM. Call golden_clear() after
 * success; a failure leaves *out empty. */
DF_MUST_CHECK df_status golden_read(const char* path, golden_table* out);
void golden_clear(golden_table* g);

/* Finds the rows of one number, one per seed, in the order of the table. Returns their number; only the first
 * SEED_VALUES_MAX are returned. The rows belong to the table. */
int golden_find(const golden_table* g, const char* task, const char* profile, const char* method, const char* metric,
                int k, const golden_row* rows[SEED_VALUES_MAX]);

/* SHA-256 of the settings of a record that all methods of a comparison share (setting_is_shared()). */
DF_MUST_CHECK df_status golden_settings(const json_t* record, char sum[DF_SHA256_TEXT]);

/* The CPU seconds of training in a record, and their metric name in the table. For information only: time depends on
 * the machine, so no tolerance can be set for it. */
#define GOLDEN_SECONDS "train_cpu_s"

/* Writes the table of the done cells of a group to `path` and creates its folder. Errors: DF_E_MISSING if the first
 * method has no done cell, DF_E_CONFIG for a name that a table cannot hold, DF_E_IO, DF_E_NOMEM. */
DF_MUST_CHECK df_status golden_write(const run_view* r, const run_group* g, const char* reason, const char* path);

#endif
