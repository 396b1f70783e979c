/* frame_interval.h: whether the frames of a recording last as long as those of any recording of a robot do. */
#ifndef BENCH_CHECK_FRAME_INTERVAL_H
#define BENCH_CHECK_FRAME_INTERVAL_H

#include <stdbool.h>

#include "data_finding.h"
#include "dynaflow/data/recording.h"
#include "dynaflow/sim/system.h"
#include "trace.h"
#include "would_fit.h"

/* whether h seconds are within 1e-4 s (10 kHz) and 1 s (1 Hz) */
bool frame_interval_is_plausible(double h);

/* The lag whose slope tells how long a frame lasts: the one that fits best with a slope. Velocities that decay or grow
 * geometrically, as those of a body that coasts with viscous drag, fit with a slope of its own at every lag, also at
 * those of other frames: if those at the start and at the end of a frame both do, any integrator changes the positions
 * by a velocity between these two. -1: the stated duration does so, and so no slope is needed. */
int frame_interval_lag(const trace_fit* f);

/* Adds a finding "frame interval" on stated [episodes] s per frame: wrong if one is not plausible, a warning if the
 * first one and the physics step of the model are far apart. A reason that is right says which rate a comment of a
 * table states. */
void check_frame_intervals(int episodes, const double* stated, const df_system* system, const fit_source* source,
                           data_findings* out);

/* Adds a finding "time order", which is wrong, if the times of an episode do not increase and data.rate does not
 * replace them: the conversion refuses them. Errors: those of df_recording_time_order(). */
DF_MUST_CHECK df_status check_time_order(const fit_source* source, data_findings* out);

/* Adds a finding "time gap" if the recording has times: the longest time between two frames is more than 1.5 times the
 * usual one; wrong if it is more than 5.5 times that. Errors: those of df_recording_gap(). */
DF_MUST_CHECK df_status check_time_gaps(const df_recording* recording, data_findings* out);

#endif
