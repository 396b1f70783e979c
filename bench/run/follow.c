#include "follow.h"

#include <stdio.h>
#include <string.h>

#include "cell.h"
#include "exit_code.h"
#include "machine.h"
#include "methods.h"
#include "mpi_ranks.h"
#include "shared_training.h"
#include "stop.h"
#include "terminal.h"

static df_status open_cell(cell* c, const shared_training* of, const options* opts) {
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

static df_status train_with_rank_0(cell* c, const shared_training* of, const options* opts, df_ranks* ranks) {
  static df_training_log logs[DF_LOGS_MAX];
  int n = 0;
  DF_TRY(df_ranks_agree(ranks, open_cell(c, of, opts)));
  const df_method_env env = {
      .task = c->task, .seed = c->seed, .threads = opts->threads, .stop = &stop_flag, .ranks = ranks};
  DF_TRY(create_shared(c->method, &env, &c->instance));
  return train_shared(c->method, ranks, c->instance, logs, &n);
}

/* another rank than 0, until the command ends; rank 0 has the failure of a training, too, and reports it */
static df_status follow(const options* opts, df_ranks* ranks) {
  shared_training next = {.trains = 1};
  stop_in_order();
  while (true) {
    cell c = {0};
    DF_TRY(receive_training(ranks, &next));
    if (!next.trains) return DF_OK;
    (void)train_with_rank_0(&c, &next, opts, ranks);
    cell_close(&c);
  }
}

/* DF_E_CONFIG if a rank has another shard than rank 0 */
static df_status check_shard(df_ranks* ranks, shard mine) {
  shard of_0 = mine;
  if (!ranks) return DF_OK;
  DF_TRY(ranks->broadcast(ranks->context, &of_0, sizeof of_0));
  const bool same = mine.i == of_0.i && mine.n == of_0.n;
  return df_ranks_agree(ranks, same ? DF_OK
                                    : df_fail(DF_E_CONFIG,
                                              "--shard %d/%d, at rank 0 %d/%d: ranks work on one shard; start several "
                                              "with srun --mpi=none",
                                              mine.i, mine.n, of_0.i, of_0.n));
}

/* rank 0 */
static df_status lead_others(const options* opts, df_ranks* ranks, int (*lead)(void* arguments, df_ranks* ranks),
                             void* arguments, int* code) {
  if (ranks && !opts->quiet) print_line(stderr, "dynaflow: %d ranks train together", ranks->size);
  *code = lead(arguments, ranks);
  return share_end(ranks);
}

int run_shared(const options* opts, shard part, int (*lead)(void* arguments, df_ranks* ranks), void* arguments) {
  df_ranks* ranks;
  int code = EXIT_DONE;
  df_status status = mpi_ranks_open(&ranks);
  if (status == DF_OK) status = check_shard(ranks, part);
  if (status == DF_OK)
    status = ranks && ranks->rank > 0 ? follow(opts, ranks) : lead_others(opts, ranks, lead, arguments, &code);
  mpi_ranks_close();
  return status == DF_OK ? code : report_failure(status);
}
