/* gate.h: a run held to its task's expect.yaml and golden tables: a verdict a band, and an exit code. */
#ifndef BENCH_GATE_H
#define BENCH_GATE_H

#include "golden.h"
#include "rows.h"
#include "verify.h"

/* X(code, name in rows, exit code); the gravest decides: what cannot be read, then what does not compare, then what got
 * worse, then what is missing */
#define GATE_VERDICT_LIST(X)                                    \
  X(GATE_HELD, "held", EXIT_DONE)                               \
  X(GATE_IMPROVED, "improved", EXIT_DONE)                       \
  X(GATE_ADVISORY, "advisory", EXIT_DONE)                       \
  X(GATE_INCONCLUSIVE, "inconclusive", EXIT_INCONCLUSIVE)       \
  X(GATE_MISSING, "missing", EXIT_INCOMPLETE)                   \
  X(GATE_REGRESSED, "regressed", EXIT_CHECK_FAILED)             \
  X(GATE_NOT_COMPARABLE, "not comparable", EXIT_NOT_COMPARABLE) \
  X(GATE_UNREADABLE, "unreadable", EXIT_USAGE)

typedef enum gate_verdict {
#define GATE_ENUM(code, name, exit_code) code,
  GATE_VERDICT_LIST(GATE_ENUM)
#undef GATE_ENUM
      GATE_VERDICTS
} gate_verdict;

const char* gate_verdict_name(gate_verdict v);

typedef struct gate_result {
  rows verdicts; /* task, method, profile, metric, k, value, unit, n, lo, hi, status (the verdict), limit, detail */
  int count[GATE_VERDICTS];
} gate_result;

/* Verifies the run, then holds it to the bands of each task and profile in it.
 *   against  a golden table, or a folder of them; NULL: results/golden
 * Fails only when an expect.yaml or a golden table cannot be read; what the run lacks is a verdict. gate_clear it, also
 * after a failure. */
DF_MUST_CHECK df_status gate_run(const report* r, const char* folder, const options* opts, const char* against,
                                 gate_result* out);
void gate_clear(gate_result* g);

/* one row more, about no metric; `what` stands where the metric's name does */
void gate_add(gate_result* g, gate_verdict v, const char* task, const char* profile, const char* what,
              const char* detail);

/* Nothing held and nothing improved is "missing": a gate that looked at nothing has not passed. */
int gate_exit_code(const gate_result* g);

/* Writes the golden tables of the run's groups to `folder`. Everything must be done, whole and comparable: else
 * verdicts in `out` say what is not, and nothing is written. */
DF_MUST_CHECK df_status gate_accept(const report* r, const char* folder, const options* opts, const char* golden_folder,
                                    const char* reason, gate_result* out);

/* The verdicts as JUnit XML: a test case a row. Regressed and inconclusive are failures, the rest that is not held or
 * improved errors. */
DF_MUST_CHECK df_status gate_junit(const gate_result* g, const char* run, const char* path);

#endif
