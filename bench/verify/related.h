/* related.h: checks of metrics of the same windows that are related by their definitions. */
#ifndef BENCH_VERIFY_RELATED_H
#define BENCH_VERIFY_RELATED_H

#include "finding.h"

/* Of methods of this program, sae_min of a window is not above sae_own, since the search begins at the returned action,
 * and tre_open_loop equals tre where the returned states are those of executing the actions. penetration and
 * root_residual agree with the shares beyond their limits, DF_PENETRATION_LIMIT and DF_RESIDUAL_LIMIT. No solver
 * iterates without constraints, and windows take no more physics steps than they have. */
void check_related(verifier* v);

#endif
