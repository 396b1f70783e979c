/* near.h: comparisons that CMocka lacks: of doubles, and of arrays of any shape as flat arrays. */
#ifndef TESTS_SUPPORT_NEAR_H
#define TESTS_SUPPORT_NEAR_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

/* fails and prints both numbers unless they are close; a NaN is close to nothing */
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
