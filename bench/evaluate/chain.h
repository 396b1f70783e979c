/* chain.h: long motions from successive windows.
 *
 * PURE open loop: each window is planned from the last state that the method itself generated, and all actions are
 * executed without ever telling the method what happened. REPLANNED: each window is planned from the last state that
 * was executed. For methods whose generated states are the simulator's own the two are the same. */
#ifndef BENCH_CHAIN_H
#define BENCH_CHAIN_H

#include "job.h"

typedef enum chain_kind { CHAIN_PURE, CHAIN_REPLANNED } chain_kind;

typedef struct chains {
  int n;                    /* chains, started at the first n windows of the set */
  int frames;               /* actions a chain */
  double* x;                /* [n][frames+1][nx]: executed states; NaN after a divergence */
  bool planned_is_executed; /* every generated state was, to the bit, the executed one */
} chains;

/* `k` is the number of sampler steps. Every window is executed from a cleared solver warm start, as it was planned. */
DF_MUST_CHECK df_status chains_new(const eval_job* job, int k, chain_kind kind, chains** out);
void chains_free(chains* c);

#endif
