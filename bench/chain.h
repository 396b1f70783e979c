/* chain.h: pure open-loop chaining: windows planned one after another, each from the last state the method itself
 * generated, and all their actions executed without ever telling the method what happened. */
#ifndef BENCH_CHAIN_H
#define BENCH_CHAIN_H

#include "evaluate.h"

typedef struct chains {
  int n;        /* chains, started at the first n windows of the set */
  int frames;   /* actions a chain */
  double* x;    /* [n][frames+1][nx]: executed states; NaN after a divergence */
} chains;

/* `k` is the number of sampler steps. Every window is executed from a cleared solver warm start, as it was planned. */
DF_MUST_CHECK df_status chains_new(const eval_job* job, int k, chains** out);
void chains_free(chains* c);

#endif
