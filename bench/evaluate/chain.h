/* chain.h: long motions made of successive windows.
 *
 * PURE: open loop; each window is planned from the last state that the method itself generated, and all actions are
 * executed without feedback to the method. REPLANNED: each window is planned from the last executed state. The two are
 * equal for methods whose generated states are those of the simulator. */
#ifndef BENCH_EVALUATE_CHAIN_H
#define BENCH_EVALUATE_CHAIN_H

#include "job.h"

typedef enum chain_kind { CHAIN_PURE, CHAIN_REPLANNED } chain_kind;

typedef struct chains {
  int n;                    /* number of chains; chain i starts at window i of the set */
  int frames;               /* actions per chain */
  double* x;                /* [n][frames+1][nx]: executed states; NaN after a divergence */
  bool planned_is_executed; /* every generated state is bitwise equal to the executed one */
} chains;

/* Plans and executes min(eval.chains, B) chains of eval.chain_seconds with k sampler steps. Every window is executed
 * from a cleared solver warm start, as it was planned. The job's method must return actions. On failure *out is NULL:
 * DF_E_NOMEM, DF_E_INTERRUPTED as eval_go_on(), errors of the method and of the simulator. */
DF_MUST_CHECK df_status chains_new(const eval_job* job, int k, chain_kind kind, chains** out);
void chains_free(chains* c); /* NULL is allowed */

#endif
