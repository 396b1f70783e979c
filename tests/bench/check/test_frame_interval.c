/* Durations of frames that no recording has are named, and a physics step of another unit. */
#include "frame_interval.h"

#include "found.h"
#include "small_recording.h"
#include "unit.h"

/* a physics step of the model takes 0.01 s */
static data_findings check(int episodes, const double* stated) {
  data_findings out = {0};
  fixture f = fixture_new(slide_xml, 1);
  check_frame_intervals(episodes, stated, f.s, &(fit_source){0}, &out);
  fixture_free(&f);
  return out;
}

static void the_first_duration_that_no_recording_has_is_named(void** state) {
  (void)state;
  static const struct {
    double stated[3];
    check_verdict verdict;
    double value, limit;
    const char* reason;
  } cases[] = {
      {{0.02, 0.5, 0.02}, CHECK_OK, 0.02, 1, ""},
      {{1, 1, 1}, CHECK_OK, 1, 1, ""},
      {{0.02, 1e10, 3},
       CHECK_WRONG,
       1e10,
       1,
       "the data state that a frame of episode 1 lasts 1e+10 s, which is 1e-10 Hz: a recording has 1 Hz to 10 kHz; set "
       "data.rate to its rate"},
      {{0.02, 0.02, 2e-5},
       CHECK_WRONG,
       2e-5,
       NAN,
       "the data state that a frame of episode 2 lasts 2e-05 s, which is 50000 Hz: a recording has 1 Hz to 10 kHz; set "
       "data.rate to its rate"},
      {{0.0005, 0.02, 0.02},
       CHECK_WARN,
       0.0005,
       NAN,
       "the data state that a frame of episode 0 lasts 0.0005 s, but a physics step of the model lasts 0.01 s: set "
       "data.rate or system.timestep, whichever is wrong"}};
  for (int i = 0; i < 5; i++) {
    data_findings found = check(3, cases[i].stated);
    assert_int_equal(found.n, 1);
    assert_int_equal(found.list[0].check, DATA_CHECK_FRAME_INTERVAL);
    assert_string_equal(found.list[0].reason, cases[i].reason);
    assert_int_equal(found.list[0].verdict, cases[i].verdict);
    assert_true(found.list[0].value == cases[i].value);
    assert_true(found.list[0].limit == cases[i].limit || (isnan(found.list[0].limit) && isnan(cases[i].limit)));
    expect_limits_decide(&found);
    assert_int_equal(found.list[0].would_fit.n, 0);
    data_findings_clear(&found);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(the_first_duration_that_no_recording_has_is_named)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
