/* compare.h: one method against another, or a run against another, on the same start states. */
#ifndef BENCH_COMPARE_H
#define BENCH_COMPARE_H

#include "dynaflow/stats/statistics.h"
#include "exit_code.h"
#include "run_view.h"
#include "samples.h"

/* X(code, name in a row's status, exit code); the gravest decides the program's */
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
  int min_seeds; /* fewer name no winner */
  bool partial;  /* numbers of unfinished cells' finished neighbours; no winner all the same */
  uint64_t seed; /* of the bootstrap */
  int resamples; /* of a difference; of a probability of improvement at most 2000 */
} compare_cfg;

compare_cfg compare_cfg_default(void);

/* what is on a side: a run and, where sides are methods, which; NULL: each method against its namesake */
typedef struct compare_side {
  const run_view* run;
  const char* method;
} compare_side;

/* one metric at one K: a - b over the same start states. Numbers that there are not are NaN. */
typedef struct comparison {
  const char *task, *profile, *method_a, *method_b;
  const char *metric, *unit, *better; /* "" where the comparison as a whole failed */
  int k;
  int seeds;             /* compared */
  int episodes;          /* that the start states are from; 0: the records do not say, and each is taken by itself */
  double mean_a, mean_b; /* over seeds and windows */
  df_paired paired;
  double seed_lo, seed_hi; /* smallest and largest difference of a seed */
  df_interval improvement; /* probability that a is better, start states apart */
  int only_a, only_b;      /* of falls: episodes in which a, or b, falls more often; else -1 */
  double p, p_holm;        /* of falls: McNemar's; else the bootstrap's */
  char winner;             /* 'a', 'b' or 0 */
  compare_outcome outcome;
  char* reason; /* why it is not ok, or why there is no winner; in memory of the comparisons */
} comparison;

typedef struct comparisons {
  compare_cfg cfg;
  compare_side a, b;
  int n, room;
  comparison* list;
  int tests; /* p-values that Holm's adjustment went over: all of the comparisons */
} comparisons;

/* Compares every task and profile of both sides. What cannot be compared is a comparison with its reason, not a
 * failure. Texts point into the reports. compare_clear it, also after a failure. */
DF_MUST_CHECK df_status compare_new(const compare_cfg* cfg, compare_side a, compare_side b, comparisons* out);
void compare_clear(comparisons* c);

/* Every other method of a run's groups against `method`, or, where it is NULL, against the first of each group; all of
 * them are adjusted for together. As compare_new() otherwise. */
DF_MUST_CHECK df_status compare_all(const compare_cfg* cfg, const run_view* r, const char* method, comparisons* out);

/* One metric of two methods on the same start states: fills means, differences, improvement and p of `one`. */
DF_MUST_CHECK df_status compare_measure(const compare_cfg* cfg, const samples* a, const samples* b, comparison* one);

/* the gravest outcome's */
int compare_exit_code(const comparisons* c);

/* Whether there are numbers of start states whose episodes are not known. */
bool compare_lacks_episodes(const comparisons* c);

#endif
