/* The calls of an evaluation in a file. */
#include "calls.h"

#include <string.h>

#include "dynaflow/core/status.h"
#include "unit.h"

static void a_seed_that_a_double_cannot_hold_is_refused(void** state) {
  (void)state;
  const uint64_t most = (uint64_t)1 << 53;
  const df_request requests[] = {{.B = 1, .seed = most + 1}, {.B = 1, .first_index = most + 1}};
  static const char* const wanted[] = {
      "/no/such/x.npz: call 0: seed 9007199254740993 or index 0 is above 2^53, which a double cannot hold exactly",
      "/no/such/x.npz: call 0: seed 0 or index 9007199254740993 is above 2^53, which a double cannot hold exactly"};
  for (int i = 0; i < 2; i++) {
    eval_call call = {.request = requests[i]};
    assert_int_equal(eval_calls_write(&(eval_calls){.n = 1, .list = &call}, NULL, "/no/such/x.npz"), DF_E_ARG);
    assert_string_equal(df_error_message(), wanted[i]);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_seed_that_a_double_cannot_hold_is_refused)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
