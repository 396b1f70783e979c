/* examples.h: example curves, replays and poses that a record keeps of an evaluation. */
#ifndef BENCH_EVALUATE_EXAMPLES_H
#define BENCH_EVALUATE_EXAMPLES_H

#include "job.h"

/* Curves of the first window of the set, demonstrated and generated, of a few channels: [{title, unit, dt,
 * demonstrated, generated}]. x [B][H+1][nx] are the method's states. A new reference. */
json_t* example_curves(const eval_job* job, const double* x);

/* Two windows of the set (one if B = 1) for `dynaflow verify` to simulate again: the returned actions u [B][H][nu] and
 * the states executed [B][H+1][nx] that they led to, as [{k, window, x0 [nx], u [H*nu], x [H*nx]}]. A new reference. */
json_t* example_replays(const eval_job* job, int k, const double* u, const double* executed);

/* Stick figures of a chain x [frames+1][nx] in side view, in m and s: *out = {title, dt, parent, frames: [{t, x, z}],
 * ground}, a new reference. `chain` is its index, for the title. DF_E_NOMEM; errors of df_sim_new(). */
DF_MUST_CHECK df_status example_strip(const eval_job* job, int chain, int frames, const double* x, json_t** out);

#endif
