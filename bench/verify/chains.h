/* chains.h: checks that falls and survival of the same chains agree. */
#ifndef BENCH_VERIFY_CHAINS_H
#define BENCH_VERIFY_CHAINS_H

#include "finding.h"

/* Whether the method returned the states of executing its actions at K: sae_own of every window is rounding. Only of
 * methods of this program. */
bool chains_are_executed(const json_t* record, int k);

/* Survival times are multiples of dt within the length of a chain; a chain that does not fall survives its whole
 * length; so do their means agree; and fall_rate.replanned is fall_rate where the returned states are the executed
 * ones, and of a file of trajectories, which is not planned again. */
void check_chains(verifier* v);

#endif
