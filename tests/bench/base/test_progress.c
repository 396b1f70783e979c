/* Progress in a log: share, rate and remaining time. */
#define _GNU_SOURCE
#include "progress.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "capture.h"
#include "dynaflow/core/clock.h"

/* the line that is printed when `done` of `total` are done after `seconds` */
static char* line_at(double seconds, double begun, double done, double total, const char* note) {
  progress p;
  progress_start(&p, false, "work", "steps", total);
  if (begun > 0) progress_resume(&p, begun);
  p.terminal = false;
  p.started = p.drawn = df_clock_wall() - seconds;
  capture c = capture_begin(stderr);
  progress_update(&p, done, note);
  return capture_end(&c);
}

static void assert_line(double seconds, double done, double total, const char* note, const char* wanted) {
  char* line = line_at(seconds, 0, done, total, note);
  assert_string_equal(line, wanted);
  free(line);
}

static void work_that_was_done_before_is_not_in_the_rate(void** state) {
  (void)state;
  char* line = line_at(100, 500, 525, 625, NULL);
  assert_string_equal(line, "work:  84% (525 of 625 steps), 4.0 s/step, 6:40 left\n");
  free(line);
}

static void the_remaining_time_is_that_of_what_is_left(void** state) {
  (void)state;
  assert_line(100, 25, 100, "loss 2", "work:  25% (25 of 100 steps), 4.0 s/step, 5:00 left, loss 2\n");
  assert_line(100, 2000, 2500, NULL, "work:  80% (2000 of 2500 steps), 20 steps/s, 0:25 left\n");
  assert_line(3600, 1, 4, NULL, "work:  25% (1 of 4 steps), 3600.0 s/step, 3:00:00 left\n");
  assert_line(5, 9, 10, NULL, "");
}

static void the_end_says_what_was_done_in_which_time(void** state) {
  (void)state;
  progress p;
  progress_start(&p, false, "work", "steps", 10);
  p.terminal = false;
  p.started = p.drawn = df_clock_wall() - 65;
  p.done = 10;
  capture c = capture_begin(stderr);
  progress_end(&p);
  char* line = capture_end(&c);
  assert_string_equal(line, "work: 10 of 10 steps in 1:05\n");
  free(line);
  progress_resume(&p, 7);
  p.done = 10;
  c = capture_begin(stderr);
  progress_end(&p);
  line = capture_end(&c);
  assert_string_equal(line, "work: 10 of 10 steps, the last 3 in 1:05\n");
  free(line);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_remaining_time_is_that_of_what_is_left),
      cmocka_unit_test(work_that_was_done_before_is_not_in_the_rate),
      cmocka_unit_test(the_end_says_what_was_done_in_which_time),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
