/* summary.h: the statistics of a report beyond means over seeds: interquartile means, and comparisons of the first
 * method with each other one.
 *
 * Both need at least compare_cfg_default().min_seeds seeds of a method. Intervals come from 2000 resamples of seeds and
 * test episodes (samples.h) from seed 1. Comparisons are those of `dynaflow compare`; the Holm adjustment covers the
 * whole report. */
#ifndef BENCH_ANALYSIS_SUMMARY_H
#define BENCH_ANALYSIS_SUMMARY_H

#include "compare.h"
#include "dynaflow/stats/statistics.h"
#include "run_view.h"

typedef struct summary_row {
  const run_group* group;
  const char *method, *metric;
  int k; /* the K of the table; the values are those at K = 0 if the method has no sampler */
  df_interval iqm;
} summary_row;

typedef struct summary {
  int min_seeds;
  int n;
  summary_row* list;
  comparisons against; /* first method of each group against the others */
} summary;

/* Computes the summary of a run. Errors: DF_E_NOMEM and those of compare_all(); *out is then empty. Points into `r`.
 * Call summary_clear(). */
DF_MUST_CHECK df_status summary_new(const run_view* r, summary* out);
void summary_clear(summary* s);

/* The interquartile mean of a method, and its comparison with the first method of the group; NULL if there is none. */
const summary_row* summary_find(const summary* s, const run_group* g, const char* method, const char* metric, int k);
const comparison* summary_compared(const summary* s, const run_group* g, const char* method, const char* metric, int k);

/* Whether any method of the group has an interquartile mean. */
bool summary_has(const summary* s, const run_group* g);

/* Whether the records of the group say to which test episode a window belongs. 1: all do; 0: at least one does not; -1:
 * no cell is done. */
int summary_knows_episodes(const run_view* r, const run_group* g);

#endif
