/* verify.h: is a run's record complete, whole and consistent? Looked at before any number is counted. */
#ifndef BENCH_VERIFY_H
#define BENCH_VERIFY_H

#include "finding.h"
#include "run_view.h"

/* Makes every check. `folder` is the run's, for its checkpoints. verification_clear it. */
void verify_run(const run_view* r, const char* folder, const verify_cfg* cfg, verification* out);
void verification_clear(verification* v);

/* 0, 1 failed, 2 tampered, 3 incomplete; the gravest: tampered, failed, incomplete */
int verification_exit_code(const verification* v);

#endif
