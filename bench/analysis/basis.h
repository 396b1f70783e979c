/* basis.h: orthogonal bases of few vectors. */
#ifndef BENCH_ANALYSIS_BASIS_H
#define BENCH_ANALYSIS_BASIS_H

#include <stddef.h>

/* The inner product of two vectors [n]. */
double basis_dot(const double* a, const double* b, size_t n);

/* Makes vector k of basis [k + 1][n] orthogonal to the preceding ones, which are orthogonal and of length 1 or 0, and
 * of length 1. Returns the length of what was orthogonal. A vector that is a combination of the preceding ones, to 1e-6
 * of its length, becomes 0; then it returns 0. */
double basis_extend(double* basis, int k, size_t n);

#endif
