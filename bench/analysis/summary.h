/* summary.h: what a report says beyond means over seeds: interquartile means, and each method against the first.
 *
 * Both need seeds: a method with fewer than compare's minimum has none of it. Intervals draw seeds and test episodes
 * (samples.h), 2000 resamples from seed 1; comparisons are those of `dynaflow compare`, all of a report adjusted for
 * together. */
#ifndef BENCH_SUMMARY_H
#define BENCH_SUMMARY_H

#include "compare.h"
#include "dynaflow/stats/statistics.h"
#include "run_view.h"

typedef struct summary_row {
  const run_group* group;
  const char *method, *metric;
  int k; /* sampler steps asked for */
  df_interval iqm;
} summary_row;

typedef struct summary {
  int min_seeds;
  int n;
  summary_row* list;
  comparisons against;
} summary;

DF_MUST_CHECK df_status summary_new(const run_view* r, summary* out);
void summary_clear(summary* s);

/* NULL where there is none. */
const summary_row* summary_find(const summary* s, const run_group* g, const char* method, const char* metric, int k);
const comparison* summary_compared(const summary* s, const run_group* g, const char* method, const char* metric, int k);

/* Whether any method of the group has enough seeds; else a line says what is missing. */
bool summary_has(const summary* s, const run_group* g);

/* Whether values behind rows of the group say which test episode they are of. 1: all, 0: none, -1: there are none. */
int summary_knows_episodes(const run_view* r, const run_group* g);

#endif
