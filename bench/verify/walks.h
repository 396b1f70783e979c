/* walks.h: checks of the records of experts (experts.h), whose windows are walks of a policy. */
#ifndef BENCH_VERIFY_WALKS_H
#define BENCH_VERIFY_WALKS_H

#include "finding.h"

/* Gaits take turns; a walk fell or did not, and has no errors if it fell; the row of a gait is the mean of its walks;
 * the reward is expert.alive minus the costs; work is that of the settings; and the learning curve increases to the
 * last update and to the CPU time of the training. */
void check_walks(verifier* v);

#endif
