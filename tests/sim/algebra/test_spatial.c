/* vectors in space */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "spatial.h"

/* relative error of the squared sine of an angle between unit vectors in the plane of `a` and `b` */
static double error_of(double angle) {
  const double a[3] = {0.36, 0.48, 0.8}, across[3] = {0.8, -0.6, 0};
  double b[3];
  for (int k = 0; k < 3; k++) b[k] = cos(angle) * a[k] + sin(angle) * across[k];
  return fabs(vec_sine2(a, b) / (sin(angle) * sin(angle)) - 1);
}

/* 1 - cosine^2 has a rounding error of 1e-16; below 1e-4 rad it is that of vectors, 1e-16 of the angle */
static void the_sine_of_a_small_angle_keeps_its_digits(void** state) {
  (void)state;
  for (double angle = 1e-9; angle < 1.6; angle *= 1.7)
    assert_true(error_of(angle) < (angle < 1e-4 ? 1e-15 / angle : 1e-15 / (angle * angle)));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(the_sine_of_a_small_angle_keeps_its_digits)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
