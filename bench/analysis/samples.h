/* samples.h: the per-window (or per-chain) values behind a row, over the seeds of a method, in the form that the
 * statistics need: one stratum per seed with the same start states, one cluster per test episode. */
#ifndef BENCH_ANALYSIS_SAMPLES_H
#define BENCH_ANALYSIS_SAMPLES_H

#include "dynaflow/stats/statistics.h"
#include "run_view.h"

typedef struct samples {
  int seeds, n;   /* n values per seed; 0: none */
  int* sizes;     /* [seeds], all equal to n; owned */
  double* values; /* [seeds][n]; NaN if not finite; owned */
  int* episode;   /* [n], test episode of each value; NULL in older records; owned */
  int episodes;   /* number of distinct episodes; 0: unknown */
} samples;

/* Collects the values of done cells of one method and task. `k` is the K of the records, 0 if the method has no
 * sampler. DF_E_MISSING if a cell has no such values, DF_E_MISMATCH if their number or start states differ between
 * cells, or if a record of this version does not say of which episodes they are, DF_E_NOMEM; *out is then empty. Call
 * samples_clear(). */
DF_MUST_CHECK df_status samples_new(int n_cells, const run_cell* const* cells, const char* metric, int k, samples* out);

/* The same for the done cells of a method of the group, at K = k or, without such values, at K = 0. */
DF_MUST_CHECK df_status samples_of_method(const run_view* r, const run_group* g, const char* method, const char* metric,
                                          int k, samples* out);
void samples_clear(samples* s);

/* The bootstrap for these samples: 95 % intervals, resampling seeds and test episodes, so that they hold for other
 * seeds and episodes. It points to the arrays of `s`. */
df_bootstrap_cfg samples_bootstrap(const samples* s, uint64_t seed, int resamples);

#endif
