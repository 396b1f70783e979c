/* the unit, the steps and the order of arrays of times */
#include "recorded_clock.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "unit.h"

enum { FRAMES = 40 };

/* times of `each` frames of `step`, again and again */
static void repeat_times(int each, double step, double* time) {
  for (int i = 0; i < FRAMES; i++) time[i] = step * (i % each);
}

static void steps_are_those_forward_in_the_unit_of_the_numbers(void** state) {
  (void)state;
  static const struct {
    int each;
    double step;
    const char* unit;
    double seconds;
    size_t falls;
  } cases[] = {{FRAMES, 0.02, "s", 0.02, 0},  {10, 0.02, "s", 0.02, 3},       {3, 0.02, "s", 0.02, 13},
               {FRAMES, 20, "ms", 0.02, 0},   {FRAMES, 20000, "us", 0.02, 0}, {FRAMES, 2e7, "ns", 0.02, 0},
               {FRAMES, 0.0001, "s", 1e-4, 0}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    double time[FRAMES];
    repeat_times(cases[i].each, cases[i].step, time);
    const clock_steps s = clock_steps_of(FRAMES, time, true);
    assert_true(fabs(s.mean - cases[i].seconds) < 1e-9);
    assert_string_equal(s.unit->name, cases[i].unit);
    assert_int_equal(s.falls, cases[i].falls);
  }
  /* episodes of three frames are found by the name alone, and those of two by nothing */
  double time[FRAMES];
  repeat_times(3, 0.02, time);
  assert_true(clock_steps_of(FRAMES, time, false).mean == 0);
  repeat_times(2, 0.02, time);
  assert_true(clock_steps_of(FRAMES - 1, time, true).mean == 0);
}

/* Times of 40 frames of 20 ms, of which some wait for `pause` s before frames `at`, in one or two episodes. A clock may
 * do so for more than 1 s before two of 38 steps, and what is 5.5 frames or less is no pause. */
static void a_clock_may_pause(void** state) {
  (void)state;
  static const struct {
    double unit, pause;
    int at[3], each;
    size_t n, episode, row;
    const char* name; /* NULL: no clock */
  } cases[] = {{1, 2.7, {7}, FRAMES, 1, 0, 7, "s"},
               {1, 2.7, {7, 9}, FRAMES, 0, 0, 0, NULL},
               {1, 2.7, {27}, 20, 1, 1, 7, "s"},
               {1, 0.8, {7}, FRAMES, 1, 0, 7, "s"},
               {1, 0.1, {7}, FRAMES, 1, 0, 7, "s"},
               {1, 0.08, {7}, FRAMES, 0, 0, 0, "s"},
               {1000, 2.7, {7}, FRAMES, 1, 0, 7, "ms"},
               {1e6, 1500, {33}, FRAMES, 1, 0, 33, "us"},
               {1, 2.7, {7, 9, 20}, FRAMES, 0, 0, 0, NULL},
               {1e9, 1.1, {1}, FRAMES, 1, 0, 1, "ns"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    double time[FRAMES], waited = 0;
    for (int t = 0; t < FRAMES; t++) {
      if (t % cases[i].each == 0) waited = 0;
      for (int k = 0; k < 3; k++) waited += t > 0 && t == cases[i].at[k] ? cases[i].pause * (1 + 0.1 * k) : 0;
      time[t] = cases[i].unit * (0.02 * (t % cases[i].each) + waited);
    }
    const clock_steps s = clock_steps_of(FRAMES, time, true);
    if (!cases[i].name) {
      assert_true(s.mean == 0);
      continue;
    }
    assert_string_equal(s.unit->name, cases[i].name);
    assert_int_equal(s.pause.n, cases[i].n);
    assert_true(fabs(s.mean - 0.02) < 1e-9);
    if (s.pause.n == 0) continue;
    assert_true(fabs(s.pause.longest - cases[i].pause - 0.02) < 1e-6);
    assert_int_equal(s.pause.episode, cases[i].episode);
    assert_int_equal(s.pause.row, cases[i].row);
  }
}

/* An episode with a pause of 1.4 s, and one with gaps of 0.1 s before every sixth frame, of 0.02 s; every second one is
 * a quarter or more of the steps, and the duration of a frame the mean, 0.04 s or more. */
static void gaps_do_not_count_for_the_duration_of_a_frame(void** state) {
  (void)state;
  for (int every = 2; every <= 6; every += 4) {
    double time[FRAMES] = {0};
    for (int i = 1; i < FRAMES; i++)
      time[i] = i == 20 ? 0 : time[i - 1] + (i == 9 ? 1.42 : i > 20 && i % every == 0 ? 0.1 : 0.02);
    const clock_steps s = clock_steps_of(FRAMES, time, true);
    if (every == 6)
      assert_true(fabs(s.mean - 0.02) < 1e-9);
    else
      assert_true(s.mean > 0.04);
    assert_true(s.pause.n == 1 && fabs(s.pause.longest - 1.42) < 1e-9);
  }
}

static void names_state_units(void** state) {
  (void)state;
  const clock_unit* seconds = clock_unit_of("time_s", NULL);
  assert_string_equal(clock_unit_of("timestamp_us", seconds)->name, "us");
  assert_string_equal(clock_unit_of("time", seconds)->name, "s");
  assert_null(clock_unit_of("time", NULL));
}

/* What is missing is no step, and the steps after it count. */
static void steps_go_on_after_what_is_missing(void** state) {
  (void)state;
  const double slower[] = {0, 0.1, NAN, 0.3, 0.5, 0.7, NAN, NAN, 0, 0.2}, back[] = {0, 0.1, NAN, 0.3, 0.4, 0.5, 0, 0.1};
  const clock_steps s = clock_steps_of(10, slower, false), b = clock_steps_of(8, back, false);
  assert_true(fabs(s.mean - 0.7 / 4) < 1e-9);
  assert_int_equal(s.falls, 0);
  assert_true(fabs(b.mean - 0.1) < 1e-9);
  assert_int_equal(b.falls, 1);
}

/* the first index at which a clock of one row does not go on, 0: none; of steps of 1 */
static size_t first_fault(size_t n, const double* time) {
  for (size_t i = 1; i < n; i++) {
    if (time[i] <= time[i - 1] && time[i - 1] - time[i] < 1.5) return i;
  }
  return 0;
}

/* every sequence of six of four numbers of which at least half the steps go forward, by 1 on average */
static void the_first_row_out_of_order_is_named(void** state) {
  (void)state;
  enum { N = 6, NUMBERS = 4 };
  int refused = 0, taken = 0;
  for (int code = 0; code < 4096; code++) {
    double time[N], sum = 0;
    int rises = 0, falls = 0;
    for (int i = 0, c = code; i < N; i++, c /= NUMBERS) time[i] = c % NUMBERS;
    for (int i = 1; i < N; i++) {
      rises += time[i] > time[i - 1];
      falls += time[i] < time[i - 1];
      sum += fmax(0, time[i] - time[i - 1]);
    }
    if (rises == 0 || rises < falls || sum != rises) continue;
    const clock_array clock = {.path = "a.csv", .name = "time", .n = N, .row = N, .time = time, .named = true};
    const size_t wanted = first_fault(N, time);
    const df_status status = clock_check_order(&clock);
    char index[32];
    snprintf(index, sizeof index, "at index %zu ", wanted);
    assert_int_equal(status, wanted ? DF_E_FORMAT : DF_OK);
    if (wanted && !strstr(df_error_message(), index)) fail_msg("%s, not %s", df_error_message(), index);
    refused += wanted > 0;
    taken += wanted == 0;
  }
  print_message("    %d refused, %d in order\n", refused, taken);
  assert_true(refused > 100 && taken > 5);
}

/* numbers after the last frame of short episodes, in arrays that hold several */
static void what_fills_up_a_row_is_no_time(void** state) {
  (void)state;
  const double filled[] = {0, 1, 2, 3, 0, 1, 1, 1, 7, 7, 7, 7}, stopped[] = {0, 1, 2, 3, 0, 0, 1, 2};
  const double missing[] = {0, 1, 2, 3, 0, 1, NAN, NAN}, nothing[] = {5, 5, 5, 5, 5, 5, 5, 5};
  const clock_array cases[] = {{"a", "time", 12, 4, filled, true, false},
                               {"a", "time", 8, 4, missing, true, false},
                               {"a", "time", 8, 4, stopped, true, false},
                               {"a", "time", 8, 4, nothing, true, false},
                               {"a", "time", 12, 12, filled, true, false}};
  static const char* const wanted[] = {NULL, NULL, "at index 5 ", "at index 1 ", "at index 4 "};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    assert_int_equal(clock_check_order(&cases[i]), wanted[i] ? DF_E_FORMAT : DF_OK);
    if (wanted[i] && !strstr(df_error_message(), wanted[i])) fail_msg("%s", df_error_message());
  }
  /* of one row, too: behind an episode, before the next one, and not instead of a step back */
  const double behind[] = {0, 1, 2, 3, NAN, NAN}, between[] = {0, 1, 2, 3, NAN, NAN, 0, 1, 2, 3},
               back[] = {0, 1, 2, 1.5, NAN, NAN};
  const struct {
    size_t n;
    const double* time;
    df_status status;
  } rows[] = {{6, behind, DF_OK}, {10, between, DF_OK}, {6, back, DF_E_FORMAT}};
  for (size_t i = 0; i < 3; i++) {
    const clock_array one = {
        .path = "a.csv", .name = "time", .n = rows[i].n, .row = rows[i].n, .time = rows[i].time, .named = true};
    assert_int_equal(clock_check_order(&one), rows[i].status);
  }
  assert_true(clock_steps_of(10, between, true).mean == 1 && clock_steps_of(10, between, true).falls == 0);
}

/* where something else says where episodes end, a quarter of the steps may be such ends */
static void known_ends_may_repeat_a_time(void** state) {
  (void)state;
  double time[FRAMES];
  for (int each = 2; each < 10; each++) {
    size_t n = 0;
    for (int i = 0; i < FRAMES; i++) time[i] = i - i / each; /* every each-th time stands still */
    for (int i = 1; i < FRAMES; i++) n += time[i] == time[i - 1];
    clock_array clock = {.path = "a", .name = "time", .n = FRAMES, .row = FRAMES, .time = time, .named = true};
    assert_int_equal(clock_check_order(&clock), DF_E_FORMAT);
    clock.ends_known = true;
    assert_int_equal(clock_check_order(&clock), 4 * n > FRAMES - 1 ? DF_E_FORMAT : DF_OK);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(steps_are_those_forward_in_the_unit_of_the_numbers),
                                     cmocka_unit_test(names_state_units),
                                     cmocka_unit_test(steps_go_on_after_what_is_missing),
                                     cmocka_unit_test(a_clock_may_pause),
                                     cmocka_unit_test(gaps_do_not_count_for_the_duration_of_a_frame),
                                     cmocka_unit_test(the_first_row_out_of_order_is_named),
                                     cmocka_unit_test(what_fills_up_a_row_is_no_time),
                                     cmocka_unit_test(known_ends_may_repeat_a_time)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
