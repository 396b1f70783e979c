/* gate.h: a run held to its task's expect.yaml and golden tables: a verdict a band, and an exit code. */
#ifndef BENCH_GATE_H
#define BENCH_GATE_H

#include "finding.h"
#include "options.h"
#include "run_view.h"
#include "verdict.h"

typedef struct gate_cfg {
  const options* opts; /* where tasks are */
  verify_cfg verify;
} gate_cfg;

/* Verifies the run, then holds it to the bands of each task and profile in it.
 *   against  a golden table, or a folder of them; NULL: results/golden
 * Fails only when an expect.yaml or a golden table cannot be read; what the run lacks is a verdict. gate_clear it, also
 * after a failure. */
DF_MUST_CHECK df_status gate_run(const run_view* r, const char* folder, const gate_cfg* cfg, const char* against,
                                 gate_result* out);

/* Writes the golden tables of the run's groups to `folder`. Everything must be done, whole and comparable: else
 * verdicts in `out` say what is not, and nothing is written. */
DF_MUST_CHECK df_status gate_accept(const run_view* r, const char* folder, const gate_cfg* cfg,
                                    const char* golden_folder, const char* reason, gate_result* out);

/* The verdicts as JUnit XML: a test case a row. Regressed and inconclusive are failures, the rest that is not held or
 * improved errors. */
DF_MUST_CHECK df_status gate_junit(const gate_result* g, const char* run, const char* path);

#endif
