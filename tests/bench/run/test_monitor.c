/* What is shown of a training: where its CPU time went. */
#include "monitor.h"

#include "unit.h"

static void shares_are_of_all_parts(void** state) {
  (void)state;
  /* waiting, data, simulation, adjoint, forward, backward, optimizer: 20 s */
  static const struct {
    df_parts parts;
    const char* words;
  } cases[] = {{{{1, 2, 5, 4, 3, 3, 2}}, ", simulation 25% adjoint 20% network 30% optimizer 10%"},
               {{{0, 0, 0, 0, 1, 2, 17}}, ", network 15% optimizer 85%"},
               {{{0}}, ""}};
  for (int i = 0; i < 3; i++) {
    text words = {0};
    monitor_add_parts(&cases[i].parts, &words);
    assert_string_equal(text_of(&words), cases[i].words);
    text_clear(&words);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(shares_are_of_all_parts)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
