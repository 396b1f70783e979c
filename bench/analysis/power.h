/* power.h: how large a difference a paired comparison finds, and how many seeds a wanted difference needs. */
#ifndef BENCH_ANALYSIS_POWER_H
#define BENCH_ANALYSIS_POWER_H

#include "dynaflow/stats/statistics.h"

/* what is known of a paired comparison */
typedef struct paired_design {
  int seeds, episodes;           /* numbers that were compared; episodes 0: unknown */
  const df_interval* interval;   /* of the mean difference, 95 % (df_paired_difference()) */
  const double* seed_difference; /* [seeds] mean difference of each seed */
} paired_design;

/* The share of the comparisons in which a difference of the returned size would be found, and the level at which: a
 * single test, without adjustment for others. */
#define POWER_SHARE 0.8
#define POWER_ALPHA 0.05

/* The true difference d > 0 whose test has p < POWER_ALPHA in POWER_SHARE of the comparisons of this design: d = (t(1 -
 * POWER_ALPHA / 2) + t(POWER_SHARE)) e, with the standard error e of the interval and the points of Student's
 * distribution with m - 1 degrees of freedom, m the fewer of seeds and episodes (a single one does not count). NaN
 * without an interval. */
double power_detectable(const paired_design* d);

/* The least number of seeds, 3 to POWER_SEEDS_MAX, with which a difference of the size `wanted` > 0 is found in that
 * sense, on the same episodes: the variance over seeds, s^2 / seeds, falls with their number, and the rest of e^2,
 * which is that of the episodes, stays. -1 if no number is enough, or without an interval or a second seed. */
enum { POWER_SEEDS_MAX = 1000 };
int power_seeds_needed(const paired_design* d, double wanted);

#endif
