/* Results over trainings: files of a training are pooled, trainings count once each. */
#include "training_pool.h"

#include <math.h>
#include <string.h>

#include "near.h"
#include "unit.h"

static void files_of_a_training_are_pooled_and_trainings_count_once(void** state) {
  (void)state;
  training_pool pool = {0};
  const double one[] = {1, 0, 0}, two[] = {1}, three[] = {0, 1}, missing[] = {NAN, 6, NAN}, none[] = {NAN};
  const int a = training_pool_method(&pool, "a"), b = training_pool_method(&pool, "b");
  const int first = training_pool_training(&pool, "a 1"), second = training_pool_training(&pool, "a 2"),
            third = training_pool_training(&pool, "b 1");
  assert_int_equal(training_pool_method(&pool, "a"), a);
  assert_int_equal(training_pool_training(&pool, "a 2"), second);
  assert_true(a != b && first != second && second != third);

  /* two files of the first training: 2 of 4; of the second 1 of 2 with another change, and 0 of 0 */
  training_pool_add(&pool, a, first, -1, TRANSFER_FALL_RATE, 3, one);
  training_pool_add(&pool, a, first, -1, TRANSFER_FALL_RATE, 1, two);
  training_pool_add(&pool, a, second, -1, TRANSFER_FALL_RATE, 1, two);
  training_pool_add(&pool, a, second, 0, TRANSFER_FALL_RATE, 2, three);
  training_pool_add(&pool, b, third, -1, TRANSFER_FALL_RATE, 3, one);
  training_pool_add(&pool, a, first, -1, TRANSFER_COMMAND_ERROR, 3, missing);
  training_pool_add(&pool, a, second, -1, TRANSFER_COMMAND_ERROR, 1, none);

  over_trainings v = training_pool_over(&pool, a, -1, TRANSFER_FALL_RATE);
  assert_int_equal(v.trainings, 2);
  assert_int_equal(v.trajectories, 5);
  assert_near(v.mean, 0.75, 1e-15);
  assert_near(v.smallest, 0.5, 1e-15);
  assert_near(v.largest, 1, 1e-15);
  v = training_pool_over(&pool, a, 0, TRANSFER_FALL_RATE);
  assert_int_equal(v.trainings, 1);
  assert_near(v.mean, 0.5, 1e-15);
  v = training_pool_over(&pool, b, -1, TRANSFER_FALL_RATE);
  assert_near(v.mean, 1.0 / 3, 1e-15);
  v = training_pool_over(&pool, a, -1, TRANSFER_COMMAND_ERROR);
  assert_int_equal(v.trainings, 1);
  assert_int_equal(v.trajectories, 1);
  assert_near(v.mean, 6, 0);
  v = training_pool_over(&pool, b, 0, TRANSFER_FALL_RATE);
  assert_int_equal(v.trainings, 0);
  assert_true(isnan(v.mean) && isnan(v.smallest) && isnan(v.largest));
  training_pool_clear(&pool);
  assert_int_equal(pool.n, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(files_of_a_training_are_pooled_and_trainings_count_once)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
