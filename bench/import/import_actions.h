/* import_actions.h: the recorded actions of an import. */
#ifndef BENCH_IMPORT_IMPORT_ACTIONS_H
#define BENCH_IMPORT_IMPORT_ACTIONS_H

#include "import_work.h"

/* Replays the recorded actions: puts the physics steps, options and conventions with which the states follow, or leaves
 * the actions out, and reads the recording again. Errors: those of replay_study_run() and of the functions above. */
DF_MUST_CHECK df_status work_check_actions(work* w);

#endif
