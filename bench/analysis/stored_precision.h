/* stored_precision.h: the precision in which numbers were stored before they were read as doubles, judged from the
 * numbers themselves. */
#ifndef BENCH_ANALYSIS_STORED_PRECISION_H
#define BENCH_ANALYSIS_STORED_PRECISION_H

#include <stdbool.h>
#include <stddef.h>

typedef enum stored_kind {
  STORED_FLOAT64,
  STORED_FLOAT32,
  STORED_FLOAT16,
  STORED_BFLOAT16,
  STORED_DECIMALS, /* text with a fixed number of decimals */
  STORED_DIGITS    /* text with a fixed number of significant digits */
} stored_kind;

typedef struct stored_precision {
  stored_kind kind;
  int digits; /* of STORED_DECIMALS and STORED_DIGITS */
} stored_precision;

/* The coarsest precision that holds each of n values, if they look like rounded numbers: at least 16 different ones, of
 * which most need its last digits. Otherwise, as for multiples of 0.5, the numbers are taken as exact: float64. */
stored_precision stored_precision_of(const double* values, size_t n);

/* Whether a value is one that this precision can store. */
bool stored_precision_holds(stored_precision p, double value);

/* The largest rounding error of a stored value: half the distance to the next one. */
double stored_precision_error(stored_precision p, double value);

/* "float32", "text of 6 decimals" */
void stored_precision_text(stored_precision p, char text[40]);

#endif
