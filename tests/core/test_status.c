#include <omp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "dynaflow/core/clock.h"
#include "dynaflow/core/status.h"

static void every_code_has_its_own_text(void** state) {
  (void)state;
  for (int i = 0; i < DF_STATUS_COUNT; i++) {
    assert_true(strlen(df_status_text((df_status)i)) > 0);
    for (int j = 0; j < i; j++) assert_string_not_equal(df_status_text((df_status)i), df_status_text((df_status)j));
  }
  assert_string_equal(df_status_text((df_status)-1), "unknown status");
  assert_string_equal(df_status_text(DF_STATUS_COUNT), "unknown status");
}

static void a_detail_may_quote_the_one_before(void** state) {
  (void)state;
  assert_int_equal(df_fail(DF_E_IO, "inner %d", 7), DF_E_IO);
  assert_int_equal(df_fail(DF_E_FORMAT, "outer: %s", df_error_message()), DF_E_FORMAT);
  assert_string_equal(df_error_message(), "outer: inner 7");
}

static void a_long_detail_is_cut_and_terminated(void** state) {
  (void)state;
  char text[5000];
  memset(text, 'x', sizeof text);
  text[sizeof text - 1] = '\0';
  (void)df_fail(DF_E_IO, "%s", text);
  const size_t n = strlen(df_error_message());
  assert_true(n > 200 && n < sizeof text);
}

static void threads_have_details_of_their_own(void** state) {
  (void)state;
  int wrong = 0, threads = 0;
#pragma omp parallel num_threads(4) reduction(+ : wrong, threads)
  {
    char mine[32];
    snprintf(mine, sizeof mine, "thread %d", omp_get_thread_num());
    (void)df_fail(DF_E_IO, "%s", mine);
#pragma omp barrier
    wrong += strcmp(df_error_message(), mine) != 0;
    threads++;
  }
  assert_int_equal(wrong, 0);
  assert_true(threads > 1);
}

static df_status two_steps(int first) {
  DF_REQUIRE(first >= 0, "first is %d", first);
  DF_TRY(first == 1 ? df_fail(DF_E_SIM, "step one") : DF_OK);
  return DF_OK;
}

static void try_and_require_keep_code_and_detail(void** state) {
  (void)state;
  assert_int_equal(two_steps(0), DF_OK);
  assert_int_equal(two_steps(1), DF_E_SIM);
  assert_string_equal(df_error_message(), "step one");
  assert_int_equal(two_steps(-3), DF_E_ARG);
  assert_string_equal(df_error_message(), "first is -3");
}

static void clocks_do_not_run_backwards(void** state) {
  (void)state;
  const double wall = df_clock_wall(), cpu = df_clock_cpu(), thread = df_clock_thread();
  volatile double work = 0;
  for (int i = 0; i < 100000; i++) work = work + i;
  assert_true(df_clock_wall() >= wall && df_clock_cpu() >= cpu && df_clock_thread() >= thread);
  assert_true(df_clock_cpu() > 0 && df_clock_thread() > 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_code_has_its_own_text),          cmocka_unit_test(a_detail_may_quote_the_one_before),
      cmocka_unit_test(a_long_detail_is_cut_and_terminated),  cmocka_unit_test(threads_have_details_of_their_own),
      cmocka_unit_test(try_and_require_keep_code_and_detail), cmocka_unit_test(clocks_do_not_run_backwards),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
