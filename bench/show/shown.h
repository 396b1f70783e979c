/* shown.h: finds the motions to show: demonstrations of a task, trajectories of a file, or motions of a run. */
#ifndef BENCH_SHOW_SHOWN_H
#define BENCH_SHOW_SHOWN_H

#include "shown_motion.h"

/* Finds the motions and what belongs to them. DF_E_CONFIG for an episode that does not exist, a time after the end of a
 * motion, actions or demonstrations that are asked for but not there, and a file that names no task; DF_E_MISSING for a
 * run without a checkpoint of the method; errors of reading tasks, files and runs and of sampling. Call shown_free(),
 * also after a failure, with *out, which may be NULL. */
DF_MUST_CHECK df_status shown_new(const show_arguments* a, shown** out);
void shown_free(shown* s);

#endif
