/* Edit distances, and the name that is suggested for a misspelt one. */
#include <string.h>

#include "dynaflow/core/words.h"
#include "unit.h"

static void distances_are_those_of_levenshtein(void** state) {
  (void)state;
  static const struct {
    const char *a, *b;
    size_t distance;
  } cases[] = {{"", "", 0},
               {"", "abc", 3},
               {"kitten", "sitting", 3},
               {"flaw", "lawn", 2},
               {"train", "train", 0},
               {"trian", "train", 2},
               {"a", "b", 1},
               {"gradcheck", "gradchek", 1},
               {"saturday", "sunday", 3}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    assert_int_equal(df_edit_distance(cases[i].a, cases[i].b), cases[i].distance);
    assert_int_equal(df_edit_distance(cases[i].b, cases[i].a), cases[i].distance);
  }
}

static void a_word_that_is_too_long_is_far_from_all(void** state) {
  (void)state;
  char longest[DF_WORD_MAX + 2];
  memset(longest, 'a', DF_WORD_MAX);
  longest[DF_WORD_MAX] = '\0';
  assert_int_equal(df_edit_distance(longest, "a"), DF_WORD_MAX - 1);
  assert_int_equal(df_edit_distance(longest, longest), 0);
  longest[DF_WORD_MAX] = 'a';
  longest[DF_WORD_MAX + 1] = '\0';
  assert_int_equal(df_edit_distance(longest, longest), DF_WORD_MAX + 1);
}

static void the_nearest_name_is_within_a_third_of_the_word(void** state) {
  (void)state;
  static const char* const names[] = {"list", "run", "gradcheck", "rum"};
  assert_int_equal(df_word_reach(""), 0);
  assert_int_equal(df_word_reach("a"), 0);
  assert_int_equal(df_word_reach("ab"), 1);
  assert_int_equal(df_word_reach("abcde"), 2);
  assert_int_equal(df_word_reach("abcdef"), 2);
  assert_int_equal(df_word_reach("abcdefghi"), 3);
  assert_string_equal(df_nearest_word("lsit", 4, names), "list");
  assert_string_equal(df_nearest_word("gradchek", 4, names), "gradcheck");
  /* the first of equals, and the closer one of two */
  assert_string_equal(df_nearest_word("rux", 4, names), "run");
  assert_string_equal(df_nearest_word("rum", 4, names), "rum");
  assert_null(df_nearest_word("foo", 4, names));
  assert_null(df_nearest_word("banana", 4, names));
  assert_null(df_nearest_word("xy", 4, names));
  assert_null(df_nearest_word("list", 0, NULL));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(distances_are_those_of_levenshtein),
      cmocka_unit_test(a_word_that_is_too_long_is_far_from_all),
      cmocka_unit_test(the_nearest_name_is_within_a_third_of_the_word),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
