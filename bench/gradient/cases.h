/* cases.h: what a gradient is checked at: states with actions, and rollouts with targets; of demonstrations, or
 * generated for a model that has none. */
#ifndef BENCH_CASES_H
#define BENCH_CASES_H

#include <stdint.h>

#include "dynaflow/data/dataset.h"
#include "dynaflow/gradcheck/gradcheck.h"
#include "dynaflow/sim/system.h"

typedef struct cases {
  int n, m, H;
  double *x, *u;               /* [n][nx], [n][nu] */
  uint8_t* kind;               /* [n] a df_state_kind; DF_STATE_KINDS: recorded */
  double *x0, *u_m, *x_target; /* [m][nx], [m][H][nu], [m][H+1][nx] */
  double* weight;              /* [ndx] of the loss of the rollouts */
} cases;

/* Room for n states and m rollouts of H actions. cases_clear it, also after a failure. */
DF_MUST_CHECK df_status cases_new(const df_system* s, int n, int m, int H, cases* c);
void cases_clear(cases* c);

/* States spread over the demonstrations, under the recorded actions; rollouts from them under actions a tenth of the
 * action box off the recorded ones, since there the loss has its minimum and no gradient. */
void cases_from_data(const df_system* s, const df_dataset* d, uint64_t seed, cases* c);

/* Generated states, so many of each kind of gradcheck.h; c->n is what was found of the room. */
DF_MUST_CHECK df_status cases_draw(const df_system* s, const int states[DF_STATE_KINDS], uint64_t seed, cases* c);

/* Rollouts from some of the states under random actions, towards what other actions lead to. */
DF_MUST_CHECK df_status cases_draw_rollouts(const df_system* s, uint64_t seed, int threads, cases* c);

/* n states split among the kinds: a third along random motion, a sixth at impacts, the rest evenly. */
void cases_split(int n, int states[DF_STATE_KINDS]);

#endif
