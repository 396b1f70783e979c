/* Parts of a recording are those of the recording, with what is known of its numbers. */
#include "excerpt.h"

#include <string.h>

#include "dynaflow/core/alloc.h"
#include "unit.h"

enum { NX = 3, NU = 2 };

static df_dataset* counted(void) {
  static const int lengths[] = {4, 6};
  df_dataset* d;
  const df_dataset_shape shape = {.episodes = 2, .lengths = lengths, .nx = NX, .nu = NU, .dt = 0.01};
  assert_int_equal(df_dataset_new(&shape, &d), DF_OK);
  for (size_t i = 0; i < 12 * NX; i++) d->states[i] = (double)i;
  for (size_t i = 0; i < 10 * NU; i++) d->actions[i] = 100 + (double)i;
  return d;
}

static void parts_have_their_frames_and_actions(void** state) {
  (void)state;
  const excerpt_part parts[] = {{1, 2, 3}, {0, 0, 4}};
  df_dataset *d = counted(), *some;
  d->derived[1] = true;
  d->rounding[NX + 1].unit = 0.5;
  d->rounding[2].precision.kind = DF_STORED_FLOAT32;
  d->action_precision = (df_stored_precision){DF_STORED_DECIMALS, 3};
  assert_int_equal(excerpt_new(d, 2, parts, &some), DF_OK);
  assert_int_equal(some->episodes, 2);
  assert_int_equal(some->lengths[0], 3);
  assert_int_equal(some->lengths[1], 4);
  for (int t = 0; t <= 3; t++) assert_true(df_dataset_state(some, 0, t)[0] == (5 + 2 + t) * NX);
  for (int t = 0; t < 3; t++) assert_true(df_dataset_action(some, 0, t)[1] == 100 + (4 + 2 + t) * NU + 1);
  assert_true(df_dataset_state(some, 1, 4)[2] == 4 * NX + 2);
  assert_true(df_dataset_action(some, 1, 0)[0] == 100);
  assert_true(some->derived[1] && !some->derived[0]);
  assert_true(some->rounding[NX + 1].unit == 0.5 && some->rounding[0].unit == 1);
  assert_int_equal(some->rounding[2].precision.kind, DF_STORED_FLOAT32);
  assert_int_equal(some->action_precision.digits, 3);
  df_dataset_free(some);
  df_dataset_free(d);
}

static void short_of_memory_it_is_an_error(void** state) {
  (void)state;
  const excerpt_part part = {0, 0, 4};
  df_dataset *d = counted(), *some = NULL;
  df_status status = DF_E_NOMEM;
  for (size_t n = 1; status != DF_OK; n++) {
    (void)df_alloc_fail_at(n);
    status = excerpt_new(d, 1, &part, &some);
    (void)df_alloc_fail_at(0);
    assert_true(status == DF_OK ? some != NULL : status == DF_E_NOMEM && !some);
  }
  df_dataset_free(some);
  df_dataset_free(d);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(parts_have_their_frames_and_actions),
      cmocka_unit_test(short_of_memory_it_is_an_error),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
