/* broken_limit.h: whether the numbers of several seeds are beyond a limit, from their intervals. */
#ifndef BENCH_GATE_BROKEN_LIMIT_H
#define BENCH_GATE_BROKEN_LIMIT_H

#include <stdbool.h>

/* a metric of each seed, all [n]; lo <= value <= hi */
typedef struct limit_seeds {
  int n;
  const double *value, *lo, *hi; /* 95 % intervals; ends that are the value itself: it is not uncertain */
  const int* episodes;           /* that the interval is of; 0: unknown */
  bool share;                    /* the intervals are Wilson's of shares, otherwise Student's of means */
} limit_seeds;

/* No metric is negative. Values of mean mu have a mean of `value` with a probability of at most mu / value (Markov), so
 * a mu below this share of it is excluded at 95 %, however few and scattered they are; Student's interval of few
 * episodes may contain 0 and would leave a limit of rounding errors open. The mean over the seeds is such a value, too.
 */
#define LIMIT_LEAST_SHARE 0.05

/* Whether the limit, "at most" or "at least" `bound`, is broken:
 *   by one seed, whose interval at the level 1 - 0.05 / n lies beyond it (Bonferroni: an error of at most 2.5 % on the
 *     side of the limit for all seeds together, whatever they share);
 *   by all of them: the mean of the 95 % intervals lies beyond it. The error of the mean is at most the mean of the
 *     errors, so this is wrong in at most 2.5 %, too, and finds what is worse in every seed as one seed does;
 *   for "at most", by Markov's bound on the mean over the seeds (LIMIT_LEAST_SHARE).
 * One seed is judged by its 95 % interval. An unknown number of episodes is taken to be 4, the fewest whose intervals
 * count. False for n = 0. */
bool limit_is_broken(const limit_seeds* s, bool most, double bound);

#endif
