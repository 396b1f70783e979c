/* Exit code of the gate: the most severe verdict decides, and no verdict at all does not pass. The verdicts themselves
 * are tested in tests/cli/test_gate.sh. */
#include "expect.h"
#include "verdict.h"

#include "unit.h"

static int exit_with(gate_verdict a, gate_verdict b) {
  gate_result g = {0};
  g.count[a]++;
  g.count[b]++;
  return gate_exit_code(&g);
}

static void a_gate_that_looked_at_nothing_has_not_passed(void** state) {
  (void)state;
  const gate_result nothing = {0};
  assert_int_equal(gate_exit_code(&nothing), EXIT_INCOMPLETE);
  assert_int_equal(exit_with(GATE_ADVISORY, GATE_ADVISORY), EXIT_INCOMPLETE);
  assert_int_equal(exit_with(GATE_ADVISORY, GATE_HELD), EXIT_DONE);
}

static void verdicts_have_the_exit_codes_of_the_contract(void** state) {
  (void)state;
  static const int codes[GATE_VERDICTS] = {
      [GATE_HELD] = 0,       [GATE_IMPROVED] = 0, [GATE_ADVISORY] = 0,     [GATE_REGRESSED] = 1,
      [GATE_UNREADABLE] = 2, [GATE_MISSING] = 3,  [GATE_INCONCLUSIVE] = 4, [GATE_NOT_COMPARABLE] = 5};
  for (int v = 0; v < GATE_VERDICTS; v++) {
    assert_int_equal(exit_with((gate_verdict)v, GATE_HELD), codes[v]);
    assert_int_equal(exit_with((gate_verdict)v, GATE_IMPROVED), codes[v]);
  }
}

static void the_gravest_verdict_decides(void** state) {
  (void)state;
  static const gate_verdict order[] = {GATE_INCONCLUSIVE, GATE_MISSING, GATE_REGRESSED, GATE_NOT_COMPARABLE,
                                       GATE_UNREADABLE};
  for (int i = 0; i < 5; i++) {
    for (int j = 0; j < i; j++) {
      assert_int_equal(exit_with(order[i], order[j]), exit_with(order[i], order[i]));
      assert_int_not_equal(exit_with(order[i], order[j]), exit_with(order[j], order[j]));
    }
  }
}

static void versions_are_read_by_major_and_minor(void** state) {
  (void)state;
  int parts[2];
  assert_true(version_parts("3.17", parts));
  assert_int_equal(parts[0], 3);
  assert_int_equal(parts[1], 17);
  assert_true(version_parts("10.2.30", parts));
  assert_int_equal(parts[0], 10);
  assert_int_equal(parts[1], 2);
  assert_true(version_parts("0.1000000000", parts));
  assert_int_equal(parts[1], 1000000000);
  static const char* const bad[] = {"",
                                    "3",
                                    "3.",
                                    "x.1",
                                    "3.x",
                                    "3.17rc1",
                                    "-3.1",
                                    "3.-1",
                                    " 3.1",
                                    "+3.1",
                                    "3. 1",
                                    "4294967299.17",
                                    "3.4294967313",
                                    "18446744073709551619.17",
                                    "3.99999999999999999999999999999999"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) assert_false(version_parts(bad[i], parts));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_gate_that_looked_at_nothing_has_not_passed),
      cmocka_unit_test(verdicts_have_the_exit_codes_of_the_contract),
      cmocka_unit_test(the_gravest_verdict_decides),
      cmocka_unit_test(versions_are_read_by_major_and_minor),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
