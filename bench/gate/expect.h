/* expect.h: the tolerances file of a task, expect.yaml: the limits of its numbers, each with a reason.
 *
 *   task_version: 1          # version of task.yaml; other versions are not comparable
 *   mujoco: 3.17             # major and minor
 *   bands:
 *     - metric: sae_own
 *       method: dynaflow
 *       profile: smoke
 *       k: 1                 # sampler steps; omit for a method without sampler
 *       at_most: 1.0e-9      # or at_least, or relative: 0.1 (of the golden table's mean)
 *       seeds: 1             # fewer are inconclusive; default 1, with `relative` 2
 *       reason: ...          # why this limit
 *
 * `absolute`, allowed with `relative` only, is added to the tolerance, for numbers that can be 0. All work counters
 * (metrics effort.*) of a profile are held to the golden table with one percentage:
 *
 *   effort:
 *     - profile: smoke
 *       percent: 10          # deviations in both directions count
 *       absolute: 3          # added to it, for counters that are 0; default 0
 *       reason: ...
 *
 * A method of the run of which the golden table has no number is missing, unless it is declared here:
 *
 *   not_compared:
 *     - method: mine
 *       reason: ... */
#ifndef BENCH_GATE_EXPECT_H
#define BENCH_GATE_EXPECT_H

#include <stdbool.h>

#include "dynaflow/config/config.h"

typedef enum band_kind { BAND_AT_MOST, BAND_AT_LEAST, BAND_RELATIVE } band_kind;

enum { METRIC_NAME_MAX = 64, BANDS_MAX = 512, EFFORT_BANDS_MAX = 16, REASON_MAX = 1024 };

/* one entry of `bands`: the tolerance of a metric */
typedef struct band {
  char metric[METRIC_NAME_MAX], method[DF_NAME_MAX], profile[DF_NAME_MAX];
  int k;
  band_kind kind;
  double bound;    /* the limit, or the relative tolerance as a fraction */
  double absolute; /* added to a relative tolerance */
  int seeds;       /* required number of seeds */
  char reason[REASON_MAX];
  int line;       /* of the entry in the file */
  int limit_line; /* of its key at_most, at_least or relative */
} band;

/* one entry of `effort`: the tolerance of all work counters that the golden table has for a profile */
typedef struct effort_band {
  char profile[DF_NAME_MAX];
  double percent, absolute;
  char reason[REASON_MAX];
  int line;       /* of the entry in the file */
  int limit_line; /* of its key percent */
} effort_band;

/* one entry of `not_compared`: a method that the golden table need not have */
typedef struct uncompared {
  char method[DF_NAME_MAX];
  char reason[REASON_MAX];
  int line; /* of the entry in the file */
} uncompared;

typedef struct expectations {
  char* path;
  int task_version;
  char mujoco[32];
  int n;
  band* bands;
  int n_effort;
  effort_band effort[EFFORT_BANDS_MAX];
  int n_uncompared;
  uncompared* uncompared;
} expectations;

/* Reads a tolerances file. Errors: DF_E_MISSING; DF_E_FORMAT for invalid YAML, with file and line; DF_E_CONFIG for an
 * invalid entry, with file, line, key and value; DF_E_NOMEM. Call expect_clear() after success; a failure leaves *out
 * empty. */
DF_MUST_CHECK df_status expect_read(const char* path, expectations* out);
void expect_clear(expectations* e);

/* Parses major and minor of "3.17" or "3.17.0". Returns false for anything else. */
bool version_parts(const char* version, int parts[2]);

#endif
