/* verify.h: checks that the records of a run are complete, unchanged and consistent, before their numbers are used. */
#ifndef BENCH_VERIFY_VERIFY_H
#define BENCH_VERIFY_VERIFY_H

#include "finding.h"
#include "run_view.h"

/* Makes all checks. `folder` is that of the run, for its checkpoints. Call verification_clear(). */
void verify_run(const run_view* r, const char* folder, const verify_cfg* cfg, verification* out);
void verification_clear(verification* v);

/* EXIT_USAGE if a record is tampered with, else EXIT_CHECK_FAILED, else EXIT_INCOMPLETE, else EXIT_DONE. */
int verification_exit_code(const verification* v);

#endif
