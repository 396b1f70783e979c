/* counts.h: checks of how many windows, chains and episodes the rows of a record are made of. */
#ifndef BENCH_VERIFY_COUNTS_H
#define BENCH_VERIFY_COUNTS_H

#include "finding.h"

/* n of a row is the number of windows, chains or networks that its metric has by definition: all windows, the first
 * eval.sae_windows or eval.chains of them, or, of chains, those long enough; rows that are defined for the same windows
 * have the same n. The episodes of a row without single values are as many as its windows have; of rows that are not of
 * all windows, a number that is possible. */
void check_counts(verifier* v);

#endif
