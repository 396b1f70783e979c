/* compare.h: paired comparison of two methods or two runs on the same start states. */
#ifndef BENCH_ANALYSIS_COMPARE_H
#define BENCH_ANALYSIS_COMPARE_H

#include "dynaflow/core/hash.h"
#include "dynaflow/stats/statistics.h"
#include "exit_code.h"
#include "run_view.h"
#include "samples.h"

/* X(code, name in a row's status, exit code), in increasing severity; the most severe sets the exit code */
#define COMPARE_OUTCOME_LIST(X)                        \
  X(COMPARE_OK, "ok", EXIT_DONE)                       \
  X(COMPARE_UNSURE, "inconclusive", EXIT_INCONCLUSIVE) \
  X(COMPARE_MISSING, "missing", EXIT_INCOMPLETE)       \
  X(COMPARE_OTHER, "not comparable", EXIT_NOT_COMPARABLE)

typedef enum compare_outcome {
#define COMPARE_ENUM(code, name, exit_code) code,
  COMPARE_OUTCOME_LIST(COMPARE_ENUM)
#undef COMPARE_ENUM
      COMPARE_OUTCOMES
} compare_outcome;

typedef struct compare_cfg {
  int min_seeds; /* with fewer seeds no winner is named */
  bool partial;  /* compare the finished cells of unfinished runs; no winner is named for them */
  bool rivals;   /* two runs without methods: compare a method that only `a` has with every method of `b`; methods that
                  * only `b` has are left out */
  uint64_t seed; /* of the bootstrap */
  int resamples; /* for differences; for probabilities of improvement at most 2000 */
  double wanted; /* size of a difference, in the unit of each metric, for which seeds are counted; 0: none */
} compare_cfg;

compare_cfg compare_cfg_default(void); /* 3 seeds, not partial, seed 1, 10000 resamples, no wanted difference */

/* One side of a comparison: a run and a method of it. `method` NULL: the method of the other side; if both are NULL,
 * every method is compared with the same method of the other run. */
typedef struct compare_side {
  const run_view* run;
  const char* method;
} compare_side;

/* One metric at one K, a - b on the same start states. Numbers that are not available are NaN. */
typedef struct comparison {
  const char *task, *profile, *method_a, *method_b;
  const char *metric, *unit, *better; /* metric is "" if the two methods could not be compared at all */
  int k;                              /* the larger K of the two sides; 0: neither has a sampler */
  int seeds;                          /* number of seeds compared; those with equal trajectories of both count as one */
  int episodes;                       /* number of test episodes; 0: unknown, then windows count as independent */
  double mean_a, mean_b;              /* over seeds and windows */
  df_paired paired;                   /* mean difference with interval */
  double seed_lo, seed_hi;            /* smallest and largest mean difference of a seed */
  double detectable;                  /* power_detectable() (power.h) */
  int seeds_needed;                   /* power_seeds_needed() for cfg->wanted; -1: none is enough, or not asked for */
  df_interval improvement;            /* probability that a is better, values not paired by start state */
  int only_a, only_b;                 /* fall_rate: episodes in which a (b) falls more often; other metrics: -1 */
  char values[DF_SHA256_TEXT];        /* SHA-256 of the values of both sides; "" without them */
  double p, p_holm;                   /* paired.p (fall_rate: at least that of McNemar's test) and, adjusted, by Holm;
                                       * p_holm is NaN if it is no test (compare_new()) */
  char winner;                        /* 'a', 'b' or 0 */
  compare_outcome outcome;
  char* reason; /* why the outcome is not ok or there is no winner; NULL: none; freed by compare_clear() */
} comparison;

typedef struct comparisons {
  compare_cfg cfg;
  compare_side a, b;
  int n, room;
  comparison* list;
  int tests; /* number of tests over which the Holm adjustment was made */
} comparisons;

/* Compares all tasks and profiles of both sides. The Holm adjustment covers the comparisons that may name a winner:
 * those with a p, except of values that are 0 up to rounding on both sides, with a ceiling, and of metrics
 * without a better direction. Which these are does not depend on which side is better. Metrics of the same methods at
 * the same K with the same values, such as tre and tre_open_loop of a method without feedback, are one test. What
 * cannot be compared becomes a comparison with an outcome and a reason, not an error. Errors: DF_E_NOMEM. Strings point
 * into the run views, which must outlive *out. Call compare_clear(), also after a failure. */
DF_MUST_CHECK df_status compare_new(const compare_cfg* cfg, compare_side a, compare_side b, comparisons* out);
void compare_clear(comparisons* c);

/* Compares `method` (NULL: the first method of each group) with every other method of the run's groups; the Holm
 * adjustment covers all of them. Otherwise as compare_new(). */
DF_MUST_CHECK df_status compare_all(const compare_cfg* cfg, const run_view* r, const char* method, comparisons* out);

/* Computes means, differences, improvement and p of `one` from the samples of two methods on the same start states.
 * Pairs that are not finite make an outcome that is still COMPARE_OK inconclusive. Errors: those of
 * df_paired_difference(). */
DF_MUST_CHECK df_status compare_measure(const compare_cfg* cfg, const samples* a, const samples* b, comparison* one);

/* The exit code of the most severe outcome; EXIT_DONE without comparisons. */
int compare_exit_code(const comparisons* c);

/* Whether a comparison has numbers whose test episodes are unknown. */
bool compare_lacks_episodes(const comparisons* c);

#endif
