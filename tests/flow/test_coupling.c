/* The assignment of least cost, against all permutations and against sorting. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dynaflow/core/rng.h"
#include "near.h"
#include "unit.h"
#include "variant.h"

enum { MOST = 200 };
static double cost[MOST * MOST], work[5 * (MOST + 1)];
static int column[MOST];

/* the least cost of rows from `row` on, with the columns that are free */
static double least(int n, int row, unsigned used) {
  double best = row == n ? 0 : INFINITY;
  for (int j = 0; j < n && row < n; j++) {
    if (!(used >> j & 1)) best = fmin(best, cost[row * n + j] + least(n, row + 1, used | 1u << j));
  }
  return best;
}

static double assigned(int n) {
  int times[MOST] = {0};
  double sum = 0;
  assert_true(coupling_work(n) <= sizeof work / sizeof *work);
  coupling_assign(n, cost, column, work);
  for (int i = 0; i < n; i++) {
    assert_true(column[i] >= 0 && column[i] < n && times[column[i]]++ == 0);
    sum += cost[i * n + column[i]];
  }
  return sum;
}

static void the_cost_is_the_least_of_all_permutations(void** state) {
  (void)state;
  for (int n = 1; n <= 7; n++) {
    for (uint64_t k = 0; k < 60; k++) {
      df_rng_normal(9, DF_STREAM_TEST, 100 * (uint64_t)n + k, (size_t)(n * n), cost);
      assert_near(assigned(n), least(n, 0, 0), 1e-12);
    }
  }
}

static int ascending(const void* a, const void* b) {
  const double x = *(const double*)a, y = *(const double*)b;
  return (x > y) - (x < y);
}

static void points_of_a_line_are_coupled_in_their_order(void** state) {
  (void)state;
  double a[MOST], b[MOST], sum = 0;
  df_rng_normal(9, DF_STREAM_TEST, 1, MOST, a);
  df_rng_uniform(9, DF_STREAM_TEST, 2, MOST, b);
  for (int i = 0; i < MOST * MOST; i++) cost[i] = pow(a[i / MOST] - b[i % MOST], 2);
  const double least_cost = assigned(MOST);
  qsort(a, MOST, sizeof *a, ascending);
  qsort(b, MOST, sizeof *b, ascending);
  for (int i = 0; i < MOST; i++) sum += pow(a[i] - b[i], 2);
  assert_near(least_cost, sum, 1e-10);
}

static void equal_costs_leave_every_row_where_it_is(void** state) {
  (void)state;
  for (int i = 0; i < 25; i++) cost[i] = 3;
  assert_near(assigned(5), 15, 0);
  for (int i = 0; i < 5; i++) assert_int_equal(column[i], i);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_cost_is_the_least_of_all_permutations),
      cmocka_unit_test(points_of_a_line_are_coupled_in_their_order),
      cmocka_unit_test(equal_costs_leave_every_row_where_it_is),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
