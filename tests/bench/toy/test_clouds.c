/* Clouds: their points have their densities. */
#include "clouds.h"

#include <math.h>
#include <string.h>

#include "near.h"
#include "unit.h"

enum { SIDE = 24, FINE = 12, POINTS = 60000 };
static const double REACH = 6; /* half the width of a board of SIDE x SIDE cells */

/* the probability of every cell, by the midpoint rule on FINE x FINE points of it */
static double probabilities(cloud c, double p[SIDE * SIDE]) {
  const double h = 2 * REACH / SIDE / FINE;
  double sum = 0;
  for (int cell = 0; cell < SIDE * SIDE; cell++) {
    p[cell] = 0;
    for (int k = 0; k < FINE * FINE; k++) {
      const double point[2] = {-REACH + h * (cell % SIDE * FINE + k % FINE + 0.5),
                               -REACH + h * (cell / SIDE * FINE + k / FINE + 0.5)};
      p[cell] += h * h * exp(cloud_log_density(c, point));
    }
    sum += p[cell];
  }
  return sum;
}

static void points_have_the_density_of_their_cloud(void** state) {
  (void)state;
  static double p[SIDE * SIDE];
  static int count[SIDE * SIDE];
  for (int c = 0; c < CLOUDS; c++) {
    assert_near(probabilities((cloud)c, p), 1, 2e-3);
    memset(count, 0, sizeof count);
    for (int i = 0; i < POINTS; i++) {
      double point[2];
      cloud_point((cloud)c, 3, (uint64_t)i, point);
      assert_true(isfinite(cloud_log_density((cloud)c, point)));
      const int column = (int)floor((point[0] + REACH) / (2 * REACH) * SIDE);
      const int row = (int)floor((point[1] + REACH) / (2 * REACH) * SIDE);
      if (column >= 0 && column < SIDE && row >= 0 && row < SIDE) count[row * SIDE + column]++;
    }
    for (int cell = 0; cell < SIDE * SIDE; cell++) {
      /* five standard deviations of a binomial, and the error of the midpoint rule at edges */
      const double share = (double)count[cell] / POINTS;
      if (!(fabs(share - p[cell]) < 5 * sqrt(fmax(p[cell], 1e-5) / POINTS) + 6e-4))
        fail_msg("%s, cell %d: share %g, probability %g", cloud_name((cloud)c), cell, share, p[cell]);
    }
  }
}

static void points_are_functions_of_seed_and_index(void** state) {
  (void)state;
  double a[2], b[2];
  for (int c = 0; c < CLOUDS; c++) {
    cloud_point((cloud)c, 3, 7, a);
    cloud_point((cloud)c, 3, 7, b);
    assert_memory_equal(a, b, sizeof a);
    cloud_point((cloud)c, 4, 7, b);
    assert_memory_not_equal(a, b, sizeof a);
    cloud_point((cloud)c, 3, 8, b);
    assert_memory_not_equal(a, b, sizeof a);
  }
}

static void there_is_no_density_outside_of_the_board(void** state) {
  (void)state;
  const double white[2] = {0.75, -0.75}, black[2] = {0.75, 0.75}, out[2] = {3.75, 0.75};
  assert_true(cloud_log_density(CLOUD_CHECKERBOARD, white) == -INFINITY);
  assert_true(cloud_log_density(CLOUD_CHECKERBOARD, out) == -INFINITY);
  assert_near(cloud_log_density(CLOUD_CHECKERBOARD, black), -log(18), 1e-15);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(points_have_the_density_of_their_cloud),
      cmocka_unit_test(points_are_functions_of_seed_and_index),
      cmocka_unit_test(there_is_no_density_outside_of_the_board),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
