/* chain.h: long motions made of successive windows.
 *
 * PURE: open loop; each window is planned from the last state that the method itself generated, and all actions are
 * executed without feedback to the method. REPLANNED: each window is planned from the last executed state. The two are
 * equal for methods whose generated states are those of the simulator. */
#ifndef BENCH_EVALUATE_CHAIN_H
#define BENCH_EVALUATE_CHAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "dynaflow/data/dataset.h"
#include "job.h"

typedef enum chain_kind { CHAIN_PURE, CHAIN_REPLANNED } chain_kind;

/* Base samples of chains begin at this index, beyond those of windows, so that no two share noise: df_request's
 * first_index is CHAIN_INDEX + w n for window w of n chains. */
#define CHAIN_INDEX (UINT64_C(1) << 32)

/* the most actions of a chain */
enum { CHAIN_FRAMES_MAX = 10000000 };

typedef struct chain_cfg {
  chain_kind kind;
  int n;                   /* number of chains */
  int frames;              /* actions per chain */
  int every;               /* actions executed of each window, 1 .. H; a pure chain executes all H */
  int k;                   /* sampler steps */
  const double* x0;        /* [n][nx] start states */
  const double* condition; /* [n][nc], held for the whole chain; NULL if there are none */
  /* NULL: `condition` is held. Else chain i starts at window[i] of `data`, and each of its windows has the condition of
   * the frame at which it begins, or of the last frame of the episode. */
  const df_dataset* data;
  const df_window* window; /* [n] */
} chain_cfg;

/* The condition [nc] under which chain i plans and executes its action `frame`; NULL if there are none. */
const double* chain_condition(const chain_cfg* cfg, size_t nc, int i, int frame);

typedef struct chains {
  int n, frames;
  double* x;                /* [n][frames+1][nx]: executed states, NaN after a divergence; the generated states of a
                             * method without actions */
  double* u;                /* [n][frames][nu]: executed actions; NULL for a method without actions */
  double* claimed;          /* [n][frames+1][nx]: the generated states of a pure chain; else NULL */
  bool planned_is_executed; /* every generated state is bitwise equal to the executed one */
} chains;

/* Plans and executes chains. Every window is executed from a cleared solver warm start, as it was planned. On failure
 * *out is NULL: DF_E_NOMEM, DF_E_INTERRUPTED as eval_go_on(), errors of the method and of the simulator. */
DF_MUST_CHECK df_status chains_new(const eval_job* job, const chain_cfg* cfg, chains** out);
void chains_free(chains* c); /* NULL is allowed */

#endif
