/* Names that list several files in braces. */
#include "listed_files.h"

#include "dynaflow/core/alloc.h"
#include "unit.h"

static void assert_name(const char* list, int i, const char* wanted) {
  char* name = listed_name(list, i);
  assert_string_equal(name, wanted);
  df_free(name);
}

static void names_are_those_between_the_commas(void** state) {
  (void)state;
  static const char list[] = "clips/{walk,run,jog}.txt";
  assert_int_equal(listed_count(list), 3);
  assert_name(list, 0, "clips/walk.txt");
  assert_name(list, 1, "clips/run.txt");
  assert_name(list, 2, "clips/jog.txt");
  assert_int_equal(listed_count("{one}"), 1);
  assert_name("{one}", 0, "one");
  assert_int_equal(listed_count("https://a.b/c_{,2}"), 2);
  assert_name("https://a.b/c_{,2}", 0, "https://a.b/c_");
  assert_name("https://a.b/c_{,2}", 1, "https://a.b/c_2");
}

static void other_names_are_no_lists(void** state) {
  (void)state;
  static const char* const others[] = {"",           "clips/walk.txt", "a,b",    "{a",     "a}",       "}a,b{",
                                       "{a,b}{c,d}", "{a,{b,c}}",      "{a,b}*", "?{a,b}", "[x]{a,b}", "{a,b}}"};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) assert_int_equal(listed_count(others[i]), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(names_are_those_between_the_commas),
                                     cmocka_unit_test(other_names_are_no_lists)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
