/* ranks.h: several processes, the ranks, that train networks together.
 *
 * Every rank makes the same instance of a method and trains it with df_method_env.ranks. Rank 0 is the trainer: it
 * reads and writes the training state, updates and validates the weights, fills the log and reports progress. In every
 * step it sends the weights to the others; each rank computes the micro-batches that it owns (train.slices, in runs of
 * successive ones), and the gradients are summed over the ranks by the tree of df_slices_sum(). Weights, averages,
 * losses and counts have the same bytes for any number of ranks, and a training may be resumed with another number. At
 * the end every rank has the averaged weights.
 *
 * The caller supplies how bytes travel, e.g. by MPI. All ranks must run builds of one version of the library on
 * machines with the same order of bytes. */
#ifndef DYNAFLOW_FLOW_RANKS_H
#define DYNAFLOW_FLOW_RANKS_H

#include <stdbool.h>
#include <stddef.h>

#include "dynaflow/core/status.h"

DF_BEGIN_DECLS

/* The functions are called by the thread that trains. They return when `data` may be used again; an error, with its
 * message set, ends the training. */
typedef struct df_ranks {
  int rank, size; /* this process, 0 .. size-1, and their number; with one rank no function is called */
  void* context;  /* given to the functions; not owned */
  /* send to and receive from another rank; bytes between two ranks arrive complete and in their order */
  df_status (*send)(void* context, int to, const void* data, size_t bytes);
  df_status (*receive)(void* context, int from, void* data, size_t bytes);
  /* called by every rank: what rank 0 has in `data` is written to `data` of all others */
  df_status (*broadcast)(void* context, void* data, size_t bytes);
  /* set by a df_ranks_agree() that fails: the work in common is over for every rank. The caller clears it before the
   * next work. */
  bool ended;
} df_ranks;

/* To be called by every rank: returns DF_OK if all of them give DF_OK. Otherwise every rank gets the status and message
 * of the lowest rank that failed ("rank 2: " comes before the message of another rank than 0), and ranks->ended is set;
 * a rank whose own status is not DF_OK gives the message of its last failure. NULL, or one rank: returns `status`.
 *
 * Training calls it in every step. A rank that fails outside df_flow_train() and df_inverse_train(), while others may
 * be inside, must call it, unless ranks->ended is set: the others then end with its error instead of waiting for it.
 * Errors: also those of the functions of `ranks`. */
DF_API DF_MUST_CHECK df_status df_ranks_agree(df_ranks* ranks, df_status status);

DF_END_DECLS

#endif
