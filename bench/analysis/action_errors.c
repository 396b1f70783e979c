#include "action_errors.h"

#include <math.h>

#include "basis.h"

enum { LEAST_ERRORS = 64, ERRORS_PER_FEATURE = 4 };
/* of the mean square of uniform errors, 1/3: controllers do not use all of a step evenly; sampling adds
 * sqrt(4/45) / (1/3) = 0.89 standard deviations over sqrt(n), of which 4 are allowed */
static const double SPREAD = 0.2, SAMPLING = 4 * 0.89;
/* standard deviations of the share that chance follows, and the largest share */
static const double CHANCE = 4, MOST_SHARE = 0.5;

action_errors action_errors_none(void) {
  return (action_errors){.largest = INFINITY, .spread = INFINITY, .dependence = INFINITY};
}

bool action_errors_look_rounded(const action_errors* e) {
  return e->largest <= 1 && e->spread <= 1 && e->dependence <= 1;
}

void action_errors_judge(const double* error, double* feature, size_t n, int features, size_t independent,
                         action_errors* out) {
  const double square = basis_dot(error, error, n), count = (double)independent;
  double followed = 0;
  int used = 0;
  if (independent < LEAST_ERRORS || count < ERRORS_PER_FEATURE * (double)features) {
    out->few = true;
    return;
  }
  for (int k = 0; k < features; k++) {
    used += basis_extend(feature, k, n) > 0;
    followed += pow(basis_dot(error, feature + (size_t)k * n, n), 2);
  }
  const double off = fabs(3 * square / (double)n - 1), share = square > 0 ? followed / square : 0;
  const double by_chance = (used + CHANCE * sqrt(2.0 * used)) / count;
  out->spread = fmax(out->spread, off / (SPREAD + SAMPLING / sqrt(count)));
  out->dependence = fmax(out->dependence, share / fmin(MOST_SHARE, by_chance));
}
