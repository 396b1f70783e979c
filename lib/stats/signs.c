/* signs.c: Student's t and the sign-flip test. */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#include "dynaflow/core/rng.h"
#include "dynaflow/stats/statistics.h"

/* ---- Student's t ---- */

/* P(|T| <= t) for t = sqrt(freedom) tan(angle), the finite sums 26.7.3 (odd) and 26.7.4 (even) of [AS] */
static double student_share(double angle, int freedom) {
  const bool odd = freedom % 2;
  const double c = cos(angle);
  double term = odd ? c : 1, sum = freedom == 1 ? 0 : term;
  for (int k = odd ? 3 : 2; k < freedom; k += 2) {
    term *= c * c * (k - 1) / k;
    sum += term;
  }
  return odd ? (angle + sin(angle) * sum) / acos(0) : sin(angle) * sum;
}

static int counted(int freedom) {
  return freedom < 10000 ? freedom : 10000;
}

double df_student_p(double t, int freedom) {
  if (freedom < 1 || isnan(t)) return NAN;
  const int n = counted(freedom);
  return fmax(0, 1 - student_share(atan(fabs(t) / sqrt(n)), n));
}

double df_student_point(double level, int freedom) {
  if (freedom < 1 || !(level >= 0 && level < 1)) return NAN;
  const int n = counted(freedom);
  double lo = 0, hi = acos(0);
  for (double middle = hi / 2; lo < middle && middle < hi; middle = (lo + hi) / 2) {
    if (student_share(middle, n) < level) {
      lo = middle;
    } else {
      hi = middle;
    }
  }
  return sqrt(n) * tan(lo);
}

/* ---- the sign-flip test ---- */

enum { MOST_EXACT = 16, CHOICES = 99999 };

/* the sum of values with the signs of choice r */
static double drawn_sum(int n, const double* values, int r) {
  double sum = 0;
  uint64_t bits = 0;
  for (int i = 0; i < n; i++) {
    if (i % 32 == 0) bits = df_rng_below(1, DF_STREAM_SIGNS, (uint64_t)r, (uint32_t)(i / 32), (uint64_t)1 << 32);
    sum += bits >> i % 32 & 1 ? -values[i] : values[i];
  }
  return sum;
}

double df_sign_flip_p(int n, const double* values) {
  double sum = 0, size = 0;
  for (int i = 0; i < n; i++) sum += values[i];
  for (int i = 0; i < n; i++) size += fabs(values[i]);
  if (n < 1 || !isfinite(size)) return NAN;
  const double least = fabs(sum) - 1e-12 * size;
  int count = 0;
  if (n > MOST_EXACT) {
    for (int r = 0; r < CHOICES; r++) count += fabs(drawn_sum(n, values, r)) >= least;
    return (count + 1.0) / (CHOICES + 1.0);
  }
  for (int choice = 0; choice < 1 << n; choice++) {
    double flipped = 0;
    for (int i = 0; i < n; i++) flipped += choice >> i & 1 ? -values[i] : values[i];
    count += fabs(flipped) >= least;
  }
  return ldexp(count, -n);
}

double df_sign_flip_least_p(int n) {
  return n > MOST_EXACT ? 1 / (CHOICES + 1.0) : ldexp(1, 1 - n);
}
