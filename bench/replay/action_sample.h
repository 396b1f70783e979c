/* action_sample.h: single actions of a recording, spread evenly over it, and how closely the states follow from them.
 */
#ifndef BENCH_REPLAY_ACTION_SAMPLE_H
#define BENCH_REPLAY_ACTION_SAMPLE_H

#include "recording.h"

/* A sample, as recorded and in another reading. */
typedef struct action_sample {
  int n;
  double *x, *u; /* [n][2][nx] the states before and after, [n][nu], as recorded; owned, with the others */
  double *y, *v; /* the same in the reading tried, which the caller writes */
  double* error; /* [n] scratch */
} action_sample;

/* Takes min(n, all) actions; n = 0 if there are none. The caller clears it, also after a failure. DF_E_NOMEM. */
DF_MUST_CHECK df_status action_sample_of(const recording* r, int n, action_sample* out);
void action_sample_clear(action_sample* s);

/* Writes n actions, u [n][nu], with the states before and after, x [n][2][nx]; n is at most all actions. */
void action_sample_take(const recording* r, int n, double* x, double* u);

/* *median: of the errors of these actions, tangent norm; error [n] is scratch. Errors: those of df_metric_sae_own(). */
DF_MUST_CHECK df_status action_sample_error(const df_system* system, int n, const double* x, const double* u,
                                            int threads, double* error, double* median);

#endif
