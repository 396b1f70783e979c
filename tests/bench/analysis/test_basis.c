#include "basis.h"

#include <math.h>
#include <stdbool.h>

#include "unit.h"

static void vectors_become_orthogonal(void** state) {
  (void)state;
  double basis[4][3] = {{3, 0, 4}, {1, 2, 0}, {4, 2, 4}, {0, 0, 1}};
  assert_true(fabs(basis_extend(basis[0], 0, 3) - 5) < 1e-15);
  /* (1, 2, 0) - 3/5 (3, 0, 4) / 5 = (16, 50, -12) / 25 */
  assert_true(fabs(basis_extend(basis[0], 1, 3) - sqrt(16 * 16 + 50 * 50 + 12 * 12) / 25) < 1e-15);
  assert_true(fabs(basis[1][0] / basis[1][1] - 16. / 50) < 1e-15);
  /* the sum of both */
  assert_true(basis_extend(basis[0], 2, 3) == 0);
  assert_true(basis[2][0] == 0 && basis[2][1] == 0 && basis[2][2] == 0);
  assert_true(basis_extend(basis[0], 3, 3) > 0);
  for (int i = 0; i < 4; i++) {
    for (int k = 0; k <= i; k++)
      assert_true(fabs(basis_dot(basis[i], basis[k], 3) - (i == k && i != 2 ? 1 : 0)) < 1e-15);
  }
}

/* dependent: a millionth of the vector's own length, whatever that is */
static void what_is_left_counts_against_the_length(void** state) {
  (void)state;
  static const struct {
    double along, off;
    bool independent;
  } cases[] = {{1e4, 1, true}, {1e4, 0.005, false}, {1e-3, 1e-10, false}, {1e-3, 2e-9, true}};
  for (int i = 0; i < 4; i++) {
    double basis[2][3] = {{0, 2, 0}, {0, cases[i].along, cases[i].off}};
    assert_true(basis_extend(basis[0], 0, 3) == 2);
    const double left = basis_extend(basis[0], 1, 3);
    assert_true(fabs(left - (cases[i].independent ? cases[i].off : 0)) <= 1e-9 * cases[i].off);
    assert_true(basis[1][2] == (cases[i].independent ? 1 : 0));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(vectors_become_orthogonal),
                                     cmocka_unit_test(what_is_left_counts_against_the_length)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
