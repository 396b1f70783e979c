/* summary.h: what a report says beyond means over seeds: interquartile means, and each method against the first.
 *
 * Both need seeds: a method with fewer than compare's minimum has none of it. Intervals draw seeds and test episodes
 * (samples.h), 2000 resamples from seed 1; comparisons are those of `dynaflow compare`, all of a report adjusted for
 * together. */
#ifndef BENCH_SUMMARY_H
#define BENCH_SUMMARY_H

#include "compare.h"

typedef struct summary_row {
  const report_group* group;
  const char *method, *metric;
  int k; /* sampler steps asked for */
  df_interval iqm;
} summary_row;

struct summary {
  int min_seeds;
  int n;
  summary_row* list;
  comparisons against;
};
typedef struct summary summary;

DF_MUST_CHECK df_status summary_new(const report* r, summary* out);
void summary_clear(summary* s);

/* NULL where there is none. */
const summary_row* summary_find(const summary* s, const report_group* g, const char* method, const char* metric, int k);
const comparison* summary_compared(const summary* s, const report_group* g, const char* method, const char* metric,
                                   int k);

/* Whether any method of the group has enough seeds; else a line says what is missing. */
bool summary_has(const summary* s, const report_group* g);

/* Whether values behind rows of the group say which test episode they are of. 1: all, 0: none, -1: there are none. */
int summary_knows_episodes(const report* r, const report_group* g);

/* ---- table_summary.c ---- */

/* interquartile means of a K; each method against the first; all comparisons of a group; what they mean */
void table_iqm(const report* r, const summary* s, const report_group* g, int k, table_kind kind, text* out);
void table_against(const report* r, const summary* s, const report_group* g, int k, table_kind kind, text* out);
void table_comparisons(const summary* s, const report_group* g, table_kind kind, text* out);
void summary_note(const report* r, const summary* s, const report_group* g, text* out);

#endif
