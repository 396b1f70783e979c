/* The CPU time of parts: nested, over threads, and only while somebody measures. */
#include "dynaflow/core/parts.h"

#include <math.h>
#include <string.h>

#include "dynaflow/core/clock.h"
#include "unit.h"

/* uses the processor for so many seconds of CPU time of this thread; returns how many it used */
static double work(double seconds) {
  const double begin = df_clock_thread();
  double used = 0;
  while (used < seconds) used = df_clock_thread() - begin;
  return used;
}

/* the clocks are read a microsecond apart; a thousand times that is allowed */
static void assert_seconds(double measured, double expected) {
  if (!(fabs(measured - expected) < 1e-3)) fail_msg("%g s instead of %g s", measured, expected);
}

static void nothing_is_measured_at_first(void** state) {
  (void)state;
  assert_int_equal(df_part_enter(DF_PART_FORWARD), DF_PART_WAITING);
  work(0.003);
  assert_int_equal(df_part_enter(DF_PART_BACKWARD), DF_PART_WAITING);
  for (int i = 0; i < DF_PARTS; i++) assert_true(df_parts_read().seconds[i] == 0);
}

static void the_time_of_a_nested_part_is_not_that_of_the_outer_one(void** state) {
  (void)state;
  df_parts_start();
  assert_int_equal(df_part_enter(DF_PART_DATA), DF_PART_WAITING);
  double outer = work(0.01);
  const df_part before = df_part_enter(DF_PART_FORWARD);
  assert_int_equal(before, DF_PART_DATA);
  const double inner = work(0.02);
  df_part_enter(before);
  outer += work(0.005);
  df_part_enter(DF_PART_WAITING);
  const df_parts parts = df_parts_read();
  df_parts_stop();
  assert_seconds(parts.seconds[DF_PART_DATA], outer);
  assert_seconds(parts.seconds[DF_PART_FORWARD], inner);
  assert_true(parts.seconds[DF_PART_BACKWARD] == 0);
}

static void a_new_measurement_begins_at_zero(void** state) {
  (void)state;
  df_parts_start();
  df_part_enter(DF_PART_FORWARD);
  work(0.005);
  df_parts_start();
  work(0.005); /* no part of the new measurement was entered yet */
  assert_int_equal(df_part_enter(DF_PART_ADJOINT), DF_PART_WAITING);
  const double used = work(0.01);
  df_part_enter(DF_PART_WAITING);
  const df_parts parts = df_parts_read();
  df_parts_stop();
  assert_true(parts.seconds[DF_PART_FORWARD] == 0 && parts.seconds[DF_PART_WAITING] == 0);
  assert_seconds(parts.seconds[DF_PART_ADJOINT], used);
}

static void the_time_of_all_threads_is_summed(void** state) {
  (void)state;
  double used = 0;
  df_parts_start();
#pragma omp parallel num_threads(3)
  {
    const df_part before = df_part_enter(DF_PART_SIMULATION);
    const double mine = work(0.01);
    df_part_enter(before);
#pragma omp critical
    used += mine;
  }
  const df_parts parts = df_parts_read();
  df_parts_stop();
  assert_true(used >= 0.03);
  assert_seconds(parts.seconds[DF_PART_SIMULATION], used);
}

static void parts_have_names(void** state) {
  (void)state;
  assert_string_equal(df_part_name(DF_PART_WAITING), "waiting");
  assert_string_equal(df_part_name(DF_PART_OPTIMIZER), "optimizer");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nothing_is_measured_at_first),
      cmocka_unit_test(the_time_of_a_nested_part_is_not_that_of_the_outer_one),
      cmocka_unit_test(a_new_measurement_begins_at_zero),
      cmocka_unit_test(the_time_of_all_threads_is_summed),
      cmocka_unit_test(parts_have_names),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
