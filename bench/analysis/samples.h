/* samples.h: the values of single windows or chains behind a row, over the seeds of a method, as statistics take them:
 * a stratum a seed, the same start states in each, windows of one test episode in one cluster, within their gait. */
#ifndef BENCH_SAMPLES_H
#define BENCH_SAMPLES_H

#include "dynaflow/stats/statistics.h"
#include "run_view.h"

typedef struct samples {
  int seeds, n; /* n values of each seed; 0: there are none */
  int sizes[SEED_VALUES_MAX];
  double* values;       /* [seeds][n]; NaN where not finite */
  int *episode, *group; /* [n]; NULL where the records do not say, as older ones */
  int episodes;         /* how many; 0 where not known */
} samples;

/* Of done cells, which are of one method and task. k is that of the record: 0 where the method has no sampler.
 * DF_E_MISSING where a cell has no such values, DF_E_MISMATCH where they are not equally many or on other start states;
 * *out is then empty. samples_clear it. */
DF_MUST_CHECK df_status samples_new(int n_cells, const run_cell* const* cells, const char* metric, int k, samples* out);

/* Of all done seeds of a method of the group, at k or, where it has no sampler, at all. */
DF_MUST_CHECK df_status samples_of_method(const run_view* r, const run_group* g, const char* method, const char* metric,
                                          int k, samples* out);
void samples_clear(samples* s);

/* Resamples that speak of other seeds and other episodes: both are drawn. The arrays of `s` must outlive it. */
df_bootstrap_cfg samples_bootstrap(const samples* s, uint64_t seed, int resamples);

#endif
