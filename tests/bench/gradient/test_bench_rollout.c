/* The speedup is the time on one thread over the time on many. */
#include "bench_rollout.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void the_speedup_is_the_median_of_the_ratios(void** state) {
  (void)state;
  /* ratios 2, 8, 3; the ratio of the medians would be 2.5 */
  const double one[] = {2, 8, 15}, many[] = {1, 1, 5};
  double scratch[3];
  assert_true(bench_speedup(3, one, many, scratch) == 3);
  assert_true(bench_speedup(1, many, one, scratch) == 0.5);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(the_speedup_is_the_median_of_the_ratios)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
