/* explained.h: whether the recorded actions lead from the recorded states to the next ones: then nothing is wrong with
 * these states, whatever their velocities seem to be from frame to frame. */
#ifndef BENCH_CHECK_EXPLAINED_H
#define BENCH_CHECK_EXPLAINED_H

#include <stdbool.h>

#include "trace.h"

/* Simulates one action from each of some states, spread over all episodes, and from all states before and after which
 * positions jump or velocities are spikes. *explained: positions and velocities of every group (trace.h) are off by at
 * most a hundredth of the RMS change of the group over one action, after 90 % of the actions, most actions of every
 * episode, and all of those beside jumps and spikes. False without actions, and where frames last longer or shorter
 * than actions. Errors: those of df_sim_new(), DF_E_NOMEM. */
DF_MUST_CHECK df_status states_are_explained(const trace* m, bool* explained);

#endif
