/* Limits and signals: they set stop_flag with the right reason, and stop_unwatch() clears the flag of a limit. */
#define _GNU_SOURCE
#include "stop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dynaflow/core/clock.h"
#include "exit_code.h"
#include "unit.h"

/* seconds until the flag is set; limits are checked every 20 ms, the rest is a margin for a busy machine */
static double wait_for_flag(double at_most) {
  const double begin = df_clock_wall();
  while (!stop_flag && df_clock_wall() - begin < at_most) usleep(1000);
  return df_clock_wall() - begin;
}

static void time_beyond_its_limit_is_told_and_taken_back(void** state) {
  (void)state;
  char words[96];
  const stop_limits limits = {.seconds = 0.1};
  for (int attempt = 0; attempt < 2; attempt++) {
    assert_int_equal(stop_watch(&limits), DF_OK);
    const double waited = wait_for_flag(20);
    assert_true(stop_flag);
    /* the deadline was set shortly before the wait began */
    assert_true(waited > 0.09);
    assert_int_equal(stop_why(), STOP_SECONDS);
    assert_string_equal(stop_words(words, sizeof words), "over 0.1 s (--cell-seconds)");
    stop_unwatch();
    assert_false(stop_flag);
    assert_int_equal(stop_why(), STOP_NONE);
  }
}

static void memory_beyond_its_limit_is_told(void** state) {
  (void)state;
  enum { MIB = 64 };
  char words[96];
  /* every process uses more than 1 MiB */
  assert_int_equal(stop_watch(&(stop_limits){.memory_mib = 1}), DF_OK);
  wait_for_flag(20);
  assert_int_equal(stop_why(), STOP_MEMORY);
  double used, limit;
  assert_int_equal(
      sscanf(stop_words(words, sizeof words), "%lf MiB in use, over %lf MiB (--cell-memory)", &used, &limit), 2);
  assert_true(limit == 1 && used > 1);
  stop_unwatch();

  /* memory that is allocated while the limit is watched */
  assert_int_equal(stop_watch(&(stop_limits){.memory_mib = used + MIB / 2.0}), DF_OK);
  usleep(100000);
  assert_false(stop_flag);
  char* heap = malloc((size_t)MIB << 20);
  assert_non_null(heap);
  memset(heap, 1, (size_t)MIB << 20);
  wait_for_flag(20);
  assert_int_equal(stop_why(), STOP_MEMORY);
  stop_unwatch();
  assert_int_equal(heap[((size_t)MIB << 20) - 1], 1);
  free(heap);
}

static void without_limits_and_within_them_nothing_is_told(void** state) {
  (void)state;
  assert_int_equal(stop_watch(&(stop_limits){0}), DF_OK);
  stop_unwatch();
  assert_int_equal(stop_watch(&(stop_limits){.seconds = 3600, .memory_mib = 1e6}), DF_OK);
  usleep(100000);
  assert_false(stop_flag);
  assert_int_equal(stop_why(), STOP_NONE);
  /* stop_unwatch() does not wait for the next check */
  stop_unwatch();
  stop_unwatch();
  assert_false(stop_flag);
}

/* runs in a separate process, since a signal stays recorded */
static int status_of(void (*child)(void)) {
  int status;
  fflush(NULL);
  const pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid == 0) {
    fclose(stderr);
    child();
    _exit(0);
  }
  assert_int_equal(waitpid(pid, &status, 0), pid);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void one_signal_and_a_limit(void) {
  stop_in_order();
  if (stop_watch(&(stop_limits){.seconds = 0.05}) != DF_OK) _exit(1);
  raise(SIGTERM);
  if (!stop_flag || stop_why() != STOP_SIGNAL) _exit(2);
  usleep(200000);
  if (stop_why() != STOP_SIGNAL) _exit(3);
  stop_unwatch();
  if (!stop_flag || stop_why() != STOP_SIGNAL) _exit(4);
  _exit(7);
}

static void two_signals_at_once(void) {
  stop_in_order();
  /* both are delivered when they are no longer blocked */
  sigset_t both;
  sigemptyset(&both);
  sigaddset(&both, SIGINT);
  sigaddset(&both, SIGTERM);
  sigprocmask(SIG_BLOCK, &both, NULL);
  raise(SIGINT);
  raise(SIGTERM);
  sigprocmask(SIG_UNBLOCK, &both, NULL);
  _exit(7);
}

static void two_signals_apart(void) {
  stop_in_order();
  raise(SIGINT);
  usleep(150000);
  raise(SIGINT);
  _exit(7);
}

static void a_closed_terminal_in_order(void) {
  stop_in_order();
  raise(SIGHUP);
  _exit(stop_flag && stop_why() == STOP_SIGNAL ? 7 : 1);
}

static void a_closed_terminal_at_once(void) {
  stop_at_once();
  raise(SIGHUP);
  _exit(7);
}

static void a_closed_terminal_under_nohup(void) {
  signal(SIGHUP, SIG_IGN);
  stop_at_once();
  stop_in_order();
  raise(SIGHUP);
  _exit(stop_flag ? 1 : 7);
}

static void signal_for_what_keeps_nothing(void) {
  stop_at_once();
  raise(SIGTERM);
  _exit(7);
}

static void a_signal_outranks_a_limit_and_stays(void** state) {
  (void)state;
  assert_int_equal(status_of(one_signal_and_a_limit), 7);
}

static void a_closed_terminal_is_a_signal_unless_it_is_ignored(void** state) {
  (void)state;
  assert_int_equal(status_of(a_closed_terminal_in_order), 7);
  assert_int_equal(status_of(a_closed_terminal_at_once), EXIT_INTERRUPTED);
  assert_int_equal(status_of(a_closed_terminal_under_nohup), 7);
}

static void only_a_second_signal_ends_at_once(void** state) {
  (void)state;
  assert_int_equal(status_of(two_signals_at_once), 7);
  assert_int_equal(status_of(two_signals_apart), EXIT_INTERRUPTED);
  assert_int_equal(status_of(signal_for_what_keeps_nothing), EXIT_INTERRUPTED);
}

int main(void) {
  signal(SIGHUP, SIG_DFL); /* it is ignored under nohup */
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(time_beyond_its_limit_is_told_and_taken_back),
      cmocka_unit_test(memory_beyond_its_limit_is_told),
      cmocka_unit_test(without_limits_and_within_them_nothing_is_told),
      cmocka_unit_test(a_signal_outranks_a_limit_and_stays),
      cmocka_unit_test(a_closed_terminal_is_a_signal_unless_it_is_ignored),
      cmocka_unit_test(only_a_second_signal_ends_at_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
