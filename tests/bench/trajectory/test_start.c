/* The demonstration that is nearest to a state. */
#include "start.h"

#include <math.h>
#include <string.h>

#include "dynaflow/data/chart.h"
#include "dynaflow/data/dataset.h"
#include "tiny_task.h"
#include "unit.h"

enum { NX = 6, HIP = 2, NZ_MAX = 16 };

/* the distance is the root of the mean of squares over the coordinates of the chart */
static void the_distance_of_a_state_is_an_rms(void** state) {
  (void)state;
  df_task* task = tiny_task_new();
  const int nz = df_chart_size(task->chart);
  assert_true(nz <= NZ_MAX);
  static const double shifts[] = {0, 1e-6};
  for (int i = 0; i < 2; i++) {
    const df_window w = task->windows->train[7];
    const double* recorded = df_dataset_state(task->data, w.episode, w.start);
    double x[NX], a[NZ_MAX], b[NZ_MAX], sum = 0;
    memcpy(x, recorded, sizeof x);
    x[HIP] += shifts[i];
    df_chart_context(task->chart, recorded, a);
    df_chart_context(task->chart, x, b);
    for (int k = 0; k < nz; k++) sum += (a[k] - b[k]) * (a[k] - b[k]);
    nearest found;
    assert_int_equal(nearest_demonstration(task, x, NULL, &found), DF_OK);
    assert_int_equal(found.episode, w.episode);
    assert_int_equal(found.frame, w.start);
    assert_true((sum > 0) == (i > 0));
    assert_true(fabs(found.distance - sqrt(sum / nz)) <= 1e-12 * found.distance);
  }
  df_task_free(task);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(the_distance_of_a_state_is_an_rms)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
