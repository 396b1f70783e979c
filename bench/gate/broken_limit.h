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

/* Whether a mean of at most `bound` is excluded at 95 % by Markov's inequality: if numbers that are never negative, as
 * those of all metrics, have an expectation of at most `bound`, then their mean over the seeds exceeds 20 `bound` with
 * a probability of at most 5 %. True if it does. It holds however few and scattered they are, where Student's interval
 * of few episodes may contain 0 and would leave a limit of rounding errors open. False for n = 0. */
bool limit_is_excluded(const limit_seeds* s, double bound);

/* Whether the limit, "at most" or "at least" `bound`, is broken in one of three ways.
 *
 * 1. By one seed, whose interval at the level 1 - 0.05 / n lies beyond it (Bonferroni: an error of at most 2.5 % on the
 * side of the limit for all seeds together, whatever they share). For "at least" of means and several seeds it is the
 * interval of the logarithm of the mean, at a tenth of that error: the interval of a few skewed numbers, most of which
 * are small, ends too low, and each seed would add to the error.
 *
 * 2. By all of them: the mean of the ends of the 95 % intervals lies beyond it. The error of the mean is at most the
 * mean of the errors, so this, too, is wrong in at most 2.5 %, and it finds what is worse in every seed as one seed
 * does.
 *
 * 3. For "at most", by Markov's inequality: limit_is_excluded().
 *
 * The levels are those of normal numbers; docs/ci.md has those of skewed ones. One seed is judged
 * by its 95 % interval. An unknown number of episodes is taken to be 4, the fewest whose intervals count. False for n =
 * 0. */
bool limit_is_broken(const limit_seeds* s, bool most, double bound);

#endif
