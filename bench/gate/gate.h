/* gate.h: holds a run to the tolerances file and golden table of its task: one verdict per tolerance, and an exit code.
 */
#ifndef BENCH_GATE_GATE_H
#define BENCH_GATE_GATE_H

#include "finding.h"
#include "options.h"
#include "run_view.h"
#include "verdict.h"

typedef struct gate_cfg {
  const options* opts; /* for the search of task folders */
  verify_cfg verify;
} gate_cfg;

/* Verifies the run in `folder`, then holds each of its tasks and profiles to the tolerances.
 *   against  a golden table (*.csv) or a folder of them; NULL: the folder golden/ of the task's folder, as --accept
 *            writes it
 * Fails only if a tolerances file or golden table is invalid (also by a row of another task or profile, which would
 * never be compared) or a table named by `against` is missing; everything else that is missing is a verdict. Call
 * gate_clear(), also after a failure. */
DF_MUST_CHECK df_status gate_run(const run_view* r, const char* folder, const gate_cfg* cfg, const char* against,
                                 gate_result* out);

/* Writes the golden tables of the run's groups to `against`, which is as for gate_run(), with `reason` in their head.
 * If the run is not complete, unchanged and comparable, nothing is written and the verdicts in `out` give the causes.
 * Errors and ownership as for gate_run(). */
DF_MUST_CHECK df_status gate_accept(const run_view* r, const char* folder, const gate_cfg* cfg, const char* against,
                                    const char* reason, gate_result* out);

/* Writes the verdicts to `path` as JUnit XML, one test case per row, each with a name of its own, file and line of its
 * tolerance, time, and its numbers as properties; `run` names the suite. Regressed is a failure, inconclusive is
 * skipped; missing, not comparable and unreadable are errors; the others pass. */
DF_MUST_CHECK df_status gate_junit(const gate_result* g, const char* run, const char* path);

#endif
