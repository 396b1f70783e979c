/* numbers.h: rows, single values and settings of a record, as the checks read them. */
#ifndef BENCH_VERIFY_NUMBERS_H
#define BENCH_VERIFY_NUMBERS_H

#include <stdbool.h>

#include "finding.h"

/* rounding of sums of numbers of this size, in any order */
#define ROUNDING 1e-9

/* ---- rows ---- */

/* The row of a metric at K; NULL: none. */
const json_t* number_row(const json_t* record, const char* metric, int k);

/* The values of the single windows or chains of a metric at K (samples); NULL: not recorded. */
const json_t* number_values(const json_t* record, const char* metric, int k);

/* K, value and n of a row, or of samples; 0, NaN and 0 of NULL. */
int number_k(const json_t* number);
double number_value(const json_t* number);
int number_n(const json_t* number);

/* Value i of an array; NaN if there is none. */
double number_at(const json_t* values, size_t i);

/* ---- records ---- */

/* Whether this program computes the numbers of the record in the same way. */
bool record_is_current(const json_t* record);

/* Whether a method of this program made the record: neither a plugin nor a file of trajectories, whose states, actions
 * and curves may be anything. */
bool record_is_of_program(const json_t* record);

/* Whether it is of a policy of `dynaflow expert` (experts.h), whose windows are walks. */
bool record_is_expert(const json_t* record);

/* A setting of the record as a whole number; -1: it has none. */
long record_count(const json_t* record, const char* setting);

/* A setting of the record as a number; NaN: it has none. */
double record_real(const json_t* record, const char* setting);

/* Number of evaluated windows; -1: not recorded. */
int record_windows(const json_t* record);

/* The time of an action, s, as motions and examples have it; NaN: not recorded. */
double record_dt(const json_t* record);

/* calls `look` for every done record */
void verify_done(verifier* v, void (*look)(verifier* v, const json_t* record));

#endif
