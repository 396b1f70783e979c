/* shared_training.h: a training that ranks (dynaflow/flow/ranks.h) share: what rank 0 tells the others of it, and how
 * they end it together. `ranks` is NULL for a process alone. */
#ifndef BENCH_RUN_SHARED_TRAINING_H
#define BENCH_RUN_SHARED_TRAINING_H

#include <stdint.h>

#include "dynaflow/core/hash.h"
#include "dynaflow/flow/method.h"

enum { SHARED_TASK_MAX = 4096 }; /* bytes of the longest path */

/* the cell that is trained next */
typedef struct shared_training {
  int trains; /* 0: none, the command ends */
  uint64_t seed;
  char task[SHARED_TASK_MAX]; /* as given */
  char method[DF_NAME_MAX], key[DF_SHA256_TEXT];
} shared_training;

/* At rank 0: tells the others to open a cell, and returns the first failure of one. */
DF_MUST_CHECK df_status share_training(df_ranks* ranks, const char* task, const char* method, uint64_t seed,
                                       const char* key);

/* At rank 0: the command ends. */
DF_MUST_CHECK df_status share_end(df_ranks* ranks);

/* At the others: waits for what rank 0 tells. They then open the cell and call df_ranks_agree(). */
DF_MUST_CHECK df_status receive_training(df_ranks* ranks, shared_training* out);

/* Makes the instance of a method and trains it with env->ranks, at every rank; a failure at one is the result at all.
 * Arguments as those of df_method. */
DF_MUST_CHECK df_status create_shared(const df_method* method, const df_method_env* env, void** self);
DF_MUST_CHECK df_status train_shared(const df_method* method, df_ranks* ranks, void* self, df_training_log* logs,
                                     int* n_logs);

#endif
