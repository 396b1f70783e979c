/* cases.h: where a gradient is checked or timed: states with actions, and rollouts with targets, taken from
 * demonstrations or generated for a model without demonstrations. */
#ifndef BENCH_GRADIENT_CASES_H
#define BENCH_GRADIENT_CASES_H

#include <stdint.h>

#include "dynaflow/data/dataset.h"
#include "dynaflow/gradcheck/gradcheck.h"
#include "dynaflow/sim/system.h"

typedef struct cases {
  int n, m, H;                 /* number of states, number of rollouts, actions per rollout */
  double *x, *u;               /* [n][nx], [n][nu] */
  uint8_t* kind;               /* [n] df_state_kind; DF_STATE_KINDS: recorded */
  double *x0, *u_m, *x_target; /* [m][nx], [m][H][nu], [m][H+1][nx] */
  double* weight;              /* [ndx] weights of the loss of the rollouts, all 1 */
} cases;

/* Allocates n states and m rollouts of H actions. Call cases_clear() also after a failure: DF_E_NOMEM. */
DF_MUST_CHECK df_status cases_new(const df_system* s, int n, int m, int H, cases* c);
void cases_clear(cases* c);

/* Fills the cases with states spread evenly over the demonstrations, with the recorded actions (the middle of the
 * action box if there are none), and with rollouts whose targets are the recorded states. Their actions are recorded
 * ones plus noise of a tenth of the half range of the action box, since at the recorded actions the loss has its
 * minimum and no gradient. Requires H <= the length of the longest episode. */
void cases_from_data(const df_system* s, const df_dataset* d, uint64_t seed, cases* c);

/* Generates states[kind] states of each kind of gradcheck.h with their actions, at most c->n in all, and sets c->n to
 * the number found. DF_E_SIM if none is found. */
DF_MUST_CHECK df_status cases_draw(const df_system* s, const int states[DF_STATE_KINDS], uint64_t seed, cases* c);

/* Generates the rollouts: they start at some of the states, with random actions; the targets are the states that
 * slightly different actions lead to. Call it after cases_draw(). DF_E_NOMEM; errors of the simulator. */
DF_MUST_CHECK df_status cases_draw_rollouts(const df_system* s, uint64_t seed, int threads, cases* c);

/* Splits n states among the kinds: a third in random motion, a sixth at impacts, a tenth for each other kind. */
void cases_split(int n, int states[DF_STATE_KINDS]);

#endif
