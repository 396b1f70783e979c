/* excerpt.h: parts of the episodes of a dataset, to replay instead of all. */
#ifndef BENCH_REPLAY_EXCERPT_H
#define BENCH_REPLAY_EXCERPT_H

#include "dynaflow/data/dataset.h"

/* `length` actions of an episode from frame `start` on, and the states around them */
typedef struct excerpt_part {
  int episode, start, length;
} excerpt_part;

/* Makes a dataset of n parts of `data`, with its states and actions, what is derived of them and how they were stored,
 * but without conditions. The caller frees it with df_dataset_free(). Errors: those of df_dataset_new(). */
DF_MUST_CHECK df_status excerpt_new(const df_dataset* data, int n, const excerpt_part* parts, df_dataset** out);

#endif
