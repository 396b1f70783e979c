/* the duration of a frame by times with gaps */
#include <math.h>

#include "dynaflow/data/recording.h"
#include "unit.h"

/* increments in s, and the duration of a frame without gaps; 0: none is one, or too many are */
static void gaps_are_left_out(void** state) {
  (void)state;
  static const struct {
    double step[9], expected;
  } cases[] = {
      {{1, 1, 1, 1, 1, 1, 1, 1}, 0},   {{1, 1, 1, 1.4, 1, 1, 1, 1}, 0},         {{1, 1, 1, 1.7, 1, 1, 1, 1}, 1},
      {{1, 1, 1, 70, 1, 1, 1, 1}, 1},  {{1, 1, 1, 70, 5, 1, 1, 1}, 1},  /* the mean of all but the longest is 1.57 */
      {{1, 1, 1, 70, 5, 5, 1, 1}, 0},  {{1, 1, 1, 70, -9, 1, 1, 3}, 0}, /* 2 of 7 */
      {{1, 1, 1, 70, -9, 1, 1, 1}, 1}, {{1, 1, 1, 3, NAN, 1, 1.2, 1}, 6.2 / 6}, {{-1, -1, -1, -1, -1, -1, -1, -1}, 0}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    double durations[16] = {0}, times[18] = {0};
    for (int k = 0; k < 8; k++) {
      durations[2 * k] = cases[i].step[k];
      times[2 * k + 2] = times[2 * k] + cases[i].step[k];
    }
    const double by_duration = df_step_without_gaps(8, durations, 2, false);
    if (!(fabs(by_duration - cases[i].expected) < 1e-9)) fail_msg("%zu: %g", i, by_duration);
    if (isnan(cases[i].step[4])) continue;
    const double by_time = df_step_without_gaps(8, times, 2, true);
    if (!(fabs(by_time - cases[i].expected) < 1e-9)) fail_msg("%zu: %g", i, by_time);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(gaps_are_left_out)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
