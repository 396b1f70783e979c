/* examples.h: the curves and poses of one window and one chain that a report draws. */
#ifndef BENCH_EXAMPLES_H
#define BENCH_EXAMPLES_H

#include "job.h"

/* [{title, unit, dt, demonstrated, generated}] of the first window of the set; x [B][H+1][nx] are the method's states.
 */
json_t* example_curves(const eval_job* job, const double* x);

/* [{k, window, x0 [nx], u [H*nu], x [H*nx]}] of two windows of the set: the actions u [B][H][nu] that a method returned
 * and the states that they led to, executed [B][H+1][nx], to be simulated again by whoever doubts them. */
json_t* example_replays(const eval_job* job, int k, const double* u, const double* executed);

/* {title, dt, parent, frames: [{t, x, z}], ground} of a chain x [frames+1][nx]: side view, metres. */
DF_MUST_CHECK df_status example_strip(const eval_job* job, int chain, int frames, const double* x, json_t** out);

#endif
