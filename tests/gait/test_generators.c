/* The table of generators. */
#include "dynaflow/gait/detour.h"
#include "dynaflow/gait/gait.h"
#include "dynaflow/gait/generators.h"
#include "dynaflow/gait/push.h"
#include "unit.h"

static void every_generator_is_found_by_its_name(void** state) {
  (void)state;
  const df_generator* const* all;
  const int n = df_generators(&all);
  assert_int_equal(n, 3);
  assert_ptr_equal(all[0], &df_generator_quadruped_gaits);
  assert_string_equal(all[0]->name, "quadruped_gaits");
  assert_ptr_equal(all[1], &df_generator_detours);
  assert_string_equal(all[1]->name, "detours");
  assert_ptr_equal(all[2], &df_generator_box_pushes);
  assert_string_equal(all[2]->name, "box_pushes");
  for (int i = 0; i < n; i++) assert_ptr_equal(df_generator_by_name(all[i]->name), all[i]);
}

static void an_unknown_name_has_none(void** state) {
  (void)state;
  assert_null(df_generator_by_name(""));
  assert_null(df_generator_by_name("quadruped"));
  assert_null(df_generator_by_name("quadruped_gaits_"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_generator_is_found_by_its_name),
      cmocka_unit_test(an_unknown_name_has_none),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
