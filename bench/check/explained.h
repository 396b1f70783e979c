/* explained.h: whether the recorded actions lead from the recorded states to the next ones: then nothing is wrong with
 * these states, whatever their velocities seem to be from frame to frame. */
#ifndef BENCH_CHECK_EXPLAINED_H
#define BENCH_CHECK_EXPLAINED_H

#include <stdbool.h>

#include "trace.h"

/* Simulates one action from each of some states, spread over all episodes, and from all states before and after which
 * positions jump or velocities are spikes. *explained: positions and velocities of every group (trace.h) are off by at
 * most a hundredth of the RMS change of the group over one action, or by what rounding and the tolerance of the
 * constraint solver leave of a body that rests, a hundred-thousandth of the largest such change of the groups: after
 * 90 % of the actions, most actions of every episode, and all of those beside jumps and spikes. False without actions,
 * and where frames last longer or shorter than actions. Errors: those of df_sim_new(), DF_E_NOMEM. */
DF_MUST_CHECK df_status states_are_explained(const trace* m, bool* explained);

/* what the actions of an episode are to its states */
typedef enum episode_actions { ACTIONS_UNCLEAR, ACTIONS_EXPLAIN, ACTIONS_EXPLAIN_NOTHING } episode_actions;

/* Judges each episode of the data, also those that the trace leaves out, by stretches of ten actions, evenly spread; of
 * a shorter episode the whole. A stretch is explained if nine of ten of its actions lead to the next state, to a
 * hundredth of the RMS change of the stretch, or by as little as above. out [episodes]: ACTIONS_EXPLAIN if nine of ten
 * stretches are explained, ACTIONS_EXPLAIN_NOTHING if at most one of ten is, and of an episode of one stretch at most
 * half of the actions lead. Up to 200 episodes have ten stretches each; each of more begins with fewer, at least two,
 * and has ten if these are not explained. Episodes whose frames are longer or shorter than actions are ACTIONS_UNCLEAR.
 * Errors: those of df_sim_new(), DF_E_NOMEM. */
DF_MUST_CHECK df_status episodes_are_explained(const trace* m, episode_actions* out);

#endif
