/* replay_compare.h: simulates a recording's actions under a model and measures the errors.
 *
 * Three comparisons. "carried": one action from each recorded state, with the solver's warm start of the preceding
 * step, as during recording. "cleared": the same with a cleared warm start. "open_loop": whole episodes from their
 * first state. All end with DF_E_INTERRUPTED between two actions once stop_flag (stop.h) is set. */
#ifndef BENCH_REPLAY_REPLAY_COMPARE_H
#define BENCH_REPLAY_REPLAY_COMPARE_H

#include "options.h"
#include "recording.h"

/* Errors by kind: the largest absolute entry of recorded (-) simulated, INFINITY if one is not finite. */
typedef struct comparison {
  size_t steps, episodes;
  double *carried[KINDS], *cleared[KINDS]; /* [steps] */
  double* open_loop[KINDS];                /* [episodes] */
  double* doubling;                        /* [episodes] replay_doubling() of the position error of the episode */
  size_t equal;                            /* number of carried steps that are bitwise equal */
  double* memory;
} comparison;

/* Compares all actions. `floor`: position error below which replay_doubling() sees rounding; `label`: of the progress.
 * Errors: DF_E_NOMEM, those of df_sim_new(), and DF_E_SIM if the simulator fails, with its first error. On success the
 * caller calls comparison_clear(). */
DF_MUST_CHECK df_status replay_compare(const recording* r, const df_system* system, double floor, const char* label,
                                       const options* opts, comparison* out);
/* The same of `carried` alone, in a third of the time: `cleared`, `open_loop` and `doubling` are NULL. */
DF_MUST_CHECK df_status replay_compare_carried(const recording* r, const df_system* system, const char* label,
                                               const options* opts, comparison* out);
void comparison_clear(comparison* c);

/* *error = by how much the displacement of a position that was integrated from velocities (of the recording's derived
 * positions) differs from the simulated one over a window of so many actions, or a whole shorter episode: the largest,
 * m. Each action is simulated from its recorded state, with the warm start of the preceding one, so that the errors of
 * actions add up; the recording must follow. 0 if no position is derived. Errors: DF_E_NOMEM, DF_E_SIM, and those of
 * df_sim_new(). */
DF_MUST_CHECK df_status replay_integration_error(const recording* r, const df_system* system, int window,
                                                 double* error);

/* The largest of n errors. */
double largest(const double* errors, size_t n);

#endif
