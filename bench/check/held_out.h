/* held_out.h: whether what is held out for the test is held out: motions that the training has seen, too. */
#ifndef BENCH_CHECK_HELD_OUT_H
#define BENCH_CHECK_HELD_OUT_H

#include "data_finding.h"
#include "dynaflow/config/config.h"
#include "dynaflow/data/dataset.h"
#include "dynaflow/sim/system.h"
#include "would_fit.h"

/* The demonstrations, and how they are divided. */
typedef struct held_out_input {
  const df_dataset* data;
  const df_windows* windows; /* NULL: it is not known what is held out; every episode is compared with those before */
  const df_config* config;   /* chart.* */
  const df_system* system;   /* a MuJoCo model */
  fit_source source;         /* how the states were read; NULLs: unknown */
} held_out_input;

/* Adds whether held-out episodes, or blocks of them, repeat a training episode, from another frame on or elsewhere: a
 * row `held-out copy`, whose value is the number of those that do.
 *
 * Frames are compared as points of a motion_space, and nothing is found if fewer than two of its coordinates vary: of
 * one, all motions would be alike. A frame is equal to a motion if its distance from the line between two successive
 * frames of it is at most 1e-4 of the way to the next frame and four roundings of the stored numbers, which holds for
 * copies that were interpolated linearly, and near if it is at most 1/20 of the way. Frames count that move by more
 * than a tenth of the mean.
 *   wrong  at least 40 % of the frames are equal at one constant shift (a copy that was recorded at half the rate has
 *          every second frame)
 *   warn   at least 25 % are equal, or 80 % are near; and all of these if `windows` is NULL
 * and in each case at least five frames. Where motions are of a family that lies densely, what is near is no copy: more
 * than twice as many episodes are near than equal (then only frames that are equal to 12 digits count as equal), or
 * within half of the way than near, or more than half of all are within that. Four to sixteen frames of each episode
 * are looked up. Errors: those of df_chart_new(); DF_E_NOMEM. */
DF_MUST_CHECK df_status check_held_out(const held_out_input* in, data_findings* out);

#endif
