/* example_motions.h: what a record keeps of long motions, for gait diagrams and phase portraits. */
#ifndef BENCH_EVALUATE_EXAMPLE_MOTIONS_H
#define BENCH_EVALUATE_EXAMPLE_MOTIONS_H

#include "chain.h"
#include "job.h"

/* Of each group of start states, its first chain, which is the same for all methods. *out, a new reference, is a list
 * of {title, chain, dt [s], contacts: {feet, generated, demonstrated, demanded}, joint: {name, unit, generated,
 *    demonstrated}}
 * `contacts`, which is left out without feet, has one string per foot with a character per frame, from frame 0 of the
 * chain: 1 for ground contact, 0 for none, - where the state is not finite. `demonstrated` is the held-out episode from
 * the same start state, as far as it goes; `demanded` is the commanded gait's clock, at the phase that agrees best with
 * the generated contacts. Each of the two may be missing. `joint` is the hinge or slide that moves most in the held-out
 * windows: {position, velocity} in `unit` and `unit`/s over the first 2 s. Errors: DF_E_NOMEM, and those of
 * df_metric_contacts(). */
DF_MUST_CHECK df_status example_motions(const eval_job* job, const chains* c, json_t** out);

#endif
