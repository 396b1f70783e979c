/* stated_rates.h: whether the statements of a file on how long its frames last agree: its clock, the arrays and
 * attributes that the conversion knows (df_recording_rate_name()), and numbers that are named like a frame rate. */
#ifndef BENCH_IMPORT_STATED_RATES_H
#define BENCH_IMPORT_STATED_RATES_H

#include "recognition.h"

/* names of numbers that import alone takes as frames per second */
int stated_rate_names(const char* const** names);

/* a clock of the file, zeroed without one */
typedef struct stated_clock {
  const source_array* array;
  double frame; /* s */
  bool column;  /* it is a block of data.columns, with which the conversion compares what it knows */
} stated_clock;

/* Compares what the first file states, unless the user gave data.rate. DF_E_CONFIG for two statements that differ by
 * more than 2 %: names file, both places and values. A note says that a number is not taken which may be the rate of
 * something else, as `frequency`, or that of the simulator's steps, as `dt`. Errors: those of source_read(). */
DF_MUST_CHECK df_status stated_rates_compare(recognition* r, const stated_clock* clock);

#endif
