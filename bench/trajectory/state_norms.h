/* state_norms.h: the quaternions of states that a file of trajectories holds. */
#ifndef BENCH_TRAJECTORY_STATE_NORMS_H
#define BENCH_TRAJECTORY_STATE_NORMS_H

#include "dynaflow/sim/system.h"

/* Applies the rule of recordings (dynaflow/data/quaternion_norm.h) to states [n][frames][nx], the first of which is
 * number `first` of the file: norms that differ from 1 by more than 5 % are made 1, and *doubt, a new string, tells of
 * them; NULL without any. Frames with NaN are left alone. DF_E_FORMAT, which names file, trajectory, frame, joint and
 * norm, for a norm without a direction, and for a joint off in more than half of the frames of a trajectory; the
 * system may be any. */
DF_MUST_CHECK df_status states_check_norms(const char* path, const df_system* system, const size_t shape[2],
                                           size_t first, double* states, char** doubt);

#endif
