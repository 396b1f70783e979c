#include "shared_training.h"

#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "exit_code.h"
#include "machine.h"
#include "methods.h"
#include "mpi_ranks.h"
#include "stop.h"
#include "terminal.h"

/* the cell that rank 0 trains next */
typedef struct shared_cell {
  bool trains; /* false: there is none, and the command ends */
  uint64_t seed;
  char task[PATH_MAX], method[DF_NAME_MAX], key[DF_SHA256_TEXT];
} shared_cell;

df_status share_cell(const cell* c) {
  shared_cell next = {.trains = true, .seed = c->seed};
  if (!c->ranks) return DF_OK;
  snprintf(next.task, sizeof next.task, "%s", c->argument);
  snprintf(next.method, sizeof next.method, "%s", c->method->name);
  snprintf(next.key, sizeof next.key, "%s", c->key);
  c->ranks->ended = false;
  DF_TRY(c->ranks->broadcast(c->ranks->context, &next, sizeof next));
  return df_ranks_agree(c->ranks, DF_OK);
}

df_status create_shared(const df_method* method, const df_method_env* env, void** self) {
  return df_ranks_agree(env->ranks, method->create(env, self));
}

df_status train_shared(const df_method* method, df_ranks* ranks, void* self, df_training_log* logs, int* n_logs) {
  const df_status status = method->train(self, logs, n_logs);
  return ranks && ranks->ended ? status : df_ranks_agree(ranks, status);
}

/* ---- the other ranks ---- */

static df_status open_cell(cell* c, const shared_cell* of, const options* opts) {
  const df_method* method = df_method_by_name(of->method);
  if (!method) return df_fail(DF_E_CONFIG, "unknown method '%s'", of->method);
  DF_TRY(open_blas(opts));
  DF_TRY(cell_open(c, of->task, method, of->seed, opts));
  if (strcmp(c->key, of->key) != 0) {
    return df_fail(DF_E_MISMATCH,
                   "%s has the key %.16s, at rank 0 %.16s: give all ranks the same command, model, data and "
                   "--blas-kernel",
                   c->name, c->key, of->key);
  }
  return cell_load(c);
}

static df_status train_with_rank_0(cell* c, const shared_cell* of, const options* opts, df_ranks* ranks) {
  static df_training_log logs[DF_LOGS_MAX];
  int n = 0;
  ranks->ended = false;
  DF_TRY(df_ranks_agree(ranks, open_cell(c, of, opts)));
  const df_method_env env = {
      .task = c->task, .seed = c->seed, .threads = opts->threads, .stop = &stop_flag, .ranks = ranks};
  DF_TRY(create_shared(c->method, &env, &c->instance));
  return train_shared(c->method, ranks, c->instance, logs, &n);
}

static int follow(const options* opts, df_ranks* ranks) {
  stop_in_order();
  while (true) {
    shared_cell next;
    cell c = {0};
    df_status status = ranks->broadcast(ranks->context, &next, sizeof next);
    if (status != DF_OK || !next.trains) return exit_code_of(status);
    /* rank 0 has the failure, too, and reports it */
    status = train_with_rank_0(&c, &next, opts, ranks);
    cell_close(&c);
  }
}

int run_shared(const options* opts, int (*lead)(void* arguments, df_ranks* ranks), void* arguments) {
  df_ranks* ranks;
  shared_cell none = {.trains = false};
  df_status status = mpi_ranks_open(&ranks);
  int code = EXIT_DONE;
  if (status == DF_OK && ranks && ranks->rank > 0) {
    code = follow(opts, ranks);
  } else if (status == DF_OK) {
    if (ranks && !opts->quiet) print_line(stderr, "dynaflow: %d ranks train together", ranks->size);
    code = lead(arguments, ranks);
    if (ranks) status = ranks->broadcast(ranks->context, &none, sizeof none);
  }
  mpi_ranks_close();
  return status == DF_OK ? code : report_failure(status);
}
