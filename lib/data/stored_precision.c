#include "dynaflow/data/stored_precision.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dynaflow/core/c_locale.h"

enum { SAMPLE = 4096, LEAST_DIFFERENT = 16, MOST_DIGITS = 15 };
/* of rounded numbers, 7/8 do not end with three zero bits and 9/10 not with a zero digit */
enum { SPARE_BITS = 3 };
static const double LEAST_SHARE = 0.6;
/* units in the last place of a double that is computed, over those of one that is stored */
static const double COMPUTED = 16;

/* significant bits of the binary formats, by df_stored_kind; the smallest exponent with all of them */
static const int bits_of[] = {
    [DF_STORED_FLOAT64] = 53, [DF_STORED_FLOAT32] = 24, [DF_STORED_FLOAT16] = 11, [DF_STORED_BFLOAT16] = 8};
static const int least_exponent[] = {
    [DF_STORED_FLOAT64] = -1022, [DF_STORED_FLOAT32] = -126, [DF_STORED_FLOAT16] = -14, [DF_STORED_BFLOAT16] = -126};

static bool is_binary(df_stored_kind kind) {
  return kind < DF_STORED_DECIMALS;
}

/* whether `value` has at most `bits` significant bits, and fewer below the smallest exponent */
static bool fits(double value, int bits, int lowest) {
  if (value == 0) return true;
  int exponent;
  (void)frexp(value, &exponent); /* 2^(exponent - 1) <= |value| */
  if (exponent - 1 < lowest) exponent = lowest + 1;
  const double scaled = ldexp(value, bits - exponent);
  return scaled == nearbyint(scaled);
}

/* whether `value` is the double or the float nearest to its text */
static bool reads_back(double value, const char* format, int digits) {
  char text[400];
  df_write_number(text, sizeof text, format, digits, value);
  return df_read_double(text, NULL) == value || (double)df_read_float(text, NULL) == value;
}

/* The same for decimals, quickly if it is: the quotient of two whole numbers is the double nearest to their text. */
static bool has_decimals(double value, int decimals) {
  const double power = pow(10, decimals), whole = nearbyint(value * power), nearest = whole / power;
  if (fabs(whole) < 0x1p53 && decimals <= MOST_DIGITS && nearest == value) return true;
  return reads_back(value, "%.*f", decimals);
}

bool df_stored_precision_holds(df_stored_precision p, double value) {
  if (p.kind == DF_STORED_DECIMALS) return has_decimals(value, p.digits);
  if (p.kind == DF_STORED_DIGITS) return reads_back(value, "%.*e", p.digits - 1);
  if (p.kind == DF_STORED_STEPS) return false;
  if (p.kind == DF_STORED_BITS) return fits(value, p.digits, least_exponent[DF_STORED_FLOAT64]);
  if (p.kind == DF_STORED_FLOAT16 && fabs(value) > 65504) return false;
  return fits(value, bits_of[p.kind], least_exponent[p.kind]);
}

double df_stored_precision_error(df_stored_precision p, double value) {
  /* the filter takes what is less than a step from 0, its fill value, as that */
  if (p.kind == DF_STORED_STEPS && value == 0) return pow(10, -p.digits);
  if (p.kind == DF_STORED_DECIMALS || p.kind == DF_STORED_STEPS) return 0.5 * pow(10, -p.digits);
  if (p.kind == DF_STORED_DIGITS) return value == 0 ? 0 : 0.5 * pow(10, floor(log10(fabs(value))) + 1 - p.digits);
  const bool stated = p.kind == DF_STORED_BITS;
  const int least = least_exponent[stated ? DF_STORED_FLOAT64 : p.kind] + 1;
  int exponent = least;
  if (value != 0) (void)frexp(value, &exponent);
  if (exponent < least) exponent = least;
  return ldexp(0.5, exponent - (stated ? p.digits : bits_of[p.kind]));
}

double df_rounding_error(const df_rounding* r, double value) {
  if (r->unit == 0) return 0;
  const double stored = r->size > 0 ? r->size : (value - r->offset) / r->unit;
  return (r->precision.kind == DF_STORED_FLOAT64 ? COMPUTED : 1) * fabs(r->unit) *
         df_stored_precision_error(r->precision, stored);
}

void df_stored_precision_text(df_stored_precision p, char text[40]) {
  static const char* const names[] = {[DF_STORED_FLOAT64] = "float64",
                                      [DF_STORED_FLOAT32] = "float32",
                                      [DF_STORED_FLOAT16] = "float16",
                                      [DF_STORED_BFLOAT16] = "bfloat16"};
  if (is_binary(p.kind))
    snprintf(text, 40, "%s", names[p.kind]);
  else if (p.kind == DF_STORED_STEPS)
    snprintf(text, 40, "steps of %.0e (scaleoffset)", pow(10, -p.digits));
  else if (p.kind == DF_STORED_BITS)
    snprintf(text, 40, "%d significant bits", p.digits);
  else
    snprintf(text, 40, "text of %d %s%s", p.digits, p.kind == DF_STORED_DECIMALS ? "decimal" : "digit",
             p.digits == 1 ? "" : "s");
}

/* ---- judging ---- */

/* by magnitude, then by sign */
static int by_magnitude(const void* a, const void* b) {
  const double x = *(const double*)a, y = *(const double*)b;
  if (fabs(x) != fabs(y)) return fabs(x) > fabs(y) ? 1 : -1;
  return (x > y) - (x < y);
}

/* writes different nonzero values, evenly spaced in the list, to sample [SAMPLE], sorted by size; returns their number
 */
static size_t different_values(const double* values, size_t n, double* sample) {
  const size_t stride = n / SAMPLE + 1;
  size_t count = 0, kept = 0;
  for (size_t i = 0; i < n; i += stride) {
    if (values[i] != 0) sample[count++] = values[i];
  }
  qsort(sample, count, sizeof *sample, by_magnitude);
  for (size_t i = 0; i < count; i++) {
    if (kept == 0 || sample[kept - 1] != sample[i]) sample[kept++] = sample[i];
  }
  return kept;
}

/* whether a value needs the last digits of the precision */
static bool needs(df_stored_precision p, double value) {
  if (is_binary(p.kind)) return !fits(value, bits_of[p.kind] - SPARE_BITS, least_exponent[p.kind]);
  return !df_stored_precision_holds((df_stored_precision){p.kind, p.digits - 1}, value);
}

static bool all_held(df_stored_precision p, const double* values, size_t n) {
  for (size_t i = 0; i < n; i++) {
    if (!df_stored_precision_holds(p, values[i])) return false;
  }
  return true;
}

/* the first digits from `least` on that hold the sample, MOST_DIGITS + 1 if none do */
static int digits_of(df_stored_kind kind, int least, const double* sample, size_t n) {
  int digits = least;
  for (size_t i = 0; i < n && digits <= MOST_DIGITS; i++) {
    while (digits <= MOST_DIGITS && !df_stored_precision_holds((df_stored_precision){kind, digits}, sample[i]))
      digits++;
  }
  return digits;
}

/* whether most of the first n values of the sample need the last digits */
static bool most_need(df_stored_precision p, const double* sample, size_t n) {
  size_t needed = 0;
  for (size_t i = 0; i < n; i++) needed += needs(p, sample[i]);
  return (double)needed >= LEAST_SHARE * (double)n;
}

/* A grid, such as multiples of 1/64, fills the bits of a floating-point format in its large numbers only; in text with
 * a fixed number of digits the smallest numbers may have lost theirs. */
static bool is_stored_in(df_stored_precision p, const double* sample, size_t different, const double* values,
                         size_t n) {
  if (p.digits > MOST_DIGITS || !all_held(p, sample, different)) return false;
  if (!most_need(p, sample, different) || (is_binary(p.kind) && !most_need(p, sample, different / 4))) return false;
  return all_held(p, values, n);
}

df_stored_precision df_stored_precision_of(const double* values, size_t n) {
  df_stored_precision best = {DF_STORED_FLOAT64, 0};
  double sample[SAMPLE];
  const size_t different = different_values(values, n, sample);
  if (different >= LEAST_DIFFERENT) {
    const df_stored_precision candidates[] = {{DF_STORED_FLOAT32, 0},
                                              {DF_STORED_FLOAT16, 0},
                                              {DF_STORED_BFLOAT16, 0},
                                              {DF_STORED_DECIMALS, digits_of(DF_STORED_DECIMALS, 1, sample, different)},
                                              {DF_STORED_DIGITS, digits_of(DF_STORED_DIGITS, 2, sample, different)}};
    const double typical = sample[different / 2];
    for (size_t i = 0; i < sizeof candidates / sizeof *candidates; i++) {
      const bool coarser = df_stored_precision_error(candidates[i], typical) > df_stored_precision_error(best, typical);
      if (coarser && is_stored_in(candidates[i], sample, different, values, n)) best = candidates[i];
    }
  }
  return best;
}
