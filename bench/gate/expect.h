/* expect.h: a task's expect.yaml: what its numbers must be, each band with the reason for it.
 *
 *   task_version: 1          # of task.yaml; other versions do not compare
 *   mujoco: 3.17             # major and minor
 *   bands:
 *     - metric: sae_own
 *       method: dynaflow
 *       profile: smoke
 *       k: 1                 # sampler steps; left out where the method has none
 *       at_most: 1.0e-9      # or at_least, or relative: 0.1 (to the golden table)
 *       seeds: 1             # fewer are inconclusive; left out: 1, with `relative`: 2
 *       reason: ...          # why this number and no other
 *
 * `absolute` beside `relative` is added to its tolerance, for numbers that may be 0. Counters of effort (metric effort)
 * are held to the golden table by a percentage of their own, all of them at once:
 *
 *   effort:
 *     - profile: smoke
 *       percent: 10          # more and less are both a change
 *       absolute: 3          # added to it, for counters that are 0; left out: 0
 *       reason: ... */
#ifndef BENCH_EXPECT_H
#define BENCH_EXPECT_H

#include <stdbool.h>

#include "dynaflow/config/config.h"

typedef enum band_kind { BAND_AT_MOST, BAND_AT_LEAST, BAND_RELATIVE } band_kind;

enum { METRIC_NAME_MAX = 64, BANDS_MAX = 512, EFFORT_BANDS_MAX = 16, REASON_MAX = 1024 };

typedef struct band {
  char metric[METRIC_NAME_MAX], method[DF_NAME_MAX], profile[DF_NAME_MAX];
  int k;
  band_kind kind;
  double bound;    /* the limit, or the relative tolerance */
  double absolute; /* added to a relative tolerance */
  int seeds;
  char reason[REASON_MAX];
  int line;
} band;

/* a tolerance for every counter of effort that the golden table has of a profile */
typedef struct effort_band {
  char profile[DF_NAME_MAX];
  double percent, absolute;
  char reason[REASON_MAX];
  int line;
} effort_band;

typedef struct expectations {
  char* path;
  int task_version;
  char mujoco[32];
  int n;
  band* bands;
  int n_effort;
  effort_band effort[EFFORT_BANDS_MAX];
} expectations;

/* DF_E_MISSING, DF_E_FORMAT (YAML syntax with line), DF_E_CONFIG (file, line, key, value). On failure nothing is owned
 * by the caller. */
DF_MUST_CHECK df_status expect_read(const char* path, expectations* out);
void expect_clear(expectations* e);

/* Major and minor of "3.17" or "3.17.0"; false if it is no version. */
bool version_parts(const char* version, int parts[2]);

#endif
