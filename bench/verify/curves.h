/* curves.h: checks of the loss curves of a training. */
#ifndef BENCH_VERIFY_CURVES_H
#define BENCH_VERIFY_CURVES_H

#include "finding.h"

/* A curve, and that of its validation, has a loss at every step. Of methods of this program, whose losses are squared
 * errors, the steps also increase from 1 on and end at that of the network, no loss is negative, and the weights that
 * were kept are of the last step or of a validation. */
void check_curves(verifier* v);

#endif
