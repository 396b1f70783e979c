/* recorded_clock.h: arrays of times: how long their frames last, and whether their rows are in the order of time. */
#ifndef BENCH_IMPORT_RECORDED_CLOCK_H
#define BENCH_IMPORT_RECORDED_CLOCK_H

#include <stdbool.h>
#include <stddef.h>

#include "dynaflow/core/status.h"

typedef struct clock_unit {
  const char *name, *suffix; /* "ms"; "_ms", with which names of arrays end */
  double seconds;
} clock_unit;

/* Steps forward of more than 5.5 frames: where an episode ends, frames are missing, or only the clock stood still. */
typedef struct clock_pause {
  size_t n;            /* how many */
  double longest;      /* s */
  size_t episode, row; /* that follows the longest one; an episode begins with each step back */
} clock_pause;

typedef struct clock_steps {
  double mean;            /* of the steps forward without gaps (df_step_without_gaps()), s; 0: no times that grow */
  const clock_unit* unit; /* the largest one with which all but 5 % of the steps are 0.1 ms to 1 s */
  size_t falls;           /* steps back, with which an episode begins */
  clock_pause pause;
} clock_steps;

/* Of n numbers. Times grow more often than they fall, numbers that are not named as times more than three times as
 * often. */
clock_steps clock_steps_of(size_t n, const double* time, bool named);

/* The unit that the name of an array ends with, such as time_ms, else `measured`. */
const clock_unit* clock_unit_of(const char* name, const clock_unit* measured);

/* A rate that a clock shows within a thousandth, as a whole number or, if that is closer, as 1000/1001 of one, as of
 * films and television: 23.976, 29.97, 59.94. */
double clock_plain_rate(double hertz);

/* an array of times */
typedef struct clock_array {
  const char *path, *name;
  size_t n;           /* rows * their length */
  size_t row;         /* numbers per row; an episode is within one row */
  const double* time; /* [n] */
  bool named;         /* by its name it is a clock, whatever its numbers are: "time", but not "t" */
  bool ends_known;    /* something else says where episodes end: there, times may fall or repeat */
} clock_array;

/* Refuses times that stand still or fall back by less than 1.5 steps, with which no episode begins, and times that fall
 * throughout; where the ends of episodes are known, if these are more than a quarter of the steps. Equal numbers at the
 * end of one of several rows fill it up, and so does NaN. Errors: DF_E_FORMAT, which names the file, the array and the
 * index. */
DF_MUST_CHECK df_status clock_check_order(const clock_array* clock);

#endif
