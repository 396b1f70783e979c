/* consistency.h: checks that the parts of a record say the same, and that records are those of the plan. They find
 * records that a faulty script wrote or merged; they prove nothing against somebody who invents a consistent record. */
#ifndef BENCH_VERIFY_CONSISTENCY_H
#define BENCH_VERIFY_CONSISTENCY_H

#include "finding.h"

/* Every number of a done record is there once, lies in its own interval, and is, where the record has the values of the
 * single windows or chains (samples), their mean, of as many values and episodes as it says, with the interval that
 * these values have; values that another record of the run has are there, too; they are not more than the windows; and
 * no window is there twice. */
void check_samples(verifier* v);

/* Names the rows whose single values are not in the record, such as the parts of tre: they may be changed without a
 * contradiction, unless `record_sha256` shows it. Not a failure. */
void check_unshown(verifier* v);

/* Steps and parameters of a training are those of its first curve, the steps those of the setting, no curve goes beyond
 * its own last step, and a method whose actions were executed has some of them recorded (replays), which records of
 * older programs may lack, and counted as many physics steps as its windows have. */
void check_training(verifier* v);

/* Every record is of a cell that a plan of its profile has, with the same key if the plan gives keys. Nothing is said
 * of a run without any plan. */
void check_planned(verifier* v);

/* The done cells of a task and profile have everything in common that their numbers need to be compared (identity.h),
 * except the start states, which a check of its own compares. */
void check_identity(verifier* v);

#endif
