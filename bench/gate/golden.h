/* golden.h: golden tables, golden/<task>-<profile>.csv in the folder of a task: accepted numbers, per seed, to which
 * runs are held.
 *
 * The file starts with comment lines "# name: value": the reason for accepting the numbers, mujoco, task_version and
 * settings (SHA-256 of the shared settings), numbers (NUMBERS_VERSION, key.h; 1 if missing), model and compiled
 * (`files` and `compiled` of dynaflow/core/model_identity.h; tables of numbers 1 may lack them), which a run must
 * match; "setting NAME", each shared setting that is not at its default (older tables lack them), to name what differs;
 * and commit, blas and cpu, for information only. Tidy rows as in a report's results.csv follow:
 * task,method,seed,profile,metric,k,value,unit,n,lo,hi,status. */
#ifndef BENCH_GATE_GOLDEN_H
#define BENCH_GATE_GOLDEN_H

#include "dynaflow/config/config.h"
#include "dynaflow/core/hash.h"
#include "expect.h"
#include "run_view.h"

typedef struct golden_row {
  char task[DF_NAME_MAX], method[DF_NAME_MAX], profile[DF_NAME_MAX], metric[METRIC_NAME_MAX];
  int64_t seed;
  int k;
  double value; /* NaN if the field is empty */
  char unit[32];
  int line; /* in the file */
} golden_row;

typedef struct golden_table {
  char* path;
  char mujoco[32], settings[DF_SHA256_TEXT], model[DF_SHA256_TEXT], compiled[DF_SHA256_TEXT];
  char data[DF_SHA256_TEXT], windows[DF_SHA256_TEXT]; /* "": the table does not say */
  char held_out[DF_SHA256_TEXT];                      /* eval_data_sha256; "": its numbers are without eval.profile */
  char cpu[128];                                      /* cut */
  json_t* listed;                                     /* {setting: its text} as written; NULL: none; owned */
  int task_version, numbers;                          /* at least 1 */
  int n;
  golden_row* rows; /* [n], owned */
} golden_table;

/* Reads a golden table; lines may end with LF or CRLF, and a byte-order mark is skipped. Errors: DF_E_MISSING;
 * DF_E_FORMAT, with file and line, for anything else than a table, for an unknown metric and for a second row of a
 * task, method, seed, profile, metric and k; DF_E_NOMEM. Call golden_clear() after success; a failure leaves *out
 * empty. */
DF_MUST_CHECK df_status golden_read(const char* path, golden_table* out);
void golden_clear(golden_table* g);

/* The next row of one number after the row `last` (NULL: the first one), in the order of the table; NULL after the last
 * one. There is one row per seed. The rows belong to the table. */
const golden_row* golden_next(const golden_table* g, const golden_row* last, const char* task, const char* profile,
                              const char* method, const char* metric, int k);

/* SHA-256 of the settings of a record that all methods of a comparison share (setting_is_shared()), without those that
 * are void (setting_is_void()). */
DF_MUST_CHECK df_status golden_settings(const json_t* record, char sum[DF_SHA256_TEXT]);

/* The text of a value in a comment line of a table; for df_free(). */
char* golden_shown(const char* value);

/* Whether the table says that its numbers were made on the processor of the record. */
bool golden_same_cpu(const golden_table* g, const json_t* record);

/* The CPU seconds of training in a record, and their metric name in the table. For information only: time depends on
 * the machine, so no tolerance can be set for it. */
#define GOLDEN_SECONDS "train_cpu_s"

/* Writes the table of the done cells of a group to `folder`/`name`, nothing outside `folder`, and creates the folder.
 * Errors: those of df_file_write_below(); DF_E_MISSING if the first method has no done cell, DF_E_FORMAT if the records
 * have a name that a table cannot hold or what golden_read() refuses, DF_E_IO, DF_E_NOMEM. */
DF_MUST_CHECK df_status golden_write(const run_view* r, const run_group* g, const char* reason, const char* folder,
                                     const char* name);

#endif
