/* stored_precision.h: the precision in which numbers were stored before they were read as doubles, judged from the
 * numbers themselves, and the rounding errors that this leaves after their conversion. */
#ifndef DYNAFLOW_DATA_STORED_PRECISION_H
#define DYNAFLOW_DATA_STORED_PRECISION_H

#include <stdbool.h>
#include <stddef.h>

#include "dynaflow/core/status.h"

DF_BEGIN_DECLS

typedef enum df_stored_kind {
  DF_STORED_FLOAT64,
  DF_STORED_FLOAT32,
  DF_STORED_FLOAT16,
  DF_STORED_BFLOAT16,
  DF_STORED_DECIMALS, /* text with a fixed number of decimals */
  DF_STORED_DIGITS,   /* text with a fixed number of significant digits */
  /* that a file states (df_array_rounding) and numbers do not show: */
  DF_STORED_STEPS, /* multiples of 10^-digits from an unknown number on; numbers that are closer to 0 are 0 */
  DF_STORED_BITS   /* binary numbers of `digits` significant bits */
} df_stored_kind;

typedef struct df_stored_precision {
  df_stored_kind kind;
  int digits; /* of the kinds from DF_STORED_DECIMALS on */
} df_stored_precision;

/* The coarsest precision that holds each of n values, if they look like rounded numbers: at least 16 different ones, of
 * which most need its last digits. Otherwise, as for multiples of 0.5, the numbers are taken as exact: float64.
 * `values` may be NULL if n is 0. */
DF_API df_stored_precision df_stored_precision_of(const double* values, size_t n);

/* Whether a finite value is one that this precision can store; false for DF_STORED_STEPS, of which it is not known. */
DF_API bool df_stored_precision_holds(df_stored_precision p, double value);

/* The largest rounding error of a stored value: half the distance to the next one. */
DF_API double df_stored_precision_error(df_stored_precision p, double value);

/* Writes "float32", "text of 6 decimals", "steps of 1e-03 (scaleoffset)", "16 significant bits". */
DF_API void df_stored_precision_text(df_stored_precision p, char text[40]);

/* How a converted number was stored: it is unit x (the stored number) + offset. */
typedef struct df_rounding {
  df_stored_precision precision; /* of the stored number */
  double unit;                   /* of the converted number per stored unit; its sign is without meaning */
  double offset;                 /* in converted units */
  double size;  /* of the stored numbers that it was computed from, if it is a function of several: the error is that of
                 * this number; 0: that of the stored number itself */
  bool rotated; /* one of the three coordinates of a vector that was rotated by a recorded or a fixed orientation */
} df_rounding;

/* The largest rounding error of a converted number with this value, or of a rotated vector with this length, in
 * converted units. Doubles are not rounded by storing them, but what computed them rounds by a few units in the last
 * place: of float64 it is 16 times that of storing. Errors of an orientation that a vector was rotated by are not in
 * it. `rounding` must not be NULL. */
DF_API double df_rounding_error(const df_rounding* rounding, double value);

DF_END_DECLS

#endif
