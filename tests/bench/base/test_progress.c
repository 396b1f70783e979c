/* Progress in a log: share, rate and remaining time. */
#define _GNU_SOURCE
#include "progress.h"

#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

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

/* the line that is drawn on a terminal of so many columns */
static void assert_drawn(int columns, const char* note, const char* wanted) {
  char drawn[256];
  const struct winsize size = {.ws_col = (unsigned short)columns, .ws_row = 24};
  const int master = posix_openpt(O_RDWR | O_NOCTTY);
  assert_true(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
  const int slave = open(ptsname(master), O_RDWR | O_NOCTTY), before = dup(STDERR_FILENO);
  assert_true(slave >= 0 && before >= 0 && ioctl(slave, TIOCSWINSZ, &size) == 0 && dup2(slave, STDERR_FILENO) >= 0);
  progress p;
  progress_start(&p, false, "work", "steps", 100);
  const bool is_terminal = p.terminal;
  p.started = p.drawn = df_clock_wall() - 100;
  progress_update(&p, 25, note);
  dup2(before, STDERR_FILENO);
  const ssize_t n = read(master, drawn, sizeof drawn - 1);
  close(before);
  close(slave);
  close(master);
  assert_true(is_terminal && n > 0);
  drawn[n] = '\0';
  assert_string_equal(drawn, wanted);
}

static void a_line_on_a_terminal_fits_its_width(void** state) {
  (void)state;
  assert_drawn(80, NULL, "\rwork [######..................]  25%  4.0 s/step  5:00 left\033[K");
  assert_drawn(80, "loss 2", "\rwork [######..................]  25%  4.0 s/step  5:00 left  loss 2\033[K");
  assert_drawn(60, "loss 2", "\rwork [####............]  25%  4.0 s/step  5:00 left  loss 2\033[K");
  assert_drawn(46, "loss 2", "\rwork  25%  4.0 s/step  5:00 left  loss 2\033[K");
  assert_drawn(36, "loss 2", "\rwork  25%  4.0 s/step  5:00 left  l\033[K");
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
      cmocka_unit_test(a_line_on_a_terminal_fits_its_width),
      cmocka_unit_test(the_end_says_what_was_done_in_which_time),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
