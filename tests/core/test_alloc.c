#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dynaflow/core/alloc.h"

static void memory_is_zeroed_and_aligned_to_64_bytes(void** state) {
  (void)state;
  for (size_t n = 0; n < 300; n += 7) {
    unsigned char* p = df_alloc(n, 3);
    assert_non_null(p);
    assert_int_equal((uintptr_t)p % 64, 0);
    for (size_t i = 0; i < 3 * n; i++) assert_int_equal(p[i], 0);
    memset(p, 0xff, 3 * n);
    df_free(p);
  }
}

static void a_product_beyond_the_address_space_is_refused(void** state) {
  (void)state;
  df_alloc_fail_at(0);
  assert_null(df_alloc(SIZE_MAX / 8 + 1, 8));
  assert_non_null(strstr(df_error_message(), "8 bytes"));
  assert_null(df_alloc(SIZE_MAX, 1));
  assert_null(df_alloc(2, SIZE_MAX / 2 + 1));
}

static void exactly_the_nth_allocation_fails(void** state) {
  (void)state;
  for (size_t n = 1; n <= 4; n++) {
    df_alloc_fail_at(n);
    for (size_t i = 1; i <= 6; i++) {
      void* p = df_alloc(1, 1);
      if (i == n) {
        assert_null(p);
        assert_true(strlen(df_error_message()) > 0);
      } else {
        assert_non_null(p);
      }
      df_free(p);
    }
  }
  df_alloc_fail_at(1);
  assert_null(df_strdup("x"));
  df_alloc_fail_at(0);
}

static void allocations_are_counted_since_the_last_call(void** state) {
  (void)state;
  df_alloc_fail_at(0);
  for (int i = 0; i < 5; i++) df_free(df_alloc(1, 1));
  df_free(df_strdup("x"));
  assert_int_equal(df_alloc_fail_at(0), 6);
  assert_int_equal(df_alloc_fail_at(0), 0);
}

static void a_copied_string_is_equal_and_its_own(void** state) {
  (void)state;
  char text[] = "text";
  char* copy = df_strdup(text);
  text[0] = 'n';
  assert_string_equal(copy, "text");
  df_free(copy);
  df_free(NULL);
}

static void the_peak_is_what_was_in_use_at_once(void** state) {
  (void)state;
  /* the heap rounds blocks of this size up by a page or two each */
  const size_t slack = 16 << 10, large = 1 << 20;
  void* kept = df_alloc(large, 1);
  (void)df_alloc_peak();
  const size_t base = df_alloc_peak();
  assert_true(base >= large);
  for (int i = 0; i < 10; i++) df_free(df_alloc(large, 2));
  const size_t one_at_a_time = df_alloc_peak();
  assert_true(one_at_a_time >= base + 2 * large && one_at_a_time < base + 2 * large + slack);
  void *a = df_alloc(large, 1), *b = df_alloc(large, 3);
  df_free(a);
  df_free(b);
  const size_t together = df_alloc_peak();
  assert_true(together >= base + 4 * large && together < base + 4 * large + slack);
  df_free(kept);
  (void)df_alloc_peak();
  assert_true(df_alloc_peak() < base);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(memory_is_zeroed_and_aligned_to_64_bytes),
      cmocka_unit_test(a_product_beyond_the_address_space_is_refused),
      cmocka_unit_test(exactly_the_nth_allocation_fails),
      cmocka_unit_test(allocations_are_counted_since_the_last_call),
      cmocka_unit_test(the_peak_is_what_was_in_use_at_once),
      cmocka_unit_test(a_copied_string_is_equal_and_its_own),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
