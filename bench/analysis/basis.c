#include "basis.h"

#include <math.h>

static const double DEPENDENT = 1e-6;

double basis_dot(const double* a, const double* b, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) sum += a[i] * b[i];
  return sum;
}

double basis_extend(double* basis, int k, size_t n) {
  double* v = basis + (size_t)k * n;
  const double length = sqrt(basis_dot(v, v, n));
  /* twice, against cancellation */
  for (int j = 0; j < 2 * k; j++) {
    const double* other = basis + (size_t)(j % k) * n;
    const double along = basis_dot(v, other, n);
    for (size_t i = 0; i < n; i++) v[i] -= along * other[i];
  }
  double left = sqrt(basis_dot(v, v, n));
  if (!(left > DEPENDENT * length)) left = 0;
  for (size_t i = 0; i < n; i++) v[i] = left > 0 ? v[i] / left : 0;
  return left;
}
