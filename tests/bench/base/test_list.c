/* Lists grow by one element and keep those they have. */
#include "list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dynaflow/core/alloc.h"

static void a_list_keeps_its_elements_while_it_grows(void** state) {
  (void)state;
  int* list = NULL;
  for (int n = 0; n < 1000; n++) {
    list = list_grow(list, n, sizeof *list);
    list[n] = 3 * n;
    for (int i = 0; i <= n; i++) assert_int_equal(list[i], 3 * i);
  }
  df_free(list);
}

static void a_list_grows_by_doubling(void** state) {
  (void)state;
  char* list = NULL;
  df_alloc_fail_at(0);
  for (int n = 0; n < 1000; n++) list = list_grow(list, n, 1);
  /* room for 1, 2, 4, ..., 1024 */
  assert_int_equal(df_alloc_fail_at(0), 11);
  df_free(list);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_list_keeps_its_elements_while_it_grows),
      cmocka_unit_test(a_list_grows_by_doubling),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
