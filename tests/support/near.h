/* near.h: what CMocka's float comparison lacks: doubles, and arrays of any shape taken as flat ones. */
#ifndef TESTS_METRICS_NEAR_H
#define TESTS_METRICS_NEAR_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

/* fails with both numbers printed; a NaN is near nothing */
#define assert_near(a, b, tolerance)                                                     \
  do {                                                                                   \
    const double near_a_ = (a), near_b_ = (b), near_tolerance_ = (tolerance);            \
    if (!(fabs(near_a_ - near_b_) <= near_tolerance_)) {                                 \
      fail_msg("%s = %.17g, wanted %.17g to %g", #a, near_a_, near_b_, near_tolerance_); \
    }                                                                                    \
  } while (0)

static inline void add_flat(size_t n, const void* from, void* to) {
  for (size_t i = 0; i < n; i++) ((double*)to)[i] += ((const double*)from)[i];
}

static inline double largest_gap(size_t n, const void* a, const void* b) {
  double gap = 0;
  for (size_t i = 0; i < n; i++) {
    const double d = fabs(((const double*)a)[i] - ((const double*)b)[i]);
    if (!(d <= gap)) gap = d;
  }
  return gap;
}

#endif
