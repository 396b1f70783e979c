/* On which side of its range a joint is at the end of a pair of frames. */
#include <math.h>

#include "check_parts.h"
#include "small_recording.h"
#include "unit.h"

/* A slide of the range -1 to 1 rises beyond it between frames 59 and 60, and falls below it between 119 and 120; 2 % of
 * the width, 0.04, are no excess. A hinge without a range is never beyond. */
static void a_pair_ends_on_the_side_of_its_second_frame(void** state) {
  (void)state;
  static const double h[1] = {0.01}, at[] = {1.03, 1.05, -1.05, -1.03};
  fixture f = fixture_new(slide_xml, 1);
  for (int t = 0; t <= T; t++) {
    double* x = frame_of(f.d, 0, t);
    x[0] = at[t < 60 ? 0 : t < 120 ? 1 : t < 180 ? 2 : 3];
    x[1] = 9;
  }
  trace_it(&f, h);
  assert_int_equal(f.m.n, T);
  for (size_t k = 0; k < f.m.n; k++) {
    assert_int_equal(f.m.frame[k], k);
    assert_int_equal(check_side_beyond_limit(&f.m, k, 0), k < 59 ? 0 : k < 119 ? 1 : k < 179 ? -1 : 0);
    assert_int_equal(check_side_beyond_limit(&f.m, k, 1), 0);
  }
  fixture_free(&f);
}

/* a slide of the width 2 that is beyond its end by `excess` of the width in the first `n` of T frames, and in it later
 */
static check_verdict verdict_of(int n, double excess) {
  static const double h[1] = {0.01};
  fixture f = fixture_new(slide_xml, 1);
  data_findings found = {0};
  for (int t = 0; t <= T; t++) frame_of(f.d, 0, t)[0] = t < n ? 1 + 2 * excess : 0;
  trace_it(&f, h);
  check_joint_limits(&f.m, &found);
  assert_int_equal(found.n, 1);
  const check_verdict verdict = found.list[0].verdict;
  data_findings_clear(&found);
  fixture_free(&f);
  return verdict;
}

static void joints_that_are_always_beyond_are_wrong_sooner(void** state) {
  (void)state;
  assert_int_equal(verdict_of(T / 25, 0.9), CHECK_OK);
  assert_int_equal(verdict_of(T / 10, 0.9), CHECK_WARN);
  assert_int_equal(verdict_of(T * 3 / 10, 0.26), CHECK_WRONG);
  assert_int_equal(verdict_of(T * 3 / 10, 0.24), CHECK_WARN);
  assert_int_equal(verdict_of(T * 8 / 10, 0.24), CHECK_WARN);
  assert_int_equal(verdict_of(T * 95 / 100, 0.16), CHECK_WRONG);
  assert_int_equal(verdict_of(T * 95 / 100, 0.14), CHECK_WARN);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_pair_ends_on_the_side_of_its_second_frame),
                                     cmocka_unit_test(joints_that_are_always_beyond_are_wrong_sooner)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
