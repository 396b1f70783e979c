/* contradictions.h: checks that numbers of a record are possible: by the definition of their metric, by the settings,
 * and beside other numbers of the same record. Like consistency.h, they find records that a faulty script wrote. */
#ifndef BENCH_VERIFY_CONTRADICTIONS_H
#define BENCH_VERIFY_CONTRADICTIONS_H

#include "finding.h"

/* For every row of a done record whose metric the program knows: no value is negative, a share is at most 1, a counter
 * is whole; a finite value has the status "ok"; n is at most the number of windows, and
 * equal to it for metrics of all windows together; sizes of the worst, of distances of distributions and counters have
 * no interval; train_cpu_s is there if a network was trained, and windows_sha256 if windows were held out; K is 0 or
 * one of eval.sampler_steps, also of samples and replays, rows and samples are in the order of that setting, none of
 * which is missing, and replays are of the last; the metric is defined under the settings; and a largest value
 * (.worst, .worst_step) is 0 if and only if its mean is, and between the mean and what the mean allows. */
void check_ranges(verifier* v);

/* The work counters of a training and train_cpu_s are the sums over its curves. */
void check_counters(verifier* v);

/* Warns of a cell that took longer than its limit: only its last measures may go on beyond it. */
void check_limits(verifier* v);

#endif
